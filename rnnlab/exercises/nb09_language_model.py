"""Exercises of lesson 09, language model."""

import math

import torch
from torch.nn import functional as F

from rnnlab.language import LanguageModel

from .check import Exercise
from .drawn import normal, seeded, whole

# ---- 9.1 ------------------------------------------------------------------------------------------------------------


def bits_per_character(logits, targets):
    """Bits a letter, in the mean: logits (B, T, V), targets (B, T) int64 -> a tensor without axes."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2)


def _said(B, T, V, dtype=torch.float64):
    logits = (3 * normal((B, T, V), seed=B, dtype=dtype)[0]).detach().requires_grad_()
    return logits, *whole(V - 1, (B, T), seed=T)


def _of_each(logits, targets):
    """Nats of each letter, (B, T)."""
    return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")


bits_per_character = Exercise(
    bits_per_character,
    cases=lambda: [_said(3, 4, 5), _said(1, 6, 3), _said(2, 1, 7, torch.float32), _said(4, 4, 4)],
    returns="a tensor without axes",
    hints=(
        "A letter that came with the share p costs log2(1/p) bits. Which function of PyTorch does that from logits, and which "
        "logarithm does it take?",
        "`F.cross_entropy` wants all letters along one axis: logits (B·T, V) and targets (B·T,). It answers in nats, with the "
        "natural logarithm. Left for you: from nats to bits.",
    ),
    wrong={
        lambda logits, targets: _of_each(logits, targets).mean(): (
            "This is in nats: the logarithm of `cross_entropy` is the natural one. One bit is log 2 = 0.693 nats."
        ),
        lambda logits, targets: _of_each(logits, targets).mean() * math.log(2): (
            "You multiply by log 2. A bit is smaller than a nat, so there are more of them: divide."
        ),
        lambda logits, targets: _of_each(logits.softmax(-1), targets).mean() / math.log(2): (
            "There are two softmaxes in it: `cross_entropy` takes logits and makes shares of them itself."
        ),
        lambda logits, targets: _of_each(logits, targets).sum() / math.log(2): (
            "These are the bits of the whole text. Per character means the mean over all B·T letters."
        ),
        lambda logits, targets: _of_each(logits, targets).sum(1).mean() / math.log(2): (
            "You add along the time and take the mean over the batch: bits per row. Divide by all B·T letters."
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


def _counted(C, V, discount, dtype=torch.float64, seed=0, empty=True):
    (counts,) = whole(4, (C, V), seed=10 * C + V + seed)
    counts = (counts - 1).clamp_min(0)
    counts[0, 0] = 5
    if empty and C > 1:
        counts[-1] = 0
    lower = normal((C, V), seed=C + seed, dtype=dtype)[0].softmax(1)
    return counts.to(dtype), lower, discount


def _mixed(counts, lower, discount, kept=None, given=None, total=None):
    """The answer with one of its parts replaced."""
    total = counts.sum(1, keepdim=True) if total is None else total
    kept = (counts - discount).clamp_min(0) if kept is None else kept
    given = discount * (counts > 0).sum(1, keepdim=True) if given is None else given
    return torch.where(counts.sum(1, keepdim=True) > 0, (kept + given * lower) / total.clamp_min(1), lower)


def _times_letters(counts, lower, discount):
    return _mixed(counts, lower, discount, given=discount * counts.shape[1])


def _once(counts, lower, discount):
    return _mixed(counts, lower, discount, given=discount)


interpolate = Exercise(
    interpolate,
    cases=lambda: [
        _counted(3, 5, 0.5),
        _counted(5, 3, 0.75),
        _counted(4, 4, 0.7, torch.float32),
        _counted(1, 6, 0.25),
        _counted(2, 3, 1.0),
    ],
    more=lambda: (
        _counted(1 + seed % 5, 2 + seed % 7, (0.1, 0.5, 0.9, 1.0)[seed % 4], seed=seed, empty=seed % 2 == 0)
        for seed in range(40)
    ),
    returns="(C, V)",
    hints=(
        "Every letter that was seen gives away the same: `discount` of its count. How much comes together in a row, and what "
        "is left of each count? No count may fall below 0.",
        "Row by row: (what is left of the counts + what was given away · lower) / the sum of the counts. Two things are left for "
        "you: how many letters of a row gave something, and a row that was never seen.",
    ),
    wrong={
        lambda counts, lower, discount: _mixed(counts, lower, discount, given=torch.zeros_like(counts)): (
            "What the letters give away goes to nobody: your rows add up to less than 1. It is dealt out as `lower` says."
        ),
        _times_letters: (
            "You collect the discount from all V letters. A letter that was never seen has nothing to give: count those above 0."
        ),
        _once: (
            "You deal out one discount a row. Each letter that was seen gave one: as many as the row has counts above 0."
        ),
        lambda counts, lower, discount: _mixed(counts, lower, discount, kept=counts - discount): (
            "Letters never seen are at -discount in your row. A count cannot fall below 0."
        ),
        lambda counts, lower, discount: (
            ((counts - discount).clamp_min(0) + discount * (counts > 0).sum(1, keepdim=True) * lower)
            / counts.sum(1, keepdim=True)
        ): (
            "A context that was never seen has a sum of 0, and 0 / 0 is nan. Nothing is known there: its row is `lower`."
        ),
        lambda counts, lower, discount: _mixed(counts, lower, discount, kept=counts): (
            "You deal the discount out and never took it away: your rows add up to more than 1."
        ),
    },
)

# ---- 9.3 ------------------------------------------------------------------------------------------------------------


def read_on(model, x, targets, state):
    """Read one chunk: x, targets (B, T), state of the chunk before or None -> its bits, the state to carry on."""
    logits, (h, c) = model(x, state)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2)
    return loss, (h.detach(), c.detach())


def _chunk(B, T, V, H, first=False, dtype=torch.float64):
    model = seeded(LanguageModel(V, 2, H).to(dtype), seed=B + T, scale=0.7)
    x, targets = whole(V - 1, (B, T), (B, T), seed=B * T)
    h, c = normal((1, B, H), (1, B, H), seed=H, dtype=dtype)
    return model, x, targets, None if first else (h.tanh(), c)


def _read(model, x, targets, state):
    """The answer of the net with nothing detached."""
    logits, state = model(x, state)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()) / math.log(2), state


def _attached(model, x, targets, state):
    return _read(model, x, targets, state)


def _forgets(model, x, targets, state):
    loss, (h, c) = _read(model, x, targets, None)
    return loss, (h.detach(), c.detach())


def _half(model, x, targets, state):
    loss, (h, c) = _read(model, x, targets, state)
    return loss, (h.detach(), c)


def _empties(model, x, targets, state):
    loss, (h, c) = _read(model, x, targets, state)
    return loss, (torch.zeros_like(h), torch.zeros_like(c))


def _no_gradient(model, x, targets, state):
    loss, (h, c) = _read(model, x, targets, state)
    return loss.detach(), (h.detach(), c.detach())


def _itself(model, x, targets, state):
    loss, (h, c) = _read(model, x, x, state)
    return loss, (h.detach(), c.detach())


read_on = Exercise(
    read_on,
    cases=lambda: [
        _chunk(3, 4, 5, 2),
        _chunk(1, 6, 4, 3),
        _chunk(2, 1, 6, 4, dtype=torch.float32),
        _chunk(2, 5, 3, 5, first=True),
    ],
    more=lambda: (_chunk(1 + seed % 4, 1 + seed % 5, 3 + seed % 4, 2 + seed % 3, seed % 5 == 0) for seed in range(24)),
    returns="the bits, a tensor without axes, and the pair (h, c), each (1, B, H)",
    hints=(
        "The model takes the state as a second argument and hands out the new one. What must the loss still know of the steps, "
        "and what must the state that you hand on not know any more?",
        "Three things: logits and state from `model(x, state)`; the bits as in 9.1, which keep their gradient; and a new state "
        "with the same numbers. Left for you: cutting *both* tensors of the pair with `detach()`.",
    ),
    wrong={
        _attached: (
            "The numbers are right, but your state still hangs on this chunk: the next `backward` would run into it, and fails. "
            "Hand on the same numbers without their history: `detach()`."
        ),
        _half: "You cut h off and not c. An LSTM carries two tensors, and the error would go back through the other one.",
        _forgets: "The model starts anew: `state` is never handed to it, so nothing is carried from the chunk before.",
        _empties: "You hand on an empty state: the next chunk will know nothing of this one. Only the history has to go.",
        _no_gradient: "Your loss is cut off too. It has to keep its gradient, or nothing is learned.",
        _itself: "You compare with x, the letters just read. The net is to say the *next* ones: `targets`.",
    },
)

# ---- 9.4 ------------------------------------------------------------------------------------------------------------


def tempered(logits, temperature):
    """Shares of the next letter at a temperature: logits (B, V), temperature a number above 0 -> (B, V)."""
    return (logits / temperature).softmax(dim=1)


def _warm(B, V, temperature, dtype=torch.float64):
    return (2 * normal((B, V), seed=B + V, dtype=dtype)[0]), temperature


tempered = Exercise(
    tempered,
    cases=lambda: [_warm(3, 5, 0.5), _warm(1, 4, 2.0), _warm(4, 4, 0.7, torch.float32), _warm(2, 6, 1.5)],
    more=lambda: (_warm(1 + seed % 5, 2 + seed % 6, (0.2, 0.8, 1.7, 3.0)[seed % 4]) for seed in range(24)),
    returns="(B, V)",
    hints=(
        "At which of the two does the temperature act: at logits or at shares? Below 1 the differences between letters must grow.",
        "Divide once, before the softmax. Left for you: the axis along which the shares add up to 1.",
    ),
    wrong={
        lambda logits, temperature: logits.softmax(1) / temperature: (
            "You divide shares. They no longer add up to 1, and the order of their sizes stays as it was: the temperature acts on logits."
        ),
        lambda logits, temperature: (logits.softmax(1) / temperature).softmax(1): (
            "Two softmaxes: shares between 0 and 1 go into the second one, and it makes nearly equal letters of them. "
            "The temperature acts on the logits."
        ),
        lambda logits, temperature: (logits * temperature).softmax(1): (
            "You multiply. Below 1 the differences have to grow: divide the logits."
        ),
        lambda logits, temperature: (logits / temperature / temperature).softmax(1): (
            "You divide by the temperature twice: at 0.5 this is a temperature of 0.25."
        ),
        lambda logits, temperature: (logits / temperature).softmax(0): (
            "Your softmax runs along the batch. The letters lie along the last axis."
        ),
        lambda logits, temperature: (
            logits / temperature
        ): "These are logits still. Shares add up to 1: a softmax is missing.",
        lambda logits, temperature: logits.softmax(1): "The temperature does nothing here: this is what 1 gives.",
    },
    ways=(lambda logits, temperature: torch.exp(logits / temperature) / torch.exp(logits / temperature).sum(1, True),),
)

# ---- 9.5 ------------------------------------------------------------------------------------------------------------


def nucleus(shares, p):
    """The fewest letters, largest first, whose shares reach p: shares (B, V), p from 0 to 1 -> (B, V), adding up to 1."""
    largest, order = shares.sort(dim=1, descending=True)
    before = largest.cumsum(dim=1) - largest
    kept = torch.zeros_like(shares).scatter(1, order, largest * (before < p))
    return kept / kept.sum(dim=1, keepdim=True)


def _dealt(B, V, p, dtype=torch.float64, seed=0):
    return (2 * normal((B, V), seed=7 * B + V + seed, dtype=dtype)[0]).softmax(1), p


def _cut(shares, p, keep, again=True):
    """Keep by a rule on the sorted shares and their running sum."""
    largest, order = shares.sort(dim=1, descending=True)
    kept = torch.zeros_like(shares).scatter(1, order, largest * keep(largest, largest.cumsum(1)))
    return kept / kept.sum(1, keepdim=True).clamp_min(1e-30) if again else kept


def _least_first(shares, p):
    least, order = shares.sort(dim=1)
    kept = torch.zeros_like(shares).scatter(1, order, least * (least.cumsum(1) - least < p))
    return kept / kept.sum(1, keepdim=True)


def _unsorted(shares, p):
    kept = shares * (shares.cumsum(1) - shares < p)
    return kept / kept.sum(1, keepdim=True)


def _sorted_out(shares, p):
    largest = shares.sort(dim=1, descending=True).values
    kept = largest * (largest.cumsum(1) - largest < p)
    return kept / kept.sum(1, keepdim=True)


nucleus = Exercise(
    nucleus,
    cases=lambda: [
        _dealt(3, 6, 0.6),
        _dealt(1, 5, 0.9),
        _dealt(4, 4, 0.3),
        _dealt(2, 7, 0.8, torch.float32),
        (torch.tensor([[0.125, 0.5, 0.25, 0.125], [0.25, 0.25, 0.5, 0.0]], dtype=torch.float64), 0.75),
    ],
    more=lambda: (_dealt(1 + seed % 4, 3 + seed % 6, (0.2, 0.5, 0.7, 0.95)[seed % 4], seed=seed) for seed in range(32)),
    returns="(B, V)",
    hints=(
        "Put the letters in the order of their shares and go down. A letter stays as long as those *before* it have not yet reached p.",
        "`sort` gives the shares and where they came from; what stands before each is the running sum, `cumsum`, less the letter's "
        "own share. `scatter` puts them back. Left for you: that the rows add up to 1 again.",
    ),
    wrong={
        lambda shares, p: _cut(shares, p, lambda largest, total: total <= p): (
            "You drop the letter that crosses p. Those that stay have to *reach* p, so it belongs to them; and where the first letter "
            "alone is above p, you keep none."
        ),
        lambda shares, p: _cut(shares, p, lambda largest, total: total - largest < p, again=False): (
            "What stays does not add up to 1. Divide each row by its sum."
        ),
        _unsorted: "You go through the letters in the order of the alphabet. Begin with the largest share.",
        _least_first: "You begin with the smallest share: the letters nobody expects stay, the likely ones go.",
        _sorted_out: "The shares come back in the order of their size: put each where its letter stands.",
        lambda shares, p: _cut(shares, p, lambda largest, total: largest >= p): (
            "You keep the letters whose own share is above p. The nucleus asks for their sum, from the largest down."
        ),
    },
)
