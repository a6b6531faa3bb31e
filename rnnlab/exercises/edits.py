"""The ways in which people slip, as changes of a syntax tree in one place."""

import ast
import copy
import itertools

from .edits_of_statements import STATEMENTS, orders
from .edits_of_sums import is_method, number, operations, rounds
from .trees import Edit

GROUPS = [
    ("tanh", "sigmoid", "relu"), ("softmax", "log_softmax"), ("sum", "mean", "prod", "amax"), ("max", "min", "argmax"),
    ("argmax", "argmin"), ("amax", "amin", "argmax"), ("log", "log2", "exp"), ("cat", "stack"),
    ("logsigmoid", "sigmoid"), ("cumsum", "cumprod"), ("zeros", "ones"), ("zeros_like", "ones_like"),
    ("RNN", "GRU", "LSTM"), ("cross_entropy", "nll_loss"), ("eval", "train"), ("flip", "roll"),
    ("eigvals", "svdvals"), ("values", "indices"),
]  # fmt: skip
AXES = {"sum", "mean", "softmax", "log_softmax", "argmax", "argmin", "max", "min", "amax", "amin", "flip", "cumsum",
        "prod", "norm", "cat", "stack", "chunk", "split", "unsqueeze", "squeeze", "size", "unbind"}  # fmt: skip
FILLERS = {"append", "extend", "insert", "add", "update", "setdefault"}
TURNED = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq, ast.Gt), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip


def edits(tree):
    """Every change of one place: an `Edit` each, outer places first. The tree stays as it is."""
    places = list(tree.nodes())
    stored = [n.id for _, _, n in places if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    names = list(dict.fromkeys(tree.parameters + stored))
    for holder, key, node in places:
        make = _Maker(holder, key, node)
        for kinds, changes in CHANGES:
            if isinstance(node, kinds):
                yield from changes(make, node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            for other in names:
                if other != node.id and not _squares(tree, holder, other) and not _into_itself(tree, node, other):
                    yield make("another name", ast.Name(other, ast.Load()), to=other)
    arguments = tree.definition.args.args
    for a, b in itertools.combinations(range(len(arguments)), 2):
        swapped = list(arguments)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        yield Edit("parameters", tree.definition.args, "args", swapped, tree.definition, arguments[a], arguments[b])
    if isinstance(tree.body, list):
        inner = [node for _, _, node in places if isinstance(node, ast.For | ast.While | ast.If)]
        yield from orders([(node.body, node, "body") for node in (tree.definition, *inner)])


def _squares(tree, holder, name):
    """Whether a name in this place makes a number its own square in each turn of a loop: it would grow without end."""
    sides = [getattr(holder, side, None) for side in ("left", "right", "target")]
    power = isinstance(getattr(holder, "op", None), ast.Mult | ast.Pow)
    return power and tree.in_loop(holder) and any(isinstance(side, ast.Name) and side.id == name for side in sides)


def _into_itself(tree, node, name):
    """Whether a name in this place puts a list into itself: PyTorch follows such a list until the kernel dies."""
    while (node := tree.parents.get(id(node))) is not None:
        if isinstance(node, ast.Call) and name_of(node) in FILLERS and _base(node.func) == name:
            return True
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AugAssign) and any(_base(target) == name for target in targets):
            return isinstance(node, ast.AugAssign) or any(isinstance(target, ast.Subscript) for target in targets)
    return False


def _base(node):
    """The name of what an index or an attribute is taken of, or None."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return getattr(node, "id", None)


class _Maker:
    """Makes edits of one place."""

    def __init__(self, holder, key, node):
        self.holder, self.key, self.node = holder, key, node

    def __call__(self, kind, new, part=None, to=None):
        return Edit(kind, self.holder, self.key, new, self.node, part, to)


def is_strictness(edit):
    """Whether a change of a comparison only concerns two that are equal: `<` for `<=`."""
    signs = {type(edit.node.ops[0]), type(edit.to)}
    return signs in ({ast.Lt, ast.LtE}, {ast.Gt, ast.GtE})


def name_of(call):
    """The name of what a call calls, or None."""
    f = call.func
    return f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else None


def written(value):
    """A number as a node."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _unary(make, node):
    if number(node) is not None:
        return
    kind = {ast.USub: "minus", ast.Not: "condition turned", ast.Invert: "condition turned"}.get(type(node.op))
    if kind:
        yield make(kind, node.operand)


def _numbers(make, node):
    value = number(node)
    if value is None or (isinstance(make.holder, ast.UnaryOp) and isinstance(make.holder.op, ast.USub)):
        return
    steps = [value + 1, value - 1, 0 * value, -value - 1 if isinstance(value, int) else value, -value, value * 2]
    for other in dict.fromkeys(steps):
        if other != value:
            yield make("number", written(other), to=other)


def _strings(make, node):
    if isinstance(node.value, bool):
        yield make("switch", ast.Constant(not node.value), to=not node.value)
    elif isinstance(node.value, str) and node.value in ("sum", "mean", "none"):
        for other in ("sum", "mean", "none"):
            if other != node.value:
                yield make("number", ast.Constant(other), to=other)


def _calls(make, node):
    name, args = name_of(node), node.args
    operand = node.func.value if is_method(node) else args[0] if args else None
    if operand is not None and not isinstance(operand, ast.Starred | ast.Constant | ast.List | ast.Tuple):
        yield make("call", operand, operand)
        if len(args) < 2:
            yield from rounds(make, node, operand)
    if name == "insert" and len(args) == 2 and number(args[0]) == 0:
        yield make("put first", ast.Call(_renamed(node, "append").func, args[1:], []))
    if name in ("min", "max") and len(args) > 1:
        yield make("call", args[1], args[1])
    if name == "len" and len(args) == 1 and isinstance(node.func, ast.Name):
        yield make("rows", ast.Call(ast.Attribute(args[0], "numel", ast.Load()), [], []), args[0])
    for group in GROUPS:
        for other in group if name in group else ():
            if other != name:
                yield make("another function", _renamed(node, other), to=other)
    if not any(isinstance(a, ast.Starred) for a in args):
        for a, b in itertools.combinations(range(len(args)), 2):
            changed = list(args)
            changed[a], changed[b] = changed[b], changed[a]
            yield make("arguments", ast.Call(node.func, changed, node.keywords), args[a], args[b])
        if len(args) > 1:
            yield make("argument", ast.Call(node.func, args[:-1], node.keywords), args[-1])
    for keyword in node.keywords:
        rest = [k for k in node.keywords if k is not keyword]
        if keyword.arg in ("dim", "axis", "dims") and number(keyword.value) is not None:
            for axis in {0, 1, 2, -1} - {number(keyword.value)}:
                new = ast.keyword(keyword.arg, written(axis))
                yield make("axis", ast.Call(node.func, args, [*rest, new]), keyword.value, axis)
        yield make("keyword", ast.Call(node.func, args, rest), keyword)
    named = any(keyword.arg in ("dim", "axis", "dims") for keyword in node.keywords)
    before = (0 if is_method(node) else 1) + (name in ("chunk", "split"))  # what stands before the axis
    if name in AXES and not named and len(args) > before and number(args[-1]) is not None:
        for axis in {0, 1, 2, -1} - {number(args[-1])}:
            yield make("axis", ast.Call(node.func, [*args[:-1], written(axis)], node.keywords), args[-1], axis)
    if name == "range" and not node.keywords and args:
        yield from _ranges(make, node)


def _renamed(call, name):
    func = copy.copy(call.func)
    setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)
    return ast.Call(func, call.args, call.keywords)


