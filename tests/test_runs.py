"""What a run is made of and what makes another one of it: nothing is lost, and nothing nonsensical is silent."""

import random

import numpy as np
import pytest
import torch
from test_training import EPOCHS, Interrupted, Noisy, batches_of, parts, refused, same, toy_data
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler, TensorDataset

from rnnlab import checkpoints, runs, training

x, y = toy_data()


def fit(run, epochs=EPOCHS, **more):
    more = {"valid": batches_of(*toy_data(20)), "show": False} | more
    return training.fit(**run, epochs=epochs, **more)


# ---- whatever numbers a learner passes, what `fit` writes `load_best` reads, and a stopped run goes on to the same


def built(schedule=None, lr=0.05, clip=None, model=None, **options):
    """A function that builds a run anew, from numbers of any kind."""

    def build(drawn=0):
        run = {**parts(drawn), "schedule": None, "clip": clip}
        run["model"] = model() if model else run["model"]
        run["optimizer"] = torch.optim.Adam(run["model"].parameters(), lr, **options)
        run["schedule"] = schedule and schedule(run["optimizer"])
        return run

    return build


class Halves:
    """A rule for LambdaLR that is an object with numbers of NumPy's."""

    def __init__(self):
        self.factor, self.at = np.float32(0.7), [np.int64(2)]

    def __call__(self, step):
        return self.factor if step > self.at[0] else np.float64(1)


class Remembers(Noisy):
    """A model with a state beside its weights."""

    def __init__(self, kept=None):
        super().__init__()
        self.kept = np.float64(0.5) if kept is None else kept

    def get_extra_state(self):
        return {"kept": self.kept}

    def set_extra_state(self, state):
        self.kept = state["kept"]


