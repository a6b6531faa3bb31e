"""Step Jacobians and state norms in one pass against autograd's jacobian called per step, side by side.

Writes benchmarks/results/jacobians.json. Both sides run the sequence, give the same Jacobians (asserted), take turns,
and use one thread; a ratio is measured within a turn, and the median over the turns is kept.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch
from torch.autograd.functional import jacobian

from rnnlab import cells, gradients

H, T, TURNS = 64, 100, 7
STEPS = {"RNN": cells.rnn_step, "GRU": cells.gru_step, "LSTM": cells.lstm_step}


def per_step(kind, rnn, x, vectorize=False):
    """The Jacobian of every step by autograd, one call per step."""
    weights = [p.detach() for p in rnn.parameters()]
    state, found = torch.zeros(2 * H if kind == "LSTM" else H).double(), []

    def step(s, x_t):
        return torch.cat(STEPS[kind](x_t, *s.chunk(2), *weights)) if kind == "LSTM" else STEPS[kind](x_t, s, *weights)

    for x_t in x:
        found.append(jacobian(lambda s, x_t=x_t: step(s, x_t), state, vectorize=vectorize))
        state = step(state, x_t)
    return torch.stack(found)


def norms_per_step(kind, rnn, x):
    """The spectral norm of every product, from those Jacobians."""
    found = per_step(kind, rnn, x)
    product, norms = torch.eye(found.shape[-1]).double(), [torch.tensor(1.0).double()]
    for one in found[1:].flip(0):
        product = product @ one
        norms.append(torch.linalg.matrix_norm(product, 2))
    return torch.stack(norms)


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(**calls):
    """Median milliseconds of each call, and how many times longer than the first it takes."""
    turns = [{name: seconds(call) for name, call in calls.items()} for _ in range(1 + TURNS)][1:]  # one to warm up
    first = next(iter(calls))
    return {
        name: {
            "ms": round(1e3 * statistics.median(turn[name] for turn in turns), 2),
            "times": round(statistics.median(turn[name] / turn[first] for turn in turns), 1),
        }
        for name in calls
    }


def measure(kind):
    torch.manual_seed(0)
    rnn, x = getattr(torch.nn, kind)(H, H).double(), torch.randn(T, H).double()
    of = "state" if kind == "LSTM" else "h"
    torch.testing.assert_close(gradients.step_jacobians(rnn, x), per_step(kind, rnn, x), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(gradients.state_norms(rnn, x, of=of), norms_per_step(kind, rnn, x), rtol=1e-6, atol=0)
    return {
        "jacobians": compare(
            one_pass=lambda: gradients.step_jacobians(rnn, x),
            autograd=lambda: per_step(kind, rnn, x),
            autograd_vectorized=lambda: per_step(kind, rnn, x, vectorize=True),
        ),
        "norms": compare(
            one_pass=lambda: gradients.state_norms(rnn, x, of=of), autograd=lambda: norms_per_step(kind, rnn, x)
        ),
    }


def cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())


def main():
    torch.set_num_threads(1)
    result = {
        "what": f"H = {H}, T = {T}, float64, medians of {TURNS} turns",
        "machine": {"cpu": cpu(), "cores": os.cpu_count()},
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "results": {kind: measure(kind) for kind in STEPS},
    }
    path = Path(__file__).parent / "results" / "jacobians.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
