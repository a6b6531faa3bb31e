"""Language models of film reviews, letter by letter: compressors, counting, and nets, in bits per character.

Writes benchmarks/results/language.json, and for the part `long` language_long.json, from which lesson 09 draws. One
thread. All learn from the packaged training reviews and are judged on the same 200,000 letters of reviews held out.
Nets are given seconds of the processor, not steps: the learning rate rises over the first fiftieth of them and falls in
a line to nothing, so each net is at its best at the end of its own time.

    python benchmarks/language.py [counting] [cells] [start] [state] [rounding] [long]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import sys  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402
from torch.optim.swa_utils import AveragedModel  # noqa: E402

from rnnlab import language, training  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.datasets import reviews  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

SEEDS = (0, 1, 2)
JUDGED = 200_000  # letters
LONG = dict(cell="lstm", hidden=320, embedding=64, streams=64, length=64, lr=0.004)


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


def train(codes, seconds, *, cell, hidden, embedding, streams, length, lr, seed=0, carried=True, started=True):
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
        logits, state = model(x, state if carried else None)
        state = language.detached(state)
        loss = language.bits(logits, y)
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


def long(codes, judged, most=2700, every=60):
    """One larger net for up to three quarters of an hour, at one learning rate; each minute its mean is judged.

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


def main(names):
    torch.set_num_threads(1)
    codes, judged = texts()
    if "long" in names:
        long(codes, judged)


if __name__ == "__main__":
    main(sys.argv[1:])
