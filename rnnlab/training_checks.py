"""What `training` refuses: calls, batches, losses and weights that make no sense, before they can do harm."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab import expect


def check_call(train: Any, valid: Any, epochs: Any, loss: Any, objective: Any, checkpoint: Any, resume: Any, show: Any):
    """Arguments of `fit` that say nothing; returns epochs as an int and the checkpoint as a Path, or None."""
    epochs = expect.whole("epochs", epochs)
    check_batches("train", train)
    if valid is not None:
        check_batches("valid", valid)
        if batch_count(valid) == 0:
            raise ValueError("valid is empty, expected at least one batch")
    for name, given in (("train", train), ("valid", valid)):
        if epochs > 1 and isinstance(given, Iterator):
            raise ValueError(f"{name} can be gone through once, expected batches for {epochs} epochs: make it a list")
    expect.function("loss", loss), expect.flag("show", show)
    if objective is not None:
        expect.function("objective", objective)
    if not isinstance(resume, bool) and not (isinstance(resume, str) and resume == "auto"):
        raise ValueError(f"resume is {expect.said(resume)}, expected True, False or 'auto'")
    if resume and checkpoint is None:
        raise ValueError(f"resume is {resume!r} but checkpoint is None, expected the file to go on from")
    return epochs, None if checkpoint is None else expect.path("checkpoint", checkpoint)


def check_batches(name: str, value: Any) -> None:
    """Something other than batches."""
    if not isinstance(value, Iterable) or isinstance(value, Tensor | np.ndarray | str | dict | Path):
        raise TypeError(f"{name} is {expect.said(value)}, expected batches (*inputs, target), such as Batches(x, y)")


def batch_count(batches: Any) -> int | None:
    """How many batches there are; None where nobody knows: a DataLoader over a stream has a len, which raises."""
    try:
        return len(batches)
    except TypeError:
        return None


def check_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """An optimizer that would move nothing of the model: it was built from another one, or from an earlier run's."""
    learns = {id(weight) for weight in model.parameters() if weight.requires_grad}
    if not learns & {id(weight) for group in optimizer.param_groups for weight in group["params"]}:
        raise ValueError(
            "optimizer holds none of the model's weights that learn, so nothing would change: "
            "build it from model.parameters() after you have built the model"
        )


def check_plan(train: Iterable, epochs: int, schedule: Any, saved: dict | None) -> None:
    """No batches, or more steps than the schedule has left, now or in the saved state of a run to go on with."""
    steps = batch_count(train)
    if steps == 0:
        raise ValueError("train is empty, expected at least one batch")
    total = getattr(schedule, "total_steps", None)
    if steps and total is not None:
        left = total - (saved["last_epoch"] if saved else schedule.last_epoch)
        if epochs * steps > left:
            raise ValueError(
                f"schedule has {left} steps left, expected at least "
                f"{epochs * steps}: {epochs} epochs of {steps} batches"
            )


def finite_batches(batches: Iterable) -> Iterator:
    """The batches, each looked at on its way: an infinite input may hide behind a tanh and a finite loss."""
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) < 2 or not isinstance(batch[-1], Tensor):
            raise TypeError(f"a batch is {expect.said(batch)}, expected (*inputs, target), the target a tensor")
        for x in batch:
            if isinstance(x, Tensor) and x.is_floating_point() and not x.isfinite().all():
                odd, name = "NaN" if x.isnan().any() else "infinity", "targets" if x is batch[-1] else "inputs"
                raise ValueError(f"a batch of shape {tuple(x.shape)} holds {odd}, expected finite {name}")
        yield batch


def check_loss(value: Any, epoch: int | None = None) -> None:
    """A loss that is not one finite number, or, in an epoch of training, one that no weight has a part in."""
    where = f" in epoch {epoch}" if epoch else ""
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise ValueError(f"the loss is {expect.said(value)}{where}, expected one number in a tensor, as a mean is")
    if not value.isfinite():
        raise ValueError(
            f"the loss is {value.item()}{where} on finite inputs, expected a number: "
            "train anew with a smaller learning rate or clip=1.0"
        )
    if epoch and not value.requires_grad:
        raise ValueError(f"the loss{where} does not depend on the model's weights, expected one that does")


def check_weights(model: nn.Module, epoch: int) -> None:
    """Weights that the last step of an epoch has spoiled, which no loss has seen: they reach no checkpoint."""
    for name, weight in model.named_parameters():
        if not weight.isfinite().all():
            raise ValueError(
                f"after epoch {epoch} {name} is no longer finite: train anew with a smaller learning rate or clip=1.0"
            )
