"""Pairs of sequences to learn from, such as words and their sounds: to numbers, batches, the loss, the error."""

from collections.abc import Hashable, Iterator, Sequence

import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from rnnlab import expect

PAD, START, END = 0, 1, 2  # numbers of a target: behind its end, before its first symbol, behind its last


def number_sources(sequences: Sequence[Sequence[Hashable]], symbols: Sequence[Hashable]) -> list[Tensor]:
    """Each sequence of N as numbers (S,) int64: 1 for symbols[0], for 0 is padding.

    ValueError for an empty sequence, or a symbol that is not among `symbols`.
    """
    return _numbered("sequences", sequences, symbols, 1)


def number_targets(sequences: Sequence[Sequence[Hashable]], symbols: Sequence[Hashable]) -> list[Tensor]:
    """Each sequence of N as numbers (T,) int64 from START to END: 3 for symbols[0].  ValueError as above."""
    ends = torch.tensor([START]), torch.tensor([END])
    return [torch.cat([ends[0], row, ends[1]]) for row in _numbered("sequences", sequences, symbols, 3)]


def _numbered(name, sequences, symbols, first):
    symbols = expect.several("symbols", list(symbols) if isinstance(symbols, str) else symbols, "different symbols")
    index = {symbol: first + i for i, symbol in enumerate(symbols)}
    if len(index) < len(symbols):
        raise ValueError("symbols holds one symbol twice, expected different symbols")
    rows = []
    for i, sequence in enumerate(expect.several(name, sequences, "sequences of symbols", str | list | tuple)):
        if not sequence:
            raise ValueError(f"{name}[{i}] is empty, expected at least one symbol")
        if odd := [symbol for symbol in sequence if symbol not in index]:
            raise ValueError(f"{name}[{i}] holds {odd[0]!r}, expected symbols among {symbols[0]!r} to {symbols[-1]!r}")
        rows.append(torch.tensor([index[symbol] for symbol in sequence]))
    return rows


class PairBatches:
    """Batches (source (B, S), lengths (B,), target_in (B, T), target_out (B, T)) of `size` pairs.

    The sources of one batch have one length, so nothing of them is padded.  target_in runs from START to the last
    symbol, target_out from the first symbol to END, both padded with PAD.
    shuffle: draw a new order, of pairs and of batches, with PyTorch's generator.
    """

    def __init__(self, sources: list[Tensor], targets: list[Tensor], size: int = 64, shuffle: bool = False):
        self.sources = expect.several("sources", sources, "tensors (S,)", Tensor)
        self.targets = expect.several("targets", targets, "tensors (T,)", Tensor)
        if len(self.sources) != len(self.targets):
            raise ValueError(f"targets holds {len(self.targets)} sequences, expected {len(self.sources)} like sources")
        for name, rows in (("sources", self.sources), ("targets", self.targets)):
            for i, row in enumerate(rows):
                expect.indices(f"{name}[{i}]", row, 2**31, "S" if name == "sources" else "T")
        if odd := [i for i, row in enumerate(self.targets) if row[0] != START or row[-1] != END]:
            raise ValueError(f"targets[{odd[0]}] is {self.targets[odd[0]].tolist()}, expected START (1) to END (2)")
        if odd := [i for i, row in enumerate(self.targets) if (row[1:-1] <= END).any()]:
            found = self.targets[odd[0]].tolist()
            raise ValueError(f"targets[{odd[0]}] is {found}, expected only symbols, 3 and more, between START and END")
        self.size, self.shuffle = expect.whole("size", size), expect.flag("shuffle", shuffle)
        lengths = torch.tensor([len(source) for source in self.sources])
        self.groups = []
        for S in lengths.unique().tolist():  # stacked once: the batches of every epoch are cut out of these
            rows = (lengths == S).nonzero()[:, 0]
            source = torch.stack([self.sources[i] for i in rows.tolist()])
            if padded := rows[(source == PAD).any(dim=1)].tolist():
                raise ValueError(f"sources[{padded[0]}] holds {PAD}, the padding, expected only symbols, 1 and more")
            self.groups.append((rows, source, pad_sequence([self.targets[i] for i in rows.tolist()], True, PAD)))

    def __len__(self) -> int:
        return sum(-(-len(rows) // self.size) for rows, _, _ in self.groups)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        for number, chosen in self.batches():
            _, source, target = self.groups[number]
            target = target[chosen]
            target = target[:, : (target != PAD).sum(dim=1).max()]
            lengths = torch.full((len(chosen),), source.shape[1])
            yield source[chosen], lengths, target[:, :-1], target[:, 1:]

    def batches(self) -> list[tuple[int, Tensor]]:
        """Which group and which of its rows meet in each batch, in the order of one pass."""
        found = []
        for number, (rows, _, _) in enumerate(self.groups):
            order = torch.randperm(len(rows)) if self.shuffle else torch.arange(len(rows))
            found += [(number, chosen) for chosen in order.split(self.size)]
        return [found[i] for i in torch.randperm(len(found)).tolist()] if self.shuffle else found


def padded_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """The mean cross-entropy over all symbols but the padding: logits (B, T, V), target (B, T)."""
    sizes = {}
    expect.tensor("logits", logits, "B T V", sizes)
    expect.indices("target", target, sizes["V"], "B T", sizes)
    if not (target != PAD).any():
        raise ValueError("target is all padding, expected at least one symbol")
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)


def error_rates(answers: Sequence[Sequence], right: Sequence[Sequence[Sequence]]) -> tuple[float, float]:
    """How much of N answers is wrong: the error per symbol, and the share of answers with any error.

    right: for each answer one or more right ones, of which the nearest counts.  The distance is how many symbols have
    to be put in, left out or exchanged; the error per symbol is all distances over all lengths of those nearest.
    """
    answers = expect.several("answers", answers, "sequences of symbols", str | list | tuple)
    right = expect.several("right", right, "for each answer its right ones", list | tuple)
    if len(answers) != len(right):
        raise ValueError(f"right holds {len(right)} entries, expected {len(answers)} like answers")
    total = wrong = length = 0
    for i, (answer, choices) in enumerate(zip(answers, right, strict=True)):
        choices = expect.several(f"right[{i}]", choices, "sequences of symbols", str | list | tuple)
        for name, rows in ((f"answers[{i}]", [answer]), (f"right[{i}]", choices)):
            if any(isinstance(symbol, Tensor) for row in rows for symbol in row):
                raise TypeError(f"{name} holds tensors as symbols, expected plain numbers or texts: see tolist")
        if not all(choices):
            raise ValueError(f"right[{i}] holds an empty answer, expected at least one symbol")
        distance, size = min((Levenshtein.distance(answer, choice), len(choice)) for choice in choices)
        total, wrong, length = total + distance, wrong + (distance > 0), length + size
    return total / length, wrong / len(answers)
