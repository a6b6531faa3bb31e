"""The decks: every lesson as slides of 1280 x 720, one file each, explorers alive, nothing asked from outside.

What stands on which slide is said by the notebook's own slideshow metadata; of a cell with the tag output-only a deck
leaves out the code. The teacher's notes open with the key S.
"""

import re
import sys
from pathlib import Path

import nbformat
import sphinx_revealjs
from nbconvert.exporters import SlidesExporter
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).parent.parent
DECK = Path(__file__).parent / "deck"
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"


def deck(path):
    """The slides of the notebook at `path` as one HTML page."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") == "notes":
            cell.source = cell.source.replace("<details>", "<details open>")  # folded on the page, read in class
        if "output-only" in cell.metadata.get("tags", []):
            cell.metadata["transient"] = {"remove_source": True}
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"(\]\(\w+)\.ipynb\b", r"\1.html", cell.source)  # from lesson to lesson, deck to deck
    colours = HtmlFormatter(style="a11y-light").get_style_defs(".highlight")
    styles = [text(REVEAL / "dist" / "reset.css"), text(REVEAL / "dist" / "reveal.css"), colours, text(DECK / "deck.css")]
    scripts = [text(REVEAL / "dist" / "reveal.js"), text(REVEAL / "plugin" / "notes" / "notes.js")]
    parts = {"title": notebook.cells[0].source.splitlines()[0].lstrip("# "), "styles": styles, "scripts": scripts}
    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(DECK.parent)],
        preprocessors=["rnnlab.jupyter.export.Lesson"],
    )
    return exporter.from_notebook_node(notebook, {"deck": parts, "metadata": {"path": str(path.parent)}})[0]


def text(path):
    return path.read_text(encoding="utf-8").replace("</script", "<\\/script")


if __name__ == "__main__":
    folder = ROOT / "build" / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[1:]):
        (folder / f"{path.stem}.html").write_text(deck(path), encoding="utf-8")
