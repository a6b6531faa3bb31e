"""What a function takes, looked at where it is entered: each check returns the value, or says what is wrong with it.

A sentence names the argument, what came and what was expected. TypeError where another kind of thing came, another
dtype among them; ValueError where the kind is right and the value makes no sense. Numbers may be Python's or NumPy's,
or a tensor that holds one; what comes back is a plain Python number: `size = expect.whole("size", size)`.

Shapes are written in the house's letters, see `shapes`. No axis may be empty unless said.
"""

import functools
import inspect
import math
import os
import reprlib
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab import shapes

# ---- numbers

WHOLE = (torch.int64, torch.int32)  # dtypes


def whole(name: str, value: Any, least: int = 1, most: int | None = None, note: str = "") -> int:
    """A whole number from `least` to `most`; note: more about what was expected."""
    value = _number(value)
    if most is None:
        expected = f"a whole number of at least {least}{note}"
    else:
        expected = f"a whole number from {least} to {most}{note}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {said(value)}, expected {expected}")
    if value < least or (most is not None and value > most):
        raise ValueError(f"{name} is {value}, expected {expected}")
    return int(value)


def number(name: str, value: Any, *, above: float = -math.inf, below: float = math.inf,
           least: float | None = None, most: float | None = None) -> float:  # fmt: skip
    """A finite number: above and below bound it without the bound itself, least and most with it."""
    value = _number(value)
    bounds = {"above": above, "of at least": least, "below": below, "of at most": most}
    if least is not None and most is not None:
        bounds = {"from": least, "to": most}
    bounds = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None and abs(bound) < math.inf]
    expected = f"a number {' and '.join(bounds) or 'that is finite'}".replace(" and to ", " to ")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {said(value)}, expected {expected}")
    if not (above < value < below and (least is None or least <= value) and (most is None or value <= most)):
        raise ValueError(f"{name} is {value}, expected {expected}")
    return value if type(value) is int else float(value)


def probability(name: str, value: Any) -> float:
    """A number from 0 to 1."""
    return number(name, value, least=0, most=1)


# ---- names, texts, paths and other things


def flag(name: str, value: Any) -> bool:
    """True or False."""
    return kind(name, value, bool, "True or False")


def one_of(name: str, value: Any, choices: Iterable[str], note: str = "") -> str:
    """One of some names."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        error = ValueError if isinstance(value, str) else TypeError
        raise error(f"{name} is {said(value)}, expected one of {', '.join(choices)}{note}")
    return value


def text(name: str, value: Any, empty: bool = False) -> str:
    """A str; with something in it, unless it may be empty."""
    kind(name, value, str, "a str")
    if not value and not empty:
        raise ValueError(f"{name} is empty, expected at least one character")
    return value


def path(name: str, value: Any) -> Path:
    """The path of a file or a folder, where ~ is the user's own."""
    value = kind(name, value, str | os.PathLike, "a path")
    if not os.fspath(value) or "\0" in os.fsdecode(value):
        raise ValueError(f"{name} is {said(value)}, expected a path")
    try:
        return Path(os.fsdecode(value)).expanduser()
    except RuntimeError:
        raise ValueError(f"{name} is {os.fsdecode(value)!r}, expected a path, or ~ of a user who is here") from None


def device(name: str, value: Any) -> torch.device:
    """A device of PyTorch that is here, or its name."""
    try:
        return torch.empty(0, device=kind(name, value, str | torch.device, "a device such as 'cpu'")).device
    except (RuntimeError, AssertionError):
        raise ValueError(f"{name} is {said(value)}, expected a device that is here, such as 'cpu'") from None


def function(name: str, value: Any) -> Callable:
    """Something to call."""
    if not callable(value):
        raise TypeError(f"{name} is {said(value)}, expected a function")
    return value


