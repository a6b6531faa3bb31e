"""Word vectors from the company words keep: co-occurrences made small (PPMI + SVD), and skip-gram (word2vec)."""

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from torch.nn import functional as F

# ---- counted


def cooccurrences(documents: list[Tensor], vocabulary_size: int, window: int = 5) -> sparse.csr_matrix:
    """How often word j stands within `window` words of word i: documents of (T_b,) int64 -> (V, V) counts.

    A pair at distance d counts 1/d; <pad> and <unk>, the numbers 0 and 1, keep nobody company.
    """
    words, document = (side.numpy() for side in _joined(documents, vocabulary_size))
    _check_whole("window", window)
    counts = sparse.csr_matrix((vocabulary_size, vocabulary_size), dtype=np.float32)
    for d in range(1, window + 1):
        left, right = words[:-d], words[d:]
        together = (document[:-d] == document[d:]) & (left > 1) & (right > 1)
        pairs = left[together], right[together]
        counts += sparse.csr_matrix((np.full(len(pairs[0]), 1 / d, dtype=np.float32), pairs), counts.shape)
    return counts + counts.T


def ppmi(counts: sparse.csr_matrix, smoothing: float = 0.75) -> sparse.csr_matrix:
    """Positive pointwise mutual information, max(0, log p(i, j) / (p(i) p(j))): (V, V) counts -> (V, V).

    smoothing: the power that makes rare contexts less rare (Levy, Goldberg and Dagan 2015, equation 10).
    """
    if not sparse.issparse(counts) or counts.shape[0] != counts.shape[1] or counts.nnz == 0:
        raise ValueError(f"counts is {_said(counts)}, expected a sparse (V, V) matrix that holds something")
    pairs = counts.tocoo()
    word = np.asarray(counts.sum(axis=1)).ravel()
    context = word**smoothing
    information = np.log(pairs.data * context.sum() / (word[pairs.row] * context[pairs.col]))
    kept = information > 0
    return sparse.csr_matrix((information[kept], (pairs.row[kept], pairs.col[kept])), counts.shape)


def ppmi_svd(documents: list[Tensor], vocabulary_size: int, size: int = 100, window: int = 5, seed: int = 0) -> Tensor:
    """One vector per word, so that products of vectors come near the PPMI of the words: (V, size).

    Levy, Goldberg and Dagan (2015): the singular vectors times the square root of the singular values.
    """
    _check_whole("size", size)
    if size > vocabulary_size:
        raise ValueError(f"size is {size}, expected at most vocabulary_size, {vocabulary_size}")
    information = ppmi(cooccurrences(documents, vocabulary_size, window))
    vectors, values, _ = randomized_svd(information, size, n_iter=2, random_state=seed)
    return torch.from_numpy(vectors * np.sqrt(values)).float()


# ---- learned


def pairs(documents: list[Tensor], vocabulary_size: int, window: int = 5, often: float = 1e-4) -> tuple[Tensor, Tensor]:
    """Every word with each word at most `window` places away: documents of (T_b,) int64 -> centre, context (N,) int64.

    <pad> and <unk>, 0 and 1, are left out. Before that, a word with the share f of all words keeps each of its places
    with probability sqrt(often / f) (Mikolov et al. 2013, equation 5), by PyTorch's generator; often = 1 keeps all.
    """
    words, document = _joined(documents, vocabulary_size)
    _check_whole("window", window)
    if not (isinstance(often, (int, float)) and 0 < often <= 1):
        raise ValueError(f"often is {often!r}, expected a share above 0 and up to 1")
    share = torch.bincount(words, minlength=vocabulary_size).double() / len(words)
    chance = (often / share).sqrt()
    chance[:2] = 0
    kept = torch.rand(len(words)) < chance[words]
    words, document = words[kept], document[kept]
    near = []
    for d in range(1, window + 1):
        together = document[:-d] == document[d:]
        near.append(torch.stack([words[:-d][together], words[d:][together]]))
    left, right = torch.cat(near, dim=1)
    return torch.cat([left, right]), torch.cat([right, left])


