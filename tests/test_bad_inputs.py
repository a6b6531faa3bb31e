"""Whatever comes, a public function refuses it with a sentence of its own or gives a finite right answer."""

import random

import bad_inputs
import pytest
import torch
from bad_inputs import drive, fine, finite, outcome, public
from good_arguments import ALSO_CALLED, GOOD
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from rnnlab import cells, expect, figures
from rnnlab.explorers import gradient_river

NAMES = sorted(set(public()) & set(GOOD))
# Nothing is shrunk: that takes minutes, and what fails says itself which argument it was and what came.
a_few = settings(deadline=None, derandomize=True, phases=[Phase.generate])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a bad path may be written to


def test_every_public_function_has_good_arguments_to_make_bad_ones_from():
    new = sorted(set(public()) - set(GOOD))
    assert not new, f"add good arguments for {', '.join(new)} to GOOD in tests/good_arguments.py, or a reason to INSIDE"
    gone = sorted(set(GOOD) - set(public()))
    assert not gone, f"{', '.join(gone)} is not public any more: take it out of GOOD in tests/good_arguments.py"
    assert all(GOOD.values())


@pytest.fixture(autouse=True, scope="module")
def no_data_given():
    """Good arguments name a folder of their own. The river's table takes seconds, and no argument goes into it."""
    shape = [len(gradient_river.AXES[name]) for name in ("curves", "sizes", "radii", "steps")]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RNNLAB_DATA", raising=False)
        patch.setattr(gradient_river, "exponents", lambda: torch.zeros(shape))
        yield


@pytest.mark.parametrize("name", NAMES)
def test_good_arguments_are_good(name):
    for make in GOOD[name]:
        function, arguments = make()
        assert finite(function(**arguments))


def complaints(name, seed):
    """(case, what was said) of each bad input that is neither refused with a sentence nor rightly taken."""
    driven = drive(name, random.Random(seed))
    return {case: what for case, became, what in driven if became != "refused" and not fine(name, case, became, what)}


@pytest.mark.parametrize("name", NAMES)
def test_bad_inputs(name):
    assert not complaints(name, 0)


@pytest.mark.parametrize("name", NAMES)
@settings(a_few, max_examples=2)
@given(st.integers(1, 2**32))
def test_bad_inputs_wherever_and_however_large(name, seed):
    assert not complaints(name, seed)


@pytest.mark.parametrize("name", NAMES)
@settings(a_few, max_examples=6)
@given(st.data())
def test_two_bad_inputs_at_once(name, data):
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    for make in GOOD[name]:
        function, arguments = make()
        for argument in data.draw(st.sets(st.sampled_from(sorted(arguments)), min_size=1, max_size=2)):
            kinds = bad_inputs.bad(arguments[argument], chance)
            arguments[argument] = kinds[data.draw(st.sampled_from(sorted(kinds)))]
        words = [*arguments, *ALSO_CALLED.get(name, ())]
        assert outcome(lambda f=function, a=arguments: f(**a), words)[0] != "raw"


def test_what_is_raw_is_told_from_a_refusal():
    ones = torch.ones(2, 2)
    assert outcome(lambda: expect.whole("k", 0), ["k"])[0] == "refused"
    assert outcome(lambda: expect.whole("k", 0), ["size"])[0] == "raw"  # a sentence about something else
    assert outcome(lambda: cells.rnn_step.plain(None, ones, ones, ones), ["x"])[0] == "raw"  # Python's, in our own line
    assert outcome(lambda: cells.rnn_step.plain(ones, ones, ones[:1, :1], ones), ["x"])[0] == "raw"  # PyTorch's
    assert outcome(lambda: ones / 0, []) == ("accepted", "not finite")
    assert outcome(lambda: {"a": [ones, 1.0]}, []) == ("accepted", "finite")


def test_a_function_that_looks_at_nothing_is_caught(monkeypatch):
    def scale(x, by):
        return x * by

    monkeypatch.setitem(GOOD, "rnnlab.figures.describe", [lambda: (scale, {"x": torch.ones(2), "by": 2})])
    assert {"x: none", "x: nan", "by: thing"} <= complaints("rnnlab.figures.describe", 0).keys()


def test_a_new_function_is_found_the_day_it_is_written(monkeypatch):
    def fresh(x):
        """A function without good arguments."""

    fresh.__module__ = "rnnlab.figures"
    monkeypatch.setattr(figures, "fresh", fresh, raising=False)
    assert set(public.__wrapped__()) - set(GOOD) == {"rnnlab.figures.fresh"}
