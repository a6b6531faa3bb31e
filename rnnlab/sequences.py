"""Characters as tensors, and sequences of unequal length as one padded batch."""
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
    return out.masked_fill(_padding(out, lengths), -torch.inf).amax(dim=1)


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
