"""Exercises of lesson 07, IMDB."""

import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from . import ways
from .check import Exercise
from .drawn import judged, padded, signed, whole

# ---- 7.1 ------------------------------------------------------------------------------------------------------------


def collate(examples):
    """Examples as one batch: pairs (row (T_b,), label) -> x (B, T) padded with 0, lengths (B,), labels (B,)."""
    rows = [row for row, _ in examples]
    labels = [label for _, label in examples]
    lengths = [len(row) for row in rows]
    return pad_sequence(rows, batch_first=True), torch.tensor(lengths), torch.tensor(labels)


def _examples():
    batches = [(3, 1), (6, 0), (2, 0)], [(2, 0), (5, 1), (4, 1), (1, 0)], [(4, 1)], [(1, 0), (1, 1)]
    return [([(whole(4, (n,), seed=n, least=1)[0], label) for n, label in batch],) for batch in batches]


def _with(x=None, lengths=None):
    """An answer with another x or other lengths, each made of the right x and the right lengths."""

    def answer(examples):
        box, counts, labels = collate.answer(examples)
        return x(box, counts) if x else box, lengths(box, counts) if lengths else counts, labels

    return answer


collate = Exercise(
    collate,
    cases=_examples,
    returns="x (B, T), lengths (B,), labels (B,)",
    hints=(
        "Take the pairs apart first: all rows, all labels. Note the lengths before the rows become one box.",
        "`pad_sequence` of lesson 02 makes the box of a list of rows; `torch.tensor` makes int64 of a list of whole "
        "numbers. Left for you: the axis that `pad_sequence` puts first.",
    ),
    wrong={
        _with(lengths=lambda x, n: torch.full_like(n, x.shape[1])): (
            "Every length of yours is T, the width of the box. Take the number of words from the row itself."
        ),
        _with(x=lambda x, n: torch.stack([row.roll(x.shape[1] - int(m)) for row, m in zip(x, n, strict=True)])): (
            "Your padding stands in front of the words. The lengths count from the left: it has to stand behind."
        ),
        _with(x=lambda x, n: x[n.argsort(descending=True)], lengths=lambda x, n: n.sort(descending=True).values): (
            "You sorted the reviews by length and not their labels: now most have another one's. No need to sort."
        ),
    },
)

# ---- 7.2 ------------------------------------------------------------------------------------------------------------


def at_last_word(out, x):
    """The output at each review's last word: out (B, T, H), x (B, T) padded with 0 -> (B, H)."""
    last = (x != 0).sum(dim=1) - 1
    return out[torch.arange(len(x)), last]


at_last_word = Exercise(
    at_last_word,
    cases=lambda: [
        padded([2, 5, 3], 6, 2),
        padded([4, 1, 4, 3], 5, 6),
        padded([2], 4, 3, torch.float32),
        padded([2, 3], 3, 5),
    ],
    returns="(B, H)",
    hints=(
        "Nobody tells you the lengths, but `x` knows them: only padding is 0. Count what is not.",
        "`x != 0` is True at each word, and True counts as 1. Steps are counted from 0. Left for you: the axis to add "
        "along, and then it is exercise 2.5.",
    ),
    wrong={
        lambda out, x: out[:, -1]: "This is the last column of the box. Behind a shorter review it is padding.",
        lambda out, x: out[:, (x != 0).sum(dim=1) - 1]: (
            "A colon takes all reviews at each of these steps. The first index has to walk along: torch.arange(B)."
        ),
        lambda out, x: out[torch.arange(len(x)), x.argmax(dim=1)]: "argmax finds the rarest word, wherever it stands.",
    },
)

# ---- 7.3 ------------------------------------------------------------------------------------------------------------


def mean_and_max(out, lengths):
    """Mean and maximum over each review's words, side by side: out (B, T, H), lengths (B,) -> (B, 2H)."""
    words = (torch.arange(out.shape[1]) < lengths[:, None])[..., None]
    mean = (out * words).sum(dim=1) / lengths[:, None]
    most = out.masked_fill(~words, -torch.inf).amax(dim=1)
    return torch.cat([mean, most], dim=1)


def _beside(mean=None, most=None):
    """An answer with another mean or another maximum, each made of out and of out with 0 in the padding."""

    def answer(out, lengths):
        kept = out * (torch.arange(out.shape[1]) < lengths[:, None])[..., None]
        right_mean, right_most = mean_and_max.answer(out, lengths).chunk(2, dim=1)
        return torch.cat([mean(out, kept) if mean else right_mean, most(out, kept) if most else right_most], dim=1)

    return answer


