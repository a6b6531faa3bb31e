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

from rnnlab import language, training  # noqa: E402
from rnnlab.benchmark_results import store  # noqa: E402
from rnnlab.datasets import reviews  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

SEEDS = (0, 1, 2)
JUDGED = 200_000  # letters
LONG = dict(cell="lstm", hidden=448, embedding=64, streams=64, length=64, lr=0.004)


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


def train(codes, seconds, look, every, *, cell, hidden, embedding, streams, length, lr, seed=0):
    """One net for so many CPU seconds, of which judging takes none: look(model, seconds, letters) each `every`."""
    training.seed_everything(seed)
    model = language.LanguageModel(len(language.LETTERS), embedding, hidden, cell)
    language.start(model, torch.bincount(codes, minlength=len(language.LETTERS)))
    optimizer = torch.optim.Adam(model.parameters(), lr)
    spent, letters, state, next_look = 0.0, 0, None, every
    for x, y in endless(codes, streams, length):
        begun = time.process_time()
        for group in optimizer.param_groups:
            group["lr"] = lr * max(min(spent / (seconds / 50), 1 - spent / seconds), 1e-3)
        if state is not None and x.shape[1] != length:
            state = None  # the text begins anew with the next chunk
            continue
        logits, state = model(x, state)
        state = language.detached(state)
        loss = language.bits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        letters += x.numel()
        spent += time.process_time() - begun
        if spent >= next_look or spent >= seconds:
            look(model, spent, letters)
            next_look += every
        if spent >= seconds:
            return model, letters


def long(codes, judged, seconds=2700):
    """One larger net for three quarters of an hour; its bits each minute."""
    curve = []

    def look(model, spent, letters):
        row = {"cpu_seconds": round(spent), "letters": letters, "bits": round(language.score(model, judged), 4)}
        curve.append(row | {"parameters": parameter_count(model)})
        print("long", *row.values(), flush=True)
        what = "One LSTM on all packaged training reviews, judged as it goes"
        store("language_long", what, {"curve": curve}, recipe=LONG, planned_seconds=seconds, training=len(codes))

    train(codes, seconds, look, 90, **LONG)


def main(names):
    torch.set_num_threads(1)
    codes, judged = texts()
    if "long" in names:
        long(codes, judged)


if __name__ == "__main__":
    main(sys.argv[1:])
