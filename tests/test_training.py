"""The loop against a loop written out, interrupts that leave no trace, and everything that is refused."""

import hashlib
import random
import re

import jupyter_client
import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, TensorDataset

from rnnlab import checkpoints, training
from rnnlab.models import Reader

EPOCHS = 3


def toy_data(rows=50, T=4, I=3, V=2):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, T, I, generator=generator)
    return x, (x[:, 0, 0] > 0).long()


class Noisy(nn.Sequential):
    """A model that draws random numbers of its own while it learns."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Dropout(0.3), nn.Linear(12, 2))


def parts(drawn=0, model=None, train=None):
    """Everything a run is made of, built anew as a restarted kernel would; drawn: how many numbers were drawn before.

    The seed is that of the run, as in the same cell run again; the weights and the random numbers are others.
    """
    training.seed_everything(0)
    torch.rand(drawn), [random.random() for _ in range(drawn)], np.random.rand(drawn)
    model = model or Noisy()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    train = train or training.Batches(*toy_data(), size=8, shuffle=True)
    schedule = OneCycleLR(optimizer, max_lr=0.05, total_steps=EPOCHS * len(train))
    return {"model": model, "train": train, "optimizer": optimizer, "schedule": schedule, "clip": 0.5}


def fit(parts, epochs=EPOCHS, **more):
    return training.fit(**parts, epochs=epochs, valid=training.Batches(*toy_data(20)), show=False, **more)


def same(a, b):
    """Equal to the last bit, all the way down."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


class Stream(IterableDataset):
    """Examples one after the other; nobody knows how many."""

    def __iter__(self):
        return zip(*toy_data(), strict=True)


# ---- the loop


@pytest.mark.parametrize(
    "batches",
    [
        lambda: training.Batches(*toy_data(), size=8, shuffle=True),
        lambda: DataLoader(TensorDataset(*toy_data()), 8, shuffle=True),
    ],
)
def test_fit_is_the_loop_a_learner_would_write(batches):
    run = parts(train=batches())
    run["model"].eval()  # whatever it did before, now it learns
    history = fit(run)

    theirs = parts(train=batches())
    model, optimizer, schedule = theirs["model"], theirs["optimizer"], theirs["schedule"]
    losses = []
    for _ in range(EPOCHS):
        total = 0
        for x, y in theirs["train"]:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(y)
        losses.append(total / 50)
    assert same(run["model"].state_dict(), model.state_dict())
    assert history.loss == losses and len(history.seconds) == EPOCHS


def test_the_schedule_and_the_clip_are_used():
    runs = [parts(), {**parts(), "clip": None}, {**parts(), "schedule": None}]
    for run in runs:
        training.seed_everything(0)
        fit(run)
    weights = [run["model"].state_dict() for run in runs]
    assert not same(weights[0], weights[1]) and not same(weights[0], weights[2])


def test_it_learns_labels_labels_at_every_step_and_numbers():
    x, y = toy_data(200)
    cases = [
        ("last", 2, y, training.cross_entropy),
        ("each", 2, (x[..., 0] > 0).long(), training.cross_entropy),
        ("last", 1, x[:, -1:, 0], nn.functional.mse_loss),
    ]
    for reading, V, target, loss in cases:
        training.seed_everything(0)
        model = Reader(3, 8, V, reading=reading)
        train = training.Batches(x, target, size=20, shuffle=True)
        history = training.fit(
            model, train, torch.optim.Adam(model.parameters(), 0.02), 8, loss=loss, valid=train, show=False
        )
        assert history.loss[-1] < history.loss[0] / 2
        accuracy = history.valid_accuracy[-1]
        assert accuracy is None if loss is nn.functional.mse_loss else accuracy > 0.9


def test_batches_hold_every_row_once():
    x, y = torch.arange(10), torch.arange(10) * 2
    batches = training.Batches(x, y, size=4, shuffle=True)
    cut = list(batches)
    assert len(batches) == len(cut) == 3 and [len(x) for x, _ in cut] == [4, 4, 2]
    assert torch.equal(torch.cat([x for x, _ in cut]).sort().values, x)
    assert all(torch.equal(2 * x, y) for x, y in cut)
    assert not same(list(batches), cut)
    assert same(list(training.Batches(x, y, size=4)), [(x[:4], y[:4]), (x[4:8], y[4:8]), (x[8:], y[8:])])


