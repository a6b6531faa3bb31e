"""A right value in the place of an attempt's own: where that makes the answer right; and what no change may mend."""

import ast

import pytest
import torch

from rnnlab.exercises import (
    guard,
    loops,
    nb00_start_here,
    nb04_vanishing_gradients,
    nb08_mnist,
    nb10_attention,
    nb11_parallel,
)
from rnnlab.exercises.edits import edits
from rnnlab.exercises.grafts import grafted
from rnnlab.exercises.mending import mended
from rnnlab.exercises.trees import TooLong, Tree


def answers(exercise):
    cases = exercise.cases()
    return cases, [guard.quick(exercise.answer, case) for case in cases]


def batches_that_are_all_right(model, batches):
    right = total = 0
    for x, y in batches:
        right += len(y) * int(torch.equal(model(x).argmax(1), y))
        total += len(y)
    return right / total


def as_many_in_each_as_in_the_first(model, batches):
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in batches)
    return right / (len(batches) * len(batches[0][1]))


def of_another_kind(model, batches):
    return "none"


def test_the_first_expression_that_a_right_value_mends_is_named():
    cases, right = answers(nb08_mnist.accuracy)
    graft = grafted(batches_that_are_all_right, nb08_mnist.accuracy.answer, cases, right)
    assert graft.text == "len(y) * int(torch.equal(model(x).argmax(1), y))" and not graft.whole
    graft = grafted(as_many_in_each_as_in_the_first, nb08_mnist.accuracy.answer, cases, right)
    assert graft.text == "len(batches) * len(batches[0][1])"
    assert graft.difference(None) == "it is 12, and 9 belongs there."
    assert grafted(of_another_kind, nb08_mnist.accuracy.answer, cases, right) is None


def starts_with_ones(jacobians):
    product = torch.ones_like(jacobians[0])
    for jacobian in jacobians:
        product = jacobian @ product
    return product


def test_a_start_value_is_found_where_all_behind_it_is_wrong():
    exercise = nb04_vanishing_gradients.through_time
    state, sentence = exercise.verdict(starts_with_ones)
    assert state == "not yet" and "`torch.ones_like(jacobians[0])`" in sentence


def test_an_answer_of_another_kind_is_not_looked_into():
    state, sentence = nb00_start_here.vocabulary_size.verdict(lambda text: str(len("".join(sorted(set(text))))))
    assert state == "not yet" and "expected a number" in sentence and "Look at" not in sentence


# ---- what no change mends


def in_place(log_a, log_b):
    log_a.cumsum_(dim=1)
    return log_a + torch.logcumsumexp(log_b - log_a, dim=1)


def writes_into_what_is_needed(a, b):
    a, b = a.clone(), b.clone()
    rounds, reach = [], 1
    while reach < a.shape[1]:
        b[:, reach:] = a[:, reach:] * b[:, :-reach] + b[:, reach:]
        a[:, reach:] = a[:, reach:] * a[:, :-reach]
        rounds.append(b.clone())
        reach *= 2
    return torch.stack(rounds)


@pytest.mark.parametrize(
    "exercise, attempt", [(nb11_parallel.log_scan, in_place), (nb11_parallel.scan, writes_into_what_is_needed)]
)
def test_a_change_mends_only_what_is_then_right_in_its_gradients_and_arguments_too(exercise, attempt):
    state, sentence = exercise.verdict(attempt)
    assert state == "not yet" and "One change" not in sentence
    assert "in place" in sentence


def skips(text):
    chars = list(text)
    for c in chars:
        if chars.count(c) > 1:
            chars.remove(c)
    return len(chars)


def rounds_down(text):
    return int(sum(1 / text.count(c) for c in text))


def test_a_list_that_changes_while_a_loop_goes_along_it():
    assert "changes on the way" in loops.changed_on_the_way(Tree(skips))
    state, sentence = nb00_start_here.vocabulary_size.verdict(skips)
    assert state == "not yet" and "changes on the way" in sentence


def test_another_order_or_a_tensor_of_a_sum_mends_nothing():
    cases, right = answers(nb00_start_here.vocabulary_size)
    assert mended(rounds_down, cases, right) is None


def test_the_loops_of_a_changed_function_end():
    def copied(values):
        out = []
        for value in values:
            out.append(value)
        return out

    tree = Tree(copied)
    tree.pace(guard.quick, [([1, 2, 3],)])
    assert tree.turned == 3
    tree.definition.body[0].value = ast.parse("[1]", mode="eval").body
    tree.definition.body[1].iter.id = "out"  # it grows while it is walked along
    with pytest.raises(TooLong):
        tree.compiled()([1])


def own_scores_alone(scores, log_probs, width):
    candidates = []
    for k, row in enumerate(log_probs):
        for v, score in enumerate(row):
            candidates.append((scores[k] + score, k, v))
    candidates.sort(key=lambda c: c[0], reverse=True)
    chosen = candidates[:width]
    parents, symbols = torch.tensor([k for _, k, _ in chosen]), torch.tensor([v for _, _, v in chosen])
    return log_probs[parents, symbols], parents, symbols


def test_no_change_puts_a_list_into_itself():
    """PyTorch follows such a list until the interpreter dies."""
    tree = Tree(own_scores_alone)
    names = (edit for edit in edits(tree) if edit.kind == "another name" and tree.inside(edit.node, {"append"}))
    put = {ast.unparse(edit.new) for edit in names}
    assert "row" in put and "candidates" not in put
    assert nb10_attention.beam_step.verdict(own_scores_alone)[0] == "not yet"


def round_by_round(a, b):
    def one_round(a, b, reach):
        early_a, early_b = a[:, :-reach], b[:, :-reach]
        late_a, late_b = a[:, reach:], b[:, reach:]
        rest = torch.cat([b[:, :reach], early_a * early_b + late_b], dim=1)
        return torch.cat([a[:, :reach], early_a * late_a], dim=1), rest

    rounds, reach = [], 1
    while reach < a.shape[1]:
        a, b = one_round(a, b, reach)
        rounds.append(b)
        reach *= 2
    return torch.stack(rounds)


def test_changes_in_a_function_within_are_told_apart():
    """By their code, and not by where it happens to lie in memory: a place that is free again is taken again."""
    cases, right = answers(nb11_parallel.scan)
    said = {mended(round_by_round, cases, right) for _ in range(3)}
    assert said == {"One change makes it right, at `early_a * early_b`: `early_a` is not what belongs there."}


def test_a_copy_of_a_case_shares_nothing_with_it_and_what_was_one_stays_one():
    learns, part = torch.rand(2, 3, requires_grad=True), torch.rand(4, 3)[:, 0]
    case = (learns, learns, part, [learns.detach()], torch.nn.Linear(2, 2), "text")
    a, b, c, d, net, text = guard.copied(case)
    assert a is b and a is not learns and a.requires_grad and a.is_leaf and text == "text"
    assert c.stride() == part.stride() and torch.equal(c, part) and net is not case[4]
    with torch.no_grad():
        for tensor in (a, c, d[0], net.weight):
            tensor.fill_(7)
    assert not any((tensor == 7).any() for tensor in (learns, part, case[3][0], case[4].weight))
