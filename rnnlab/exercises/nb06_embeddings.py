"""Exercises of lesson 06, Embeddings."""

from collections import Counter

import torch
from torch.nn import functional as F

from .check import Exercise
from .drawn import normal, whole

# ---- 6.1 ------------------------------------------------------------------------------------------------------------


def build_vocabulary(words, min_freq):
    """The vocabulary of all texts in turn: words, min_freq -> list of str, <pad>, <unk>, then the frequent first."""
    counts = Counter(words)
    kept = [word for word in counts if counts[word] >= min_freq]
    return ["<pad>", "<unk>"] + sorted(kept, key=lambda word: (-counts[word], word))


def _kept(words, min_freq, key=lambda count, word: (-count, word), first=("<pad>", "<unk>")):
    counts = Counter(words)
    return [*first, *sorted((w for w, n in counts.items() if n >= min_freq), key=lambda w: key(counts[w], w))]


build_vocabulary = Exercise(
    build_vocabulary,
    cases=lambda: [
        *(
            ("the film was bad and the plot was worse but the end was good and a cat sat there".split(), n)
            for n in (1, 2)
        ),
        ("b c a b c a a d".split(), 2),
        ("b c a b c a a d".split(), 4),
        ("z zz Y z y Z".split(), 1),
        (9 * ["a"] + 12 * ["b"] + ["c"], 1),
    ],
    returns="a list of str",
    hints=(
        "Three steps: count the words, keep those that are frequent enough, sort. The two special words come in front.",
        "`collections.Counter` counts. For *frequent first, then by letters* sort with a key of two parts, a tuple. "
        "Left for you: what stands first in it, and with which sign.",
    ),
    wrong={
        lambda words, min_freq: _kept(words, min_freq, first=()): (
            "The words are right. <pad> and <unk> must stand in front of them, at 0 and 1."
        ),
        lambda words, min_freq: [*_kept(words, min_freq, first=()), "<pad>", "<unk>"]: (
            "<pad> and <unk> stand at the end. At 0 and 1 they keep their numbers however many words follow."
        ),
        lambda words, min_freq: _kept(words, min_freq, key=lambda count, word: word): (
            "The words stand in the order of their letters. The frequent first; letters only decide between equals."
        ),
        lambda words, min_freq: _kept(words, min_freq, key=lambda count, word: -count): (
            "Equally frequent words stand in the order in which they came. Sort them by letters: then another order of "
            "the same texts gives the same numbers."
        ),
    },
)

# ---- 6.2 ------------------------------------------------------------------------------------------------------------


def to_numbers(words, index):
    """The number of each word: words, T of them, index {word: number} with "<unk>" in it -> (T,) int64."""
    return torch.tensor([index.get(word, index["<unk>"]) for word in words])


INDEX = {"<pad>": 0, "<unk>": 1, "the": 2, "film": 3, "was": 4, "good": 5}

to_numbers = Exercise(
    to_numbers,
    cases=lambda: [
        ("the film was awful the end".split(), INDEX),
        ("was the plot good".split(), INDEX),
        ("good <pad> 감동".split(), {"<unk>": 2, "good": 0, "<pad>": 1}),
        (["plot"], INDEX),
    ],
    returns="(T,) int64",
    hints=(
        "One number for each word, in turn. What has a dict for the case that a key is not in it?",
        "`index.get(word, ...)` takes a second argument: what to give if the word is not there. Then make a tensor.",
    ),
    wrong={
        lambda words, index: torch.tensor([index[word] for word in words if word in index]): (
            "Unknown words are dropped, so the sentence gets shorter: not <unk> at all becomes not at all. Keep their "
            "places."
        ),
        lambda words, index: torch.tensor([index[word] for word in words]): (
            "A word that is not in index stops it with a KeyError. New texts hold new words: <unk> stands for them."
        ),
        lambda words, index: torch.tensor([index.get(word, index["<pad>"]) for word in words]): (
            "Unknown words become <pad>. Then nobody can tell them from the filling, and a mask throws them away."
        ),
        lambda words, index: torch.tensor([index.get(word, 0) for word in words]): (
            "Unknown words become 0, and there <pad> stands, or some other word. Ask index for the number of <unk>."
        ),
        lambda words, index: torch.tensor([index.get(word, 1) for word in words]): (
            "The number 1 for <unk> is built in. Ask index for it: in another vocabulary it stands elsewhere."
        ),
        lambda words, index: torch.tensor([index.get(word, len(index)) for word in words]): (
            "Unknown words get a number of their own, one behind the last: the table has no such row. Use that of "
            "<unk>."
        ),
    },
)

