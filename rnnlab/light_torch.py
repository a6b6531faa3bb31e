"""PyTorch without what it imports for those who compile or distribute: a kernel saves 200 MiB and two seconds.

It imports its compiler for whoever makes an optimizer or takes a step, and its distributed tensors for whoever compares
two, to ask whether they are in use. Here they are not. What is computed stays the same, and whoever compiles still can.
"""

import functools

import torch
from torch.optim import Optimizer


def _light(step):
    """An optimizer's `step` with gradients off, or on where it is to be differentiable; nothing is imported for it."""

    @functools.wraps(step)
    def light(self, *args, **kwargs):
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **kwargs)

    return light


for method in vars(Optimizer).values():
    if hasattr(method, "__wrapped__"):
        method.__wrapped__.__dynamo_disable = method.__wrapped__  # where PyTorch keeps what it shall call instead
for kind in vars(torch.optim).values():
    step = getattr(kind, "step", None) if isinstance(kind, type) else None
    if step and step.__code__.co_name == "_use_grad":  # a PyTorch that does it in another way is left as it is
        kind.step = _light(step.__wrapped__)
torch.testing._comparison._HAS_DTENSOR = False
