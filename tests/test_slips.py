"""Derived slips, mending, relations, letters, the place: each voice by itself; and cases that tell every slip apart."""

import re
import types

import pytest
import torch

from rnnlab.exercises import guard, nb01_rnn_basics, nb03_bptt, nb05_lstm_gru, nb08_mnist, slips
from rnnlab.exercises.check import Exercise
from rnnlab.exercises.difference import Returns, difference, pair
from rnnlab.exercises.letters import Letters, named_shapes
from rnnlab.exercises.mending import mended
from rnnlab.exercises.noted import Noted
from rnnlab.exercises.place import first_place
from rnnlab.exercises.raising import raised_at
from rnnlab.exercises.reaching import reaches
from rnnlab.exercises.relations import relation
from rnnlab.exercises.slips import Slips
from rnnlab.exercises.trees import Tree
from tools.told_apart import exercises

STEP = nb01_rnn_basics.rnn_step


def g(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def outcomes(function, cases):
    return [guard.quick(function, case) for case in cases]


# ---- slips derived from the reference ----


@pytest.mark.parametrize(
    "attempt, sentence",
    [
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + b + h @ v.T), "It behaves as if `bias_hh` were left out."),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + h @ v.T), "two things were left out: `bias_hh` and `bias_ih`."),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + b + h @ v + c), "as if `weight_hh` were not transposed."),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + b) + h @ v.T + c, "`tanh` went round `x @ weight_ih.T"),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + b - h @ v.T + c), "`h @ weight_hh.T` came with the other sign."),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T + b + h @ v.T + c), None),
        (lambda x, h, w, v, b, c: torch.tanh(x @ w.T) * 0.123, None),
    ],
)  # fmt: skip
def test_a_slip_is_named(attempt, sentence):
    cases = STEP.cases()
    said = Slips(STEP.answer, cases).explain(outcomes(attempt, cases))
    assert said is None if sentence is None else sentence in said


def test_what_only_the_reference_calls_so_is_not_said():
    cases = nb03_bptt.accumulate.cases()
    for mistake in nb03_bptt.accumulate.wrong:
        said = Slips(nb03_bptt.accumulate.answer, cases).explain(outcomes(mistake, cases)) or ""
        assert not re.search(r"`[^`]*\b(arriving|later|total)\b[^`]*`", said)


def test_a_tree_is_as_before_when_a_change_is_taken_back():
    slips = Slips(nb05_lstm_gru.gru_step.answer, nb05_lstm_gru.gru_step.cases())
    assert len(slips.single) > 100 and len(slips.pairs) > 50
    for _, made, _ in slips.pairs:
        slips.tree.compiled(*made)
    again = Tree(nb05_lstm_gru.gru_step.answer)
    assert [type(n) for *_, n in slips.tree.nodes()] == [type(n) for *_, n in again.nodes()]


def test_a_missing_case_is_found():
    def double(x):
        return x * 2

    how = {"wrong": {}, "hints": ("a", "b"), "returns": "an int", "more": lambda: [(2,), (3,)]}
    assert Exercise(double, cases=lambda: [(2,)], **how).not_told_apart() != []
    assert Exercise(double, cases=lambda: [(2,), (3,), (-5,)], **how).not_told_apart() == []


@pytest.mark.parametrize("exercise", [e for _, e in exercises()], ids=lambda e: e.name)
def test_every_slip_is_told_apart_by_the_cases(exercise):
    assert len(exercise.more_cases()) > 0
    assert exercise.not_told_apart() == []


# ---- mending ----


