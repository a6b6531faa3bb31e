"""Every picture of the course is described by the data it shows, and refuses what it cannot draw."""

import base64
import pathlib
import re
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from rnnlab import figures
from rnnlab.explorers import base
from tools.nbval_pictures import Picture

matplotlib.use("Agg")


def shown(ax):
    """The data and metadata that a front end receives."""
    with mock.patch.object(figures, "display") as display:
        figures.show(ax)
    (data,), others = display.call_args
    return data, others["metadata"]


def test_a_shown_picture_is_png_with_its_description_and_is_closed():
    data, metadata = shown(figures.lines({"loss": [2.0, 1.0]}, xlabel="step", ylabel="loss"))
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == "loss against step: loss from 2 to 1."
    assert not plt.get_fignums()


def test_a_picture_without_description_is_refused():
    with pytest.raises(ValueError, match="without alternative text"):
        figures.show(plt.subplots()[1])
    with pytest.raises(TypeError, match="ax must be"):
        figures.show("curve")
    with pytest.raises(ValueError, match="text must say"):
        figures.describe(plt.subplots()[1], " ")
    plt.close("all")


def test_descriptions_come_from_the_data():
    said = figures.bars({"RNN": 0.5, "LSTM": 0.9}, ylabel="accuracy").figure.get_label()
    assert said == "accuracy: RNN 0.5; LSTM 0.9."
    said = figures.matrix(torch.eye(2), rows="ab", columns="cd", xlabel="to", ylabel="from").figure.get_label()
    assert "from 0 to 1 at a, c" in said
    assert figures.pictures(torch.zeros(3, 4, 4), ["0", "1", "2"]).figure.get_label() == "3 pictures: 0, 1, 2."
    plt.close("all")


def test_the_names_of_nine_bars_do_not_touch():
    names = "majority bag rnn-padded rnn gru lstm recipe tf-idf best".split()
    ax = figures.bars(dict.fromkeys(names, 1), ylabel="wrong (%)")
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 + 5 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))
    plt.close("all")


@pytest.mark.parametrize(
    "draw, sentence",
    [
        (lambda: figures.lines({}, xlabel="", ylabel=""), "at least one entry"),
        (lambda: figures.lines({"a": []}, xlabel="", ylabel=""), "'a' has no values"),
        (lambda: figures.lines({"a": [1, float("nan")]}, xlabel="", ylabel=""), "NaN at 1"),
        (lambda: figures.lines({"a": [1, 2]}, x=[1], xlabel="", ylabel=""), "x has 1 values"),
        (lambda: figures.bars({"a": 1}, ylabel="", colour="red"), "colour must be one of"),
        (lambda: figures.matrix([[1.0]], rows="ab", columns="a"), r"shape \(1, 1\), expected \(2, 1\)"),
        (lambda: figures.matrix([[float("inf")]], rows="a", columns="a"), "must be finite"),
        (lambda: figures.pictures(torch.zeros(2, 4, 4), ["0"]), "expected"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(draw, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        draw()
    plt.close("all")


def picture(**changed):
    curves = {"sine": torch.linspace(0, 6, 50).sin() * changed.pop("scale", 1), "half": torch.full((50,), 0.5)}
    data, _ = shown(figures.lines(curves, **{"xlabel": "t", "ylabel": "y"} | changed))
    return Picture(base64.b64encode(data["image/png"]).decode())


def test_pictures_are_compared_by_look():
    same = picture()
    assert same == picture()
    assert same != picture(scale=1.05)
    assert same != picture(ylabel="x")
    assert same == picture(scale=1.0001)


def test_drawings_and_explorers_use_the_same_colours():
    root = pathlib.Path(__file__).parent.parent
    kit = (root / "rnnlab" / "explorers" / "base.js").read_text(encoding="utf-8")
    light = dict(re.findall(r"--(\w+): (#\w+);", kit.partition("const DARK")[0]))
    assert figures.COLOUR == base.COLOUR == {name: light[name] for name in figures.COLOUR}
