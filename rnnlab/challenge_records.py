"""Records of challenges: plain JSON files, one for each measured `train`, and the table that a class makes of them.

A record proves nothing: who likes can write one by hand. It is there to be compared, not to be marked.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rnnlab import expect, folders

LARGEST = 64 * 1024  # bytes of a record's file; a larger one is none
LETTERS = 200  # of a name in a record
LONGEST = 24  # letters of a name in the table


class Measure(NamedTuple):
    """What a challenge counts, and how that is written: label of an axis, factor, digits, unit, the most it can be."""

    label: str
    factor: int
    digits: int
    unit: str
    most: float
    better: Callable  # of several scores: max or min

    def said(self, score: float) -> str:
        """A score for a reader: 97.1%, or 2.071."""
        return f"{self.factor * score:.{self.digits}f}{self.unit}"


MEASURES = {
    "right": Measure("right (%)", 100, 1, "%", 1, max),
    "bits": Measure("bits per character", 1, 3, "", 1e6, min),
}


class Record(NamedTuple):
    """What one call of `measure` found, a number for each seed; folder: where its file lies, for who has no name."""

    challenge: str
    who: str
    when: str
    budget: float
    measure: str
    seeds: list[int]
    scores: list[float]
    seconds: list[float]
    folder: str = ""

    @property
    def mean(self) -> float:
        """The mean score over the seeds."""
        return sum(self.scores) / len(self.scores)


def place() -> Path:
    """The folder of this user's own records, in the cache."""
    return folders.cache() / "challenges"


def write(record: Record) -> Path:
    """Keep a record in the user's folder, whole or not at all, and return its path; OSError if it takes no file."""
    expect.kind("record", record, Record, "a Record")
    _check({name: value for name, value in record._asdict().items() if name != "folder"})
    folder = place()
    folder.mkdir(parents=True, exist_ok=True)
    folders.sweep(folder)
    mark = secrets.token_hex(4)  # two runs may end in the same second
    path, part = folder / f"{record.challenge}-{mark}.json", folder / f"{folders.PART}{mark}"
    kept = {name: value for name, value in record._asdict().items() if name != "folder"}
    try:
        part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def now() -> str:
    """The time, as records hold it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def read(path: str | Path) -> Record:
    """The record in a file; OSError if it cannot be read, ValueError if it is not whole or not a record."""
    path = expect.path("path", path)
    with open(path, "rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"path leads to more than {LARGEST // 1024} KiB, expected a record")
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ValueError("path leads to a file that is not whole, or no JSON, expected a record") from None
    return Record(**_check(found), folder=path.parent.name)


def found(folder: str | Path) -> Iterator[tuple[str, Record | str]]:
    """(name of the file, its record, or a sentence why it is none) of each .json in `folder` and below, the old first.

    ValueError if there is no such folder.
    """
    folder = expect.path("folder", folder)
    if not os.path.isdir(folder):  # Path.is_dir raises where it may not look
        raise ValueError(f"folder is {str(folder)!r}, expected a folder of records")
    seen = []
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        try:
            seen.append((name, read(path)))
        except OSError as error:
            seen.append((name, f"cannot be read ({error.strerror})"))
        except ValueError as error:
            seen.append((name, str(error)))
    yield from sorted(seen, key=lambda pair: getattr(pair[1], "when", ""))


def table(folder: str | Path) -> str:
    """The best of each learner, challenge by challenge, the best first; under it a line for each file that is broken.

    Compared is the mean over the seeds of one call of `measure`. Records under another budget stand apart.
    """
    groups, broken = {}, []
    for name, record in found(folder):
        if isinstance(record, str):
            broken.append(f"not counted: {plain(name, 60)}: {record}")
            continue
        who = plain(record.who or record.folder, LONGEST)
        groups.setdefault((record.challenge, record.budget, record.measure), {}).setdefault(who, []).append(record)
    lines = []
    for (challenge, budget, name), people in sorted(groups.items()):
        measure = MEASURES[name]
        lines += [f"{challenge}, {budget:g} processor seconds, {measure.label}"]
        lines += [f"  {'':{LONGEST}}   mean        range seeds calls"]
        best = {who: measure.better(records, key=lambda record: record.mean) for who, records in people.items()}
        sign = -1 if measure.better is max else 1
        for who, record in sorted(best.items(), key=lambda pair: (sign * pair[1].mean, pair[0])):
            low, high = (measure.factor * end(record.scores) for end in (min, max))
            span = f"{low:.{measure.digits}f}-{high:.{measure.digits}f}"
            mean = f"{measure.factor * record.mean:6.{measure.digits}f}"
            lines.append(f"  {who:{LONGEST}} {mean} {span:>12} {len(record.seeds):5} {len(people[who]):5}")
        lines.append("")
    return "\n".join([*(lines or ["no record in this folder", ""]), *broken]).rstrip()


def plain(text: str, longest: int) -> str:
    """A text of somebody else for one line of a terminal: nothing that moves the cursor, and not too long."""
    longest = expect.whole("longest", longest, 2)
    text = "".join(char if char.isprintable() else "?" for char in expect.text("text", text, empty=True))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _check(found: Any) -> dict:
    """The fields of a record as they are to be; ValueError with the first that is not."""
    if not isinstance(found, dict):
        raise ValueError(f"record is {expect.said(found)}, expected the fields of a record by name")
    names = [name for name in Record._fields if name != "folder"]
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"record has no {missing[0]!r}, expected {', '.join(names)}")
    kept = {name: found[name] for name in names}
    for name in ("challenge", "who", "when"):
        if not isinstance(kept[name], str) or len(kept[name]) > LETTERS:
            raise ValueError(f"record: {name} is {expect.said(kept[name])[:80]}, expected a short text")
    if not kept["challenge"].isidentifier():
        raise ValueError(f"record: challenge is {expect.said(kept['challenge'])[:80]}, expected the name of one")
    if not _number(kept["budget"]) or not 0 < kept["budget"] < 1e6:
        raise ValueError(f"record: budget is {expect.said(kept['budget'])}, expected processor seconds above 0")
    if not isinstance(kept["measure"], str) or kept["measure"] not in MEASURES:
        raise ValueError(f"record: measure is {expect.said(kept['measure'])[:80]}, expected {' or '.join(MEASURES)}")
    most_of = {"seeds": 2**32 - 1, "scores": MEASURES[kept["measure"]].most, "seconds": 1.5 * kept["budget"] + 2}
    for name, most in most_of.items():
        values = kept[name]
        good = isinstance(values, list) and 0 < len(values) == len(kept["seeds"]) <= 100
        if not good or not all(_number(value) and 0 <= value <= most for value in values):
            raise ValueError(f"record: {name} is no list of a number from 0 to {most:g} for each seed")
    return kept


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e12 < value < 1e12  # no NaN either
