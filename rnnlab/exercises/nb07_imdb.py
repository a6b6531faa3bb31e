"""Exercises of lesson 07, IMDB."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from .check import Exercise
from .drawn import normal, whole

# ---- 7.1 ------------------------------------------------------------------------------------------------------------


def collate(examples):
    """Examples as one batch: pairs (row (T_b,), label) -> x (B, T) padded with 0, lengths (B,), labels (B,)."""
    rows = [row for row, _ in examples]
    labels = [label for _, label in examples]
    lengths = [len(row) for row in rows]
    return pad_sequence(rows, batch_first=True), torch.tensor(lengths), torch.tensor(labels)


def _examples():
    batches = [(3, 1), (6, 0), (2, 0)], [(2, 0), (5, 1), (4, 1), (1, 0)], [(4, 1)], [(1, 0), (1, 1)]
    return [([(whole(50, (n,), seed=n, least=1)[0], label) for n, label in batch],) for batch in batches]


def _time_first(examples):
    x, lengths, labels = collate.answer(examples)
    return x.T, lengths, labels


def _box_lengths(examples):
    x, lengths, labels = collate.answer(examples)
    return x, torch.full_like(lengths, x.shape[1]), labels


def _unknown_pads(examples):
    x, lengths, labels = collate.answer(examples)
    return pad_sequence([row for row, _ in examples], batch_first=True, padding_value=1), lengths, labels


def _left(examples):
    x, lengths, labels = collate.answer(examples)
    return torch.stack([F.pad(row, (x.shape[1] - len(row), 0)) for row, _ in examples]), lengths, labels


def _cut(examples):
    x, lengths, labels = collate.answer(examples)
    return x[:, : lengths.min()], torch.full_like(lengths, lengths.min()), labels


def _sorted_rows(examples):
    x, lengths, labels = collate.answer(examples)
    order = lengths.argsort(descending=True)
    return x[order], lengths[order], labels


def _stacked(examples):
    return (torch.stack([row for row, _ in examples]), torch.tensor([len(row) for row, _ in examples]),
            torch.tensor([label for _, label in examples]))  # fmt: skip


collate = Exercise(
    collate,
    cases=_examples,
    returns="x (B, T), lengths (B,), labels (B,)",
    hints=(
        "Take the pairs apart first: all rows, all labels. Note the lengths before the rows become one box.",
        "`pad_sequence` of lesson 02 makes the box of a list of rows; `torch.tensor` makes int64 of a list "
        "of whole numbers. Left for you: the axis that `pad_sequence` puts first.",
    ),
    wrong={
        _time_first: (
            "Your x is (T, B): `pad_sequence` puts time first unless you say batch_first=True."
        ),
        _box_lengths: (
            "Every length of yours is T, the width of the box. A length is the number of words before the padding: "
            "take it from the row itself."
        ),
        _unknown_pads: (
            "You pad with 1. That is <unk>, a word that the net will read; <pad> is 0."
        ),
        _left: (
            "Your padding stands in front of the words. The lengths count from the left, so it has to stand behind."
        ),
        _cut: (
            "You cut every review to the shortest one. Nothing may be lost: the box is as wide as the longest."
        ),
        _sorted_rows: (
            "You sorted the reviews by length and not their labels, so most reviews now have another one's label. "
            "No need to sort."
        ),
        lambda examples: [collate.answer(examples)[part] for part in (0, 2, 1)]: (
            "Your x is right. Then come the lengths, and the labels last: now each would be taken for the other."
        ),
        _stacked: (
            "`torch.stack` wants rows of one length, and reviews are not. They have to be padded first."
        ),
    },
)  # fmt: skip

# ---- 7.2 ------------------------------------------------------------------------------------------------------------


def at_last_word(out, x):
    """The output at each review's last word: out (B, T, H), x (B, T) padded with 0 -> (B, H)."""
    last = (x != 0).sum(dim=1) - 1
    return out[torch.arange(len(x)), last]


def _read(lengths, T, H, dtype=torch.float64):
    (x,) = whole(19, (len(lengths), T), seed=T, least=1)
    return *normal((len(lengths), T, H), seed=T, dtype=dtype), x * (torch.arange(T) < torch.tensor(lengths)[:, None])


