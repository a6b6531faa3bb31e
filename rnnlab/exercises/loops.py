"""What an attempt's text shows for certain: a loop that ends at once, a value lost in each turn, one never used."""

import ast

from .edits import name_of
from .edits_of_sums import number
from .trees import words

FIXED = {"range", "enumerate", "zip", "reversed", "len", "list", "torch", "arange"}
SHIFTS = {"remove", "pop", "insert"}
ZEROS = {"zeros", "zeros_like", "new_zeros"}


def head(loop):
    """The first line of a loop, as code."""
    target = words(loop.target)
    return f"`for {target[1:-1] if isinstance(loop.target, ast.Tuple) else target} in {words(loop.iter)}`"


def lost(tree):
    """What a loop of the attempt loses; or None."""
    return ends_at_once(tree) or overwritten(tree)


def changed_on_the_way(tree):
    """A list that entries are taken from or put into while a loop goes along it; or None."""
    for loop in _loops(tree):
        calls = [node.func for line in loop.body for node in ast.walk(line) if isinstance(node, ast.Call)]
        changed = {f.value.id for f in calls if isinstance(f, ast.Attribute) and f.attr in SHIFTS and _is_name(f.value)}
        if isinstance(loop.iter, ast.Name) and loop.iter.id in changed:
            return f"{head(loop)} goes along a list that changes on the way: it passes over entries. Go along a copy."
    return None


def ends_at_once(tree):
    """A `return` that stands in a loop, under no condition; or None."""
    for loop in _loops(tree):
        skips = any(isinstance(node, ast.Continue) for node in ast.walk(loop))
        if not skips and any(isinstance(line, ast.Return) for line in loop.body):
            return f"A `return` stands in the loop {head(loop)}: it ends in its first turn, and the others never come."
    return None


def gives_back(tree):
    """Whether an attempt returns one of its arguments, in so many words."""
    returned = [node.value for node in ast.walk(tree.definition) if isinstance(node, ast.Return)] if tree else []
    return any(isinstance(value, ast.Name) and value.id in tree.parameters for value in returned)


def overwritten(tree):
    """A value set anew in every turn of a loop, without a look at the one before, and read behind it; or None."""
    for loop in _loops(tree):
        inside = [node for line in loop.body for node in ast.walk(line)]
        read = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        added = {node.target.id for node in inside if _is_sum_on(node)}
        turning = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
        for line in loop.body:
            if not (isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)):
                continue
            turning |= {line.targets[0].id} if _names(line.value) & turning else set()
            name = line.targets[0].id
            if name in turning and name not in read | added and _read_behind(tree, loop, name):
                return f"`{name}` is set anew in every turn of {head(loop)}: behind it, only the last one is left."
    return None


def stays_zero(tree):
    """A name that starts at zero and is only ever multiplied in a loop; or None."""
    zero = {}
    for node in ast.walk(tree.definition):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made = isinstance(node.value, ast.Call) and name_of(node.value) in ZEROS
            zero.setdefault(node.targets[0].id, made or number(node.value) == 0)
    for loop in _loops(tree):
        for line in loop.body:
            for name in (name for name, starts in zero.items() if starts):
                if _multiplies(line, name):
                    return f"All the numbers are zero: `{name}` starts as zeros, and zeros times anything stay zeros."
    return None


def fixed(tree, text):
    """A loop that is as long whatever comes, whose turns an expression of this text counts; or None."""
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    stored = {n.id for n in ast.walk(tree.definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for loop in _loops(tree):
        if names & _names(loop.target) and not _names(loop.iter) & ({*tree.parameters} | stored):
            return f"{head(loop)} makes as many turns whatever comes."
    return None


def never_used(tree):
    """A value that is computed, given a name, and never read; or None."""
    nodes = list(ast.walk(tree.definition))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    read |= {node.target.id for node in nodes if _is_sum_on(node)}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name not in read and not name.startswith("_") and not isinstance(node.value, ast.Constant):
                return f"You compute `{name}` and never use it."
    return None


def _loops(tree):
    return [node for node in ast.walk(tree.definition) if isinstance(node, ast.For)]


def _names(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _is_name(node):
    return isinstance(node, ast.Name)


def _is_sum_on(node):
    return isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)


def _read_behind(tree, loop, name):
    loads = [n for n in ast.walk(tree.definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return any(node.id == name and node.lineno > loop.end_lineno for node in loads)


def _multiplies(line, name):
    """Whether a line multiplies what a name holds, and does nothing else to it."""
    times = ast.Mult | ast.MatMult
    if isinstance(line, ast.AugAssign):
        return isinstance(line.op, times) and isinstance(line.target, ast.Name) and line.target.id == name
    if not (isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id == name):
        return False
    value = line.value
    sides = (value.left, value.right) if isinstance(value, ast.BinOp) and isinstance(value.op, times) else ()
    return any(isinstance(side, ast.Name) and side.id == name for side in sides)
