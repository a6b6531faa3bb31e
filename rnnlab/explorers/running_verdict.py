"""Running verdict: type a review; what the net believes after each word, and how far each word pushed it."""

from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import torch
import traitlets

from rnnlab import expect
from rnnlab.colours import COLOUR
from rnnlab.explorers.base import LINE, QUIET, Explorer, draw, picture, rounded, with_kit
from rnnlab.models import ReviewClassifier
from rnnlab.sequences import Vocabulary

MOST = 400  # words that are read
LONG = 20_000  # characters that are kept
SAMPLES = 8


class RunningVerdict(Explorer):
    """Type a review and see the belief "positive" after each word; every word is tinted by its push.

    model: `models.ReviewClassifier` that reads from left to right alone; its second logit is "positive".
    vocabulary: the `sequences.Vocabulary` it was trained with; examples: 1 to 8 reviews to start from, the only ones
    that a page without a kernel can show.
    `text` is the review; of it the first 400 words are read. `word` (1 … T, cut to that) is where the reader stands.
    The push of a word is the change of the log-odds, log p(positive) / p(negative), that it makes. Before the first
    word the state is zero, so what the head's bias says is the start.
    Raises TypeError or ValueError where model, vocabulary or examples are something else; every text can be read.
    """

    _esm = with_kit("running_verdict.js")
    text = traitlets.Unicode().tag(sync=True)
    reading = traitlets.Dict().tag(sync=True)
    samples = traitlets.List().tag(sync=True)
    word = traitlets.Int(1).tag(sync=True)

    def __init__(
        self, model: ReviewClassifier, vocabulary: Vocabulary, examples: Sequence[str], word: int | None = None
    ):
        self._model, self._vocabulary = _checked(model, vocabulary)
        if not isinstance(examples, list | tuple) or not all(isinstance(text, str) for text in examples):
            raise TypeError(f"examples must be a list of reviews, each a string, not {examples!r:.60}.")
        if not 1 <= len(examples) <= SAMPLES:
            raise ValueError(f"examples must be 1 to {SAMPLES} reviews, not {len(examples)}.")
        samples = [self.read(text) for text in examples]
        if not all(sample["words"] for sample in samples):
            raise ValueError("examples must not be empty, and one of them has no word.")
        word = len(samples[0]["words"]) if word is None else expect.whole("word", word)
        super().__init__(samples=samples, reading=samples[0], text=samples[0]["text"], word=word)

    @traitlets.validate("text")
    def _kept(self, proposal):
        return _clean(proposal.value)

    @traitlets.validate("word")
    def _inside(self, proposal):
        # Not refused: while the learner types, the page may ask for a word that has just gone.
        return max(1, min(proposal.value, len(self.reading["words"])))

    @traitlets.observe("text")
    def _typed(self, change):
        if change.new != self.reading.get("text"):
            self.reading = self.read(change.new)
            self.word = len(self.reading["words"])

    def read(self, text: str) -> dict:
        """What the net makes of a text: a dict of text, words, known, start, beliefs, pushes (T of each), note."""
        text = _clean(expect.text("text", text, empty=True))
        tokens = self._vocabulary.tokenise(text)
        words, known = tokens[:MOST], [word in self._vocabulary for word in tokens[:MOST]]
        odds = self._odds(words)
        beliefs = torch.sigmoid(odds)
        # Decimals, not significant digits: what is far behind the point is chance of the processor.
        pushes, beliefs = odds.diff().mul(100).round() / 100, beliefs.mul(1000).round() / 1000
        start, *beliefs = rounded(beliefs)
        note = _note(len(tokens), len(text) == LONG, known)
        words = [_shown(word) for word in words]
        return {"text": text, "words": words, "known": known, "note": note,
                "start": start, "beliefs": beliefs, "pushes": rounded(pushes)}  # fmt: skip

    def _odds(self, words):
        """The log-odds before the first word and after each: (1 + T,) float64."""
        model, training = self._model, self._model.training
        start = model.head.bias.detach().double().cpu()[None]
        if not words:
            return start[:, 1] - start[:, 0]
        x = torch.tensor([[self._vocabulary.index.get(word, 1) for word in words]], device=model.head.bias.device)
        model.eval()  # dropout would give another verdict at every key
        try:
            with torch.no_grad():
                logits = model.beliefs(x, torch.tensor([len(words)]))[0]
        finally:
            model.train(training)
        logits = torch.cat([start, logits.double().cpu()])
        return logits[:, 1] - logits[:, 0]

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        texts = ["Not bad at all, I loved it!", "A dull plot and a bad, bad end.", "good"]
        vocabulary = Vocabulary.from_texts(texts)
        model = ReviewClassifier(len(vocabulary), 6, 6, "gru", "last valid")
        with torch.no_grad():
            model.head.weight.mul_(6)
        return cls(model, vocabulary, texts, word=2)

    def said(self) -> str:
        """Where the reader stands, as a sentence."""
        words, t = self.reading["words"], self.word
        if not words:
            return f"{self.reading['note']} With nothing read the belief is {_percent(self.reading['start'])} positive."
        belief, push = self.reading["beliefs"][t - 1], self.reading["pushes"][t - 1]
        return f"After word {t} of {len(words)}, “{words[t - 1]}” ({_signed(push)}): {_percent(belief)} positive."

    def alt(self) -> str:
        words, pushes, beliefs = (self.reading[name] for name in ("words", "pushes", "beliefs"))
        if not words:
            return f"An empty review. {self.said()}"
        ranked = sorted(range(len(words)), key=lambda t: pushes[t])
        up, down = (f"“{words[t]}” {_signed(pushes[t])}" for t in (ranked[-1], ranked[0]))
        pushed = f" The strongest pushes in log-odds: {up} and {down}." if len(words) > 1 else ""
        quoted = " ".join(words[:12]) + (" …" if len(words) > 12 else "")
        start, end = _percent(self.reading["start"]), _percent(beliefs[-1])
        goes = f"the belief “positive” goes from {start} to {end}."
        return f"The review “{quoted}” read word by word: {goes}{pushed} {self.said()}"

    def still(self) -> Element:
        words, pushes, rows = self.reading["words"], self.reading["pushes"], self._rows()
        svg, T = picture(960, 300 + 54 * len(rows)), max(1, len(words))
        x, y = (lambda t: 110 + 820 * t / T), (lambda p: 200 - 170 * p)
        for p, name in ((0, "negative"), (0.5, "50 %"), (1, "positive")):
            dash = "6 5" if p == 0.5 else "none"
            draw(svg, "path", d=f"M110,{y(p)}h820", stroke=LINE, stroke_dasharray=dash)
            draw(svg, "text", name, x=98, y=y(p) + 5, text_anchor="end", fill=QUIET)
        points = [(x(t), y(p)) for t, p in enumerate([self.reading["start"], *self.reading["beliefs"]])]
        line = "M" + "L".join(f"{a:.1f},{b:.1f}" for a, b in points)
        draw(svg, "path", d=line, fill="none", stroke=COLOUR["output"], stroke_width=4, stroke_linejoin="round")
        now = points[self.word if words else 0]
        draw(svg, "circle", cx=now[0], cy=now[1], r=7, fill="#fff", stroke="#000", stroke_width=3)
        most = max([0.5, *map(abs, pushes)])
        for top, row in enumerate(rows):
            top = 248 + 54 * top
            for t, left, wide in row:
                tone, much = COLOUR["output"] if pushes[t] > 0 else QUIET, 0.55 * abs(pushes[t]) / most
                ring = {"stroke": "#000", "stroke_width": 2} if t + 1 == self.word else {}
                place = {"x": left, "y": top - 2, "width": wide - 6, "height": 26, "rx": 4}
                draw(svg, "rect", fill=tone, fill_opacity=much, **place, **ring)
                middle = {"x": left + wide / 2 - 3, "text_anchor": "middle"}
                draw(svg, "text", words[t], y=top + 17, **middle)
                draw(svg, "text", _signed(pushes[t]), y=top + 41, font_size=14, **middle)
        left = len(words) - sum(map(len, rows))
        more = f" {left} more words are not in this picture." if left else ""
        draw(svg, "text", self.said() + more, x=14, y=270 + 54 * len(rows))
        return svg

    def _rows(self, most=5):
        """Where the words stand in the still picture: rows of (number, left, width)."""
        rows, edge = [], 946
        for t, word in enumerate(self.reading["words"]):
            wide = max(9.5 * len(word), 46) + 8
            if edge + wide > 946:
                if len(rows) == most:
                    break
                rows.append([])
                edge = 14
            rows[-1].append((t, edge, wide))
            edge += wide
        return rows


