"""Exercises of lesson 02, shapes."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from . import ways
from .check import Exercise
from .drawn import normal, seeded

# ---- 2.1 ------------------------------------------------------------------------------------------------------------


def both_ends(out, h_n):
    """Both readings of the top layer, forward first: out (B, T, 2H), h_n (2L, B, H) -> (B, 2H)."""
    return torch.cat([h_n[-2], h_n[-1]], dim=1)


def _two_ways(B, T, H, L, dtype=torch.float64):
    net = seeded(nn.RNN(4, H, num_layers=L, batch_first=True, bidirectional=True, dtype=dtype), seed=L)
    return tuple(part.detach() for part in net(*normal((B, T, 4), seed=2, dtype=dtype)))


both_ends = Exercise(
    both_ends,
    ways=(ways.ends_of_out,),
    cases=lambda: [_two_ways(3, 5, 2, 1), _two_ways(2, 4, 3, 2), _two_ways(1, 2, 5, 3, torch.float32)],
    returns="(B, 2H)",
    hints=(
        "The forward direction is done at the last step, the backward direction at the first. Both answers also stand "
        "in `h_n`: which of its entries belong to the top layer?",
        "`h_n` goes layer by layer, and in each layer forward comes first; so those of the top layer stand last. Left "
        "for you: to put two `(B, H)` side by side.",
    ),
    wrong={
        lambda out, h_n: out[:, -1]: (
            "The forward half is right. The backward half of out[:, -1] has read one step only: it starts there."
        ),
        lambda out, h_n: out[:, 0]: (
            "The backward half is right. The forward half of out[:, 0] has read one step only: it starts there."
        ),
        lambda out, h_n: h_n[-1]: "This is the backward direction alone. Put the forward one in front of it.",
        lambda out, h_n: torch.cat([h_n[0], h_n[1]], dim=1): (
            "Right for one layer. With two layers h_n[0] and h_n[1] belong to the lower one; count from the end."
        ),
        lambda out, h_n: h_n[-2:].reshape(h_n.shape[1], -1): (
            "The shape is right and the sequences are mixed: reshape reads on from one sequence into the next, "
            "because the batch is axis 1 of h_n. Use torch.cat."
        ),
    },
)

# ---- 2.2 ------------------------------------------------------------------------------------------------------------


def five_shapes(B, T, I, H, L):
    """The shapes of out, h_n, weight_ih_l0, weight_hh_l0 and weight_ih_l1: five sizes -> five tuples."""
    return (B, T, 2 * H), (2 * L, B, H), (H, I), (H, H), (H, 2 * H)


five_shapes = Exercise(
    five_shapes,
    cases=lambda: [(3, 5, 4, 7, 2), (11, 7, 6, 9, 3), (1, 2, 8, 3, 5)],
    returns="five shapes",
    hints=(
        "Say each axis in words: which sequence, which step, which layer and direction, how many numbers. A weight "
        "maps what comes in (columns) to what goes out (rows).",
        "Three of the five hold a factor of 2: `out` has both directions side by side, `h_n` has them as more "
        "entries, and the second layer reads what the first one wrote.",
    ),
    wrong={
        lambda B, T, I, H, L: ((B, T, H), (L, B, H), (H, I), (H, H), (H, H)): (
            "This is right for one direction. This net is bidirectional: three of the five shapes hold a 2."
        ),
        lambda B, T, I, H, L: ((B, T, H), (2 * L, B, H), (H, I), (H, H), (H, 2 * H)): (
            "Four are right. In out both directions stand side by side, so its rows are 2H wide."
        ),
        lambda B, T, I, H, L: ((B, T, 2 * H), (B, 2 * L, H), (H, I), (H, H), (H, 2 * H)): (
            "h_n never becomes batch first: batch_first=True turns x and out, and leaves h_n as it is."
        ),
        lambda B, T, I, H, L: ((B, T, 2 * H), (2 * L, B, H), (H, I), (H, H), (H, H)): (
            "Four are right. The second layer reads both directions of the first, so it has 2H columns."
        ),
        lambda B, T, I, H, L: ((B, T, 2 * H), (2 * L, B, H), (I, H), (H, H), (2 * H, H)): (
            "Your input weights are transposed: PyTorch keeps (what goes out, what comes in), multiplied as weight.T."
        ),
        lambda B, T, I, H, L: ((B, T, 2 * H), (L, B, 2 * H), (H, I), (H, H), (H, 2 * H)): (
            "In out the directions stand side by side, in h_n they are entries of their own: 2L of them, each H wide."
        ),
    },
)

# ---- 2.3 ------------------------------------------------------------------------------------------------------------


def lstm_states(x, hidden_size):
    """Read with two LSTM layers: x (B, T, I), hidden_size H -> out (B, T, H), h_n (2, B, H), c_n (2, B, H)."""
    lstm = nn.LSTM(x.shape[-1], hidden_size, num_layers=2, batch_first=True)
    out, (h_n, c_n) = lstm(x)
    return out, h_n, c_n


def _layer(kind, x, hidden_size, batch_first=True):
    return kind(x.shape[-1], hidden_size, num_layers=2, batch_first=batch_first)(x)


def _one_name_missing(x, hidden_size):
    out, h_n, c_n = _layer(nn.LSTM, x, hidden_size)
    return out, h_n, c_n


def _both_made(x, hidden_size):
    _layer(nn.RNN, x, hidden_size)
    out, (h_n, c_n) = _layer(nn.LSTM, x, hidden_size)
    return out, h_n, c_n


lstm_states = Exercise(
    lstm_states,
    cases=lambda: [
        (*normal(shape, seed=2, dtype=torch.float32), H)
        for shape, H in (((3, 5, 4), 6), ((2, 6, 3), 5), ((1, 1, 4), 3))
    ],
    returns="out, h_n and c_n",
    hints=(
        "The layer is called `nn.LSTM` and takes the same arguments. An LSTM carries two states, so it returns more.",
        "It returns two things, and the second of them is a pair: the hidden state first, then the cell state. Python "
        "unpacks a pair inside a tuple with brackets: `a, (b, c) = ...`",
    ),
    wrong={
        lambda x, hidden_size: _layer(nn.LSTM, x, hidden_size): (
            "You return (out, h) as an RNN does. Here h is a pair, the hidden and the cell state: unpack it too."
        ),
        _one_name_missing: (
            "An LSTM does not return three things but two: out, and the pair of states. Put brackets round the pair."
        ),
        _both_made: (
            "Everything is in its place, and the numbers are another layer's: each layer draws its own weights. "
            "Make only the LSTM, once; leave no nn.RNN before it."
        ),
    },
)

# ---- 2.4 ------------------------------------------------------------------------------------------------------------


def packed_states(rnn, x, lengths):
    """The top layer's last real state: rnn, x (B, T, I) padded, lengths (B,) -> (B, H)."""
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, h_n = rnn(packed)
    return h_n[-1]


