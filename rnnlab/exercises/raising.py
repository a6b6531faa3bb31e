"""What is said of an attempt that raises: where it stopped, at what operation, on which shapes."""

import ast
import inspect
import re
import traceback

import torch

from .noted import FILE, Noted
from .slips import message
from .values import kind as kind_of


def raised_at(attempt, case):
    """Where an attempt raises: (text of the expression, its node, [(text, value) of its operands]); or None."""
    mine = Noted(attempt)
    error = mine.run(case)
    if error is None:
        return None
    last, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == FILE:
            last = at
        at = at.tb_next
    if last is None:
        return None
    spot = list(last.tb_frame.f_code.co_positions())[last.tb_lasti // 2]
    values = dict(mine.events)
    if "values to unpack" in str(error) and mine.events:
        i, value = mine.events[-1]
        if mine.nodes[i][0].lineno == spot[0] and isinstance(value, list | tuple | torch.Tensor):
            return mine.nodes[i][1], None, value
    for i, (node, text) in enumerate(mine.nodes):
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == spot:
            operands = [(mine.nodes[child][1], values[child]) for child in sorted(mine.children[i]) if child in values]
            if isinstance(node, ast.Call | ast.BinOp | ast.Subscript | ast.Attribute | ast.Compare | ast.UnaryOp):
                return text, node, operands
    return None


def stopped(text, node, operands, error, letters):
    """The sentence where the place is known: `text` of `node`, and the values of its operands."""
    shown = [(name, value) for name, value in operands if isinstance(value, torch.Tensor) and value.dim()]
    shapes = [letters.shape(value.shape) for _, value in shown]
    said = message(error).rstrip(".:")
    if hasattr(node, "op") and len(shown) == 2 and isinstance(error, RuntimeError):
        sign = "times" if type(node.op).__name__ == "MatMult" else "and"
        (a, b), (x, y) = shapes, (shown[0][1].shape, shown[1][1].shape)
        against = ""
        if sign == "times" and len(x) and len(y):
            inner = x[-1], y[-2] if len(y) > 1 else y[0]
            if inner[0] != inner[1]:
                against = f": {letters.letter(inner[0])} against {letters.letter(inner[1])}"
                if len(x) > 1 and len(y) > 1 and x[-1] == y[-1] and inner[0] > 1:
                    against += (
                        f". {letters.letter(inner[0])} is the last axis of both: one of them has to be transposed"
                    )
        return f"It stopped at `{text}`: {a} {sign} {b} {'does' if sign == 'times' else 'do'} not fit{against}."
    there = " and ".join(f"`{name}` is {shape}" for (name, _), shape in zip(shown[:3], shapes, strict=False))
    kind = type(error).__name__
    there = there or _told(operands)
    return f"It stopped at `{text}`: {there + '. ' if there else ''}{kind}{': ' if said else ''}{said}."


def _told(operands):
    """What else than a tensor the operation got, where that says something: a dict's keys, an odd entry, a kind."""
    for name, value in operands:
        if isinstance(value, dict) and 0 < len(value) < 7 and all(isinstance(key, str | int) for key in value):
            return f"the keys of `{name}` are {', '.join(map(repr, value))}"
        if isinstance(value, list) and value:
            kinds = [type(item) for item in value]
            odd = next((i for i, k in enumerate(kinds) if k in (str, type(None)) and kinds[0] in (int, float, k)), None)
            if odd is not None and {*kinds} & {int, float}:
                return f"`{name}` has {value[odd]!r} at place {odd}, among numbers"
        if hasattr(value, "values") and hasattr(value, "indices") and isinstance(value, tuple):
            return f"`{name}` is a pair, the values and their indices"
        if isinstance(value, tuple) and type(value) is not tuple:
            return f"`{name}` is {kind_of(value)}, not a tensor"
    return ""


def unpacked(text, value, error, letters):
    """The sentence where `text`, of this value, is unpacked to another number of names."""
    names, count = re.search(r"expected (\d+)", str(error))[1], len(value)
    what = f"a tensor {letters.shape(value.shape)}" if isinstance(value, torch.Tensor) else kind_of(value)
    return f"`{text}` is {what}: unpacked, that makes {count}, and there are {names} names for them."


def plainly_raised(error, attempt):
    """The sentence where only the error is known, and the line of the attempt."""
    file = getattr(getattr(inspect.unwrap(attempt), "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file and frame.line]
    said, kind = message(error).rstrip(".:"), type(error).__name__
    if isinstance(error, RecursionError) and len(lines) > 50:
        return f"It calls itself without end, at `{lines[-1]}`: Python stops that with a RecursionError."
    place = f" at `{lines[-1]}`" if lines else ""
    return f"It stopped{place}: {kind}{': ' if said else ''}{said}."
