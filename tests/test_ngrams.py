"""Counting: packed pieces, the shares of Kneser and Ney against a slow count by dictionaries, and their sums."""

import collections
import math

import pytest
import torch

from rnnlab import language, ngrams

TEXT = "the cat sat on the mat, and the hat sat on the cat. that is that, the rat said."
CODES = language.encode(TEXT)


def test_packed_pieces_can_be_unpacked():
    grams = ngrams.packed(CODES, 3)
    assert len(grams) == len(TEXT) - 2
    unpacked = ["".join(language.LETTERS[gram >> 7 * i & 127] for i in (2, 1, 0)) for gram in grams.tolist()]
    assert unpacked == [TEXT[i : i + 3] for i in range(len(TEXT) - 2)]
    assert ngrams.packed(CODES, 9).max() < 2**63


def test_which_pieces_stand_in_a_text_is_what_python_finds():
    asked = "the hen then sat on that cat"
    for n in (1, 3, 9):
        found = ngrams.seen(language.encode(asked), CODES, n)
        assert found.tolist() == [asked[i : i + n] in TEXT for i in range(len(asked) - n + 1)]
    with pytest.raises(ValueError, match="n is 3, expected .* as one of 2 letters of text"):
        ngrams.seen(CODES, CODES[:2], 3)


def slowly(text, order, context, letter):
    """Interpolated Kneser-Ney by dictionaries of strings."""
    pieces = collections.Counter(text[i : i + order] for i in range(len(text) - order + 1))
    tables = [pieces]
    for n in range(order - 1, 0, -1):
        tables.insert(0, collections.Counter(piece[-n:] for piece in tables[0]))
    share = 1 / 70
    for n, table in enumerate(tables, 1):
        before = context[len(context) - n + 1 :]
        after = {piece[-1]: count for piece, count in table.items() if piece[:-1] == before}
        once, twice = (sum(count == k for count in table.values()) for k in (1, 2))
        discount = max(once / max(1, once + 2 * twice), 0.001)
        if after:
            given = discount * len(after) * share
            share = (max(after.get(letter, 0) - discount, 0) + given) / sum(after.values())
    return share


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_shares_are_those_of_a_slow_count(order):
    table = ngrams.KneserNey(CODES, order)
    for context in ("the cat", "zzz the", "and tha"):
        shares = table.shares(language.encode(context))
        assert shares.sum().item() == pytest.approx(1)
        for letter in "t ~az":
            assert shares[language.encode(letter)].item() == pytest.approx(slowly(TEXT, order, context, letter))


def test_the_probabilities_of_a_text_are_its_shares():
    table = ngrams.KneserNey(CODES, 4)
    new = language.encode("the dog sat")
    probabilities = table.probabilities(new)
    assert probabilities.shape == (8,) and (probabilities > 0).all()
    for i, probability in enumerate(probabilities):
        assert table.shares(new[: 3 + i])[new[3 + i]] == probability
    assert table.bits(new) == pytest.approx(-sum(math.log2(p) for p in probabilities) / 8)


def test_counting_pays():
    learned, judged = language.encode(TEXT * 5), language.encode(TEXT)
    bits = [ngrams.KneserNey(learned, n).bits(judged) for n in (1, 2, 4)]
    assert bits[0] > bits[1] > bits[2]


def test_it_says_what_it_keeps():
    table = ngrams.KneserNey(CODES, 3)
    pieces = [len({TEXT[i : i + n] for i in range(len(TEXT) - n + 1)}) for n in (1, 2, 3)]
    assert abs(table.entries - sum(pieces)) <= 2  # a piece at the very start has nothing before it
    assert table.bytes == 12 * table.entries


def test_a_context_too_short_is_refused():
    table = ngrams.KneserNey(CODES, 4)
    with pytest.raises(ValueError, match="context holds 2 letters, expected at least 3"):
        table.shares(CODES[:2])


def test_what_is_given_away_is_dealt_out_as_the_shorter_context_says():
    counts = torch.tensor([[3.0, 1, 0, 0], [0, 0, 0, 0]])
    lower = torch.tensor([[0.25, 0.25, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4]])
    mixed = ngrams.interpolate(counts, lower, 0.5)
    torch.testing.assert_close(mixed[0], torch.tensor([2.75 / 4, 0.75 / 4, 0.5 / 4, 0.0]))
    assert mixed[1].equal(lower[1]) and mixed.sum(dim=1).allclose(torch.ones(2))


def test_a_letter_never_seen_costs_many_bits_and_not_infinitely_many():
    table = ngrams.KneserNey(language.encode("abab" * 50), 3)
    assert 5 < table.bits(language.encode("~~~~")) < 100
