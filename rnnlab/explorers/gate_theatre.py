"""Gate theatre: the gates of a small LSTM letter by letter; force one at a step and see which answers break."""

import base64
from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import Tensor, nn

from rnnlab import cells
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, real, rounded, step_labels, with_kit

MOST = {"steps": 20, "units": 8}  # what still fits on a projector
LOOKS = {"f": "cell", "i": "input", "o": "output", "c": "cell", "h": "hidden"}  # and the colour of each
C = list(LOOKS).index("c")
FORCES = ["none", "f = 0", "f = 1", "i = 0", "i = 1", "o = 0", "o = 1"]


class GateTheatre(Explorer):
    """See what an LSTM keeps, writes and shows at every step, and what it answers when a gate is forced at one step.

    lstm: `nn.LSTM` (or `cells.LSTM`) with one layer and one direction, H up to 8; head: `nn.Linear`, its logits (V) at
    every step; x (T, I), T from 2 to 20; labels: as for `Unroller`; y (T,): the right answers, 0 … V-1. Without y the
    answers of the unforced run count as right.
    `look` (one of f, i, o, c, h), `force` (one of `FORCES`; it acts on all units) and `step` (1 … T) move the picture.
    Raises TypeError or ValueError where any of these is something else.
    """

    _esm = with_kit("gate_theatre.js")
    numbers = traitlets.Dict().tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)
    look = Position("f", list(LOOKS))
    force = Position("none", FORCES)
    step = Position(1, lambda self: range(1, len(self.numbers["labels"]) + 1))

    def __init__(
        self,
        lstm: nn.LSTM | cells.LSTM,
        head: nn.Linear,
        x: Tensor,
        labels: Sequence[str] | None = None,
        y: Tensor | None = None,
        look: str = "f",
        force: str = "none",
        step: int = 1,
    ):
        weights, x = _weights(lstm, head), _sequence(lstm, x)
        T, right = len(x), _answers(y, len(x), head)
        values, answers = runs(x, *weights, head.weight.detach().cpu().double(), _bias(head))
        # Gates and h end at 1. c ends at what it reaches in any run, but fills its cell where the free run is largest.
        full, scale = torch.ones(2, len(LOOKS), lstm.hidden_size, dtype=torch.float64)
        full[C] = torch.tensor(rounded(values[:, :, C].abs().amax(dim=(0, 1)).clamp(min=0.1) * 1.01, 2))
        scale[C] = torch.tensor(rounded(values[0, :, C].abs().amax(dim=0).clamp(min=0.1), 2))
        small = values.div(full).mul(100).round().clamp(-127, 127).to(torch.int8)  # hundredths, in one byte
        rows = torch.cat([small.flatten(2), answers[..., None].to(torch.int8)], dim=2)
        # A forced run is the free one up to its step: of each keep only the rest.
        kept = [rows[0]] + [rows[n, (n - 1) % T :] for n in range(1, len(rows))]
        self._kept = torch.cat(kept)
        numbers = {"labels": step_labels(labels, T), "full": rounded(full), "scale": rounded(scale)}
        numbers |= {"forces": FORCES, "looks": [list(pair) for pair in LOOKS.items()]}
        numbers |= {"right": (answers[0] if right is None else right).tolist(), "known": right is not None}
        table = base64.b64encode(self._kept.numpy().tobytes()).decode()
        super().__init__(numbers=numbers, table=table, look=look, force=force, step=step)

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        lstm, head = nn.LSTM(3, 4, dtype=torch.float64), nn.Linear(4, 3, dtype=torch.float64)
        with torch.no_grad():
            lstm.weight_ih_l0.mul_(4)
            head.weight.mul_(4)
        text = "(x)((x))(x)x"
        return cls(lstm, head, torch.eye(3).double()[["()x".index(c) for c in text]], text, force="f = 0", step=6)

    def now(self, force: str | None = None, step: int | None = None) -> tuple[Tensor, Tensor]:
        """One run: values (T, 5, H) float64 in the order of `LOOKS`, answers (T,)."""
        force = self.force if force is None else GateTheatre.force.validate(self, force)
        step, T = self.step if step is None else GateTheatre.step.validate(self, step), len(self.numbers["labels"])
        rows, full = self._kept[:T], torch.tensor(self.numbers["full"], dtype=torch.float64)
        if force != "none":
            ahead = (FORCES.index(force) - 1) * T * (T + 1) // 2 + (step - 1) * T - (step - 1) * (step - 2) // 2
            rows = torch.cat([rows[: step - 1], self._kept[T + ahead : T + ahead + T - step + 1]])
        return rows[:, :-1].unflatten(1, full.shape) * full / 100, rows[:, -1].long()

    def verdict(self) -> str:
        """How many answers are right where the reader is, and where the first wrong one is, as a sentence."""
        right, answers = self.numbers["right"], self.now()[1].tolist()
        wrong = [t for t, (a, b) in enumerate(zip(answers, right, strict=True), 1) if a != b]
        what = f"{self.force} at step {self.step}" if self.force != "none" else "No gate is forced"
        first = f"; the first wrong one is at step {wrong[0]}" if wrong else ""
        return f"{what}: {len(right) - len(wrong)} of {len(right)} answers are right{first}."

    def _short(self, value):
        return f"{value:.{1 if self.look == 'c' else 2}f}".replace("-", "−")

    def alt(self) -> str:
        labels, units = self.numbers["labels"], len(self.numbers["full"][0])
        shown = ", ".join(map(self._short, self.now()[0][self.step - 1, list(LOOKS).index(self.look)].tolist()))
        return (
            f"The sequence {' '.join(labels)}, once for each of {units} units of an LSTM. A cell is filled as far as "
            f"{self.look} is large; at step {self.step} it is {shown}. {self.verdict()}"
        )

    def still(self) -> Element:
        labels, right, (values, answers) = self.numbers["labels"], self.numbers["right"], self.now()
        units, place = len(self.numbers["full"][0]), list(LOOKS).index(self.look)
        shares = (values[:, place] / torch.tensor(self.numbers["scale"][place])).clamp(-1, 1)  # (T, H)
        pitch, tall, left, top = 860 / len(labels), 52, 90, 12
        floor = top + units * tall
        svg = picture(960, floor + 130)
        fills = {True: "", False: ""}
        boxes, wide, inside = "", pitch - 4, tall - 4
        colours = {True: COLOUR[LOOKS[self.look]], False: QUIET}  # positive or not
        grounds = {sign: draw(svg, "path", fill=fill, fill_opacity=0.5) for sign, fill in colours.items()}
        words = draw(svg, "g", text_anchor="middle")
        for t, label in enumerate(labels):
            x, now = left + pitch * t + 2, t + 1 == self.step
            for u, share in enumerate(shares[t].tolist()):
                y = top + u * tall + 2
                boxes += f"M{x:.1f},{y}h{wide:.1f}v{inside}h-{wide:.1f}z"
                ground = y + inside / (2 if self.look in "ch" else 1)
                fills[share > 0] += f"M{x:.1f},{ground:g}h{wide:.1f}v{-share * (ground - y):.1f}h-{wide:.1f}z"
                draw(words, "text", label[:4], x=x + wide / 2, y=y + (20 if now else 30), font_size=20)
                if now:
                    value = self._short(values[t, place, u].item())
                    draw(words, "text", value, x=x + wide / 2, y=y + 42, font_size=14)
            good = answers[t].item() == right[t]
            bold = {"x": x + wide / 2, "font_weight": 400 if good else 700}
            draw(words, "text", str(answers[t].item()), y=floor + 26, **bold)
            draw(words, "text", str(right[t]), y=floor + 54, x=x + wide / 2, fill=QUIET)
            draw(words, "text", "✓" if good else "✗", y=floor + 82, **bold)
        for sign, path in grounds.items():
            path.set("d", fills[sign])
        draw(svg, "path", d=boxes, fill="none", stroke=LINE)
        ring = {"x": left + pitch * (self.step - 1), "y": top, "width": pitch, "height": floor - top, "rx": 5}
        stroke = QUIET if self.force == "none" else COLOUR["gradient"]
        draw(svg, "rect", **ring, fill="none", stroke=stroke, stroke_width=3)
        for u in range(units):
            draw(svg, "text", f"unit {u + 1}", x=14, y=top + u * tall + 32)
        for name, y in {"says": 26, "right" if self.numbers["known"] else "unforced": 54}.items():
            draw(svg, "text", name, x=14, y=floor + y)
        draw(svg, "text", f"Filled as far as {self.look} is large. {self.verdict()}", x=14, y=floor + 116)
        return svg