# ---- 6.3 ------------------------------------------------------------------------------------------------------------


def to_words(numbers, vocabulary):
    """A padded row back as words: numbers (T,) int64, vocabulary a list with <pad> at 0 -> list of str, no <pad>."""
    return [vocabulary[number] for number in numbers.tolist() if number != 0]


VOCABULARY = ("<pad>", "<unk>", "the", "film", "was", "good")

to_words = Exercise(
    to_words,
    cases=lambda: [
        (torch.tensor([2, 3, 4, 1, 2, 3, 0, 0]), list(VOCABULARY)),
        (torch.tensor([0, 0, 5, 5]), list(VOCABULARY)),
        (torch.tensor([4, 1, 2]), list(VOCABULARY)),
        (torch.tensor([3, 0, 2, 0]), ["<pad>", "<unk>", "a", "film"]),
        (torch.tensor([2]), list(VOCABULARY)),
        (torch.tensor([0, 0]), list(VOCABULARY)),
    ],
    returns="a list of str",
    hints=(
        "The vocabulary is a list, and a number is a place in it. Which numbers are no words at all?",
        "`numbers.tolist()` gives plain whole numbers, each a place in `vocabulary`. A list with a condition, `[... "
        "for ... if ...]`, does it. Left for you: the condition.",
    ),
    wrong={
        lambda numbers, vocabulary: [vocabulary[n] for n in numbers.tolist() if n > 1]: (
            "<unk> is left out too. Something stood there, though nobody knows what: keep its place."
        ),
        lambda numbers, vocabulary: " ".join(vocabulary[n] for n in numbers.tolist() if n): (
            "The words are right, joined into one text. Return the list: joining is another step."
        ),
        lambda numbers, vocabulary: list(dict.fromkeys(vocabulary[n] for n in numbers.tolist() if n)): (
            "A word that comes twice is there only once. Going through a set or a dict loses that: a text is a list."
        ),
        lambda numbers, vocabulary: [vocabulary[n] for n in sorted(numbers.tolist()) if n]: (
            "All the words, in another order. The order is what makes it a text."
        ),
        lambda numbers, vocabulary: [vocabulary[n - 1] for n in numbers.tolist() if n]: (
            "Every word is one place off. <pad> is a row of the list like every other: 2 is its third entry."
        ),
        lambda numbers, vocabulary: _until(numbers.tolist(), vocabulary): (
            "You stop at the first <pad>. Padding may stand in front as well: look at every number."
        ),
    },
)


def _until(numbers, vocabulary):
    return [vocabulary[n] for n in (numbers[: numbers.index(0)] if 0 in numbers else numbers)]


# ---- 6.4 ------------------------------------------------------------------------------------------------------------


def look_up(weight, indices):
    """The rows of a table as a product: weight (V, I), indices (B, T) int64 -> (B, T, I)."""
    return F.one_hot(indices, len(weight)).float() @ weight


def _table(V, I, B, T):
    (weight,) = normal((V, I), seed=V, dtype=torch.float32, learns=True)
    return weight, *whole(V - 2, (B, T), seed=V)  # the last word never comes


