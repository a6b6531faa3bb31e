"""What the long runs in benchmarks/ measured, for the lessons to draw."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "benchmarks" / "results"


def load(name):
    """The stored results of one benchmark as a dict, with its machine, threads, versions and seeds.

    name: "bptt" for benchmarks/results/bptt.json. ValueError, with the names there are, for any other.
    """
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    if name not in names:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(names) or 'none: there are no stored results'}")
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
