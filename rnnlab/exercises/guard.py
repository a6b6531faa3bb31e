"""One call of a function that may do anything: raise, hang, print, change its arguments or its page, start threads."""

import _thread
import atexit
import contextlib
import copy
import ctypes
import inspect
import os
import sys
import threading
import time
import types

import torch

from . import values
from .keeper import Page

try:
    import resource
except ImportError:  # Windows
    resource = None

MEMORY = 4 * 2**30  # bytes an attempt may take more than there were


class Result:
    """What one call did: a value with its gradients, or an error; arguments it changed; why it was stopped."""

    def __init__(self):
        self.value = self.error = self.gradients = self.arguments = None
        self.changed = self.stopped = None  # a name of the page; "time", "wait" or "memory"
        self.thread = False  # a thread of it lived on


def call(function, case):
    """Call a function of ours on a copy of the case's arguments, here and now."""
    result, arguments = Result(), copied(case)
    _fill(result, function, arguments, named(function, case))
    if isinstance(result.error, KeyboardInterrupt):  # here and now: it is the learner's own
        raise result.error
    return result


def quick(function, case):
    """The same without gradients, for the many variants of a function: (value, error)."""
    torch.random.default_generator.manual_seed(0)
    try:
        return values.plain(function(*copied(case))), None
    except Exception as error:
        return None, error


def copied(case):
    """What `copy.deepcopy` makes of the arguments of a case, in a fifth of its time where they are plain tensors."""
    known = {}  # what stands in two places is one thing in the copy, too
    return tuple(_copied(value, known) for value in case)


def _copied(value, known):
    if type(value) is not torch.Tensor or not _is_plain(value):
        return copy.deepcopy(value, known)
    if id(value) not in known:
        known[id(value)] = value.detach().clone().requires_grad_(value.requires_grad)
    return known[id(value)]


def _is_plain(tensor):
    """Whether a tensor is only its numbers, one after the other: no part of another one, with nothing to go back to."""
    alone = tensor.is_leaf and tensor.layout == torch.strided and tensor.is_contiguous() and not tensor.__dict__
    return alone and tensor.grad is None and tensor.untyped_storage().nbytes() == tensor.nbytes