def test_seed_everything_seeds_all_three():
    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    training.seed_everything(3)
    first = draw()
    training.seed_everything(3)
    assert draw() == first and len(set(first)) == 3


# ---- evaluation


def test_evaluation_does_not_depend_on_how_the_rows_are_cut():
    x, y = toy_data(50)
    model = Noisy()
    whole, *cut = (training.evaluate(model, training.Batches(x, y, size=size)) for size in (50, 49, 7, 1))
    right = (model.eval()(x).argmax(dim=1) == y).sum().item()
    assert whole.accuracy == right / 50
    for score in cut:
        assert score == pytest.approx(whole, rel=1e-6)


def test_evaluation_leaves_the_model_as_it_was():
    model = Noisy()
    before = {name: w.clone() for name, w in model.state_dict().items()}
    for mode in (True, False):
        score = training.evaluate(model.train(mode), training.Batches(*toy_data()))
        assert model.training is mode and same(model.state_dict(), before)
        assert score == training.evaluate(model, training.Batches(*toy_data()))  # no dropout
    assert all(p.grad is None for p in model.parameters())


# ---- interrupts


class Interrupted:
    """Batches that are interrupted before one of them, as by the learner's stop button."""

    def __init__(self, batches, at):
        self.batches, self.left = batches, at

    def __getattr__(self, name):
        return getattr(self.batches, name)

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        for batch in self.batches:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield batch


def assert_same_run(history, run, whole_history, whole):
    for name in ("loss", "valid_loss", "valid_accuracy"):
        assert getattr(history, name) == getattr(whole_history, name)
    for name in ("model", "optimizer", "schedule"):
        assert same(run[name].state_dict(), whole[name].state_dict())


