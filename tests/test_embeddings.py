"""Word vectors: counts, PPMI and pairs against slow loops, skip-gram against its equation, and what is refused."""

import math

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn import functional as F

from rnnlab import embeddings, training

DOCUMENTS = [torch.tensor([2, 3, 4, 1, 2]), torch.tensor([4]), torch.tensor([3, 2, 0, 0, 4, 2])]
V = 6


@pytest.fixture(scope="module")
def themes():
    """300 documents of 12 words out of one of two themes, 2-6 and 7-11; between them nothing but the word 12."""
    g = torch.Generator().manual_seed(0)
    documents = [torch.randint(5, (12,), generator=g) + 2 + 5 * (i % 2) for i in range(300)]
    for document in documents:
        document[torch.rand(12, generator=g) < 0.2] = 12
    return documents


def near(documents, window):
    """(word, word, distance) of every ordered pair of places, slowly."""
    for words in map(torch.Tensor.tolist, documents):
        for i in range(len(words)):
            for j in range(len(words)):
                if 0 < abs(i - j) <= window:
                    yield words[i], words[j], abs(i - j)


# ---- counted


@pytest.mark.parametrize("block", [1, 4, 2**20])  # words looked at together
@pytest.mark.parametrize("window", [1, 2, 5, 50])
def test_cooccurrences_are_those_of_a_loop(window, block, monkeypatch):
    monkeypatch.setattr(embeddings, "BLOCK", block)
    expected = np.zeros((V, V))
    for a, b, distance in near(DOCUMENTS, window):
        if min(a, b) > 1:
            expected[a, b] += 1 / distance
    np.testing.assert_allclose(embeddings.cooccurrences(DOCUMENTS, V, window).toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("one_sided", [False, True])
def test_ppmi_is_the_equation(one_sided):
    counts = embeddings.cooccurrences(DOCUMENTS, V, 2)
    counts = sparse.csr_matrix(sparse.triu(counts)) if one_sided else counts
    table = counts.toarray().astype(float)
    word, context = table.sum(axis=1) / table.sum(), table.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log(table / table.sum() / np.outer(word, context / context.sum()))
    expected = np.where(np.isfinite(expected) & (expected > 0), expected, 0)
    np.testing.assert_allclose(embeddings.ppmi(counts).toarray(), expected, rtol=1e-5, atol=1e-6)


def test_products_of_vectors_come_near_the_ppmi():
    """With all singular values but zeros, W Wᵀ is the square root of P Pᵀ, here the matrix itself made positive."""
    counts = embeddings.cooccurrences(DOCUMENTS, V, 2)
    information = embeddings.ppmi(counts).toarray().astype(float)
    values, axes = np.linalg.eigh(information @ information.T)
    expected = axes * np.sqrt(np.clip(values, 0, None)) @ axes.T
    vectors = embeddings.ppmi_svd(counts, size=V - 1).double().numpy()
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)


def test_ppmi_svd_is_repeatable_and_finds_themes(themes):
    counts = embeddings.cooccurrences(themes, 13)
    vectors = embeddings.ppmi_svd(counts, size=4)
    assert torch.equal(vectors, embeddings.ppmi_svd(counts, size=4))
    assert vectors.shape == (13, 4) and vectors.dtype == torch.float32
    assert not vectors[:2].abs().gt(1e-6).any()  # nobody saw <pad> and <unk>
    for word in range(2, 12):
        theirs = embeddings.nearest(vectors[word], vectors, 4, leave_out=[word, 12])
        assert all((other < 7) == (word < 7) for other in theirs.tolist())


# ---- learned


@pytest.mark.parametrize("window", [1, 3, 50])
def test_pairs_are_those_of_a_loop(window):
    kept = [document[document > 1] for document in DOCUMENTS]  # the others leave their places
    expected = sorted((a, b) for a, b, _ in near(kept, window))
    centre, context = embeddings.pairs(DOCUMENTS, V, window, often=1)
    assert sorted(zip(centre.tolist(), context.tolist(), strict=True)) == expected
    assert centre.dtype == context.dtype == torch.int32


