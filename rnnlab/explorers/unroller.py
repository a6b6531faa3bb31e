"""Unroller: one recurrent cell used step after step, from the whole sequence down to a single product."""

import torch
import torch.nn.functional as F
import traitlets

from rnnlab.explorers.base import COLOUR, QUIET, Explorer, draw, picture, rounded, step_labels, sub, with_kit

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
    step = traitlets.Int(1).tag(sync=True)
    unit = traitlets.Int(1).tag(sync=True)

    def __init__(self, rnn, x, labels=None, step=1, unit=1):
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
        run = {"x": x, "sums": torch.stack(sums), "h": torch.stack(h), **weights}
        super().__init__(
            numbers={"labels": labels, "nonlinearity": rnn.nonlinearity, **rounded(run)}, step=step, unit=unit
        )

    @traitlets.validate("step", "unit")
    def _inside(self, proposal):
        last = len(self.numbers["labels"]) if proposal.trait.name == "step" else len(self.numbers["w_hh"])
        if not 1 <= proposal.value <= last:
            raise ValueError(f"{proposal.trait.name} goes from 1 to {last}, and {proposal.value} is outside.")
        return proposal.value

    @classmethod
    def example(cls):
        torch.manual_seed(0)
        rnn = torch.nn.RNN(4, 2, batch_first=True)
        return cls(rnn, F.one_hot(torch.tensor([[1, 0, 2, 2, 3]])).float(), labels="hello")

    def alt(self):
        labels, state = self.numbers["labels"], self.numbers["h"][self.step]
        return (
            f"One RNN cell drawn {len(labels)} times, for {' '.join(labels)}; every copy has the same weights. "
            f"After step {self.step}, {labels[self.step - 1]}, the state is ({', '.join(map(_two, state))})."
        )

    def still(self):
        labels, x, h = (self.numbers[name] for name in ("labels", "x", "h"))
        pitch = 930 / (len(h) - 0.6)
        cell = tile = 0.4 * pitch if len(h) > 8 else 64
        middle = 34 + max(64, 28 * len(h[0])) / 2
        foot = 2 * middle + 26
        largest = max(abs(value) for row in x for value in row) or 1
        svg = picture(960, foot + 92)
        for t, state in enumerate(h):
            right, bold = (
                12 + tile + t * pitch,
                {"font_weight": 700 if t == self.step else 400, "text_anchor": "middle"},
            )
            top = middle - 14 * len(state)
            draw(svg, "text", f"h{sub(t)}", x=right - tile / 2, y=top - 9, **bold)
            for i, value in enumerate(state):
                _tile(svg, value, right - tile, top + 28 * i, tile)
            if t == 0:
                continue
            centre, start = right - tile - 8 - cell / 2, right - pitch + 3
            across = f"M{start:.1f},{middle:.1f}H{centre - cell / 2 - 4:.1f}m-7,-7l7,7l-7,7"
            up = f"M{centre:.1f},{foot - 5:.1f}V{middle + 36:.1f}m-7,7l7,-7l7,7"
            for path, colour in ((across, COLOUR["hidden"]), (up, COLOUR["input"])):
                draw(svg, "path", d=path, stroke=colour, stroke_width=3, fill="none")
            fill = COLOUR["hidden"] if t == self.step else "#fdf3dd"
            box = {"x": centre - cell / 2, "y": middle - 32, "width": cell, "height": 64, "rx": 12}
            draw(svg, "rect", **box, fill=fill, stroke=COLOUR["hidden"], stroke_width=3)
            if cell > 44:
                draw(svg, "text", self.numbers["nonlinearity"], x=centre, y=middle + 6, **bold)
            side = min(20, 0.8 * pitch / len(x[0]))
            for j, value in enumerate(x[t - 1]):
                square = {"x": centre + side * (j - len(x[0]) / 2), "y": foot, "width": side - 2, "height": 18}
                blue = {"fill": COLOUR["input"], "stroke": COLOUR["input"]}
                draw(svg, "rect", **square, **blue, fill_opacity=abs(value) / largest)
            size = min(28, 1.6 * pitch / max(1, len(labels[t - 1])))
            draw(svg, "text", labels[t - 1], x=centre, y=foot + 48, font_size=size, **bold)
        legend = "at every step the same W_ih (blue) and W_hh (amber)"
        draw(svg, "text", legend, x=480, y=foot + 80, text_anchor="middle", fill=QUIET)
        return svg


def _tile(svg, value, left, top, width):
    """One number of a state: a frame, a bar from its middle, and the number where there is room."""
    share = min(1, abs(value)) * width / 2
    draw(svg, "rect", x=left, y=top, width=width, height=26, rx=4, fill="none", stroke=COLOUR["hidden"])
    start = left + width / 2 - (share if value < 0 else 0)
    draw(svg, "rect", x=start, y=top + 1, width=share, height=24, fill=COLOUR["hidden"], fill_opacity=0.45)
    if width > 44:
        draw(svg, "text", _two(value), x=left + width / 2, y=top + 19, text_anchor="middle")


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
    x = x.detach().cpu().double().reshape(-1, inputs)
    if not 1 <= len(x) <= MOST["steps"]:
        raise ValueError(f"x must have 1 to {MOST['steps']} steps, not {len(x)}: its shape is {shape}.")
    if not x.isfinite().all():
        raise ValueError("x must hold finite numbers, and there is NaN or infinity in it.")
    return x
