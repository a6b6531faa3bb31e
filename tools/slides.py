"""The decks: every lesson as slides of 1280 x 720, one file each, explorers alive, nothing asked from outside.

What stands on which slide is said by the notebook's own slideshow metadata; the teacher's notes open with the key S.
"""

import sys
from pathlib import Path

import nbformat
import sphinx_revealjs
from nbconvert.exporters import SlidesExporter
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"


def deck(notebook):
    """A notebook's slides as one HTML page."""
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    styles = [REVEAL / "dist" / "reset.css", REVEAL / "dist" / "reveal.css", HERE / "deck" / "deck.css"]
    scripts = [REVEAL / "dist" / "reveal.js", REVEAL / "plugin" / "notes" / "notes.js"]
    coloured = HtmlFormatter(style="a11y-light").get_style_defs(".highlight")
    parts = {"title": title, "styles": [*read(styles), coloured], "scripts": read(scripts)}
    exporter = SlidesExporter(template_name="deck", extra_template_basedirs=[str(HERE)])
    return exporter.from_notebook_node(notebook, {"deck": parts})[0]


def read(paths):
    return [path.read_text(encoding="utf-8").replace("</script", "<\\/script") for path in paths]


if __name__ == "__main__":
    folder = ROOT / "build" / "slides"
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, sys.argv[1:]):
        (folder / f"{path.stem}.html").write_text(deck(nbformat.read(path, 4)), encoding="utf-8")
