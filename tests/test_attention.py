"""Encoder and decoder: padding changes nothing, attention is what the lesson says, and a beam finds the best."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from rnnlab import decoding, pairs, training
from rnnlab.attention import ATTENTIONS, EncoderDecoder, monotone_share
from rnnlab.models import parameter_count

SOURCE, LENGTHS = torch.tensor([[1, 2, 3, 4], [5, 4, 0, 0], [3, 3, 1, 0]]), torch.tensor([4, 2, 3])
TARGET_IN = torch.tensor([[1, 3, 4], [1, 5, 0], [1, 6, 3]])


def model(attention="dot", **more):
    training.seed_everything(0)
    return EncoderDecoder(6, 7, 8, attention, **more).double().eval()


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_word_among_longer_ones_is_read_as_alone(attention, both):
    net = model(attention, bidirectional=both)
    logits = net(SOURCE, LENGTHS, TARGET_IN)
    assert logits.shape == (3, 3, 7)
    for b, n in enumerate(LENGTHS.tolist()):
        alone = net(SOURCE[b : b + 1, :n], LENGTHS[b : b + 1], TARGET_IN[b : b + 1])
        assert torch.allclose(alone[0], logits[b], atol=1e-12)


@pytest.mark.parametrize("attention", ["dot", "additive"])
def test_attention_step_by_step(attention):
    net = model(attention)
    memory, last, mask = net.encode(SOURCE, LENGTHS)
    logits, weights, _ = net.decode(TARGET_IN, last, memory, mask)
    out, _ = net.decoder(net.target_embedding(TARGET_IN), last[None])
    for b, t in itertools.product(range(3), range(3)):
        states = memory[b, : LENGTHS[b]]
        if attention == "dot":
            scores = states @ out[b, t]
        else:
            scores = net.energy(torch.tanh(net.query(out[b, t]) + net.key(states)))[:, 0]
        shares = scores.softmax(dim=0)
        assert torch.allclose(weights[b, t, : LENGTHS[b]], shares) and not weights[b, t, LENGTHS[b] :].any()
        mixed = torch.cat([out[b, t], shares @ states])
        assert torch.allclose(logits[b, t], net.head(torch.tanh(net.combine(mixed))))


def test_without_attention_there_are_as_many_weights_and_one_context():
    assert parameter_count(model("none")) == parameter_count(model("dot"))
    net = model("none")
    memory, last, mask = net.encode(SOURCE, LENGTHS)
    logits, _, _ = net.decode(TARGET_IN, last, memory, mask)
    assert torch.allclose(logits, net.decode(TARGET_IN, last, torch.rand_like(memory), mask)[0])
    with pytest.raises(ValueError, match="attention is 'none'"):
        net.scores(memory, memory)


def test_step_by_step_is_all_at_once():
    net = model()
    memory, last, mask = net.encode(SOURCE, LENGTHS)
    state, steps = last, []
    for t in range(3):
        logits, _, state = net.decode(TARGET_IN[:, t : t + 1], state, memory, mask, last)
        steps.append(logits)
    assert torch.allclose(torch.cat(steps, dim=1), net(SOURCE, LENGTHS, TARGET_IN))


def test_greedy_is_a_beam_of_one():
    net = model()
    symbols, weights = decoding.greedy(net, SOURCE, LENGTHS, longest=6)
    assert weights.shape == (*symbols.shape, 4)
    for b, n in enumerate(LENGTHS.tolist()):
        (best, *_), _ = decoding.beam_search(net, SOURCE[b, :n], width=1, longest=6)
        assert best == [s for s in symbols[b].tolist() if s > pairs.END]


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_wide_beam_finds_the_best_of_all_sequences(attention):
    net = model(attention)
    for parameter in net.parameters():
        parameter.data *= 3  # sharper than at the start
    tries = [row for n in (0, 1, 2, 3) for row in itertools.product(range(3, 7), repeat=n)]
    source = SOURCE[0]
    memory, last, mask = net.encode(source[None], LENGTHS[:1])
    scores = []
    for row in tries:
        y = torch.tensor([[1, *row, 2]])
        logits = net.decode(y[:, :-1], last, memory, mask)[0]
        log_probs = logits.log_softmax(dim=-1)
        scores.append(log_probs[0].gather(1, y[0, 1:, None]).sum().item())
    order = sorted(range(len(tries)), key=scores.__getitem__, reverse=True)
    found, values = decoding.beam_search(net, source, width=400, longest=4)
    ended = [(row, value) for row, value in zip(found, values, strict=True) if tuple(row) in tries][:5]
    assert [tuple(row) for row, _ in ended] == [tries[i] for i in order[:5]]
    assert torch.allclose(torch.tensor([v for _, v in ended]), torch.tensor([scores[i] for i in order[:5]]))


def test_share_near_a_path():
    assert monotone_share(torch.eye(6)) == 1
    assert monotone_share(torch.eye(6).flip(0)) == pytest.approx(3 / 6)  # the middle row and its neighbours, at most
    assert monotone_share(torch.full((5, 9), 1 / 9)) == pytest.approx(3 / 9)
    assert monotone_share(torch.eye(6)[[0, 2, 2, 5]]) == 1  # it may stay, and skip


def test_batches_have_sources_of_one_length_and_hold_every_pair_once():
    sources = [torch.randint(1, 6, (n,)) for n in (3, 2, 3, 3, 2, 5)]
    targets = [torch.tensor([1, *[3] * n, 2]) for n in (1, 4, 2, 3, 1, 2)]
    for shuffle in (False, True):
        batches = list(found := pairs.PairBatches(sources, targets, size=2, shuffle=shuffle))
        assert len(batches) == len(found) == 4
        said = [row[row > 0].tolist() for _, _, _, out in batches for row in out]
        assert sorted(said) == sorted(target[1:].tolist() for target in targets)
        for source, lengths, given, wanted in batches:
            assert (source > 0).all() and (lengths == source.shape[1]).all()
            assert (given[:, 0] == pairs.START).all() and given.shape == wanted.shape
            assert given[:, 1:].where(wanted[:, 1:] > 0, 0).equal(wanted[:, :-1].where(wanted[:, 1:] > 0, 0))


def test_the_loss_looks_away_from_padding():
    logits = torch.randn(2, 3, 5)
    target = torch.tensor([[3, 4, 2], [4, 2, 0]])
    right = F.cross_entropy(torch.cat([logits[0], logits[1, :2]]), torch.tensor([3, 4, 2, 4, 2]))
    assert torch.allclose(pairs.padded_cross_entropy(logits, target), right)


def test_error_rates():
    right = [[("N", "AY", "T")], [("EY", "M"), ("AH", "M")]]
    assert pairs.error_rates([("N", "AY", "T"), ("AH", "M")], right) == (0, 0)
    assert pairs.error_rates([("K", "N", "AY", "T"), ("AH", "M")], right) == (1 / 5, 1 / 2)
    assert pairs.error_rates([(), ("AH",)], right) == (4 / 5, 1)
    assert pairs.error_rates([("T",)], [[("P", "T"), ("P",)]]) == (1 / 1, 1)  # equally near: the shorter counts


def test_a_refusal_leaves_the_model_in_training():
    net = model(dropout=0.5).train()
    for call in (lambda: decoding.greedy(net, SOURCE, LENGTHS + 1), lambda: decoding.beam_search(net, SOURCE[0] + 9)):
        with pytest.raises(ValueError):
            call()
        assert net.training


def test_padding_and_tensors_are_no_symbols():
    with pytest.raises(ValueError, match=r"sources\[1\] holds 0, the padding"):
        pairs.PairBatches(list(torch.tensor([[1, 2], [3, 0]])), [torch.tensor([1, 3, 2])] * 2)
    with pytest.raises(TypeError, match=r"answers\[0\] holds tensors"):
        pairs.error_rates([list(torch.tensor([3, 4]))], [[(3, 4)]])
