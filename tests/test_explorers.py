"""What all explorers share: the stored page, its safety and sameness, the refusals."""

import importlib
import json
import re
from xml.etree import ElementTree

import pytest
import torch

from rnnlab import colours, explorers
from rnnlab.explorers import base
from rnnlab.explorers.draw_a_digit import DrawADigit
from rnnlab.explorers.row_by_row import RowByRow, strokes
from rnnlab.models import Reader

HERE = base.Path(base.__file__).parent
CLASSES = [
    value
    for name in explorers.names()
    for value in vars(importlib.import_module(f"rnnlab.explorers.{name}")).values()
    if isinstance(value, type) and issubclass(value, base.Explorer) and value is not base.Explorer
]
every = pytest.mark.parametrize("explorer", CLASSES, ids=lambda explorer: explorer.__name__)


@every
def test_the_bundle_has_the_widget_and_a_page_that_stays_the_same(explorer):
    (data, _), (again, _) = explorer.example()._repr_mimebundle_(), explorer.example()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == f"{explorer.__name__}()"
    assert data["text/html"] == again["text/html"]
    assert len(data["text/html"]) < 120_000


@every
def test_the_still_picture_says_what_it_shows(explorer):
    alt = re.search(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,', explorer.example().page())[1]
    assert len(alt) > 40


@every
def test_the_page_closes_its_script_once_and_holds_no_long_number(explorer):
    page = explorer.example().page()
    assert page.count("</script") == 1
    state = json.loads(page.rsplit("awaken(explorer, ", 1)[1].split(", ", 1)[1].rsplit(");\n</script>", 1)[0])
    assert state == json.loads(json.dumps(base.rounded(explorer.example().state())))


@every
def test_the_script_is_one_module_with_the_kit_in_front(explorer):
    script = str(explorer._esm)
    assert script.index("const TONES") < script.index("// The kit of the explorers") < script.index("function render")
    assert script.count("export default") == 1 and not re.search(r"^\s*import\b", script, flags=re.MULTILINE)


def test_rounded_keeps_three_digits_whatever_holds_the_numbers():
    assert base.rounded(torch.tensor([1.23456, -0.0, 1e-9])) == [1.23, 0.0, 1e-9]
    assert str(base.rounded([-0.0])) == "[0.0]"
    assert base.rounded({"a": (1, 2.34567, "x", True, None)}) == {"a": [1, 2.35, "x", True, None]}
    assert base.rounded(123456.0) == 123000.0


def test_the_colours_are_written_in_one_file():
    """Figures, still pictures and scripts take them from there; no other file of the package names one of its own."""
    named = set(colours.COLOUR.values()) | set(colours.LIGHT.values()) | set(colours.DARK.values()) - {"#ffffff"}
    for file in HERE.parent.rglob("*.*"):
        if file.suffix in (".py", ".js") and file.name != "colours.py":
            found = re.findall(r"#[0-9a-fA-F]{6}\b", file.read_text(encoding="utf-8"))
            assert not named & set(found), file


@every
def test_the_script_gets_its_colours_from_python(explorer):
    line = re.match(r"const TONES = (.*);\n", str(explorer._esm))[1]
    assert json.loads(line) == {"light": colours.LIGHT, "dark": colours.DARK}
    assert {name: colours.LIGHT[name] for name in colours.COLOUR} == colours.COLOUR


def test_an_unknown_explorer_is_refused_with_the_list_of_those_there_are():
    with pytest.raises(AttributeError, match=r"no explorer 'unrollr'\..*\bunroller\b"):
        explorers.unrollr  # noqa: B018
    with pytest.raises(ImportError, match="unrollr"):
        from rnnlab.explorers import unrollr  # noqa: F401
    from rnnlab.explorers import unroller

    assert unroller.Unroller.__name__ == "Unroller"
    assert explorers.unroller is unroller
    assert getattr(explorers, "unrollr", None) is None
    assert not hasattr(explorers, "__wrapped__") and not hasattr(explorers, "_repr_html_")


def test_what_a_page_asks_for_is_kept_only_if_it_is_there():
    torch.manual_seed(0)
    explorer = RowByRow(Reader(28, 6, 10, "gru", "max"), strokes(), row=14)
    for asked, error in (({"row": 29}, ValueError), ({"row": "3"}, TypeError), ({"digit": 0.5}, TypeError)):
        with pytest.raises(error, match=f"^{[*asked][0]} "):
            explorer.set_state(asked)
        assert (explorer.digit, explorer.row) == (0, 14)
    explorer.set_state({"digit": 1, "row": 3})
    assert (explorer.digit, explorer.row) == (1, 3)


NASTY = ["\x00", "\x1b[31m", "\u202egnihton", "\ud800", "\u2028", "</script>"]


def test_a_label_may_hold_anything_and_its_page_is_a_file_that_can_be_written():
    images = strokes()[:1] * torch.linspace(0.5, 1, len(NASTY))[:, None, None]
    model = Reader(28, 6, 10, "gru", "max")
    for explorer in (RowByRow(model, images, NASTY, digit=3), DrawADigit(model, images, NASTY)):
        page = explorer.page().encode().decode()
        assert "</script></script>" not in page and not re.search("[\x00\x1b\u202e\u2028]", page)
        ElementTree.fromstring(ElementTree.tostring(explorer.still()))
        assert "�" in explorer.alt()
    for labels, error in ((["1", " "], ValueError), (["1"], ValueError), (5, TypeError)):
        with pytest.raises(error, match="^labels must"):
            RowByRow(model, strokes(), labels)
        with pytest.raises(error, match="^labels must"):
            DrawADigit(model, strokes(), labels)