class SkipGram(nn.Module):
    """Skip-gram with negative sampling: two vectors for each word, one as the centre, one as company.

    counts: (V,), how often each word comes; noise words are drawn in proportion to counts ** 0.75.
    size: I, of each vector.  noise: K, the noise words of a pair; as many pairs in a row share them.
    Source: Mikolov et al. (2013), equation 4.
    """

    def __init__(self, counts: Tensor, size: int, noise: int = 8):
        super().__init__()
        _check_whole("size", size)
        _check_whole("noise", noise)
        if counts.ndim != 1 or not (counts >= 0).all() or not counts[2:].any():
            raise ValueError(
                f"counts has shape {tuple(counts.shape)} and the sum {counts.sum():.4g}, "
                "expected (V,): how often each word comes, some word behind 0 and 1 among them"
            )
        self.centre, self.context, self.noise = nn.Embedding(len(counts), size), nn.Embedding(len(counts), size), noise
        nn.init.uniform_(self.centre.weight, -0.5 / size, 0.5 / size)
        nn.init.zeros_(self.context.weight)
        chance = counts.double() ** 0.75
        chance[:2] = 0  # <pad> and <unk> are no words
        self.register_buffer("chance", chance)

    def forward(self, centre: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The scores of B pairs and those of K noise words for each: (B,), (B,) int64 -> (B,), (B, K)."""
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
    if vectors.ndim != 2 or vector.shape != vectors.shape[1:]:
        raise ValueError(
            f"vector has shape {tuple(vector.shape)} and vectors {tuple(vectors.shape)}, expected (I,) and (V, I)"
        )
    out = {0, 1, *leave_out}
    if not all(0 <= i < len(vectors) for i in out):
        raise ValueError(f"leave_out is {list(leave_out)}, expected numbers from 0 to {len(vectors) - 1}")
    if not isinstance(count, int) or not 1 <= count <= len(vectors) - len(out):
        raise ValueError(f"count is {count!r}, expected 1 to {len(vectors) - len(out)}, the words that are left")
    cosines = F.cosine_similarity(vectors, vector, dim=1)
    cosines[list(out)] = -torch.inf
    return cosines.topk(count).indices


def analogy(a: int, b: int, c: int, vectors: Tensor) -> Tensor:
    """Where the word should lie that is to c as b is to a: numbers of three words, (V, I) -> (I,), b - a + c.

    Of vectors of length 1: Mikolov, Yih and Zweig (2013).
    """
    if vectors.ndim != 2 or not all(0 <= word < len(vectors) for word in (a, b, c)):
        raise ValueError(
            f"a, b, c are {a}, {b}, {c} and vectors has shape {tuple(vectors.shape)}, expected three rows of (V, I)"
        )
    a, b, c = F.normalize(vectors[[a, b, c]], dim=1)
    return b - a + c


def _joined(documents, vocabulary_size):
    """All words in one row, and for each the number of its document: (N,), (N,) int64."""
    documents = list(documents)
    if not documents or not all(isinstance(d, Tensor) and d.ndim == 1 and d.dtype == torch.int64 for d in documents):
        raise ValueError(f"documents holds {len(documents)} things, expected one or more, all tensors (T_b,) of int64")
    words = torch.cat(documents)
    if not len(words) or words.min() < 0 or words.max() >= vocabulary_size:
        found = f"words from {words.min()} to {words.max()}" if len(words) else "no words"
        raise ValueError(f"documents holds {found}, expected 0 to {vocabulary_size - 1}, below vocabulary_size")
    return words, torch.repeat_interleave(torch.tensor([len(d) for d in documents]))


def _said(counts):
    kind = type(counts).__name__
    return f"a {kind} of shape {tuple(counts.shape)}" if hasattr(counts, "shape") else f"a {kind}"


def _check_whole(name, value):
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r}, expected a whole number above 0")
