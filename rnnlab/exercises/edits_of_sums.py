"""The ways in which people slip in sums, products and powers, and in functions of a sum."""

import ast
import itertools

from .trees import words

MODULES = {"torch", "F", "nn", "math", "np", "functional", "linalg", "init", "numpy", "random", "utils", "rnn"}


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


def operations(make, node):
    """A term, factor or divisor left out, a sign, the sides of a product, a power, a bracket."""
    left, right, op = node.left, node.right, node.op
    if isinstance(op, ast.Add | ast.Sub):
        yield make("term", left, right)
        yield make("term", right if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), right), left)
        if isinstance(left, ast.Call) and len(left.args) == 1 and isinstance(op, ast.Add):
            yield make("wider", _on(left, left.args[0], ast.BinOp(left.args[0], op, right)), left)
        yield make("sign", ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right), right)
        yield make("twice", ast.BinOp(node, op, right), right)
        if isinstance(op, ast.Sub):
            yield make("turned", ast.BinOp(right, op, left))
            if number(left) == 1:
                yield make("one minus", right, right)
        if all(isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) for side in (left, right)):
            yield from _shares(make, node)
            for factor in left.left, left.right, right.left, right.right:
                if isinstance(factor, ast.Name):
                    yield make("alone", factor, factor)
        if isinstance(op, ast.Add) and not isinstance(left, ast.List):
            yield make("times", ast.BinOp(left, ast.Mult(), right))
        for side, other in (left, right), (right, left):
            if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult):
                yield from _whole(make, side, other, op, side is left)
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
        if isinstance(op, ast.FloorDiv):
            yield make("not rounded", ast.BinOp(left, ast.Div(), right))


def _whole(make, side, other, op, first):
    """`a * b * c + d`: a factor that belongs to the whole sum, `a * (b * c + d)`."""
    factors = [side]
    while isinstance(factors[0], ast.BinOp) and isinstance(factors[0].op, ast.Mult):
        factors[:1] = [factors[0].left, factors[0].right]
    for i, factor in enumerate(factors):
        rest = [f for j, f in enumerate(factors) if j != i]
        product = rest[0]
        for f in rest[1:]:
            product = ast.BinOp(product, ast.Mult(), f)
        pair = (product, other) if first else (other, product)
        yield make("whole sum", ast.BinOp(factor, ast.Mult(), ast.BinOp(pair[0], op, pair[1])), factor)


def _turned(node):
    return ast.Attribute(node, "mT", ast.Load())


def rounds(make, call, operand):
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
