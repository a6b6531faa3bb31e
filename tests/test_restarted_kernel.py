"""The kernel of lesson 07 is killed in the middle of its training; the page, run again from the top, goes on."""

import os
import queue

import jupyter_client
import nbformat
import pytest
from page_rules import ROOT

from rnnlab import checkpoints

CELLS = ("imports", "data", "encode", "race", "pipeline", "fit")  # the lesson's own
FEW = "train, x_train = reviews.Reviews(train.texts[:3000], train.labels[:3000], 'few', 'train'), x_train[:3000]"
# Once the first epoch is stored, the third batch of the second one is the last that this process sees.
DIES = """
import itertools, os, signal
from rnnlab import checkpoints
write = checkpoints.write
def write_and_wait(path, state):
    write(path, state)
    if not state["history"]["loss"]:
        return
    batches = itertools.count(1)
    def count(module, inputs):
        if module is net and module.training and next(batches) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    torch.nn.modules.module.register_module_forward_pre_hook(count)
checkpoints.write = write_and_wait
"""
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

    def run(self, code):
        """Run a cell to its end and give what it has printed, or None where the kernel has died of it."""
        request, printed = self.client.execute(code), ""
        while self.manager.is_alive():
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            printed += message["content"].get("text", "")
            assert message["msg_type"] != "error", message["content"]
            if message["content"].get("execution_state") == "idle":
                return printed
        return None

    def kill(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def test_a_restarted_kernel_goes_on_and_a_page_run_twice_is_the_same(page, tmp_path, monkeypatch):
    monkeypatch.setenv("RNNLAB_CHECKPOINTS", str(tmp_path))
    kernel = Kernel()
    try:
        for cell in [*page[:-1], DIES]:
            kernel.run(cell)
        assert kernel.run(page[-1]) is None
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
