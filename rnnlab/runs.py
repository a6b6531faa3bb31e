"""A training run: what it is made of, what makes another one of it, and its state as a checkpoint."""

import hashlib
import itertools
import os
import random
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.utils.data import SubsetRandomSampler

from rnnlab import checkpoints, expect
from rnnlab.checkpoints import plain
from rnnlab.training_checks import batch_count, check_optimizer

PARTS = {"facts", "model", "optimizer", "schedule", "random", "history", "best"}
# What steps change in a schedule, what a schedule changes in an optimizer, and what changes no result: the rest is how
# they were built.
MOVING = {"last_epoch", "_step_count", "_last_lr", "_get_lr_called_within_step", "_is_initial", "T_cur", "T_i"}
SCHEDULED = {"lr", "betas", "momentum"}
WAYS = {"params", "foreach", "fused", "capturable"}
NAMES = {"lr": "learning rate", "max_lr": "largest learning rate", "initial_lr": "first learning rate"}
UNSEEN = "cannot be compared"


@dataclass
class Run:
    """Everything the next step of a training run depends on; ValueError or TypeError for parts that do not fit."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: Any
    train: Any
    valid: Any
    clip: float | None
    epochs: int

    def __post_init__(self):
        expect.kind("model", self.model, nn.Module, "an nn.Module")
        expect.kind("optimizer", self.optimizer, torch.optim.Optimizer, "one of torch.optim")
        check_optimizer(self.model, self.optimizer)
        if self.schedule is not None:
            self._check_schedule()
        if self.clip is not None:
            self.clip = float(expect.number("clip", self.clip, above=0))

    def _check_schedule(self):
        if isinstance(self.schedule, ReduceLROnPlateau) or not isinstance(self.schedule, LRScheduler):
            raise TypeError(
                f"schedule is {type(self.schedule).__name__}, expected one of torch.optim.lr_scheduler "
                "that takes a step after each batch and needs no score for it"
            )
        if getattr(self.schedule, "optimizer", self.optimizer) is not self.optimizer:
            raise ValueError("schedule moves another optimizer, expected one that is built on the optimizer you give")

    def settle(self, strict: bool = True) -> None:
        """Give the optimizer and the schedule the numbers a file would bring back, so that going on is the same.

        0.1 * np.float32(0.5) is another number than 0.1 * 0.5.  ValueError for parts that no file can hold, if strict.
        """
        with nullcontext() if strict else suppress(ValueError):
            for i, group in enumerate(self.optimizer.param_groups):
                for key in group.keys() - {"params"}:
                    group[key] = plain(group[key], f"the optimizer's {key} of group {i}")
            if self.schedule is not None:
                self.schedule.load_state_dict(plain(self.schedule.state_dict(), "the schedule's state"))

    def facts(self) -> dict:
        """What must be the same in another process for the run to go on with the same result."""
        facts = {"model": flat(self.model), "optimizer": type(self.optimizer).__name__}
        for i, group in enumerate(self.optimizer.param_groups, 1):
            which = f" of group {i}" if len(self.optimizer.param_groups) > 1 else ""
            facts[f"number of weights{which}"] = len(group["params"])
            for key, value in group.items():
                if key in ("initial_lr", "min_lr") and "max_lr" in group:
                    continue  # they follow from the largest one, and the schedule's base_lrs tell them too
                if key not in WAYS and not (self.schedule is not None and key in SCHEDULED):
                    facts[NAMES.get(key, key) + which] = _comparable(value)
        facts["schedule"] = type(self.schedule).__name__
        if self.schedule is not None:
            settings = _settings(self.schedule.state_dict())
            facts |= {f"schedule's {key.strip('_')}": value for key, value in settings.items()}
        return facts | {
            "clip": self.clip,
            "seed": torch.initial_seed(),
            "number of batches": UNSEEN if (count := batch_count(self.train)) is None else count,
            "own generator": self._own_generator() is not None,
            "batch size": getattr(self.train, "size", getattr(self.train, "batch_size", UNSEEN)),
            "training data": contents(self.train),
            "validation data": contents(self.valid),
        }

    def save(self, path: str | Path, facts: dict, history: dict, best: dict | None) -> None:
        """Write the state of the run, the facts it started from, its history and the best weights so far."""
        model = plain(self.model.state_dict(), "the model's state")
        checkpoints.write(
            path,
            {
                "facts": facts,
                "model": model,
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict() if self.schedule is not None else None,
                "random": self._random_state(),
                "history": history,
                "best": best,
            },
        )

    def find(self, path: Path, resume: bool | str, facts: dict) -> dict | None:
        """The state to go on from: that in the file if it is of this run, else ValueError; nothing is changed.

        resume="auto": None where there is no file; that of another run is said, kept under another name, and None.
        """
        if resume == "auto" and not os.path.lexists(path):
            return None
        try:
            state = checkpoints.read(path)
            different = list(_differences(state, facts, self.model, self.epochs))
        except ValueError:
            if resume is True:
                raise
            different = ["it is damaged or no checkpoint of fit"]
        if not different:
            return state
        said = "; ".join(different[:3]) + (f"; and {len(different) - 3} more" if len(different) > 3 else "")
        if resume is True:
            raise ValueError(
                f"{path} is the checkpoint of another run: {said}: give fit what that run was given, "
                "or leave resume=True out and train anew"
            )
        names = (f"{path}.before{n if n > 1 else ''}" for n in itertools.count(1))
        kept = Path(next(name for name in names if not os.path.lexists(name)))  # an older one may be wanted again
        try:
            os.rename(path, kept)
        except OSError as error:
            raise OSError(
                f"{path} is of another run: {said}. It cannot be kept as {kept.name} ({error.strerror}), and nothing "
                "was changed: move it away, or choose another file"
            ) from None
        print(f"{path.name} is of another run: {said}. It is kept as {kept.name}, and this run starts anew.")
        return None

    def restore(self, state: dict) -> None:
        """Set model, optimizer, schedule and random numbers to a state that `find` gave."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.model.load_state_dict(state["model"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        random.setstate(state["random"]["python"])
        np.random.set_state(tuple(state["random"]["numpy"]))
        torch.set_rng_state(state["random"]["torch"])
        if len(state["random"]["cuda"]) == torch.cuda.device_count():  # else it ran on another machine
            torch.cuda.set_rng_state_all(state["random"]["cuda"])
        if state["random"]["loader"] is not None:
            self._own_generator().set_state(state["random"]["loader"])

    def _own_generator(self):
        """That of a DataLoader, or of a sampler it was given: the one that draws the order."""
        own = getattr(getattr(self.train, "sampler", None), "generator", None)
        return own or getattr(self.train, "generator", None)

    def _random_state(self):
        name, keys, *rest = np.random.get_state()
        loader = self._own_generator()
        return {
            "python": random.getstate(),
            "numpy": [name, keys.tolist(), *rest],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all(),
            "loader": loader.get_state() if loader else None,
        }