def _ranges(make, node):
    first, last = (ast.Constant(0), node.args[0]) if len(node.args) == 1 else node.args[:2]
    one = ast.Constant(1)
    back = len(node.args) == 3 and (number(node.args[2]) or 0) < 0  # it counts down
    more, less = (ast.Sub(), ast.Add()) if back else (ast.Add(), ast.Sub())
    for kind, low, high in [
        ("stops early", first, ast.BinOp(last, less, one)), ("stops late", first, ast.BinOp(last, more, one)),
        ("starts late", ast.BinOp(first, more, one), last), ("starts early", ast.BinOp(first, less, one), last),
    ]:  # fmt: skip
        yield make(kind, ast.Call(node.func, [low, high, *node.args[2:]], []))
    yield make("backwards", ast.Call(ast.Name("reversed", ast.Load()), [node], []))


def _attributes(make, node):
    if node.attr in ("T", "mT"):
        yield make("no transpose", node.value, node.value)
    for group in GROUPS:
        if node.attr in group and not (isinstance(make.holder, ast.Call) and make.key == "func"):
            for other in group:
                if other != node.attr:
                    yield make("another function", ast.Attribute(node.value, other, ast.Load()), to=other)


def _comparisons(make, node):
    if len(node.ops) == 1:
        for op in TURNED.get(type(node.ops[0]), ()):
            yield make("comparison", ast.Compare(node.left, [op()], node.comparators), to=op())


def _choices(make, node):
    yield make("always", node.body, node.test, node.body)
    yield make("always", node.orelse, node.test, node.orelse)
    yield make("cases exchanged", ast.IfExp(node.test, node.orelse, node.body), node.test)


def _conditions(make, node):
    for value in node.values:
        rest = [v for v in node.values if v is not value]
        yield make("condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), value)
    yield make("and or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))


CHANGES = [
    (ast.BinOp, operations), (ast.UnaryOp, _unary), ((ast.Constant, ast.UnaryOp), _numbers), (ast.Constant, _strings),
    (ast.Call, _calls), (ast.Compare, _comparisons), (ast.IfExp, _choices), (ast.BoolOp, _conditions),
    (ast.Attribute, _attributes), *STATEMENTS,
]  # fmt: skip
