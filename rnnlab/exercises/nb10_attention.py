"""Exercises of lesson 10, attention."""

import random

import torch
from rapidfuzz.distance import Levenshtein
from torch.nn import functional as F

from .check import Exercise
from .drawn import normal, whole

# ---- 10.1 -----------------------------------------------------------------------------------------------------------


def teacher_forcing(sounds, lengths):
    """What the decoder is given and what it is to say: sounds (B, T), lengths (B,) -> both (B, T + 1) int64.

    1 is START, 2 is END, 0 stands behind the end.
    """
    given = F.pad(sounds, (1, 0), value=1)
    wanted = F.pad(sounds, (0, 1))
    wanted[torch.arange(len(sounds)), lengths] = 2
    return given, wanted


def _spoken(*lengths, seed):
    T, lengths = max(lengths), torch.tensor(lengths)
    (sounds,) = whole(41, (len(lengths), T), seed=seed, least=3)
    return sounds * (torch.arange(T) < lengths[:, None]), lengths


def _by_places(sounds, lengths):
    places = torch.arange(sounds.shape[1] + 1)
    longer = F.pad(sounds, (0, 1))
    return F.pad(sounds, (1, 0), value=1), torch.where(places == lengths[:, None], 2, longer)


def _end_at_the_end(sounds, lengths):
    return F.pad(sounds, (1, 0), value=1), F.pad(sounds, (0, 1), value=2)


def _not_shifted(sounds, lengths):
    wanted = F.pad(F.pad(sounds, (1, 0), value=1), (0, 1))
    wanted[torch.arange(len(sounds)), lengths + 1] = 2
    return wanted[:, :-1], wanted[:, :-1].clone()


def _backward(sounds, lengths):
    given, wanted = teacher_forcing.answer(sounds, lengths)
    return wanted, given


def _in_every_row(sounds, lengths):
    given, wanted = _no_end(sounds, lengths)
    wanted[:, lengths] = 2
    return given, wanted


def _no_end(sounds, lengths):
    return F.pad(sounds, (1, 0), value=1), F.pad(sounds, (0, 1))


def _end_over_the_last(sounds, lengths):
    given, wanted = _no_end(sounds, lengths)
    wanted[torch.arange(len(sounds)), lengths - 1] = 2
    return given, wanted


teacher_forcing = Exercise(
    teacher_forcing,
    cases=lambda: [_spoken(3, 5, 1, seed=0), _spoken(4, seed=1), _spoken(2, 2, seed=2), _spoken(1, 6, 3, 4, seed=3)],
    ways=(_by_places,),
    returns="two tensors (B, T + 1)",
    hints=(
        "Write both rows for `AY T` on paper, one above the other. What is the first thing that the decoder is given, "
        "and what is the last thing that it has to say?",
        "`F.pad(sounds, (1, 0), value=…)` puts a column in front, `(0, 1)` one behind. The END of a short word does "
        "not stand in the last column: `lengths` says where.",
    ),
    wrong={
        _not_shifted: (
            "Both rows are the same: at each step the decoder is given the very sound it has to say, and learns to "
            "copy. What it is given is one step behind."
        ),
        _backward: (
            "The two have changed places. What the decoder is given begins with START; what it has to say ends with "
            "END."
        ),
        _end_at_the_end: (
            "Your END always stands in the last column. For a short word that is behind the padding: put it right "
            "behind the word's own last sound."
        ),
        _no_end: "Nothing tells the decoder to stop: behind the last sound of each word it has to say END.",
        _end_over_the_last: (
            "Your END overwrites the last sound. Counted from 0, that sound stands at `lengths - 1`; END comes behind."
        ),
        _in_every_row: (
            "A colon takes every row, so each word gets the ENDs of all others. Pair each row with its own length: "
            "`torch.arange(B)` beside `lengths`."
        ),
    },
)

# ---- 10.2 -----------------------------------------------------------------------------------------------------------


def sound_error_rate(answers, right):
    """Wrong sounds for each sound of the right answers: N answers, for each a list of right ones -> a number.

    Of several right answers the nearest counts, and of equally near ones the shortest.
    """
    wrong = count = 0
    for answer, choices in zip(answers, right, strict=True):
        distance, length = min((Levenshtein.distance(answer, choice), len(choice)) for choice in choices)
        wrong, count = wrong + distance, count + length
    return wrong / count


def _mean_of_rates(answers, right):
    pairs = list(zip(answers, right, strict=True))
    return sum(min((Levenshtein.distance(a, c), len(c)) for c in r)[0] / len(r[0]) for a, r in pairs) / len(pairs)


