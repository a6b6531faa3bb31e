"""Weights that travel with a page: whole numbers of 8 bits with one scale a row, and what they are to PyTorch again."""

import base64
import copy
import math

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab import expect
from rnnlab.explorers.base import real

KINDS = {1: (32767, np.dtype("<i2")), 2: (127, np.dtype("i1"))}  # axes: the largest whole number, and its type


def packed(model: nn.Module, most: int) -> dict:
    """Every parameter of a model by name, as `weights` in eight_bits.js reads it.

    A matrix (R, C) becomes whole numbers from -127 to 127 times one scale for each row, a scale being a whole number of
    16 bits times one `unit`; a vector, of which there are few and on which much hangs, whole numbers of 16 bits times
    `unit`.  All of them in base64.
    most: bytes that may travel, before base64.  ValueError where the model takes more, holds NaN or infinity, or a
    parameter with other than one or two axes.
    """
    whole, most = _whole(model), expect.whole("most", most)
    size = sum(array.nbytes for unit, *arrays in whole.values() for array in arrays)
    if size > most:
        raise ValueError(f"model takes {size:,} bytes of weights, and at most {most:,} travel with a page.")
    packed = {}
    for name, (unit, values, *scales) in whole.items():
        packed[name] = {"shape": list(values.shape), "unit": unit, "values": _text(values)}
        packed[name] |= {"scales": _text(scales[0])} if scales else {}
    return packed


def rounded(model: nn.Module) -> nn.Module:
    """A copy of a model with the weights that its page has: `packed`, as PyTorch reads them. The model itself stays."""
    whole = _whole(model)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            unit, values, *scales = whole[name]
            values = values * (unit * scales[0][:, None] if scales else unit)
            parameter.copy_(torch.from_numpy(values))
    return twin


def size(model: nn.Module) -> int:
    """How many bytes of weights travel with the page of a model, before base64."""
    return sum(array.nbytes for unit, *arrays in _whole(model).values() for array in arrays)


def _whole(model):
    """{name: (unit, whole numbers[, whole scales of the rows])} of every parameter."""
    expect.kind("model", model, nn.Module, "a module of PyTorch")
    return {name: _rounded(name, parameter) for name, parameter in model.named_parameters()}


def _rounded(name: str, tensor: Tensor):
    if tensor.ndim not in KINDS or not tensor.numel():
        raise ValueError(f"model must have matrices and vectors, and {name} has the shape {tuple(tensor.shape)}.")
    try:
        values = real("model", tensor).numpy()
    except ValueError:
        raise ValueError(f"model must have finite weights, and {name} holds NaN or infinity.") from None
    most, kind = KINDS[tensor.ndim]
    if tensor.ndim == 1:
        unit = _up(np.abs(values).max() / most)
        return unit, np.rint(values / unit).astype(kind)
    largest = np.abs(values).max(axis=1)
    unit = _up(largest.max() / most / 65535)
    scales = np.ceil(largest / most / unit).clip(1, 65535).astype("<u2")
    return unit, np.rint(values / (unit * scales[:, None])).astype(kind), scales


def _up(number: float) -> float:
    """The next number with three digits, which a stored page holds exactly; never zero."""
    number = max(float(number), 1e-30)
    digit = 10.0 ** (math.floor(math.log10(number)) - 2)
    return float(f"{math.ceil(number / digit) * digit:.3g}")


def _text(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
