"""PyTorch without what it imports for those who compile or distribute: a kernel saves 170 MiB and two seconds.

It imports its compiler for whoever makes an optimizer, takes a step or looks at every operation, and its distributed
tensors for whoever compares two, to ask whether they are in use. Here they are not. What is computed stays the same,
and as soon as somebody has loaded the compiler all is as PyTorch made it.
"""

import functools
import sys

import torch
from torch.optim import Optimizer
from torch.testing import _comparison


def _unless_loaded(heavy, light):
    """The same function twice: `heavy` asks the compiler, which is not needed as long as nobody has loaded it."""

    @functools.wraps(light)
    def either(*args, **kwargs):
        return (heavy if "torch._dynamo" in sys.modules else light)(*args, **kwargs)

    return either


def _light(step):
    """An optimizer's `step` with gradients off, or on where it is to be differentiable."""

    @functools.wraps(step)
    def light(self, *args, **kwargs):
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **kwargs)

    return light


def _marked(function=None, recursive=True):
    """`torch._disable_dynamo`, for what is defined from now on."""
    if function is None:
        return functools.partial(_marked, recursive=recursive)
    return _unless_loaded(_mark(function, recursive), function)


def _made_by(wrapper, function):
    """Whether PyTorch wrapped a function as it does today; where another version does otherwise, it is left alone."""
    return getattr(getattr(function, "__code__", None), "co_name", None) == wrapper


_mark, torch._disable_dynamo = torch._disable_dynamo, _marked
for name, method in list(vars(Optimizer).items()):
    if _made_by("inner", method):
        setattr(Optimizer, name, _unless_loaded(method, method.__wrapped__))
for kind in vars(torch.optim).values():
    if isinstance(kind, type) and _made_by("_use_grad", getattr(kind, "step", None)):
        kind.step = _unless_loaded(kind.step, _light(kind.step.__wrapped__))
_comparison._HAS_DTENSOR = False
