"""The checks at the door: what passes comes back plain, what does not is told by name, with what came."""

import numpy as np
import pytest
import torch

from rnnlab import benchmark_results, expect

floats, ints = torch.ones(2, 3), torch.tensor([1, 2])


def test_numbers_of_any_make_come_back_as_python_s():
    for three in (3, np.int64(3), torch.tensor(3), torch.tensor([3])):
        assert type(expect.whole("k", three)) is int
    for half in (0.5, np.float32(0.5), np.float64(0.5), torch.tensor(0.5)):
        assert type(expect.number("lr", half, above=0)) is float and expect.probability("p", half) == 0.5
    assert expect.whole("T", 2, 2, 2) == 2 and expect.number("clip", 1, least=1, most=1) == 1


def test_what_passes_comes_back(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expect.path("file", "~/x") == tmp_path / "x" and expect.path("file", tmp_path) == tmp_path
    assert expect.flag("show", False) is False and expect.text("text", "", empty=True) == ""
    assert expect.one_of("cell", "gru", {"rnn": 1, "gru": 2}) == "gru" and expect.function("loss", max) is max
    assert expect.several("documents", (d for d in [ints]), "tensors", torch.Tensor) == [ints]
    assert expect.tensor("x", floats) is floats and expect.indices("i", ints, 3) is ints
    assert expect.lengths("lengths", ints.int(), 2, 2).tolist() == [1, 2]
    large = torch.full((4,), 3e38)  # the sum is infinite, the numbers are not
    assert expect.tensor("x", large) is large


def test_letters_are_the_same_everywhere_and_new_ones_are_learned():
    sizes = {"I": 3}
    expect.tensor("x", floats, "T I", sizes)
    expect.tensor("weight", torch.ones(8, 2), "4H T", sizes)
    expect.tensor("h", torch.ones(7, 5, 2), "... H", sizes)
    expect.tensor("y", torch.ones(7, 5, 1), "... 1", sizes)
    expect.tensor("states", torch.ones(3, 2), "T+1 H", sizes)
    assert sizes == {"I": 3, "T": 2, "H": 2, "...": ["7", "5"]}


nan = float("nan")


@pytest.mark.parametrize(
    "call, error, said",
    [
        (lambda: expect.whole("k", 2.5), TypeError, "k is 2.5, expected a whole number of at least 1"),
        (lambda: expect.whole("k", True), TypeError, "k is True, expected a whole number"),
        (lambda: expect.whole("k", None), TypeError, "k is None, expected a whole number"),
        (lambda: expect.whole("k", [1]), TypeError, "k is a list, expected a whole number"),
        (lambda: expect.whole("k", floats), TypeError, r"k is a tensor of shape \(2, 3\), expected a whole number"),
        (lambda: expect.whole("k", 0), ValueError, "k is 0, expected a whole number of at least 1"),
        (lambda: expect.whole("k", 9, 1, 8, ", the words"), ValueError, "k is 9, expected .* 1 to 8, the words"),
        (lambda: expect.number("lr", nan), ValueError, "lr is nan, expected a number that is finite"),
        (lambda: expect.number("lr", float("inf"), above=0), ValueError, "lr is inf, expected a number above 0"),
        (lambda: expect.number("lr", 0, above=0, most=1), ValueError, "expected a number above 0 and of at most 1"),
        (lambda: expect.number("lr", "1"), TypeError, "lr is '1', expected a number"),
        (lambda: expect.probability("p", -0.1), ValueError, "p is -0.1, expected a number from 0 to 1"),
        (lambda: expect.probability("p", nan), ValueError, "p is nan, expected a number from 0 to 1"),
        (lambda: expect.flag("show", 1), TypeError, "show is 1, expected True or False"),
        (lambda: expect.one_of("cell", "lsmt", ["rnn", "gru"]), ValueError, "cell is 'lsmt', expected one of rnn, gru"),
        (lambda: expect.one_of("cell", ["rnn"], ["rnn"]), TypeError, "cell is a list, expected one of rnn"),
        (lambda: expect.text("text", b"x"), TypeError, "text is a bytes, expected a str"),
        (lambda: expect.text("text", ""), ValueError, "text is empty, expected at least one character"),
        (lambda: expect.path("file", 5), TypeError, "file is 5, expected a path"),
        (lambda: expect.path("file", ""), ValueError, "file is '', expected a path"),
        (lambda: expect.path("file", "a\0b"), ValueError, "expected a path"),
        (lambda: expect.function("loss", "mse"), TypeError, "loss is 'mse', expected a function"),
        (lambda: expect.kind("model", 3, torch.nn.Module, "a model"), TypeError, "model is 3, expected a model"),
        (lambda: expect.several("texts", "abc", "texts"), TypeError, "texts is 'abc', expected texts"),
        (lambda: expect.several("texts", [], "texts"), ValueError, "texts is empty, expected texts"),
        (lambda: expect.several("texts", ["a", None], "texts", str), TypeError, r"texts\[1\] is None, expected texts"),
        (lambda: expect.several("texts", None, "texts"), TypeError, "texts is None, expected texts"),
        (lambda: expect.several("d", torch.tensor(1.0), "texts"), ValueError, r"d is a tensor of shape \(\)"),
        (lambda: expect.tensor("x", [1.0], "T I", {"I": 3}), TypeError, r"x is a list, expected a tensor \(T, I\)"),
        (lambda: expect.tensor("x", ints), TypeError, "x is torch.int64, expected floating-point numbers"),
        (lambda: expect.tensor("x", floats, dtype=torch.int64), TypeError, "x is torch.float32, expected torch.int64"),
        (lambda: expect.tensor("x", floats, "T"), ValueError, r"x has shape \(2, 3\), expected \(T,\)"),
        (lambda: expect.tensor("x", floats, "T I", {"I": 4}), ValueError, r"expected \(T, I\) with I = 4"),
        (lambda: expect.tensor("x", floats, "T+1 I", {"T": 2}), ValueError, r"expected \(T\+1, I\) with T = 2"),
        (lambda: expect.tensor("x", floats, "4H T"), ValueError, r"x has shape \(2, 3\), expected \(4H, T\)"),
        (lambda: expect.tensor("x", floats, "... T B I"), ValueError, r"shape \(2, 3\), expected \(..., T, B, I\)"),
        (lambda: expect.tensor("x", floats[0], "... I", {"...": ["2"]}), ValueError, r"\(3,\), expected \(2, I\)"),
        (lambda: expect.tensor("x", floats[0], "T I or B T I"), ValueError, r"expected \(T, I\) or \(B, T, I\)"),
        (lambda: expect.device("device", "gpu"), ValueError, "device is .gpu., expected a device that is here"),
        (lambda: expect.device("device", 5), TypeError, "device is 5, expected a device such as 'cpu'"),
        (lambda: expect.tensor("x", floats[:0]), ValueError, r"x is empty, shape \(0, 3\), expected something in it"),
        (lambda: expect.tensor("x", floats / 0), ValueError, "x holds infinity, expected finite numbers"),
        (lambda: expect.tensor("x", floats * nan), ValueError, "x holds NaN, expected finite numbers"),
        (lambda: expect.indices("words", ints, 2), ValueError, "words go from 1 to 2, expected 0 to 1"),
        (lambda: expect.indices("x", -ints, 2), ValueError, "x goes from -2 to -1, expected 0 to 1"),
        (lambda: expect.lengths("lengths", ints, 1), ValueError, "lengths go from 1 to 2, expected 1 to T = 1"),
        (lambda: expect.lengths("lengths", ints, 2, 3), ValueError, r"shape \(2,\), expected \(B,\) with B = 3"),
        (lambda: expect.lengths("lengths", ints.to("meta"), 2), ValueError, "lengths is on meta, expected cpu or the"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(call, error, said):
    with pytest.raises(error, match=said):
        call()


@expect.takes(x="... I", weight="2H I", bias="2H", after=expect.function)
def step(x, weight, bias=0.0, after=torch.tanh):
    """One step."""
    return after(x @ weight.T + bias)


def test_a_door_leaves_the_function_as_it_is():
    x, weight, bias = torch.ones(3), torch.ones(4, 3), torch.zeros(4)
    assert torch.equal(step(x, weight, bias), step.plain(x, weight, bias))
    assert torch.equal(step(x, weight=weight, bias=0.5, after=torch.relu), torch.full((4,), 3.5))
    assert step.__doc__ == "One step." and step.__name__ == "step"


@pytest.mark.parametrize(
    "arguments, error, said",
    [
        ((floats, torch.ones(4, 2)), ValueError, r"weight has shape \(4, 2\), expected \(2H, I\) with I = 3"),
        ((floats, torch.ones(3, 3)), ValueError, r"weight has shape \(3, 3\), expected \(2H, I\) with I = 3"),
        ((floats, torch.ones(4, 3), torch.ones(3)), ValueError, r"bias has shape \(3,\), expected \(2H,\) with H = 2"),
        ((floats, torch.ones(4, 3).double()), TypeError, "weight is torch.float64, expected torch.float32 like x"),
        ((floats, torch.ones(4, 3), None), TypeError, "bias is None, expected a number"),
        ((floats, torch.ones(4, 3), 0.0, "tanh"), TypeError, "after is 'tanh', expected a function"),
        ((None, torch.ones(4, 3)), TypeError, r"x is None, expected a tensor \(..., I\)"),
        ((floats,), TypeError, r"missing 1 required positional argument: 'weight'"),
    ],
)
def test_a_door_refuses(arguments, error, said):
    with pytest.raises(error, match=said):
        step(*arguments)


def test_the_checks_of_a_training_step_take_less_than_a_hundredth_of_it():
    stored = benchmark_results.load("doors")
    assert stored["results"]["step"] and not stored["over"]
    assert all(row["share"] < stored["goal"] == 0.01 for row in stored["results"]["step"].values())
