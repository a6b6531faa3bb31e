"""How a result differs from the reference's, and nothing more: the sentence when no other voice has one."""

import math
import re

import torch

from .letters import named_shapes, shapes_in
from .values import kind, number_in, same

ODD = {"generator": "is there a `yield` where a `return` belongs?", "coroutine": "leave out the `async`.",
       "function": "is it called, with brackets?", "builtin_function_or_method": "is it called, with brackets?",
       "method": "is it called, with brackets?", "type": "is it called, with brackets?"}  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


class Returns:
    """What an exercise returns, part by part: its name and its letters."""

    def __init__(self, returns, docstring):
        """returns: such as "out (B, T, H) and the last h (B, H)"; docstring: where it gives the shapes behind `->`."""
        self.text = returns
        after = (docstring or "").partition("->")[2]
        self.shapes = shapes_in(returns) or shapes_in(after)
        self.names = list(named_shapes(returns)) or list(named_shapes(after))

    def letters(self, way, count):
        """The letters of the part at `way`, of `count` parts; an empty list where they are not told."""
        at = way[0] if way and isinstance(way[0], int) else 0
        return self.shapes[at] if len(self.shapes) == count and at < count else []

    def name(self, way, count):
        """What a part is called, such as "the second part, h"; an empty string for the whole."""
        if not way:
            return ""
        if not isinstance(way[0], int):
            return f"`{way[0]}`"
        called = ", " + f"`{self.names[way[0]]}`" if len(self.names) == count and way[0] < count else ""
        which = f"the {ORDINALS[way[0]]} part" if way[0] < len(ORDINALS) else f"part {way[0] + 1}"
        return which + called + (f", place {way[1] + 1}" if len(way) > 1 and isinstance(way[1], int) else "")


def difference(mine, theirs, letters, returns, given=""):
    """A sentence on the first difference between two plain values, or None. given: the arguments in words, or ""."""
    if same(mine, theirs):
        return None
    if mine is None:
        return "It returns None. Is there a `return` at the end, with a value behind it?"
    if type(mine).__name__ in ODD:
        return f"It returns {kind(mine)}: {ODD[type(mine).__name__]}"
    of = f"{given}: it" if given else "It"
    if isinstance(theirs, list | tuple | dict):
        wrong = _outside(mine, theirs, returns, of)
        if wrong:
            return wrong
        if all(isinstance(item, str | int) for item in theirs) and isinstance(theirs, list):
            i = next(i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if not same(a, b))
            return f"{of} has {mine[i]!r} at place {i}, expected {theirs[i]!r}."
        keys = theirs if isinstance(theirs, dict) else range(len(theirs))
        for key in keys:
            if not same(mine[key], theirs[key]):
                return _part(mine[key], theirs[key], (key,), len(theirs), letters, returns, given)
    return _part(mine, theirs, (), 1, letters, returns, given)


def is_another_kind(a, b):
    """Whether what came is of another kind, number or shape than expected: that has to be said first."""
    shapes = isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.shape != b.shape
    lists = isinstance(b, list | tuple) and isinstance(a, list | tuple)
    if lists and len(a) == len(b):
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if isinstance(x, torch.Tensor) and not same(x, y)]
        return bool(pairs) and getattr(pairs[0][1], "ndim", None) != pairs[0][0].ndim  # sizes may be alike by chance
    return shapes or lists or type(a) is not type(b)


def _outside(mine, theirs, returns, of):
    """What is wrong with a list, tuple or dict before one looks into it."""
    if isinstance(theirs, dict):
        if not isinstance(mine, dict):
            return f"{of} returns {kind(mine)}, expected a dict."
        lacking = [key for key in theirs if key not in mine]
        if lacking or len(mine) != len(theirs):
            return f"{of} has other keys than expected: {', '.join(map(repr, lacking or set(mine) - set(theirs)))}."
        return None
    if not isinstance(mine, list | tuple):
        return f"{of} returns {described(mine)}, expected {len(theirs)} values: {returns.text}." if not all(
            isinstance(item, str) for item in theirs
        ) else f"{of} returns {described(mine)}, expected {returns.text}."  # fmt: skip
    if len(mine) != len(theirs):
        if theirs and all(isinstance(item, str) for item in theirs):
            return f"{of} has {counted(len(mine), 'entry')}, expected {len(theirs)}."
        return f"{of} returns {counted(len(mine), 'value')}, expected {len(theirs)}: {returns.text}."
    return None


