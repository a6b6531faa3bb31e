"""The site as a reader meets it, in Chromium: every page whole, alive and quiet, from a server and from the disk."""

import functools
import http.server
import re
import threading
import time
from urllib.parse import urldefrag, urljoin

import page_rules
import pytest
from bs4 import BeautifulSoup

from tools.browser import EXPLORERS

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
site_tool = pytest.importorskip("tools.site", reason="needs Sphinx: the test extra")

LESSON = "notebooks/04_vanishing_gradients.html"
WIDE = """() => [...document.querySelectorAll("article :is(img, svg, pre, table, .math)")]
  .filter(one => one.getBoundingClientRect().right > document.querySelector("article").getBoundingClientRect().right + 1
    || (one.matches("pre") && one.scrollWidth > one.clientWidth + 1)).map(one => one.outerHTML.slice(0, 120))"""
UNCOVERED = """() => {
  const { left, top, height } = document.querySelector("h1").getBoundingClientRect();
  return document.elementFromPoint(left + 2, top + height / 2).closest("h1") !== null;
}"""
DRAWN = """root => {
  let pressed = false;
  window.drawn = 0;
  root.addEventListener("keydown", () => { pressed = true; }, true);
  const picture = ({ target }) => !(target.nodeType === 1 ? target : target.parentElement)?.closest(".control");
  new MutationObserver(records => {
    if (!pressed || !records.some(picture)) return;
    drawn += 1;
    pressed = false;
  }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
}"""

# The rules of axe that a docstring can break; a page of the reference has the rest from its template.
WRITTEN = """definition-list dlitem duplicate-id-aria empty-heading heading-order image-alt link-name list listitem
    page-has-heading-one td-headers-attr th-has-data-cells document-title link-in-text-block""".split()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the site, built as `make site` builds it, and the processor seconds that took."""
    folder, start = tmp_path_factory.mktemp("site"), time.process_time()
    assert site_tool.build(folder / "source", folder / "site") == 0
    return folder / "site", time.process_time() - start


@pytest.fixture(scope="session")
def pages(site):
    """The pages by their address within the site, each as a tree."""
    found = {path.relative_to(site[0]).as_posix(): path for path in site[0].rglob("*.html")}
    return {name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for name, path in found.items()}


@pytest.fixture(scope="session")
def server(site):
    """The address of a plain web server in the site's folder."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site[0])
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


