"""Exercises of lesson 03, back through time."""

import torch

from .check import Exercise
from .drawn import normal, seeded

# ---- 3.1 One step backward ------------------------------------------------------------------------------------------


def step_backward(dh, h, weight_hh):
    """One step backward: dh (B, H) arriving at the new h (B, H), weight_hh (H, H) -> da (B, H), dh_before (B, H)."""
    da = dh * (1 - h**2)
    return da, da @ weight_hh


def _steps():
    cases = []
    for B, H, dtype in (4, 3, torch.float64), (2, 5, torch.float32), (1, 2, torch.float64), (3, 1, torch.float64):
        dh, h, weight_hh = normal((B, H), (B, H), (H, H), seed=H, dtype=dtype)
        cases.append((dh, torch.tanh(h), weight_hh))
    return cases


def _tanh_twice(dh, h, weight_hh):
    da = dh * (1 - torch.tanh(h) ** 2)
    return da, da @ weight_hh


def _slope_after_weights(dh, h, weight_hh):
    return dh, (dh @ weight_hh) * (1 - h**2)


def _transposed(dh, h, weight_hh):
    da = dh * (1 - h**2)
    return da, da @ weight_hh.T


def _no_slope(dh, h, weight_hh):
    return dh, dh @ weight_hh


def _bracket_squared(dh, h, weight_hh):
    da = dh * (1 - h) ** 2
    return da, da @ weight_hh


step_backward = Exercise(
    step_backward,
    cases=_steps,
    returns="(B, H), (B, H)",
    hints=(
        "Walk the step from its end: first through tanh, then through the weights. `h` tells the slope of tanh.",
        "The slope is $1 - h^2$, entry by entry. Forward the state met `weight_hh.T`. Left for you: what it "
        "meets on the way back, and whether the slope comes before or after.",
    ),
    wrong={
        _tanh_twice: (
            "tanh is taken twice. h is what tanh gave, so its slope is one minus h squared, without another tanh."
        ),
        _slope_after_weights: (
            "the slope is at the wrong place. It belongs to the unit that was computed, so it acts before the weights; "
            "yours acts after them, on the units of the state before."
        ),
        _transposed: (
            "da is right, and dh_before went through weight_hh.T. Forward h @ weight_hh.T, backward da @ weight_hh: "
            "the way back uses the other side of the matrix."
        ),
        _no_slope: "the slope of tanh is missing. You went through the weights only, as if the cell were linear.",
        _bracket_squared: "you squared the bracket. The slope of tanh is 1 - h², not (1 - h)².",
    },
)

# ---- 3.2 A gradient without calculus --------------------------------------------------------------------------------


def finite_differences(loss, weight, eps):
    """Slopes by nudging: loss, tensor like weight -> number; weight, any shape; eps, the nudge -> like weight."""
    slopes = torch.zeros_like(weight)
    for i in range(weight.numel()):
        nudge = torch.zeros_like(weight)
        nudge.view(-1)[i] = eps
        slopes.view(-1)[i] = (loss(weight + nudge) - loss(weight - nudge)) / (2 * eps)
    return slopes


def _nudged(shape, eps, dtype=torch.float64):
    weight, factors = normal(shape, shape, seed=len(shape), dtype=dtype)

    def loss(w):
        if w.shape != shape:
            raise ValueError(f"loss wants a tensor like weight, of shape {tuple(shape)}, not {tuple(w.shape)}")
        return (w**3).sum() + (factors * w).sum() ** 2

    return loss, weight, eps


def _one_sided(loss, weight, eps):
    eye = torch.eye(weight.numel()).to(weight).view(-1, *weight.shape)
    return torch.stack([(loss(weight + eps * e) - loss(weight)) / eps for e in eye]).view_as(weight)


def _half_the_distance(loss, weight, eps):
    return 2 * finite_differences.answer(loss, weight, eps)


def _all_at_once(loss, weight, eps):
    return (loss(weight + eps) - loss(weight - eps)) / (2 * eps)


def _nudges_left(loss, weight, eps):
    w, slopes = weight.clone(), torch.zeros_like(weight)
    for i in range(w.numel()):
        w.view(-1)[i] += eps
        above = loss(w)
        w.view(-1)[i] -= 2 * eps
        slopes.view(-1)[i] = (above - loss(w)) / (2 * eps)
    return slopes


