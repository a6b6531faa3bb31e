"""Say it: the page says what PyTorch says, and looks where PyTorch looks, whatever is typed."""

import json
import re
import unicodedata
from xml.etree import ElementTree

import pytest
import torch

from rnnlab import pairs
from rnnlab.attention import EncoderDecoder
from rnnlab.datasets.pronunciations import LETTERS, SOUNDS
from rnnlab.explorers import eight_bits
from rnnlab.explorers.say_it import LONGEST, MOST, SIZE, SayIt

WORDS = ["through", "knight", "attention", "a", "'", "zzz", "internationalizationally"]


def encoder_decoder(H=16, seed=0, much=3.0, sounds=39, letters=27, **options):
    torch.manual_seed(seed)
    model = EncoderDecoder(letters + 1, sounds + 3, H, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(much)  # as sure of itself as a trained net
    return model


@pytest.fixture
def page(chromium):
    """A page that offers the functions of the script under their own names."""
    script = str(SayIt._esm).replace("export default", "const explorer =")
    page = chromium.new_page()
    page.set_content("<!doctype html><title>page</title>")
    page.add_script_tag(content=f"{script}\nObject.assign(window, {{ speaker, legible }});")
    yield page
    page.close()


SPEAK = """([net, letters, sounds, words]) => {
  const speak = speaker(net.weights, letters, sounds, net.longest);
  return words.map(word => speak([...word]));
}"""


@torch.no_grad()
def shares(model, word, said):
    """By PyTorch: the share of each said sound and the weights on the letters, teacher-forced on what was said."""
    source = pairs.number_sources([word], LETTERS)[0][None]
    target = torch.tensor([[pairs.START, *[SOUNDS.index(name) + 3 for name in said]]])
    memory, last, mask = model.encode(source, torch.tensor([len(word)]))
    logits, weights, _ = model.decode(target, last, memory, mask)
    logits[..., :2] = -torch.inf
    return logits[0].double().softmax(dim=-1), weights[0].double()


@pytest.mark.parametrize(("H", "much"), [(8, 3.0), (16, 4.0), (64, 2.0), (64, 1.0)])
def test_the_page_says_and_looks_as_pytorch_does_with_the_rounded_weights(page, H, much):
    model = encoder_decoder(H, 3, much)
    explorer, twin = SayIt(model, LETTERS, SOUNDS), eight_bits.rounded(model)
    answers = page.evaluate(SPEAK, [explorer.net, explorer.letters, explorer.sounds, WORDS])
    sharpest = 0
    for word, answer in zip(WORDS, answers, strict=True):
        steps, names = answer["steps"], [step["sound"] for step in answer["steps"]]
        probabilities, weights = shares(twin, word, names)
        ended = len(names) < LONGEST
        assert answer["ended"] == ended
        best = probabilities.argmax(dim=-1).tolist()
        assert best[: len(names)] == [3 + SOUNDS.index(name) for name in names] and (not ended or best[-1] == 2)
        for t, step in enumerate(steps):
            assert step["share"] == pytest.approx(probabilities[t].max().item(), abs=1e-4)
            assert step["secondShare"] == pytest.approx(probabilities[t].sort().values[-2].item(), abs=1e-4)
            assert torch.allclose(torch.tensor(list(step["weights"])).double(), weights[t], atol=1e-4)
            sharpest = max(sharpest, *step["weights"])
        explorer.word = word
        said = explorer.said()
        assert [name for name, _ in said] == names
        for (_, row), step in zip(said, steps, strict=True):
            assert list(step["weights"]) == pytest.approx(row, abs=1e-4)
    assert sharpest > 0.5 or much < 2


def test_whole_weights_would_be_told_from_rounded_ones(page):
    model = encoder_decoder(64, 3, 2.0)
    explorer = SayIt(model, LETTERS, SOUNDS)
    (answer,) = page.evaluate(SPEAK, [explorer.net, explorer.letters, explorer.sounds, ["through"]])
    probabilities, _ = shares(model, "through", [step["sound"] for step in answer["steps"]])
    assert abs(answer["steps"][0]["share"] - probabilities[0].max().item()) > 1e-4


def test_a_typed_word_appears_with_its_sounds_and_strange_signs_are_named(open_explorer):
    root = open_explorer(SayIt(encoder_decoder(16, 3, 4.0), LETTERS, SOUNDS).page())
    field, say, note = root.get_by_role("textbox", name="word"), root.locator(".say"), root.locator(".note")
    letters = lambda: root.locator(".letter text").all_text_contents()  # noqa: E731
    assert letters() == list("through") and field.input_value() == "through"
    assert re.match(
        r"Sound (\d+) of \1, [A-Z]+(, as in “\w+”)?, with [\d>]+ %: the net looks at \w \d+ %", say.inner_text()
    )
    field.fill("Café 2 <b>")
    assert letters() == list("cafeb") and "The net has no number for   2 < >: left out." in note.text_content()
    field.fill("<img src=x onerror='window.broken = 1'>")
    assert root.locator(".chain img").count() == 0 and len(letters()) <= MOST
    field.fill("")
    assert say.inner_text() == "Type a word." and letters() == []
    assert root.get_by_role("button", name="say it").is_disabled() and root.get_by_role("slider").is_disabled()
    field.fill("go")
    assert letters() == ["g", "o"] and say.inner_text().startswith("Sound ")


def test_sounds_come_one_by_one_by_slider_button_and_key(open_explorer):
    explorer = SayIt.example()
    names = [name for name, _ in explorer.said()]
    root = open_explorer(explorer.page())
    shown = lambda: root.locator(".sound text").all_text_contents()  # noqa: E731
    assert shown() == names == "EH R TH K EH".split()
    slider = root.get_by_role("slider", name="sound")
    slider.press("Home")
    assert shown() == ["EH", "·", "·", "·", "·"] and root.locator(".link.now").count() == root.locator(".link").count()
    assert "Sound 1 of 5, EH, as in “Ed”" in root.locator(".say").inner_text()
    root.get_by_role("button", name="one sound on").press("Enter")
    assert shown() == ["EH", "R", "·", "·", "·"]
    slider.press("ArrowRight")
    assert shown() == ["EH", "R", "TH", "·", "·"]
    root.get_by_role("button", name="one sound back").click()
    assert shown() == ["EH", "R", "·", "·", "·"]
    clock = root.page.clock
    clock.install()
    root.get_by_role("button", name="say it").click()
    assert shown() == ["EH", "·", "·", "·", "·"]
    clock.run_for(750)
    assert shown() == ["EH", "R", "·", "·", "·"]
    root.get_by_role("button", name="stop").click()
    clock.run_for(10_000)
    assert shown() == ["EH", "R", "·", "·", "·"]
    root.get_by_role("textbox", name="word").press("Enter")
    clock.run_for(10_000)
    assert shown() == names


def test_the_share_above_a_letter_is_the_weight_that_pytorch_gives_it(open_explorer):
    explorer = SayIt.example()
    root = open_explorer(explorer.page())
    _, row = explorer.said()[-1]
    shown = root.locator("svg text.share").all_text_contents()
    assert shown == [f"{100 * weight + 1e-9:.0f}%" for weight in row if weight >= 0.02]


def test_a_long_word_scrolls_in_its_own_box(open_explorer):
    explorer = SayIt(encoder_decoder(16, 3, 4.0), LETTERS, SOUNDS, "a" * 50)
    assert len(explorer.word) == MOST
    root = open_explorer(explorer.page())
    root.page.set_viewport_size({"width": 390, "height": 844})
    chain = root.locator(".chain")
    assert chain.evaluate("node => node.scrollWidth > node.clientWidth && node.tabIndex === 0")
    assert root.evaluate("root => root.scrollWidth - root.clientWidth") == 0


def test_hangul_is_read_letter_by_letter_where_the_net_knows_its_letters():
    letters = sorted(set(unicodedata.normalize("NFD", "국회독립한글")))
    model = encoder_decoder(8, 1, 3.0, sounds=3, letters=len(letters))
    explorer = SayIt(model, letters, ["g", "u", "k"], "국회x")
    assert explorer.word == unicodedata.normalize("NFD", "국회")


def test_python_asks_and_moves_it():
    explorer = SayIt.example()
    assert explorer.step == 5 and "The word “knight” is said EH R TH K EH. For sound 5, EH" in explorer.alt()
    before = ElementTree.tostring(explorer.still())
    explorer.step = 1
    assert "For sound 1, EH" in explorer.alt() and ElementTree.tostring(explorer.still()) != before
    explorer.step = 99
    assert explorer.step == LONGEST
    assert "For sound 5, EH" in explorer.alt()
    explorer.word = "Knight! "
    assert explorer.word == "knight"
    explorer.word = ""
    assert explorer.said() == [] and "says nothing" in explorer.alt()
    ElementTree.fromstring(ElementTree.tostring(explorer.still()))
    for _, row in SayIt.example().said():
        assert sum(row) == pytest.approx(1, abs=1e-5)


def test_the_weights_travel_in_at_most_64_kb_and_those_of_the_lesson_in_52():
    net = SayIt(encoder_decoder(64), LETTERS, SOUNDS).net
    kinds = ("values", "scales")
    raw = sum(3 * len(part[kind]) / 4 for part in net["weights"].values() for kind in kinds if kind in part)
    assert 50_000 < raw < 53_248 < SIZE == 65536 and json.dumps(net)
    with pytest.raises(ValueError, match=r"model takes [\d,]+ bytes of weights, and at most 65,536 travel"):
        SayIt(encoder_decoder(96), LETTERS, SOUNDS)


def spoilt():
    model = encoder_decoder()
    with torch.no_grad():
        model.decoder.bias_hh_l0[0] = torch.inf
    return model


@pytest.mark.parametrize(
    ("error", "sentence", "changed"),
    [
        (TypeError, "model is a GRU, expected an attention.EncoderDecoder", {"model": torch.nn.GRU(2, 2)}),
        (ValueError, "not 'none' and both ways", {"model": encoder_decoder(attention="none")}),
        (ValueError, "not 'dot' and one way", {"model": encoder_decoder(bidirectional=False)}),
        (ValueError, "finite weights, and decoder.bias_hh_l0 holds", {"model": spoilt()}),
        (ValueError, "letters must be the 27 different letters of the model, not 26", {"letters": LETTERS[1:]}),
        (ValueError, "sounds must be the 39 different sounds of the model, not 38", {"sounds": SOUNDS[1:]}),
        (ValueError, "sounds must be the 39 different", {"sounds": ["K", *SOUNDS[1:]]}),
        (ValueError, "sounds must have names that can be read", {"sounds": [" ", *SOUNDS[1:]]}),
        (TypeError, r"sounds\[0\] is 1, expected the names of the sounds", {"sounds": [1, *SOUNDS[1:]]}),
        (TypeError, "word is 5, expected a str", {"word": 5}),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, changed):
    with pytest.raises(error, match=sentence):
        SayIt(**{"model": encoder_decoder(), "letters": LETTERS, "sounds": SOUNDS, "word": "a"} | changed)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_on_a_gpu_says_the_same_and_stays_there():
    model = encoder_decoder()
    said = [name for name, _ in SayIt(model, LETTERS, SOUNDS).said()]
    assert [name for name, _ in SayIt(model.cuda(), LETTERS, SOUNDS).said()] == said
    assert model.head.weight.is_cuda
