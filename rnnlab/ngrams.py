"""A language model that only counts: n-grams of letters with interpolated Kneser–Ney smoothing.

Kneser and Ney, Improved backing-off for m-gram language modeling, ICASSP 1995; in the interpolated form of Chen and
Goodman, An empirical study of smoothing techniques for language modeling, 1999, with one discount an order.
N letters of text, V letters of the alphabet, C contexts.
"""

import numpy as np
import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.language import LETTERS

BITS = 7  # of one letter in the number of an n-gram: up to 128 letters, and 9 of them in 63 bits
MOST = 9


def packed(codes: Tensor, n: int) -> np.ndarray:
    """Each n letters in a row as one number, 7 bits a letter, the last letter lowest: (N,) int64 -> (N - n + 1,)."""
    expect.indices("codes", codes, len(LETTERS), "N")
    n = expect.whole("n", n, 1, min(MOST, len(codes)), note=f", as one of {len(codes)} letters")
    letters, grams = codes.numpy(), np.zeros(len(codes) - n + 1, np.int64)
    for i in range(n):
        grams <<= BITS  # in place: there are millions of them
        grams |= letters[i : len(letters) - n + 1 + i]
    return grams


def seen(codes: Tensor, text: Tensor, n: int) -> np.ndarray:
    """Which n letters in a row of `codes` (N,) int64 stand somewhere in `text` (M,) int64: (N - n + 1,) bool."""
    expect.indices("text", text, len(LETTERS), "M")
    wanted = packed(codes, n)
    expect.whole("n", n, 1, len(text), note=f", as one of {len(text)} letters of text")
    known = packed(text, n)
    known.sort()  # in place: np.isin would take seven times its memory
    return _look_up(wanted, known, known)[1]


def interpolate(counts: Tensor, lower: Tensor, discount: float) -> Tensor:
    """Shares of the next letter in C contexts: counts (C, V), lower (C, V) the shares of shorter contexts -> (C, V).

    Each letter seen gives `discount` of its count away, and what is given away is dealt out as `lower` says.
    In a context without counts it is `lower` alone.
    """
    expect.number("discount", discount, least=0, most=1)
    expect.tensor("counts", counts, "C V", sizes := {})
    expect.tensor("lower", lower, "C V", sizes, dtype=counts.dtype, like=" like counts")
    total = counts.sum(dim=1, keepdim=True)
    kept = (counts - discount).clamp_min(0)
    given = discount * (counts > 0).sum(dim=1, keepdim=True)
    return torch.where(total > 0, (kept + given * lower) / total.clamp_min(1), lower)


class KneserNey:
    """Counts of 1 to `order` letters of a text (N,) int64, up to 9.  ValueError for a text shorter than that.

    entries: how many different n-grams it keeps.  bytes: what their numbers and counts take as it keeps them.
    """

    def __init__(self, codes: Tensor, order: int):
        self.order = expect.whole("order", order, 1, MOST)
        keys, counts = np.unique(packed(codes, self.order), return_counts=True)
        self.tables = [_table(keys, counts)]
        for n in range(self.order - 1, 0, -1):
            # A shorter n-gram counts once for each different letter before it, not each time it occurs.
            keys, counts = np.unique(keys & _mask(n), return_counts=True)
            self.tables.insert(0, _table(keys, counts))
        self.entries = sum(len(table["keys"]) for table in self.tables)
        self.bytes = sum(table["keys"].nbytes + table["counts"].nbytes for table in self.tables)

    def probabilities(self, codes: Tensor) -> Tensor:
        """Of each letter of a text after the order - 1 letters before it: (N,) -> (N - order + 1,) float64."""
        return torch.from_numpy(self._probabilities(packed(codes, self.order)))

    def bits(self, codes: Tensor) -> float:
        """Bits per character of a text (N,), from the first letter on that has order - 1 before it."""
        return -self.probabilities(codes).log2().mean().item()

    def shares(self, context: Tensor) -> Tensor:
        """Of each letter after a context of at least order - 1 letters: (N,) int64 -> (V,) float64."""
        expect.indices("context", context, len(LETTERS), "N", empty=self.order == 1)
        if len(context) < self.order - 1:
            raise ValueError(f"context holds {len(context)} letters, expected at least {self.order - 1}")
        before = context[len(context) - self.order + 1 :]
        end = packed(before, len(before)) << BITS if len(before) else np.zeros(1, np.int64)
        return torch.from_numpy(self._probabilities(end | np.arange(len(LETTERS))))

    def _probabilities(self, grams):
        shares = np.full(len(grams), 1 / len(LETTERS))
        for n, table in enumerate(self.tables, 1):
            shares = _mix(table, grams & _mask(n), shares)
        return shares


def _mask(n):
    return (1 << BITS * n) - 1


def _table(keys, counts):
    """The n-grams of one order, sorted; of each context the sum of its counts and how many letters it has seen."""
    contexts, first, kinds = np.unique(keys >> BITS, return_index=True, return_counts=True)
    once, twice = (counts == 1).sum(), (counts == 2).sum()
    return {
        "keys": keys,
        "counts": counts.astype(np.int32),
        "contexts": contexts,
        "totals": np.add.reduceat(counts, first),
        "kinds": kinds,
        "discount": max(once / max(1, once + 2 * twice), 0.001),  # never 0: no letter may get the share 0
    }


def _mix(table, grams, lower):
    """`interpolate`, for the letters asked for alone: their counts and contexts are looked up."""
    counts, _ = _look_up(grams, table["keys"], table["counts"])
    totals, seen = _look_up(grams >> BITS, table["contexts"], table["totals"])
    kinds, _ = _look_up(grams >> BITS, table["contexts"], table["kinds"])
    kept = np.maximum(counts - table["discount"], 0)
    return np.where(seen, (kept + table["discount"] * kinds * lower) / np.maximum(totals, 1), lower)


def _look_up(wanted, keys, values):
    """The values of the keys that are wanted, 0 where there is no such key; and whether there is."""
    at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    found = keys[at] == wanted
    return np.where(found, values[at], 0), found
