"""Every picture of the course is described by the data it shows, and refuses what it cannot draw."""

import base64
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from rnnlab import colours, figures
from tools.nbval_pictures import Picture

matplotlib.use("Agg")


def shown(ax):
    """The data and metadata that a front end receives."""
    with mock.patch.object(figures, "display") as display:
        figures.show(ax)
    (data,), others = display.call_args
    return data, others["metadata"]


def test_a_shown_picture_is_png_with_its_description_and_is_closed():
    before = plt.get_fignums()
    data, metadata = shown(figures.lines({"loss": [2.0, 1.0]}, xlabel="step", ylabel="loss"))
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == "loss against step: loss from 2 to 1."
    assert plt.get_fignums() == before


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
    said = figures.bars({"a": 99.6, "b": -99.7, "c": 99.4}, ylabel="y").figure.get_label()
    assert said == "y: a 100; b -100; c 99."
    said = figures.lines({"a": np.arange(1, 4)[::-1]}, xlabel="x", ylabel="y").figure.get_label()
    assert said == "y against x: a from 3 to 1."
    of_equal_numbers = figures.matrix(torch.ones(1, 2), rows="a", columns="bc", what="mistakes")
    assert {text.get_color() for text in of_equal_numbers.texts} == {"white"}, "on the darkest colour"
    said = figures.matrix(torch.eye(2), rows="ab", columns="cd", xlabel="to", ylabel="from").figure.get_label()
    assert said == "2 by 2 squares, from against to (c, d): a 1, 0; b 0, 1."
    said = figures.matrix(torch.eye(9), rows=range(9), columns=range(9), what="mistakes").figure.get_label()
    assert said.startswith("mistakes, 9 by 9 squares") and said.endswith("from 0 to 1 at 0, 0.")
    said = figures.lines({"a": [1, 2]}, level={"a guess": 1.5}, xlabel="x", ylabel="y").figure.get_label()
    assert said == "y against x: a from 1 to 2; a level line, a guess, at 1.5."
    assert figures.pictures(torch.zeros(1, 4, 4), ["0"]).figure.get_label() == "1 picture: 0."
    assert figures.pictures(torch.zeros(3, 4, 4), ["0", "1", "2"]).figure.get_label() == "3 pictures: 0, 1, 2."
    plt.close("all")


def test_the_names_of_nine_bars_do_not_touch():
    names = "majority bag rnn-padded rnn gru lstm recipe tf-idf best".split()
    ax = figures.bars(dict.fromkeys(names, 1), ylabel="wrong (%)")
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 + 5 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))
    plt.close("all")


def boxes(ax, texts):
    ax.figure.canvas.draw()
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("values", [{"a": 2.6, "b": 1.7}, {"a": -1.0, "b": 1.0}])
def test_the_number_of_a_bar_stands_clear_of_its_range(values):
    ax = figures.bars(values, ylabel="y", spread={name: (v - 0.3, v + 0.3) for name, v in values.items()})
    numbers = boxes(ax, ax.texts)
    assert [text.get_text() for text in ax.texts] == [figures._short(value) for value in values.values()]
    for (place, value), number in zip(enumerate(values.values()), numbers, strict=True):
        ends = [ax.transData.transform((place, value + side))[1] for side in (-0.3, 0.3)]
        assert number.y0 > max(ends) if value > 0 else number.y1 < min(ends)
        assert ax.figure.bbox.y0 <= number.y0 and number.y1 <= ax.figure.bbox.y1
    plt.close("all")


@pytest.mark.parametrize("count, title", [(1, "what you drew"), (10, "7"), (16, "2 → 5")])
def test_the_titles_of_pictures_are_not_cut(count, title):
    ax = figures.pictures(torch.zeros(count, 28, 28), [title] * count)
    for box in boxes(ax, [one.title for one in ax.figure.axes if one.title.get_text()]):
        assert ax.figure.bbox.x0 <= box.x0 and box.x1 <= ax.figure.bbox.x1 and box.y1 <= ax.figure.bbox.y1
    plt.close("all")