def _first_only(answers, right):
    pairs = [(answer, choices[0]) for answer, choices in zip(answers, right, strict=True)]
    return sum(Levenshtein.distance(a, c) for a, c in pairs) / sum(len(c) for _, c in pairs)


def _by_place(answers, right):
    wrong = count = 0
    for answer, choices in zip(answers, right, strict=True):
        distances = [(sum(a != b for a, b in zip(answer, c, strict=False)), len(c)) for c in choices]
        wrong, count = wrong + min(distances)[0], count + min(distances)[1]
    return wrong / count


def _words(answers, right):
    return sum(tuple(a) not in [tuple(c) for c in r] for a, r in zip(answers, right, strict=True)) / len(answers)


def _for_each_word(answers, right):
    wrong = sum(min(Levenshtein.distance(a, c) for c in r) for a, r in zip(answers, right, strict=True))
    return wrong / len(answers)


def _all_choices(answers, right):
    pairs = [(answer, choice) for answer, choices in zip(answers, right, strict=True) for choice in choices]
    return sum(Levenshtein.distance(a, c) for a, c in pairs) / sum(len(c) for _, c in pairs)


def _by_own_length(answers, right):
    wrong = sum(min(Levenshtein.distance(a, c) for c in r) for a, r in zip(answers, right, strict=True))
    return wrong / sum(len(answer) for answer in answers)


def _answers(seed):
    """Answers near and far from their right ones; often the second is nearer, and lengths differ."""
    chance = random.Random(seed)
    answers, right = [], []
    for _ in range(chance.randint(2, 5)):
        choices = [tuple(chance.choices("N AY T K AH".split(), k=chance.randint(2, 7))) for _ in range(2)]
        answer = list(choices[1])
        answer.insert(chance.randint(0, len(answer)), "ER")
        answers.append(tuple(answer[chance.randint(0, 1) :]))
        right.append(choices[: chance.randint(1, 2)])
    return answers, right


sound_error_rate = Exercise(
    sound_error_rate,
    cases=lambda: [
        ([("N", "AY", "T"), ("EY", "M")], [[("N", "AY", "T")], [("AH",), ("EY", "M", "Z")]]),
        ([("K", "N", "AY", "T", "S")], [[("N", "AY", "T"), ("N", "AY", "T", "IH", "S", "T")]]),
        ([("AY",), ("T", "UW", "L")], [[("B", "AY", "K", "ER"), ("AY", "T")], [("T", "UH", "L"), ("P",)]]),
        *[_answers(seed) for seed in (3, 4, 5)],
    ],
    more=lambda: (_answers(seed) for seed in range(10, 200)),
    returns="a number",
    hints=(
        "Add up two things over all words: how many sounds were wrong, and how many sounds there should have been. A "
        "word has several right answers: which of them do both sums take?",
        "`Levenshtein.distance(answer, choice)` counts the sounds to put in, leave out or exchange. Take the smallest "
        "over the choices, with the length of that choice, and divide once, at the end.",
    ),
    wrong={
        _mean_of_rates: (
            "You average the rates of the words, so that a sound of a short word counts for more. Add up wrong sounds "
            "and sounds; divide once."
        ),
        _first_only: (
            "You compare with the first right answer alone. A word may be said in several ways: the nearest counts."
        ),
        _by_place: (
            "You compare place by place. One sound left out shifts all that follow; the edit distance does not mind."
        ),
        _words: "That is the share of wrong *words*. Asked is how many sounds were wrong, of all sounds.",
        _for_each_word: "You divide by the number of words. Asked is how many sounds are wrong of each *sound*.",
        _all_choices: (
            "You add up over all right answers of a word. Only the nearest counts, with its own length; the others are "
            "forgotten."
        ),
        _by_own_length: (
            "You divide by the length of the answers. An answer that babbles would look better: divide by the right "
            "ones."
        ),
    },
)

# ---- 10.3 -----------------------------------------------------------------------------------------------------------


def attention_weights(query, memory, lengths):
    """How much one step looks at each letter: query (B, H), memory (B, S, H), lengths (B,) -> (B, S), each row 1."""
    scores = (memory @ query[:, :, None])[:, :, 0]
    padding = torch.arange(memory.shape[1]) >= lengths[:, None]
    return scores.masked_fill(padding, -torch.inf).softmax(dim=1)


def _read(*lengths, H, seed, dtype=torch.float64):
    S, B = max(lengths) + seed % 2, len(lengths)
    return *normal((B, H), (B, S, H), seed=seed, dtype=dtype, learns=True), torch.tensor(lengths)


