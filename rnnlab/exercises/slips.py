"""Slips derived from a reference: its text changed in one place, as people slip, and run like an attempt."""

import ast
import dis
import itertools
import re
import types

import torch

from . import guard, values
from .additions import additions
from .edits import edits, name_of
from .edits_of_sums import number
from .reductions import reductions
from .slip_sentences import SENTENCES
from .speaker import Speaker
from .trees import Tree, words

LEFT_OUT = {"term", "factor", "divisor", "call", "no transpose", "minus", "one minus", "power", "condition",
            "keyword"}  # fmt: skip
READ = " It stands in your text, and does not reach the answer."
PAIRS = 18  # so many of these are tried two by two
LATE = {"never": -1, "always so": -1, "number": 2, "another name": 2, "twice": 2, "factor twice": 2, "line": 2,
        "lines": 2, "entry": 2, "times": 3, "plus": 2, "divided": 3, "argument": 3, "should be itself": 2,
        "matrix product": 2, "floor": 2, "matrix": 2, "index": 1, "index later": 1, "index earlier": 1,
        "another function": 1, "upside down": 1, "doubled": 1, "bracket": 1, "after the loop": 2,
        "entry twice": 1}  # fmt: skip

# Kinds that hardly anyone means: among few letters, counts or errors they are hit by chance, and the name is false.
ODD = {"twice", "factor twice", "times", "plus", "divided", "doubled", "should be itself", "another name", "matrix",
       "index later", "index earlier", "entry twice", "turned", "upside down", "sign", "floor", "argument"}  # fmt: skip


def _cuts_in_pad(tree, edit):
    """Whether a change lets `pad` cut off instead of filling up, which hardly anybody knows it can."""
    return edit.kind == "number" and isinstance(edit.to, int) and edit.to < 0 and tree.inside(edit.node, {"pad"})


class Slips:
    """All slips of one reference that its cases show."""

    def __init__(self, answer, cases):
        """Raises OSError, TypeError or SyntaxError where the source of the reference cannot be read."""
        self.tree, self.cases, self.answer = Tree(answer), cases, answer
        self.right = [guard.quick(answer, case) for case in cases]
        self.tree.pace(guard.quick, cases)
        self.edits = [edit for edit in edits(self.tree) if not _cuts_in_pad(self.tree, edit)]
        self.edits.sort(key=lambda edit: LATE.get(edit.kind, 0))
        self.single = [(self.tree.compiled(edit), (edit,), {}) for edit in self.edits]
        few = [edit for edit in self.edits if edit.kind in LEFT_OUT][:PAIRS]
        self.parts = [(None, (edit,), {}) for edit in reductions(self.tree)]
        self.pairs = [(None, pair, {}) for pair in itertools.combinations(few, 2)]

    def explain(self, mine, known=(), extra=(), written=(), variants=None, unread=(), tree=None):
        """The sentence of the first of `variants` that does on every case what an attempt did, or None.

        mine: the attempt's outcomes (value, error); known: names of its own; extra: more cases, each with its outcome;
        written: every name in its text; unread: parameters it never reads; variants: those to try, else one change, or
        two things left out; tree: its text, the only code that may be quoted.
        """
        if all(alike(a, b) for a, b in zip(mine, self.right, strict=True)):
            return None
        if any(all_zero(a) and not all_zero(b) for (a, _), (b, _) in zip(mine, self.right, strict=True)):
            return None  # there are many ways to zeros
        zero = all(type(value) in (int, float) and value == 0 for value, _ in mine)
        fine = any(continuous(value) for value, _ in mine)
        simpler = False  # something simpler explains it, in words that the learner does not know
        for function, made, outcomes in itertools.chain(self.single, self.pairs) if variants is None else variants:
            if (not fine or simpler) and any(map(is_odd, made)):
                continue
            if function is None and (len(made) > 1 or made[0].kind == "part"):
                function = self.tree.compiled(*made)
            if len(made) > 1 and all(error is not None for _, error in mine):
                continue  # two changes that only raise tell nothing of each other
            if not function or not all(alike(m, self._outcome(function, outcomes, i)) for i, m in enumerate(mine)):
                continue
            if unread and names_read(function.__code__) & set(unread):
                continue  # who never reads a thing did not take the wrong part of it
            if (
                _told_otherwise(made, written)
                or (zero and not _renames(made, written))
                or not all(alike(o, guard.quick(function, case)) for case, o in extra)
            ):
                continue
            sentence = self.said(made, known, tree)
            if sentence:
                return sentence + (READ if tree and self._is_read(made, tree, unread) else "")
            simpler = True
        return None

    def _is_read(self, made, tree, unread):
        """Whether what is left out is a parameter that the attempt reads, and has no effect."""
        name = getattr(made[0].part, "id", None)
        if (
            len(made) > 1
            or made[0].kind not in ("term", "factor", "divisor")
            or name in unread
            or name not in tree.parameters
        ):
            return False
        return sum(isinstance(n, ast.Name) and n.id == name for *_, n in self.tree.nodes()) == 1

    def _outcome(self, function, outcomes, i):
        if i not in outcomes:
            outcomes[i] = guard.quick(function, self.cases[i])
        return outcomes[i]

    def said(self, made, known=(), tree=None):
        """The sentence of one slip, or of two together; None where nothing can be said. known: the attempt's names."""
        speaks = Speaker(self.tree, known, tree)
        if len(made) == 1:
            return speaks.sentence(made[0])
        parts = [speaks.part(edit) for edit in made]
        if None in parts or parts[0] == parts[1]:
            return None
        return f"It behaves as if two things were left out: {parts[0]} and {parts[1]}."

    def _on_the_answer(self):
        """What could be put round the answer itself."""
        returned = [node.value for _, _, node in self.tree.nodes() if isinstance(node, ast.Return)]
        returned += [entry for value in returned if isinstance(value, ast.Tuple) for entry in value.elts]
        odd = ("a `squeeze` of axis 0", "a `squeeze` of axis 1")
        for edit in additions(self.tree):
            if edit.kind in ("round", "cut") and edit.node in returned and edit.to not in odd:
                yield edit

    def not_told_apart(self, more):
        """The sentences of the slips that differ from the reference on one of the cases `more`, and on none of ours."""
        right = [guard.quick(self.answer, case) for case in more]
        too_much = [(self.tree.compiled(edit), (edit,), {}) for edit in self._on_the_answer()]
        for function, made, outcomes in (*self.single, *too_much):
            if function is None:
                continue
            if all(alike(self._outcome(function, outcomes, i), self.right[i]) for i in range(len(self.cases))):
                if not all(
                    alike(guard.quick(function, c), r) for c, r in zip(more, right, strict=True) if r[1] is None
                ):
                    edit = made[0]
                    if edit.kind in SENTENCES:
                        yield self.said(made, known=None) or f"({edit.kind} at {words(edit.node)})"
                    else:
                        yield f"It could have {edit.to} too many, at `{words(edit.node)}`."


