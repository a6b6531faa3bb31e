"""Mending an attempt: its text changed in one place until it is right. That place is the slip; no line is told."""

import ast
import itertools
import math

import torch

from . import guard
from .additions import additions
from .edits import edits, name_of
from .edits_of_sums import number
from .sizes import sizes
from .slips import alike, continuous
from .trees import TooLong, Tree, index_text, words
from .values import parts

MOST = 1200  # variants tried; a net among the arguments makes each of them dear
MOST_OF_A_NET = 400
FRACTIONS = torch.float32, torch.float64
MOST_PAIRS, MOST_PAIRS_OF_A_NET = 800, 150  # the same for two changes at once
SMALL = {"number", "index axis", "arguments", "entries", "no transpose", "transposed", "sign", "keyword", "axis",
         "sides", "call", "another function", "wider", "upside down", "factor", "term", "only round", "argument",
         "switch", "power"}  # fmt: skip
SETS = {"set", "frozenset", "add", "update"}
SQUARES = ("a square", "a square root")
ORDERS = ("a `sorted`", "the other order", "a `list`")
SHORT = 70  # characters of code a sentence quotes at most

# What is wrong at {node} if this change mends it. {part}: the code it is about.
HINTS = {
    "term": "{part} is one term too many", "sign": "look at the sign before {part}", "twice": "{part} is needed twice",
    "turned": "look which of the two is taken from the other", "one minus": "look at the `1 -`",
    "should be itself": "it is not {part} that belongs there, but what is left of it up to 1",
    "shares": "{part} and {to} are exchanged", "bracket": "look at the brackets",
    "factor": "{part} is one factor too many",
    "plus": "a product stands where a sum belongs", "divided": "look whether to multiply or to divide",
    "factor twice": "{part} is a factor once too few", "matrix product": "a matrix product, `@`, belongs there",
    "one factor": "{part} belongs to one of the two terms only", "times": "a sum stands where a product belongs",
    "divisor": "{part} is one divisor too many", "multiplied": "look whether to multiply or to divide",
    "upside down": "the fraction is upside down", "floor": "the division has to be rounded down",
    "power": "the power is too much", "doubled": "look at the power",
    "sides": "look at the order of the two sides of `@`",
    "elementwise": "`*` belongs there, not `@`", "transposed": "{part} has to be transposed",
    "no transpose": "{part} must not be transposed", "matrix": "the product with the right side is too much",
    "whole sum": "brackets: the factor {part} belongs to the whole sum",
    "not rounded": "`//` rounds down; `/` does not",
    "rows": "`len` counts along the first axis only", "wider": "the function has to go round the whole sum",
    "minus": "a minus is too much", "condition turned": "the condition is the wrong way round",
    "number": "look at the {node}", "switch": "look at the {node}", "call": "{name} is too much",
    "only round": "{name} has to go round {part} alone", "round each": "take {name} of each term by itself",
    "another function": "{name} is not the function that belongs there",
    "arguments": "look at the order of its arguments",
    "argument": "its last argument is too much", "keyword": "look at {part}", "axis": "look at the axis",
    "stops early": "the loop goes one step too far", "stops late": "the loop stops one step too early",
    "starts late": "the loop starts one step too early", "starts early": "the loop starts one step too late",
    "backwards": "the loop has to go the other way", "forwards": "the loop has to go the other way",
    "first left out": "the first of them is too much", "last left out": "the last of them is too much",
    "comparison": "look at the comparison", "always": "the condition is too much",
    "cases exchanged": "the two cases are exchanged", "condition": "this condition is too much",
    "and or": "look at `and` and `or`", "index": "the index {part} is too much",
    "index axis": "look which axis you index",
    "every row": "look at the first index", "index later": "it looks one place too early",
    "index earlier": "it looks one place too late", "no start": "the slice starts too late",
    "no end": "the slice ends too early", "one index": "an index belongs there, not a slice",
    "start later": "the slice starts one place too early",
    "start earlier": "the slice starts one place too late", "end later": "the slice ends one place too early",
    "end earlier": "the slice ends one place too late", "entries": "look at the order",
    "entry": "{part} is too much", "only entry": "one of the parts is enough",
    "never": "this case must not be treated apart",
    "always so": "this must not depend on a condition", "not else": "`if` belongs there, not `elif`",
    "line": "this line is too much", "overwritten": "add nothing here: set it", "subtracted": "look at the sign",
    "lines": "look at the order of {part} and {to}", "set anew": "{part} belongs into the loop, at its head",
    "after the loop": "{to} belongs behind the loop",
    "into the loop": "{part} belongs inside the loop, as its last line",
    "put first": "`append` belongs there: `insert(0, …)` puts each in front of those before",
    "another name": "{node} is not what belongs there",
    "parameters": "{part} and {to} are exchanged",
    # put round or beside an expression
    "round": "{what} is missing", "beside": "{what} is missing", "cut": "it has {what} too many",
    "to loop": "`{what}` is missing", "into": "`+=` belongs there: it is overwritten at every step",
    "fixed size": "the {node} is right for one size only; what belongs there is {what}",
    "another size": "what belongs there is {what}",
    "behind": "the `return` stands inside the loop; it belongs behind it",
}  # fmt: skip


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
    worst = sorted(range(len(cases)), key=lambda i: alike(guard.quick(attempt, cases[i]), right[i]))
    if alike(guard.quick(attempt, cases[worst[0]]), right[worst[0]]):
        return None  # its values are right: any change that does nothing would mend it
    changes = [*edits(tree), *sizes(tree, cases[0]), *additions(tree, divisors)]
    for edit in sorted(changes, key=_later):
        if edit.kind not in HINTS or edit.kind == "no return" or _nobody_means(tree, edit):
            continue
        if edit.to in SQUARES and not fractions:
            continue  # it would only move a threshold
        function = tree.compiled(edit)
        code = function and function.__code__
        key = code and (code.co_code, repr(code.co_consts), code.co_names, code.co_varnames)
        if code is None or key in seen:
            continue
        seen.add(key)
        count += 1
        if count > most:
            return None
        if all(_right(function, cases[i], right[i]) for i in worst) and as_good(function):
            for other in _twins(changes, edit):
                function = tree.compiled(other)
                if function and all(_right(function, cases[i], right[i]) for i in worst):
                    return f"One change makes it right: {_code(edit.node)} stands in two places and belongs in one."
            return _said(tree, edit)
    return None


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
    if edit.kind == "call" and name_of(edit.node) in ("tolist", "item") and tree.inside(edit.node, SETS):
        return True  # tensors in a set are all different
    if edit.to in ORDERS and tree.inside(edit.node, {"sum"}):
        return True  # it only rounds otherwise
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
            first, second = sorted((_place_and_hint(tree, edit) for edit in pair), key=str)
            return f"Two changes make it right: {_at(*first)}; and {_at(*second)}."
    return None


