"""Lessons saved, opened again and exported by Jupyter as it comes: no flag of ours, and no network."""

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from rnnlab import jupyter
from rnnlab.jupyter import export, server
from tools import browser as tools

LESSONS = sorted((tools.ROOT / "notebooks").glob("[0-9]*.ipynb"))
PNG = base64.b64encode((tools.ROOT / "img" / "unroller.png").read_bytes()).decode()
SAVED = "a/b/01_rnn_basics.ipynb"  # a page alone, two folders down
TEX = """() => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (/\\$|\\\\[a-z]/.test(data) && !parentElement.closest("pre, code, script, style")) found.push(data);
  }
  return found;
}"""


def page_of(*cells, source="import rnnlab", **options):
    """The exported page of a notebook of these cells behind one with `source`."""
    notebook = new_notebook(cells=[new_code_cell(source), *cells])
    exporter = HTMLExporter(preprocessors=["rnnlab.jupyter.export.Lesson"], **options)
    return BeautifulSoup(exporter.from_notebook_node(notebook)[0], "html.parser")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The folder with every lesson as `jupyter nbconvert --to html` writes it."""
    folder = tmp_path_factory.mktemp("exported")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--output-dir", folder, *LESSONS]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return folder


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_an_exported_lesson_is_whole_without_a_network(lesson, exported, chromium):
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    page, asked, failed = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto((exported / f"{lesson.stem}.html").as_uri())
    source = nbformat.read(lesson, 4)
    plays = [play for play in tools.EXPLORERS if play.lesson == lesson.stem]

    folded = page.locator("details")
    written = [cell.source.count("<details") for cell in source.cells if cell.cell_type == "markdown"]
    assert folded.count() == sum(written) > 0
    folds = "details => details.map(node => !node.open && node.textContent.length > node.innerText.length + 40)"
    assert all(folded.evaluate_all(folds))

    pictures = page.locator("img").evaluate_all("images => images.map(i => [i.naturalWidth > 0, i.alt])")
    assert pictures and all(shown and len(alt) >= 20 for shown, alt in pictures)
    assert not any(alt.startswith("No description") for _, alt in pictures)
    links = [cell.source.count("](../img/") for cell in source.cells if cell.cell_type == "markdown"]
    assert page.locator("img[src^='data:image/svg+xml']").count() >= sum(links)

    assert page.evaluate(TEX) == []
    widths = page.locator("math").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    texts = [re.sub(r"`[^`]*`", "", cell.source) for cell in source.cells if cell.cell_type == "markdown"]
    formulas = [formula for text in texts for formula in re.findall(r"\$\$.+?\$\$|\$.+?\$", text, re.DOTALL)]
    assert len(widths) == len(formulas)

    sizes = "texts => texts.map(text => getComputedStyle(text).fontSize)"
    assert set(page.locator(".jp-RenderedMarkdown > p").evaluate_all(sizes)) == {"18px"}  # as lesson.css says

    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
    assert page.locator(".jp-InputArea-editor .highlight").evaluate_all(cut) == []

    for play in plays:
        root = play.on(page)
        before = tools.markup(root)
        play.step(root)
        assert tools.markup(root) != before
    assert page.locator(".rnnlab").count() == len(plays)

    page.set_viewport_size({"width": 390, "height": 844})
    broken = """all => all.filter(one => one.clientHeight > parseFloat(getComputedStyle(one).lineHeight)
      * (one.textContent.trimEnd().split("\\n").length + 0.5)).map(one => one.textContent)"""
    assert page.locator("pre.columns").evaluate_all(broken) == []
    assert set(asked) <= {"file", "data", "blob"} and failed == []
    context.close()


def test_hints_stay_folded_with_the_flag_that_would_open_them():
    hint = new_markdown_cell("<details><summary>Hint</summary>\n\nsay $x$\n\n</details>")
    page = page_of(hint, embed_images=True)
    assert page.details.p.text.startswith("say") and page.details.math


HOSTILE = [
    "<script>broken()</script>",
    "<img src=x onerror=broken()>",
    "[a](javascript:broken())",
    '<a href="data:text/html,<script>broken()</script>">a</a>',
    r"$\text{<img src=x onerror=broken()>}$",
    "<math><mtext><style><img src=x onerror=broken()></style></mtext></math>",
    "<details ontoggle=broken() open>a</details>",
    "<iframe srcdoc='<script>broken()</script>'></iframe>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_sanitised_as_the_menu_asks_nothing_runs_but_explorers(text):
    page = page_of(new_markdown_cell(text), sanitize_html=True)
    cell = page.select_one(".jp-RenderedMarkdown")
    assert not cell.select("script, style, iframe, [onerror], [ontoggle], img[src=x]")
    assert not [link for link in cell.select("a") if link.get("href", "#")[0] != "#"]
    assert "broken()" in str(page_of(new_markdown_cell(text)).main)  # asked not to sanitise, nbconvert leaves it


def test_sanitised_an_explorer_is_alive_as_it_is_and_a_picture_once_touched():
    html = tools.EXPLORERS[0].example().page()
    touched = [
        html.replace("const explorer =", "broken(); const explorer ="),
        html.replace('\nawaken(explorer, "', '\nbroken();\nawaken(explorer, "'),
        html.replace('"step": ', '"step": broken() + '),
        html.replace("const TONES = {", "const TONES = {[broken()]: 1, "),
        html + "<script>broken()</script>",
    ]
    for page in (html, *touched):
        cell = new_code_cell(outputs=[new_output("display_data", {"text/html": page})])
        shown = page_of(cell, sanitize_html=True).select_one(".jp-OutputArea-output")
        assert bool(shown.script) == (page == html) and "broken" not in str(shown)
        assert shown.img["alt"] == tools.EXPLORERS[0].example().alt()
        assert shown.img["src"].startswith("data:image/svg+xml;base64,")


def test_a_picture_keeps_its_description_as_text():
    alt = 'a "<b>" & ü'
    described = new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": alt}})
    plain = new_output("display_data", {"image/png": PNG})
    pictures = page_of(new_code_cell(outputs=[described, plain])).select("img")
    assert [picture["src"].endswith(PNG) for picture in pictures] == [True, True]
    assert pictures[0]["alt"] == alt and pictures[1]["alt"].startswith("No description")


def test_a_printed_table_keeps_its_lines_and_a_sentence_may_break():
    table, sentence = "net    right\n<b>    97 %\n", "A sentence.  And one more, as long as it likes."
    for options in ({}, {"sanitize_html": True}):
        outputs = [new_output("stream", text=text) for text in (table, sentence)]
        page = page_of(new_code_cell(outputs=outputs), **options)
        assert [kept.text for kept in page.select("pre.columns")] == [table]
        assert sentence in page.main.text and not page.main.b


def test_a_notebook_of_somebody_else_is_exported_as_ever_also_after_a_lesson():
    other = new_notebook(cells=[new_code_cell("import torch", id="a"), new_markdown_cell("$x$ ![](y.png)", id="b")])
    exporter = HTMLExporter(preprocessors=["rnnlab.jupyter.export.Lesson"])
    before = exporter.from_notebook_node(other)[0]
    ours = new_notebook(cells=[*other.cells, new_code_cell("from rnnlab import cells", id="c")])
    assert "<math" in exporter.from_notebook_node(ours)[0]
    assert exporter.from_notebook_node(other)[0] == before == HTMLExporter().from_notebook_node(other)[0]


def test_pictures_come_from_the_course_and_from_nowhere_else(tmp_path):
    here = tmp_path / "course" / "notebooks"
    for folder in (here, tmp_path / "course" / "img", tmp_path / "private"):
        folder.mkdir(parents=True)
        (folder / "my own.png").write_bytes(folder.name.encode())
    (here / "words.txt").write_text("no picture")
    for url, held in (("my%20own.png", b"notebooks"), ("../img/my%20own.png", b"img")):
        assert export.embedded(url, here) == f"data:image/png;base64,{base64.b64encode(held).decode()}"
    for url in ("../../private/my%20own.png", "words.txt", "none.svg", "https://a.org/b.png", "attachment:a.png"):
        assert export.embedded(url, here) == url
    installed = base64.b64decode(export.embedded("../img/one_cell.svg", here).partition(",")[2])
    assert installed == (tools.ROOT / "img" / "one_cell.svg").read_bytes()


def test_names_of_functions_in_formulas_keep_their_distance():
    space = '<mspace width="0.167em" /><m'
    assert f"<mi>log</mi>{space}i>T" in export.mathml(r"\log T")
    assert f"<mn>9</mn>{space}i>log</mi>{space}n>2" in export.mathml(r"9 \log 2")
    assert "mspace" not in export.mathml(r"\tanh(a) - \tanh^2(a)")
    assert 'display="block"' in export.mathml("x", display="block")


def test_a_saved_notebook_keeps_the_page_of_an_explorer_and_drops_its_widget_alone():
    page, others = '<div data-explorer="1">', {jupyter.WIDGET: {}, "text/html": "<b>a bar of progress</b>"}
    explorer, alone = {jupyter.WIDGET: {}, "text/html": page}, {jupyter.WIDGET: {}}
    outputs = [{"data": data} for data in (explorer, alone, others)] + [{"text": "x"}]
    cells = [{"outputs": outputs}, {"source": "text"}]
    server.before_saving({"type": "notebook", "content": {"cells": cells}}, path="a.ipynb", contents_manager=None)
    assert explorer == {"text/html": page} and jupyter.WIDGET in alone and jupyter.WIDGET in others
    server.before_saving({"type": "file", "content": "text"})


def test_in_plain_jupyterlab_a_lesson_alone_is_run_saved_and_whole_after_a_restart(chromium, tmp_path):
    context, statuses = chromium.new_context(viewport={"width": 1280, "height": 720}), {}
    play, page = tools.EXPLORERS[0], context.new_page()
    page.on("response", lambda response: statuses.update({Path(response.url.split("?")[0]).name: response.status}))
    alone = tmp_path / "work" / SAVED
    alone.parent.mkdir(parents=True)
    shutil.copy(tools.ROOT / "notebooks" / alone.name, alone)
    with tools.jupyterlab(tmp_path) as lab:
        saved = lab.run_all(page, SAVED)
        assert page.locator(".Toastify__toast").count() == 0  # the question about news would lie on the page
        page.goto("about:blank")
    shown = [output.data for cell in saved.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("data-explorer=" in data.get("text/html", "") for data in shown)
    assert not any(jupyter.WIDGET in data for data in shown)

    with tools.jupyterlab(tmp_path) as lab:
        page.goto(lab.url(SAVED), timeout=120_000)
        root = play.on(page)
        before = tools.markup(root)
        play.step(root)
        assert tools.markup(root) != before and page.get_by_text("model not found").count() == 0
        picture = page.locator("img[alt^='One cell']")
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
        assert statuses["one_cell.svg"] == 200
        page.goto("about:blank")
        menu = f"nbconvert/html/{SAVED}"  # the address behind Save and Export Notebook As > HTML
        news = "lab/api/settings/@jupyterlab/apputils-extension:notification"
        cells = "lab/api/settings/@jupyterlab/notebook-extension:tracker"
        address = f"http://127.0.0.1:{lab.port}/%s"
        asked = {"sanitize_html": "true"}  # as the menu does, unless told not to
        whole = context.request.get(address % menu, params={"token": lab.token, **asked}).text()
        news = context.request.get(address % news, params={"token": lab.token}).json()
        cells = context.request.get(address % cells, params={"token": lab.token}).json()
    exported = BeautifulSoup(whole, "html.parser")
    assert exported.math and exported.details.p.text and not exported.select("img[alt^='No description']")
    assert exported.select("img[alt^='One cell'][src^='data:image/svg']")
    (tmp_path / "exported.html").write_text(whole, encoding="utf-8")
    page.goto((tmp_path / "exported.html").as_uri())
    assert play.on(page).get_by_role("slider", name="step").count() == 1
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert cells["schema"]["properties"]["codeCellConfig"]["default"]["lineWrap"]  # no task is cut at the right
    context.close()


def test_a_drawing_that_is_not_to_be_encoded_stops_no_export():
    output = new_output("display_data", {"image/svg+xml": "<svg onload='broken()'/>"})
    assert "broken" not in str(page_of(new_code_cell(outputs=[output]), skip_svg_encoding=True).main)
