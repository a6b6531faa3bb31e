"""The kernel of lesson 07 is killed in the middle of its training; the page, run again from the top, goes on."""

import os

import jupyter_client
import nbformat
import pytest
from page_rules import ROOT

from rnnlab import checkpoints

CELLS = ("imports", "data", "encode", "race", "pipeline", "fit")  # the lesson's own
FEW = "train, x_train = reviews.Reviews(train.texts[:3000], train.labels[:3000], 'few', 'train'), x_train[:3000]"
RESULT = """
import hashlib
weights = b"".join(weight.numpy().tobytes() for weight in net.state_dict().values())
print(hashlib.sha256(weights).hexdigest(), torch.rand(1), history.loss, history.valid_loss, history.valid_accuracy)
"""


@pytest.fixture
def page():
    """What runs, cell by cell; on 1,000 reviews, so without what the lesson asserts of 18,000."""
    cells = {cell.id: cell.source for cell in nbformat.read(ROOT / "notebooks/07_imdb.ipynb", 4).cells}
    lesson = [cells[name] for name in CELLS]
    lesson[-1] = "\n".join(line for line in lesson[-1].splitlines() if not line.startswith("assert"))
    return [*lesson[:3], FEW, *lesson[3:]]


class Kernel:
    """A kernel that runs cells and gives what they print."""

    def __init__(self):
        self.manager, self.client = jupyter_client.manager.start_new_kernel()

    def run(self, code, until=None):
        """Run a cell to its end, or until it has printed `until`."""
        request, printed = self.client.execute(code), ""
        while True:
            message = self.client.get_iopub_msg(timeout=180)
            if message["parent_header"].get("msg_id") != request:
                continue
            printed += message["content"].get("text", "")
            assert message["msg_type"] != "error", message["content"]
            if message["content"].get("execution_state") == "idle" or (until and until in printed):
                return printed

    def kill(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def test_a_restarted_kernel_goes_on_and_a_page_run_twice_is_the_same(page, tmp_path, monkeypatch):
    monkeypatch.setenv("RNNLAB_CHECKPOINTS", str(tmp_path))
    kernel = Kernel()
    try:
        for cell in page[:-1]:
            kernel.run(cell)
        kernel.run(page[-1], until="epoch 1/2")
    finally:
        kernel.kill()
    (path,) = [path for path in tmp_path.rglob("*") if path.suffix == ".pt"]
    assert len(checkpoints.read(path)["history"]["loss"]) == 1  # it was in the middle

    kernel = Kernel()
    try:
        for cell in page[:-1]:
            kernel.run(cell)
        killed = os.stat(path).st_mtime_ns
        pages = [kernel.run(page[-1])]
        results = [kernel.run(RESULT)]
        assert os.stat(path).st_mtime_ns > killed
        path.unlink()  # as if nothing had ever been trained
        for _ in range(2):  # and once more, when all is done
            pages.append(kernel.run(page[-1]))
            results.append(kernel.run(RESULT))
    finally:
        kernel.kill()
    assert pages[0] == pages[1] == pages[2] and pages[0].startswith("epoch 1/2 · loss 0.")
    assert results[0] == results[1] == results[2] and len(results[0]) > 64
