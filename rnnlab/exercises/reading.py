"""What an expression does, in words: true of every such expression, and often the slip itself."""

import ast

import torch

from .edits import name_of
from .edits_of_sums import is_method, number
from .trees import words

WHERE = {0: "the first", 1: "the second", -1: "the last", -2: "the last but one"}
ALONG = {
    "sum": "adds up", "mean": "takes the mean", "prod": "multiplies", "max": "takes the largest",
    "amax": "takes the largest", "min": "takes the smallest", "amin": "takes the smallest",
    "argmax": "tells where the largest is, not how large,", "argmin": "tells where the smallest is, not how small,",
    "norm": "takes the length (the norm)", "cumsum": "adds up all so far", "cummax": "takes the largest so far",
    "softmax": "makes shares that sum to 1", "log_softmax": "takes logarithms of shares", "median": "takes the median",
}  # fmt: skip
WHOLE = {"softmax", "log_softmax", "cumsum", "cummax"}  # these need an axis
DOES = {
    "multinomial": "draws at random", "rand": "draws at random", "randn": "draws at random",
    "randint": "draws at random", "bernoulli": "draws at random", "abs": "drops the signs",
    "clamp": "cuts off every number beyond its bounds", "clip": "cuts off every number beyond its bounds",
    "nonzero": "tells the places of what is not 0, not the numbers that stand there",
    "det": "is the determinant: the product of all eigenvalues",
    "eigvalsh": "takes the matrix for a symmetric one", "svdvals": "gives singular values, not eigenvalues",
    "matrix_power": "multiplies one matrix with itself again and again",
    "multi_dot": "multiplies the matrices in the order in which they stand, the first on the left",
    "outer": "multiplies every entry of one with every entry of the other", "relu": "sets negative numbers to 0",
    "set": "keeps each only once, and in no order", "sorted": "puts them in order of size or of the alphabet",
    "sqrt": "takes the square root", "reciprocal": "turns each number upside down",
    "logit": "undoes a sigmoid", "atanh": "undoes a tanh", "exp": "takes e to the power of each number",
    "view": "cuts the numbers anew in the order they have, and exchanges no axes",
    "reshape": "cuts the numbers anew in the order they have, and exchanges no axes",
    "most_common": "keeps so many of the most frequent", "join": "makes one text of them, letter after letter",
    "detach": "cuts the gradient off",
    "remove": "takes away only the first, and the others stay", "one_hot": "makes one 1 in a row of zeros",
    "topk": "keeps the largest few", "sigmoid": "takes the sigmoid of each number by itself",
    "log10": "takes the logarithm to the base 10", "log1p": "takes the logarithm of one more",
}  # fmt: skip
ASKS = {ast.Lt: "below", ast.Gt: "above", ast.LtE: "at most", ast.GtE: "at least"}


