"""Draw a digit: the script in the page reads as PyTorch does, and draws as MNIST was drawn."""

import json
import math

import pytest
import torch
from torch import nn

from rnnlab.datasets import digits
from rnnlab.explorers import eight_bits
from rnnlab.explorers.draw_a_digit import SIZE, DrawADigit
from rnnlab.explorers.row_by_row import strokes
from rnnlab.models import Reader


def reader(hidden_size=6, cell="gru", reading="max", **options):
    torch.manual_seed(0)
    return Reader(28, hidden_size, 10, cell, reading, **options).double()


@pytest.fixture
def page(chromium):
    """A page that offers the functions of the script under their own names."""
    script = str(DrawADigit._esm).replace("export default", "const explorer =")
    page = chromium.new_page()
    page.set_content("<!doctype html><title>page</title>")
    page.add_script_tag(content=f"{script}\nObject.assign(window, {{ weights, read, likeMNIST, unpack, pack }});")
    yield page
    page.close()


READ = """([net, images]) => {
  const ready = { ...net, weights: weights(net.weights) };
  return images.map(text => read(ready, unpack(text).map(v => v / 255), 28));
}"""


@pytest.mark.parametrize("hidden", [6, 64])
@pytest.mark.parametrize("reading", ["last", "max"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_script_believes_what_pytorch_believes_with_the_rounded_weights(page, cell, reading, hidden):
    model = reader(hidden, cell, reading)
    with torch.no_grad():
        model.head.weight.mul_(40)  # as sure of itself as a trained net
    real = digits.load()[1].images[:6]
    images = torch.cat([real, torch.rand(5, 28, 28), torch.zeros(1, 28, 28)])
    explorer = DrawADigit(model, images)
    images = (images * 255).round() / 255  # a page holds bytes of ink
    answer = page.evaluate(READ, [explorer.net, [sample["pixels"] for sample in explorer.samples]])
    mine = torch.tensor(answer, dtype=torch.float64)
    with torch.no_grad():
        theirs = eight_bits.rounded(model).beliefs(images.double()).softmax(dim=-1)
        whole = model.beliefs(images.double()).softmax(dim=-1)
    assert mine.shape == theirs.shape == (12, 28, 10)
    assert theirs.max() > 0.5
    assert (mine - theirs).abs().max() < 1e-5 < (whole - theirs).abs().max()


def test_a_drawing_is_scaled_and_centred_as_mnist_is(page):
    turn = [2 * math.pi * k / 60 for k in range(61)]
    circle = [[(0.3 + 0.1 * math.cos(a), 0.7 + 0.15 * math.sin(a)) for a in turn]]
    seven = [[(0.1, 0.1), (0.9, 0.1), (0.4, 0.9)]]
    bar, dot = [[(0.5, 0.1), (0.5, 0.8)]], [[(0.9, 0.9)]]
    for drawing in (circle, seven, bar, dot, seven + bar):
        image = torch.tensor(page.evaluate("likeMNIST", drawing), dtype=torch.float64).reshape(28, 28)
        places = torch.arange(28) + 0.5
        middle = [(image.sum(dim=axis) * places).sum() / image.sum() for axis in (0, 1)]
        assert all(abs(m - 14) < 0.15 for m in middle)
        high, wide = (len(image.sum(dim=axis).nonzero()) for axis in (1, 0))
        assert max(high, wide) <= 22 and (drawing is dot or max(high, wide) >= 20)
        assert 0 <= image.min() and image.max() <= 255
    small = [[(x / 3 + 0.5, y / 3 + 0.2) for x, y in seven[0]]]
    assert page.evaluate("likeMNIST", small) == pytest.approx(page.evaluate("likeMNIST", seven), abs=2)
    real = digits.load()[0].images
    ink = 255 * real[real.sum(dim=(1, 2)).argsort()]
    drawn = sum(page.evaluate("likeMNIST", seven))
    assert ink[400].sum() < drawn < ink[-400].sum()  # neither thinner nor fatter than people write


SEEN = """() => {
  window.seen = [];   // what was said once stays here, however short it stood
  new MutationObserver(() => seen.push(document.querySelector(".say").textContent))
    .observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def test_a_mouse_draws_the_beliefs_move_and_clear_wipes(page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><title>page</title>{DrawADigit.example().page()}", "utf-8")
    page.goto(file.as_uri())
    root = page.locator(".rnnlab.draw-a-digit")
    shown = lambda: [float(g.get_attribute("data-belief")) for g in root.locator(".bars g").all()]  # noqa: E731
    stored, box = shown(), root.locator(".pad").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*at(0.8, 0.2), steps=5)
    halfway = shown()
    page.mouse.move(*at(0.4, 0.9), steps=5)
    page.mouse.up()
    page.mouse.move(*at(0.9, 0.9))
    assert stored != halfway != shown()
    assert abs(sum(shown()) - 1) < 1e-3
    assert "After row 28 of 28" in root.locator(".say").inner_text()
    assert root.locator(".stroke").count() == 1
    root.get_by_role("button", name="clear").press("Enter")
    assert "Nothing drawn" in root.locator(".say").inner_text() and root.locator(".stroke").count() == 0
    root.get_by_role("button", name="stored digit 7").press("Enter")
    assert "After row 28 of 28" in root.locator(".say").inner_text()
    page.evaluate(SEEN)
    root.get_by_role("button", name="read from the top").click()
    page.wait_for_function("seen.some(said => said.includes('row 5 of'))")


def test_a_finger_draws_and_the_page_does_not_scroll_away(chromium, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(
        f"<!doctype html><meta charset='utf-8'><title>page</title>{DrawADigit.example().page()}"
        "<div style='height: 2000px'></div>",
        "utf-8",
    )
    page = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 844}).new_page()
    page.goto(file.as_uri())
    root = page.locator(".rnnlab.draw-a-digit")
    root.wait_for()
    shown = lambda: [float(g.get_attribute("data-belief")) for g in root.locator(".bars g").all()]  # noqa: E731
    stored, box = shown(), root.locator(".pad").bounding_box()
    finger = page.context.new_cdp_session(page)
    path = [(0.2, 0.2), (0.5, 0.2), (0.8, 0.2), (0.6, 0.5), (0.4, 0.9)]
    for kind, places in (("touchStart", path[:1]), *(("touchMove", [place]) for place in path[1:]), ("touchEnd", [])):
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function("document.querySelectorAll('.stroke').length == 1")
    assert shown() != stored and abs(sum(shown()) - 1) < 1e-3
    assert "After row 28 of 28" in root.locator(".say").inner_text()
    assert page.evaluate("scrollY") == 0
    page.context.close()


def test_the_drawing_is_a_tensor_and_the_picture_says_what_it_is():
    explorer = DrawADigit(reader(), strokes(), labels="17")
    assert torch.equal(explorer.drawing, strokes()[0])
    assert "Picture 1, read to row 28 of 28" in explorer.alt()
    explorer.pixels = explorer.samples[1]["pixels"]
    assert torch.equal(explorer.drawing, strokes()[1]) and "Picture 7" in explorer.alt()
    with pytest.raises(ValueError, match="row goes from 1 to 28, and 0 is outside"):
        explorer.row = 0


def test_the_weights_travel_in_at_most_64_kb():
    model = reader(104, "lstm")
    net = DrawADigit(model, strokes()).net
    raw = sum(
        3 * len(text) / 4 for weight in net["weights"].values() for part, text in weight.items() if part != "shape"
    )
    assert 60_000 < eight_bits.size(model) <= raw < eight_bits.size(model) + 24 and raw < SIZE == 65536
    assert json.dumps(net)
    with pytest.raises(ValueError, match="model takes 89,424 bytes of weights, and at most 65,536 travel"):
        DrawADigit(reader(128, "lstm"), strokes())


def spoilt():
    model = reader()
    with torch.no_grad():
        model.recurrent.weight_hh_l0[0, 0] = torch.inf
    return model


@pytest.mark.parametrize(
    ("error", "sentence", "model", "images", "labels"),
    [
        (TypeError, "model must be a models.Reader, not GRU", nn.GRU(28, 6), strokes(), None),
        (ValueError, "one layer and one answer", reader(num_layers=2), strokes(), None),
        (ValueError, "one layer and one answer", reader(reading="each"), strokes(), None),
        (ValueError, "an RNN, a GRU or an LSTM of PyTorch", reader(cell="lru"), strokes(), None),
        (ValueError, "not 14 pixels a row and 10 answers", Reader(14, 6, 10), strokes(), None),
        (ValueError, "not 28 pixels a row and 2 answers", Reader(28, 6, 2), strokes(), None),
        (ValueError, "finite weights, and recurrent.weight_hh_l0", spoilt(), strokes(), None),
        (ValueError, r"images must be \(N, 28, 28\)", reader(), torch.zeros(1, 14, 28), None),
        (ValueError, "between 0, paper, and 1, ink", reader(), 2 * strokes(), None),
        (ValueError, "labels must be 2, one for each picture, not 1", reader(), strokes(), "1"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, model, images, labels):
    with pytest.raises(error, match=sentence):
        DrawADigit(model, images, labels=labels)