NUMBERS = {
    "float64": built(lr=np.logspace(-2, -1, 3)[1]),
    "float32": built(lr=np.float32(0.05)),
    "0-d array": built(lr=np.array(0.05)[()]),
    "tensor": built(lr=torch.tensor(0.05)),
    "integer": built(lr=1),
    "betas": built(betas=(np.float64(0.8), 0.99), weight_decay=np.float32(0.01)),
    "clip": built(clip=np.float32(0.5)),
    "tensor clip": built(clip=torch.tensor(0.5)),
    "OneCycle": built(lambda adam: lr_scheduler.OneCycleLR(adam, np.float64(0.1), total_steps=21)),
    "OneCycle float32": built(lambda adam: lr_scheduler.OneCycleLR(adam, np.float32(0.1), total_steps=21)),
    "gamma": built(lambda adam: lr_scheduler.StepLR(adam, np.int64(2), gamma=np.float64(0.7))),
    "gamma float32": built(lambda adam: lr_scheduler.StepLR(adam, 2, gamma=np.float32(0.7))),
    "exponential": built(lambda adam: lr_scheduler.ExponentialLR(adam, np.float32(0.97)), lr=np.float64(0.05)),
    "milestones": built(lambda adam: lr_scheduler.MultiStepLR(adam, np.array([5, 9]), gamma=0.5)),
    "cosine": built(lambda adam: lr_scheduler.CosineAnnealingLR(adam, np.int64(21), eta_min=np.float32(0.001))),
    "rule": built(lambda adam: lr_scheduler.LambdaLR(adam, lambda step: np.cos(step / 30))),
    "object": built(lambda adam: lr_scheduler.LambdaLR(adam, Halves())),
    "in turn": built(
        lambda adam: lr_scheduler.SequentialLR(
            adam,
            [lr_scheduler.ConstantLR(adam, np.float32(0.5)), lr_scheduler.ExponentialLR(adam, np.float64(0.9))],
            [np.int64(4)],
        )
    ),
    "extra state": built(model=Remembers),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_run_of_any_numbers_is_kept_and_goes_on(tmp_path, kind):
    build = NUMBERS[kind]
    whole = build()
    history = fit(whole, checkpoint=tmp_path / "whole")
    assert training.load_best(tmp_path / "whole", build()["model"]) == history.best
    stopped = build()
    with pytest.raises(KeyboardInterrupt):
        fit({**stopped, "train": Interrupted(stopped["train"], 11)}, checkpoint=tmp_path / "run")
    again = build(drawn=9)
    assert fit(again, checkpoint=tmp_path / "run", resume=True).loss == history.loss
    for name in ("model", "optimizer"):
        mine, theirs = (checkpoints.plain(run[name].state_dict()) for run in (again, whole))
        assert same(mine, theirs)


@pytest.mark.parametrize("kind", ["float64", "OneCycle", "object", "in turn"])
def test_a_run_goes_on_with_the_very_objects_it_was_stopped_with(tmp_path, kind):
    """The cell that builds them need not run again."""
    whole = NUMBERS[kind]()
    history = fit(whole)  # without a checkpoint, which changes nothing
    run = NUMBERS[kind]()
    with pytest.raises(KeyboardInterrupt):
        fit({**run, "train": Interrupted(run["train"], 11)}, checkpoint=tmp_path / "run")
    assert fit(run, checkpoint=tmp_path / "run", resume=True).loss == history.loss
    assert same(run["model"].state_dict(), whole["model"].state_dict())


class Curve:
    """A rule for LambdaLR that holds an array."""

    def __init__(self):
        self.curve = np.linspace(1, 0, 30)

    def __call__(self, step):
        return self.curve[step]


@pytest.mark.parametrize(
    "build, words",
    [
        (
            built(lambda adam: lr_scheduler.LambdaLR(adam, Curve())),
            r"the schedule's state\['lr_lambdas'\]\[0\]\['curve'\]",
        ),
        (
            built(model=lambda: Remembers(np.ones(3))),
            r"the model's state\['_extra_state'\]\['kept'\] is of type ndarray",
        ),
        (built(model=lambda: Remembers(random.Random())), "is of type Random, which no checkpoint holds, expected num"),
    ],
)
def test_what_no_file_can_hold_is_refused_before_the_first_batch(tmp_path, build, words):
    run = build()
    before = {name: w.clone() for name, w in run["model"].named_parameters()}
    with refused(words):
        fit(run, checkpoint=tmp_path / "run")
    assert same(dict(run["model"].named_parameters()), before) and not (tmp_path / "run").exists()
    fit(run)  # without a checkpoint it is as good as any


# ---- parts that do not belong together


def test_the_optimizer_of_another_model_is_refused():
    run = parts()
    with refused("optimizer holds none of the model's weights that learn, so nothing would change: build it from"):
        fit({**run, "model": Noisy()})
    for weight in run["model"].parameters():
        weight.requires_grad = False
    with refused("optimizer holds none of the model's weights that learn"):
        fit(run)


def test_an_optimizer_of_a_part_of_the_model_is_fine():
    run = {**parts(), "schedule": None}
    run["optimizer"] = torch.optim.SGD([run["model"][2].bias, nn.Parameter(torch.ones(1))], 0.1)
    assert len(fit(run).loss) == EPOCHS


def test_the_schedule_of_another_optimizer_is_refused():
    with refused("schedule moves another optimizer, expected one that is built on the optimizer you give"):
        fit({**parts(), "schedule": parts()["schedule"]})


def test_a_schedule_that_needs_a_score_is_refused():
    run = parts()
    for schedule in (lr_scheduler.ReduceLROnPlateau(run["optimizer"]), 0.1, run["optimizer"]):
        with refused(f"schedule is {type(schedule).__name__}, expected one of torch.optim.lr_scheduler", TypeError):
            fit({**run, "schedule": schedule})


@pytest.mark.parametrize("clip", [-1, 0, np.nan, np.inf, "1.0", True, torch.ones(2)])
def test_a_clip_that_makes_no_sense_is_refused(clip):
    run = parts()
    before = {name: w.clone() for name, w in run["model"].state_dict().items()}
    with refused("clip is .*, expected a number above 0", (ValueError, TypeError)):
        fit({**run, "clip": clip})
    assert same(run["model"].state_dict(), before)


# ---- another run than the one in the file


def adam(run, **options):
    return {**run, "schedule": None, "optimizer": torch.optim.Adam(run["model"].parameters(), **options)}


def cycle(run, **options):
    options = {"max_lr": 0.05, "total_steps": 21} | options
    return {**run, "schedule": lr_scheduler.OneCycleLR(run["optimizer"], **options)}


def seeded(run):
    training.seed_everything(1)
    return run


PLAIN = {
    "learning rate": (lambda run: adam(run, lr=0.01), "its learning rate is 0.05, yours is 0.01: give fit what"),
    "betas": (lambda run: adam(run, lr=0.05, betas=(0.8, 0.9)), r"its betas is \[0.9, 0.999\], yours is \[0.8, 0.9\]"),
    "seed": (lambda run: seeded(adam(run, lr=0.05)), "its seed is 0, yours is 1"),
    "data": (
        lambda run: {**adam(run, lr=0.05), "train": training.Batches(x + 1, y, size=8, shuffle=True)},
        "its training data is sha256 [0-9a-f]{12}…, yours is sha256 [0-9a-f]{12}…: give fit what that",
    ),
    "batch size": (
        lambda run: {**adam(run, lr=0.05), "train": training.Batches(x, y, size=7)},
        "its number of batches is 7, yours is 8; its batch size is 8, yours is 7",
    ),
    "clip": (lambda run: {**adam(run, lr=0.05), "clip": 1.0}, "its clip is 0.5, yours is 1.0"),
}


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("what", PLAIN)
def test_a_run_resumed_otherwise_says_what_differs(tmp_path, what, finished):
    path = tmp_path / "run"
    fit(adam(parts(), lr=0.05), epochs=EPOCHS if finished else 1, checkpoint=path)
    change, words = PLAIN[what]
    run, content = change(parts()), path.read_bytes()
    before = {name: w.clone() for name, w in run["model"].state_dict().items()}
    with refused(f"run is the checkpoint of another run: .*{words}"):
        fit(run, checkpoint=path, resume=True)
    assert same(run["model"].state_dict(), before) and path.read_bytes() == content
    fit(adam(parts(drawn=5), lr=0.05), checkpoint=path, resume=True)  # the same call goes on


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda run: cycle(run, max_lr=0.1), "its largest learning rate is 0.05, yours is 0.1"),
        (lambda run: cycle(run, total_steps=42), "its schedule's total_steps is 21, yours is 42"),
        (
            lambda run: {**run, "schedule": lr_scheduler.StepLR(run["optimizer"], 5)},
            "schedule is OneCycleLR, yours is S",
        ),
    ],
)
def test_another_schedule_is_said(tmp_path, change, words):
    fit(parts(), epochs=1, checkpoint=tmp_path / "run")
    with refused(words):
        fit(change(parts()), checkpoint=tmp_path / "run", resume=True)


