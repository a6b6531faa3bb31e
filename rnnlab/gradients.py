"""What flows back through time: step Jacobians, norms of their products, BPTT by hand, truncation.

Letters: T time, I input size, H hidden size; S is H, for an LSTM 2H (h and c side by side).
One sequence x (T, I) at a time, one layer, one direction; `rnn` is an RNN, LSTM or GRU of `rnnlab.cells` or `torch.nn`.
Everything but `truncated_gradients` computes in float64 and needs no autograd.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnnlab import cells, expect

Layer = nn.RNN | nn.LSTM | nn.GRU | cells.Recurrent
State = Tensor | tuple[Tensor, Tensor] | None

# ---- One step: how far does each unit of the new state move when a unit of the old one is nudged? -------------------
# Each function takes any leading axes, so all steps of a sequence go in at once.


@expect.takes(weight_hh="H H", h="... H")
def rnn_jacobian(weight_hh: Tensor, h: Tensor, nonlinearity: str = "tanh") -> Tensor:
    """Jacobian of one step of a plain RNN, from the state h it has *reached*.

    weight_hh (H, H), h (..., H) -> (..., H, H), entry [i, j] = dh_t[i] / dh_{t-1}[j].
    """
    expect.one_of("nonlinearity", nonlinearity, cells.NONLINEARITIES)
    slope = 1 - h**2 if nonlinearity == "tanh" else (h > 0).to(h.dtype)
    return slope[..., None] * weight_hh  # the slope belongs to the unit that is computed: it scales its row


@expect.takes(x="... I", h="... H", weight_ih="3H I", weight_hh="3H H", bias_ih="3H", bias_hh="3H")
def gru_jacobian(
    x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: cells.Bias = 0.0, bias_hh: cells.Bias = 0.0
) -> Tensor:
    """Jacobian of `cells.gru_step`, from the state h it *starts* from.

    x (..., I), h (..., H), weights as in the step -> (..., H, H).
    """
    W_r, W_z, W_n = weight_hh.chunk(3)
    x_r, x_z, x_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    slope = (1 - z) * (1 - n**2)  # of h_t in what stands inside the tanh of n
    through_r = _rows(slope * h_n * r * (1 - r), W_r)
    through_z = _rows((h - n) * z * (1 - z), W_z)
    through_n = _rows(slope * r, W_n)
    return through_r + through_z + through_n + torch.diag_embed(z)  # and straight on, kept by z


@expect.takes(x="... I", h="... H", c="... H", weight_ih="4H I", weight_hh="4H H", bias_ih="4H", bias_hh="4H")
def lstm_jacobian(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: cells.Bias = 0.0,
    bias_hh: cells.Bias = 0.0,
) -> Tensor:
    """Jacobian of `cells.lstm_step` on the joint state (h, c), from the state it *starts* from.

    x (..., I), h and c (..., H), weights as in the step -> (..., 2H, 2H), four blocks:
    [[dh_t/dh_{t-1}, dh_t/dc_{t-1}], [dc_t/dh_{t-1}, dc_t/dc_{t-1}]]; the last one is diag(f), the forget gate.
    """
    W_i, W_f, W_g, W_o = weight_hh.chunk(4)
    i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    seen = torch.tanh(f * c + i * g)
    dc_dh = _rows(c * f * (1 - f), W_f) + _rows(g * i * (1 - i), W_i) + _rows(i * (1 - g**2), W_g)
    slope = o * (1 - seen**2)  # dh_t / dc_t
    dh_dh = _rows(seen * o * (1 - o), W_o) + _rows(slope, dc_dh)
    to_h = torch.cat([dh_dh, torch.diag_embed(slope * f)], dim=-1)
    to_c = torch.cat([dc_dh, torch.diag_embed(f)], dim=-1)
    return torch.cat([to_h, to_c], dim=-2)


def _rows(scale, matrix):
    """diag(scale) @ matrix."""
    return scale[..., None] * matrix


# ---- Many steps: products of Jacobians. -----------------------------------------------------------------------------


def step_jacobians(rnn: Layer, x: Tensor, hx: State = None) -> Tensor:
    """The Jacobian of every step of a sequence, all in one pass.

    x (T, I), hx as the rnn takes it (default zeros) -> (T, S, S) float64, entry t-1 is ds_t/ds_{t-1}, t = 1 ... T.
    """
    kind, x, states, weights = _run(rnn, x, hx)
    before = [s[:-1] for s in states]
    if kind == "LSTM":
        return lstm_jacobian.plain(x, *before, *weights)
    if kind == "GRU":
        return gru_jacobian.plain(x, *before, *weights)
    return rnn_jacobian.plain(weights[1], states[0][1:], rnn.nonlinearity)


def state_norms(rnn: Layer, x: Tensor, hx: State = None, of: str = "h", log10: bool = False) -> Tensor:
    """How much of a nudge to the state is left k steps later: the spectral norm of dh_T/dh_{T-k}, k = 0 ... T-1.

    x (T, I) with T >= 2 -> (T,) float64: entry 0 is 1, entry T-1 reaches back to h_1, the state after the first input.
    of: "h"; for an LSTM also "c" (dc_T/dc_t) or "state" (both at once); each with all paths, through h and through c.
    log10 gives the exponents instead: the product is rescaled at every step, so that they neither vanish nor overflow.
    ValueError for a state that is not finite.
    """
    lstm = _kind(rnn) == "LSTM"
    choices = ("h", "c", "state") if lstm else ("h",)
    expect.one_of("of", of, choices, f" for this {_kind(rnn)}")
    expect.flag("log10", log10)
    _expect_sequence(rnn, x, least=2)
    jacobians, H = step_jacobians(rnn, x, hx), rnn.hidden_size
    part = {"h": slice(0, H), "c": slice(H, 2 * H), "state": slice(None)}[of]
    product = torch.eye(jacobians.shape[-1]).to(jacobians)[part]
    products, exponents = [product], [jacobians.new_zeros(())]
    for jacobian in jacobians[1:].flip(0):  # from step T back to step 2: the latest step stands leftmost
        product = product @ jacobian
        size = product.norm()
        size = torch.where(size > 0, size, 1.0)
        product = product / size
        products.append(product)
        exponents.append(exponents[-1] + size.log10())
    exponents = torch.stack(exponents) + torch.linalg.matrix_norm(torch.stack(products)[..., part], 2).log10()
    return exponents if log10 else 10**exponents


def forget_products(lstm: nn.LSTM | cells.LSTM, x: Tensor, hx: State = None) -> Tensor:
    """What each unit of an LSTM's cell state keeps over k steps: the product of its last k forget gates, k = 0 ... T-1.

    x (T, I) with T >= 2 -> (T, H) float64, entry 0 is 1. This is dc_T/dc_{T-k} along the cell state alone, with the
    gates held; `state_norms(lstm, x, of="c")` adds the ways round through h.
    """
    expect.kind("lstm", lstm, nn.LSTM | cells.LSTM, "an LSTM: only that has a forget gate")
    _expect_sequence(lstm, x, least=2)
    H = lstm.hidden_size
    gates = step_jacobians(lstm, x, hx)[1:, H:, H:].diagonal(dim1=-2, dim2=-1)
    return torch.cat([torch.ones_like(gates[:1]), gates.flip(0).cumprod(0)])


# ---- Backward through time. -----------------------------------------------------------------------------------------


@expect.takes(x="T I", dloss_dh="T H", h="T+1 H", weight_hh="H H")
def backward_through_time(
    x: Tensor, h: Tensor, weight_hh: Tensor, dloss_dh: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The way back through `h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)`, by hand (Werbos 1990).

    x (T, I), h (T+1, H) every state from h_0 on, weight_hh (H, H); dloss_dh (T, H) is what the loss itself asks of each
    h_1 ... h_T. -> gradients: dict of weight_ih, weight_hh, bias_ih, bias_hh, h0, each of the shape of its tensor.
    -> shares: dict of what each step adds, "weight_hh" (T, H, H), summing to the gradient; and "h" (T, H), all that
       arrives at each h_t, from the loss there and from later steps.
    """
    dh, da = torch.zeros_like(dloss_dh), torch.zeros_like(dloss_dh)
    from_later = torch.zeros_like(h[0])
    for t in reversed(range(len(x))):  # step t leads from h[t] to h[t + 1]
        dh[t] = dloss_dh[t] + from_later  # both roads: the loss at this step, and every later one
        da[t] = dh[t] * (1 - h[t + 1] ** 2)  # through tanh, whose slope is known from its value
        from_later = da[t] @ weight_hh  # and through the weights to the state before
    shares = da[:, :, None] * h[:-1, None, :]  # (T, H, H): da on the rows, the state before on the columns
    grads = {"weight_ih": da.T @ x, "weight_hh": shares.sum(0), "bias_ih": da.sum(0), "bias_hh": da.sum(0)}
    return grads | {"h0": from_later}, {"weight_hh": shares, "h": dh}


