"""One run of a challenge: a learner's `train` within a budget of processor seconds, then its model on held-out data."""

import ctypes
import os
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnnlab import expect, training
from rnnlab.challenge_judges import Refused

SLACK = 1.0  # seconds past the budget that still count: an exception lands between two steps of Python, not within one
HELD_OUT = ("held out", "test")  # the splits of `Reviews` and `Digits` that no training may see


class OverBudget(BaseException):
    """The budget is used up. No `Exception`, so that an `except Exception` of the learner lets it through."""


class Measured(NamedTuple):
    """One run that counts: what the judge found, and the processor seconds of the training."""

    score: float
    seconds: float
    parameters: int | None


class Clock:
    """The processor seconds of a run: budget, used, left, and share, which goes from 0 to 1.

    Two cores at work count double, and so do the processes that a run starts, once they have ended.
    """

    def __init__(self, budget: float):
        self.budget = expect.number("budget", budget, above=0)
        self._start = _spent()

    @property
    def used(self) -> float:
        """The processor seconds since the run began."""
        return _spent() - self._start

    @property
    def left(self) -> float:
        """What remains of the budget, below 0 once it is used up."""
        return self.budget - self.used

    @property
    def share(self) -> float:
        """The part of the budget that is used, at most 1."""
        return min(self.used / self.budget, 1.0)

    def __repr__(self) -> str:
        return f"Clock({self.used:.1f} of {self.budget:g} processor seconds used)"


def stub(train: Callable) -> bool:
    """True if the body of `train` is still `return ...` alone."""
    code = getattr(train, "__code__", None)
    arguments = code and code.co_argcount + code.co_kwonlyargcount
    return bool(code) and not code.co_names and code.co_nlocals == arguments and ... in code.co_consts


def run(train: Callable, data: Any, seed: int, budget: float, judge: Callable[[Any], float]) -> Measured:
    """Train once from `seed` within `budget`, then judge what came out: judge(model) -> its score.

    Refused, with a sentence, if the run does not count; KeyboardInterrupt comes through.
    """
    name = called(train)
    before = list(within_reach(train))
    if seen := next((where for where, thing in before if getattr(thing, "split", None) in HELD_OUT), None):
        raise Refused(f"{name} uses {seen}, which holds data it is judged on: only `data` is there to learn from")
    training.seed_everything(seed)
    clock = Clock(budget)
    with torch.enable_grad():
        model = within(clock, lambda: train(data, seed, clock), name)
    used = clock.used
    if used > budget + SLACK:
        raise Refused(f"{name} took {used:.1f} processor seconds, the budget is {budget:g}: end when clock.left does")
    if model is ...:
        raise Refused(f"{name} returned `...`: it is not filled in yet")
    if isinstance(model, Tensor) or not callable(model):
        forgotten = ": is a `return` missing?" if model is None else ""
        raise Refused(f"{name} returned {expect.said(model)}, expected a model to call{forgotten}")
    if old := next((where for where, thing in before if thing is model), None):
        raise Refused(f"{name} returned {old}, which was there before the clock started: build the model in {name}")
    judging = Clock(budget)
    with torch.no_grad():
        score = within(judging, lambda: judge(model), f"the model of {name}")
    parameters = sum(p.numel() for p in model.parameters()) if isinstance(model, nn.Module) else None
    return Measured(score, used, parameters)


def within(clock: Clock, call: Callable, name: str) -> Any:
    """What `call()` returns. Once the clock's budget is used up an `OverBudget` is raised inside it, again and again.

    Refused for that, and for whatever else the call raises, with the line; KeyboardInterrupt comes through.
    """
    here, done, over, lock = threading.get_ident(), threading.Event(), False, threading.Lock()

    def watch():
        pause = 0.05
        while not done.wait(pause):
            with lock:  # the wait may have ended just before the call did: once `done` is set, none is sent
                if not done.is_set() and clock.left < 0:
                    _raise_in(here, OverBudget)
                    pause = 0.5  # who catches it gets the next one

    threading.Thread(target=watch, daemon=True).start()
    try:
        try:
            return call()
        finally:
            with lock:
                done.set()
    except OverBudget:
        over = True
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a learner's exit() is no reason to lose the page
        over = clock.left < 0 and isinstance(error.__context__, OverBudget)
        if not over:
            raise Refused(f"{name} raised {_line(error)}") from None
    finally:
        done.set()
        _raise_in(here, None)  # one may be on its way still
    raise Refused(f"{name} was stopped: its {clock.budget:g} processor seconds are used up. Look at clock.left")


def called(train: Any) -> str:
    """What to call it in a sentence."""
    return str(getattr(train, "__name__", "train"))[:40]


def within_reach(function: Callable) -> Iterator[tuple[str, Any]]:
    """(name, thing) of all that a function names on its page, and what the functions that it names there name."""
    waiting, known = [function], set()
    while waiting:
        function = waiting.pop()
        code = getattr(function, "__code__", None)
        if code is None or code in known:
            continue
        known.add(code)
        places = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        found = {name: cell.cell_contents for name, cell in places.items() if cell != types.CellType()}
        found |= {name: function.__globals__[name] for name in _names(code) if name in function.__globals__}
        for name, thing in found.items():
            yield name, thing
            if getattr(thing, "__globals__", None) is function.__globals__:
                waiting.append(thing)


def _names(code):
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names(inner)


def _spent():
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


def _raise_in(thread, error):
    """Raise an error in a thread at its next step; None: take back one that is not raised yet."""
    given = ctypes.py_object(error) if error else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), given)


def _line(error):
    """What an error says, and the line of the page it comes from."""
    if isinstance(error, Refused):
        raise error from None
    frames = traceback.extract_tb(error.__traceback__)
    last = [at for at in frames if "rnnlab" not in at.filename and "site-packages" not in at.filename][-1:]
    where = f", line {last[0].lineno} of {last[0].name}" if last else ""
    return f"{type(error).__name__}{where}: {' '.join(str(error).split())[:200]}"
