"""Sizes in an attempt, changed to those of its arguments: a number that fits one size only, another thing's size."""

import ast

import torch

from .edits import name_of
from .trees import Edit, words


def sizes(tree, case):
    """Each size or whole number of the attempt, with the size of an argument in its place: an `Edit` each."""
    known = [] if tree.whiles else list(_known(tree, case))  # another size may make a `while` endless
    for holder, key, node in list(tree.nodes()):
        fixed = isinstance(node, ast.Constant) and type(node.value) is int and node.value > 2
        if isinstance(holder, ast.keyword) and holder.arg in ("dim", "axis", "dims"):
            continue
        if fixed and isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.Pow):
            continue
        if fixed or _is_size(node):
            for new, said in known:
                if words(new) != words(node):
                    yield Edit("fixed size" if fixed else "another size", holder, key, new, node, to=said)


def _known(tree, case):
    for name, value in zip(tree.parameters, case, strict=False):
        if isinstance(value, torch.Tensor):
            for d in range(value.dim()):
                shape = ast.Attribute(ast.Name(name, ast.Load()), "shape", ast.Load())
                yield ast.Subscript(shape, ast.Constant(d), ast.Load()), f"the size of `{name}` along axis {d}"
        elif isinstance(value, list | str):
            call = ast.Call(ast.Name("len", ast.Load()), [ast.Name(name, ast.Load())], [])
            yield call, f"the length of `{name}`"


def _is_size(node):
    """Whether a node is a size: x.shape[0], x.size(0), len(x)."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    return isinstance(node, ast.Call) and len(node.args) == 1 and name_of(node) in ("size", "len")
