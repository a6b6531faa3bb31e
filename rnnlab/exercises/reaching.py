"""Whether what is wrong in an answer hangs on an expression: its value is stirred, and the answer looked at."""

import ast

import torch

from .edits import name_of
from .values import NEAR, number_in, parts

TRIES = 4


def reaches(run, i, case, came, expected):
    """Whether other values at an expression change what is wrong in an answer; True where that cannot be told.

    run: `Noted`, which returned `came` on the case where `expected` is right; i: which of its expressions.
    """
    node, turns = run.nodes[i][0], [value for j, value in run.events if j == i]
    if isinstance(node, ast.Call) and (name_of(node) or "").endswith("_"):
        return True  # it works in place, and its value is not the point
    if not all(map(_is_of_fractions, turns)) or not any(map(_is_not_zero, turns)):
        return True
    events, run.events = run.events, []
    for seed in range(TRIES):
        other, error = run.result(case, {i: [_stirred(value, TRIES * k + seed) for k, value in enumerate(turns)]})
        told = error is not None or _differs_where_wrong(came, other, expected)
        if told:
            break
    run.events = events
    return told


def _is_of_fractions(value):
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(map(_is_of_fractions, value))
    return value.is_floating_point() if isinstance(value, torch.Tensor) else isinstance(value, float)


def _is_not_zero(value):
    if isinstance(value, list | tuple):
        return any(map(_is_not_zero, value))
    value = torch.as_tensor(value)
    return bool((torch.isfinite(value) & (value != 0)).any())


def _stirred(value, seed):
    """The value with every number times one of its own: what is 0 stays 0."""
    if isinstance(value, list | tuple):
        return type(value)(_stirred(item, seed + k) for k, item in enumerate(value))
    generator = torch.Generator().manual_seed(seed)
    if isinstance(value, float):
        return value * torch.randn((), generator=generator).exp().item()
    return value * torch.randn(value.shape, generator=generator).exp().to(value.dtype)


def _differs_where_wrong(came, other, expected):
    """Whether two answers differ where the first is not as expected; True where they cannot be laid side by side."""
    came, other, expected = parts(came), parts(other), parts(expected)
    if not len(came) == len(other) == len(expected):
        return True
    for (_, a), (_, b), (_, right) in zip(came, other, expected, strict=True):
        numbers = [number_in(one) for one in (a, b, right)]
        if None not in numbers:
            a, b, right = (torch.tensor(float(number)) for number in numbers)
        tensors = sum(isinstance(one, torch.Tensor) for one in (a, b, right))
        if not tensors and (a == right or a == b):
            continue
        if tensors < 3 or not a.shape == b.shape == right.shape or a.is_complex():
            return True
        wrong, changed = (~torch.isclose(a.double(), one.double(), equal_nan=True, **NEAR) for one in (right, b))
        if bool((wrong & changed).any()):
            return True
    return False
