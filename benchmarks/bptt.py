"""Backward through T steps: what it costs in one go, cut every K steps, and with the cut forgotten.

Writes benchmarks/results/bptt.json, from which lesson 03 draws. Times: the ways take turns, and the median over
the turns is kept. Memory: every case in a process of its own, so that its peak is its own.
"""

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import torch

from rnnlab.benchmark_results import store

B, I, H, K, TURNS = 16, 32, 64, 50, 9
LENGTHS = [100, 200, 400, 800, 1600, 3200]
WAYS = {"full": LENGTHS, "truncated": LENGTHS, "not detached": LENGTHS[:4]}  # the last grows with T squared


class Kept:
    """Counts the bytes that autograd keeps for the way back: `now`, and at `most`; a tensor kept twice counts once."""

    def __init__(self):
        self.now, self.most, self.holders = 0, 0, Counter()

    def __enter__(self):
        hooks = torch.autograd.graph.saved_tensors_hooks
        self.hooks = hooks(lambda tensor: Held(self, tensor), lambda held: held.tensor)
        self.hooks.__enter__()
        return self

    def __exit__(self, *error):
        self.hooks.__exit__(*error)

    def add(self, tensor, step):
        before = self.holders[tensor.data_ptr(), tensor.nbytes]
        self.holders[tensor.data_ptr(), tensor.nbytes] += step
        if before == (0 if step > 0 else 1):  # the first to hold it, or the last to let go
            self.now += step * tensor.nbytes
        self.most = max(self.most, self.now)


class Held:
    """A tensor that autograd keeps; it is counted until autograd drops it."""

    def __init__(self, kept, tensor):
        self.kept, self.tensor = kept, tensor
        kept.add(tensor, 1)

    def __del__(self):
        self.kept.add(self.tensor, -1)


def one_pass(rnn, x, way):
    """Forward and backward over x (T, B, I) with a loss at every step; -> seconds until the first gradient is there."""
    start, first, h = time.perf_counter(), None, None
    for piece in x.split(len(x) if way == "full" else K):
        out, h = rnn(piece, h)
        (out**2).sum().backward(retain_graph=way == "not detached")
        h = h if way == "not detached" else h.detach()
        first = first or time.perf_counter() - start
    return first


def case(T):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return torch.nn.RNN(I, H), torch.randn(T, B, I)


def memory(way, T):
    """Megabytes: what autograd keeps at most, and what the process grows by. For a process of its own."""
    rnn, x = case(T)
    one_pass(rnn, x[:K], "full")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far, which is that of the imports
    before = peak()
    with Kept() as kept:
        one_pass(rnn, x, way)
    return {"kept_mb": kept.most / 1e6, "process_mb": (peak() - before) / 1e6}


def peak():
    """The most memory this process has held so far, in bytes (Linux)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])


def seconds(way, T):
    """Milliseconds: until the first gradient is there, and in all."""
    rnn, x = case(T)
    start = time.perf_counter()
    first = one_pass(rnn, x, way)
    return {"first_gradient_ms": 1e3 * first, "ms": 1e3 * (time.perf_counter() - start)}


def main():
    turns = {(way, T): [] for way, lengths in WAYS.items() for T in lengths}
    for _ in range(TURNS):
        for way, T in turns:
            turns[way, T].append(seconds(way, T))
    results = {way: {"T": lengths} for way, lengths in WAYS.items()}
    for (way, T), told in turns.items():
        found = {name: statistics.median(turn[name] for turn in told) for name in told[0]}
        said = subprocess.run([sys.executable, __file__, way, str(T)], check=True, capture_output=True, text=True)
        for name, value in {**found, **json.loads(said.stdout)}.items():
            results[way].setdefault(name, []).append(float(f"{value:.3g}"))
        print(way, T, found, said.stdout.strip())
    what = f"plain RNN, B = {B}, I = {I}, H = {H}, float32, K = {K}, median of {TURNS} turns"
    store("bptt", what, results, seed=0)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(memory(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
