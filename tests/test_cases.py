"""The cases of the exercises can tell: what looks right and breaks the page differs from the answer on some case."""

import copy

import numpy as np
import pytest
import torch
from test_notebooks import exercises
from torch.nn import functional as F

from rnnlab.exercises import drawn
from rnnlab.exercises import nb01_rnn_basics as nb01
from rnnlab.exercises import nb03_bptt as nb03
from rnnlab.exercises import nb04_vanishing_gradients as nb04
from rnnlab.exercises import nb05_lstm_gru as nb05
from rnnlab.exercises import nb06_embeddings as nb06
from rnnlab.exercises import nb07_imdb as nb07
from rnnlab.exercises import nb08_mnist as nb08
from rnnlab.exercises import nb09_language_model as nb09


def parts(value):
    """The tensors and numbers in an answer, one after the other."""
    return [part for item in value for part in parts(item)] if isinstance(value, tuple | list) else [value]


def gradients(part, case):
    """What flows back from a part of an answer to the tensors of a case."""
    leaves = [x for x in parts(case) if isinstance(x, torch.Tensor) and x.requires_grad]
    if not leaves or not isinstance(part, torch.Tensor) or not part.requires_grad:
        return [None] * len(leaves)
    return torch.autograd.grad(part.sum(), leaves, retain_graph=True, allow_unused=True)


def same(a, b):
    if a is None or b is None:
        return a is b
    if not isinstance(b, torch.Tensor):
        return type(a) is type(b) and a == pytest.approx(b)
    if not isinstance(a, torch.Tensor) or a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)


def told_apart(exercise, attempt):
    """Whether an attempt raises or gives another value, shape, dtype or gradient on one of the exercise's cases."""
    for case in exercise.cases():
        mine_case, case = copy.deepcopy(case), copy.deepcopy(case)
        torch.manual_seed(0)  # an answer may draw weights
        theirs = parts(exercise.answer(*case))
        torch.manual_seed(0)
        try:
            mine = parts(attempt(*mine_case))
        except Exception:
            return True
        if len(mine) != len(theirs) or not all(map(same, mine, theirs)):
            return True
        for a, b in zip(mine, theirs, strict=True):
            if not all(map(same, gradients(a, mine_case), gradients(b, case))):
                return True
    return False


def each(change):
    """The answer with something done to every tensor of it."""

    def attempt(exercise):
        def changed(value):
            if isinstance(value, tuple | list):
                return type(value)(map(changed, value))
            return change(value) if isinstance(value, torch.Tensor) else value

        return lambda *case: changed(exercise.answer(*case))

    return attempt


def other_precision(x):
    return x.to({torch.float32: torch.float64, torch.float64: torch.float32}.get(x.dtype, torch.int32))


KEEP_ONE_DTYPE = {"look_up", "lstm_states"}  # float32 alone, as their tasks say
NO_B = {"finite_differences", "accumulate", "truncated_gradient", "step_jacobian", "through_time", "with_radius",
        "clip_by_norm", "read_on"}  # fmt: skip


def with_tensors():
    for given in exercises():
        values = parts(given.values[1].answer(*copy.deepcopy(given.values[1].cases()[0])))
        if any(isinstance(value, torch.Tensor) for value in values):
            yield pytest.param(given.values[1], id=given.id)


@pytest.mark.parametrize("exercise", list(with_tensors()))
def test_dtype_shape_and_size_one(exercise):
    assert not told_apart(exercise, exercise.answer)
    assert told_apart(exercise, each(other_precision)(exercise))
    if exercise.name not in KEEP_ONE_DTYPE:
        assert told_apart(exercise, each(lambda x: x.float() if x.is_floating_point() else x.int())(exercise))
        assert told_apart(exercise, each(lambda x: x.double())(exercise))
    if exercise.name not in NO_B and parts(exercise.answer(*exercise.cases()[0]))[0].dim() > 1:
        assert told_apart(exercise, each(torch.squeeze)(exercise)), "no case of size 1"


def one_part_detached(which):
    def attempt(*case):
        out, last = nb01.rnn_loop.answer(*case)
        return (out.detach(), last) if which == 0 else (out, last.detach())

    return attempt


