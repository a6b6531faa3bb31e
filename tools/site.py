"""The site: the stored notebooks, a front page and the reference, as static pages that ask nobody. Runs no notebook.

Sphinx reads one folder, so the pages are laid out in build/site-source first, each with what a reader without a kernel
needs: where to run it for real, the folded solutions, the way to the reference and back.
"""

import ast
import base64
import importlib
import inspect
import pkgutil
import re
import shutil
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell
from sphinx.cmd.build import main as sphinx

import rnnlab

ROOT = Path(__file__).parent.parent
SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lessons():
    """The stored notebooks by name, in order."""
    paths = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    return {path.stem: nbformat.read(path, 4) for path in paths}


def question(notebook):
    """The one question of a lesson: the bold line under its title."""
    return re.search(r"^\*\*(.+)\*\*$", notebook.cells[0].source, re.MULTILINE)[1]


REFERENCE = """# The package

{}

```{{toctree}}
:hidden:
:glob:

rnnlab*
```
"""


def first_line(thing):
    return inspect.getdoc(thing).splitlines()[0]


# ---- a lesson ----------------------------------------------------------------------------------------------------


def page(name, notebook, used):
    """A lesson as a page to read: solutions folded, pictures described, and where to do it for real."""
    exercises = vars(importlib.import_module(f"rnnlab.exercises.nb{name}"))
    notebook.cells[0].source += f"\n\n{run_it(name)}"
    kept = []
    for cell in notebook.cells:
        if "check" in cell.metadata.get("tags", []):
            continue
        if solved := re.fullmatch(r"# ex\.(\w+)\.solution\(\)", cell.source):
            cell = new_markdown_cell(solution(exercises[solved[1]], name), id=cell.id)
        for output in cell.get("outputs", []):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
        kept.append(cell)
    notebook.cells = kept
    notebook.metadata["myst"] = {"html_meta": {"description": question(notebook)}}
    if used:
        links = " · ".join(f"[`{name}`](#{name})" for name in used)
        notebook.cells.append(new_markdown_cell(f"## In the reference\n\n{links}", id="reference-links"))
    return notebook


def run_it(name):
    """Where a lesson runs: on the reader's machine, and as soon as the repository has an address, in two clouds too."""
    file = f"notebooks/{name}.ipynb"
    ways = [f"To run it, and to do its exercises: `make lab`, then open `{file}`"]
    address = PROJECT.get("urls", {}).get("Repository", "").removeprefix("https://github.com/").strip("/")
    if address:
        ways += [f"[Colab](https://colab.research.google.com/github/{address}/blob/main/{file})"]
        ways += [f"[Binder](https://mybinder.org/v2/gh/{address}/main?labpath={file})"]
    return " · ".join(ways) + "."


def solution(exercise, name):
    return (
        f"<details><summary>Solution</summary>\n\n```python\n{exercise.source()}\n```\n\n"
        f"Its check runs in JupyterLab: cell `{exercise.name.replace('_', '-')}-check` of `notebooks/{name}.ipynb`.\n\n</details>"
    )


# ---- the reference ---------------------------------------------------------------------------------------------


def modules():
    """The rooms of the package a lesson imports from, by name."""
    found = pkgutil.walk_packages(rnnlab.__path__, "rnnlab.")
    names = sorted(module.name for module in found if not re.search(r"\.nb\d\d_|\.guard$", module.name))
    return {name: importlib.import_module(name) for name in names}


def public(module):
    """The functions and classes a module defines for others, in the order of its text."""
    own = [t for n, t in vars(module).items() if n[0] != "_" and getattr(t, "__module__", None) == module.__name__]
    own = [thing for thing in own if inspect.isfunction(thing) or inspect.isclass(thing)]
    return sorted(own, key=lambda thing: inspect.getsourcelines(thing)[1])


