"""Where things lie on this machine: data somebody put there, what was fetched or computed, the lessons' checkpoints."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pooch

from rnnlab import expect

PART = ".part-rnnlab-"  # what is not whole yet is called so
DEAD = 600  # seconds: whoever writes adds something more often, so a part that old is of a run that was killed


def cache(given: str | Path | None = None) -> Path:
    """The folder of what is fetched or computed once: `given`, else RNNLAB_CACHE, else the user's cache."""
    if given is not None:
        return expect.path("cache", given)
    return expect.path("RNNLAB_CACHE", os.environ.get("RNNLAB_CACHE") or pooch.os_cache("rnnlab"))


def data() -> Path | None:
    """The folder of data that somebody put on this machine: RNNLAB_DATA as an absolute path, None if it is not set."""
    given = os.environ.get("RNNLAB_DATA")
    return expect.path("RNNLAB_DATA", given).absolute() if given else None


def checkpoint(name: str) -> Path:
    """Where a lesson keeps its checkpoint `name`, such as "07/reviews.pt": found again by a restarted kernel.

    Under RNNLAB_CHECKPOINTS, else in the user's cache; if that takes no file, in a new temporary folder, and says so.
    OSError if RNNLAB_CHECKPOINTS is set and takes no file.
    """
    if expect.path("name", name).anchor or ".." in Path(name).parts:
        raise ValueError(f"name is {name!r}, expected one below the folder of the checkpoints, such as '07/reviews.pt'")
    given = os.environ.get("RNNLAB_CHECKPOINTS")
    place = (expect.path("RNNLAB_CHECKPOINTS", given) if given else cache() / "checkpoints") / name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place.parent).close()
        return place
    except OSError as error:
        if given:
            raise OSError(
                f"RNNLAB_CHECKPOINTS is {given!r}, where {place.parent} takes no file ({error.strerror}): "
                "set it to a folder you may write to, or unset it"
            ) from None
        print("Your cache folder takes no file: a restarted kernel will train from the start.")
        return Path(tempfile.mkdtemp(prefix="rnnlab-"), place.name)


def sweep(folder: Path) -> None:
    """Remove from `folder` the parts that runs left which were killed while they wrote."""
    for part in expect.path("folder", folder).glob(f"{PART}*"):
        with suppress(OSError):  # another run sweeps too
            if time.time() - max(file.stat().st_mtime for file in (part, *part.rglob("*"))) > DEAD:
                shutil.rmtree(part) if part.is_dir() else part.unlink()
