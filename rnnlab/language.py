"""Language models letter by letter: text to numbers, a recurrent net that says what comes next, and its bits.

B batch (streams of text read side by side), T time, E embedding size, H hidden size, V letters.
"""

import copy
import math
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LRScheduler

from rnnlab import expect
from rnnlab.models import CELLS
from rnnlab.training_checks import check_optimizer

LETTERS = "\n" + "".join(chr(code) for code in range(32, 127) if not chr(code).isupper())  # V = 70


# ---- text


def plain(text: str) -> str:
    """The text in LETTERS alone: lower case, accents gone, a new line for `<br />`, other signs left out."""
    lines = expect.text("text", text, empty=True).lower().replace("<br />", "\n").split("\n")
    letters = "\n".join(line.strip() for line in lines if line.strip())
    return "".join(letter for letter in unicodedata.normalize("NFKD", letters) if letter in LETTERS)


def encode(text: str) -> Tensor:
    """The number of each letter in LETTERS: a text of N letters -> (N,) int64. ValueError for any other letter."""
    if strange := set(expect.text("text", text)) - set(LETTERS):
        raise ValueError(f"text holds {min(strange)!r}, expected the {len(LETTERS)} of LETTERS: see plain")
    table = torch.zeros(128, dtype=torch.int64)
    table[[ord(letter) for letter in LETTERS]] = torch.arange(len(LETTERS))
    return table[torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8).long()]


def decode(codes: Tensor) -> str:
    """The text of codes (N,) int64."""
    return "".join(LETTERS[code] for code in expect.indices("codes", codes, len(LETTERS), "N").tolist())


def chunks(codes: Tensor, streams: int, length: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs x, y (B, T) of a text (N,): B streams read side by side, y one letter on; each pair continues the last.

    The last chunk may be shorter; letters that do not fill every stream are left out.
    ValueError if no stream has two letters.
    """
    expect.tensor("codes", codes, "N", dtype=torch.int64)
    streams, length = expect.whole("streams", streams), expect.whole("length", length)
    size = (len(codes) - 1) // streams
    if size < 1:
        raise ValueError(f"codes holds {len(codes)} letters, expected at least {streams + 1} for {streams} streams")
    return _chunks(codes, streams, size, length)


def _chunks(codes, streams, size, length):
    x = codes[: streams * size].view(streams, size)
    y = codes[1 : streams * size + 1].view(streams, size)
    for start in range(0, size, length):
        yield x[:, start : start + length], y[:, start : start + length]


# ---- the net


class LanguageModel(nn.Module):
    """Letters to vectors, one recurrent layer, and a linear layer that says what comes next at every step.

    cell: "rnn", "lstm" or "gru".  ValueError for another name.

    forward: x (B, T) int64, state of the letters before or None -> logits (B, T, V), the state after them.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int, cell: str = "lstm"):
        super().__init__()
        expect.one_of("cell", cell, CELLS)
        vocabulary_size = expect.whole("vocabulary_size", vocabulary_size)
        embedding_size = expect.whole("embedding_size", embedding_size)
        hidden_size = expect.whole("hidden_size", hidden_size)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.recurrent = CELLS[cell](embedding_size, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, vocabulary_size)

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        expect.indices("x", x, self.embedding.num_embeddings, "B T")
        if state is not None:
            self._expect_state(state, len(x))
        out, state = self.recurrent(self.embedding(x), state)  # (B, T, H)
        return self.head(out), state

    def _expect_state(self, state, B):
        pair = isinstance(self.recurrent, nn.LSTM)
        parts = expect.several("state", state, "the pair (h, c)", Tensor) if pair else [state]
        if pair and len(parts) != 2:
            raise ValueError(f"state has {len(parts)} parts, expected the pair (h, c)")
        for part in parts:
            sizes = {"L": 1, "B": B, "H": self.recurrent.hidden_size}
            expect.tensor("state", part, "L B H", sizes, dtype=self.head.weight.dtype, like=" like the weights")


