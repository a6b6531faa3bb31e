"""gradients: closed forms against autograd's jacobian, BPTT against autograd and finite differences, truncation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd.functional import jacobian

from rnnlab import cells, gradients

KINDS = ["tanh", "relu", "GRU", "LSTM"]
few = settings(max_examples=10, deadline=None, derandomize=True)
size = st.integers(1, 5)
near = {"rtol": 1e-9, "atol": 1e-12}


def make(kind, I, H, module=torch.nn, **options):
    """A float64 layer with weights large enough for every gate and slope to matter."""
    options |= {"dtype": torch.float64}
    if kind in ("GRU", "LSTM"):
        rnn = getattr(module, kind)(I, H, **options)
    else:
        rnn = module.RNN(I, H, nonlinearity=kind, **options)
    for p in rnn.parameters():
        torch.nn.init.normal_(p, std=0.6)
    return rnn


def first_state(kind, H):
    hx = tuple(torch.randn(1, H, dtype=torch.float64) for _ in range(2))
    return hx if kind == "LSTM" else hx[0]


def joined(state):
    return torch.cat([s[0] for s in state]) if isinstance(state, tuple) else state[0]


def split(kind, s):
    return tuple(s[None].chunk(2, dim=1)) if kind == "LSTM" else s[None]


def autograd_jacobian(rnn, kind, x, hx):
    """d(last state) / d(first state) through a whole piece of sequence, by autograd: the oracle."""
    return jacobian(lambda s: joined(rnn(x, split(kind, s))[1]), joined(hx))


def states_of(rnn, x, hx):
    states = [hx]
    for x_t in x.split(1):
        states.append(rnn(x_t, states[-1])[1])
    return states


@pytest.mark.parametrize("kind", KINDS)
@few
@given(size, size, size, st.booleans(), st.sampled_from([torch.nn, cells]), st.integers(0, 99))
def test_step_jacobians_equal_autograd(kind, T, I, H, bias, module, seed):
    torch.manual_seed(seed)
    rnn = make(kind, I, H, module, bias=bias)
    x, hx = torch.randn(T, I, dtype=torch.float64), first_state(kind, H)
    states = states_of(rnn, x, hx)
    expected = [autograd_jacobian(rnn, kind, x[t : t + 1], states[t]) for t in range(T)]
    torch.testing.assert_close(gradients.step_jacobians(rnn, x, hx), torch.stack(expected), **near)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(st.integers(2, 8), size, size, st.booleans(), st.integers(0, 99))
def test_state_norms_equal_autograd(kind, T, I, H, with_state, seed):
    torch.manual_seed(seed)
    rnn = make(kind, I, H)
    x, hx = torch.randn(T, I, dtype=torch.float64), first_state(kind, H)
    given_state = hx if with_state else None
    states = states_of(rnn, x, hx if with_state else split(kind, torch.zeros_like(joined(hx))))
    parts = {"h": slice(0, H)} | ({"c": slice(H, 2 * H), "state": slice(None)} if kind == "LSTM" else {})
    for of, part in parts.items():
        expected = []
        for k in range(T):
            whole = (
                autograd_jacobian(rnn, kind, x[T - k :], states[T - k]) if k else torch.eye(len(joined(hx))).double()
            )
            expected.append(torch.linalg.matrix_norm(whole[part, part], 2))
        norms = gradients.state_norms(rnn, x, given_state, of=of)
        assert norms[0] == 1
        torch.testing.assert_close(norms, torch.stack(expected), **near)
        exponents = gradients.state_norms(rnn, x, given_state, of=of, log10=True)
        torch.testing.assert_close(10**exponents, norms, **near)


def test_float32_layers_are_measured_in_float64_and_left_alone():
    rnn, x = torch.nn.RNN(3, 4), torch.randn(6, 3)
    before = {name: p.clone() for name, p in rnn.named_parameters()}
    norms = gradients.state_norms(rnn, x)
    assert norms.dtype == torch.float64 and not norms.requires_grad
    assert all(torch.equal(before[name], p) and p.grad is None for name, p in rnn.named_parameters())


@pytest.mark.parametrize("scale, sign", [(0.01, -1), (30.0, 1)])
def test_exponents_go_beyond_what_float64_can_hold(scale, sign):
    rnn = make("relu", 1, 4, bias=False)
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(scale * torch.eye(4))
        rnn.weight_ih_l0.fill_(1e-300 if sign > 0 else 1.0)  # small enough that the state itself stays finite
    x = torch.ones(400, 1, dtype=torch.float64)
    exponents = gradients.state_norms(rnn, x, log10=True)
    expected = torch.arange(400.0).double() * torch.tensor(scale).double().log10()
    assert exponents[-1] * sign > 320
    torch.testing.assert_close(exponents, expected, rtol=1e-6, atol=1e-9)


def test_dead_relu_units_give_a_norm_of_zero():
    rnn = make("relu", 1, 3)
    with torch.no_grad():
        rnn.bias_ih_l0.fill_(-100.0)
    assert gradients.state_norms(rnn, torch.zeros(4, 1)).tolist() == [1, 0, 0, 0]


@few
@given(st.integers(2, 7), size, size, st.integers(0, 99))
def test_forget_products_are_the_cell_state_alone(T, I, H, seed):
    torch.manual_seed(seed)
    lstm, x = make("LSTM", I, H), torch.randn(T, I, dtype=torch.float64)
    kept = gradients.forget_products(lstm, x)
    # Autograd on the cell state alone: the gates are computed from states that do not move.
    states, weights = states_of(lstm, x, (torch.zeros(1, H).double(),) * 2), list(lstm.parameters())

    def along_c(c, k):
        for t in range(T - k, T):
            pre = x[t] @ weights[0].T + weights[2] + states[t][0][0] @ weights[1].T + weights[3]
            i, f, g, _ = pre.chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return c

    for k in range(T):
        whole = jacobian(lambda c, k=k: along_c(c, k), states[T - k][1][0])
        torch.testing.assert_close(torch.diag(kept[k]), whole, **near)


def test_a_half_open_forget_gate_keeps_a_half_per_step():
    lstm = torch.nn.LSTM(2, 3, dtype=torch.float64)
    for p in lstm.parameters():
        torch.nn.init.zeros_(p)
    expected = (0.5 ** torch.arange(28.0))[:, None].expand(28, 3).double()
    torch.testing.assert_close(gradients.forget_products(lstm, torch.randn(28, 2)), expected)
    torch.testing.assert_close(gradients.state_norms(lstm, torch.randn(28, 2), of="c"), expected[:, 0])


# ---- BPTT -----------------------------------------------------------------------------------------------------------

NAMES = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "h0"]


def bptt_case(T, I, H, seed):
    torch.manual_seed(seed)
    x, target = torch.randn(T, I).double(), torch.randn(T, H).double()
    shapes = [(H, I), (H, H), (H,), (H,), (H,)]
    leaves = [(0.6 * torch.randn(shape).double()).requires_grad_() for shape in shapes]

    def forward(*leaves):
        h, out = leaves[-1], []
        for x_t in x:
            h = cells.rnn_step(x_t, h, *leaves[:-1])
            h.requires_grad and h.retain_grad()
            out.append(h)
        return out

    return x, target, leaves, forward


@few
@given(size, size, size, st.integers(0, 99))
def test_bptt_equals_autograd(T, I, H, seed):
    x, target, leaves, forward = bptt_case(T, I, H, seed)
    out = forward(*leaves)
    loss = 0.5 * ((torch.stack(out) - target) ** 2).sum()
    loss.backward()
    weights, h0 = [leaf.detach() for leaf in leaves[:-1]], leaves[-1].detach()
    grads, shares = gradients.bptt(x, h0, *weights, torch.stack(out).detach() - target)
    assert list(grads) == NAMES
    for name, leaf in zip(NAMES, leaves, strict=True):
        torch.testing.assert_close(grads[name], leaf.grad, **near)
    torch.testing.assert_close(shares["h"], torch.stack([h.grad for h in out]), **near)
    assert shares["weight_hh"].shape == (T, H, H)
    torch.testing.assert_close(shares["weight_hh"].sum(0), leaves[1].grad, **near)


def test_each_share_is_the_gradient_of_that_steps_own_copy_of_the_weights():
    x, target, leaves, _ = bptt_case(6, 3, 4, 0)
    weight_ih, weight_hh, bias_ih, bias_hh, h0 = (leaf.detach() for leaf in leaves)
    copies = [weight_hh.clone().requires_grad_() for _ in x]
    h, out = h0, []
    for x_t, copy in zip(x, copies, strict=True):
        h = cells.rnn_step(x_t, h, weight_ih, copy, bias_ih, bias_hh)
        out.append(h)
    out = torch.stack(out)
    expected = torch.autograd.grad(0.5 * ((out - target) ** 2).sum(), copies)
    _, shares = gradients.bptt(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, out.detach() - target)
    torch.testing.assert_close(shares["weight_hh"], torch.stack(expected), **near)


def test_bptt_equals_finite_differences():
    x, target, leaves, forward = bptt_case(5, 3, 4, 1)
    leaves = [leaf.detach() for leaf in leaves]
    out = torch.stack(forward(*leaves))
    grads, _ = gradients.bptt(x, leaves[-1], *leaves[:-1], out - target)
    eps = 1e-6
    for name, leaf in zip(NAMES, leaves, strict=True):
        slopes = torch.zeros_like(leaf)
        for j in range(leaf.numel()):
            ends = []
            for nudge in (eps, -eps):
                leaf.view(-1)[j] += nudge
                ends.append(0.5 * ((torch.stack(forward(*leaves)) - target) ** 2).sum())
                leaf.view(-1)[j] -= nudge
            slopes.view(-1)[j] = (ends[0] - ends[1]) / (2 * eps)
        torch.testing.assert_close(grads[name], slopes, rtol=1e-7, atol=1e-8)


# ---- Truncation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@few
@given(st.integers(1, 9), size, size, st.integers(1, 10), st.integers(0, 99))
def test_truncated_gradients_equal_autograd_with_detach(kind, T, I, H, k, seed):
    torch.manual_seed(seed)
    rnn, x, hx = make(kind, I, H), torch.randn(T, I, dtype=torch.float64), first_state(kind, H)
    target = torch.randn(T, H, dtype=torch.float64)
    got = gradients.truncated_gradients(rnn, x, lambda out: ((out - target) ** 2).sum(), k, hx)
    state, loss = hx, 0.0
    for t in range(T):
        if t % k == 0:
            state = tuple(s.detach() for s in state) if kind == "LSTM" else state.detach()
        out, state = rnn(x[t : t + 1], state)
        loss = loss + ((out[0] - target[t]) ** 2).sum()
    expected = torch.autograd.grad(loss, list(rnn.parameters()))
    assert list(got) == [name for name, _ in rnn.named_parameters()]
    for mine, other in zip(got.values(), expected, strict=True):
        torch.testing.assert_close(mine, other, **near)


def test_truncation_is_bptt_by_hand_piece_by_piece():
    torch.manual_seed(0)
    rnn, x, k = make("tanh", 3, 4), torch.randn(10, 3, dtype=torch.float64), 4
    weights = [p.detach() for p in rnn.parameters()]
    h = rnn(x)[0].detach()
    pieces = [
        gradients.bptt(x[a : a + k], h[a - 1] if a else torch.zeros(4).double(), *weights, 2 * h[a : a + k])[0]
        for a in range(0, 10, k)
    ]
    got = gradients.truncated_gradients(rnn, x, lambda out: (out**2).sum(), k)
    full = gradients.truncated_gradients(rnn, x, lambda out: (out**2).sum(), 10)
    for name in NAMES[:-1]:
        torch.testing.assert_close(got[f"{name}_l0"], sum(piece[name] for piece in pieces), **near)
    assert not torch.allclose(got["weight_hh_l0"], full["weight_hh_l0"], rtol=1e-3)


# ---- Refusals -------------------------------------------------------------------------------------------------------

rnn, x = torch.nn.RNN(3, 4), torch.ones(5, 3)
lstm = torch.nn.LSTM(3, 4)
exploding = torch.nn.RNN(3, 4, nonlinearity="relu")
with torch.no_grad():
    for p in exploding.parameters():
        p.fill_(1e30)
four, square = torch.zeros(4), torch.zeros(4, 4)


@pytest.mark.parametrize(
    "call, error, said",
    [
        (lambda: gradients.state_norms(rnn, x[:0]), ValueError, "x has T = 0, expected T of at least 2"),
        (lambda: gradients.state_norms(rnn, x[:1]), ValueError, "x has T = 1, expected T of at least 2"),
        (lambda: gradients.forget_products(lstm, x[:1]), ValueError, "x has T = 1, expected T of at least 2"),
        (lambda: gradients.step_jacobians(rnn, x[:0]), ValueError, "x has T = 0, expected T of at least 1"),
        (
            lambda: gradients.step_jacobians(rnn, x[:, :2]),
            ValueError,
            r"x has shape \(5, 2\), expected \(T, I\) with I = 3",
        ),
        (lambda: gradients.step_jacobians(rnn, x[None]), ValueError, r"x has shape \(1, 5, 3\), expected \(T, I\)"),
        (
            lambda: gradients.step_jacobians(rnn, [1.0]),
            TypeError,
            r"x is a list, expected a tensor \(T, I\) with I = 3",
        ),
        (lambda: gradients.step_jacobians(rnn, x / 0), ValueError, "x holds infinity, expected finite numbers"),
        (lambda: gradients.state_norms(exploding, x.repeat(4, 1)), ValueError, "not finite from step 1. of 20"),
        (lambda: gradients.step_jacobians(rnn, x, four), ValueError, r"h0 in hx has shape \(4,\), expected \(1, H\)"),
        (
            lambda: gradients.step_jacobians(lstm, x, four[None]),
            TypeError,
            r"hx is a tensor of .*, expected a tuple \(h, c\)",
        ),
        (lambda: gradients.step_jacobians(rnn, x, four[None] / 0), ValueError, "h0 in hx holds NaN"),
        (lambda: gradients.step_jacobians(torch.nn.RNN(3, 4, 2), x), ValueError, "expected one layer in one direction"),
        (lambda: gradients.step_jacobians(torch.nn.GRU(3, 4, bidirectional=True), x), ValueError, "one direction"),
        (lambda: gradients.step_jacobians(torch.nn.LSTM(3, 4, proj_size=2), x), ValueError, "without projection"),
        (lambda: gradients.step_jacobians(torch.nn.Linear(3, 4), x), TypeError, "rnn is a Linear, expected an RNN"),
        (lambda: gradients.state_norms(rnn, x, of="c"), ValueError, "of is 'c', expected one of h for this RNN"),
        (lambda: gradients.state_norms(lstm, x, of="f"), ValueError, "of is 'f', expected one of h, c, state"),
        (lambda: gradients.forget_products(rnn, x), TypeError, "lstm is an RNN, expected an LSTM"),
        (
            lambda: gradients.rnn_jacobian(square, four, "sigmoid"),
            ValueError,
            "nonlinearity is 'sigmoid', expected one",
        ),
        (lambda: gradients.truncated_gradients(rnn, x, torch.sum, 0), ValueError, "k is 0, expected a whole number"),
        (
            lambda: gradients.truncated_gradients(rnn, x.double(), torch.sum, 1),
            TypeError,
            "x is torch.float64, expected",
        ),
        (lambda: gradients.truncated_gradients(rnn, x, torch.square, 1), ValueError, "loss gives a tensor of shape"),
        (lambda: gradients.truncated_gradients(rnn, x, lambda out: 1.0, 1), TypeError, "what loss gives is 1.0, expec"),
        (lambda: gradients.truncated_gradients(lstm, x, torch.sum, 1, four), TypeError, r"expected a tuple \(h, c\)"),
        (
            lambda: gradients.backward_through_time(x, torch.zeros(5, 4), square, torch.zeros(5, 4)),
            ValueError,
            r"h has shape \(5, 4\), expected \(T\+1, H\) with T = 5, H = 4",
        ),
        (lambda: gradients.truncated_gradients(rnn, x[:0], torch.sum, 1), ValueError, "x has T = 0"),
        (lambda: gradients.bptt(x[:0], four, x, square, four, four, x), ValueError, r"x is empty, shape \(0, 3\)"),
        (
            lambda: gradients.bptt(x, four, torch.zeros(4, 2), square, four, four, torch.zeros(5, 4)),
            ValueError,
            r"weight_ih has shape \(4, 2\), expected \(H, I\) with H = 4, I = 3",
        ),
        (
            lambda: gradients.bptt(x, four, torch.zeros(4, 3), square, four, four, torch.zeros(4, 4)),
            ValueError,
            r"dloss_dh has shape \(4, 4\), expected \(T, H\) with T = 5, H = 4",
        ),
        (
            lambda: gradients.bptt(x, four, torch.zeros(4, 3), square / 0, four, four, torch.zeros(5, 4)),
            ValueError,
            "weight_hh holds NaN, expected finite numbers",
        ),
    ],
)
def test_refusals(call, error, said):
    with pytest.raises(error, match=said):
        call()
