"""Where an attempt leaves the right way: the first expression whose parts are right and which itself is not."""

import ast
import types
from dataclasses import dataclass

import torch

from .letters import Letters
from .noted import Noted, clean
from .reaching import reaches
from .reading import Reader
from .trees import words
from .values import NEAR

SHORT = 70  # characters of code a sentence quotes at most
BOXES = {"zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "full", "full_like", "set", "list", "dict",
         "arange", "cat", "stack"}  # fmt: skip
DRESSES = {"float", "double", "long", "int", "to", "type_as"}
KEEPS = {"list", "tuple", "iter", "float", "sorted"}  # a start value, or what it was in another dress
CUTTERS = {"view", "reshape", "unflatten"}
SIZES = {"shape", "dtype", "device", "size", "dim", "ndim", "numel", "len", "range"}


@dataclass
class Place:
    """An expression, or the head of a loop, where an attempt leaves the right way."""

    at: int  # which of the expressions of the attempt it is, in the order of the text
    text: str
    node: ast.AST
    values: dict  # {text of an expression: the value it had last}
    layers: list  # those that right answers make and call
    turning: set  # names that another turn of a loop gives another value
    sure: bool = True  # whether all before it is right
    reaching: bool = True  # whether what is wrong hangs on it

    def reading(self, letters):
        """What it does, as the end of a sentence whose subject is "it"; or None."""
        reader = Reader(self.values, letters, self.layers, self.turning)
        return reader.loop(self.node) if isinstance(self.node, ast.For) else reader.read(self.node)


def first_place(attempt, answers, case, expected):
    """The first `Place` whose parts are right and which is not, or the loop that makes it so; None if there is none.

    answers: right answers; a value is right if it comes up in the run of one of them. expected: what they return.
    """
    right, written = [], set()
    for answer in answers:
        try:
            theirs = Noted(answer)
        except (OSError, TypeError, SyntaxError):
            continue
        theirs.run(case)
        right += [value for _, value in theirs.events]
        written |= {text for _, text in theirs.nodes}
    layers = [value for value in right if isinstance(value, torch.nn.Module)]
    pool = _Pool([*right, *case])
    mine = Noted(attempt)
    came, _ = mine.result(case, {})
    good, values, guessed, aside, halves = {}, {}, set(), None, False
    for i, value in list(mine.events):
        parts = all(good.get(child, True) for child in mine.children[i])
        node, text = mine.nodes[i]
        values[text] = value
        good[i] = parts if _is_made_up(node, value, values) or _is_number(value) else pool.holds(value)
        good[i] &= parts or not _is_even(value)  # one number everywhere comes up by chance
        if guessed & mine.children[i] or _is_guessed(node, value, mine.added):
            guessed.add(i)
        if parts and not good[i] and not _is_count(value, node):
            if not reaches(mine, i, case, came, expected):
                good[i] = True  # it is the learner's own, and the fault is elsewhere
                aside = aside or Place(i, text, clean(node, ()), values, layers, mine.turning, False, False)
                continue
            if text in written:  # what a right answer says too is no fault; what it is given may be
                node = _loop(node, mine.loops[i], values)
                text = node and f"for {words(node.target)} in {words(clean(node.iter, ()))}"
                good[i] = text is None
            if text and not _is_cut(node, mine.nodes):
                sure = i not in guessed and not halves
                return Place(i, text, clean(node, ()), values, layers, mine.turning, sure)
            halves |= bool(text)
    for i, _ in mine.events:  # a list that keeps what was to go
        node, text = mine.nodes[i]
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "remove" and len(node.args) == 1:
            kept, gone = values.get(words(clean(node.func.value, ()))), node.args[0]
            gone = gone.value if isinstance(gone, ast.Constant) else values.get(words(clean(gone, ())))
            if isinstance(kept, list) and isinstance(gone, str | int) and gone in kept:
                return Place(i, text, clean(node, ()), values, layers, mine.turning, sure=False)
    return aside


def _is_guessed(node, value, added):
    """Whether a value is only taken for right: a number that was counted, an axis cut in two."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in CUTTERS:
        return isinstance(value, torch.Tensor) and value.dim() > 1
    return isinstance(node, ast.Name) and node.id in added and isinstance(value, int)


def _is_cut(node, nodes):
    """Whether a slice takes one piece of something that is cut in two: no place, for the other piece is taken too."""

    def ends(part):
        taken = isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Slice) and part.slice.step is None
        bounds = (part.slice.lower, part.slice.upper) if taken else (None, None)
        return taken and words(clean(part.value, ())), *(bound and words(clean(bound, ())) for bound in bounds)

    base, low, high = ends(node)
    others = [ends(other) for other, _ in nodes] if base else []
    return any(other == base and ((low and up == low) or (high and down == high)) for other, down, up in others)


def short(text):
    """A piece of code, cut where it is too long to be quoted."""
    return text if len(text) <= SHORT else f"{text[: SHORT - 10]}…"


def _loop(node, loops, values):
    """The innermost loop whose variable stands in an expression, where something can be said of it; or None."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for loop in reversed(loops):
        if names & {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}:
            return loop if Reader(values, Letters("", {})).loop(clean(loop, ())) else None
    return None