def _part(mine, theirs, way, count, letters, returns, given):
    name = returns.name(way, count)
    it = f"{given}: {name or 'it'}" if given else name or "it"
    it = it[0].upper() + it[1:]
    if isinstance(theirs, torch.Tensor):
        expected = f"one tensor of shape {letters.shape(theirs.shape, returns.letters(way, count))}"
        if type(mine) is not torch.Tensor:
            return f"{it} is {described(mine)}, expected {expected}."
        return _tensors(mine, theirs, way, count, letters, returns, name)
    if isinstance(theirs, list | tuple):
        return _inner(mine, theirs, it, letters)
    if isinstance(theirs, int | float) and not isinstance(theirs, bool):
        number = number_in(mine)
        if number is None:
            return f"{it} is {described(mine)}, expected a number."
        if isinstance(theirs, int) and isinstance(mine, torch.Tensor):
            return f"{it} is a tensor with one number, expected an int of Python: `int(…)` makes one of it."
        if isinstance(theirs, int) and not isinstance(number, int):
            return f"{it} is a float, {written(number)}, expected an int."
        a, b = pair(number, theirs)
        return f"{it} is {a}, expected {b}."
    if type(mine) is not type(theirs):
        return f"{it} is {described(mine)}, expected {described(theirs)}."
    return f"{it} is {_short(mine)}, expected {_short(theirs)}."


def _inner(mine, theirs, it, letters):
    """A tuple of numbers, as a shape is: how many, and which is not right."""
    if not isinstance(mine, list | tuple):
        return f"{it} is {described(mine)}, expected {counted(len(theirs), 'number')} in brackets."
    if len(mine) != len(theirs):
        return f"{it} has {counted(len(mine), 'entry')}, expected {len(theirs)}."
    i = next(i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if not same(a, b))
    came = letters.many(mine[i]) if isinstance(mine[i], int) else described(mine[i])
    return f"{it}: its number {i + 1} is {came}, and that is not right."


def _tensors(mine, theirs, way, count, letters, returns, name):
    shape = f"The shape of {name}" if name else "The shape"
    if mine.shape != theirs.shape:
        likely = returns.letters(way, count)
        came, expected = letters.shape(mine.shape, likely), letters.shape(theirs.shape, likely)
        if came == expected:
            came, expected = tuple(mine.shape), tuple(theirs.shape)
        return f"{shape} is {came}, expected {expected}."
    if mine.is_complex() or theirs.is_complex():
        return f"{shape} is right, but its numbers are complex, and real ones are expected."
    if mine.layout != torch.strided:
        return f"{name or 'It'} is a sparse tensor, expected an ordinary one."
    close = torch.isclose(mine.double(), theirs.double(), rtol=1e-4, atol=1e-6, equal_nan=True)
    if close.all():
        return f"The numbers are right, their dtype is not: it is `{mine.dtype}`, expected `{theirs.dtype}`."
    if mine.dim() == 0:
        a, b = pair(mine.item(), theirs.item())
        return f"{name or 'It'} is {a}, expected {b}."
    at = tuple((~close).nonzero()[0].tolist())
    wrong = int((~close).sum())
    many = "no number is right" if wrong == close.numel() else f"{wrong} of {close.numel()} numbers are wrong"
    a, b = pair(mine[at].item(), theirs[at].item())
    return f"{shape} is right, {many}. The first is at {list(at)}: {a}, expected {b}."  # noqa: E501


def counted(n, word):
    """So many of something: 1 value, 2 values, 3 entries."""
    return f"{n} {word}" if n == 1 else f"{n} {word[:-1]}ies" if word.endswith("y") else f"{n} {word}s"


def pair(a, b):
    """Two numbers with as many digits as it takes to see that they differ."""
    if isinstance(a, bool) or isinstance(b, bool) or not (math.isfinite(a) and math.isfinite(b)):
        return written(a), written(b)
    return next(
        ((written(a, n), written(b, n)) for n in range(4, 17) if written(a, n) != written(b, n)), (repr(a), repr(b))
    )


def written(x, digits=4):
    """A number as one writes it: 20220 and not 2.022e+04."""
    if isinstance(x, int) or not math.isfinite(x):
        return str(x)
    text = f"{x:.{digits}g}"
    if "e" in text and abs(x) >= 1:
        return f"{x:.0f}"
    return text


def described(value):
    """What a value is, and what it needs to be told when it is something odd."""
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {written(value)}"
    return kind(value)


def _short(value):
    text = repr(value)
    return text if len(text) < 40 else text[:36] + "…" + text[-1]


def given(arguments):
    """The arguments that can be said in a few words, such as `patience` = 2; "" where there are none or too many."""
    letters = all(len(name) == 1 for name in arguments)
    simple = {name: value for name, value in arguments.items() if isinstance(value, str | int | float) and not letters}
    text = ", ".join(f"`{name}` = {value!r}" for name, value in simple.items())
    return f"For {text}" if simple and len(text) < 50 else ""


def raised(error, message):
    """What an error says, as the end of a sentence."""
    said = re.sub(r"\.$", "", message(error))
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
