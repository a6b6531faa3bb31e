"""Weights that travel with a page: whole numbers of 8 bits with one scale a row, and what they are to PyTorch again."""

import base64
import copy

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
