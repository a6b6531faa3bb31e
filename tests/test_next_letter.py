"""Next letter: the page expects what PyTorch expects, reshapes as taught, draws by a chance everybody shares."""

import json
import re
from xml.etree import ElementTree

import pytest
import torch

from rnnlab.explorers import eight_bits
from rnnlab.explorers.next_letter import LONG, SIZE, NextLetter
from rnnlab.language import LETTERS, LanguageModel


def language_model(V=70, E=6, H=16, cell="lstm"):
    torch.manual_seed(0)
    model = LanguageModel(V, E, H, cell)
    with torch.no_grad():
        model.head.weight.mul_(80)  # as sure of itself as a trained net
        model.recurrent.weight_hh_l0.mul_(3)
    return model


@pytest.fixture
def page(chromium):
    """A page that offers the functions of the script under their own names."""
    script = str(NextLetter._esm).replace("export default", "const explorer =")
    page = chromium.new_page()
    page.set_content("<!doctype html><title>page</title>")
    page.add_script_tag(content=f"{script}\nObject.assign(window, {{ reader, reshape, chance, drawn, legible }});")
    yield page
    page.close()


@pytest.mark.parametrize("sizes", [(6, 16), (24, 128)])
def test_the_page_expects_what_pytorch_expects_with_the_rounded_weights(page, sizes):
    model = language_model(len(LETTERS), *sizes)
    explorer = NextLetter(model, LETTERS, "")
    text = 'it\'s not bad: i gave it 7/10.\n\nwell... (almost) "good"?! the end'
    script = "([packed, letters, text]) => reader(packed, letters)([...text])"
    mine = torch.tensor(page.evaluate(script, [explorer.net["weights"], explorer.letters, text]), dtype=torch.float64)
    twin = eight_bits.rounded(model)
    with torch.no_grad():
        logits = twin(torch.tensor([[LETTERS.index(letter) for letter in text]]))[0][0]
        theirs = torch.cat([twin.head.bias[None], logits]).double().softmax(dim=-1)
    assert mine.shape == theirs.shape == (len(text) + 1, 70)
    assert (mine - theirs).abs().max() < 1e-4 and theirs.max() > 0.5
    explorer.beginning = text
    assert torch.allclose(torch.tensor(explorer.shares(), dtype=torch.float64), mine[-1], atol=1e-4)
    with torch.no_grad():
        whole = model(torch.tensor([[LETTERS.index(letter) for letter in text]]))[0][0].double().softmax(dim=-1)
    assert (mine[1:] - whole).abs().max() > 1e-4  # so the test above can tell rounded weights from whole ones


def test_what_is_known_of_a_text_is_kept_and_never_stale(page):
    explorer = NextLetter(language_model(), LETTERS)
    script = """([packed, letters, texts]) => {
      const read = reader(packed, letters);
      return texts.map(text => [read([...text]).at(-1), reader(packed, letters)([...text]).at(-1)]);
    }"""
    texts = ["the film", "the film was", "the filth", "", "a", "the filth", "the filth"]
    for kept, fresh in page.evaluate(script, [explorer.net["weights"], explorer.letters, texts]):
        assert kept == fresh


@pytest.mark.parametrize("temperature", [0, 0.1, 0.7, 1, 2])
@pytest.mark.parametrize("nucleus", [0.05, 0.5, 0.95, 1])
def test_the_page_reshapes_as_pytorch_does(page, temperature, nucleus):
    explorer = NextLetter(language_model(), LETTERS)
    explorer.temperature, explorer.nucleus = temperature, nucleus
    shares = explorer.shares()
    mine = page.evaluate("([shares, T, p]) => reshape(shares, T, p).shares", [shares, temperature, nucleus])
    assert mine == pytest.approx(explorer.reshaped(), abs=1e-9) and sum(mine) == pytest.approx(1)


def test_a_nucleus_keeps_the_letter_that_crosses_the_border(page):
    script = "([T, p]) => reshape([0.1, 0.5, 0.15, 0.25], T, p).shares"
    assert page.evaluate(script, [1, 0.6]) == pytest.approx([0, 2 / 3, 0, 1 / 3])
    assert page.evaluate(script, [1, 0.5]) == pytest.approx([0, 1, 0, 0])
    assert page.evaluate(script, [0, 1]) == [0, 1, 0, 0]
    squares = [0.01, 0.25, 0.0225, 0.0625]
    assert page.evaluate(script, [0.5, 1]) == pytest.approx([s / sum(squares) for s in squares])


