"""The explorers as a learner meets them: in JupyterLab, and in an exported page with no kernel and no network."""

import functools

import nbformat
import pytest
import torch

from rnnlab import explorers
from rnnlab.explorers.unroller import Unroller
from tools import browser as tools
from tools.browser import EXPLORERS, markup

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")
every = pytest.mark.parametrize("play", EXPLORERS, ids=lambda play: play.module)


@pytest.fixture
def open_page(chromium):
    """A function that opens an address in a browser of its own; at the end no script may have failed."""
    contexts, failed = [], []

    def open_page(url, **options):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 720}, **options}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: failed.append(error))
        if url:
            page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not failed


@pytest.fixture(scope="session")
def tabs(chromium):
    """A function that gives a tab without a network, with such options; each is made once, for that takes a second."""

    @functools.cache
    def tab(**options):
        made = {"viewport": (1280, 720), "offline": True, **options}
        made["viewport"] = dict(zip(("width", "height"), made["viewport"], strict=True))
        return chromium.new_context(**made).new_page()

    return tab


@pytest.fixture
def open_offline(tabs):
    """A function that opens a page without a network; no script may fail, and no request may try to leave."""
    opened, failed, asked = [], [], []

    def failed_in(error):
        failed.append(error)

    def asked_for(request):
        asked.append(request.url)

    def open_offline(url, **options):
        page = tabs(**options)
        assert page not in opened, "a test opens one page of a kind"
        opened.append(page)
        page.on("pageerror", failed_in)
        page.on("request", asked_for)
        page.goto(url)
        return page

    yield open_offline
    for page in opened:
        page.goto("about:blank")
        page.remove_listener("pageerror", failed_in)
        page.remove_listener("request", asked_for)
    assert not failed
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A function that gives the address of an explorer's exported page; each is made once."""
    folder = tmp_path_factory.mktemp("pages")

    @functools.cache
    def exported(play, theme="light", copies=1):
        path = folder / f"{play.module}-{theme}-{copies}.html"
        return tools.export(tools.stored(*[play.example() for _ in range(copies)]), path, theme)

    return exported


@pytest.fixture(scope="session")
def lab(tmp_path_factory, chromium):
    with tools.jupyterlab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def answers_to_keys_and_mouse(play, page):
    root = play.on(page)
    for move in (lambda: play.step(root), lambda: play.draw(root)):
        before = markup(root)
        move()
        changed = f"([root, before]) => ({tools.MARKUP})(root) !== before"
        page.wait_for_function(changed, arg=[root.element_handle(), before])


def serious(page, context=".rnnlab"):
    """What axe finds wrong, seriously or worse, in what we draw."""
    found = axe.Axe().run(page, context=context).response["violations"]
    found = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [(rule["id"], node["html"][:120]) for rule in found for node in rule["nodes"]]


def bare(path, body):
    """The address of a page that has nothing but `body`."""
    path.write_text(f"<!doctype html><meta charset='utf-8'><title>page</title>{body}", encoding="utf-8")
    return path.as_uri()


def test_every_explorer_is_in_the_list():
    assert sorted(play.module for play in EXPLORERS) == explorers.names()


@every
def test_an_exported_page_answers_without_kernel_or_network(play, exported, open_offline):
    page = open_offline(exported(play))
    assert not is_dark(play.on(page)) and serious(page) == []
    answers_to_keys_and_mouse(play, page)
    assert serious(page) == []


@every
def test_without_scripts_the_still_picture_stands_there(play, exported, open_offline):
    page = open_offline(exported(play), java_script_enabled=False)
    picture = page.get_by_role("img", name=play.example().alt(), exact=True)
    assert picture.bounding_box()["width"] > 600


@every
def test_a_dark_page_is_dark_and_readable(play, exported, open_offline):
    page = open_offline(exported(play, "dark"))
    answers_to_keys_and_mouse(play, page)
    assert is_dark(play.on(page)) and serious(page) == []


@every
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_elsewhere_the_explorer_follows_the_system(play, scheme, open_offline, tmp_path):
    page = open_offline(bare(tmp_path / "page.html", play.example().page()), color_scheme=scheme)
    assert is_dark(play.on(page)) == (scheme == "dark")
    assert serious(page) == []


