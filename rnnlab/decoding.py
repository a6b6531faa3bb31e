"""What an encoder and decoder writes: greedily, a symbol at a time, or by beam search, several beginnings at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from rnnlab import expect
from rnnlab.attention import EncoderDecoder
from rnnlab.pairs import END, PAD, START


@torch.no_grad()
def greedy(model: EncoderDecoder, source: Tensor, lengths: Tensor, longest: int = 30) -> tuple[Tensor, Tensor]:
    """The likeliest symbol at each step: source (B, S), lengths (B,) -> symbols (B, T), weights (B, T, S).

    Each answer ends with END, if it comes within `longest` steps, and PAD behind it; T is the longest of them.
    """
    expect.kind("model", model, EncoderDecoder, "an EncoderDecoder")
    longest = expect.whole("longest", longest)
    with _evaluating(model):
        memory, last, mask = model.encode(source, lengths)
        symbol, state = torch.full((len(source), 1), START, device=source.device), last
        symbols, weights, ended = [], [], torch.zeros_like(symbol, dtype=torch.bool)
        while len(symbols) < longest and not ended.all():
            logits, weight, state = model.decode(symbol, state, memory, mask, last)
            likeliest = logits[..., START + 1 :].argmax(dim=-1) + START + 1  # neither PAD nor START
            symbol = likeliest.masked_fill(ended, PAD)
            ended = ended | (symbol == END)
            symbols.append(symbol), weights.append(weight)
    return torch.cat(symbols, dim=1), torch.cat(weights, dim=1)


@torch.no_grad()
def beam_search(
    model: EncoderDecoder, source: Tensor, width: int = 3, longest: int = 30
) -> tuple[list[list[int]], list[float]]:
    """The likeliest whole answers to one source (S,), the best first: their symbols without END, their log-probability.

    At each step the `width` best beginnings are kept; one that has ended keeps its score and competes with the others.
    """
    expect.kind("model", model, EncoderDecoder, "an EncoderDecoder")
    width, longest = expect.whole("width", width), expect.whole("longest", longest)
    expect.tensor("source", source, "S", dtype=torch.int64)
    with _evaluating(model):
        memory, last, mask = model.encode(source[None], torch.tensor([len(source)]))
        answers, scores, state = torch.full((1, 1), START, device=source.device), memory.new_zeros(1), last
        while answers.shape[1] <= longest:
            K = len(answers)
            sides = memory.expand(K, -1, -1), mask.expand(K, -1), last.expand(K, -1)
            logits, _, state = model.decode(answers[:, -1:], state, *sides)
            log_probs = logits[:, 0].log_softmax(dim=-1)  # (K, V)
            ended = (answers[:, -1] == END) | (answers[:, -1] == PAD)
            log_probs[:, [PAD, START]] = -torch.inf
            log_probs[ended] = -torch.inf
            log_probs[ended, PAD] = 0.0  # the only way on for what has ended
            total = (scores[:, None] + log_probs).flatten()  # (K·V,)
            scores, places = total.topk(min(width, len(total)))
            parents, symbols = places // log_probs.shape[1], places % log_probs.shape[1]
            answers, state = torch.cat([answers[parents], symbols[:, None]], dim=1), state[parents]
            if ((symbols == END) | (symbols == PAD)).all():
                break
    texts = [[s for s in row if s > END] for row in answers.tolist()]
    return texts, scores.tolist()


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """The model without dropout; after a refusal or an interrupt, too, it is as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
