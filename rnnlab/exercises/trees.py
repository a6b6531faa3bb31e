"""A function as a syntax tree that can be changed in one place, compiled, and put back."""

import ast
import contextlib
import inspect
import math
import types
import warnings
from dataclasses import dataclass, field

from .source import definition

TURNS = 300  # as often may the loops of a changed function turn in one call, all together,
FEWER = 80  # where the function itself comes to its end so often,
TIMES = 3  # or so many times as often as it turned its own


class TooLong(Exception):
    """A changed function that would perhaps never end."""


@dataclass(eq=False)
class Edit:
    """One change: `holder[key]` or `holder.key` becomes `new`. `kind` says which, at `node`, with `part` or `to`."""

    kind: str
    holder: object
    key: object
    new: object
    node: object
    part: object = None
    to: object = None
    old: object = field(init=False)

    def __post_init__(self):
        self.old = self.holder[self.key] if isinstance(self.holder, list) else getattr(self.holder, self.key)

    def put(self, what, holder=None, key=None):
        """Set the place to `what`."""
        holder, key = (self.holder, self.key) if holder is None else (holder, key)
        if isinstance(holder, list):
            holder[key] = what
        else:
            setattr(holder, key, what)


class Tree:
    """The tree of a function and the names it sees."""

    def __init__(self, function):
        """Raises OSError, TypeError or SyntaxError where the source of `function` cannot be read."""
        function = inspect.unwrap(function)
        if not isinstance(function, types.FunctionType):
            raise TypeError("a function written in Python is needed.")
        self.function, self.definition = function, definition(function)
        self.file, self.first = function.__code__.co_filename, function.__code__.co_firstlineno
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        self.names = dict(function.__globals__)
        for name, cell in cells:
            with contextlib.suppress(ValueError):  # an empty cell
                self.names[name] = cell.cell_contents
        arguments = self.definition.args
        self.parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        self.body = self.definition.body if isinstance(self.definition, ast.FunctionDef) else self.definition
        self.parents = {id(c): n for n in ast.walk(self.definition) for c in ast.iter_child_nodes(n)}
        self.whiles = [node for node in ast.walk(self.definition) if isinstance(node, ast.While)]
        self.most, self.turned = TURNS, 0

    def nodes(self):
        """Every (holder, key, node) of the body, outer ones first, in the order of the text."""
        stack = [(self.definition, "body", None)]
        while stack:
            holder, key, node = stack.pop()
            inside = node if node is not None else self.definition
            if node is not None:
                yield holder, key, node
            found = []
            for name, value in ast.iter_fields(inside):
                if node is None and name != "body":
                    continue
                if isinstance(value, ast.AST):
                    found.append((inside, name, value))
                elif isinstance(value, list):
                    found += [(value, i, item) for i, item in enumerate(value) if isinstance(item, ast.AST)]
            stack += reversed(found)

    def around(self, node):
        """The nearest expression around a node, or None."""
        parent = self.parents.get(id(node))
        while isinstance(parent, ast.Tuple | ast.UnaryOp | ast.keyword | ast.Slice):
            parent = self.parents.get(id(parent))
        return parent if isinstance(parent, ast.expr) else None

    def line(self, node):
        """The statement of one line that a node stands in, or None."""
        while node is not None and not isinstance(node, ast.stmt):
            node = self.parents.get(id(node))
        return node if isinstance(node, ast.Return | ast.Assign | ast.AugAssign | ast.Expr) else None

    def inside(self, node, names, base=True):
        """Whether a node stands in a call of one of these names, or in the braces that stand for `set`.

        base: also as what a method is called on.
        """
        while (child := node) is not None and (node := self.parents.get(id(node))) is not None:
            if not base and isinstance(node, ast.Call) and node.func is child:
                continue
            called = node.func if isinstance(node, ast.Call) else None
            braces = isinstance(node, ast.Set | ast.SetComp) and "set" in names
            if braces or getattr(called, "id", getattr(called, "attr", None)) in names:
                return True
        return False

    def in_loop(self, node):
        """Whether a node stands in a loop."""
        while node is not None and not isinstance(node, ast.For | ast.While):
            node = self.parents.get(id(node))
        return node is not None

    def compiled(self, *edits):
        """The function with the edits in it, or None where Python refuses it; the tree is as before."""
        places = []
        for edit in edits:
            holder, key = edit.holder, edit.key
            for before, at in places:
                if holder is before.old and edit.old is before.new:  # it was moved up by the edit before
                    holder, key = at
            _located(edit.new, edit.node)
            edit.put(edit.new, holder, key)
            places.append((edit, (holder, key)))
        ticks = self._ticks()
        try:
            with warnings.catch_warnings():  # a change may be odd
                warnings.simplefilter("ignore")
                return self._function()
        except (SyntaxError, ValueError, TypeError, RecursionError):
            return None
        finally:
            for body in ticks:
                body.pop(0)
            for edit, (holder, key) in reversed(places):
                edit.put(edit.old if (holder, key) == (edit.holder, edit.key) else places[0][0].new, holder, key)

    def pace(self, call, cases):
        """Let changed functions turn their loops not much more often than this one does on the longest of the cases.

        call: runs a function on one case and gives (value, error).
        """
        function, self.most = self.compiled(), math.inf
        raised = [call(function, case)[1] for case in cases if function]
        self.most = max(TURNS if any(raised) or not raised else FEWER, TIMES * self.turned)

    def _ticks(self):
        """Put a tick into each loop, for a list may grow while it is walked along; the bodies it went into."""
        if isinstance(self.definition, ast.Lambda):
            return []
        bodies = list(_turning(self.definition.body))
        for body in bodies:
            body.insert(0, _call("__tick__", body[0]))
        if bodies:
            bodies.append(self.definition.body)
            self.definition.body.insert(0, _call("__start__", self.definition.body[0]))
        return bodies

    def _function(self):
        if isinstance(self.definition, ast.Lambda):
            body = ast.Expression(self.definition)
            made = eval(compile(body, self.file, "eval"), self._space())
        else:
            space = {}
            module = ast.Module([self.definition], type_ignores=[])
            globals_ = self._space()
            exec(compile(module, self.file, "exec"), globals_, space)
            made = globals_[self.definition.name] = space[self.definition.name]
        return made

    def _space(self):
        turns = 0

        def start():
            nonlocal turns
            turns = 0

        def tick():
            nonlocal turns
            turns += 1
            self.turned = max(self.turned, turns)
            if turns > self.most:
                raise TooLong

        return {**self.names, "__start__": start, "__tick__": tick}


def read(function):
    """The tree of a function; None where its source cannot be read."""
    try:
        return Tree(function)
    except (OSError, TypeError, SyntaxError):
        return None


def words(node):
    """The text of a node as it would be written, in one line."""
    return " ".join(ast.unparse(node).split())


def index_text(node):
    """The same, and for what stands in the brackets of an index, the brackets with it: [:, -1]."""
    text = words(node)
    if isinstance(node, ast.Slice):
        return f"[{text}]"
    if isinstance(node, ast.Tuple) and any(isinstance(entry, ast.Slice) for entry in node.elts):
        return f"[{text[1:-1].rstrip(',')}]"
    return text


def _located(new, near):
    for node in (node for item in (new if isinstance(new, list) else [new]) for node in ast.walk(item)):
        if not hasattr(node, "lineno") and isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)):
            ast.copy_location(node, near)


def _turning(lines):
    """The body of each loop in some lines; only statements are looked at, for this is done thousands of times."""
    for line in lines:
        if isinstance(line, ast.For | ast.While):
            yield line.body
        for inside in "body", "orelse", "finalbody", "handlers":
            yield from _turning(getattr(line, inside, ()))


def _call(name, line):
    call = ast.Call(ast.Name(name, ast.Load()), [], [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), line))
