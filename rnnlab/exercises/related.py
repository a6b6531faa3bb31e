"""How an answer of any kind relates to the expected one: tensors and numbers, parts by themselves, lists, the dtype."""

import torch

from . import lists, values
from .relations import relation


def related(mine, theirs, letters, returns):
    """A sentence on how the answers of all cases relate to those expected, or None."""
    said = lists.relation(mine, theirs)
    if said:
        return said
    if isinstance(theirs[0], list | tuple):
        if not all(isinstance(a, list | tuple) and len(a) == len(b) for a, b in zip(mine, theirs, strict=True)):
            return None
        return _parts(mine, theirs, letters, returns)
    return _whole(mine, theirs, (), 1, letters, returns)


def _parts(mine, theirs, letters, returns):
    if len({len(b) for b in theirs}) > 1 or not any(isinstance(item, torch.Tensor | float) for item in theirs[0]):
        return None
    pairs = list(zip(mine, theirs, strict=True))
    wrong = [k for k in range(len(theirs[0])) if not all(values.same(a[k], b[k]) for a, b in pairs)]
    if not wrong:
        return None
    k, count = wrong[0], len(theirs[0])
    said = _whole([a[k] for a in mine], [b[k] for b in theirs], (k,), count, letters, returns)
    if said is None:
        return None
    others = "" if len(wrong) > 1 or count > 2 else f"The {'second' if k == 0 else 'first'} part is right. "
    name = returns.name((k,), count)
    return f"{others}{name[0].upper()}{name[1:]}: {said[0].lower()}{said[1:]}"


def _whole(mine, theirs, way, count, letters, returns):
    if any(values.number_in(b) is not None for b in theirs):
        if any(values.number_in(a) is None for a in mine) or not isinstance(theirs[0], float | torch.Tensor):
            return None
        mine, theirs = ([torch.tensor(float(x), dtype=torch.float64) for x in side] for side in (mine, theirs))
    if not all(isinstance(x, torch.Tensor) for x in (*mine, *theirs)):
        return None
    return relation(list(zip(mine, theirs, strict=True)), letters, returns.letters(way, count))


def given_back(names, cases, outcomes):
    """The name of the argument that comes back as it was, in every case; or None."""
    for k, name in enumerate(names):
        pairs = [(case[k], value) for case, (value, _) in zip(cases, outcomes, strict=True)]
        if all(isinstance(a, torch.Tensor | list) and values.same(values.plain(a), b) for a, b in pairs):
            return name
    return None


def where(wrong, letters):
    """For a fault that shows only where one letter is 1: which."""
    names = sorted({name for case in letters for name in case.sizes})
    ones = {name: [i for i, case in enumerate(letters) if case.sizes.get(name) == 1] for name in names}
    name = next((name for name in names if ones[name] == wrong and len(wrong) < len(letters)), None)
    return f"Where {name} is 1 it goes wrong. " if name else ""


def dressed(outcomes, right, returns):
    """A sentence where all numbers are right and a dtype is not, or None."""
    if any(error is not None for _, error in outcomes):
        return None
    for (mine, _), (theirs, _) in zip(outcomes, right, strict=True):
        pairs = values.parts(mine), values.parts(theirs)
        if len(pairs[0]) != len(pairs[1]):
            return None
        for (_, a), (_, b) in zip(*pairs, strict=True):
            tensors = isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)
            if not (values.near(a, b) if tensors else values.same(a, b)):
                return None
    for (mine, _), (theirs, _) in zip(outcomes, right, strict=True):
        parts = values.parts(theirs)
        for (way, b), (_, a) in zip(parts, values.parts(mine), strict=True):
            if isinstance(b, torch.Tensor) and a.dtype != b.dtype:
                of = f" of {returns.name(way, len(parts))}" if way else ""
                return f"The numbers{of} are right, their dtype is not: it is `{a.dtype}`, expected `{b.dtype}`."
    return None
