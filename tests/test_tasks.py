"""The made tasks: each answer computed again from its sequence, chance against a sample, seeds, refusals."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.datasets import tasks

everywhere = settings(deadline=None, max_examples=25)
sizes = (st.integers(1, 6), st.integers(2, 40), st.integers(0, 2**31))


def text(x, symbols):
    assert ((x == 0) | (x == 1)).all() and (x.sum(dim=-1) == 1).all()
    return ["".join(symbols[i] for i in row) for row in x.argmax(dim=-1).tolist()]


@everywhere
@given(*sizes)
def test_adding(B, T, seed):
    x, y, _ = tasks.adding(B, T, seed)
    assert x.shape == (B, T, 2) and y.shape == (B, 1) and ((0 <= x) & (x <= 1)).all()
    for (numbers, marks), answer in zip(x.transpose(1, 2), y, strict=True):
        assert marks[: T // 2].sum() == marks[T // 2 :].sum() == 1
        torch.testing.assert_close(numbers[marks == 1].sum(), answer[0])


@everywhere
@given(*sizes)
def test_temporal_order(B, T, seed):
    x, y, _ = tasks.temporal_order(B, T, seed)
    assert x.shape == (B, T, 6) and y.shape == (B,)
    for row, answer in zip(text(x, tasks.ORDER_SYMBOLS), y.tolist(), strict=True):
        early, late = (t for t, symbol in enumerate(row) if symbol in "XY")
        assert ["XX", "XY", "YX", "YY"][answer] == row[early] + row[late]
        assert T // 10 <= early <= T // 5 < late or T < 5
        assert T // 2 <= late <= 6 * T // 10


@everywhere
@given(*sizes, st.integers(2, 9))
def test_first_symbol(B, T, seed, K):
    x, y, chance = tasks.first_symbol(B, T, seed, symbols=K)
    assert x.shape == (B, T, K) and chance == 1 / K
    assert torch.equal(x[:, 0].argmax(dim=1), y)


@everywhere
@given(*sizes, st.integers(1, 5))
def test_bracket_depth(B, T, seed, deepest):
    x, y, _ = tasks.bracket_depth(B, T, seed, deepest=deepest)
    assert x.shape == (B, T, 3) and y.shape == (B, T)
    for row, answer in zip(text(x, tasks.BRACKET_SYMBOLS), y.tolist(), strict=True):
        depths = [row[:t].count("(") - row[:t].count(")") for t in range(1, T + 1)]
        assert depths == answer and 0 <= min(depths) and max(depths) <= deepest


@everywhere
@given(*sizes)
def test_parity(B, T, seed):
    x, y, chance = tasks.parity(B, T, seed)
    assert x.shape == (B, T, 2) and y.shape == (B, T) and chance == 1 / 2
    for row, answer in zip(text(x, "01"), y.tolist(), strict=True):
        assert [row[:t].count("1") % 2 for t in range(1, T + 1)] == answer


@pytest.mark.parametrize("name", tasks.TASKS)
@pytest.mark.parametrize("T", [2, 10, 30])
def test_chance_is_what_the_best_constant_answer_scores(name, T):
    x, y, chance = tasks.make(name, 20000, T, seed=0)
    if y.is_floating_point():
        scored = min(((y - answer / 20) ** 2).mean().item() for answer in range(41))
    else:
        scored = y.flatten().bincount().max().item() / y.numel()
    assert scored == pytest.approx(chance, abs=0.01)


def test_the_rest_of_the_sequence_is_no_help():
    """Everything but what must be remembered says nothing about the answer."""
    x, y, _ = tasks.first_symbol(20000, 6, seed=0, symbols=4)
    for t in range(1, 6):
        agree = (x[:, t].argmax(dim=1) == y).double().mean()
        assert agree == pytest.approx(1 / 4, abs=0.02)
    x, y, _ = tasks.temporal_order(20000, 20, seed=0)
    others = x[:, :, 2:].sum(dim=1)  # how often a, b, c, d came
    means = torch.stack([others[y == answer].mean(dim=0) for answer in range(4)])
    assert (means - others.mean(dim=0)).abs().max() < 0.1


def test_every_symbol_that_keeps_within_the_depths_is_as_likely():
    x, y, _ = tasks.bracket_depth(5000, 20, seed=0, deepest=2)
    before = torch.cat([torch.zeros(5000, 1, dtype=torch.int64), y[:, :-1]], dim=1)
    for depth, expected in ((0, [1 / 2, 0, 1 / 2]), (1, [1 / 3, 1 / 3, 1 / 3]), (2, [0, 1 / 2, 1 / 2])):
        assert x[before == depth].mean(dim=0).tolist() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name", tasks.TASKS)
def test_seeds(name):
    state = torch.get_rng_state()
    first, again, other = (tasks.make(name, 4, 12, seed) for seed in (3, 3, 4))
    assert torch.equal(first.x, again.x) and torch.equal(first.y, again.y) and not torch.equal(first.x, other.x)
    assert torch.equal(torch.get_rng_state(), state)  # a training run goes on undisturbed
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(tasks.make(name, 4, 12, generator).x, first.x)
    assert not torch.equal(tasks.make(name, 4, 12, generator).x, first.x)  # a generator goes on


@pytest.mark.parametrize(
    "name, T",
    [
        ("adding", 1),
        ("temporal_order", 1),
        ("first_symbol", 1),
        ("bracket_depth", 0),
        ("adding", 0),
        ("first_symbol", -3),
    ],
)
def test_sequences_too_short(name, T):
    with pytest.raises(
        ValueError, match=f"T is {T}, expected a whole number of at least {1 if name == 'bracket_depth' else 2}"
    ):
        tasks.make(name, 4, T, seed=0)
    assert len(tasks.make(name, 4, 1 if name == "bracket_depth" else 2, seed=0).y) == 4


@pytest.mark.parametrize(
    "call, error, words",
    [
        (
            lambda: tasks.make("copy", 4, 10, 0),
            ValueError,
            "name is 'copy', expected one of adding, temporal_order, first_symbol, bracket_depth",
        ),
        (lambda: tasks.adding(0, 10, 0), ValueError, "batch is 0, expected a whole number of at least 1"),
        (lambda: tasks.adding(4, 10.0, 0), TypeError, "T is 10.0, expected a whole number"),
        (lambda: tasks.adding(True, 10, 0), TypeError, "batch is True, expected a whole number"),
        (
            lambda: tasks.adding(4, 10, None),
            TypeError,
            "seed is None, expected a whole number from 0 to .* or a torch.Generator",
        ),
        (lambda: tasks.adding(4, 10, -1), ValueError, "seed is -1, expected a whole number from 0"),
        (
            lambda: tasks.first_symbol(4, 10, 0, symbols=1),
            ValueError,
            "symbols is 1, expected a whole number of at least 2",
        ),
        (
            lambda: tasks.bracket_depth(4, 10, 0, deepest=0),
            ValueError,
            "deepest is 0, expected a whole number of at least 1",
        ),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