def _scores(query, memory):
    return (memory @ query[:, :, None])[:, :, 0]


def _behind(memory, lengths):
    return torch.arange(memory.shape[1]) >= lengths[:, None]


def _kept(query, memory, lengths):
    """The other way round: what is kept, and not what is hidden; shares without a softmax."""
    scores = (query[:, None] * memory).sum(dim=2)
    letters = torch.arange(memory.shape[1]) < lengths[:, None]
    powers = torch.where(letters, (scores - scores.amax(dim=1, keepdim=True)).exp(), 0)
    return powers / powers.sum(dim=1, keepdim=True)


def _zeros(query, memory, lengths):
    return _scores(query, memory).masked_fill(_behind(memory, lengths), 0).softmax(dim=1)


def _after(query, memory, lengths):
    return _scores(query, memory).softmax(dim=1).masked_fill(_behind(memory, lengths), 0)


def _turned(query, memory, lengths):
    return _scores(query, memory).masked_fill(~_behind(memory, lengths), -1e9).softmax(dim=1)


def _batch(query, memory, lengths):
    return _scores(query, memory).masked_fill(_behind(memory, lengths), -1e9).softmax(dim=0)


def _one_too_many(query, memory, lengths):
    padding = torch.arange(memory.shape[1]) > lengths[:, None]
    return _scores(query, memory).masked_fill(padding, -torch.inf).softmax(dim=1)


attention_weights = Exercise(
    attention_weights,
    cases=lambda: [
        _read(4, 2, 5, H=7, seed=0),
        _read(3, H=2, seed=1),
        _read(1, 6, H=3, seed=2, dtype=torch.float32),
        _read(2, 3, 1, 2, H=4, seed=3),
        _read(1, 1, H=5, seed=4),
    ],
    ways=(_kept,),
    returns="(B, S)",
    hints=(
        "Two moves. How well does the query fit each letter: one product for each, summed over `H`. Then shares of one "
        "whole, and nothing for the padding: when has a softmax to hear of it?",
        "`memory @ query[:, :, None]` has one axis of length 1 too many. A score that comes out of the softmax as "
        "exactly 0 went in as minus infinity: `masked_fill` puts it where `torch.arange(S)` is not below the length.",
    ),
    wrong={
        lambda query, memory, lengths: _scores(query, memory).softmax(dim=1): (
            "Padding gets weight too, and the weights of a word depend on its neighbours in the batch. Mask the places "
            "behind `lengths`."
        ),
        _zeros: (
            "A score of 0 is not small: exp(0) is 1, and padding keeps a share. Only minus infinity comes out as 0."
        ),
        _after: (
            "You take the padding away after the softmax, and what is left adds up to less than 1. Mask the scores, "
            "before it."
        ),
        _batch: "Your softmax runs over the batch. The letters of one word lie along dim=1.",
        _turned: "Your mask is the other way round: it hides the letters and leaves the padding.",
        lambda query, memory, lengths: (
            _scores(query, memory).masked_fill(_behind(memory, lengths), -torch.inf).sigmoid()
        ): (
            "A sigmoid looks at each letter by itself, and the weights of a word do not add up to 1. Shares of one "
            "whole: a softmax."
        ),
        _one_too_many: (
            "One place of padding is left. Places are counted from 0: a word of 4 letters ends at place 3."
        ),
        lambda query, memory, lengths: _scores(query, memory).masked_fill(_behind(memory, lengths), -torch.inf): (
            "These are scores. Weights lie between 0 and 1 and add up to 1 for each word: a softmax is missing."
        ),
    },
)

# ---- 10.4 -----------------------------------------------------------------------------------------------------------


def context(weights, memory):
    """The weighted sum of the letters' states: weights (B, S), memory (B, S, H) -> (B, H)."""
    return (weights[:, :, None] * memory).sum(dim=1)


def _looked(B, S, H, seed, dtype=torch.float64):
    scores, memory = normal((B, S), (B, S, H), seed=seed, dtype=dtype)
    return scores.softmax(dim=1).requires_grad_(), memory.requires_grad_()


