"""The one training loop of the course: fit, evaluate, and checkpoints an interrupted run continues from."""

import copy
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from IPython import get_ipython
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LRScheduler
from tqdm.auto import tqdm

from rnnlab import expect, light_torch  # noqa: F401 - it works by being imported
from rnnlab.runs import Run, load_weights
from rnnlab.training_checks import (
    batch_count,
    check_batches,
    check_call,
    check_loss,
    check_plan,
    check_weights,
    finite_batches,
)


def seed_everything(seed: int) -> None:
    """Start the random numbers of Python, NumPy and PyTorch at `seed`.

    Also have numbers below 1e-38 taken for 0: gradients that vanish over many steps come to be such numbers, and a
    processor needs about ten times as long for them.  ValueError unless `seed` is a whole number from 0 to 2^32 - 1.
    """
    seed = expect.whole("seed", seed, 0, 2**32 - 1)
    torch.set_flush_denormal(True)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy: logits (B, V), target (B,), or logits (B, T, V), target (B, T); a label is 0 … V-1.

    ValueError or TypeError for anything else.
    """
    expect.tensor("logits", logits, finite=False)
    if logits.dim() not in (2, 3):
        raise ValueError(f"logits has shape {tuple(logits.shape)}, expected (B, V) or (B, T, V)")
    expect.kind("target", target, Tensor, "a tensor of labels")
    if logits.shape[:-1] != target.shape:
        raise ValueError(
            f"target has shape {tuple(target.shape)}, expected {tuple(logits.shape[:-1])}, "
            f"because the logits have shape {tuple(logits.shape)}"
        )
    if target.dtype != torch.int64:
        raise TypeError(f"target has dtype {target.dtype}, expected labels of dtype torch.int64")
    if not (0 <= target.min() and target.max() < logits.shape[-1]):
        raise ValueError(
            f"labels go from {target.min()} to {target.max()}, "
            f"expected 0 to {logits.shape[-1] - 1} for {logits.shape[-1]} logits"
        )
    return F.cross_entropy(logits.flatten(0, -2), target.flatten())


class Batches:
    """Tensors with one first axis, cut into mini-batches of `size` rows; shuffle draws from PyTorch's generator.

    ValueError or TypeError for no rows, other than tensors, or a size below 1.
    """

    def __init__(self, *tensors: Tensor, size: int = 100, shuffle: bool = False):
        for i, tensor in enumerate(tensors):
            if not isinstance(tensor, Tensor) or not tensor.dim():
                raise TypeError(f"tensors[{i}] is {expect.said(tensor)}, expected a tensor with rows")
        rows = [len(tensor) for tensor in tensors]
        if not rows or len(set(rows)) > 1 or rows[0] == 0:
            raise ValueError(f"tensors have {rows} rows, expected one number above 0 for all")
        self.tensors, self.size, self.shuffle = tensors, expect.whole("size", size), expect.flag("shuffle", shuffle)

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rows = len(self.tensors[0])
        places = torch.randperm if self.shuffle else torch.arange
        order = places(rows, dtype=torch.int32)  # half the memory of int64: there may be millions of rows
        for chosen in order.split(self.size):
            yield tuple(tensor[chosen] for tensor in self.tensors)


class Score(NamedTuple):
    """What `evaluate` returns: the mean loss, the share of right answers.

    None for it where targets are no labels, or answers no scores of classes.
    """

    loss: float
    accuracy: float | None


@dataclass
class History:
    """What `fit` returns: one entry per epoch in each list."""

    loss: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    valid_accuracy: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The epoch, counted from 1, with the lowest validation loss; without validation the last."""
        return self.valid_loss.index(min(self.valid_loss)) + 1 if self.valid_loss else len(self.loss)


