"""Many random cases made from an exercise's own: other numbers, other sizes, other words."""

import copy
import random

import torch

from .letters import Letters, named_shapes


def redrawn(cases, names, text, count=24, seed=0):
    """`count` cases like the given ones. names: of the parameters; text: the docstring that gives shapes their letters.

    Tensors keep dtype, range and gradient; where every tensor has letters and nothing else has a size, sizes change
    too, down to 1. Texts and lists of words get other orders and lengths. A case may not fit.
    """
    draw = random.Random(seed)
    g = torch.Generator().manual_seed(seed)
    for turn in range(count):
        case = dict(zip(names, cases[turn % len(cases)], strict=True))
        shapes = named_shapes(text) if turn % 3 else {}
        sizes = _sizes(case, shapes, text, draw) if shapes else None
        yield tuple(_other(value, shapes.get(name), sizes, draw, g) for name, value in case.items())


def _sizes(case, shapes, text, draw):
    """New sizes for all letters, or None where a size may not change alone."""
    for name, value in case.items():
        if isinstance(value, torch.Tensor):
            if len(shapes.get(name, [])) != value.dim() or not value.is_floating_point():
                return None
        elif not isinstance(value, int | float | str):
            return None
    return {letter: draw.choice([1, 1, 2, 3, 4, 5]) for letter in Letters(text, case).sizes}


def _other(value, tokens, sizes, draw, g):
    if isinstance(value, torch.Tensor):
        shape = value.shape
        if sizes is not None and tokens:
            fresh = Letters("", {})
            fresh.sizes = sizes
            shape = [fresh.size(token) for token in tokens]
        return _tensor(value, shape, g)
    if isinstance(value, torch.nn.Module):
        value = copy.deepcopy(value)
        with torch.no_grad():
            for parameter in value.parameters():
                parameter.copy_(_tensor(parameter, parameter.shape, g))
        return value
    if isinstance(value, str):
        return _text(value, draw)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value if _is_vocabulary(value) else [draw.choice(value) for _ in range(draw.randint(1, len(value) + 3))]
    if isinstance(value, list) and value and all(isinstance(item, float) for item in value):
        low, high = min(value), max(value)
        steps = [round(low + (high - low) * draw.random() * 1.5, 2) for _ in range(draw.randint(1, len(value) + 2))]
        return [draw.choice([step, draw.choice(steps)]) for step in steps]  # some are equal
    if isinstance(value, tuple):  # a label, beside what it belongs to, stays 0 or 1
        return tuple(draw.randint(0, 1) if _is_label(item) else _other(item, None, None, draw, g) for item in value)
    if isinstance(value, list):
        return [_other(item, None, None, draw, g) for item in value]
    if type(value) is int and value > 0:
        return draw.randint(1, 2 * value)
    if type(value) is float and value > 0:
        return value * draw.choice([0.25, 0.5, 1.0, 2.0, 4.0])
    return value


def _tensor(value, shape, g):
    """Random numbers like those of a tensor: as large, in the same range, of the same kind."""
    old = value.detach()
    if old.is_floating_point() and old.numel():
        new = torch.randn(*shape, generator=g, dtype=old.dtype)
        if old.min() >= 0 and old.max() <= 1:
            new = torch.sigmoid(new)
        elif old.abs().max() < 1:
            new = torch.tanh(new)
        else:
            new = new * old.std().nan_to_num(1.0).clamp(min=0.1)
        return new.requires_grad_(value.requires_grad)
    if old.dtype == torch.bool or not old.numel():
        return old
    if old.dim() == 1 and old.unique().numel() == old.numel() and old.numel() > 2:  # an order, or lengths
        return old[torch.randperm(old.numel(), generator=g)]
    if (old == 0).any() and old.dim() == 2:  # padded: the rows in another order
        return old[torch.randperm(len(old), generator=g)]
    return torch.randint(int(old.min()), int(old.max()) + 1, tuple(old.shape), generator=g, dtype=old.dtype)


def _is_label(value):
    return type(value) is int and value in (0, 1)


def _is_vocabulary(value):
    return "<pad>" in value or "<unk>" in value


def _text(value, draw):
    if len(value) > 3 and len(set(value)) < len(value):
        return "".join(draw.choice(value) for _ in range(draw.randint(1, len(value) + 3)))
    return value
