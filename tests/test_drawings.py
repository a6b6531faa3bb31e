"""The drawings in img are what drawings.py there draws, and each says what it shows."""

import importlib.util
import pathlib
import xml.etree.ElementTree as xml

import pytest

FOLDER = pathlib.Path(__file__).parent.parent / "img"
SPEC = importlib.util.spec_from_file_location("drawings", FOLDER / "drawings.py")
drawings = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drawings)


@pytest.mark.parametrize("name", drawings.DRAWINGS)
def test_drawing_is_what_the_script_draws(name):
    stored = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert stored == drawings.DRAWINGS[name]()
    title = xml.fromstring(stored).find("{http://www.w3.org/2000/svg}title")
    assert len(title.text) > 20


def test_no_drawing_is_left_over():
    assert {file.stem for file in FOLDER.glob("*.svg")} == set(drawings.DRAWINGS)
