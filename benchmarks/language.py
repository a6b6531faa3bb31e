"""Language models of film reviews, letter by letter: compressors, counting, and nets, in bits per character.

Writes benchmarks/results/language.json, and for the parts `long` and `hour` language_long.json and language_hour.json;
lesson 09 draws from them. One thread. All learn from the packaged training reviews and are judged on the same 200,000
letters of reviews held out.
Nets are given seconds of the processor, not steps: the learning rate rises over the first fiftieth of them and falls in
a line to nothing, so each net is at its best at the end of its own time.

    python benchmarks/language.py [counting] [nets] [long] [hour]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import bz2  # noqa: E402
import lzma  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import zlib  # noqa: E402

import torch  # noqa: E402
from torch.optim.swa_utils import AveragedModel  # noqa: E402

from rnnlab import language, ngrams, training  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.datasets import reviews  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

SEEDS = (0, 1, 2)
JUDGED = 200_000  # letters
WHAT = "Bits per character on 200,000 letters of held-out reviews"
# The net of the lesson, which takes 0.01: at 0.015 a rounding grows until it shows in the curve of its page.
SIZE = dict(hidden=112, embedding=32, streams=32, length=64, lr=0.015)
NETS = {
    "LSTM": dict(cell="lstm"),
    "GRU": dict(cell="gru"),
    "RNN": dict(cell="rnn", lr=0.005),  # at 0.015 it does not learn
    "LSTM, PyTorch's start": dict(cell="lstm", started=False),
    "LSTM, state reset": dict(cell="lstm", carried=False),
}
LONG = dict(cell="lstm", hidden=320, embedding=64, streams=64, length=64, lr=0.004)
HOUR = LONG | dict(hidden=512, lr=0.003)


def texts():
    """The letters of all training reviews, and 200,000 letters of held-out reviews that are none of them."""
    train, held_out = reviews.load("packaged")
    known = set(train.texts)
    others = [text for text in held_out.texts[::25] if text not in known]
    parts = ["\n".join(map(language.plain, some)) for some in (train.texts, others)]
    return language.encode(parts[0]), language.encode(parts[1])[:JUDGED]


def endless(codes, streams, length):
    while True:
        yield from language.chunks(codes, streams, length)


def train(
    codes, seconds, *, cell, hidden, embedding, streams, length, lr, seed=0, carried=True, started=True, bfloat16=False
):
    """A net that learns for so many CPU seconds: it, the seconds and the letters so far, after each chunk."""
    training.seed_everything(seed)
    model = language.LanguageModel(len(language.LETTERS), embedding, hidden, cell)
    if started:
        language.start(model, torch.bincount(codes, minlength=len(language.LETTERS)))
    optimizer = torch.optim.Adam(model.parameters(), lr)
    spent, letters, state = 0.0, 0, None
    for x, y in endless(codes, streams, length):
        begun = time.process_time()
        for group in optimizer.param_groups:
            group["lr"] = rate(lr, spent, seconds)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits, state = model(x, state if carried else None)
        state = language.detached(tuple(part.float() for part in state) if bfloat16 else state)
        loss = language.bits(logits.float(), y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        letters += x.numel()
        spent += time.process_time() - begun
        yield model, spent, letters
        if seconds and spent >= seconds:
            return


def rate(lr, spent, seconds):
    """Without an end in sight the rate stays; else it rises over a twentieth of the time and falls to nothing."""
    return lr * (max(min(spent / (seconds / 20), 1 - spent / seconds), 1e-3) if seconds else min(1, 0.01 + spent / 20))


def long(codes, judged, most=1800, every=60):
    """One larger net for up to half an hour, at one learning rate; each minute its mean is judged.

    The mean of the weights on the way, late ones counting more (Shamir and Zhang 2013, eta = 8), is at any time about
    as good as a net whose learning rate has just fallen to nothing: so the whole curve can be read.
    """
    curve, mean = [], None
    for model, spent, letters in train(codes, None, **LONG):
        mean = mean or AveragedModel(model, avg_fn=lambda mean, weight, n: mean + (weight - mean) * 9 / (n + 9))
        mean.update_parameters(model)
        if spent >= every * (len(curve) + 1):
            bits = round(language.score(mean.module, judged), 4)
            curve.append({"cpu_seconds": round(spent), "letters": letters, "bits": bits})
            print("long", *curve[-1].values(), flush=True)
            what = "One LSTM on all packaged training reviews, judged each minute"
            facts = dict(recipe=LONG, parameters=parameter_count(model), training=len(codes), judged=len(judged))
            store("language_long", what, {"curve": curve}, **facts)
        if spent >= most:
            return


def hour(codes, judged, seconds=3000, every=300):
    """A net of more than twice the weights for most of an hour, in 16 bits, while its rate falls to nothing."""
    curve, start = [], time.process_time()
    for model, spent, letters in train(codes, seconds, bfloat16=True, **HOUR):
        if spent >= min(every * (len(curve) + 1), seconds):
            bits = round(language.score(model, judged), 4)
            curve.append({"cpu_seconds": round(spent), "letters": letters, "bits": bits})
            print("hour", *curve[-1].values(), round(time.process_time() - start), flush=True)
            facts = dict(recipe=HOUR, parameters=parameter_count(model), training=len(codes), judged=len(judged))
            what = "One LSTM on all packaged training reviews, its rate falling to nothing"
            store("language_hour", what, {"curve": curve}, **facts)


def nets(codes, judged, seconds=30):
    """Nets of one size for the same CPU seconds, three seeds; scored with the state carried, reset, and rounded."""
    rows = []
    for seed in SEEDS:
        for name, recipe in NETS.items():
            *_, (model, spent, letters) = train(codes, seconds, **(SIZE | recipe), seed=seed)
            row = {"name": name, "seed": seed, "parameters": parameter_count(model), "letters": letters}
            row |= {"cpu_seconds": round(spent), "bits": round(language.score(model, judged), 4)}
            row["reset"] = round(language.score(model, judged, 64, 64, carried=False), 4)
            for bits in (8, 4):
                row[f"{bits} bits"] = round(language.score(language.rounded(model, bits), judged), 4)
            rows.append(row)
            print("nets", *row.values(), flush=True)
            store("language", WHAT, {"nets": rows}, seeds=SEEDS, judged=len(judged), size=SIZE)


def counting(codes, judged):
    """What needs no net: nothing known, letter frequencies, compressors, and n-grams, by the text they learn from."""
    rows, V = [], len(language.LETTERS)
    seen = (torch.bincount(codes, minlength=V) + 1).double()
    frequencies = -(seen / seen.sum()).log2()[judged].mean().item()
    text, told = (language.decode(part).encode() for part in (judged, codes))

    def add(name, letters, bits, spent, **more):
        rows.append({"name": name, "letters": letters, "bits": round(bits, 4), "cpu_seconds": round(spent, 1)} | more)
        print("counting", *rows[-1].values(), flush=True)
        store("language", WHAT, {"counting": rows}, seeds=SEEDS, judged=len(judged), size=SIZE)

    add("uniform", 0, torch.tensor(V).log2().item(), 0)
    add("letter frequencies", len(codes), frequencies, 0)
    packers = {
        "zlib": lambda data: zlib.compress(data, 9),
        "bz2": bz2.compress,
        "lzma": lambda data: lzma.compress(data, preset=9),
    }
    for name, pack in packers.items():
        begun = time.process_time()
        add(name, 0, 8 * len(pack(text)) / len(text), time.process_time() - begun)
    for letters in (300_000, 1_000_000, 3_000_000, 5_000_000, 10_000_000, 20_000_000, len(codes)):
        for order in (3, 4, 5, 6, 7, 8):
            begun = time.process_time()
            table = ngrams.KneserNey(codes[:letters], order)
            bits = table.bits(judged)
            more = {"order": order, "entries": table.entries, "bytes": table.bytes}
            add("Kneser-Ney", letters, bits, time.process_time() - begun, **more)
    for letters in (1_000_000, 5_000_000, 20_000_000):
        begun = time.process_time()
        size = len(packers["lzma"](told[:letters] + text)) - len(packers["lzma"](told[:letters]))
        add("lzma", letters, 8 * size / len(text), (time.process_time() - begun) / 2)


PARTS = {"counting": counting, "nets": nets, "long": long, "hour": hour}


def main(names):
    torch.set_num_threads(1)
    codes, judged = texts()
    for name in names or PARTS:
        PARTS[name](codes, judged)


if __name__ == "__main__":
    main(sys.argv[1:])
