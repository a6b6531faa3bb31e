"""Recurrent layers whose step is linear in the state: minGRU, minLSTM and a linear recurrent unit, LRU.

Letters: B batch, T time, I input size, H hidden size, L layers.
Each makes every a_t and b_t of `h_t = a_t h_{t-1} + b_t` from the inputs alone, all steps at once, and leaves the rest
to `rnnlab.scans`. A step alone gives the same numbers: trained side by side, run one by one. Call, names and shapes are
those of `torch.nn.GRU`, as far as there is something to name.
"""

import math

import torch
from torch import Tensor, nn

from rnnlab import expect, scans

# ---- 1. The step: what each layer does to its state, one moment in time. --------------------------------------------


@expect.takes(x="... I", h="... H", weight_ih="2H I", bias_ih="2H")
def min_gru_step(x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor) -> Tensor:
    """One step of a minGRU (Feng et al. 2024): a GRU whose gate and candidate do not see the state.

    x (B, I), h (B, H), weight_ih (2H, I), bias_ih (2H,) -> the next h (B, H). Two blocks of H rows: update gate z,
    candidate n. As in the paper z is the share of the *new*; in `torch.nn.GRU` it is that of the old.
    """
    z, n = (x @ weight_ih.T + bias_ih).chunk(2, dim=-1)
    z = torch.sigmoid(z)
    return (1 - z) * h + z * n


@expect.takes(x="... I", h="... H", weight_ih="3H I", bias_ih="3H")
def min_lstm_step(x: Tensor, h: Tensor, weight_ih: Tensor, bias_ih: Tensor) -> Tensor:
    """One step of a minLSTM (Feng et al. 2024), whose forget and input gates are scaled to add up to 1.

    x (B, I), h (B, H), weight_ih (3H, I), bias_ih (3H,) -> the next h (B, H). Three blocks of H rows: input gate i,
    forget gate f, candidate g.
    """
    i, f, g = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    i, f = torch.sigmoid(i), torch.sigmoid(f)
    return f / (f + i) * h + i / (f + i) * g


def lru_step(x: Tensor, h: Tensor, nu: Tensor, theta: Tensor, weight_ih: Tensor) -> Tensor:
    """One step of a linear recurrent unit (Orvieto et al. 2023): each unit turns and shrinks its own complex number.

    x (B, I) real, h (B, H) complex, nu and theta (H,), weight_ih (2H, I), real rows and imaginary ones -> the next h.
    The eigenvalues exp(-exp(nu) + i exp(theta)) lie inside the unit circle whatever is learned.
    """
    expect.tensor("x", x, "... I", sizes := {})
    for name, value, shape in (("nu", nu, "H"), ("theta", theta, "H"), ("weight_ih", weight_ih, "2H I")):
        expect.tensor(name, value, shape, sizes, dtype=x.dtype, like=" like x")
    _complex("h", h, "... H", sizes, x, " like x")
    a, scale = eigenvalues.plain(nu, theta)
    return a * h + scale * torch.complex(*(x @ weight_ih.T).chunk(2, dim=-1))


def _complex(name, value, shape, sizes, real, like):
    """A finite complex state, whose two parts are of the dtype of `real`."""
    if not isinstance(value, Tensor) or not value.is_complex():
        came = f"{value.dtype}" if isinstance(value, Tensor) else expect.said(value)
        raise TypeError(f"{name} is {came}, expected a complex tensor")
    expect.tensor(name, value, shape, sizes, dtype=real.dtype.to_complex(), like=like)
    expect.tensor(name, torch.view_as_real(value.resolve_conj()))


