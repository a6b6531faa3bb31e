"""Running verdict: the beliefs of every prefix, any text read without an error, any text shown as text."""

import base64
import json
import re
from xml.etree import ElementTree

import pytest
import torch

from rnnlab.explorers.running_verdict import LONG, MOST, RunningVerdict
from rnnlab.models import REVIEW_READINGS, ReviewClassifier
from rnnlab.sequences import Vocabulary

TEXTS = ["Not bad at all, I loved it!", "A dull plot and a bad, bad end."]
NASTY = "<script>window.broken = 1</script> <img src=x onerror='window.broken = 2'> </script> bad"


def classifier(vocabulary, reading="last valid", cell="gru", **options):
    torch.manual_seed(0)
    model = ReviewClassifier(len(vocabulary), 6, 6, cell, reading, **options)
    with torch.no_grad():
        model.head.weight.mul_(6)
    return model


def verdict(texts=TEXTS, **options):
    vocabulary = Vocabulary.from_texts(TEXTS)
    return RunningVerdict(classifier(vocabulary, **options), vocabulary, texts)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "none"])
@pytest.mark.parametrize("reading", REVIEW_READINGS)
def test_a_belief_is_what_the_model_says_of_the_words_so_far(reading, cell):
    explorer = verdict(reading=reading, cell=cell, dropout=0.5)
    model, x = explorer._model.eval(), explorer._vocabulary.encode(TEXTS[0])
    with torch.no_grad():
        says = [model(x[None, :t], torch.tensor([t]))[0].softmax(dim=0)[1].item() for t in range(1, len(x) + 1)]
    assert explorer.reading["beliefs"] == pytest.approx(says, abs=0.00051)


def test_pushes_add_up_to_the_way_from_start_to_end():
    reading = verdict().reading
    start, end = (torch.tensor(reading[name]).double().logit() for name in ("start", "beliefs"))
    assert sum(reading["pushes"]) == pytest.approx((end[-1] - start).item(), abs=0.06)
    assert reading["start"] == pytest.approx(verdict()._model.head.bias.softmax(dim=0)[1].item(), abs=0.00051)


def test_dropout_is_off_while_it_reads_and_on_again_after():
    explorer = verdict(dropout=0.9)
    explorer._model.train()
    assert explorer.read(TEXTS[0]) == explorer.read(TEXTS[0]) == explorer.samples[0]
    assert explorer._model.training and explorer._model.dropout.training


def test_a_new_text_is_read_at_once_and_the_reader_stands_at_its_end():
    explorer = verdict()
    explorer.text = "bad plot"
    assert explorer.reading["words"] == ["bad", "plot"] and explorer.word == 2
    assert "After word 2 of 2, “plot”" in explorer.alt()
    explorer.word = 99
    assert explorer.word == 2
    explorer.word = 0
    assert explorer.word == 1


@pytest.mark.parametrize(
    ("text", "words", "note"),
    [
        ("", 0, "Nothing to read yet: type a word or two."),
        (" \n\t<br />", 0, "Nothing to read yet: type a word or two."),
        ("good", 1, "The net knows none of these words: each is <unk> to it."),
        ("bad", 1, ""),
        ("재미없다 😀 👍🏽 \ud83d", 5, "The net knows none of these words: each is <unk> to it."),
        ("bad 영화", 2, "1 of 2 words are <unk> to the net: it does not know them."),
        ("bad " * 100_000, MOST, f"Only the first {MOST} words are read. "),
        ("x" * 100_000, 1, f"Only the first {MOST} words are read. The net knows none of these words"),
        ("\x00\x1b[31m", 4, "The net knows none of these words"),
    ],
)
def test_every_text_is_read(text, words, note):
    explorer = verdict()
    explorer.text = text
    reading = explorer.reading
    assert len(reading["words"]) == len(reading["beliefs"]) == len(reading["pushes"]) == words
    assert reading["note"].startswith(note) and len(explorer.text) <= LONG
    assert all(0 <= belief <= 1 for belief in [reading["start"], *reading["beliefs"]])
    page = explorer.page().encode("utf-8")
    assert len(page) < 140_000 and len(explorer.alt()) > 40 and ElementTree.tostring(explorer.still())


def test_a_review_that_is_a_script_is_text_in_the_stored_page():
    explorer = verdict([NASTY])
    page = explorer.page()
    assert page.count("</script") == 1 and page.count("<script") == 1 + str(explorer._esm).count("<script")
    assert page.count("<img") == 1 and "onerror='" not in page.split("<script")[0]
    svg = ElementTree.fromstring(base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]))
    assert {node.tag.split("}")[1] for node in svg.iter()} == {"svg", "rect", "path", "circle", "text"}
    state = page.rsplit("awaken(explorer, ", 1)[1].split(", ", 1)[1].rsplit(");\n</script>", 1)[0]
    assert "<" not in state and json.loads(state)["text"] == NASTY
    assert "< script > window" in explorer.alt()


def test_a_page_without_kernel_says_so_and_shows_the_stored_reviews(open_explorer):
    root = open_explorer(verdict([*TEXTS, NASTY, "재미없다 😀"]).page())
    assert "There is no kernel here" in root.inner_text() and root.get_by_role("textbox").count() == 0
    root.get_by_role("button", name="stored review 3").press("Enter")
    assert root.locator(".word span").all_inner_texts()[:3] == ["<", "script", ">"]
    assert root.locator("img, script").count() == 0
    root.get_by_role("button", name="stored review 4").click()
    assert root.locator(".note").last.inner_text() == "The net knows none of these words: each is <unk> to it."
    assert root.get_by_role("button", name="stored review 4").get_attribute("aria-pressed") == "true"


