"""Row by row shows the beliefs of the net it was given, and refuses what it cannot read."""

import base64
import types

import pytest
import torch
from torch import nn

from rnnlab.explorers.draw_a_digit import DrawADigit
from rnnlab.explorers.row_by_row import RowByRow, strokes
from rnnlab.models import Reader


def reader(**changes):
    torch.manual_seed(0)
    options = {"input_size": 28, "hidden_size": 6, "output_size": 10, "cell": "lstm", "reading": "max", **changes}
    return Reader(**options).double()


@pytest.mark.parametrize("reading", ["last", "max"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_beliefs_are_those_of_the_net(cell, reading):
    model, images = reader(cell=cell, reading=reading), torch.rand(3, 28, 28)
    shown = torch.tensor(RowByRow(model, images).numbers["beliefs"]) / 1000
    with torch.no_grad():
        shares = model.beliefs(images.double()).softmax(dim=-1)
        assert torch.allclose(shown[:, -1].double(), model(images.double()).softmax(dim=-1), atol=6e-4)
    assert torch.allclose(shown.double(), shares, atol=6e-4)


def test_however_sure_a_net_is_nothing_is_called_certain(open_explorer):
    model = reader()
    with torch.no_grad():
        model.head.weight.mul_(3000)
    for explorer in (RowByRow(model, strokes()), DrawADigit(model, strokes())):
        root = open_explorer(explorer.page())
        living = [text for text in root.locator(".bars text").all_text_contents() if "%" in text]
        still = [text.text for text in explorer.still().iter("text") if text.text.endswith("%")]
        assert living == still and sorted(living) == ["<1 %"] * 9 + [">99 %"]
        assert "with >99 %" in explorer.alt() and "with <1 %" in explorer.alt()


def test_any_number_of_rows_and_pixels():
    explorer = RowByRow(reader(input_size=5), torch.rand(2, 7, 5))
    assert explorer.row == 7 and explorer.numbers["labels"] == ["1", "2"]
    assert len(base64.b64decode(explorer.numbers["pixels"][0])) == 35
    assert explorer.page()


def test_a_float32_net_shows_the_same_as_its_float64_copy():
    images = strokes()
    double = RowByRow(reader(), images).numbers["beliefs"]
    single = RowByRow(reader().float(), images).numbers["beliefs"]
    assert (torch.tensor(double) - torch.tensor(single)).abs().max() <= 1


def test_digit_and_row_move_and_stay_inside():
    explorer = RowByRow(reader(), strokes(), labels="17", digit=1, row=3)
    assert "Picture 7, read to row 3 of 28" in explorer.alt()
    for name, bad in [("digit", 2), ("digit", -1), ("row", 0), ("row", 29)]:
        span = "0 to 1" if name == "digit" else "1 to 28"
        with pytest.raises(ValueError, match=f"{name} goes from {span}, and {bad} is outside"):
            setattr(explorer, name, bad)
    assert (explorer.digit, explorer.row) == (1, 3)


def test_the_net_and_the_images_are_left_alone():
    model, images = reader().train(), strokes()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    RowByRow(model, images)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training and model.head.weight.grad is None and images.equal(strokes())


def broken():
    model = reader()
    with torch.no_grad():
        model.head.bias[3] = torch.nan
    return model


@pytest.mark.parametrize(
    ("error", "sentence", "model", "images", "labels"),
    [
        (TypeError, "model must be a module with beliefs.*not Linear", nn.Linear(28, 10), strokes(), None),
        (TypeError, "a module with beliefs.*not Simple", types.SimpleNamespace(beliefs=len), strokes(), None),
        (TypeError, "images must be a tensor.*not list", reader(), [[0.0]], None),
        (ValueError, r"images must be \(N, T, I\).*not \(28, 28\)", reader(), strokes()[0], None),
        (ValueError, r"N from 1 to 12, not \(13, 28, 28\)", reader(), torch.zeros(13, 28, 28), None),
        (ValueError, r"N from 1 to 12, not \(0, 28, 28\)", reader(), torch.zeros(0, 28, 28), None),
        (ValueError, "between 0, paper, and 1, ink", reader(), 255 * strokes(), None),
        (ValueError, "between 0, paper, and 1, ink", reader(), strokes() * torch.nan, None),
        (ValueError, "labels must be 2, one for each picture, not 3", reader(), strokes(), "173"),
        (ValueError, "ten beliefs.*2, 28, 4", reader(output_size=4), strokes(), None),
        (ValueError, "finite numbers", broken(), strokes(), None),
        (ValueError, r"expected \(B, T, I\) with I = 5", reader(input_size=5), strokes(), None),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(error, sentence, model, images, labels):
    with pytest.raises(error, match=sentence):
        RowByRow(model, images, labels=labels)