class Reader:
    """Reads one expression, with the values its parts had and the letters of the case."""

    def __init__(self, values, letters, layers=(), turning=()):
        """values: {text of a part: its value}; letters: `Letters` of the case; layers: those of right answers;
        turning: names that change from turn to turn of a loop."""
        self.values, self.letters, self.layers, self.turning = values, letters, layers, turning

    def read(self, node):
        """What `node` does, as the end of a sentence whose subject is "it"; or None."""
        if isinstance(node, ast.Subscript):
            return self._index(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.SetComp):
            return DOES["set"]
        if isinstance(node, ast.ListComp) and len(node.generators) == 1:
            return self._entries(node.generators[0])
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in ASKS:
            sides = words(node.left), ASKS[type(node.ops[0])], words(node.comparators[0])
            return "asks whether `{}` is {} `{}`: only yes and no remain".format(*sides)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_whole(self._of(node.operand)):
            return "is below 0: as an index it counts from the end"
        return None

    def _entries(self, over):
        """What a comprehension goes over, where it leaves some out or does not simply walk along a name."""
        asked = " and ".join(f"`{words(condition)}`" for condition in over.ifs)
        where = f", only where {asked}" if asked else ""
        if not where and isinstance(over.iter, ast.Name):
            return None
        return f"makes one entry for each of `{words(over.iter)}`{where}"

    def _of(self, node):
        return self.values.get(words(node)) if number(node) is None else number(node)

    def axis(self, d, shape):
        """An axis in words: T, axis 1."""
        letter = self.letters.letter(shape[d])
        return f"{letter}, axis {d % len(shape)}" if letter.isalpha() else f"axis {d % len(shape)}"

    def _index(self, node):
        base = self._of(node.value)
        if not isinstance(base, torch.Tensor):
            return None
        elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        said, d = [], 0
        for i, element in enumerate(elements):
            if isinstance(element, ast.Constant) and element.value is None:
                continue
            if isinstance(element, ast.Constant) and element.value is ...:
                d = base.dim() - sum(not (isinstance(e, ast.Constant) and e.value is None) for e in elements[i + 1 :])
                continue
            if d >= base.dim():
                return None
            value = self._of(element)
            if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
                if value.dim() < 2:
                    return None
                return f"takes all of which `{words(element)}` is true, of every row, one behind the other"
            said += self._element(element, value, base, d)
            d += 1
        return " and ".join(said) or None

    def _element(self, element, value, base, d):
        """What one index does on its axis, as a list of at most one."""
        axis = self.axis(d, base.shape)
        if any(isinstance(part, ast.Name) and part.id in self.turning for part in ast.walk(element)):
            if isinstance(element, ast.Slice):
                return [f"takes the piece `[{words(element)}]` along {axis}, in each turn"]
            return [f"takes one after the other along {axis}"]
        if isinstance(element, ast.Slice):
            if element.step is not None:
                step = self._of(element.step)
                return [f"takes one in {step} along {axis}"] if type(step) is int and step > 1 else []
            lower, upper = (None if end is None else self._of(end) for end in (element.lower, element.upper))
            if lower in (None, 0) and type(upper) is int:
                n = f"the last {-upper}" if upper < 0 else f"the first {upper}"
            elif upper is None and type(lower) is int:
                n = f"the last {-lower}" if lower < 0 else f"the first {lower}"
            else:
                return []
            n = n.removesuffix(" 1")
            if abs(upper if type(upper) is int else lower) >= base.shape[d]:
                return []
            out = upper < 0 if type(upper) is int else lower > 0
            return [f"leaves out {n} along {axis}" if out else f"takes only {n} along {axis}"]
        if type(value) is int:
            return [f"takes only {WHERE.get(value, f'entry {value}')} along {axis}"]
        return []

    def _call(self, node):
        name = name_of(node)
        function = self.values.get(words(node.func)) if isinstance(node.func, ast.Name) else None
        if isinstance(function, torch.nn.Module):
            return self._layer(function)
        if isinstance(node.func, ast.Name) and name in ("max", "min") and node.args:
            size = {"max": "large", "min": "small"}[name]
            return f"takes the {size}r of the two" if len(node.args) == 2 else f"takes the {size}st of them"
        if name is None or isinstance(node.func, ast.Name) and name not in ("set", "sorted"):
            return None
        operand = node.func.value if is_method(node) else node.args[0] if node.args else None
        rest = node.args if is_method(node) else node.args[1:]
        if name in ALONG and operand is not None:
            base = self._of(operand)
            if not isinstance(base, torch.Tensor):
                return None
            d = self._given(node, rest)
            if name == "argmax" and not base.is_floating_point() and bool((base <= 1).all()):
                return "finds the first of the ones" + (f" along {self.axis(d, base.shape)}" if d is not None else "")
            if type(d) is int and -base.dim() <= d < base.dim() and base.dim():
                return f"{ALONG[name]} along {self.axis(d, base.shape)}"
            if d is None and not rest and name not in WHOLE and base.dim():
                if isinstance(operand, ast.Name) and operand.id in self.turning and name not in ("sum", "prod"):
                    return f"{ALONG[name]} of each `{operand.id}` by itself"
                return f"{ALONG[name]} all numbers" if name in ("sum", "prod") else f"{ALONG[name]} of all numbers"
            return None
        if name in ("chunk", "split") and isinstance(self._of(operand), torch.Tensor) and rest:
            base, d = self._of(operand), self._given(node, rest[1:])
            pieces = f"`{words(rest[0])}` pieces" if name == "chunk" else f"pieces of `{words(rest[0])}` entries"
            return f"cuts into {pieces} along {self.axis(d or 0, base.shape)}"
        if name in ("diag", "diagonal") and operand is not None and isinstance(self._of(operand), torch.Tensor):
            return (
                "keeps only the diagonal" if self._of(operand).dim() > 1 else "makes a matrix with it on the diagonal"
            )
        return DOES.get(name)

    def _layer(self, mine):
        """How a layer of the attempt's own differs from the one a right answer makes."""
        if not self.layers:
            return f"calls a layer of your own, {type(mine).__name__}, with weights of its own"
        theirs = self.layers[0]
        if type(mine) is not type(theirs):
            return f"calls a layer that is {_a(type(mine).__name__)}; {_a(type(theirs).__name__)} is asked for"
        known = [{*layer.extra_repr().split(", ")} for layer in (mine, theirs)]
        more, less = sorted(known[0] - known[1]), sorted(known[1] - known[0])
        said = [f"{word} `{', '.join(part)}`" for word, part in (("with", more), ("without", less)) if part]
        return f"calls a layer made {' and '.join(said)}" if said else None

    def _given(self, call, rest):
        """The axis that a call names, as a number, or None."""
        given = next((k.value for k in call.keywords if k.arg in ("dim", "axis")), rest[0] if rest else None)
        return None if given is None else number(given)

    def loop(self, node):
        """The same for the head of a loop."""
        over = node.iter
        if isinstance(over, ast.Call) and name_of(over) == "reversed":
            return "goes from the last to the first"
        value = self._of(over)
        return f"goes along {self.axis(0, value.shape)}" if isinstance(value, torch.Tensor) and value.dim() else None

    def _operation(self, node):
        a, b = self._of(node.left), self._of(node.right)
        if isinstance(node.op, ast.Mult) and isinstance(a, list) and type(b) is int:
            return f"repeats `{words(node.left)}` {b} times"
        if isinstance(node.op, ast.Pow):
            return "takes the square root" if number(node.right) == 0.5 else None
        if isinstance(node.op, ast.FloorDiv):
            return f"divides by `{words(node.right)}` and rounds down"
        if isinstance(node.op, ast.MatMult) and all(isinstance(x, torch.Tensor) for x in (a, b)):
            vector = a.dim() == 2 and b.dim() == 1
            return "is a matrix times a vector: one sum for each row remains" if vector else None
        if not isinstance(a, torch.Tensor | int | float):
            return None
        kind = {ast.Add: "adds", ast.Sub: "takes", ast.Mult: "multiplies", ast.Div: "divides"}.get(type(node.op))
        if kind is None:
            return None
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.dim() and b.dim():
            return self._spread(node, a, b)
        if isinstance(a, torch.Tensor) and a.dim() and isinstance(node.op, ast.Add | ast.Sub):
            way = "adds `{}` to every number" if kind == "adds" else "subtracts `{}` from every number"
            return way.format(words(node.right))
        single = not isinstance(b, torch.Tensor) or not b.dim()
        if kind in ("multiplies", "divides") and single and number(node.right) is None:
            which = f", which is {b}" if type(b) is int else ""
            return f"{kind} by `{words(node.right)}`{which}"
        return None

    def _spread(self, node, a, b):
        """What is stretched along an axis, and so counted several times."""
        for mine, other, side in (a, b, node.left), (b, a, node.right):
            shape = [1] * (other.dim() - mine.dim()) + list(mine.shape)
            if mine.dim() <= other.dim():
                for d, (n, m) in enumerate(zip(shape, other.shape, strict=True)):
                    if n == 1 and m > 1 and len(shape) > 1 and mine.numel() > 1 and not _is_kept(node, mine, other):
                        return f"repeats `{words(side)}` {m} times, along {self.axis(d, other.shape)}"
        if a.shape == b.shape and isinstance(node.op, ast.Add):
            return "adds the two entry by entry"
        return None


def _is_kept(node, mine, other):
    """Whether every row is divided by its own number, or has the same bias added: nobody does that unawares."""
    if isinstance(node.op, ast.Div):
        return mine.dim() == other.dim()
    return isinstance(node.op, ast.Add) and mine.dim() == 1


def _is_whole(value):
    return isinstance(value, torch.Tensor) and not value.is_floating_point() and value.dtype != torch.bool


def _a(word):
    return f"{'an' if word[0] in 'AEIOLR' else 'a'} {word}"
