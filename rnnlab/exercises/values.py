"""What functions take and return: kept as it was, compared, named."""

import dataclasses
import math
import types

import numpy as np
import torch

GONE, OVERWRITTEN = "gone", "overwritten"
NEAR = {"rtol": 1e-4, "atol": 1e-6}


def plain(value):
    """A copy that does not change any more: tensors detached, what NumPy has as Python's; lists and dicts of them."""
    if type(value) in (torch.Tensor, torch.nn.Parameter):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.number | np.bool_ | np.str_):
        return value.item()
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, list):
        return list(map(plain, value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def same(mine, theirs):
    """Whether `mine` is as good as the reference's `theirs`: the kind, shape and dtype, and nearly the same numbers."""
    if isinstance(theirs, torch.Tensor):
        return type(mine) is torch.Tensor and mine.dtype == theirs.dtype and near(mine, theirs)
    if isinstance(theirs, bool) or theirs is None:
        return mine is theirs
    if isinstance(theirs, int | float):
        number = number_in(mine)
        if number is None or (isinstance(theirs, int) and not isinstance(mine, int)):
            return False
        return number == theirs or (
            isinstance(theirs, float) and (math.isclose(number, theirs, rel_tol=1e-4, abs_tol=1e-6))
            or (math.isnan(number) and math.isnan(theirs))
        )  # fmt: skip
    if isinstance(theirs, list | tuple):
        return isinstance(mine, list | tuple) and len(mine) == len(theirs) and all(map(same, mine, theirs))
    if isinstance(theirs, dict):
        return isinstance(mine, dict) and mine.keys() == theirs.keys() and all(same(mine[k], theirs[k]) for k in theirs)
    return type(mine) is type(theirs) and bool(mine == theirs)


def near(mine, theirs):
    """Whether two tensors of any dtype have the same shape and nearly the same numbers."""
    if mine.shape != theirs.shape or mine.layout != theirs.layout or mine.is_complex() != theirs.is_complex():
        return False
    if not mine.is_complex():
        mine, theirs = mine.double(), theirs.double()
    return bool(torch.isclose(mine, theirs, equal_nan=True, **NEAR).all())


def number_in(value):
    """The number that a Python number or a tensor without axes is, or None."""
    if type(value) is torch.Tensor and value.dim() == 0 and not value.is_complex() and value.dtype != torch.bool:
        value = value.item()
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def parts(value):
    """The tensors, numbers and strings in a value, in order, with their way there: ((), x), ((0,), x[0]) …"""
    if isinstance(value, list | tuple):
        return [((i, *way), part) for i, item in enumerate(value) for way, part in parts(item)]
    if isinstance(value, dict):
        return [((key, *way), part) for key, item in value.items() for way, part in parts(item)]
    return [((), value)]


def gradients(value, arguments):
    """For each tensor in `value`: None without a gradient, else {name of the argument: its gradient or None}.

    Where the way back was gone once already, and is closed: GONE; where what it needs has other numbers: OVERWRITTEN.
    """
    leaves, found = _leaves(arguments), []
    for _, part in parts(value):
        if not isinstance(part, torch.Tensor) or not part.requires_grad:
            found.append(None)
            continue
        weights = torch.linspace(0.5, 1.5, part.numel(), dtype=part.dtype).reshape(part.shape)
        try:
            flows = torch.autograd.grad(
                (part * weights).sum(), [leaf for _, leaf in leaves], retain_graph=True, allow_unused=True
            ) if leaves else ()  # fmt: skip
        except RuntimeError as error:
            if "second time" not in str(error) and "inplace operation" not in str(error):
                raise
            found.append(GONE if "second time" in str(error) else OVERWRITTEN)
            continue
        found.append({name: flow for (name, _), flow in zip(leaves, flows, strict=True)})
    return found


def _leaves(arguments, name=None):
    """Every (name of its argument and a number, tensor that learns) in named arguments."""
    found = []
    for key, value in arguments.items() if isinstance(arguments, dict) else enumerate(arguments):
        key = key if name is None else name
        if isinstance(value, torch.nn.Module):
            value = list(value.parameters())
        if isinstance(value, torch.Tensor):
            found += [value] if value.requires_grad and value.is_leaf else []
        elif isinstance(value, list | tuple | dict):
            found += [leaf for _, leaf in _leaves(value, key)]
        found = [pair if isinstance(pair, tuple) else ((key, len(found)), pair) for pair in found]
    return found


def untouched(before, after, depth=0):
    """Whether an argument or a thing on the page still has the value it had, in all its parts."""
    if before is after or depth > 20:
        return True if not isinstance(before, torch.Tensor) else before is after
    if type(before) is not type(after):
        return False
    if isinstance(before, torch.Tensor):
        equal = before.shape == after.shape and before.dtype == after.dtype and before.layout == after.layout
        return equal and before.requires_grad == after.requires_grad and torch.equal(
            torch.nan_to_num(before.detach()), torch.nan_to_num(after.detach())
        )  # fmt: skip
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    if isinstance(before, torch.nn.Module):
        flags = [[m.training for m in module.modules()] for module in (before, after)]
        return flags[0] == flags[1] and untouched(dict(before.state_dict()), dict(after.state_dict()), depth + 1)
    if isinstance(before, dict):
        return list(before) == list(after) and all(untouched(before[key], after[key], depth + 1) for key in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(untouched(a, b, depth + 1) for a, b in zip(before, after, strict=True))
    if isinstance(before, int | float | str | bytes | set | frozenset):
        return before == after or before != before
    if isinstance(before, types.FunctionType | types.ModuleType | type):
        return False
    if dataclasses.is_dataclass(before) or hasattr(before, "__dict__"):
        return untouched(vars(before), vars(after), depth + 1)
    return True


def kind(value):
    """What a value is, in words: a tensor of shape (2, 3), a list of 3, an int."""
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    name = {"NoneType": "None", "builtin_function_or_method": "function"}.get(
        type(value).__name__, type(value).__name__
    )
    article = "" if name == "None" else "an " if name[0].lower() in "aeiou" else "a "
    return f"{article}{name}" + (f" of {len(value)}" if isinstance(value, list | tuple) else "")
