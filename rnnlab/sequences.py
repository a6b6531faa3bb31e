"""Characters and words as tensors, and sequences of unequal length as padded batches."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from rnnlab import expect

# ---- characters


def alphabet(text: str) -> str:
    """The different characters of `text`, sorted, so that every run numbers them the same way."""
    return "".join(sorted(set(expect.text("text", text))))


def encode(text: str, letters: str) -> Tensor:
    """Each character's place in `letters`: (T,) int64; ValueError for a character that is not there."""
    _expect_letters(letters)
    if missing := alphabet(text).translate(str.maketrans("", "", letters)):
        raise ValueError(f"text holds {missing!r}, which letters = {letters!r} does not")
    return torch.tensor([letters.index(char) for char in text])


def decode(indices: Tensor, letters: str) -> str:
    """The text whose characters stand at `indices` (T,) in `letters`; ValueError for an index out of range."""
    _expect_letters(letters)
    indices = expect.indices("indices", indices, len(letters), "T", empty=True)
    return "".join(letters[i] for i in indices.tolist())


def one_hot(indices: Tensor, size: int) -> Tensor:
    """A vector for each index, 1 at the index and 0 elsewhere: (...) -> (..., size) float."""
    size = expect.whole("size", size)
    return F.one_hot(expect.indices("indices", indices, size, empty=True), size).float()


def _expect_letters(letters):
    if len(set(expect.text("letters", letters))) < len(letters):
        raise ValueError(f"letters is {letters!r}, expected each letter once")


# ---- words

PAD, UNK = "<pad>", "<unk>"
WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """The words and the marks of `text` in order, in lower case, without its <br /> markup; don't is one word."""
    return WORD.findall(expect.text("text", text, empty=True).replace("<br />", " ").lower())


class Vocabulary:
    """Words and their numbers: 0 is <pad>, 1 is <unk>, which stands for every word that is not here.

    words: the others, all different.  tokenise: what cuts a text into its words; `words` above, or str.split.
    """

    def __init__(self, words: Sequence[str], tokenise: Callable[[str], list[str]] = words):
        words = expect.several("words", words, "different words", str)
        if "" in words:
            raise ValueError("words holds '', expected words of at least one character")
        self.words = [PAD, UNK, *words]
        self.index = {word: i for i, word in enumerate(self.words)}
        self.tokenise = expect.function("tokenise", tokenise)
        if len(self.index) < len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ValueError(f"words holds {twice!r} twice, expected different words, none of them {PAD} or {UNK}")

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        min_freq: int = 1,
        max_size: int | None = None,
        tokenise: Callable[[str], list[str]] = words,
    ) -> "Vocabulary":
        """The words that `texts` hold at least `min_freq` times, the frequent first, at most `max_size` in all."""
        if isinstance(texts, str):
            raise TypeError("texts is one str, expected several texts")
        expect.function("tokenise", tokenise)
        counts = Counter()
        for text in expect.several("texts", texts, "texts", str):
            counts.update(tokenise(text))
        return cls.from_counts(counts, min_freq, max_size, tokenise)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        min_freq: int = 1,
        max_size: int | None = None,
        tokenise: Callable[[str], list[str]] = words,
    ) -> "Vocabulary":
        """The same from {word: how often}. Equally frequent words stand in the order of their letters."""
        min_freq = expect.whole("min_freq", min_freq)
        if max_size is not None:
            max_size = expect.whole("max_size", max_size, 3, note=f": {PAD}, {UNK} and one word")
        expected = "words and how often each comes"
        for word, count in expect.kind("counts", counts, Mapping, f"a dict of {expected}").items():
            if not isinstance(word, str) or not isinstance(count, Integral) or count < 0:
                raise ValueError(f"counts holds {word!r}: {count!r}, expected {expected}")
        kept = sorted((word for word, count in counts.items() if count >= min_freq), key=lambda w: (-counts[w], w))
        if not kept:
            raise ValueError(f"no word comes {min_freq} times in texts, expected a smaller min_freq or more texts")
        return cls(kept[: max_size and max_size - 2], tokenise)

    def encode(self, text: str) -> Tensor:
        """The number of each word of `text`: (T,) int64; ValueError for a text without words."""
        numbers = [self.index.get(word, 1) for word in self.tokenise(expect.text("text", text, empty=True))]
        if not numbers:
            raise ValueError(f"text is {text!r}, expected at least one word")
        return torch.tensor(numbers)

    def decode(self, indices: Tensor) -> list[str]:
        """The words with the numbers `indices` (T,); ValueError for an index out of range."""
        indices = expect.indices("indices", indices, len(self), "T", dtype=expect.WHOLE, empty=True)
        return [self.words[i] for i in indices.tolist()]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __repr__(self) -> str:
        return f"Vocabulary({len(self):,} words)"


# ---- sequences of unequal length


def pad(sequences: list[Tensor], value: float = 0) -> tuple[Tensor, Tensor]:
    """A list of B tensors (T_b, ...) as one padded batch (B, T, ...), T the longest, and their lengths (B,).

    Lengths stay on the CPU, where `pack_padded_sequence` wants them. ValueError for no or empty sequences.
    """
    sequences = expect.several("sequences", sequences, "tensors (T, ...)", Tensor)
    for b, sequence in enumerate(sequences):
        if sequence.ndim == 0 or sequence.numel() == 0:
            raise ValueError(f"sequences[{b}] has shape {tuple(sequence.shape)}, expected at least one step")
        first = sequences[0]
        if (sequence.shape[1:], sequence.dtype, sequence.device) != (first.shape[1:], first.dtype, first.device):
            raise ValueError(f"sequences[{b}] is {_kind(sequence)}, expected {_kind(first)} like sequences[0]")
    expected = "a number" if first.is_floating_point() else "a whole number"
    if isinstance(value, bool) or not isinstance(value, int | float if expected == "a number" else int):
        raise TypeError(f"value is {expect.said(value)}, expected {expected}, to stand among {first.dtype}")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return pad_sequence(sequences, batch_first=True, padding_value=value), lengths


