"""The decks: every lesson as slides of 1280 x 720, one file each, explorers alive, nothing asked from outside.

What stands on which slide is said by the notebook's own slideshow metadata; of a cell with the tag output-only a deck
leaves out the code. The teacher's notes open with the key S.
"""

import re
import sys
import textwrap
from pathlib import Path

import nbformat
import sphinx_revealjs
from nbconvert.exporters import SlidesExporter
from nbformat.v4 import new_markdown_cell
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).parent.parent
DECK = Path(__file__).parent / "deck"
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
STYLES = [REVEAL / "dist" / "reset.css", REVEAL / "dist" / "reveal.css", DECK / "deck.css"]
SCRIPTS = [REVEAL / "dist" / "reveal.js", REVEAL / "plugin" / "notes" / "notes.js", DECK / "deck.js"]


def deck(path):
    """The slides of the notebook at `path` as one HTML page."""
    notebook = nbformat.read(path, 4)
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    notebook.cells = list(cells(notebook))
    colours = HtmlFormatter(style="a11y-light").get_style_defs(".highlight")
    controls = r"[^{}]*\.reveal \.controls[^{}]*\{[^{}]*\}"  # reveal's own; explorers have such too
    styles = [re.sub(controls, "", css) for css in read(STYLES)]
    parts = {"title": title, "styles": [*styles, colours], "scripts": read(SCRIPTS)}
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(DECK.parent)],
        preprocessors=["rnnlab.jupyter.export.Lesson"],
    )
    return exporter.from_notebook_node(notebook, {"deck": parts, "metadata": {"path": str(path.parent)}})[0]


def cells(notebook):
    """The cells as a deck shows them; a slide that goes on under the heading of the one before says so."""
    heading = ""
    for cell in notebook.cells:
        kind, markdown = slide_type(cell), cell.cell_type == "markdown"
        headings = re.findall(r"^#{1,3} (?!Exercise)(.+)", cell.source, re.MULTILINE) if markdown else []
        if kind == "slide" and not (markdown and cell.source.startswith("#")):
            cell.metadata["slideshow"] = {"slide_type": "-"}
            yield new_markdown_cell(
                f"## {heading} …", id=f"{cell.id}-heading", metadata={"slideshow": {"slide_type": "slide"}}
            )
        heading = headings[-1] if headings else heading
        if kind == "notes":
            cell.source = cell.source.replace("<details>", "<details open>")  # folded on the page, read in class
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = "\n".join(map(narrow, cell.source.splitlines()))
        if "output-only" in cell.metadata.get("tags", []):
            cell.metadata["transient"] = {"remove_source": True}
        if markdown:
            cell.source = re.sub(r"(\]\(\w+)\.ipynb\b", r"\1.html", cell.source)  # from lesson to lesson, deck to deck
        yield cell


def narrow(line):
    """A line of a stub's docstring as large letters have room for: it goes on under itself, and shapes stay whole."""
    if line.lstrip().startswith("def "):
        return line
    whole = re.sub(r"(-> )?\([^()]*\)", lambda shape: shape[0].replace(" ", "\xa0"), line)
    wrapped = textwrap.fill(whole, 84, subsequent_indent=re.match(" *", line)[0], break_long_words=False)
    return wrapped.replace("\xa0", " ")


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def read(paths):
    return [path.read_text(encoding="utf-8").replace("</script", "<\\/script") for path in paths]


if __name__ == "__main__":
    folder = ROOT / "build" / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[1:]):
        (folder / f"{path.stem}.html").write_text(deck(path), encoding="utf-8")
