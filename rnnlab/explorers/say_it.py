"""Say it: type any word; the net says it sound by sound, and shows which letters it looks at for each."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets

from rnnlab import expect
from rnnlab.attention import EncoderDecoder
from rnnlab.colours import COLOUR
from rnnlab.decoding import greedy
from rnnlab.explorers.base import QUIET, Explorer, draw, picture, printable, with_kit
from rnnlab.explorers.eight_bits import checked_letters, legible, packed, percent, rounded
from rnnlab.pairs import END

SIZE = 65_536  # bytes of weights that may travel with the page
MOST = 24  # letters of a word
LONGEST = 30  # sounds


class SayIt(Explorer):
    """Type a word and hear it in writing: its sounds one by one, with the letters each looked at.

    model: `attention.EncoderDecoder` with dot attention that reads both ways; letters: what it reads, in the order of
    their numbers from 1 on (0 pads); sounds: what it says, from 3 on (padding, start, end).
    word: up to 24 letters; capitals become small, and what the net has no number for is left out.
    The page reads with rounded weights, `eight_bits.rounded(model)`, and takes the likeliest sound at each step; so
    does everything here. `step` (1 to 30) is the sound the reader is at; beyond the last it stands for the last.
    Raises TypeError or ValueError where an argument is something else, or the weights take more than 64 KB.
    """

    _esm = with_kit("percent.js", "eight_bits.js", "say_it.js")
    net = traitlets.Dict().tag(sync=True)
    letters = traitlets.List().tag(sync=True)
    sounds = traitlets.List().tag(sync=True)
    word = traitlets.Unicode().tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(self, model: EncoderDecoder, letters: Sequence[str], sounds: Sequence[str], word: str = "through"):
        letters, sounds = _checked(model, letters, sounds)
        word = expect.text("word", word, empty=True)
        self._model = rounded(model).cpu()  # a word at a time: nothing for a GPU
        super().__init__(
            net={"weights": packed(model, SIZE), "most": MOST, "longest": LONGEST},
            letters=letters, sounds=sounds, word=word, step=LONGEST,
        )  # fmt: skip
        self.step = max(1, len(self.said()))

    @traitlets.validate("word")
    def _kept(self, proposal):
        return legible(proposal.value, self.letters)[:MOST]

    @traitlets.validate("step")
    def _inside(self, proposal):
        # Not refused: while the learner types, the page may ask for a sound that has just gone.
        return max(1, min(proposal.value, LONGEST))

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(164)  # one that says several sounds
        model = EncoderDecoder(28, 10, 8)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(3)
        return cls(model, "'abcdefghijklmnopqrstuvwxyz", "AA EH IY K N R TH".split(), "knight")

    def said(self) -> list[tuple[str, list[float]]]:
        """What the net says: for each sound its name and the weights on the letters, which add up to 1."""
        if not self.word:
            return []
        source = torch.tensor([[self.letters.index(letter) + 1 for letter in self.word]])
        symbols, weights = greedy(self._model, source, torch.tensor([len(self.word)]), LONGEST)
        steps = zip(symbols[0].tolist(), weights[0].tolist(), strict=True)
        return [(self.sounds[symbol - 3], row) for symbol, row in steps if symbol > END]

    def alt(self) -> str:
        said = self.said()
        if not said:
            return f"The word “{printable(self.word)}”: the net says nothing."
        step = min(self.step, len(said))
        sound, row = said[step - 1]
        best = sorted(range(len(row)), key=lambda s: -row[s])[:2]
        looks = " and ".join(f"letter {s + 1}, {printable(self.word[s])}, {percent(row[s])}" for s in best)
        word, spoken = printable(self.word), " ".join(name for name, _ in said)
        return f"The word “{word}” is said {spoken}. For sound {step}, {sound}, the net looks at {looks}."

    def still(self) -> Element:
        said = self.said()
        step = min(self.step, len(said))
        svg = picture(960, 240)
        wide = 900 / max(len(self.word), len(said), 9)
        letter = lambda s: 30 + wide * (s + 0.5) + (900 - wide * len(self.word)) / 2  # noqa: E731
        sound = lambda t: 30 + wide * (t + 0.5) + (900 - wide * len(said)) / 2  # noqa: E731
        for t, (_, row) in enumerate(said):
            for s, weight in enumerate(row):
                if weight >= 0.02:
                    curve = f"M{letter(s):.0f},84C{letter(s):.0f},130 {sound(t):.0f},130 {sound(t):.0f},176"
                    look = {"stroke_width": 14 * weight, "stroke_opacity": 1 if t + 1 == step else 0.3, "fill": "none"}
                    draw(svg, "path", d=curve, stroke=COLOUR["hidden"] if t + 1 == step else QUIET, **look)
        box, middle = {"width": min(wide - 4, 56), "height": 44, "rx": 8, "fill": "#fff"}, {"text_anchor": "middle"}
        for s, name in enumerate(self.word):
            draw(svg, "rect", x=letter(s) - box["width"] / 2, y=40, stroke=COLOUR["input"], stroke_width=2, **box)
            draw(svg, "text", printable(name), x=letter(s), y=69, font_size=20, **middle)
            if said and said[step - 1][1][s] >= 0.02:
                draw(svg, "text", percent(said[step - 1][1][s]), x=letter(s), y=28, **middle)
        for t, (name, _) in enumerate(said):
            edge = {"stroke": "#000" if t + 1 == step else COLOUR["output"], "stroke_width": 4 if t + 1 == step else 2}
            draw(svg, "rect", x=sound(t) - box["width"] / 2, y=176, **edge, **box)
            draw(svg, "text", name, x=sound(t), y=205, font_size=20, **middle)
        return svg


def _checked(model, letters, sounds):
    expect.kind("model", model, EncoderDecoder, "an attention.EncoderDecoder")
    if model.attention != "dot" or not model.encoder.bidirectional:
        way = "both ways" if model.encoder.bidirectional else "one way"
        raise ValueError(f"model must have dot attention and read both ways, not {model.attention!r} and {way}.")
    letters = checked_letters(letters, model.source_embedding.num_embeddings - 1)
    count = model.head.out_features - 3
    sounds = expect.several("sounds", sounds, "the names of the sounds, each a str", str)
    if len(sounds) != count or len(set(sounds)) != count:
        raise ValueError(f"sounds must be the {count} different sounds of the model, not {len(sounds)}.")
    if not all(sound.strip() and sound.isprintable() for sound in sounds):
        raise ValueError("sounds must have names that can be read, and one has none.")
    return letters, sounds
