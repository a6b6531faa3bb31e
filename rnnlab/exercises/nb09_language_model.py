"""Exercises of lesson 09, language model."""

import math

import torch
from torch.nn import functional as F

from . import ways
from .check import Exercise
from .drawn_texts import chunked, counted, guessed, shared, warm

# ---- 9.1 ------------------------------------------------------------------------------------------------------------


def bits_per_character(logits, targets):
    """Bits a letter, in the mean: logits (B, T, V), targets (B, T) int64 -> a tensor without axes."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2)


def _of_each(logits, targets):
    """Nats of each letter, (B, T)."""
    return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")


bits_per_character = Exercise(
    bits_per_character,
    cases=lambda: [guessed(3, 4, 5), guessed(1, 6, 3), guessed(2, 1, 7, torch.float32), guessed(4, 4, 4)],
    returns="a tensor without axes",
    hints=(
        "A letter that came with the share p costs log2(1/p) bits. Which function of PyTorch does that from logits, "
        "and which logarithm does it take?",
        "`F.cross_entropy` wants all letters along one axis: logits (B·T, V) and targets (B·T,). It answers in nats, "
        "with the natural logarithm. Left for you: from nats to bits.",
    ),
    wrong={
        lambda logits, targets: _of_each(logits, targets).mean(): (
            "This is in nats: the logarithm of `cross_entropy` is the natural one. One bit is log 2 = 0.693 nats."
        ),
        lambda logits, targets: _of_each(logits.softmax(-1), targets).mean() / math.log(2): (
            "There are two softmaxes in it: `cross_entropy` takes logits and makes shares of them itself."
        ),
        lambda logits, targets: _of_each(logits, targets).mean().exp(): (
            "This is the perplexity: among how many letters it hesitates. Bits are its logarithm to the base 2."
        ),
        lambda logits, targets: -logits.softmax(-1).gather(2, targets[..., None]).mean().log2(): (
            "You take the logarithm of the mean share. The bits of each letter come first, then their mean."
        ),
    },
)

# ---- 9.2 ------------------------------------------------------------------------------------------------------------


def interpolate(counts, lower, discount):
    """Shares of the next letter: counts (C, V), lower (C, V), discount a number -> (C, V), rows that add up to 1."""
    total = counts.sum(dim=1, keepdim=True)
    kept = (counts - discount).clamp_min(0)
    given = discount * (counts > 0).sum(dim=1, keepdim=True)
    return torch.where(total > 0, (kept + given * lower) / total.clamp_min(1), lower)


def _dealt_out(counts, lower, discount, given):
    """The answer with something else given away."""
    kept, total = (counts - discount).clamp_min(0), counts.sum(1, keepdim=True)
    return torch.where(total > 0, (kept + given * lower) / total.clamp_min(1), lower)


def _never_seen(counts, lower, discount):
    given = discount * (counts > 0).sum(1, keepdim=True)
    return ((counts - discount).clamp_min(0) + given * lower) / counts.sum(1, keepdim=True)


interpolate = Exercise(
    interpolate,
    cases=lambda: [
        *(counted(3, 5, 0.5), counted(5, 3, 0.75), counted(4, 4, 0.7, torch.float32)),
        *(counted(1, 6, 0.25), counted(2, 3, 1.0)),
        (torch.tensor([[0, 0, 0], [1.0, 3, 0]]), torch.tensor([[0.5, 0.25, 0.25]] * 2), 1.0),
    ],
    more=lambda: (
        counted(1 + seed % 5, 2 + seed % 7, (0.1, 0.5, 0.9, 1.0)[seed % 4], seed=seed, empty=seed % 2 == 0)
        for seed in range(40)
    ),
    returns="(C, V)",
    hints=(
        "Every letter that was seen gives away the same: `discount` of its count. How much comes together in a row, "
        "and what is left of each count? No count may fall below 0.",
        "Row by row: (what is left of the counts + what was given away · lower) / the sum of the counts. Two things "
        "are left for you: how many letters of a row gave something, and a row that was never seen.",
    ),
    wrong={
        lambda counts, lower, discount: _dealt_out(counts, lower, discount, given=0): (
            "What the letters give away goes to nobody. It is dealt out as `lower` says."
        ),
        lambda counts, lower, discount: _dealt_out(counts, lower, discount, discount * counts.shape[1]): (
            "You collect the discount from all V letters. One never seen has nothing to give: count those above 0."
        ),
        _never_seen: (
            "A context never seen has a sum of 0, and 0 / 0 is nan. Nothing is known there: its row is `lower`."
        ),
    },
)

# ---- 9.3 ------------------------------------------------------------------------------------------------------------


def read_on(model, pairs):
    """Read a text in chunks: pairs (x, targets), each (B, T) -> the bits of each chunk, the gradient (4H, H)."""
    state, bits = None, []
    for x, targets in pairs:
        logits, state = model(x, state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2)
        loss.backward()
        state = tuple(part.detach() for part in state)
        bits.append(loss.item())
    return bits, model.recurrent.weight_hh_l0.grad


def _on(model, pairs, carry=lambda state: state, once=False):
    """The loop with another way to carry the state, or with one `backward()` at the end of all chunks."""
    state, losses = None, []
    for x, targets in pairs:
        logits, state = model(x, state)
        losses.append(bits_per_character.answer(logits, targets))
        if not once:
            losses[-1].backward()
        state = carry(state)
    if once:
        sum(losses).backward()
    return [loss.item() for loss in losses], model.recurrent.weight_hh_l0.grad


read_on = Exercise(
    read_on,
    cases=lambda: [
        chunked(3, 5, 2, 4, 4, 4),
        chunked(1, 4, 3, 6, 2),
        chunked(2, 6, 4, 1, 3, dtype=torch.float32),
        chunked(2, 3, 5, 5),
    ],
    more=lambda: (
        chunked(1 + seed % 4, 3 + seed % 4, 2 + seed % 3, *range(1 + seed % 2, 3 + seed % 3)) for seed in range(24)
    ),
    returns="the bits of each chunk, a list of numbers, and the gradient of weight_hh_l0 (4H, H)",
    hints=(
        "The model takes the state as its second argument and hands out the new one. The next chunk must get its "
        "*numbers*. What must it not get?",
        "Per chunk: the model, from the state; the bits as in 9.1; `backward()`. Gradients add up by themselves. Left "
        "for you: an LSTM's state is a pair, and both halves hang on the chunk that made them.",
    ),
    wrong={
        _on: (
            "PyTorch stopped with a RuntimeError: the second `backward()` runs on into the chunk before. Hand on the "
            "numbers of the state without their history, and both halves of it: `detach()`."
        ),
        lambda *given: _on(*given, carry=lambda state: None): (
            "Each chunk starts from an empty state. Cut the history, not the memory: `detach` keeps the numbers."
        ),
        lambda *given: _on(*given, once=True): (
            "This is the full gradient, back to the first letter. It has to end where its own chunk begins."
        ),
    },
)

# ---- 9.4 ------------------------------------------------------------------------------------------------------------


def tempered(logits, temperature):
    """Shares of the next letter at a temperature: logits (B, V), temperature a number above 0 -> (B, V)."""
    return (logits / temperature).softmax(dim=1)


tempered = Exercise(
    tempered,
    cases=lambda: [
        *(warm(3, 5, 0.5), warm(1, 4, 2.0), warm(4, 4, 0.7, torch.float32), warm(2, 6, 1.5)),
        (torch.tensor([[6.0, 9, 9.02]], dtype=torch.float64), 0.01),
    ],
    more=lambda: (warm(1 + seed % 5, 2 + seed % 6, (0.2, 0.8, 1.7, 3.0)[seed % 4]) for seed in range(24)),
    returns="(B, V)",
    hints=(
        "At which of the two does the temperature act: at logits or at shares? Below 1 the differences between letters "
        "must grow.",
        "Logits times 2: every difference between them is doubled. What does a temperature of 0.5 have to do, then? "
        "Left for you: that, and the axis along which the shares add up to 1.",
    ),
    wrong={
        lambda logits, temperature: logits.softmax(1) / temperature: (
            "You divide shares, and they no longer add up to 1. The temperature acts on the logits."
        ),
        lambda logits, temperature: (logits.softmax(1) / temperature).softmax(1): (
            "Two softmaxes: the second makes nearly equal letters of shares. The temperature acts on the logits."
        ),
        lambda logits, temperature: logits.softmax(1): "The temperature does nothing here: this is what 1 gives.",
    },
    ways=(ways.tempered_by_powers,),
)

# ---- 9.5 ------------------------------------------------------------------------------------------------------------


def nucleus(shares, p):
    """The fewest letters, largest first, whose shares reach p: shares (B, V), p above 0, at most 1 -> (B, V)."""
    largest, order = shares.sort(dim=1, descending=True)
    before = largest.cumsum(dim=1) - largest
    kept = torch.zeros_like(shares).scatter(1, order, largest * (before < p))
    return kept / kept.sum(dim=1, keepdim=True)


def _cut(shares, keep):
    """Keep by a rule on the sorted shares and their running sum."""
    largest, order = shares.sort(dim=1, descending=True)
    kept = torch.zeros_like(shares).scatter(1, order, largest * keep(largest, largest.cumsum(1)))
    return kept / kept.sum(1, keepdim=True).clamp_min(1e-30)


def _unsorted(shares, p):
    kept = shares * (shares.cumsum(1) - shares < p)
    return kept / kept.sum(1, keepdim=True)


nucleus = Exercise(
    nucleus,
    cases=lambda: [
        *((shared(B, V), p) for B, V, p in ((3, 6, 0.6), (1, 5, 0.9), (4, 4, 0.3))),
        (shared(2, 7, dtype=torch.float32), 0.8),
        (torch.tensor([[0.6, 0.3, 0.1]], dtype=torch.float64), 1.0),  # they add up to a little less
        (torch.tensor([[0.0, 0.75, 0.25, 0.0], [0.25, 0.0, 0.0, 0.75]], dtype=torch.float64), 0.75),
    ],
    more=lambda: ((shared(1 + n % 4, 3 + n % 6, seed=n), (0.2, 0.5, 0.7, 0.95)[n % 4]) for n in range(32)),
    returns="(B, V)",
    hints=(
        "Put the letters in the order of their shares and go down, adding up. Which letter is the last that stays: the "
        "one before the sum reaches p, or the one that makes it?",
        "`sort` gives the shares and where they came from, and `scatter` puts them back. What stands *before* a letter "
        "is the running sum, `cumsum`, less its own share. Left for you: how much that may be for the letter to stay, "
        "and that the rows add up to 1 again.",
    ),
    wrong={
        lambda shares, p: _cut(shares, lambda largest, total: total <= p): (
            "You drop the letter that crosses p. Those that stay have to *reach* p, so it belongs to them; and where "
            "the first letter alone is above p, you keep none."
        ),
        _unsorted: "You go through the letters in the order of the alphabet. Begin with the largest share.",
        lambda shares, p: _cut(shares, lambda largest, total: largest >= p): (
            "You keep the letters whose own share is above p. The nucleus asks for their sum, from the largest down."
        ),
    },
)
