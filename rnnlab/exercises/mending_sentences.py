"""What is said of a change that mends an attempt: at which of its expressions, and what has to be different there."""

import ast
import math

from .edits import is_strictness, name_of
from .edits_of_sums import number
from .trees import index_text, words

SHORT = 70  # characters of code a sentence quotes at most

# What is wrong at {node} if this change mends it. {part}: the code it is about.
HINTS = {
    "term": "{part} is one term too many", "sign": "{part} has the wrong sign", "twice": "{part} is needed twice",
    "turned": "the difference is the wrong way round", "one minus": "the `1 -` is too much",
    "should be itself": "it is not {part} that belongs there, but what is left of it up to 1",
    "shares": "{part} and {to} are exchanged", "bracket": "the brackets stand in the wrong place",
    "factor": "{part} is one factor too many",
    "plus": "a product stands where a sum belongs", "divided": "a product stands where a quotient belongs",
    "factor twice": "{part} is a factor once too few", "matrix product": "a matrix product, `@`, belongs there",
    "one factor": "{part} belongs to one of the two terms only", "times": "a sum stands where a product belongs",
    "divisor": "{part} is one divisor too many", "multiplied": "a quotient stands where a product belongs",
    "upside down": "the fraction is upside down", "floor": "the division has to be rounded down",
    "power": "the power is too much", "doubled": "a factor belongs there, not a power",
    "sides": "the two sides of `@` are exchanged",
    "elementwise": "`*` belongs there, not `@`", "transposed": "{part} has to be transposed",
    "no transpose": "{part} must not be transposed", "matrix": "the product with the right side is too much",
    "whole sum": "brackets: the factor {part} belongs to the whole sum",
    "not rounded": "`//` rounds down; `/` does not",
    "rows": "`len` counts along the first axis only", "wider": "the function has to go round the whole sum",
    "minus": "a minus is too much", "condition turned": "the condition is the wrong way round",
    "number": "look at the {node}", "switch": "the {node} is the wrong way round", "call": "{name} is too much",
    "only round": "{name} has to go round {part} alone", "round each": "take {name} of each term by itself",
    "another function": "{name} is not the function that belongs there",
    "arguments": "{part} and {to} are exchanged",
    "argument": "its last argument is too much", "keyword": "{part} is too much", "axis": "another axis belongs there",
    "stops early": "the loop goes one step too far", "stops late": "the loop stops one step too early",
    "starts late": "the loop starts one step too early", "starts early": "the loop starts one step too late",
    "backwards": "the loop has to go the other way", "forwards": "the loop has to go the other way",
    "first left out": "the first of them is too much", "last left out": "the last of them is too much",
    "comparison": "the comparison is the wrong way round", "always": "the condition is too much",
    "cases exchanged": "the two cases are exchanged", "condition": "this condition is too much",
    "and or": "`and` and `or` are exchanged", "index": "the index {part} is too much",
    "index axis": "another axis has to be indexed",
    "every row": "the first index takes too few", "index later": "it looks one place too early",
    "index earlier": "it looks one place too late", "no start": "the slice starts too late",
    "no end": "the slice ends too early", "one index": "an index belongs there, not a slice",
    "start later": "the slice starts one place too early",
    "start earlier": "the slice starts one place too late", "end later": "the slice ends one place too early",
    "end earlier": "the slice ends one place too late", "entries": "two of them are exchanged",
    "entry": "{part} is too much", "only entry": "one of the parts is enough",
    "never": "this case must not be treated apart",
    "always so": "this must not depend on a condition", "not else": "`if` belongs there, not `elif`",
    "line": "this line is too much", "overwritten": "add nothing here: set it",
    "subtracted": "it has to be taken off, not added",
    "lines": "{part} and {to} stand in the wrong order", "set anew": "{part} belongs into the loop, at its head",
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


def one_change(tree, edit):
    """The sentence on one change that makes an attempt right."""
    place, hint = _place_and_hint(tree, edit)
    return f"One change makes it right, at {place}: {hint}." if place else f"One change makes it right: {hint}."


def two_changes(tree, pair):
    """The sentence on two changes that make it right together, the same whichever was found first."""
    first, second = sorted((_place_and_hint(tree, edit) for edit in pair), key=str)
    return f"Two changes make it right: {_at(*first)}; and {_at(*second)}."


def _at(place, hint):
    return f"at {place}, {hint}" if place else hint


def _place_and_hint(tree, edit):
    what = edit.to if edit.kind in ("round", "beside", "cut", "to loop", "fixed size", "another size") else None
    code = {"part": code_of(edit.part), "node": code_of(edit.node), "to": code_of(edit.to), "what": what}
    code["name"] = f"`{name_of(edit.node)}`" if isinstance(edit.node, ast.Call) and name_of(edit.node) else "this"
    hint = HINTS[edit.kind]
    if any(f"{{{word}}}" in hint and code[word] is None for word in code):
        hint = "look there once more"
    node = edit.node
    if edit.kind == "number":
        hint = _number_hint(tree, edit)
    if edit.kind == "comparison":
        hint = _comparison_hint(edit)
    if edit.kind in ("number", "switch", "another name", "fixed size") and (around := tree.around(node)) is not None:
        node = around
    elif edit.kind in ("number", "another name") and (line := tree.line(node)) is not None:
        node = line
    place = code_of(node)
    if isinstance(node, ast.For | ast.While):
        place = f"`{words(node).partition(':')[0]}`"
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        place = None
    return place, hint.format(**code)


def _comparison_hint(edit):
    """Whether a comparison is only too strict, or not strict enough, or asks the opposite."""
    if is_strictness(edit):
        also = isinstance(edit.to, ast.LtE | ast.GtE)
        return f"where both sides are equal it {'has to hold too' if also else 'must not hold'}"
    return "look at the comparison" if isinstance(edit.node.ops[0], ast.NotEq) else HINTS["comparison"]


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


def code_of(node):
    """An expression as it is quoted, cut where it is too long; None for none."""
    if isinstance(node, ast.arg):
        return f"`{node.arg}`"
    if not isinstance(node, ast.expr | ast.stmt | ast.keyword):
        return None if node is None else str(node)
    text = index_text(node)
    return f"`{text}`" if len(text) <= SHORT else f"`{text[: SHORT - 10]}…`"
