"""Word vectors from the company words keep: co-occurrences made small (PPMI + SVD), and skip-gram (word2vec)."""

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import svds
from torch import Tensor, nn
from torch.nn import functional as F

from rnnlab import expect

COUNTED = (*expect.WHOLE, torch.float32, torch.float64)
BLOCK = 2**20  # words looked at together: all at once would take several times their memory

# ---- counted


def cooccurrences(documents: list[Tensor], vocabulary_size: int, window: int = 5) -> sparse.csr_matrix:
    """How often word j stands within `window` words of word i: documents of (T_b,) int64 -> (V, V) counts.

    A pair at distance d counts 1/d; <pad> and <unk>, the numbers 0 and 1, keep nobody company.
    """
    words, document = (side.numpy() for side in _joined(documents, vocabulary_size))
    window = expect.whole("window", window)
    counts = sparse.csr_matrix((vocabulary_size, vocabulary_size), dtype=np.float32)
    for start in range(0, len(words), BLOCK):
        for d in range(1, window + 1):
            later = slice(start + d, start + d + BLOCK)
            right = words[later]
            left = words[start : start + len(right)]
            together = (document[start : start + len(right)] == document[later]) & (left > 1) & (right > 1)
            pairs = left[together], right[together]
            counts += sparse.csr_matrix((np.full(len(pairs[0]), 1 / d, dtype=np.float32), pairs), counts.shape)
    return counts + counts.T


def ppmi(counts: sparse.csr_matrix, smoothing: float = 0.75) -> sparse.csr_matrix:
    """Positive pointwise mutual information, max(0, log p(i, j) / (p(i) p(j))): (V, V) counts -> (V, V).

    smoothing: the power that makes rare contexts less rare (Levy, Goldberg and Dagan 2015, equation 10).
    """
    if not sparse.issparse(counts) or counts.shape[0] != counts.shape[1] or counts.nnz == 0:
        raise ValueError(f"counts is {_said(counts)}, expected a sparse (V, V) matrix that holds something")
    if not (np.isfinite(counts.data).all() and (counts.data >= 0).all() and counts.data.any()):
        raise ValueError(
            "counts holds negative numbers, NaN, infinity or nothing but zeros, expected how often each pair comes"
        )
    smoothing = expect.number("smoothing", smoothing, above=0, most=1)
    pairs = counts.tocoo(copy=False)
    word = np.asarray(counts.sum(axis=1)).ravel()
    context = np.asarray(counts.T.tocsr().sum(axis=1)).ravel() ** smoothing  # of columns: counts may be one-sided
    information = pairs.data * context.sum()
    information /= word[pairs.row] * context[pairs.col]
    np.log(information, out=information)
    kept = information > 0
    return sparse.csr_matrix((information[kept], (pairs.row[kept], pairs.col[kept])), counts.shape)


def ppmi_svd(counts: sparse.csr_matrix, size: int = 100) -> Tensor:
    """One vector per word, so that products of vectors come near the PPMI of the words: (V, V) counts -> (V, size).

    Levy, Goldberg and Dagan (2015): the singular vectors times the square root of the singular values.
    """
    information = ppmi(counts)
    if not information.nnz:
        raise ValueError("counts says of no pair that it comes more often than by chance, expected one that does")
    V = information.shape[0]
    size = expect.whole("size", size, 1, V - 1, ", V less one")
    start = np.ones(V, dtype=information.dtype)  # else SciPy draws one
    vectors, values, _ = svds(information, size, v0=start)  # the smallest value first
    return torch.from_numpy((vectors * np.sqrt(values))[:, ::-1].copy()).float()


# ---- learned


def pairs(documents: list[Tensor], vocabulary_size: int, window: int = 5, often: float = 1e-4) -> tuple[Tensor, Tensor]:
    """Every word with each word at most `window` places away: documents of (T_b,) int64 -> centre, context (N,) int32.

    <pad> and <unk>, 0 and 1, are left out. Before that, a word with the share f of all words keeps each of its places
    with probability sqrt(often / f) (Mikolov et al. 2013, equation 5), by PyTorch's generator; often = 1 keeps all.
    int32, because there are millions of them.
    """
    words, document = _joined(documents, vocabulary_size)
    window = expect.whole("window", window)
    often = expect.number("often", often, above=0, most=1)
    share = torch.bincount(words, minlength=vocabulary_size).double() / len(words)
    chance = (often / share).sqrt()
    chance[:2] = 0
    kept = torch.cat([torch.rand(len(block)) < chance.index_select(0, block) for block in words.split(BLOCK)])
    words, document = words[kept], document[kept]
    left, right = [], []
    for d in range(1, window + 1):
        together = document[:-d] == document[d:]
        left.append(words[:-d][together])
        right.append(words[d:][together])
    centre, half = torch.cat(left + right), sum(map(len, left))
    del left, right  # before the second copy
    return centre, torch.cat([centre[half:], centre[:half]])


