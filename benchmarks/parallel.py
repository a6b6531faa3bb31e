"""Recurrence in parallel: what each order of computing costs, what a gate loses, and digits read pixel by pixel.

Writes benchmarks/results/parallel.json, from which lesson 11 draws. One thread; every second is a second of the
processor, which other programs on the machine disturb less, and every figure of `seconds` the median of its turns.

    python benchmarks/parallel.py [seconds] [states] [digits] [single] [pixels]

seconds: forward and backward of each order of `rnnlab.scans`, and of whole layers, at T = 64 ... 4096.
states: parity and bracket depth, trained at T = 20, judged at 20 and at 80; about 1,000 weights each, three seeds.
digits: MNIST pooled to 14 x 14, pixel by pixel, T = 196: the 4,000 packaged digits, nets of one and two layers with
about the same number of weights, the same seconds of the processor each, three seeds, judged on the 1,000 held out.
single: the same task and terms for nn.LSTM and nn.GRU of one layer, whose rate and start were the best of four, each
tried for the whole time on 500 of the training digits.
pixels: as `digits` with all 784, at the learning rates that were best there.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import itertools  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from functools import partial  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.functional import avg_pool2d  # noqa: E402

from rnnlab import linear_cells, scans, training  # noqa: E402
from rnnlab.benchmark_results import load, store  # noqa: E402
from rnnlab.datasets import digits, tasks  # noqa: E402
from rnnlab.models import Reader, parameter_count  # noqa: E402

WHAT = "what each order of computing a linear recurrence costs, what a gate loses, digits pixel by pixel"
SEEDS, B, H = (0, 1, 2), 16, 64
TURNS = {64: 21, 256: 11, 1024: 5, 4096: 3}
LAYERS = {"nn.GRU": nn.GRU, "nn.LSTM": nn.LSTM, "MinGRU": linear_cells.MinGRU,
          "MinLSTM": linear_cells.MinLSTM, "LRU": linear_cells.LRU}  # fmt: skip


# ---- seconds


def seconds_of(call, *learned):
    """CPU seconds of call() and its way back, and whether what came out is finite."""
    for tensor in learned:
        tensor.grad = None
    start = time.process_time()
    out = call()
    out.sum().backward()
    return time.process_time() - start, bool(out.isfinite().all())


def outputs(layer, x):
    return layer(x)[0]


def seconds():
    for T, turns in TURNS.items():
        torch.manual_seed(0)
        a, b = torch.randn(B, T, H).sigmoid().requires_grad_(), torch.randn(B, T, H, requires_grad=True)
        x = torch.randn(B, T, H)
        calls = {name: (partial(order.plain, a, b), (a, b)) for name, order in scans.ORDERS.items()}
        for name, kind in LAYERS.items():
            layer = kind(H, H, batch_first=True)
            calls[name] = (partial(outputs, layer, x), tuple(layer.parameters()))
        rows, turns_of = [], {name: [] for name in calls}
        for turn in range(turns + 1):
            for name, (call, learned) in calls.items():
                if name == "by_loop" and T > 1024 and turn > 1:
                    continue  # one turn of it takes longer than all others together
                turns_of[name].append(seconds_of(call, *learned))
        for name, measured in turns_of.items():
            times = [one for one, _ in measured[1:]]  # the first warms up
            rows.append({"name": name, "ms": round(1e3 * statistics.median(times), 3), "turns": len(times),
                         "least": round(1e3 * min(times), 3), "most": round(1e3 * max(times), 3),
                         "finite": measured[0][1]})  # fmt: skip
            print(T, *rows[-1].values(), flush=True)
        store("parallel", WHAT, {f"seconds {T}": rows}, seeds=SEEDS)


# ---- states

NETS = {  # cell, layers
    "GRU": ("gru", 1),
    "minGRU": ("mingru", 1),
    "minGRU, two layers": ("mingru", 2),
    "minGRU, three layers": ("mingru", 3),
    "minGRU, signed": ("mingru", 1),
    "LRU": ("lru", 1),
    "LRU, two layers": ("lru", 2),
    "GRU, two layers": ("gru", 2),
    "LSTM": ("lstm", 1),
    "LSTM, two layers": ("lstm", 2),
}
STATES = ("GRU", "minGRU", "minGRU, two layers", "minGRU, three layers", "minGRU, signed", "LRU", "LRU, two layers")
MADE = {"parity": tasks.parity, "bracket depth": tasks.bracket_depth}
LENGTH, LONGER, SEQUENCES, JUDGED, BATCH, LR, CLIP, WEIGHTS = 20, 80, 96_000, 1000, 64, 0.01, 1.0, 1100


def net(name, inputs, outputs, H, reading="each"):
    """A Reader over one of `NETS`."""
    cell, layers = NETS[name]
    reader = Reader(inputs, H, outputs, cell, reading, layers)
    if name == "minGRU, signed":
        reader.recurrent.signed = True
    return reader


def hidden_size(name, inputs, outputs, weights):
    """The hidden size at which a net has about so many weights."""
    with torch.random.fork_rng():  # the nets tried here draw random numbers too
        return min(range(4, 300), key=lambda H: abs(parameter_count(net(name, inputs, outputs, H)) - weights))


def states():
    for name in STATES:
        for task, make in MADE.items():
            rows = [state_run(name, task, make, seed) for seed in SEEDS]
            store("parallel", WHAT, {f"{task} {name}": rows}, seeds=SEEDS)


def state_run(name, task, make, seed):
    """Train one net once at T = 20; the share of right answers at 20 and at 80, at all steps and at the last one."""
    x, y, chance = make(SEQUENCES, LENGTH, seed)
    H = hidden_size(name, x.shape[2], int(y.max()) + 1, WEIGHTS)
    training.seed_everything(seed)
    model = net(name, x.shape[2], int(y.max()) + 1, H)
    optimizer, start = torch.optim.Adam(model.parameters(), LR), time.process_time()
    training.fit(model, training.Batches(x, y, size=BATCH), optimizer, 1, clip=CLIP, show=False)
    row = {"name": name, "task": task, "seed": seed, "hidden": H, "parameters": parameter_count(model),
           "cpu_seconds": round(time.process_time() - start, 1), "trained_on": SEQUENCES,
           "T": LENGTH, "chance": round(chance, 3)}  # fmt: skip
    for T in (LENGTH, LONGER):
        x, y, _ = make(JUDGED, T, 1000 + seed)
        with torch.no_grad():
            right = (model(x).argmax(dim=-1) == y).double()
        row |= {f"accuracy_{T}": round(right.mean().item(), 3), f"last_{T}": round(right[:, -1].mean().item(), 3)}
    print(*row.values(), flush=True)
    return row


# ---- digits

PIXEL_NETS = ("LRU, two layers", "LSTM, two layers", "minGRU, two layers", "GRU, two layers")
LONG_NETS = [name for name in PIXEL_NETS if not name.startswith("GRU")]  # nn.GRU has no fast loop on a processor
PIXEL_WEIGHTS, PIXEL_BATCH, RATES, BUDGET, LONG_BUDGET = 25_000, 100, (0.003, 0.01), 40, 90


def digits_14():
    """Pooled to 14 x 14, T = 196."""
    train, judge = digits.load("packaged")
    x, held = (avg_pool2d(images, 2).flatten(1)[..., None] for images in (train.images, judge.images))  # (N, T, 1)
    most, rest = (x[:3500], train.labels[:3500]), (x[3500:], train.labels[3500:])
    for name in PIXEL_NETS:
        tried = {rate: pixel_run(name, most, rest, 9, rate, BUDGET / 3)["accuracy"] for rate in RATES}
        three_seeds("digits", name, (x, train.labels), (held, judge.labels), max(tried, key=tried.get), BUDGET, tried)


def digits_14_single():
    """T = 196 again, for nets of one layer."""
    train, judge = digits.load("packaged")
    x, held = (avg_pool2d(images, 2).flatten(1)[..., None] for images in (train.images, judge.images))  # (N, T, 1)
    most, rest = (x[:3500], train.labels[:3500]), (x[3500:], train.labels[3500:])
    for name in ("GRU", "LSTM"):
        ways = itertools.product(RATES, ("slow", "plain"))
        tried = {way: pixel_run(name, most, rest, 9, way[0], BUDGET, way[1])["accuracy"] for way in ways}
        rate, start = max(tried, key=tried.get)
        told = {f"{rate}, {start}": share for (rate, start), share in tried.items()}
        three_seeds("digits", name, (x, train.labels), (held, judge.labels), rate, BUDGET, told, start)


def digits_28():
    """Whole, T = 784."""
    train, judge = digits.load("packaged")
    x, held = train.images.flatten(1)[..., None], judge.images.flatten(1)[..., None]
    for name in LONG_NETS:
        rate = load("parallel")["results"][f"digits {name}"][0]["lr"]
        three_seeds("pixels", name, (x, train.labels), (held, judge.labels), rate, LONG_BUDGET)


def three_seeds(part, name, train, judge, rate, budget, tried=None, start="slow"):
    rows = []
    for seed in SEEDS:
        rows.append(pixel_run(name, train, judge, seed, rate, budget, start) | ({"tried": tried} if tried else {}))
        print(part, *rows[-1].values(), flush=True)
    store("parallel", WHAT, {f"{part} {name}": rows}, seeds=SEEDS)


def pixel_run(name, train, judge, seed, rate, budget, started="slow"):
    """Train one net for `budget` CPU seconds, the rate on one cycle over them, and judge it once.

    started: "slow", see `slow_start`, or "plain", as PyTorch does it.
    """
    T = train[0].shape[1]
    H = hidden_size(name, 1, 10, PIXEL_WEIGHTS)
    training.seed_everything(seed)
    model = net(name, 1, 10, H, "max")
    if started == "slow":
        slow_start(model.recurrent, T)
    batches = training.Batches(*train, size=PIXEL_BATCH, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    start, steps, share = time.process_time(), 0, 0.0
    while share < 1:
        for x, y in batches:
            share = (time.process_time() - start) / budget
            if share >= 1:
                break
            optimizer.param_groups[0]["lr"] = rate * min(share / 0.2, (1 - share) / 0.8)
            optimizer.zero_grad()
            training.cross_entropy(model(x), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimizer.step()
            steps += 1
    score = training.evaluate(model, training.Batches(*judge, size=250))
    return {"name": name, "seed": seed, "T": T, "hidden": H, "parameters": parameter_count(model), "lr": rate,
            "start": started, "cpu_seconds": budget, "epochs": round(steps / len(batches), 1),
            "accuracy": round(score.accuracy, 4)}  # fmt: skip


def slow_start(recurrent, T):
    """Let the units of a gated layer start with memories of 1 to T steps (Tallec and Ollivier 2018); an LRU does."""
    H = recurrent.hidden_size
    with torch.no_grad():
        for layer in range(recurrent.num_layers):
            keep = torch.log(1 + torch.rand(H) * (T - 1))
            if isinstance(recurrent, nn.LSTM):
                bias = getattr(recurrent, f"bias_ih_l{layer}")
                bias[:H], bias[H : 2 * H] = -keep, keep  # i, f
            elif isinstance(recurrent, nn.GRU):
                getattr(recurrent, f"bias_ih_l{layer}")[H : 2 * H] = keep  # z: the share of the old
            elif isinstance(recurrent, linear_cells.MinGRU):
                getattr(recurrent, f"bias_ih_l{layer}")[:H] = -keep  # z: the share of the new


PARTS = {"seconds": seconds, "states": states, "digits": digits_14, "single": digits_14_single, "pixels": digits_28}

if __name__ == "__main__":
    torch.set_num_threads(1)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