def test_chance_is_even_and_falls_by_seed_and_place(page):
    table = torch.tensor(page.evaluate("""() => Array.from({ length: 100 }, (_, seed) =>
        Array.from({ length: 300 }, (_, place) => chance(seed, place)))"""))  # fmt: skip
    assert 0 <= table.min() and table.max() < 1 and table.unique().numel() > 29_900
    counts = torch.histc(table.float(), bins=20, min=0, max=1)
    assert (counts - 1500).abs().max() < 5 * 1500**0.5
    for a, b in ((table[1:], table[:-1]), (table[:, 1:], table[:, :-1])):
        assert abs(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1]) < 0.02
    picked = page.evaluate("""() => Array.from({ length: 4000 }, (_, k) => drawn([0.2, 0, 0.5, 0.3], chance(7, k)))""")
    share = [picked.count(v) / 4000 for v in range(4)]
    assert share == pytest.approx([0.2, 0, 0.5, 0.3], abs=0.025) and share[1] == 0
    assert page.evaluate("[drawn([0.5, 0.5, 0], 1), drawn([0, 1], 0)]") == [1, 1]


def texts(root):
    return [root.locator(f".text {tag}").text_content() for tag in "bi"][0]


def test_the_same_seed_writes_the_same_text_and_another_another(open_explorer):
    root = open_explorer(NextLetter.example().page())
    press = lambda name: root.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    for _ in range(8):
        press("one letter")
    first = texts(root)
    assert len(first) == 8
    press("one back")
    assert texts(root) == first[:-1]
    press("one letter")
    assert texts(root) == first
    press("start again")
    assert texts(root) == ""
    for _ in range(8):
        press("one letter")
    assert texts(root) == first
    press("other chance")
    assert texts(root) == "" and "seed (1)" in root.locator(".note").inner_text()
    for _ in range(8):
        press("one letter")
    assert texts(root) != first


def test_a_letter_is_picked_by_mouse_or_key_and_it_writes_until_it_is_stopped(open_explorer):
    root = open_explorer(NextLetter.example().page())
    first = root.locator(".letter").first
    named = first.get_attribute("aria-label")
    assert re.fullmatch(r"pick h, \d+ %", named)
    first.click()
    assert texts(root) == "h"
    first.press("Enter")
    first.press(" ")
    assert len(texts(root)) == 3
    field = root.get_by_role("textbox", name="beginning")
    field.press("Enter")
    assert len(texts(root)) == 4
    root.page.clock.install()
    root.get_by_role("button", name="let it write").click()
    assert root.locator(".say").inner_text() == "The net is writing …"
    root.page.clock.run_for(700)
    assert len(texts(root)) > 8
    root.get_by_role("button", name="stop").click()
    stopped = texts(root)
    assert root.locator(".say").inner_text().startswith("After “")
    root.page.clock.run_for(10_000)
    assert texts(root) == stopped


def test_it_stops_at_the_end_of_the_page(open_explorer):
    explorer = NextLetter.example()
    explorer.beginning = "the film " * 60
    explorer.written = "abc"
    assert len(explorer.beginning) == LONG
    root = open_explorer(explorer.page())
    assert "That is 400 letters, as many as this page holds" in root.locator(".say").inner_text()
    assert root.get_by_role("button", name="one letter").is_disabled() and root.locator(".letter").first.is_disabled()


def test_capitals_become_small_and_what_the_net_cannot_read_is_named_and_left_out(open_explorer):
    root = open_explorer(NextLetter(language_model(), LETTERS).page())
    field, say = root.get_by_role("textbox", name="beginning"), root.locator(".say")
    field.fill("Café 영화 <b>OK")
    assert "The net has no number for 영 화: left out." in say.inner_text()
    assert root.locator(".text").text_content().strip("\u2002") == "cafe  <b>ok"
    field.fill("")
    assert say.inner_text().startswith("With nothing read the net expects ")
    field.fill("<img src=x onerror='window.broken = 1'>")
    assert root.locator(".text img").count() == 0
    explorer = NextLetter(language_model(), LETTERS, "Café 영화 <b>OK")
    assert explorer.beginning == "cafe  <b>ok"


