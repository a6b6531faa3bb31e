"""Every stored notebook keeps the house's rules, and every exercise can say yes and no."""

import importlib
import inspect

import page_rules
import pytest

from rnnlab.exercises.check import Exercise


def exercises():
    for path in page_rules.NOTEBOOKS:
        try:
            lesson = importlib.import_module(f"rnnlab.exercises.nb{path.stem}")
        except ModuleNotFoundError:
            continue
        for exercise in vars(lesson).values():
            if isinstance(exercise, Exercise):
                yield pytest.param(path, exercise, id=f"{path.stem}-{exercise.name}")


@pytest.mark.parametrize("rule", page_rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", page_rules.NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, rule):
    assert list(rule(page_rules.read(path), path)) == []


@pytest.mark.parametrize("path, exercise", list(exercises()))
def test_exercise(path, exercise):
    stub = next(c for c in page_rules.read(path).cells if c.id == exercise.name.replace("_", "-"))
    space = dict(vars(inspect.getmodule(exercise.answer)))
    exec(stub.source, space)
    assert exercise.verdict(space[exercise.name])[0] == "not attempted"
    assert exercise.verdict(exercise.answer) == ("correct", "correct.")
    assert len(exercise.wrong) >= 3
    for mistake, diagnosis in exercise.wrong.items():
        assert exercise.verdict(mistake) == ("not yet", diagnosis)
    assert len(set(exercise.wrong.values())) == len(exercise.wrong), "two mistakes share a diagnosis"


@pytest.mark.parametrize(
    "path", sorted((page_rules.ROOT / "rnnlab/exercises").glob("*.py")), ids=lambda path: path.stem
)
def test_the_exercises_of_a_lesson_and_each_voice_are_a_short_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_numbers_are_the_order():
    assert page_rules.NOTEBOOKS, "no notebook found"
    numbers = [int(path.stem[:2]) for path in page_rules.NOTEBOOKS]
    assert numbers == sorted(set(numbers))
