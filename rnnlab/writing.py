"""How a language model writes: shares of the next letter reshaped, one drawn, read again. V letters."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.language import LanguageModel, decode, encode


def tempered(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Shares (..., V) of logits (..., V): nearer to the largest below a temperature of 1, more even above it."""
    expect.tensor("logits", logits)
    return torch.softmax(logits / expect.number("temperature", temperature, above=0), dim=-1)


def top_k(shares: Tensor, k: int) -> Tensor:
    """Only the k letters with the largest shares, adding up to 1 again: (B, V) -> (B, V)."""
    _expect_shares("shares", shares, "B V", sizes := {})
    largest = shares.topk(expect.whole("k", k, 1, sizes["V"]), dim=-1)
    kept = torch.zeros_like(shares).scatter(-1, largest.indices, largest.values)
    return kept / kept.sum(dim=-1, keepdim=True)


def nucleus(shares: Tensor, p: float) -> Tensor:
    """The fewest letters, largest first, whose shares reach p, adding up to 1 again: (B, V) -> (B, V).

    Holtzman and others, The curious case of neural text degeneration, ICLR 2020.
    """
    _expect_shares("shares", shares, "B V")
    expect.number("p", p, above=0, most=1)
    largest = shares.sort(dim=-1, descending=True, stable=True)
    before = largest.values.cumsum(dim=-1) - largest.values  # what the larger ones hold already
    kept = torch.zeros_like(shares).scatter(-1, largest.indices, largest.values * (before < p))
    return kept / kept.sum(dim=-1, keepdim=True)


def greedy(logits: Tensor) -> Tensor:
    """All for the largest logit: (B, V) -> (B, V)."""
    expect.tensor("logits", logits, "B V")
    return torch.nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)


def entropy(shares: Tensor) -> Tensor:
    """How many bits a draw from shares (..., V) is worth: (...)."""
    _expect_shares("shares", shares)
    return torch.special.entr(shares).sum(dim=-1) / math.log(2)


def write(
    model: LanguageModel,
    beginning: str,
    length: int,
    shares_of: Callable = tempered,
    seed: int = 0,
    force: Callable | None = None,
) -> tuple[str, Tensor]:
    """Let the model go on for `length` letters: what it wrote, and the entropy of each draw (length,).

    shares_of: logits (1, V) -> shares (1, V), such as `tempered` or `greedy`.
    force: a function that is handed the state before each letter and returns the one to go on with.
    """
    expect.kind("model", model, LanguageModel, "a LanguageModel")
    expect.text("beginning", beginning)
    codes = encode(beginning).to(model.head.weight.device)
    length = expect.whole("length", length)
    expect.function("shares_of", shares_of)
    if force is not None:
        expect.function("force", force)
    generator = torch.Generator().manual_seed(expect.whole("seed", seed, 0))
    written, worth, state = [], [], None
    with torch.no_grad():
        logits, state = model(codes[None], state)
        for _ in range(length):
            shares = shares_of(logits[:, -1])  # (1, V)
            _expect_shares("what shares_of returns", shares, "B V", {"B": 1, "V": logits.shape[-1]})
            letter = torch.multinomial(shares.cpu(), 1, generator=generator).to(codes.device)  # (1, 1)
            written.append(letter[0])
            worth.append(entropy(shares)[0])
            logits, state = model(letter, force(state) if force else state)
    return decode(torch.cat(written)), torch.stack(worth)


def loop(text: str, most: int = 200) -> str:
    """The shortest piece, of at most `most` letters, that the text repeats at its end three times; "" if none."""
    expect.text("text", text)
    for size in range(1, min(expect.whole("most", most), len(text) // 3) + 1):
        if text.endswith(3 * text[-size:]):
            return text[-size:]
    return ""


def _expect_shares(name, value, shape=None, sizes=None):
    expect.tensor(name, value, shape, sizes)
    total = value.sum(dim=-1)
    if value.min() < 0 or (total - 1).abs().max() > 1e-3:
        raise ValueError(
            f"{name}: the smallest is {value.min():.3g} and they add up to {total.flatten()[0]:.3g}, "
            "expected shares, 0 or more and 1 in all. Are they logits? See tempered"
        )
