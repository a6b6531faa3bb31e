"""Characters and words as tensors, and sequences of unequal length as padded batches."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

# ---- characters


def alphabet(text: str) -> str:
    """The different characters of `text`, sorted, so that every run numbers them the same way."""
    if not text:
        raise ValueError("text is empty, expected at least one character")
    return "".join(sorted(set(text)))


def encode(text: str, letters: str) -> Tensor:
    """Each character's place in `letters`: (T,) int64; ValueError for a character that is not there."""
    missing = alphabet(text).translate(str.maketrans("", "", letters))
    if missing:
        raise ValueError(f"text holds {missing!r}, which letters = {letters!r} does not")
    return torch.tensor([letters.index(char) for char in text])


def decode(indices: Tensor, letters: str) -> str:
    """The text whose characters stand at `indices` (T,) in `letters`; ValueError for an index out of range."""
    indices = torch.as_tensor(indices)
    _check_indices(indices, len(letters))
    if indices.ndim != 1:
        raise ValueError(f"indices has shape {tuple(indices.shape)}, expected (T,)")
    return "".join(letters[i] for i in indices.tolist())


def one_hot(indices: Tensor, size: int) -> Tensor:
    """A vector for each index, 1 at the index and 0 elsewhere: (...) -> (..., size) float."""
    _check_indices(indices, size)
    return F.one_hot(indices, size).float()


def _check_indices(indices, size):
    if indices.dtype != torch.int64:
        raise TypeError(f"indices has dtype {indices.dtype}, expected torch.int64")
    if indices.numel() and not (0 <= indices.min() and indices.max() < size):
        raise ValueError(f"indices go from {indices.min()} to {indices.max()}, expected 0 to {size - 1}")


# ---- words

PAD, UNK = "<pad>", "<unk>"
WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """The words and the marks of `text` in order, in lower case, without its <br /> markup; don't is one word."""
    if not isinstance(text, str):
        raise TypeError(f"text is a {type(text).__name__}, expected a str: decode bytes first")
    return WORD.findall(text.replace("<br />", " ").lower())


class Vocabulary:
    """Words and their numbers: 0 is <pad>, 1 is <unk>, which stands for every word that is not here.

    words: the others, all different.  tokenise: what cuts a text into its words; `words` above, or str.split.
    """

    def __init__(self, words: Sequence[str], tokenise: Callable[[str], list[str]] = words):
        self.words = [PAD, UNK, *words]
        self.index = {word: i for i, word in enumerate(self.words)}
        self.tokenise = tokenise
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
        counts = Counter()
        for text in texts:
            counts.update(tokenise(text))
        return cls.from_counts(counts, min_freq, max_size, tokenise)

    @classmethod
    def from_counts(
        cls,
        counts: dict[str, int],
        min_freq: int = 1,
        max_size: int | None = None,
        tokenise: Callable[[str], list[str]] = words,
    ) -> "Vocabulary":
        """The same from {word: how often}. Equally frequent words stand in the order of their letters."""
        if not isinstance(min_freq, int) or min_freq < 1:
            raise ValueError(f"min_freq is {min_freq!r}, expected a whole number above 0")
        if max_size is not None and max_size < 3:
            raise ValueError(f"max_size is {max_size!r}, expected at least 3: {PAD}, {UNK} and one word")
        kept = sorted((word for word, count in counts.items() if count >= min_freq), key=lambda w: (-counts[w], w))
        if not kept:
            raise ValueError(f"no word comes {min_freq} times in texts, expected a smaller min_freq or more texts")
        return cls(kept[: max_size and max_size - 2], tokenise)

    def encode(self, text: str) -> Tensor:
        """The number of each word of `text`: (T,) int64; ValueError for a text without words."""
        numbers = [self.index.get(word, 1) for word in self.tokenise(text)]
        if not numbers:
            raise ValueError(f"text is {text!r}, expected at least one word")
        return torch.tensor(numbers)

    def decode(self, indices: Tensor) -> list[str]:
        """The words with the numbers `indices` (T,); ValueError for an index out of range."""
        indices = torch.as_tensor(indices)
        _check_indices(indices, len(self))
        if indices.ndim != 1:
            raise ValueError(f"indices has shape {tuple(indices.shape)}, expected (T,)")
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
    sequences = list(sequences)
    if not sequences:
        raise ValueError("sequences is empty, expected at least one tensor")
    for b, sequence in enumerate(sequences):
        if not isinstance(sequence, Tensor):
            raise TypeError(f"sequences[{b}] is a {type(sequence).__name__}, expected a tensor (T, ...)")
        if sequence.ndim == 0 or len(sequence) == 0:
            raise ValueError(f"sequences[{b}] has shape {tuple(sequence.shape)}, expected at least one step")
        first = sequences[0]
        if (sequence.shape[1:], sequence.dtype, sequence.device) != (first.shape[1:], first.dtype, first.device):
            raise ValueError(f"sequences[{b}] is {_kind(sequence)}, expected {_kind(first)} like sequences[0]")
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return pad_sequence(sequences, batch_first=True, padding_value=value), lengths


