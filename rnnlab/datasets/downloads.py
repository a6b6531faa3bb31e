"""Data files: found under RNNLAB_DATA or in the cache, else fetched once. Only a whole file ever gets its name."""

import http
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import pooch
import requests
import urllib3

from rnnlab import expect, folders

LIMIT = 1800  # seconds for one file from one mirror, however it trickles


class DataError(RuntimeError):
    """Data that is missing, damaged or cannot be fetched; the message says what to do."""


class DataFile(NamedTuple):
    """One file as its makers published it: its place in a data folder, its size in bytes, its sha256."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def locate(file: DataFile, mirrors: Sequence[str], cache: str | Path | None = None, timeout: float = 30) -> Path:
    """Where the whole `file` lies: under RNNLAB_DATA if that is set, else in the cache, fetched if need be.

    mirrors: addresses of folders that hold the file.  cache: a folder; else RNNLAB_CACHE, else the user's cache.
    timeout: seconds a server may stay silent.  DataError if the file is not whole under RNNLAB_DATA, or none can be
    fetched; TypeError or ValueError for arguments of another kind.
    """
    expect.kind("file", file, DataFile, "a DataFile")
    expected = "a list of the addresses of folders"
    if len(expect.kind("mirrors", mirrors, list | tuple, expected)):  # none: for a file that is there
        expect.several("mirrors", mirrors, expected, str)
    timeout, cache = expect.number("timeout", timeout, above=0), folders.cache(cache)
    if given := folders.data():
        if complaint := flaw(given / file.path, file):
            near = [folder for folder in (given.parent, given.parent.parent) if os.path.isfile(folder / file.path)]
            advice = f"set RNNLAB_DATA to {near[0]}, which holds it" if near else "put it there"
            raise DataError(
                f"{given / file.path} {complaint}, and RNNLAB_DATA is {given}: {advice}, "
                "or unset RNNLAB_DATA to have it fetched"
            )
        return given / file.path
    path = cache / file.path
    if flaw(path, file):
        fetch(file, mirrors, path, timeout)
    return path


def packaged(package: str, version: str, file: DataFile) -> Path:
    """Where the whole `file` lies that came with a package, whose own code is not imported.

    DataError, with what to install, if the package is not there or the file is not what it was in that version.
    """
    exact = f"{expect.text('package', package)}=={expect.text('version', version)}"
    try:
        path = Path(distribution(package).locate_file(expect.kind("file", file, DataFile, "a DataFile").path))
    except PackageNotFoundError:
        raise DataError(f"the package {package} is not there: pip install {exact}") from None
    if complaint := flaw(path, file):
        raise DataError(f"{path} {complaint}: pip install --force-reinstall {exact}")
    return path


def flaw(path: Path, file: DataFile) -> str | None:
    """What is wrong with the file at `path`, as the end of a sentence, or None if it is whole."""
    path, file = expect.path("path", path), expect.kind("file", file, DataFile, "a DataFile")
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"holds {size:,} bytes, expected {file.size:,}"
        digest = pooch.file_hash(str(path), alg="sha256")
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if digest == file.sha256 else f"has sha256 {digest[:12]}…, expected {file.sha256[:12]}…"


def fetch(file: DataFile, mirrors: Sequence[str], path: Path, timeout: float = 30) -> None:
    """Download `file` to `path` from the first mirror that serves it whole; DataError, and no file, if none does."""
    tried = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.sweep(path.parent)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=folders.PART) as folder:
            part = Path(folder, file.name)
            for mirror in mirrors:
                complaint = _download(mirror.rstrip("/") + "/" + file.name, part, file.size, timeout)
                complaint = complaint or flaw(part, file)
                if complaint is None:
                    os.replace(part, path)
                    return
                tried.append(f"{mirror} {complaint}")
    except OSError as error:
        raise DataError(
            f"cannot write {file.name} to {path.parent} ({error.strerror}): make room, or set RNNLAB_CACHE "
            "to a folder you may write to, or RNNLAB_DATA to one that holds " + file.path
        ) from None
    raise DataError(
        f"cannot fetch {file.name}, {file.size:,} bytes: {'; '.join(tried) or 'no mirror is named'}: "
        f"try again with a network, or set RNNLAB_DATA to a folder that holds {file.path}"
    )


class _Broken(Exception):
    """What is wrong on the server's side, as the end of a sentence."""


def _download(url, part, size, timeout):
    """Fetch `url` into `part`; return what went wrong on the server's side, or None. OSError is the disk's."""
    with open(part, "wb") as file:
        try:
            for chunk in _chunks(url, size, timeout):
                file.write(chunk)
        except _Broken as broken:
            return str(broken)
    return None


def _chunks(url, size, timeout) -> Iterator[bytes]:
    """The bytes at `url` as they come, no more than `size` of them; _Broken for whatever a server can do wrong."""
    got, end = 0, time.monotonic() + LIMIT
    try:
        with _response(url, timeout) as response:
            if response.status_code != 200:
                raise _Broken(_answer(response.status_code))
            while chunk := response.raw.read1(2**16, decode_content=False):  # what is there, without waiting for more
                got += len(chunk)
                if got > size:
                    raise _Broken(f"sends more than {size:,} bytes")
                if time.monotonic() > end:
                    raise _too_slow(got)
                yield chunk
            if response.raw.length_remaining:
                raise _Broken(f"stops after {got:,} bytes")
    except _Broken:
        raise
    except Exception as error:  # redirects to nowhere, headers that are none: any of it is a reason for the next mirror
        raise _Broken(_trouble(error, got, timeout)) from None


def _response(url, timeout):
    """The answer of `url` with its headers. Every byte of those starts `timeout` anew, so another thread reads them."""
    answer = Future()

    def ask():
        try:
            answer.set_result(requests.get(url, stream=True, timeout=timeout, headers={"Accept-Encoding": "identity"}))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    if not wait([answer], LIMIT).done:
        raise _too_slow(0)  # the thread ends with its server, or with this process
    return answer.result()


def _too_slow(got):
    return _Broken(f"is too slow: {got:,} bytes in {LIMIT:,} s")


def _answer(status):
    """A status in the words of its standard: what a server says itself may hold anything."""
    known = status in [known.value for known in http.HTTPStatus]
    return f"answers {status} {http.HTTPStatus(status).phrase}" if known else f"answers {status}"


def _trouble(error, got, timeout):
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return f"is silent for {timeout:g} s"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return f"stops after {got:,} bytes"
    if isinstance(error, requests.ConnectionError):
        return "cannot be reached"
    return f"cannot be used ({type(error).__name__})"