class SkipGram(nn.Module):
    """Skip-gram with negative sampling: two vectors for each word, one as the centre, one as company.

    counts: (V,), how often each word comes; noise words are drawn in proportion to counts ** 0.75.
    size: I, of each vector.  noise: K, the noise words of a pair; as many pairs in a row share them.
    Source: Mikolov et al. (2013), equation 4.
    """

    def __init__(self, counts: Tensor, size: int, noise: int = 8):
        super().__init__()
        size, noise = expect.whole("size", size), expect.whole("noise", noise)
        counts = expect.tensor("counts", counts, "V", dtype=COUNTED)
        if not ((counts >= 0).all() and counts[2:].any()):
            raise ValueError(
                f"counts has the sum {counts.sum():.4g}, "
                "expected how often each word comes, none below 0, some word behind 0 and 1 among them"
            )
        self.centre, self.context, self.noise = nn.Embedding(len(counts), size), nn.Embedding(len(counts), size), noise
        nn.init.uniform_(self.centre.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.context.weight)
        chance = counts.double() ** 0.75
        chance[:2] = 0  # <pad> and <unk> are no words
        self.register_buffer("chance", chance)

    def forward(self, centre: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The scores of B pairs and those of K noise words for each: (B,), (B,) int -> (B,), (B, K)."""
        sizes = {}
        for name, words in {"centre": centre, "context": context}.items():
            expect.indices(
                name,
                words,
                len(self.chance),
                "B",
                sizes,
                dtype=expect.WHOLE,
                note=": is it encoded with another vocabulary?",
            )
        u, v = self.centre(centre), self.context(context)  # (B, I)
        groups = F.pad(u, (0, 0, 0, -len(u) % self.noise)).unflatten(0, (-1, self.noise))
        drawn = torch.multinomial(self.chance, groups.shape[0] * self.noise, replacement=True)
        n = self.context(drawn).view_as(groups)  # (B / K, K, I)
        return (u * v).sum(dim=1), (groups @ n.mT).flatten(0, 1)[: len(u)]


# ---- asked


def nearest(vector: Tensor, vectors: Tensor, count: int = 8, leave_out: list[int] = ()) -> Tensor:
    """The words whose vectors point most alike, by cosine: (I,), (V, I) -> (count,) int64, the nearest first.

    leave_out: numbers of words that are no answer; <pad> and <unk>, 0 and 1, never are.
    """
    sizes = {}
    expect.tensor("vectors", vectors, "V I", sizes)
    expect.tensor("vector", vector, "I", sizes, dtype=vectors.dtype, like=" like vectors")
    if not vector.any():
        raise ValueError("vector is all zeros, expected one that points somewhere")
    V = len(vectors)
    leave_out = expect.several("leave_out", leave_out, "numbers of words", empty=True)
    out = {0, 1}.union(expect.whole("each of leave_out", i, 0, V - 1) for i in leave_out)
    count = expect.whole("count", count, 1, V - len(out), ", the words that are left")
    cosines = F.cosine_similarity(vectors, vector, dim=1)
    cosines[list(out)] = -torch.inf
    return cosines.topk(count).indices


def analogy(a: int, b: int, c: int, vectors: Tensor) -> Tensor:
    """Where the word should lie that is to c as b is to a: numbers of three words, (V, I) -> (I,), b - a + c.

    Of vectors of length 1: Mikolov, Yih and Zweig (2013).
    """
    expect.tensor("vectors", vectors, "V I")
    places = []
    for name, word in {"a": a, "b": b, "c": c}.items():
        places.append(expect.whole(name, word, 0, len(vectors) - 1, ", a row of vectors"))
        if not vectors[word].any():
            raise ValueError(f"{name} is {word}, whose vector is all zeros, expected one that points somewhere")
    a, b, c = F.normalize(vectors[places], dim=1)
    return b - a + c


def _joined(documents, vocabulary_size):
    """All words in one row, and for each the number of its document: (N,), (N,) int32, at half the memory of int64."""
    vocabulary_size = expect.whole("vocabulary_size", vocabulary_size)
    documents = expect.several("documents", documents, "tensors (T_b,) of torch.int64", Tensor)
    for b, document in enumerate(documents):
        expect.tensor(f"documents[{b}]", document, "T_b", dtype=torch.int64, empty=True)
    words = expect.indices("documents", torch.cat(documents), vocabulary_size, note=", below vocabulary_size").int()
    return words, torch.repeat_interleave(torch.tensor([len(d) for d in documents], dtype=torch.int32))


def _said(counts):
    kind = type(counts).__name__
    return f"a {kind} of shape {tuple(counts.shape)}" if hasattr(counts, "shape") else f"a {kind}"