def reference(name, module, lessons_of):
    """One page of the reference: the module's own words, then each function and class with its docstring."""
    lines = [f"# {name}", "", inspect.getdoc(module), ""]
    for thing in public(module):
        kind = "class" if inspect.isclass(thing) else "function"
        full = f"{name}.{thing.__name__}"
        lines += [f"````{{py:{kind}}} {full}{signature(thing)}", "", spaced(inspect.getdoc(thing) or "")]
        for method, member in vars(thing).items() if kind == "class" else ():
            if inspect.isfunction(member) and method[0] != "_" and member.__doc__:
                lines += ["", f"```{{py:method}} {method}{signature(member)}", "", spaced(inspect.getdoc(member)), "```"]
        if taught := lessons_of.get(full):
            lines += ["", "*Lessons:* " + ", ".join(f"[{file[:2]}](../notebooks/{file}.ipynb)" for file in taught)]
        lines += ["````", ""]
    return "\n".join(lines)


def signature(thing):
    """The call, short: types by their last name, no `self`."""
    try:
        text = str(inspect.signature(thing))
    except ValueError:
        return ""
    text = re.sub(r"<(?:built-in method|function|class) '?([\w.]+).*?>", r"\1", text)  # never an address
    return re.sub(r"(?:\w+\.)+(\w+)", r"\1", text.replace("self, ", "").replace("(self)", "()"))


def spaced(doc):
    """A docstring as Markdown: a line that was not full ends where it ends."""
    lines = [line.replace("*", r"\*").replace("->", "→") for line in doc.splitlines()]
    return "\n".join(line + "\\" * (0 < len(line) < 95 and bool(after)) for line, after in zip(lines, [*lines[1:], ""]))


def uses(notebook, known):
    """The names of the reference that a lesson's cells mention, in the order of the page."""
    rooms, names, found = {}, {}, {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", cell.source))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rnnlab"):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    names[alias.asname or alias.name] = full
                    rooms[alias.asname or alias.name] = full
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
                found[f"{rooms[node.value.id]}.{node.attr}"] = None
            if isinstance(node, ast.Name) and node.id in names:
                found[names[node.id]] = None
            if isinstance(node, ast.FunctionDef):
                found |= dict.fromkeys(full for full in known if full.endswith(f".{node.name}"))
    return [full for full in found if full in known]


# ---- all of it ---------------------------------------------------------------------------------------------------


def lay_out():
    """Write everything Sphinx reads into build/site-source."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(ROOT / "site", SOURCE)
    shutil.copytree(ROOT / "notebooks" / "img", SOURCE / "notebooks" / "img")
    pages, rooms = lessons(), modules()
    known = {f"{name}.{thing.__name__}" for name, module in rooms.items() for thing in public(module)}
    lessons_of = {}
    (SOURCE / "reference").mkdir()
    questions = []
    for name, notebook in pages.items():
        used = uses(notebook, known)
        for full in used:
            lessons_of.setdefault(full, []).append(name)
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ").split(" · ")[1]
        questions.append(f"1. [**{title}**](notebooks/{name}.ipynb) {question(notebook)}")
        if name == "01_rnn_basics":
            living = next(cell for cell in notebook.cells if "data-explorer" in str(cell.get("outputs")))
            (SOURCE / "living.html").write_text(living.outputs[-1].data["text/html"], encoding="utf-8")
        nbformat.write(page(name, notebook, used), SOURCE / "notebooks" / f"{name}.ipynb")
    shown = {name: module for name, module in rooms.items() if public(module)}
    for name, module in shown.items():
        (SOURCE / "reference" / f"{name}.md").write_text(reference(name, module, lessons_of), encoding="utf-8")
    said = "\n".join(f"- [{name}]({name}.md): {first_line(module)}" for name, module in shown.items())
    (SOURCE / "reference" / "index.md").write_text(REFERENCE.format(said), encoding="utf-8")
    front = (SOURCE / "index.md").read_text(encoding="utf-8").replace("QUESTIONS", "\n".join(questions))
    (SOURCE / "index.md").write_text(front, encoding="utf-8")


if __name__ == "__main__":
    lay_out()
    shutil.rmtree(SITE, ignore_errors=True)
    sys.exit(sphinx(["-q", "-W", "--keep-going", "-b", "html", str(SOURCE), str(SITE)]))