def _clean(text):
    """The text as far as it is kept; halves of characters, which no file can hold, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")[:LONG]


def _shown(word):
    """A word as a picture can hold it."""
    word = "".join(c if c.isprintable() else "�" for c in word)
    return word if len(word) <= 30 else word[:29] + "…"


def _note(count, cut, known):
    if not known:
        return "Nothing to read yet: type a word or two."
    strange = known.count(False)
    long = f"Only the first {MOST} words are read. " if count > MOST or cut else ""
    if strange == len(known):
        return f"{long}The net knows none of these words: each is <unk> to it."
    return long + (f"{strange} of {len(known)} words are <unk> to the net: it does not know them." if strange else "")


def _percent(p):
    return f"{'>99' if 0.995 <= p else '<1' if p < 0.005 else int(100 * p + 0.5)} %"


def _signed(push):
    return f"{push:+.2f}".replace("-", "−").replace("+0.00", "0.00").replace("−0.00", "0.00")


def _checked(model, vocabulary):
    if not isinstance(model, ReviewClassifier):
        raise TypeError(f"model must be a models.ReviewClassifier, not {type(model).__name__}.")
    if not isinstance(vocabulary, Vocabulary):
        raise TypeError(f"vocabulary must be a sequences.Vocabulary, not {type(vocabulary).__name__}.")
    if len(model.directions) > 1:
        raise ValueError("model must read from left to right alone: with two directions no belief is the first.")
    size = model.embedding.num_embeddings
    if len(vocabulary) != size:
        raise ValueError(f"vocabulary must be the one of the model, {size:,} words, not {len(vocabulary):,}.")
    for name, weight in model.named_parameters():
        if not weight.isfinite().all():
            raise ValueError(f"model must have finite weights, and {name} holds NaN or infinity.")
    return model, vocabulary
