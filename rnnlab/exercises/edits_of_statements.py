"""The ways in which people slip, in statements, loops, indices and lists; those in expressions stand in `edits.py`."""

import ast
import itertools

from .trees import Edit

ONE = ast.Constant(1)
EVERY = ast.Slice(None, None, None)


def indices(make, node):
    """An index: another axis, none at all."""
    index = node.slice
    if isinstance(make.holder, ast.Subscript | ast.Call) and make.key == "func":
        return
    yield make("index", node.value, index)
    if isinstance(index, ast.Tuple) and isinstance(index.elts[0], ast.Slice) and len(index.elts) == 2:
        yield make("index axis", ast.Subscript(node.value, index.elts[1], ast.Load()), index)
    elif not isinstance(index, ast.Tuple):
        moved = ast.Tuple([EVERY, index], ast.Load())
        yield make("index axis", ast.Subscript(node.value, moved, ast.Load()), index)
    if isinstance(index, ast.Tuple) and len(index.elts) == 2 and not any(isinstance(e, ast.Slice) for e in index.elts):
        a, b = index.elts
        yield make("index axis", ast.Subscript(node.value, ast.Tuple([b, a], ast.Load()), ast.Load()), index)
        yield make("every row", ast.Subscript(node.value, ast.Tuple([EVERY, b], ast.Load()), ast.Load()), index)
        yield make("index", ast.Subscript(node.value, a, ast.Load()), b)
    for part, put in _places(node):
        yield make("index later", put(ast.BinOp(part, ast.Add(), ONE)), part)
        yield make("index earlier", put(ast.BinOp(part, ast.Sub(), ONE)), part)


def _places(node):
    """Each index of a subscript that is computed, and how to put another in its place."""
    elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for i, part in enumerate(elements):
        if isinstance(part, ast.Name | ast.BinOp | ast.Call):

            def put(new, i=i):
                changed = [*elements[:i], new, *elements[i + 1 :]]
                index = ast.Tuple(changed, ast.Load()) if isinstance(node.slice, ast.Tuple) else changed[0]
                return ast.Subscript(node.value, index, ast.Load())

            yield part, put


def slices(make, node):
    """A slice: without start or end, off by one, or of one entry, where the entry itself belongs."""
    if (
        node.lower is not None
        and isinstance(node.upper, ast.BinOp)
        and ast.dump(node.upper.left) == ast.dump(node.lower)
    ):
        yield make("one index", node.lower)
    for name in ("lower", "upper"):
        end = getattr(node, name)
        if end is not None:
            where = "start" if name == "lower" else "end"
            yield make(f"no {where}", _slice(node, name, None))
            yield make(f"{where} later", _slice(node, name, ast.BinOp(end, ast.Add(), ONE)))
            yield make(f"{where} earlier", _slice(node, name, ast.BinOp(end, ast.Sub(), ONE)))


def _slice(node, name, end):
    return ast.Slice(*(end if field == name else getattr(node, field) for field in ("lower", "upper", "step")))


def tuples(make, node):
    """A tuple or list: an entry left out, two exchanged."""
    if isinstance(node.ctx, ast.Store) or isinstance(make.holder, ast.Subscript):
        return
    entries, kind = node.elts, type(node)
    for a, b in itertools.combinations(range(len(entries)), 2):
        swapped = list(entries)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        yield make("entries", kind(swapped, ast.Load()), a + 1, b + 1)
        if isinstance(make.holder, ast.Return):
            for first, second in (a, b), (b, a):
                twice = [entries[second] if i == first else entry for i, entry in enumerate(entries)]
                yield make("entry twice", kind(twice, ast.Load()), first + 1, second + 1)
    if len(entries) > 1:
        for i, entry in enumerate(entries):
            rest = [*entries[:i], *entries[i + 1 :]]
            yield make("entry", kind(rest, ast.Load()), entry, i + 1)
            if isinstance(make.holder, ast.Return):
                yield make("only entry", entry, entry, i + 1)