at_last_word = Exercise(
    at_last_word,
    cases=lambda: [
        _read([2, 5, 3], 6, 2),
        _read([4, 1, 4, 3], 5, 6),
        _read([2, 3], 3, 5),
        _read([2], 4, 3, torch.float32),
    ],
    returns="(B, H)",
    hints=(
        "Nobody tells you the lengths, but `x` knows them: only padding is 0. Count what is not.",
        "`x != 0` is True at each word, and True counts as 1. Steps are counted from 0. Left for you: the "
        "axis to add along, and then it is exercise 2.5.",
    ),
    wrong={
        lambda out, x: out[:, -1]: (
            "This is the last column of the box. Behind a shorter review it is padding, and that is the fault."
        ),
        lambda out, x: out[torch.arange(len(x)), (x != 0).sum(dim=1)]: (
            "One step too far: the last of n words stands at step n - 1. A review as long as the box has no step n."
        ),
        lambda out, x: out[torch.arange(len(x)), (x == 0).sum(dim=1) - 1]: (
            "You count the zeros. They are the padding; the words are what is not 0."
        ),
        lambda out, x: out[:, (x != 0).sum(dim=1) - 1]: (
            "A colon takes all reviews at each of these steps, so the shape is (B, B, H). "
            "The first index has to walk along with the second: torch.arange(B)."
        ),
        lambda out, x: out[torch.arange(len(x)), (x != 0).sum(dim=0) - 1]: (
            "Your sum runs over the batch (dim=0): so many reviews have a word at this step. The words of one review "
            "lie along dim=1."
        ),
        lambda out, x: out[torch.arange(len(x)), x.argmax(dim=1)]: (
            "argmax finds the word with the largest number, the rarest one, wherever it stands."
        ),
        lambda out, x: out[:, (x != 0).sum(dim=1).max() - 1]: (
            "This is the last word of the longest review, for all of them. Each review has its own last step."
        ),
        lambda out, x: (out * (x != 0)[..., None]).sum(dim=1): (
            "You add up the outputs at all words. Only the one at the last word is wanted."
        ),
    },
)  # fmt: skip

# ---- 7.3 ------------------------------------------------------------------------------------------------------------


def mean_and_max(out, lengths):
    """Mean and maximum over each review's words, side by side: out (B, T, H), lengths (B,) -> (B, 2H)."""
    words = (torch.arange(out.shape[1]) < lengths[:, None])[..., None]
    mean = (out * words).sum(dim=1) / lengths[:, None]
    most = out.masked_fill(~words, -torch.inf).amax(dim=1)
    return torch.cat([mean, most], dim=1)


def _signed(lengths, T, H, dtype=torch.float64):
    (out,) = normal((len(lengths), T, H), seed=T, dtype=dtype)
    out[..., 0] = -out[..., 0].abs()  # a unit that is always negative: a zero would win
    return out.requires_grad_(), torch.tensor(lengths)


def _words(out, lengths):
    return (torch.arange(out.shape[1]) < lengths[:, None])[..., None]


def _mean(out, lengths):
    return (out * _words(out, lengths)).sum(dim=1) / lengths[:, None]


def _most(out, lengths):
    return out.masked_fill(~_words(out, lengths), -torch.inf).amax(dim=1)


mean_and_max = Exercise(
    mean_and_max,
    cases=lambda: [_signed([2, 5, 3], 7, 2), _signed([4, 1, 6, 3], 6, 5), _signed([2], 4, 3, torch.float32)],
    returns="(B, 2H)",
    hints=(
        "Two readings, each without the padding, then one beside the other. What must stand in the padding "
        "so that it changes no sum? And so that it never wins a maximum?",
        "A mask `(B, T, 1)` comes from comparing `torch.arange(T)` with the lengths. For the sum, padding "
        "becomes 0; for the maximum it becomes −∞ (`masked_fill`). Left for you: what to divide by, and the "
        "axis of `torch.cat`.",
    ),
    wrong={
        lambda out, lengths: torch.cat([out.mean(dim=1), out.amax(dim=1)], dim=1): (
            "Neither reading knows of the padding: both take all T steps of the box."
        ),
        lambda out, lengths: torch.cat([(out * _words(out, lengths)).mean(dim=1), _most(out, lengths)], dim=1): (
            "The padding is out of your sum, but you divide by T. Divide by each review's own length."
        ),
        lambda out, lengths: torch.cat([_mean(out, lengths), (out * _words(out, lengths)).amax(dim=1)], dim=1): (
            "Your maximum sees a 0 where the padding is, and 0 wins against a unit whose outputs are all negative. "
            "Put −∞ there."
        ),
        lambda out, lengths: torch.cat([out.mean(dim=1), _most(out, lengths)], dim=1): (
            "The maximum is right. The mean still takes the padding in: sum over the words, divide by their number."
        ),
        lambda out, lengths: torch.cat([_mean(out, lengths), out.amax(dim=1)], dim=1): (
            "The mean is right. The maximum still looks at the padding, where a larger output may stand."
        ),
        lambda out, lengths: torch.cat([_most(out, lengths), _mean(out, lengths)], dim=1): (
            "Both are right and in the wrong order: the mean first, then the maximum."
        ),
        lambda out, lengths: torch.cat([_mean(out, lengths), _most(out, lengths)], dim=0): (
            "You put them one below the other, (2B, H). Side by side is dim=1."
        ),
        lambda out, lengths: _mean(out, lengths) + _most(out, lengths): (
            "You added the two. Side by side, so that the next layer can weigh them apart: `torch.cat`."
        ),
    },
)  # fmt: skip