def _is_number(value):
    """Whether a value is a size, a place or several: right answers count in many ways."""
    return isinstance(value, int) or (isinstance(value, tuple) and all(isinstance(item, int) for item in value))


def _is_made_up(node, value, values):
    """Whether a value is as right as its parts: brackets, a piece of a list, a box to be filled, a mask, its count."""
    if isinstance(value, torch.Tensor) and _is_scaffold(node, value, values):
        return True
    if getattr(node, "box", False) and isinstance(value, list | set | dict):
        return True
    called = node.func if isinstance(node, ast.Call) else node
    name = getattr(called, "attr", getattr(called, "id", None))
    if name == "arange" and len(node.args) > 1:
        return False  # it counts from a number of its own
    if name in BOXES | SIZES and not isinstance(called, ast.Name):
        return True
    if isinstance(node, ast.Call) and isinstance(called, ast.Name):
        if called.id in KEEPS or (called.id in BOXES | SIZES and not node.args):
            return True
    if getattr(node, "inner", False):
        return True  # a sum is no place before it is complete
    piece = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(value, list | str)
    return piece or isinstance(node, ast.List | ast.Tuple)


def _is_scaffold(node, value, values):
    """Whether a tensor stands only round the numbers: one number everywhere, a mask of places, what a mask keeps."""

    def of(part):
        return values.get(words(clean(part, ())))

    if isinstance(node, ast.Call) and value.dim() and _is_even(value) and isinstance(node.func, ast.Attribute):
        return _is_even(of(node.func.value))
    if value.dtype == torch.bool:
        sides = [of(node.left), *map(of, node.comparators)] if isinstance(node, ast.Compare) else []
        return not any(isinstance(side, torch.Tensor) and side.is_floating_point() for side in sides)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        mask = of(node.func.value)
        if isinstance(mask, torch.Tensor) and mask.dtype == torch.bool:
            return node.func.attr in DRESSES or (mask.dim() == 1 and not value.dim())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return any(isinstance(side, torch.Tensor) and _is_mask(side) for side in (of(node.left), of(node.right)))
    return isinstance(node, ast.Subscript) and isinstance(of(node.value), torch.Tensor) and _is_mask(value)


def _is_even(value):
    """Whether a tensor holds one number everywhere, as a box does before it is filled."""
    return isinstance(value, torch.Tensor) and value.numel() > 0 and bool((value == value.flatten()[0]).all())


def _is_mask(value):
    """Whether all numbers are 0 or 1."""
    return bool(((value == 0) | (value == 1)).all())


def _is_count(value, node):
    """Whether a value says nothing about a place: a name, a number, brackets with right things in them."""
    plain = isinstance(node, ast.Name | ast.Tuple | ast.UnaryOp) and not isinstance(value, torch.Tensor)
    return plain or isinstance(node, ast.Name) or isinstance(value, bool | int | types.NoneType)


class _Pool:
    """Values that come up on the right way."""

    def __init__(self, values):
        self.tensors, self.others = {}, []
        for value in values:
            self._add(value)

    def _add(self, value):
        flat = _flat(value)
        if flat is not None:
            self.tensors.setdefault(flat.numel(), []).append(flat)
        elif isinstance(value, str | list | tuple | set):
            self.others.append(value)
        if isinstance(value, list | tuple) and len(value) < 50:
            for item in value:
                self._add(item)

    def holds(self, value):
        """Whether a value is on the right way; what is no data always is."""
        flat = _flat(value)
        if flat is None:
            if isinstance(value, set):
                return any(isinstance(other, set) and value == other for other in self.others)
            if isinstance(value, str) and len(value) == 1 and any(value in o for o in self.others if type(o) is str):
                return True  # a letter of a text, as a number of a tensor's
            if isinstance(value, str) or (isinstance(value, list | tuple) and value and _is_plain(value)):
                return any(type(value) is type(other) and value == other for other in self.others if _is_plain([other]))
            return not isinstance(value, list | tuple) or all(map(self.holds, value))
        if isinstance(value, tuple) and any(isinstance(item, torch.Tensor) for item in value):
            return all(map(self.holds, value))  # pieces: each of them counts
        same = self.tensors.get(flat.numel(), [])
        if any(torch.allclose(flat, other, equal_nan=True, **NEAR) for other in same):
            return True
        if getattr(value, "dtype", None) == torch.bool:
            return False  # a few yes and no are alike by chance
        flat = flat.sort().values
        return flat.numel() > 1 and any(
            torch.allclose(flat, other.sort().values, equal_nan=True, **NEAR) for other in same
        )


def _is_plain(items):
    return all(
        isinstance(item, str | int | float) or (isinstance(item, list | tuple) and _is_plain(item)) for item in items
    )


def _flat(value):
    if isinstance(value, torch.Tensor) and not value.is_complex() and value.layout == torch.strided:
        return value.detach().double().flatten()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return torch.tensor([float(value)], dtype=torch.float64)
    if isinstance(value, list | tuple) and value:
        flats = [_flat(item) for item in value]
        return None if any(flat is None for flat in flats) else torch.cat(flats)
    return None
