"""RNN, LSTM and GRU written out: the step, the layer over time, the stack of layers. Read it from top to bottom.

Letters: B batch, T time, I input size, H hidden size, L layers, D directions.
The modules have the constructor, parameter names and call of `torch.nn.RNN`, `LSTM` and `GRU`, so a state dict of one
loads into the other and both give the same numbers.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from rnnlab import expect

Bias = Tensor | float
NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}

# ---- 1. The step: one moment in time. Without biases, leave the last two arguments out. -----------------------------
# `expect.takes` looks at the arguments first; the layers below have looked already and call the step as `.plain`.


@expect.takes(
    x="... I", h="... H", weight_ih="H I", weight_hh="H H", bias_ih="H", bias_hh="H", nonlinearity=expect.function
)
def rnn_step(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Bias = 0.0,
    bias_hh: Bias = 0.0,
    nonlinearity: Callable[[Tensor], Tensor] = torch.tanh,
) -> Tensor:
    """One step of a plain RNN (Elman 1990).

    x (B, I), h (B, H), weight_ih (H, I), weight_hh (H, H), biases (H,) -> the next h (B, H).
    """
    return nonlinearity(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)


@expect.takes(x="... I", h="... H", c="... H", weight_ih="4H I", weight_hh="4H H", bias_ih="4H", bias_hh="4H")
def lstm_step(
    x: Tensor, h: Tensor, c: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Bias = 0.0, bias_hh: Bias = 0.0
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    x (B, I), h and c (B, H), weight_ih (4H, I), weight_hh (4H, H), biases (4H,) -> the next h and c, each (B, H).
    The four blocks of H rows are in PyTorch's order: input gate i, forget gate f, candidate g, output gate o.
    """
    i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)  # keep some of the old, write some of the new
    h = torch.sigmoid(o) * torch.tanh(c)  # show some of it
    return h, c


@expect.takes(x="... I", h="... H", weight_ih="3H I", weight_hh="3H H", bias_ih="3H", bias_hh="3H")
def gru_step(
    x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Bias = 0.0, bias_hh: Bias = 0.0
) -> Tensor:
    """One step of a GRU as PyTorch computes it: the reset gate r acts after the matrix product.

    x (B, I), h (B, H), weight_ih (3H, I), weight_hh (3H, H), biases (3H,) -> the next h (B, H).
    The three blocks of H rows are in PyTorch's order: reset gate r, update gate z, candidate n.
    """
    x_r, x_z, x_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