def runs(
    x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, head_weight: Tensor, head_bias: Tensor
) -> tuple[Tensor, Tensor]:
    """The free run and every forced one, side by side: N = 1 + 6T of them, float64.

    x (T, I) -> values (N, T, 5, H), in the order f, i, o, c, h; answers (N, T). Run 0 is free; then for each force all
    steps at which it can act.
    """
    T, H = len(x), weight_hh.shape[1]
    h = c = x.new_zeros(1 + (len(FORCES) - 1) * T, H)
    values = []
    for t, x_t in enumerate(x):
        i, f, g, o = (x_t @ weight_ih.T + bias + h @ weight_hh.T).chunk(4, dim=1)
        gates = {"f": f.sigmoid(), "i": i.sigmoid(), "o": o.sigmoid()}
        for n, force in enumerate(FORCES[1:]):
            gates[force[0]][1 + n * T + t] = float(force[-1])
        c = gates["f"] * c + gates["i"] * g.tanh()
        h = gates["o"] * c.tanh()
        values.append(torch.stack([*gates.values(), c, h], dim=1))
    values = torch.stack(values, dim=1)
    return values, (values[:, :, 4] @ head_weight.T + head_bias).argmax(dim=-1)


def _bias(head):
    return torch.zeros(()).double() if head.bias is None else head.bias.detach().cpu().double()