def test_what_is_highlighted_stands_out_and_the_others_are_named_where_they_peak():
    series = {str(digit): [0.1, 0.1, 0.0] for digit in range(12)} | {"1": [0.4, 0.2, 0.0], "7": [0.1, 0.5, 1.0]}
    ax = figures.lines(series, xlabel="row", ylabel="belief", highlight={"7": "output"})
    looks = {line.get_label(): (line.get_color(), line.get_linestyle(), line.get_linewidth()) for line in ax.lines}
    assert looks.pop("7") == (colours.COLOUR["output"], "-", 4.5)
    assert {colour for colour, _, _ in looks.values()} == {colours.LIGHT["line"]}
    assert {text.get_text(): text.xy for text in ax.texts} == {"1": (0, 0.4), "7": (2, 1.0)} and not ax.get_legend()
    plt.close("all")


@pytest.mark.parametrize(
    "draw, sentence",
    [
        (lambda: figures.lines({}, xlabel="x", ylabel="y"), "at least one entry"),
        (lambda: figures.lines({"a": []}, xlabel="x", ylabel="y"), "'a' has no values"),
        (lambda: figures.lines({"a": [1, float("nan")]}, xlabel="x", ylabel="y"), "NaN at 1"),
        (lambda: figures.lines({"a": [1, 2]}, x=[1], xlabel="x", ylabel="y"), "x has 1 values"),
        (lambda: figures.lines({"a": [1, float("inf")]}, xlabel="x", ylabel="y"), "'a' has an infinity at 1"),
        (lambda: figures.lines({"a": [1, 0.0]}, xlabel="x", ylabel="y", log=True), "'a' is 0 at 1, and a logarithmic"),
        (lambda: figures.lines({"a": [1]}, xlabel="x", ylabel="y", log=True, level={"b": -1}), "'b' is -1 at 0"),
        (
            lambda: figures.lines({"a": [1]}, xlabel="x", ylabel="y", spread={"b": ([1], [2])}),
            "spread has 'b', expected",
        ),
        (lambda: figures.lines({"a": [1]}, xlabel="x", ylabel="y", spread={"a": ([1], [1, 2])}), "'a' has 2 values"),
        (lambda: figures.lines({"a": [1]}, xlabel="x", ylabel="y", highlight={"b": "input"}), "highlight has 'b'"),
        (lambda: figures.lines({"a": [1]}, xlabel="x", ylabel="y", highlight={"a": "red"}), "colour must be one of"),
        (lambda: figures.lines(dict.fromkeys(range(11), [1]), xlabel="x", ylabel="y"), "11 curves, and only 10"),
        (lambda: figures.bars({"a": float("nan")}, ylabel="y"), "NaN at 0"),
        (lambda: figures.bars({"a": 1}, ylabel="y", spread={"b": (0, 2)}), "spread has 'b', expected names of 'a'"),
        (lambda: figures.bars({"a": 1}, ylabel="y", spread={"a": (2, 3)}), "goes from 2 to 3: 1 is outside"),
        (lambda: figures.bars({"a": 1}, ylabel="y", colour="red"), "colour must be one of"),
        (lambda: figures.matrix([[1.0]], rows="ab", columns="a"), r"shape \(1, 1\), expected \(2, 1\)"),
        (lambda: figures.matrix([[float("inf")]], rows="a", columns="a"), "must be finite"),
        (lambda: figures.matrix(torch.zeros(0, 2), rows="", columns="ab"), "a row and a column at least"),
        (lambda: figures.pictures(torch.zeros(2, 4, 4), ["0"]), "expected"),
        (lambda: figures.pictures(torch.zeros(1, 0, 4), ["0"]), r"shape \(1, 0, 4\)"),
        (lambda: figures.pictures(torch.full((1, 4, 4), 255), ["0"]), "goes from 255 to 255, expected numbers from 0"),
        (lambda: figures.pictures(torch.full((1, 4, 4), float("nan")), ["0"]), "expected numbers from 0, paper"),
        (lambda: figures.pictures(torch.zeros(1, 4, 4), ["0"], across=0), "across must be a whole number"),
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