def comprehensions(make, node):
    """What a comprehension or a for loop goes over: a condition missing, the first or last left out, backwards."""
    for i, condition in enumerate(getattr(node, "ifs", [])):
        rest = [*node.ifs[:i], *node.ifs[i + 1 :]]
        yield Edit("condition", node, "ifs", rest, condition, condition)
    over = node.iter
    if not (isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id in ("range", "reversed")):
        for kind, part in ("first left out", ast.Slice(ONE)), ("last left out", ast.Slice(None, ast.Constant(-1))):
            over_part = ast.Subscript(_listed(over), part, ast.Load())
            yield Edit(kind, node, "iter", over_part, over, over)
        turned = ast.Subscript(_listed(over), ast.Slice(None, None, ast.Constant(-1)), ast.Load())
        yield Edit("backwards", node, "iter", turned, over, over)
    elif over.func.id == "reversed":
        yield Edit("forwards", node, "iter", over.args[0], over, over)
        if isinstance(over.args[0], ast.Call):  # reversed(range(...)): the first and the last turn
            for kind, part in ("first left out", ast.Slice(ONE)), ("last left out", ast.Slice(None, ast.Constant(-1))):
                yield Edit(kind, node, "iter", ast.Subscript(_listed(over), part, ast.Load()), over, over)


def _listed(over):
    return ast.Call(ast.Name("list", ast.Load()), [over], [])


def returns(make, node):
    """A return: None instead."""
    if node.value is not None:
        yield make("no return", ast.Expr(node.value))


def conditions(make, node):
    """An if: never, or always."""
    for value, kind in (False, "never"), (True, "always so"):
        yield Edit(kind, node, "test", ast.Constant(value), node, node.test, node.test)
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        apart = node.orelse[0]
        if isinstance(make.holder, list):
            rest = [ast.If(node.test, node.body, []), apart]
            yield make("not else", ast.If(ast.Constant(True), rest, []), apart.test)


def assignments(make, node):
    """An assignment or a call on a line of its own: the line missing; `=` for `+=`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    yield make("line", ast.Pass(), node)
    if isinstance(node, ast.AugAssign):
        yield make("overwritten", ast.Assign([node.target], node.value), node.target)
        if isinstance(node.op, ast.Add):
            yield make("subtracted", ast.AugAssign(node.target, ast.Sub(), node.value), node.target)


def orders(lists):
    """Lines exchanged; a line that stands inside a loop and belongs before it, and the other way round."""
    for body, owner, key in lists:
        for i, (a, b) in enumerate(zip(body, body[1:], strict=False)):
            if isinstance(a, ast.Expr) and isinstance(a.value, ast.Constant):
                continue
            swapped = [*body[:i], b, a, *body[i + 2 :]]
            if not isinstance(b, ast.Return) and not isinstance(b, ast.For):
                yield Edit("lines", owner, key, swapped, owner, a, b)
            if isinstance(b, ast.For) and isinstance(a, ast.Assign):
                inside = ast.For(b.target, b.iter, [a, *b.body], b.orelse)
                yield Edit("set anew", owner, key, [*body[: i + 1], inside, *body[i + 2 :]], b, a)
            if isinstance(a, ast.For) and isinstance(b, ast.Assign | ast.AugAssign | ast.Expr):
                inside = ast.For(a.target, a.iter, [*a.body, b], a.orelse)
                yield Edit("into the loop", owner, key, [*body[:i], inside, *body[i + 2 :]], a, b)
            if isinstance(a, ast.For):
                moved = ast.For(a.target, a.iter, [*a.body, b], a.orelse)
                if isinstance(b, ast.Return):
                    yield Edit("returns in the loop", owner, key, [*body[:i], moved, *body[i + 2 :]], a, b)
                after = [*body[:i], ast.For(a.target, a.iter, a.body[:-1] or [ast.Pass()], a.orelse), a.body[-1]]
                if not isinstance(a.body[-1], ast.If | ast.Break):
                    yield Edit("after the loop", owner, key, [*after, *body[i + 1 :]], a, a.body[-1])


STATEMENTS = [
    (ast.Subscript, indices), (ast.Slice, slices), ((ast.Tuple, ast.List), tuples),
    ((ast.comprehension, ast.For), comprehensions), (ast.Return, returns), (ast.If, conditions),
    ((ast.Assign, ast.AugAssign, ast.Expr), assignments),
]  # fmt: skip
