"""Word vectors from the company words keep: co-occurrences made small (PPMI + SVD), and skip-gram (word2vec)."""
import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from torch import Tensor


def cooccurrences(documents: list[Tensor], vocabulary_size: int, window: int = 5) -> sparse.csr_matrix:
    """How often word j stands within `window` words of word i: documents of (T_b,) int64 -> (V, V) counts.

    A pair at distance d counts 1/d; <pad> and <unk>, the numbers 0 and 1, keep nobody company.
    """
    words = torch.cat(list(documents)).numpy()
    document = np.repeat(np.arange(len(documents)), [len(d) for d in documents])
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
    pairs = counts.tocoo()
    word = np.asarray(counts.sum(axis=1)).ravel()
    context = word ** smoothing
    information = np.log(pairs.data * context.sum() / (word[pairs.row] * context[pairs.col]))
    kept = information > 0
    return sparse.csr_matrix((information[kept], (pairs.row[kept], pairs.col[kept])), counts.shape)


def ppmi_svd(documents: list[Tensor], vocabulary_size: int, size: int = 100, window: int = 5, seed: int = 0) -> Tensor:
    """One vector per word, so that products of vectors come near the PPMI of the words: (V, size).

    Levy, Goldberg and Dagan (2015): the singular vectors times the square root of the singular values.
    """
    information = ppmi(cooccurrences(documents, vocabulary_size, window))
    vectors, values, _ = randomized_svd(information, size, n_iter=2, random_state=seed)
    return torch.from_numpy(vectors * np.sqrt(values)).float()
