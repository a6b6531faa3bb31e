"""Exercises of lesson 01, RNN basics."""

import torch
from torch import nn
from torch.nn import functional as F

from rnnlab.sequences import encode

from . import ways
from .check import Exercise
from .drawn import normal, seeded, whole

# ---- 1.1 ------------------------------------------------------------------------------------------------------------


def rnn_step(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One step: x (B, I), h (B, H) -> the next h (B, H).

    weight_ih (H, I), weight_hh (H, H), bias_ih and bias_hh (H,).
    """
    return torch.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)


def _step(B, I, H, dtype=torch.float64):
    return tuple(normal((B, I), (B, H), (H, I), (H, H), (H,), (H,), seed=H, dtype=dtype, learns=True))


rnn_step = Exercise(
    rnn_step,
    cases=lambda: [_step(4, 3, 5), _step(1, 2, 6, torch.float32)],
    returns="(B, H)",
    hints=(
        "Four things are added: what the input brings, what the old state brings, and a bias for each. Then comes "
        "tanh, once, around all of it.",
        "`x` is `(B, I)` and `weight_ih` is `(H, I)`: to meet along `I`, the weight is turned, `weight_ih.T`. The "
        "same goes for `h` and `weight_hh`.",
    ),
    wrong={
        lambda x, h, w_ih, w_hh, b_ih, b_hh: torch.tanh(x @ w_ih.T + b_ih + b_hh): (
            "The old state h is not in it, so this step cannot remember anything."
        ),
        lambda x, h, w_ih, w_hh, b_ih, b_hh: torch.tanh(x @ w_ih.T + b_ih) + h @ w_hh.T + b_hh: (
            "tanh goes around the input's part only. Add the state's part first, then take tanh of the whole sum."
        ),
        lambda x, h, w_ih, w_hh, b_ih, b_hh: torch.tanh(x @ w_ih.T + b_ih) + torch.tanh(h @ w_hh.T + b_hh): (
            "There are two tanh, one for each part. Add the parts first: tanh of a sum is not the sum of tanh."
        ),
    },
)

# ---- 1.2 ------------------------------------------------------------------------------------------------------------


def rnn_loop(step, x, h):
    """Carry a state along: x (B, T, I), first h (B, H) -> out (B, T, H), last h (B, H).

    step(x_t, h) gives the next h.
    """
    out = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        out.append(h)
    return torch.stack(out, dim=1), h


def _loop(B, T, I, H, dtype=torch.float64):
    def step(x_t, h):
        return torch.tanh(x_t @ w + 0.7 * h)

    w, x, h = normal((I, H), (B, T, I), (B, H), seed=H, dtype=dtype)
    return step, x, h.requires_grad_()


def _not_carried(step, x, h):
    out = torch.stack([step(x[:, t], h) for t in range(x.shape[1])], dim=1)
    return out, out[:, -1]


rnn_loop = Exercise(
    rnn_loop,
    cases=lambda: [_loop(2, 4, 3, 5), _loop(3, 5, 7, 2, torch.float32), _loop(1, 1, 2, 3)],
    returns="out (B, T, H) and the last h (B, H)",
    hints=(
        "Walk along the time axis of `x`. Each turn needs the state that the turn before it made.",
        "Start with an empty list; `x[:, t]` is one step of the whole batch. In each turn make the next state and "
        "keep it twice: in the list, and as the `h` of the next turn. Left for you: the axis that `torch.stack` makes.",
    ),
    wrong={
        _not_carried: (
            "The state is not carried: every step starts from the first h. Hand each step the h of the one before."
        ),
        lambda step, x, h: (rnn_loop.answer(step, x, h)[0], h): (
            "out is right. The second thing you return is the first state, not the last."
        ),
        lambda *given: (rnn_loop.answer(*given)[0], rnn_loop.answer(*given)[0][-1]): (
            "out is right. out[-1] is the last sequence of the batch; the last state of all is out[:, -1]."
        ),
    },
)

# ---- 1.3 ------------------------------------------------------------------------------------------------------------


def read_off(out, head):
    """Two readings of out (B, T, H): many-to-one (B, V), many-to-many (B, T, V).

    head turns H numbers into V scores.
    """
    return head(out[:, -1]), head(out)


def _out(B, T, H, V, dtype=torch.float64):
    def head(h):
        return h @ w

    out, w = normal((B, T, H), (H, V), seed=V, dtype=dtype)
    return out.requires_grad_(), head


read_off = Exercise(
    read_off,
    cases=lambda: [_out(2, 5, 4, 3), _out(3, 2, 5, 7, torch.float32), _out(1, 1, 6, 2)],
    returns="one (B, V) and many (B, T, V)",
    ways=(ways.readings_step_by_step,),
    hints=(
        "Which step has read the whole sequence? That one answers for all of it. And `head` works on the last axis, "
        "however many axes come before it.",
        "`out` is `(B, T, H)`, so `out[:, t]` is step `t` of every sequence. Many-to-many needs no index at all. Left "
        "for you: which `t` answers for the whole sequence.",
    ),
    wrong={
        lambda out, head: (head(out[-1]), head(out)): (
            "out[-1] is the last sequence of the batch, all its steps. The last step of every sequence is out[:, -1]."
        ),
        lambda out, head: (head(out[:, -1:]), head(out)): (
            "out[:, -1:] keeps an axis of length 1, (B, 1, V). The index -1 without the colon drops it."
        ),
        lambda out, head: (out[:, -1], out): "These are states. The answers are what head makes of them.",
        lambda out, head: (head(out.mean(1)), head(out)): (
            "The mean over time is a good reading too, but not this one: here the last step answers."
        ),
    },
)

# ---- 1.4 ------------------------------------------------------------------------------------------------------------


def next_letter_loss(logits, targets):
    """Mean cross-entropy over all letters: logits (B, T, V), targets (B, T) -> ()."""
    return F.cross_entropy(logits.transpose(1, 2), targets)


def _guess(B, T, V, dtype=torch.float64):
    return *normal((B, T, V), seed=V, dtype=dtype, learns=True), *whole(V - 1, (B, T), seed=V)


next_letter_loss = Exercise(
    next_letter_loss,
    cases=lambda: [_guess(2, 5, 4), _guess(1, 3, 6, torch.float32), _guess(3, 1, 5)],
    returns="one number",
    hints=(
        "`F.cross_entropy` does it all, softmax and mean too. But it wants the `V` scores on axis 1: `(B, V, T)` "
        "scores with `(B, T)` targets.",
        "Swap axes 1 and 2 of `logits` (`.transpose`), or join batch and time (`.flatten(0, 1)`) in both.",
    ),
    wrong={
        lambda logits, targets: F.cross_entropy(logits.softmax(-1).transpose(1, 2), targets): (
            "softmax before cross-entropy. F.cross_entropy takes the softmax itself, so the net is flattened twice and "
            "hardly learns. Give it the raw scores."
        ),
        lambda logits, targets: F.cross_entropy(logits.reshape(logits.shape[0], logits.shape[2], -1), targets): (
            "reshape gives the right shape with the letters mixed up: it cuts the numbers anew. transpose swaps axes."
        ),
        lambda logits, targets: F.nll_loss(logits.transpose(1, 2), targets): (
            "nll_loss wants logarithms of probabilities, and these are raw scores. F.cross_entropy is the two in one."
        ),
        lambda logits, targets: F.cross_entropy(logits[:, -1], targets[:, -1]): (
            "That is the loss of the last letter alone. Every step makes a guess, and every guess counts."
        ),
    },
)

# ---- 1.5 ------------------------------------------------------------------------------------------------------------


def next_letter(net, text, letters):
    """The letter that net expects after text, a string of letters.

    net turns one-hot x (1, T, V) into logits (1, T, V).
    """
    x = torch.eye(len(letters))[encode(text, letters)][None]
    return letters[net(x)[0, -1].argmax()]


def _net(V, seed):
    rnn, head = seeded(nn.RNN(V, 8, batch_first=True), seed=seed), seeded(nn.Linear(8, V), seed=seed + 1)
    return lambda x: head(rnn(x)[0])


def _texts():
    five, three = _net(5, 12), _net(3, 14)
    return [
        *((five, text, "!ehlo") for text in ("hell", "he", "lohe", "olle!h", "eh!", "oho!", "leo", "hello!", "ohe")),
        *((three, text, "abc") for text in ("cab", "bb", "acca", "abcab")),
        *((five, letter, "!ehlo") for letter in "!ehlo"),
    ]


def _logits(net, text, letters):
    return net(torch.eye(len(letters))[encode(text, letters)][None])


next_letter = Exercise(
    next_letter,
    cases=_texts,
    returns="one letter",
    ways=(ways.letter_by_softmax,),
    hints=(
        "Letters to one-hot, one-hot through the net, and then one question: which step knows what comes after the "
        "whole text?",
        "`torch.eye(V)` indexed with `encode(text, letters)` is `(T, V)`, and `[None]` puts the batch axis in front. "
        "The `argmax` of a step's scores is a place in `letters`. Left for you: the step.",
    ),
    wrong={
        lambda net, text, letters: next_letter.answer(net, text[-1], letters): (
            "The answer heard the last letter alone. All of the text has to go through one state, letter by letter."
        ),
        lambda net, text, letters: next_letter.answer(net, text[0], letters): (
            "That is the guess after the first letter alone. One text goes through step by step; its last step has "
            "read all of it."
        ),
        lambda net, text, letters: next_letter.answer(net, text[:-1], letters): (
            "The last letter of text is not read: that is the guess for the letter you already have."
        ),
        lambda net, text, letters: "".join(letters[i] for i in _logits(net, text, letters)[0].argmax(-1)): (
            "These are the guesses of every step. Only the last one is about the letter after text."
        ),
        lambda net, text, letters: letters.index(next_letter.answer(net, text, letters)): (
            "That is the place in letters. Look it up: letters[...] gives the letter."
        ),
        lambda net, text, letters: letters[_logits(net, text, letters).argmax()]: (
            "argmax goes over all steps and letters at once. Take the scores of the last step first."
        ),
    },
)