def named(function, case):
    """The names of a function's parameters, one for each argument of the case."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return names if len(names) == len(case) else [f"argument {i + 1}" for i in range(len(case))]


def run(function, case, seconds, names=None, around=None):
    """Call `function`, for at most `seconds` of processor time, and put back what it changes around it.

    around: the attempt whose page is watched, where `function` is ours and only calls it.

    In a thread of its own: an alarm in this one would not wake a sleeping call, could be swallowed by a bare `except:`,
    and could ring just after the call is over.
    """
    around = function if around is None else around
    with _no_way_out(inspect.unwrap(around)), _told_of_threads() as started:
        return _run(function, copied(case), seconds, names or named(function, case), Page(around), started)


def _run(function, arguments, seconds, names, page, started):
    result, finished = Result(), threading.Event()
    before, memory, stopped = set(sys._current_frames()), _memory(), "interrupt"

    def work():
        try:
            _fill(result, function, arguments, names, page)
        finally:
            finished.set()

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
        stopped = _wait(thread, finished, seconds, memory)
    finally:  # also when the learner interrupts
        if stopped:
            _stop(thread.ident)
            page.put_back(last=True)
    if stopped:
        result = Result()  # the old one may still belong to the thread
        result.stopped = stopped
    thread.join(1)
    for begun in started:
        begun.wait(0.5)  # a thread that has not begun yet is not among the frames
    watching = {t.ident for t in threading.enumerate() if type(t).__name__ == "TMonitor"}  # tqdm's, one a process
    left = set(sys._current_frames()) - before - watching - {thread.ident}
    if left:
        time.sleep(0.05)  # it may be about to end
        for ident in left & set(sys._current_frames()):
            result.thread = True
            _stop(ident)
        result.changed = page.put_back() or result.changed
    return result


def _fill(result, function, arguments, names, page=None):
    torch.random.default_generator.manual_seed(0)  # this one alone: those of a GPU are not put back
    try:
        value = function(*arguments)
        if page is not None:  # before anything of PyTorch is used again
            result.changed = page.put_back()
        if isinstance(value, types.CoroutineType):
            value.close()
        result.gradients = values.gradients(value, dict(zip(names, arguments, strict=False)))
        result.value = values.plain(value)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: a learner's own never comes to this thread
        result.error = error
        if page is not None:
            result.changed = page.put_back() or result.changed
    result.arguments = arguments


def _wait(thread, finished, seconds, memory):
    """Why a thread has to be stopped; None if it finished."""
    begun = 0.0 if hasattr(time, "pthread_getcpuclockid") else time.process_time()
    used, since, ending = 0.0, time.monotonic(), time.monotonic() + 20 * seconds
    while not finished.wait(0.05):  # short waits: an interrupt may not break a long one
        spent, now = _spent(thread) - begun, time.monotonic()
        if spent >= seconds or now > ending:
            return "time"
        if spent - used > 0.01 * seconds:
            used, since = spent, now
        if now - since > seconds:
            return "wait"
        if _memory() - memory > MEMORY:
            return "memory"
    return None


def _spent(thread):
    """The processor time a thread has used; where the system cannot tell, that of all threads together."""
    if hasattr(time, "pthread_getcpuclockid"):
        try:
            return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        except OSError:  # it has just ended
            return 0.0
    return time.process_time()


def _memory():
    if resource is None:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _stop(ident, patience=0.5):
    """End a thread: a SystemExit again and again, for it may catch one; the rest before Python ends, or that aborts."""
    end, turn = time.monotonic() + patience, 0
    while ident in sys._current_frames():
        if time.monotonic() > end:
            atexit.register(_stop, ident, 2.0) if patience < 1 else None
            return
        if not _tells_of_its_end(ident):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(SystemExit))
        turn += 1
        pause = 0.0003 * (turn % 7) if turn > 1 else 0.05  # most end at the first, and quietly
        until = time.monotonic() + pause
        while ident in sys._current_frames() and time.monotonic() < until:
            time.sleep(min(pause, 0.001))


def _tells_of_its_end(ident):
    """Whether a thread is on its way out, in the hook that tells of its exception: another one would break that."""
    frame = sys._current_frames().get(ident)
    while frame and frame.f_code.co_name != "invoke_excepthook":
        frame = frame.f_back
    return frame is not None


@contextlib.contextmanager
def _told_of_threads():
    """An event for each thread that is started without `threading`, set when it has begun."""
    started, start = [], _thread.start_new_thread

    def told(function, *arguments):
        begun = threading.Event()

        def run(*args, **kwargs):
            begun.set()
            return function(*args, **kwargs)

        ident = start(run, *arguments)
        started.append(begun)
        return ident

    _thread.start_new_thread = told
    try:
        yield started
    finally:
        _thread.start_new_thread = start


@contextlib.contextmanager
def _no_way_out(function):
    """What would end the process at once, or ask at the keyboard, raises instead."""

    def refuse(*_, **__):
        raise SystemExit("an answer must not end Python or wait for the keyboard.")

    names = getattr(function, "__globals__", {})
    places = [(vars(os), name) for name in ("_exit", "abort", "kill", "killpg", "execv", "execve", "fork", "system")]
    places += [(names, name) for name in ("exit", "quit", "input") if name in names]
    held = names.get("__builtins__")  # a module on a page of IPython, a dict elsewhere
    held = vars(held) if isinstance(held, types.ModuleType) else held
    places += [(held, "input")] if isinstance(held, dict) else []
    before = [(space, name, space[name]) for space, name in places if name in space]
    for space, name, _ in before:
        space[name] = refuse
    try:
        yield
    finally:
        for space, name, value in before:
            space[name] = value