def test_validation_added_or_dropped_is_said(tmp_path):
    for name, valid, words in (
        ("a", None, "its validation data is None, yours is sha256"),
        ("b", batches_of(*toy_data(20)), "its validation data is sha256 .*, yours is None"),
    ):
        fit(parts(), epochs=1, checkpoint=tmp_path / name, valid=valid)
        with refused(words):
            fit(parts(), checkpoint=tmp_path / name, resume=True, valid=None if valid else batches_of(*toy_data(20)))


def test_fewer_epochs_than_are_done_are_said(tmp_path):
    fit({**parts(), "schedule": None}, checkpoint=tmp_path / "run")
    with refused("its number of epochs is 3 by now, yours is 2"):
        fit({**parts(), "schedule": None}, epochs=2, checkpoint=tmp_path / "run", resume=True)


def test_the_advice_for_a_loss_that_is_no_number_works(tmp_path):
    """As a cell that is changed and run again: a smaller learning rate, or a clip, and everything else as it was."""

    def cell(lr, **options):
        run = {**adam(parts(), lr=lr), "clip": None}
        run["optimizer"] = torch.optim.SGD(run["model"].parameters(), lr)
        return training.fit(
            **run | options, epochs=3, show=False, checkpoint=tmp_path / "run", resume="auto", loss=squared
        )

    def squared(logits, y):
        return ((logits - 3) ** 2).mean()

    with refused("the loss is (inf|nan) in epoch .*: train anew with a smaller learning rate or clip=1.0"):
        cell(1e3)
    assert cell(0.01).loss[-1] < 9
    with refused("the loss is (inf|nan)"):
        cell(1e3)
    assert np.isfinite(cell(1e3, clip=1.0).loss).all()


