"""Print the slips that an exercise's cases do not tell from its reference. Usage: told_apart.py [NN] [EXERCISE]"""

import importlib
import pathlib
import sys

from rnnlab.exercises.check import Exercise

LESSONS = sorted(path.stem for path in (pathlib.Path(__file__).parents[1] / "rnnlab/exercises").glob("nb*.py"))


def exercises(lesson="", name=""):
    """Every exercise of the lessons whose number begins with `lesson`."""
    for stem in LESSONS:
        if stem.startswith(f"nb{lesson}"):
            for thing in vars(importlib.import_module(f"rnnlab.exercises.{stem}")).values():
                if isinstance(thing, Exercise) and name in ("", thing.name):
                    yield stem, thing


if __name__ == "__main__":
    for stem, exercise in exercises(*sys.argv[1:]):
        found = exercise.not_told_apart()
        print(f"{stem} {exercise.name}: {len(found)} not told apart")
        for sentence in found:
            print("   ", sentence)
