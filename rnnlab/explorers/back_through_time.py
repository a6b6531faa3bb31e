"""Back through time: the loss of one step, and how much of its gradient arrives at every state before it."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import Tensor, nn

from rnnlab import cells, expect, gradients
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

MOST = 20  # steps that still fit on a projector
WIDE = 22  # the widest arrow, in pixels; every other is as much thinner as its gradient is smaller


class BackThroughTime(Explorer):
    """Slide the step of the loss and the length of the pieces; the arrows back are as wide as the gradient is large.

    rnn: a plain `nn.RNN` (or `cells.RNN`) with tanh, biases, one layer and one direction; x (T, I), T from 2 to 20;
    dloss_dh (T, H): what the loss of each step asks of the state of that step; labels: as for `Unroller`.
    `step` (1 … T) is the step of the loss; `k` (1 … T) the steps between two cuts, none at T.
    Raises TypeError or ValueError where any of these is something else.
    """

    _esm = with_kit("back_through_time.js")
    numbers = traitlets.Dict().tag(sync=True)
    step, k = (Position(1, lambda self: range(1, len(self.numbers["labels"]) + 1)) for _ in range(2))

    def __init__(
        self,
        rnn: nn.RNN | cells.RNN,
        x: Tensor,
        dloss_dh: Tensor,
        labels: Sequence[str] | None = None,
        step: int | None = None,
        k: int | None = None,
    ):
        weights = _weights(rnn)
        for name, value in {"x": x, "dloss_dh": dloss_dh}.items():
            if not isinstance(value, torch.Tensor) or value.dim() != 2:
                came = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
                raise ValueError(f"{name} must be a tensor (T, {'I' if name == 'x' else 'H'}), not {came}.")
        x, dloss_dh = real("x", x), real("dloss_dh", dloss_dh)
        expect.tensor("x", x, "T I", {"I": rnn.input_size})
        if not 2 <= len(x) <= MOST:
            raise ValueError(f"x must have 2 to {MOST} steps, not {len(x)}.")
        if not dloss_dh.any():
            raise ValueError("dloss_dh must ask something of at least one step, and it is zero everywhere.")
        steps = [one_loss(x, dloss_dh, weights, step) for step in range(1, len(x) + 1)]
        if not all(torch.cat([one["sizes"], one["shares"]]).isfinite().all() for one in steps):
            raise ValueError("rnn has weights so large that the gradient is no longer finite: make them smaller.")
        numbers = {name: [one[name] for one in steps] for name in steps[0]}
        last = len(x)
        super().__init__(
            numbers={"labels": step_labels(labels, last), "wide": WIDE, **rounded(numbers)},
            step=last if step is None else step,
            k=last if k is None else k,
        )

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(1)
        rnn = torch.nn.RNN(8, 8, dtype=torch.float64)
        x = torch.eye(8, dtype=torch.float64)
        return cls(rnn, x, torch.randn(8, 8, dtype=torch.float64), labels="you want", step=6, k=4)

    def now(self) -> tuple[int, list[float], list[float]]:
        """The step where the way back starts, the first step it still reaches, and the sizes and shares on the way."""
        first = (self.step - 1) // self.k * self.k + 1
        return first, self.numbers["sizes"][self.step - 1], self.numbers["shares"][self.step - 1]

    def alt(self) -> str:
        first, sizes, _ = self.now()
        if not any(sizes):
            return f"Step {self.step} has no loss: no gradient goes back from it."
        cut = f"; there it is cut, every {self.k} steps" if first > 1 else ""
        return (
            f"The loss of step {self.step} goes back to step {first}{cut}. The size of its gradient is "
            f"{sizes[self.step]:.2g} at the state of step {self.step} and {sizes[first]:.2g} at that of step {first}."
        )

    def still(self) -> Element:
        labels, (first, sizes, shares) = self.numbers["labels"], self.now()
        last = len(labels)
        pitch, middle, floor = 930 / (last + 1), 110, 330
        cell = min(44, 0.54 * pitch)
        svg = picture(960, 390)
        at = [20 + pitch * (t + 0.5) for t in range(last + 1)]
        words = {"text_anchor": "middle"}
        for t, x in enumerate(at):
            box = {"x": x - cell / 2, "y": middle - 22, "width": cell, "height": 44, "rx": 9}
            draw(svg, "rect", **box, fill="#fdf3dd", stroke=COLOUR["hidden"], stroke_width=2.5)
            draw(svg, "text", f"h{sub(t)}", x=x, y=middle + 6, **words)
            if t:
                draw(svg, "text", labels[t - 1], x=x, y=floor + 28, font_size=20, **words)
            if t and t < last and t % self.k == 0:
                line = {"x1": x + pitch / 2, "x2": x + pitch / 2, "y1": 50, "y2": floor}
                draw(svg, "line", **line, stroke=QUIET, stroke_width=2, stroke_dasharray="3 6")
        largest = max(sizes) or 1.0  # a step without a loss has no arrows
        start = at[self.step]
        draw(svg, "text", f"L{sub(self.step)}", x=start, y=30, fill=COLOUR["gradient"], font_weight=700, **words)
        down = _arrow((start, 40), (start, middle - 24), WIDE * sizes[self.step] / largest)
        draw(svg, "path", d=down if any(sizes) else "", fill=COLOUR["gradient"])
        for t in range(self.step, first - (first == 1), -1) if any(sizes) else ():
            ends = (at[t] - cell / 2 - 1, middle), (at[t - 1] + cell / 2 + 1, middle)
            draw(svg, "path", d=_arrow(*ends, WIDE * sizes[t - 1] / largest), fill=COLOUR["gradient"])
        for t in range(1, self.step + 1):
            if t >= first:
                draw(svg, "text", f"{sizes[t]:.2g}", x=at[t], y=middle + 48, font_size=14, **words)
            high = 90 * max(-0.4, min(1.2, shares[t - 1]))
            bar = {"x": at[t] - cell / 2, "y": floor - max(high, 0), "width": cell, "height": abs(high)}
            fill = COLOUR["gradient"] if t >= first else "none"
            draw(svg, "rect", **bar, fill=fill, stroke=COLOUR["gradient"])
        draw(svg, "line", x1=20, x2=950, y1=floor, y2=floor, stroke=QUIET)
        legend = "arrows: the size of the gradient at each state; bars: the share of each step in the gradient of W_hh"
        draw(svg, "text", legend, x=480, y=382, fill=QUIET, **words)
        return svg


def one_loss(x: Tensor, dloss_dh: Tensor, weights: list[Tensor], step: int) -> dict[str, Tensor | list]:
    """The loss of one step alone, float64.

    -> sizes: ‖∂L/∂h_t‖ for t = 0 … step; shares: how much of ∂L/∂W_hh each of steps 1 … step adds, measured along the
    whole, so that they sum to 1; cosines: of ∂L/∂W_hh and what is left of it when only the last 1 … step steps count.
    Without a gradient (the first step starts from h_0 = 0) the shares are 0 and the cosines None.
    """
    asked = torch.zeros_like(dloss_dh)
    asked[step - 1] = dloss_dh[step - 1]
    found, each = gradients.bptt(x, x.new_zeros(len(weights[1])), *weights, asked)
    whole, parts = found["weight_hh"].flatten(), each["weight_hh"][:step].flatten(1)
    sizes = torch.cat([found["h0"].norm()[None], each["h"][:step].norm(dim=1)])
    largest = whole.abs().max()
    if not largest:
        return {"sizes": sizes, "shares": torch.zeros(step), "cosines": [None] * step}
    whole, parts = whole / largest, parts / largest  # their squares would leave the range of float64 first
    kept = parts.flip(0).cumsum(0)
    cosines = torch.cosine_similarity(kept, whole[None])
    return {"sizes": sizes, "shares": parts @ whole / (whole @ whole), "cosines": cosines.tolist()}


def _arrow(start, end, width):
    """The outline of an arrow between two points on a horizontal or vertical line; `width` is that of its shaft."""
    half, head = max(width, 0.6) / 2, 0.65 * max(width, 0.6) + 2
    (x1, y1), (x2, y2) = start, end
    if x1 == x2:
        neck = y2 - min(10, y2 - y1)
        points = [(x1 - half, y1), (x1 + half, y1), (x1 + half, neck), (x1 + head, neck), (x2, y2), (x1 - head, neck)]
        points.append((x1 - half, neck))
    else:
        neck = x2 + min(10, x1 - x2)
        points = [(x1, y1 - half), (x1, y1 + half), (neck, y1 + half), (neck, y1 + head), (x2, y2), (neck, y1 - head)]
        points.append((neck, y1 - half))
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) + "Z"


def _weights(rnn):
    """The four tensors of a plain tanh RNN with one layer, float64, or a refusal."""
    if not isinstance(rnn, torch.nn.RNN | cells.RNN):
        raise TypeError(f"rnn must be a plain RNN such as nn.RNN(10, 8), not {type(rnn).__name__}.")
    if rnn.num_layers != 1 or rnn.bidirectional or not rnn.bias or rnn.nonlinearity != "tanh":
        raise ValueError(f"rnn must have tanh, biases, one layer and one direction, not {rnn}.")
    return [parameter.detach().cpu().double() for parameter in rnn.parameters()]
