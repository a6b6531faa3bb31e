"""The site: the stored notebooks, a front page and the reference, as static pages that ask nobody. Runs no notebook.

Sphinx reads one folder, so the pages are laid out in build/site-source first, each with what a reader without a kernel
needs: where to run it for real, the folded solutions, the way to the reference and back.
"""

import ast
import importlib
import inspect
import json
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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COLAB = """\
%pip install --quiet "rnnlab @ git+{address}"
from google.colab import output
output.enable_custom_widget_manager()  # explorers are widgets"""


def lessons():
    """The stored notebooks by name, in order."""
    paths = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    return {path.stem: nbformat.read(path, 4) for path in paths}


def question(notebook):
    """The one question of a lesson: the bold line under its title."""
    return re.search(r"^\*\*(.+)\*\*$", notebook.cells[0].source, re.MULTILINE)[1]


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
    title = notebook.cells[0].source.splitlines()[0].partition(" · ")[2]
    notebook.metadata["myst"] = {"html_meta": {"description": f"{title}: {question(notebook)}"}}
    if used:
        links = " · ".join(f"[`{name}`](#{name})" for name in used)
        notebook.cells.append(new_markdown_cell(f"## In the reference\n\n{links}", id="reference-links"))
    return notebook


def run_it(name):
    """Where a lesson runs: on the reader's machine, and as soon as the repository has an address, in two clouds too."""
    file = f"notebooks/{name}.ipynb"
    here = f"To run it, and to do its exercises: `make lab`, then open `{file}`"
    if not (address := PROJECT.get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")):
        return here + "."
    place = address.removeprefix("https://github.com/")
    colab = f"[Colab](https://colab.research.google.com/github/{place}/blob/main/{file})"
    binder = f"[Binder](https://mybinder.org/v2/gh/{place}/main?labpath={file})"
    first = f"```python\n{COLAB.format(address=address)}\n```"
    cell = f"<details><summary>In Colab, the first cell</summary>\n\n{first}\n\n</details>"
    return f"{here} · {colab} · {binder}.\n\n{cell}"


def solution(exercise, name):
    """The folded solution of an exercise, and where its check runs."""
    where = f"Its check runs in JupyterLab: cell `{exercise.name.replace('_', '-')}-check` of `notebooks/{name}.ipynb`."
    return f"<details><summary>Solution</summary>\n\n```python\n{exercise.source()}\n```\n\n{where}\n\n</details>"


# ---- the reference ---------------------------------------------------------------------------------------------


def rooms():
    """The modules of the package by the page they stand on: one page for a module, or for all of a folder."""
    found = pkgutil.walk_packages(rnnlab.__path__, "rnnlab.")
    names = sorted(module.name for module in found if not re.search(r"\.exercises\.(?!check$)", module.name))
    pages = {}
    for name in names:
        if public(module := importlib.import_module(name)):
            pages.setdefault(".".join(name.split(".")[:2]), []).append(module)
    return pages


def public(module):
    """The functions and classes a module defines for others, in the order of its text."""
    own = [t for n, t in vars(module).items() if n[0] != "_" and getattr(t, "__module__", None) == module.__name__]
    own = [thing for thing in own if inspect.isfunction(thing) or inspect.isclass(thing)]
    return sorted(own, key=lambda thing: inspect.getsourcelines(thing)[1])


def reference(title, modules, lessons_of):
    """One page of the reference: each module's own words, then its functions and classes with their docstrings."""
    about = inspect.getdoc(modules[0]).splitlines()[0]
    lines = ["---", "myst:", "  html_meta:", f"    description: {json.dumps(about)}", "---", f"# {title}"]
    for module in modules:
        lines += [f"## {module.__name__}"] * (len(modules) > 1) + ["", inspect.getdoc(module), ""]
        for thing in public(module):
            lines += entry(thing, f"{module.__name__}.{thing.__name__}", lessons_of)
    return "\n".join(lines)


def entry(thing, full, lessons_of):
    """The lines for one function or class, its methods and the lessons it is met in."""
    kind = "class" if inspect.isclass(thing) else "function"
    lines = [f"````{{py:{kind}}} {full}{signature(thing)}", "", spaced(inspect.getdoc(thing) or "")]
    for name, member in vars(thing).items() if kind == "class" else ():
        if inspect.isfunction(member) and name[0] != "_" and member.__doc__:
            lines += ["", f"```{{py:method}} {name}{signature(member)}", "", spaced(inspect.getdoc(member)), "```"]
    if taught := lessons_of.get(full):
        lines += ["", "*Lessons:* " + ", ".join(f"[{name[:2]}](../notebooks/{name}.ipynb)" for name in taught)]
    return [*lines, "````", ""]


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
    return re.sub(r"(?m)^(.{1,95})\n(?=.)", r"\1\\\n", "\n".join(lines))


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


def lay_out(source):
    """Write everything Sphinx reads into the folder `source`."""
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(ROOT / "site", source)
    shutil.copytree(ROOT / "img", source / "img")
    (source / "notebooks").mkdir()
    pages, package = lessons(), rooms()
    known = {f"{m.__name__}.{thing.__name__}" for modules in package.values() for m in modules for thing in public(m)}
    questions, lessons_of = [], {}
    for name, notebook in pages.items():
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        questions.append(f"- [**{title}**](notebooks/{name}.ipynb) {question(notebook)}")
        used = uses(notebook, known)
        for full in used:
            lessons_of.setdefault(full, []).append(name)
        nbformat.write(page(name, notebook, used), source / "notebooks" / f"{name}.ipynb")
    living = awake(explorer(pages["01_rnn_basics"]))
    fill(source / "index.md", QUESTIONS="\n".join(questions), LIVING=living)
    for title, modules in package.items():
        text = reference(title, modules, lessons_of)
        (source / "reference" / f"{title}.md").write_text(text, encoding="utf-8")
    listed = [
        f"- [{title}]({title}.md): {inspect.getdoc(modules[0]).splitlines()[0]}" for title, modules in package.items()
    ]
    fill(source / "reference" / "index.md", ROOMS="\n".join(listed))


def explorer(notebook):
    """The first explorer of a lesson, as it is stored: HTML that needs no kernel."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    pages = (output.get("data", {}).get("text/html", "") for output in outputs)
    return next(page for page in pages if "data-explorer" in page)


def awake(page):
    """An explorer that lives before anything is on the screen: what stands under it never moves."""
    return re.sub(r'<script type="module">(.*?)</script>', r"<script>{\1}</script>", page, flags=re.DOTALL)


def fill(path, **parts):
    """Put each part where its name stands in a page."""
    text = path.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(name, part)
    path.write_text(text, encoding="utf-8")


def build(source, site):
    """Build the site in the folder `site`, by way of `source`; 0 if there was nothing to complain of."""
    lay_out(source)
    shutil.rmtree(site, ignore_errors=True)
    return sphinx(["-q", "-W", "--keep-going", "-b", "html", str(source), str(site)])


if __name__ == "__main__":
    sys.exit(build(ROOT / "build" / "site-source", ROOT / "build" / "site"))
