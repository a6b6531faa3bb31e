"""Next letter: type a beginning, see what the net expects next, reshape it, pick a letter or let it write."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import nn

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, printable, with_kit
from rnnlab.explorers.eight_bits import checked_letters, legible, packed, percent, rounded
from rnnlab.language import LanguageModel

SIZE = 98_304  # bytes of weights that may travel with the page: 96 KB
LONG = 400  # letters that are read and written, in all
SHOWN = 12  # bars
NAMES = {" ": "space", "\n": "new line", "\t": "tab"}


class NextLetter(Explorer):
    """Type a beginning and see the next letters the net expects; a page without a kernel reads and writes as well.

    model: `language.LanguageModel` with the cell "lstm"; letters: its V different letters, in the order of their
    numbers, such as `language.LETTERS`.  beginning: up to 400 letters to start from; capitals become small, and what
    the net has no number for is left out.
    The page reads with rounded weights, `eight_bits.rounded(model)`, and so does everything here. `temperature` (0,
    greedy, to 2) and then `nucleus` (0.05 to 1) reshape the shares. Which letter is drawn is chance: from `seed`
    (0 to 999) and the number of letters before it, so that the same beginning, seed and sliders give everybody the
    same text. `written` is what was picked or drawn so far.
    Raises TypeError or ValueError where an argument is something else, or the weights take more than 96 KB.
    """

    _esm = with_kit("percent.js", "eight_bits.js", "next_letter.js")
    net = traitlets.Dict().tag(sync=True)
    letters = traitlets.List().tag(sync=True)
    beginning = traitlets.Unicode().tag(sync=True)
    written = traitlets.Unicode().tag(sync=True)
    temperature = Position(1.0, [k / 10 for k in range(21)])
    nucleus = Position(1.0, [k / 20 for k in range(1, 21)])
    seed = Position(0, range(1000))

    def __init__(self, model: LanguageModel, letters: Sequence[str], beginning: str = "the film "):
        letters = _checked(model, letters)
        beginning = expect.text("beginning", beginning, empty=True)
        self._model = rounded(model)
        super().__init__(net={"weights": packed(model, SIZE), "most": LONG}, letters=letters, beginning=beginning)

    @traitlets.validate("beginning", "written")
    def _kept(self, proposal):
        return legible(proposal.value, self.letters)[:LONG]

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        letters = sorted(set("the film was as good as its end.\n"))
        model = LanguageModel(len(letters), 4, 8)
        with torch.no_grad():
            model.head.weight.mul_(8)
        return cls(model, letters)

    @torch.no_grad()
    def shares(self) -> list[float]:
        """The share of each letter after what is written, (V,), by the net itself: temperature 1, nothing cut."""
        text = [self.letters.index(letter) for letter in self.beginning + self.written][:LONG]
        head = self._model.head
        logits = self._model(torch.tensor([text], device=head.weight.device))[0][0, -1] if text else head.bias
        return logits.double().softmax(dim=-1).tolist()

    def reshaped(self) -> list[float]:
        """`shares` by the temperature and the nucleus of now: what the next letter is drawn from, (V,)."""
        shares = torch.tensor(self.shares(), dtype=torch.float64)
        order = shares.argsort(descending=True, stable=True)
        hot = torch.zeros_like(shares)
        hot[order[0]] = 1
        if self.temperature:
            hot = (shares.log() / self.temperature).softmax(dim=0)
        before = hot[order].cumsum(dim=0) - hot[order]
        hot[order[before >= self.nucleus - 1e-9]] = 0  # the letter that crosses the border stays
        return (hot / hot.sum()).tolist()

    def alt(self) -> str:
        reshaped, text = self.reshaped(), self.beginning + self.written
        after = f"After “{_line(text)}”" if text else "With nothing read"
        listed = ", ".join(f"{_named(self.letters[v])} {percent(reshaped[v])}" for v in self._ranked()[:5])
        return f"{after} the net expects next: {listed} (temperature {self.temperature:g}, nucleus {self.nucleus:g})."

    def still(self) -> Element:
        shares, reshaped, best = self.shares(), self.reshaped(), self._ranked()[:SHOWN]
        svg, rows = picture(960, 306), (len(best) + 1) // 2
        draw(svg, "text", _line(self.beginning + self.written) + "▁", x=24, y=42, font_size=22)
        for k, v in enumerate(best):
            x, y = 24 + 470 * (k // rows), 70 + 33 * (k % rows)
            draw(svg, "text", _named(self.letters[v]), x=x + 74, y=y + 17, text_anchor="end", font_weight=700)
            draw(svg, "rect", x=x + 88, y=y, width=260, height=22, fill=LINE, fill_opacity=0.35)
            draw(svg, "rect", x=x + 88, y=y, width=260 * reshaped[v], height=22, fill=COLOUR["output"])
            draw(svg, "rect", x=x + 88 + 260 * shares[v], y=y - 2, width=2, height=26, fill="#000")
            draw(svg, "text", percent(reshaped[v]), x=x + 416, y=y + 17, text_anchor="end")
        draw(svg, "text", "Bar: the share now. Mark: what the net itself says.", x=24, y=290, fill=QUIET)
        return svg

    def _ranked(self):
        shares = self.shares()
        return sorted(range(len(shares)), key=lambda v: -shares[v])


def _named(letter):
    return NAMES.get(letter, printable(letter))


def _line(text, most=70):
    """The end of a text, in one line that a picture can hold."""
    text = printable(text.replace("\n", "⏎"))
    return text if len(text) <= most else "…" + text[1 - most :]


def _checked(model, letters):
    expect.kind("model", model, LanguageModel, "a language.LanguageModel")
    if not isinstance(model.recurrent, nn.LSTM):
        raise ValueError(f"model must have the cell 'lstm', not {type(model.recurrent).__name__}.")
    return checked_letters(letters, model.head.out_features)
