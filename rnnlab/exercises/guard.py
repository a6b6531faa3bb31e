"""One call of a function that may do anything: raise, hang, print, change its arguments, draw random numbers."""

import contextlib
import copy
import ctypes
import inspect
import io
import random
import threading
import time

import numpy as np
import torch


class Result:
    """What one call did: a value or an error; an argument it changed; whether it was stopped or lost the gradient."""

    def __init__(self):
        self.value = self.error = self.changed = None
        self.stopped = self.cut = False


@contextlib.contextmanager
def undisturbed():
    """Nothing is printed inside; afterwards every random generator and the default dtype are what they were."""
    python, numpy, dtype = random.getstate(), np.random.get_state(), torch.get_default_dtype()
    try:
        with torch.random.fork_rng(devices=[]), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_default_dtype(dtype)


def run(function, case, seconds):
    """Call `function` on a copy of the case's arguments, for at most `seconds` seconds.

    In a thread of its own: an alarm in this one would not wake a sleeping call, could be swallowed by a bare `except:`,
    and could ring just after the call is over.
    """
    result, arguments, finished = Result(), copy.deepcopy(case), threading.Event()

    def call():
        torch.manual_seed(0)
        try:
            value = function(*arguments)
            result.cut = any(_needs_gradient(argument) for argument in arguments) and not _needs_gradient(value)
            result.value = _plain(value)
        except BaseException as error:  # SystemExit too
            result.error = error
        finished.set()

    thread = threading.Thread(target=call, daemon=True)
    try:
        thread.start()
        end = time.monotonic() + seconds
        while not finished.wait(0.05) and time.monotonic() < end:  # short waits: an interrupt may not break a long one
            pass
    finally:  # also when the learner interrupts
        late = not finished.is_set()
        if late:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    if late:
        result = Result()  # the old one still belongs to the thread
        result.stopped = True
        return result
    if isinstance(result.error, KeyboardInterrupt):
        raise result.error
    changed = [not _same(before, after) for before, after in zip(case, arguments, strict=True)]
    if any(changed):
        result.changed = _parameters(function, len(case))[changed.index(True)]
    return result


def _parameters(function, count):
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return names if len(names) == count else [f"argument {i + 1}" for i in range(count)]


def _plain(value):
    """A copy that does not change any more: tensors detached, NumPy's numbers as Python's, plain tuples."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (np.number, np.bool_)):
        return value.item()
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _needs_gradient(value):
    if isinstance(value, (tuple, list)):
        return any(map(_needs_gradient, value))
    return isinstance(value, torch.Tensor) and value.requires_grad


def _same(before, after):
    """Whether an argument is untouched: tensors, and lists, dicts and modules of them."""
    if isinstance(before, torch.nn.Module):
        before, after = before.state_dict(), after.state_dict()
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, torch.Tensor):
        return before.shape == after.shape and bool(((before == after) | (before.isnan() & after.isnan())).all())
    return True
