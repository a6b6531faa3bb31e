"""Shape machine says of every position what torch says, and refuses what it cannot draw."""

import itertools
import json
import re
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

from rnnlab.explorers.shape_machine import GATES, SIZES, ShapeMachine, marked

LAYERS = list(itertools.product(GATES, range(1, SIZES["L"] + 1), (1, 2)))


def upto(*names):
    return itertools.product(*(range(1, SIZES[name] + 1) for name in names))


def asked(layer, machine):
    """The shapes according to torch."""
    x = torch.zeros(*((machine.B, machine.T) if machine.batch_first else (machine.T, machine.B)), machine.I)
    with torch.no_grad():
        out, state = layer(x)
    h_n, *c_n = state if machine.cell == "LSTM" else (state,)
    named = {"x": x, "out": out, "h_n": h_n, **({"c_n": c_n[0]} if c_n else {}), **dict(layer.named_parameters())}
    return {name: tuple(tensor.shape) for name, tensor in named.items()}


@pytest.mark.parametrize("cell, L, D", LAYERS)
def test_every_slider_position_has_the_shapes_of_torch_in_the_order_of_torch(cell, L, D):
    """Every I with every H, and every B with every T: no axis holds a letter of both pairs."""
    machine = ShapeMachine(cell=cell, L=L, D=D)
    for machine.batch_first in (True, False):
        options = {"num_layers": L, "bidirectional": D > 1, "batch_first": machine.batch_first}
        layer = getattr(nn, cell)(machine.I, machine.H, **options)
        for machine.B, machine.T in upto("B", "T"):
            assert list(machine.shapes().items()) == list(asked(layer, machine).items())
        for machine.I, machine.H in upto("I", "H"):
            layer = getattr(nn, cell)(machine.I, machine.H, **options)
            assert list(machine.shapes().items()) == list(asked(layer, machine).items())


@pytest.mark.parametrize("cell, L, D", LAYERS)
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_marked_cells_of_out_are_those_of_h_n(cell, L, D, batch_first):
    torch.manual_seed(0)
    options = {"num_layers": L, "bidirectional": D > 1, "batch_first": batch_first}
    out, state = getattr(nn, cell)(4, 2, **options)(torch.randn((3, 5, 4) if batch_first else (5, 3, 4)))
    h_n = state[0] if cell == "LSTM" else state
    for name, tensor, other in ("out", out, h_n), ("h_n", h_n, out):
        drawn = torch.zeros(tensor.shape, dtype=torch.bool)
        for sheet, row, column, width in marked(name, tensor.shape, 2, D, batch_first):
            drawn[sheet, row, column : column + width] = True
        assert torch.equal(drawn, torch.isin(tensor, other))


def test_the_line_of_python_makes_that_layer():
    for cell, L, D in LAYERS:
        machine = ShapeMachine(cell=cell, L=L, D=D, batch_first=L > 1)
        layer = eval(machine.call(), {"nn": nn})
        assert type(layer) is getattr(nn, cell)
        held = {name: tuple(weight.shape) for name, weight in layer.named_parameters()}
        assert held.items() <= machine.shapes().items()
        assert (layer.num_layers, layer.bidirectional, layer.batch_first) == (L, D > 1, L > 1)


def test_alt_and_still_name_every_tensor():
    machine = ShapeMachine(cell="LSTM", L=2, D=2)
    words = "".join(ElementTree.fromstring(ElementTree.tostring(machine.still())).itertext())
    for name, shape in machine.shapes().items():
        assert f"{name} {shape}" in machine.alt()
        assert str(shape) in words and re.sub(r"_l\d.*", "", name) in words


@pytest.mark.parametrize("name", SIZES)
def test_a_size_outside_is_refused(name):
    for bad in (0, SIZES[name] + 1, -1):
        with pytest.raises(ValueError, match=f"{name} goes from 1 to {SIZES[name]}, and {bad} is outside"):
            ShapeMachine(**{name: bad})
    with pytest.raises(TypeError, match=f"{name} is 1.5, expected a whole number from 1 to {SIZES[name]}"):
        ShapeMachine(**{name: 1.5})


def test_an_unknown_cell_is_refused_and_nothing_moves():
    machine = ShapeMachine()
    with pytest.raises(ValueError, match="cell must be one of RNN, LSTM, GRU, not 'QRNN'"):
        machine.cell = "QRNN"
    assert machine.cell == "RNN"


def test_the_script_says_the_same_as_python(tmp_path, chromium):
    """Shapes, axes, the line of code and the marked cells, at 144 positions."""
    expected = []
    for (cell, L, D), first, H in itertools.product(LAYERS, (True, False), (1, 2, 3, 5)):
        machine = ShapeMachine(B=2, T=4, I=6, H=H, cell=cell, L=L, D=D, batch_first=first)
        shapes = machine.shapes()
        cells = {name: [list(cell) for cell in marked(name, shapes[name], H, D, first)] for name in ("out", "h_n")}
        expected.append([machine.state(), machine.call(), [[*pair] for pair in shapes.items()], cells])
    script = """
        const found = state => {
            const { data, held } = allTensors(state), all = [...data, ...held];
            const cells = Object.fromEntries(data.slice(1, 3).map(t => [t.name, markedRows(t, state)]));
            return [call(state), all.map(({ name, shape }) => [name, shape]), cells];
        };
        window.found = states => states.map(found);
    """
    page = f"<meta charset=utf-8><script type=module>{str(ShapeMachine()._esm)}\n{script}</script>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    page = chromium.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    found = page.evaluate("states => found(states)", [state for state, *_ in expected])
    page.close()
    for (_, *mine), theirs in zip(json.loads(json.dumps(expected)), found, strict=True):
        assert mine[:2] == theirs[:2]
        assert {name: sorted(cells) for name, cells in mine[2].items()} == {n: sorted(c) for n, c in theirs[2].items()}
