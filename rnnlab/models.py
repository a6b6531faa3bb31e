"""The few models used in more than one lesson. Each has the same call: a batch of sequences in, logits out."""

import torch
from torch import Tensor, nn

from rnnlab import expect, linear_cells
from rnnlab.sequences import last_valid, masked_max, masked_mean

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS |= {"mingru": linear_cells.MinGRU, "minlstm": linear_cells.MinLSTM, "lru": linear_cells.LRU}
READINGS = ("each", "last", "max")
REVIEW_READINGS = ("last padded", "last valid", "mean", "max", "mean+max")


class Reader(nn.Module):
    """A recurrent layer, a rule for what to read off its outputs, and a linear layer.

    reading: "each", the output of every step (many-to-many, such as the next character); "last", the output of the
    last step, or "max", the maximum of each unit over time (many-to-one, such as a digit read row by row).
    cell: one of `CELLS`. ValueError for another name.

    forward: x (B, T, I) -> logits (B, V), or (B, T, V) if reading is "each".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        cell: str = "lstm",
        reading: str = "last",
        num_layers: int = 1,
    ):
        super().__init__()
        expect.one_of("cell", cell, CELLS)
        self.reading = expect.one_of("reading", reading, READINGS)
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        sizes = {name: expect.whole(name, size) for name, size in sizes.items()}
        self.recurrent = CELLS[cell](**sizes, batch_first=True)
        self.head = nn.Linear(sizes["hidden_size"], expect.whole("output_size", output_size))

    def forward(self, x: Tensor) -> Tensor:
        out = self._outputs(x)  # (B, T, H)
        if self.reading == "last":
            out = out[:, -1]  # (B, H)
        elif self.reading == "max":
            out = out.amax(dim=1)  # (B, H)
        return self.head(out)

    def beliefs(self, x: Tensor) -> Tensor:
        """What the model would answer if the sequence ended here, at every step: x (B, T, I) -> logits (B, T, V)."""
        out = self._outputs(x)
        if self.reading == "max":
            out = out.cummax(dim=1).values  # the maximum so far
        return self.head(out)

    def _outputs(self, x):
        dtype, I = self.head.weight.dtype, self.recurrent.input_size
        expect.tensor("x", x, "B T I", {"I": I}, dtype=dtype, like=" like the weights")
        return self.recurrent(x)[0]

    def extra_repr(self) -> str:
        return f"reading={self.reading!r}"


class ReviewClassifier(nn.Module):
    """Words to vectors, a recurrent layer, a rule for what to read off its outputs, and a linear layer.

    reading: "last padded", the output of the last step of the batch, padding or not; "last valid", that of the last
    word; "mean" or "max" over the words; "mean+max", both side by side.  cell: one of `CELLS`, or "none" for a
    bag of words.  bidirectional: a second layer reads each review from its last word to its first.
    dropout: in training, the share of the vectors' entries, the same for all words of a review (Gal and Ghahramani
    2016), and of the readings that are set to 0.  word_dropout: the share of words that become <unk>, number 1.

    forward: x (B, T) int64, padded with 0, lengths (B,) -> logits (B, 2). Only "last padded" depends on the padding.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int = 64,
        hidden_size: int = 64,
        cell: str = "lstm",
        reading: str = "max",
        bidirectional: bool = False,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
    ):
        super().__init__()
        expect.one_of("cell", cell, [*CELLS, "none"])
        self.reading = expect.one_of("reading", reading, REVIEW_READINGS)
        vocabulary_size = expect.whole("vocabulary_size", vocabulary_size)
        embedding_size = expect.whole("embedding_size", embedding_size)
        hidden_size = expect.whole("hidden_size", hidden_size)
        if expect.flag("bidirectional", bidirectional) and reading == "last padded":
            raise ValueError("reading is 'last padded' and bidirectional is True, expected another reading")
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        layers = 0 if cell == "none" else 2 if bidirectional else 1
        self.directions = nn.ModuleList(
            CELLS[cell](embedding_size, hidden_size, batch_first=True) for _ in range(layers)
        )
        self.dropout = nn.Dropout(expect.probability("dropout", dropout))
        self.word_dropout = expect.probability("word_dropout", word_dropout)
        size = hidden_size * layers or embedding_size
        self.head = nn.Linear(2 * size if reading == "mean+max" else size, 2)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self._classify(self.embed(x), self._expect_lengths(lengths, x))

    def embed(self, x: Tensor) -> Tensor:
        """The words' vectors: x (B, T) -> (B, T, E)."""
        expect.indices("x", x, self.embedding.num_embeddings, "B T", note=": is it encoded with another vocabulary?")
        if self.training and self.word_dropout:
            x = x.masked_fill((torch.rand(x.shape, device=x.device) < self.word_dropout) & (x > 0), 1)
        return self.embedding(x)

    def classify(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """The rest of `forward`: (B, T, E), lengths (B,) -> logits (B, 2)."""
        return self._classify(self._expect_embedded(embedded), self._expect_lengths(lengths, embedded))

    def _classify(self, embedded, lengths):
        kept = self.dropout(torch.ones_like(embedded[:, :1]))  # (B, 1, E)
        return self.head(self.dropout(self._read(self._outputs(embedded * kept, lengths), lengths)))

    def beliefs(self, x: Tensor, lengths: Tensor) -> Tensor:
        """What the model would say if each review ended here, at every word: (B, T), lengths (B,) -> (B, T, 2).

        ValueError if a second direction reads from the end: it has nothing to say before.
        """
        if len(self.directions) > 1:
            raise ValueError("the model is bidirectional, expected one that reads from the first word on alone")
        out = self._outputs(self.embed(x), self._expect_lengths(lengths, x))
        count = torch.arange(1, out.shape[1] + 1, device=out.device)[:, None]
        running = {
            "last padded": out,
            "last valid": out,
            "mean": out.cumsum(dim=1) / count,
            "max": out.cummax(dim=1).values,
        }
        return self.head(torch.cat([running[name] for name in self.reading.split("+")], dim=-1))

    def outputs(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """What each direction says at each word, side by side: (B, T, E) -> (B, T, H·D)."""
        return self._outputs(self._expect_embedded(embedded), self._expect_lengths(lengths, embedded))

    def _outputs(self, embedded, lengths):
        if not self.directions:
            return embedded
        outs = [self.directions[0](embedded)[0]]
        for backward in self.directions[1:]:
            outs.append(_reverse(backward(_reverse(embedded, lengths))[0], lengths))
        return torch.cat(outs, dim=-1)

    def _read(self, out, lengths):
        if self.reading == "last padded":
            return out[:, -1]
        if self.reading == "last valid":
            return last_valid.plain(out, lengths)
        readings = {"mean": masked_mean.plain, "max": masked_max.plain}
        return torch.cat([readings[name](out, lengths) for name in self.reading.split("+")], dim=-1)

    def _expect_embedded(self, embedded):
        weight = self.embedding.weight
        sizes = {"E": weight.shape[1]}
        return expect.tensor("embedded", embedded, "B T E", sizes, dtype=weight.dtype, like=" like the weights")

    @staticmethod
    def _expect_lengths(lengths, x):
        """Lengths that fit a batch (B, T, ...), on its device."""
        return expect.lengths("lengths", lengths, x.shape[1], len(x), x.device).to(x.device)

    def extra_repr(self) -> str:
        return f"reading={self.reading!r}, word_dropout={self.word_dropout}"


def reverse(out: Tensor, lengths: Tensor) -> Tensor:
    """Each sequence from its own last step to its first, the padding where it was: (B, T, ...) -> (B, T, ...)."""
    if not isinstance(out, Tensor) or out.ndim < 2:
        raise TypeError(f"out is {expect.said(out)}, expected a tensor (B, T, ...)")
    return _reverse(out, expect.lengths("lengths", lengths, out.shape[1], len(out), out.device).to(out.device))


def _reverse(out, lengths):
    steps = torch.arange(out.shape[1], device=out.device)
    order = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return out[torch.arange(len(out), device=out.device)[:, None], order]


def parameter_count(model: nn.Module) -> int:
    """How many numbers the model learns."""
    expect.kind("model", model, nn.Module, "a model")
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