def test_keys_and_mouse_step_through_the_words_and_signs_stand_beside_the_tint(open_explorer):
    explorer = verdict()
    root, say = open_explorer(explorer.page()), "After word {} of 9"
    shown = root.locator(".word small").all_inner_texts()
    assert [float(text.replace("−", "-")) for text in shown] == pytest.approx(explorer.reading["pushes"], abs=0.0051)
    assert root.locator(".word.up").count() == sum(push > 0 for push in explorer.reading["pushes"])
    root.get_by_role("slider", name="words read").press("ArrowLeft")
    assert root.locator(".say").inner_text().startswith(say.format(8))
    root.locator(".word").nth(1).hover()
    assert root.locator(".say").inner_text().startswith(say.format(2)) and "“bad”" in root.locator(".say").inner_text()
    box = root.locator(".plot svg").bounding_box()
    root.locator(".plot svg").click(position={"x": box["width"] - 16, "y": 80})
    assert root.locator(".say").inner_text().startswith(say.format(9))


LIVE = """
const readings = %s;
class Live extends Page {
  page = false; asked = [];
  save_changes() {
    const text = this.state.text;
    if (this.state.reading.text === text || this.asked.at(-1) === text) return;
    this.asked.push(text);
    setTimeout(() => { this.set("reading", readings[text]); this.set("word", readings[text].words.length); }, 60);
  }
}
const model = new Live(%s), el = document.createElement("div");
window.asked = model.asked;
document.body.append(el);
explorer.render({ model, el });
"""


def test_with_a_kernel_what_is_typed_is_read_after_a_pause(open_explorer):
    """Python's answers stand ready in the page; the conversation itself is tested in JupyterLab."""
    explorer = verdict()
    script, call = explorer.page().split("<script")[1].rsplit("awaken(explorer, ", 1)
    state = call.split(", ", 1)[1].rsplit(");\n</script>", 1)[0]
    answers = {text: explorer.read(text) for text in ("bad plot", NASTY, "")}
    ready = json.dumps(answers).replace("<", "\\u003c")
    root = open_explorer(f"<script{script}{LIVE % (ready, state)}</script>")
    field, say = root.get_by_role("textbox", name="review"), root.locator(".say")
    assert field.input_value() == TEXTS[0]
    field.fill("")
    say.filter(has_text="With nothing read").wait_for()
    assert root.locator(".note").last.inner_text() == answers[""]["note"] and root.locator(".word").count() == 0
    assert root.get_by_role("slider", name="words read").is_disabled()
    field.press_sequentially("bad plot", delay=5)
    say.filter(has_text="After word 2 of 2").wait_for()
    assert len(root.page.evaluate("asked")) <= 3  # not a question for every key
    field.fill(NASTY)
    say.filter(has_text=f"of {len(answers[NASTY]['words'])}").wait_for()
    assert root.locator("img, script").count() == 0
    root.get_by_role("button", name="stored review 2").click()
    assert field.input_value() == TEXTS[1]


VOCABULARY = Vocabulary.from_texts(TEXTS)


def spoilt():
    model = classifier(VOCABULARY)
    with torch.no_grad():
        model.embedding.weight[3, 0] = torch.nan
    return model


@pytest.mark.parametrize(
    ("error", "sentence", "model", "vocabulary", "examples"),
    [
        (TypeError, "model must be a models.ReviewClassifier, not GRU", torch.nn.GRU(2, 2), VOCABULARY, TEXTS),
        (TypeError, "vocabulary must be a sequences.Vocabulary, not list", classifier(VOCABULARY), ["a"], TEXTS),
        (ValueError, "from left to right alone", classifier(VOCABULARY, bidirectional=True), VOCABULARY, TEXTS),
        (ValueError, "finite weights, and embedding.weight", spoilt(), VOCABULARY, TEXTS),
        (ValueError, "the one of the model, 17 words, not 3", classifier(VOCABULARY), Vocabulary(["a"]), TEXTS),
        (TypeError, "examples must be a list of reviews", classifier(VOCABULARY), VOCABULARY, "good"),
        (TypeError, "examples must be a list of reviews", classifier(VOCABULARY), VOCABULARY, [b"good"]),
        (ValueError, "examples must be 1 to 8 reviews, not 0", classifier(VOCABULARY), VOCABULARY, []),
        (ValueError, "examples must be 1 to 8 reviews, not 9", classifier(VOCABULARY), VOCABULARY, ["a"] * 9),
        (ValueError, "one of them has no word", classifier(VOCABULARY), VOCABULARY, ["a", " "]),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(error, sentence, model, vocabulary, examples):
    with pytest.raises(error, match=sentence):
        RunningVerdict(model, vocabulary, examples)


def test_a_long_review_scrolls_by_key_and_shows_its_word_from_the_first_picture_on(open_explorer):
    words = open_explorer(verdict(["bad plot " * 100]).page()).locator(".words")
    assert words.evaluate("box => box.scrollHeight > box.clientHeight && box.tabIndex === 0 && box.scrollTop > 0")
