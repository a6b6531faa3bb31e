"""Exercises of lesson 11, recurrence in parallel."""

import torch

from .check import Exercise
from .drawn import normal

# ---- 11.1 -----------------------------------------------------------------------------------------------------------


def combine(a1, b1, a2, b2):
    """Two steps as one: first a1, b1, then a2, b2, each (B, H) -> the a and b of both, each (B, H)."""
    return a1 * a2, a2 * b1 + b2


def _four(B, H, seed, dtype=torch.float64):
    return tuple(normal(*[(B, H)] * 4, seed=seed, dtype=dtype, learns=True))


combine = Exercise(
    combine,
    cases=lambda: [_four(2, 3, 0), _four(1, 4, 1), _four(3, 2, 2, torch.float32)],
    returns="a and b, each (B, H)",
    hints=(
        "Take a state `h` and walk: what is it after the first step? And what does the second step make of that?",
        "After both steps stands `a2 * (a1 * h + b1) + b2`. Sort it by `h`: what multiplies it is the new `a`, and "
        "all the rest is the new `b`.",
    ),
    wrong={
        lambda a1, b1, a2, b2: (a1 * a2, a1 * b2 + b1): (
            "You let the second step go first. Then b1 comes last, untouched; but the second step multiplies it."
        ),
        lambda a1, b1, a2, b2: (a1 * a2, b1 + b2): (
            "b1 is added as it was. But it is part of the state by then, and the second step multiplies the state."
        ),
        lambda a1, b1, a2, b2: (a1 + a2, a2 * b1 + b2): (
            "The factors are added. Who halves, and halves again, has a quarter left: two factors one after the other "
            "multiply."
        ),
        lambda a1, b1, a2, b2: (a2 * b1 + b2, a1 * a2): "The two are in the wrong order: first a, then b.",
    },
)

# ---- 11.2 -----------------------------------------------------------------------------------------------------------


def scan(a, b):
    """The recurrence in rounds: a, b (B, T, H) -> the b after each of R rounds (R, B, T, H); the last are the h."""
    rounds, reach = [], 1
    while reach < b.shape[1]:
        later_a, later_b = a[:, reach:], b[:, reach:]
        new_b = later_a * b[:, :-reach] + later_b
        new_a = later_a * a[:, :-reach]
        a = torch.cat([a[:, :reach], new_a], dim=1)
        b = torch.cat([b[:, :reach], new_b], dim=1)
        rounds.append(b)
        reach = 2 * reach
    return torch.stack(rounds)


def _two(B, T, H, seed, dtype=torch.float64):
    return tuple(normal((B, T, H), (B, T, H), seed=seed, dtype=dtype, learns=True))


def _turn(a, b, reach):
    new_a, new_b = a[:, reach:] * a[:, :-reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]
    return torch.cat([a[:, :reach], new_a], dim=1), torch.cat([b[:, :reach], new_b], dim=1)


def _rounds(a, b, turn=_turn, grow=lambda reach: 2 * reach):
    """The scan with another turn, or with another reach from round to round."""
    rounds, reach = [], 1
    while reach < b.shape[1]:
        a, b = turn(a, b, reach)
        rounds.append(b)
        reach = grow(reach)
    return torch.stack(rounds)


def _exchanged(a, b, reach):
    new_b = a[:, :-reach] * b[:, reach:] + b[:, :-reach]
    return _turn(a, b, reach)[0], torch.cat([b[:, :reach], new_b], dim=1)


def _lost_start(a, b, reach):
    later = (torch.arange(b.shape[1]) >= reach)[:, None]
    return [part * later for part in _turn(a, b, reach)]


def _new_a_first(a, b, reach):
    new_a = _turn(a, b, reach)[0]
    return new_a, _turn(new_a, b, reach)[1]


scan = Exercise(
    scan,
    cases=lambda: [_two(2, 8, 5, 0), _two(1, 5, 4, 1), _two(3, 2, 4, 2, torch.float32), _two(2, 11, 1, 3)],
    returns="(R, B, T, H)",
    hints=(
        "In each round every step is combined with the one `reach` before it, all at once: slices of a and b, no loop "
        "over t. What `reach` do the rounds have? And which steps have nothing that far back?",
        "With `reach` 1, 2, 4, … while it is below T: `b[:, reach:]` are the later ones, `b[:, :-reach]` their "
        "partners. Combine them as in 11.1, for a and for b, from the *old* a and b; the first `reach` steps stay. "
        "Left is how front and rest become one tensor again.",
    ),
    wrong={
        lambda a, b: _rounds(a, b, grow=lambda reach: reach + 1): (
            "Your reach grows by one. After a round each step has gathered twice as many: reach twice as far."
        ),
        lambda a, b: _rounds(a, b, lambda a, b, reach: (a, _turn(a, b, reach)[1])): (
            "Only b is combined. From the second round on a pair stands for several steps: its a is their product."
        ),
        lambda a, b: _rounds(a, b, _exchanged): (
            "Earlier and later are exchanged. The a of the *later* one multiplies the b of the earlier."
        ),
        lambda a, b: scan.answer(a, b)[-1]: (
            "That is h, and right. Asked is the b after every round of doubling, stacked in front: (R, B, T, H)."
        ),
        lambda a, b: _rounds(a, b, _lost_start): (
            "The first steps of each round become 0. Who has no partner that far back is complete, and stays as it is."
        ),
        lambda a, b: _rounds(a, b, _new_a_first): (
            "You compute the new a first, and then use it for b. Both come from the a of the round before."
        ),
        lambda a, b: _rounds(a, b, lambda a, b, reach: (a * a.roll(reach, 1), a * b.roll(reach, 1) + b)): (
            "`roll` brings the last steps round to the front: the first steps see the future. They have no partner."
        ),
        lambda a, b: torch.cat([scan.answer(a, b)[1:], scan.answer(a, b)[-1:]]): (
            "The first round is missing, and the last stands twice: keep b after it is combined, in every turn."
        ),
    },
)

