"""Shares reshaped, letters drawn, loops found."""

import math

import pytest
import torch

from rnnlab import language, writing

SHARES = torch.tensor([[0.1, 0.5, 0.25, 0.15], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64)


def net():
    torch.manual_seed(0)
    return language.LanguageModel(70, 4, 8).requires_grad_(False)


def test_a_temperature_acts_on_logits():
    logits = torch.tensor([[1.0, 2, 3]])
    assert writing.tempered(logits, 0.5).equal((2 * logits).softmax(1))
    assert writing.tempered(logits, 1e-3).argmax() == 2 and writing.tempered(logits, 1e-3).max() > 0.999
    torch.testing.assert_close(writing.tempered(logits, 1e4), torch.full((1, 3), 1 / 3), atol=1e-3, rtol=0)


def test_top_k_keeps_k():
    kept = writing.top_k(SHARES, 2)
    torch.testing.assert_close(kept[0], torch.tensor([0, 2 / 3, 1 / 3, 0], dtype=torch.float64))
    assert (kept > 0).sum(dim=1).tolist() == [2, 2]
    torch.testing.assert_close(writing.top_k(SHARES, 4), SHARES)


@pytest.mark.parametrize("p, stay", [(0.4, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.8, 3), (1.0, 4)])
def test_the_nucleus_keeps_the_letter_that_reaches_p(p, stay):
    kept = writing.nucleus(SHARES, p)[:1]
    assert (kept > 0).sum() == stay and kept.sum().item() == pytest.approx(1)
    largest = SHARES[0].sort(descending=True).values
    assert kept.max().item() == pytest.approx((largest[0] / largest[:stay].sum()).item())


def test_entropy_in_bits():
    torch.testing.assert_close(writing.entropy(SHARES)[1], torch.tensor(2.0, dtype=torch.float64))
    assert writing.entropy(torch.tensor([1.0, 0, 0])).item() == 0


def test_greedy_is_sure():
    assert writing.greedy(torch.tensor([[0.1, 3.0, 2.0]])).tolist() == [[0, 1, 0]]


def test_it_writes_what_the_seed_says_and_its_entropies():
    text, worth = writing.write(net(), "so ", 30)
    assert len(text) == 30 and worth.shape == (30,) and ((worth > 0) & (worth <= math.log2(70) + 1e-5)).all()
    assert writing.write(net(), "so ", 30)[0] == text != writing.write(net(), "so ", 30, seed=1)[0]
    assert writing.write(net(), "so ", 9, writing.greedy)[1].tolist() == [0] * 9


def test_each_letter_is_read_before_the_next():
    text, _ = writing.write(net(), "so ", 12, writing.greedy)
    codes = language.encode("so " + text)
    logits, _ = net()(codes[None, :-1])
    assert language.decode(logits[0, 2:].argmax(dim=-1)) == text


def test_a_forced_state_is_the_one_it_goes_on_with():
    handed = []

    def empty(state):
        handed.append(state)
        return tuple(torch.zeros_like(part) for part in state)

    text, worth = writing.write(net(), "so ", 5, writing.greedy, force=empty)
    assert len(handed) == 5
    alone, _ = net()(language.encode(text[:-1])[:, None])
    assert language.decode(alone[:, 0].argmax(dim=-1)) == text[1:]


@pytest.mark.parametrize(
    "text, piece",
    [("xabcabcabc", "abc"), ("aaaa", "a"), ("abab", ""), ("abcdefg", ""), ("a film. a film. a film. ", "a film. ")],
)
def test_loops_are_found(text, piece):
    assert writing.loop(text) == piece
    assert writing.loop("x" + 3 * "abcd", most=3) == ""


@pytest.mark.parametrize(
    "call",
    [
        lambda x: writing.top_k(x, 2),
        lambda x: writing.nucleus(x, 0.5),
        writing.entropy,
        lambda x: writing.write(net(), "so ", 3, lambda _: x),
    ],
)
@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_logits_are_no_shares(call, value):
    with pytest.raises(ValueError, match="expected shares"):
        call(torch.full((1, 70), value))
