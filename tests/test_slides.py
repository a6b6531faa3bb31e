"""The decks as a teacher shows them, in Chromium without a network: every slide whole, explorers alive, notes."""

import page_rules
import pytest

from tools.browser import EXPLORERS, markup

slides = pytest.importorskip("tools.slides", reason="needs sphinx-revealjs: the test extra")

TOO_MUCH = """async () => {
  const frames = async n => { while (n--) await new Promise(requestAnimationFrame); };
  const all = document.createElement("style"), found = [], look = when => {
    for (const slide of document.querySelectorAll("section section")) {
      const size = `${slide.scrollWidth} x ${slide.scrollHeight}`, name = slide.querySelector("[id]").id;
      if (slide.scrollHeight > 720 || slide.scrollWidth > 1280) found.push(`${name}: ${size} ${when}`);
      for (const part of slide.querySelectorAll(":is(pre, p, li, td, th):not(aside *)")) {
        if (parseFloat(getComputedStyle(part).fontSize) < 16) found.push(`${name}: letters under 16 px`);
        if (part.scrollWidth > part.clientWidth + 1) found.push(`${name}: a line is too long ${when}`);
      }
    }
  };
  all.textContent = ".reveal .slides section { display: block !important; }";
  document.head.append(all);
  await frames(12);
  look("at first");
  for (const end of ["max", "min"]) {
    for (const input of document.querySelectorAll("[data-explorer] input[type=range]")) {
      input.value = input[end];
      input.dispatchEvent(new Event("input"));
    }
    for (const pills of document.querySelectorAll("[data-explorer] .pills"))
      [...pills.querySelectorAll("input, button")].at(end === "max" ? -1 : 0).click();
    for (const button of document.querySelectorAll("[data-explorer] button")) {
      const { visibility, opacity } = getComputedStyle(button);
      const seen = visibility !== "hidden" && opacity !== "0" && button.offsetWidth;
      if (!seen) found.push(`the button ${button.textContent} is not seen`);
    }
    await frames(3);
    look(`with every control at its ${end}`);
  }
  all.remove();
  return found;
}"""


@pytest.fixture
def open_deck(chromium, tmp_path):
    """A function that opens the deck of a notebook; no script may fail and no request may leave."""
    contexts, failed, asked = [], [], []

    def open_deck(path):
        file = tmp_path / f"{path.stem}.html"
        file.write_text(slides.deck(path), encoding="utf-8")
        contexts.append(chromium.new_context(viewport={"width": 1024, "height": 768}, offline=True))
        contexts[-1].on("request", lambda request: asked.append(request.url))
        contexts[-1].on("weberror", lambda error: failed.append(f"{path.stem}: {error.error}"))
        page = contexts[-1].new_page()
        page.goto(file.as_uri())
        page.wait_for_function("Reveal.isReady()")
        return page

    yield open_deck
    for context in contexts:
        context.close()
    assert failed == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def at(page):
    return page.evaluate("Reveal.getIndices().h")


@pytest.mark.parametrize("path", page_rules.NOTEBOOKS, ids=lambda path: path.stem)
def test_every_slide_fits_and_an_explorer_keeps_its_keys(path, open_deck):
    page, kinds = open_deck(path), [page_rules.slide_type(cell) for cell in page_rules.read(path).cells]
    assert page.evaluate("Reveal.getTotalSlides()") == kinds.count("slide")
    assert page.locator("aside.notes").count() == kinds.count("notes")
    assert not page.locator("details:visible, aside:visible").count()
    assert page.evaluate(TOO_MUCH) == []
    for play in EXPLORERS:
        if play.lesson != path.stem:
            continue
        root = page.locator(play.selector).first
        here = root.evaluate("node => Reveal.getIndices(node.closest('section section')).h")
        page.evaluate(f"Reveal.slide({here})")
        before = markup(root)
        play.step(root)
        assert markup(root) != before and at(page) == here, "the arrow key is the explorer's"
        before = markup(root)
        play.draw(root)
        assert markup(root) != before and at(page) == here, "the mouse meets the picture it points at"
        box, seen = root.locator("input[type=range]").first.bounding_box(), set()
        for part in 0.3, 0.8:
            page.mouse.click(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
            seen.add(markup(root))
        assert len(seen) == 2, "and a slider"
        play.press(root, "PageDown")
        assert at(page) == here + 1, "a clicker turns the slide, whatever has the focus"
        page.keyboard.press("ArrowLeft")
        assert at(page) == here, "and the arrows are the deck's again"
        play.press(root, "Escape")
        page.keyboard.press("ArrowRight")
        assert at(page) == here + 1, "Escape lets go of the explorer"


def test_the_presenter_reads_the_notes_unfolded(open_deck):
    page = open_deck(page_rules.NOTEBOOKS[1])
    page.evaluate("Reveal.slide(Reveal.getIndices(document.querySelector('aside.notes').closest('section section')).h)")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value details")
    notes.wait_for()
    assert notes.locator("summary").inner_text().startswith("For the teacher · ")
    assert len(notes.locator("p").inner_text().split()) >= 25
    assert page.locator("aside").first.is_hidden()


def test_a_slide_that_goes_on_says_under_which_heading():
    notebook = page_rules.read(page_rules.NOTEBOOKS[1])
    cells = {cell.id: cell for cell in slides.cells(notebook)}
    assert cells["bag-heading"].source == "## A bag has no order …" and "bag-text-heading" not in cells


def test_a_stub_is_written_large_and_its_shapes_stay_whole():
    line = '    """One step backward: dh (B, H) arriving at the new h (B, H), weight_hh (H, H) -> da (B, H)."""'
    first, second = slides.narrow(line).splitlines()
    assert len(first) <= 84 and second == '    -> da (B, H)."""'
    for path in page_rules.NOTEBOOKS:
        for cell in slides.cells(page_rules.read(path)):
            if "exercise" in cell.metadata.get("tags", []):
                assert max(map(len, cell.source.splitlines())) <= 100, cell.id


def test_links_lead_from_deck_to_deck_and_output_only_cells_keep_their_code_to_themselves():
    page = slides.deck(page_rules.NOTEBOOKS[0])
    assert 'href="01_rnn_basics.html"' in page and '.ipynb"' not in page
    assert "figures.pictures" not in page and page.count("<img") >= 1