@expect.takes(x="T I", h0="H", weight_ih="H I", weight_hh="H H", bias_ih="H", bias_hh="H", dloss_dh="T H")
def bptt(
    x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor, dloss_dh: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Forward and back: the states by `cells.rnn_step`, the gradients by `backward_through_time`, which see.

    x (T, I), h0 (H,), weights as in the step, dloss_dh (T, H) -> gradients, shares. ValueError for what does not fit.
    """
    h = [h0]
    for x_t in x:
        h.append(cells.rnn_step.plain(x_t, h[-1], weight_ih, weight_hh, bias_ih, bias_hh))
    return backward_through_time.plain(x, torch.stack(h), weight_hh, dloss_dh)


def truncated_gradients(
    rnn: Layer, x: Tensor, loss: Callable[[Tensor], Tensor], k: int, hx: State = None
) -> dict[str, Tensor]:
    """Gradients of truncated BPTT: every k steps the state goes on, but cut from its past by `detach`.

    x (T, I), loss: a function of the outputs (T, H) -> a number, k >= 1 -> dict of every parameter's gradient, by name.
    With k >= T nothing is cut: the full gradient.
    """
    dtype = _expect_sequence(rnn, x, like_weights=True)
    k, loss = expect.whole("k", k, note=", the steps between two cuts"), expect.function("loss", loss)
    if hx is not None:
        hx = _expect_state(rnn, hx, dtype)
        hx = hx if len(hx) > 1 else hx[0]
    outs = []
    for piece in x.split(k):
        out, hx = rnn(piece, hx)
        outs.append(out)
        hx = tuple(s.detach() for s in hx) if isinstance(hx, tuple) else hx.detach()
    names, parameters = zip(*rnn.named_parameters(), strict=True)
    value = expect.tensor("what loss gives", loss(torch.cat(outs)))
    if value.numel() != 1 or not value.requires_grad:
        raise ValueError(f"loss gives {expect.said(value)}, expected one number that depends on the outputs")
    return dict(zip(names, torch.autograd.grad(value, parameters), strict=True))


# ---- The sequence itself, and what is refused. ----------------------------------------------------------------------


def _run(rnn, x, hx):
    """The kind, x, every state h (and c) (T+1, H) from the first on, and the weights, all in float64."""
    _expect_sequence(rnn, x)
    kind, names = _kind(rnn), ["weight_ih_l0", "weight_hh_l0"] + ["bias_ih_l0", "bias_hh_l0"] * rnn.bias
    weights = [getattr(rnn, name).detach().double() for name in names]
    x = x.detach().to(weights[0])
    states = [tuple(s[0].detach().to(x) for s in _expect_state(rnn, hx))]
    for x_t in x:
        if kind == "RNN":
            h = cells.rnn_step.plain(x_t, *states[-1], *weights, nonlinearity=cells.NONLINEARITIES[rnn.nonlinearity])
            states.append((h,))
        elif kind == "GRU":
            states.append((cells.gru_step.plain(x_t, *states[-1], *weights),))
        else:
            states.append(cells.lstm_step.plain(x_t, *states[-1], *weights))
    states = [torch.stack(s) for s in zip(*states, strict=True)]
    finite = torch.stack([s.isfinite().all(dim=1) for s in states]).all(dim=0)
    if not finite.all():
        t = int((~finite).nonzero()[0])
        raise ValueError(f"the state is not finite from step {t} of {len(x)} on: it has overflowed or started from NaN")
    return kind, x, states, weights


def _kind(rnn):
    for kind in ("RNN", "LSTM", "GRU"):
        if isinstance(rnn, (getattr(cells, kind), getattr(torch.nn, kind))):
            return kind
    raise TypeError(f"rnn is {expect.said(rnn)}, expected an RNN, LSTM or GRU of rnnlab.cells or torch.nn")


def _expect_sequence(rnn, x, least=1, like_weights=False):
    """One sequence for one layer in one direction; the dtype of the weights if it must be theirs."""
    _kind(rnn)
    if rnn.num_layers != 1 or rnn.bidirectional or getattr(rnn, "proj_size", 0):
        raise ValueError(f"rnn is {rnn}, expected one layer in one direction, without projection")
    dtype = rnn.weight_ih_l0.dtype if like_weights else None
    expect.tensor("x", x, "T I", {"I": rnn.input_size}, dtype=dtype, like=" like the weights", empty=True)
    if len(x) < least:
        raise ValueError(f"x has T = {len(x)}, expected T of at least {least}")
    return dtype


def _expect_state(rnn, hx, dtype=None):
    """The first state as a tuple of (1, H), zeros unless told."""
    names, H = ("h", "c") if _kind(rnn) == "LSTM" else ("h",), rnn.hidden_size
    if hx is None:
        return tuple(torch.zeros(1, H) for _ in names)
    first = hx if len(names) > 1 else (hx,)
    if not isinstance(first, tuple | list) or len(first) != len(names):
        raise TypeError(f"hx is {expect.said(hx)}, expected a tuple ({', '.join(names)})")
    for name, s in zip(names, first, strict=True):
        expect.tensor(f"{name}0 in hx", s, "1 H", {"H": H}, dtype=dtype, like=" like the weights")
    return tuple(first)
