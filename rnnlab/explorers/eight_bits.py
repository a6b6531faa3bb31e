"""A net that travels with a page: weights of 8 bits, one scale a row, the same in PyTorch, and the letters it knows."""

import base64
import copy
from collections.abc import Sequence
from unicodedata import normalize

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab import expect
from rnnlab.language import whole_numbers


def packed(model: nn.Module, most: int) -> dict:
    """Every parameter of a model by name, as `weights` in eight_bits.js reads it.

    A matrix (R, C) becomes whole numbers from -127 to 127 and one float32 scale for each row, as in
    `language.whole_numbers`; a vector, of which there are few and on which much hangs, stays float32. All in base64.
    most: bytes that may travel, before base64.  ValueError where the model takes more, holds NaN or infinity, or a
    parameter with other than one or two axes.
    """
    arrays, most = _arrays(model), expect.whole("most", most)
    total = _bytes(arrays)
    if total > most:
        raise ValueError(f"model takes {total:,} bytes of weights, and at most {most:,} travel with a page.")
    return {
        name: {"shape": list(parts["values"].shape)}
        | {part: base64.b64encode(array.tobytes()).decode() for part, array in parts.items()}
        for name, parts in arrays.items()
    }


def rounded(model: nn.Module) -> nn.Module:
    """A copy of a model with the weights that its page has: `packed`, as PyTorch reads them. The model itself stays."""
    arrays = _arrays(model)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            values, *scales = arrays[name].values()
            parameter.copy_(torch.from_numpy(values * scales[0] if scales else values))
    return twin


def size(model: nn.Module) -> int:
    """How many bytes of weights travel with the page of a model, before base64."""
    return _bytes(_arrays(model))


def legible(text: str, letters: Sequence[str]) -> str:
    """What of a text a net has numbers for: each letter as it stands, or small, or without its accent; no other."""
    kept = [[c] if c in letters else [d for d in normalize("NFKD", c.lower()) if d in letters] for c in text]
    return "".join(sum(kept, []))


def checked_letters(letters: Sequence[str], count: int) -> list[str]:
    """The letters that a net has numbers for, as a list; TypeError or ValueError if they are not `count` characters."""
    letters = expect.several("letters", list(letters) if isinstance(letters, str) else letters, "characters", str)
    if len(letters) != count or len(set(letters)) != count:
        raise ValueError(f"letters must be the {count} different letters of the model, not {len(letters)}.")
    if any(len(letter) != 1 or 0xD800 <= ord(letter) < 0xE000 for letter in letters):
        raise ValueError(f"letters must be one whole character each, not {letters!r:.60}.")
    return letters


def percent(share: float) -> str:
    """A share as the script says it."""
    return f"{'>99' if 0.995 <= share < 1 else '<1' if 0 < share < 0.005 else int(100 * share + 0.5)} %"


def _bytes(arrays):
    return sum(array.nbytes for parts in arrays.values() for array in parts.values())


def _arrays(model: nn.Module) -> dict[str, dict[str, np.ndarray]]:
    """For every parameter what travels: values, and of a matrix scales."""
    expect.kind("model", model, nn.Module, "a module of PyTorch")
    return {name: _array(name, parameter.detach().cpu()) for name, parameter in model.named_parameters()}


def _array(name: str, tensor: Tensor):
    if tensor.ndim not in (1, 2) or not tensor.numel():
        raise ValueError(f"model must have matrices and vectors, and {name} has the shape {tuple(tensor.shape)}.")
    if not tensor.is_floating_point():
        raise TypeError(f"model must have real weights, and {name} is {tensor.dtype}.")
    if not tensor.float().isfinite().all():
        raise ValueError(f"model must have finite weights, and {name} holds NaN or infinity.")
    if tensor.ndim == 1:
        return {"values": tensor.float().numpy().astype("<f4")}
    values, scales = whole_numbers(tensor.float())
    return {"values": values.numpy(), "scales": scales.numpy().astype("<f4")}
