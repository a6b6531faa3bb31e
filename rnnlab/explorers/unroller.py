"""Unroller: one recurrent cell used step after step, from the whole sequence down to a single product."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor, nn

from rnnlab import cells
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import (
    QUIET,
    Explorer,
    Position,
    draw,
    picture,
    real,
    rounded,
    step_labels,
    sub,
    with_kit,
)

MOST = {"steps": 20, "input_size": 10, "hidden_size": 6}  # what still fits on a projector


class Unroller(Explorer):
    """Step a plain RNN through a sequence and see every number it uses.

    rnn: `nn.RNN` (or `cells.RNN`) with one layer and one direction, I up to 10 and H up to 6;
    x: one sequence, (T, I) or with a batch axis of 1 where `rnn` wants it, T up to 20;
    labels: what stands under each step, a string or a list of T strings; x₁ … x_T unless told.
    `step` (1 … T) and `unit` (1 … H) say where the reader is, and move the picture when they are set.
    Raises TypeError or ValueError where any of these is something else.
    """

    _esm = with_kit("unroller.js")
    numbers = traitlets.Dict().tag(sync=True)
    step = Position(1, lambda self: range(1, len(self.numbers["labels"]) + 1))
    unit = Position(1, lambda self: range(1, len(self.numbers["w_hh"]) + 1))

    def __init__(
        self, rnn: nn.RNN | cells.RNN, x: Tensor, labels: Sequence[str] | None = None, step: int = 1, unit: int = 1
    ):
        weights = _weights(rnn)
        x = _sequence(rnn, x)
        labels = step_labels(labels, len(x))
        w_ih, w_hh, b_ih, b_hh = weights.values()
        h = [torch.zeros(len(w_hh), dtype=torch.float64)]
        sums = []
        squash = torch.tanh if rnn.nonlinearity == "tanh" else torch.relu
        for x_t in x:
            sums.append(F.linear(x_t, w_ih, b_ih) + F.linear(h[-1], w_hh, b_hh))
            h.append(squash(sums[-1]))
        if not torch.stack([*sums, *h]).isfinite().all():
            raise ValueError("rnn has weights so large that its state is no longer finite: make them smaller.")
        run = {"x": x, "sums": torch.stack(sums), "h": torch.stack(h), **weights}
        super().__init__(
            numbers={"labels": labels, "nonlinearity": rnn.nonlinearity, **rounded(run)}, step=step, unit=unit
        )

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        rnn = torch.nn.RNN(4, 2, batch_first=True)
        return cls(rnn, F.one_hot(torch.tensor([[1, 0, 2, 2, 3]])).float(), labels="hello")

    def alt(self) -> str:
        labels, state = self.numbers["labels"], self.numbers["h"][self.step]
        return (
            f"One RNN cell drawn {len(labels)} times, for {' '.join(labels)}; every copy has the same weights. "
            f"After step {self.step}, {labels[self.step - 1]}, the state is ({', '.join(map(_two, state))})."
        )

    def still(self) -> Element:
        steps, units = len(self.numbers["labels"]), len(self.numbers["w_hh"])
        roomy = steps <= 6
        tile = 64 if roomy else 0.32 * 940 / (steps + 0.32)
        pitch, tall = min(240, (940 - tile) / steps), max(64, 28 * units)
        svg = picture(960, tall + 178)
        for t in range(steps + 1):
            right = 10 + tile + t * pitch
            self._state(svg, t, right, tile, 34 + tall / 2, roomy)
            if t:
                self._step(svg, t, right, tile, pitch, tall, roomy)
        legend = "at every step the same W_ih (blue) and W_hh (amber)"
        draw(svg, "text", legend, x=480, y=tall + 166, text_anchor="middle", fill=QUIET)
        return svg

    def _state(self, svg, t, right, tile, middle, roomy):
        """h_t: a tile for each unit, with a bar from its middle and, where there is room, the number."""
        states, weight = self.numbers["h"], 700 if t == self.step else 400
        full = 1 if self.numbers["nonlinearity"] == "tanh" else max(map(max, states)) or 1
        left, top, centre = right - tile, middle - 14 * len(states[t]), right - tile / 2
        draw(svg, "text", f"h{sub(t)}", x=centre, y=top - 9, font_weight=weight, text_anchor="middle")
        for i, value in enumerate(states[t]):
            y, share = top + 28 * i, abs(value) / full * tile / 2
            draw(svg, "rect", x=left, y=y, width=tile, height=26, rx=4, fill="none", stroke=COLOUR["hidden"])
            bar = {"x": centre - share if value < 0 else centre, "y": y + 1, "width": share, "height": 24}
            draw(svg, "rect", **bar, fill=COLOUR["hidden"], fill_opacity=0.45)
            if roomy:
                draw(svg, "text", _two(value), x=centre, y=y + 19, text_anchor="middle")

    def _step(self, svg, t, right, tile, pitch, tall, roomy):
        """The cell left of h_t with its two wires, the input x_t below it, and the label."""
        x, label, now = self.numbers["x"], self.numbers["labels"][t - 1], t == self.step
        cell, link, tip = (64, 8, 7) if roomy else (tile, 3, 3)
        middle, foot, centre = 34 + tall / 2, tall + 94, right - tile - link - cell / 2
        bold = {"font_weight": 700 if now else 400, "text_anchor": "middle"}
        back = (
            f"M{right - pitch + 3:.1f},{middle:.1f}H{centre - cell / 2 - 4:.1f}m-{tip},-{tip}l{tip},{tip}l-{tip},{tip}"
        )
        draw(svg, "path", d=back, fill="none", stroke=COLOUR["hidden"], stroke_width=3)
        up = f"M{centre:.1f},{foot - 5:.1f}V{middle + 36:.1f}m-7,7l7,-7l7,7"
        draw(svg, "path", d=up, fill="none", stroke=COLOUR["input"], stroke_width=3)
        box = {"x": centre - cell / 2, "y": middle - 32, "width": cell, "height": 64, "rx": min(12, cell / 3)}
        fill = COLOUR["hidden"] if now else "#fdf3dd"
        draw(svg, "rect", **box, fill=fill, stroke=COLOUR["hidden"], stroke_width=3)
        if roomy:
            draw(svg, "text", self.numbers["nonlinearity"], x=centre, y=middle + 6, **bold)
        side, largest = min(20, 0.8 * pitch / len(x[0])), max(abs(value) for row in x for value in row) or 1
        for j, value in enumerate(x[t - 1]):
            square = {"x": centre + side * (j - len(x[0]) / 2), "y": foot, "width": side - 2, "height": 18}
            tone = {"fill": COLOUR["input"], "stroke": COLOUR["input"], "fill_opacity": abs(value) / largest}
            draw(svg, "rect", **square, **tone)
        size = min(28, 1.6 * pitch / max(1, len(label)))
        draw(svg, "text", label, x=centre, y=foot + 48, font_size=size, **bold)


def _two(value):
    return f"{value:.2f}".replace("-", "−")


def _weights(rnn):
    """The weights of a plain RNN with one layer, float64, or a refusal."""
    kind = type(rnn).__name__
    if not isinstance(rnn, torch.nn.Module) or not hasattr(rnn, "weight_hh_l0"):
        raise TypeError(f"rnn must be a recurrent layer such as nn.RNN(4, 2), not {kind}.")
    if getattr(rnn, "nonlinearity", None) not in ("tanh", "relu"):
        raise TypeError(f"rnn must be a plain nn.RNN: {kind} has gates, which this picture does not draw.")
    if rnn.num_layers != 1 or rnn.bidirectional:
        raise ValueError(
            "rnn must have one layer and one direction, "
            f"not num_layers={rnn.num_layers} and bidirectional={rnn.bidirectional}."
        )
    hidden, inputs = rnn.weight_ih_l0.shape
    if inputs > MOST["input_size"] or hidden > MOST["hidden_size"]:
        raise ValueError(
            f"rnn must be small enough to draw, input_size up to {MOST['input_size']} and hidden_size up to "
            f"{MOST['hidden_size']}, not {inputs} and {hidden}."
        )
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = [getattr(rnn, name, None) for name in names]
    weights = [None if weight is None else weight.detach().cpu().double() for weight in weights]
    for name, weight in zip(names, weights, strict=True):
        if weight is not None and not weight.isfinite().all():
            raise ValueError(f"rnn must have finite weights, and {name} holds NaN or infinity.")
    return dict(zip(("w_ih", "w_hh", "b_ih", "b_hh"), weights, strict=True))


def _sequence(rnn, x):
    """The one sequence in x as (T, I), float64, or a refusal."""
    inputs = rnn.weight_ih_l0.shape[1]
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"x must be a tensor (T, {inputs}), not {type(x).__name__}.")
    shape = tuple(x.shape)
    batch = 0 if rnn.batch_first else 1
    if x.dim() not in (2, 3) or x.dim() == 3 and shape[batch] != 1:
        wanted = f"(1, T, {inputs})" if rnn.batch_first else f"(T, 1, {inputs})"
        raise ValueError(f"x must be one sequence, (T, {inputs}) or {wanted}, not {shape}.")
    if shape[-1] != inputs:
        raise ValueError(f"x must have {inputs} numbers a step, as rnn expects, not {shape[-1]}: its shape is {shape}.")
    x = x.reshape(-1, inputs)
    if not 1 <= len(x) <= MOST["steps"]:
        raise ValueError(f"x must have 1 to {MOST['steps']} steps, not {len(x)}: its shape is {shape}.")
    return real("x", x)
