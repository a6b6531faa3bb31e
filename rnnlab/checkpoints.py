"""States as files: written whole or not at all, of nothing but numbers and names, and read only if whole."""

import copy
import hashlib
import io
import os
import secrets
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab import expect, folders

PLAIN = (type(None), bool, int, float, complex, str, Tensor, nn.Parameter, torch.dtype, torch.device, torch.Size)


def plain(value: object, name: str = "state") -> object:
    """`value` with each NumPy number in it as the Python number it equals: what `torch.load(weights_only=True)` takes.

    ValueError, with the place below `name`, for anything that is neither a number, text, a tensor, nor a dict, list or
    tuple of such.
    """
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if type(value) in (list, tuple):
        return type(value)(plain(item, f"{name}[{i}]") for i, item in enumerate(value))
    if type(value) in (dict, OrderedDict, Counter):
        new = copy.copy(value)  # a state_dict carries the versions of its modules beside its items
        new.clear()
        new.update({plain(key, f"a key of {name}"): plain(item, f"{name}[{key!r}]") for key, item in value.items()})
        return new
    if type(value) not in PLAIN:
        raise ValueError(
            f"{name} is of type {type(value).__name__}, which no checkpoint holds, expected numbers, text, tensors, "
            "and dicts, lists or tuples of them"
        )
    return value


def write(path: str | Path, state: dict) -> None:
    """Save `state` with `torch.save` under another name, then rename; the last 32 bytes are the sha256 of the rest.

    ValueError if `state` holds what `read` would not take; OSError if the file cannot be written. One that was there
    before is then as it was.
    """
    path, state = expect.path("path", path), expect.kind("state", state, dict, "a dict")
    buffer = io.BytesIO()
    torch.save(plain(state), buffer)
    content = buffer.getvalue()
    part = path.parent / f"{folders.PART}{secrets.token_hex(8)}"  # of this call alone: two runs may write one path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.sweep(path.parent)
        try:
            with open(part, "xb") as file:
                file.write(content + hashlib.sha256(content).digest())
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        kept = "the checkpoint that was there is whole" if os.path.isfile(path) else "nothing was written"
        raise OSError(
            f"cannot write the checkpoint {path} ({error.strerror}), {kept}: "
            "make room, or choose a folder you may write to"
        ) from None


def read(path: str | Path) -> dict:
    """What `write` saved, on the CPU; OSError if there is no such file, ValueError if it is not whole or not plain."""
    path = expect.path("path", path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OSError(
            f"cannot read the checkpoint {path} ({error.strerror}), expected a file that fit(..., checkpoint=...) wrote"
        ) from None
    # torch.load itself does not notice a flipped bit.
    content, checksum = content[:-32], content[-32:]
    if hashlib.sha256(content).digest() != checksum:
        raise ValueError(
            f"{path} is damaged or no checkpoint of fit ({len(content) + len(checksum):,} bytes whose checksum is "
            "wrong), expected a whole one: train again without resume=True"
        )
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # whatever is in it, it is no checkpoint
        state = None
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds other things than numbers and names, expected a checkpoint of fit")
    return state
