"""What stands around an attempt, the page and the interpreter: noted before it runs, put back afterwards."""

import builtins
import contextlib
import copy
import functools
import inspect
import io
import math
import operator
import os
import random
import sys
import types
import warnings

import numpy as np
import torch
from IPython.utils.capture import capture_output

from .values import untouched

LARGEST = 1_000_000  # entries; a larger thing of the page is not copied, and only whether it was bound anew is seen
SHARED = [
    builtins, math, random, operator, functools, np, torch, torch.nn, torch.nn.functional, torch.linalg, torch.nn.init,
    torch.nn.utils, torch.nn.utils.rnn, torch.autograd, torch.Tensor, torch.nn.Module, torch.nn.RNN, torch.nn.RNNBase,
    torch.nn.LSTM, torch.nn.GRU, torch.nn.Linear, torch.nn.Embedding,
]  # fmt: skip


class Nowhere(io.StringIO):
    """Takes a gigabyte of output and keeps nothing."""

    def write(self, text):
        """The number of characters, as if they were written."""
        return len(text)


@contextlib.contextmanager
def undisturbed():
    """Nothing is printed inside, PyTorch uses one thread; afterwards every generator and setting is what it was."""
    python, numpy, settings = random.getstate(), np.random.get_state(), [read() for read, _ in SETTINGS]
    filters, environment, paths = list(warnings.filters), dict(os.environ), list(sys.path)
    torch.set_num_threads(1)  # of two that raise, now the one and now the other would be first
    try:
        shown = capture_output(stdout=False, stderr=False)  # `display` goes past both streams
        with contextlib.redirect_stdout(Nowhere()), contextlib.redirect_stderr(Nowhere()), shown:
            with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), _eigenvalues_of_numbers():
                yield  # and Python forgets which warnings it has shown in here
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for (read, write), value in zip(SETTINGS, settings, strict=True):
            if read() != value:
                write(value)
        warnings.filters[:], sys.path[:] = filters, paths
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


@contextlib.contextmanager
def _eigenvalues_of_numbers(plain=torch.linalg.eigvals):
    """Inside, `eigvals` refuses nan as `eig` does: PyTorch 2.14 hands it on to a library that then kills the kernel."""

    @functools.wraps(plain)
    def eigvals(A, *, out=None):
        if not torch.isfinite(A).all():
            raise RuntimeError("torch.linalg.eigvals: input tensor should not contain infs or NaNs.")
        return plain(A, out=out)

    torch.linalg.eigvals = eigvals
    try:
        yield
    finally:
        torch.linalg.eigvals = plain


SETTINGS = [
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (lambda: dict(vars(torch._tensor_str.PRINT_OPTS)), lambda was: torch.set_printoptions(**was)),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (sys.getswitchinterval, sys.setswitchinterval),
    (os.getcwd, os.chdir),
]


class Page:
    """The names that an attempt could change: those of its page, of the modules on it, and of PyTorch."""

    def __init__(self, function):
        function = inspect.unwrap(function)
        self.names = getattr(function, "__globals__", {})
        modules = [m for m in list(self.names.values()) if isinstance(m, types.ModuleType)]
        ours = [m for name, m in list(sys.modules.items()) if name.startswith("rnnlab.") and m is not None]
        watched = {id(space): space for space in [*SHARED, *modules, *ours] if vars(space) is not self.names}
        self.shared = [(space, dict(vars(space))) for space in watched.values()]
        self.closed, self.compiler = False, "torch._dynamo" in sys.modules
        self.builtins = vars(builtins), dict(vars(builtins))
        self.bound = dict(self.names)
        self.held = {name: _copied(self.bound[name]) for name in _named(function) if _held(self.bound.get(name))}
        leaves = [leaf for name in self.held for leaf in _leaves(self.bound[name])]
        self.gradients = [(leaf, leaf.grad, None if leaf.grad is None else leaf.grad.clone()) for leaf in leaves]

    def put_back(self, last=False):
        """What was changed, as it is written on the page, such as `torch.tanh`; None if nothing was. Put back.

        last: never again, for a thread that was given up may still come to its own end.
        """
        if self.closed:
            return None
        self.closed, changed = last, None
        now, before = self.builtins  # first, and without any of them: what follows needs them
        for name in before:
            if name not in now or now[name] is not before[name]:
                changed = "builtins." + name
        now.update(before)
        compiler = "torch._dynamo" in sys.modules and not self.compiler
        for space, before in self.shared:
            for name in _differs(before, vars(space)):
                if compiler and str(getattr(vars(space).get(name), "__module__", "")).startswith("torch."):
                    continue  # `torch.func` loads it at first use, and it sets names of PyTorch anew
                if name in before and vars(space).get(name) is not before[name]:
                    setattr(space, name, before[name])
                elif name not in before:
                    delattr(space, name)
                changed = changed or f"{space.__name__.replace('torch.nn.functional', 'F')}.{name}"
        for name in _differs(self.bound, self.names, private=True):
            changed = changed or name
            if name in self.bound:
                self.names[name] = self.bound[name]
            else:
                del self.names[name]
        for name, (before, own) in self.held.items():
            if not untouched(before, self.names[name]):
                changed = changed or name
                _restore(self.names[name], before, own)
        for leaf, gradient, numbers in self.gradients:  # a `backward` of the attempt adds to them
            leaf.grad = gradient
            if gradient is not None and (gradient.layout != torch.strided or not torch.equal(gradient, numbers)):
                gradient.detach().copy_(numbers)
        return changed


