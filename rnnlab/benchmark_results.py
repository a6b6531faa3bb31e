"""What the long runs in benchmarks/ measured: stored by them with the machine they ran on, drawn by the lessons."""

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

import torch
from jupyter_core.paths import jupyter_path

from rnnlab import expect

PLACES = [Path(__file__).parent.parent / "benchmarks" / "results", *map(Path, jupyter_path("rnnlab", "results"))]
FOLDER = next(filter(Path.is_dir, PLACES), PLACES[0])  # in the repository, or else where pip has put them


def load(name: str) -> dict:
    """The stored results of one benchmark as a dict, with its machine, threads, versions and seeds.

    name: "bptt" for benchmarks/results/bptt.json. ValueError, with the names there are, for any other.
    """
    expect.one_of("name", name, sorted(path.stem for path in FOLDER.glob("*.json")))
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def store(name: str, what: str, results: dict, **facts: Any) -> None:
    """Write benchmarks/results/NAME.json; parts of an older file that `results` does not name stay as they are."""
    if not re.fullmatch(r"\w+", expect.text("name", name)):
        raise ValueError(f"name is {expect.said(name)}, expected letters, digits and _")
    expect.text("what", what)
    expect.kind("results", results, dict, "a dict")
    path = FOLDER / f"{name}.json"
    older = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else {}
    page = {
        "what": what,
        "machine": {"cpu": _cpu(), "cores": os.cpu_count()},
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        **facts,
        "results": {**older, **results},
    }
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def _cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
