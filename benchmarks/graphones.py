"""Words and their sounds by counting: each letter with the sounds it makes is one symbol, and symbols are counted.

Bisani and Ney, Joint-sequence models for grapheme-to-phoneme conversion, Speech Communication 50 (2008). Here a letter
makes no, one or two sounds. Which makes which is learned by expectation and maximisation; of the likeliest alignment
n-grams are counted, with Kneser–Ney smoothing as in rnnlab.ngrams, where symbols are letters and far fewer.
"""

import numpy as np

ROUNDS, ORDER, BITS = 8, 7, 9  # 7 symbols of 9 bits are one whole number of 63
MASK = (1 << BITS * ORDER) - 1
MOST = 2  # sounds of one letter
LETTER, SOUND = 32, 64  # more than there are of either, with the numbers of rnnlab.pairs


class Graphones:
    """Learns from words (S,) and sounds (T,), lists of numbers; a word of more than 2 sounds a letter is left out."""

    def __init__(self, words, sounds):
        pairs = [(word, said) for word, said in zip(words, sounds, strict=True) if len(said) <= MOST * len(word)]
        groups = list(grouped(pairs).values())
        self.shares = np.ones(LETTER * SOUND**MOST)
        for _ in range(ROUNDS):
            counts = sum(expected(self.shares, *group) for group in groups) + 1e-3
            self.shares = counts / counts.sum()
        symbols = [likeliest(self.shares, *group)[0] for group in groups]
        kept, number = np.unique(np.concatenate([s.ravel() for s in symbols]), return_counts=True)
        self.known = kept[np.argsort(-number)][: 2**BITS - 2]  # 0 stands before a word, 1 behind it
        self.known.sort()
        self.sounds = [tuple(int(s) for s in (k // SOUND % SOUND, k % SOUND) if s) for k in self.known]
        self.counts = tables(np.concatenate([self._grams(s) for s in symbols]))
        self.entries = sum(len(keys) for keys, *_ in self.counts)

    def log_probabilities(self, words, sounds):
        """Of words and their sounds together, along the likeliest alignment: (N,); -inf where there is none."""
        pairs, scores = list(zip(words, sounds, strict=True)), np.full(len(words), -np.inf)
        fitting = [i for i, (word, said) in enumerate(pairs) if len(said) <= MOST * len(word)]
        for (S, _), rows in grouped_rows(pairs, fitting).items():
            symbols, _ = likeliest(self.shares, *(np.array([pairs[i][side] for i in rows]) for side in (0, 1)))
            scores[rows] = np.log(probabilities(self.counts, self._grams(symbols))).reshape(-1, S + 1).sum(axis=1)
        return scores

    def likely(self, words, width):
        """The likeliest sounds of each word by beam search over its letters, the best first: lists of numbers."""
        letter = self.known // SOUND**MOST
        return [self._likely(word, [np.flatnonzero(letter == one) for one in word], width) for word in words]

    def _likely(self, word, choices, width):
        grams, scores, made = np.zeros(1, np.int64), np.zeros(1), [()]
        for some in choices:
            after = (grams[:, None] << BITS | some + 2) & MASK
            total = (scores[:, None] + np.log(probabilities(self.counts, after.ravel()).reshape(after.shape))).ravel()
            best = np.argsort(-total)[:width]
            grams, scores = after.ravel()[best], total[best]
            made = [made[i // len(some)] + self.sounds[some[i % len(some)]] for i in best]
        scores = scores + np.log(probabilities(self.counts, (grams << BITS | 1) & MASK))
        return list(dict.fromkeys(made[i] for i in np.argsort(-scores) if made[i]))

    def _grams(self, symbols):
        """The symbols of N words (N, S) as n-grams that end in each symbol and in the end: (N (S + 1),)."""
        at = np.searchsorted(self.known, symbols).clip(max=len(self.known) - 1)
        numbers = np.where(self.known[at] == symbols, at + 2, 2**BITS - 1)
        N, S = numbers.shape
        line = np.hstack([np.zeros((N, ORDER - 1), int), numbers, np.ones((N, 1), int)])
        grams = np.zeros((N, S + 1), np.int64)
        for i in range(ORDER):
            grams = grams << BITS | line[:, i : i + S + 1]
        return grams.ravel()


def grouped_rows(pairs, rows):
    """{(S, T): the rows of that size}."""
    found = {}
    for i in rows:
        found.setdefault((len(pairs[i][0]), len(pairs[i][1])), []).append(i)
    return found


def grouped(pairs):
    """{(S, T): (words (N, S), sounds (N, T))}."""
    rows = grouped_rows(pairs, range(len(pairs)))
    return {size: tuple(np.array([pairs[i][side] for i in some]) for side in (0, 1)) for size, some in rows.items()}


def symbol(letters, sounds, i, j, k):
    """The number of letter i with the k sounds that end before sound j: (N,)."""
    number = letters[:, i]
    for step in range(MOST):
        number = number * SOUND + (sounds[:, j - k + step] if step < k else 0)
    return number


def ways(S, T):
    """Each (letter i, sounds before j, k sounds of the letter) that an alignment may use, in order."""
    return [(i, j, k) for i in range(S) for j in range(T + 1) for k in range(min(MOST, j) + 1)
            if j - k <= MOST * i and T - j <= MOST * (S - 1 - i)]  # fmt: skip


def expected(shares, letters, sounds):
    """How often each symbol is expected in these words, over all alignments: forwards and backwards."""
    (N, S), T = letters.shape, sounds.shape[1]
    ahead, behind = np.zeros((S + 1, T + 1, N)), np.zeros((S + 1, T + 1, N))
    ahead[0, 0] = behind[S, T] = 1
    share = {way: shares[symbol(letters, sounds, *way)] for way in ways(S, T)}
    for (i, j, k), p in share.items():
        ahead[i + 1, j] += ahead[i, j - k] * p
    for (i, j, k), p in reversed(share.items()):
        behind[i, j - k] += behind[i + 1, j] * p
    counts = np.zeros_like(shares)
    for (i, j, k), p in share.items():
        weight = ahead[i, j - k] * p * behind[i + 1, j] / ahead[S, T]
        counts += np.bincount(symbol(letters, sounds, i, j, k), weight, len(shares))
    return counts


def likeliest(shares, letters, sounds):
    """The symbols of the likeliest alignment (N, S), and its log-probability (N,)."""
    (N, S), T = letters.shape, sounds.shape[1]
    best, came = np.full((S + 1, T + 1, N), -np.inf), np.zeros((S + 1, T + 1, N), int)
    best[0, 0] = 0
    for i, j, k in ways(S, T):
        score = best[i, j - k] + np.log(shares[symbol(letters, sounds, i, j, k)])
        better = score > best[i + 1, j]
        best[i + 1, j][better], came[i + 1, j][better] = score[better], k
    symbols, j = np.zeros((N, S), int), np.full(N, T)
    for i in reversed(range(S)):
        k = came[i + 1, j, np.arange(N)]
        for step in range(MOST + 1):
            rows = k == step
            for end in np.unique(j[rows]):
                chosen = rows & (j == end)
                symbols[chosen, i] = symbol(letters[chosen], sounds[chosen], i, end, step)
        j = j - k
    return symbols, best[S, T]


def tables(grams):
    """Of each order its n-grams, sorted, and their counts; a shorter one counts once for each symbol before it."""
    found = []
    for n in range(ORDER, 0, -1):
        keys, counts = np.unique(grams & ((1 << BITS * n) - 1), return_counts=True)
        contexts, first, kinds = np.unique(keys >> BITS, return_index=True, return_counts=True)
        once, twice = (counts == 1).sum(), (counts == 2).sum()
        discount = max(once / max(1, once + 2 * twice), 0.001)
        found.insert(0, (keys, counts, contexts, np.add.reduceat(counts, first), kinds, discount))
        grams = keys
    return found


def probabilities(counts, grams):
    """Of the last symbol of each n-gram after those before it."""
    shares = np.full(len(grams), 1 / 2**BITS)
    for n, (keys, count, contexts, totals, kinds, discount) in enumerate(counts, 1):
        some = grams & ((1 << BITS * n) - 1)
        (found, _), (total, seen), (kind, _) = (
            look_up(some, keys, count), look_up(some >> BITS, contexts, totals), look_up(some >> BITS, contexts, kinds)
        )  # fmt: skip
        mixed = (np.maximum(found - discount, 0) + discount * kind * shares) / np.maximum(total, 1)
        shares = np.where(seen, mixed, shares)
    return shares


def look_up(wanted, keys, values):
    at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    found = keys[at] == wanted
    return np.where(found, values[at], 0), found
