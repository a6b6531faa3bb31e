"""What an encoder and decoder writes: greedily, a symbol at a time, or by beam search, several beginnings at a time."""

import torch
from torch import Tensor

from rnnlab import expect
from rnnlab.attention import EncoderDecoder
from rnnlab.pairs import END, PAD, START


@torch.no_grad()
def greedy(model: EncoderDecoder, source: Tensor, lengths: Tensor, longest: int = 30) -> tuple[Tensor, Tensor]:
    """The likeliest symbol at each step: source (B, S), lengths (B,) -> symbols (B, T), weights (B, T, S).

    Each answer ends with END, if it comes within `longest` steps, and PAD behind it; T is the longest of them.
    """
    expect.kind("model", model, EncoderDecoder, "an EncoderDecoder")
    longest, training = expect.whole("longest", longest), model.training
    model.eval()
    memory, last, mask = model.encode(source, lengths)
    symbol, state = torch.full((len(source), 1), START), last
    symbols, weights, ended = [], [], torch.zeros(len(source), 1, dtype=torch.bool)
    while len(symbols) < longest and not ended.all():
        logits, weight, state = model.decode(symbol, state, memory, mask, last)
        symbol = logits[..., START + 1 :].argmax(dim=-1).add(START + 1).masked_fill(ended, PAD)  # neither PAD nor START
        ended = ended | (symbol == END)
        symbols.append(symbol), weights.append(weight)
    model.train(training)
    return torch.cat(symbols, dim=1), torch.cat(weights, dim=1)


@torch.no_grad()
def beam_search(
    model: EncoderDecoder, source: Tensor, width: int = 3, longest: int = 30
) -> tuple[list[list[int]], list[float]]:
    """The likeliest whole answers to one source (S,), the best first: their symbols without END, their log-probability.

    At each step the `width` best beginnings are kept; one that has ended keeps its score and competes with the others.
    """
    expect.kind("model", model, EncoderDecoder, "an EncoderDecoder")
    width, longest, training = expect.whole("width", width), expect.whole("longest", longest), model.training
    expect.tensor("source", source, "S", dtype=torch.int64)
    model.eval()
    memory, last, mask = model.encode(source[None], torch.tensor([len(source)]))
    answers, scores, state = torch.full((1, 1), START), torch.zeros(1, dtype=memory.dtype), last
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
    model.train(training)
    texts = [[s for s in row if s > END] for row in answers.tolist()]
    return texts, scores.tolist()
