"""Characters and padded batches: round trips, masks that hide padding whatever it holds, refusals."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab import sequences


def test_alphabet_is_sorted_and_has_no_repeats():
    assert sequences.alphabet("if you want you") == " afinotuwy"
    assert len(sequences.alphabet("hello")) == 4


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1, max_size=30))
def test_decode_undoes_encode(text):
    letters = sequences.alphabet(text)
    indices = sequences.encode(text, letters)
    assert indices.shape == (len(text),) and indices.dtype == torch.int64
    assert sequences.decode(indices, letters) == text
    assert torch.equal(sequences.one_hot(indices, len(letters)).argmax(dim=-1), indices)


def test_one_hot_has_a_single_one_along_a_new_last_axis():
    x = sequences.one_hot(torch.tensor([[0, 2], [1, 1]]), 4)
    assert x.shape == (2, 2, 4) and x.dtype == torch.float32
    assert x.sum() == 4 and x[0, 1].tolist() == [0, 0, 1, 0]


def test_pad_keeps_every_step_and_fills_the_rest():
    first, second = torch.ones(2, 3), torch.full((4, 3), 2.0)
    x, lengths = sequences.pad([first, second], value=-1)
    assert x.shape == (2, 4, 3) and lengths.tolist() == [2, 4]
    assert torch.equal(x[0, :2], first) and torch.equal(x[1], second) and (x[0, 2:] == -1).all()
    assert sequences.pad([torch.tensor([1, 2]), torch.tensor([3])])[0].tolist() == [[1, 2], [3, 0]]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.integers(0, 2))
def test_readings_equal_those_of_each_sequence_alone(lengths, extra_axes):
    """The padding is NaN: whatever touches it shows, in the values and in the gradients."""
    shape = (2, 3)[:extra_axes]
    alone = [torch.randn(T, *shape, dtype=torch.float64) for T in lengths]
    x, lengths = sequences.pad(alone, value=torch.nan)
    x.requires_grad_()
    real = sequences.mask(lengths, x.shape[1])
    assert torch.equal(real, torch.stack([torch.arange(x.shape[1]) < T for T in lengths]))
    for read, of_one in (
        (sequences.last_valid, lambda s: s[-1]),
        (sequences.masked_mean, lambda s: s.mean(dim=0)),
        (sequences.masked_max, lambda s: s.amax(dim=0)),
    ):
        got = read(x, lengths)
        torch.testing.assert_close(got, torch.stack([of_one(s) for s in alone]))
        (gradient,) = torch.autograd.grad(got.sum(), x)
        assert (gradient[~real] == 0).all() and gradient.isfinite().all()


def test_int32_lengths_and_lengths_from_pad_are_welcome():
    out = torch.arange(6.0).view(2, 3, 1)
    assert sequences.last_valid(out, torch.tensor([1, 3], dtype=torch.int32)).flatten().tolist() == [0, 5]


out = torch.zeros(2, 5, 3)


@pytest.mark.parametrize(
    "lengths, error, words",
    [
        (torch.tensor([0, 5]), ValueError, "lengths go from 0 to 5, expected 1 to T = 5"),
        (torch.tensor([-1, 5]), ValueError, "lengths go from -1 to 5, expected 1 to T = 5"),
        (torch.tensor([3, 6]), ValueError, "lengths go from 3 to 6, expected 1 to T = 5"),
        (torch.tensor([3]), ValueError, r"lengths has shape \(1,\), expected \(B,\) with B = 2"),
        (torch.tensor([[3, 4]]), ValueError, r"lengths has shape \(1, 2\), expected \(B,\)"),
        (torch.tensor([], dtype=torch.int64), ValueError, r"lengths has shape \(0,\), expected \(B,\) with B = 2"),
        (torch.tensor([3.0, 4.0]), TypeError, "lengths is torch.float32, expected torch.int64 or torch.int32"),
        ([3, 4], TypeError, r"lengths is a list, expected a tensor \(B,\)"),
        (torch.tensor([3, 4], device="meta"), ValueError, "lengths is on meta, expected cpu or the device of"),
    ],
)
@pytest.mark.parametrize("read", [sequences.last_valid, sequences.masked_mean, sequences.masked_max])
def test_lengths_that_make_no_sense_are_refused(read, lengths, error, words):
    with pytest.raises(error, match=words):
        read(out, lengths)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: sequences.alphabet(""), ValueError, "text is empty"),
        (lambda: sequences.encode("hexe", "helo"), ValueError, "text holds 'x', which letters = 'helo' does not"),
        (lambda: sequences.decode(torch.tensor([0, 4]), "helo"), ValueError, "indices go from 0 to 4, expected 0 to 3"),
        (
            lambda: sequences.decode(torch.tensor([[0]]), "helo"),
            ValueError,
            r"indices has shape \(1, 1\), expected \(T,\)",
        ),
        (lambda: sequences.one_hot(torch.tensor([-1]), 3), ValueError, "indices go from -1 to -1, expected 0 to 2"),
        (
            lambda: sequences.one_hot(torch.tensor([0.5]), 3),
            TypeError,
            "indices is torch.float32, expected torch.int64",
        ),
        (lambda: sequences.pad([]), ValueError, "sequences is empty"),
        (
            lambda: sequences.pad([torch.ones(2, 3), torch.ones(0, 3)]),
            ValueError,
            r"sequences\[1\] has shape \(0, 3\), expected at least one step",
        ),
        (
            lambda: sequences.pad([torch.ones(2, 3), torch.ones(2, 4)]),
            ValueError,
            r"sequences\[1\] is \(T, 4\) torch.float32 on cpu, expected \(T, 3\) torch.float32 on cpu",
        ),
        (
            lambda: sequences.pad([torch.ones(2), torch.ones(2).long()]),
            ValueError,
            r"sequences\[1\] is \(T,\) torch.int64 on cpu, expected \(T,\) torch.float32",
        ),
        (lambda: sequences.pad([[1, 2]]), TypeError, r"sequences\[0\] is a list"),
        (lambda: sequences.last_valid(torch.ones(3), torch.ones(3).long()), ValueError, r"out has shape \(3,\)"),
        (lambda: sequences.mask(torch.tensor([4]), 3), ValueError, "lengths go from 4 to 4, expected 1 to T = 3"),
        (lambda: sequences.mask([4], 3), TypeError, "lengths is a list"),
        (lambda: sequences.mask(torch.tensor([2]), 2.5), TypeError, "T is 2.5, expected a whole number"),
        (lambda: sequences.one_hot([1], 3), TypeError, "indices is a list, expected a tensor"),
        (lambda: sequences.one_hot(torch.tensor(0), 0), ValueError, "size is 0, expected a whole number of at least 1"),
        (lambda: sequences.encode("he", "hee"), ValueError, "letters is 'hee', expected each letter once"),
        (lambda: sequences.pad([torch.tensor([1])], 0.5), TypeError, "value is 0.5, expected a whole number, to stand"),
        (
            lambda: sequences.masked_max(torch.full((1, 2), torch.nan), torch.tensor([1])),
            ValueError,
            "out holds NaN or infinity at a real step",
        ),
    ],
)
def test_other_input_that_makes_no_sense_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---- words


def test_words_are_lower_case_without_markup_and_with_their_apostrophes():
    assert sequences.words("I DON'T like it,<br /><br />it's re-made… 10/10 감동 😀!") == [
        "i",
        "don't",
        "like",
        "it",
        ",",
        "it's",
        "re",
        "-",
        "made",
        "…",
        "10",
        "/",
        "10",
        "감동",
        "😀",
        "!",
    ]
    assert sequences.words("") == sequences.words(" \n<br />") == []


def test_a_vocabulary_counts_then_sorts():
    texts = ["b a a c", "c b a d"]
    vocabulary = sequences.Vocabulary.from_texts(texts)
    assert vocabulary.words == ["<pad>", "<unk>", "a", "b", "c", "d"]  # b and c: twice each, so by letter
    assert sequences.Vocabulary.from_texts(texts, min_freq=2).words[2:] == ["a", "b", "c"]
    assert sequences.Vocabulary.from_texts(texts, max_size=4).words[2:] == ["a", "b"]
    assert len(vocabulary) == 6 and "d" in vocabulary and "e" not in vocabulary
    assert repr(vocabulary) == "Vocabulary(6 words)"


def test_encode_and_decode_words():
    vocabulary = sequences.Vocabulary.from_texts(["a good film"])
    x = vocabulary.encode("A GOOD day")
    assert x.dtype == torch.int64 and x.tolist() == [2, 4, 1]
    assert vocabulary.decode(x) == ["a", "good", "<unk>"]
    assert sequences.Vocabulary(["A", "film."], tokenise=str.split).encode("A film.").tolist() == [2, 3]
    assert len(vocabulary.encode("film " * 100_000)) == 100_000
    assert vocabulary.encode("감동 😀").tolist() == [1, 1]


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: sequences.words(b"caf\xe9"), TypeError, "text is a bytes, expected a str"),
        (lambda: sequences.Vocabulary(["a", "b", "a"]), ValueError, "words holds 'a' twice, expected different words"),
        (lambda: sequences.Vocabulary("abc"), TypeError, "words is 'abc', expected different words"),
        (lambda: sequences.Vocabulary([1, 2]), TypeError, r"words\[0\] is 1, expected different words"),
        (lambda: sequences.Vocabulary(["a", ""]), ValueError, "words holds '', expected words of at least one"),
        (lambda: sequences.Vocabulary.from_counts({"a": 1.5}), ValueError, "counts holds 'a': 1.5, expected words and"),
        (lambda: sequences.Vocabulary(["<pad>"]), ValueError, "words holds '<pad>' twice"),
        (lambda: sequences.Vocabulary.from_texts("one text"), TypeError, "texts is one str, expected several texts"),
        (
            lambda: sequences.Vocabulary.from_texts(["a"], min_freq=0),
            ValueError,
            "min_freq is 0, expected a whole number",
        ),
        (lambda: sequences.Vocabulary.from_texts(["a"], min_freq=1.5), TypeError, "min_freq is 1.5, expected"),
        (lambda: sequences.Vocabulary.from_texts(["a"], min_freq=2), ValueError, "no word comes 2 times in texts"),
        (lambda: sequences.Vocabulary.from_texts([]), ValueError, "texts is empty, expected texts"),
        (
            lambda: sequences.Vocabulary.from_texts(["a"], max_size=2),
            ValueError,
            "max_size is 2, expected a whole number of at least 3: <pad>, <unk> and one word",
        ),
        (lambda: sequences.Vocabulary(["a"]).encode(" "), ValueError, "text is ' ', expected at least one word"),
        (lambda: sequences.Vocabulary(["a"]).decode(torch.tensor([3])), ValueError, "go from 3 to 3, expected 0 to 2"),
        (lambda: sequences.Vocabulary(["a"]).decode(torch.tensor([[2]])), ValueError, r"has shape \(1, 1\), expected"),
        (
            lambda: sequences.head_and_tail(torch.arange(9), 5),
            ValueError,
            "T is 5, expected an even whole number",
        ),
        (
            lambda: sequences.LengthBatches([], torch.tensor([])),
            ValueError,
            "sequences is empty, expected tensors",
        ),
        (
            lambda: sequences.LengthBatches([torch.ones(2)], torch.ones(2)),
            ValueError,
            r"target is a tensor of shape \(2,\), expected one row for each of 1 sequences",
        ),
        (
            lambda: sequences.LengthBatches([torch.ones(2)], torch.ones(1), size=0),
            ValueError,
            "size is 0, expected a whole number of at least 1",
        ),
    ],
)
def test_refusals_of_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_head_and_tail():
    x = torch.arange(10)
    assert sequences.head_and_tail(x, 10) is x
    assert sequences.head_and_tail(x, 4).tolist() == [0, 1, 8, 9]


@pytest.mark.parametrize("shuffle", [False, True])
def test_length_batches_hold_every_sequence_once_among_others_of_its_length(shuffle):
    torch.manual_seed(0)
    rows = [torch.full((T,), T) for T in torch.randint(1, 300, (1000,)).tolist()]
    target = torch.tensor([len(row) for row in rows]) * 10
    batches = sequences.LengthBatches(rows, target, size=32, shuffle=shuffle)
    found, padding, total = [], 0, 0
    for x, lengths, y in batches:
        assert torch.equal(y, lengths * 10) and torch.equal(x.amax(dim=1), lengths) and x.shape[1] == lengths.max()
        assert torch.equal(x > 0, sequences.mask(lengths, x.shape[1]))
        found += lengths.tolist()
        padding, total = padding + (x == 0).sum().item(), total + x.numel()
    assert sorted(found) == sorted(len(row) for row in rows) and len(batches) == 32
    assert padding / total < 0.05
    again = [lengths.tolist() for _, lengths, _ in batches]
    assert (again == [lengths.tolist() for _, lengths, _ in batches]) is not shuffle
