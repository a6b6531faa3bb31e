"""Texts, pronunciations and what a net says of them, for the cases of lessons 09 and 10: drawn from a seed."""

import random

import torch
from torch import Tensor

from ..language import LanguageModel
from .drawn import normal, seeded, whole


def guessed(B: int, T: int, V: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Logits (B, T, V) that require a gradient, and the letters that came, targets (B, T)."""
    logits = (3 * normal((B, T, V), seed=B, dtype=dtype)[0]).detach().requires_grad_()
    return logits, *whole(V - 1, (B, T), seed=T)


def counted(
    C: int, V: int, discount: float, dtype: torch.dtype = torch.float64, seed: int = 0, empty: bool = True
) -> tuple[Tensor, Tensor, float]:
    """Counts (C, V), shares of a shorter context (C, V), and a discount; where `empty`, the last row has no count."""
    (counts,) = whole(4, (C, V), seed=10 * C + V + seed)
    counts = (counts - 1).clamp_min(0)
    counts[0, 0] = 5
    if empty and C > 1:
        counts[-1] = 0
    lower = normal((C, V), seed=C + seed, dtype=dtype)[0].softmax(1)
    return counts.to(dtype), lower, discount


def chunked(
    B: int, V: int, H: int, *lengths: int, dtype: torch.dtype = torch.float64
) -> tuple[LanguageModel, list[tuple[Tensor, Tensor]]]:
    """A model, and chunks (x, targets), both (B, T), with T from `lengths`."""
    model = seeded(LanguageModel(V, 2, H).to(dtype), seed=B + V, scale=0.7)
    return model, [tuple(whole(V - 1, (B, T), (B, T), seed=10 * i + T)) for i, T in enumerate(lengths)]


def warm(B: int, V: int, temperature: float, dtype: torch.dtype = torch.float64) -> tuple[Tensor, float]:
    """Logits (B, V), and a temperature."""
    return (2 * normal((B, V), seed=B + V, dtype=dtype)[0]), temperature


def shared(B: int, V: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Shares of V letters (B, V): each row adds up to 1."""
    return (2 * normal((B, V), seed=7 * B + V + seed, dtype=dtype)[0]).softmax(1)


def spoken(*lengths: int, seed: int) -> tuple[Tensor, Tensor]:
    """Sounds (B, T) without START and END, padded with 0, and their lengths (B,)."""
    T, lengths = max(lengths), torch.tensor(lengths)
    (sounds,) = whole(41, (len(lengths), T), seed=seed, least=3)
    return sounds * (torch.arange(T) < lengths[:, None]), lengths


def heard() -> list[tuple[list, list]]:
    """Answers and their right ones, by hand: the second is nearer, or as near and longer, or shorter."""
    return [
        ([("N", "AY", "T"), ("EY", "M")], [[("N", "AY", "T")], [("AH",), ("EY", "M", "Z")]]),
        ([("K", "N", "AY", "T", "S")], [[("N", "AY", "T"), ("N", "AY", "T", "IH", "S", "T")]]),
        ([("AY",), ("T", "UW", "L")], [[("B", "AY", "K", "ER"), ("AY", "T")], [("T", "UH", "L"), ("P",)]]),
        ([("N", "AY"), ("T", "UW")], [[("N", "AY", "T"), ("N",)], [("UW",), ("T", "UW", "L")]]),
    ]


def answered(seed: int) -> tuple[list, list]:
    """Answers near and far from their right ones; often the second is nearer, and lengths differ."""
    chance = random.Random(seed)
    answers, right = [], []
    for _ in range(chance.randint(2, 5)):
        choices = [tuple(chance.choices("N AY T K AH".split(), k=chance.randint(2, 7))) for _ in range(2)]
        answer = list(choices[1])
        answer.insert(chance.randint(0, len(answer)), "ER")
        answers.append(tuple(answer[chance.randint(0, 1) :]))
        right.append(choices[: chance.randint(1, 2)])
    return answers, right


def asked(
    *lengths: int, H: int, seed: int, dtype: torch.dtype = torch.float64, below: float = 0.0
) -> tuple[Tensor, Tensor, Tensor]:
    """A query (B, H) and memory (B, S, H) that require a gradient, and lengths (B,); S may be more than the longest.

    below: how far under 0 all scores lie.
    """
    S, B = max(lengths) + seed % 2, len(lengths)
    query, memory = normal((B, H), (B, S, H), seed=seed, dtype=dtype)
    if below:
        query[:, 0], memory[:, :, 0] = below**0.5, -(below**0.5)
    return query.requires_grad_(), memory.requires_grad_(), torch.tensor(lengths)


def weighted(B: int, S: int, H: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Weights (B, S), each row 1, and memory (B, S, H); both require a gradient."""
    scores, memory = normal((B, S), (B, S, H), seed=seed, dtype=dtype)
    return scores.softmax(dim=1).requires_grad_(), memory.requires_grad_()


def begun(
    K: int, V: int, width: int, seed: int, dtype: torch.dtype = torch.float64, below: float = 4.0
) -> tuple[Tensor, Tensor, int]:
    """The scores (K,) of K beginnings, about `below` under 0, log-probabilities (K, V) of what comes next, a width."""
    scores, logits = normal((K,), (K, V), seed=seed, dtype=dtype)
    return 2 * scores - below, (2 * logits).log_softmax(dim=1), width
