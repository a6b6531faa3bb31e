"""The check machine: whatever an attempt does, it ends in a sentence, and nothing of the caller's is changed."""

import _thread
import random
import signal
import sys
import threading
import time
import types

import numpy as np
import pytest
import torch

from rnnlab.exercises import check
from rnnlab.exercises.check import Exercise, progress


def twice_plus(x, y):
    """x (N,), y (N,) -> (N,)."""
    return 2 * x + y


def forgot_y(x, y):
    return 2 * x


def cases():
    return [(torch.arange(3.0), torch.ones(3)), (torch.ones(2), torch.arange(2.0))]


def made(answer=twice_plus, cases=cases, wrong=None, returns="(N,)"):
    wrong = {forgot_y: "y is not in it."} if wrong is None else wrong
    return Exercise(answer, cases=cases, wrong=wrong, hints=("Add.", "Add y."), returns=returns)


def says(attempt, words, **how):
    state, sentence = made(**how).verdict(attempt)
    assert state == "not yet" and words in sentence, (state, sentence)
    assert sentence.endswith((".", "?")) and "\n" not in sentence
    return sentence


# ---- right, and not attempted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, y: x + x + y,
        lambda x, y, unused=None: torch.stack([2 * a + b for a, b in zip(x, y, strict=True)]),
        lambda *both: torch.add(both[1], both[0], alpha=2),
        lambda x, y: (2 * x + y).double(),
        lambda x, y: (2 * x + y).requires_grad_(),
        lambda x, y: torch.from_numpy(2 * x.numpy() + y.numpy()),
        lambda x, y: print("on my way") or 2 * x + y,
        types.MethodType(lambda self, x, y: 2 * x + y, object()),
    ],
)
def test_every_right_answer_is_right(attempt, capsys):
    assert made().verdict(attempt) == ("correct", "correct.")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("attempt", [..., None, lambda x, y: ...])
def test_a_stub_is_not_attempted(attempt):
    assert made().verdict(attempt) == ("not attempted", "not attempted yet.")


def test_a_known_mistake_reads_its_diagnosis_however_it_is_written():
    assert made().verdict(lambda x, y: x * torch.tensor(2.0)) == ("not yet", "y is not in it.")


def test_mistakes_that_raise_are_known_by_what_they_say():
    def mixed(x, y):
        return x @ y[:1]

    def unpacked(x, y):
        a, b, c, d = x

    wrong = {mixed: "cut too short.", unpacked: "too many names."}
    assert made(wrong=wrong).verdict(lambda x, y: torch.dot(x, y[:1]))[0] == "not yet"
    assert made(wrong=wrong).verdict(lambda x, y: [(a, b, c, d) for a, b, c, d in [x]])[1] == "too many names."


# ---- what goes wrong -------------------------------------------------------------------------------------------------


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def raises(error):
    def attempt(x, y):
        raise error

    return attempt


@pytest.mark.parametrize(
    "error, words",
    [
        (ValueError("x is odd.\nSecond line"), "it raised ValueError: x is odd, at `raise error`."),
        (ZeroDivisionError(), "it raised ZeroDivisionError, at `raise error`."),
        (SystemExit(3), "it raised SystemExit: 3"),
        (Silent(), "it raised Silent"),
        (RuntimeError("long " * 1000), "it raised RuntimeError: long"),
        (StopIteration("x"), "it raised StopIteration"),
        (MemoryError("x"), "it raised MemoryError"),
    ],
)
def test_raising(error, words):
    assert len(says(raises(error), words)) < 300


def test_an_error_names_the_line_of_the_attempt():
    def attempt(x, y):
        z = x[None] @ y[:1]
        return z

    assert "at `z = x[None] @ y[:1]`" in says(attempt, "it raised RuntimeError: ")


def test_endless_recursion():
    def attempt(x, y):
        return attempt(x, y)

    says(attempt, "it raised RecursionError")


def test_wrong_signature():
    says(lambda x: x, "it takes 1 positional argument but 2 were given")


@pytest.mark.parametrize("attempt", [3, "x", torch.ones(2), [forgot_y]])
def test_not_a_function(attempt):
    says(attempt, "this should be a function, and it is a")


def spins(x, y):
    while True:
        pass


def swallows(x, y):
    while True:
        try:
            time.sleep(0.01)
        except:  # noqa: E722
            if done.is_set():
                return


def sleeps(x, y):
    time.sleep(2)


done = threading.Event()


@pytest.mark.parametrize("attempt", [spins, swallows, sleeps])
def test_looping_for_ever(attempt, monkeypatch, capsys):
    monkeypatch.setattr(check, "SECONDS", 0.2)
    started = time.perf_counter()
    says(attempt, "still running after 0.2 seconds")
    assert time.perf_counter() - started < 1.5
    print("here again")  # what is printed goes to the caller again, even while a thread may still run
    assert capsys.readouterr().out == "here again\n"
    done.set()


