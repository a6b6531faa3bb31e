"""The explorers in a real browser, for tests and benchmarks: Chromium, exported pages, JupyterLab on loopback."""

import contextlib
import importlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-sync", "--no-first-run", "--headless=new"]
MARKUP = "root => [...root.querySelectorAll('svg, .say')].map(node => node.outerHTML).join()"


@dataclass(frozen=True)
class Play:
    """How a learner plays with an explorer: the control that takes the arrow keys, what the mouse is drawn across."""

    kind: str  # the class DrawADigit; its module is draw_a_digit, its root on the page has the class draw-a-digit
    lesson: str
    control: tuple[str, str]  # role and label
    drawn: str  # a selector inside the explorer

    @property
    def module(self):
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in self.kind).lstrip("_")

    @property
    def source(self):
        """The cell that shows a small one."""
        return f"from rnnlab.explorers.{self.module} import {self.kind}\n{self.kind}.example()"

    def example(self):
        return getattr(importlib.import_module(f"rnnlab.explorers.{self.module}"), self.kind).example()

    @property
    def selector(self):
        return f".rnnlab.{self.module.replace('_', '-')}"

    def on(self, page):
        """The first one on the page, awake and in view."""
        root = page.locator(self.selector).first
        root.wait_for()
        root.scroll_into_view_if_needed()
        return root

    def press(self, root, key):
        role, label = self.control
        root.get_by_role(role, name=label).first.press(key)

    def step(self, root, back=False):
        """One arrow key on the control: on, or back where it stands at its end or is told to."""
        role, label = self.control
        at_end = root.get_by_role(role, name=label).first.evaluate("input => input.value === input.max")
        self.press(root, "ArrowLeft" if back or at_end else "ArrowRight")

    def draw(self, root):
        """Mouse down, across the picture, up."""
        place = root.locator(self.drawn).first
        place.scroll_into_view_if_needed()
        box, mouse = place.bounding_box(), root.page.mouse
        mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
        mouse.down()
        mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.6 * box["height"], steps=8)
        mouse.up()


# One line for each explorer; tests and benchmarks go through this list.
EXPLORERS = [
    Play("Unroller", "01_rnn_basics", ("slider", "step"), ".chain svg"),
    Play("ShapeMachine", "02_shapes", ("slider", "I input"), ".tensor.h_n"),
    Play("BackThroughTime", "03_bptt", ("slider", "loss at step"), ".chain svg"),
    Play("GradientRiver", "04_vanishing_gradients", ("slider", "spectral radius"), "svg"),
    Play("GateTheatre", "05_lstm_gru", ("slider", "step"), ".chain svg"),
    Play("WordMap", "06_embeddings", ("slider", "rank"), ".map svg"),
    Play("RunningVerdict", "07_imdb", ("slider", "words read"), ".plot svg"),
    Play("RowByRow", "08_mnist", ("slider", "rows read"), ".seen"),
    Play("DrawADigit", "08_mnist", ("slider", "rows read"), ".pad"),
    Play("NextLetter", "09_language_model", ("slider", "temperature"), ".letter"),
    Play("SayIt", "10_attention", ("slider", "sound"), ".chain svg"),
    Play("Scan", "11_parallel", ("slider", "round"), ".chain svg"),
]


def chromium(playwright):
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


def markup(root):
    """What the explorer draws and says, as text: it changes when the picture does."""
    return root.evaluate(MARKUP)


def stored(*explorers):
    """A notebook that shows the explorers as a stored one does: without a kernel, so without the widget."""
    cells = []
    for number, explorer in enumerate(explorers):
        data = {"text/html": explorer.page(), "text/plain": repr(explorer)}
        cells.append(new_code_cell(repr(explorer), id=f"cell-{number}", outputs=[new_output("display_data", data)]))
    return new_notebook(cells=cells)


def export(notebook, path, theme="light"):
    """Write a notebook as the page that `jupyter nbconvert --to html` makes of it, and return its address.

    Left out are the two libraries that nbconvert's own template loads from the web, for formulas and old widgets.
    """
    exporter = HTMLExporter(theme=theme, mathjax_url="", require_js_url="")
    path.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    return path.as_uri()


class Lab:
    """A running JupyterLab: `url` of its root folder `work`, and its settings."""

    def __init__(self, home, port, token):
        self.work, self.settings, self.port, self.token = home / "work", home / "settings", port, token

    def url(self, notebook):
        return f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?token={self.token}&reset"

    def set(self, plugin, **settings):
        """The settings of a plugin, for every page that is opened from now on."""
        file = self.settings / "@jupyterlab/apputils-extension" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def write(self, name, *sources):
        """A notebook of code cells in the root folder."""
        cells = [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(new_notebook(cells=cells, metadata=kernel), self.work / name)
        return name

    def ask(self, path, method="GET"):
        """What the server answers, past any proxy."""
        address = f"http://127.0.0.1:{self.port}/api/{path}?token={self.token}"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(urllib.request.Request(address, method=method)) as answer:
            return answer.read()

    def shut_kernels(self):
        for session in json.loads(self.ask("sessions")):
            self.ask(f"sessions/{session['id']}", "DELETE")

    def run_all(self, page, notebook):
        """Open a notebook, choose Run All Cells from the menu, wait, save, and return what was saved."""
        from playwright.sync_api import TimeoutError as NoAnswer  # whoever has a page has Playwright

        page.goto(self.url(notebook), timeout=120_000)
        idle = page.get_by_text("Python 3 (ipykernel) | Idle")  # in the status bar, and only once the kernel answers
        idle.wait_for(timeout=120_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        path, before = self.work / notebook, (self.work / notebook).stat().st_mtime_ns
        count = sum(cell.cell_type == "code" for cell in nbformat.read(path, 4).cells)
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            idle.wait_for(timeout=120_000)
            # What was saved by itself a moment ago is not saved again: no answer then, and the file is looked at.
            with contextlib.suppress(NoAnswer), page.expect_response(_is_saved, timeout=10_000):
                page.locator(".jp-NotebookPanel:visible").press("Control+s")
            saved = nbformat.read(path, 4)
            ran = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
            if path.stat().st_mtime_ns > before and ran == list(range(1, count + 1)):
                return saved
        raise TimeoutError(f"{notebook} had not run to its end after three minutes: execution counts {ran}.")


@contextlib.contextmanager
def jupyterlab(home):
    """JupyterLab on its own port in `home`, with a copy of the lessons; it ends with the block."""
    work = home / "work"
    ignore = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", work / "notebooks", ignore=ignore, dirs_exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        lab = Lab(home, free.getsockname()[1], secrets.token_hex(16))
    folders = {f"JUPYTER_{name.upper()}_DIR": name for name in ("config", "data", "runtime")}
    folders |= {f"JUPYTERLAB_{name.upper()}_DIR": name for name in ("settings", "workspaces")} | {
        "IPYTHONDIR": "ipython"
    }
    flags = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={lab.port}"]
    flags += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={work}", f"--IdentityProvider.token={lab.token}"]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    environment |= {name: str(home / folder) for name, folder in folders.items()}
    with (home / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *flags], env=environment, stdout=log, stderr=log)
    try:
        await_server(lab, server, home / "log")
        yield lab
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _is_saved(answer):
    """Whether a notebook was written: JupyterLab puts its layout, too."""
    return answer.request.method == "PUT" and "/api/contents/" in answer.url


def await_server(lab, server, log):
    for _ in range(600):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return lab.ask("status")
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