def _at(place, hint):
    return f"at {place}, {hint}" if place else hint


def _said(tree, edit):
    place, hint = _place_and_hint(tree, edit)
    return f"One change makes it right, at {place}: {hint}." if place else f"One change makes it right: {hint}."


def _place_and_hint(tree, edit):
    what = edit.to if edit.kind in ("round", "beside", "cut", "to loop", "fixed size", "another size") else None
    code = {"part": _code(edit.part), "node": _code(edit.node), "to": _code(edit.to), "what": what}
    code["name"] = f"`{name_of(edit.node)}`" if isinstance(edit.node, ast.Call) and name_of(edit.node) else "this"
    hint = HINTS[edit.kind]
    if any(f"{{{word}}}" in hint and code[word] is None for word in code):
        hint = "look there once more"
    node = edit.node
    if edit.kind == "number":
        hint = _number_hint(tree, edit)
    if edit.kind in ("number", "switch", "another name", "fixed size") and (around := tree.around(node)) is not None:
        node = around
    elif edit.kind in ("number", "another name") and (line := tree.line(node)) is not None:
        node = line
    place = _code(node)
    if isinstance(node, ast.For | ast.While):
        place = f"`{words(node).partition(':')[0]}`"
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        place = None
    return place, hint.format(**code)


def _number_hint(tree, edit):
    """Which way a number is off; of an index of a shape, that it is another size."""
    was, to, around = number(edit.node), edit.to, tree.around(edit.node)
    if isinstance(around, ast.Subscript) and getattr(around.value, "attr", None) == "shape":
        return "it is the size of another axis that counts here"
    if was is None or isinstance(to, str):
        return "look at the {node}"
    if math.isinf(to):
        return "the {node} is not " + ("large" if to > 0 else "small") + " enough: what comes may lie beyond it"
    if to == 0:
        return "without the {node} it is right"
    if to == -was:
        return "look at the sign of the {node}"
    if abs(to - was) == 1:
        return "the {node} is one too " + ("small" if to > was else "large")
    return "the {node} should be twice as much" if to == 2 * was else "look at the {node}"


def _code(node):
    if isinstance(node, ast.arg):
        return f"`{node.arg}`"
    if not isinstance(node, ast.expr | ast.stmt | ast.keyword):
        return None if node is None else str(node)
    text = index_text(node)
    return f"`{text}`" if len(text) <= SHORT else f"`{text[: SHORT - 10]}…`"
