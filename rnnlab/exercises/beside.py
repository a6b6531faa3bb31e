"""What an attempt does beside its values: a gradient cut, a model's mode, an argument never read."""

import inspect
import re

import torch

from . import values
from .slips import names_read

CUTTERS = (".detach()", ".item()", "torch.tensor(", "no_grad", ".data", ".numpy()", ".tolist()", "float(", "copy(",
           "inference_mode", "load_state_dict", "Parameter(", "requires_grad_(")  # fmt: skip
COPIED = "somewhere its numbers are copied, and the way back ends there"


def unread(attempt, names, ways):
    """The arguments that the attempt never reads, though every right way does."""
    code = getattr(inspect.unwrap(attempt), "__code__", None)
    if code is None:
        return []
    read = names_read(code)
    needed = set.intersection(*(names_read(way.__code__) for way in ways))
    own = zip(code.co_varnames[: code.co_argcount], names, strict=False)
    return [name for name, asked in own if name not in read and asked in needed]


def same_mode(before, after):
    """Training or not is no change that counts: whoever judges a model may leave it so."""
    for was, now in zip(before, after, strict=True):
        if isinstance(was, torch.nn.Module) and type(was) is type(now):
            now.train(was.training)


def cut(mine, theirs, returns, attempt):
    """A sentence where a gradient that flows back from the reference's answer does not from the attempt's."""
    cutters = _cutters(attempt)
    why = f"look at {' or '.join(cutters)}" if cutters else COPIED
    for k, (flow, expected) in enumerate(zip(mine, theirs, strict=False)):
        name = returns.name((k,), len(theirs)) if len(theirs) > 1 else ""
        of = f" of {name}" if name else ""
        if flow == values.GONE:
            return f"The values{of} are right, but they are tensors that still hang on their graph: give the numbers."
        if expected is not None and flow == values.OVERWRITTEN:
            return (
                f"The values{of} are right, but no gradient can flow back through them: something the way back needs "
                "is overwritten in place, by `*=`, `+=`, an index or a method with `_` at its end."
            )
        if expected is not None and flow is None:
            return (
                f"The values{of} are right, but no gradient can flow back through them, so no net could learn: {why}."
            )
        for leaf, gradient in (expected or {}).items():
            came = (flow or {}).get(leaf)
            if gradient is not None and came is None:
                return f"The values{of} are right, but no gradient flows back to `{leaf[0]}`: {why}."
            if gradient is not None and gradient.shape == came.shape and not values.near(came, gradient):
                return f"The values{of} are right, but part of the gradient of `{leaf[0]}` is lost: {why}."
    return None


def _cutters(attempt):
    """What in the attempt's text cuts gradients."""
    try:
        text = inspect.getsource(inspect.unwrap(attempt))
    except (OSError, TypeError):
        text = ""
    text = re.sub(r"float\(\s*[\"']", "", text)  # float("-inf") is a number and cuts nothing
    return [f"`{word}`" for word in CUTTERS if word in text]
