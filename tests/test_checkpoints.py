"""Files that are whole or not there, whoever else writes beside them, and that hold nothing but numbers and names."""

import os
import threading
import time
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training import same
from torch import nn

from rnnlab import checkpoints, folders

FLOATS = {"allow_nan": False, "allow_subnormal": False}  # seed_everything has numbers below 1e-38 taken for 0
NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(**FLOATS), st.text(max_size=5),
    st.floats(width=32, **FLOATS).map(np.float32), st.floats(**FLOATS).map(np.float64),
    st.integers(-100, 100).map(np.int64), st.integers(0, 9).map(np.uint8), st.booleans().map(np.bool_),
    st.floats(**FLOATS).map(np.array), st.floats(width=32, **FLOATS).map(torch.tensor),
    st.integers(1, 4).map(torch.ones), st.text(max_size=3).map(np.str_),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.integers(0, 9).map(np.int64))
STATES = st.recursive(
    NUMBERS,
    lambda some: st.one_of(
        st.lists(some, max_size=3),
        st.lists(some, max_size=3).map(tuple),
        st.dictionaries(KEYS, some, max_size=3),
        st.dictionaries(KEYS, some, max_size=3).map(OrderedDict),
        st.dictionaries(KEYS, st.integers(1, 9).map(np.int64), max_size=3).map(Counter),
    ),
    max_leaves=6,
)


@settings(deadline=None)  # a disk may pause
@given(STATES)
def test_what_is_written_is_read(tmp_path_factory, state):
    path = tmp_path_factory.mktemp("state") / "run"
    checkpoints.write(path, {"state": state})
    read = checkpoints.read(path)["state"]
    assert same(read, checkpoints.plain(state)) and type(read) is type(checkpoints.plain(state))
    assert not isinstance(state, float | int) or read == state


@pytest.mark.parametrize(
    "value, words",
    [
        (np.ones(3), "is of type ndarray"),
        (np.datetime64("2020-01-01"), "is of type date"),
        (object(), "is of type object"),
        (print, "is of type builtin_function_or_method"),
        ({1, 2}, "is of type set"),
        (nn.Linear(1, 1), "is of type Linear"),
        (type("Odd", (torch.Tensor,), {})(), "is of type Odd"),
        (type("Odd", (dict,), {})(), "is of type Odd"),
    ],
)
def test_other_things_are_refused_and_leave_the_file_as_it_was(tmp_path, value, words):
    checkpoints.write(tmp_path / "run", {"a": 1})
    with pytest.raises(
        ValueError, match=rf"state\['a'\]\[1\] {words}, which no checkpoint holds, expected numbers, text"
    ):
        checkpoints.write(tmp_path / "run", {"a": [0, value]})
    assert checkpoints.read(tmp_path / "run") == {"a": 1} and len(list(tmp_path.iterdir())) == 1


def test_what_a_state_dict_knows_of_its_modules_is_kept(tmp_path):
    state = nn.Sequential(nn.BatchNorm1d(2)).state_dict()
    checkpoints.write(tmp_path / "run", state)
    assert checkpoints.read(tmp_path / "run")._metadata == state._metadata


def test_two_runs_may_write_one_file(tmp_path):
    """Every write succeeds, and a reader never meets anything but one of them whole."""
    path, failed, seen = tmp_path / "run", [], set()
    checkpoints.write(path, {"run": -1})

    def write(run):
        try:
            for n in range(25):
                checkpoints.write(path, {"run": run, "weights": torch.full((2000,), float(run)), "n": n})
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(run,)) for run in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        state = checkpoints.read(path)
        seen.add(state["run"])
        assert state["run"] == -1 or (state["weights"] == state["run"]).all()
    assert failed == [] and len(seen) > 1 and [file.name for file in tmp_path.iterdir()] == ["run"]


def test_what_a_killed_run_left_is_swept(tmp_path):
    old, new = tmp_path / f"{folders.PART}old", tmp_path / f"{folders.PART}new"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - folders.DEAD - 5,) * 2)
    checkpoints.write(tmp_path / "run", {})
    assert sorted(file.name for file in tmp_path.iterdir()) == [new.name, "run"]


def test_places_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for path, why in (
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "file" / "run", "File exists|Not a directory"),
        (tmp_path, "Is a directory|Device or resource busy|not empty"),
    ):
        with pytest.raises(
            OSError, match=f"cannot write the checkpoint .* \\(({why})\\), nothing was written: make room"
        ):
            checkpoints.write(path, {})
        with pytest.raises(OSError, match="cannot read the checkpoint .*, expected a file that fit"):
            checkpoints.read(path)


def test_a_folder_that_cannot_even_be_looked_into(read_only_folder):
    user = os.geteuid()
    os.seteuid(os.getuid())
    os.chmod(read_only_folder, 0o000)
    os.seteuid(user)
    with pytest.raises(OSError, match=r"cannot write the checkpoint .* \(Permission denied\), nothing was written"):
        checkpoints.write(read_only_folder / "run", {})
    with pytest.raises(OSError, match=r"cannot read the checkpoint .* \(Permission denied\), expected a file that fit"):
        checkpoints.read(read_only_folder / "run")


def test_the_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    checkpoints.write("~/runs/run", {"a": 1})
    assert checkpoints.read("~/runs/run") == checkpoints.read(tmp_path / "runs/run") == {"a": 1}


def test_a_state_of_a_gpu_is_read_where_there_is_none(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("torch.serialization.location_tag", lambda storage: "cuda:7")
        checkpoints.write(tmp_path / "run", {"weights": torch.ones(2)})
    assert b"cuda:7" in (tmp_path / "run").read_bytes()
    assert same(checkpoints.read(tmp_path / "run"), {"weights": torch.ones(2)})
