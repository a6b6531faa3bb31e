"""Where nan or infinity comes into an answer: the operation that makes it of parts without one, and why it does."""

import ast

import torch

from .edits import name_of
from .noted import Noted
from .values import parts as parts_of

LOGARITHMS = ("log", "log2", "log10", "log1p")
ENDLESS = "infinity divided by infinity is nan"
TOO_LARGE = "so large a number is beyond every float"


def is_odd_only(mine, theirs, odd):
    """Whether an answer holds odd numbers (nan, infinity) and the expected one none."""
    return _holds(mine, odd) and not _holds(theirs, odd)


def first_nan(attempt, case, mine, theirs):
    """A sentence on the operation that brings nan or infinity into an answer whose expected one has none, or None."""
    for odd, verb in (torch.isnan, "It becomes nan"), (torch.isinf, "It becomes infinite"):
        if is_odd_only(mine, theirs, odd):
            found = _made(attempt, case, odd)
            before = _made(attempt, case, torch.isinf) if found and found[1] == ENDLESS else None
            where = f" It becomes infinite at `{before[0]}`: {before[1]}." if before else ""
            return found and f"{verb} at `{found[0]}`: {found[1]}.{where}"
    return None


def _made(attempt, case, odd):
    """(text, reason) of the last operation that makes an odd number of parts without one; others were put right."""
    run = Noted(attempt)
    run.run(case)
    values, found = {}, None
    for i, value in run.events:
        node, text = run.nodes[i]
        sides = [values.get(child) for child in sorted(run.children[i])]
        if _holds(value, odd) and not any(_holds(side, odd) for side in sides) and len(text) <= 70:
            reason = _why(node, sides, odd)
            found = (text, reason) if reason else found
        values[i] = value
    return found


def _holds(value, odd):
    numbers = (part for _, part in parts_of(value))
    numbers = (torch.as_tensor(x) for x in numbers if isinstance(x, float | torch.Tensor))
    return any(bool(odd(x).any()) for x in numbers if x.is_floating_point())


def _why(node, sides, odd):
    """The reason, where the sides show it; or None."""
    nan = odd is torch.isnan
    tensors = [torch.as_tensor(side) for side in sides if isinstance(side, int | float | torch.Tensor)]
    if isinstance(node, ast.BinOp) and len(tensors) == 2:
        a, b = tensors
        if isinstance(node.op, ast.Mult) and nan:
            if any(bool(((x == 0) & torch.isinf(y)).any()) for x, y in ((a, b), (b, a))):
                return "0 times infinity is nan"
        if isinstance(node.op, ast.Div) and bool((b == 0).any()):
            return "0 divided by 0 is nan" if nan else "it divides by 0"
        if isinstance(node.op, ast.Div) and nan and bool((torch.isinf(a) & torch.isinf(b)).any()):
            return ENDLESS
        if isinstance(node.op, ast.Add | ast.Sub) and nan and torch.isinf(a).any() and torch.isinf(b).any():
            return "infinity minus infinity is nan"
        if isinstance(node.op, ast.Pow) and nan and bool((a < 0).any()):
            return "a power that is no whole number, of a number below 0, is nan"
        if isinstance(node.op, ast.Pow) and not nan:
            return "it divides by 0" if bool(((a == 0) & (b < 0)).any()) else f"this power of {TOO_LARGE}"
    if isinstance(node, ast.Call) and tensors:
        (x, *_), name = tensors, name_of(node)
        if name in LOGARITHMS and bool((x < 0 if nan else x == 0).any()):
            return "the logarithm of a number below 0 is nan" if nan else "the logarithm of 0 is minus infinity"
        if name == "sqrt" and nan and bool((x < 0).any()):
            return "the square root of a number below 0 is nan"
        if name in ("softmax", "log_softmax") and nan:
            return "shares of nothing but minus infinity are nan" if torch.isinf(x).any() else None
        if name == "mean" and nan and x.numel() == 0:
            return "the mean of no numbers at all is nan"
        if name == "normalize" and nan and bool(torch.isinf(x).any()):
            return ENDLESS
        if name == "exp" and not nan:
            return f"e to the power of {TOO_LARGE}"
    return None
