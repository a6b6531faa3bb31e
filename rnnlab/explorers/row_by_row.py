"""Row by row: a digit read one row after the other, and the ten beliefs after each row."""

import base64
import io
from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from PIL import Image
from torch import Tensor, nn

from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, printable, with_kit
from rnnlab.explorers.eight_bits import percent
from rnnlab.models import Reader

MOST = 12  # pictures; as many pills fit in two rows on a phone


class RowByRow(Explorer):
    """Read a picture row by row and see ten beliefs move.

    model: a module with `beliefs(x)`, (N, T, I) -> logits (N, T, 10), as `models.Reader`;
    images: (N, T, I) from 0 paper to 1 ink, N up to 12; labels: what each picture is called, 1, 2, … N unless told.
    `digit` (0 … N-1) and `row` (1 … T) say where the reader is, and move the picture when they are set.
    Raises TypeError or ValueError where any of these is something else.
    """

    _esm = with_kit("percent.js", "digit_reading.js", "row_by_row.js")
    numbers = traitlets.Dict().tag(sync=True)
    digit = Position(0, lambda self: range(len(self.numbers["beliefs"])))
    row = Position(1, lambda self: range(1, len(self.numbers["beliefs"][0]) + 1))

    def __init__(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Sequence | None = None,
        digit: int = 0,
        row: int | None = None,
    ):
        if not isinstance(model, nn.Module) or not callable(getattr(model, "beliefs", None)):
            raise TypeError(f"model must be a module with beliefs(x), as models.Reader is, not {type(model).__name__}.")
        images = checked_images(images)
        labels = checked_labels(labels, len(images))
        shares = beliefs(model, images)
        if not shares.isfinite().all():
            raise ValueError("model must believe finite numbers, and there is a NaN or an infinity in its beliefs.")
        if shares.shape != (*images.shape[:2], 10):
            raise ValueError(f"model must give ten beliefs after each row, and its shape is {tuple(shares.shape)}.")
        # Whole numbers, so that the page is the same on every processor: thousandths, and bytes of ink.
        numbers = {
            "pixels": [pack(image) for image in images],
            "beliefs": thousandths(shares),
            "labels": labels,
        }
        super().__init__(numbers=numbers, digit=digit, row=images.shape[1] if row is None else row)

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        return cls(Reader(28, 6, 10, "gru", "max"), strokes(), labels=["1", "7"], row=14)

    def alt(self) -> str:
        return said(self.numbers["labels"][self.digit], self.numbers["beliefs"][self.digit], self.row)

    def still(self) -> Element:
        return reading_picture(self.numbers["pixels"][self.digit], self.numbers["beliefs"][self.digit], self.row)


def checked_images(images: Tensor) -> Tensor:
    """Images as a float64 tensor (N, T, I); TypeError or ValueError with one sentence if they are none."""
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"images must be a tensor (N, T, I), not {type(images).__name__}.")
    if images.dim() != 3 or not 1 <= len(images) <= MOST or 0 in images.shape:
        raise ValueError(f"images must be (N, T, I) with N from 1 to {MOST}, not {tuple(images.shape)}.")
    if images.is_complex() or not images.isfinite().all() or images.min() < 0 or images.max() > 1:
        raise ValueError("images must lie between 0, paper, and 1, ink.")
    return images.detach().double().cpu()


def checked_labels(labels: Sequence | None, count: int) -> list[str]:
    """What pictures are called, as printable strings: 1, 2, … `count` unless told; ValueError if they do not fit."""
    labels = list(range(1, count + 1)) if labels is None else labels
    if not isinstance(labels, str | list | tuple) or not all(isinstance(label, str | int) for label in labels):
        raise TypeError(f"labels must be a list of texts or whole numbers, one for each picture, not {labels!r:.60}.")
    if len(labels) != count:
        raise ValueError(f"labels must be {count}, one for each picture, not {len(labels)}.")
    labels = [printable(str(label)) for label in labels]
    if not all(label.strip() for label in labels):
        raise ValueError("labels must say something, and one of them is empty.")
    return labels


@torch.no_grad()
def beliefs(model: nn.Module, images: Tensor) -> Tensor:
    """What the model believes after each row: images (N, T, I) -> shares (N, T, 10), float64, each row adds up to 1."""
    weight = next(model.parameters(), images)  # a module without any will do
    return model.beliefs(images.to(weight)).double().cpu().softmax(dim=-1)