# ---- 7.4 ------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def judge(model, batches):
    """Mean loss and accuracy over all examples: model, list of (x, lengths, labels (B,)) -> two numbers."""
    model.eval()
    loss = right = count = 0
    for x, lengths, labels in batches:
        logits = model(x, lengths)
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        right += (logits.argmax(dim=1) == labels).sum().item()
        count += len(labels)
    return loss / count, right / count


class _Drops(nn.Module):
    """Knows half the answers, and drops entries while it trains. Its two logits are both below 0, or both above."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, x, lengths):
        return self.dropout(F.one_hot(x[:, 0] % 2, 2).double() * lengths[:, None]) + (x[:, 1:2] - 5).sign() * 4


def _judged(*sizes):
    batches = []
    for number, size in enumerate(sizes):
        x, lengths = *whole(8, (size, 3), seed=size + number, least=1), *whole(3, (size,), seed=size, least=1)
        labels = (x[:, 0] + 1) % 2
        labels[: size // (3 - number)] ^= 1
        batches.append((x, lengths, labels))
    return _Drops(), batches


def _parts(model, batches):
    """(mean loss, right answers, examples) of each batch."""
    for x, lengths, labels in batches:
        logits = model(x, lengths)
        right = (logits.argmax(dim=1) == labels).sum().item()
        yield F.cross_entropy(logits, labels).item(), right, len(labels)


def _mean_of_means(model, batches):
    loss, right, count = zip(*_parts(model.eval(), batches), strict=True)
    return sum(loss) / len(loss), sum(r / n for r, n in zip(right, count, strict=True)) / len(loss)


def _mean_of_losses(model, batches):
    loss, right, count = zip(*_parts(model.eval(), batches), strict=True)
    return sum(loss) / len(loss), sum(right) / sum(count)


def _still_training(model, batches):
    model.train()
    loss, right, count = zip(*_parts(model, batches), strict=True)
    return sum(a * n for a, n in zip(loss, count, strict=True)) / sum(count), sum(right) / sum(count)


def _means_over_examples(model, batches):
    loss, right, count = zip(*_parts(model.eval(), batches), strict=True)
    return sum(loss) / sum(count), sum(right) / sum(count)


def _last_batch(model, batches):
    for loss, right, count in _parts(model.eval(), batches):
        result = loss, right / count
    return result


judge = Exercise(
    judge,
    cases=lambda: [_judged(4, 4, 1), _judged(5, 2), _judged(6)],
    returns="the mean loss and the accuracy",
    hints=(
        "Three things grow over the whole loop: the loss of all examples, the right answers, the number of "
        "examples. Divide once, at the end. And what does dropout do while you judge?",
        "`model.eval()` silences dropout, and `torch.no_grad()` keeps no graph. `F.cross_entropy` averages "
        "over its batch, unless its `reduction` says otherwise. Left for you: the answer of the model, from "
        "two logits.",
    ),
    wrong={
        _still_training: (
            "The model is still training: its dropout throws half of what it knows away. Call `model.eval()` first."
        ),
        _mean_of_means: (
            "You average the averages of the batches. The last batch is smaller, and each of its examples counts for "
            "more. Add up over examples, divide once."
        ),
        _mean_of_losses: (
            "The accuracy is right. The loss is a mean of batch means: cross_entropy averages over its batch unless "
            "you say reduction=\"sum\"."
        ),
        _means_over_examples: (
            "The accuracy is right. Your loss adds up means and divides by examples, so it is far too small: "
            "each batch's loss has to count for all its examples."
        ),
        _last_batch: (
            "These are the numbers of the last batch alone: they are overwritten in each turn of the loop."
        ),
    },
)  # fmt: skip

# ---- 7.5 ------------------------------------------------------------------------------------------------------------


def early_stop(losses, patience):
    """After which epoch training stops, and the best so far, counted from 1: losses, patience -> two numbers."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def _curves():
    falls_twice = [0.69, 0.52, 0.55, 0.45, 0.48, 0.46, 0.47, 0.40]
    return [(falls_twice, 2), (falls_twice, 3), (falls_twice, 4), ([0.5, 0.4, 0.4, 0.3, 0.35], 2), ([0.6, 0.7, 0.8], 1),
            ([0.5, 0.6, 0.7, 0.4], 2), ([0.6, 0.5, 0.5, 0.55], 2), ([0.5, 0.5, 0.5, 0.5], 2), ([0.7], 1),
            ([2.3, 1.9, 2.0, 1.7], 1), ([1.2, 1.1, 1.15, 1.1], 2), ([0.5, 0.49999, 0.49998, 0.49997, 0.5], 1),
            ([0.9, 0.8, 0.7, 0.6], 3), ([0.9, 0.8, 0.85], 2)]  # fmt: skip