@pytest.fixture
def visit(chromium):
    """A function that opens an address without a network; no script may fail and no request may leave."""
    contexts, failed, asked = [], [], []

    def visit(url, **options):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 720}, **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: failed.append(f"{page.url}: {error}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert failed == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))] == []


def test_it_is_built_in_seconds_without_a_warning(site):
    assert site[1] < 30


def test_every_link_and_every_anchor_leads_somewhere(pages, site):
    broken = []
    for name, page in pages.items():
        for link in page.find_all(["a", "img", "link", "script"]):
            target = link.get("href") or link.get("src") or ""
            if not target or target.startswith(("https:", "http:", "data:", "mailto:")):
                continue
            where, anchor = urldefrag(urljoin(name, target))
            path, known = site[0] / where.split("?")[0], pages.get(where)
            if not path.exists() or (anchor and known and not known.find(id=anchor)):
                broken.append(f"{name}: {target}")
    assert broken == []


def test_a_lesson_and_all_it_loads_weigh_little(pages, site):
    for name, page in pages.items():
        loaded = [link.get("src") for link in page.find_all(["img", "script"])]
        loaded += [link.get("href") for link in page.find_all("link", rel="stylesheet")]
        local = {urljoin(name, target).split("?")[0] for target in loaded if target and not target.startswith("data:")}
        weight = sum((site[0] / file).stat().st_size for file in {name, *local})
        assert weight < 1_500_000, f"{name} weighs {weight:,} bytes"


def test_lessons_and_reference_lead_to_each_other(pages):
    there = pages["notebooks/01_rnn_basics.html"].find("a", href="../reference/rnnlab.cells.html#rnnlab.cells.rnn_step")
    back = pages["reference/rnnlab.cells.html"].find(id="rnnlab.cells.rnn_step").parent
    assert there and back.find("a", href="../notebooks/01_rnn_basics.html")


def test_exercises_say_where_to_do_them_and_fold_their_solutions(pages):
    lessons = [page for name, page in pages.items() if name.startswith("notebooks/")]
    assert len(lessons) == len(page_rules.NOTEBOOKS)
    for page in lessons:
        folded = [fold for fold in page.find_all("details") if fold.summary.text == "Solution"]
        assert folded and not any(fold.has_attr("open") for fold in page.find_all("details"))
        assert all(fold.find("code") and "JupyterLab" in fold.text for fold in folded)
        assert "make lab" in page.article.text


@pytest.mark.parametrize("name", ["index.html", *[f"notebooks/{play.lesson}.html" for play in EXPLORERS]])
def test_from_the_disk_a_page_is_alive_and_fits_a_phone(name, site, visit):
    page = visit((site[0] / name).as_uri(), viewport={"width": 390, "height": 800})
    assert page.locator("[data-explorer]").count() == page.locator("[data-explorer][data-awake]").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(UNCOVERED), "something lies on the first letters"
    page.set_viewport_size({"width": 1280, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert [part for part in page.evaluate(WIDE) if not part.startswith("<pre")] == [], (
        "pictures fit, long code scrolls"
    )
    assert page.locator("math").count() == 0 or "\\(" not in page.locator("article").inner_text()


def test_nothing_stands_in_the_way_of_anyone(pages, site, visit):
    """axe on every page in the light. What pages of a kind have alike is asked of one of each, and in the dark too."""
    complaints, kinds = [], ("index.html", LESSON, "reference/rnnlab.cells.html")
    alike = [name for name in pages if name.startswith("reference/") and name not in kinds]
    runs = [(name, "light", {"runOnly": WRITTEN} if name in alike else {}) for name in pages]
    page = visit("about:blank")  # one for all: a browser takes as long to make a new one as axe to read it
    for name, scheme, options in [*runs, *((name, "dark", {"runOnly": ["color-contrast"]}) for name in kinds)]:
        page.emulate_media(color_scheme=scheme)
        page.goto((site[0] / name).as_uri())
        context = {"exclude": [] if name == LESSON else [[".highlight"]]}
        asked = {"resultTypes": ["violations"], **options}
        found = axe.Axe().run(page, context=context, options=asked).response["violations"]
        complaints += [f"{name} {scheme} {rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]
    assert complaints == []


def test_on_paper_nothing_is_cut_and_nothing_asks_to_be_pressed(pages, site, visit):
    page = visit("about:blank", viewport={"width": 700, "height": 1000})  # A4 within its margins
    for name in (name for name in pages if name.startswith("notebooks/")):
        page.emulate_media(media="screen")  # a page is read before it is printed
        page.goto((site[0] / name).as_uri())
        page.emulate_media(media="print")
        assert page.evaluate(WIDE) == [], name
        for gone in (".sidebar-drawer", ".toc-drawer", ".related-pages", ".skip-to-content", ".rnnlab .controls"):
            assert page.locator(f"{gone}:visible").count() == 0, f"{name}: {gone}"
        marks = "all => all.map(one => getComputedStyle(one, '::after').content)"
        assert set(page.locator("details:not([open]) > summary").evaluate_all(marks)) == {'" · folded"'}
        whole = "all => all.map(one => getComputedStyle(one).breakInside)"
        assert set(page.locator(".rnnlab, .highlight, .cell_output > img").evaluate_all(whole)) == {"avoid"}


def test_pictures_say_their_size_and_pages_what_they_are(pages):
    for name, page in pages.items():
        assert name == "search.html" or len(page.find("meta", attrs={"name": "description"})["content"]) > 15
        assert all(image.get("width") for image in page.find_all("img", src=re.compile("_images")))


def test_a_table_that_a_cell_made_is_a_table(pages):
    assert pages["notebooks/00_start_here.html"].select_one(".cell_output td", string="PyTorch")


@pytest.mark.parametrize("play", EXPLORERS, ids=lambda play: play.module)
def test_a_key_changes_the_picture_at_once(play, site, visit, record_property):
    """Half a frame of a screen, 8 ms, to compute it, and a frame with its layout, in the page's own processor time.

    The clock on the wall would count what other processes do meanwhile.
    """
    root = play.on(visit((site[0] / "notebooks" / f"{play.lesson}.html").as_uri()))
    play.step(root)
    root.evaluate(DRAWN)
    devtools = root.page.context.new_cdp_session(root.page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        return [1000 * metrics[f"{what}Duration"] for what in ("Script", "Layout", "RecalcStyle")]

    for _ in range(6):  # a shared processor has slow moments
        root.page.evaluate("drawn = 0")
        before = spent()
        for number in range(22):  # as often back as on: a round ends where it began, and never beyond a slider's end
            play.step(root, back=number % 2 == 0)
            root.page.wait_for_function("count => drawn > count", arg=number)
        script, *layout = [(now - then) / 22 for then, now in zip(before, spent(), strict=True)]
        whole = script + sum(layout)
        if script <= 8 and whole <= 16:
            break
    text = f"{play.kind}: a key costs the page {script:.1f} ms to compute its picture, {whole:.1f} with its layout."
    record_property("measured", text)
    assert 0 < script <= 8 and whole <= 16


def test_from_a_server_the_first_picture_comes_within_a_second(server, visit):
    page = visit(f"{server}/{LESSON}")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint <= 1000


@pytest.mark.parametrize("from_disk", [True, False])
def test_the_search_finds_packed(from_disk, site, server, visit):
    page = visit((site[0].as_uri() if from_disk else server) + "/search.html?q=packed")
    page.locator("#search-results a", has_text="02 · Shapes").first.wait_for()


def test_the_colours_follow_the_readers_choice(site, visit):
    page = visit((site[0] / "index.html").as_uri(), color_scheme="light")
    ground = "getComputedStyle(document.querySelector('.rnnlab')).backgroundColor"
    light = page.evaluate(ground)
    page.evaluate("document.body.dataset.theme = 'dark'")
    page.wait_for_function(f"{ground} !== '{light}'")
