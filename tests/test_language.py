"""Text to numbers and back, chunks, the net and its start, bits per character, weights in few bits."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rnnlab import language, training
from rnnlab.language import LETTERS, LanguageModel

CODES = torch.randint(70, (400,), generator=torch.Generator().manual_seed(0))


def model(cell="lstm", H=6, V=70):
    training.seed_everything(0)
    return LanguageModel(V, 4, H, cell)


def test_the_letters_are_the_printable_ones_without_capitals():
    assert len(LETTERS) == len(set(LETTERS)) == 70
    assert LETTERS == "".join(sorted(LETTERS)) and LETTERS == LETTERS.lower()


def test_plain_text_is_of_these_letters_alone():
    assert language.plain("Très BIEN!<br /><br /> I\x96d say\tso…") == "tres bien!\nid sayso..."
    assert language.plain("\n\n") == ""


def test_there_and_back():
    text = "hello, \n(you) ~"
    assert language.decode(language.encode(text)) == text
    assert language.encode(LETTERS).tolist() == list(range(70))
    with pytest.raises(ValueError, match="'E'"):
        language.encode("hEllo")


@pytest.mark.parametrize("N, streams, length", [(400, 3, 7), (400, 1, 400), (17, 16, 1), (101, 4, 25)])
def test_chunks_are_the_text_and_the_text_one_letter_on(N, streams, length):
    pairs = list(language.chunks(CODES[:N], streams, length))
    x, y = (torch.cat(parts, dim=1) for parts in zip(*pairs, strict=True))
    size = (N - 1) // streams
    assert x.shape == y.shape == (streams, size)
    assert x.flatten().equal(CODES[: streams * size]) and y.flatten().equal(CODES[1 : streams * size + 1])
    assert all(part.shape[1] <= length for part, _ in pairs)
    with pytest.raises(ValueError, match="expected at least 4 for 3 streams"):
        language.chunks(CODES[:3], 3, 2)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_state_that_is_carried_gives_the_logits_of_the_whole(cell):
    net, x = model(cell), CODES[:40].view(2, 20)
    whole, last = net(x)
    first, state = net(x[:, :7])
    second, end = net(x[:, 7:], language.detached(state))
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, last)
    assert whole.shape == (2, 20, 70)


def test_detached_cuts_every_part():
    net = model()
    _, state = net(CODES[:8].view(2, 4))
    assert all(part.requires_grad for part in state)
    cut = language.detached(state)
    assert not any(part.requires_grad for part in cut) and all(map(torch.equal, cut, state))


def test_the_start_answers_with_the_letter_frequencies_and_sums_are_of_size_1():
    counts = torch.bincount(CODES, minlength=70)
    net = language.start(LanguageModel(70, 32, 112), counts)
    sums = net.embedding.weight @ net.recurrent.weight_ih_l0.T
    assert 0.8 < sums.std() < 1.2
    torch.testing.assert_close(net.head.bias.softmax(0), (counts + 1) / (counts + 1).sum())
    with pytest.raises(ValueError, match="counts go from -1"):
        language.start(net, counts - counts.max() - 1 + counts.max() - counts.min())


def test_bits_are_nats_over_log_2():
    logits, targets = torch.randn(3, 5, 70), CODES[:15].view(3, 5)
    nats = F.cross_entropy(logits.view(15, 70), targets.view(15))
    torch.testing.assert_close(language.bits(logits, targets), nats / math.log(2))
    assert language.bits(torch.zeros(3, 5, 70), targets).item() == pytest.approx(math.log2(70))


def test_the_score_is_a_mean_over_letters_however_the_text_is_cut():
    net = model()
    assert language.score(net, CODES, 1, 7) == pytest.approx(language.score(net, CODES, 1, 399), abs=1e-6)
    logits, _ = net(CODES[None, :-1])
    assert language.score(net, CODES, 1, 64) == pytest.approx(language.bits(logits, CODES[None, 1:]).item(), abs=1e-6)


def test_a_state_that_is_reset_is_another_score():
    net = model()
    by_hand = [language.bits(net(x)[0], y).item() * y.numel() for x, y in language.chunks(CODES, 2, 10)]
    reset = language.score(net, CODES, 2, 10, carried=False)
    assert reset == pytest.approx(sum(by_hand) / 398, abs=1e-6)
    assert abs(reset - language.score(net, CODES, 2, 10)) > 1e-6


def test_it_learns_a_text_by_heart_and_the_steps_are_one_a_chunk():
    text = language.encode("hello " * 300)
    net = model(H=24)
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.999)
    history = language.learn(net, language.chunks(text, 4, 8), optimizer, schedule)
    assert len(history) == 57 and schedule.last_epoch == 57
    assert history[0] > 5 and history[-1] < 0.5


def test_learning_carries_the_state(monkeypatch):
    seen = []

    class Watched(LanguageModel):
        def forward(self, x, state=None):
            seen.append(state)
            return super().forward(x, state)

    net = Watched(70, 4, 6)
    language.learn(net, language.chunks(CODES, 2, 50), torch.optim.SGD(net.parameters(), 0.1))
    assert seen[0] is None and all(part.abs().sum() > 0 and not part.requires_grad for s in seen[1:] for part in s)


@pytest.mark.parametrize("bits, most", [(8, 127), (4, 7), (2, 1)])
def test_whole_numbers_are_within_half_a_step(bits, most):
    weight = torch.randn(5, 9)
    numbers, scale = language.whole_numbers(weight, bits)
    assert numbers.dtype == torch.int8 and numbers.abs().max() == most and scale.shape == (5, 1)
    assert ((numbers * scale - weight).abs() <= scale / 2 + 1e-6).all()
    assert language.whole_numbers(torch.zeros(2, 3))[0].eq(0).all()


def test_a_rounded_model_is_a_copy_with_its_biases_as_they_were():
    net = model()
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    other = language.rounded(net, 4)
    assert all(weight.equal(before[name]) for name, weight in net.state_dict().items())
    for name, weight in other.state_dict().items():
        assert weight.equal(before[name]) == (weight.ndim == 1)
    assert isinstance(other.recurrent, nn.LSTM)


def test_the_optimizer_of_another_model_is_refused():
    net, other = model(), torch.optim.SGD(model().parameters(), 0.1)
    with pytest.raises(ValueError, match="optimizer holds none of the model's weights"):
        language.learn(net, language.chunks(CODES, 2, 50), other)
    schedule = torch.optim.lr_scheduler.StepLR(other, 1)
    with pytest.raises(ValueError, match="schedule moves another optimizer"):
        language.learn(net, language.chunks(CODES, 2, 50), torch.optim.SGD(net.parameters(), 0.1), schedule)
