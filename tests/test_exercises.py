"""The check machine: whatever an attempt does, it ends in a sentence, and nothing of the caller's is changed."""

import _thread
import builtins
import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time
import types
import warnings

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from IPython.utils.capture import capture_output
from tqdm import tqdm
from traitlets.config import Config

from rnnlab.exercises import check, guard, nb04_vanishing_gradients
from rnnlab.exercises.check import Exercise, progress
from rnnlab.exercises.sentence import Sentence


def twice_plus(x, y):
    """x (N,), y (N,) -> (N,)."""
    return 2 * x + y


def forgot_y(x, y):
    return 2 * x


def cases():
    return [(torch.arange(3.0), torch.ones(3)), (torch.ones(2), torch.arange(2.0))]


def made(answer=twice_plus, cases=cases, wrong=None, returns="(N,)"):
    wrong = {forgot_y: "y is not in it."} if wrong is None else wrong
    return Exercise(answer, cases=cases, wrong=wrong, hints=("Add.", "Add y."), returns=returns)


def says(attempt, words, **how):
    state, sentence = made(**how).verdict(attempt)
    assert state == "not yet" and words in sentence, (state, sentence)
    assert sentence.endswith((".", "?")) and "\n" not in sentence
    return sentence


# ---- right, and not attempted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, y: x + x + y,
        lambda x, y, unused=None: torch.stack([2 * a + b for a, b in zip(x, y, strict=True)]),
        lambda *both: torch.add(both[1], both[0], alpha=2),
        lambda x, y: (2 * x + y).requires_grad_(),
        lambda x, y: torch.from_numpy(2 * x.numpy() + y.numpy()),
        lambda x, y: print("on my way") or 2 * x + y,
        types.MethodType(lambda self, x, y: 2 * x + y, object()),
    ],
)
def test_every_right_answer_is_right(attempt, capsys):
    assert made().verdict(attempt) == ("correct", "correct.")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("attempt", [..., None, lambda x, y: ...])
def test_a_stub_is_not_attempted(attempt):
    assert made().verdict(attempt) == ("not attempted", "not attempted yet.")


def test_a_known_mistake_reads_its_diagnosis_however_it_is_written():
    assert made().verdict(lambda x, y: x * torch.tensor(2.0)) == ("not yet", "y is not in it.")


def test_mistakes_that_raise_are_known_by_what_they_say():
    def mixed(x, y):
        return x @ y[:1]

    def unpacked(x, y):
        a, b, c, d = x

    wrong = {mixed: "cut too short.", unpacked: "too many names."}
    assert made(wrong=wrong).verdict(lambda x, y: torch.dot(x, y[:1]))[0] == "not yet"
    assert made(wrong=wrong).verdict(lambda x, y: [(a, b, c, d) for a, b, c, d in [x]])[1] == "too many names."


# ---- what goes wrong -------------------------------------------------------------------------------------------------


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def raises(error):
    def attempt(x, y):
        raise error

    return attempt


@pytest.mark.parametrize(
    "error, words",
    [
        (ValueError("x is odd.\nSecond line"), "It stopped at `raise error`: ValueError: x is odd."),
        (ZeroDivisionError(), "It stopped at `raise error`: ZeroDivisionError."),
        (SystemExit(3), "It stopped at `raise error`: SystemExit: 3"),
        (Silent(), "It stopped at `raise error`: Silent"),
        (RuntimeError("long " * 1000), "It stopped at `raise error`: RuntimeError: long"),
        (StopIteration("x"), "It stopped at `raise error`: StopIteration"),
        (MemoryError("x"), "It stopped at `raise error`: MemoryError"),
        (KeyboardInterrupt(), "It stopped at `raise error`: KeyboardInterrupt"),
        (GeneratorExit(), "It stopped at `raise error`: GeneratorExit"),
    ],
)
def test_raising(error, words):
    assert len(says(raises(error), words)) < 300


def test_an_error_names_the_line_of_the_attempt():
    def attempt(x, y):
        z = x[None] @ y[:1]
        return z

    says(attempt, "It stopped at `x[None] @ y[:1]`: (1, N) times (1,) does not fit: N against 1.")