def kind(name: str, value: Any, kinds: Any, expected: str) -> Any:
    """An instance of `kinds`, which `expected` says in words."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} is {said(value)}, expected {expected}")
    return value


def several(name: str, values: Any, expected: str, kinds: Any = object, empty: bool = False) -> list:
    """Things in a row, at least one unless said, each of `kinds`; `expected` says in words what they are."""
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is {said(values)}, expected {expected}")
    if isinstance(values, Tensor) and not values.ndim:
        raise ValueError(f"{name} is {said(values)}, expected {expected}")
    values = list(values)
    for i, value in enumerate(values):
        if not isinstance(value, kinds):
            raise TypeError(f"{name}[{i}] is {said(value)}, expected {expected}")
    if not values and not empty:
        raise ValueError(f"{name} is empty, expected {expected}")
    return values


# ---- tensors


def tensor(name: str, value: Any, shape: str | None = None, sizes: dict[str, int] | None = None, *,
           dtype: torch.dtype | Sequence[torch.dtype] | None = None, like: str = "",
           finite: bool = True, empty: bool = False) -> Tensor:  # fmt: skip
    """A tensor of a shape in letters, finite unless said.

    sizes: what the letters stand for so far; letters that are new in `shape` are added.  dtype: one, or several to
    choose from; like: whose dtype that is, for the sentence.  Without dtype any floating-point dtype will do.
    """
    sizes = {} if sizes is None else sizes
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name} is {said(value)}, expected a tensor{' ' + shapes.letters(shape, sizes) if shape else ''}"
        )
    _check_dtype(name, value, dtype, like)
    if shape:
        shapes.check(name, value, shape, sizes)
    if not empty and value.numel() == 0:
        raise ValueError(f"{name} is empty, shape {tuple(value.shape)}, expected something in it")
    return _finite(name, value) if finite and value.is_floating_point() else value


def indices(name: str, value: Any, size: int, shape: str | None = None, sizes: dict[str, int] | None = None, *,
            dtype: torch.dtype | Sequence[torch.dtype] = torch.int64, empty: bool = False,
            note: str = "") -> Tensor:  # fmt: skip
    """Whole numbers from 0 to size - 1; shape, sizes and dtype as in `tensor`, note: more about what was expected."""
    value = tensor(name, value, shape, sizes, dtype=dtype, empty=empty)
    if value.numel():
        low, high = value.aminmax()
        if low < 0 or high >= size:
            raise ValueError(f"{_go(name)} from {low} to {high}, expected 0 to {size - 1}{note}")
    return value


def lengths(name: str, value: Any, T: int, B: int | None = None, device: Any = "cpu") -> Tensor:
    """How long each of B padded sequences of at most T steps is: (B,) int64 or int32, on the CPU or on `device`."""
    value = tensor(name, value, "B", {} if B is None else {"B": B}, dtype=WHOLE)
    # `pad` and packing keep lengths on the CPU whatever the device of the batch; any third place is a slip.
    if str(value.device) not in ("cpu", str(device)):
        raise ValueError(f"{name} is on {value.device}, expected cpu or the device of the batch, {device}")
    low, high = value.aminmax()
    if low < 1 or high > T:
        raise ValueError(f"{_go(name)} from {low} to {high}, expected 1 to T = {T}")
    return value


def takes(**expected: str | Callable) -> Callable:
    """A door before a function: what it expects of each argument, while its body stays the equation it teaches.

    For each argument a shape, as in `tensor`, or a check (name, value). All tensors are to be of the first one's dtype;
    a number may stand for a tensor where a number is the default. The function without its door stays at hand as
    `.plain`, for those who have looked already.
    """

    def door(function):
        parameters = inspect.signature(function).parameters

        @functools.wraps(function)
        def entered(*args, **kwargs):
            given, sizes, first = dict(zip(parameters, args, strict=False)) | kwargs, {}, None
            for name, wanted in expected.items():
                value = given.get(name, parameters[name].default)
                if value is inspect.Parameter.empty:
                    continue  # Python itself says which argument is missing
                if callable(wanted):
                    wanted(name, value)
                elif isinstance(value, Tensor) or not isinstance(parameters[name].default, float):
                    like = f" like {first}" if first else ""
                    tensor(name, value, wanted, sizes, dtype=given[first].dtype if first else None, like=like)
                    first = first or name
                else:
                    number(name, value)
            return function(*args, **kwargs)

        entered.plain = function
        return entered

    return door


def said(value: Any) -> str:
    """What came, in a word or a few."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if value is None or isinstance(value, str | bool | int | float):
        return reprlib.repr(value)
    name = type(value).__name__
    return f"{'an' if name[0] in ('FHLMNRSX' if name.isupper() else 'aeioAEIO') else 'a'} {name}"


def _number(value):
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def _go(name):
    return f"{name} {'go' if name.endswith('s') else 'goes'}"


def _check_dtype(name, value, dtype, like):
    if dtype is None:
        if not value.is_floating_point():
            raise TypeError(f"{name} is {value.dtype}, expected floating-point numbers")
        return
    choices = (dtype,) if isinstance(dtype, torch.dtype) else dtype
    if value.dtype not in choices:
        raise TypeError(f"{name} is {value.dtype}, expected {' or '.join(map(str, choices))}{like}")


def _finite(name, value):
    # A sum takes far less time than a look at each number, and is finite where all are, unless it overflows.
    if not math.isfinite(value.detach().sum().item()) and not value.isfinite().all():
        raise ValueError(f"{name} holds {'NaN' if value.isnan().any() else 'infinity'}, expected finite numbers")
    return value
