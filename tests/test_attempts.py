"""The bank of attempts: what is right is accepted, what is wrong is not, and what the learner reads was judged."""

import collections
import csv
import functools
import os
import re
import statistics

import pytest
from page_rules import ROOT

from tools import attempts

FOLDER = ROOT / "tests/attempts"
EVERY = int(os.environ.get("EVERY", 0))  # 1 runs all attempts, in ten minutes; else one of STEP is run, file by file
STEP = {"attempts": 23, "held_out": 11}
# Bounds on the judgements, in % of the wrong attempts: those that name the slip, the slip or the place, false ones.
# The goals are 80, 95 and 0. The engine was mended by readers of the first bank, which four others joined, each
# measured first as it came. The one held out was written and judged by others (06 to 08 judged by one who mends), and
# nobody mends anything for an attempt in it: it tells what a learner gets. Two of it were accepted as it came; cases
# that refuse them were added, and they stand in the other bank.
BANKS = {".": (83.5, 97, 0.2), "held_out": (81.5, 94.8, 0.3)}
FILES = [path for bank in BANKS for path in sorted((FOLDER / bank).glob("nb*.txt"))]


@functools.cache
def judged(folder):
    """{(lesson, exercise, slip): (judgement, sentence)}, judged by people who read the attempt and the task.

    arguable: the task's words do not say that it is wrong, so that either verdict will do.
    """
    with open(folder / "judged.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    found = {tuple(row[1:4]): (row[0], row[4]) for row in rows}
    assert len(found) == len(rows) and {row[0] for row in rows} <= {"names", "place", "bare", "false", "arguable"}
    return found


@pytest.mark.parametrize("name", BANKS)
def test_every_wrong_attempt_was_judged_and_few_sentences_are_false(name, record_property):
    folder = FOLDER / name
    bank = [attempt for path in sorted(folder.glob("nb*.txt")) for attempt in attempts.read(path)]
    wrong = [(a.lesson, a.exercise, a.said) for a in bank if not a.right]
    assert wrong == list(judged(folder))
    assert all(count >= ((4, 10) if name == "." else (2, 6))[not right] for (_, right), count in counted(bank).items())
    share = collections.Counter(judgement for judgement, _ in judged(folder).values())
    percent = {judgement: 100 * count / (len(wrong) - share["arguable"]) for judgement, count in share.items()}
    named, placed = percent["names"], percent["names"] + percent["place"]
    record_property(
        "measured",
        f"the bank {'that checks were mended with' if name == '.' else name.replace('_', ' ')}: "
        f"{len(bank) - len(wrong)} right and {len(wrong)} wrong attempts; of the wrong, {named:.1f} % read a "
        f"sentence that names the slip, {placed:.1f} % the slip or the place, {share['false']} a false one.",
    )
    assert named >= BANKS[name][0] and placed >= BANKS[name][1]
    assert percent.get("false", 0) <= BANKS[name][2]


def counted(bank):
    """How many attempts there are: {(exercise, right): count}, of at least one."""
    return collections.Counter((a.exercise, a.right) for a in bank)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem[:4]}")
def test_what_is_right_is_accepted_and_the_sentence_is_the_one_that_was_judged(path, record_property):
    """On some of the attempts; a sentence that changed has to be judged again, in judged.tsv."""
    spent = {True: [], False: []}
    for attempt, verdict, seconds in attempts.judged(attempts.read(path)[:: EVERY or STEP[path.parent.name]]):
        state, sentence = verdict
        if seconds > 1:  # the clock counts every thread, that of an earlier test too: what is slow is slow twice
            seconds = min(seconds, *(again for *_, again in attempts.judged([attempt])))
        assert not verdict.broken, (attempt.exercise, attempt.said, verdict.broken)
        spent[attempt.right].append(seconds)
        if attempt.right:
            assert state == "correct", (attempt.exercise, attempt.said, sentence)
            continue
        judgement, then = judged(path.parent)[attempt.lesson, attempt.exercise, attempt.said]
        if judgement != "arguable":
            assert state == "not yet", (attempt.exercise, attempt.said)
            assert gist(sentence) == gist(then), (attempt.exercise, attempt.said)
    times = {right: f"{statistics.median(s):.2f}, at most {max(s):.2f}" for right, s in spent.items() if s}
    record_property(
        "measured",
        f"{path.parent.name}/{path.stem}: all {len(spent[True])} right attempts tried were accepted "
        f"({times.get(True, 0)} s), none of {len(spent[False])} wrong ones ({times.get(False, 0)} s).",
    )
    # Machines differ, and this one may be busy with a browser beside it; the goals are 0.2 and 2.
    assert max(spent[True], default=0) < 1 and max(spent[False], default=0) < 5


def gist(sentence):
    """A sentence without its numbers and without the words of an error, which change with the version of Python."""
    return re.sub(r"-?\d[\d.e+-]*", "#", re.sub(r"Error: .*", "Error", sentence))
