"""What is said of an attempt that raises: where it stopped, at what operation, on which shapes."""

import ast
import inspect
import traceback

import torch

from .place import FILE, Noted
from .slips import message


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
    values = {}
    for i, value in mine.events:
        values[i] = value
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
        return f"It stopped at `{text}`: {a} {sign} {b} {'does' if sign == 'times' else 'do'} not fit{against}."
    there = " and ".join(f"`{name}` is {shape}" for (name, _), shape in zip(shown[:3], shapes, strict=False))
    kind = type(error).__name__
    return f"It stopped at `{text}`: {there + '. ' if there else ''}{kind}{': ' if said else ''}{said}."


def plainly_raised(error, attempt):
    """The sentence where only the error is known, and the line of the attempt."""
    file = getattr(getattr(inspect.unwrap(attempt), "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file and frame.line]
    said, kind = message(error).rstrip(".:"), type(error).__name__
    if isinstance(error, RecursionError) and len(lines) > 50:
        return f"It calls itself without end, at `{lines[-1]}`: Python stops that with a RecursionError."
    place = f" at `{lines[-1]}`" if lines else ""
    return f"It stopped{place}: {kind}{': ' if said else ''}{said}."
