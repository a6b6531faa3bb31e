"""Draw a digit: the learner draws, and the net of the lesson reads the drawing row by row."""

import base64
from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import numpy as np
import torch
import traitlets
from torch import Tensor, nn

from rnnlab.explorers.base import Explorer, Position, with_kit
from rnnlab.explorers.eight_bits import packed, rounded
from rnnlab.explorers.row_by_row import (
    beliefs,
    checked_images,
    checked_labels,
    pack,
    reading_picture,
    said,
    strokes,
    thousandths,
)
from rnnlab.models import Reader

SIZE = 65536  # bytes of weights that may travel with the page
CELLS = {nn.RNN: "rnn", nn.GRU: "gru", nn.LSTM: "lstm"}


class DrawADigit(Explorer):
    """Draw with the mouse or a finger; the net reads the drawing in the page itself, row by row.

    model: `models.Reader` for 28 rows of 28 pixels and ten digits, with one layer, reading "last" or "max";
    images: (N, 28, 28) from 0 paper to 1 ink, digits to take instead of drawing, N up to 12; labels: their names.
    The page reads with rounded weights, `eight_bits.rounded(model)`, and so does everything here.
    `drawing` is the picture that is read now, `row` (1 … 28) how far.
    Raises TypeError or ValueError where any of these is something else, or the weights take more than 64 KB.
    """

    _esm = with_kit("percent.js", "eight_bits.js", "digit_reading.js", "draw_a_digit.js")
    net = traitlets.Dict().tag(sync=True)
    samples = traitlets.List().tag(sync=True)
    pixels = traitlets.Unicode().tag(sync=True)
    row = Position(28, range(1, 29))

    def __init__(self, model: Reader, images: Tensor, labels: Sequence | None = None, row: int = 28):
        net, images = _described(model), checked_images(images)
        if images.shape[1:] != (28, 28):
            raise ValueError(f"images must be (N, 28, 28), as MNIST's are, not {tuple(images.shape)}.")
        labels = checked_labels(labels, len(images))
        samples = [{"label": label, "pixels": pack(image)} for label, image in zip(labels, images, strict=True)]
        self._model = rounded(model)
        super().__init__(net=net, samples=samples, pixels=samples[0]["pixels"], row=row)

    @property
    def drawing(self) -> Tensor:
        """The picture that is read now, (28, 28) from 0 paper to 1 ink: with a kernel, what the learner drew."""
        ink = np.frombuffer(base64.b64decode(self.pixels), np.uint8)
        return torch.tensor(ink / 255, dtype=torch.float32).reshape(28, 28)

    @classmethod
    def example(cls) -> Self:
        torch.manual_seed(0)
        return cls(Reader(28, 6, 10, "gru", "max"), strokes(), labels=["1", "7"], row=14)

    def alt(self) -> str:
        names = {sample["pixels"]: sample["label"] for sample in self.samples}
        return "A pad to draw on. " + said(names.get(self.pixels, "drawn by hand"), self._table(), self.row)

    def still(self) -> Element:
        return reading_picture(self.pixels, self._table(), self.row)

    def _table(self):
        return thousandths(beliefs(self._model, self.drawing[None])[0])


def _described(model: Reader) -> dict:
    """A reader as the script needs it: its kind, and its weights in 8 bits."""
    if not isinstance(model, Reader):
        raise TypeError(f"model must be a models.Reader, not {type(model).__name__}.")
    layer = model.recurrent
    if type(layer) not in CELLS:
        raise ValueError(f"model must hold an RNN, a GRU or an LSTM of PyTorch, not {layer}.")
    if layer.num_layers != 1 or layer.bidirectional or model.reading == "each":
        raise ValueError(f"model must have one layer and one answer, not {layer} with the reading {model.reading!r}.")
    if (layer.input_size, model.head.out_features) != (28, 10):
        sizes = f"{layer.input_size} pixels a row and {model.head.out_features} answers"
        raise ValueError(f"model must read 28 pixels a row and give 10 answers, not {sizes}.")
    return {"cell": CELLS[type(layer)], "reading": model.reading, "weights": packed(model, SIZE)}
