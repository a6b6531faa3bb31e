"""The adversarial objective: its value by hand, the size and direction of its shift, its gradient, its refusals."""

import pytest
import torch

from rnnlab import training
from rnnlab.adversarial import adversarial
from rnnlab.models import ReviewClassifier
from rnnlab.sequences import LengthBatches


@pytest.fixture
def setting():
    training.seed_everything(0)
    model = ReviewClassifier(20, 5, 4, "gru", "max").double()
    return model, torch.randint(2, 20, (3, 6)), torch.tensor([6, 4, 5]), torch.tensor([0, 1, 1])


def by_hand(model, x, lengths, target, epsilon):
    embedded = model.embed(x)
    clean = training.cross_entropy(model.classify(embedded, lengths), target)
    (gradient,) = torch.autograd.grad(clean, embedded, retain_graph=True)
    shift = torch.stack([epsilon * g / g.norm() for g in gradient])
    return clean, training.cross_entropy(model.classify(embedded + shift, lengths), target)


def test_value_and_gradient_are_those_of_both_losses(setting):
    model, *batch = setting
    clean, moved = by_hand(model, *batch, 0.5)
    (clean + moved).backward()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    value = adversarial(0.5)(model, *batch)
    value.backward()
    torch.testing.assert_close(value, clean + moved)
    for p, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(p.grad, gradient)
    assert moved > clean  # the shift goes where the loss grows


def test_fit_takes_it_and_learns(setting):
    model, x, lengths, target = setting
    batches = LengthBatches([row[:T] for row, T in zip(x, lengths, strict=True)], target, 2, shuffle=True)
    history = training.fit(
        model, batches, torch.optim.Adam(model.parameters(), 0.05), 30, objective=adversarial(0.1), show=False
    )
    assert history.loss[-1] < 0.2 * history.loss[0]
    assert training.evaluate(model, batches).accuracy == 1


@pytest.mark.parametrize("epsilon", [0, -1, float("nan"), float("inf"), "1", None])
def test_refusals(epsilon):
    with pytest.raises((ValueError, TypeError), match=f"epsilon is {epsilon!r}, expected a number above 0"):
        adversarial(epsilon)
