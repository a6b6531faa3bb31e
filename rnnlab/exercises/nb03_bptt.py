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


def _with_slope(dh, slope, weight_hh):
    return dh * slope, dh * slope @ weight_hh


step_backward = Exercise(
    step_backward,
    cases=_steps,
    returns="(B, H), (B, H)",
    hints=(
        "Walk the step from its end: first through tanh, then through the weights. `h` tells the slope of tanh.",
        "The slope is $1 - h^2$, entry by entry. Forward the state met `weight_hh.T`. Left for you: what it meets on "
        "the way back, and whether the slope comes before or after.",
    ),
    wrong={
        lambda dh, h, weight_hh: _with_slope(dh, 1 - torch.tanh(h) ** 2, weight_hh): (
            "tanh is taken twice. h is what tanh gave, so its slope is one minus h squared, without another tanh."
        ),
        lambda dh, h, weight_hh: _with_slope(dh, h * (1 - h), weight_hh): (
            "That is the slope of a sigmoid, h (1 - h). The state comes from a tanh, whose slope is another one."
        ),
        lambda dh, h, weight_hh: (dh, dh @ weight_hh * (1 - h**2)): (
            "The slope is at the wrong place. It belongs to the unit that was computed, so it acts before the weights; "
            "yours acts after them, on the units of the state before."
        ),
        lambda dh, h, weight_hh: (dh * (1 - h**2), dh * (1 - h**2) @ weight_hh.T): (
            "da is right, and dh_before went through weight_hh.T. Forward h @ weight_hh.T, backward da @ weight_hh: "
            "the way back uses the other side of the matrix."
        ),
        lambda dh, h, weight_hh: _with_slope(dh, (1 - h) ** 2, weight_hh): (
            "You squared the bracket. The slope of tanh is 1 - h², not (1 - h)²."
        ),
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


def _nudged(shape, eps, dtype=torch.float64, number=torch.sum):
    weight, factors = normal(shape, shape, seed=len(shape), dtype=dtype)

    def loss(w):
        if w.shape != shape:
            raise ValueError(f"loss wants a tensor like weight, of shape {tuple(shape)}, not {tuple(w.shape)}")
        return number((w**3).sum() + (factors * w).sum() ** 2)

    return loss, weight, eps


def _one_sided(loss, weight, eps):
    eye = torch.eye(weight.numel()).to(weight).view(-1, *weight.shape)
    return torch.tensor([(loss(weight + eps * e) - loss(weight)) / eps for e in eye]).to(weight).view_as(weight)


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
    cases=lambda: [_nudged((2, 3), 0.5), _nudged((4,), 0.1, number=float), _nudged((2, 1, 3), 0.5, torch.float32)],
    returns="the shape of weight",
    hints=(
        "One entry at a time: move it up by `eps`, move it down by `eps`, and look at the loss both times.",
        "`nudge = torch.zeros_like(weight)`, then `nudge.view(-1)[i] = eps`. The loss above minus the loss below, "
        "divided by the whole distance between the two.",
    ),
    wrong={
        _one_sided: (
            "You look to one side only. loss(weight + nudge) - loss(weight) is off by a term of order eps; "
            "from both sides that term cancels."
        ),
        _all_at_once: (
            "All entries are nudged at once, and one number comes out: the slope along (1, 1, … 1). "
            "Nudge one entry at a time."
        ),
        _nudges_left: "A nudge stays in. Put each entry back before you move the next one.",
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


def _own_loss_only(dloss_dh, h, weight_hh):
    steps = range(dloss_dh.shape[1])
    return sum(accumulate.answer(dloss_dh[:, t : t + 1], h[:, t : t + 2], weight_hh) for t in steps)


def _last_loss_only(dloss_dh, h, weight_hh):
    last = torch.cat([torch.zeros_like(dloss_dh[:, 1:]), dloss_dh[:, -1:]], dim=1)
    return accumulate.answer(last, h, weight_hh)


accumulate = Exercise(
    accumulate,
    cases=lambda: [_run(3, 4, 2), _run(2, 6, 5, torch.float32), _run(1, 1, 3), _run(2, 3, 1)],
    returns="(H, H)",
    hints=(
        "Start with a total of zeros and go from the last step to the first. Each step adds its share; each step also "
        "leaves something for the step before it.",
        "Per step: what the loss asks plus what came from later, times $1 - h^2$ of the state *after* the step. Its "
        "share is that, transposed, `@` the state *before*; the product sums over the batch too. Then `@ weight_hh`.",
    ),
    wrong={
        _own_loss_only: (
            "Nothing comes back from later steps: each step knows its own loss only. "
            "Carry da @ weight_hh to the step before."
        ),
        _last_loss_only: (
            "Only the loss of the last step is in it. Every step has its own dloss_dh; add it to what comes from later."
        ),
        lambda *given: accumulate.answer(*given).T: (
            "The answer is transposed. The rows of weight_hh are the units that are computed, so da stands on the rows."
        ),
        lambda dloss_dh, h, weight_hh: accumulate.answer(dloss_dh, h, weight_hh) / len(h): (
            "You average over the batch. The loss here is a sum, so the gradient is one too."
        ),
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


def _pieces(rnn, x, loss, k, first=lambda rnn: None, asked=lambda outputs: outputs, kept=lambda state: state.detach()):
    """The loop with one thing another way: what is done first, what the loss is asked of, what is kept of the state."""
    state = None
    for piece in x.split(k):
        first(rnn)
        outputs, state = rnn(piece, state)
        loss(asked(outputs)).backward()
        state = kept(state)
    return rnn.weight_hh_l0.grad


truncated_gradient = Exercise(
    truncated_gradient,
    cases=lambda: [_net(7, 2, 3, 3), _net(8, 3, 5, 4, torch.float32), _net(3, 4, 2, 5), _net(1, 2, 4, 1)],
    returns="(H, H)",
    hints=(
        "`x.split(k)` gives the pieces. The state goes from piece to piece; its history does not.",
        "Per piece: run it from the state, then `backward()` on its loss; gradients add up in `.grad` by themselves. "
        "Left for you: what the next piece may know of the state, and what not.",
    ),
    wrong={
        lambda rnn, x, loss, k: _pieces(rnn, x, loss, len(x)): (
            "This is the full gradient: nothing was cut. The state that enters a piece must be detached from its past."
        ),
        lambda *given: _pieces(*given, kept=lambda state: state): (
            "PyTorch stopped with a RuntimeError. Is detach missing? Then the second backward() runs on into the first "
            "piece, whose graph is freed already."
        ),
        lambda *given: _pieces(*given, asked=lambda outputs: outputs.detach()): (
            "Nothing is left to walk back through: what you hand to the loss is detached. Detach only the state that "
            "enters the next piece."
        ),
        lambda *given: _pieces(*given, kept=lambda state: None): (
            "Each piece starts from zeros. Cut the history, not the memory: detach keeps the numbers of the state."
        ),
        lambda *given: _pieces(*given, first=lambda rnn: rnn.zero_grad()): (
            "This is the gradient of the last piece alone. Those of the pieces add up: do not reset or overwrite them."
        ),
        lambda rnn, x, loss, k: _pieces(rnn, x, loss, 1): "You cut after every single step. Cut after every k steps.",
    },
)
