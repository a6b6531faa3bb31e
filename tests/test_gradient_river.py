"""Gradient river shows the norms that `gradients.state_norms` finds, and refuses what is not in its table."""

import base64

import numpy as np
import pytest
import torch

from rnnlab import cells, gradients
from rnnlab.explorers import gradient_river
from rnnlab.explorers.gradient_river import CURVES, KINDS, RADII, SIZES, STEPS, WARM_UP, GradientRiver, H, amount, power


def net(kind, radius):
    """The net of one curve as a module of `cells`."""
    w_ih, w_hh, _, _ = gradient_river.recipe(kind, radius)
    if kind.startswith("RNN"):
        rnn = cells.RNN(H, H, nonlinearity=kind[4:]).double()
    else:
        rnn = (cells.LSTM if kind.startswith("LSTM") else cells.GRU)(H, H).double()
    zero = torch.zeros_like(rnn.bias_ih_l0)
    state = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": zero, "bias_hh_l0": zero.clone()}
    if "forget bias" in kind:
        state["bias_hh_l0"][H : 2 * H] = 3
    rnn.load_state_dict(state)
    return rnn


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(("size", "radius", "T"), [(0.0, 0.6, 28), (1.0, 1.3, 100), (2.0, 2.3, 50)])
def test_the_curves_are_those_of_state_norms(curve, size, radius, T):
    kind, of = (curve[:-2], "c") if curve.endswith(" c") else (curve, "h")
    rnn, (_, _, x, h) = net(kind, radius), gradient_river.recipe(kind, radius)
    x, h = x[:, SIZES.index(size)], h[:1]
    with torch.no_grad():
        _, warm = rnn(x[: WARM_UP - 1], (h, torch.zeros_like(h)) if kind.startswith("LSTM") else h)
    expected = gradients.state_norms(rnn, x[WARM_UP - 1 : WARM_UP + T], warm, of=of, log10=True)[T]
    shown = GradientRiver(cell=kind, size=size, radius=radius).now(curve)[STEPS.index(T)]
    assert shown == pytest.approx(expected.item(), abs=1e-4)


def test_each_block_has_the_radius_that_is_shown():
    for kind, blocks in {"RNN tanh": 1, "GRU": 3, "LSTM": 4}.items():
        w_hh = gradient_river.recipe(kind, 1.7)[1]
        assert w_hh.shape == (blocks * H, H)
        for block in w_hh.chunk(blocks):
            assert torch.linalg.eigvals(block).abs().max().item() == pytest.approx(1.7)


def test_the_script_reads_the_table_as_it_was_written():
    raw = np.frombuffer(base64.b64decode(GradientRiver.example().table), dtype="<i2")
    table = raw.reshape(len(CURVES), len(SIZES), len(RADII), len(STEPS)) / 100
    assert abs(table - gradient_river.exponents().numpy()).max() <= 0.0051
    assert (table[..., 0] == 0).all()  # after no step a nudge is what it was


def test_without_input_and_below_radius_1_only_the_radius_counts():
    norms = GradientRiver(radius=0.6, size=0.0).now()
    step = (norms[-1] - norms[STEPS.index(50)]) / 50
    assert 10**step == pytest.approx(0.6, abs=0.01)


def test_the_border_is_at_1_without_saturation_and_near_2_with_inputs_of_size_1():
    end = {(size, radius): GradientRiver(size=size, radius=radius).now()[-1] for size in (0.0, 1.0) for radius in RADII}
    assert end[0.0, 0.9] < -3 < -1 < end[0.0, 1.0] < 1
    assert end[1.0, 1.0] < -15
    assert end[1.0, 1.8] < 0 < end[1.0, 2.3]


def test_a_forget_bias_keeps_what_the_others_lose():
    left = {kind: GradientRiver(cell=kind).now(f"{kind} c" if f"{kind} c" in CURVES else kind)[-1] for kind in KINDS}
    assert max(left, key=left.get) == "LSTM, forget bias 3"
    assert left["LSTM, forget bias 3"] > -2 and left["RNN tanh"] < -20 and left["LSTM"] < -20


def test_amounts_are_short():
    assert [amount(v) for v in (-7.2, -1, 0.34, 1.95, 12.4)] == ["10⁻⁷", "0.1", "2.2", "10²", "10¹²"]
    assert power(0) == "1"


@pytest.mark.parametrize("cell", KINDS)
def test_what_is_shown_is_said(cell):
    explorer = GradientRiver(cell=cell, radius=1.2, size=2.0, T=100)
    assert explorer.alt().startswith(f"{cell}, spectral radius 1.2, inputs of size 2: after 100 steps ")
    assert amount(explorer.now()[-1]) in explorer.alt()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("cell", "CNN", "cell must be one of RNN tanh, RNN relu, GRU, LSTM.*not 'CNN'"),
        ("radius", 0.65, "radius must be one of 0.4, .*, 2.3, not 0.65"),
        ("size", -1.0, "size must be one of 0.0, 0.1, 1.0, 2.0, not -1.0"),
        ("size", float("nan"), "size must be one of .*not nan"),
        ("T", 0, "T must be one of 2, 4, .*, 100, not 0"),
        ("T", 1, "T must be one of"),
    ],
)
def test_what_is_not_in_the_table_is_refused_in_a_sentence(name, value, sentence):
    explorer = GradientRiver.example()
    before = getattr(explorer, name)
    with pytest.raises(ValueError, match=sentence):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before
    with pytest.raises(TypeError, match="radius must be one of 0.4, .*, 2.3, not 'wide'"):
        GradientRiver(radius="wide")


def test_the_radius_alone_is_seen_where_it_lies_on_the_line_of_one(open_explorer):
    """In lesson 04 it does. Nothing but it is dotted so: the marker at T is a plain line."""
    root = open_explorer(GradientRiver(radius=1.0).page())
    look = "path => (({ stroke, strokeWidth, strokeDasharray }) => [stroke, strokeWidth, strokeDasharray])"
    look += "(getComputedStyle(path))"
    alone, one, here = (root.locator(f"path.{name}").last.evaluate(look) for name in ("alone", "one", "here"))
    assert float(alone[1][:-2]) > 2 * float(one[1][:-2]) and alone[0] != one[0] and alone[2] != "none"
    assert one[2] == here[2] == "none"
    order = root.locator("path").evaluate_all("paths => paths.map(path => path.getAttribute('class'))")
    assert order.index("alone") > order.index("one")  # drawn later: on top