def test_endless_recursion():
    def attempt(x, y):
        return attempt(x, y)

    says(attempt, "It calls itself without end, at `return attempt(x, y)`")


def test_wrong_signature():
    says(lambda x: x, "It has to take 2 arguments, `x, y`; yours takes 1 argument, `x`.")


class twice(torch.nn.Module):
    pass


@pytest.mark.parametrize("attempt", [3, "x", torch.ones(2), [forgot_y], twice])
def test_not_a_function(attempt):
    says(attempt, "This should be a function, and it is a")


def spins(x, y):
    while True:
        pass


def swallows(x, y):
    while True:
        try:
            if done.wait(0.05):  # seldom enough to count as waiting on a slow machine, too
                return  # else it would turn for ever, and make all tests behind it wait for their turn
        except:  # noqa: E722
            pass


def sleeps(x, y):
    done.wait(20)


done = threading.Event()


@pytest.mark.parametrize(
    "attempt, words", [(spins, "still running after 0.2 seconds"), (swallows, "It waited"), (sleeps, "It waited")]
)
def test_looping_for_ever(attempt, words, monkeypatch, capsys):
    monkeypatch.setattr(check, "SECONDS", 0.2)
    done.clear()
    started = time.perf_counter()
    says(attempt, words)
    assert time.perf_counter() - started < 5
    print("here again")  # what is printed goes to the caller again, even while a thread may still run
    assert capsys.readouterr().out == "here again\n"
    done.set()


def test_where_a_thread_has_no_clock_of_its_own_an_attempt_has_its_seconds_all_the_same(monkeypatch):
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)  # as on Windows and macOS
    monkeypatch.setattr(check, "SECONDS", 1)  # importing torch has used more
    assert made().verdict(lambda x, y: time.sleep(0.1) or 2 * x + y)[0] == "correct"


def test_a_loop_is_really_stopped(monkeypatch):
    monkeypatch.setattr(check, "SECONDS", 0.2)
    before = threading.enumerate()
    says(spins, "still running")
    assert all_ended(before), "the attempt still runs"


def all_ended(before, seconds=5):
    """Wait for the threads that were not there before; whether all have ended."""
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(seconds)
    return not any(thread.is_alive() for thread in started)


class Shapeless(torch.Tensor):
    @property
    def shape(self):
        raise RuntimeError("no shape")


def endless_list(x, y):
    inside = []
    inside.append(inside)
    return inside


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x, y: None, "It returns None. Is there a `return` at the end, with a value behind it?"),
        (lambda x, y: "right", "It is the text 'right', expected one tensor of shape (N,)."),
        (lambda x, y: [1, 2, 3], "It is a list of 3, expected one tensor"),
        (lambda x, y: (2 * x + y, x), "It is a tuple of 2, expected one tensor"),
        (lambda x, y: 3.0, "It is the number 3, expected one tensor"),
        (lambda x, y: (2 * x + y).numpy(), "It is a NumPy array of shape (3,), expected one tensor"),
        (lambda x, y: (a for a in x), "It returns a generator: is there a `yield` where a `return` belongs?"),
        (lambda x, y: torch, "It is a module"),
        (lambda x, y: lambda: x, "It returns a function: is it called, with brackets?"),
        (lambda x, y: 2 * x[:2] + y[:2], "The last entries along N, axis 0 are missing; the others are right."),
        (lambda x, y: 2 * x + y + 1j, "`1j` is one term too many"),
        (lambda x, y: (x * y).to_sparse(), "It is a sparse tensor"),
        (lambda x, y: torch.sin(x * y) * 3, "Look at `torch.sin(x * y)`"),
        (lambda x, y: x.as_subclass(Shapeless), "What it returns cannot be compared (RuntimeError). Expected: (N,)."),
        (endless_list, "RecursionError"),
        (lambda x, y: np.array([object()]), "It is a NumPy array"),
    ],
)  # fmt: skip
def test_wrong_kind(attempt, words):
    says(attempt, words)


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x: x.sum().item(), None),
        (lambda x: np.float32(x.sum().item()), None),
        (lambda x: x.sum(), None),
        (lambda x: x.sum()[None], "It is a tensor of shape (1,), expected a number."),
        (lambda x: x.mean(), "It behaves as if `mean` stood where `sum` belongs."),
        (lambda x: x, "It gives `x` back as it came."),
        (lambda x: True, "It is a bool, expected a number"),
    ],
)
def test_numbers(attempt, words):
    exercise = made(answer=lambda x: float(x.sum()), cases=lambda: [(torch.arange(3.0),)], wrong={}, returns="the sum")
    state, sentence = exercise.verdict(attempt)
    assert (state, sentence) == ("correct", "correct.") if words is None else words in sentence


