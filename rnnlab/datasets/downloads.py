"""Data files: found under RNNLAB_DATA or in the cache, else fetched once. Only a whole file ever gets its name."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pooch
import requests


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
    """Where the whole `file` lies: under RNNLAB_DATA if it is there, else in the cache, fetched if need be.

    mirrors: addresses of folders that hold the file.  cache: a folder; else RNNLAB_CACHE, else the user's cache.
    timeout: seconds a server may stay silent.  DataError if a found file is damaged or none can be fetched.
    """
    given = os.environ.get("RNNLAB_DATA")
    if given and (path := Path(given, file.path)).exists():
        if complaint := flaw(path, file):
            raise DataError(f"{path} {complaint}: replace it, or unset RNNLAB_DATA to have it fetched")
        return path
    path = Path(cache or os.environ.get("RNNLAB_CACHE") or pooch.os_cache("rnnlab"), file.path)
    if not path.exists() or flaw(path, file):
        fetch(file, mirrors, path, timeout)
    return path


def flaw(path: Path, file: DataFile) -> str | None:
    """What is wrong with the file at `path`, as the end of a sentence, or None if it is whole."""
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
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
            part = Path(folder, file.name)
            for mirror in mirrors:
                complaint = _download(mirror.rstrip("/") + "/" + file.name, part, timeout) or flaw(part, file)
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
        f"cannot fetch {file.name}, {file.size:,} bytes: {'; '.join(tried)}: try again with a network, "
        f"or set RNNLAB_DATA to a folder that holds {file.path}"
    )


def _download(url, part, timeout):
    """Fetch `url` into `part`; return what went wrong on the server's side, or None."""
    try:
        pooch.HTTPDownloader(timeout=timeout)(url, str(part), None)
    except requests.HTTPError as error:
        return f"answers {error.response.status_code} {error.response.reason}"
    except requests.Timeout:
        return f"is silent for {timeout:g} s"
    except requests.exceptions.ChunkedEncodingError:
        return f"stops after {part.stat().st_size:,} bytes"
    except requests.ConnectionError as error:
        return f"is silent for {timeout:g} s" if "timed out" in str(error).lower() else "cannot be reached"
    except requests.RequestException as error:
        return f"cannot be used ({type(error).__name__})"
    return None
