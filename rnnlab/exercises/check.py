"""Exercises: a reference answer, the mistakes people make, and a check that tells them apart."""

import inspect
import re
import traceback
import types

import numpy as np
import torch
from IPython.display import Markdown

from . import guard

SECONDS = 10  # an attempt that is still running then is stopped


class Exercise:
    """One exercise: `answer` is the reference, a function whose name is the name of the exercise.

    cases: function without arguments, returns a list of argument tuples; every answer is judged on all of them. Where
        a tensor among them requires a gradient, one must be able to flow back through the answer.
    wrong: {function: diagnosis}: the mistakes people make. An attempt that behaves like one reads its diagnosis.
    hints: two sentences, from a nudge to nearly there.
    returns: what the answer returns, in the letters of the course, such as "(B, H)".
    """

    def __init__(self, answer, *, cases, wrong, hints, returns):
        self.answer, self.cases, self.wrong, self.hints, self.returns = answer, cases, wrong, hints, returns
        self.name, self.state = answer.__name__, "not attempted"

    def verdict(self, attempt):
        """State and sentence for an attempt: 'not attempted', 'correct' or 'not yet'. Never raises, changes nothing.

        Only the learner's own KeyboardInterrupt comes through.
        """
        if attempt is ... or attempt is None:
            return "not attempted", "not attempted yet."
        if not callable(attempt):
            return "not yet", f"this should be a function, and it is {_kind(attempt)}."
        with guard.undisturbed():
            try:
                return self._judge(attempt)
            except Exception as error:  # what an attempt returns may refuse even to be looked at
                kind = type(error).__name__
                return "not yet", f"what it returns cannot be compared ({kind}). Expected: {self.returns}."

    def _judge(self, attempt):
        mine, theirs = [], []
        for case in self.cases():
            result = guard.run(attempt, case, SECONDS)
            if result.value is ...:
                return "not attempted", "not attempted yet."
            if result.stopped:
                return "not yet", f"still running after {SECONDS} seconds. Is there a loop that never ends?"
            mine.append(result)
            theirs.append(guard.run(self.answer, case, SECONDS))
        complaint = next((c for c in map(_difference, mine, theirs) if c), None)
        if complaint is None:
            return "correct", "correct."
        known = [([guard.run(wrong, case, SECONDS) for case in self.cases()], why) for wrong, why in self.wrong.items()]
        for same_words in True, False:  # two mistakes may raise the same type: first the one with the same message
            for results, diagnosis in known:
                if all(_alike(a, b, same_words) for a, b in zip(mine, results, strict=True)):
                    return "not yet", diagnosis
        return "not yet", complaint.replace("RETURNS", self.returns)

    def check(self, attempt):
        """Say whether `attempt` is right and why not; return it if it is, else the reference: the page runs on."""
        if attempt is self.answer:
            print(f"· {self.name}: this is the reference. Run your own cell again first.")
            return attempt
        self.state, why = self.verdict(attempt)
        mark = {"correct": "✓", "not attempted": "·", "not yet": "✗"}[self.state]
        print(f"{mark} {self.name}: {why}" + ("" if self.state == "correct" else " Going on with the reference."))
        return attempt if self.state == "correct" else self.answer

    def folded(self):
        """The hints as they stand on the page: folded, the first a nudge, the last nearly there."""
        fold = "<details><summary>Hint {}</summary>\n\n{}\n\n</details>"
        return "\n".join(fold.format(number, hint) for number, hint in enumerate(self.hints, 1))

    def hint(self, number=1):
        """Show one hint, counted from 1."""
        if number not in range(1, len(self.hints) + 1):
            raise ValueError(f"number must be 1 to {len(self.hints)}, the hints there are, not {number!r}.")
        return Markdown(self.hints[number - 1])

    def source(self):
        """The reference answer as text."""
        return inspect.getsource(self.answer).rstrip()

    def solution(self):
        """Show the reference answer."""
        return Markdown(f"```python\n{self.source()}\n```")


def progress(lesson):
    """Print what is done in a lesson: one line for each exercise of its module."""
    if not isinstance(lesson, types.ModuleType):
        raise TypeError(f"lesson must be an exercise module such as nb01_rnn_basics, not {_kind(lesson)}.")
    exercises = [thing for thing in vars(lesson).values() if isinstance(thing, Exercise)]
    for exercise in exercises:
        print({"correct": "✓", "not attempted": "·", "not yet": "✗"}[exercise.state], exercise.name)
    print(f"{sum(exercise.state == 'correct' for exercise in exercises)} of {len(exercises)} done")


