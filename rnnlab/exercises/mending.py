"""Mending an attempt: its text changed in one place until it is right. That place is the slip; no line is told."""

import ast
import itertools
import types

import torch

from . import guard
from .additions import additions
from .edits import edits, name_of
from .edits_of_sums import number
from .mending_sentences import HINTS, code_of, one_change, two_changes
from .sizes import sizes
from .slips import alike, continuous
from .trees import TooLong, Tree
from .values import parts

MOST = 1200  # variants tried; a net among the arguments makes each of them dear
MOST_OF_A_NET = 400
MOST_TURNS = 80_000  # the same for loops: of one with 200 turns 400 variants are tried
FRACTIONS = torch.float32, torch.float64
MOST_PAIRS, MOST_PAIRS_OF_A_NET = 800, 150  # the same for two changes at once
SMALL = {"number", "index axis", "arguments", "entries", "no transpose", "transposed", "sign", "keyword", "axis",
         "sides", "call", "another function", "wider", "upside down", "factor", "term", "only round", "argument",
         "switch", "power"}  # fmt: skip
SETS = {"set", "frozenset", "add", "update"}
SQUARES = ("a square", "a square root")
BOUNDS = {"clamp", "clip", "min", "max", "minimum", "maximum"}
ORDERS = ("a `sorted`", "the other order", "a `list`")


def mended(attempt, cases, right, as_good=lambda function: True):
    """A sentence on the one place whose change makes an attempt right on every case; None if there is none.

    right: the outcomes (value, error) of the reference; as_good: whether a function is right in all that these do not
    show. The same attempt always meets the same variants.
    """
    tree = Tree(attempt)
    tree.pace(guard.quick, cases)
    seen, count, fractions = set(), 0, any(_is_rich(value) for value, _ in right)
    divisors = [name for name, value in zip(tree.parameters, cases[0], strict=False) if _counts(value)]
    most = MOST_OF_A_NET if any(isinstance(value, torch.nn.Module) for value in cases[0]) else MOST
    most = min(most, MOST_TURNS // max(tree.turned, 1))
    fits = [alike(guard.quick(attempt, case), wanted) for case, wanted in zip(cases, right, strict=True)]
    if all(fits):
        return None  # its values are right: any change that does nothing would mend it
    worst, mostly = sorted(range(len(cases)), key=fits.__getitem__), sum(fits) > len(fits) / 2
    changes = [*edits(tree), *sizes(tree, cases[0]), *additions(tree, divisors)]
    for edit in sorted(changes, key=_later):
        if edit.kind not in HINTS or edit.kind == "no return" or _nobody_means(tree, edit):
            continue
        if edit.to in SQUARES and not fractions:
            continue  # it would only move a threshold
        if mostly and edit.kind == "beside" and not isinstance(edit.new.op, ast.Add):
            continue  # a factor that lacks is seen nearly everywhere; here it keeps a number from growing too large
        function = tree.compiled(edit)
        key = function and _content(function.__code__)
        if key is None or key in seen:
            continue
        seen.add(key)
        count += 1
        if count > most:
            return None
        if all(_right(function, cases[i], right[i]) for i in worst) and as_good(function):
            for other in _twins(changes, edit):
                function = tree.compiled(other)
                if function and all(_right(function, cases[i], right[i]) for i in worst):
                    return f"One change makes it right: {code_of(edit.node)} stands in two places and belongs in one."
            return one_change(tree, edit)
    return None


def _content(code):
    """What a function does, for comparison; code of functions within it is named by where it happens to lie."""
    held = tuple(_content(one) if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts)
    return code.co_code, held, code.co_names, code.co_varnames


def _twins(changes, edit):
    """The same change of a name in its other places: which of them is the slip cannot be told."""
    if edit.kind != "another name":
        return []
    same = [other for other in changes if other.kind == edit.kind and other.to == edit.to]
    return [other for other in same if other.node.id == edit.node.id and other.node is not edit.node]


def _later(edit):
    """What is tried first, and last: a number is no better twice as large where it has to be without end."""
    twice = edit.kind == "number" and number(edit.node) not in (None, 0) and edit.to == 2 * number(edit.node)
    return 0 if edit.kind == "never" or edit.to == "`.grad`" else 2 if twice else 1


def _nobody_means(tree, edit):
    """Whether a change mends by chance: another thing counted that is as long, a `1 -` where there is a minus."""
    around = tree.around(edit.node)
    if isinstance(edit.node, ast.Name) and isinstance(around, ast.Call) and name_of(around) == "len":
        return True
    if edit.kind == "overwritten" and number(edit.node.value) is not None:
        return True  # a counter set to one number
    if edit.kind == "another name" and tree.inside(edit.node, BOUNDS, base=False):
        return True  # what is its own bound stays as it is
    if edit.to in SQUARES and isinstance(edit.node, ast.BinOp):
        if any(number(side) is not None for side in (edit.node.left, edit.node.right)):
            return True  # the number in it becomes another one
    if edit.kind == "call" and name_of(edit.node) in ("tolist", "item") and tree.inside(edit.node, SETS):
        return True  # tensors in a set are all different
    if edit.kind == "round" and isinstance(edit.node, ast.Call) and name_of(edit.node) in ("full", "full_like"):
        return True  # one number everywhere becomes another one
    if edit.to in ORDERS and tree.inside(edit.node, {"sum"}):
        return True  # it only rounds otherwise
    if edit.to == "a `set`" and tree.inside(edit.node, {"min", "max"}):
        return True  # of equal ones another comes first, and in each run of Python another one
    if edit.kind == "round" and edit.to == "a `1 -`":
        return isinstance(edit.node, ast.UnaryOp) or isinstance(edit.holder, ast.UnaryOp)
    return edit.kind == "number" and edit.to == 0 and isinstance(edit.holder, ast.keyword)  # it only switches it off


def _is_rich(value):
    """Whether there are tensors of fractions in a value; a share alone may be right by chance."""
    return any(isinstance(part, torch.Tensor) and continuous(part) for _, part in parts(value))


def _counts(value):
    """Whether one divides by such a value: a number or counts, and not a tensor of fractions."""
    return isinstance(value, int | float) or (isinstance(value, torch.Tensor) and not value.is_floating_point())


def _right(function, case, right):
    try:
        return alike(guard.quick(function, case), right)
    except TooLong:
        return False


def mended_twice(attempt, cases, right, as_good=lambda function: True):
    """The same for two small changes, where one is not enough; only for answers of many fractions, never by chance."""
    if not any(continuous(value) or getattr(value, "dtype", None) in FRACTIONS for value, _ in right):
        return None
    tree = Tree(attempt)
    tree.pace(guard.quick, cases)
    changes = [edit for edit in edits(tree) if edit.kind in SMALL and not _nobody_means(tree, edit)]
    net = any(isinstance(value, torch.nn.Module) for value in cases[0])
    worst = sorted(range(len(cases)), key=lambda i: alike(guard.quick(attempt, cases[i]), right[i]))
    pairs = ((a, b) for i, a in enumerate(changes) for b in changes[:i] if a.node is not b.node)
    for pair in itertools.islice(pairs, MOST_PAIRS_OF_A_NET if net else MOST_PAIRS):
        function = tree.compiled(*pair)
        if function and all(_right(function, cases[i], right[i]) for i in worst) and as_good(function):
            return two_changes(tree, pair)
    return None
