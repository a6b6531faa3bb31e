"""Word map: type a word, see its nearest neighbours and its place among the others."""

import base64

import torch
import traitlets
from torch.nn import functional as F

from rnnlab.explorers.base import COLOUR, QUIET, Explorer, draw, picture, with_kit

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

    def __init__(self, words, vectors, word=None):
        words = _words(words)
        unit = _unit(words, vectors)
        self._places, share = project(unit)
        self._near, self._cosines = neighbours(unit, min(NEAR, len(words) - 1))
        table = torch.cat([self._places, self._near], dim=1).to(torch.int16).numpy().astype("<i2")
        super().__init__(
            words=words, share=round(share, 2), word=words[0] if word is None else word,
            table=base64.b64encode(table.tobytes()).decode(),
            cosines=base64.b64encode(self._cosines.to(torch.int8).numpy().tobytes()).decode(),
        )  # fmt: skip

    @traitlets.validate("word")
    def _known(self, proposal):
        if proposal.value not in self.words:
            raise ValueError(f"word must be one of the {len(self.words):,} words of the map, not {proposal.value!r}.")
        return proposal.value

    @classmethod
    def example(cls):
        torch.manual_seed(0)
        groups = ["good great fine lovely", "bad awful dull poor", "actor role cast scene", "he she they who"]
        words = [group.split()[i] for i in range(4) for group in groups]
        vectors = F.one_hot(torch.arange(16) % 4, 8).double() + 0.2 * torch.randn(16, 8, dtype=torch.float64)
        return cls(words, vectors, word="great")

    def neighbours(self, word=None):
        """The nearest words and their cosines, nearest first: [(word, cosine)], of the chosen word unless told."""
        word = self.word if word is None else word
        if word not in self.words:
            raise ValueError(f"word must be one of the {len(self.words):,} words of the map, not {word!r}.")
        i = self.words.index(word)
        near, cosines = self._near[i].tolist(), self._cosines[i].tolist()
        return [(self.words[j], cosine / 100) for j, cosine in zip(near, cosines, strict=True)]

    def alt(self):
        near = ", ".join(f"{printable(word)} {_short(cosine)}" for word, cosine in self.neighbours())
        return f"A map of {len(self.words):,} words. Nearest to “{printable(self.word)}”, with the cosine: {near}."

    def still(self):
        svg = picture(960, TALL + 60)
        places = [(12 + (WIDE - 24) * x / 1000, 12 + (TALL - 24) * (1 - y / 1000)) for x, y in self._places.tolist()]
        dots = "".join(f"M{x:.0f},{y:.0f}h0" for x, y in places[:DOTS])
        draw(svg, "path", d=dots, fill="none", stroke=QUIET, stroke_width=5, stroke_linecap="round", opacity=0.5)
        here, near = self.words.index(self.word), self._near[self.words.index(self.word)].tolist()
        (x, y), taken = places[here], []
        for j in near:
            draw(svg, "path", d="M{:.1f},{:.1f}L{:.1f},{:.1f}".format(x, y, *places[j]), stroke=COLOUR["input"])
        for j in [here, *near]:
            colour = "#000" if j == here else COLOUR["input"]
            draw(svg, "circle", cx=places[j][0], cy=places[j][1], r=7 if j == here else 5, fill=colour)
        halo = {"paint_order": "stroke", "stroke": "#fff", "stroke_width": 4, "stroke_linejoin": "round"}
        for j in [here, *near]:
            left, base = _free(places[j], 9 * len(self.words[j]), taken)
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


def project(unit):
    """PCA: vectors (V, E) -> places (V, 2) in whole thousandths of the map, and the share of the variance they hold."""
    centred = unit - unit.mean(dim=0)
    values, axes = torch.linalg.eigh(centred.T @ centred)
    axes = axes[:, [-1, -2]]
    axes = axes * axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)).sign()  # else the sign is chance
    places = centred @ axes
    low, high = places.amin(dim=0), places.amax(dim=0)
    share = (values[-2:].sum() / values.sum().clamp(min=1e-12)).item()
    return ((places - low) / (high - low).clamp(min=1e-9) * 1000).round().long(), share


def neighbours(unit, count):
    """The `count` nearest of each and their cosines in hundredths, (V, count) each; the frequent first if equal."""
    cosines = (unit @ unit.T * 100).round().clamp(-100, 100)
    cosines.fill_diagonal_(-torch.inf)
    cosines, near = cosines.sort(dim=1, descending=True, stable=True)
    return near[:, :count], cosines[:, :count].long()


def printable(word):
    """A word as SVG may hold it: control characters and halves of characters are not allowed there."""
    return "".join(c if c.isprintable() else "�" for c in word)


def _short(cosine):
    return f"{cosine:.2f}".replace("-", "−")


def _free(place, wide, taken):
    """Where a label of this width may stand beside its dot without touching those before; where it would if none."""
    x, y = place
    spots = [(x + 10, y + 5), (x - 10 - wide, y + 5), (x - wide / 2, y - 11), (x - wide / 2, y + 21)]
    spots += [(x + 10, y + 5 + step) for step in (18, -18, 36, -36, 54, -54)]
    inside = [(a, b) for a, b in spots if 4 <= a and a + wide <= WIDE + 20 and 16 <= b <= TALL + 16] or spots[:1]
    apart = lambda a, b: all(a + wide < c or c + w < a or abs(b - d) > 18 for c, d, w in taken)  # noqa: E731
    spot = next((spot for spot in inside if apart(*spot)), inside[0])
    taken.append((*spot, wide))
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
    vectors = vectors.detach().cpu().double()
    if not vectors.isfinite().all():
        raise ValueError("vectors must hold finite numbers, and there is NaN or infinity in them.")
    length = vectors.norm(dim=1, keepdim=True)
    if (length == 0).any():
        word = words[length.flatten().argmin()]
        raise ValueError(f"vectors must have a direction, and that of {word!r} is all zeros: leave the word out.")
    return vectors / length