def head_and_tail(sequence: Tensor, T: int) -> Tensor:
    """A sequence as it is up to `T` steps, else its first and last T/2: reviews judge at either end."""
    if not isinstance(T, int) or T < 2 or T % 2:
        raise ValueError(f"T is {T!r}, expected an even whole number above 0")
    return sequence if len(sequence) <= T else torch.cat([sequence[: T // 2], sequence[-T // 2 :]])


class LengthBatches:
    """Padded batches (x (B, T, ...), lengths (B,), target (B,)) of `size` sequences of similar length.

    shuffle: draw a new order with PyTorch's generator, in which chance decides who meets whom: sequences are sorted
    only within `pool` batches at a time. Without it, the short come first.
    """

    def __init__(
        self, sequences: Sequence[Tensor], target: Tensor, size: int = 64, shuffle: bool = False, pool: int = 50
    ):
        if not len(sequences) or len(sequences) != len(target):
            raise ValueError(
                f"sequences holds {len(sequences)} and target {len(target)}, expected one number above 0 for both"
            )
        if size < 1 or pool < 1:
            raise ValueError(f"size is {size} and pool is {pool}, expected at least 1")
        self.sequences, self.target, self.size, self.shuffle, self.pool = sequences, target, size, shuffle, pool
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
    _check_lengths(lengths, T, getattr(lengths, "device", "cpu"))
    return torch.arange(T, device=lengths.device) < lengths[:, None]


def last_valid(out: Tensor, lengths: Tensor) -> Tensor:
    """The output at each sequence's own last step: out (B, T, ...), lengths (B,) -> (B, ...)."""
    lengths = _lengths_of(out, lengths)
    return out[torch.arange(len(out), device=out.device), lengths - 1]


def masked_mean(out: Tensor, lengths: Tensor) -> Tensor:
    """The mean over each sequence's real steps: out (B, T, ...), lengths (B,) -> (B, ...)."""
    lengths = _lengths_of(out, lengths)
    total = out.masked_fill(_padding(out, lengths), 0).sum(dim=1)
    return total / lengths.view(-1, *[1] * (out.ndim - 2))


def masked_max(out: Tensor, lengths: Tensor) -> Tensor:
    """The maximum over each sequence's real steps: out (B, T, ...), lengths (B,) -> (B, ...)."""
    lengths = _lengths_of(out, lengths)
    # Not amax, whose gradient looks for ties: it takes half as long again.
    return out.masked_fill(_padding(out, lengths), -torch.inf).max(dim=1).values


def _padding(out, lengths):
    """True at the padded steps, with an axis of 1 for each axis of `out` after T."""
    return ~mask(lengths, out.shape[1]).view(*out.shape[:2], *[1] * (out.ndim - 2))


def _lengths_of(out, lengths):
    """`lengths`, checked against `out` and brought to its device."""
    if out.ndim < 2:
        raise ValueError(f"out has shape {tuple(out.shape)}, expected (B, T, ...)")
    _check_lengths(lengths, out.shape[1], out.device)
    if len(lengths) != len(out):
        raise ValueError(f"lengths holds {len(lengths)} lengths, expected {len(out)}, one for each sequence of out")
    return lengths.to(out.device)


def _check_lengths(lengths, T, device="cpu"):
    if not isinstance(lengths, Tensor):
        raise TypeError(f"lengths is a {type(lengths).__name__}, expected a tensor (B,)")
    if lengths.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"lengths has dtype {lengths.dtype}, expected torch.int64")
    if lengths.ndim != 1 or not len(lengths):
        raise ValueError(f"lengths has shape {tuple(lengths.shape)}, expected (B,) with at least one length")
    # `pad` and packing keep lengths on the CPU whatever the device of the batch; any third place is a slip.
    if str(lengths.device) not in ("cpu", str(device)):
        raise ValueError(f"lengths is on {lengths.device}, expected cpu or the device of the batch, {device}")
    if not (1 <= lengths.min() and lengths.max() <= T):
        raise ValueError(f"lengths go from {lengths.min()} to {lengths.max()}, expected 1 to T = {T}")


def _kind(tensor):
    return f"(T, {', '.join(map(str, tensor.shape[1:]))}) {tensor.dtype} on {tensor.device}".replace("(T, )", "(T,)")
