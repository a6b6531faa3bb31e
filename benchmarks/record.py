"""What every long run stores beside its numbers: the machine, the threads, the versions."""

import json
import os
import platform
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "results"


def store(name: str, what: str, results: dict, **facts) -> None:
    """Write results/NAME.json; parts of an older file that `results` does not name stay as they are."""
    path = FOLDER / f"{name}.json"
    older = json.loads(path.read_text())["results"] if path.exists() else {}
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
    part.write_text(json.dumps(page, indent=1) + "\n")
    os.replace(part, path)


def _cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