@expect.takes(x="... I", h="... H", weight_ih="3H I", weight_hh="3H H", bias_ih="3H", bias_hh="3H")
def cho_gru_step(
    x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Bias = 0.0, bias_hh: Bias = 0.0
) -> Tensor:
    """One step of a GRU as first published (Cho et al. 2014, eq. 5-8): r acts on h before the matrix product.

    Shapes and order of the blocks as in `gru_step`; the same weights give other numbers.
    """
    x_r, x_z, x_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    h_r, h_z, _ = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    _, _, h_n = ((r * h) @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    n = torch.tanh(x_n + h_n)
    return (1 - z) * n + z * h


# ---- 2. The layer: the same step, with the same weights, at every time. ---------------------------------------------


def _unroll(step, x, state, weights, alive=None, reverse=False):
    """Carry a state through a sequence: `state = step(x_t, state, weights)` at every t.

    x (T, B, I); state a tuple, (h,) or (h, c), each (B, H) -> out (T, B, H), the h of every t in its place, and the
    last state. reverse reads from the end to the start. alive (T, B, 1) is False where a sequence is only padding:
    there its state stays as it is.
    """
    out = [None] * len(x)
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        new = step(x[t], state, weights)
        if alive is not None:
            new = tuple(torch.where(alive[t], after, before) for after, before in zip(new, state, strict=True))
        state = new
        out[t] = state[0]
    return torch.stack(out), state


# ---- 3. The stack: layers on top of each other, each read in one or two directions. ---------------------------------


class Recurrent(torch.nn.Module):
    """The stack that RNN, LSTM and GRU share; each of them brings its own step.

    forward(input, hx=None) -> output, last state. Without hx every state starts as zeros.
    input: (T, B, I), or (B, T, I) with batch_first, or (T, I) for a single sequence, or a PackedSequence.
    output: the same form with D*H in place of I. State: (L*D, B, H), single (L*D, H), never batch first.
    ValueError or TypeError, before anything is computed, for what does not fit.
    """

    blocks = 1  # blocks of H rows in each weight
    states = ("h",)  # what one step hands to the next

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        input_size = expect.whole("input_size", input_size)
        hidden_size = expect.whole("hidden_size", hidden_size)
        num_layers = expect.whole("num_layers", num_layers)
        for name, value in {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional}.items():
            expect.flag(name, value)
        for name, value in {"dropout": dropout, "proj_size": proj_size}.items():
            if type(value) not in (int, float) or value != 0:
                came = expect.said(value)
                raise ValueError(f"{name} is {came}, expected nothing: these layers do without, torch.nn has it")
        device = device if device is None else expect.device("device", device)
        if dtype is not None and not expect.kind("dtype", dtype, torch.dtype, "a dtype").is_floating_point:
            raise ValueError(f"dtype is {dtype}, expected one of floating-point numbers")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.directions = 2 if bidirectional else 1
        rows, H = self.blocks * hidden_size, hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else self.directions * H
            for reverse in range(self.directions):
                shapes = [(rows, width), (rows, H)] + [(rows,), (rows,)] * bias
                for name, shape in zip(self._weight_names(layer, reverse), shapes, strict=True):
                    self.register_parameter(name, torch.nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter evenly between -1/sqrt(H) and 1/sqrt(H), as torch.nn does."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -bound, bound)

    def _weight_names(self, layer, reverse=False):
        """The parameter names of one layer and direction, in the order the step takes them."""
        names = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * self.bias
        return [f"{name}_l{layer}" + "_reverse" * reverse for name in names]

    def _step(self, x, state, weights):
        """One step: x (B, I), state a tuple of (B, H), weights as `_weight_names` orders them -> the next state."""
        raise NotImplementedError

    def _stack(self, x, first, alive=None):
        """All layers: x (T, B, I), first a tuple of (L*D, B, H) -> out (T, B, D*H), last like first."""
        last = []  # layer 0 forward, layer 0 backward, layer 1 forward, ...
        for layer in range(self.num_layers):
            outs = []
            for reverse in range(self.directions):
                weights = [getattr(self, name) for name in self._weight_names(layer, reverse)]
                state = tuple(s[len(last)] for s in first)
                out, state = _unroll(self._step, x, state, weights, alive, reverse)
                outs.append(out)
                last.append(state)
            x = torch.cat(outs, dim=-1)  # the next layer reads the h of this one
        return x, tuple(torch.stack(s) for s in zip(*last, strict=True))

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | tuple[Tensor, Tensor] | None = None) -> tuple:
        """Bring every form of input to (T, B, I), run the stack, and give the answer in the form that came."""
        packed = isinstance(input, PackedSequence)
        form = "N I" if packed else "B T I or T I" if self.batch_first else "T B I or T I"
        self._expect("input", input.data if packed else input, form, I=self.input_size)
        if packed:
            x, lengths = pad_packed_sequence(input)
            alive = (torch.arange(len(x))[:, None] < lengths)[..., None].to(x.device)
            out, last = self._stack(x, self._first(hx, (x.shape[1],), x), alive)
            out = pack_padded_sequence(out, lengths, enforce_sorted=input.sorted_indices is None)
        elif input.dim() == 2:
            out, last = self._stack(input[:, None], tuple(s[:, None] for s in self._first(hx, (), input)))
            out, last = out[:, 0], tuple(s[:, 0] for s in last)
        else:
            x = input.transpose(0, 1) if self.batch_first else input
            out, last = self._stack(x, self._first(hx, (x.shape[1],), x))
            out = out.transpose(0, 1) if self.batch_first else out
        return out, (last if len(last) > 1 else last[0])

    def _first(self, hx, batch, x):
        """The first state as a tuple: zeros, or hx if it fits."""
        layers, H, names = self.num_layers * self.directions, self.hidden_size, self.states
        if hx is None:
            return tuple(x.new_zeros(layers, *batch, H) for _ in names)
        first = hx if len(names) > 1 else (hx,)
        if not isinstance(first, tuple | list) or len(first) != len(names):
            raise TypeError(f"hx is {expect.said(hx)}, expected a tuple ({', '.join(names)})")
        sizes = {"L*D": layers, "H": H} | dict(zip("B", batch, strict=False))
        for name, s in zip(names, first, strict=True):
            self._expect(f"{name}0 in hx", s, "L*D B H" if batch else "L*D H", **sizes)
        return tuple(first)

    def _expect(self, name, value, form, **sizes):
        """Refuse a tensor that does not fit the weights."""
        expect.tensor(name, value, form, sizes, dtype=self.weight_ih_l0.dtype, like=" like the weights")

    def extra_repr(self) -> str:
        return (f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, "
                f"batch_first={self.batch_first}, bidirectional={self.bidirectional}")  # fmt: skip


class RNN(Recurrent):
    """A plain RNN, `h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)`, as torch.nn.RNN; see `Recurrent`."""

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", *args, **kwargs
    ):
        super().__init__(input_size, hidden_size, num_layers, *args, **kwargs)
        self.nonlinearity = expect.one_of("nonlinearity", nonlinearity, NONLINEARITIES)

    def _step(self, x, state, weights):
        return (rnn_step.plain(x, *state, *weights, nonlinearity=NONLINEARITIES[self.nonlinearity]),)


class LSTM(Recurrent):
    """An LSTM, as torch.nn.LSTM; its state is the pair (h, c). See `lstm_step` and `Recurrent`."""

    blocks, states = 4, ("h", "c")

    def _step(self, x, state, weights):
        return lstm_step.plain(x, *state, *weights)


class GRU(Recurrent):
    """A GRU, as torch.nn.GRU. See `gru_step` and `Recurrent`."""

    blocks = 3

    def _step(self, x, state, weights):
        return (gru_step.plain(x, *state, *weights),)