finite_differences = Exercise(
    finite_differences,
    cases=lambda: [_nudged((2, 3), 0.5), _nudged((4,), 0.1), _nudged((2, 1, 3), 0.5, torch.float32)],
    returns="the shape of weight",
    hints=(
        "One entry at a time: move it up by `eps`, move it down by `eps`, and look at the loss both times.",
        "`nudge = torch.zeros_like(weight)`, then `nudge.view(-1)[i] = eps`. The loss above minus the loss below, "
        "divided by the whole distance between the two.",
    ),
    wrong={
        _one_sided: (
            "you look to one side only. loss(weight + nudge) - loss(weight) is off by a term of order eps; "
            "from both sides that term cancels."
        ),
        _half_the_distance: "every slope is twice too large. From -eps to +eps the distance is 2 eps.",
        _all_at_once: (
            "all entries are nudged at once, and one number comes out: the slope along (1, 1, … 1). "
            "Nudge one entry at a time."
        ),
        _nudges_left: "a nudge stays in. Put each entry back before you move the next one.",
    },
)

# ---- 3.3 Accumulate over time ---------------------------------------------------------------------------------------


def accumulate(dloss_dh, h, weight_hh):
    """The gradient over all steps: dloss_dh (B, T, H), h (B, T+1, H) from h_0 on, weight_hh (H, H) -> (H, H)."""
    total, later = torch.zeros_like(weight_hh), torch.zeros_like(h[:, 0])
    for t in reversed(range(dloss_dh.shape[1])):
        arriving = (dloss_dh[:, t] + later) * (1 - h[:, t + 1] ** 2)
        total += arriving.T @ h[:, t]
        later = arriving @ weight_hh
    return total


def _run(B, T, H, dtype=torch.float64):
    dloss_dh, h, weight_hh = normal((B, T, H), (B, T + 1, H), (H, H), seed=T, dtype=dtype)
    return dloss_dh, torch.tanh(h), weight_hh


def _arriving(dloss_dh, h, weight_hh, keep=True):
    """da (B, T, H); without `keep` nothing comes back from later steps."""
    da, later = torch.zeros_like(dloss_dh), 0.0
    for t in reversed(range(dloss_dh.shape[1])):
        da[:, t] = (dloss_dh[:, t] + later) * (1 - h[:, t + 1] ** 2)
        later = da[:, t] @ weight_hh if keep else 0.0
    return da


def _overwritten(dloss_dh, h, weight_hh):
    return _arriving(dloss_dh, h, weight_hh)[:, 0].T @ h[:, 0]


def _own_loss_only(dloss_dh, h, weight_hh):
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, h, weight_hh, keep=False), h[:, :-1])


def _last_loss_only(dloss_dh, h, weight_hh):
    dloss_dh = torch.cat([torch.zeros_like(dloss_dh[:, :-1]), dloss_dh[:, -1:]], dim=1)
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, h, weight_hh), h[:, :-1])


def _slope_of_the_state_before(dloss_dh, h, weight_hh):
    shifted = torch.cat([h[:, :1], h[:, :-1]], dim=1)
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, shifted, weight_hh), h[:, :-1])


def _forward_in_time(dloss_dh, h, weight_hh):
    total, later = torch.zeros_like(weight_hh), 0.0
    for t in range(dloss_dh.shape[1]):
        da = (dloss_dh[:, t] + later) * (1 - h[:, t + 1] ** 2)
        total, later = total + da.T @ h[:, t], da @ weight_hh
    return total


def _state_after(dloss_dh, h, weight_hh):
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, h, weight_hh), h[:, 1:])


def _outer_transposed(dloss_dh, h, weight_hh):
    return torch.einsum("bti,btj->ji", _arriving(dloss_dh, h, weight_hh), h[:, :-1])


def _weight_transposed(dloss_dh, h, weight_hh):
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, h, weight_hh.T), h[:, :-1])


def _mean_over_batch(dloss_dh, h, weight_hh):
    return torch.einsum("bti,btj->ij", _arriving(dloss_dh, h, weight_hh), h[:, :-1]) / len(h)


