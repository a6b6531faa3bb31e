"""Bad inputs of every kind for every public function of the package, and what became of each.

`python tests/bad_inputs.py` counts them: how many were driven, rightly accepted, refused with a sentence, raw, accepted
wrongly; and it names those of the last two, of which there are to be none.
A public function is found by looking into the package; its good arguments stand in `good_arguments.py`, and bad ones
are made from them.
"""

import dataclasses
import dis
import functools
import importlib
import inspect
import math
import os
import pkgutil
import random
import re
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from good_arguments import ALSO_CALLED, CARRIED, FINE, GOOD  # noqa: E402
from scipy import sparse  # noqa: E402

import rnnlab  # noqa: E402

PACKAGE = str(Path(rnnlab.__file__).parent)
# Not driven, and why; patterns of names.
INSIDE = {
    r"rnnlab\.expect\..*": "the checks themselves: what they are told to expect is written by us",
    r"rnnlab\.training_checks\..*": "the checks of `fit` and `evaluate`, which are driven",
    r"rnnlab\.figure_checks\..*": "the checks of `figures`, which is driven",
    r"rnnlab\.explorers\.base\..*": "what the explorers, which are driven, are made of",
    r"rnnlab\.shapes\..*": "a part of `expect`",
    r"rnnlab\.runs\..*": "how `fit` and `load_best`, which are driven, keep a run",
    r"rnnlab\.challenge_(runs|judges|pictures)\..*": "parts of `measure`, which is driven: test_challenges",
    r"rnnlab\.challenge_records\.Measure\..*": "for scores that were checked",
    r"rnnlab\.challenges\.Challenge": "written by us, one for each lesson",
    r"rnnlab\.datasets\.downloads\.fetch": "what `locate` does, with what `locate` was given",
    r"rnnlab\.exercises\.(?!check\.).*": "the check machine, for whatever a learner wrote, and answers",
    r"rnnlab\.exercises\.check\.Exercise(\.more_cases)?": "written by us, one for each exercise",
    r"rnnlab\.exercises\.check\.Exercise\.(verdict|check)": "never raises, whatever a learner wrote: test_exercises",
    r"rnnlab\.jupyter\..*": "called by Jupyter alone",
    r"rnnlab\.scans\.Recurrence\..*": "called by autograd alone; `by_hand`, which is driven, looks at the arguments",
}


