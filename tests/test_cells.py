"""cells: equal to torch.nn in values, states and gradients; refusals; Cho's GRU told from PyTorch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

from rnnlab import cells

KINDS = ["RNN", "LSTM", "GRU"]
few = settings(max_examples=12, deadline=None, derandomize=True)


def pair(kind, *sizes, **options):
    """The same layer twice, ours and torch's, with the same weights."""
    theirs = getattr(torch.nn, kind)(*sizes, dtype=torch.float64, **options)
    ours = getattr(cells, kind)(*sizes, dtype=torch.float64, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def first_state(kind, *shape):
    state = tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(2))
    return state if kind == "LSTM" else state[0]


def flat(kind, output, last):
    """Every tensor of an answer in one tuple; a packed output by its parts."""
    parts = tuple(output) if isinstance(output, tuple) else (output,)
    return parts + (tuple(last) if kind == "LSTM" else (last,))


def assert_same(kind, ours, theirs, make_input, hx=None):
    """Run both; outputs, states and the gradients of all parameters, input and first state must agree."""
    leaves = () if hx is None else tuple(hx) if kind == "LSTM" else (hx,)
    answers, gradients = [], []
    for rnn in (ours, theirs):
        x, sources = make_input()
        answer = flat(kind, *(rnn(x) if hx is None else rnn(x, hx)))
        answers.append(answer)
        # The shape of cos differs at each entry, so that no two entries share a gradient.
        floats = [a for a in answer if a is not None and a.is_floating_point()]
        loss = sum((a * torch.arange(a.numel(), dtype=a.dtype).reshape(a.shape).cos()).sum() for a in floats)
        gradients.append(torch.autograd.grad(loss, [*rnn.parameters(), *sources, *leaves]))
    for mine, other in [*zip(*answers, strict=True), *zip(*gradients, strict=True)]:
        assert (mine is None) == (other is None)
        if mine is not None:
            assert mine.shape == other.shape
            torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


options = st.fixed_dictionaries({
    "num_layers": st.integers(1, 3),
    "bias": st.booleans(),
    "batch_first": st.booleans(),
    "bidirectional": st.booleans(),
})  # fmt: skip
size = st.integers(1, 5)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(options, size, size, size, size, st.booleans(), st.booleans(), st.integers(0, 99))
def test_equals_torch(kind, options, T, B, I, H, batched, with_state, seed):
    torch.manual_seed(seed)
    if kind == "RNN":
        options = options | {"nonlinearity": ["tanh", "relu"][seed % 2]}
    ours, theirs = pair(kind, I, H, **options)
    shape = ((B, T, I) if options["batch_first"] else (T, B, I)) if batched else (T, I)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    rows = options["num_layers"] * (2 if options["bidirectional"] else 1)
    hx = first_state(kind, rows, *[B] * batched, H) if with_state else None
    assert_same(kind, ours, theirs, lambda: (x, [x]), hx)


