"""Scan: eight steps of a linear recurrence combined in three rounds, beside the loop that needs seven."""

from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import Tensor

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, rounded, sub, with_kit

T, ROUNDS = 8, (1, 2, 4)  # elements, and how far back each round reaches


class Scan(Explorer):
    """Watch `h_t = a_t h_{t-1} + b_t`, h_0 = 0, computed by doubling (Hillis and Steele 1986) and by the loop.

    a, b: (8,), finite.  In each of three rounds every element takes in what stands 1, 2, then 4 before it:
    (a₁, b₁) then (a₂, b₂) becomes (a₂ a₁, a₂ b₁ + b₂). Once it holds everything from the first element on, its b is h.
    `round` (0 to 7) is how many rounds both have had; `element` (1 to 8) is the one whose sum is written out.
    Raises TypeError or ValueError where an argument is something else.
    """

    _esm = with_kit("scan.js")
    numbers = traitlets.Dict().tag(sync=True)
    round = Position(1, range(T))
    element = Position(4, range(1, T + 1))

    def __init__(self, a: Tensor, b: Tensor, round: int = 1, element: int = 4):
        a, b = (
            expect.tensor(name, value, "T", {"T": T}).detach().cpu().double() for name, value in (("a", a), ("b", b))
        )
        table, loop = partial(a, b), states(a, b)
        if not torch.stack([*table[-1], loop]).isfinite().all():
            raise ValueError("a and b must have a state that is a finite number, and it grows beyond every number.")
        super().__init__(numbers=rounded({"table": table, "loop": loop}), round=round, element=element)

    @classmethod
    def example(cls) -> Self:
        a = torch.tensor([0.9, 0.5, 0.8, 0.9, 0.2, 0.7, 0.9, 0.6])
        return cls(a, torch.tensor([1.0, 0.5, -1.0, 2.0, 1.0, 0.0, -0.5, 1.0]))

    def alt(self) -> str:
        done = min(self.round, len(ROUNDS))
        combined = sum(T - reach for reach in ROUNDS[:done])
        ready = T if done == len(ROUNDS) else 2**done
        return (
            f"Eight elements, each a pair (a, b). After {_rounds(self.round)} the scan by doubling has {ready} of the "
            f"8 states, in {combined} combinations; the loop has {self.round + 1}, in {self.round}."
        )

    def still(self) -> Element:
        svg, done = picture(960, 412), min(self.round, len(ROUNDS))
        x, y = (lambda t: 150 + 104 * t), (lambda r: 44 + 76 * r)
        middle = {"text_anchor": "middle"}
        for r, reach in enumerate(ROUNDS[:done], 1):
            for t in range(T):
                draw(svg, "path", d=f"M{x(t)},{y(r - 1) + 22}V{y(r) - 22}", stroke=QUIET, stroke_width=2)
                if t >= reach:
                    line = f"M{x(t - reach)},{y(r - 1) + 22}L{x(t)},{y(r) - 22}"
                    draw(svg, "path", d=line, stroke=COLOUR["hidden"], stroke_width=3)
        rows = [*self.numbers["table"][: done + 1], [None, self.numbers["loop"][: self.round + 1]]]
        for r, (a, b) in enumerate(rows):
            loop = a is None
            top = y(4) + 26 if loop else y(r)
            draw(svg, "text", "loop" if loop else f"round {r}" if r else "given", x=14, y=top + 6, fill=QUIET)
            for t, state in enumerate(b):
                ready = loop or t < 2**r
                edge = COLOUR["hidden"] if ready else COLOUR["input"]
                box = {"width": 90, "height": 44, "rx": 8, "fill": "#fff", "stroke": edge, "stroke_width": 2.5}
                draw(svg, "rect", x=x(t) - 45, y=top - 22, **box)
                if ready:
                    draw(svg, "text", f"h{sub(t + 1)} {_short(state)}", x=x(t), y=top + 6, **middle)
                else:
                    draw(svg, "text", f"a {_short(a[t])}", x=x(t), y=top - 3, font_size=15, **middle)
                    draw(svg, "text", f"b {_short(state)}", x=x(t), y=top + 16, font_size=15, **middle)
                if loop and t:
                    draw(svg, "path", d=f"M{x(t) - 59},{top}h14", stroke=COLOUR["hidden"], stroke_width=3)
        draw(svg, "path", d="M14,338H946", stroke=LINE)
        return svg


def partial(a: Tensor, b: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The pairs (a, b), each (8,), as given and after each round; a b is the state once its pair reaches the start."""
    table = [(a, b)]
    for reach in ROUNDS:
        late, early = slice(reach, None), slice(None, -reach)
        b = torch.cat([b[:reach], a[late] * b[early] + b[late]])
        a = torch.cat([a[:reach], a[late] * a[early]])
        table.append((a, b))
    return table


def states(a: Tensor, b: Tensor) -> Tensor:
    """The states by the loop: a, b (8,) -> h (8,)."""
    h = [b[0]]
    for a_t, b_t in zip(a[1:], b[1:], strict=True):
        h.append(a_t * h[-1] + b_t)
    return torch.stack(h)


def _rounds(count):
    return "1 round" if count == 1 else f"{count} rounds"


def _short(value):
    return f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00") if abs(value) < 1000 else f"{value:.0e}"