context = Exercise(
    context,
    cases=lambda: [_looked(3, 4, 5, 0), _looked(1, 3, 2, 1), _looked(4, 1, 3, 2), _looked(2, 6, 7, 3, torch.float32)],
    returns="(B, H)",
    hints=(
        "Each of the `S` states is multiplied by its own weight, one number for all its `H` entries, and then they are "
        "added. Which axis is gone afterwards?",
        "`weights` lacks the axis `H`: `weights[:, :, None]` has one of length 1 there, and stretches over `memory`.",
    ),
    wrong={
        lambda weights, memory: weights[:, :, None] * memory: (
            "Weighted, but not added up: this is still one state for each letter, (B, S, H)."
        ),
        lambda weights, memory: (weights[:, :, None] * memory).mean(dim=1): (
            "The weights add up to 1 already, and you divide by S once more: a sum, not a mean."
        ),
        lambda weights, memory: memory.mean(dim=1): (
            "This is the plain mean: every letter counts alike, and the weights are not used."
        ),
        lambda weights, memory: memory[torch.arange(len(memory)), weights.argmax(dim=1)]: (
            "You take the one letter with the largest weight. No gradient reaches the weights then: they would never "
            "learn where to look."
        ),
        lambda weights, memory: (weights[:, :, None] * memory).sum(dim=2): (
            "You add up over H. The sum runs over the letters, dim=1; the H entries stay apart."
        ),
    },
)

# ---- 10.5 -----------------------------------------------------------------------------------------------------------


def beam_step(scores, log_probs, width):
    """The best continuations of K beginnings: scores (K,), log_probs (K, V) -> scores, parents, symbols, (width,) each.

    The best comes first; parents says which beginning each continues, symbols with what.
    """
    V = log_probs.shape[1]
    best = (scores[:, None] + log_probs).flatten().topk(width)
    return best.values, best.indices // V, best.indices % V


def _beginnings(K, V, width, seed, dtype=torch.float64):
    scores, logits = normal((K,), (K, V), seed=seed, dtype=dtype)
    return 2 * scores - 4, (2 * logits).log_softmax(dim=1), width


def _looked_up(scores, log_probs, width):
    K, V = log_probs.shape
    best = (scores[:, None] + log_probs).flatten().topk(width)
    parents, symbols = torch.arange(K)[:, None].expand(K, V).flatten(), torch.arange(V).repeat(K)
    return best.values, parents[best.indices], symbols[best.indices]


def _forgets(scores, log_probs, width):
    best = log_probs.flatten().topk(width)
    return best.values, best.indices // log_probs.shape[1], best.indices % log_probs.shape[1]


def _multiplies(scores, log_probs, width):
    best = (scores[:, None] * log_probs).flatten().topk(width)
    return best.values, best.indices // log_probs.shape[1], best.indices % log_probs.shape[1]


def _each_its_own(scores, log_probs, width):
    best = (scores[:, None] + log_probs).max(dim=1)
    order = best.values.argsort(descending=True)[:width]
    return best.values[order], order, best.indices[order]


def _exchanged(scores, log_probs, width):
    values, parents, symbols = beam_step.answer(scores, log_probs, width)
    return values, symbols, parents


def _by_K(scores, log_probs, width):
    best = (scores[:, None] + log_probs).flatten().topk(width)
    return best.values, best.indices // len(scores), best.indices % len(scores)


def _worst(scores, log_probs, width):
    best = (scores[:, None] + log_probs).flatten().topk(width, largest=False)
    return best.values, best.indices // log_probs.shape[1], best.indices % log_probs.shape[1]


beam_step = Exercise(
    beam_step,
    cases=lambda: [
        _beginnings(3, 5, 3, 0),
        _beginnings(1, 6, 4, 1),
        _beginnings(4, 3, 2, 2, torch.float32),
        _beginnings(2, 7, 1, 3),
        _beginnings(5, 4, 7, 4),
    ],
    ways=(_looked_up,),
    returns="scores, parents and symbols, (width,) each",
    hints=(
        "K beginnings with V continuations each: K·V candidates in one race. What is the score of a candidate, if "
        "probabilities multiply and these are logarithms?",
        "Make one row of the (K, V) sums and take its `topk`. A place in that row tells both: how many whole rows of V "
        "lie before it, and what is left over.",
    ),
    wrong={
        _forgets: (
            "You forget how good the beginnings are: a likely sound behind an unlikely beginning wins. Add "
            "`scores[:, None]`."
        ),
        _multiplies: (
            "You multiply logarithms. Probabilities multiply, so their logarithms are *added*; and two negative "
            "numbers would make a positive one."
        ),
        _each_its_own: (
            "You give each beginning one continuation. A good beginning may have two good ones, and a bad one none: "
            "all K·V stand in one race."
        ),
        _exchanged: "Parents and symbols have changed places: dividing by V gives the beginning, the rest the symbol.",
        _by_K: "A row of candidates has V places, not K: divide by V, and what is left over is the symbol.",
        _worst: "You keep the worst: log-probabilities are negative, and the best is the one nearest to 0.",
    },
)
