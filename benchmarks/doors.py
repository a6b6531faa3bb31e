"""What the checks of `rnnlab.expect` cost within one training step, at the sizes of the lessons.

Writes benchmarks/results/doors.json. The calls that one step makes to the checks are written down once, with their
arguments; then steps and those calls alone take turns, and the share is the median over the turns. One thread.
Beside it, what a single step function or a lesson's own call costs with its door and without.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import inspect  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from unittest import mock  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from rnnlab import cells, embeddings, expect, models  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.training import cross_entropy  # noqa: E402

TURNS, STEPS, REPLAYS, GOAL = 15, 10, 30, 0.01
CHECKS = [name for name, thing in vars(expect).items() if inspect.isfunction(thing) and name not in ("takes", "said")]


def reader(B, T, I, H, V, cell, reading="last"):
    x, y = torch.rand(B, T, I), torch.randint(V, (B,))
    return models.Reader(I, H, V, cell, reading), lambda model: cross_entropy(model(x), y)


def reviews(B, T, V):
    x, lengths, y = torch.randint(2, V, (B, T)), torch.full((B,), T), torch.randint(2, (B,))
    model = models.ReviewClassifier(V, 32, 32, "lstm", "mean+max", dropout=0.3)
    return model, lambda model: cross_entropy(model(x, lengths), y)


def skip_gram(B, V):
    centre, context = torch.randint(2, V, (2, B))

    def loss(model):
        positive, negative = model(centre, context)
        return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(dim=1)).mean()

    return embeddings.SkipGram(torch.ones(V), 48), loss


def written_out(B, T, I, H):
    x = torch.rand(T, B, I)
    return cells.LSTM(I, H), lambda model: model(x)[0].square().mean()


CASES = {
    "04: Reader RNN, B = 64, T = 10, H = 66": lambda: reader(64, 10, 4, 66, 4, "rnn"),
    "05: Reader LSTM, B = 64, T = 10, H = 32": lambda: reader(64, 10, 4, 32, 4, "lstm"),
    "06: SkipGram, B = 4,096, size 48": lambda: skip_gram(4096, 5000),
    "07: ReviewClassifier LSTM, B = 64, T = 64": lambda: reviews(64, 64, 10_000),
    "08: Reader GRU, B = 50, T = 28, H = 64": lambda: reader(50, 28, 28, 64, 10, "gru", "max"),
    "cells.LSTM, B = 64, T = 10, H = 32": lambda: written_out(64, 10, 4, 32),
}


def checks_of(step):
    """The calls to the checks that one step makes, none from within another: (function, arguments, named ones)."""
    found, inside = [], []

    def recorder(check):
        def recorded(*args, **kwargs):
            if not inside:
                found.append((check, [dict(a) if isinstance(a, dict) else a for a in args], kwargs))
            inside.append(check)
            try:
                return check(*args, **kwargs)
            finally:
                inside.pop()

        return recorded

    with mock.patch.multiple(expect, **{name: recorder(getattr(expect, name)) for name in CHECKS}):
        step()
    return found


def seconds(call, times):
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def measure(make):
    torch.manual_seed(0)
    model, loss = make()
    adam = torch.optim.Adam(model.parameters())

    def step():
        adam.zero_grad()
        loss(model).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()

    found = checks_of(step)
    assert found

    def replay():
        for check, args, kwargs in found:
            check(*[dict(a) if isinstance(a, dict) else a for a in args], **kwargs)

    turns = [(seconds(step, STEPS), seconds(replay, REPLAYS)) for _ in range(1 + TURNS)][1:]  # one to warm up
    return {
        "step_ms": float(f"{1e3 * statistics.median(step for step, _ in turns):.3g}"),
        "checks": len(found),
        "checks_us": float(f"{1e6 * statistics.median(checks for _, checks in turns):.3g}"),
        "share": float(f"{statistics.median(checks / step for step, checks in turns):.2g}"),
    }


def by_hand(name):
    """One step function called by itself, as lessons 01, 03 and 04 do: times longer with its door, and microseconds."""
    torch.manual_seed(0)
    layer = getattr(torch.nn, name.partition("_")[0].upper())(4, 32)
    weights, function = [p.detach() for p in layer.parameters()], getattr(cells, name)
    states = [torch.rand(64, 32)] * (2 if name == "lstm_step" else 1)
    x = torch.rand(64, 4)
    turns = [
        [seconds(lambda f=f: f(x, *states, *weights), 200) for f in (function, function.plain)] for _ in range(TURNS)
    ]
    return {
        "times": float(f"{statistics.median(door / plain for door, plain in turns):.2g}"),
        "more_us": float(f"{1e6 * statistics.median(door - plain for door, plain in turns):.2g}"),
    }


def main():
    torch.set_num_threads(1)
    results = {"step": {}, "by hand": {}}
    for name, make in CASES.items():
        results["step"][name] = measure(make)
        print(name, results["step"][name], flush=True)
    for name in ("rnn_step", "lstm_step", "gru_step"):
        results["by hand"][name] = by_hand(name)
        print(name, results["by hand"][name], flush=True)
    over = {name: row["share"] for name, row in results["step"].items() if row["share"] >= GOAL}
    store("doors", f"the checks' share of a training step, median of {TURNS} turns", results, goal=GOAL, over=over)


if __name__ == "__main__":
    main()