def load_weights(path: str | Path, model: nn.Module) -> dict:
    """Put the best weights of a run into `model`, which must be built alike; return the run's history."""
    expect.kind("model", model, nn.Module, "an nn.Module")
    state = checkpoints.read(path)
    if different := list(_differences(state, {"model": flat(model)}, model)):
        raise ValueError(f"{path} is the checkpoint of another run: {'; '.join(different)}: build the model as there")
    if state["best"] is None:
        raise ValueError(f"{path} holds no finished epoch, expected at least one: train on with resume=True")
    model.load_state_dict(state["best"])
    return state["history"]


def flat(model: nn.Module) -> str:
    """What a model says of itself, on one line."""
    return " ".join(repr(model).split())


def contents(batches: Any) -> str | None:
    """The data that batches are cut from, as a checksum; None for no batches, UNSEEN if it takes a draw to see them."""
    if batches is None:
        return None
    source, order = batches, None
    while hasattr(source, "dataset"):  # a DataLoader, a Subset, a Subset of one
        sampler = getattr(source, "sampler", None)
        chosen = sampler.indices if isinstance(sampler, SubsetRandomSampler) else getattr(source, "indices", None)
        if chosen is not None:
            chosen = np.asarray(chosen, np.int64)
            order = chosen if order is None else chosen[order]
        source = source.dataset
    tensors = getattr(source, "tensors", None)
    if tensors is None and hasattr(source, "sequences"):
        tensors = (*source.sequences, source.target)
    if tensors is None or not all(isinstance(tensor, Tensor) for tensor in tensors):
        return UNSEEN
    digest = hashlib.sha256(repr([(tuple(tensor.shape), tensor.dtype) for tensor in tensors]).encode())
    digest.update(b"" if order is None else order.tobytes())
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return f"sha256 {digest.hexdigest()[:12]}…"


def _differences(state, facts, model, epochs=None):
    """What in a checkpoint is not as it is here: the ends of sentences."""
    if missing := PARTS - state.keys():
        yield f"it has no {min(missing)}"
        return
    for name in facts if epochs is None else state["facts"] | facts:
        theirs, mine = state["facts"].get(name), facts.get(name)
        if theirs != mine and not (UNSEEN in (theirs, mine) and None not in (theirs, mine)):
            theirs, mine = _where_they_part(str(theirs), str(mine))
            yield f"its {name} is {theirs}, yours is {mine}"
    if epochs is not None and len(state["history"]["loss"]) > epochs:
        yield f"its number of epochs is {len(state['history']['loss'])} by now, yours is {epochs}"
    if state["facts"]["model"] == facts["model"]:
        theirs, mine = (
            {name: tuple(w.shape) for name, w in weights.items() if isinstance(w, Tensor)}
            for weights in (state["model"], model.state_dict())
        )
        for name in theirs | mine:
            if theirs.get(name) != mine.get(name):
                yield f"the shape of its {name} is {theirs.get(name)}, that of yours is {mine.get(name)}"


def _where_they_part(*texts, most=90):
    """Texts that differ, or of long ones a piece from shortly before the difference."""
    start = max(0, len(os.path.commonprefix(texts)) - most // 2)
    return [
        text if len(text) <= most else "…" * (start > 0) + text[start : start + most].strip() + "…" for text in texts
    ]


def _settings(state):
    """How a schedule was built; one made of others holds their states."""
    return {key: _comparable(value) for key, value in state.items() if key not in MOVING}


def _comparable(value):
    """Plain values that can be compared with ==: a learning rate may be a tensor, a schedule hold others."""
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return _settings(value)
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    return plain(value)
