"""Exercises of lesson 09, language model."""

import math

import torch
from torch.nn import functional as F

from rnnlab.language import LanguageModel

from .check import Exercise
from .drawn import normal, seeded, whole

BIT = math.log(2)  # nats

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
        "A letter that came with the share p costs log2(1/p) bits. Which function of PyTorch does that from "
        "logits, and which "
        "logarithm does it take?",
        "`F.cross_entropy` wants all letters along one axis: logits (B·T, V) and targets (B·T,). It answers in "
        "nats, with the "
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
        (torch.tensor([[1.0, 3, 0], [0, 0, 0]]), torch.tensor([[0.5, 0.25, 0.25]] * 2), 1.0),
    ],
    more=lambda: (
        _counted(1 + seed % 5, 2 + seed % 7, (0.1, 0.5, 0.9, 1.0)[seed % 4], seed=seed, empty=seed % 2 == 0)
        for seed in range(40)
    ),
    returns="(C, V)",
    hints=(
        "Every letter that was seen gives away the same: `discount` of its count. How much comes together in a "
        "row, and what "
        "is left of each count? No count may fall below 0.",
        "Row by row: (what is left of the counts + what was given away · lower) / the sum of the counts. Two "
        "things are left for "
        "you: how many letters of a row gave something, and a row that was never seen.",
    ),
    wrong={
        lambda counts, lower, discount: _mixed(counts, lower, discount, given=torch.zeros_like(counts)): (
            "What the letters give away goes to nobody: your rows add up to less than 1. It is dealt out as "
            "`lower` says."
        ),
        _times_letters: (
            "You collect the discount from all V letters. A letter that was never seen has nothing to give: count "
            "those above 0."
        ),
        _once: (
            "You deal out one discount a row. Each letter that was seen gave one: as many as the row has counts "
            "above 0."
        ),
        lambda counts, lower, discount: _mixed(counts, lower, discount, kept=counts - discount): (
            "Letters never seen are at -discount in your row. A count cannot fall below 0."
        ),
        lambda counts, lower, discount: (
            ((counts - discount).clamp_min(0) + discount * (counts > 0).sum(1, keepdim=True) * lower)
            / counts.sum(1, keepdim=True)
        ): (
            "A context that was never seen has a sum of 0, and 0 / 0 is nan. Nothing is known there: its row is "
            "`lower`."
        ),
        lambda counts, lower, discount: _mixed(counts, lower, discount, kept=counts): (
            "You deal the discount out and never took it away: your rows add up to more than 1."
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


def _text(B, V, H, *lengths, dtype=torch.float64):
    model = seeded(LanguageModel(V, 2, H).to(dtype), seed=B + V, scale=0.7)
    return model, [tuple(whole(V - 1, (B, T), (B, T), seed=10 * i + T)) for i, T in enumerate(lengths)]


def _apart(state):
    return tuple(part.detach() for part in state)


def _chunks(model, pairs, carry=_apart, asked=lambda x, targets: targets, unit=BIT, first=None, once=False):
    """The loop with one thing another way: what is carried, what is asked for, in which unit, what is done first."""
    state, losses = None, []
    for x, targets in pairs:
        if first:
            first(model)
        logits, state = model(x, state)
        losses.append(F.cross_entropy(logits.flatten(0, 1), asked(x, targets).flatten()) / unit)
        if not once:
            losses[-1].backward()
        state = carry(state)
    if once:
        sum(losses).backward()
    return [loss.item() for loss in losses], model.recurrent.weight_hh_l0.grad


read_on = Exercise(
    read_on,
    cases=lambda: [
        _text(3, 5, 2, 4, 4, 4),
        _text(1, 4, 3, 6, 2),
        _text(2, 6, 4, 1, 3, dtype=torch.float32),
        _text(2, 3, 5, 5),
    ],
    more=lambda: (
        _text(1 + seed % 4, 3 + seed % 4, 2 + seed % 3, *range(1 + seed % 2, 3 + seed % 3)) for seed in range(24)
    ),
    returns="the bits of each chunk, a list of numbers, and the gradient of weight_hh_l0 (4H, H)",
    hints=(
        "The model takes the state as its second argument and hands out the new one. The next chunk must get its "
        "*numbers*. What must it not get?",
        "Per chunk: the model, from the state; the bits as in 9.1; `backward()`. Gradients add up by themselves. Left "
        "for you: an LSTM's state is a pair, and both halves hang on the chunk that made them.",
    ),
    wrong={
        lambda *given: _chunks(*given, carry=lambda state: state): (
            "PyTorch stopped with a RuntimeError: the second `backward()` runs on into the chunk before. Hand on the "
            "numbers of the state without their history, and both halves of it: `detach()`."
        ),
        lambda *given: _chunks(*given, carry=lambda state: None): (
            "Each chunk starts from an empty state. Cut the history, not the memory: `detach` keeps the numbers."
        ),
        lambda *given: _chunks(*given, carry=lambda state: state, once=True): (
            "This is the full gradient, back to the first letter. It has to end where its chunk begins: a `backward()` "
            "for each, and a state that is cut off."
        ),
        lambda *given: _chunks(*given, first=lambda model: model.zero_grad()): (
            "This is the gradient of the last chunk alone. Those of the chunks add up: nothing is reset between them."
        ),
        lambda *given: _chunks(*given, asked=lambda x, targets: x): (
            "You compare with x, the letters just read. The net is to say the *next* ones: `targets`."
        ),
        lambda *given: _chunks(*given, unit=1): (
            "The loss is in nats, and so is the gradient. Bits, as in 9.1: divide by log 2."
        ),
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
        "At which of the two does the temperature act: at logits or at shares? Below 1 the differences between "
        "letters must grow.",
        "Divide once, before the softmax. Left for you: the axis along which the shares add up to 1.",
    ),
    wrong={
        lambda logits, temperature: logits.softmax(1) / temperature: (
            "You divide shares. They no longer add up to 1, and the order of their sizes stays as it was: the "
            "temperature acts on logits."
        ),
        lambda logits, temperature: (logits.softmax(1) / temperature).softmax(1): (
            "Two softmaxes: shares between 0 and 1 go into the second one, and it makes nearly equal letters of "
            "them. "
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
    """The fewest letters, largest first, whose shares reach p: shares (B, V), p from 0 to 1 -> (B, V), adding up "
    "to 1."""
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
        (torch.tensor([[0.0, 0.75, 0.25, 0.0], [0.25, 0.0, 0.0, 0.75]], dtype=torch.float64), 0.75),
    ],
    more=lambda: (_dealt(1 + seed % 4, 3 + seed % 6, (0.2, 0.5, 0.7, 0.95)[seed % 4], seed=seed) for seed in range(32)),
    returns="(B, V)",
    hints=(
        "Put the letters in the order of their shares and go down. A letter stays as long as those *before* it "
        "have not yet reached p.",
        "`sort` gives the shares and where they came from; what stands before each is the running sum, `cumsum`, "
        "less the letter's "
        "own share. `scatter` puts them back. Left for you: that the rows add up to 1 again.",
    ),
    wrong={
        lambda shares, p: _cut(shares, p, lambda largest, total: total <= p): (
            "You drop the letter that crosses p. Those that stay have to *reach* p, so it belongs to them; and "
            "where the first letter "
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
