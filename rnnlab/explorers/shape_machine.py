"""Shape machine: choose the sizes of a recurrent layer and see the shape of every tensor it takes, gives and holds."""

import math
from typing import Self
from xml.etree.ElementTree import Element

import traitlets

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import INK, QUIET, Explorer, Position, draw, picture, with_kit

SIZES = {"B": 4, "T": 6, "I": 6, "H": 5, "L": 3, "D": 2}  # from 1 to this: what still fits on a projector
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
# Each axis is a product of letters, G the number of gates. tests/test_shape_machine.py asks torch about every position.
RULES = {
    "x": ["B", "T", "I"], "out": ["B", "T", "D·H"], "h_n": ["L·D", "B", "H"], "c_n": ["L·D", "B", "H"],
    "weight_ih": ["G·H", "D·H"], "weight_ih_l0": ["G·H", "I"], "weight_hh": ["G·H", "H"],
    "bias_ih": ["G·H"], "bias_hh": ["G·H"],
}  # fmt: skip
PARAMETERS = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
DARK = "#855c00"  # for edges on the colour of the hidden state: 58 % of it, as in shape_machine.js
UNIT, DEPTH = 16, 8  # pixels of one entry, and from one sheet to the one behind it


class ShapeMachine(Explorer):
    """Every tensor of an `nn.RNN`, `nn.LSTM` or `nn.GRU` as a block, drawn as PyTorch prints it.

    B 1 … 4, T and I 1 … 6, H 1 … 5, L (layers) 1 … 3, D (directions) 1 or 2; cell "RNN", "LSTM" or "GRU";
    tensor: the name of the one that is explained, such as "h_n" or "weight_hh_l0"; "out" if there is no such tensor.
    Raises ValueError for a size or a cell that is not there, TypeError for something of another type.
    """

    _esm = with_kit("shape_machine.js")
    rules = traitlets.Dict().tag(sync=True)
    most = traitlets.Dict().tag(sync=True)
    B, T, I, H, L, D = (
        Position(start, range(1, most + 1)) for start, most in zip((3, 5, 4, 2, 1, 1), SIZES.values(), strict=True)
    )
    cell = Position("RNN", list(GATES))
    batch_first = traitlets.Bool(True).tag(sync=True)
    tensor = traitlets.Unicode("out").tag(sync=True)

    def __init__(
        self,
        B: int = 3,
        T: int = 5,
        I: int = 4,
        H: int = 2,
        L: int = 1,
        D: int = 1,
        cell: str = "RNN",
        batch_first: bool = True,
        tensor: str = "out",
    ):
        super().__init__(
            rules=RULES, most={**SIZES, **GATES}, B=B, T=T, I=I, H=H, L=L, D=D, cell=cell,
            batch_first=expect.flag("batch_first", batch_first), tensor=expect.text("tensor", tensor),
        )  # fmt: skip

    @classmethod
    def example(cls) -> Self:
        return cls()

    def axes(self) -> dict[str, list[str]]:
        """{name of the tensor: its axes in letters}, data first, then the parameters as `named_parameters` has them."""
        named = {name: list(RULES[name]) for name in ("x", "out", "h_n") + ("c_n",) * (self.cell == "LSTM")}
        if not self.batch_first:
            named |= {name: [named[name][i] for i in (1, 0, 2)] for name in ("x", "out")}
        for layer in range(self.L):
            for suffix in ("", "_reverse")[: self.D]:
                for name in PARAMETERS:
                    named[f"{name}_l{layer}{suffix}"] = RULES.get(f"{name}_l{layer}", RULES[name])
        return named

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """{name of the tensor: its shape}."""
        letters = {**{name: getattr(self, name) for name in SIZES}, "G": GATES[self.cell]}
        return {
            name: tuple(math.prod(letters[letter] for letter in axis.split("·")) for axis in axes)
            for name, axes in self.axes().items()
        }

    def call(self) -> str:
        """The line of Python that makes the layer."""
        more = [f"num_layers={self.L}"] * (self.L > 1) + ["batch_first=True"] * self.batch_first
        return f"nn.{self.cell}({', '.join([str(self.I), str(self.H), *more, *['bidirectional=True'] * (self.D > 1)])})"

    def alt(self) -> str:
        said = [f"{name} {shape}" for name, shape in self.shapes().items()]
        data = 4 if self.cell == "LSTM" else 3
        return (
            f"The layer {self.call()} takes {said[0]} and gives {' and '.join(said[1:data])}, each drawn as a block. "
            f"It holds {', '.join(said[data:])}."
        )

    def still(self) -> Element:
        shapes, axes = self.shapes(), self.axes()
        data = [name for name in shapes if "_l" not in name]
        tall = max(UNIT * shapes[name][1] + DEPTH * (shapes[name][0] - 1) for name in data)
        rows, columns = GATES[self.cell] * self.H, self.L * self.D
        unit = min(14, 85 / rows, (960 - 90) / columns / (rows + 8))
        svg = picture(960, round(tall + 2 * rows * unit + 250))
        draw(svg, "text", self.call(), x=16, y=30, font_family="monospace", font_size=17)
        left, foot = 40, 76 + tall
        for name in data:
            self._block(svg, name, shapes[name], axes[name], left, foot)
            left += UNIT * shapes[name][2] + DEPTH * (shapes[name][0] - 1) + 70
            if name == "x":
                middle = foot - tall / 2
                arrow = f"M{left - 44},{middle}h70m-9,-7l9,7l-9,7"
                draw(svg, "path", d=arrow, fill="none", stroke=INK, stroke_width=2.5)
                draw(svg, "text", self.cell, x=left - 12, y=middle - 14, text_anchor="middle")
                left += 76
        top = foot + 66
        for kind in PARAMETERS:
            deep = unit * rows if kind.startswith("weight") else max(unit, 12)
            draw(svg, "text", kind, x=90, y=top + 28 + deep / 2, text_anchor="end", font_size=15)
            for column, name in enumerate(name for name in shapes if name.startswith(f"{kind}_l")):
                x, shape = 104 + column * (960 - 104) / columns, (1, *shapes[name])[-2:]
                if kind == "weight_ih":
                    draw(svg, "text", name.removeprefix(kind), x=x, y=top + 12, font_size=15, fill=QUIET)
                colour = COLOUR["input" if "ih" in kind else "hidden"]
                _sheet(svg, x, top + 22, shape, unit, colour, [])
                draw(svg, "text", _tuple(shapes[name]), x=x + unit * shape[1] + 8, y=top + 28 + deep / 2, font_size=15)
            top += deep + 12
        return svg

    def _block(self, svg, name, shape, axes, left, foot):
        """One data tensor: a sheet for each index of its first axis, the first in front."""
        colour = COLOUR[{"x": "input", "out": "output", "h_n": "hidden", "c_n": "cell"}[name]]
        sheets, rows, columns = shape
        for sheet in reversed(range(sheets)):
            amber = [cell for cell in marked(name, shape, self.H, self.D, self.batch_first) if cell[0] == sheet]
            _sheet(svg, left + DEPTH * sheet, foot - UNIT * rows - DEPTH * sheet, shape[1:], UNIT, colour, amber)
        width, height, behind = UNIT * columns, UNIT * rows, DEPTH * (sheets - 1)
        first, down, across = (_plain(axis, self.D) for axis in axes)
        quiet = {"font_size": 15, "fill": QUIET}
        draw(svg, "text", name, x=left, y=foot - height - behind - 12, font_weight=700)
        draw(svg, "text", down, x=left - 6, y=foot - height / 2 + 5, text_anchor="end", **quiet)
        draw(svg, "text", across, x=left + width / 2, y=foot + 17, text_anchor="middle", **quiet)
        draw(svg, "text", first, x=left + width + behind / 2 + 6, y=foot + 4 - behind / 2, **quiet)
        draw(svg, "text", _tuple(shape), x=left, y=foot + 40, font_size=18, font_weight=700)


