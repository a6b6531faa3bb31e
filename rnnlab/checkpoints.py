"""A run of `training.fit` as one file: written whole or not at all, and read only if it is whole and fits."""

import hashlib
import io
import os
import random
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import nn


def write(path: str | Path, state: dict) -> None:
    """Save `state` with `torch.save` under another name, then rename; the last 32 bytes are the sha256 of the rest.

    OSError if that cannot be done; a file that was there before is then as it was.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    path, part = Path(path), Path(f"{path}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(part, "wb") as file:
                file.write(content + hashlib.sha256(content).digest())
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        kept = "the checkpoint that was there is whole" if path.is_file() else "nothing was written"
        raise OSError(
            f"cannot write the checkpoint {path} ({error.strerror}), {kept}: "
            "make room, or choose a folder you may write to"
        ) from None


def read(path: str | Path) -> dict:
    """What `write` saved; OSError if there is no such file, ValueError if it is not whole."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise OSError(
            f"cannot read the checkpoint {path} ({error.strerror}), expected a file that fit(..., checkpoint=...) wrote"
        ) from None
    # torch.load itself does not notice a flipped bit.
    if hashlib.sha256(content[:-32]).digest() != content[-32:]:
        raise ValueError(
            f"{path} is damaged or no checkpoint of fit ({len(content):,} bytes whose checksum is wrong), "
            "expected a whole one: train again without resume=True"
        )
    try:
        return torch.load(io.BytesIO(content[:-32]), weights_only=True)
    except UnpicklingError:
        raise ValueError(f"{path} holds other things than numbers and names, expected a checkpoint of fit") from None


def load_weights(path: str | Path, model: nn.Module) -> dict:
    """Put the best weights of a run into `model`, which must be built alike; return the run's history."""
    state = read(path)
    _check_fits(path, state, {"model": _flat(model)}, model)
    if state["best"] is None:
        raise ValueError(f"{path} holds no finished epoch, expected at least one: train on with resume=True")
    model.load_state_dict(state["best"])
    return state["history"]


@dataclass
class Run:
    """Everything the next step of a training run depends on."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any
    train: Any
    clip: float | None

    def facts(self) -> dict:
        """What must be the same in another process for the run to go on with the same result."""
        return {
            "model": _flat(self.model),
            "optimizer": type(self.optimizer).__name__,
            "schedule": type(self.schedule).__name__,
            "clip": self.clip,
            "number of batches": len(self.train) if hasattr(self.train, "__len__") else None,
        }

    def save(self, path: str | Path, history: dict, best: dict | None) -> None:
        """Write the state of the run, its history and the best weights so far."""
        write(
            path,
            {
                "facts": self.facts(),
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict() if self.schedule else None,
                "random": self._random_state(),
                "history": history,
                "best": best,
            },
        )

    def restore(self, path: str | Path) -> tuple[dict, dict | None]:
        """Set the run to a saved state, or change nothing if that is another run's; return its history and best."""
        state = read(path)
        _check_fits(path, state, self.facts(), self.model)
        self.optimizer.load_state_dict(state["optimizer"])
        self.model.load_state_dict(state["model"])
        if self.schedule:
            self.schedule.load_state_dict(state["schedule"])
        self._set_random_state(state["random"])
        return state["history"], state["best"]

    def _random_state(self):
        name, keys, *rest = np.random.get_state()
        loader = getattr(self.train, "generator", None)  # a DataLoader may have its own
        return {
            "python": random.getstate(),
            "numpy": [name, keys.tolist(), *rest],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
            "loader": loader.get_state() if loader else None,
        }

    def _set_random_state(self, state):
        random.setstate(state["python"])
        np.random.set_state(tuple(state["numpy"]))
        torch.set_rng_state(state["torch"])
        torch.cuda.set_rng_state_all(state["cuda"])
        if state["loader"] is not None:
            self.train.generator.set_state(state["loader"])


def _flat(model):
    return " ".join(repr(model).split())


def _check_fits(path, state, facts, model):
    for name, mine in facts.items():
        theirs = state.get("facts", {}).get(name)
        if theirs != mine:
            raise ValueError(f"{path} is the checkpoint of another run: its {name} is {theirs}, yours is {mine}")
    theirs, mine = (
        {name: tuple(w.shape) for name, w in weights.items()} for weights in (state["model"], model.state_dict())
    )
    for name in theirs | mine:
        if theirs.get(name) != mine.get(name):
            raise ValueError(
                f"{path} is the checkpoint of another model: its {name} has shape {theirs.get(name)}, "
                f"yours has {mine.get(name)}"
            )
