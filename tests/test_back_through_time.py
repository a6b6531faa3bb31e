"""Back through time shows what autograd says flows back, and refuses what it cannot draw."""

import pytest
import torch
from torch import nn

from rnnlab import cells, gradients
from rnnlab.explorers.back_through_time import BackThroughTime
from rnnlab.explorers.base import rounded


def net(**changes):
    torch.manual_seed(0)
    return nn.RNN(**{"input_size": 3, "hidden_size": 4, "dtype": torch.float64, **changes})


def run(steps=6):
    torch.manual_seed(1)
    return torch.randn(steps, 3, dtype=torch.float64), torch.randn(steps, 4, dtype=torch.float64)


def by_autograd(rnn, x, asked, step, cut=0):
    """Sizes of the gradients that the loss of one step sends to h_0 … h_step, and ∂L/∂W_hh; detached after `cut`."""
    states = [torch.zeros(4, dtype=torch.float64, requires_grad=True)]
    for t, x_t in enumerate(x[:step]):
        before = states[-1].detach() if t == cut and cut else states[-1]
        states.append(cells.rnn_step(x_t, before, *rnn.parameters()))
    loss = states[-1] @ asked[step - 1]
    whole = torch.autograd.grad(loss, rnn.weight_hh_l0, retain_graph=True)[0]
    found = torch.autograd.grad(loss, states, allow_unused=True)
    return [0.0 if g is None else g.norm().item() for g in found], whole


@pytest.mark.parametrize("step", [2, 4, 6])
def test_sizes_shares_and_cosines_are_those_of_autograd(step):
    rnn, (x, asked) = net(), run()
    numbers = BackThroughTime(rnn, x, asked).numbers
    sizes, whole = by_autograd(rnn, x, asked, step)
    assert numbers["sizes"][step - 1] == pytest.approx(sizes, rel=6e-3)
    assert sum(numbers["shares"][step - 1]) == pytest.approx(1, abs=0.01)
    assert numbers["cosines"][step - 1][-1] == 1
    for cut in range(1, step):
        kept = by_autograd(rnn, x, asked, step, cut)[1]
        cosine = torch.cosine_similarity(kept.flatten(), whole.flatten(), dim=0).item()
        share = ((kept * whole).sum() / (whole * whole).sum()).item()
        assert numbers["cosines"][step - 1][step - cut - 1] == pytest.approx(cosine, rel=6e-3)
        assert sum(numbers["shares"][step - 1][cut:]) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_cuts_are_those_of_truncated_gradients(k):
    rnn, (x, asked) = net(), run()
    explorer = BackThroughTime(rnn, x, asked, k=k)
    whole = gradients.truncated_gradients(rnn, x, lambda out: out[-1] @ asked[-1], 6)["weight_hh_l0"]
    kept = gradients.truncated_gradients(rnn, x, lambda out: out[-1] @ asked[-1], k)["weight_hh_l0"]
    first, _, _ = explorer.now()
    cosine = torch.cosine_similarity(kept.flatten(), whole.flatten(), dim=0).item()
    assert explorer.numbers["cosines"][-1][6 - first] == pytest.approx(cosine, rel=6e-3)


def test_the_first_step_says_nothing_about_weights_that_multiplied_zero():
    numbers = BackThroughTime(net(), *run()).numbers
    assert numbers["shares"][0] == [0.0] and numbers["cosines"][0] == [None]


def test_numbers_have_three_digits_and_the_net_is_left_alone():
    rnn, (x, asked) = net(), run()
    before = {name: value.clone() for name, value in rnn.state_dict().items()}
    numbers = BackThroughTime(rnn, x, asked).numbers
    assert numbers == rounded(numbers)
    assert all(torch.equal(before[name], value) for name, value in rnn.state_dict().items())
    assert rnn.weight_hh_l0.grad is None


def test_cells_and_float32_give_the_same_numbers():
    mine = cells.RNN(3, 4).double()
    mine.load_state_dict(net().state_dict())
    assert BackThroughTime(mine, *run()).numbers == BackThroughTime(net(), *run()).numbers
    assert len(BackThroughTime(net(dtype=torch.float32), *(v.float() for v in run())).numbers["sizes"]) == 6


