"""Exercises of lesson 04, vanishing and exploding gradients."""

import torch

from . import ways
from .check import Exercise
from .drawn import normal

# ---- 4.1 The Jacobian of one step -----------------------------------------------------------------------------------


def step_jacobian(weight_hh, h):
    """How unit j before moves unit i now, [i, j]: weight_hh (H, H), h (H,) after a tanh step -> (H, H)."""
    return (1 - h**2)[:, None] * weight_hh


def _step(H, dtype=torch.float64):
    weight_hh, h = normal((H, H), (H,), seed=H, dtype=dtype)
    return weight_hh, torch.tanh(h)


def _scales_columns(weight_hh, h):
    return weight_hh * (1 - h**2)


def _no_slope(weight_hh, h):
    return weight_hh


def _tanh_again(weight_hh, h):
    return (1 - torch.tanh(h) ** 2)[:, None] * weight_hh


def _transposed(weight_hh, h):
    return ((1 - h**2)[:, None] * weight_hh).T


step_jacobian = Exercise(
    step_jacobian,
    cases=lambda: [_step(2), _step(5), _step(3, torch.float32), _step(1)],
    ways=(ways.jacobian_by_diagonal,),
    returns="(H, H)",
    hints=(
        "Unit i is tanh of a sum in which unit j stands with the weight [i, j]. Two factors: that weight, and a slope.",
        "The slope is $1 - h_i^2$ and belongs to row `i`. A product `(H,) * (H, H)` lines up with the last axis. Left "
        "for you: to make each number scale a row.",
    ),
    wrong={
        _scales_columns: (
            "Your slope scales the columns. One minus h squared belongs to the unit that is computed, so it scales row "
            "i. Try H = 2 by hand: `(H,) * (H, H)` lines up with the last axis."
        ),
        _no_slope: "The slope of tanh is missing. These are the weights alone, the Jacobian of a linear cell.",
        _tanh_again: "tanh is taken once too often. h is what tanh gave, so the slope is one minus h squared.",
        _transposed: (
            "It is the transpose. Row i is the unit that moves now, column j the unit that was nudged before, "
            "just as in weight_hh."
        ),
    },
)

# ---- 4.2 The product through time -----------------------------------------------------------------------------------


def through_time(jacobians):
    """How the state before step 1 moves the last: jacobians (T, H, H), step 1 first -> (H, H)."""
    product = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype)
    for jacobian in jacobians:
        product = jacobian @ product
    return product


def _many():
    sizes = (3, 2, torch.float64), (5, 4, torch.float32), (1, 3, torch.float64), (2, 1, torch.float64)
    return [tuple(normal((T, H, H), seed=T, dtype=dtype)) for T, H, dtype in sizes]


def _reversed(jacobians):
    product = torch.eye(jacobians.shape[-1], dtype=jacobians.dtype)
    for jacobian in jacobians:
        product = product @ jacobian
    return product


def _first_left_out(jacobians):
    return through_time.answer(jacobians[1:])


through_time = Exercise(
    through_time,
    cases=_many,
    returns="(H, H)",
    hints=(
        "A nudge meets the Jacobian of step 1 first. The result meets that of step 2. Which stands on the left?",
        "Start from `torch.eye(H)` in the dtype of the Jacobians, and multiply with `@` in a loop. Left for you: on "
        "which side each new one stands.",
    ),
    wrong={
        lambda jacobians: jacobians.prod(dim=0): (
            "You multiplied entry by entry. Unit j reaches unit i over every unit in between: that is the matrix "
            "product, `@`."
        ),
        _reversed: (
            "The order is reversed. A nudge is a column on the right, so step 1 stands rightmost and the last step "
            "leftmost."
        ),
        lambda jacobians: jacobians.sum(dim=0): (
            "You added the steps. The chain rule multiplies along one way; it adds where several ways meet."
        ),
        _first_left_out: "The first step is left out. A nudge before step 1 goes through all T of them.",
    },
)

# ---- 4.3 A weight of a chosen radius --------------------------------------------------------------------------------


def with_radius(weight, radius):
    """The weight, scaled to a spectral radius: weight (H, H), radius a number -> (H, H)."""
    return weight * radius / torch.linalg.eigvals(weight).abs().max()


def _weights():
    turns, small, lone = normal((4, 4), seed=3), normal((5, 5), seed=4, dtype=torch.float32), normal((1, 1), seed=1)
    flips = [torch.diag(torch.tensor([0.5, -2.0, 1.0], dtype=torch.float64))]  # its largest eigenvalue is below 0
    return [(*turns, 1.5), (*small, 0.6), (*flips, 1.0), (*lone, 2)]