def is_dark(root):
    ground, ink = root.evaluate("root => ['backgroundColor', 'color'].map(name => getComputedStyle(root)[name])")
    light = [sum(map(float, colour[4:-1].split(",")[:3])) for colour in (ground, ink)]
    return light[0] < light[1]


@every
def test_on_a_phone_it_fits_and_answers_to_a_finger(play, exported, open_offline):
    page = open_offline(exported(play), viewport=(390, 844), is_mobile=True, has_touch=True)
    root = play.on(page)
    assert root.evaluate("root => root.scrollWidth - root.clientWidth") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    heights = "root => [...root.querySelectorAll('button.press, .pills span')].map(node => node.offsetHeight)"
    assert min(root.evaluate(heights), default=44) >= 44
    place, before = root.locator(play.drawn).first, markup(root)
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    left, right = max(0, box["x"]), min(390, box["x"] + box["width"])  # a long chain scrolls
    page.touchscreen.tap(left + 0.3 * (right - left), box["y"] + 0.5 * box["height"])
    assert markup(root) != before


@every
def test_the_same_explorer_twice_on_a_page_is_two(play, exported, open_offline):
    page = open_offline(exported(play, copies=2))
    page.locator(".rnnlab").nth(1).wait_for()
    both = page.locator(".rnnlab").all()
    before = [markup(root) for root in both]
    play.step(both[1])
    assert markup(both[0]) == before[0] and markup(both[1]) != before[1]


TWO_VIEWS = """
const model = new Page(%s);
explorer.render({ model, el: document.getElementById("a") });
window.leave = explorer.render({ model, el: document.getElementById("b") });
window.listening = () => Object.values(model.listeners).flat().length;
"""


@every
def test_two_views_share_a_model_and_one_can_leave(play, open_offline, tmp_path):
    script, call = play.example().page().split("<script")[1].rsplit("awaken(explorer, ", 1)
    state = call.split(", ", 1)[1].split(");\n</script>")[0]
    page = open_offline(bare(tmp_path / "page.html", f"<p id=a><p id=b><script{script}{TWO_VIEWS % state}</script>"))
    page.locator(".rnnlab").nth(1).wait_for()
    both = page.locator(".rnnlab").all()
    before = [markup(root) for root in both]
    play.step(both[0])
    after = [markup(root) for root in both]
    assert before[0] != after[0] and before[1] != after[1]
    listening = page.evaluate("listening()")
    page.evaluate("leave()")
    assert page.evaluate("listening()") == listening / 2
    play.step(both[0])
    assert markup(both[0]) != after[0]
    assert page.locator(".rnnlab").count() == 1 or markup(both[1]) == after[1]  # it may be gone, or stand still


def test_a_label_stays_text_in_a_living_page(open_offline, tmp_path):
    nasty = [
        "</script><script>broken = 1</script>",
        "<img src=x onerror='window.broken = 2'>",
        '"><b>',
        "${1}",
        "\\",
    ]
    explorer = Unroller(torch.nn.RNN(4, 2, batch_first=True), torch.eye(4)[[1, 0, 2, 2, 3]], labels=nasty)
    page = open_offline(tools.export(tools.stored(explorer), tmp_path / "page.html"))
    root = EXPLORERS[0].on(page)
    assert root.locator(".letter").all_text_contents() == nasty
    root.get_by_role("slider", name="step").press("End")
    assert page.evaluate("window.broken") is None and root.locator("b, img").count() == 0