@functools.cache
def public():
    """{name: function or class} of all that the package offers: functions, constructors, methods with arguments."""
    found = {}
    for module in pkgutil.walk_packages(rnnlab.__path__, "rnnlab."):
        module = importlib.import_module(module.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isclass(thing):
                found |= _of_class(f"{module.__name__}.{name}", thing)
            elif callable(thing) and ".explorers." not in module.__name__:  # there: how an explorer draws its parts
                found[f"{module.__name__}.{name}"] = thing
    found = {name: thing for name, thing in found.items() if inspect.signature(thing).parameters}
    return {name: thing for name, thing in found.items() if not re.fullmatch("|".join(INSIDE), name)}


def _of_class(name, thing):
    record = dataclasses.is_dataclass(thing) or issubclass(thing, (tuple, BaseException))  # holds what we put in
    found = {} if record or "__init__" not in vars(thing) else {name: thing}
    for method, function in vars(thing).items():
        function = getattr(function, "__func__", function)
        if (
            not method.startswith("_")
            and inspect.isfunction(function)
            and len(inspect.signature(function).parameters) > 1
        ):
            found[f"{name}.{method}"] = function
    return found


# ---- bad things made from a good one


class Odd:
    """A thing nobody expects."""


def bad(value, chance):
    """{kind: a bad thing in place of `value`}; chance: a random.Random that says where and how large."""
    found = {"none": None, "thing": Odd()}
    if isinstance(value, torch.Tensor):
        return found | {"text": "abc", "list": value.tolist()} | _bad_tensors(value, chance)
    if isinstance(value, bool):
        return found | {"text": "yes", "number": 2, "list": [value]}
    if isinstance(value, int):
        found |= {"text": str(value), "list": [value], "fraction": value + chance.random() / 2 + 0.25}
        return found | {"nan": math.nan, "infinity": math.inf, "zero": 0, "negative": -chance.randint(1, 9)}
    if isinstance(value, float):
        found |= {"text": str(value), "list": [value], "nan": math.nan, "infinity": math.inf}
        return found | {"negative": -chance.uniform(0.1, 9), "above one": 1 + chance.uniform(0.1, 9)}
    if isinstance(value, str):
        return found | {
            "number": 5,
            "bytes": value.encode(),
            "empty": "",
            "unknown": "no such thing",
            "list": [value, value],
        }
    if type(value) in (list, tuple):
        place = chance.randrange(len(value))
        found |= {"text": "abc", "number": 5, "empty": value[:0]}
        for kind, thing in {
            "a none in it": None,
            "a thing in it": Odd(),
            "a text in it": "abc",
            "a number in it": 2.5,
        }.items():
            if not isinstance(value[place], type(thing)):
                found[kind] = value[:place] + type(value)([thing]) + value[place + 1 :]
        if isinstance(value[place], torch.Tensor):
            for kind, thing in _bad_tensors(value[place], chance).items():
                found[f"{kind} in it"] = value[:place] + type(value)([thing]) + value[place + 1 :]
        return found | ({"one less": value[:-1]} if len(value) > 1 else {})
    if isinstance(value, dict):
        found |= {"text": "abc", "number": 5, "list": list(value), "empty": {}}
        found |= {"other keys": {f"no such {key}": thing for key, thing in value.items()}}
        return found | {"nones in it": dict.fromkeys(value)} | {"numbers for names": dict(enumerate(value.values()))}
    if sparse.issparse(value):
        found |= {"dense": value.toarray(), "not square": value[:-1], "empty": value[:0, :0], "zeros": value * 0}
        found |= {"nan": value * math.nan, "infinity": value * math.inf, "negative": -value}
        return found | {"text": "abc", "number": 5}
    if isinstance(value, os.PathLike):
        return found | {"number": 5, "empty": "", "a zero byte": "a\0b", "list": [value]}
    if isinstance(value, torch.nn.Module):
        return found | {"text": "abc", "number": 5, "another model": torch.nn.Linear(2, 2)}
    return found | {"text": "abc", "number": 5}


def _bad_tensors(value, chance):
    found = {"more axes": value[None]}
    found |= {"real": value.real} if value.is_complex() else {"complex": value.to(torch.complex64)}
    if value.ndim:
        found |= {"fewer axes": value[0], "empty": value[:0]}
        found |= {f"longer axis {axis}": torch.cat([value, value], dim=axis) for axis in range(value.ndim)}
    if value.is_floating_point() or value.is_complex():
        other = {torch.float32: torch.float64, torch.complex64: torch.complex128, torch.complex128: torch.complex64}
        found["another dtype"] = value.to(other.get(value.dtype, torch.float32))
        found |= {} if value.is_complex() else {"whole numbers": value.long()}
        for kind, number in {"nan": math.nan, "infinity": math.inf}.items():
            found[kind] = value.clone()
            found[kind].view(-1)[chance.randrange(value.numel())] = number
    else:
        found |= {"fractions": value.float()}
        for kind, number in {"too large": 10**6, "negative": -(10**6)}.items():
            found[kind] = value.clone()
            found[kind].view(-1)[chance.randrange(value.numel())] = number
    return found


# ---- what became of it


def outcome(call, words):
    """("refused", sentence), ("raw", error) or ("accepted", finite or not) of one call; words: its arguments."""
    torch.default_generator.manual_seed(0)
    np.random.seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = call()
    except Exception as error:
        raised, sentence = error.__traceback__, str(error)
        while raised.tb_next:
            raised = raised.tb_next
        code = raised.tb_frame.f_code
        ours = code.co_filename.startswith(PACKAGE) and dis.opname[code.co_code[raised.tb_lasti]] == "RAISE_VARARGS"
        named = any(re.search(rf"\b{re.escape(word)}\b", sentence) for word in words)
        proper = isinstance(error, (ValueError, TypeError)) and len(sentence.split()) > 3
        return ("refused" if ours and named and proper else "raw"), f"{type(error).__name__}: {sentence[:150]}"
    return "accepted", "finite" if finite(answer) else "not finite"


def finite(answer):
    if isinstance(answer, torch.Tensor):
        return bool(answer.isfinite().all())
    if isinstance(answer, float):
        return math.isfinite(answer)
    if isinstance(answer, dict):
        return all(map(finite, answer.values()))
    return not isinstance(answer, list | tuple) or all(map(finite, answer))


def drive(name, chance):
    """Every argument of `name` in turn replaced by every bad thing: yields (argument: kind, outcome, what was said)."""
    for make in GOOD[name]:
        function, arguments = make()
        words = [*arguments, *ALSO_CALLED.get(name, ())]
        for argument in arguments:
            for kind, thing in bad(arguments[argument], chance).items():
                function, fresh = make()
                fresh[argument] = thing
                yield f"{argument}: {kind}", *outcome(lambda f=function, a=fresh: f(**a), words)


def fine(name, case, became, what):
    """Was it right to take this bad thing?"""
    argument, kind = case.split(": ")
    default = inspect.signature(public()[name]).parameters.get(argument)
    right = kind in _listed(FINE, name, argument) or (
        kind == "none" and default is not None and default.default is None
    )
    return became == "accepted" and (right and what == "finite" or kind in _listed(CARRIED, name, argument))


def _listed(table, name, argument):
    """The kinds that stand for an argument in a line such as "x: empty, nan; hx: list"."""
    parts = dict(part.split(": ") for part in table[name].split("; ")) if name in table else {}
    return parts.get(argument, "").split(", ")


def main():
    os.chdir(tempfile.mkdtemp())  # a file may be written by mistake
    total = {}
    for name in public():
        module = ".".join(name.split(".")[1 : 3 if "datasets" in name else 2])
        count = total.setdefault(module, [0] * 5)
        for case, became, what in drive(name, random.Random(0)) if name in GOOD else ():
            place = 1 if fine(name, case, became, what) else {"refused": 2, "raw": 3, "accepted": 4}[became]
            count[0], count[place] = count[0] + 1, count[place] + 1
            if place > 2:
                print(f"{name} {case} {became}: {what}")
    rows = [*total.items(), ("all", [sum(column) for column in zip(*total.values(), strict=True)])]
    print(f"{'':20} driven  right  refused  raw  accepted wrongly")
    for module, (driven, right, refused, raw, accepted) in rows:
        print(f"{module:20} {driven:6} {right:6} {refused:8} {raw:4} {accepted:17}")


if __name__ == "__main__":
    main()
