"""What every explorer shares: a live widget with a kernel, a living page once exported, and else a still picture."""

import base64
import hashlib
import html
import json
from collections.abc import Callable, Sequence
from numbers import Real
from pathlib import Path
from typing import Any, Self
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import anywidget
import torch
import traitlets

from rnnlab import expect
from rnnlab.colours import DARK, LIGHT

INK, QUIET, LINE = LIGHT["ink"], LIGHT["quiet"], LIGHT["line"]  # a still picture cannot know what is around it
FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"


class Explorer(anywidget.AnyWidget):
    """A picture to play with.

    A subclass has `_esm = with_kit("name.js")`, its own synced traits for whatever the script reads and moves, and the
    three methods below. Displayed, it is the widget, and beside it the page: the still picture and the same script.
    """

    def still(self) -> Element:
        """The picture at the current position, as an SVG element (see `picture`)."""
        raise NotImplementedError

    def alt(self) -> str:
        """What the picture shows, in one or two sentences with its numbers."""
        raise NotImplementedError

    @classmethod
    def example(cls) -> Self:
        """A small one, seeded: what tests and benchmarks open."""
        raise NotImplementedError

    def state(self) -> dict:
        """The synced traits of the subclass by name: what the script may `model.get`."""
        shared = anywidget.AnyWidget.class_trait_names()
        own = [name for name in self.trait_names(sync=True) if name[0] != "_" and name not in shared]
        return {name: getattr(self, name) for name in own}

    def page(self) -> str:
        """HTML that needs no kernel and no network: the still picture, and the script that brings it to life."""
        svg = ElementTree.tostring(self.still())
        # Inside <script> only "<" can end the script, so a label may hold any text.
        state = json.dumps(self.state(), sort_keys=True, allow_nan=False).replace("<", "\\u003c")
        script = str(self._esm).replace("export default", "const explorer =")
        # Explorers that share a key are equal and may trade places; `awaken` takes the first that is still asleep.
        key = hashlib.sha256(svg + state.encode() + script.encode()).hexdigest()[:12]
        source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
        image = f'<img alt="{html.escape(self.alt())}" src="{source}" style="max-width: 100%">'
        return (
            f'<div data-explorer="{key}">{image}</div>\n'
            f'<script type="module">\n{script}\nawaken(explorer, "{key}", {state});\n</script>'
        )

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": self.page(), "text/plain": repr(self)}, metadata

    def __repr__(self):
        return f"{type(self).__name__}()"


class Position(traitlets.TraitType):
    """Where the reader is: a synced trait that is one of `choices`, or of what `choices(explorer)` gives.

    choices: a range from the first to the last, else names or numbers.  Python and the page alike are refused before
    anything is kept, with a ValueError or TypeError.
    """

    def __init__(self, start: Any, choices: Sequence | Callable[[Explorer], Sequence]):
        super().__init__(start)
        self.choices = choices
        self.tag(sync=True)

    def validate(self, explorer: Explorer, value: Any) -> Any:
        """The value as it stands among the choices: a page sends 1 for 1.0."""
        choices = self.choices(explorer) if callable(self.choices) else self.choices
        if isinstance(choices, range):
            if type(value) is int and value not in choices:
                raise ValueError(f"{self.name} goes from {choices[0]} to {choices[-1]}, and {value} is outside.")
            return expect.whole(self.name, value, choices[0], choices[-1])
        alike = isinstance(value, str if isinstance(choices[0], str) else Real) and not isinstance(value, bool)
        if not alike or value not in choices:
            error, names = ValueError if alike else TypeError, ", ".join(map(str, choices))
            raise error(f"{self.name} must be one of {names}, not {expect.said(value)}.")
        return choices[choices.index(value)]


def with_kit(*names: str) -> str:
    """The scripts `names` beside this file behind the colours and the kit: a module of anywidget cannot import them."""
    here, tones = Path(__file__).parent, json.dumps({"light": LIGHT, "dark": DARK})
    scripts = [(here / part).read_text(encoding="utf-8") for part in ("base.js", *names)]
    return "\n".join([f"const TONES = {tones};", *scripts])


def rounded(values: Any, digits: int = 3) -> Any:
    """A tensor, or numbers in lists and dicts, as plain lists with every float cut to `digits` significant digits.

    Stored pages are then the same on every processor. Zero comes without a sign.
    """
    if isinstance(values, torch.Tensor):
        values = values.tolist()
    if isinstance(values, dict):
        return {key: rounded(value, digits) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [rounded(value, digits) for value in values]
    return float(f"{values:.{digits}g}") + 0.0 if isinstance(values, float) else values


def real(name: str, value: torch.Tensor) -> torch.Tensor:
    """A tensor of finite real numbers as float64 on the CPU, apart from its graph; TypeError or ValueError if not."""
    if value.is_complex():
        raise TypeError(f"{name} must hold real numbers, and it is {value.dtype}.")
    if not value.isfinite().all():
        raise ValueError(f"{name} must hold finite numbers, and there is NaN or infinity in it.")
    return value.detach().cpu().double()


def picture(width: float, height: float) -> Element:
    """An empty still picture: an `<svg>` of width x height with a white ground."""
    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}")
    svg.attrib |= {"width": str(width), "height": str(height), "font-family": FONT, "font-size": "16", "fill": INK}
    draw(svg, "rect", width=width, height=height, rx=10, fill="#fff")
    return svg


def draw(parent: Element, tag: str, text: str | None = None, **attributes: Any) -> Element:
    """Add an SVG element to `parent` and return it; `text_anchor="end"` becomes `text-anchor="end"`."""
    attributes = {name.replace("_", "-"): rounded(value, 4) for name, value in attributes.items()}
    node = ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    node.text = text
    return node


def sub(number: int) -> str:
    """A whole number as a subscript: 12 -> "₁₂"."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))


def printable(text: str) -> str:
    """A text as SVG and UTF-8 may hold it: control and direction marks and halves of characters become �."""
    return "".join(c if c.isprintable() else "�" for c in text)


def step_labels(labels: Sequence[str] | None, steps: int) -> list[str]:
    """One printable string for each step, x₁ x₂ … unless told; TypeError or ValueError for labels that do not fit."""
    if labels is None:
        return [f"x{sub(t + 1)}" for t in range(steps)]
    if not isinstance(labels, str | list | tuple) or not all(isinstance(label, str) for label in labels):
        raise TypeError(f"labels must be a string or a list of strings, one for each step, not {labels!r}.")
    if len(labels) != steps:
        raise ValueError(f"labels must have one entry for each of the {steps} steps, not {len(labels)}.")
    return ["␣" if label.isspace() else printable(label) for label in labels]  # a space would be invisible