@pytest.mark.parametrize(
    "attempt, words",
    [
        (lambda x: [x, x.sum()], None),
        (lambda x: torch.return_types.max((x, x.sum())), None),
        (lambda x: x, "It gives `x` back as it came."),
        (lambda x: 2 * x, "It returns a tensor of shape (3,), expected 2 values: x and its sum."),
        (lambda x: (x,), "It behaves as if `sum` of `x` were left out."),
        (lambda x: (x[:2], x.sum()), "`x[:2]`: the index `[:2]` is too much"),
        (lambda x: (x + 1, x.sum()), "`1` is one term too many"),
        (lambda x: (x, ...), "The second part is an ellipsis"),
    ],
)
def test_several_values(attempt, words):
    how = {"cases": lambda: [(torch.arange(3.0),)], "wrong": {}, "returns": "x and its sum"}
    state, sentence = made(answer=lambda x: (x, x.sum()), **how).verdict(attempt)
    assert (state, sentence) == ("correct", "correct.") if words is None else words in sentence


# ---- nothing of the caller's is changed ------------------------------------------------------------------------------

KEPT = [(torch.arange(3.0), torch.ones(3))]


def adds_in_place(x, y):
    x += x
    return x + y


def fills_a_view(x, y):
    y[1:] = 0
    return 2 * x + y


def resizes(x, y):
    result = 2 * x + y
    y.unsqueeze_(0)
    return result


@pytest.mark.parametrize(
    "attempt, words",
    [
        (adds_in_place, "It changes its argument `x` in place."),
        (fills_a_view, "`y[1:] = 0`: this line is too much"),
        (resizes, "It changes its argument `y` in place."),
    ],
)
def test_changing_an_argument(attempt, words):
    says(attempt, words, cases=lambda: KEPT)
    assert KEPT[0][0].equal(torch.arange(3.0)) and KEPT[0][1].equal(torch.ones(3))


@pytest.mark.parametrize("change", [lambda list, net: list.pop(), lambda list, net: net.weight.data.zero_()])
def test_changing_a_list_or_a_module(change):
    with torch.random.fork_rng():
        net = torch.nn.Linear(1, 1)
    how = {"cases": lambda: [([torch.ones(1), torch.ones(1)], net)], "wrong": {}}
    says(lambda list, net: (change(list, net), 2.0)[1], "It changes its argument", answer=lambda list, net: 2.0, **how)
    assert net.weight.abs().sum() > 0


def test_a_view_of_an_argument_is_a_value_like_any_other():
    exercise = made(answer=lambda x: x[1:] * 1, cases=lambda: [(torch.arange(3.0),)], wrong={})
    assert exercise.verdict(lambda x: x[1:])[0] == "correct"
    assert exercise.verdict(lambda x: x[:-1])[0] == "not yet"


def test_a_result_that_changes_later_counts_as_it_was():
    kept = torch.zeros(3)

    def attempt(x, y):
        kept[: len(x)] = 2 * x + y
        return kept[: len(x)]

    assert made().verdict(attempt)[0] == "correct"


def test_the_dtype_counts():
    assert made().verdict(lambda x, y: (2 * x + y).double())[0] == "not yet"
    assert made(cases=lambda: [(x.double(), y.double()) for x, y in cases()]).verdict(
        lambda x, y: (2 * x + y).float()
    )[0] == "not yet"  # fmt: skip