def _difference(mine, theirs):
    """A sentence on how a result differs from the reference's, or None if it does not."""
    if mine.error is not None:
        frames = [f for f in traceback.extract_tb(mine.error.__traceback__) if f.filename != guard.__file__]
        lines = [frame.line for frame in frames if frame.filename == frames[0].filename and frame.line]
        place = f", at `{lines[-1]}`" if lines else ""
        return f"it raised {type(mine.error).__name__}: {_message(mine.error)}".rstrip(".: ") + f"{place}."
    if mine.changed:
        return f"it changes its argument {mine.changed} in place. Work on a copy: others may still need it."
    differs = _compare(mine.value, theirs.value)
    if differs is None and mine.cut and not theirs.cut:
        return (
            "the values are right, but no gradient can flow back through them: .item(), .detach(), .numpy(), "
            "torch.tensor(...) or no_grad cuts it off, and the net could not learn."
        )
    return differs


def _compare(mine, theirs, where="it"):
    if mine is None:
        return f"{where} returns None. Is there a return at the end?"
    if isinstance(theirs, (tuple, list)) and not isinstance(mine, torch.Tensor):
        if not isinstance(mine, (tuple, list)) or len(mine) != len(theirs):
            many = f"{len(mine)} things" if isinstance(mine, (tuple, list)) else _kind(mine)
            return f"{where} returns {many}, expected {len(theirs)}: RETURNS."
        part = "part" if where == "it" else f"{where}, part"
        parts = (_compare(a, b, f"{part} {i}") for i, (a, b) in enumerate(zip(mine, theirs, strict=True), 1))
        return next((part for part in parts if part), None)
    if isinstance(theirs, dict):
        if not isinstance(mine, dict) or mine.keys() != theirs.keys():
            return f"{where} returns {_kind(mine)}, expected a dict with the keys {', '.join(map(str, theirs))}."
        return next((part for key in theirs if (part := _compare(mine[key], theirs[key], str(key)))), None)
    if isinstance(theirs, torch.Tensor) and theirs.dim() > 0:
        return _compare_tensors(mine, theirs, where)
    if isinstance(theirs, (int, float, torch.Tensor)) and not isinstance(theirs, bool):
        number = mine.item() if isinstance(mine, torch.Tensor) and mine.numel() == 1 else mine
        if not isinstance(number, (int, float)) or isinstance(number, bool):
            return f"{where} returns {_kind(mine)}, expected a number: RETURNS."
        if not _close(torch.tensor(float(number)), torch.tensor(float(theirs))):
            return f"{where} returns {number:.4g}, expected {float(theirs):.4g}."
        return None
    if type(mine) is not type(theirs):
        return f"{where} returns {_kind(mine)}, expected {_kind(theirs)}: RETURNS."
    return None if mine == theirs else f"{where} returns {mine!r}, expected {theirs!r}."


def _compare_tensors(mine, theirs, where):
    if not isinstance(mine, torch.Tensor):
        return f"{where} returns {_kind(mine)}, expected a tensor of shape RETURNS."
    shape, letters = ("the shape", " = RETURNS") if where == "it" else (f"the shape of {where}", "")
    if mine.shape != theirs.shape:
        return f"{shape} is {tuple(mine.shape)}, expected {tuple(theirs.shape)}{letters}."
    if mine.is_complex():
        return f"{where} returns complex numbers, expected real ones."
    if mine.layout != torch.strided:
        return f"{where} returns a sparse tensor, expected an ordinary one."
    close = torch.isclose(mine.double(), theirs.double(), rtol=1e-4, atol=1e-6, equal_nan=True)
    if close.all():
        return None
    at = tuple((~close).nonzero()[0].tolist())
    share = f"{(~close).sum()} of {close.numel()} values are not"
    return (f"{shape} is right, {share}. The first is at {list(at)}: "
            f"{mine[at].item():.4g}, expected {theirs[at].item():.4g}.")  # fmt: skip


def _alike(mine, wrong, same_words):
    """Whether an attempt's result and a known mistake's are the same."""
    if mine.error is not None or wrong.error is not None:
        return type(mine.error) is type(wrong.error) and (
            not same_words or _message(mine.error) == _message(wrong.error)
        )
    return mine.changed == wrong.changed and _compare(mine.value, wrong.value) is None


def _message(error):
    """What an error says, in one line and without the name of the function that it names."""
    try:
        said = str(error).strip().partition("\n")[0]
    except Exception:
        said = ""
    said = re.sub(r"^\S+\(\) ", "it ", said)
    return said if len(said) < 200 else said[:200] + " …"


def _close(a, b):
    return bool(torch.isclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True).all())


def _kind(value):
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
