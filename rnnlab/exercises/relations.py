"""What relates the numbers that came to those that were expected: an axis, a step, a sign, a factor, one function."""

import math

import torch

from .letters import factor
from .relation_kinds import axes, dims, functions, orders, places, shapes, signs
from .values import near


class Pairs:
    """What came and what was expected on every case, as tensors of doubles, with the letters of each case."""

    def __init__(self, pairs, letters, likely):
        """pairs: [(mine, theirs)] tensors; letters: [Letters]; likely: the letters of the expected shape, or []."""
        self.pairs = [(a.double(), b.double()) for a, b in pairs]
        self.letters, self.likely = letters, likely
        told = [b for a, b in self.pairs if not near(a, b)]
        finite = all(bool(torch.isfinite(x).all()) for pair in self.pairs for x in pair)
        self.rich = finite and sum(b.numel() for b in told) > 1 and all(b.is_floating_point() for _, b in pairs)

    def always(self, relation):
        """Whether on every case the two are equal or stand in the relation, and on one at least the second."""
        told = 0
        for a, b in self.pairs:
            try:
                if relation(a, b):
                    told += 1
                elif not near(a, b):
                    return False
            except (RuntimeError, IndexError, ValueError):
                if not near(a, b):
                    return False
        return told > 0

    def axis(self, d, theirs=True):
        """How an axis is called: T, or axis 1 where its letter is not known."""
        names = set()
        for (a, b), letters in zip(self.pairs, self.letters, strict=True):
            sides = b.shape if theirs else a.shape
            if d >= len(sides):
                return f"axis {d}"
            likely = self.likely[d] if theirs and len(self.likely) == len(sides) else None
            names.add(letters.letter(sides[d], likely))
        name = names.pop() if len(names) == 1 else ""
        return f"{name}, axis {d}" if name.lstrip("0123456789").isalpha() else f"axis {d}"


def relation(pairs, letters, likely):
    """A sentence on how what came relates to what was expected, the same on every case; or None."""
    usable = all(
        isinstance(x, torch.Tensor) and x.layout == torch.strided and not x.is_complex() and x.numel()
        for pair in pairs for x in pair
    )  # fmt: skip
    if not usable:
        return None
    with torch.no_grad():
        if all(near(a, b) for a, b in pairs):
            came, expected = next(((a.dtype, b.dtype) for a, b in pairs if a.dtype != b.dtype), (None, None))
            if came is None:
                return None
            return f"The numbers are right, their dtype is not: it is `{came}`, expected `{expected}`."
        p = Pairs(pairs, letters, likely)
        for room in shapes, axes, signs, places, functions, orders:
            if room in (signs, functions) and not p.rich:
                continue  # whole numbers and single ones are alike by chance
            for sentence, holds in room(p):
                if p.always(holds):
                    return _with_shapes(sentence, p) if room is shapes else sentence
        return (p.rich and _factor(p)) or _offset(p) or _partly(p)


def _with_shapes(sentence, p):
    """A sentence on the shape alone, with the shapes in it."""
    if not sentence.endswith("only the shape is not."):
        return sentence
    (a, b), letters = next((pair, letters) for pair, letters in zip(p.pairs, p.letters, strict=True)
                           if pair[0].shape != pair[1].shape)  # fmt: skip
    return f"{sentence[:-1]}: it is {letters.shape(a.shape, p.likely)}, expected {letters.shape(b.shape, p.likely)}."


def _factor(p):
    """All numbers times one factor, and how it is called."""
    called = None
    for (a, b), letters in zip(p.pairs, p.letters, strict=True):
        if a.shape != b.shape or not torch.isfinite(b).all() or near(a, b):
            if a.shape == b.shape and near(a, b):
                continue
            return None
        large = b.abs() > 1e-9
        if not large.any():
            return None
        ratio = (a[large] / b[large]).flatten()[0].item()
        if not math.isfinite(ratio) or abs(ratio) < 1e-6 or not near(a, b * ratio):
            return None
        names = factor(ratio, letters)
        called = names if called is None else called & names
    if called:
        name = sorted(called, key=lambda name: (len(name), name))[0]
        return f"All numbers are too {'small' if abs(ratio) < 1 else 'large'} by a factor: they are the expected ones times {name}."  # fmt: skip  # noqa: E501
    return None


def _offset(p):
    """All numbers off by the same."""
    offsets = set()
    for a, b in p.pairs:
        if a.shape != b.shape or (b.numel() < 2 and len(p.pairs) < 3):
            return None
        by = (a - b).flatten()[0].item()
        if not math.isfinite(by) or not near(a, b + by):
            return None
        offsets.add(round(by, 4))
    if len(offsets) == 1 and (by := offsets.pop()) != 0:
        return f"All numbers are off by the same: {abs(by):g} too {'large' if by > 0 else 'small'}."
    return None


def _partly(p):
    """All but the first or last right; only the first or last right."""
    if not p.rich and sum(not near(a, b) for a, b in p.pairs) < 2:
        return None
    for d in range(dims(p)):
        kinds = {}
        for a, b in p.pairs:
            if a.shape != b.shape or d >= a.dim():
                return None
            right = (
                torch.isclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True).movedim(d, 0).reshape(a.shape[d], -1).all(1)
            )
            if right.all() or len(right) < 2:
                continue
            kinds.setdefault("all but the last", []).append(bool(right[:-1].all()))
            kinds.setdefault("all but the first", []).append(bool(right[1:].all()))
            kinds.setdefault("only the first", []).append(bool(right[0] and not right[1:].any()))
            kinds.setdefault("only the last", []).append(bool(right[-1] and not right[:-1].any()))
        for which, holds in kinds.items():
            if all(holds):
                verb = "are" if which.startswith("all") else "is"
                return f"{which[0].upper()}{which[1:]} along {p.axis(d)} {verb} right."
    return None