@pytest.mark.parametrize("kind", KINDS)
@few
@given(options, st.lists(st.integers(1, 6), min_size=1, max_size=5), size, size, st.booleans(), st.booleans())
def test_equals_torch_packed(kind, options, lengths, I, H, enforce_sorted, with_state):
    torch.manual_seed(sum(lengths))
    if enforce_sorted:
        lengths = sorted(lengths, reverse=True)
    ours, theirs = pair(kind, I, H, **options)
    xs = [torch.randn(n, I, dtype=torch.float64, requires_grad=True) for n in lengths]
    rows = options["num_layers"] * (2 if options["bidirectional"] else 1)
    hx = first_state(kind, rows, len(lengths), H) if with_state else None
    assert_same(kind, ours, theirs, lambda: (pack_sequence(xs, enforce_sorted), xs), hx)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_never_read(kind):
    rnn = getattr(cells, kind)(2, 3, bidirectional=True)
    x, lengths = torch.randn(4, 2, 2), torch.tensor([2, 4])
    noisy = x.clone()
    noisy[2:, 0] = 1e6
    a, b = (rnn(pack_padded_sequence(v, lengths, enforce_sorted=False)) for v in (x, noisy))
    assert torch.equal(a[0].data, b[0].data)
    assert all(torch.equal(p, q) for p, q in zip(a[1], b[1], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_same_names_same_order_same_first_values(kind):
    made = []
    for module in (cells, torch.nn):
        torch.manual_seed(1)
        made.append(getattr(module, kind)(3, 4, 2, bidirectional=True))
    ours, theirs = (list(rnn.named_parameters()) for rnn in made)
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(ours, theirs, strict=True))
    made[1].load_state_dict(made[0].state_dict())  # and back


@pytest.mark.parametrize("kind", KINDS)
def test_float32_and_arguments_by_position_and_by_name(kind):
    extra = ("relu",) if kind == "RNN" else ()
    ours = getattr(cells, kind)(3, 4, 2, *extra, False, True, 0.0, True)
    theirs = getattr(torch.nn, kind)(3, 4, 2, *extra, False, True, 0.0, True)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 3)
    for a, b in zip(flat(kind, *ours(input=x, hx=None)), flat(kind, *theirs(input=x, hx=None)), strict=True):
        torch.testing.assert_close(a, b)


def sigmoid(a):
    return 1 / (1 + torch.exp(-a))