@expect.takes(nu="H", theta="H")
def eigenvalues(nu: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvalues of an LRU, and what its inputs are scaled by: nu, theta (H,) -> complex (H,), real (H,).

    The scale is sqrt(1 - |a|^2): an input of noise then makes a state of about its own size, however long it is kept.
    """
    a = torch.polar(torch.exp(-torch.exp(nu)), torch.exp(theta))
    return a, torch.sqrt(-torch.expm1(-2 * torch.exp(nu)))


# ---- 2. The layers, stacked: all steps at once. ---------------------------------------------------------------------


class LinearRecurrent(nn.Module):
    """The stack that the three share; each brings its weights, and how inputs become a and b.

    forward(input, hx=None) -> out, h_n. input (T, B, I), or (B, T, I) with batch_first; out the same with H for I;
    hx and h_n (L, B, H), hx zeros unless given. ValueError or TypeError for what does not fit.
    """

    blocks = 1  # blocks of H rows in weight_ih

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, batch_first: bool = False):
        super().__init__()
        self.input_size = expect.whole("input_size", input_size)
        self.hidden_size = expect.whole("hidden_size", hidden_size)
        self.num_layers = expect.whole("num_layers", num_layers)
        self.batch_first = expect.flag("batch_first", batch_first)
        for layer in range(self.num_layers):
            width = self.input_size if layer == 0 else self.hidden_size
            for name, shape in self._shapes(width).items():
                self.register_parameter(f"{name}_l{layer}", nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def _shapes(self, width):
        rows = self.blocks * self.hidden_size
        return {"weight_ih": (rows, width), "bias_ih": (rows,)}

    def reset_parameters(self) -> None:
        """Draw every parameter evenly between -1/sqrt(I) and 1/sqrt(I), I the width of its layer's inputs."""
        for layer in range(self.num_layers):
            bound = getattr(self, f"weight_ih_l{layer}").shape[1] ** -0.5
            for name in self._shapes(1):
                nn.init.uniform_(getattr(self, f"{name}_l{layer}"), -bound, bound)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Every state by `scans.by_hand`, layer after layer."""
        weight = self.weight_ih_l0
        form, sizes = "B T I" if self.batch_first else "T B I", {"I": self.input_size}
        expect.tensor("input", input, form, sizes, dtype=weight.dtype, like=" like the weights")
        x = input if self.batch_first else input.transpose(0, 1)
        if hx is not None:
            self._expect_state(hx, {"L": self.num_layers, "B": len(x), "H": self.hidden_size})
        last = []
        for layer in range(self.num_layers):
            weights = [getattr(self, f"{name}_l{layer}") for name in self._shapes(1)]
            a, b = self._pairs(x, *weights)
            if hx is not None:
                b = torch.cat([b[:, :1] + a[:, :1] * hx[layer][:, None], b[:, 1:]], dim=1)
            h = scans.by_hand.plain(a, b)
            last.append(h[:, -1])
            x = self._out(x, h, *weights)
        return x if self.batch_first else x.transpose(0, 1), torch.stack(last)

    def _pairs(self, x, *weights):
        """x (B, T, I) -> a, b (B, T, H)."""
        raise NotImplementedError

    def _out(self, x, h, *weights):
        """What the layer shows of its states: the states."""
        return h

    def _expect_state(self, hx, sizes):
        expect.tensor("hx", hx, "L B H", sizes, dtype=self.weight_ih_l0.dtype, like=" like the weights")

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, batch_first={self.batch_first}"


class MinGRU(LinearRecurrent):
    """A minGRU, see `min_gru_step`; signed=True keeps 1 - 2z of the old state in place of 1 - z, from 1 to -1."""

    blocks = 2

    def __init__(self, *args, signed: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.signed = expect.flag("signed", signed)

    def _pairs(self, x, weight_ih, bias_ih):
        z, n = (x @ weight_ih.T + bias_ih).chunk(2, dim=-1)
        z = torch.sigmoid(z)
        return 1 - (2 * z if self.signed else z), z * n

    def extra_repr(self) -> str:
        return super().extra_repr() + f", signed={self.signed}"


class MinLSTM(LinearRecurrent):
    """A minLSTM, see `min_lstm_step`."""

    blocks = 3

    def _pairs(self, x, weight_ih, bias_ih):
        i, f, g = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
        i, f = torch.sigmoid(i), torch.sigmoid(f)
        return f / (f + i), i / (f + i) * g


class LRU(LinearRecurrent):
    """A linear recurrent unit, see `lru_step`; its states and hx are complex.

    What it shows is a gated linear unit of the states, real and imaginary parts side by side, added to what came in
    from the layer below: without it a stack of linear layers would be one (weight_ho (2H, 2H), bias_ho (2H,)).
    The eigenvalues start at a size from r_min to r_max and a turn from 0 to max_phase a step (the paper's ring).
    """

    blocks = 2

    def __init__(self, *args, r_min: float = 0.9, r_max: float = 0.999, max_phase: float = math.pi, **kwargs):
        self.r_min = expect.number("r_min", r_min, above=0, below=1)
        self.r_max = expect.number("r_max", r_max, least=self.r_min, below=1)
        self.max_phase = expect.number("max_phase", max_phase, above=0, most=2 * math.pi)
        super().__init__(*args, **kwargs)

    def _shapes(self, width):
        H = self.hidden_size
        return {
            "nu": (H,),
            "theta": (H,),
            "weight_ih": (2 * H, width),
            "weight_ho": (2 * H, 2 * H),
            "bias_ho": (2 * H,),
        }

    def reset_parameters(self) -> None:
        """Eigenvalues evenly over the area of the ring, weights as in a linear layer."""
        for layer in range(self.num_layers):
            nu, theta, weight_ih, weight_ho, bias_ho = (getattr(self, f"{name}_l{layer}") for name in self._shapes(1))
            with torch.no_grad():
                area = torch.rand_like(nu) * (self.r_max**2 - self.r_min**2) + self.r_min**2
                nu.copy_(torch.log(-0.5 * torch.log(area)))
                theta.copy_(torch.log(self.max_phase * torch.rand_like(theta).clamp(min=1e-4)))
            for weight in (weight_ih, weight_ho):
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
            nn.init.zeros_(bias_ho)

    def _pairs(self, x, nu, theta, weight_ih, weight_ho, bias_ho):
        a, scale = eigenvalues.plain(nu, theta)
        b = scale * torch.complex(*(x @ weight_ih.T).chunk(2, dim=-1))
        return a.expand_as(b), b

    def _out(self, x, h, nu, theta, weight_ih, weight_ho, bias_ho):
        shown, gate = (torch.cat([h.real, h.imag], dim=-1) @ weight_ho.T + bias_ho).chunk(2, dim=-1)
        out = shown * torch.sigmoid(gate)
        return out + x if x.shape == out.shape else out

    def _expect_state(self, hx, sizes):
        _complex("hx", hx, "L B H", sizes, self.weight_ih_l0, " like the weights")
