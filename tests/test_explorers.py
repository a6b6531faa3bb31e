"""What all explorers share: the stored page, its safety and sameness, the refusals."""

import importlib
import json
import re

import pytest
import torch

from rnnlab import explorers, figures
from rnnlab.explorers import base

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
    assert script.startswith("// The kit of the explorers")
    assert script.count("export default") == 1 and not re.search(r"^\s*import\b", script, flags=re.MULTILINE)


def test_rounded_keeps_three_digits_whatever_holds_the_numbers():
    assert base.rounded(torch.tensor([1.23456, -0.0, 1e-9])) == [1.23, 0.0, 1e-9]
    assert str(base.rounded([-0.0])) == "[0.0]"
    assert base.rounded({"a": (1, 2.34567, "x", True, None)}) == {"a": [1, 2.35, "x", True, None]}
    assert base.rounded(123456.0) == 123000.0


def test_one_palette_in_figures_still_pictures_and_scripts():
    light = (HERE / "base.js").read_text(encoding="utf-8").split("const DARK")[0]
    kit = dict(re.findall(r"--(\w+): (#\w{6})", light))
    assert {name: kit[name] for name in base.COLOUR} == base.COLOUR == figures.COLOUR
    assert (kit["ink"], kit["quiet"]) == (base.INK, base.QUIET)


def test_an_unknown_explorer_is_refused_with_the_list_of_those_there_are():
    with pytest.raises(ImportError, match=r"no explorer 'unrollr'\..*\bunroller\b"):
        from rnnlab.explorers import unrollr  # noqa: F401
    from rnnlab.explorers import unroller

    assert unroller.Unroller.__name__ == "Unroller"
    assert explorers.unroller is unroller
    assert not hasattr(explorers, "__wrapped__") and not hasattr(explorers, "_repr_html_")
