"""The one training loop of the course: fit, evaluate, and checkpoints an interrupted run continues from."""

import copy
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from IPython import get_ipython
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from rnnlab.checkpoints import Run, load_weights


def seed_everything(seed: int) -> None:
    """Start the random numbers of Python, NumPy and PyTorch at `seed`.

    Also have numbers below 1e-38 taken for 0: gradients that vanish over many steps come to be such numbers, and a
    processor needs about ten times as long for them.
    """
    torch.set_flush_denormal(True)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy: logits (B, V), target (B,), or logits (B, T, V), target (B, T); a label is 0 … V-1."""
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
    """Tensors with one first axis, cut into mini-batches of `size` rows; shuffle draws from PyTorch's generator."""

    def __init__(self, *tensors: Tensor, size: int = 100, shuffle: bool = False):
        rows = [len(tensor) for tensor in tensors]
        if not rows or len(set(rows)) > 1 or rows[0] == 0:
            raise ValueError(f"tensors have {rows} rows, expected one number above 0 for all")
        if size < 1:
            raise ValueError(f"size is {size}, expected at least 1")
        self.tensors, self.size, self.shuffle = tensors, size, shuffle

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.size)

    def __iter__(self):
        rows = len(self.tensors[0])
        order = torch.randperm(rows) if self.shuffle else torch.arange(rows)
        for chosen in order.split(self.size):
            yield tuple(tensor[chosen] for tensor in self.tensors)


class Score(NamedTuple):
    """What `evaluate` returns: the mean loss, the share of right answers (None where targets are no labels)."""

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
    train,
    optimizer,
    epochs: int,
    *,
    valid=None,
    loss=cross_entropy,
    objective=None,
    schedule=None,
    clip: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    show: bool = True,
) -> History:
    """Train `model` on the batches of `train` until `epochs` epochs are done.

    train, valid: any iterable of batches (*inputs, target), such as `Batches` or a DataLoader.
    objective: what to minimise, as objective(model, *inputs, target) if it is not loss(model(*inputs), target).
    schedule: a learning-rate schedule that takes one step per batch.  clip: the largest norm of the gradient.
    checkpoint: a file that after each epoch holds the last state and the best weights. After an interrupt, the same
    call with resume=True goes on at the start of the interrupted epoch and ends with the same numbers; without it,
    a new run starts and takes the place of the old one in the file.
    ValueError for labels, inputs or a loss that make no sense; OSError where the checkpoint cannot be read or written.
    """
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs is {epochs!r}, expected a whole number above 0")
    if resume and checkpoint is None:
        raise ValueError("resume is True but checkpoint is None, expected the file to go on from")
    run, history, best = Run(model, optimizer, schedule, train, clip), History(), None
    if resume:
        saved, best = run.restore(checkpoint)
        history = History(**saved)
    _check_plan(train, epochs - len(history.loss), schedule)
    if checkpoint and not resume:
        run.save(checkpoint, vars(history), best)

    for epoch in range(len(history.loss) + 1, epochs + 1):
        start, total, count = time.perf_counter(), 0.0, 0
        model.train()
        for *inputs, target in _bar(train, f"epoch {epoch}/{epochs}", show):
            optimizer.zero_grad()
            value = objective(model, *inputs, target) if objective else loss(model(*inputs), target)
            _check_finite(value, inputs, epoch)
            value.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule:
                schedule.step()
            total += value.item() * target.numel()
            count += target.numel()
        if not count:
            raise ValueError(f"train gave no batch in epoch {epoch}, expected something to go through again and again")
        history.seconds.append(time.perf_counter() - start)
        history.loss.append(total / count)
        if valid is not None:
            score = evaluate(model, valid, loss)
            history.valid_loss.append(score.loss)
            history.valid_accuracy.append(score.accuracy)
        if checkpoint:
            if history.best == epoch:
                best = copy.deepcopy(model.state_dict())
            run.save(checkpoint, vars(history), best)
        if show:
            print(_line(history, epoch, epochs))
    return history


@torch.no_grad()
def evaluate(model: nn.Module, batches, loss=cross_entropy) -> Score:
    """Mean loss and accuracy of `model` over all examples of `batches`, however they are cut into batches."""
    total, right, count, training = 0.0, 0, 0, model.training
    model.eval()
    try:
        for *inputs, target in batches:
            answer = model(*inputs)
            value = loss(answer, target)
            _check_finite(value, inputs)
            total += value.item() * target.numel()  # a sum, so that a short last batch weighs what it holds
            count += target.numel()
            if not target.is_floating_point():
                right += (answer.argmax(dim=-1) == target).sum().item()
    finally:
        model.train(training)
    if not count:
        raise ValueError("batches is empty, expected at least one batch")
    return Score(total / count, None if target.is_floating_point() else right / count)


def load_best(path: str | Path, model: nn.Module) -> int:
    """Put the best weights of a checkpoint into `model`, which must be built alike; return their epoch."""
    return History(**load_weights(path, model)).best


def live() -> bool:
    """True where somebody watches: in a terminal, or in a notebook open in a browser.

    A browser says which cell it runs, a notebook run for its outputs alone (nbclient, nbval) does not.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return sys.stderr.isatty() if kernel is None else "cellId" in kernel.get_parent().get("metadata", {})


def _bar(train, label, show):
    # tqdm gets an iterator: given a DataLoader it would start it twice, and each start draws a random number.
    steps = len(train) if hasattr(train, "__len__") else None
    return tqdm(iter(train), desc=label, total=steps, leave=False, disable=not (show and live()))


def _line(history, epoch, epochs):
    """The one line an epoch leaves in the stored page: coarse, so that another processor prints the same."""
    line = f"epoch {epoch}/{epochs} · loss {history.loss[-1]:.2f}"
    if history.valid_loss:
        accuracy = history.valid_accuracy[-1]
        line += f" · valid {history.valid_loss[-1]:.2f}" if accuracy is None else f" · valid {accuracy:.0%}"
    return line


def _check_plan(train, epochs, schedule):
    steps = len(train) if hasattr(train, "__len__") else None
    if steps == 0:
        raise ValueError("train is empty, expected at least one batch")
    left = getattr(schedule, "total_steps", None)
    if steps and left is not None and epochs * steps > left - schedule.last_epoch:
        raise ValueError(
            f"schedule has {left - schedule.last_epoch} steps left, expected at least "
            f"{epochs * steps}: {epochs} epochs of {steps} batches"
        )


def _check_finite(value, inputs, epoch=None):
    """Refuse a batch before it can harm the weights; an infinite input may hide behind a tanh, so look at both."""
    for x in inputs:
        if x.is_floating_point() and not x.isfinite().all():
            raise ValueError(f"a batch of shape {tuple(x.shape)} holds {_odd(x)}, expected finite inputs")
    if not value.isfinite():
        where = f" in epoch {epoch}" if epoch else ""
        raise ValueError(
            f"the loss is {value.item()}{where} on finite inputs, expected a number: "
            f"try a smaller learning rate or clip=1.0"
        )


def _odd(x):
    return "NaN" if x.isnan().any() else "infinity"
