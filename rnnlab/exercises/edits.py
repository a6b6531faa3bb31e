"""The ways in which people slip, as changes of a syntax tree in one place."""

import ast
import copy
import itertools

from .edits_of_statements import STATEMENTS, orders
from .trees import Edit, words

GROUPS = [
    ("tanh", "sigmoid", "relu"), ("softmax", "log_softmax"), ("sum", "mean", "prod", "amax"), ("max", "min", "argmax"),
    ("argmax", "argmin"), ("amax", "amin", "argmax"), ("log", "log2", "exp"), ("cat", "stack"),
    ("logsigmoid", "sigmoid"), ("cumsum", "cumprod"), ("zeros", "ones"), ("zeros_like", "ones_like"),
    ("RNN", "GRU", "LSTM"), ("cross_entropy", "nll_loss"), ("eval", "train"), ("flip", "roll"),
    ("eigvals", "svdvals"), ("values", "indices"),
]  # fmt: skip
AXES = {"sum", "mean", "softmax", "log_softmax", "argmax", "argmin", "max", "min", "amax", "amin", "flip", "cumsum",
        "prod", "norm", "cat", "stack", "chunk", "split", "unsqueeze", "squeeze", "size", "unbind"}  # fmt: skip
MODULES = {"torch", "F", "nn", "math", "np", "functional", "linalg", "init", "numpy", "random", "utils", "rnn"}
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
                if other != node.id:
                    yield make("another name", ast.Name(other, ast.Load()), to=other)
    arguments = tree.definition.args.args
    for a, b in itertools.combinations(range(len(arguments)), 2):
        swapped = list(arguments)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        yield Edit("parameters", tree.definition.args, "args", swapped, tree.definition, arguments[a], arguments[b])
    if isinstance(tree.body, list):
        inner = [node for _, _, node in places if isinstance(node, ast.For | ast.While | ast.If)]
        yield from orders([(node.body, node, "body") for node in (tree.definition, *inner)])


class _Maker:
    """Makes edits of one place."""

    def __init__(self, holder, key, node):
        self.holder, self.key, self.node = holder, key, node

    def __call__(self, kind, new, part=None, to=None):
        return Edit(kind, self.holder, self.key, new, self.node, part, to)


def name_of(call):
    """The name of what a call calls, or None."""
    f = call.func
    return f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else None


def is_method(call):
    """Whether a call is one of an object, and not of a module such as torch."""
    return isinstance(call.func, ast.Attribute) and not (
        isinstance(call.func.value, ast.Name | ast.Attribute)
        and (call.func.value.id if isinstance(call.func.value, ast.Name) else call.func.value.attr) in MODULES
    )


def number(node):
    """The value of a number written out, with its sign, or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        node, sign = node.operand, -1
    else:
        sign = 1
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return sign * node.value
    return None


def written(value):
    """A number as a node."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _operations(make, node):
    left, right, op = node.left, node.right, node.op
    if isinstance(op, ast.Add | ast.Sub):
        yield make("term", left, right)
        yield make("term", right if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), right), left)
        yield make("sign", ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right), right)
        yield make("twice", ast.BinOp(node, op, right), right)
        if isinstance(op, ast.Sub):
            yield make("turned", ast.BinOp(right, op, left))
            if number(left) == 1:
                yield make("one minus", right, right)
        if all(isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in (left, right)):
            yield from _shares(make, node)
        if isinstance(op, ast.Add) and not isinstance(left, ast.List):
            yield make("times", ast.BinOp(left, ast.Mult(), right))
        if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Pow | ast.Mult | ast.Div):
            yield make("bracket", ast.BinOp(ast.BinOp(left, op, right.left), right.op, right.right))
    elif isinstance(op, ast.Mult):
        yield make("factor", left, right)
        yield make("factor", right, left)
        yield make("plus", ast.BinOp(left, ast.Add(), right))
        yield make("divided", ast.BinOp(left, ast.Div(), right), right)
        yield make("factor twice", ast.BinOp(node, op, right), right)
        yield make("matrix product", ast.BinOp(left, ast.MatMult(), right))
        for side, other, turn in (left, right, False), (right, left, True):
            if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Add | ast.Sub):
                for a, b in (side.left, side.right), (side.right, side.left):
                    product = ast.BinOp(other, op, a) if turn else ast.BinOp(a, op, other)
                    sums = (product, b) if a is side.left else (b, product)
                    yield make("one factor", ast.BinOp(sums[0], side.op, sums[1]), other, a)
            if isinstance(side, ast.Name | ast.Subscript | ast.Call) and number(other) is None:
                one = ast.BinOp(ast.Constant(1), ast.Sub(), side)
                yield make(
                    "should be itself", ast.BinOp(*((one, op, right) if side is left else (left, op, one))), side
                )
    elif isinstance(op, ast.Div):
        yield make("divisor", left, right)
        yield make("multiplied", ast.BinOp(left, ast.Mult(), right), right)
        yield make("upside down", ast.BinOp(right, op, left))
        if isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult):
            half = ast.BinOp(left, op, right.left)
            yield make("bracket", ast.BinOp(half, ast.Mult(), right.right))
        yield make("floor", ast.BinOp(left, ast.FloorDiv(), right))
    elif isinstance(op, ast.Pow):
        yield make("power", left)
        yield make("doubled", ast.BinOp(left, ast.Mult(), right))
    elif isinstance(op, ast.MatMult):
        yield make("sides", ast.BinOp(right, op, left))
        yield make("elementwise", ast.BinOp(left, ast.Mult(), right))
        for side, other in (left, right), (right, left):
            turned = side.value if isinstance(side, ast.Attribute) and side.attr in ("T", "mT") else _turned(side)
            pair = (turned, other) if side is left else (other, turned)
            yield make("transposed" if turned is not getattr(side, "value", None) else "no transpose",
                       ast.BinOp(pair[0], op, pair[1]), getattr(side, "value", side))  # fmt: skip
        yield make("matrix", left, right)
    elif isinstance(op, ast.FloorDiv | ast.Mod):
        yield make("divisor", left, right)