def blocks_of_four(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    shown = []
    for t in range(x.shape[1]):
        sums = x[:, t] @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
        c = sums[:, 4:8].sigmoid() * c + sums[:, :4].sigmoid() * sums[:, 8:12].tanh()
        h = sums[:, 12:16].sigmoid() * c.tanh()
        shown.append(h)
    return torch.stack(shown, dim=1), c


def as_wide_as_the_longest(out, lengths):
    words = (torch.arange(lengths.max()) < lengths[:, None])[..., None]
    mean = (out * words).sum(dim=1) / lengths[:, None]
    return torch.cat([mean, out.masked_fill(~words, -torch.inf).amax(dim=1)], dim=1)


def judge_by(answer):
    def attempt(model, batches):
        model.eval()
        right = sum((answer(model(x, n)) == y).sum().item() for x, n, y in batches)
        return nb07.judge.answer(model, batches)[0], right / sum(len(y) for _, _, y in batches)

    return attempt


def stop_from(best, gain=0.0, equal=False):
    def attempt(losses, patience):
        least, at = best, 0
        for epoch, loss in enumerate(losses, 1):
            if loss < least - gain or equal and loss == least:
                least, at = loss, epoch
            elif epoch - at >= patience:
                return epoch, at
        return len(losses), at

    return attempt


def among_the_best(k):
    def attempt(model, batches):
        hits = [(model(x).topk(k, dim=1).indices == y[:, None]).any(dim=1) for x, y in batches]
        return torch.cat(hits).double().mean().item()

    return attempt


def noise_without_gradient(positive, negative):
    return nb06.negative_sampling_loss.answer(positive, negative.detach())


HOLES = {
    "the part out is detached": (nb01.rnn_loop, one_part_detached(0)),
    "the part h is detached": (nb01.rnn_loop, one_part_detached(1)),
    "the first h is zeros like x": (nb01.rnn_loop,
                                    lambda s, x, h: nb01.rnn_loop.answer(s, x, torch.zeros_like(x[:, 0]))),
    "h is zeros like x": (nb01.rnn_step, lambda x, h, *w: nb01.rnn_step.answer(x, torch.zeros_like(x), *w)),
    "H is 4": (nb05.lstm_layer, blocks_of_four),
    "weights are flattened": (nb03.finite_differences,
                              lambda loss, w, e: nb03.finite_differences.answer(lambda v: loss(v.flatten()), w, e)),
    "divides by a norm of 0": (nb04.clip_by_norm, lambda gs, loss, most: [
        g * min(1.0, most / torch.cat([x.flatten() for x in gs]).norm().item()) for g in gs]),
    "largest real part, as a size": (nb04.with_radius, lambda w, r: w * r / torch.linalg.eigvals(w).real.abs().max()),
    "noise gets no gradient": (nb06.negative_sampling_loss, noise_without_gradient),
    "one_hot guesses V": (nb06.look_up, lambda weight, indices: F.one_hot(indices).float() @ weight),
    "the box is as wide as the longest": (nb07.mean_and_max, as_wide_as_the_longest),
    "above a half is yes": (nb07.judge, judge_by(lambda logits: (logits[:, 1] > 0.5).long())),
    "above 0 is yes": (nb07.judge, judge_by(lambda logits: (logits[:, 1] > 0).long())),
    "no loss is above 1": (nb07.early_stop, stop_from(1.0)),
    "a small gain is none": (nb07.early_stop, stop_from(torch.inf, gain=1e-4)),
    "an equal loss is better": (nb07.early_stop, stop_from(torch.inf, equal=True)),
    "the second best counts": (nb08.accuracy, among_the_best(2)),
    "the third best counts": (nb08.accuracy, among_the_best(3)),
}  # fmt: skip


@pytest.mark.parametrize("exercise, attempt", HOLES.values(), ids=HOLES)
def test_what_breaks_the_page_differs_on_a_case(exercise, attempt):
    assert told_apart(exercise, attempt)


RIGHT = {
    "stops like the answer": (nb07.early_stop, stop_from(torch.inf)),
    "the larger of two": (nb07.judge, judge_by(lambda logits: (logits[:, 1] > logits[:, 0]).long())),
    "the best alone": (nb08.accuracy, among_the_best(1)),
}


@pytest.mark.parametrize("exercise, attempt", RIGHT.values(), ids=RIGHT)
def test_another_right_way_is_not_told_apart(exercise, attempt):
    assert not told_apart(exercise, attempt)


def test_drawing_is_the_same_in_any_order_and_leaves_the_callers_generator_alone():
    before = torch.get_rng_state()
    first, second = drawn.normal((2, 3), (4,), seed=1)
    drawn.judged(3, 2), drawn.looked_up(4), drawn.padded([2, 1], 3, 2), drawn.signed([1], 2, 2)
    again = drawn.normal((2, 3), (4,), seed=1, dtype=torch.float32, learns=True)
    assert torch.equal(first.float(), again[0]) and torch.equal(second.float(), again[1])
    assert again[0].requires_grad and not first.requires_grad and torch.equal(torch.get_rng_state(), before)


def test_whole_numbers_reach_both_ends():
    (numbers,) = drawn.whole(3, (1000,), seed=0, least=1)
    assert numbers.dtype == torch.int64 and numbers.unique().tolist() == [1, 2, 3]


# Two are right but for one case, dropout and numbers beyond a float: what they compute on the way is known as right.
NEARLY = ("judge", "tempered")


@pytest.mark.parametrize("path, exercise", [given for given in exercises() if given.values[1].ways])
def test_every_other_way_is_a_right_answer(path, exercise):
    states = [exercise.verdict(way)[0] for way in exercise.ways]
    assert states == ["not yet" if exercise.name in NEARLY else "correct"] * len(states)


def letters_that_come(words, min_freq):
    return nb06.build_vocabulary.answer([word.lower() for word in words], min_freq)


def places_in_the_index(words, index):
    known = list(index)
    return torch.tensor([known.index(word if word in known else "<unk>") for word in words])


def no_comma(numbers, vocabulary):
    return [vocabulary[number] for number in numbers if vocabulary[number] not in ("<pad>")]


def until_the_sum_is_reached(shares, p):
    ordered = shares.sort(descending=True).values
    count = (ordered.cumsum(-1) < p).sum(-1, keepdim=True)
    kept = shares.masked_fill(shares < ordered.gather(1, count), 0)
    return kept / kept.sum(-1, keepdim=True)


@pytest.mark.parametrize(
    "exercise, attempt",
    [
        (nb06.build_vocabulary, letters_that_come),
        (nb06.to_numbers, places_in_the_index),
        (nb06.to_words, no_comma),
        (nb09.nucleus, until_the_sum_is_reached),
    ],
)
def test_what_was_right_by_chance_is_not(exercise, attempt):
    assert exercise.verdict(attempt)[0] == "not yet"


def test_texts_of_numpy_are_texts():
    def answer(numbers, vocabulary):
        return list(np.array(vocabulary)[numbers[numbers != 0].numpy()])

    assert nb06.to_words.verdict(answer)[0] == "correct"
