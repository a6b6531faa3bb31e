"""Exercises of lesson 01, RNN basics."""

import torch

from . import Exercise


def rnn_step(x, h, weight_ih, weight_hh, bias):
    """One step: x (B, I), h (B, H), weight_ih (H, I), weight_hh (H, H), bias (H,) -> the next h (B, H)."""
    return torch.tanh(x @ weight_ih.T + h @ weight_hh.T + bias)


def _steps():
    g = torch.Generator().manual_seed(1)
    shapes = (4, 3), (4, 5), (5, 3), (5, 5), (5,)
    return [tuple(torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes) for _ in range(2)]


rnn_step = Exercise(
    rnn_step,
    cases=_steps,
    returns="(B, H)",
    hints=(
        "Three things are added: what comes in, what was kept, and the bias.",
        "Each product needs the transposed weight, weight_ih.T and weight_hh.T. One function goes around all of it.",
    ),
    wrong={
        lambda x, h, weight_ih, weight_hh, bias: x @ weight_ih.T + h @ weight_hh.T + bias: (
            "The sum is right and tanh is missing. Without it the state can grow without bound."
        ),
        lambda x, h, weight_ih, weight_hh, bias: torch.tanh(x @ weight_ih.T + bias): (
            "The old state h is not in it, so your step cannot remember anything."
        ),
        lambda x, h, weight_ih, weight_hh, bias: torch.tanh(x @ weight_ih.T + h @ weight_hh.T + 2 * bias): (
            "The bias is in it twice. There is one bias here; PyTorch's two are added up."
        ),
    },
)