def test_cho_gru_step_is_the_paper_and_not_pytorch():
    torch.manual_seed(0)
    gru = torch.nn.GRU(3, 4, dtype=torch.float64)
    weights = W, U, b, d = [p.detach() for p in gru.parameters()]
    x, h = torch.randn(3, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    # Cho et al. 2014, eq. 5 to 8, one unit at a time; the paper writes no biases, so each stands with its product.
    r = [sigmoid(W[j] @ x + b[j] + U[j] @ h + d[j]) for j in range(4)]
    z = [sigmoid(W[4 + j] @ x + b[4 + j] + U[4 + j] @ h + d[4 + j]) for j in range(4)]
    reset = torch.stack(r) * h
    new = [torch.tanh(W[8 + j] @ x + b[8 + j] + U[8 + j] @ reset + d[8 + j]) for j in range(4)]
    paper = torch.stack([z[j] * h[j] + (1 - z[j]) * new[j] for j in range(4)])
    cho, ours = cells.cho_gru_step(x[None], h[None], *weights)[0], cells.gru_step(x[None], h[None], *weights)[0]
    torch.testing.assert_close(cho, paper, rtol=1e-12, atol=1e-14)
    assert (cho - ours).abs().max() > 1e-3


def test_the_two_grus_part_within_a_few_steps():
    torch.manual_seed(0)
    gru = cells.GRU(4, 8, dtype=torch.float64)
    h = first = torch.zeros(1, 8, dtype=torch.float64)
    x = torch.randn(5, 1, 4, dtype=torch.float64)
    for x_t in x:
        h = cells.cho_gru_step(x_t, h, *gru.parameters())
    assert (h - gru(x, first[None])[1][0]).abs().max() > 5e-3


nan = torch.full((5, 2, 3), float("nan"))
h = torch.ones(2, 4)


@pytest.mark.parametrize(
    "make, error, said",
    [
        (lambda: cells.RNN(0, 2), ValueError, "input_size is 0, expected a whole number of at least 1"),
        (lambda: cells.GRU(3, -1), ValueError, "hidden_size is -1"),
        (lambda: cells.LSTM(3, 2.5), TypeError, "hidden_size is 2.5"),
        (lambda: cells.LSTM(3, 2, 0), ValueError, "num_layers is 0"),
        (
            lambda: cells.RNN(3, 2, nonlinearity="sigmoid"),
            ValueError,
            "nonlinearity is 'sigmoid', expected one of tanh, relu",
        ),
        (lambda: cells.LSTM(3, 2, proj_size=1), ValueError, "proj_size is 1, expected nothing"),
        (lambda: cells.GRU(3, 2, dropout=0.5), ValueError, "dropout is 0.5, expected nothing"),
        (lambda: cells.GRU(3, 2, bias="no"), TypeError, "bias is 'no', expected True or False"),
        (lambda: cells.GRU(3, 2, device="gpu"), ValueError, "device is 'gpu', expected a device that is here"),
        (lambda: cells.GRU(3, 2, dtype=torch.int64), ValueError, "dtype is torch.int64, expected one of floating"),
        (
            lambda: cells.gru_step(h, h, h, h),
            ValueError,
            r"weight_ih has shape \(2, 4\), expected \(3H, I\) with H = 4, I",
        ),
        (lambda: cells.rnn_step(h, h * nan[0, 0, 0], h, h), ValueError, "h holds NaN, expected finite numbers"),
        (lambda: cells.rnn_step(h, h, h.t(), h), ValueError, r"weight_ih has shape \(4, 2\), expected \(H, I\)"),
    ],
)
def test_refused_settings(make, error, said):
    with pytest.raises(error, match=said):
        make()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "x, error, said",
    [
        (torch.zeros(3), ValueError, r"input has shape \(3,\), expected \(T, B, I\) or \(T, I\) with I = 3"),
        (torch.zeros(1, 5, 2, 3), ValueError, r"input has shape \(1, 5, 2, 3\), expected \(T, B, I\)"),
        (torch.zeros(5, 2, 4), ValueError, r"input has shape \(5, 2, 4\), expected \(T, B, I\) or \(T, I\) with I = 3"),
        (torch.zeros(0, 2, 3), ValueError, r"input is empty, shape \(0, 2, 3\), expected something in it"),
        (torch.full((5, 3), torch.inf), ValueError, "input holds infinity"),
        (torch.zeros(0, 3), ValueError, "input is empty"),
        (nan, ValueError, "input holds NaN"),
        (pack_sequence([nan[:, 0]]), ValueError, "input holds NaN"),
        (pack_sequence([torch.zeros(5, 4)]), ValueError, r"input has shape \(5, 4\), expected \(N, I\)"),
        (torch.zeros(5, 2, 3, dtype=torch.int64), TypeError, "input is torch.int64, expected torch.float32"),
        ([[1.0, 2.0, 3.0]], TypeError, "input is a list, expected a tensor"),
    ],
)
def test_refused_inputs(kind, x, error, said):
    with pytest.raises(error, match=said):
        getattr(cells, kind)(3, 4)(x)


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
def test_refused_first_states(kind):
    rnn, x = getattr(cells, kind)(3, 4, bidirectional=True), torch.zeros(5, 2, 3)
    with pytest.raises(ValueError, match=r"h0 in hx has shape \(1, 2, 4\), expected \(L\*D, B, H\) with L\*D = 2"):
        rnn(x, torch.zeros(1, 2, 4))
    with pytest.raises(ValueError, match=r"expected \(L\*D, H\) with L\*D = 2, H = 4"):
        rnn(x[:, 0], torch.zeros(2, 1, 4))
    with pytest.raises(ValueError, match="h0 in hx holds NaN"):
        rnn(x, torch.full((2, 2, 4), float("nan")))
    with pytest.raises(TypeError, match="h0 in hx is a tuple, expected a tensor"):
        rnn(x, (torch.zeros(2, 2, 4), torch.zeros(2, 2, 4)))


def test_refused_first_states_of_an_lstm():
    rnn, x, h = cells.LSTM(3, 4), torch.zeros(5, 2, 3), torch.zeros(1, 2, 4)
    with pytest.raises(TypeError, match=r"hx is a tensor of shape .*, expected a tuple \(h, c\)"):
        rnn(x, h)
    with pytest.raises(TypeError, match=r"expected a tuple \(h, c\)"):
        rnn(x, (h,))
    with pytest.raises(ValueError, match=r"c0 in hx has shape \(1, 2, 3\)"):
        rnn(x, (h, torch.zeros(1, 2, 3)))