def _differs(before, after, private=False):
    """The names bound to something else; modules that a call imports on the way do not count."""
    if len(before) == len(after) and all(map(operator.is_, before.values(), after.values())):
        return []
    names = [name for name in before if name not in after or after[name] is not before[name]]
    names = [name for name in names if name != "Storage"]  # PyTorch sets it anew with the default dtype
    names += [name for name in after if name not in before and not isinstance(after[name], types.ModuleType)]
    names = [name for name in names if name != "__warningregistry__"]  # Python's own, where a warning came up
    return [name for name in names if private or not name.startswith("_") or name.startswith("__")]


def _named(function):
    """The names of the page that a function's code uses, and those that the functions of the page use in turn."""
    todo, seen = [function], {}
    while todo:
        thing = inspect.unwrap(todo.pop())
        codes = [getattr(thing, "__code__", None)]
        while codes:
            code = codes.pop()
            if isinstance(code, types.CodeType):
                codes += code.co_consts
                for name in code.co_names:
                    used = function.__globals__.get(name) if hasattr(function, "__globals__") else None
                    if name not in seen:
                        seen[name] = None
                        if isinstance(used, types.FunctionType) and used.__globals__ is function.__globals__:
                            todo.append(used)
    return seen


def _held(value):
    if isinstance(value, torch.nn.Module):
        return sum(p.numel() for p in value.parameters()) <= LARGEST
    if isinstance(value, torch.Tensor):
        return value.is_leaf and value.numel() <= LARGEST
    if isinstance(value, np.ndarray):
        return value.size <= LARGEST
    return isinstance(value, list | dict | set) and len(value) <= LARGEST // 500


def _copied(thing):
    """A copy of a thing, and what it is made of itself: other names of the page may stand for the same."""
    own = thing.detach() if isinstance(thing, torch.Tensor) else None
    own = copy.copy(thing) if isinstance(thing, list | dict | set) else own
    try:
        return copy.deepcopy(thing), own
    except Exception:  # a tensor with a past, a module: only what is put in or taken out is seen
        return copy.copy(thing), own


def _leaves(thing, seen=None):
    """The tensors in a thing whose gradients a way back would fill."""
    seen = set() if seen is None else seen
    if id(thing) in seen:  # a list may hold itself
        return []
    seen.add(id(thing))
    if isinstance(thing, torch.nn.Module):
        return list(thing.parameters())
    if isinstance(thing, list | dict):
        return [leaf for part in (thing.values() if isinstance(thing, dict) else thing) for leaf in _leaves(part, seen)]
    return [thing] if isinstance(thing, torch.Tensor) and thing.is_leaf else []


def _restore(thing, before, own=None):
    """own: what the thing was made of; where that is not known, copies take its place."""
    if isinstance(thing, torch.nn.Module):
        thing.load_state_dict(before.state_dict())
        for module, was in zip(thing.modules(), before.modules(), strict=False):
            module.training = was.training
    elif isinstance(thing, torch.Tensor):
        own = thing.detach() if own is None and thing.shape == before.shape and thing.dtype == before.dtype else own
        own = before.detach() if own is None else own
        if not torch.equal(torch.nan_to_num(own), torch.nan_to_num(before.detach())):
            own.copy_(before.detach())
        if thing.grad_fn is not None:  # an in-place step with something that learns
            thing.detach_()
        thing.data = own
        thing.requires_grad_(before.requires_grad)
    elif isinstance(thing, np.ndarray):
        thing[...] = before
    elif isinstance(thing, list | dict):
        own = before if own is None else own
        thing.clear()
        thing.extend(own) if isinstance(thing, list) else thing.update(own)
        for place, was in enumerate(before) if isinstance(thing, list) else zip(own, before.values(), strict=True):
            if not untouched(was, thing[place]):
                if isinstance(was, torch.nn.Module | torch.Tensor | np.ndarray | list | dict | set):
                    _restore(thing[place], was)
                else:
                    thing[place] = was
    else:
        thing.clear()
        thing.update(before if own is None else own)
