"""Other right answers: what they compute on the way counts as right too, when a check looks for a place."""

import torch
from torch.nn import functional as F

from rnnlab.sequences import encode

# ---- lesson 01 ------------------------------------------------------------------------------------------------------


def readings_step_by_step(out, head):
    """1.3: many-to-many step by step; its last is many-to-one."""
    many = torch.stack([head(out[:, t]) for t in range(out.shape[1])], dim=1)
    return many[:, -1], many


def letter_by_softmax(net, text, letters):
    """1.5: the largest share, not the largest score."""
    return letters[net(torch.eye(len(letters))[encode(text, letters)][None])[0, -1].softmax(-1).argmax()]


# ---- lesson 02 ------------------------------------------------------------------------------------------------------


def ends_of_out(out, h_n):
    """2.1: both ends of `out`, not the entries of `h_n`."""
    H = out.shape[-1] // 2
    return torch.cat([out[:, -1, :H], out[:, 0, H:]], dim=1)


def read_through(rnn, x, lengths):
    """2.4: the padding is read as well, and each sequence is read off at its own end."""
    out, _ = rnn(x)
    return out[torch.arange(len(x)), lengths - 1]


def last_by_mask(out, lengths):
    """2.5: every step is asked whether it is the last."""
    is_last = torch.arange(out.shape[1]) == lengths[:, None] - 1
    return out[is_last]


# ---- lesson 04 ------------------------------------------------------------------------------------------------------


def jacobian_by_diagonal(weight_hh, h):
    """4.1: the slopes as a diagonal matrix."""
    return torch.diag(1 - h**2) @ weight_hh


def radius_by_parts(weight, radius):
    """4.3: the size of an eigenvalue from its two parts."""
    values = torch.linalg.eigvals(weight)
    return weight * radius / (values.real**2 + values.imag**2).sqrt().max()


def clipped_by_squares(gradients, loss, max_norm):
    """4.4: the norm from sums of squares, and a condition."""
    norm = sum((g**2).sum() for g in gradients) ** 0.5
    return [g * (max_norm / norm) if norm > max_norm else g for g in gradients]


# ---- lesson 07 ------------------------------------------------------------------------------------------------------


def judged_by_means(model, batches):
    """7.4: the mean of each batch times its size, and the larger of two logits, without an argmax."""
    loss = right = 0
    for x, lengths, labels in batches:
        logits = model(x, lengths)
        loss += F.cross_entropy(logits, labels).item() * len(labels)
        right += ((logits[:, 1] > logits[:, 0]) == labels).sum().item()
    count = sum(len(labels) for _, _, labels in batches)
    return loss / count, right / count


# ---- lesson 09 ------------------------------------------------------------------------------------------------------


def tempered_by_powers(logits, temperature):
    """9.4: powers of e, divided by their sum."""
    powers = torch.exp(logits / temperature)
    return powers / powers.sum(dim=1, keepdim=True)


# ---- lesson 10 ------------------------------------------------------------------------------------------------------


def end_by_place(sounds, lengths):
    """10.1: every place is asked whether the word ends there."""
    places = torch.arange(sounds.shape[1] + 1)
    longer = F.pad(sounds, (0, 1))
    return F.pad(sounds, (1, 0), value=1), torch.where(places == lengths[:, None], 2, longer)


def weights_of_what_is_kept(query, memory, lengths):
    """10.3: what is kept, and not what is hidden; shares without a softmax."""
    scores = (query[:, None] * memory).sum(dim=2)
    letters = torch.arange(memory.shape[1]) < lengths[:, None]
    powers = torch.where(letters, (scores - scores.amax(dim=1, keepdim=True)).exp(), 0)
    return powers / powers.sum(dim=1, keepdim=True)


def beam_looked_up(scores, log_probs, width):
    """10.5: parents and symbols from two tables of all candidates."""
    K, V = log_probs.shape
    best = (scores[:, None] + log_probs).flatten().topk(width)
    parents, symbols = torch.arange(K)[:, None].expand(K, V).flatten(), torch.arange(V).repeat(K)
    return best.values, parents[best.indices], symbols[best.indices]
