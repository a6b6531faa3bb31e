"""Where an attempt leaves the right way: the first expression whose parts are right and which itself is not."""

import ast
import copy
import types

from dataclasses import dataclass

import torch

from .reading import Reader
from .trees import Tree, words
from .values import NEAR, plain

MOST = 3000  # values noted in one run
SHORT = 70  # characters of code a sentence quotes at most
FILE = "<place>"
BOXES = {"zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "full", "full_like", "set", "list", "dict",
         "arange", "cat", "stack"}  # fmt: skip
CHANGERS = {"append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "update", "add"}
KEEPS = {"list", "tuple", "iter", "float", "sorted"}  # a start value, or what it was in another dress
SIZES = {"shape", "dtype", "device", "size", "dim", "ndim", "numel", "len", "range"}


class Noted:
    """A function whose every expression notes its value when it is run."""

    def __init__(self, function):
        """Raises OSError, TypeError or SyntaxError where the source cannot be read."""
        tree = Tree(function)
        self.nodes, self.children, self.events, self.names = [], [], [], tree.names
        self.changed = _changed(tree.definition)
        self.stored = {
            n.id for n in ast.walk(tree.definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self.loops, self._around = [], []  # for each node: the loops it stands in, the inner one last
        definition = copy.deepcopy(tree.definition)
        definition.body = self._inside(definition.body)
        names = {**tree.names, "__note__": self._note}
        if isinstance(definition, ast.Lambda):
            self.function = eval(compile(ast.fix_missing_locations(ast.Expression(definition)), FILE, "eval"), names)
        else:
            space = {}
            module = ast.fix_missing_locations(ast.Module([definition], []))
            exec(compile(module, FILE, "exec"), names, space)
            self.function = names[definition.name] = space[definition.name]

    def _inside(self, thing):
        if isinstance(thing, list):
            return [self._inside(item) for item in thing]
        if not isinstance(thing, ast.AST) or isinstance(thing, ast.JoinedStr | ast.arguments):
            return thing
        if _is_sum(thing):
            for side in (thing.left, thing.right):
                side.inner = _is_sum(side)
        if isinstance(thing, ast.Assign) and isinstance(thing.targets[0], ast.Name):
            thing.value.box = thing.targets[0].id in self.changed
        original, first = copy.copy(thing), len(self.nodes)
        if isinstance(thing, ast.For):
            thing.iter = self._inside(thing.iter)
            self._around.append(original)
            thing.body = self._inside(thing.body)
            self._around.pop()
            return thing
        for name, value in ast.iter_fields(thing):
            if name == "func" and isinstance(value, ast.Name) and value.id in self.stored:
                thing.func = self._inside(value)
                continue
            if name == "func" and not self._is_value(value):
                continue
            if name == "func":  # a method: what it is called on counts, not the method
                value.value = self._inside(value.value)
                continue
            if name in ("targets", "target", "ctx", "annotation", "returns", "decorator_list", "generators"):
                if name == "generators":
                    for generator in value:
                        generator.iter, generator.ifs = self._inside(generator.iter), self._inside(generator.ifs)
                continue
            if name == "slice" and isinstance(value, ast.Tuple):
                value.elts = self._inside(value.elts)
                continue
            setattr(thing, name, self._inside(value))
        silent = ast.Constant | ast.Starred | ast.Slice | ast.Lambda | ast.FormattedValue
        if not isinstance(thing, ast.expr) or isinstance(thing, silent):
            return thing
        if isinstance(original, ast.Name) and isinstance(self.names.get(original.id), types.ModuleType | type):
            return thing
        inside = set(range(first, len(self.nodes)))
        self.children.append(inside - {i for k in inside for i in self.children[k]})
        self.nodes.append((original, words(_clean(original, self.nodes))))
        self.loops.append(tuple(self._around))
        call = ast.Call(ast.Name("__note__", ast.Load()), [ast.Constant(len(self.nodes) - 1), thing], [])
        return ast.copy_location(call, original)

    def _is_value(self, func):
        """Whether a method is called on a value, and not on a module such as torch."""
        if not isinstance(func, ast.Attribute):
            return False
        inner = func.value
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        return not (isinstance(inner, ast.Name) and isinstance(self.names.get(inner.id), types.ModuleType | type))

    def _note(self, i, value):
        if len(self.events) < MOST:
            self.events.append((i, plain(value)))
        return value

    def run(self, case):
        """Run it on a copy of the case; its error, or None."""
        torch.random.default_generator.manual_seed(0)
        try:
            self.function(*copy.deepcopy(case))
        except Exception as error:
            return error
        return None


def _clean(node, nodes):
    """The node as it was written: without the notes put into its parts."""

    class Clean(ast.NodeTransformer):
        def visit_Call(self, call):
            if isinstance(call.func, ast.Name) and call.func.id == "__note__":
                return self.visit(call.args[1])
            return self.generic_visit(call)

    return Clean().visit(copy.deepcopy(node))


@dataclass
class Place:
    """An expression, or the head of a loop, where an attempt leaves the right way."""

    text: str
    node: ast.AST
    values: dict  # {text of an expression: the value it had last}

    def reading(self, letters):
        """What it does, as the end of a sentence whose subject is "it"; or None."""
        reader = Reader(self.values, letters)
        return reader.loop(self.node) if isinstance(self.node, ast.For) else reader.read(self.node)


def first_place(attempt, answers, case):
    """The first `Place` whose parts are right and which is not, or the loop that makes it so; None if there is none.

    answers: right answers; a value is right if it comes up in the run of one of them.
    """
    right, written = [], set()
    for answer in answers:
        try:
            theirs = Noted(answer)
        except (OSError, TypeError, SyntaxError):
            continue
        theirs.run(case)
        right += [value for _, value in theirs.events]
        written |= {text for _, text in theirs.nodes}
    right += list(case)
    pool = _Pool(right)
    mine = Noted(attempt)
    mine.run(case)
    good, values = {}, {}
    for i, value in mine.events:
        parts = all(good.get(child, True) for child in mine.children[i])
        node, text = mine.nodes[i]
        values[text] = value
        good[i] = parts if _is_made_up(node, value, values) or _is_number(value) else pool.holds(value)
        if parts and not good[i] and not _is_count(value, node):
            if text in written:  # what a right answer says too is no fault; what it is given may be
                node = _loop(node, mine.loops[i])
                text = node and f"for {words(node.target)} in {words(_clean(node.iter, ()))}"
            if text:
                return Place(text if len(text) <= SHORT else f"{text[: SHORT - 10]}…", _clean(node, ()), values)
    return None


def _loop(node, loops):
    """The innermost loop whose variable stands in an expression, or None."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for loop in reversed(loops):
        if names & {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}:
            return loop
    return None


def _changed(tree):
    """The names of things that are changed after they were made."""
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return {f.value.id for f in calls if f.attr in CHANGERS and isinstance(f.value, ast.Name)}


def _is_sum(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _is_number(value):
    """Whether a value is a size, a place or several: right answers count in many ways."""
    return isinstance(value, int) or (isinstance(value, tuple) and all(isinstance(item, int) for item in value))


def _is_made_up(node, value, values):
    """Whether a value is as right as its parts: brackets, a piece of a list, a box to be filled, a mask, its count."""
    if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
        return isinstance(node, ast.Compare | ast.UnaryOp)
    if isinstance(value, torch.Tensor) and not value.dim() and isinstance(node, ast.Call):
        counted = values.get(words(node.func.value)) if isinstance(node.func, ast.Attribute) else None
        if isinstance(counted, torch.Tensor) and counted.dtype == torch.bool:
            return True
    if getattr(node, "box", False) and isinstance(value, list | set | dict):
        return True
    called = node.func if isinstance(node, ast.Call) else node
    if getattr(called, "attr", getattr(called, "id", None)) in BOXES | SIZES and not isinstance(called, ast.Name):
        return True
    if isinstance(node, ast.Call) and isinstance(called, ast.Name):
        if called.id in KEEPS or (called.id in BOXES | SIZES and not node.args):
            return True
    if getattr(node, "inner", False):
        return True  # a sum is no place before it is complete
    piece = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(value, list | str)
    return piece or isinstance(node, ast.List | ast.Tuple)


def _is_count(value, node):
    """Whether a value says nothing about a place: a name, a number, brackets with right things in them."""
    plain = isinstance(node, ast.Name | ast.Tuple | ast.UnaryOp) and not isinstance(value, torch.Tensor)
    return plain or isinstance(node, ast.Name) or isinstance(value, bool | int | types.NoneType)


class _Pool:
    """Values that come up on the right way."""

    def __init__(self, values):
        self.tensors, self.others = {}, []
        for value in values:
            self._add(value)

    def _add(self, value):
        flat = _flat(value)
        if flat is not None:
            self.tensors.setdefault(flat.numel(), []).append(flat)
        elif isinstance(value, str | list | tuple | set):
            self.others.append(value)
        if isinstance(value, list | tuple) and len(value) < 50:
            for item in value:
                self._add(item)

    def holds(self, value):
        """Whether a value is on the right way; what is no data always is."""
        flat = _flat(value)
        if flat is None:
            if isinstance(value, set):
                return any(isinstance(other, set) and value == other for other in self.others)
            if isinstance(value, str) or (isinstance(value, list | tuple) and value and _is_plain(value)):
                return any(type(value) is type(other) and value == other for other in self.others if _is_plain([other]))
            return not isinstance(value, list | tuple) or all(map(self.holds, value))
        if isinstance(value, tuple) and any(isinstance(item, torch.Tensor) for item in value):
            return all(map(self.holds, value))  # pieces: each of them counts
        same = self.tensors.get(flat.numel(), [])
        if any(torch.allclose(flat, other, equal_nan=True, **NEAR) for other in same):
            return True
        flat = flat.sort().values
        return flat.numel() > 1 and any(
            torch.allclose(flat, other.sort().values, equal_nan=True, **NEAR) for other in same
        )


def _is_plain(items):
    return all(
        isinstance(item, str | int | float) or (isinstance(item, list | tuple) and _is_plain(item)) for item in items
    )


def _flat(value):
    if isinstance(value, torch.Tensor) and not value.is_complex() and value.layout == torch.strided:
        return value.detach().double().flatten()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return torch.tensor([float(value)], dtype=torch.float64)
    if isinstance(value, list | tuple) and value:
        flats = [_flat(item) for item in value]
        return None if any(flat is None for flat in flats) else torch.cat(flats)
    return None