def marked(name: str, shape: tuple[int, ...], H: int, D: int, batch_first: bool) -> list[tuple[int, ...]]:
    """The rectangles of `out` and `h_n` that hold the same numbers: (sheet, row, first column, columns)."""
    if name == "h_n":
        return [(sheet, row, 0, H) for sheet in range(shape[0] - D, shape[0]) for row in range(shape[1])]
    if name != "out":
        return []
    B, T = shape[:2] if batch_first else shape[1::-1]
    ends = [(T - 1, 0), (0, H)][:D]  # forward is done at the last step, backward at the first
    return [((b, t) if batch_first else (t, b)) + (column, H) for b in range(B) for t, column in ends]


def _sheet(svg, x, y, shape, unit, colour, marked):
    """A grid of shape (rows, columns), with some rows of it in the colour of the hidden state."""
    rows, columns = shape
    edge = DARK if marked and colour == COLOUR["hidden"] else colour
    size = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{unit * columns:.1f}", "height": f"{unit * rows:.1f}"}
    draw(svg, "rect", fill="#fff", **size)
    draw(svg, "rect", fill=colour, fill_opacity=0.2, **size)
    for _, row, column, width in marked:
        draw(svg, "rect", x=x + unit * column, y=y + unit * row, width=unit * width, height=unit, fill=COLOUR["hidden"])
    lines = [f"M{x + unit * i:.1f},{y:.1f}v{unit * rows:.1f}" for i in range(1, columns)]
    lines += [f"M{x:.1f},{y + unit * i:.1f}h{unit * columns:.1f}" for i in range(1, rows)]
    draw(svg, "path", d="".join(lines), stroke=edge, stroke_width=0.7, stroke_opacity=0.6, fill="none")
    draw(svg, "rect", fill="none", stroke=edge, stroke_width=1.6, **size)


def _plain(axis, D):
    """An axis in letters, without a D that is 1."""
    return axis if D > 1 else "·".join(letter for letter in axis.split("·") if letter != "D")


def _tuple(shape):
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
