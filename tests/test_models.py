"""The reader: its shapes, its readings against torch.nn by hand, its beliefs, its refusals."""

import pytest
import torch

from rnnlab import models
from rnnlab.sequences import LengthBatches
from rnnlab.training import fit, load_best, seed_everything


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
        torch.testing.assert_close(model(x)[b], model(x[b : b + 1])[0])


def test_parameter_count():
    # 4 gates, each with I + H weights and 2 biases a unit; the head has H weights and 1 bias a class.
    assert models.parameter_count(models.Reader(28, 64, 10)) == 4 * 64 * (28 + 64 + 2) + 10 * (64 + 1)
    frozen = models.Reader(28, 64, 10).requires_grad_(False)
    assert models.parameter_count(frozen) == 0


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: models.Reader(5, 4, 6, cell="lsmt"), "cell is 'lsmt', expected one of rnn, lstm, gru"),
        (lambda: models.Reader(5, 4, 6, reading="mean"), "reading is 'mean', expected one of each, last, max"),
        (lambda: models.Reader(0, 4, 6), "input_size is 0, expected a whole number of at least 1"),
        (lambda: models.Reader(5, -1, 6), "hidden_size is -1, expected a whole number of at least 1"),
        (lambda: models.Reader(5, 4, 6)(torch.ones(3, 7, 5).double()), "x is torch.float64, expected torch.float32"),
        (lambda: models.Reader(5, 4, 6)(torch.ones(3, 7, 5) / 0), "x holds infinity"),
        (
            lambda: models.Reader(5, 4, 6)(torch.ones(3, 1, 7, 5)),
            r"x has shape \(3, 1, 7, 5\), expected \(B, T, I\) with I = 5",
        ),
        (lambda: models.Reader(5, 4, 6)(torch.ones(7, 5)), r"x has shape \(7, 5\), expected \(B, T, I\) with I = 5"),
        (
            lambda: models.Reader(5, 4, 6).beliefs(torch.ones(3, 5, 7)),
            r"x has shape \(3, 5, 7\), expected \(B, T, I\) with I = 5",
        ),
        (lambda: models.Reader(5, 4, 6)(torch.ones(3, 0, 5)), "x is empty, shape .*, expected something in it"),
        (lambda: models.Reader(5, 4, 6)(torch.ones(0, 3, 5)), "x is empty, shape .*, expected something in it"),
    ],
)
def test_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


# ---- the review classifier

LENGTHS = torch.tensor([4, 1, 6])


def classifier(**changes):
    seed_everything(1)
    return models.ReviewClassifier(20, **{"embedding_size": 5, "hidden_size": 4} | changes)


@pytest.fixture
def words():
    seed_everything(0)
    return torch.randint(2, 20, (3, 6)) * (torch.arange(6) < LENGTHS[:, None])


@pytest.mark.parametrize("cell", [*models.CELLS, "none"])
@pytest.mark.parametrize("reading", models.REVIEW_READINGS)
def test_review_readings_are_what_they_say(words, cell, reading):
    model = classifier(cell=cell, reading=reading)
    out = model.embedding(words)
    if cell != "none":
        out = model.directions[0](out)[0]
    alone = [row[:T] for row, T in zip(out, LENGTHS.tolist(), strict=True)]
    expected = torch.stack(
        [
            {
                "last padded": row[-1],
                "last valid": one[-1],
                "mean": one.mean(dim=0),
                "max": one.amax(dim=0),
                "mean+max": torch.cat([one.mean(dim=0), one.amax(dim=0)]),
            }[reading]
            for row, one in zip(out, alone, strict=True)
        ]
    )
    torch.testing.assert_close(model(words, LENGTHS), expected @ model.head.weight.T + model.head.bias)


@pytest.mark.parametrize("reading", models.REVIEW_READINGS[1:])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_only_the_last_padded_step_depends_on_the_padding(words, reading, bidirectional):
    model = classifier(reading=reading, bidirectional=bidirectional)
    longer = torch.nn.functional.pad(words, (0, 5))
    torch.testing.assert_close(model(longer, LENGTHS), model(words, LENGTHS))
    for row, T, logits in zip(words, LENGTHS, model(words, LENGTHS), strict=True):
        torch.testing.assert_close(model(row[None, :T], T[None])[0], logits)
    flawed = classifier(reading="last padded")
    assert not torch.allclose(flawed(longer, LENGTHS), flawed(words, LENGTHS))


def test_two_directions_are_those_of_pytorch_on_packed_sequences(words):
    model = classifier(bidirectional=True)
    theirs = torch.nn.LSTM(5, 4, batch_first=True, bidirectional=True)
    for suffix, one in zip(("", "_reverse"), model.directions, strict=True):
        for name, weight in one.named_parameters():
            getattr(theirs, name + suffix).data.copy_(weight)
    embedded = model.embed(words)
    packed = torch.nn.utils.rnn.pack_padded_sequence(embedded, LENGTHS, batch_first=True, enforce_sorted=False)
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    real = torch.arange(6) < LENGTHS[:, None]
    torch.testing.assert_close(model.outputs(embedded, LENGTHS)[real], out[real])


