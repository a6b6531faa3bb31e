"""An expression of a right answer in words: what it does, for a learner who wrote it in another way."""

import ast

from .edits import name_of
from .edits_of_sums import is_method, number

LONGEST = 80  # characters; of more than that nobody sees what is meant
PAIRS = {ast.Add: "the sum of {} and {}", ast.Sub: "{} minus {}", ast.Mult: "{} times {}", ast.Div: "{} divided by {}",
         ast.MatMult: "the matrix product of {} and {}", ast.Pow: "{} to the power of {}",
         ast.FloorDiv: "{} divided by {} and rounded down", ast.Mod: "what {} leaves when divided by {}"}  # fmt: skip
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
         ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not"}  # fmt: skip


def in_words(node, quoted):
    """The node in words, or None. quoted: gives the code of a part in backticks, or None where it may not be said."""
    said = _said(node, quoted)
    return said if said and len(said) <= LONGEST else None


def _said(node, quoted):
    code = quoted(node)
    if code:
        return code
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Pow) and number(node.right) == 2:
            return _around("the square of {}", quoted, node.left)
        return _around(PAIRS.get(type(node.op)), quoted, node.left, node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _around("minus {}", quoted, node.operand)
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        return _around("{} transposed", quoted, node.value)
    if isinstance(node, ast.Subscript):
        if all(map(_is_every, node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])):
            return _said(node.value, quoted)
        at = number(node.slice)
        return _around("the entry of {}" if at is None else f"entry {at} of {{}}", quoted, node.value)
    if isinstance(node, ast.Tuple | ast.List):
        return _around(f"({', '.join(['{}'] * len(node.elts))})", quoted, *node.elts)
    if isinstance(node, ast.Call) and name_of(node):
        operand = node.func.value if is_method(node) else node.args[0] if node.args else None
        return operand and _around(f"`{name_of(node)}` of {{}}", quoted, operand)
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return _around("the new {}", quoted, node.targets[0])
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and name_of(node.value):
        return f"the `{name_of(node.value)}`"
    return None


def _around(template, quoted, *parts):
    said = [_said(part, quoted) for part in parts]
    return None if template is None or None in said else template.format(*said)


def _is_every(index):
    """Whether an index takes all there is, or only makes a new axis."""
    new = isinstance(index, ast.Constant) and index.value in (None, ...)
    return new or (isinstance(index, ast.Slice) and index.lower is None and index.upper is None)


def compared(node):
    """The sign of a comparison, in backticks; or None."""
    return f"`{SIGNS[type(node.ops[0])]}`" if isinstance(node, ast.Compare) else None
