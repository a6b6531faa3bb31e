"""Word map: type a word, see its nearest neighbours and its place among the others."""

import base64
from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import Tensor
from torch.nn import functional as F

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import QUIET, Explorer, draw, picture, printable, real, with_kit

MOST = 2000  # words a page can carry
NEAR = 6  # neighbours of each
WIDE, TALL = 640, 460  # the map in the still picture,
DOTS = 400  # and how many of its words are dots there


class WordMap(Explorer):
    """Type a word and see the words whose vectors point the same way, and all of them on a map.

    words: V different strings, 3 to 2,000, the frequent first; vectors: (V, E), one for each, E from 2; word: where to
    start, the first unless told. Neighbours are by cosine, in all E dimensions; the map shows the two directions in
    which the vectors of length 1 differ most (PCA), and `share` is how much of the variance lies in them.
    With 1,000 words a page takes about 70 KB.
    Raises TypeError or ValueError where any of these is something else.
    """

    _esm = with_kit("word_map.js")
    words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)  # int16: x, y and the neighbours' numbers, word after word
    cosines = traitlets.Unicode().tag(sync=True)  # int8: hundredths
    share = traitlets.Float().tag(sync=True)
    word = traitlets.Unicode().tag(sync=True)

    def __init__(self, words: Sequence[str], vectors: Tensor, word: str | None = None):
        words = _words(words)
        word = words[0] if word is None else expect.kind("word", word, str, "a word of the map")
        unit = _unit(words, vectors)
        self._places, share = project(unit)
        self._near, self._cosines = neighbours(unit, min(NEAR, len(words) - 1))
        table = torch.cat([self._places, self._near], dim=1).to(torch.int16).numpy().astype("<i2")
        super().__init__(
            words=words, share=round(share, 2), word=word,
            table=base64.b64encode(table.tobytes()).decode(),
            cosines=base64.b64encode(self._cosines.to(torch.int8).numpy().tobytes()).decode(),
        )  # fmt: skip

    @traitlets.validate("word")
    def _known(self, proposal):
        if proposal.value not in self.words:
            raise ValueError(f"word must be one of the {len(self.words):,} words of the map, not {proposal.value!r}.")
        return proposal.value

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        groups = ["good great fine lovely", "bad awful dull poor", "actor role cast scene", "he she they who"]
        words = [group.split()[i] for i in range(4) for group in groups]
        vectors = F.one_hot(torch.arange(16) % 4, 8).double() + 0.2 * torch.randn(16, 8, dtype=torch.float64)
        return cls(words, vectors, word="great")

    def neighbours(self, word: str | None = None) -> list[tuple[str, float]]:
        """The nearest words and their cosines, nearest first: [(word, cosine)], of the chosen word unless told."""
        word = self.word if word is None else word
        if word not in self.words:
            raise ValueError(f"word must be one of the {len(self.words):,} words of the map, not {word!r}.")
        i = self.words.index(word)
        near, cosines = self._near[i].tolist(), self._cosines[i].tolist()
        return [(self.words[j], cosine / 100) for j, cosine in zip(near, cosines, strict=True)]

    def alt(self) -> str:
        near = ", ".join(f"{printable(word)} {_short(cosine)}" for word, cosine in self.neighbours())
        return f"A map of {len(self.words):,} words. Nearest to “{printable(self.word)}”, with the cosine: {near}."

    def still(self) -> Element:
        svg = picture(960, TALL + 60)
        places = [(12 + (WIDE - 24) * x / 1000, 12 + (TALL - 24) * (1 - y / 1000)) for x, y in self._places.tolist()]
        dots = "".join(f"M{x:.0f},{y:.0f}h0" for x, y in places[:DOTS])
        draw(svg, "path", d=dots, fill="none", stroke=QUIET, stroke_width=5, stroke_linecap="round", opacity=0.5)
        here, near = self.words.index(self.word), self._near[self.words.index(self.word)].tolist()
        taken = [(x - 7, y + 5, 14) for x, y in (places[j] for j in [here, *near])]
        for j in near:
            ray = "M{:.1f},{:.1f}L{:.1f},{:.1f}".format(*places[here], *places[j])
            draw(svg, "path", d=ray, stroke=COLOUR["input"])
        for j in [here, *near]:
            colour = "#000" if j == here else COLOUR["input"]
            draw(svg, "circle", cx=places[j][0], cy=places[j][1], r=7 if j == here else 5, fill=colour)
        halo = {"paint_order": "stroke", "stroke": "#fff", "stroke_width": 4, "stroke_linejoin": "round"}
        for j in [here, *near]:
            x, y, wide = *places[j], 9 * len(self.words[j])
            left, base, away = _free((x, y), wide, taken)
            if away:
                end = f"L{min(max(x, left), left + wide):.1f},{min(max(y, base - 12), base):.1f}"
                draw(svg, "path", d=f"M{x:.1f},{y:.1f}{end}", stroke=QUIET)
            draw(svg, "rect", x=left - 2, y=base - 14, width=wide + 4, height=19, rx=4, fill="#fff", fill_opacity=0.8)
            draw(svg, "text", printable(self.words[j]), x=left, y=base, font_weight=700 if j == here else 400, **halo)
        draw(svg, "text", "nearest to", x=WIDE + 30, y=34, fill=QUIET)
        draw(svg, "text", printable(self.word), x=WIDE + 30, y=62, font_size=22, font_weight=700)
        for row, (word, cosine) in enumerate(self.neighbours()):
            y = 112 + 54 * row
            draw(svg, "rect", x=WIDE + 30, y=y + 6, width=220 * max(cosine, 0), height=5, fill=COLOUR["input"])
            draw(svg, "text", printable(word), x=WIDE + 30, y=y)
            draw(svg, "text", _short(cosine), x=WIDE + 250, y=y, text_anchor="end")
        note = f"The two directions of the map hold {100 * self.share:.0f} % of the variance; cosines use all."
        draw(svg, "text", note, x=14, y=TALL + 40, fill=QUIET)
        return svg


