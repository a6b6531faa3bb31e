"""Weights that travel: 8 bits with one scale a row, the same to the page and to PyTorch, and what cannot be rounded."""

import json

import pytest
import torch
from torch import nn

from rnnlab import language
from rnnlab.explorers import base
from rnnlab.explorers.eight_bits import packed, rounded, size
from rnnlab.language import LanguageModel

MUCH = 10**6


def some(kind=nn.LSTM, **options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(7, 4), kind(4, 5, batch_first=True, **options), nn.Linear(5, 7)).double()
    with torch.no_grad():
        model[2].weight[1] *= 30  # a row with a scale of its own
        model[2].weight[3] = 0
        model[2].bias -= 9
    return model


def run(script, page, *arguments):
    """A function of eight_bits.js in a browser: what it gives for `arguments`."""
    page.set_content("<!doctype html><title>page</title>")
    page.add_script_tag(content=base.with_kit("eight_bits.js"))
    return page.evaluate(script, list(arguments))


@pytest.fixture
def page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


def test_a_row_is_off_by_half_its_own_scale_at_most_and_a_vector_not_at_all():
    model = some()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for name, mine in rounded(model).named_parameters():
        theirs = model.get_parameter(name)
        scale = theirs.abs().amax(dim=-1, keepdim=True) / 127
        assert mine.dtype == theirs.dtype == torch.float64
        if theirs.ndim == 1:
            assert torch.allclose(mine, theirs, rtol=1e-6, atol=0)
        else:
            assert ((mine - theirs).abs() <= 0.501 * scale).all() and not torch.allclose(mine, theirs)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())


def test_rounding_twice_changes_nothing():
    twin = rounded(some())
    for name, value in rounded(twin).named_parameters():
        assert torch.allclose(value, twin.get_parameter(name), rtol=1e-6, atol=1e-12)


def test_a_language_model_is_rounded_as_lesson_09_rounds_it():
    model = LanguageModel(9, 4, 6)
    theirs = language.rounded(model)
    assert all(torch.equal(value, theirs.get_parameter(name)) for name, value in rounded(model).named_parameters())


def test_the_page_reads_the_numbers_that_pytorch_has(page):
    model = some()
    script = "([packed]) => Object.entries(weights(packed)).map(([name, values]) => [name, [...values]])"
    answer = dict(run(script, page, packed(model, MUCH)))
    assert set(answer) == {name for name, _ in model.named_parameters()}
    for name, values in rounded(model).named_parameters():
        assert torch.allclose(torch.tensor(answer[name], dtype=torch.float64), values.flatten(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("way", ["", "_reverse"])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_layer_in_the_page_is_the_layer_of_pytorch(page, kind, way):
    model = some(kind, bidirectional=True)
    numbers = torch.tensor([[0, 3, 6, 6, 1, 2]])
    script = f"""([packed, numbers]) => {{
      const all = weights(packed), layer = layerOf(all, "1", "{way}"), states = [];
      const zero = new Float64Array(5);
      let state = {"{ h: zero, c: zero }" if kind is nn.LSTM else "zero"};
      for (const n of numbers) {{
        const x = all["0.weight"].slice(4 * n, 4 * n + 4);
        state = state.h ? lstmStep(layer, x, state) : gruStep(layer, x, state);
        states.push([...(state.h ?? state)]);
      }}
      return states;
    }}"""
    order = numbers[0].flip(0) if way else numbers[0]
    mine = torch.tensor(run(script, page, packed(model, MUCH), order.tolist()), dtype=torch.float64)
    twin = rounded(model)
    with torch.no_grad():
        out = twin[1](twin[0](numbers))[0][0]
    theirs = out[:, 5:].flip(0) if way else out[:, :5]
    assert (mine - theirs).abs().max() < 1e-6


def test_what_travels_is_counted_and_holds_no_long_number():
    model = nn.Linear(100, 30)
    assert size(model) == 30 * 100 + 4 * 30 + 4 * 30  # values, scales, bias
    packed(model, size(model))
    with pytest.raises(ValueError, match="model takes 3,240 bytes of weights, and at most 3,239 travel"):
        packed(model, size(model) - 1)
    text = json.dumps(packed(some(), MUCH))
    assert json.loads(text) == json.loads(json.dumps(base.rounded(packed(some(), MUCH))))


def test_what_cannot_be_rounded_is_refused_in_a_sentence():
    for fault in (torch.nan, torch.inf):
        model = some()
        with torch.no_grad():
            model[1].weight_hh_l0[2, 1] = fault
        for function in (rounded, size, lambda model: packed(model, MUCH)):
            with pytest.raises(ValueError, match="finite weights, and 1.weight_hh_l0 holds NaN or infinity"):
                function(model)
    with pytest.raises(TypeError, match="model is a tensor of shape"):
        rounded(torch.ones(2))
    with pytest.raises(ValueError, match=r"matrices and vectors, and weight has the shape \(3, 2, 1, 1\)"):
        rounded(nn.Conv2d(2, 3, 1))
    with pytest.raises(TypeError, match="real weights, and weight is torch.complex64"):
        rounded(nn.Linear(2, 2, dtype=torch.complex64))
    with pytest.raises(ValueError, match="most is 0, expected a whole number of at least 1"):
        packed(nn.Linear(2, 2), 0)


def test_tiny_and_huge_weights_come_back():
    for much in (0.0, 1e-9, 1e9):
        model = some()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter *= much
        for name, value in rounded(model).named_parameters():
            assert (value - model.get_parameter(name)).abs().max() <= model.get_parameter(name).abs().max() / 250