def _by_singular_value(weight, radius):
    return weight * radius / torch.linalg.matrix_norm(weight, 2)


def _real_parts(weight, radius):
    return weight * radius / torch.linalg.eigvals(weight).real.max()


def _by_length(weight, radius):
    return weight * radius / weight.norm()


def _not_divided(weight, radius):
    return weight * radius


with_radius = Exercise(
    with_radius,
    cases=_weights,
    ways=(ways.radius_by_parts,),
    returns="(H, H)",
    hints=(
        "Twice the weight has twice the radius. So measure the radius there is, and scale by the ratio.",
        "`torch.linalg.eigvals` gives complex numbers; `.abs()` is their size, and the radius is the largest of them. "
        "Inside this function `radius` is the number that came in, no longer the function above.",
    ),
    wrong={
        _by_singular_value: (
            "You scaled by the largest singular value. That is the most one step can stretch; the radius is about "
            "eigenvalues."
        ),
        _real_parts: (
            "You took the real parts. Eigenvalues that turn are complex, and their size counts, real and imaginary "
            "part together: `.abs()`."
        ),
        _by_length: "You divided by the length of all entries together. That is no radius: it grows with H.",
        _not_divided: "You multiplied by the radius you want, and never divided by the radius there was.",
    },
)

# ---- 4.4 Clipping by the norm ---------------------------------------------------------------------------------------


def clip_by_norm(gradients, loss, max_norm):
    """The gradients, shortened together: list of tensors, loss a number, max_norm > 0 -> list of tensors."""
    norm = torch.cat([g.flatten() for g in gradients]).norm().item()
    return [g * (max_norm / max(norm, max_norm)) for g in gradients]


def _gradients():
    large = normal((5, 3), (5,), seed=5)
    tiny, single = [g / 100 for g in large], normal((2, 3, 4), seed=6, dtype=torch.float32)
    zeros = [torch.zeros_like(g) for g in large]
    return [(large, 2.5, 1.0), (tiny, 7.0, 1.0), (large, 0.5, 3.0), (single, 0.1, 2), (zeros, 0.0, 1.0)]


def _by_value(gradients, loss, max_norm):
    return [g.clamp(-max_norm, max_norm) for g in gradients]


def _each_alone(gradients, loss, max_norm):
    return [g * min(1.0, max_norm / g.norm()) for g in gradients]


def _always(gradients, loss, max_norm, more=0.0):
    norm = torch.cat([g.flatten() for g in gradients]).norm() + more
    return [g * max_norm / norm for g in gradients]


def _norm_of_the_loss(gradients, loss, max_norm):
    return [g * min(1.0, max_norm / max(abs(loss), max_norm)) for g in gradients]


def _norms_added(gradients, loss, max_norm):
    return [g * min(1.0, max_norm / sum(g.norm() for g in gradients)) for g in gradients]


def _divided_by_zero(gradients, loss, max_norm):
    return [g * min(1.0, max_norm / torch.cat([g.flatten() for g in gradients]).norm().item()) for g in gradients]


clip_by_norm = Exercise(
    clip_by_norm,
    cases=_gradients,
    ways=(ways.clipped_by_squares,),
    returns="a list of tensors, as they came",
    hints=(
        "All gradients together are one long arrow. How long is it? If it is too long, shorten it and keep where it "
        "points.",
        "Flatten and concatenate for one norm. Each tensor times `max_norm / norm`, but never times more than one. "
        "Left for you: a norm of 0.",
    ),
    wrong={
        _by_value: (
            "You clipped every entry by itself. That bends the arrow: large entries are cut, small ones stay. "
            "One factor for all keeps the direction."
        ),
        _each_alone: (
            "Each tensor has its own norm and its own factor. The norm is that of all gradients together, "
            "so that they keep their proportions."
        ),
        _norms_added: (
            "You added the norms of the tensors. Lengths do not add like that: square, add, take the root, or "
            "concatenate first."
        ),
        _always: "You scale short gradients up as well. Clipping only shortens: the factor is never above one.",
        lambda *given: _always(*given, more=1e-12): (
            "You divide by no 0, but you still scale short gradients up. Clipping shortens: the factor is at most one."
        ),
        _divided_by_zero: (
            "Right, but where every gradient is 0 the norm is 0 too, and you divide by it. Nothing is to be shortened "
            "there."
        ),
        _norm_of_the_loss: (
            "You measured the loss. A small loss can have a huge gradient, that is the cliff; "
            "the norm is that of the gradients."
        ),
    },
)