look_up = Exercise(
    look_up,
    cases=lambda: [_table(5, 5, 2, 3), _table(6, 3, 2, 4), _table(9, 7, 1, 2), _table(3, 6, 4, 1)],
    returns="(B, T, I)",
    hints=(
        "Make the words one-hot first: which shape is that? Then one matrix product with the table.",
        "`F.one_hot(indices, V)` is `(B, T, V)` and holds whole numbers: make them `.float()`. `V` is the number of "
        "rows of `weight`.",
    ),
    wrong={
        lambda weight, indices: F.one_hot(indices).float() @ weight: (
            "one_hot is not told how many words there are, and guesses from the largest number it sees. Tell it V."
        ),
        lambda weight, indices: F.one_hot(indices, len(weight)) @ weight: (
            "one_hot returns whole numbers and the weights are fractions: make it .float() before the product."
        ),
        lambda weight, indices: F.one_hot(indices, weight.shape[1]).float() @ weight: (
            "You count the columns of weight, which is I. There is one row for each word: V is the number of rows."
        ),
        lambda weight, indices: (F.one_hot(indices, len(weight)).float() @ weight).flatten(0, 1): (
            "The rows are right, in one long list (B·T, I). Keep both axes: a product with @ works for (B, T, V) too."
        ),
    },
)

# ---- 6.5 ------------------------------------------------------------------------------------------------------------


def negative_sampling_loss(positive, negative):
    """The loss of a pair, mean over B: scores positive (B,) of true pairs, negative (B, K) of noise -> ()."""
    missed = F.logsigmoid(positive) + F.logsigmoid(-negative).sum(dim=1)
    return -missed.mean()


def _scores(B, K, scale=1.0, dtype=torch.float64):
    return tuple((scale * scores).requires_grad_() for scores in normal((B,), (B, K), seed=B + K, dtype=dtype))


def _loss(positive, negative, noise):
    return -F.logsigmoid(positive).mean() - noise(F.logsigmoid(-negative))


negative_sampling_loss = Exercise(
    negative_sampling_loss,
    cases=lambda: [_scores(4, 3), _scores(2, 5, 3.0, torch.float32), _scores(4, 3, 2000.0), _scores(1, 1)],
    returns="a number",
    hints=(
        "Each score answers a yes-or-no question. Of a true pair you want the log-probability of *yes*, of each noise "
        "word that of *no*; and *no* to a score is *yes* to minus the score.",
        "`F.logsigmoid` is the log-probability of *yes*, finite for any score. A pair has one question answered yes "
        "and K answered no, and their logarithms add up. Left for you: over which axis you sum, over which you "
        "average, and the sign.",
    ),
    wrong={
        lambda positive, negative: _loss(positive, -negative, lambda no: no.sum(1).mean()): (
            "You reward noise words for a high score, like true ones. Their question is answered no: logsigmoid of "
            "minus the score."
        ),
        lambda positive, negative: _loss(positive, negative, torch.mean): (
            "The noise words of a pair are averaged. Sum over K: each is a question of its own. The mean is over B."
        ),
        lambda positive, negative: F.cross_entropy(
            torch.cat([positive[:, None], negative], 1), torch.zeros(len(positive), dtype=torch.int64)
        ): (
            "That is a softmax over the true word and its noise words: one choice of K + 1. Here are K + 1 separate "
            "questions, each with a sigmoid."
        ),
        lambda positive, negative: -(positive.sigmoid().log() + (1 - negative.sigmoid()).log().sum(1)).mean(): (
            "Right for small scores. Far out sigmoid is exactly 0 or 1 and the logarithm infinite: F.logsigmoid does "
            "both steps at once and stays finite."
        ),
        lambda positive, negative: -(positive.sigmoid() + (-negative).sigmoid().sum(1)).mean(): (
            "These are probabilities. Their logarithm is missing: a net that is sure and wrong must pay a lot."
        ),
    },
)
