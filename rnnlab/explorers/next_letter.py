"""Next letter: type a beginning, see what the net expects next, reshape it, pick a letter or let it write."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets
from torch import nn

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, Position, draw, picture, with_kit
from rnnlab.explorers.eight_bits import packed, rounded

SIZE = 98_304  # bytes of weights that may travel with the page: 96 KB
LONG = 400  # letters that are read and written, in all
SHOWN = 12  # bars
NAMES = {" ": "space", "\n": "new line", "\t": "tab"}


class NextLetter(Explorer):
    """Type a beginning and see the next letters the net expects; a page without a kernel reads and writes as well.

    model: a language model with `embedding` (V, E), `recurrent`, an nn.LSTM of one layer, and `head`, as
    `language.LanguageModel` has them; letters: its V different letters, in the order of their numbers.
    beginning: up to 400 letters to start from; what the net has no number for is left out.
    What is shown are shares by the weights with which the page computes, `eight_bits.rounded(model)`: the page reads
    in the same way, in JavaScript. `temperature` (0, greedy, to 2) and then `nucleus` (0.05 to 1) reshape them.
    Which letter is drawn is chance: from `seed` (0 to 999) and the number of letters before it, so that the same
    beginning, seed and sliders give everybody the same text. `written` is what was picked or drawn so far.
    Raises TypeError or ValueError where model, letters or beginning are something else, or the weights take more than 96 KB.
    """

    _esm = with_kit("eight_bits.js", "next_letter.js")
    net = traitlets.Dict().tag(sync=True)
    letters = traitlets.List().tag(sync=True)
    beginning = traitlets.Unicode().tag(sync=True)
    written = traitlets.Unicode().tag(sync=True)
    temperature = Position(1.0, [k / 10 for k in range(21)])
    nucleus = Position(1.0, [k / 20 for k in range(1, 21)])
    seed = Position(0, range(1000))

    def __init__(self, model: nn.Module, letters: Sequence[str], beginning: str = "the film "):
        letters = _checked(model, letters)
        net = {"weights": packed(model, SIZE), "most": LONG}
        self._model = rounded(model).eval()
        super().__init__(net=net, letters=letters, beginning=expect.text("beginning", beginning, empty=True))

    @traitlets.validate("beginning", "written")
    def _kept(self, proposal):
        return "".join(c for c in proposal.value if c in self.letters or c.lower() in self.letters)[:LONG]

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        letters = sorted("the film was as good as its end.\n")
        letters = sorted(set(letters))
        model = nn.Module()
        model.embedding = nn.Embedding(len(letters), 4)
        model.recurrent = nn.LSTM(4, 8, batch_first=True)
        model.head = nn.Linear(8, len(letters))
        with torch.no_grad():
            model.head.weight.mul_(8)
        return cls(model, letters)

    @torch.no_grad()
    def shares(self) -> list[float]:
        """The share of each letter after what is written, (V,), by the net alone: temperature 1, nothing cut."""
        index = {letter: number for number, letter in enumerate(self.letters)}
        text = [index[c] if c in index else index[c.lower()] for c in self.beginning + self.written][:LONG]
        state = torch.zeros(1, self._model.recurrent.hidden_size).to(self._model.head.weight)
        if text:
            read = self._model.embedding(torch.tensor([text], device=state.device))
            state = self._model.recurrent(read)[0][:, -1]
        return self._model.head(state)[0].double().softmax(dim=-1).tolist()

    def reshaped(self) -> list[float]:
        """`shares` with the temperature and the nucleus as they stand now: what the next letter is drawn from, (V,)."""
        shares = torch.tensor(self.shares(), dtype=torch.float64)
        hot = (shares.log() / self.temperature).softmax(dim=0) if self.temperature else shares.eq(shares.max()).double()
        order = hot.argsort(descending=True, stable=True)
        before = hot[order].cumsum(dim=0) - hot[order]
        hot[order[before >= self.nucleus]] = 0  # the letter that crosses the border stays
        return (hot / hot.sum()).tolist()

    def alt(self) -> str:
        shares, reshaped = self.shares(), self.reshaped()
        best = sorted(range(len(shares)), key=lambda v: -shares[v])[:5]
        after = f"After “{self.beginning + self.written}”" if self.beginning + self.written else "With nothing read"
        listed = ", ".join(f"{_named(self.letters[v])} {_percent(reshaped[v])}" for v in best)
        return f"{after} the net expects next: {listed} (temperature {self.temperature:g}, nucleus {self.nucleus:g})."

    def still(self) -> Element:
        shares, reshaped = self.shares(), self.reshaped()
        best = sorted(range(len(shares)), key=lambda v: -shares[v])[:SHOWN]
        svg, rows = picture(960, 290), (len(best) + 1) // 2
        text = self.beginning + self.written
        draw(svg, "text", ("… " if len(text) > 70 else "") + _shown(text[-70:]) + "▁", x=24, y=40, font_size=22)
        for k, v in enumerate(best):
            x, y = 24 + 470 * (k // rows), 74 + 33 * (k % rows)
            draw(svg, "text", _named(self.letters[v]), x=x + 74, y=y + 17, text_anchor="end", font_weight=700)
            draw(svg, "rect", x=x + 88, y=y, width=260, height=22, fill=LINE, fill_opacity=0.35)
            draw(svg, "rect", x=x + 88, y=y, width=260 * reshaped[v], height=22, fill=COLOUR["output"])
            mark = x + 88 + 260 * shares[v]
            draw(svg, "path", d=f"M{mark:.1f},{y - 2}v26", stroke="#000", stroke_width=2)
            draw(svg, "text", _percent(reshaped[v]), x=x + 416, y=y + 17, text_anchor="end")
        draw(svg, "text", "bar: the share now · mark: what the net itself says", x=24, y=280, fill=QUIET)
        return svg


def _named(letter):
    return NAMES.get(letter, letter)


def _shown(text):
    return text.replace("\n", "⏎").replace(" ", "␣" if not text.strip() else " ")


def _percent(share):
    return f"{'>99' if 0.995 <= share < 1 else '<1' if 0 < share < 0.005 else int(100 * share + 0.5)} %"


def _checked(model, letters):
    expect.kind("model", model, nn.Module, "a language.LanguageModel")
    parts = {"embedding": nn.Embedding, "recurrent": nn.LSTM, "head": nn.Linear}
    for name, kind in parts.items():
        if not isinstance(getattr(model, name, None), kind):
            raise TypeError(f"model must have {name}, an nn.{kind.__name__}, as language.LanguageModel has.")
    if {name.split(".")[0] for name, _ in model.named_parameters()} != set(parts):
        raise ValueError("model must have embedding, recurrent and head and no other weights.")
    layer = model.recurrent
    plain = layer.num_layers == 1 and layer.bias and layer.batch_first and not layer.bidirectional and not layer.proj_size
    if not plain or model.head.bias is None:
        raise ValueError(f"model must be one LSTM layer of one direction, batch first, with biases, not {layer}.")
    V, E = model.embedding.weight.shape
    sizes = (E, layer.hidden_size, V)
    if (layer.input_size, model.head.in_features, model.head.out_features) != sizes:
        raise ValueError(f"model must go from {V} letters to {V} letters, and the sizes of its parts differ: {model}.")
    if not isinstance(letters, str):
        letters = expect.several("letters", letters, "the letters of the model, each a str of one character", str)
    letters = list(letters)
    if len(letters) != V or len(set(letters)) != V or any(len(letter) != 1 for letter in letters):
        raise ValueError(f"letters must be the {V} different letters of the model, each one character, not {letters!r:.60}.")
    if any(0xD800 <= ord(letter) < 0xE000 for letter in letters):
        raise ValueError("letters must be whole characters, and one is half of a pair.")
    return letters
