"""A challenge measures a good model, and survives a broken one, one that cheats, and whoever looks for the answers."""

import json
import os
import re
import subprocess
import sys
import threading
import time

import matplotlib
import pytest
import torch
from torch import nn

from rnnlab import challenge_judges, challenge_records, challenge_runs, challenges, folders, language
from rnnlab.challenge_records import Record
from rnnlab.datasets import digits, reviews
from rnnlab.models import Reader
from rnnlab.training import Batches, fit

matplotlib.use("agg")
BUDGET = 0.5
page = {}  # what stands on the learner's page


@pytest.fixture(autouse=True)
def records(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "challenges"


def load():
    random = torch.Generator().manual_seed(0)
    x = torch.randn(120, 3, 2, generator=random)
    y = (x[:, 0, 0] > 0).long()
    return challenges.Data(x[:80], y[:80]), Batches(x[80:], y[80:], size=15)


def tiny_challenge(budget):
    return challenges.Challenge("tiny", "say the sign;", 2, budget, load, lambda: {"guessing": 0.5, "best": 0.97})


@pytest.fixture
def tiny():
    return tiny_challenge(BUDGET)


def good(data, seed, clock):
    model = Reader(2, 8, 2, "gru", "max")
    adam = torch.optim.Adam(model.parameters(), 0.05)
    fit(model, Batches(data.x, data.y, size=20, shuffle=True), adam, 8, show=False)
    return model


def certain(data, seed, clock):
    """Right always, at no cost."""
    return lambda x: torch.stack([-x[:, 0, 0], x[:, 0, 0]], dim=1)


def said(challenge, capsys, train, **options):
    assert challenge.measure(train, **options) is None
    return capsys.readouterr().out


# ---- what counts


def test_a_good_model_is_measured_kept_and_drawn(capsys, records):
    tiny = tiny_challenge(10)
    out = said(tiny, capsys, good, seeds=(0, 1, 2), who="Ada")
    kept = [json.loads(path.read_text()) for path in records.glob("*.json")]
    assert len(kept) == 1 and kept[0]["who"] == "Ada" and kept[0]["seeds"] == [0, 1, 2]
    mean, low, high = sum(kept[0]["scores"]) / 3, min(kept[0]["scores"]), max(kept[0]["scores"])
    assert mean > 0.7 and all(0 < seconds < 11 for seconds in kept[0]["seconds"])
    assert f"mean {mean:.1%}, from {low:.1%} to {high:.1%}, 3 seeds" in out
    assert f"{mean:6.1%}  → you" in out and "number 1." in out
    where = [line.split("  ")[-1] for line in out.splitlines() if line.startswith("  ")]
    assert where.index("→ you") < where.index("guessing") == len(where) - 1  # where it stands among the marks

    out = said(tiny, capsys, certain)
    assert "100.0%  → you" in out.splitlines()[1] and f"number 2, your best was {mean:.1%}" in out
    ax = tiny.history()
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([100 * mean, 100])
    assert "guessing, at 50" in ax.figure.get_label()


def test_the_share_is_that_of_the_held_out_part_over_examples(tiny, capsys, records):
    said(tiny, capsys, lambda data, seed, clock: lambda x: torch.tensor([[0.0, 1.0]]).expand(len(x), 2))
    _, batches = load()
    labels = torch.cat([y for _, y in batches])
    assert json.loads(next(records.iterdir()).read_text())["scores"] == [labels.double().mean().item()]


def test_each_run_gets_the_seed_and_data_nobody_has_touched(tiny, capsys):
    def spoil(data, seed, clock):
        assert data.x.std() > 0.5 and torch.initial_seed() == seed
        data.x.zero_(), data.y.zero_()
        model = certain(data, seed, clock)
        return lambda x: (model(x), x.zero_())[0]

    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    assert "3 seeds" in said(tiny, capsys, spoil, seeds=[3, 4, 5])
    assert torch.random.get_rng_state().equal(before)
    assert said(tiny, capsys, spoil, seeds=[3]).startswith("tiny, seed 3: 100.0% right")


def test_a_model_is_judged_as_in_evaluation_without_gradients(tiny, capsys):
    class Looks(nn.Module):
        def forward(self, x):
            assert not self.training and not torch.is_grad_enabled()
            return certain(None, 0, None)(x)

    assert "100.0%" in said(tiny, capsys, lambda data, seed, clock: Looks())


# ---- what does not count


def test_a_stub_runs_nothing_and_loads_nothing(capsys, records):
    def mine(data, seed, clock):
        """Build and train a model."""
        return ...

    unused = challenges.Challenge("tiny", "say;", 2, BUDGET, lambda: 1 / 0, dict)
    assert said(unused, capsys, mine) == "· tiny: not attempted yet. Fill in mine, and run this cell again.\n"
    assert not records.exists()
    assert not any(map(challenge_runs.stub, (good, print, certain, challenges.Challenge)))


def diverged(data, seed, clock):
    return lambda x: torch.full((len(x), 2), torch.nan)


def late(data, seed, clock):
    while True:
        torch.randn(100, 100) @ torch.randn(100, 100)


def stubborn(data, seed, clock):
    """Swallows whatever stops it, and comes back with a model after twice the budget and more."""
    end = time.process_time() + 3 * BUDGET + challenge_runs.SLACK
    while time.process_time() < end:
        try:
            while time.process_time() < end:
                sum(range(1000))
        except BaseException:
            pass
    return certain(data, seed, clock)


def slow_to_answer(data, seed, clock):
    return lambda x: late(None, 0, None)


def broken(data, seed, clock):
    return data.x[10**6]


def leaves(data, seed, clock):
    exit()


ready = certain(None, 0, None)


def prepared(data, seed, clock):
    return ready


held = digits.Digits(torch.zeros(2, 28, 28), torch.zeros(2).long(), "packaged", "held out")


def peeks(data, seed, clock):
    return helper()


def helper():
    return held.images


@pytest.mark.parametrize(
    "train, why",
    [
        (broken, r"broken raised IndexError, line \d+ of broken: index 1000000 is out of bounds"),
        (leaves, "leaves raised SystemExit"),
        (lambda data: 0, "raised TypeError"),
        (lambda data, seed, clock: None, "returned None, expected a model to call: is a `return` missing?"),
        (lambda data, seed, clock: data.x, "returned a tensor of shape"),
        (lambda data, seed, clock: {0: ...}.get(0), "is not filled in yet"),
        (lambda data, seed, clock: lambda x: x, r"gives the shape \(15, 3, 2\) for \(15, 3, 2\), expected \(15, 2\)"),
        (lambda data, seed, clock: lambda x: x[0], "gives the shape"),
        (lambda data, seed, clock: lambda x: x.tolist(), "gives a list"),
        (lambda data, seed, clock: lambda x, lengths: x, "the model of <lambda> raised TypeError"),
        (diverged, "NaN or infinity"),
        (late, "late was stopped: its 0.5 processor seconds are used up"),
        (stubborn, r"stubborn took [23]\.\d processor seconds, the budget is 0.5|stubborn was stopped"),
        (slow_to_answer, "the model of slow_to_answer was stopped"),
        (prepared, "prepared returned ready, which was there before the clock started"),
        (peeks, "peeks uses held, which holds data it is judged on"),
    ],
    ids=lambda value: getattr(value, "__name__", "")[:20],
)
def test_what_does_not_count_gets_a_sentence_and_leaves_no_record(tiny, capsys, records, train, why):
    before = threading.enumerate()
    out = said(tiny, capsys, train, seeds=(0, 1))
    assert out.startswith("✗ tiny, seed 0: ") and out.endswith("Nothing is kept.\n") and out.count("\n") == 1
    assert re.search(why, out), out
    assert not records.exists()
    for watching in set(threading.enumerate()) - set(before):
        watching.join(5)
        assert not watching.is_alive(), "something could come after it"
    assert "100.0%" in said(tiny, capsys, certain)


def test_one_run_that_fails_takes_the_others_with_it(tiny, capsys, records):
    def sometimes(data, seed, clock):
        return certain(data, seed, clock) if seed != 2 else None

    out = said(tiny, capsys, sometimes, seeds=(0, 1, 2))
    assert "seed 1: 100.0%" in out and "✗ tiny, seed 2: " in out and not records.exists()


def test_who_catches_exceptions_of_his_own_is_stopped_too(tiny, capsys):
    def catches(data, seed, clock):
        while True:
            try:
                late(data, seed, clock)
            except Exception:
                pass

    start = time.process_time()
    assert "was stopped" in said(tiny, capsys, catches)
    assert time.process_time() - start < BUDGET + 1


def test_an_interrupt_ends_it_quietly(tiny, capsys, records):
    def stop(data, seed, clock):
        raise KeyboardInterrupt

    assert said(tiny, capsys, stop) == "✗ tiny: interrupted. Nothing is kept.\n" and not records.exists()


def test_the_clock_tells_what_is_left(tiny, capsys):
    def careful(data, seed, clock):
        assert clock.budget == BUDGET and 0 <= clock.share <= 1 and "of 0.5" in repr(clock)
        left = clock.left
        while clock.left > 0.3:
            sum(range(10_000))
        assert clock.left < left <= BUDGET and clock.used == pytest.approx(BUDGET - clock.left, abs=0.05)
        return certain(data, seed, clock)

    out = said(tiny, capsys, careful)
    assert "100.0% right, 0.2 processor seconds" in out


# ---- bits per character


def next_letters():
    """A text in which each of five letters is followed by itself or by the next, and rows of 30 to be judged on."""
    random = torch.Generator().manual_seed(0)
    text = torch.randint(2, (2000,), generator=random).cumsum(0) % 5
    x, y = text[-661:-1].view(22, 30), text[-660:].view(22, 30)
    return challenges.Data(text[:1000], text[1:1001]), Batches(x, y, size=8)


@pytest.fixture
def text():
    return challenges.Challenge("text", "say;", 5, 10, next_letters, lambda: {"luck": 1.5, "best": 1.0}, "bits")


def pairs(x):
    """Logits of the letter after each letter alone: half the next, half the same."""
    return torch.where((torch.arange(5) - x[..., None]) % 5 < 2, 0.0, -30.0)


class Both(nn.Module):
    """Reads in both directions, as no model of text may."""

    def __init__(self):
        super().__init__()
        self.read = nn.GRU(5, 4, batch_first=True, bidirectional=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.read(nn.functional.one_hot(x, 5).float())[0])


def test_bits_are_those_of_the_letters_that_came_and_less_is_better(text, capsys, records):
    out = said(text, capsys, lambda data, seed, clock: lambda x: torch.zeros(*x.shape, 5) + 7)
    assert "text, seed 0: 2.322 bits, 0." in out  # log2(5)
    assert [line.split()[-1] for line in out.splitlines()[1:4]] == ["best", "luck", "you"]
    out = said(text, capsys, lambda data, seed, clock: lambda x: (pairs(x), "a state"), seeds=(0, 1), who="Ada")
    assert "mean 1.000, from 1.000 to 1.000, 2 seeds" in out and "your best was 2.322" in out
    out = said(text, capsys, lambda data, seed, clock: lambda x: pairs(x) / 30)
    assert "your best was 1.000" in out
    _, judged = next_letters()
    costs = torch.cat([-(pairs(x) / 30).log_softmax(2).gather(2, y[..., None]).flatten() for x, y in judged])
    newest = max((json.loads(path.read_text()) for path in records.iterdir()), key=lambda kept: kept["when"])
    assert newest["scores"] == [pytest.approx((costs.mean() / torch.tensor(2.0).log()).item(), abs=1e-5)]
    ax = text.history()
    assert ax.get_ylabel() == "bits per character" and len(ax.lines[0].get_ydata()) == 3
    (records / "bob.json").write_text(json.dumps(newest | {"who": "Bob"}))
    table = challenges.main([str(records)]).splitlines()
    assert table[0] == "text, 10 processor seconds, bits per character"
    assert [line.split()[0] for line in table[2:]] == ["Ada", "Bob", "challenges"]  # the fewest bits first


def remembers(data, seed, clock):
    seen = []

    def model(x):
        seen.append(x)
        return pairs(x) + len(seen) % 2

    return model


@pytest.mark.parametrize(
    "model, why",
    [
        (Both(), "the model looks ahead: its answer after a letter changes with letters that come later"),
        (lambda x: pairs(x.roll(-1, 1)), "the model looks ahead"),
        (lambda x: pairs(x) + x.float().mean(), "the model looks ahead"),
        (lambda x: pairs(x).softmax(2), "the model gives shares that add up to 1, expected logits"),
        (lambda x: pairs(x).where(pairs(x) == 0, -torch.inf), "did the training diverge, or has a letter the share 0"),
        (lambda x: pairs(x)[:, -1], r"gives the shape \(8, 5\) for \(8, 30\), expected \(8, 30, 5\), a logit for each"),
        (lambda x: (), "gives a tuple"),
        (lambda x: nn.functional.one_hot(x, 5) * 1e8, "did the training diverge"),
        (lambda x: nn.functional.dropout(pairs(x)), "gives other numbers when asked the same again"),
        (remembers(None, 0, None), "gives other numbers when asked the same again"),
    ],
)
def test_a_model_of_text_that_has_read_the_answer_or_gives_none_is_refused(text, model, why):
    _, judged = next_letters()
    with pytest.raises(challenge_judges.Refused, match=why):
        challenge_judges.bits(model, judged, 5)


# ---- the held-out part


def reachable(thing, depth=4):
    """All that public names lead to."""
    if depth == 0:
        return
    yield thing
    for name in dir(thing):
        if not name.startswith("_") and isinstance(thing, challenges.Challenge):
            yield from reachable(getattr(thing, name), depth - 1)
    for name, value in getattr(thing, "__dict__", {}).items():
        if not name.startswith("_"):
            yield from reachable(value, depth - 1)


def test_the_held_out_part_cannot_be_reached_by_accident(tiny, capsys):
    seen = []

    def looks(data, seed, clock):
        seen.extend(data)
        return certain(data, seed, clock)

    said(tiny, capsys, looks)
    _, batches = load()
    for thing in [*reachable(tiny), *seen]:
        assert not isinstance(thing, Batches)
        if isinstance(thing, torch.Tensor) and thing.ndim == 3:
            for x, _ in batches:
                assert not any(row.equal(other) for row in thing for other in x)
    for name in ("held_out", "test", "judged", "data", "train", "x", "y"):
        with pytest.raises(AttributeError, match=f"a challenge has no '{name}': `measure` hands"):
            getattr(tiny, name)


# ---- records


def record(**changes):
    made = dict(challenge="digits", who="Ada", when="2026-01-01T00:00:00+00:00", budget=20, measure="right")
    return {**made, "seeds": [0], "scores": [0.9], "seconds": [3.0], **changes}


BROKEN = {
    "half": '{"challenge": "digits", "who"',
    "list": "[1, 2]",
    "deep": "[" * 50_000,
    "empty": "",
    "missing": json.dumps({"challenge": "digits"}),
    "nan": json.dumps(record(scores=[float("nan")])),
    "above": json.dumps(record(scores=[1.5])),
    "text": json.dumps(record(scores=["0.9"])),
    "uneven": json.dumps(record(seeds=[0, 1])),
    "none": json.dumps(record(seeds=[], scores=[], seconds=[])),
    "late": json.dumps(record(seconds=[500.0])),
    "huge": json.dumps(record(budget=10**400)),
    "name": json.dumps(record(challenge="../digits")),
    "long": json.dumps(record(who="a" * 70_000)),
    "who": json.dumps(record(who=7)),
    "measure": json.dumps(record(measure="points")),
    "list_measure": json.dumps(record(measure=["right"])),
}


def test_a_class_is_compared_and_a_broken_record_gets_a_line(tmp_path):
    for who, accuracy in (("Ada", [0.91, 0.93]), ("Ada", [0.5]), ("Bob\x1b[2J\n\u202eevil", [0.95]), ("", [0.7])):
        folder = tmp_path / "class" / "carla"
        folder.mkdir(parents=True, exist_ok=True)
        n = len(list(folder.iterdir()))
        row = record(who=who, scores=accuracy, seeds=list(range(len(accuracy))), seconds=[1.0] * len(accuracy))
        (folder / f"{n}.json").write_text(json.dumps(row))
    for name, text in BROKEN.items():
        (tmp_path / "class" / f"{name}.json").write_text(text)
    (tmp_path / "class" / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "class" / "folder.json").mkdir()
    (tmp_path / "class" / "notes.txt").write_text("no record")
    table = challenges.main([str(tmp_path / "class")])
    lines = table.splitlines()
    assert lines[0] == "digits, 20 processor seconds, right (%)"
    assert [line.split()[0] for line in lines[2:5]] == ["Bob?[2J??evil", "Ada", "carla"]
    assert lines[3].split() == ["Ada", "92.0", "91.0-93.0", "2", "2"]  # the better of two calls, of two seeds
    assert all(char.isprintable() for line in lines for char in line)
    said = {line.split(": ")[1] for line in lines if line.startswith("not counted: ")}
    assert said == {f"{name}.json" for name in [*BROKEN, "bytes", "folder"]}
    assert "path leads" in table and max(map(len, lines)) < 200


def test_one_command_prints_the_table(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(record()))
    call = [sys.executable, "-m", "rnnlab.challenges"]
    done = subprocess.run([*call, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0 and "Ada" in done.stdout and not done.stderr
    (tmp_path / "two.json").write_text(json.dumps(record(who="지민")))
    done = subprocess.run([*call, tmp_path], capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0 and b"Ada" in done.stdout and b"??" in done.stdout
    for arguments in ([], [str(tmp_path / "nowhere")], ["a", "b"]):
        done = subprocess.run([*call, *arguments], capture_output=True, text=True)
        assert done.returncode == 1 and "expected" in done.stderr and "Traceback" not in done.stderr
    assert challenges.main([str(tmp_path)]) and challenge_records.table(tmp_path / "..") and tmp_path.exists()


def test_an_empty_folder_has_no_record(tmp_path, tiny):
    assert challenge_records.table(tmp_path) == "no record in this folder"
    with pytest.raises(ValueError, match="tiny has no record yet"):
        tiny.history()


def test_a_folder_that_takes_no_file_costs_the_record_alone(tiny, capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "file"))
    out = said(tiny, capsys, certain)
    assert "100.0%  → you" in out and "Not kept: your cache folder takes no file" in out
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / ("a" * 300)))
    assert "Not kept: your cache folder takes no file" in said(tiny, capsys, certain)
    with pytest.raises(ValueError, match="expected a folder of records"):
        challenges.main([str(tmp_path / ("a" * 300))])


def test_a_name_too_long_is_refused_before_the_training(tiny):
    with pytest.raises(ValueError, match="who is .*, expected at most 200"):
        tiny.measure(lambda data, seed, clock: 1 / 0, who="x" * 201)


def test_a_run_that_ends_while_it_is_looked_at_is_hit_by_nothing_later():
    class Held:
        budget = 1.0

        @property
        def left(self):
            time.sleep(0.3)  # the watcher is held up between its look at the call and its throw
            return -0.01

    try:
        challenge_runs.within(Held(), lambda: time.sleep(0.1), "train")
    except challenge_judges.Refused:
        pass
    for _ in range(50):
        time.sleep(0.01)  # an OverBudget would land here


def test_a_record_is_written_whole_or_not_at_all(full_disk, records):
    one = Record(**record())
    with full_disk(10), pytest.raises(OSError):
        challenge_records.write(one)
    assert list(records.iterdir()) == []
    path = challenge_records.write(one)
    assert challenge_records.read(path)[:-1] == one[:-1] and path.parent == folders.cache() / "challenges"


# ---- those of the course


@pytest.mark.parametrize("make", challenges.ALL, ids=lambda make: make.__name__)
def test_a_challenge_of_the_course_loads_and_stands_among_its_marks(make):
    challenge = make()
    assert challenge.name == make.__name__ and f"{challenge.budget:g} processor seconds" in repr(challenge)
    marks = challenge.marks()
    shares = challenge.counts == "right"
    assert len(marks) >= 2 and all(0.05 < mark < 1 if shares else 1 < mark < 7 for mark in marks.values())
    data, judged = challenge._load()
    *inputs, labels = next(iter(judged))
    assert len(data.x) == len(data.y) > len(labels)
    assert 0 <= labels.min() and labels.max() < challenge.classes
    assert f"{len(data.y):,} " in challenge.task
    assert f"{sum(y.numel() for *_, y in judged):,} held out" in challenge.task
    worst = min(marks, key=marks.get) if shares else max(marks, key=marks.get)
    assert worst == ("always the same answer" if shares else "nothing known")


def test_the_letters_are_those_of_the_page_and_the_held_out_ones_are_not():
    data, judged = challenges.letters()._load()
    train, held_out = reviews.load()
    known = set(train.texts)
    page = language.encode("\n".join(map(language.plain, train.texts[:4500])))
    assert data.x.equal(page[:-1]) and data.y.equal(page[1:])
    text = language.decode(torch.cat([x.flatten() for x, _ in judged]))
    rows = torch.cat([torch.cat([x, y[:, -1:]], dim=1) for x, y in judged])
    assert rows[1:, 0].equal(rows[:-1, -1])  # x and y go on from row to row
    seen = {language.plain(review) for review in held_out.texts[::25] if review not in known}
    pieces = set(text.split("\n"))
    assert not any(review in pieces for review in seen if len(review) > 200)