def test_temperature_and_nucleus_change_the_bars_and_say_how_many_letters_are_left(open_explorer):
    root = open_explorer(NextLetter.example().page())
    widths = lambda: root.locator(".bar").evaluate_all("bars => bars.map(bar => parseFloat(bar.getAttribute('width')))")  # noqa: E731
    before, heat, cut = (
        widths(),
        root.get_by_role("slider", name="temperature"),
        root.get_by_role("slider", name="nucleus p"),
    )
    assert "All 17 letters can be drawn" in root.locator(".say").inner_text()
    heat.press("Home")
    assert widths() == [100] + [0] * 11 and heat.get_attribute("aria-valuetext") == "0, greedy"
    assert "1 of 17 letters can be drawn" in root.locator(".say").inner_text()
    heat.press("End")
    assert widths()[0] < before[0] and widths()[-1] > before[-1]
    cut.press("Home")
    assert "1 of 17 letters can be drawn" in root.locator(".say").inner_text()


def test_bits_a_letter_are_those_of_pytorch(open_explorer):
    model = language_model()
    root = open_explorer(NextLetter(model, LETTERS, "not bad").page())
    codes = [LETTERS.index(letter) for letter in "not bad"]
    twin = eight_bits.rounded(model)
    with torch.no_grad():
        logits = torch.cat([twin.head.bias[None], twin(torch.tensor([codes]))[0][0, :-1]])
    bits = torch.nn.functional.cross_entropy(logits, torch.tensor(codes)) / torch.log(torch.tensor(2.0))
    assert f"Bits a letter: beginning {bits:.2f}." in root.locator(".note").inner_text()


def test_python_asks_and_moves_it():
    explorer = NextLetter.example()
    assert "After “the film ” the net expects next: h 25 %" in explorer.alt()
    before = ElementTree.tostring(explorer.still())
    explorer.temperature = 0
    assert "h 100 %, s 0 %" in explorer.alt() and ElementTree.tostring(explorer.still()) != before
    explorer.beginning = ""
    assert explorer.alt().startswith("With nothing read") and sum(explorer.shares()) == pytest.approx(1)
    for name, value, error in (("temperature", 0.55, ValueError), ("nucleus", 0, ValueError), ("seed", "1", TypeError)):
        with pytest.raises(error, match=f"^{name} "):
            setattr(explorer, name, value)


def test_the_weights_travel_in_at_most_96_kb():
    net = NextLetter(language_model(70, 24, 128), LETTERS).net
    raw = sum(
        3 * len(part[kind]) / 4 for part in net["weights"].values() for kind in ("values", "scales") if kind in part
    )
    assert 97_000 < raw <= SIZE + 20 and SIZE == 96 * 1024 and json.dumps(net)
    with pytest.raises(ValueError, match="model takes 102,152 bytes of weights, and at most 98,304 travel"):
        NextLetter(language_model(70, 32, 128), LETTERS)


def spoilt():
    model = language_model()
    with torch.no_grad():
        model.head.weight[0, 0] = torch.nan
    return model


@pytest.mark.parametrize(
    ("error", "sentence", "model", "letters", "beginning"),
    [
        (TypeError, "model is a GRU, expected a language.LanguageModel", torch.nn.GRU(2, 2), LETTERS, ""),
        (ValueError, "model must have the cell 'lstm', not GRU", language_model(cell="gru"), LETTERS, ""),
        (ValueError, "finite weights, and head.weight holds NaN", spoilt(), LETTERS, ""),
        (
            ValueError,
            "letters must be the 70 different letters of the model, not 69",
            language_model(),
            LETTERS[1:],
            "",
        ),
        (ValueError, "letters must be the 70 different", language_model(), LETTERS[1:] + "a", ""),
        (ValueError, "one whole character each", language_model(), ["ab", *LETTERS[1:]], ""),
        (ValueError, "one whole character each", language_model(), ["\ud800", *LETTERS[1:]], ""),
        (TypeError, r"letters\[0\] is 0, expected characters", language_model(), list(range(70)), ""),
        (TypeError, "letters is 5, expected characters", language_model(), 5, ""),
        (TypeError, "beginning is None, expected a str", language_model(), LETTERS, None),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, model, letters, beginning):
    with pytest.raises(error, match=sentence):
        NextLetter(model, letters, beginning)