def draws(x, y):
    torch.rand(3), np.random.rand(3), random.random()
    torch.set_default_dtype(torch.float64)
    return (2 * x + y).float()


def test_random_numbers_and_defaults_stay():
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    expected = torch.rand(2), np.random.rand(2), random.random()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)

    def drawn_cases():
        torch.rand(7)
        return cases()

    assert made(cases=drawn_cases).verdict(draws)[0] == "correct"
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.rand(2), expected[0]) and (np.random.rand(2) == expected[1]).all()
    assert random.random() == expected[2]


def test_an_attempt_may_use_random_numbers_the_reference_uses():
    exercise = made(answer=lambda x, y: x + torch.rand(len(x)), wrong={})
    assert exercise.verdict(lambda x, y: torch.rand(len(x)) + x)[0] == "correct"


def test_printing_is_swallowed_and_the_verdict_printed_once(capsys):
    def attempt(x, y):
        print("a line")
        sys.stdout.write("another")
        return x

    assert made().check(attempt) is twice_plus
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and out.startswith("✗ twice_plus: ") and out.endswith("Going on with the reference.\n")


# ---- nothing reaches the judge, the page or the interpreter ----------------------------------------------------------

ATTEMPTS = {
    "torch.tanh = lambda a: a * 0": "It changes `torch.tanh`, for the whole page.",
    "F.relu = None": "It changes `F.relu`, for the whole page.",
    "torch.Tensor.__mul__ = lambda a, b: a": "It changes `Tensor.__mul__`, for the whole page.",
    "global words\n    del words": "It changes `words`, for the whole page.",
    "global words\n    words = 3": "It changes `words`, for the whole page.",
    "global fresh\n    fresh = 3": "It changes `fresh`, for the whole page.",
    "words.append(3)": "It changes `words`, for the whole page.",
    "index['a'] = -1": "It changes `index`, for the whole page.",
    "net.weight.data.zero_()": "It changes `net`, for the whole page.",
    "net.eval()": "It changes `net`, for the whole page.",
    "import builtins\n    builtins.len = None": "It changes `builtins.len`, for the whole page.",
    "import sys\n    sys.exit()": "SystemExit",
    "import os\n    os._exit(3)": "SystemExit",
    "exit()": "SystemExit",
    "input()": "SystemExit",
    "import threading\n    threading.Thread(target=spin, daemon=True).start()": "It starts a thread that lives on",
    "import _thread\n    _thread.start_new_thread(spin, ())": "It starts a thread that lives on",
    "print('x' * 2**20 * 1000)": "correct.",
    "[0] * 10**13": "MemoryError",
    "yield x": "It returns a generator: is there a `yield` where a `return` belongs?",
    "import os, sys\n    os.environ['A'], sys.path[:] = '3', []": "correct.",
    "import warnings\n    warnings.simplefilter('error')\n    torch.set_num_threads(1)": "correct.",
}


def on_a_page(body):
    """A page with a few names of its own, and the attempt that runs `body` before a right answer."""
    space = {"torch": torch, "F": torch.nn.functional, "words": [1, 2], "index": {"a": 1}, "net": torch.nn.Linear(1, 1),
             "spin": spins_alone, "exit": exit, "__builtins__": builtins}  # fmt: skip
    exec(f"def twice_plus(x, y):\n    {body}\n    return 2 * x + y\n", space)
    return space, space["twice_plus"]


def spins_alone():
    while True:
        pass


@pytest.mark.parametrize("body", ATTEMPTS)
def test_a_hostile_attempt_ends_in_a_sentence_and_everything_is_as_before(body):
    spaces = torch, torch.nn.functional, torch.Tensor, builtins, os
    before, environment = [dict(vars(space)) for space in spaces], dict(os.environ)
    page, attempt = on_a_page(body)
    names, kept = dict(page), copy.deepcopy({name: page[name] for name in ("words", "index")})
    weight, threads = page["net"].weight.clone(), threading.enumerate()
    sentence = made().verdict(attempt)[1]
    assert ATTEMPTS[body] in sentence
    assert page == names and kept == {name: page[name] for name in kept}
    assert torch.equal(page["net"].weight, weight) and page["net"].training
    for space, was in zip(spaces, before, strict=True):
        assert {name: thing for name, thing in vars(space).items() if was.get(name) is not thing} == {}
        assert vars(space).keys() == was.keys()
    assert dict(os.environ) == environment and all_ended(threads)
    assert made().verdict(attempt)[1] == sentence, "the same attempt, another sentence"


