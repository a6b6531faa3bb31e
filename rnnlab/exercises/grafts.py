"""Where one right value makes an attempt right: values of a right answer put in the place of its own, one by one."""

import ast
from collections import defaultdict
from dataclasses import dataclass

import torch

from .noted import Noted
from .relations import relation
from .slips import alike
from .values import near, number_in

MOST = 250  # runs for one attempt


@dataclass
class Graft:
    """An expression of an attempt where right values make all right."""

    at: int  # which of the expressions it is, in the order of the text
    text: str
    whole: bool  # whether it is the answer itself
    came: list  # its values, one for each time it was reached
    right: list  # those that make all right

    def difference(self, letters):
        """How its values relate to the right ones, as a sentence; or None."""
        pairs = list(zip(self.came, self.right, strict=True))
        numbers = [number_in(value) for pair in pairs[:1] for value in pair]
        if len(pairs) == 1 and None not in numbers:
            if any(isinstance(number, int) and number < 0 for number in numbers):
                return None  # as an index it counts from the end, and may be the same place
            return "it is {:.4g}, and {:.4g} belongs there.".format(*numbers)
        if not all(isinstance(value, torch.Tensor) for pair in pairs for value in pair):
            return None
        said = relation(pairs, [letters] * len(pairs), [])
        return said and said[0].lower() + said[1:]


def grafted(attempt, answer, cases, right):
    """The first expression where right values make all right, as a `Graft`; or None.

    cases: some on which the attempt is wrong; right: their outcomes (value, error). What is wrong with the attempt then
    lies in this expression, or in what it is made of.
    """
    mine, theirs = Noted(attempt), Noted(answer)
    for run in mine, theirs:
        run.run(cases[0])
    own, offered, tried = _turns(mine), _turns(theirs), 0
    counted = [k for k, (node, _) in enumerate(mine.nodes) if _is_off(node)]
    inner = {i for k in counted for i in mine.children[k]}
    for i, values in own.items():
        node = mine.nodes[i][0]
        if isinstance(node, ast.Name | ast.Tuple | ast.List) or (i in inner and _is_size(node)):
            continue
        mask = any(
            getattr(value, "dtype", None) == torch.bool for value in values
        )  # it may be right the other way round
        if not mask and any(_fit(values, others) and _same(values, others) for others in offered.values()):
            continue  # it is right as it stands
        seen = []
        for j, others in offered.items():
            if not _fit(values, others) or any(_same(others, before) for before in (values, *seen)):
                continue
            seen.append(others)
            tried += 1
            if tried > MOST:
                return None
            if alike(mine.result(cases[0], {i: others}), right[0]) and _again(mine, theirs, i, j, cases[1:], right[1:]):
                return Graft(i, mine.nodes[i][1], _same([right[0][0]], others[-1:]), values, others)
    return None


def _is_off(node):
    """Whether an expression is another one and a number, as one writes `n - 1` and `n // 2`."""
    return isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)


def _is_size(node):
    """Whether an expression only counts what is there: right as it stands, and what is made of it may not be."""
    if isinstance(node, ast.BinOp):
        return all(_is_size(side) or isinstance(side, ast.Constant) for side in (node.left, node.right))
    called = isinstance(node, ast.Call) and getattr(node.func, "id", None) == "len"
    return called or (isinstance(node, ast.Subscript) and getattr(node.value, "attr", None) == "shape")


def _again(mine, theirs, i, j, cases, right):
    """Whether the same exchange makes the other cases right too."""
    for case, outcome in zip(cases, right, strict=True):
        theirs.events.clear()
        theirs.run(case)
        if not alike(mine.result(case, {i: _turns(theirs).get(j, [])}), outcome):
            return False
    return True


def _turns(run):
    """{node: the values it had, one for each time it was reached}, in the order of the first."""
    found = defaultdict(list)
    for i, value in run.events:
        found[i].append(value)
    return found


def _fit(values, others):
    """Whether the one could stand for the other: as many, of one kind and shape."""
    return len(values) == len(others) and all(map(_alike_in_kind, values, others))


def _alike_in_kind(a, b):
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and a.is_floating_point() == b.is_floating_point()
    number = int | float
    return isinstance(a, number) and isinstance(b, number) and not isinstance(a, bool) and not isinstance(b, bool)


def _same(values, others):
    return len(values) == len(others) and all(
        near(torch.as_tensor(a), torch.as_tensor(b))
        for a, b in zip(values, others, strict=True)
        if isinstance(a, torch.Tensor | int | float) and isinstance(b, torch.Tensor | int | float)
    )