# ---- resume="auto": what a page that is run again needs


def test_auto_starts_goes_on_and_shows_the_same_page(tmp_path, capsys):
    path = tmp_path / "run.pt"
    whole = parts()
    fit(whole, show=True, checkpoint=path, resume="auto")
    page = capsys.readouterr().out
    assert page.count("\n") == EPOCHS
    again = parts()
    fit(again, show=True, checkpoint=path, resume="auto")
    assert capsys.readouterr().out == page and same(again["model"].state_dict(), whole["model"].state_dict())
    path.unlink()
    run = parts()
    with pytest.raises(KeyboardInterrupt):
        fit({**run, "train": Interrupted(run["train"], 9)}, checkpoint=path, resume="auto")
    capsys.readouterr()
    again = parts(drawn=5)
    fit(again, show=True, checkpoint=path, resume="auto")
    assert capsys.readouterr().out == page and same(again["model"].state_dict(), whole["model"].state_dict())
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_auto_says_that_a_file_is_of_another_run_and_keeps_it(tmp_path, capsys):
    path = tmp_path / "run.pt"
    fit(adam(parts(), lr=0.05), checkpoint=path)
    old = path.read_bytes()
    run = adam(parts(), lr=0.01)
    fit(run, checkpoint=path, resume="auto")
    assert capsys.readouterr().out == (
        "run.pt is of another run: its learning rate is 0.05, yours is 0.01. It is kept as run.pt.before, "
        "and this run starts anew.\n"
    )
    fit(whole := adam(parts(), lr=0.01))
    assert same(run["model"].state_dict(), whole["model"].state_dict())
    assert (tmp_path / "run.pt.before").read_bytes() == old
    path.write_bytes(b"half")
    fit(adam(parts(), lr=0.01), checkpoint=path, resume="auto")
    assert capsys.readouterr().out.startswith("run.pt is of another run: it is damaged or no checkpoint of fit. It is ")
    assert (tmp_path / "run.pt.before2").read_bytes() == b"half" and (tmp_path / "run.pt.before").read_bytes() == old


def test_what_cannot_be_kept_is_not_written_over(tmp_path):
    path = tmp_path / ("n" * 250)  # with .before it is too long a name
    fit(adam(parts(), lr=0.05), checkpoint=path)
    old = path.read_bytes()
    with refused("It cannot be kept as .*, and nothing was changed", OSError):
        fit(adam(parts(), lr=0.01), checkpoint=path, resume="auto")
    assert path.read_bytes() == old


# ---- data that can be compared, and data that cannot


def test_the_data_of_loaders_are_compared():
    data = TensorDataset(x, y)
    alike = [training.Batches(x, y, size=3), DataLoader(data), DataLoader(TensorDataset(x.clone(), y.clone()), 7)]
    assert len({runs.contents(batches) for batches in alike}) == 1
    inner = Subset(data, range(2, 6))
    others = [
        DataLoader(Subset(inner, [0, 1])),
        DataLoader(Subset(inner, [2, 3])),
        DataLoader(data, sampler=SubsetRandomSampler([6, 7])),
        training.Batches(x[1:], y[1:]),
        training.Batches(x.double(), y),
        DataLoader(Subset(data, [0, 1])),
        DataLoader(Subset(data, [1, 0])),
        training.Batches(x.transpose(0, 1).reshape(50, 4, 3), y),
    ]
    assert len({runs.contents(batches) for batches in (*alike, *others)}) == 1 + len(others)
    assert runs.contents(None) is None
    for unseen in ([(x, y)], DataLoader([(x[0], y[0])]), object()):
        assert runs.contents(unseen) == runs.UNSEEN