def _weights(lstm, head):
    """weight_ih, weight_hh and the two biases as one, float64, or a refusal."""
    if not isinstance(lstm, nn.LSTM | cells.LSTM):
        raise TypeError(f"lstm must be an LSTM such as nn.LSTM(3, 4), not {type(lstm).__name__}.")
    if lstm.num_layers != 1 or lstm.bidirectional or getattr(lstm, "proj_size", 0):
        raise ValueError(f"lstm must have one layer and one direction, without projection, not {lstm}.")
    if lstm.hidden_size > MOST["units"]:
        raise ValueError(f"lstm must have a hidden size up to {MOST['units']}, not {lstm.hidden_size}.")
    if not isinstance(head, nn.Linear):
        raise TypeError(f"head must be an nn.Linear, not {type(head).__name__}.")
    if head.in_features != lstm.hidden_size or head.out_features > 100:
        raise ValueError(
            f"head must lead from the {lstm.hidden_size} units of lstm to at most 100 answers, "
            f"not from {head.in_features} to {head.out_features}."
        )
    for owner, module in {"lstm": lstm, "head": head}.items():
        for name, weight in module.named_parameters():
            if not weight.isfinite().all():
                raise ValueError(f"{owner} must have finite weights, and {name} holds NaN or infinity.")
    w = [getattr(lstm, name).detach().cpu().double() for name in ("weight_ih_l0", "weight_hh_l0")]
    bias = lstm.bias_ih_l0 + lstm.bias_hh_l0 if lstm.bias else w[0].new_zeros(len(w[0]))
    return *w, bias.detach().cpu().double()


def _sequence(lstm, x):
    if not isinstance(x, torch.Tensor) or x.dim() != 2 or x.shape[1] != lstm.input_size:
        came = tuple(x.shape) if isinstance(x, torch.Tensor) else type(x).__name__
        raise ValueError(f"x must be one sequence (T, {lstm.input_size}), as lstm reads it, not {came}.")
    if not 2 <= len(x) <= MOST["steps"]:
        raise ValueError(f"x must have 2 to {MOST['steps']} steps, not {len(x)}.")
    return real("x", x)


def _answers(y, steps, head):
    if y is None:
        return None
    if not isinstance(y, torch.Tensor) or y.is_floating_point() or y.is_complex() or tuple(y.shape) != (steps,):
        came = f"{y.dtype} {tuple(y.shape)}" if isinstance(y, torch.Tensor) else type(y).__name__
        raise ValueError(f"y must be a tensor of {steps} whole numbers, one for each step, not {came}.")
    if not (0 <= y.min() and y.max() < head.out_features):
        raise ValueError(f"y goes from {y.min()} to {y.max()}, expected 0 to {head.out_features - 1} as head answers.")
    return y.detach().cpu().long()  # True and False are 1 and 0
