"""Things put round or beside an expression: what an attempt may lack, or what a reference must not stand."""

import ast
import math
import types

from .edits_of_sums import number
from .trees import Edit

TENSOR, MADE_TENSORS = "a tensor of it", (ast.List, ast.ListComp, ast.Tuple, ast.Name, ast.Subscript)
ROUND = {
    "({}).clone()": "a copy: a `clone`",  # before all that make a copy, too
    "({}).double()": "a `double`", "({}).float()": "a `float`: fractions",
    "torch.tanh({})": "a tanh", "torch.sigmoid({})": "a sigmoid", "(1 - {})": "a `1 -`", "(-{})": "a minus",
    "({}).mT": "a transpose", "torch.square({})": "a square", "({}) ** 0.5": "a square root",
    "({}).grad[...]": "`.grad`", "({}).detach()": "a `detach`",
    "({}).transpose(0, 1)": "an exchange of axes 0 and 1", "({}).transpose(1, 2)": "an exchange of axes 1 and 2",
    "({}).unsqueeze(0)": "a new axis 0", "({}).unsqueeze(1)": "a new axis 1", "({}).unsqueeze(-1)": "a new last axis",
    "({})[-1]": "an index (which of them?)", "({})[0]": "an index (which of them?)",
    "({})[:, -1]": "an index for the second axis", "({})[:, 0]": "an index for the second axis",
    "({}).squeeze()": "a `squeeze` of every axis of length 1", "({}).sum(0)": "a sum along axis 0",
    "({}).sum(1)": "a sum along axis 1", "({}).sum()": "a sum",
    "({}).mean(0)": "a mean along axis 0", "({}).mean(1)": "a mean along axis 1", "({}).mean()": "a mean",
    "({}).squeeze(0)": "a `squeeze` of axis 0", "({}).squeeze(1)": "a `squeeze` of axis 1",
    "torch.log({})": "a logarithm",
    "({}).softmax(-1)": "a softmax along the last axis", "({}).abs()": "an absolute value",
    "({}).long()": "a `long`: whole numbers", "({}).flip(0)": "the other order",
    "({}).item()": "an `item`", "len({})": "a `len`", "list({})": "a `list`",
    "reversed({})": "the other order", "sorted({})": "a `sorted`", "set({})": "a `set`",
    "torch.tensor({})": TENSOR,
    "({}).tolist()": "a `tolist`", "({}).argmax(-1)": "an argmax along the last axis", "({}).max()": "a maximum",
    "({}).amax(1)": "a maximum along axis 1", "1 / ({})": "a reciprocal", "({}).view(-1)": "a flat view",
    "({}) - 1": "a `- 1`", "({}) + 1": "a `+ 1`",
}  # fmt: skip
CUT = {"({})[1:]": "the first entry", "({})[:-1]": "the last entry", "({})[:, 1:]": "the first entry of axis 1",
       "({})[:, :-1]": "the last entry of axis 1"}  # fmt: skip


def additions(tree, divisors=()):
    """Things put round or beside an expression of the attempt. divisors: parameters that one may divide by."""
    stored = [n.id for _, _, n in tree.nodes() if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    names = list(dict.fromkeys(tree.parameters + stored))
    for holder, key, node in list(tree.nodes()):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield Edit("into", holder, key, ast.AugAssign(node.targets[0], ast.Add(), node.value), node)
        if isinstance(node, ast.For) and isinstance(node.body[-1], ast.Return) and isinstance(holder, list):
            loop = ast.For(node.target, node.iter, node.body[:-1] or [ast.Pass()], node.orelse)
            module = ast.If(ast.Constant(True), [loop, node.body[-1]], [])
            yield Edit("behind", holder, key, module, node)
        if isinstance(node, ast.Constant | ast.UnaryOp) and (value := number(node)) is not None:
            for most in [math.inf] if value > 0 else [-math.inf] if value < 0 else [math.inf, -math.inf]:
                yield Edit("number", holder, key, ast.Constant(most), node, to=most)
        if not isinstance(node, ast.expr) or isinstance(node, ast.Constant | ast.Slice | ast.Starred | ast.Lambda):
            continue
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or (
            isinstance(holder, ast.Call) and key == "func"
        ):
            continue
        if isinstance(node, ast.Name) and (
            node.id not in names or isinstance(tree.names.get(node.id), types.ModuleType)
        ):
            continue
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in names:
            continue  # torch.pi, nn.Linear
        if isinstance(holder, ast.Attribute) and isinstance(node, ast.Name) and node.id not in names:
            continue
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) > 1:
            for index in node.slice.elts:
                rest = [other for other in node.slice.elts if other is not index]
                new = ast.Subscript(node.value, ast.Tuple(rest, ast.Load()), ast.Load())
                yield Edit("index", holder, key, new, node, index)
        for kind, table in ("round", ROUND), ("cut", CUT):
            if kind == "cut" and isinstance(node, ast.Name | ast.Compare):
                continue  # nobody gives one entry less than there is, or asks of one less
            for text, what in table.items():
                if what == TENSOR and not isinstance(node, MADE_TENSORS):
                    continue  # of a single number it would only round it
                yield Edit(kind, holder, key, put(text, node), node, to=what)
        if isinstance(node, ast.BinOp | ast.Name | ast.Call | ast.Attribute | ast.Subscript):
            for name in tree.parameters:
                if not (isinstance(node, ast.Name) and node.id == name):
                    for op, what in (ast.Add(), "as a term"), (ast.Mult(), "as a factor"), (ast.Div(), "as a divisor"):
                        if isinstance(op, ast.Div) and name not in divisors:
                            continue
                        new = ast.BinOp(node, op, ast.Name(name, ast.Load()))
                        yield Edit("beside", holder, key, new, node, to=f"`{name}`, {what},")


def put(text, node):
    """The expression a text makes of a node put in its braces."""
    tree = ast.parse(text.format("__hole__"), mode="eval").body

    class Fill(ast.NodeTransformer):
        def visit_Name(self, name):
            return node if name.id == "__hole__" else name

    return Fill().visit(tree)
