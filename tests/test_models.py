"""The reader: its shapes, its readings against torch.nn by hand, its beliefs, its refusals."""
import pytest
import torch

from rnnlab import models
from rnnlab.training import seed_everything


@pytest.fixture
def x():
    seed_everything(0)
    return torch.randn(3, 7, 5)


@pytest.mark.parametrize("cell", models.CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_readings_are_what_they_say(x, cell, layers):
    outs = {}
    for reading in models.READINGS:
        seed_everything(1)
        model = models.Reader(5, 4, 6, cell, reading, layers)
        out, _ = model.recurrent(x)
        expected = {"each": out, "last": out[:, 6], "max": torch.stack([o.max(dim=0).values for o in out])}[reading]
        outs[reading] = model(x)
        torch.testing.assert_close(outs[reading], expected @ model.head.weight.T + model.head.bias)
        assert isinstance(model.recurrent, models.CELLS[cell]) and model.recurrent.num_layers == layers
    assert outs["each"].shape == (3, 7, 6) and outs["last"].shape == outs["max"].shape == (3, 6)
    torch.testing.assert_close(outs["each"][:, -1], outs["last"])
    assert not torch.allclose(outs["last"], outs["max"])


@pytest.mark.parametrize("cell", models.CELLS)
@pytest.mark.parametrize("reading", models.READINGS)
def test_the_belief_after_t_steps_is_the_answer_to_the_first_t_steps(x, cell, reading):
    model = models.Reader(5, 4, 6, cell, reading)
    beliefs = model.beliefs(x)
    for t in range(1, 8):
        answer = model(x[:, :t])
        torch.testing.assert_close(beliefs[:, t - 1], answer[:, -1] if reading == "each" else answer)


@pytest.mark.parametrize("cell", models.CELLS)
def test_sequences_of_a_batch_do_not_meet(x, cell):
    model = models.Reader(5, 4, 6, cell)
    for b in range(3):
        torch.testing.assert_close(model(x)[b], model(x[b:b + 1])[0])


def test_parameter_count():
    # 4 gates, each with I + H weights and 2 biases a unit; the head has H weights and 1 bias a class.
    assert models.parameter_count(models.Reader(28, 64, 10)) == 4 * 64 * (28 + 64 + 2) + 10 * (64 + 1)
    frozen = models.Reader(28, 64, 10).requires_grad_(False)
    assert models.parameter_count(frozen) == 0


@pytest.mark.parametrize("call, words", [
    (lambda: models.Reader(5, 4, 6, cell="lsmt"), "cell is 'lsmt', expected one of rnn, lstm, gru"),
    (lambda: models.Reader(5, 4, 6, reading="mean"), "reading is 'mean', expected one of each, last, max"),
    (lambda: models.Reader(5, 4, 6)(torch.ones(3, 1, 7, 5)), r"x has shape \(3, 1, 7, 5\), expected \(B, T, 5\)"),
    (lambda: models.Reader(5, 4, 6)(torch.ones(7, 5)), r"x has shape \(7, 5\), expected \(B, T, 5\)"),
    (lambda: models.Reader(5, 4, 6).beliefs(torch.ones(3, 5, 7)), r"x has shape \(3, 5, 7\), expected \(B, T, 5\)"),
    (lambda: models.Reader(5, 4, 6)(torch.ones(3, 0, 5)), "expected at least one sequence and one step"),
    (lambda: models.Reader(5, 4, 6)(torch.ones(0, 3, 5)), "expected at least one sequence and one step"),
])
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
