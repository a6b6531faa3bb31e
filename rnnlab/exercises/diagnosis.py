"""Why an attempt is not right: the voices in their order, each only where what it says is true of all that was seen."""

import inspect

import torch

from . import guard, loops, related, values
from .beside import cut, same_mode, unread
from .difference import Returns, difference, given, is_another_kind
from .first_nan import TOO_LARGE, first_nan
from .letters import Letters
from .mending import mended, mended_twice
from .placed import placed
from .raising import plainly_raised
from .slips import alike, all_zero, is_odd, names_in
from .trees import read

SECONDS = 5  # processor time for all that a voice tries; what it may try is counted, so this is for accidents
EXTRA, EXTRA_OF_A_NET = 10, 4  # random cases on which a slip has to agree as well; a net makes them dear


class Diagnosis:
    """Everything about one attempt that is not right: what it did on the cases, and what the reference did."""

    def __init__(self, exercise, attempt, cases, mine, theirs):
        self.exercise, self.attempt, self.cases, self.mine, self.theirs = exercise, attempt, cases, mine, theirs
        self.extra, self.broken = None, []
        self.names = guard.named(exercise.answer, cases[0])
        net = any(isinstance(argument, torch.nn.Module) for argument in cases[0])
        self.count = EXTRA_OF_A_NET if net else EXTRA
        text = exercise.answer.__doc__
        self.letters = [Letters(text, dict(zip(self.names, case, strict=True))) for case in cases]
        self.returns = Returns(exercise.returns, text)
        self.outcomes = [(result.value, result.error) for result in mine]
        self.right = [(result.value, result.error) for result in theirs]
        self.wrong = [i for i, (a, b) in enumerate(zip(self.outcomes, self.right, strict=True)) if not alike(a, b)]

    def voices(self):
        """(name of the voice, sentence) of the first voice that has something to say."""
        for name, voice in VOICES.items():
            try:
                sentence = voice(self)
            except Exception as error:  # an odd value breaks a voice: the next one speaks
                if voice is Diagnosis.differs:
                    raise
                self.broken.append(f"{name}: {error!r}")
                sentence = None
            if sentence:
                return name, sentence
        raise AssertionError("the last voice always speaks")

    # ---- the voices ---------------------------------------------------------------------------------------------

    def known(self):
        """The mistake among those of the exercise that does the same."""
        for mistake, sentence in self.exercise.wrong.items():
            results = [guard.call(mistake, case) for case in self.cases]
            if all(map(self._as, self.mine, results, self.cases)):
                return sentence
        return None

    def _as(self, mine, theirs, case):
        if not alike((mine.value, mine.error), (theirs.value, theirs.error)):
            return False
        if mine.error is None and [g is None for g in mine.gradients] != [g is None for g in theirs.gradients]:
            return False
        return self._touched(mine, case) == self._touched(theirs, case)

    def _touched(self, result, case):
        return [
            i for i, (was, now) in enumerate(zip(case, result.arguments, strict=True)) if not values.untouched(was, now)
        ]

    def unchanged(self):
        """An argument given back as it came."""
        name = related.given_back(self.names, self.cases, self.outcomes)
        place = None if name is None or loops.gives_back(read(self.attempt)) else placed(self)
        return name and f"It gives `{name}` back as it came." + (f" {place}" if place else "")

    def derived(self):
        """A slip derived from the reference."""
        return self._slip(lambda slips: [slip for slip in slips.single if not is_odd(slip[1][0])])

    def seldom(self):
        """A derived slip of a kind that is rarer, or two of them: only where no change mends the attempt itself."""
        return self._slip(lambda slips: None)

    def unused(self):
        """An argument that the attempt never reads."""
        if not self.wrong or all(error is not None for _, error in self.outcomes):
            return None
        names = self._unread()
        return self.kind_first(self.wrong[0]) + f"Your function never uses `{names[0]}`." if names else None

    def _unread(self):
        return unread(self.attempt, self.names, (self.exercise.answer, *self.exercise.ways))

    def part(self):
        """A part or a function of something in the reference, taken for the thing itself."""
        if any(error is not None for _, error in self.outcomes):
            return None
        return self._slip(lambda slips: slips.parts)

    def _slip(self, variants):
        if not self.wrong:
            return None
        slips, extra = self.exercise.slips(), self._extra()
        if slips is None:
            return None
        code = getattr(inspect.unwrap(self.attempt), "__code__", None)
        own, written = (code.co_varnames, names_in(code)) if code else ((), ())
        return slips.explain(self.outcomes, own, extra, written, variants(slips), self._unread(), read(self.attempt))

    def not_finite(self):
        """The operation that brings nan or infinity in, where that is all that is wrong."""
        pairs = [(self.cases[i], self.outcomes[i], self.right[i][0]) for i in self.wrong]
        said = [error is None and self.tried(first_nan, self.attempt, c, a, b) for c, (a, error), b in pairs]
        return said[0] if said and all(said) else None

    def too_large(self):
        """The same where exp overflows: a change that moves its scale would mend it by chance."""
        said = self.not_finite()
        return said if said and TOO_LARGE in said else None

    def shown(self, voice):
        """What the text of an attempt shows that does not raise."""
        tree = None if any(error is not None for _, error in self.outcomes) else read(self.attempt)
        return voice(tree) if tree and self.wrong else None

    def zeros(self):
        """A product that starts as zeros."""
        return self.shown(loops.stays_zero) if all(all_zero(self.outcomes[i][0]) for i in self.wrong) else None

    def mending(self):
        """The place where one change makes the attempt right."""
        if not self.wrong or any(isinstance(error, SystemExit | KeyboardInterrupt) for _, error in self.outcomes):
            return None
        return self._mended(mended)

    def mending_twice(self):
        """Two places at once, where one is not enough."""
        if not self.wrong or any(error is not None for _, error in self.outcomes):
            return None
        return self._mended(mended_twice)

    def _mended(self, voice):
        more = self.exercise.more_cases(3 * self.count)  # looked at only where it was right on all before
        cases = [*self.cases, *(case for case, _ in more)]
        right = [*self.right, *(right for _, right in more)]
        said = self.tried(voice, self.attempt, cases, right, self._as_good)
        return said and self.kind_first(self.wrong[0]) + said

    def _as_good(self, function):
        """Whether a changed attempt is also right in what a value does not show: its arguments and its gradients."""
        mine = [guard.call(function, case) for case in self.cases]
        return all(map(self._as, mine, self.theirs, self.cases))

    def kind_first(self, i):
        """The bare difference where it is one of kind or shape: it comes before the place."""
        (a, error), (b, _) = self.outcomes[i], self.right[i]
        if error is not None:
            return ""
        return f"{self.differs()} " if is_another_kind(a, b) else ""

    def _extra(self):
        """[(case, outcome)] of the attempt on random cases."""
        if self.extra is not None:
            return self.extra
        self.extra = found = []
        for case, _ in self.exercise.more_cases(self.count):
            result = guard.run(self.attempt, case, 1)
            if result.stopped is None:
                found.append((case, (result.value, result.error)))
        return found

    def dressed(self):
        """The right numbers in the wrong dtype."""
        return related.dressed(self.outcomes, self.right, self.returns) if self.wrong else None

    def related(self):
        """A relation between what came and what was expected."""
        if not self.wrong or any(error is not None for _, error in self.outcomes):
            return None
        mine, theirs = [value for value, _ in self.outcomes], [value for value, _ in self.right]
        said = related.related(mine, theirs, self.letters, self.returns)
        return said and related.where(self.wrong, self.letters) + said

    def differs(self):
        """The bare difference."""
        for i in self.wrong:
            error = self.outcomes[i][1]
            if error is not None:
                return plainly_raised(error, self.attempt)
            arguments = dict(zip(self.names, self.cases[i], strict=True))
            return difference(self.outcomes[i][0], self.right[i][0], self.letters[i], self.returns, given(arguments))
        return None

    def unlike(self):
        """What is not right though all values are: an argument changed, a gradient cut; None if nothing is."""
        for mine, theirs, case in zip(self.mine, self.theirs, self.cases, strict=True):
            same_mode(case, mine.arguments)
            left = zip(case, mine.arguments, theirs.arguments, strict=True)
            for name, (was, now, reference) in zip(self.names, left, strict=True):
                if not values.untouched(was, now) and not values.untouched(reference, now):
                    return f"It changes its argument `{name}` in place. Work on a copy: others may still need it."
            lost = None if self.wrong else cut(mine.gradients, theirs.gradients, self.returns, self.attempt)
            if lost:
                return lost
        return None

    def tried(self, voice, *arguments):
        """What a voice says, within its time; None where it breaks."""
        result = guard.run(lambda: voice(*arguments), (), SECONDS, around=self.attempt)
        if result.stopped or result.error is not None:
            self.broken.append(f"{voice.__name__}: {result.stopped or repr(result.error)}")
            return None
        return result.value


VOICES = {
    "known mistake": Diagnosis.known, "dress": Diagnosis.dressed, "unchanged": Diagnosis.unchanged,
    "derived slip": Diagnosis.derived, "on the way": lambda diagnosis: diagnosis.shown(loops.changed_on_the_way),
    "too large": Diagnosis.too_large, "mending": Diagnosis.mending, "not finite": Diagnosis.not_finite,
    "lost": lambda diagnosis: diagnosis.shown(loops.lost), "zeros": Diagnosis.zeros,
    "unused": Diagnosis.unused, "rarer slip": Diagnosis.seldom,
    "beside": Diagnosis.unlike, "relation": Diagnosis.related, "mending twice": Diagnosis.mending_twice,
    "part": Diagnosis.part, "idle": lambda diagnosis: diagnosis.shown(loops.never_used),
    "place": placed, "difference": Diagnosis.differs,
}  # fmt: skip