def thousandths(shares: Tensor) -> list:
    """Shares as whole numbers, 1 … 999: a net is never certain, so that none of them is 0 or all."""
    return (1000 * shares).round().clamp(1, 999).int().tolist()


def pack(image: Tensor) -> str:
    """An image in [0, 1] as bytes of ink in base64."""
    return base64.b64encode(bytes((255 * image).round().int().flatten().tolist())).decode()


def ranked(row: list[float]) -> list[int]:
    """The digits, the most believed first."""
    return sorted(range(len(row)), key=lambda digit: -row[digit])


def said(label: str, table: list[list[int]], row: int) -> str:
    """One sentence on a reading. table: beliefs in thousandths, T lists of ten; row: how many rows are read."""
    now = [share / 1000 for share in table[row - 1]]
    first, second = ranked(now)[:2]
    return (
        f"Picture {label}, read to row {row} of {len(table)}: the net believes {first} with {percent(now[first])} "
        f"and {second} with {percent(now[second])}."
    )


def reading_picture(pixels: str, table: list[list[int]], row: int) -> Element:
    """The still picture: what is read so far, ten bars, ten curves. pixels: bytes in base64; table as in `said`."""
    table = [[share / 1000 for share in shares] for shares in table]
    T, now = len(table), table[row - 1]
    ink = base64.b64decode(pixels)
    wide = len(ink) // T
    svg, (first, second) = picture(960, 264), ranked(now)[:2]
    grey = Image.frombytes("L", (wide, T), bytes(255 - value for value in ink))
    with io.BytesIO() as file:
        grey.resize((8 * wide, 8 * T), Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
        source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    draw(svg, "image", href=source, x=20, y=20, width=224, height=224)
    edge = 224 / T
    draw(svg, "rect", x=20, y=20 + edge * row, width=224, height=224 - edge * row, fill="#fff", fill_opacity=0.75)
    draw(svg, "rect", x=20, y=20, width=224, height=224, fill="none", stroke=QUIET)
    band = {"fill": "none", "stroke": COLOUR["input"], "stroke_width": 3}
    draw(svg, "rect", x=20, y=20 + edge * (row - 1), width=224, height=edge, **band)
    for digit, share in enumerate(now):
        y, weight, deep = 18 + 23 * digit, *((700, 1) if digit == first else (400, 0.45))
        draw(svg, "text", str(digit), x=276, y=y + 15, font_weight=weight)
        draw(svg, "rect", x=296, y=y, width=180 * share, height=18, fill=COLOUR["output"], fill_opacity=deep)
        draw(svg, "text", percent(share), x=536, y=y + 15, text_anchor="end", font_weight=weight)
    x, y = (lambda t: 580 + 350 * t / max(1, T - 1)), (lambda share: 220 - 190 * share)
    for digit in reversed(ranked(now)):
        points = " ".join(f"{x(t):.0f},{y(shares[digit]):.1f}" for t, shares in enumerate(table))
        colour = COLOUR["output"] if digit == first else QUIET if digit == second else LINE
        draw(svg, "polyline", points=points, fill="none", stroke=colour, stroke_width=4 if digit == first else 2)
    for digit in range(10):
        best = max(range(T), key=lambda t: table[t][digit])
        if table[best][digit] > 0.2:
            name = {"text_anchor": "middle", "font_weight": 700}
            draw(svg, "text", str(digit), x=x(best), y=max(24, y(table[best][digit]) - 6), **name)
    draw(svg, "line", x1=x(row - 1), x2=x(row - 1), y1=30, y2=220, stroke=COLOUR["input"], stroke_width=3)
    draw(svg, "text", "row 1", x=580, y=244, fill=QUIET)
    draw(svg, "text", str(T), x=930, y=244, text_anchor="end", fill=QUIET)
    return svg


def strokes() -> Tensor:
    """A straight 1 and a 7, drawn with a ruler, for examples and tests: (2, 28, 28)."""
    images = torch.zeros(2, 28, 28)
    images[0, 4:24, 13:15] = 1
    images[1, 4:6, 7:21] = 1
    for row in range(6, 24):
        images[1, row, 20 - row // 2 : 22 - row // 2] = 1
    return images
