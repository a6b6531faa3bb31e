"""Exercises of lesson 10, attention."""

import torch
from rapidfuzz.distance import Levenshtein
from torch.nn import functional as F

from . import ways
from .check import Exercise
from .drawn_texts import answered, asked, begun, heard, spoken, weighted

# ---- 10.1 -----------------------------------------------------------------------------------------------------------


def teacher_forcing(sounds, lengths):
    """What the decoder is given and what it is to say: sounds (B, T), lengths (B,) -> both (B, T + 1) int64.

    1 is START, 2 is END, 0 stands behind the end.
    """
    given = F.pad(sounds, (1, 0), value=1)
    wanted = F.pad(sounds, (0, 1))
    wanted[torch.arange(len(sounds)), lengths] = 2
    return given, wanted


teacher_forcing = Exercise(
    teacher_forcing,
    cases=lambda: [spoken(3, 5, 1, seed=0), spoken(4, seed=1), spoken(2, 2, seed=2), spoken(1, 6, 3, 4, seed=3)],
    ways=(ways.end_by_place,),
    returns="two tensors (B, T + 1)",
    hints=(
        "Write both rows for `AY T` on paper, one above the other. What is the first thing that the decoder is given, "
        "and what is the last thing that it has to say?",
        "`F.pad(sounds, (1, 0), value=…)` puts a column in front, `(0, 1)` one behind. The END of a short word does "
        "not stand in the last column: `lengths` says where.",
    ),
    wrong={
        lambda sounds, lengths: (F.pad(sounds, (1, 0), value=1),) * 2: (
            "Both rows are the same: the decoder is given the very sound it has to say, and learns to copy."
        ),
        lambda sounds, lengths: (F.pad(sounds, (1, 0), value=1), F.pad(sounds, (0, 1), value=2)): (
            "Your END always stands in the last column, behind any padding: put it behind each word's last sound."
        ),
        lambda sounds, lengths: (F.pad(sounds, (1, 0), value=1), F.pad(sounds, (0, 1)).index_fill(1, lengths, 2)): (
            "A colon takes every row, so each word gets the ENDs of all: pair each row with its own length."
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


def _nearest(answers, right, distance=Levenshtein.distance):
    """(wrong sounds, length) of each answer's nearest right one."""
    return [min((distance(a, choice), len(choice)) for choice in r) for a, r in zip(answers, right, strict=True)]


def _by_place(answers, right):
    pairs = _nearest(answers, right, lambda a, choice: sum(x != y for x, y in zip(a, choice, strict=False)))
    return sum(wrong for wrong, _ in pairs) / sum(count for _, count in pairs)


def _first_nearest(answers, right):
    near = [min(r, key=lambda c, a=a: Levenshtein.distance(a, c)) for a, r in zip(answers, right, strict=True)]
    return sound_error_rate.answer(answers, [[choice] for choice in near])


def _all_choices(answers, right):
    often = [answer for answer, choices in zip(answers, right, strict=True) for _ in choices]
    return sound_error_rate.answer(often, [[choice] for choices in right for choice in choices])


sound_error_rate = Exercise(
    sound_error_rate,
    cases=lambda: [*heard(), *[answered(seed) for seed in (3, 4, 5)]],
    more=lambda: (answered(seed) for seed in range(10, 200)),
    returns="a number",
    hints=(
        "Add up two things over all words: how many sounds were wrong, and how many sounds there should have been. A "
        "word has several right answers: which of them do both sums take?",
        "`Levenshtein.distance(answer, choice)` counts the sounds to put in, leave out or exchange. Python compares "
        "pairs by their first part, and equal ones by the second. Left for you: which pairs, and when to divide.",
    ),
    wrong={
        lambda answers, right: sum(n / m for n, m in _nearest(answers, right)) / len(answers): (
            "You average the rates of the words: a sound of a short word counts for more. Add up both, divide once."
        ),
        lambda answers, right: sound_error_rate.answer(answers, [choices[:1] for choices in right]): (
            "You compare with the first right answer alone. A word may be said in several ways: the nearest counts."
        ),
        _first_nearest: (
            "Of right answers that are equally near you take the first. The shortest counts, with its own length."
        ),
        _by_place: (
            "You compare place by place. One sound left out shifts all that follow; the edit distance does not mind."
        ),
        lambda answers, right: sum(n > 0 for n, _ in _nearest(answers, right)) / len(answers): (
            "That is the share of wrong *words*. Asked is how many sounds were wrong, of all sounds."
        ),
        lambda answers, right: sum(n for n, _ in _nearest(answers, right)) / len(answers): (
            "You divide by the number of words. Asked is how many sounds are wrong of each *sound*."
        ),
        _all_choices: ("You add up over all right answers of a word. Only the nearest counts, with its own length."),
    },
)

# ---- 10.3 -----------------------------------------------------------------------------------------------------------


def attention_weights(query, memory, lengths):
    """How much one step looks at each letter: query (B, H), memory (B, S, H), lengths (B,) -> (B, S), each row 1."""
    scores = (memory @ query[:, :, None])[:, :, 0]
    padding = torch.arange(memory.shape[1]) >= lengths[:, None]
    return scores.masked_fill(padding, -torch.inf).softmax(dim=1)


def _after(query, memory, lengths):
    everywhere = attention_weights.answer(query, memory, torch.full_like(lengths, memory.shape[1]))
    return everywhere * (torch.arange(memory.shape[1]) < lengths[:, None])


def _scored(query, memory, lengths, hidden=-1e9, turned=False, squeezed=False):
    letters = torch.arange(memory.shape[1]) < lengths[:, None]
    scores = (query[:, None] * memory).sum(dim=2)
    return (scores.squeeze() if squeezed else scores).masked_fill(letters if turned else ~letters, hidden)


attention_weights = Exercise(
    attention_weights,
    cases=lambda: [
        *(asked(4, 2, 5, H=7, seed=0), asked(3, H=2, seed=1)),
        *(asked(1, 6, H=3, seed=2, dtype=torch.float32), asked(2, 3, 1, 2, H=4, seed=3, below=120)),
        asked(1, 1, H=5, seed=4),
    ],
    ways=(ways.weights_of_what_is_kept,),
    returns="(B, S)",
    hints=(
        "Two moves. How well does the query fit each letter: one product for each, summed over `H`. Then shares of one "
        "whole, and nothing for the padding: when has a softmax to hear of it?",
        "`memory @ query[:, :, None]` has one axis of length 1 too many. A score that comes out of the softmax as "
        "exactly 0 went in as minus infinity, by `masked_fill`. Left for you: in which places, and the softmax's axis.",
    ),
    wrong={
        lambda *given: _scored(*given, hidden=0).softmax(dim=1): (
            "A score of 0 is not small: exp(0) is 1, and padding keeps a share. Only minus infinity comes out as 0."
        ),
        _after: ("You take the padding away after the softmax: what is left adds up to less than 1. Mask the scores."),
        lambda *given: _scored(*given, turned=True).softmax(dim=1): (
            "Your mask is the other way round: it hides the letters and leaves the padding."
        ),
        lambda *given: _scored(*given, squeezed=True).softmax(dim=1): (
            "A `squeeze()` without an axis takes away every axis of length 1, also S where words have one letter."
        ),
        lambda *given: _scored(*given).sigmoid(): (
            "A sigmoid looks at each letter by itself: the weights of a word do not add up to 1, as shares do."
        ),
    },
)

# ---- 10.4 -----------------------------------------------------------------------------------------------------------


def context(weights, memory):
    """The weighted sum of the letters' states: weights (B, S), memory (B, S, H) -> (B, H)."""
    return (weights[:, :, None] * memory).sum(dim=1)


context = Exercise(
    context,
    cases=lambda: [
        *(weighted(3, 4, 5, 0), weighted(1, 3, 2, 1), weighted(4, 1, 3, 2), weighted(2, 6, 7, 3, torch.float32)),
    ],
    returns="(B, H)",
    hints=(
        "`memory` has three axes, the answer two: which one is gone? And how much does each entry along it count?",
        "`weights` lacks the axis `H`: `weights[:, :, None]` has one of length 1 there, and stretches over `memory` in "
        "a product. Left for you: how the axis that is not in the answer goes away.",
    ),
    wrong={
        lambda weights, memory: (weights[:, :, None] * memory).mean(dim=1): (
            "The weights add up to 1 already, and you divide by S once more: a sum, not a mean."
        ),
        lambda weights, memory: memory.mean(dim=1): (
            "This is the plain mean: every letter counts alike, and the weights are not used."
        ),
        lambda weights, memory: memory[torch.arange(len(memory)), weights.argmax(dim=1)]: (
            "You take the one letter with the largest weight: no gradient reaches the weights, they never learn."
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


def _each_its_own(scores, log_probs, width):
    best = (scores[:, None] + log_probs).max(dim=1)
    order = best.values.argsort(descending=True)[:width]
    return best.values[order], order, best.indices[order]


beam_step = Exercise(
    beam_step,
    cases=lambda: [
        *(begun(3, 5, 3, 0), begun(1, 6, 4, 1), begun(4, 3, 2, 2, torch.float32)),
        *(begun(2, 7, 1, 3, below=800), begun(5, 4, 7, 4)),
    ],
    ways=(ways.beam_looked_up,),
    returns="scores, parents and symbols, (width,) each",
    hints=(
        "K beginnings with V continuations each: K·V candidates in one race. What is the score of a candidate, if "
        "probabilities multiply and these are logarithms?",
        "Make one row of the (K, V) sums and take its `topk`. A place in that row tells both: how many whole rows of V "
        "lie before it, and what is left over.",
    ),
    wrong={
        lambda scores, log_probs, width: beam_step.answer(torch.zeros_like(scores), log_probs, width): (
            "You forget how good the beginnings are: a likely sound behind an unlikely beginning wins."
        ),
        _each_its_own: (
            "You give each beginning one continuation. A good one may have two good ones: all stand in one race."
        ),
        lambda *given: tuple(beam_step.answer(*given)[part] for part in (0, 2, 1)): (
            "Parents and symbols have changed places: dividing by V gives the beginning, the rest the symbol."
        ),
    },
)
