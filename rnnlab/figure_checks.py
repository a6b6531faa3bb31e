"""What `figures` refuses: numbers, names and labels that no picture can show."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.colours import COLOUR


def axes(ax: Any) -> plt.Axes:
    """What is drawn on."""
    if not isinstance(ax, plt.Axes):
        raise TypeError(f"ax must be a matplotlib Axes, as every function of figures returns, not {type(ax).__name__}.")
    return ax


def colour(name: Any) -> str:
    """The name of a colour."""
    if name not in list(COLOUR):
        raise ValueError(f"colour must be one of {', '.join(COLOUR)}, not {name!r}.")
    return name


def labels(name: str, values: Any) -> list:
    """Texts or numbers in a row; a str is a row of letters."""
    values = list(values) if isinstance(values, str) else values
    return expect.several(name, values, "labels, each a text or a number", str | Real, empty=True)


def filled(name: str, named: Any) -> dict:
    """A dict with something in it."""
    if not isinstance(named, dict) or not named:
        came = "an empty one" if isinstance(named, dict) else type(named).__name__
        raise TypeError(f"{name} must be a dict of names and values with at least one entry, not {came}.")
    return named


def of(name: str, named: Any, others: Iterable) -> list[tuple]:
    """The entries of a dict whose names must be among the others', none without one."""
    named = {} if named is None else expect.kind(name, named, dict, "a dict")
    for key in named:
        if key not in others:
            raise ValueError(f"{name} has {key!r}, expected names of {', '.join(map(repr, others))}.")
    return list(named.items())


def ranges(spread: Any, others: dict[Any, list], log: bool = False) -> dict[Any, list[list[float]]]:
    """{name: [low, high]} of a spread, each end as long as the values it belongs to."""
    found = {}
    for name, sides in of("spread", spread, others):
        what = f"spread of {name!r}"
        if not isinstance(sides, tuple | list | Tensor) or len(sides) != 2:
            raise TypeError(f"{what} is {expect.said(sides)}, expected a pair (low, high).")
        found[name] = [row(what, numbers(what, side).reshape(-1), log) for side in sides]
        for side in found[name]:
            as_long(what, side, name, others[name])
    return found


def as_long(what: str, found: list, name: Any, values: list) -> None:
    """As many numbers as there are values."""
    if len(found) != len(values):
        raise ValueError(f"{what} has {len(found)} values, series {name!r} has {len(values)}.")


def numbers(name: str, values: Any) -> Tensor:
    """Real numbers, in a tensor or an array as they are, in lists as float64."""
    try:
        values = values.copy() if isinstance(values, np.ndarray) else values  # it may be turned round
        values = torch.as_tensor(values, dtype=None if hasattr(values, "dtype") else torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"{name} is {expect.said(values)}, expected numbers.") from None
    if values.is_complex():
        raise TypeError(f"{name} is {values.dtype}, expected real numbers.")
    return values.detach().cpu()


def row(name: str, values: Any, log: bool = False) -> list[float]:
    """Finite numbers in a row, above 0 for a logarithmic axis."""
    values = numbers(name, values).double()
    if values.dim() != 1:
        raise ValueError(f"{name} has shape {tuple(values.shape)}, expected (N,).")
    if not len(values):
        raise ValueError(f"{name} has no values.")
    for bad, what in [(values.isnan(), "a NaN"), (values.isinf(), "an infinity")]:
        if bad.any():
            raise ValueError(f"{name} has {what} at {bad.nonzero()[0].item()}.")
    if log and values.min() <= 0:
        at = values.argmin().item()
        raise ValueError(f"{name} is {values[at]:g} at {at}, and a logarithmic axis holds only what is above 0.")
    return values.tolist()
