"""English words to their sounds: what attention buys, by length of word and by time, and how far a small recipe gets.

Writes benchmarks/results/pronunciation.json, from which lesson 10 draws. One thread. Rates are the share of sounds
(per) and of words (wer) that are wrong, of the held-out words, the nearest of a word's pronunciations counting.
"attention": nets of H = 128 and equal size, trained for so many seconds of the processor; "mark": one recipe at H = 256,
whose settings were chosen on words of the training part alone.

    python benchmarks/pronunciation.py [attention] [families] [mark] [seed ...]
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import sys  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.optim.lr_scheduler import OneCycleLR  # noqa: E402

from rnnlab import decoding, pairs, training  # noqa: E402
from rnnlab.attention import EncoderDecoder  # noqa: E402
from rnnlab.benchmark_results import load, store  # noqa: E402
from rnnlab.datasets.pronunciations import LETTERS, SOUNDS, families  # noqa: E402
from rnnlab.datasets.pronunciations import load as load_words  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

SEEDS = (0, 1, 2)
LENGTHS = {"3 to 5": (3, 5), "6 to 8": (6, 8), "9 to 12": (9, 12), "13 and more": (13, 99)}
RECIPE = dict(hidden=256, dropout=0.3, smoothing=0.1, lr=0.004, batch=128, epochs=20)


def net(hidden, **how):
    return EncoderDecoder(len(LETTERS) + 1, len(SOUNDS) + 3, hidden, **how)


def numbered(part, size, variants=False, shuffle=False):
    """Batches of words and their first pronunciation, or all of them."""
    rows = [(word, sounds) for word, all in zip(part.words, part.sounds) for sounds in (all if variants else all[:1])]
    sources = pairs.number_sources([word for word, _ in rows], LETTERS)
    return pairs.PairBatches(sources, pairs.number_targets([s for _, s in rows], SOUNDS), size, shuffle)


def pronounce(model, words, width=1):
    """The sounds that the model writes for each word, greedily or by beam search."""
    sources, answers = pairs.number_sources(words, LETTERS), [None] * len(words)
    lengths = torch.tensor([len(source) for source in sources])
    for S in lengths.unique().tolist():
        for rows in (lengths == S).nonzero()[:, 0].split(500):
            if width == 1:
                found = decoding.greedy(model, torch.stack([sources[i] for i in rows]), lengths[rows])[0].tolist()
            else:
                found = [decoding.beam_search(model, sources[i], width)[0][0] for i in rows]
            for i, row in zip(rows.tolist(), found, strict=True):
                answers[i] = [SOUNDS[s - 3] for s in row if s > pairs.END]
    return answers


def rates(answers, part, chosen=lambda word: True):
    rows = [i for i, word in enumerate(part.words) if chosen(word)]
    per, wer = pairs.error_rates([answers[i] for i in rows], [part.sounds[i] for i in rows])
    return {"words": len(rows), "per": round(per, 4), "wer": round(wer, 4)}


def by_length(answers, part):
    return {
        name: rates(answers, part, lambda word, low=low, high=high: low <= len(word) <= high)
        for name, (low, high) in LENGTHS.items()
    }


class Timed:
    """Batches for so many seconds of the processor, over and over, while the learning rate falls to nothing."""

    def __init__(self, batches, seconds, optimizer):
        self.batches, self.seconds, self.optimizer, self.lr = batches, seconds, optimizer, optimizer.defaults["lr"]

    def __iter__(self):
        start, spent, self.count = time.process_time(), 0, 0
        while True:
            for batch in self.batches:
                spent = (time.process_time() - start) / self.seconds
                if spent >= 1:
                    return
                self.optimizer.param_groups[0]["lr"] = self.lr * min(20 * spent, 1) * (1 - spent) + 1e-6
                self.count += len(batch[0])
                yield batch


def timed(train, test, seed, seconds, attention, hidden=128, both=True):
    """One net, trained for `seconds`, and what it gets wrong."""
    training.seed_everything(seed)
    model = net(hidden, attention=attention, bidirectional=both)
    optimizer = torch.optim.Adam(model.parameters(), 0.006)
    batches = Timed(numbered(train, 128, shuffle=True), seconds, optimizer)
    training.fit(model, batches, optimizer, 1, loss=pairs.padded_cross_entropy, clip=1.0, show=False)
    answers = pronounce(model, test.words)
    return answers, {
        "attention": attention,
        "both_ways": both,
        "hidden": hidden,
        "parameters": parameter_count(model),
        "cpu_seconds": seconds,
        "seed": seed,
        "words_read": batches.count,
        **rates(answers, test),
        "by_length": by_length(answers, test),
    }


def attention(seeds):
    """Last state only, dot and additive; 60 s with three seeds, 300 s with one; and reading one way."""
    train, test = load_words("words")
    heads = families(train.words + test.words)
    known = {heads[word] for word in train.words}
    for seed in seeds:
        for seconds in (60, 300) if seed == 0 else (60,):
            for name in ("none", "dot", "additive"):
                answers, row = timed(train, test, seed, seconds, name)
                for key, side in (("relative", True), ("no_relative", False)):
                    row[key] = rates(answers, test, lambda word, side=side: (heads[word] in known) is side)
                yield row
        if seed == 0:
            yield timed(train, test, seed, 60, "dot", both=False)[1]


def split(seeds):
    """The same net on the split by families."""
    for seed in seeds:
        yield timed(*load_words("families"), seed, 60, "dot")[1]


def objective(smoothing):
    """The smoothed cross-entropy, computed in 16 bits where that loses nothing."""

    def loss(model, source, lengths, target_in, target):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(source, lengths, target_in)
        return F.cross_entropy(
            logits.float().flatten(0, 1), target.flatten(), ignore_index=pairs.PAD, label_smoothing=smoothing
        )

    return loss


def recipe(train, test, seed, *, hidden, dropout, smoothing, lr, batch, epochs, every=5, width=4, words=2000, note=None):
    """The whole recipe: yields what is measured on the way, and at the end greedily and by beam."""
    training.seed_everything(seed)
    model = net(hidden, dropout=dropout)
    batches = numbered(train, batch, variants=True, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    schedule = OneCycleLR(optimizer, lr, total_steps=epochs * len(batches), pct_start=0.15)
    spent, curve = 0, []
    for epoch in range(1, epochs + 1):
        start = time.process_time()
        training.fit(
            model, batches, optimizer, 1, objective=objective(smoothing), schedule=schedule, clip=1.0, show=False
        )
        spent += time.process_time() - start
        if epoch % every == 0 or epoch == epochs:
            few = test.words if epoch == epochs else test.words[:: max(len(test) // words, 1)]
            answers = dict(zip(few, pronounce(model, few), strict=True))
            chosen = test.where(answers.__contains__)
            curve.append({"epoch": epoch, "cpu_seconds": round(spent), **rates([answers[w] for w in chosen.words], chosen)})
            if note:
                note(curve[-1])
    answers = pronounce(model, test.words, width)
    return model, {
        "seed": seed,
        "hidden": hidden,
        "parameters": parameter_count(model),
        "epochs": epochs,
        "cpu_seconds": round(spent),
        "width": width,
        "greedy": {key: curve[-1][key] for key in ("words", "per", "wer")},
        **rates(answers, test),
        "by_length": by_length(answers, test),
        "curve": curve,
    }


def mark(seeds):
    """The recipe on the split of published results, word by word."""
    for seed in seeds:
        yield recipe(*load_words("words"), seed, **RECIPE, note=lambda row: print(row, flush=True))[1]


def main(arguments):
    torch.set_num_threads(1)
    seeds = tuple(int(one) for one in arguments if one.isdigit()) or SEEDS
    parts = {"attention": attention, "families": split, "mark": mark}
    for name in [one for one in arguments if not one.isdigit()] or parts:
        try:
            rows = [row for row in load("pronunciation")["results"].get(name, []) if row["seed"] not in seeds]
        except ValueError:
            rows = []
        for row in parts[name](seeds):
            rows.append(row)
            print(name, row, flush=True)
            store("pronunciation", "Words to sounds: the CMU dictionary", {name: rows}, seeds=SEEDS)


if __name__ == "__main__":
    main(sys.argv[1:])
