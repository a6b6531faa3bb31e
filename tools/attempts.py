"""Run a bank of attempts through the checks and print who spoke. Usage: attempts.py [FILE...]

A bank is a Python file of attempts: `#% exercise NAME`, then each attempt under `#% right · a few words` or
`#% wrong · the slip in a sentence`. Without FILE: all of tests/attempts.
"""

import ast
import collections
import contextlib
import importlib
import io
import linecache
import pathlib
import re
import sys
import time
from dataclasses import dataclass

import nbformat
import torch

ROOT = pathlib.Path(__file__).parents[1]
MARK = re.compile(r"#% (exercise|right|wrong)\s*(?:·\s*)?(.*)")


@dataclass
class Attempt:
    """One attempt of a bank: at which exercise, whether it is right, what its author says of it, and its text."""

    lesson: str
    exercise: str
    right: bool
    said: str
    code: str


def read(path):
    """The attempts of one file. Raises ValueError for a marker that is none."""
    lesson, exercise, found = path.stem, None, []
    for line in path.read_text(encoding="utf-8").splitlines():
        mark = MARK.fullmatch(line.strip())
        if line.startswith("#%") and not mark:
            raise ValueError(f"{path.name}: not a marker: {line!r}.")
        if mark and mark[1] == "exercise":
            exercise = mark[2].strip()
        elif mark:
            found.append(Attempt(lesson, exercise, mark[1] == "right", mark[2].strip(), ""))
        elif found:
            found[-1].code += line + "\n"
    return found


def page(lesson):
    """The names of a lesson's page: its imports, the functions and classes it defines, and its default dtype."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson[2:]}.ipynb", 4)
    kinds = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    space = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        if {"exercise", "check"} & set(cell.metadata.get("tags", [])):
            continue
        with contextlib.suppress(SyntaxError):  # a cell magic
            for node in ast.parse(cell.source).body:
                if isinstance(node, kinds) or "set_default_dtype" in ast.unparse(node):
                    with contextlib.suppress(Exception):  # it needs what the page computes
                        compiled(ast.unparse(node), f"<page {lesson} {number} {node.lineno}>", space)
    module = importlib.import_module(f"rnnlab.exercises.{lesson}")
    for name, thing in vars(module).items():
        if type(thing).__name__ == "Exercise":
            space[name] = thing.answer  # as on the page, where the check gives the reference back
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    return space, dtype


def compiled(text, name, space):
    """Run text as a cell of a notebook is run, so that its source can be read again."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), space)


def judged(attempts):
    """(attempt, verdict, seconds of processor time) for each; every one on a fresh page."""
    pages = {}
    for number, attempt in enumerate(attempts):
        if attempt.lesson not in pages:
            pages[attempt.lesson] = page(attempt.lesson)
        exercise = getattr(importlib.import_module(f"rnnlab.exercises.{attempt.lesson}"), attempt.exercise)
        names, dtype = pages[attempt.lesson]
        space = dict(names)
        torch.set_default_dtype(dtype)
        with contextlib.redirect_stdout(io.StringIO()):
            compiled(attempt.code, f"<attempt {number} {attempt.lesson} {attempt.exercise}>", space)
        started = time.process_time()
        try:
            verdict = exercise.verdict(space[attempt.exercise])
        finally:
            spent = time.process_time() - started
            torch.set_default_dtype(torch.float32)
        yield attempt, verdict, spent


def main(paths):
    """Print each verdict, and how often each voice spoke."""
    paths = [pathlib.Path(path) for path in paths] or sorted((ROOT / "tests/attempts").glob("nb*.txt"))
    voices, times, odd = collections.Counter(), {True: [], False: []}, collections.Counter()
    for attempt, verdict, seconds in judged([attempt for path in paths for attempt in read(path)]):
        state, sentence = verdict
        voices["right" if attempt.right else "wrong", verdict.voice] += 1
        times[attempt.right].append(seconds)
        odd[attempt.right, state] += 1
        print(f"{attempt.exercise} · {'right' if attempt.right else 'wrong'} · {attempt.said}")
        print(f"    {verdict.voice}, {seconds:.2f} s: {sentence}")
    for (kind, voice), count in sorted(voices.items()):
        print(f"{kind:6} {voice:14} {count}")
    for right, seconds in times.items():
        if seconds:
            middle, largest = sorted(seconds)[len(seconds) // 2], max(seconds)
            print(f"{'right' if right else 'wrong'}: median {middle:.2f} s, slowest {largest:.2f} s")
    print(f"right refused: {odd[True, 'not yet']}, wrong accepted: {odd[False, 'correct']}")


if __name__ == "__main__":
    main(sys.argv[1:])
