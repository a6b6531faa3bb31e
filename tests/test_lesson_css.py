"""The style sheet of an exported lesson: text for the last row, and pictures on a phone that can be read."""

import base64
import io
import pathlib

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

import rnnlab.explorers

STYLE = pathlib.Path(rnnlab.explorers.__file__).parents[1] / "jupyter" / "lesson.css"


def picture(width):
    with io.BytesIO() as file:
        Image.new("RGB", (width, 300)).save(file, "PNG")
        return base64.b64encode(file.getvalue()).decode()


def with_style(notebook, resources):
    """As the exporter takes it: before nbconvert's own style sheets."""
    resources.setdefault("inlining", {}).setdefault("css", []).append(STYLE.read_text(encoding="utf-8"))
    return notebook, resources


@pytest.fixture
def lesson(chromium, tmp_path):
    outputs = [new_output("display_data", {"image/png": picture(width)}) for width in (900, 240)]
    outputs.append(new_output("stream", text="printed"))
    outputs.append(new_output("display_data", {"text/html": f'<pre class="columns">{"a  b  " * 30}</pre>'}))
    drawing = f"![drawing](data:image/png;base64,{picture(1110)})"
    cells = [new_markdown_cell("word " * 200), new_markdown_cell(drawing + "\n\n| a |\n|---|\n| b |")]
    cells.append(new_code_cell("x = 1  # " + 100 * "y", outputs=outputs, execution_count=10))
    exporter = HTMLExporter(mathjax_url="", require_js_url="")
    exporter.register_preprocessor(with_style, enabled=True)
    file = tmp_path / "lesson.html"
    file.write_text(exporter.from_notebook_node(new_notebook(cells=cells))[0], encoding="utf-8")

    def open_at(width):
        page = chromium.new_page(viewport={"width": width, "height": 720})
        page.goto(file.as_uri())
        pages.append(page)
        return page

    pages = []
    yield open_at
    for page in pages:
        page.close()


LOOK = """query => [...document.querySelectorAll(query)].map(node => ({
  size: parseFloat(getComputedStyle(node).fontSize),
  wide: node.offsetWidth, room: node.parentElement.clientWidth, inside: node.parentElement.scrollWidth,
  scrolls: getComputedStyle(node.parentElement).overflowX }))"""


def test_text_is_large_and_its_lines_are_short(lesson):
    page = lesson(1280)
    (text,), (code, printed, table) = (
        page.evaluate(LOOK, query) for query in (".jp-RenderedMarkdown p:not(:has(img))", "pre")
    )
    assert text["size"] >= 18 and code["size"] >= 16 and printed["size"] == table["size"] >= 16
    assert page.evaluate(LOOK, "td")[0]["size"] >= 16
    assert text["wide"] <= 50 * text["size"]
    prompt = page.locator(".jp-InputPrompt", has_text="In [10]:")
    assert prompt.evaluate("node => node.scrollWidth <= node.clientWidth")  # not cut short


def test_on_a_phone_pictures_keep_their_size_and_scroll_and_the_page_does_not(lesson):
    page = lesson(390)
    drawing, figure, small = page.evaluate(LOOK, "img")
    assert drawing["wide"] >= 840 and figure["wide"] >= 560 and small["wide"] == 240
    for large in (drawing, figure):
        assert large["inside"] > large["room"] and large["scrolls"] == "auto"
    code = page.evaluate(LOOK, ".jp-InputArea-editor .highlight pre")[0]
    assert code["inside"] > code["room"] and code["scrolls"] == "auto"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_nothing_scrolls_so_nothing_is_cut(lesson):
    page = lesson(700)  # A4 within its margins
    page.emulate_media(media="print")
    for drawn in page.evaluate(LOOK, "img, pre"):
        assert drawn["inside"] <= drawn["room"], drawn
    table = page.locator("pre.columns")
    assert table.evaluate("node => node.scrollWidth <= node.clientWidth && node.clientHeight > 30")
