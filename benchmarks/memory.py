"""Say at the end which of four symbols came first: five small nets of one size, T = 10, 30 and 100, three seeds.

Writes benchmarks/results/memory.json, from which lessons 04 and 05 draw. Every net sees the same 96,000 sequences once,
in 1,500 batches of 64, with one recipe: Adam 0.003, gradient norm clipped at 1. Nothing was tuned for a single net.
Each row says what the training took and the share of 1,000 new sequences that was answered rightly.

    python benchmarks/memory.py [10] [30] [100]
    python benchmarks/memory.py linear [10] [30] [100]

The second writes benchmarks/results/memory_linear.json: the nets of lesson 11 on the same task, by the same recipe.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import math  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402

from rnnlab import training  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.datasets import tasks  # noqa: E402
from rnnlab.models import Reader, parameter_count  # noqa: E402

SEEDS, LENGTHS, SYMBOLS = (0, 1, 2), (10, 30, 100), 4
SEQUENCES, BATCH, LR, CLIP, JUDGED = 96_000, 64, 3e-3, 1.0, 1000
CELL = {"RNN": "rnn", "orthogonal RNN": "rnn", "GRU": "gru", "LSTM": "lstm", "LSTM, forget bias": "lstm"}
LINEAR = {"minGRU": "mingru", "minGRU, slow gate": "mingru", "minLSTM": "minlstm", "LRU": "lru"}
BUDGET = parameter_count(Reader(SYMBOLS, 32, SYMBOLS, "lstm"))


def hidden_size(name):
    """The hidden size at which a net has about the parameters of an LSTM with 32."""
    with torch.random.fork_rng():  # the nets tried here draw random numbers too
        cell = (CELL | LINEAR)[name]
        return min(range(8, 400), key=lambda H: abs(parameter_count(Reader(SYMBOLS, H, SYMBOLS, cell)) - BUDGET))


def build(name, T):
    """One of the nets of `CELL` or `LINEAR`, started from PyTorch's random numbers as they are now."""
    H = hidden_size(name)
    model = Reader(SYMBOLS, H, SYMBOLS, (CELL | LINEAR)[name])
    if name == "orthogonal RNN":
        torch.nn.init.orthogonal_(model.recurrent.weight_hh_l0)
    if name == "LSTM, forget bias":  # log T, so that a gate left alone keeps T/(T+1) a step (Tallec and Ollivier 2018)
        with torch.no_grad():
            model.recurrent.bias_ih_l0[H : 2 * H] = math.log(T)
            model.recurrent.bias_hh_l0[H : 2 * H] = 0
    if name == "minGRU, slow gate":  # the same for a gate that says what share is new
        with torch.no_grad():
            model.recurrent.bias_ih_l0[:H] = -math.log(T)
    return model


def run(name, T, seed):
    """Train one net once on sequences of length T, and judge it once."""
    x, y, _ = tasks.first_symbol(SEQUENCES, T, seed, symbols=SYMBOLS)
    training.seed_everything(seed)
    model = build(name, T)
    optimizer, start = torch.optim.Adam(model.parameters(), LR), (time.perf_counter(), time.process_time())
    history = training.fit(model, training.Batches(x, y, size=BATCH), optimizer, 1, clip=CLIP, show=False)
    seconds, cpu_seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    judged = tasks.first_symbol(JUDGED, T, 1000 + seed, symbols=SYMBOLS)
    score = training.evaluate(model, training.Batches(judged.x, judged.y, size=JUDGED))
    return {
        "name": name,
        "hidden": model.recurrent.hidden_size,
        "parameters": parameter_count(model),
        "seed": seed,
        "accuracy": round(score.accuracy, 3),
        "mean_training_loss": round(history.loss[0], 3),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def main(lengths):
    torch.set_num_threads(1)
    facts = {
        "seeds": SEEDS,
        "chance": 1 / SYMBOLS,
        "symbols": SYMBOLS,
        "sequences": SEQUENCES,
        "batch": BATCH,
        "learning_rate": LR,
        "clip": CLIP,
        "judged_on": JUDGED,
    }
    names, file = CELL, "memory"
    if lengths[:1] == ["linear"]:
        names, file, lengths = LINEAR, "memory_linear", lengths[1:]
    for T in map(int, lengths or LENGTHS):
        rows = []
        for seed in SEEDS:
            for name in names:
                rows.append(run(name, T, seed))
                print(T, *rows[-1].values(), flush=True)
        store(file, "first-symbol recall at equal parameter counts", {str(T): rows}, **facts)


if __name__ == "__main__":
    main(sys.argv[1:])
