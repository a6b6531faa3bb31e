"""A pytest plugin: nbval as a front end sees a notebook, with pictures compared and `expression;` kept quiet.

A stored page may not take more memory than a shared server has.
"""

import base64
import io
import os
import re
import tempfile
from pathlib import Path

import nbval.kernel
import nbval.plugin
import numpy as np
import pytest
from PIL import Image

BLOCK = 8  # pixels; pictures are compared as means over such squares, so that antialiasing passes
MEAN, WORST = 1.0, 20.0  # of 255; tests/test_figures.py shows what these catch and what they let pass
# MiB a kernel takes at most, at its peak, beside the libraries' pages that all kernels share (some 330): thirty
# learners share a server. Importing PyTorch takes 280 of them; rnnlab/light_torch.py keeps out what takes 80 more.
MIB = 520
MORE = {
    "06_embeddings": 750,
    "07_imdb": 750,
    "08_mnist": 620,
    "09_language_model": 620,
    "10_attention": 620,
    "11_parallel": 600,
}


class Picture(str):
    """A base64 PNG that equals another when both look the same."""

    def grid(self):
        image = Image.open(io.BytesIO(base64.b64decode(self))).convert("RGB")
        small = image.resize((max(image.width // BLOCK, 1), max(image.height // BLOCK, 1)), Image.Resampling.BOX)
        return image.size, np.asarray(small, dtype=float)

    def __eq__(self, other):
        if str(self) == str(other):
            return True
        (size, mine), (other_size, theirs) = self.grid(), Picture(other).grid()
        if size != other_size:
            return False
        difference = abs(mine - theirs)
        return bool(difference.mean() < MEAN and difference.max() < WORST)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def execute(self, code, allow_stdin=None):
    return self.kc.execute(code, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


def compare(self, test, ref, skip_compare=None, plain=nbval.plugin.IPyNbCell.compare_outputs):
    skip_compare = skip_compare or self.parent.skip_compare
    return plain(self, test, ref, tuple(key for key in skip_compare if key != "image/png"))


def sanitize(self, text, plain=nbval.plugin.IPyNbCell.sanitize):
    return Picture(text.strip()) if isinstance(text, str) and text.startswith("iVBORw0KGgo") else plain(self, text)


def setup(self, plain=nbval.plugin.IPyNbFile.setup):
    """Start the kernel of a page with no checkpoint of an earlier run: what the page trains is what is compared."""
    self.checkpoints, self.before = tempfile.TemporaryDirectory(), dict(os.environ)
    os.environ["RNNLAB_CHECKPOINTS"] = self.checkpoints.name
    plain(self)


def teardown(self, plain=nbval.plugin.IPyNbFile.teardown):
    """Stop the kernel, and complain of a page that took too much; on a simulated processor every page takes more."""
    peak, shared = memory(self.kernel.km.provisioner.pid)
    page = f"{self.path.parent.name}/{self.path.name}: its kernel"
    self.measured = f"{page} took {peak} MiB at its peak, {peak - shared} of its own and {shared} of libraries."
    plain(self)
    os.environ.clear()
    os.environ.update(self.before)
    most = MORE.get(self.path.stem, MIB)
    if peak - shared > most and "other_processor" not in self.nb.cells[0].source:
        pytest.fail(f"{page} took {peak - shared} MiB of its own, at most {most} are allowed", pytrace=False)


def memory(pid):
    """MiB a process took at its peak, and how many of them are pages of files: all kernels share those."""
    status = Path(f"/proc/{pid}/status")  # Linux alone has it
    text = status.read_text() if status.exists() else "VmHWM: 0 kB RssFile: 0 kB"
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text)[1]) // 1024 for name in ("VmHWM", "RssFile"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """With the last cell of a page its kernel is stopped, and what it took is said."""
    try:
        return (yield)
    finally:
        if hasattr(item.parent, "measured"):
            item.user_properties.append(("measured", item.parent.measured))


# nbval offers no hook for these five, so they are replaced where it looks them up.
nbval.kernel.RunningKernel.execute_cell_input = execute
nbval.plugin.IPyNbCell.compare_outputs = compare
nbval.plugin.IPyNbCell.sanitize = sanitize
nbval.plugin.IPyNbFile.setup = setup
nbval.plugin.IPyNbFile.teardown = teardown
