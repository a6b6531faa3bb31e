"""Gradient river: how much of a nudge to the state is left T steps later, for four cells, any radius and input."""

import base64
import functools
import math
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import Tensor

from rnnlab import cells, expect, gradients
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, with_kit

H, WARM_UP = 32, 100
KINDS = ["RNN tanh", "RNN relu", "GRU", "LSTM", "LSTM, forget bias 3"]
CURVES = [*KINDS, *(f"{kind} c" for kind in KINDS if "LSTM" in kind)]  # of h for each, and of c where there is a c
SIZES = [0.0, 0.1, 1.0, 2.0]
RADII = [round(0.4 + 0.1 * i, 1) for i in range(20)]
STEPS = list(range(0, 101, 2))
AXES = {"curves": CURVES, "sizes": SIZES, "radii": RADII, "steps": STEPS, "least": -12, "most": 6, "margin": 62}
AXES["full"] = 20  # half the width of the river where the norm is 1, in pixels


class GradientRiver(Explorer):
    """Choose a cell, its spectral radius and its input, and see the norm of dh_T/dh_0 over T steps.

    The nets are made here: H = 32, no bias, seeded; each block of weight_hh is scaled to `radius`, and x_t is noise
    that moves each unit by about `size`. State 0 is the one after a warm-up of 100 steps.
    cell: one of `KINDS`; radius: 0.4, 0.5 … 2.3; size: one of `SIZES`; T: 2, 4 … 100.
    ValueError or TypeError for anything else.
    """

    _esm = with_kit("gradient_river.js")
    axes = traitlets.Dict(AXES).tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)
    cell = Position("RNN tanh", KINDS)
    radius = Position(0.6, RADII)
    size = Position(1.0, SIZES)
    T = Position(28, STEPS[1:])

    def __init__(self, cell: str = "RNN tanh", radius: float = 0.6, size: float = 1.0, T: int = 28):
        # Hundredths of an exponent in 16 bits: a whole table in 50 KB, and the same on every processor.
        small = exponents().mul(100).round().clamp(-32000, 32000).to(torch.int16).numpy().astype("<i2")
        table = base64.b64encode(small.tobytes()).decode()
        super().__init__(table=table, cell=cell, radius=radius, size=size, T=T)

    @classmethod
    def example(cls) -> Self:
        return cls()

    def now(self, curve: str | None = None) -> list[float]:
        """The exponents log10 ‖∂h_T/∂h_0‖ where the reader is, one for each of `STEPS`; curve: one of `CURVES`."""
        curve = self.cell if curve is None else expect.one_of("curve", curve, CURVES)
        at = CURVES.index(curve), SIZES.index(self.size), RADII.index(self.radius)
        return exponents()[at].tolist()

    def alt(self) -> str:
        left = self.now()[STEPS.index(self.T)]
        return (
            f"{self.cell}, spectral radius {self.radius}, inputs of size {self.size:g}: after {self.T} steps "
            f"the size of a nudge to the state is {amount(left)} of what it was. Drawn on a logarithmic scale."
        )

    def still(self) -> Element:
        left, right, top, floor, river = AXES["margin"], 944, 34, 284, 352
        least, most = AXES["least"], AXES["most"]

        def at(step, value):
            value = min(most, max(least, value))
            return left + (right - left) * step / STEPS[-1], top + (floor - top) * (most - value) / (most - least)

        svg = picture(960, 396)
        for value in range(least, most + 1, 3):
            y = at(0, value)[1]
            draw(svg, "line", x1=left, x2=right, y1=y, y2=y, stroke=LINE if value else QUIET)
            draw(svg, "text", power(value), x=left - 10, y=y + 5, text_anchor="end")
        for step in range(0, 101, 20):
            draw(svg, "text", str(step), x=at(step, 0)[0], y=floor + 22, text_anchor="middle", fill=QUIET)
        draw(svg, "text", "steps T", x=right, y=388, text_anchor="end", fill=QUIET)
        draw(svg, "text", "‖∂h_T / ∂h₀‖" + " and, dashed, ‖∂c_T / ∂c₀‖" * ("LSTM" in self.cell), x=left, y=19)
        curves = {self.cell: {"stroke": COLOUR["gradient"]}}
        if "LSTM" in self.cell:
            curves[f"{self.cell} c"] = {"stroke": COLOUR["cell"], "stroke_dasharray": "10 5"}
        for curve, look in curves.items():
            inside = [pair for pair in zip(STEPS, self.now(curve), strict=True) if least <= pair[1] <= most]
            draw(svg, "path", d=_path([at(*pair) for pair in inside]), fill="none", stroke_width=3.5, **look)
        flow = dict(zip(STEPS, self.now(), strict=True))
        x, y = at(self.T, flow[self.T])
        draw(svg, "circle", cx=x, cy=y, r=7.5, fill=COLOUR["gradient"], stroke="#fff", stroke_width=2)
        half = {t: AXES["full"] * min(1.6, max(0, 1 - value / least)) for t, value in flow.items() if t <= self.T}
        banks = [(at(t, 0)[0], river - h) for t, h in half.items()], [(at(t, 0)[0], river + h) for t, h in half.items()]
        draw(svg, "path", d=_path(banks[0] + banks[1][::-1]) + "Z", fill=COLOUR["gradient"])
        return svg