def start(model: LanguageModel, counts: Tensor) -> LanguageModel:
    """Start the weights where learning is quick, and return the model: counts (V,), how often each letter occurs.

    Sums of inputs of size 1 in each unit, and as a first answer the letter frequencies.
    """
    expect.kind("model", model, LanguageModel, "a LanguageModel")
    expect.tensor("counts", counts, "V", {"V": model.head.out_features}, dtype=(torch.int64, torch.float32))
    if counts.min() < 0:
        raise ValueError(f"counts go from {counts.min()}, expected 0 or more")
    with torch.no_grad():
        nn.init.normal_(model.embedding.weight)
        nn.init.normal_(model.recurrent.weight_ih_l0, std=model.recurrent.input_size**-0.5)
        model.head.bias.copy_(((counts + 1) / (counts + 1).sum()).log())
    return model


def detached(state: Any) -> Any:
    """The same state, cut off from the steps that made it: a tensor, or the pair of an LSTM."""
    if isinstance(state, tuple | list):
        return tuple(detached(part) for part in state)
    return expect.kind("state", state, Tensor, "a tensor or a pair of them").detach()


# ---- the measure


def bits(logits: Tensor, targets: Tensor) -> Tensor:
    """Bits per character: logits (B, T, V), the letters that came (B, T) int64 -> their mean, a tensor of no axes."""
    expect.tensor("logits", logits, "B T V", sizes := {})
    expect.indices("targets", targets, sizes["V"], "B T", sizes)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2)


def score(model: LanguageModel, codes: Tensor, streams: int = 16, length: int = 256, carried: bool = True) -> float:
    """Bits per character on a text (N,) read in `streams`; with carried=False the state is reset each `length`."""
    expect.flag("carried", carried)
    expect.kind("model", model, LanguageModel, "a LanguageModel")
    expect.indices("codes", codes, model.head.out_features, "N")
    total, count, state = 0.0, 0, None
    with torch.no_grad():
        for x, y in chunks(codes, streams, length):
            logits, state = model(x, state if carried else None)
            total += bits(logits, y).item() * y.numel()
            count += y.numel()
    return total / count


def _pairs(batches):
    wanted = "pairs x, y such as chunks gives"
    for pair in expect.kind("batches", batches, Iterable, wanted):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"batches holds {expect.said(pair)}, expected {wanted}")
        yield pair


def learn(model: LanguageModel, batches: Iterable, optimizer: torch.optim.Optimizer, schedule: Any = None) -> list:
    """Read pairs x, y (B, T) once, carrying the state on, a step of the optimizer each; the bits of each pair."""
    expect.kind("model", model, LanguageModel, "a LanguageModel")
    expect.kind("optimizer", optimizer, torch.optim.Optimizer, "an optimizer")
    if schedule is not None:
        expect.kind("schedule", schedule, LRScheduler, "a learning-rate schedule")
        if schedule.optimizer is not optimizer:
            raise ValueError("schedule moves another optimizer, expected one that is built on the optimizer you give")
    check_optimizer(model, optimizer)
    state, history = None, []
    for x, y in _pairs(batches):
        logits, state = model(x, state)
        state = detached(state)  # lesson 03: the error goes back no further than this chunk
        loss = bits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if schedule:
            schedule.step()
        history.append(loss.item())
    return history


# ---- fewer bits for the weights


def whole_numbers(weight: Tensor, bits: int = 8) -> tuple[Tensor, Tensor]:
    """Weights (R, C) as whole numbers and one scale a row, (R, C) int8 and (R, 1): weight ≈ numbers · scale."""
    expect.tensor("weight", weight, "R C")
    most = 2 ** (expect.whole("bits", bits, 2, 8) - 1) - 1
    scale = weight.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / most
    return (weight.detach() / scale).round().to(torch.int8), scale


def rounded(model: LanguageModel, bits: int = 8) -> LanguageModel:
    """A copy of the model whose matrices hold only what `whole_numbers` keeps; biases stay as they are."""
    expect.kind("model", model, LanguageModel, "a LanguageModel")
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight in other.parameters():
            if weight.ndim == 2:
                numbers, scale = whole_numbers(weight, bits)
                weight.copy_(numbers * scale)
    return other