accumulate = Exercise(
    accumulate,
    cases=lambda: [_run(3, 4, 2), _run(2, 6, 5, torch.float32), _run(1, 1, 3)],
    returns="(H, H)",
    hints=(
        "Start with a total of zeros and go from the last step to the first. Each step adds its share; each step also "
        "leaves something for the step before it.",
        "Per step: what the loss asks plus what came from later, times $1 - h^2$ of the state *after* the step. Its "
        "share is that, transposed, `@` the state *before*; the product sums over the batch too. Then `@ weight_hh`.",
    ),
    wrong={
        _overwritten: (
            "this is the share of the first step alone: each step overwrites the total. Add to it: the weight is one, "
            "its uses are many."
        ),
        _own_loss_only: (
            "nothing comes back from later steps: each step knows its own loss only. "
            "Carry da @ weight_hh to the step before."
        ),
        _last_loss_only: (
            "only the loss of the last step is in it. Every step has its own dloss_dh; add it to what comes from later."
        ),
        _slope_of_the_state_before: (
            "the slope is that of the state before. Step t computed h[:, t + 1]: that tanh is the one you go through."
        ),
        _forward_in_time: (
            "you walk forward in time, so what you carry comes from earlier steps. Start at the last one and walk back."
        ),
        _state_after: (
            "the shares use the state after the step. weight_hh multiplied the state before it: h[:, t] for step t."
        ),
        _outer_transposed: (
            "the answer is transposed. The rows of weight_hh are the units that are computed, so da stands on the rows."
        ),
        _weight_transposed: (
            "on the way back you go through weight_hh.T. Forward the state met weight_hh.T, backward weight_hh."
        ),
        _mean_over_batch: "you average over the batch. The loss here is a sum, so the gradient is one too.",
    },
)

# ---- 3.4 Truncate ---------------------------------------------------------------------------------------------------


def truncated_gradient(rnn, x, loss, k):
    """The gradient in pieces of k steps: rnn, x (T, I), loss of outputs (t, H), a sum over their steps -> (H, H)."""
    state = None
    for piece in x.split(k):
        outputs, state = rnn(piece, state)
        loss(outputs).backward()
        state = state.detach()
    return rnn.weight_hh_l0.grad


def _squares(outputs):
    return ((outputs - 0.5) ** 2).sum()


def _net(T, I, H, k, dtype=torch.float64):
    rnn = seeded(torch.nn.RNN(I, H, dtype=dtype), seed=T, scale=0.7)
    return rnn, *normal((T, I), seed=T, dtype=dtype), _squares, k


def _never_cut(rnn, x, loss, k):
    loss(rnn(x)[0]).backward()
    return rnn.weight_hh_l0.grad


def _no_detach(rnn, x, loss, k):
    state = None
    for piece in x.split(k):
        outputs, state = rnn(piece, state)
        loss(outputs).backward()
    return rnn.weight_hh_l0.grad


def _outputs_detached(rnn, x, loss, k):
    state = None
    for piece in x.split(k):
        outputs, state = rnn(piece, state)
        loss(outputs.detach()).backward()
    return rnn.weight_hh_l0.grad


def _state_lost(rnn, x, loss, k):
    for piece in x.split(k):
        loss(rnn(piece)[0]).backward()
    return rnn.weight_hh_l0.grad


def _last_piece_only(rnn, x, loss, k):
    state = None
    for piece in x.split(k):
        rnn.zero_grad()
        outputs, state = rnn(piece, state)
        loss(outputs).backward()
        state = state.detach()
    return rnn.weight_hh_l0.grad


def _cut_everywhere(rnn, x, loss, k):
    return truncated_gradient.answer(rnn, x, loss, 1)


truncated_gradient = Exercise(
    truncated_gradient,
    cases=lambda: [_net(7, 2, 3, 3), _net(8, 3, 5, 4, torch.float32), _net(3, 4, 2, 5), _net(1, 2, 4, 1)],
    returns="(H, H)",
    hints=(
        "`x.split(k)` gives the pieces. The state goes from piece to piece; its history does not.",
        "Per piece: run it from the state, then `backward()` on its loss; gradients add up in `.grad` by "
        "themselves. Left for you: what the next piece may know of the state, and what not.",
    ),
    wrong={
        _never_cut: (
            "this is the full gradient: nothing was cut. The state that enters a piece must be detached from its past."
        ),
        _no_detach: (
            "PyTorch stopped with a RuntimeError. Is detach missing? Then the second backward() runs on into the first "
            "piece, whose graph is freed already."
        ),
        _outputs_detached: (
            "nothing is left to walk back through: what you hand to the loss is detached. Detach only the state that "
            "enters the next piece."
        ),
        _state_lost: (
            "each piece starts from zeros. Cut the history, not the memory: detach keeps the numbers of the state."
        ),
        _last_piece_only: (
            "this is the gradient of the last piece alone. Those of the pieces add up: do not reset or overwrite them."
        ),
        _cut_everywhere: "you cut after every single step. Cut after every k steps.",
    },
)