def test_a_thread_that_tells_of_its_end_is_left_in_peace(monkeypatch):
    told = []

    def tell(args):
        until = time.monotonic() + 0.3  # on a slow machine it takes longer than the first of several SystemExits waits
        while time.monotonic() < until:
            pass
        told.append(args.exc_type)

    monkeypatch.setattr(threading, "excepthook", tell)
    assert made().verdict(on_a_page("import threading\n    threading.Thread(target=spin).start()")[1])[0] == "not yet"
    assert told == [SystemExit]


def test_a_coroutine_is_named():
    async def attempt(x, y):
        return 2 * x + y

    says(attempt, "It returns a coroutine: leave out the `async`.")


def test_a_lambda_without_source_is_judged():
    says(eval("lambda x, y: 2 * x"), "y is not in it.")
    says(eval("lambda x, y: (x + y).sin()"), "The first is at")
    assert made().verdict(eval("lambda x, y: 2 * x + y"))[0] == "correct"


def test_a_replaced_function_does_not_fool_the_judge():
    def curved(x):
        return torch.tanh(x)

    def attempt(x):
        torch.tanh = lambda a: a * 0
        return torch.zeros_like(x)

    exercise = made(answer=curved, cases=lambda: [(torch.arange(3.0),)], wrong={})
    assert exercise.verdict(attempt)[0] == "not yet" and torch.tanh(torch.ones(1)) > 0.7


def test_a_thread_that_lives_on_does_not_abort_python_at_its_end():
    program = """if True:
        import threading, time, torch
        from tests.test_exercises import made
        def works():
            while True:
                try:
                    torch.rand(200, 200) @ torch.rand(200, 200)
                except:
                    pass
        def attempt(x, y):
            threading.Thread(target=works, daemon=True).start()
            return 2 * x + y
        print(made().verdict(attempt)[1])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "a thread that lives on" in done.stdout, done


def test_an_attempt_that_takes_ever_more_memory_is_stopped(monkeypatch):
    monkeypatch.setattr(guard, "MEMORY", 2**27)

    def attempt(x, y):
        kept = []
        while True:
            kept.append(torch.ones(2**18))

    says(attempt, "It took more and more memory")


# ---- the gradient ----------------------------------------------------------------------------------------------------


def learning():
    return [(torch.arange(3.0), torch.ones(3, requires_grad=True))]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x, y: (2 * x + y).detach(),
        lambda x, y: torch.tensor((2 * x + y).tolist()),
        lambda x, y: 2 * x + y.data,
        torch.no_grad()(lambda x, y: 2 * x + y),
    ],
)
def test_an_answer_that_cuts_the_gradient(attempt):
    says(attempt, "The values are right, but no gradient can flow back", cases=learning)
    assert made().verdict(attempt)[0] == "correct"  # where none is asked for
    assert made(cases=learning).verdict(lambda x, y: 2 * x + y)[0] == "correct"


def test_a_cut_is_laid_to_what_stands_in_the_text_and_to_nothing_else():
    said = says(lambda x, y: (2 * x + y).detach(), "look at `.detach()`.", cases=learning)
    assert "no_grad" not in said
    said = says(lambda x, y: 2 * x + torch.as_tensor([v.__float__() for v in y]), "its numbers are", cases=learning)
    assert "`" not in said


def test_numbers_are_asked_for_and_not_tensors_whose_graph_is_gone():
    def slope(x, y):
        """x (N,), y (N,) -> the sum, a number."""
        total = (x * y).sum()
        total.backward()
        return total.item()

    def holds(x, y):
        total = (x * y).sum()
        total.backward()
        return total

    said = "The values are right, but they are tensors that still hang on their graph: give the numbers."
    assert made(answer=slope, cases=learning, wrong={}).verdict(holds)[1] == said


def test_a_check_runs_on_one_thread_and_gives_the_others_back():
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        assert made().verdict(lambda x, y: seen.append(torch.get_num_threads()) or 2 * x + y)[0] == "correct"
        assert seen == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_no_gradient_mode_of_the_caller_is_not_held_against_an_attempt():
    with torch.no_grad():
        assert made(cases=learning).verdict(lambda x, y: 2 * x + y)[0] == "correct"


# ---- the learner stops it --------------------------------------------------------------------------------------------


@pytest.fixture
def listens_to_interrupts():
    """A shell starts what it runs in the background deaf to interrupts; a kernel always listens."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_while_an_attempt_runs_stops_it(listens_to_interrupts):
    before, state = threading.enumerate(), torch.get_rng_state()
    threading.Timer(0.3, _thread.interrupt_main).start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        made().verdict(spins)
    assert time.perf_counter() - started < 5 and torch.equal(torch.get_rng_state(), state)
    assert all_ended(before)