def _sorted_and_left(rnn, x, lengths):
    lengths, order = lengths.sort(descending=True)
    return rnn(pack_padded_sequence(x[order], lengths, batch_first=True))[1][-1]


def _unpacked_end(rnn, x, lengths):
    out, _ = rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    return pad_packed_sequence(out, batch_first=True)[0][:, -1]


def _padded(lengths, T, I, H, L, dtype=torch.float64):
    rnn = seeded(nn.RNN(I, H, num_layers=L, batch_first=True, dtype=dtype), seed=3)
    return rnn, *normal((len(lengths), T, I), seed=T, dtype=dtype), torch.tensor(lengths)


packed_states = Exercise(
    packed_states,
    cases=lambda: [
        _padded([5, 3, 2], 5, 4, 2, 2),
        _padded([2, 5, 1, 3, 4], 7, 3, 6, 3),
        _padded([2], 4, 3, 5, 1, torch.float32),
    ],
    returns="(B, H)",
    ways=(ways.read_through,),
    hints=(
        "Pack, run, and take the state: a packed batch leaves the state at each sequence's own end. Look up the "
        "arguments with `help(pack_padded_sequence)`.",
        "Two arguments matter beside `x` and `lengths`: that the batch comes first, and that it is not sorted. Told "
        "so, packing puts `h_n` back in your order. Left for you: the entry of `h_n` that is the top layer.",
    ),
    wrong={
        lambda rnn, x, lengths: rnn(x)[1][-1]: (
            "This reads the padding as well. Pack the batch, so that each sequence stops at its own end."
        ),
        lambda rnn, x, lengths: rnn(pack_padded_sequence(x, lengths, batch_first=True))[1][-1]: (
            "Right for a batch sorted by length, longest first; other batches raise. Pass enforce_sorted=False."
        ),
        lambda rnn, x, lengths: rnn(pack_padded_sequence(x, lengths.to("meta"), batch_first=True))[1][-1]: (
            "Packing was refused for every batch. Are the lengths on another device? They must be on the CPU, "
            "one whole number for each sequence, even if x is on a GPU."
        ),
        lambda rnn, x, lengths: rnn(pack_padded_sequence(x, lengths))[1][-1]: (
            "Packing is not told that the batch comes first, so it takes T for B. Pass batch_first=True here as well."
        ),
        _sorted_and_left: (
            "The states are right and come in another order than the sequences: that of the lengths, longest first."
        ),
        _unpacked_end: (
            "Unpacked again, shorter sequences end in zeros, and out[:, -1] reads these. The state you want is in h_n."
        ),
    },
)