def power(exponent: float) -> str:
    """An exponent as a power of ten: -7 -> "10⁻⁷", 0 -> "1"."""
    raised = str(round(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if round(exponent) else "1"


def amount(exponent: float) -> str:
    """Ten to the exponent, as a number while that is short: 0.34 -> "2.2", -7.2 -> "10⁻⁷"."""
    return f"{10**exponent:.2g}" if -2 < exponent < 1.9 else power(exponent)


def recipe(kind: str, radius: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One net and what it reads, float64: weight_ih, weight_hh, x (WARM_UP + 100, sizes, H), first state (sizes, H)."""
    random = torch.Generator().manual_seed(0)
    gates = 3 if kind == "GRU" else 4 if "LSTM" in kind else 1
    w_ih, w_hh = torch.randn(2, gates, H, H, generator=random, dtype=torch.float64)
    w_hh = w_hh * (radius / torch.linalg.eigvals(w_hh).abs().amax(-1))[:, None, None]
    noise = torch.randn(1 + WARM_UP + STEPS[-1], 1, H, generator=random, dtype=torch.float64)
    x = noise[1:] * torch.tensor(SIZES, dtype=torch.float64)[:, None]
    return w_ih.flatten(0, 1) / math.sqrt(H), w_hh.flatten(0, 1), x, 0.1 * noise[0].repeat(len(SIZES), 1)


@functools.cache
def exponents() -> Tensor:
    """log10 ‖∂h_T/∂h_0‖ from the Jacobian of every step: (CURVES, SIZES, RADII, STEPS) float64. Takes some seconds."""
    tables = []
    for radius in RADII:
        rows = [_rows(kind, radius) for kind in KINDS]
        tables.append(torch.stack([row[0] for row in rows] + [row[1] for row in rows if len(row) > 1]))
    return torch.stack(tables, dim=2)


def _rows(kind, radius):
    """The exponents of one net: for h, and for an LSTM for h and for c, each (sizes, steps)."""
    w_ih, w_hh, x, h = recipe(kind, radius)
    if "LSTM" in kind:
        bias = torch.zeros(4, H).double()
        bias[1] = 3.0 if "forget" in kind else 0.0  # the blocks are i, f, g, o
        states = [(h, torch.zeros_like(h))]
        for x_t in x:
            states.append(cells.lstm_step(x_t, *states[-1], w_ih, w_hh, bias.flatten()))
        h, c = (torch.stack(state)[WARM_UP:-1] for state in zip(*states, strict=True))
        jacobians = gradients.lstm_jacobian(x[WARM_UP:], h, c, w_ih, w_hh, bias.flatten())
        return [_decay(jacobians, slice(0, H)), _decay(jacobians, slice(H, 2 * H))]
    states = [h]
    for x_t in x:
        if kind == "GRU":
            states.append(cells.gru_step(x_t, states[-1], w_ih, w_hh))
        else:
            states.append(cells.rnn_step(x_t, states[-1], w_ih, w_hh, nonlinearity=cells.NONLINEARITIES[kind[4:]]))
    h = torch.stack(states)[WARM_UP:]
    if kind == "GRU":
        return [_decay(gradients.gru_jacobian(x[WARM_UP:], h[:-1], w_ih, w_hh))]
    return [_decay(gradients.rnn_jacobian(w_hh, h[1:], kind[4:]))]


def _decay(jacobians, part=slice(None)):
    """log10 of the norm of the first T Jacobians' product, T in STEPS: (100, sizes, S, S) -> (sizes, steps)."""
    product = torch.eye(jacobians.shape[-1]).to(jacobians)[:, part].expand(len(SIZES), -1, -1)
    exponent = jacobians.new_zeros(len(SIZES))
    products, exponents = [product[:, part]], [exponent]
    for t, jacobian in enumerate(jacobians, 1):
        product = jacobian @ product
        size = product.flatten(1).norm(dim=1).clamp(min=1e-300)  # rescaled, so that nothing under- or overflows
        product, exponent = product / size[:, None, None], exponent + size.log10()
        if t in STEPS:
            products.append(product[:, part])
            exponents.append(exponent)
    return (torch.stack(exponents) + torch.linalg.matrix_norm(torch.stack(products), 2).log10()).T


def _path(points):
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
