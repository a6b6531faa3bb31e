"""What an attempt does beside its values: a gradient cut, a model's mode, an argument never read."""

import dis
import inspect
import types

import torch

from . import values

CUTTERS = (".detach()", ".item()", "torch.tensor(", "no_grad", ".data", ".numpy()", ".tolist()", "float(", "copy(")


def unread(attempt, names, ways):
    """The first argument that the attempt never reads, though every right way does; None if there is none."""
    code = getattr(inspect.unwrap(attempt), "__code__", None)
    if code is None:
        return None
    read = _loaded(code)
    needed = set.intersection(*(_loaded(way.__code__) for way in ways))
    own = zip(code.co_varnames[: code.co_argcount], names, strict=False)
    return next((name for name, asked in own if name not in read and asked in needed), None)


def _loaded(code):
    """The names that a code object reads, and those inside it: of comprehensions, of functions."""
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname.startswith("LOAD")}
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return found.union(*map(_loaded, inner))


def same_mode(before, after):
    """Training or not is no change that counts: whoever judges a model may leave it so."""
    for was, now in zip(before, after, strict=True):
        if isinstance(was, torch.nn.Module) and type(was) is type(now):
            now.train(was.training)


def cut(mine, theirs, returns, attempt):
    """A sentence where a gradient that flows back from the reference's answer does not from the attempt's."""
    why = f"look at {' or '.join(_cutters(attempt))}"
    for k, (flow, expected) in enumerate(zip(mine, theirs, strict=False)):
        name = returns.name((k,), len(theirs)) if len(theirs) > 1 else ""
        of = f" of {name}" if name else ""
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
    return [f"`{word}`" for word in CUTTERS if word in text] or [f"`{word}`" for word in CUTTERS[:4]]