# ---- 11.3 -----------------------------------------------------------------------------------------------------------


def log_scan(log_a, log_b):
    """The logarithms of all states, from those of a and b: log_a, log_b (B, T, H) -> log h (B, T, H)."""
    total = log_a.cumsum(dim=1)
    return total + torch.logcumsumexp(log_b - total, dim=1)


def _there_and_back(log_a, log_b):
    product = log_a.exp().cumprod(dim=1)
    return (product * (log_b.exp() / product).cumsum(dim=1)).log()


def _logs(B, T, H, seed, dtype=torch.float64, shift=0.0):
    log_a, log_b = normal((B, T, H), (B, T, H), seed=seed, dtype=dtype)
    return (log_a - shift).requires_grad_(), log_b.requires_grad_()


log_scan = Exercise(
    log_scan,
    cases=lambda: [
        _logs(2, 6, 3, 0),
        _logs(1, 4, 5, 1, shift=1.0),
        _logs(2, 300, 3, 2, shift=4.0),
        _logs(3, 2, 4, 3, torch.float32),
    ],
    returns="log h (B, T, H)",
    hints=(
        "Write the formula with `A` down and take the logarithm of both sides. A running product becomes a running "
        "sum; what does a quotient become, and what a running sum of numbers of which you hold the logarithms?",
        "`log A` is the running sum of `log_a`, and `log (b / A)` is `log_b` minus it. For the running sum of numbers "
        "given as logarithms there is `torch.logcumsumexp`, which never leaves the logarithms. One factor `A` is left.",
    ),
    wrong={
        lambda log_a, log_b: log_a.cumsum(1) + (log_b - log_a.cumsum(1)).exp().cumsum(1).log(): (
            "Right on short ways. On a long one `exp` leaves the range of numbers: add up without leaving logarithms."
        ),
        _there_and_back: (
            "You leave the logarithms and come back. On a long way the running product is 0: stay with logarithms."
        ),
        lambda log_a, log_b: torch.logcumsumexp(log_b - log_a.cumsum(1), 1): (
            "You have the logarithm of the sum of b / A. The factor A before it is left out: in logarithms, a term."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + (log_b - log_a.cumsum(1)).cumsum(1): (
            "You add up logarithms: that multiplies the numbers. `logcumsumexp` adds numbers given as logarithms."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + torch.logsumexp(log_b - log_a.cumsum(1), 1, keepdim=True): (
            "Your sum takes in all steps, the later ones too. Step t may see only 1 … t: a running sum."
        ),
    },
)

# ---- 11.4 -----------------------------------------------------------------------------------------------------------


def min_gru(x, weight_ih, bias_ih):
    """The a and b of a minGRU: x (B, T, I), weight_ih (2H, I), bias_ih (2H,) -> a, b, each (B, T, H)."""
    gate, note = (x @ weight_ih.T + bias_ih).chunk(2, dim=2)
    share = torch.sigmoid(gate)
    return 1 - share, share * note


def _gru(B, T, I, H, seed, dtype=torch.float64):
    return tuple(normal((B, T, I), (2 * H, I), (2 * H,), seed=seed, dtype=dtype, learns=True))


def _halves(x, weight_ih, bias_ih):
    return (x @ weight_ih.T + bias_ih).chunk(2, dim=2)


def _turned(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return gate.sigmoid(), (1 - gate.sigmoid()) * note


def _blocks(x, weight_ih, bias_ih):
    note, gate = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), gate.sigmoid() * note


def _whole_note(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), note


def _both_sigmoid(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), gate.sigmoid() * note.sigmoid()


def _keep_is_share(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return gate.sigmoid(), gate.sigmoid() * note


min_gru = Exercise(
    min_gru,
    cases=lambda: [_gru(2, 5, 3, 4, 0), _gru(1, 1, 2, 3, 1), _gru(3, 4, 5, 2, 2, torch.float32)],
    returns="a and b, each (B, T, H)",
    hints=(
        "No loop: `x @ weight_ih.T` takes all steps at once. Then put the formula for h_t beside a_t h_{t-1} + b_t.",
        "Cut the `2H` numbers into two along the last axis; only one half goes through a sigmoid. What stands before "
        "h_{t-1} in the formula is your a. Left for you: what is your b.",
    ),
    wrong={
        _turned: (
            "You keep the share z, as PyTorch's GRU does. Here z is the share of the *new*: the old keeps 1 - z."
        ),
        _blocks: "The blocks are exchanged: the first H rows are the gate z, the others the candidate n.",
        _whole_note: "The candidate enters whole. Of the new only the share z comes in.",
        _both_sigmoid: "You squash the candidate too. Only the gate is a share; n may be any number.",
        _keep_is_share: "z says what comes in, and your a is z too. What comes in takes the place of the old: 1 - z.",
    },
)