def test_step_and_k_move_and_stay_inside():
    explorer = BackThroughTime(net(), *run(), labels="lesson", step=5, k=3)
    assert explorer.now()[0] == 4 and "goes back to step 4; there it is cut, every 3 steps" in explorer.alt()
    explorer.k = 6
    assert explorer.now()[0] == 1 and "cut" not in explorer.alt()
    for name, bad in [("step", 0), ("step", 7), ("k", 0), ("k", 7)]:
        with pytest.raises(ValueError, match=f"{name} goes from 1 to 6"):
            setattr(explorer, name, bad)


def test_every_position_can_be_drawn():
    explorer = BackThroughTime(net(), *run(4))
    for explorer.step in range(1, 5):
        for explorer.k in range(1, 5):
            assert explorer.still().tag == "svg"


@pytest.mark.parametrize(
    ("error", "sentence", "rnn", "x", "asked", "labels"),
    [
        (TypeError, "rnn must be a plain RNN.*not LSTM", nn.LSTM(3, 4), *run(), None),
        (TypeError, "rnn must be a plain RNN.*not str", "rnn", *run(), None),
        (ValueError, "tanh, biases, one layer", net(nonlinearity="relu"), *run(), None),
        (ValueError, "tanh, biases, one layer", net(bias=False), *run(), None),
        (ValueError, "tanh, biases, one layer", net(num_layers=2), *run(), None),
        (ValueError, r"x must be a tensor \(T, I\), not list", net(), [1.0], run()[1], None),
        (ValueError, r"x must be a tensor \(T, I\), not \(1, 6, 3\)", net(), run()[0][None], run()[1], None),
        (ValueError, r"dloss_dh must be a tensor \(T, H\), not \(4,\)", net(), run()[0], run()[1][0], None),
        (ValueError, "x must have 2 to 20 steps, not 1", net(), *run(1), None),
        (ValueError, "x must have 2 to 20 steps, not 21", net(), *run(21), None),
        (
            ValueError,
            r"dloss_dh has shape \(5, 4\), expected \(T, H\) with T = 6, H = 4",
            net(),
            run()[0],
            run()[1][:5],
            None,
        ),
        (
            ValueError,
            r"x has shape \(6, 2\), expected \(T, I\) with I = 3",
            net(),
            run()[0][:, :2],
            run()[1],
            None,
        ),
        (ValueError, "x must hold finite numbers", net(), run()[0] / 0, run()[1], None),
        (ValueError, "dloss_dh must hold finite numbers", net(), run()[0], run()[1] * torch.nan, None),
        (ValueError, "one entry for each of the 6 steps, not 2", net(), *run(), "ab"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(error, sentence, rnn, x, asked, labels):
    with pytest.raises(error, match=sentence):
        BackThroughTime(rnn, x, asked, labels=labels)


@pytest.mark.parametrize("only", [2, 6])
def test_a_step_without_a_loss_sends_nothing_back_and_says_so(only, open_explorer):
    x, asked = run()
    asked[[t for t in range(6) if t != only - 1]] = 0
    explorer = BackThroughTime(net(), x, asked, step=3)
    assert explorer.alt() == "Step 3 has no loss: no gradient goes back from it."
    assert not [path for path in explorer.still().iter("path") if path.get("d")]
    root = open_explorer(explorer.page())
    assert root.locator(".say").text_content() == explorer.alt() and "NaN" not in root.inner_html()
    assert root.locator(".flow").count() == 0
    root.get_by_role("slider", name="loss at step").fill(str(only))
    assert root.locator(".flow").count() > 0 and "NaN" not in root.inner_html()


@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_shares_need_no_square_that_leaves_float64(scale):
    rnn, (x, asked) = net(), run()
    assert BackThroughTime(rnn, x, scale * asked).numbers["shares"] == BackThroughTime(rnn, x, asked).numbers["shares"]


def test_no_loss_at_all_and_no_finite_gradient_are_refused_in_a_sentence():
    x, asked = run()
    broken, large = net(), net()
    with torch.no_grad():
        broken.weight_hh_l0[0, 0] = float("inf")
        large.weight_ih_l0.zero_()  # the states stay near zero, and nothing holds the gradient back
        large.bias_ih_l0.zero_()
        large.bias_hh_l0.zero_()
        large.weight_hh_l0.mul_(1e200)
    for arguments, sentence in [
        ((broken, x, asked), "weight_hh holds infinity"),
        ((large, x, asked), "rnn has weights so large"),
        ((net(), x, 0 * asked), "dloss_dh must ask something of at least one step"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            BackThroughTime(*arguments)