def _turned(node):
    return ast.Attribute(node, "mT", ast.Load())


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
            yield from _round(make, node, operand)
    if name in ("min", "max") and len(args) > 1:
        yield make("call", args[1], args[1])
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
        yield make("keyword", ast.Call(node.func, args, rest), keyword)
        if keyword.arg in ("dim", "axis", "dims") and number(keyword.value) is not None:
            for axis in {0, 1, 2, -1} - {number(keyword.value)}:
                new = ast.keyword(keyword.arg, written(axis))
                yield make("axis", ast.Call(node.func, args, [*rest, new]), keyword.value, axis)
    if name in AXES and args and number(args[-1]) is not None and (is_method(node) or len(args) > 1):
        for axis in {0, 1, 2, -1} - {number(args[-1])}:
            yield make("axis", ast.Call(node.func, [*args[:-1], written(axis)], node.keywords), args[-1], axis)
    if name == "range" and not node.keywords and args:
        yield from _ranges(make, node)


def _round(make, call, operand):
    """A function of a sum, taken of the first terms alone, of the last ones alone, of both by themselves."""
    terms, rest = [], operand
    while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Add | ast.Sub):
        terms, rest = [(rest.op, rest.right), *terms], rest.left
    for cut in range(len(terms)):
        first, (op, last) = rest, terms[cut]
        for sign, term in terms[:cut]:
            first = ast.BinOp(first, sign, term)
        for sign, term in terms[cut + 1 :]:
            last = ast.BinOp(last, sign, term)
        inside = _on(call, operand, first), _on(call, operand, last)
        yield make("only round", ast.BinOp(inside[0], op, last), first)
        yield make("only round", ast.BinOp(first, op, inside[1]), last)
        yield make("round each", ast.BinOp(inside[0], op, inside[1]), operand)


def _shares(make, node):
    """`z * a + (1 - z) * b` with the two shares exchanged."""
    for one, two in itertools.product((0, 1), repeat=2):
        sides = (node.left.left, node.left.right), (node.right.left, node.right.right)
        z, rest = sides[0][one], sides[1][two]
        pair = [words(x) for x in (z, rest)]
        if pair[1] in (f"1 - {pair[0]}", f"1.0 - {pair[0]}") or pair[0] in (f"1 - {pair[1]}", f"1.0 - {pair[1]}"):
            left = ast.BinOp(rest, ast.Mult(), sides[0][1 - one])
            right = ast.BinOp(z, ast.Mult(), sides[1][1 - two])
            yield make("shares", ast.BinOp(left, node.op, right), z, rest)


def _on(call, operand, new):
    """The same call on another operand."""
    if is_method(call):
        return ast.Call(ast.Attribute(new, call.func.attr, ast.Load()), call.args, call.keywords)
    return ast.Call(call.func, [new if a is operand else a for a in call.args], call.keywords)


def _renamed(call, name):
    func = copy.copy(call.func)
    setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)
    return ast.Call(func, call.args, call.keywords)


def _ranges(make, node):
    first, last = (ast.Constant(0), node.args[0]) if len(node.args) == 1 else node.args[:2]
    one = ast.Constant(1)
    for kind, low, high in [
        ("stops early", first, ast.BinOp(last, ast.Sub(), one)), ("stops late", first, ast.BinOp(last, ast.Add(), one)),
        ("starts late", ast.BinOp(first, ast.Add(), one), last), ("starts early", ast.BinOp(first, ast.Sub(), one), last),
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
    (ast.BinOp, _operations), (ast.UnaryOp, _unary), ((ast.Constant, ast.UnaryOp), _numbers), (ast.Constant, _strings),
    (ast.Call, _calls), (ast.Compare, _comparisons), (ast.IfExp, _choices), (ast.BoolOp, _conditions),
    (ast.Attribute, _attributes), *STATEMENTS,
]  # fmt: skip