@pytest.mark.parametrize("cell", [*models.CELLS, "none"])
@pytest.mark.parametrize("reading", models.REVIEW_READINGS)
def test_the_belief_after_t_words_is_the_answer_to_the_first_t_words(words, cell, reading):
    model = classifier(cell=cell, reading=reading).eval()
    beliefs = model.beliefs(words, LENGTHS)
    for t in range(1, 7):
        first = torch.full((1,), t)
        torch.testing.assert_close(beliefs[2:, t - 1], model(words[2:, :t], first))


def test_dropout_hides_words_and_the_same_entries_of_every_word():
    model, ones = classifier(cell="none", reading="max", dropout=0.5, word_dropout=0.5), torch.full((50, 9), 7)
    unknown = (model.embed(ones) == model.embedding.weight[1]).all(dim=-1)
    assert 0.4 < unknown.float().mean() < 0.6
    padded = model.embed(torch.zeros(50, 9, dtype=torch.int64))
    assert (padded == 0).all()  # <pad> stays <pad>
    model.eval()
    assert torch.equal(model.embed(ones), model.embedding(ones))
    assert torch.equal(model(ones, torch.full((50,), 9)), model(ones, torch.full((50,), 9)))


def test_a_checkpoint_of_another_reading_is_refused(tmp_path):
    """The weights of "mean" fit into "max", and would answer nonsense."""
    x, y = [torch.tensor([2, 3]), torch.tensor([4, 5])], torch.tensor([0, 1])
    model = classifier(reading="mean")
    fit(model, LengthBatches(x, y), torch.optim.Adam(model.parameters()), 1, checkpoint=tmp_path / "run.pt", show=False)
    assert load_best(tmp_path / "run.pt", classifier(reading="mean")) == 1
    with pytest.raises(ValueError, match="is the checkpoint of another run: its model is .*reading='mean'"):
        load_best(tmp_path / "run.pt", classifier(reading="max"))


def test_reverse_turns_each_sequence_round_and_leaves_its_padding():
    out = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7], [8, 0, 0, 0]])
    lengths = torch.tensor([3, 4, 1])
    assert models.reverse(out, lengths).tolist() == [[3, 2, 1, 0], [7, 6, 5, 4], [8, 0, 0, 0]]
    assert torch.equal(models.reverse(models.reverse(out, lengths), lengths), out)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: classifier(cell="lsmt"), "cell is 'lsmt', expected one of rnn, lstm, gru, mingru, minlstm, lru, none"),
        (
            lambda: classifier(reading="last"),
            "reading is 'last', expected one of last padded, last valid, mean, max, mean",
        ),
        (lambda: classifier(word_dropout=2), "word_dropout is 2, expected a number from 0 to 1"),
        (lambda: classifier(word_dropout=float("nan")), "word_dropout is nan, expected a number from 0 to 1"),
        (lambda: classifier(dropout=-1), "dropout is -1, expected a number from 0 to 1"),
        (
            lambda: classifier().beliefs(torch.ones(1, 2).long(), torch.tensor([0])),
            "lengths go from 0 to 0, expected 1",
        ),
        (
            lambda: classifier().beliefs(torch.ones(1, 2).long(), torch.tensor([3])),
            "lengths go from 3 to 3, expected 1",
        ),
        (lambda: classifier().beliefs(torch.ones(1, 2).long(), None), r"lengths is None, expected a tensor \(B,\)"),
        (lambda: classifier()(torch.ones(1, 0).long(), torch.tensor([1])), r"x is empty, shape \(1, 0\)"),
        (lambda: classifier(reading="last padded", bidirectional=True), "'last padded' and bidirectional is True"),
        (
            lambda: classifier(bidirectional=True).beliefs(torch.ones(1, 2, dtype=torch.int64), torch.tensor([2])),
            "the model is bidirectional, expected one that reads from the first word on alone",
        ),
        (
            lambda: classifier()(torch.ones(3, 4), torch.tensor([4, 4, 4])),
            "x is torch.float32, expected torch.int64",
        ),
        (
            lambda: classifier()(torch.ones(4, dtype=torch.int64), torch.tensor([4])),
            r"x has shape \(4,\), expected \(B, T\)",
        ),
        (
            lambda: classifier()(torch.tensor([[1, 20]]), torch.tensor([2])),
            "x goes from 1 to 20, expected 0 to 19: is it encoded with another vocabulary?",
        ),
        (
            lambda: classifier()(torch.tensor([[1, 2]]), torch.tensor([3])),
            "lengths go from 3 to 3, expected 1 to T = 2",
        ),
        (
            lambda: classifier()(torch.tensor([[1, 2]]), torch.tensor([0])),
            "lengths go from 0 to 0, expected 1 to T = 2",
        ),
    ],
)
def test_review_refusals(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