@pytest.mark.parametrize("at", [0, 3, 6, 7, 10, 13, 14, 20])
def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path, at):
    whole = parts()
    whole_history = fit(whole, checkpoint=tmp_path / "whole")
    after = torch.rand(1), random.random(), np.random.rand()

    first = parts()
    with pytest.raises(KeyboardInterrupt):
        fit({**first, "train": Interrupted(first["train"], at)}, checkpoint=tmp_path / "run")
    second = parts(drawn=99)  # a new kernel: other weights and random numbers
    history = fit(second, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(history, second, whole_history, whole)
    assert (torch.rand(1), random.random(), np.random.rand()) == after
    assert same(checkpoints.read(tmp_path / "run")["best"], checkpoints.read(tmp_path / "whole")["best"])


def test_interrupted_twice_and_in_the_evaluation_and_while_saving(tmp_path, monkeypatch):
    whole = parts()
    whole_history = fit(whole)
    run, path = parts(), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit({**run, "train": Interrupted(run["train"], 9)}, checkpoint=path)
    run = parts(drawn=5)
    with pytest.raises(KeyboardInterrupt):
        training.fit(
            **run,
            epochs=EPOCHS,
            valid=Interrupted(training.Batches(*toy_data(20)), 0),
            show=False,
            checkpoint=path,
            resume=True,
        )
    run = parts(drawn=6)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.replace", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        fit(run, checkpoint=path, resume=True)
    assert [file.name for file in tmp_path.iterdir()] == ["run"]
    run = parts(drawn=7)
    assert_same_run(fit(run, checkpoint=path, resume=True), run, whole_history, whole)


@pytest.mark.parametrize("own", ["loader", "sampler", None])
def test_a_data_loader_goes_on_too(tmp_path, own):
    def loaded(drawn):
        data, generator = TensorDataset(*toy_data()), torch.Generator().manual_seed(drawn) if own else None
        order = {"sampler": RandomSampler(data, generator=generator)} if own == "sampler" else {"shuffle": True}
        return parts(drawn, train=DataLoader(data, 8, generator=generator if own == "loader" else None, **order))

    whole, first, second = loaded(0), loaded(0), loaded(9)
    training.seed_everything(0)
    whole_history = fit(whole)
    training.seed_everything(0)
    with pytest.raises(KeyboardInterrupt):
        fit({**first, "train": Interrupted(first["train"], 9)}, checkpoint=tmp_path / "run")
    assert_same_run(fit(second, checkpoint=tmp_path / "run", resume=True), second, whole_history, whole)


def test_a_finished_run_has_nothing_left_to_do_and_can_be_made_longer(tmp_path):
    whole = {**parts(), "schedule": None}
    whole_history = fit(whole, epochs=5)
    run = {**parts(), "schedule": None}
    fit(run, checkpoint=tmp_path / "run")
    again = {**parts(drawn=4), "schedule": None}
    assert len(fit(again, checkpoint=tmp_path / "run", resume=True).loss) == EPOCHS
    assert same(again["model"].state_dict(), run["model"].state_dict())
    assert fit(again, epochs=5, checkpoint=tmp_path / "run", resume=True).loss == whole_history.loss


def test_the_best_epoch_is_kept(tmp_path):
    run = {**parts(), "schedule": None, "clip": None}
    run["optimizer"] = torch.optim.SGD(run["model"].parameters(), lr=30.0)  # jumps about
    history = fit(run, epochs=8, checkpoint=tmp_path / "run")
    assert history.best == history.valid_loss.index(min(history.valid_loss)) + 1 < 8
    fresh = Noisy()
    assert training.load_best(tmp_path / "run", fresh) == history.best
    valid = training.evaluate(fresh, training.Batches(*toy_data(20)))
    assert valid == (history.valid_loss[history.best - 1], history.valid_accuracy[history.best - 1])
    assert not same(fresh.state_dict(), run["model"].state_dict())


def test_the_file_is_one_that_torch_reads(tmp_path):
    run = parts()
    fit(run, checkpoint=tmp_path / "run")
    assert same(torch.load(tmp_path / "run", weights_only=True)["model"], run["model"].state_dict())


# ---- refusals


def refused(words, error=ValueError):
    return pytest.raises(error, match=words)


def batches_of(x, y):
    return training.Batches(x, y, size=8)


x, y = toy_data()
odd_x, odd_y = x.clone(), y.clone()
odd_x[20, 1, 2], odd_y[30] = torch.nan, 2


@pytest.mark.parametrize(
    "train, error, words",
    [
        (batches_of(odd_x, y), ValueError, "holds NaN, expected finite"),
        (batches_of(odd_x.nan_to_num(torch.inf), y), ValueError, "holds infinity, expected finite"),
        (batches_of(x, odd_y), ValueError, "labels go from 0 to 2, expected 0 to 1 for 2 logits"),
        (batches_of(x, y - 1), ValueError, "labels go from -1 to 0, expected 0 to 1 for 2 logits"),
        (batches_of(x, y[:, None]), ValueError, r"target has shape \(8, 1\), expected \(8,\)"),
        (batches_of(x, y.float()), TypeError, "target has dtype torch.float32, expected labels of dtype torch.int64"),
        ([], ValueError, "train is empty, expected at least one batch"),
        (iter([]), ValueError, "train gave no batch in epoch 1, expected something to go through again and again"),
    ],
)
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_batches_that_make_no_sense_are_refused_before_they_do_harm(train, error, words, cell):
    model = Reader(3, 4, 2, cell, reading="max")
    with refused(words, error):
        training.fit(model, train, torch.optim.Adam(model.parameters(), 0.01), 1, show=False)
    assert all(w.isfinite().all() for w in model.parameters())
    with refused(re.sub("train .*", "batches is empty, expected at least one batch", words), error):
        training.evaluate(model, train)


def test_a_loss_that_is_no_number_is_refused_before_it_reaches_the_weights():
    model = Noisy()
    with refused("the loss is nan in epoch 1 on finite inputs, expected a number: train anew with a smaller"):
        training.fit(
            model,
            batches_of(x, y),
            torch.optim.SGD(model.parameters(), 0.1),
            1,
            show=False,
            loss=lambda logits, y: training.cross_entropy(logits, y) * torch.nan,
        )
    assert all(w.isfinite().all() for w in model.parameters())


@pytest.mark.parametrize(
    "change, words",
    [
        ({"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
        ({"resume": True}, "resume is True but checkpoint is None"),
        ({"epochs": EPOCHS + 1}, "schedule has 21 steps left, expected at least 28: 4 epochs of 7 batches"),
    ],
)
def test_plans_that_make_no_sense_are_refused(change, words):
    with refused(words):
        fit(parts(), **change)


def test_a_resumed_run_counts_the_steps_its_schedule_has_left(saved):
    with refused("schedule has 14 steps left, expected at least 21: 3 epochs of 7 batches"):
        fit(parts(), epochs=EPOCHS + 1, checkpoint=saved, resume=True)


@pytest.mark.parametrize(
    "tensors, size, words",
    [
        ((x, y[:40]), 8, r"tensors have \[50, 40\] rows"),
        ((), 8, r"tensors have \[\] rows"),
        ((x[:0], y[:0]), 8, r"tensors have \[0, 0\] rows"),
        ((x, y), 0, "size is 0, expected a whole number of at least 1"),
    ],
)
def test_batches_that_cannot_be_cut_are_refused(tensors, size, words):
    with refused(words):
        training.Batches(*tensors, size=size)


# ---- checkpoints that are missing, damaged, or another run's


@pytest.fixture
def saved(tmp_path):
    fit(parts(), epochs=1, checkpoint=tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[:1000],
        lambda content: b"",
        lambda content: content + b"x",
        lambda content: b"<html>not found</html>" * 9,
        *(
            lambda content, at=at: content[:at] + bytes([content[at] ^ 4]) + content[at:][1:]
            for at in (0, 999, -40, -1)
        ),
    ],
)
def test_a_damaged_checkpoint_is_refused_whole(saved, damage):
    content = damage(saved.read_bytes())
    saved.write_bytes(content)
    run = parts(drawn=8)
    before = {name: w.clone() for name, w in run["model"].state_dict().items()}
    for attempt in (lambda: fit(run, checkpoint=saved, resume=True), lambda: training.load_best(saved, run["model"])):
        with refused(f"run is damaged or no checkpoint of fit \\({len(content):,} bytes whose checksum is wrong"):
            attempt()
    assert same(run["model"].state_dict(), before) and saved.read_bytes() == content


def test_a_checkpoint_torch_itself_saved_is_refused(saved):
    torch.save(Noisy().state_dict(), saved)
    with refused("is damaged or no checkpoint of fit"):
        training.load_best(saved, Noisy())


class Calls:
    """Unpickled, it would call a function."""

    def __reduce__(self):
        return print, ("called",)


def test_a_checkpoint_that_would_run_something_is_refused(tmp_path, capsys):
    torch.save({"model": Calls()}, tmp_path / "run")
    content = (tmp_path / "run").read_bytes()
    (tmp_path / "run").write_bytes(content + hashlib.sha256(content).digest())
    with refused("run holds other things than numbers and names, expected a checkpoint of fit"):
        training.load_best(tmp_path / "run", Noisy())
    assert capsys.readouterr().out == ""


def test_another_file_of_the_same_form_is_refused(tmp_path):
    checkpoints.write(tmp_path / "run", {"weights": torch.ones(3)})
    with refused("run is the checkpoint of another run: it has no best: build the model as there"):
        training.load_best(tmp_path / "run", Noisy())


def with_sgd(run):
    run["optimizer"] = torch.optim.SGD(run["model"].parameters(), 0.05)
    return {**run, "schedule": OneCycleLR(run["optimizer"], 0.05, total_steps=21)}


def other_run(**change):
    return lambda: {**parts(drawn=8), **change}


class Wider(Noisy):
    """Says the same of itself as `Noisy` and holds other shapes."""

    def __init__(self):
        super().__init__()
        self[2].weight = nn.Parameter(torch.zeros(3, 12))

    def __repr__(self):
        return repr(Noisy())


@pytest.mark.parametrize(
    "other, words",
    [
        (lambda: parts(model=Reader(3, 4, 2)), r"another run: its model is Noisy\(.*, yours is Reader\("),
        (
            lambda: parts(model=Wider()),
            r"another run: the shape of its 2.weight is \(2, 12\), that of yours is \(3, 12\)",
        ),
        (other_run(schedule=None), "its schedule is OneCycleLR, yours is NoneType"),
        (other_run(clip=None), "another run: its clip is 0.5, yours is None"),
        (
            other_run(train=batches_of(x[:20], y[:20])),
            "another run: its number of batches is 7, yours is 3; its training data is sha256 .*, yours is sha256",
        ),
        (lambda: with_sgd(parts(drawn=8)), "its optimizer is Adam, yours is SGD"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused_and_nothing_changes(saved, other, words):
    run, content = other(), saved.read_bytes()
    before = {name: w.clone() for name, w in run["model"].state_dict().items()}
    with refused(words):
        fit(run, checkpoint=saved, resume=True)
    assert same(run["model"].state_dict(), before) and saved.read_bytes() == content


def test_readings_are_part_of_what_a_model_is(tmp_path):
    model = Reader(3, 4, 2, reading="max")
    optimizer = torch.optim.Adam(model.parameters())
    training.fit(model, batches_of(x, y), optimizer, 1, checkpoint=tmp_path / "run", show=False)
    with refused("another run: its model is Reader.*reading='max'.* yours is Reader.*reading='last'"):
        training.load_best(tmp_path / "run", Reader(3, 4, 2, reading="last"))


def test_a_missing_checkpoint_and_an_unfinished_first_epoch(tmp_path):
    for attempt in (
        lambda: fit(parts(), checkpoint=tmp_path / "run", resume=True),
        lambda: training.load_best(tmp_path / "run", Noisy()),
    ):
        with refused(r"cannot read the checkpoint .*run \(No such file or directory\)", OSError):
            attempt()
    run = parts()
    with pytest.raises(KeyboardInterrupt):
        fit({**run, "train": Interrupted(run["train"], 3)}, checkpoint=tmp_path / "run")
    with refused("run holds no finished epoch, expected at least one: train on with resume=True"):
        training.load_best(tmp_path / "run", Noisy())


def test_a_folder_that_cannot_be_written_is_refused_before_training(read_only_folder):
    with refused(r"cannot write the checkpoint .* \(Permission denied\), nothing was written: make room, or", OSError):
        fit(parts(), checkpoint=read_only_folder / "run")
    assert list(read_only_folder.iterdir()) == []


def test_a_full_disk_leaves_the_checkpoint_that_was_there(saved, full_disk):
    content = saved.read_bytes()
    run = parts(drawn=8)
    with full_disk(1000), refused("cannot write the checkpoint .*, the checkpoint that was there is whole", OSError):
        fit(run, checkpoint=saved, resume=True)
    assert saved.read_bytes() == content and [file.name for file in saved.parent.iterdir()] == ["run"]
    history, whole = fit(run, checkpoint=saved, resume=True), parts()
    assert_same_run(history, run, fit(whole), whole)


# ---- progress: a bar for those who watch, one line an epoch for the page


def test_each_epoch_prints_one_line(capsys):
    training.fit(**parts(), epochs=2)
    training.fit(**parts(), epochs=1, valid=training.Batches(*toy_data(20)))
    line = r"epoch {}/{} · loss \d\.\d\d"
    assert re.fullmatch(
        f"{line.format(1, 2)}\n{line.format(2, 2)}\n{line.format(1, 1)} · valid \\d+%\n", capsys.readouterr().out
    )


CELL = """
import torch
from rnnlab import training
training.seed_everything(0)
model = torch.nn.Linear(2, 2)
data = training.Batches(torch.ones(200, 2), torch.ones(200).long(), size=1)
history = training.fit(model, data, torch.optim.SGD(model.parameters(), 0.1), 1)
"""


def test_a_bar_in_a_browser_and_no_trace_of_it_on_a_stored_page():
    manager, client = jupyter_client.manager.start_new_kernel()
    try:
        seen = {}
        for name, metadata in (("stored", {}), ("browser", {"cellId": "fit"})):  # JupyterLab names the cell it runs
            request = client.session.msg("execute_request", {"code": CELL, "silent": False}, metadata=metadata)
            client.shell_channel.send(request)
            seen[name] = []
            while True:
                message = client.get_iopub_msg(timeout=180)
                if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                    continue
                if message["content"].get("execution_state") == "idle":
                    break
                seen[name].append((message["msg_type"], message["content"].get("text", "")))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    written = {name: "".join(text for kind, text in all_ if kind == "stream") for name, all_ in seen.items()}
    assert set(written.values()) == {"epoch 1/1 · loss 0.06\n"}  # a busy kernel may send it in two pieces
    assert {kind for kind, _ in seen["stored"]} == {"status", "execute_input", "stream"}
    assert "display_data" in {kind for kind, _ in seen["browser"]}


def test_one_number_a_row_is_no_choice_among_classes():
    def loss(answer, target):
        return nn.functional.binary_cross_entropy_with_logits(answer, target.float())

    one = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    assert training.evaluate(one, batches_of(x, y[:, None]), loss).accuracy is None
    assert training.evaluate(nn.Sequential(one, nn.Flatten(0)), batches_of(x, y), loss).accuracy is None


def test_batches_that_nobody_can_count_are_learned_from():
    assert len(fit({**parts(), "train": DataLoader(Stream(), 8), "schedule": None}).loss) == EPOCHS