def _since_the_last(losses, patience):
    best, worse = 0, 0
    for epoch, loss in enumerate(losses[1:], 1):
        best = epoch if loss < losses[best] else best
        worse = 0 if loss < losses[epoch - 1] else worse + 1
        if worse == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def _never_anew(losses, patience):
    best, worse = 0, 0
    for epoch, loss in enumerate(losses[1:], 1):
        if loss < losses[best]:
            best = epoch
        else:
            worse += 1
        if worse == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def _equals(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        best = epoch if loss <= losses[best] else best
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def _sees_the_future(losses, patience):
    best = losses.index(min(losses))
    return min(len(losses), best + 1 + patience), best + 1


def _keeps_the_last(losses, patience):
    stop, _ = early_stop.answer(losses, patience)
    return stop, stop


early_stop = Exercise(
    early_stop,
    cases=_curves,
    returns="the epoch it stops after, and the best epoch",
    hints=(
        "Walk through the epochs in order, as training does, and remember one thing: which epoch was the "
        "best so far.",
        "An epoch is either a new best, or it is not. If not, how old is the best by now? Left for you: from "
        "which age on it is over, and what to return if that never comes.",
    ),
    wrong={
        _since_the_last: (
            "You compare each epoch with the one before. 0.55, 0.54, 0.53 would count as progress even if the best was "
            "0.40: compare with the best so far."
        ),
        _never_anew: (
            "You count all the epochs that are not better. With each new best the count begins anew: ask how many "
            "epochs ago the best one was."
        ),
        _equals: (
            "An equal loss is not a better one: the first of two equals stays the best, and patience runs on."
        ),
        lambda losses, patience: early_stop.answer(losses, 1): (
            "You stop at the first epoch that is not better. `patience` says how many of them in a row it may take."
        ),
        lambda losses, patience: early_stop.answer(losses, patience + 1): (
            "One epoch too many: when `patience` epochs have gone by since the best one, it stops there and then."
        ),
        lambda losses, patience: tuple(number - 1 for number in early_stop.answer(losses, patience)): (
            "Right, but you count from 0. Here the first epoch is 1."
        ),
        _sees_the_future: (
            "You look for the lowest loss of the whole list. Training cannot see the epochs that come after the stop."
        ),
        lambda losses, patience: (len(losses), losses.index(min(losses)) + 1): (
            "This never stops: you return the last epoch, and the best of them all. The stop has to come as soon as "
            "`patience` epochs have gone by without a new best."
        ),
        lambda losses, patience: early_stop.answer([-loss for loss in losses], patience): (
            "You follow the highest loss. Lower is better."
        ),
        _keeps_the_last: (
            "The stop is right. The weights worth keeping are those of the best epoch, not of the last one."
        ),
    },
)  # fmt: skip