def test_a_loop_is_really_stopped(monkeypatch):
    monkeypatch.setattr(check, "SECONDS", 0.2)
    before = threading.active_count()
    says(spins, "still running")
    for _ in range(50):
        if threading.active_count() <= before:
            return
        time.sleep(0.05)
    pytest.fail("the attempt still runs")


class Shapeless(torch.Tensor):
    @property
    def shape(self):
        raise RuntimeError("no shape")


def endless_list(x, y):
    inside = []
    inside.append(inside)
    return inside


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x, y: None, "it returns None. Is there a return at the end?"),
        (lambda x, y: "right", "it returns a str, expected a tensor of shape (N,)."),
        (lambda x, y: [1, 2, 3], "it returns a list, expected a tensor"),
        (lambda x, y: (2 * x + y, x), "it returns a tuple, expected a tensor"),
        (lambda x, y: 3.0, "it returns a float"),
        (lambda x, y: (2 * x + y).numpy(), "it returns a NumPy array of shape (3,), expected a tensor"),
        (lambda x, y: (a for a in x), "it returns a generator"),
        (lambda x, y: torch, "it returns a module"),
        (lambda x, y: lambda: x, "it returns a function"),
        (lambda x, y: 2 * x[:2] + y[:2], "the shape is (2,), expected (3,) = (N,)."),
        (lambda x, y: 2 * x + y + 1j, "it returns complex numbers"),
        (lambda x, y: x.to_sparse(), "it returns a sparse tensor"),
        (lambda x, y: x * float("nan"), "3 of 3 values are not. The first is at [0]: nan, expected 1."),
        (lambda x, y: x.as_subclass(Shapeless), "what it returns cannot be compared (RuntimeError). Expected: (N,)."),
        (endless_list, "it raised RecursionError"),
        (lambda x, y: np.array([object()]), "it returns a NumPy array"),
    ],
)  # fmt: skip
def test_wrong_kind(attempt, words):
    says(attempt, words)


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x: x.sum().item(), None),
        (lambda x: np.float32(x.sum().item()), None),
        (lambda x: x.sum()[None], None),
        (lambda x: x.mean(), "it returns 1, expected 3."),
        (lambda x: x, "it returns a tensor of shape (3,), expected a number: the sum."),
        (lambda x: True, "it returns a bool, expected a number"),
    ],
)
def test_numbers(attempt, words):
    exercise = made(answer=lambda x: float(x.sum()), cases=lambda: [(torch.arange(3.0),)], wrong={}, returns="the sum")
    state, sentence = exercise.verdict(attempt)
    assert (state, sentence) == ("correct", "correct.") if words is None else words in sentence


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x: [x, x.sum()], None),
        (lambda x: torch.return_types.max((x, x.sum())), None),
        (lambda x: x, "it returns a tensor of shape (3,), expected"),
        (lambda x: (x,), "it returns 1 things, expected 2: x and its sum."),
        (lambda x: (x[:2], x.sum()), "the shape of part 1 is (2,), expected (3,)."),
        (lambda x: (x + 1, x.sum()), "the shape of part 1 is right, 3 of 3 values are not."),
        (lambda x: (x, ...), "part 2 returns an ellipsis"),
    ],
)
def test_several_values(attempt, words):
    how = {"cases": lambda: [(torch.arange(3.0),)], "wrong": {}, "returns": "x and its sum"}
    state, sentence = made(answer=lambda x: (x, x.sum()), **how).verdict(attempt)
    assert (state, sentence) == ("correct", "correct.") if words is None else words in sentence


# ---- nothing of the caller's is changed ------------------------------------------------------------------------------

KEPT = [(torch.arange(3.0), torch.ones(3))]


def adds_in_place(x, y):
    x += x
    return x + y


def fills_a_view(x, y):
    y[1:] = 0
    return 2 * x + y


def resizes(x, y):
    result = 2 * x + y
    y.unsqueeze_(0)
    return result


@pytest.mark.parametrize("attempt, name", [(adds_in_place, "x"), (fills_a_view, "y"), (resizes, "y")])
def test_changing_an_argument(attempt, name):
    says(attempt, f"it changes its argument {name} in place", cases=lambda: KEPT)
    assert KEPT[0][0].equal(torch.arange(3.0)) and KEPT[0][1].equal(torch.ones(3))


@pytest.mark.parametrize("change", [lambda list, net: list.pop(), lambda list, net: net.weight.data.zero_()])
def test_changing_a_list_or_a_module(change):
    with torch.random.fork_rng():
        net = torch.nn.Linear(1, 1)
    how = {"cases": lambda: [([torch.ones(1), torch.ones(1)], net)], "wrong": {}}
    says(lambda list, net: (change(list, net), 2.0)[1], "it changes its argument", answer=lambda list, net: 2.0, **how)
    assert net.weight.abs().sum() > 0


def test_a_view_of_an_argument_is_a_value_like_any_other():
    exercise = made(answer=lambda x: x[1:] * 1, cases=lambda: [(torch.arange(3.0),)], wrong={})
    assert exercise.verdict(lambda x: x[1:])[0] == "correct"
    assert exercise.verdict(lambda x: x[:-1])[0] == "not yet"


