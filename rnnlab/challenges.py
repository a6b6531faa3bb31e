"""Challenges: build and train a model of your own within some processor seconds; it is measured on data it never saw.

    challenge = challenges.digits()
    challenge.measure(train)                      # train(data, seed, clock) returns a model
    challenge.measure(train, seeds=(0, 1, 2))     # the mean and the range count more than one run

`python -m rnnlab.challenges FOLDER` prints the table of a class from a folder of records, those of each learner in a
folder of its own or with a name in them.
"""

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from rnnlab import benchmark_results, challenge_pictures, challenge_records, challenge_runs, expect, language
from rnnlab.challenge_judges import JUDGES, Refused
from rnnlab.challenge_records import MEASURES
from rnnlab.datasets import digits as digit_set
from rnnlab.datasets import reviews as review_set
from rnnlab.datasets import tasks
from rnnlab.exercises.sentence import say
from rnnlab.sequences import LengthBatches, Vocabulary
from rnnlab.training import Batches

PRIVATE_SEED = 777_000_777  # of the made sequences that are held out


class Data(NamedTuple):
    """What `train` learns from: x (N, ...), labels y (N,).

    Reviews: x a list of N rows (T_b,), and the vocabulary of their words. Letters: x (N,), and y (N,) the next of each.
    """

    x: Tensor | list[Tensor]
    y: Tensor
    vocabulary: Vocabulary | None = None


class Challenge:
    """A task, a budget of processor seconds, and data that only `measure` sees.

    task: what to do, and in a second line how much data there are.  load() -> Data, and the batches (*inputs, labels)
    to be judged on; called when a model is measured, and not before.  marks() -> {name: score}.
    counts: "right", the share of right answers, or "bits", bits per character, of which less is better.
    """

    def __init__(
        self, name: str, task: str, classes: int, budget: float, load: Callable, marks: Callable, counts: str = "right"
    ):
        self.name, self.task, self.classes, self.budget, self.marks = name, task, classes, budget, marks
        self.counts, self._load = expect.one_of("counts", counts, MEASURES), load

    def __repr__(self) -> str:
        return f"{self.name}: {self.task} {self.budget:g} processor seconds for a run\n{self._standing({})}"

    def __getattr__(self, name: str):
        raise AttributeError(
            f"a challenge has no {name!r}: `measure` hands its data to your function, and judges on what it keeps"
        )

    def measure(self, train: Callable, seeds: Iterable[int] = (0,), who: str = "") -> None:
        """Run train(data, seed, clock) once for each seed, judge the models it returns, say and keep what came out.

        A run counts if it ends within the budget; clock.left says what remains. If one run does not count, none does,
        and a sentence says why. who: your name, for the table of a class.
        """
        expect.function("train", train)
        seeds = expect.several("seeds", seeds, "whole numbers such as (0, 1, 2)")
        seeds = [expect.whole(f"seeds[{i}]", seed, 0, 2**32 - 1) for i, seed in enumerate(seeds)]
        if len(expect.text("who", who, empty=True)) > challenge_records.LETTERS:
            raise ValueError(f"who is {expect.said(who)}, expected at most {challenge_records.LETTERS} letters")
        name = challenge_runs.called(train)
        if len(set(seeds)) < len(seeds) or len(seeds) > 100:
            raise ValueError(f"seeds is {seeds[:9]}, expected at most 100 different whole numbers")
        if challenge_runs.stub(train):
            print(f"· {self.name}: not attempted yet. Fill in {name}, and run this cell again.")
            return
        runs, random = [], torch.random.get_rng_state()
        try:
            for seed in seeds:
                data, judged = self._load()  # anew for each run: the one before may have changed what it got
                judge = partial(JUDGES[self.counts], judged=judged, classes=self.classes)
                run = challenge_runs.run(train, data, seed, self.budget, judge)
                runs.append(run)
                score = f"{self._said(run.score)} {self.counts}"
                print(f"{self.name}, seed {seed}: {score}, {run.seconds:.1f} processor seconds")
        except Refused as reason:
            end = "" if str(reason).endswith("?") else "."
            say(f"✗ {self.name}, seed {seed}: {reason}{end} Nothing is kept.")
            return
        except KeyboardInterrupt:
            print(f"✗ {self.name}: interrupted. Nothing is kept.")
            return
        finally:
            torch.random.set_rng_state(random)
        self._tell(challenge_records.Record(
            self.name, who, challenge_records.now(), self.budget, self.counts, seeds,
            [run.score for run in runs], [round(run.seconds, 2) for run in runs],
        ))  # fmt: skip

    def history(self) -> plt.Axes:
        """Your own records of this challenge in the order of time; a band from the worst seed to the best.

        ValueError if there is none.
        """
        records = self._records()
        if not records:
            raise ValueError(f"{self.name} has no record yet: `measure` makes one")
        return challenge_pictures.history(records, self.marks(), MEASURES[self.counts])

    def _records(self):
        if not os.path.isdir(challenge_records.place()):  # Path.is_dir raises where it may not look
            return []
        kept = [record for _, record in challenge_records.found(challenge_records.place())]
        mine = (self.name, self.budget, self.counts)
        return [r for r in kept if not isinstance(r, str) and (r.challenge, r.budget, r.measure) == mine]

    def _tell(self, record):
        low, high = self._said(min(record.scores)), self._said(max(record.scores))
        if len(record.seeds) > 1:
            print(f"mean {self._said(record.mean)}, from {low} to {high}, {len(record.seeds)} seeds")
        earlier = [old.mean for old in self._records()]
        print(self._standing({"→ you": record.mean}))
        try:
            challenge_records.write(record)
        except OSError as error:
            print(f"Not kept: your cache folder takes no file ({error.strerror}).")
            return
        best = f", your best was {self._said(MEASURES[self.counts].better(earlier))}" if earlier else ""
        print(f"Kept as your record number {len(earlier) + 1}{best}.")

    def _said(self, score):
        return MEASURES[self.counts].said(score)

    def _standing(self, mine):
        less_is_better = MEASURES[self.counts].better is min
        marks = sorted({**self.marks(), **mine}.items(), key=lambda mark: mark[1], reverse=not less_is_better)
        return "\n".join(f"  {self._said(score):>6}  {name}" for name, score in marks)