# ---- check, hints, solution, progress --------------------------------------------------------------------------------


def test_check_returns_a_working_function_either_way(capsys):
    exercise = made()
    assert exercise.check(lambda x, y: ...) is twice_plus and exercise.state == "not attempted"
    assert exercise.check(forgot_y) is twice_plus and exercise.state == "not yet"
    right = lambda x, y: y + 2 * x  # noqa: E731
    assert exercise.check(right) is right and exercise.state == "correct"
    assert exercise.check(twice_plus) is twice_plus and exercise.state == "correct"
    assert capsys.readouterr().out.splitlines() == [
        "· twice_plus: not attempted yet. Going on with the reference.",
        "✗ twice_plus: y is not in it. Going on with the reference.",
        "✓ twice_plus: correct.",
        "· twice_plus: this is the reference. Run your own cell again first.",
    ]


def test_a_sentence_is_shown_as_text_whatever_stands_in_it():
    sentence = Sentence("✗ a: <b>x</b> & y")
    assert repr(sentence) == "✗ a: <b>x</b> & y" and ">✗ a: &lt;b&gt;x&lt;/b&gt; &amp; y<" in sentence._repr_html_()


def test_hints_and_solution():
    exercise = made()
    assert exercise.hint().data == "Add." and exercise.hint(2).data == "Add y."
    with pytest.raises(ValueError, match="number must be 1 to 2, the hints there are, not 3"):
        exercise.hint(3)
    assert exercise.folded().count("<details>") == 2
    assert "return 2 * x + y" in exercise.solution().data


def test_progress_counts(capsys):
    lesson = types.ModuleType("lesson")
    lesson.first, lesson.second, lesson.third, lesson.other = made(), made(), made(), 3
    lesson.first.state, lesson.second.state = "correct", "not yet"
    progress(lesson)
    assert capsys.readouterr().out == "✓ twice_plus\n✗ twice_plus\n· twice_plus\n1 of 3 done\n"
    with pytest.raises(TypeError, match="lesson must be an exercise module such as nb01_rnn_basics, not a str"):
        progress("nb01_rnn_basics")


def test_eigenvalues_of_nan_are_refused_and_do_not_kill_the_kernel():
    def with_radius(weight, radius):
        return weight * radius / torch.linalg.eigvals(weight * float("nan")).abs().max()

    plain = torch.linalg.eigvals
    state, sentence = nb04_vanishing_gradients.with_radius.verdict(with_radius)
    assert state == "not yet" and "float('nan')" in sentence
    assert torch.linalg.eigvals is plain


# ---- what stands around an attempt stays as it was


@pytest.mark.parametrize("held", [[torch.ones(3, requires_grad=True) * 2], {"a": torch}, [iter("ab")]])
def test_what_cannot_be_copied_on_the_page_is_no_fault_of_an_attempt(held):
    space = {"values": held}
    exec("def attempt(x, y):\n    return 2 * x + y + 0 * len(values)\n", space)
    assert made().verdict(space["attempt"])[0] == "correct"