def names_in(code):
    """Every name in a code object and in those inside it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names, *code.co_varnames}.union(*map(names_in, inner))


def names_read(code):
    """The names that a code object reads, and those inside it: of comprehensions, of functions."""
    found = set()
    for step in dis.get_instructions(code):
        if "LOAD_FAST" in step.opname and isinstance(step.argval, tuple):  # since Python 3.13: two names at once
            found.update(step.argval[step.opname.startswith("STORE") :])
        elif step.opname.startswith("LOAD"):
            found.add(str(step.argval))
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return found.union(*map(names_read, inner))


def is_odd(edit):
    """Whether hardly anyone means such a change."""
    turned = edit.kind == "number" and isinstance(edit.to, int | float) and number(edit.node) == -edit.to
    return turned or edit.kind in ODD


def _renames(made, written):
    """Whether a slip is another function, and the attempt says that one and not the right one: else 0 tells nothing."""
    other = len(made) == 1 and made[0].kind == "another function"
    return other and made[0].to in written and name_of(made[0].node) not in written


def _told_otherwise(made, written):
    """Whether a slip has one function stand for another where the attempt itself says the other alone."""
    (edit, *others) = made
    name = name_of(edit.node) if isinstance(edit.node, ast.Call) else getattr(edit.node, "attr", None)
    return not others and edit.kind == "another function" and edit.to not in written and name in written


def all_zero(value):
    """Whether all numbers of all tensors in a value are 0, and there are some."""
    numbers = [part for _, part in values.parts(value) if isinstance(part, torch.Tensor) and part.numel()]
    return bool(numbers) and not any(part.any() for part in numbers)


def continuous(value):
    """Whether a value holds several fractions, which are not alike by chance."""
    numbers = [part for _, part in values.parts(value)]
    return sum(part.numel() for part in numbers if isinstance(part, torch.Tensor) and part.is_floating_point()) > 1 or (
        sum(isinstance(part, float) for part in numbers) > 0
    )


def alike(mine, theirs):
    """Whether two outcomes (value, error) are the same; errors: the same operation and the same message."""
    if mine[1] is not None or theirs[1] is not None:
        return (
            type(mine[1]) is type(theirs[1])
            and message(mine[1]) == message(theirs[1])
            and (message(mine[1]).startswith("mat1") or operation(mine[1]) == operation(theirs[1]))
        )
    return values.same(mine[0], theirs[0])


CHANGED = "it changes in place a tensor that a gradient has to reach; make a new one"


def message(error):
    """What an error says, in one line; functions without the place where they were defined."""
    try:
        said = str(error).strip().partition("\n")[0]
    except Exception:
        said = ""
    said = re.sub(r"\b[\w.]*<locals>\.", "", said)
    said = re.sub(r"a (view of a )?leaf Variable that requires grad .*", CHANGED, said)
    return said if len(said) < 200 else said[:200] + " …"


def operation(error):
    """The operation of an exercise or a page that raised, such as "@" or "CALL": the innermost that is no library's."""
    found, at = None, error.__traceback__
    while at is not None:
        if not re.search(
            r"site-packages|lib.python|exercises.(guard|slips|mending|noted|place|raising)\.py",
            at.tb_frame.f_code.co_filename,
        ):
            found = at
        at = at.tb_next
    if found is None:
        return None
    for instruction in dis.get_instructions(found.tb_frame.f_code):
        if instruction.offset == found.tb_lasti:
            return instruction.argrepr.rstrip("=") if instruction.opname == "BINARY_OP" else instruction.opname
    return None