def summed(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    total = x @ weight_ih.T + bias_ih
    total = h @ weight_hh.T + bias_hh
    return torch.tanh(total)


def returns_early(step, x, h):
    out = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        out.append(h)
        return torch.stack(out, dim=1), h


def too_much(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return torch.tanh(torch.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh))


@pytest.mark.parametrize(
    "attempt, exercise, words",
    [
        (summed, STEP, "`+=` belongs there"),
        (too_much, STEP, "`tanh` is too much"),
        (returns_early, nb01_rnn_basics.rnn_loop, "the `return` stands inside the loop"),
    ],
)
def test_the_place_that_mends_is_named_and_the_line_is_not(attempt, exercise, words):
    cases = exercise.cases()
    sentence = mended(attempt, cases, outcomes(exercise.answer, cases))
    assert words in sentence and sentence == mended(attempt, cases, outcomes(exercise.answer, cases))


def never_ends(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    n = 3
    while n > 0:
        n = n - 1
    return x.sum() * n


def test_a_change_that_never_ends_is_given_up():
    cases = STEP.cases()
    assert mended(never_ends, cases, outcomes(STEP.answer, cases)) is None


# ---- relations and letters ----

LETTERS = Letters("x (B, T, H)", {"x": g(2, 5, 3)})


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda y: y.transpose(0, 1), "The numbers are right, and axes 0 and 1 are exchanged."),
        (lambda y: y[:, :-1], "The last entry along T, axis 1 is missing; the others are right."),
        (lambda y: y[:, 1:], "The first entry along T, axis 1 is missing; the others are right."),
        (lambda y: y.flip(1), "The right numbers in reversed order along T, axis 1."),
        (lambda y: y.roll(1, 1), "Everything stands one place too late along T, axis 1."),
        (lambda y: y * 5, "All numbers are too large by a factor: they are the expected ones times T."),
        (lambda y: -y, "The sign: these are the expected numbers with the other sign."),
        (lambda y: y.softmax(2), "A softmax along H, axis 2 too many."),
        (lambda y: y.sum(1), "A step too many: this is the sum along T, axis 1 of what is expected."),
        (lambda y: y[..., None], "The numbers are right, and an axis of length 1 is too many."),
        (lambda y: y.float(), "The numbers are right, their dtype is not: it is `torch.float32`"),
        (lambda y: y.tanh(), "A tanh too many."),
        (lambda y: y[:, :1], "Only the first along T, axis 1 comes out; all others are missing."),
        (lambda y: y + g(2, 5, 3) * 0.1, None),
        (lambda y: y, None),
    ],
)
def test_a_relation_is_named_in_letters(change, sentence):
    y = g(2, 5, 3)
    said = relation([(change(y), y)], [LETTERS], ["B", "T", "H"])
    assert said is None if sentence is None else said.startswith(sentence)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda y: torch.cat(y.chunk(2, 1)[::-1], 1), "The two halves along 2H, axis 1 are exchanged."),
        (lambda y: torch.stack(y.chunk(2, 1), 2).flatten(1), "The two halves along 2H, axis 1 alternate, entry by "),
        (lambda y: torch.cat([y.chunk(3, 1)[i] for i in (1, 2, 0)], 1), "The three blocks along 2H, axis 1 stand in "),
        (lambda y: y[:, torch.randperm(12, generator=torch.Generator().manual_seed(0))], "The right entries in anothe"),
    ],
)
def test_blocks_that_are_exchanged_or_mixed_are_told_from_any_other_order(change, sentence):
    y = g(5, 12)
    assert relation([(change(y), y)], [Letters("x (B, H)", {"x": g(5, 6)})], ["B", "2H"]).startswith(sentence)


def test_a_relation_has_to_hold_on_every_case():
    y, z = g(2, 5, 3), g(3, 5, 3)
    assert relation([(-y, y), (z * 2, z)], [LETTERS, LETTERS], []) is None


def test_letters_are_read_from_the_docstring():
    assert named_shapes(STEP.answer.__doc__)["weight_ih"] == ["H", "I"]
    case = dict(zip(guard.named(STEP.answer, STEP.cases()[0]), STEP.cases()[0], strict=True))
    letters = Letters(STEP.answer.__doc__, case)
    sizes = letters.sizes
    assert letters.shape((sizes["H"], sizes["B"])) == "(H, B)"
    wide = 2 * sizes["H"]
    assert letters.shape((wide, 77)) == f"({wide}, 77)"  # it may be so by chance
    assert letters.shape((wide, 77), ("H", "B")) == "(2H, 77)" and letters.many(wide) == "2H"


def product(numbers):
    """The product of all: numbers, T of them -> an int."""
    total = 1
    for n in numbers:
        total = total * n
    return total