mean_and_max = Exercise(
    mean_and_max,
    cases=lambda: [
        signed([2, 5, 3], 7, 2),
        signed([4, 1, 6, 3], 6, 5),
        signed([2], 4, 3, torch.float32),
        signed([1, 3], 4, 3, scale=9.0),
    ],
    returns="(B, 2H)",
    hints=(
        "Two readings, each without the padding, then one beside the other. What must stand in the padding so that it "
        "changes no sum? And so that it never wins a maximum?",
        "Compare `torch.arange(T)` with the lengths for a mask `(B, T, 1)`. Padding becomes 0 for the sum and −∞ for "
        "the maximum (`masked_fill`). Left for you: what to divide by, and the axis of `torch.cat`.",
    ),
    wrong={
        _beside(lambda out, kept: out.mean(dim=1), lambda out, kept: out.amax(dim=1)): (
            "Neither reading knows of the padding: both take all T steps of the box."
        ),
        _beside(mean=lambda out, kept: kept.mean(dim=1)): (
            "The padding is out of your sum, but you divide by T. Divide by each review's own length."
        ),
        _beside(most=lambda out, kept: kept.amax(dim=1)): (
            "Your maximum sees a 0 in the padding, and 0 wins where all outputs of a unit are negative. Put −∞ there."
        ),
        _beside(mean=lambda out, kept: out.mean(dim=1)): (
            "The maximum is right. The mean still takes the padding in: sum over the words, divide by their number."
        ),
    },
)

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


def _means(model, batches):
    """The mean loss and the accuracy of each batch, (2, number of batches)."""
    return torch.tensor([judge.answer(model, [batch]) for batch in batches], dtype=torch.float64).T


def _still_training(model, batches):
    model.eval = model.train
    return judge.answer(model, batches)


judge = Exercise(
    judge,
    ways=(ways.judged_by_means,),
    cases=lambda: [judged(4, 4, 1), judged(5, 2), judged(6)],
    returns="the mean loss and the accuracy",
    hints=(
        "Three things grow over the whole loop: the loss of all examples, the right answers, the number of examples. "
        "Divide once, at the end. And what does dropout do while you judge?",
        "`model.eval()` silences dropout, and `torch.no_grad()` keeps no graph. `F.cross_entropy` averages over its "
        "batch, unless its `reduction` says otherwise. Left for you: the answer of the model, from two logits.",
    ),
    wrong={
        _still_training: "Dropout still throws half of what it knows away. Call `model.eval()` first.",
        lambda model, batches: tuple(_means(model, batches).mean(dim=1).tolist()): (
            "You average the averages of batches: examples of a small one count for more. Add up, and divide once."
        ),
        lambda model, batches: (_means(model, batches)[0].mean().item(), judge.answer(model, batches)[1]): (
            "The accuracy is right. The loss is a mean of batch means: the `reduction` of cross_entropy is a mean."
        ),
    },
)

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
    curves = {
        1: ([0.6, 0.7, 0.8], [0.7], [2.3, 1.9, 2.0, 1.7], [0.5, 0.49999, 0.49998, 0.49997, 0.5]),
        2: (
            falls_twice,
            [0.5, 0.4, 0.4, 0.3, 0.35],
            [0.5, 0.6, 0.7, 0.4],
            [0.6, 0.5, 0.5, 0.55],
            [0.5] * 4,
            [130.0, 95.0, 97.0, 80.0],
        ),
        3: (falls_twice, [0.9, 0.8, 0.7, 0.6], [1.2, 1.1, 1.15, 1.1], [0.9, 0.8, 0.85]),
        4: (falls_twice,),
    }
    return [(losses, patience) for patience, many in curves.items() for losses in many]


def _counted(losses, patience, anew):
    """Stops after `patience` epochs that are not better than the one before; or, not `anew`, than the best, in all."""
    best, worse = 0, 0
    for epoch, loss in enumerate(losses[1:], 1):
        better = loss < losses[epoch - 1 if anew else best]
        best = epoch if loss < losses[best] else best
        worse = worse + (not better) if not (better and anew) else 0
        if worse == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


early_stop = Exercise(
    early_stop,
    cases=_curves,
    returns="the epoch it stops after, and the best epoch",
    hints=(
        "Walk through the epochs in order, as training does, and remember one thing: which epoch was the best so far.",
        "An epoch is either a new best, or it is not. If not, how old is the best by now? Left for you: from which "
        "age on it is over, and what to return if that never comes.",
    ),
    wrong={
        lambda *given: _counted(*given, anew=True): "You compare with the epoch before. Compare with the best so far.",
        lambda *given: _counted(*given, anew=False): "The count goes on past a new best. It has to begin anew there.",
        lambda *given: (early_stop.answer(*given)[0],) * 2: "The stop is right. The second number is the *best* epoch.",
    },
)
