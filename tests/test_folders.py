"""Where a lesson's checkpoint lies: the same place for every kernel, and one that takes a file."""

import shutil
from pathlib import Path

import pytest

from rnnlab import folders


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    for name in ("RNNLAB_CHECKPOINTS", "RNNLAB_CACHE", "RNNLAB_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(folders.pooch, "os_cache", lambda name: tmp_path / "user" / name)


def test_a_lesson_finds_its_checkpoint_again(tmp_path, monkeypatch, capsys):
    path = folders.checkpoint("07/reviews.pt")
    assert path == folders.checkpoint("07/reviews.pt") == tmp_path / "user/rnnlab/checkpoints/07/reviews.pt"
    path.write_bytes(b"there")
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "mine"))
    assert folders.checkpoint("07/reviews.pt") == tmp_path / "mine/checkpoints/07/reviews.pt"
    monkeypatch.setenv("RNNLAB_CHECKPOINTS", "~/runs")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folders.checkpoint("reviews.pt") == tmp_path / "runs/reviews.pt"
    assert capsys.readouterr().out == "" and [f for f in tmp_path.rglob("*") if f.is_file()] == [path]


def test_a_cache_that_takes_no_file_does_not_stop_a_lesson(read_only_folder, monkeypatch, capsys):
    monkeypatch.setenv("RNNLAB_CACHE", str(read_only_folder))
    path = folders.checkpoint("07/reviews.pt")
    path.write_bytes(b"a file")
    assert path.name == "reviews.pt" and read_only_folder not in path.parents
    shutil.rmtree(path.parent)
    said = capsys.readouterr().out
    assert said == "Your cache folder takes no file: a restarted kernel will train from the start.\n"
    monkeypatch.setenv("RNNLAB_CHECKPOINTS", str(read_only_folder))
    with pytest.raises(
        OSError, match=r"RNNLAB_CHECKPOINTS is '.*', where .*07 takes no file \(Permission denied\): set it"
    ):
        folders.checkpoint("07/reviews.pt")


@pytest.mark.parametrize("name", ["/07/reviews.pt", "../reviews.pt", "07/../../x", "", None, 7, "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises((ValueError, TypeError), match="name is .*, expected"):
        folders.checkpoint(name)


def test_data_are_where_they_are_said_to_be(tmp_path, monkeypatch):
    assert folders.data() is None
    monkeypatch.setenv("RNNLAB_DATA", "")
    assert folders.data() is None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNLAB_DATA", "data")
    assert folders.data() == Path.cwd() / "data"
