"""Run notebooks in place and store their outputs: the only way stored outputs are made.

Usage: python -m tools.store_outputs FILE...
"""

import os
import sys
import tempfile
from unittest import mock

os.environ["OMP_NUM_THREADS"] = "1"  # the stored numbers are those of one thread; the kernels inherit this

import nbformat
from nbclient import NotebookClient

WIDGET = "application/vnd.jupyter.widget-view+json"  # its id is random, and without a kernel it shows nothing


def store(path):
    """Execute the notebook at `path` and write it back; a second run writes the same bytes."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    folder = {"metadata": {"path": os.path.dirname(path) or "."}}
    with (
        tempfile.TemporaryDirectory() as checkpoints,  # empty: what is stored was trained for it
        mock.patch.dict(os.environ, RNNLAB_CHECKPOINTS=checkpoints),
    ):
        NotebookClient(notebook, timeout=300, record_timing=False, resources=folder).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    nbformat.write(notebook, path)


def joined(outputs):
    """Outputs with what a cell printed in one piece, where its first piece stood: a kernel cuts it anywhere.

    nbclient's coalesce_streams does the same, and takes minutes for one line of 3 MB.
    """
    found, streams = [], {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        found.append(output)
        if output.output_type == "stream":
            streams[output.name] = output
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        store(name)
        print("stored", name)
