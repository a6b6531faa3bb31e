"""Made sequences that cannot be answered without memory, any length, any number, each with its chance level.

Letters: B batch, T time, K symbols. The same seed makes the same sequences; the random numbers of a training run are
not touched. Chance is what the best constant answer scores: accuracy for labels, mean squared error for numbers.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.sequences import one_hot

ORDER_SYMBOLS = "XYabcd"  # the two that matter, and four that do not
BRACKET_SYMBOLS = "()x"


class Made(NamedTuple):
    """Sequences x (B, T, I), what to answer y, and the score of the best constant answer."""

    x: Tensor
    y: Tensor
    chance: float


def make(name: str, batch: int, T: int, seed: int | torch.Generator) -> Made:
    """The task of that name; ValueError for an unknown one."""
    return TASKS[expect.one_of("name", name, TASKS)](batch, T, seed)


def adding(batch: int, T: int, seed: int | torch.Generator) -> Made:
    """The adding problem (Hochreiter and Schmidhuber 1997, experiment 4): the sum of the two marked numbers.

    x (B, T, 2): a number from 0 to 1, and a mark that is 1 at one step of each half, else 0.  y (B, 1).
    Chance: mean squared error 1/6, the variance of the sum, for always answering 1.  T at least 2.
    """
    batch, T, random = _expect(batch, T, seed, shortest=2)
    numbers, marks = torch.rand(batch, T, generator=random), torch.zeros(batch, T)
    for low, high in ((0, T // 2), (T // 2, T)):
        marks.scatter_(1, torch.randint(low, high, (batch, 1), generator=random), 1)
    return Made(torch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1, keepdim=True), 1 / 6)


def temporal_order(batch: int, T: int, seed: int | torch.Generator) -> Made:
    """Which came first (Hochreiter and Schmidhuber 1997, experiment 6a): an X or a Y early, an X or a Y half-way.

    x (B, T, 6), one-hot over `ORDER_SYMBOLS`: one of X, Y between T/10 and T/5, one between T/2 and 6T/10, the rest
    any of a, b, c, d.  y (B,): 0 for XX, 1 for XY, 2 for YX, 3 for YY.  Chance: accuracy 1/4.  T at least 2.
    """
    batch, T, random = _expect(batch, T, seed, shortest=2)
    symbols = torch.randint(2, 6, (batch, T), generator=random)
    pair = torch.randint(0, 2, (batch, 2), generator=random)
    early = torch.randint(T // 10, T // 5 + 1, (batch, 1), generator=random)
    late = torch.randint(T // 2, 6 * T // 10 + 1, (batch, 1), generator=random)
    symbols.scatter_(1, torch.cat([early, late], dim=1), pair)
    return Made(one_hot(symbols, 6), 2 * pair[:, 0] + pair[:, 1], 1 / 4)


def first_symbol(batch: int, T: int, seed: int | torch.Generator, symbols: int = 8) -> Made:
    """Recall: say at the end which symbol came first; all that follows is noise of the same symbols.

    x (B, T, K), one-hot, K = symbols, each as likely everywhere.  y (B,): the symbol of step 0.
    Chance: accuracy 1/K.  T and K at least 2.
    """
    batch, T, random = _expect(batch, T, seed, shortest=2)
    symbols = expect.whole("symbols", symbols, 2)
    drawn = torch.randint(0, symbols, (batch, T), generator=random)
    return Made(one_hot(drawn, symbols), drawn[:, 0].clone(), 1 / symbols)


def bracket_depth(batch: int, T: int, seed: int | torch.Generator, deepest: int = 4) -> Made:
    """How many brackets are open after each symbol: "(" opens one, ")" closes one, "x" changes nothing.

    x (B, T, 3), one-hot over `BRACKET_SYMBOLS`; every symbol that keeps the depth within 0 and `deepest` is as likely.
    y (B, T): the depth after each step.  Chance: the share of the most common depth, computed, not sampled.
    """
    batch, T, random = _expect(batch, T, seed, shortest=1)
    deepest = expect.whole("deepest", deepest)
    levels = torch.arange(deepest + 1)
    allowed = torch.stack([levels < deepest, levels > 0, levels >= 0], dim=1).double()  # (levels, K)
    likely = allowed / allowed.sum(dim=1, keepdim=True)
    change = torch.tensor([1, -1, 0])

    symbols, depths = [], [torch.zeros(batch, dtype=torch.int64)]
    for _ in range(T):
        symbols.append(torch.multinomial(likely[depths[-1]], 1, generator=random).squeeze(1))
        depths.append(depths[-1] + change[symbols[-1]])

    move = torch.zeros(deepest + 1, deepest + 1, dtype=torch.float64)  # from one depth to the next
    for level, symbol in allowed.nonzero().tolist():
        move[level, level + change[symbol]] += likely[level, symbol]
    shares = [one_hot(torch.tensor(0), deepest + 1).double()]
    for _ in range(T):
        shares.append(shares[-1] @ move)
    chance = torch.stack(shares[1:]).mean(dim=0).max().item()
    return Made(one_hot(torch.stack(symbols, dim=1), 3), torch.stack(depths[1:], dim=1), chance)


def parity(batch: int, T: int, seed: int | torch.Generator) -> Made:
    """Is the number of ones so far odd? The smallest task that takes a state which every new symbol may turn round.

    x (B, T, 2), one-hot over 0 and 1, both as likely.  y (B, T): 1 where it is odd after that step.  Chance: 1/2.
    """
    batch, T, random = _expect(batch, T, seed, shortest=1)
    bits = torch.randint(0, 2, (batch, T), generator=random)
    return Made(one_hot(bits, 2), bits.cumsum(dim=1) % 2, 1 / 2)


TASKS = {task.__name__: task for task in (adding, temporal_order, first_symbol, bracket_depth, parity)}


def _expect(batch, T, seed, shortest):
    """The sizes, and a generator of random numbers of its own."""
    batch, T = expect.whole("batch", batch), expect.whole("T", T, shortest)
    if not isinstance(seed, torch.Generator):
        seed = torch.Generator().manual_seed(expect.whole("seed", seed, 0, 2**63 - 1, " or a torch.Generator"))
    return batch, T, seed