def head_and_tail(sequence: Tensor, T: int) -> Tensor:
    """A sequence as it is up to `T` steps, else its first and last T/2: reviews judge at either end."""
    T = expect.whole("T", T, 2, note=" and even")
    if T % 2:
        raise ValueError(f"T is {T}, expected an even whole number")
    _expect_steps("sequence", sequence, 1)
    return sequence if len(sequence) <= T else torch.cat([sequence[: T // 2], sequence[-T // 2 :]])


class LengthBatches:
    """Padded batches (x (B, T, ...), lengths (B,), target (B,)) of `size` sequences of similar length.

    shuffle: draw a new order with PyTorch's generator, in which chance decides who meets whom: sequences are sorted
    only within `pool` batches at a time. Without it, the short come first.
    """

    def __init__(
        self, sequences: Sequence[Tensor], target: Tensor, size: int = 64, shuffle: bool = False, pool: int = 50
    ):
        sequences = expect.several("sequences", sequences, "tensors (T, ...)", Tensor)
        for b, sequence in enumerate(sequences):
            _expect_steps(f"sequences[{b}]", sequence, 1)
        if not isinstance(target, Tensor) or target.ndim < 1 or len(target) != len(sequences):
            raise ValueError(
                f"target is {expect.said(target)}, expected one row for each of {len(sequences)} sequences"
            )
        self.sequences, self.target = sequences, target
        self.size, self.pool = expect.whole("size", size), expect.whole("pool", pool)
        self.shuffle = expect.flag("shuffle", shuffle)
        self.lengths = torch.tensor([len(sequence) for sequence in sequences])

    def __len__(self) -> int:
        return -(-len(self.sequences) // self.size)

    def __iter__(self):
        for chosen in self.batches():
            yield *pad([self.sequences[i] for i in chosen.tolist()]), self.target[chosen]

    def batches(self) -> list[Tensor]:
        """Which sequences meet in each batch, in the order of one pass."""
        if not self.shuffle:
            return list(self.lengths.argsort(stable=True).split(self.size))
        pools = torch.randperm(len(self.sequences)).split(self.size * self.pool)
        batches = [batch for pool in pools for batch in pool[self.lengths[pool].argsort(stable=True)].split(self.size)]
        return [batches[i] for i in torch.randperm(len(batches)).tolist()]


def mask(lengths: Tensor, T: int) -> Tensor:
    """True where a padded batch holds a real step: lengths (B,) -> (B, T) bool, on the device of `lengths`."""
    T = expect.whole("T", T)
    expect.lengths("lengths", lengths, T, device=getattr(lengths, "device", "cpu"))
    return _mask(lengths, T)


def _reading(read):
    """The door before a function that reads a padded batch; `.plain` is the function for those who have looked."""

    @functools.wraps(read)
    def entered(out, lengths):
        _expect_steps("out", out, 2)
        if not out.is_floating_point():
            raise TypeError(f"out is {out.dtype}, expected floating-point numbers")
        lengths = expect.lengths("lengths", lengths, out.shape[1], len(out), out.device)
        answer = read(out, lengths.to(out.device))
        if not answer.isfinite().all():  # of the answer: padding may hold anything
            raise ValueError("out holds NaN or infinity at a real step, expected finite numbers")
        return answer

    entered.plain = read
    return entered


@_reading
def last_valid(out: Tensor, lengths: Tensor) -> Tensor:
    """The output at each sequence's own last step: out (B, T, ...), lengths (B,) -> (B, ...)."""
    return out[torch.arange(len(out), device=out.device), lengths - 1]


@_reading
def masked_mean(out: Tensor, lengths: Tensor) -> Tensor:
    """The mean over each sequence's real steps: out (B, T, ...), lengths (B,) -> (B, ...)."""
    total = out.masked_fill(_padding(out, lengths), 0).sum(dim=1)
    return total / lengths.view(-1, *[1] * (out.ndim - 2))


@_reading
def masked_max(out: Tensor, lengths: Tensor) -> Tensor:
    """The maximum over each sequence's real steps: out (B, T, ...), lengths (B,) -> (B, ...)."""
    # Not amax, whose gradient looks for ties: it takes half as long again.
    return out.masked_fill(_padding(out, lengths), -torch.inf).max(dim=1).values


def _mask(lengths, T):
    return torch.arange(T, device=lengths.device) < lengths[:, None]


def _padding(out, lengths):
    """True at the padded steps, with an axis of 1 for each axis of `out` after T."""
    return ~_mask(lengths, out.shape[1]).view(*out.shape[:2], *[1] * (out.ndim - 2))


def _expect_steps(name, value, axes):
    """A tensor with at least these axes; what stands at padded steps may be anything."""
    expect.kind(name, value, Tensor, "a tensor (T, ...)" if axes == 1 else "a tensor (B, T, ...)")
    if value.ndim < axes or value.numel() == 0:
        form = "(T, ...)" if axes == 1 else "(B, T, ...)"
        raise ValueError(f"{name} has shape {tuple(value.shape)}, expected {form} with at least one step")


def _kind(tensor):
    return f"(T, {', '.join(map(str, tensor.shape[1:]))}) {tensor.dtype} on {tensor.device}".replace("(T, )", "(T,)")