def test_no_change_makes_a_number_grow_without_end():
    exercise = Exercise(product, cases=lambda: [([2, 3] * 30,), ([3],)], wrong={}, hints=("", ""), returns="an int")

    def attempt(numbers):
        total = 2
        for n in numbers:
            total = total * n
        return total + 5

    assert exercise.verdict(attempt)[0] == "not yet"  # and it ends: nothing can stop a multiplication


# ---- the place ----


def minus(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a = x @ weight_ih.T - bias_ih
    return torch.tan(a + h @ weight_hh.T + bias_hh)


def sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return torch.tanh(weight_ih @ x + bias_ih)


def test_the_first_place_that_is_not_right():
    case = STEP.cases()[0]
    right = STEP.answer(*case)
    assert first_place(minus, [STEP.answer], case, right).text == "x @ weight_ih.T - bias_ih"
    assert first_place(STEP.answer, [STEP.answer], case, right) is None


def two_parts(x, y):
    """x (N,), y (N,) -> the sum of the squares (N,), the mean of both."""
    return x**2 + y**2, (x + y).mean()


def wrong_in_the_second(x, y):
    near = torch.cat([x, y]).view(2, -1)
    squares = torch.linalg.vector_norm(near, dim=0) ** 2
    total = x.sum() + y.mean()
    return squares, total / (2 * len(x))


def test_an_expression_that_only_what_is_right_hangs_on_is_no_place():
    case = g(4), g(4)
    expected = two_parts(*case)
    place = first_place(wrong_in_the_second, [two_parts], case, expected)
    assert place.text == "x.sum()"
    run = Noted(wrong_in_the_second)
    came, _ = run.result(case, {})
    at = {text: i for i, (_, text) in enumerate(run.nodes)}
    assert reaches(run, at["x.sum()"], case, came, expected)
    assert not reaches(run, at["torch.linalg.vector_norm(near, dim=0)"], case, came, expected)
    assert reaches(run, at["len(x)"], case, came, expected)  # a count cannot be stirred


def test_where_it_raises():
    text, _, operands = raised_at(sides, STEP.cases()[0])
    assert text == "weight_ih @ x" and [name for name, _ in operands] == ["weight_ih", "x"]
    said = "It stopped at `weight_ih @ x`: (H, I) times (B, I) does not fit: I against B. "
    assert STEP.verdict(sides)[1] == said + "I is the last axis of both: one of them has to be transposed."


# ---- the bare difference ----


@pytest.mark.parametrize(
    "mine, theirs, said",
    [
        (0.1000001, 0.1001, ("0.1", "0.1001")),
        (20220.0, 3.0, ("20220", "3")),
        (1.00000001, 1.0, ("1.00000001", "1")),
    ],
)
def test_two_numbers_are_written_so_that_they_differ(mine, theirs, said):
    assert pair(mine, theirs) == said


def test_a_difference_says_what_came_and_what_was_expected():
    returns = Returns("x (B, T), lengths (B,), labels (B,)", "")
    letters = Letters("x (B, T)", {"x": torch.ones(3, 5)})
    parts = torch.ones(3, 5), torch.ones(3), torch.ones(3)
    said = difference((*parts[:2], (1, 2)), parts, letters, returns)
    assert said == "The third part, `labels` is a tuple of 2, expected one tensor of shape (B,)."
    assert difference(parts[:1], parts, letters, returns) == f"It returns 1 value, expected 3: {returns.text}."
    assert difference(parts, parts, letters, returns) is None


# ---- the same sentence every time ----


def test_the_same_attempt_reads_the_same_sentence():
    for attempt in (minus, sides, summed, too_much):
        assert STEP.verdict(attempt) == STEP.verdict(attempt)
    assert nb08_mnist.as_rows.verdict(lambda images: images.squeeze()).voice == "known mistake"


def test_names_that_one_instruction_loads_together_are_read(monkeypatch):
    steps = [("LOAD_FAST_BORROW_LOAD_FAST_BORROW", ("x", "y")), ("STORE_FAST_LOAD_FAST", ("a", "b"))]  # Python 3.14
    made = [types.SimpleNamespace(opname=name, argval=value) for name, value in steps]
    monkeypatch.setattr(slips.dis, "get_instructions", lambda code: made)
    assert slips.names_read((lambda: 0).__code__) == {"x", "y", "b"}
