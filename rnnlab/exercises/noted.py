"""A function whose every expression notes its value when it is run."""

import ast
import copy
import types

import torch

from . import guard
from .trees import Tree, words
from .values import plain

MOST = 3000  # values noted in one run
FILE = "<place>"
CHANGERS = {"append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "update", "add"}


class Noted:
    """A function whose every expression notes its value when it is run."""

    def __init__(self, function):
        """Raises OSError, TypeError or SyntaxError where the source cannot be read."""
        tree = Tree(function)
        self.nodes, self.children, self.events, self.names = [], [], [], tree.names
        self.changed, self.grafts = _changed(tree.definition), {}
        self.stored = {
            n.id for n in ast.walk(tree.definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        self.added = {n.target.id for n in ast.walk(tree.definition)
                      if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}  # fmt: skip
        turned = [n.target for n in ast.walk(tree.definition) if isinstance(n, ast.For | ast.comprehension)]
        self.turning = {n.id for target in turned for n in ast.walk(target) if isinstance(n, ast.Name)}
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
        self.nodes.append((original, words(clean(original, self.nodes))))
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
            named = isinstance(value, tuple) and type(value) is not tuple
            self.events.append((i, value if named else plain(value)))
        return next(self.grafts[i], value) if i in self.grafts else value

    def run(self, case):
        """Run it on a copy of the case; its error, or None."""
        return self.result(case, {})[1]

    def result(self, case, grafts):
        """Run it, with other values in the place of some expressions, {place: [value in each turn]}: (value, error)."""
        self.grafts = {i: iter(plain(values)) for i, values in grafts.items()}
        torch.random.default_generator.manual_seed(0)
        try:
            return plain(self.function(*guard.copied(case))), None
        except Exception as error:
            return None, error


def clean(node, nodes):
    """The node as it was written: without the notes put into its parts."""

    class Clean(ast.NodeTransformer):
        def visit_Call(self, call):
            if isinstance(call.func, ast.Name) and call.func.id == "__note__":
                return self.visit(call.args[1])
            return self.generic_visit(call)

    return Clean().visit(copy.deepcopy(node))


def _changed(tree):
    """The names of things that are changed after they were made."""
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    return {f.value.id for f in calls if f.attr in CHANGERS and isinstance(f.value, ast.Name)}


def _is_sum(node):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