def fit(
    model: nn.Module,
    train: Iterable,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    *,
    valid: Iterable | None = None,
    loss: Callable = cross_entropy,
    objective: Callable | None = None,
    schedule: LRScheduler | None = None,
    clip: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool | str = False,
    show: bool = True,
) -> History:
    """Train `model` on the batches of `train` until `epochs` epochs are done.

    train, valid: any iterable of batches (*inputs, target), such as `Batches` or a DataLoader.
    objective: what to minimise, as objective(model, *inputs, target) if it is not loss(model(*inputs), target).
    schedule: a learning-rate schedule that takes one step per batch.  clip: the largest norm of the gradient.
    checkpoint: a file that after each epoch holds the last state and the best weights.
    resume: False starts a new run, which takes the place of an old one in the file. True: after an interrupt, the same
    call goes on at the start of the interrupted epoch and ends with the same numbers; ValueError, and nothing changes,
    if the file is of a run with another model, seed, data, optimizer, schedule or clip. "auto": as True if there is a
    file of this very run, else as False; the file of another run is named and kept beside it. The epochs in the file
    are shown again, so that a page run twice shows the same.
    ValueError or TypeError for what makes no sense; OSError where the checkpoint cannot be read or written.
    """
    epochs, path = check_call(train, valid, epochs, loss, objective, checkpoint, resume, show)
    run, history, best = Run(model, optimizer, schedule, train, valid, clip, epochs), History(), None
    state = facts = None
    run.settle(strict=path is not None)
    if path:
        facts = run.facts()
        state = run.find(path, resume, facts) if resume else None
    if state:
        facts, history, best = state["facts"], History(**state["history"]), state["best"]
    check_plan(train, epochs - len(history.loss), schedule, state and state["schedule"])
    if state:
        run.restore(state)
        if show and resume == "auto":
            _tell_read(path, history, epochs)
    elif path:
        run.save(path, facts, vars(history), best)

    for epoch in range(len(history.loss) + 1, epochs + 1):
        start, total, count = time.perf_counter(), 0.0, 0
        model.train()
        for *inputs, target in _bar(train, f"epoch {epoch}/{epochs}", show):
            optimizer.zero_grad()
            value = objective(model, *inputs, target) if objective else loss(model(*inputs), target)
            check_loss(value, epoch)
            value.backward()
            if run.clip:
                nn.utils.clip_grad_norm_(model.parameters(), run.clip)
            optimizer.step()
            if schedule:
                schedule.step()
            total += value.item() * target.numel()
            count += target.numel()
        if not count:
            raise ValueError(f"train gave no batch in epoch {epoch}, expected something to go through again and again")
        check_weights(model, epoch)
        history.seconds.append(time.perf_counter() - start)
        history.loss.append(total / count)
        if valid is not None:
            score = evaluate(model, valid, loss)
            history.valid_loss.append(score.loss)
            history.valid_accuracy.append(score.accuracy)
        if path:
            if history.best == epoch:
                best = copy.deepcopy(model.state_dict())
            run.save(path, facts, vars(history), best)
        if show:
            print(_line(history, epoch, epochs))
    return history


@torch.no_grad()
def evaluate(model: nn.Module, batches: Iterable, loss: Callable = cross_entropy) -> Score:
    """Mean loss and accuracy of `model` over all examples of `batches`, however they are cut into batches.

    ValueError or TypeError for batches, or a loss, that make no sense.
    """
    expect.kind("model", model, nn.Module, "an nn.Module")
    check_batches("batches", batches), expect.function("loss", loss)
    total, right, count, labels, training = 0.0, 0, 0, True, model.training
    model.eval()
    try:
        for *inputs, target in finite_batches(batches):
            answer = model(*inputs)
            value = loss(answer, target)
            check_loss(value)
            total += value.item() * target.numel()  # a sum, so that a short last batch weighs what it holds
            count += target.numel()
            labels = labels and _labels(answer, target)
            if labels:
                right += (answer.argmax(dim=-1) == target).sum().item()
    finally:
        model.train(training)
    if not count:
        raise ValueError("batches is empty, expected at least one batch")
    return Score(total / count, right / count if labels else None)


def load_best(path: str | Path, model: nn.Module) -> int:
    """Put the best weights of a checkpoint into `model`, which must be built alike; return their epoch, from 1.

    OSError if there is no such file; ValueError if it is damaged, another model's, or of a run without an epoch.
    """
    return History(**load_weights(path, model)).best


def live() -> bool:
    """True where somebody watches: in a terminal, or in a notebook open in a browser.

    A browser says which cell it runs, a notebook run for its outputs alone (nbclient, nbval) does not.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return sys.stderr.isatty() if kernel is None else "cellId" in kernel.get_parent().get("metadata", {})


def _labels(answer, target):
    """Whether the answer holds a score for each class where the target says which: else nothing is right or wrong."""
    scores = isinstance(answer, Tensor) and answer.dim() == target.dim() + 1 and answer.shape[-1] > 1
    return scores and not target.is_floating_point() and answer.shape[:-1] == target.shape


def _bar(train, label, show):
    # tqdm gets an iterator: given a DataLoader it would start it twice, and each start draws a random number.
    return tqdm(finite_batches(train), desc=label, total=batch_count(train), leave=False, disable=not (show and live()))


def _line(history, epoch, epochs):
    """The one line an epoch leaves in the stored page: coarse, so that another processor prints the same."""
    line = f"epoch {epoch}/{epochs} · loss {history.loss[epoch - 1]:.2f}"
    if history.valid_loss:
        accuracy = history.valid_accuracy[epoch - 1]
        line += f" · valid {history.valid_loss[epoch - 1]:.2f}" if accuracy is None else f" · valid {accuracy:.0%}"
    return line


def _tell_read(path, history, epochs):
    """The lines of the epochs that need no training, so that a page run again is that of a run in one go."""
    if history.loss and live():
        print(f"{path.name} holds {len(history.loss)} of {epochs} epochs of this run: they are not trained again.")
    for epoch in range(1, len(history.loss) + 1):
        print(_line(history, epoch, epochs))
