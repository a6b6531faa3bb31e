"""The test of the tests: faults planted in a sound notebook, each of which must be caught."""

import copy
import os
import re
import subprocess
import sys

import nbformat
import page_rules
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from rnnlab.exercises import nb01_rnn_basics
from rnnlab.exercises.check import Exercise
from tools.store_outputs import store

SOUND = [
    new_markdown_cell("# 01 · A small lesson", id="title"),
    new_code_cell("from rnnlab import figures\nfrom rnnlab.exercises import nb01_rnn_basics as ex", id="imports"),
    new_markdown_cell("A number.", id="number-text"),
    new_code_cell("2 / 3", id="number"),
    new_markdown_cell("A picture.", id="curve-text"),
    new_code_cell(
        "figures.show(figures.lines({'a': [1, 3, 2], 'b': [2, 2, 2.5]}, xlabel='x', ylabel='y'))", id="curve"
    ),
    new_code_cell("2 / 3;", id="quiet"),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A stored notebook without a fault, run and written as `make notebooks` does it."""
    path = tmp_path_factory.mktemp("sound") / "01_rnn_basics.ipynb"
    nbformat.write(new_notebook(cells=copy.deepcopy(SOUND), metadata={"kernelspec": kernel()}), path)
    store(str(path))
    return path


def kernel():
    return {"name": "python3", "language": "python", "display_name": "Python 3 (ipykernel)"}


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def changed_number(notebook):
    cell(notebook, "number").outputs[0].data["text/plain"] = "0.6666666666666667"


def swapped_curve(notebook):
    cell(notebook, "curve").source = cell(notebook, "curve").source.replace("'a'", "'c'").replace("'b'", "'a'")
    cell(notebook, "curve").source = cell(notebook, "curve").source.replace("'c'", "'b'")


def moved_curve(notebook):
    cell(notebook, "curve").source = cell(notebook, "curve").source.replace("2, 2, 2.5", "2, 2.2, 2.5")


def stripped_output(notebook):
    cell(notebook, "number").outputs = []


def loud_line(notebook):
    cell(notebook, "quiet").source = "2 / 3"


FAULTS = [changed_number, swapped_curve, moved_curve, stripped_output, loud_line]


def test_store_writes_the_same_bytes_again(sound):
    before = sound.read_bytes(), os.environ["RNNLAB_CHECKPOINTS"]
    store(str(sound))
    assert (sound.read_bytes(), os.environ["RNNLAB_CHECKPOINTS"]) == before


def test_nbval_catches_every_fault(sound, tmp_path):
    """On one page, so by one kernel: the sound cells, and behind them a changed one for every fault."""
    before, page = page_rules.read(sound), page_rules.read(sound)
    for fault in FAULTS:
        notebook = page_rules.read(sound)
        fault(notebook)
        (changed,) = [new for new, old in zip(notebook.cells, before.cells, strict=True) if new != old]
        changed.id = fault.__name__.replace("_", "-")
        page.cells.append(changed)
    nbformat.write(page, tmp_path / "page.ipynb")
    flags = ["-p", "tools.nbval_pictures", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", "-q", "-rA"]
    command = [sys.executable, "-m", "pytest", *flags, "--rootdir", str(tmp_path), str(tmp_path)]
    wide = os.environ | {"COLUMNS": "200"}
    ran = subprocess.run(command, cwd=page_rules.ROOT, capture_output=True, text=True, env=wide)
    became = {int(at): what for what, at in re.findall(r"(PASSED|FAILED) .*page\.ipynb::Cell (\d+)", ran.stdout)}
    assert became == dict(enumerate(["PASSED"] * 4 + ["FAILED"] * len(FAULTS))), ran.stdout[-3000:]


def complaints(rule, sound, change=lambda notebook: None):
    notebook = page_rules.read(sound)
    change(notebook)
    return list(rule(notebook, sound))


def test_the_sound_notebook_has_no_complaints(sound):
    for rule in (page_rules.stored, page_rules.described, page_rules.shipped):
        assert complaints(rule, sound) == []


def test_a_cell_that_nbval_would_not_compare_is_caught(sound):
    def uncounted(notebook):
        cell(notebook, "number").execution_count = None

    assert "execution counts" in complaints(page_rules.stored, sound, uncounted)[0]


def test_a_missing_alternative_text_is_caught(sound):
    def wordless(notebook):
        cell(notebook, "curve").outputs[0].metadata = {}

    def drawn(notebook):
        cell(notebook, "title").source += "\n![](01_rnn_basics.ipynb)"

    assert complaints(page_rules.described, sound, wordless) == ["curve: a picture without alternative text"]
    assert "no alternative text" in complaints(page_rules.described, sound, drawn)[0]


def test_a_dead_link_is_caught(sound):
    def dead(notebook):
        cell(notebook, "title").source += "\n[next](02_nowhere.ipynb)"

    assert complaints(page_rules.described, sound, dead) == ["title: 02_nowhere.ipynb is not there"]


def test_an_unlisted_tag_and_an_address_are_caught(sound):
    def hidden(notebook):
        cell(notebook, "number").metadata["tags"] = ["nbval-ignore-output"]
        cell(notebook, "number").outputs[0].data["text/plain"] = "<object at 0x7f00deadbeef>"

    assert len(complaints(page_rules.stored, sound, hidden)) == 2


def test_code_that_differs_from_the_package_is_caught(sound):
    def drifted(notebook):
        cell(notebook, "number").source = "def rnn_step(x, h):\n    return x + h"

    assert "rnn_step differs" in complaints(page_rules.shipped, sound, drifted)[0]


def test_types_and_doors_are_the_packages_own_and_code_is_not():
    taught = page_rules.definitions("def step(x, by=1):\n    return x * by")
    door = '@expect.takes(x="B I")\ndef step(x: Tensor, by: int = 1) -> Tensor:\n    """One step."""\n    return x * by'
    assert page_rules.definitions(door) == taught
    for other in ("* by", "+ by"), ("by: int = 1", "by: int = 2"), ("@expect.takes", "@torch.no_grad()\n@expect.takes"):
        assert page_rules.definitions(door.replace(*other)) != taught


LESSON = next(path for path in page_rules.NOTEBOOKS if path.stem == "01_rnn_basics")


def test_a_reference_on_the_page_is_caught():
    notebook = page_rules.read(LESSON)
    answer = nb01_rnn_basics.rnn_step.source().splitlines()[-1].strip()
    notebook.cells[0].source += f"\n\n    {answer}\n"
    assert any(answer.replace(" ", "") in complaint for complaint in page_rules.exercised(notebook, LESSON))


def test_a_changed_hint_is_caught():
    notebook = page_rules.read(LESSON)
    cell(notebook, "rnn-step-hints").source += " more"
    told = list(page_rules.exercised(notebook, LESSON))
    assert told == ["rnn-step: the hints on the page are not the two of the module"]


def double(number):
    """Twice the number."""
    return 2 * number


def test_a_wrong_answer_that_would_be_accepted_is_caught():
    def square(number):
        return number**2

    def verdicts(numbers):
        exercise = Exercise(double, cases=lambda: numbers, wrong={square: "Squared."}, hints=("a", "b"), returns="int")
        return exercise.verdict(square)

    assert verdicts([(2,)]) == ("correct", "correct.")  # the fault: 2 doubled is 2 squared, so test_exercise would fail
    assert verdicts([(2,), (3,)]) == ("not yet", "Squared.")


def test_a_slide_for_a_class_and_a_note_for_its_teacher_are_looked_at():
    faults = {
        "a solution shown": ("rnn-step-solution", lambda c: c.metadata.update(slideshow={"slide_type": "-"})),
        "an exercise that shares": ("step-agrees", lambda c: c.metadata.update(slideshow={"slide_type": "-"})),
        "an exercise left out": ("read-off", lambda c: c.metadata.update(slideshow={"slide_type": "skip"})),
        "too many slides": ("imports", lambda c: c.metadata.update(slideshow={"slide_type": "slide"})),
        "a kind that no deck has": ("sorted", lambda c: c.metadata.update(slideshow={"slide_type": "subslide"})),
        "a note left open": (
            "notes-unroller",
            lambda c: c.update(source=c.source.replace("<details>", "<details open>")),
        ),
        "a note of few words": ("notes-unroller", lambda c: c.update(source=c.source[:120] + "\n\n</details>")),
        "a note gone astray": ("notes-unroller", lambda c: c.update(id="notes-structures")),
    }
    for what, (name, change) in faults.items():
        notebook = page_rules.read(LESSON)
        assert list(page_rules.taught(notebook, LESSON)) == []
        change(cell(notebook, name))
        assert list(page_rules.taught(notebook, LESSON)), what
