"""Marks of the challenges: what a constant answer, word counts and the lessons' own nets reach by the same rules.

Writes benchmarks/results/challenges.json, which `rnnlab.challenges` shows beside the results of the longer runs. Each
is trained by `challenge_runs.run` on the data of the challenge, within its budget of processor seconds, and judged on
its held-out part; three seeds where there is chance in it. Nothing was chosen on the held-out part. Compressors and
counting are measured on the same held-out letters directly, by the bits of the letters that came.

    python benchmarks/challenges.py [reviews] [digits] [letters] [--seeds 0 1 2]
"""

import argparse
import bz2
import lzma
import os
import zlib
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy import sparse  # noqa: E402
from sklearn.feature_extraction.text import TfidfTransformer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from torch.optim.lr_scheduler import OneCycleLR  # noqa: E402

from rnnlab import challenge_runs, challenges, language, ngrams  # noqa: E402
from rnnlab.benchmark_results import add  # noqa: E402
from rnnlab.challenge_judges import JUDGES  # noqa: E402
from rnnlab.models import Reader, ReviewClassifier  # noqa: E402
from rnnlab.sequences import LengthBatches, head_and_tail  # noqa: E402
from rnnlab.training import Batches, fit  # noqa: E402


def constant(data, seed, clock):
    """Always the most frequent label."""
    counts = data.y.bincount()
    return lambda x, *lengths: counts.float().expand(len(x), -1)


def word_counts(data, seed, clock):
    """TF-IDF of single words and a linear model, as in lesson 07."""

    def counts(rows):
        edges = np.cumsum([0] + [len(row) for row in rows])
        table = sparse.csr_matrix(
            (np.ones(edges[-1]), torch.cat(rows).numpy(), edges), (len(rows), len(data.vocabulary))
        )
        table.sum_duplicates()
        return table

    weigh = TfidfTransformer(sublinear_tf=True)
    linear = LogisticRegression(C=4).fit(weigh.fit_transform(counts(data.x)), data.y)

    def model(x, lengths):
        rows = [row[:length] for row, length in zip(x, lengths, strict=True)]
        right = torch.from_numpy(linear.decision_function(weigh.transform(counts(rows))))
        return torch.stack([-right, right], dim=1)

    return model


def review_net(data, seed, clock):
    """The net that lesson 07 trains, on the first and last words of each review."""
    model = ReviewClassifier(len(data.vocabulary), 32, 32, "lstm", "mean+max", dropout=0.3)
    learn = LengthBatches([head_and_tail(row, 64) for row in data.x], data.y, 64, shuffle=True)
    return fitted(model, learn, 0.01, epochs=2)


def digit_net(data, seed, clock):
    """The net that lesson 08 trains, here in float32 and with clipped gradients."""
    return fitted(Reader(28, 64, 10, "gru", "max"), Batches(data.x, data.y, size=50, shuffle=True), 0.005, epochs=8)


def nothing_known(data, seed, clock):
    """Each letter with the same share."""
    return lambda x: torch.zeros(*x.shape, len(language.LETTERS))


def frequencies(data, seed, clock):
    """Always the letter frequencies."""
    logits = (data.x.bincount(minlength=len(language.LETTERS)) + 1.0).log()
    return lambda x: logits.expand(*x.shape, -1)


def letter_net(data, seed, clock):
    """The net that lesson 09 trains, its two and a half million letters."""
    counts = data.x.bincount(minlength=len(language.LETTERS))
    model = language.start(language.LanguageModel(len(language.LETTERS), 32, 112), counts)
    steps, adam = 1250, torch.optim.Adam(model.parameters(), 0.01)
    schedule = OneCycleLR(adam, 0.01, total_steps=steps, pct_start=0.1)
    language.learn(model, language.chunks(data.x[: steps * 32 * 64 + 1], 32, 64), adam, schedule)
    return model


def fitted(model, batches, lr, epochs):
    adam = torch.optim.Adam(model.parameters(), lr)
    schedule = OneCycleLR(adam, lr, total_steps=epochs * len(batches))
    fit(model, batches, adam, epochs, schedule=schedule, clip=1.0, show=False)
    return model


MARKS = {
    "reviews": {
        "always the same answer": constant,
        "the net of lesson 07": review_net,
        "word counts (TF-IDF)": word_counts,
    },
    "digits": {"always the same answer": constant, "the net of lesson 08": digit_net},
    "letters": {"nothing known": nothing_known, "letter frequencies": frequencies, "the net of lesson 09": letter_net},
}
ONCE = (constant, word_counts, nothing_known, frequencies)  # no chance in them
ORDERS = (3, 5, 8)


def without_training(data, judged):
    """{mark: bits per character} of compressors, which get all letters in one piece, and of counting, row by row."""
    rows = torch.cat([torch.cat([x, y[:, -1:]], dim=1) for x, y in judged])  # (N, T + 1)
    text = language.decode(rows[:, 1:].flatten()).encode()
    packers = {"zlib": partial(zlib.compress, level=9), "lzma": partial(lzma.compress, preset=9), "bz2": bz2.compress}
    marks = {f"{name}, packed": 8 * len(pack(text)) / len(text) for name, pack in packers.items()}
    tables = {n: ngrams.KneserNey(data.x, n) for n in range(2, max(ORDERS) + 1)}
    for order in ORDERS:
        shares = [tables[order].probabilities(row) for row in rows]
        shares += [tables[n].probabilities(row[:n]) for row in rows for n in range(2, order)]  # a row's first letters
        marks[f"counting {order} letters"] = -torch.cat(shares).log2().mean().item()
    return marks


def main(names, seeds):
    torch.set_num_threads(1)
    for name in names or MARKS:
        challenge = getattr(challenges, name)()
        key = {"right": "accuracy", "bits": "bits"}[challenge.counts]
        for mark, train in MARKS[name].items():
            for seed in (0,) if train in ONCE else seeds:
                data, judged = challenge._load()
                judge = partial(JUDGES[challenge.counts], judged=judged, classes=challenge.classes)
                run = challenge_runs.run(train, data, seed, challenge.budget, judge)
                keep(name, {"name": mark, "seed": seed, key: run.score, "cpu_seconds": round(run.seconds, 1)})
        if name == "letters":
            for mark, bits in without_training(*challenge._load()).items():
                keep(name, {"name": mark, "seed": 0, key: bits})


def keep(name, row):
    print(name, *row.values(), flush=True)
    add("challenges", "the held-out parts of the challenges, within their budgets", name, row)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *MARKS], default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    args = parser.parse_args()
    main(args.names, args.seeds)