# ---- 2.5 ------------------------------------------------------------------------------------------------------------


def last_valid(out, lengths):
    """The output at each sequence's own last step: out (B, T, H), lengths (B,) -> (B, H)."""
    return out[torch.arange(len(out)), lengths - 1]


last_valid = Exercise(
    last_valid,
    cases=lambda: [
        (*normal((3, 5, 2), seed=2), torch.tensor([2, 5, 3])),
        (*normal((4, 8, 3), seed=3), torch.tensor([6, 1, 4, 4])),
        (*normal((1, 4, 5), seed=4, dtype=torch.float32), torch.tensor([3])),
    ],
    returns="(B, H)",
    ways=(ways.last_by_mask,),
    hints=(
        "For sequence 0 it is `out[0, lengths[0] - 1]`. Indexing with two tensors does this for all of them at once.",
        "The first index counts the sequences, `torch.arange(len(out))`, and the second is the step for each.",
    ),
    wrong={
        lambda out, lengths: out[:, -1]: (
            "This is the last column, and for shorter sequences it is padding. Each sequence has its own last step."
        ),
        lambda out, lengths: out[:, lengths - 1]: (
            "Every sequence is read at each of these steps, so the shape is (B, B, H). Each sequence has one step of "
            "its own: the two indices have to go side by side."
        ),
        lambda out, lengths: out[torch.arange(len(out)), lengths]: (
            "One too far: steps are counted from 0, so a sequence of length 3 ends at step 2."
        ),
        lambda out, lengths: out[torch.arange(len(out)), lengths.sort(descending=True).values - 1]: (
            "You sorted the lengths and not the rows, so each sequence is read at another one's end. "
            "Only packing wants them sorted; leave them as they come."
        ),
        lambda out, lengths: out[torch.arange(len(out)), lengths.max() - 1]: (
            "This is the longest sequence's last step for all of them. Use each one's own length."
        ),
        lambda out, lengths: torch.stack([row[:n].mean(dim=0) for row, n in zip(out, lengths, strict=True)]): (
            "This is the mean over the real steps: padding is left out, and here only the last step is wanted."
        ),
    },
)