def test_a_result_that_changes_later_counts_as_it_was():
    kept = torch.zeros(3)

    def attempt(x, y):
        kept[: len(x)] = 2 * x + y
        return kept[: len(x)]

    assert made().verdict(attempt)[0] == "correct"


def draws(x, y):
    torch.rand(3), np.random.rand(3), random.random()
    torch.set_default_dtype(torch.float64)
    return 2 * x + y


def test_random_numbers_and_defaults_stay():
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    expected = torch.rand(2), np.random.rand(2), random.random()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)

    def drawn_cases():
        torch.rand(7)
        return cases()

    assert made(cases=drawn_cases).verdict(draws)[0] == "correct"
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.rand(2), expected[0]) and (np.random.rand(2) == expected[1]).all()
    assert random.random() == expected[2]


def test_an_attempt_may_use_random_numbers_the_reference_uses():
    exercise = made(answer=lambda x, y: x + torch.rand(len(x)), wrong={})
    assert exercise.verdict(lambda x, y: torch.rand(len(x)) + x)[0] == "correct"


def test_printing_is_swallowed_and_the_verdict_printed_once(capsys):
    def attempt(x, y):
        print("a line")
        sys.stdout.write("another")
        return x

    assert made().check(attempt) is twice_plus
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.startswith("✗ twice_plus: ") and out.endswith("Going on with the reference.\n")


# ---- the gradient ----------------------------------------------------------------------------------------------------


def learning():
    return [(torch.arange(3.0), torch.ones(3, requires_grad=True))]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, y: (2 * x + y).detach(),
        lambda x, y: torch.tensor((2 * x + y).tolist()),
        lambda x, y: 2 * x + y.data,
        torch.no_grad()(lambda x, y: 2 * x + y),
    ],
)
def test_an_answer_that_cuts_the_gradient(attempt):
    says(attempt, "the values are right, but no gradient can flow back", cases=learning)
    assert made().verdict(attempt)[0] == "correct"  # where none is asked for
    assert made(cases=learning).verdict(lambda x, y: 2 * x + y)[0] == "correct"


def test_no_gradient_mode_of_the_caller_is_not_held_against_an_attempt():
    with torch.no_grad():
        assert made(cases=learning).verdict(lambda x, y: 2 * x + y)[0] == "correct"


# ---- the learner stops it --------------------------------------------------------------------------------------------


def test_a_learners_interrupt_is_passed_on():
    with pytest.raises(KeyboardInterrupt):
        made().verdict(raises(KeyboardInterrupt()))


@pytest.fixture
def listens_to_interrupts():
    """A shell starts what it runs in the background deaf to interrupts; a kernel always listens."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_while_an_attempt_runs_stops_it(listens_to_interrupts):
    before, state = threading.active_count(), torch.get_rng_state()
    threading.Timer(0.3, _thread.interrupt_main).start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        made().verdict(spins)
    assert time.perf_counter() - started < 5 and torch.equal(torch.get_rng_state(), state)
    while threading.active_count() > before and time.perf_counter() - started < 5:
        time.sleep(0.05)
    assert threading.active_count() <= before


# ---- check, hints, solution, progress --------------------------------------------------------------------------------


def test_check_returns_a_working_function_either_way(capsys):
    exercise = made()
    assert exercise.check(lambda x, y: ...) is twice_plus and exercise.state == "not attempted"
    assert exercise.check(forgot_y) is twice_plus and exercise.state == "not yet"
    right = lambda x, y: y + 2 * x  # noqa: E731
    assert exercise.check(right) is right and exercise.state == "correct"
    assert exercise.check(twice_plus) is twice_plus and exercise.state == "correct"
    assert capsys.readouterr().out.splitlines() == [
        "· twice_plus: not attempted yet. Going on with the reference.",
        "✗ twice_plus: y is not in it. Going on with the reference.",
        "✓ twice_plus: correct.",
        "· twice_plus: this is the reference. Run your own cell again first.",
    ]


def test_hints_and_solution():
    exercise = made()
    assert exercise.hint().data == "Add." and exercise.hint(2).data == "Add y."
    with pytest.raises(ValueError, match="number must be 1 to 2, the hints there are, not 3"):
        exercise.hint(3)
    assert exercise.folded().count("<details>") == 2
    assert "return 2 * x + y" in exercise.solution().data


def test_progress_counts(capsys):
    lesson = types.ModuleType("lesson")
    lesson.first, lesson.second, lesson.third, lesson.other = made(), made(), made(), 3
    lesson.first.state, lesson.second.state = "correct", "not yet"
    progress(lesson)
    assert capsys.readouterr().out == "✓ twice_plus\n✗ twice_plus\n· twice_plus\n1 of 3 done\n"
    with pytest.raises(TypeError, match="lesson must be an exercise module such as nb01_rnn_basics, not a str"):
        progress("nb01_rnn_basics")