def test_data_that_cannot_be_compared_are_taken_on_trust(tmp_path):
    run = {**parts(), "train": list(parts()["train"])}
    fit(run, epochs=1, checkpoint=tmp_path / "run")
    assert (
        len(fit({**parts(), "train": list(parts()["train"])}, checkpoint=tmp_path / "run", resume=True).loss) == EPOCHS
    )


def test_a_run_of_another_machine_is_read(tmp_path):
    """With other numbers of accelerators: their random numbers cannot come back, the weights do."""
    fit(parts(), epochs=1, checkpoint=tmp_path / "run")
    state = checkpoints.read(tmp_path / "run")
    state["random"]["cuda"] = [torch.get_rng_state()] * (torch.cuda.device_count() + 1)
    checkpoints.write(tmp_path / "run", state)
    assert len(fit(parts(), checkpoint=tmp_path / "run", resume=True).loss) == EPOCHS


@pytest.mark.parametrize(
    "change, words",
    [
        ({"loss": lambda a, b: None}, r"the loss is None in epoch 1, expected one number in a tensor, as a mean is"),
        ({"loss": lambda a, b: 0.5}, r"the loss is 0.5 in epoch 1, expected one number"),
        ({"loss": lambda a, b: a.sum(dim=1)}, r"the loss is a tensor of shape \(8,\) in epoch 1, expected one number"),
        ({"loss": lambda a, b: a.detach().sum()}, "the loss in epoch 1 does not depend on the model's weights"),
        ({"loss": None}, "loss is None, expected a function"),
        ({"objective": 3}, "objective is 3, expected a function"),
        ({"valid": 3}, r"valid is 3, expected batches \(\*inputs, target\)"),
        ({"valid": iter([])}, "valid can be gone through once, expected batches for 3 epochs: make it a list"),
        ({"valid": []}, "valid is empty, expected at least one batch"),
        ({"checkpoint": ""}, "checkpoint is '', expected a path"),
        ({"checkpoint": "~nobody-at-all/run"}, "checkpoint is '~nobody-at-all/run', expected a path"),
        ({"checkpoint": 3}, "checkpoint is 3, expected a path"),
        ({"checkpoint": "a\0b"}, "checkpoint is .*, expected a path"),
        ({"checkpoint": "x", "resume": "yes"}, "resume is 'yes', expected True, False or 'auto'"),
        ({"epochs": True}, "epochs is True, expected a whole number"),
        ({"epochs": 1.5}, "epochs is 1.5, expected a whole number"),
    ],
)
def test_calls_that_make_no_sense_are_refused(change, words):
    with refused(words, (ValueError, TypeError)):
        fit(parts(), **change)


@pytest.mark.parametrize(
    "train, words",
    [
        ([x], r"a batch is a tensor of shape \(50, 4, 3\), expected \(\*inputs, target\), the target a tensor"),
        ([(x,)], r"a batch is a tuple, expected \(\*inputs, target\)"),
        ([(x, None)], r"a batch is a tuple, expected \(\*inputs, target\)"),
        ([{"x": x, "y": y}], r"a batch is a dict, expected \(\*inputs, target\)"),
        (None, r"train is None, expected batches \(\*inputs, target\), such as Batches\(x, y\)"),
        (x, r"train is a tensor of shape \(50, 4, 3\), expected batches"),
        (iter([(x, y)]), "train can be gone through once, expected batches for 3 epochs: make it a list"),
    ],
)
def test_batches_of_another_form_are_refused(train, words):
    with refused(words, (ValueError, TypeError)):
        fit({**parts(), "train": train, "schedule": None})


def test_weights_that_the_last_step_has_spoiled_reach_no_checkpoint(tmp_path):
    """The loss before that step was finite, and no later batch would notice."""
    run = adam(parts(), lr=0.05)
    run["optimizer"] = torch.optim.SGD(run["model"].parameters(), 3e38)
    run["train"] = [(1e3 * x, y)]
    with refused("after epoch 1 2.weight is no longer finite: train anew with a smaller learning rate or clip=1.0"):
        training.fit(**{**run, "clip": None}, epochs=1, checkpoint=tmp_path / "run", show=False)
    assert all(w.isfinite().all() for w in checkpoints.read(tmp_path / "run")["model"].values())