def test_in_jupyterlab_lesson_01_runs_and_its_explorer_answers(lab, open_page):
    page = open_page(None)
    saved = lab.run_all(page, "notebooks/01_rnn_basics.ipynb")
    errors = [output for cell in saved.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert errors == []
    answers_to_keys_and_mouse(EXPLORERS[0], page)


def test_in_jupyterlab_a_lesson_that_has_not_run_shows_the_still_pictures(lab, open_page):
    explorers = [play.example() for play in EXPLORERS]
    nbformat.write(tools.stored(*explorers), lab.work / "stored.ipynb")
    page = open_page(lab.url("stored.ipynb"))
    for explorer in explorers:
        picture = page.get_by_role("img", name=explorer.alt(), exact=True)
        picture.wait_for()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert page.locator(".rnnlab").count() == 0  # its scripts are not trusted yet


def test_in_jupyterlab_a_notebook_that_was_run_is_alive_when_it_is_opened_again(lab, open_page):
    play, page = EXPLORERS[0], open_page(None)
    saved = lab.run_all(page, lab.write("again.ipynb", play.source))
    assert set(saved.cells[0].outputs[0].data) == {"text/html", "text/plain"}
    page.goto("about:blank")
    lab.shut_kernels()
    page = open_page(lab.url("again.ipynb"))
    answers_to_keys_and_mouse(play, page)


@pytest.fixture(scope="session")
def gallery(lab, chromium):
    """JupyterLab in its dark theme with a live widget of every explorer, one in a cell."""
    page = chromium.new_context(viewport={"width": 1280, "height": 720}).new_page()
    lab.set("themes", theme="JupyterLab Dark")
    lab.run_all(page, lab.write("gallery.ipynb", *[play.source for play in EXPLORERS]))
    lab.set("themes")
    yield page
    page.context.close()


@every
def test_in_jupyterlab_it_is_dark_answers_and_keeps_its_keys(play, gallery):
    root, cells = play.on(gallery), gallery.locator(".jp-CodeCell").count()
    assert is_dark(root) and serious(gallery, play.selector) == []
    answers_to_keys_and_mouse(play, gallery)
    for key in ("d", "d", "x", "a", "ArrowLeft", "ArrowUp"):  # to JupyterLab these delete, cut, add and fold cells
        play.press(root, key)
    assert gallery.locator(".jp-CodeCell").count() == cells


def test_in_jupyterlab_python_reads_what_is_typed_and_runs_nothing_of_it(gallery):
    root = gallery.locator(".rnnlab.running-verdict").first
    root.scroll_into_view_if_needed()
    said, field = root.locator(".say"), root.get_by_role("textbox", name="review")
    for text, count in (("not bad", 2), ("<img src=x onerror='window.broken = 1'>", 15), ("영화 😀", 2)):
        field.fill(text)
        said.filter(has_text=f"After word {count} of {count}").wait_for()
    field.fill("")
    said.filter(has_text="With nothing read").wait_for()
    assert gallery.evaluate("window.broken") is None and root.locator("img").count() == 0


TORN = """output => {
  const text = document.createTreeWalker(output, NodeFilter.SHOW_TEXT).nextNode(), { data } = text, torn = [];
  const top = at => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().top;
  };
  for (let at = 1; at < data.length; at++) {
    if (/\\w\\w/.test(data.slice(at - 1, at + 1)) && top(at) > top(at - 1)) torn.push(data.slice(at - 9, at + 9));
  }
  return top(data.trimEnd().length - 1) > top(0) ? torn : ["it has one line"];
}"""  # the words that go on in the next line


def test_in_jupyterlab_python_moves_every_view_and_a_sentence_breaks_between_words(lab, open_page):
    page = open_page(None)
    first = "from rnnlab.explorers.unroller import Unroller\nu = Unroller.example()\nu"
    wrong = "from rnnlab.exercises.nb00_start_here import vocabulary_size\nvocabulary_size.check(len);"
    lab.run_all(page, lab.write("views.ipynb", first, "u", "u.step = 4", wrong))
    said = page.locator(".jp-OutputArea-output", has_text="✗ vocabulary_size: ")
    assert said.evaluate(TORN) == []
    said = page.locator(".rnnlab .say")
    said.nth(1).wait_for()
    assert [text[:6] for text in said.all_text_contents()] == ["Step 4", "Step 4"]
    page.locator(".rnnlab").nth(0).get_by_role("slider", name="step").press("ArrowRight")
    page.wait_for_function("[...document.querySelectorAll('.say')].every(p => p.textContent.startsWith('Step 5'))")
