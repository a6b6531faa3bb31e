"""Draw a digit: the learner draws, and the net of the lesson reads the drawing row by row."""

import base64
import math
from collections.abc import Sequence
from typing import Self
from xml.etree.ElementTree import Element

import numpy as np
import torch
import traitlets
from torch import Tensor, nn

from rnnlab.explorers.base import Explorer, Position, with_kit
from rnnlab.explorers.row_by_row import beliefs, checked_images, checked_labels, pack, reading_picture, said, strokes
from rnnlab.models import Reader

SIZE = 65536  # bytes of weights that may travel with the page
CELLS = {nn.RNN: "rnn", nn.GRU: "gru", nn.LSTM: "lstm"}


class DrawADigit(Explorer):
    """Draw with the mouse or a finger; the net reads the drawing in the page itself, row by row.

    model: `models.Reader` for 28 rows of 28 pixels and ten digits, with one layer, reading "last" or "max";
    images: (N, 28, 28) from 0 paper to 1 ink, digits to take instead of drawing, N up to 12; labels: their names.
    `drawing` is the picture that is read now, `row` (1 … 28) how far.
    Raises TypeError or ValueError where any of these is something else, or the weights take more than 64 KB.
    """

    _esm = with_kit("digit_reading.js", "draw_a_digit.js")
    net = traitlets.Dict().tag(sync=True)
    samples = traitlets.List().tag(sync=True)
    pixels = traitlets.Unicode().tag(sync=True)
    row = Position(28, range(1, 29))

    def __init__(self, model: Reader, images: Tensor, labels: Sequence | None = None, row: int = 28):
        net, images = packed(model), checked_images(images)
        if images.shape[1:] != (28, 28):
            raise ValueError(f"images must be (N, 28, 28), as MNIST's are, not {tuple(images.shape)}.")
        labels = checked_labels(labels, len(images))
        samples = [{"label": label, "pixels": pack(image)} for label, image in zip(labels, images, strict=True)]
        self._model = model
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
        return [[round(share, 3) for share in row] for row in beliefs(self._model, self.drawing[None])[0].tolist()]


def packed(model: Reader) -> dict:
    """A reader as the script needs it: its kind, and every tensor as 16-bit whole numbers with one scale."""
    if not isinstance(model, Reader):
        raise TypeError(f"model must be a models.Reader, not {type(model).__name__}.")
    layer = model.recurrent
    if layer.num_layers != 1 or layer.bidirectional or model.reading == "each":
        raise ValueError(f"model must have one layer and one answer, not {layer} with the reading {model.reading!r}.")
    if (layer.input_size, model.head.out_features) != (28, 10):
        sizes = f"{layer.input_size} pixels a row and {model.head.out_features} answers"
        raise ValueError(f"model must read 28 pixels a row and give 10 answers, not {sizes}.")
    tensors = {
        "w_ih": layer.weight_ih_l0, "w_hh": layer.weight_hh_l0, "b_ih": layer.bias_ih_l0, "b_hh": layer.bias_hh_l0,
        "w_out": model.head.weight, "b_out": model.head.bias,
    }  # fmt: skip
    weights = {name: _packed(name, tensor) for name, tensor in tensors.items()}
    size = 2 * sum(tensor.numel() for tensor in tensors.values())
    if size > SIZE:
        most = SIZE // 1024
        raise ValueError(f"model has {size // 1024} KB of weights, at most {most} travel with a page: use fewer units.")
    return {"cell": CELLS[type(layer)], "reading": model.reading, "hidden": layer.hidden_size, "weights": weights}


def _packed(name, tensor):
    values = tensor.detach().double().cpu()
    if not values.isfinite().all():
        raise ValueError(f"model must have finite weights, and {name} has a NaN or an infinity.")
    most = max(values.abs().max().item(), 1e-9)
    digits = 10.0 ** (math.floor(math.log10(most / 32767)) - 2)
    scale = float(f"{math.ceil(most / 32767 / digits) * digits:.3g}")  # three digits are exact in the stored page
    whole = (values / scale).round().clamp(-32767, 32767).to(torch.int16)
    return {"scale": scale, "values": base64.b64encode(whole.numpy().astype("<i2").tobytes()).decode()}