def test_frequent_words_are_kept_as_often_as_the_equation_says():
    torch.manual_seed(0)
    words = torch.full((200_000,), 2)
    words[::10] = 3  # shares 0.9 and 0.1
    centre, context = embeddings.pairs([words], 4, window=1, often=0.1)
    ends = torch.bincount(torch.cat([centre, context]), minlength=4) / 4
    assert ends[3] == pytest.approx(20_000, rel=0.01)  # each place is in two pairs, at either side
    assert ends[2] == pytest.approx(180_000 * math.sqrt(0.1 / 0.9), rel=0.01)


@pytest.mark.parametrize("B", [1, 7, 8, 20])
def test_skip_gram_scores_are_products(B):
    torch.manual_seed(0)
    model = embeddings.SkipGram(torch.tensor([9, 9, 5, 0, 3, 2]), size=3, noise=4)
    torch.nn.init.normal_(model.context.weight)
    centre, context = torch.randint(2, 6, (2, B))
    torch.manual_seed(1)
    positive, negative = model(centre, context)
    assert positive.shape == (B,) and negative.shape == (B, 4)
    torch.manual_seed(1)
    drawn = torch.multinomial(model.chance, -(-B // 4) * 4, replacement=True).view(-1, 4)
    for b in range(B):
        u = model.centre.weight[centre[b]]
        torch.testing.assert_close(positive[b], u @ model.context.weight[context[b]])
        torch.testing.assert_close(negative[b], model.context.weight[drawn[b // 4]] @ u)


def test_noise_is_drawn_by_counts_to_the_three_quarters():
    model = embeddings.SkipGram(torch.tensor([7, 7, 16, 1, 0]), size=2)
    assert model.chance.tolist() == [0, 0, 8, 1, 0]


def test_skip_gram_finds_themes(themes):
    training.seed_everything(0)
    counts = torch.bincount(torch.cat(themes), minlength=13)
    model = embeddings.SkipGram(counts, size=8)
    batches = training.Batches(*embeddings.pairs(themes, 13, window=3, often=1), size=256, shuffle=True)

    def objective(model, centre, context):
        positive, negative = model(centre, context)
        return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(dim=1)).mean()

    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    history = training.fit(model, batches, optimizer, 3, objective=objective, show=False)
    assert history.loss[-1] < history.loss[0]
    vectors = model.centre.weight.detach()
    for word in range(2, 12):
        theirs = embeddings.nearest(vectors[word], vectors, 4, leave_out=[word, 12])
        assert all((other < 7) == (word < 7) for other in theirs.tolist())


# ---- asked


def test_nearest_is_by_cosine():
    vectors = torch.tensor([[1.0, 0], [1, 0], [2, 0], [0, 1], [3, 3], [-1, 0]])
    assert embeddings.nearest(vectors[2], vectors, 3, leave_out=[2]).tolist() == [4, 3, 5]
    assert embeddings.nearest(torch.tensor([1.0, 0.1]), vectors, 2).tolist() == [2, 4]


def test_analogy_is_of_vectors_of_length_1():
    vectors = torch.tensor([[1.0, 0], [0, 1], [3, 0], [0, 5], [2, 0]])
    assert embeddings.analogy(2, 3, 4, vectors).tolist() == [0, 1]
    assert embeddings.analogy(torch.tensor(2), 3, torch.tensor([4]), vectors).tolist() == [0, 1]


# ---- refused

COUNTS = torch.tensor([0, 0, 5, 3])
NEIGHBOURS = embeddings.cooccurrences(DOCUMENTS, V)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: embeddings.cooccurrences([], V), "documents is empty, expected tensors"),
        (
            lambda: embeddings.cooccurrences([torch.tensor([2.5])], V),
            r"documents\[0\] is torch.float32, expected torch.int64",
        ),
        (
            lambda: embeddings.cooccurrences([torch.tensor([], dtype=torch.int64)], V),
            r"documents is empty, shape \(0,\)",
        ),
        (
            lambda: embeddings.cooccurrences([torch.tensor([2, 6])], V),
            "documents go from 2 to 6, expected 0 to 5, below vocabulary_size",
        ),
        (lambda: embeddings.cooccurrences([torch.tensor([2, -1])], V), "documents go from -1 to 2, expected 0 to 5"),
        (lambda: embeddings.cooccurrences(DOCUMENTS, V, 0), "window is 0, expected a whole number of at least 1"),
        (lambda: embeddings.ppmi(np.ones((3, 3))), r"counts is a ndarray of shape \(3, 3\), expected a sparse"),
        (
            lambda: embeddings.ppmi(sparse.csr_matrix((3, 3))),
            r"counts is a csr_matrix of shape \(3, 3\).*holds something",
        ),
        (
            lambda: embeddings.ppmi_svd(NEIGHBOURS, size=6),
            "size is 6, expected a whole number from 1 to 5, V less one",
        ),
        (lambda: embeddings.ppmi_svd(NEIGHBOURS, size=0), "size is 0, expected a whole number from 1 to 5"),
        (lambda: embeddings.ppmi_svd(np.ones((3, 3))), r"counts is a ndarray of shape \(3, 3\), expected a sparse"),
        (
            lambda: embeddings.ppmi_svd(sparse.csr_matrix(np.ones((3, 3))), size=1),
            "counts says of no pair that it comes more often than by chance",
        ),
        (lambda: embeddings.pairs(["the film"], V), r"documents\[0\] is 'the film', expected tensors"),
        (lambda: embeddings.pairs(DOCUMENTS, 3), "documents go from 0 to 4, expected 0 to 2"),
        (lambda: embeddings.pairs(DOCUMENTS, V, window=1.5), "window is 1.5, expected a whole number of at least 1"),
        (lambda: embeddings.pairs(DOCUMENTS, V, often=0), "often is 0, expected a number above 0 and of at most 1"),
        (lambda: embeddings.SkipGram(COUNTS[None], 4), r"counts has shape \(1, 4\), expected \(V,\)"),
        (lambda: embeddings.SkipGram(torch.tensor([3, 3, 0]), 4), "counts has the sum 6, expected"),
        (lambda: embeddings.SkipGram(-COUNTS, 4), "the sum -8, expected"),
        (lambda: embeddings.SkipGram(COUNTS, 0), "size is 0, expected a whole number of at least 1"),
        (lambda: embeddings.SkipGram(COUNTS, 4, noise=0), "noise is 0, expected a whole number of at least 1"),
        (
            lambda: embeddings.nearest(torch.ones(3), torch.ones(5, 2)),
            r"vector has shape \(3,\), expected \(I,\) with I = 2",
        ),
        (
            lambda: embeddings.nearest(torch.ones(2), torch.ones(5, 2), 4),
            "count is 4, expected a whole number from 1 to 3, the words that are left",
        ),
        (
            lambda: embeddings.nearest(torch.ones(2), torch.ones(5, 2), 1, [5]),
            "each of leave_out is 5, expected a whole number from 0 to 4",
        ),
        (
            lambda: embeddings.analogy(2, 3, 9, torch.ones(5, 2)),
            "c is 9, expected a whole number from 0 to 4, a row of vectors",
        ),
        (lambda: embeddings.analogy(2, 3, 4, torch.zeros(5, 2)), "a is 2, whose vector is all zeros, expected"),
        (lambda: embeddings.nearest(torch.zeros(2), torch.ones(5, 2)), "vector is all zeros, expected one that points"),
        (lambda: embeddings.nearest(torch.ones(2) / 0, torch.ones(5, 2)), "vector holds infinity"),
        (lambda: embeddings.ppmi(sparse.csr_matrix(np.full((2, 2), np.nan))), "counts holds negative numbers, NaN"),
        (lambda: embeddings.ppmi(sparse.csr_matrix(-np.ones((2, 2)))), "counts holds negative numbers"),
        (lambda: embeddings.ppmi(sparse.csr_matrix(np.ones((2, 2))), -1), "smoothing is -1, expected a number above 0"),
        (
            lambda: embeddings.SkipGram(COUNTS, 2)(torch.tensor([2]), torch.tensor([2, 3])),
            r"context has shape \(2,\), expected \(B,\) with B = 1",
        ),
        (lambda: embeddings.SkipGram(COUNTS, 2)(torch.tensor([4]), torch.tensor([2])), "centre goes from 4 to 4"),
    ],
)
def test_refused(call, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()