def memory() -> Challenge:
    """Lesson 05: which of four symbols came first, 100 steps ago; made sequences."""

    def load():
        x, y, _ = tasks.first_symbol(30_000, 100, seed=5, symbols=4)
        held_out = tasks.first_symbol(2000, 100, seed=PRIVATE_SEED, symbols=4)
        return Data(x, y), Batches(held_out.x, held_out.y, size=500)

    def marks():
        guess = {"always the same answer": benchmark_results.load("memory")["chance"]}
        return guess | _means("memory", "100")

    task = "say which of four symbols came first in 100\n30,000 sequences to learn from, 2,000 held out,"
    return Challenge("memory", task, 4, 20, load, marks)


def reviews() -> Challenge:
    """Lesson 07: good or bad, the packaged film reviews."""

    def load():
        train, held_out = review_set.load("packaged")
        vocabulary, x, x_held_out = review_set.encode(train, held_out, min_freq=2, max_size=30_000)
        return Data(x, train.labels.clone(), vocabulary), LengthBatches(x_held_out, held_out.labels, 250)

    def marks():
        best = "best of benchmarks/, 25,000 reviews, minutes"
        return _means("challenges", "reviews") | _means("imdb_best", "counting", best)

    task = "tell good reviews from bad ones\n20,000 to learn from, 5,000 held out,"
    return Challenge("reviews", task, 2, 60, load, marks)


def digits() -> Challenge:
    """Lesson 08: read a digit, the packaged MNIST digits."""

    def load():
        train, held_out = digit_set.load("packaged")
        return Data(train.images, train.labels), Batches(held_out.images, held_out.labels, size=500)

    def marks():
        best = "best of benchmarks/, 60,000 digits, a minute"
        return _means("challenges", "digits") | _means("mnist_best", "best", best)

    task = "read a digit\n4,000 to learn from, 1,000 held out,"
    return Challenge("digits", task, 10, 20, load, marks)


def letters() -> Challenge:
    """Lesson 09: the next letter of the packaged film reviews, in rows of 1,000 that each begin anew."""

    def load():
        train, held_out = review_set.load("packaged")
        known = set(train.texts)
        others = [text for text in held_out.texts[12::25] if text not in known]  # the page is judged on [::25]
        codes, judged = (
            language.encode("\n".join(map(language.plain, texts))) for texts in (train.texts[:4500], others)
        )
        x, y = judged[:200_000].view(200, 1000), judged[1:200_001].view(200, 1000)
        return Data(codes[:-1], codes[1:]), Batches(x, y, size=20)

    def marks():
        last = benchmark_results.load("language_hour")["results"]["curve"][-1]
        best = f"best net of benchmarks/, 26 million letters, {last['cpu_seconds'] / 60:.0f} minutes"
        return _means("challenges", "letters", key="bits") | {best: last["bits"]}

    task = "say which letter comes next, in bits per character, the fewer the better\n"
    task += "5,858,538 to learn from, 200,000 held out,"
    return Challenge("letters", task, len(language.LETTERS), 30, load, marks, "bits")


ALL = (memory, reviews, digits, letters)


def _means(file, part, of=None, key="accuracy"):
    """{mark: its mean score over the seeds}, of one part of a benchmark; of: a mark's name for all of its rows."""
    scores = {}
    for row in benchmark_results.load(file)["results"][part]:
        scores.setdefault(of or row["name"], []).append(row[key])
    return {mark: sum(runs) / len(runs) for mark, runs in scores.items()}


def main(arguments: list[str]) -> str:
    """The table for the one folder that the arguments name; ValueError if they name none."""
    if len(expect.several("arguments", arguments, "the name of one folder", str, empty=True)) != 1:
        raise ValueError(f"arguments are {arguments}, expected one folder: python -m rnnlab.challenges FOLDER")
    return challenge_records.table(arguments[0])


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a name may hold what the code page of a file does not
    try:
        print(main(sys.argv[1:]))
    except ValueError as error:
        sys.exit(str(error))
