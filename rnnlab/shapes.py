"""Shapes in the house's letters, "B T I": what they say of a tensor.

The first tensor with a letter says how long that axis is, a number stands for itself, "4H" is four times H, "T+1" one
more than T, a leading "..." any axes; "T I or T B I" is a choice.
"""

import functools
import re

from torch import Tensor


def check(name: str, value: Tensor, shape: str, sizes: dict[str, int]) -> None:
    """Refuse a tensor of another shape with a ValueError; letters that are new in `shape` are added to `sizes`."""
    came, known = list(value.shape), dict(sizes)
    axes = next((axes for axes in _choices(shape) if len(axes) == len(came)), _choices(shape)[0])
    if axes[0] == "..." and len(came) >= len(axes) - 1:
        leading = [str(length) for length in came[: len(came) - len(axes) + 1]]
        axes = sizes.setdefault("...", leading) + axes[1:]
    fits = len(came) == len(axes)
    for axis, length in zip(axes, came, strict=False):
        times, letter, more = _parts(axis)
        each = sizes.setdefault(letter, (length - more) // times) if letter else 1
        fits = fits and length == times * each + more
    if not fits:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, expected {letters(shape, known)}")


@functools.cache
def _choices(shape):
    return [choice.split() for choice in shape.split(" or ")]


@functools.cache
def _parts(axis):
    """How many times which letter and what more: 4H -> 4, H, 0 and T+1 -> 1, T, 1; a number is so many times none."""
    times, letter, more = re.fullmatch(r"(\d*)([^\d+]*)(?:\+(\d+))?", axis).groups()
    return int(times or 1), letter, int(more or 0)


def letters(shape: str, known: dict[str, int]) -> str:
    """The house's way to write a shape, with what is known of it: (T, I) with I = 3."""
    said, here = [], {}
    for axes in _choices(shape):
        axes = known.get("...", ["..."]) + axes[1:] if axes[0] == "..." else axes
        said.append(f"({', '.join(axes)}{',' * (len(axes) == 1)})")
        here |= {letter: known[letter] for _, letter, _ in map(_parts, axes) if letter in known and letter != "..."}
    such = " with " + ", ".join(f"{letter} = {size}" for letter, size in here.items()) if here else ""
    return " or ".join(said) + such
