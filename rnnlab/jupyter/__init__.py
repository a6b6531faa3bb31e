"""What Jupyter knows of the course, however it is started: saving (server.py), exporting (export.py), its news off.

Jupyter itself reads the .json files beside this one; pyproject.toml installs them where it looks.
"""

from pathlib import Path

from jupyter_core.paths import jupyter_path

WIDGET = "application/vnd.jupyter.widget-view+json"
DRAWINGS = [folder for folder in map(Path, jupyter_path("rnnlab", "img")) if folder.is_dir()]  # the installed ones


def drawing(name: str) -> Path | None:
    """The installed file of the drawing `name`, for a page that lies where the folder img is not beside its own."""
    return next((folder / name for folder in DRAWINGS if (folder / name).is_file()), None)


def leave_out_widgets(cells: list) -> None:
    """Drop the widget of an explorer where its page is stored beside it, so that the page is shown.

    A widget ends with its kernel: opened again, JupyterLab would write "model not found" in its place.
    """
    for cell in cells:
        for output in cell.get("outputs", []):
            if "data-explorer=" in output.get("data", {}).get("text/html", ""):
                output["data"].pop(WIDGET, None)
