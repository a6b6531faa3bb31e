"""Unroller shows the numbers of the net it was given, and refuses what it cannot draw."""

import base64
import re
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

from rnnlab import cells
from rnnlab.explorers.base import rounded
from rnnlab.explorers.unroller import Unroller


def net(**changes):
    torch.manual_seed(0)
    return nn.RNN(**{"input_size": 4, "hidden_size": 2, "batch_first": True, "dtype": torch.float64, **changes})


def exploded():
    rnn = net(nonlinearity="relu")
    for weight in rnn.parameters():
        nn.init.constant_(weight, 1e20)
    return rnn


def word(steps=5, size=4):
    return torch.eye(size, dtype=torch.float64)[torch.arange(steps) % size]


@pytest.mark.parametrize(
    "changes", [{}, {"nonlinearity": "relu"}, {"bias": False}, {"hidden_size": 6}, {"input_size": 1}], ids=str
)
@pytest.mark.parametrize("kind", [nn.RNN, cells.RNN])
def test_the_states_are_those_of_the_net(changes, kind):
    rnn = net(**changes)
    x = torch.randn(1, 7, rnn.input_size, dtype=torch.float64)
    if kind is cells.RNN:
        options = {"input_size": 4, "hidden_size": 2, "batch_first": True, **changes}
        mine = cells.RNN(**options).double()
        mine.load_state_dict(rnn.state_dict())
    else:
        mine = rnn
    numbers = Unroller(mine, x).numbers
    assert numbers["h"][0] == [0.0] * rnn.hidden_size
    assert numbers["h"][1:] == rounded(rnn(x)[0][0])
    assert numbers["w_hh"] == rounded(rnn.weight_hh_l0)
    assert (numbers["b_ih"] is None) == (not rnn.bias)


def test_batch_axis_where_the_net_wants_it():
    alone = Unroller(net(), word()).numbers
    assert Unroller(net(), word()[None]).numbers == alone
    assert Unroller(net(batch_first=False), word()[:, None]).numbers == alone
    assert Unroller(net(dtype=torch.float32), word().long()).numbers["labels"] == ["x₁", "x₂", "x₃", "x₄", "x₅"]


def test_step_and_unit_move_and_stay_inside():
    explorer = Unroller(net(), word(), labels="hello", step=2)
    explorer.step, explorer.unit = 5, 2
    assert "After step 5, o," in explorer.alt()
    for name, bad in [("step", 0), ("step", 6), ("unit", 3)]:
        with pytest.raises(ValueError, match=f"{name} goes from 1 to"):
            setattr(explorer, name, bad)
    assert (explorer.step, explorer.unit) == (5, 2)
    with pytest.raises(ValueError, match="step goes from 1 to 5, and 9 is outside"):
        Unroller(net(), word(), step=9)


def test_the_net_is_left_alone():
    rnn, x = net(), word().requires_grad_()
    before = {name: value.clone() for name, value in rnn.state_dict().items()}
    Unroller(rnn, x)
    assert all(torch.equal(before[name], value) for name, value in rnn.state_dict().items())
    assert rnn.training and x.grad is None and rnn.weight_hh_l0.grad is None


def test_labels_may_hold_any_text():
    nasty = ["</script>", "<img onerror=x>", '" onload="x', "\x00\n", " ", "&amp;", "日本", "a" * 40, "'", ""]
    explorer = Unroller(net(), word(10), labels=nasty, step=1)
    page = explorer.page()
    assert page.count("</script") == 1 and "<img onerror" not in page
    svg = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    texts = [node.text for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"</script>", "<img onerror=x>", "��", "␣", "日本"} <= set(texts)


@pytest.mark.parametrize(
    ("error", "sentence", "rnn", "x", "labels"),
    [
        (TypeError, "rnn must be a recurrent layer.*not Linear", nn.Linear(4, 2), word(), None),
        (TypeError, "rnn must be a recurrent layer.*not str", "rnn", word(), None),
        (TypeError, "LSTM has gates", nn.LSTM(4, 2), word(), None),
        (TypeError, "GRU has gates", nn.GRU(4, 2), word(), None),
        (ValueError, "one layer and one direction, not num_layers=2", net(num_layers=2), word(), None),
        (ValueError, "one direction.*bidirectional=True", net(bidirectional=True), word(), None),
        (ValueError, "small enough.*not 4 and 64", net(hidden_size=64), word(), None),
        (ValueError, "small enough.*not 28 and 2", net(input_size=28), word(), None),
        (ValueError, "no longer finite", exploded(), word(20), None),
        (TypeError, "x must be a tensor.*not list", net(), [[0.0] * 4], None),
        (ValueError, r"x must be one sequence.*not \(4,\)", net(), word()[0], None),
        (ValueError, r"\(1, T, 4\), not \(3, 5, 4\)", net(), word().expand(3, 5, 4), None),
        (ValueError, r"\(T, 1, 4\), not \(1, 5, 4\)", net(batch_first=False), word()[None], None),
        (ValueError, "x must have 4 numbers a step.*not 3", net(), word(5, 3), None),
        (ValueError, "x must have 1 to 20 steps, not 0", net(), word(0), None),
        (ValueError, "x must have 1 to 20 steps, not 21", net(), word(21), None),
        (ValueError, "x must hold finite numbers", net(), word() * torch.nan, None),
        (ValueError, "x must hold finite numbers", net(), word().clamp(min=0) / 0, None),
        (ValueError, "one entry for each of the 5 steps, not 4", net(), word(), "hell"),
        (TypeError, "labels must be a string or a list of strings", net(), word(), [1, 2, 3, 4, 5]),
        (TypeError, "labels must be a string or a list of strings", net(), word(), 5),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(error, sentence, rnn, x, labels):
    with pytest.raises(error, match=sentence) as refused:
        Unroller(rnn, x, labels=labels)
    assert str(refused.value).endswith(".")


def test_weights_that_are_no_numbers_are_refused():
    rnn = net()
    with torch.no_grad():
        rnn.bias_hh_l0[0] = torch.nan
    with pytest.raises(ValueError, match="finite weights, and bias_hh_l0"):
        Unroller(rnn, word())