def project(unit: Tensor) -> tuple[Tensor, float]:
    """PCA: vectors (V, E) -> places (V, 2) in whole thousandths of the map, and the share of the variance they hold."""
    centred = unit - unit.mean(dim=0)
    values, axes = torch.linalg.eigh(centred.T @ centred)
    axes = axes[:, [-1, -2]]
    axes = axes * axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)).sign()  # else the sign is chance
    places = centred @ axes
    low, high = places.amin(dim=0), places.amax(dim=0)
    share = (values[-2:].sum() / values.sum().clamp(min=1e-12)).item()
    return ((places - low) / (high - low).clamp(min=1e-9) * 1000).round().long(), share


def neighbours(unit: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` nearest of each and their cosines in hundredths, (V, count) each; the frequent first if equal."""
    cosines = (unit @ unit.T * 100).round().clamp(-100, 100)
    cosines.fill_diagonal_(-torch.inf)
    cosines, near = cosines.sort(dim=1, descending=True, stable=True)
    return near[:, :count], cosines[:, :count].long()


def _short(cosine):
    return f"{cosine:.2f}".replace("-", "−")


def _free(place, wide, taken):
    """Where a label of this width touches none of those before: (left, base, whether a line must lead there)."""
    (x, y), sides = place, [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)]
    spots = [
        (x + dx * (wide / 2 + 10 + far) - wide / 2, y + dy * (17 + far) + 5, far > 0)
        for far in (0, 18, 36, 54, 76)
        for dx, dy in sides
    ]
    spots = [spot for spot in spots if 4 <= spot[0] and spot[0] + wide <= WIDE + 20 and 16 <= spot[1] <= TALL + 10]
    touched = lambda a, b: sum(a < c + w and c < a + wide and abs(b - d) < 18 for c, d, w in taken)  # noqa: E731
    spot = min(spots, key=lambda spot: touched(*spot[:2])) if spots else (x + 10, y + 5, False)
    taken.append((*spot[:2], wide))
    return spot


def _words(words):
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise TypeError(f"words must be a list of strings, not {words!r:.60}.")
    if not 3 <= len(words) <= MOST:
        raise ValueError(f"words must be 3 to {MOST:,}, as a page can carry, not {len(words):,}.")
    if len(set(words)) < len(words):
        twice = next(word for i, word in enumerate(words) if word in words[:i])
        raise ValueError(f"words must be different, and {twice!r} is there twice.")
    if not all(word.strip() for word in words):
        raise ValueError("words must not be empty, and one of them is.")
    return list(words)


def _unit(words, vectors):
    """The vectors as float64 of length 1."""
    fits = isinstance(vectors, torch.Tensor) and vectors.dim() == 2 and len(vectors) == len(words)
    if not fits or vectors.shape[1] < 2:
        came = tuple(vectors.shape) if isinstance(vectors, torch.Tensor) else type(vectors).__name__
        raise ValueError(f"vectors must be ({len(words)}, E), one for each word and E at least 2, not {came}.")
    vectors = real("vectors", vectors)
    largest = vectors.abs().amax(dim=1, keepdim=True)
    if (largest == 0).any():
        word = words[largest.flatten().argmin()]
        raise ValueError(f"vectors must have a direction, and that of {word!r} is all zeros: leave the word out.")
    return F.normalize(vectors / largest, dim=1)  # divided first: the square of 1e308 is infinite
