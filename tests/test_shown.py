"""What an attempt's text shows, where nan comes in, a size of its own, a right answer in words, each by itself."""

import ast

import pytest
import torch
from torch.nn import functional as F

from rnnlab.exercises import guard, loops, nb02_shapes, nb03_bptt, nb04_vanishing_gradients, nb09_language_model
from rnnlab.exercises.first_nan import first_nan
from rnnlab.exercises.in_words import in_words
from rnnlab.exercises.mending import mended
from rnnlab.exercises.related import given_back
from rnnlab.exercises.speaker import Speaker
from rnnlab.exercises.trees import Tree, read


def first_only(gradients):
    for g in gradients:
        return [g]


def first_found(words):
    for word in words:
        if word:
            return word


def last_only(batches):
    for x in batches:
        loss = x * 2
    return loss


def carried(batches, h):
    for x in batches:
        h = x + h
    return h


def kept(batches):
    out = []
    for x in batches:
        y = x * 2
        out.append(y)
    return out, y


def from_zeros(jacobians):
    product = torch.zeros(2, 2)
    for j in jacobians:
        product = j @ product
    return product


def from_eye(jacobians):
    product = torch.eye(2)
    for j in jacobians:
        product = j @ product
    return product


def thrown_away(x, bias):
    both = x + bias  # noqa: F841
    return x * 2


@pytest.mark.parametrize(
    "voice, attempt, words",
    [
        (loops.ends_at_once, first_only, "`for g in gradients`: it ends in its first turn"),
        (loops.ends_at_once, first_found, None),
        (loops.overwritten, last_only, "`loss` is set anew in every turn of `for x in batches`"),
        (loops.overwritten, carried, None),
        (loops.overwritten, kept, None),
        (loops.stays_zero, from_zeros, "`product` starts as zeros"),
        (loops.stays_zero, from_eye, None),
        (loops.never_used, thrown_away, "You compute `both` and never use it."),
        (loops.never_used, kept, None),
    ],
)
def test_what_a_text_shows(voice, attempt, words):
    said = voice(Tree(attempt))
    assert said is None if words is None else words in said


def test_a_loop_as_long_whatever_comes():
    def walks(x):
        for t in range(28):
            x[t]

    def goes_along(x):
        for t in range(len(x)):
            x[t]

    assert "`for t in range(28)` makes as many turns" in loops.fixed(Tree(walks), "x[t]")
    assert loops.fixed(Tree(walks), "x[0]") is None and loops.fixed(Tree(goes_along), "x[t]") is None


def test_where_nan_comes_in():
    def masked(x, word):
        return x + (1 - word) * -torch.inf

    def divided(x, word):
        return x / word

    case = torch.ones(3), torch.tensor([1.0, 1.0, 0.0])
    nan, inf, right = guard.quick(masked, case)[0], guard.quick(divided, case)[0], torch.ones(3)
    assert (
        first_nan(masked, case, nan, right) == "It becomes nan at `(1 - word) * -torch.inf`: 0 times infinity is nan."
    )
    assert first_nan(divided, case, inf, right) == "It becomes infinite at `x / word`: it divides by 0."
    assert first_nan(masked, case, nan, nan) is None and first_nan(divided, case, right, right) is None


def by_exp(logits, temperature):
    e = torch.exp(logits / temperature)
    return e / e.sum(dim=1, keepdim=True)


def by_powers(logits, temperature):
    e = torch.exp(logits) ** (1 / temperature)
    return F.normalize(e, p=1, dim=1)


@pytest.mark.parametrize(
    "attempt, sums, place, what",
    [
        (by_exp, "e / e.sum(dim=1, keepdim=True)", "torch.exp(logits / temperature)", "e to the power of"),
        (by_powers, "F.normalize(e, p=1, dim=1)", "torch.exp(logits) ** (1 / temperature)", "this power of"),
    ],
)
def test_a_number_beyond_all_floats_is_said_and_no_factor_that_would_only_keep_it_small(attempt, sums, place, what):
    sentence = nb09_language_model.tempered.verdict(attempt)[1]
    assert sentence.startswith(f"It becomes nan at `{sums}`: infinity divided by infinity is nan.")
    assert sentence.endswith(f"It becomes infinite at `{place}`: {what} so large a number is beyond every float.")
    exercise = nb09_language_model.tempered
    cases = exercise.cases()
    assert mended(attempt, cases, [guard.quick(exercise.answer, case) for case in cases]) is None


def walks_28(jacobians):
    product = torch.eye(jacobians.shape[1], dtype=jacobians.dtype)
    for t in range(28):
        product = jacobians[t] @ product
    return product


def test_a_number_that_fits_one_size_only():
    exercise = nb04_vanishing_gradients.through_time
    cases = exercise.cases()
    said = mended(walks_28, cases, [guard.quick(exercise.answer, case) for case in cases])
    assert "the `28` is right for one size only; what belongs there is the size of `jacobians` along axis 0" in said


def test_an_argument_that_comes_back():
    case = torch.ones(2), torch.zeros(3)
    assert given_back(["x", "h"], [case], [(torch.zeros(3), None)]) == "h"
    assert given_back(["x", "h"], [case], [(torch.zeros(2), None)]) is None


def test_a_loop_that_counts_down_starts_too_late():
    def late(dloss_dh, h, weight_hh):
        total, back = torch.zeros_like(weight_hh), torch.zeros_like(h[:, 0])
        for t in range(dloss_dh.shape[1] - 2, -1, -1):
            da = (dloss_dh[:, t] + back) * (1 - h[:, t + 1] ** 2)
            total, back = total + da.T @ h[:, t], da @ weight_hh
        return total

    cases = nb03_bptt.accumulate.cases()
    said = mended(late, cases, [guard.quick(nb03_bptt.accumulate.answer, case) for case in cases])
    assert said.endswith("the loop starts one step too late.")


def test_no_code_is_quoted_but_the_learners_own():
    """Exercise 2.5 with another slice: of the reference's own line the learner reads what it does, in words."""

    def attempt(out, lengths):
        steps = lengths - 2
        return torch.stack([row[n] for row, n in zip(out, steps, strict=True)])

    sentence = nb02_shapes.last_valid.verdict(attempt)[1]
    assert "torch.arange" not in sentence and "lengths" in sentence


def test_a_right_answer_in_words():
    tree = read(nb03_bptt.step_backward.answer)
    speaks = Speaker(tree, (), Tree(thrown_away))
    node = ast.parse("1 - h ** 2", mode="eval").body
    assert speaks.code(node) == "`1` minus the square of `h`"
    assert in_words(ast.parse("f(a)[b] if c else d", mode="eval").body, lambda node: None) is None
    assert read(len) is None
