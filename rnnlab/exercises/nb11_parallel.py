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
        "Take a state `h` and walk: what is it after the first step? Put that whole expression in for `h` in the "
        "second step, and multiply out.",
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
        lambda a1, b1, a2, b2: a2 * b1 + b2: (
            "That is the new b, and right. Two steps as one are again a pair: the a is missing, which comes first."
        ),
        lambda a1, b1, a2, b2: (a1 * a2, a2 * b1): "b2 is lost: the second step also adds something of its own.",
        lambda a1, b1, a2, b2: (a2, a2 * b1 + b2): (
            "Your a is that of the second step alone. The state from before has passed both."
        ),
        lambda a1, b1, a2, b2: (a1 * a2, a1 * a2 * b1 + b2): (
            "b1 is multiplied by both factors. It enters in the first step, after a1: only a2 still meets it."
        ),
        lambda a1, b1, a2, b2: (a1 * a2, a2 * (a1 + b1) + b2): (
            "There is a1 in your b. The state before stands behind a1: all that is multiplied by it belongs to a."
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


def _rounds(a, b, grow=lambda reach: 2 * reach, keep_a=False, all_a=False, swapped=False, more=0, only=False):
    """The scan with one thing another way."""
    rounds, reach = [], 1
    while reach < b.shape[1] + more:
        old_a, old_b = a, b
        new = old_b[:, reach:] + old_a[:, reach:] * old_b[:, :-reach]
        if swapped:
            new = old_b[:, :-reach] + old_a[:, :-reach] * old_b[:, reach:]
        b = torch.cat([old_b[:, :reach], new], dim=1)
        if not keep_a:
            a = torch.cat([old_a[:, :reach], old_a[:, reach:] * old_a[:, :-reach]], dim=1)
        rounds.append(b)
        reach = grow(reach)
    return rounds[-1] if only else torch.stack(rounds)


def _lost_start(a, b):
    rounds, reach, T = [], 1, b.shape[1]
    while reach < T:
        front = torch.zeros_like(b[:, :reach])
        b = torch.cat([front, a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        a = torch.cat([front, a[:, reach:] * a[:, :-reach]], dim=1)
        rounds.append(b)
        reach *= 2
    return torch.stack(rounds)


def _new_a_first(a, b):
    rounds, reach = [], 1
    while reach < b.shape[1]:
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
        b = torch.cat([b[:, :reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        rounds.append(b)
        reach *= 2
    return torch.stack(rounds)


def _wrapped(a, b):
    rounds, reach = [], 1
    while reach < b.shape[1]:
        b = a * b.roll(reach, 1) + b
        a = a * a.roll(reach, 1)
        rounds.append(b)
        reach *= 2
    return torch.stack(rounds)


scan = Exercise(
    scan,
    cases=lambda: [_two(2, 8, 3, 0), _two(1, 5, 4, 1), _two(3, 2, 4, 2, torch.float32), _two(2, 11, 1, 3)],
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
            "Your reach grows by one. After a round each step has gathered twice as many: the next partner that is not "
            "in it yet stands twice as far."
        ),
        lambda a, b: _rounds(a, b, keep_a=True): (
            "Only b is combined, and a stays that of one step. From the second round on a pair stands for several "
            "steps: its a is their product."
        ),
        lambda a, b: _rounds(a, b, swapped=True): (
            "Earlier and later are exchanged. The a of the *later* one multiplies the b of the earlier."
        ),
        lambda a, b: _rounds(a, b, only=True): (
            "That is h, and right. Asked is the b after every round of doubling, stacked in front: (R, B, T, H)."
        ),
        _lost_start: (
            "The first steps of each round become 0. Who has no partner that far back is complete, and stays as it is."
        ),
        _new_a_first: ("You compute the new a first, and then use it for b. Both come from the a of the round before."),
        _wrapped: (
            "`roll` brings the last steps round to the front: the first steps see the future. They have no partner."
        ),
        lambda a, b: torch.stack([*_rounds(a, b)[1:], _rounds(a, b)[-1]]): (
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
            "You leave the logarithms, take the shortcut, and come back. On a long way the running product is 0: "
            "compute with the logarithms themselves."
        ),
        lambda log_a, log_b: (log_a.cumsum(1) + torch.logcumsumexp(log_b - log_a.cumsum(1), 1)).exp(): (
            "That is h itself. It may be too small or too large for a number; asked is its logarithm."
        ),
        lambda log_a, log_b: torch.logcumsumexp(log_b - log_a.cumsum(1), 1): (
            "You have the logarithm of the sum of b / A. The factor A before it is left out: in logarithms, a term."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + torch.logcumsumexp(log_b, 1): (
            "Your sum runs over b, not over b / A: what came in early and what came in late shrink alike."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + torch.logcumsumexp(log_b + log_a.cumsum(1), 1): (
            "A division is a minus in logarithms: each b is divided by A."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + (log_b - log_a.cumsum(1)).cumsum(1): (
            "You add up logarithms: that multiplies the numbers. `logcumsumexp` adds numbers given as logarithms."
        ),
        lambda log_a, log_b: log_a.cumprod(1) + torch.logcumsumexp(log_b - log_a.cumprod(1), 1): (
            "You multiply the logarithms. The logarithm of a running product is a running *sum* of logarithms."
        ),
        lambda log_a, log_b: log_a + torch.logcumsumexp(log_b - log_a, 1): (
            "Only the a of the step itself is in it. A is the product of all up to here: a running sum of log_a."
        ),
        lambda log_a, log_b: log_a.cumsum(1) + torch.logsumexp(log_b - log_a.cumsum(1), 1, keepdim=True): (
            "Your sum takes in all steps, the later ones too. Step t may see only 1 … t: a running sum."
        ),
        lambda log_a, log_b: log_a.cumsum(0) + torch.logcumsumexp(log_b - log_a.cumsum(0), 0): (
            "You run along the batch, axis 0. Time is axis 1."
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


def _with_tanh(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), gate.sigmoid() * note.tanh()


def _whole_note(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), note


def _no_sigmoid(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate, gate * note


def _both_sigmoid(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), gate.sigmoid() * note.sigmoid()


def _keep_is_share(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return gate.sigmoid(), gate.sigmoid() * note


def _added(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return 1 - gate.sigmoid(), gate.sigmoid() + note


def _alone(x, weight_ih, bias_ih):
    gate, note = _halves(x, weight_ih, bias_ih)
    return gate.sigmoid() * note


min_gru = Exercise(
    min_gru,
    cases=lambda: [_gru(2, 5, 3, 4, 0), _gru(1, 1, 2, 3, 1), _gru(3, 4, 5, 2, 2, torch.float32)],
    returns="a and b, each (B, T, H)",
    hints=(
        "No loop: `x @ weight_ih.T` takes all steps at once. Then put the formula for h_t beside a_t h_{t-1} + b_t: "
        "what stands before h_{t-1}, and what is left?",
        "Two halves along the last axis: z becomes a gate by a sigmoid, n stays as it is. Of the sum "
        "(1 - z) h + z n one factor is your a, one product your b.",
    ),
    wrong={
        _turned: (
            "You keep the share z, as PyTorch's GRU does. In the minGRU of the paper z is the share of the *new*: the "
            "old keeps 1 - z."
        ),
        _blocks: "The blocks are exchanged: the first H rows are the gate z, the others the candidate n.",
        _with_tanh: "There is a tanh round the candidate, as in the GRU. The minGRU leaves it out.",
        _whole_note: "The candidate enters whole. Of the new only the share z comes in.",
        _no_sigmoid: "z is no gate yet: a sigmoid makes a share from 0 to 1 of it.",
        _both_sigmoid: "You squash the candidate too. Only the gate is a share; n may be any number.",
        _keep_is_share: "z says what comes in, and your a is z too. What comes in takes the place of the old: 1 - z.",
        _added: "Gate and candidate are added. A gate multiplies.",
        _alone: "That is b, and right. The scan needs a as well: return both, a first.",
    },
)
