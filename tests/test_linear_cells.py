"""minGRU, minLSTM and the LRU: all steps at once are the steps one by one; what each is by construction."""

import math

import pytest
import torch
from torch import nn

from rnnlab import linear_cells as cells
from rnnlab import scans

LAYERS = {"MinGRU": cells.MinGRU, "MinLSTM": cells.MinLSTM, "LRU": cells.LRU}
B, T, I, H = 3, 11, 4, 5


def layer(name, **options):
    torch.manual_seed(0)
    return LAYERS[name](I, H, **options).double()


def first(name, L):
    real = torch.randn(2, L, B, H, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return torch.complex(*real) if name == "LRU" else real[0]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("L", [1, 2])
def test_piece_by_piece_is_all_at_once(name, L):
    net, x, hx = layer(name, num_layers=L), torch.randn(T, B, I, dtype=torch.float64), first(name, L)
    out, last = net(x, hx)
    state, outs = hx, []
    for x_t in x:
        one, state = net(x_t[None], state)
        outs.append(one)
    torch.testing.assert_close(out, torch.cat(outs))
    torch.testing.assert_close(last, state)
    assert out.shape == (T, B, H) and last.shape == (L, B, H) and not out.is_complex()


@pytest.mark.parametrize("name", LAYERS)
def test_the_step_is_the_layer(name):
    net, x, h = layer(name), torch.randn(T, B, I, dtype=torch.float64), first(name, 1)[0]
    _, last = net(x, h[None])
    step = {"MinGRU": cells.min_gru_step, "MinLSTM": cells.min_lstm_step, "LRU": cells.lru_step}[name]
    weights = list(net.parameters())[: 3 if name == "LRU" else 2]
    for x_t in x:
        h = step(x_t, h, *weights)
    torch.testing.assert_close(last[0], h)


@pytest.mark.parametrize("name", LAYERS)
def test_batch_first_and_gradients_to_every_weight(name):
    net = layer(name, num_layers=2, batch_first=True)
    x = torch.randn(B, T, I, dtype=torch.float64)
    out, _ = net(x)
    net.batch_first = False
    torch.testing.assert_close(net(x.transpose(0, 1))[0].transpose(0, 1), out)
    out.square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in net.parameters())


def test_a_gru_that_does_not_see_its_state_is_a_linear_recurrence():
    gru = nn.GRU(I, H, dtype=torch.float64)
    with torch.no_grad():
        gru.weight_hh_l0.zero_(), gru.bias_hh_l0.zero_()
    x = torch.randn(T, B, I, dtype=torch.float64)
    _, z, n = (x @ gru.weight_ih_l0.T + gru.bias_ih_l0).chunk(3, dim=2)
    h = scans.by_hand(*(v.transpose(0, 1) for v in (z.sigmoid(), (1 - z.sigmoid()) * n.tanh())))
    torch.testing.assert_close(h.transpose(0, 1), gru(x)[0])


def test_a_signed_min_gru_can_hold_parity():
    net = cells.MinGRU(2, 1, signed=True).double()
    with torch.no_grad():
        net.weight_ih_l0.copy_(torch.tensor([[-40.0, 40], [0, 0]]))  # a one opens the gate whole
        net.bias_ih_l0.copy_(torch.tensor([0.0, 1]))
    bits = torch.randint(0, 2, (50, B))
    out, _ = net(nn.functional.one_hot(bits, 2).double())
    assert torch.equal(out.squeeze(2).round().long(), bits.cumsum(0) % 2)


def test_min_lstm_shares_add_up_to_one():
    net = layer("MinLSTM")
    with torch.no_grad():
        net.weight_ih_l0[2 * H :].zero_(), net.bias_ih_l0[2 * H :].fill_(1)
    ones = torch.ones(1, B, H, dtype=torch.float64)
    torch.testing.assert_close(net(torch.randn(T, B, I, dtype=torch.float64), ones)[1], ones)


@pytest.mark.parametrize("low, high", [(0.5, 0.6), (0.9, 0.999), (0.99, 0.9999)])
def test_the_eigenvalues_of_an_lru_start_in_the_ring_and_stay_inside_the_circle(low, high):
    net = cells.LRU(I, 400, num_layers=2, r_min=low, r_max=high, max_phase=math.pi / 10).double()
    for layer in range(2):
        a, scale = cells.eigenvalues(getattr(net, f"nu_l{layer}"), getattr(net, f"theta_l{layer}"))
        assert low - 1e-6 <= a.abs().min() and a.abs().max() <= high + 1e-6
        assert 0 <= a.angle().min() and a.angle().max() <= math.pi / 10 + 1e-6
        torch.testing.assert_close(scale**2 + a.abs() ** 2, torch.ones_like(scale))
    wild, _ = cells.eigenvalues(torch.linspace(-20, 3, 50), torch.linspace(-5, 5, 50))
    assert wild.abs().max() <= 1


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: cells.MinGRU(0, 2), "input_size is 0"),
        (lambda: cells.MinGRU(2, 2, signed=1), "signed is 1, expected True or False"),
        (lambda: cells.LRU(2, 2, r_min=0.9, r_max=0.5), "r_max is 0.5, expected a number of at least 0.9 and below 1"),
        (lambda: cells.LRU(2, 2, max_phase=0), "max_phase is 0"),
        (lambda: cells.MinLSTM(2, 2)(torch.zeros(3, 2, 5)), "input has"),
        (lambda: cells.MinGRU(2, 2)(torch.zeros(3, 2, 2), torch.zeros(1, 3, 2)), "hx has"),
        (lambda: cells.LRU(2, 2)(torch.zeros(3, 2, 2), torch.zeros(1, 2, 2)), "hx is .*, expected a complex tensor"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