def test_what_is_put_back_is_the_same_thing_and_its_gradient_too():
    net, w = torch.nn.Linear(3, 1), torch.zeros(3)
    space = {"torch": torch, "net": net, "w": w, "row": w[:1], "params": [w], "nets": {"a": net}}
    body = "params.append(x); nets['b'] = 1; w.add_(1); net(torch.ones(3)).sum().backward()"
    exec(f"def attempt(x, y):\n    {body}\n    return 2 * x + y\n", space)
    made().verdict(space["attempt"])
    assert len(space["params"]) == 1 and space["params"][0] is w and space["nets"] == {"a": net}
    assert space["row"].item() == 0 and net.weight.grad is None
    net.weight.grad = torch.ones(1, 3)
    made().verdict(space["attempt"])
    assert net.weight.grad.tolist() == [[1, 1, 1]]


RIGHT = "2 * x + y"


@pytest.mark.parametrize(
    "body, answer, words",
    [
        ("pass", f"{RIGHT} + 0 * len(ring)", "correct"),
        ("pass", f"{RIGHT} + 0 * w.grad.sum()", "correct"),
        ("wide.requires_grad_()", RIGHT, "It changes `wide`"),
        ("w.add_(x.clone().requires_grad_().sum())", RIGHT, "It changes `w`"),
    ],
)
def test_odd_things_on_the_page_are_looked_at_and_put_back(body, answer, words):
    w, ring = torch.zeros(3), [1]
    w.grad = torch.ones(3)
    ring.append(ring)
    space = {"w": w, "ring": ring, "wide": torch.zeros(1).expand(3)}
    exec(f"def attempt(x, y):\n    {body}\n    return {answer}\n", space)
    state, sentence = made().verdict(space["attempt"])
    assert words in (state, sentence) or words in sentence, sentence
    assert w.tolist() == [0, 0, 0] and w.is_leaf and not w.requires_grad and not space["wide"].requires_grad


def test_an_interrupt_while_the_reference_runs_comes_through():
    def interrupted(x, y):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(answer=interrupted, wrong={}).verdict(lambda x, y: 2 * x + y)


def test_a_gradient_that_is_overwritten_is_no_stop():
    def attempt(x, y):
        h = torch.tanh(y)
        h *= x
        return h

    says(attempt, "is overwritten in place", answer=lambda x, y: torch.tanh(y) * x, wrong={}, cases=learning)


def test_minus_infinity_cuts_no_gradient():
    said = says(lambda x, y: (2 * x + y).clamp(float("-inf")).clone().detach_(), "its numbers are", cases=learning)
    assert "float(" not in said


def test_settings_other_generators_and_warnings_stay(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)

    def attempt(x, y):
        torch.set_printoptions(precision=1), torch.autograd.set_detect_anomaly(True)
        warnings.warn("look here", stacklevel=1)
        return 2 * x + y

    assert made().verdict(attempt)[0] == "correct"
    assert not seeded and repr(torch.tensor(1.23456)) == "tensor(1.2346)" and not torch.is_anomaly_enabled()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        made().verdict(attempt)
        seen.clear()  # those of the attempt itself
        attempt(1, 2)
    torch.set_printoptions(profile="default"), torch.autograd.set_detect_anomaly(False)
    assert "look here" in [str(warning.message) for warning in seen]


def test_a_bar_of_progress_is_no_thread_that_lives_on(monkeypatch):
    monkeypatch.setattr(tqdm, "monitor", None)
    attempt = lambda x, y: torch.stack([2 * a + b for a, b in tqdm(zip(x, y, strict=True), disable=False)])  # noqa: E731
    assert made().verdict(attempt)[0] == "correct"


def test_what_is_displayed_is_swallowed_too(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for space, names in ((builtins, ("display", "__IPYTHON__")), (sys, ("ps1", "ps2", "ps3"))):
        for name in names:
            monkeypatch.setattr(space, name, None, raising=False)
    InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}), ipython_dir=str(tmp_path))
    try:
        with capture_output() as seen:
            made().verdict(lambda x, y: display(x) or 2 * x + y)
        assert not seen.outputs
    finally:
        InteractiveShell.clear_instance()
