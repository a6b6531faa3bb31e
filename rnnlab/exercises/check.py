"""Exercises: a reference answer, the mistakes people make, and a check that tells them apart."""

import inspect
import types

import torch
from IPython.display import Markdown

from .. import light_torch  # noqa: F401 - it works by being imported
from . import guard
from .diagnosis import Diagnosis
from .keeper import undisturbed
from .redraw import redrawn
from .sentence import say
from .slips import Slips
from .values import kind

SECONDS = 5  # processor time of an attempt on one case; one that is still running then is stopped


class Verdict(tuple):
    """(state, sentence); `voice` names who spoke, `broken` tells of voices that an odd value broke."""

    def __new__(cls, state, sentence, voice, broken=()):
        """A verdict is a pair as before; the voice is for whoever measures."""
        made = super().__new__(cls, (state, sentence))
        made.voice, made.broken = voice, broken
        return made


class Exercise:
    """One exercise: `answer` is the reference, a function whose name is the name of the exercise.

    cases: function without arguments, returns a list of argument tuples; every answer is judged on all of them. Where
        a tensor among them requires a gradient, one must be able to flow back through the answer.
    wrong: {function: diagnosis}: the mistakes that deserve a teacher's sentence. The rest comes by itself.
    hints: two sentences, from a nudge to nearly there.
    returns: what the answer returns, in the letters of the course, such as "(B, H)".
    more: function without arguments, returns many random cases of all kinds; without it they are drawn from `cases`.
    ways: other right answers, so that what they compute on the way counts as right too.
    """

    def __init__(self, answer, *, cases, wrong, hints, returns, more=None, ways=()):
        self.answer, self.cases, self.wrong, self.hints, self.returns = answer, cases, wrong, hints, returns
        self.more, self.ways = more, ways
        self.name, self.state = answer.__name__, "not attempted"
        self._slips = self._more = self._drawn = self._dtype = None

    def verdict(self, attempt):
        """State and sentence for an attempt: 'not attempted', 'correct' or 'not yet'. Never raises, changes nothing.

        Only the learner's own KeyboardInterrupt comes through.
        """
        if attempt is ... or attempt is None:
            return Verdict("not attempted", "not attempted yet.", "kind")
        if not callable(attempt) or isinstance(attempt, type):
            what = "a class" if isinstance(attempt, type) else kind(attempt)
            return Verdict("not yet", f"This should be a function, and it is {what}.", "kind")
        with undisturbed():
            try:
                return self._judge(attempt)
            except Exception as error:  # what an attempt returns may refuse even to be looked at
                name = type(error).__name__
                return Verdict(
                    "not yet", f"What it returns cannot be compared ({name}). Expected: {self.returns}.", "kind"
                )

    def _judge(self, attempt):
        cases = self.cases()
        theirs = [guard.call(self.answer, case) for case in cases]  # before the attempt can touch anything
        complaint = self._signature(attempt, cases[0])
        if complaint:
            return Verdict("not yet", complaint, "kind")
        mine, names = [], guard.named(self.answer, cases[0])
        for case in cases:
            result = guard.run(attempt, case, SECONDS, names)
            if result.error is None and result.value is ...:
                return Verdict("not attempted", "not attempted yet.", "kind")
            complaint = _beside(result)
            if complaint:
                return Verdict("not yet", complaint, "kind")
            mine.append(result)
        diagnosis = Diagnosis(self, attempt, cases, mine, theirs)
        if not diagnosis.wrong and diagnosis.unlike() is None:
            return Verdict("correct", "correct.", "right")
        voice, sentence = diagnosis.voices()
        return Verdict("not yet", sentence, voice, diagnosis.broken)

    def _signature(self, attempt, case):
        """A sentence if the attempt cannot be called like the reference."""
        try:
            takes = inspect.signature(attempt)
        except (TypeError, ValueError):
            return None
        try:
            takes.bind(*case)
        except TypeError:
            wanted = ", ".join(inspect.signature(self.answer).parameters)
            return f"It has to take {_arguments(wanted)}; yours takes {_arguments(', '.join(takes.parameters))}."
        return None

    def slips(self):
        """The slips derived from the reference; None if its source cannot be read."""
        self._forget_another_dtype()
        if self._slips is None:
            try:
                self._slips = Slips(self.answer, self.cases())
            except (OSError, TypeError, SyntaxError):
                return None
        return self._slips

    def more_cases(self, count=10_000):
        """Random cases that the reference can answer, at most `count`: [(case, (value, None))]."""
        self._forget_another_dtype()
        if self._more is None:
            names = guard.named(self.answer, self.cases()[0])
            drawn = self.more() if self.more else redrawn(self.cases(), names, self.answer.__doc__)
            self._more, self._drawn = [], iter(drawn)
        while len(self._more) < count and (case := next(self._drawn, None)) is not None:
            outcome = guard.quick(self.answer, case)
            if outcome[1] is None:
                self._more.append((case, outcome))
        return self._more[:count]

    def _forget_another_dtype(self):
        """What the reference answers may hang on PyTorch's default dtype, which a page may set at any time."""
        if self._dtype != torch.get_default_dtype():
            self._slips = self._more = None
            self._dtype = torch.get_default_dtype()

    def not_told_apart(self):
        """The slips that differ from the reference on one of the random cases, and on none of the exercise's own."""
        with undisturbed():
            return list(self.slips().not_told_apart([case for case, _ in self.more_cases()]))

    def check(self, attempt):
        """Say whether `attempt` is right and why not; return it if it is, else the reference: the page runs on."""
        if attempt is self.answer:
            print(f"· {self.name}: this is the reference. Run your own cell again first.")
            return attempt
        self.state, why = self.verdict(attempt)
        mark = {"correct": "✓", "not attempted": "·", "not yet": "✗"}[self.state]
        text = f"{mark} {self.name}: {why}" + ("" if self.state == "correct" else " Going on with the reference.")
        show = say if self.state == "not yet" else print  # the others are short
        show(text)
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
        raise TypeError(f"lesson must be an exercise module such as nb01_rnn_basics, not {kind(lesson)}.")
    exercises = [thing for thing in vars(lesson).values() if isinstance(thing, Exercise)]
    for exercise in exercises:
        print({"correct": "✓", "not attempted": "·", "not yet": "✗"}[exercise.state], exercise.name)
    print(f"{sum(exercise.state == 'correct' for exercise in exercises)} of {len(exercises)} done")


def _beside(result):
    """What an attempt did beside answering, in a sentence; None if nothing."""
    if result.stopped == "time":
        return f"It was still running after {SECONDS} seconds. Is there a loop that never ends?"
    if result.stopped == "wait":
        return f"It waited for {SECONDS} seconds and computed nothing. What does it wait for?"
    if result.stopped == "memory":
        return "It took more and more memory, and was stopped. Does a list or a tensor grow without end?"
    if result.thread:
        return "It starts a thread that lives on after the answer. It is stopped now; an answer does its work and ends."
    if result.changed:
        return f"It changes `{result.changed}`, for the whole page. That is put back; work with names of your own."
    return None


def _arguments(names):
    count = len(names.split(", ")) if names else 0
    many = "no argument" if count == 0 else "1 argument" if count == 1 else f"{count} arguments"
    return f"{many}, `{names}`" if names else many
