"""RNN, LSTM and GRU written out: the step, the layer over time, the stack of layers. Read it from top to bottom.

Letters: B batch, T time, I input size, H hidden size, L layers, D directions.
The modules have the constructor, parameter names and call of `torch.nn.RNN`, `LSTM` and `GRU`, so a state dict of one
loads into the other and both give the same numbers.
"""

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}

# ---- 1. The step: one moment in time. Without biases, leave the last two arguments out. -----------------------------


def rnn_step(x, h, weight_ih, weight_hh, bias_ih=0.0, bias_hh=0.0, nonlinearity=torch.tanh):
    """One step of a plain RNN (Elman 1990).

    x (B, I), h (B, H), weight_ih (H, I), weight_hh (H, H), biases (H,) -> the next h (B, H).
    """
    return nonlinearity(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)


def lstm_step(x, h, c, weight_ih, weight_hh, bias_ih=0.0, bias_hh=0.0):
    """One step of an LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    x (B, I), h and c (B, H), weight_ih (4H, I), weight_hh (4H, H), biases (4H,) -> the next h and c, each (B, H).
    The four blocks of H rows are in PyTorch's order: input gate i, forget gate f, candidate g, output gate o.
    """
    i, f, g, o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)  # keep some of the old, write some of the new
    h = torch.sigmoid(o) * torch.tanh(c)  # show some of it
    return h, c


def gru_step(x, h, weight_ih, weight_hh, bias_ih=0.0, bias_hh=0.0):
    """One step of a GRU as PyTorch computes it: the reset gate r acts after the matrix product.

    x (B, I), h (B, H), weight_ih (3H, I), weight_hh (3H, H), biases (3H,) -> the next h (B, H).
    The three blocks of H rows are in PyTorch's order: reset gate r, update gate z, candidate n.
    """
    x_r, x_z, x_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


def cho_gru_step(x, h, weight_ih, weight_hh, bias_ih=0.0, bias_hh=0.0):
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


def unroll(step, x, state, weights, alive=None, reverse=False):
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

    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False, proj_size=0, device=None, dtype=None):  # fmt: skip
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} is {size!r}, expected a whole number of at least 1")
        for name, value in {"dropout": dropout, "proj_size": proj_size}.items():
            if value != 0:
                raise ValueError(f"{name} is {value!r}, expected nothing: these layers do without, torch.nn has it")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.bidirectional = bias, batch_first, bidirectional
        self.directions = 2 if bidirectional else 1
        rows, H = self.blocks * hidden_size, hidden_size
        for layer in range(num_layers):
            width = input_size if layer == 0 else self.directions * H
            for reverse in range(self.directions):
                shapes = [(rows, width), (rows, H)] + [(rows,), (rows,)] * bias
                for name, shape in zip(self.weight_names(layer, reverse), shapes, strict=True):
                    self.register_parameter(name, torch.nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self):
        """Draw every parameter evenly between -1/sqrt(H) and 1/sqrt(H), as torch.nn does."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            torch.nn.init.uniform_(parameter, -bound, bound)

    def weight_names(self, layer, reverse=False):
        """The parameter names of one layer and direction, in the order the step takes them."""
        names = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * self.bias
        return [f"{name}_l{layer}" + "_reverse" * reverse for name in names]

    def step(self, x, state, weights):
        """One step: x (B, I), state a tuple of (B, H), weights as `weight_names` orders them -> the next state."""
        raise NotImplementedError

    def stack(self, x, first, alive=None):
        """All layers: x (T, B, I), first a tuple of (L*D, B, H) -> out (T, B, D*H), last like first."""
        last = []  # layer 0 forward, layer 0 backward, layer 1 forward, ...
        for layer in range(self.num_layers):
            outs = []
            for reverse in range(self.directions):
                weights = [getattr(self, name) for name in self.weight_names(layer, reverse)]
                state = tuple(s[len(last)] for s in first)
                out, state = unroll(self.step, x, state, weights, alive, reverse)
                outs.append(out)
                last.append(state)
            x = torch.cat(outs, dim=-1)  # the next layer reads the h of this one
        return x, tuple(torch.stack(s) for s in zip(*last, strict=True))

    def forward(self, input, hx=None):
        """Bring every form of input to (T, B, I), run the stack, and give the answer in the form that came."""
        packed = isinstance(input, PackedSequence)
        self._check(input.data if packed else input, ranks=(2,) if packed else (2, 3))
        if packed:
            x, lengths = pad_packed_sequence(input)
            alive = (torch.arange(len(x))[:, None] < lengths)[..., None].to(x.device)
            out, last = self.stack(x, self._first(hx, (x.shape[1],), x), alive)
            out = pack_padded_sequence(out, lengths, enforce_sorted=input.sorted_indices is None)
        elif input.dim() == 2:
            out, last = self.stack(input[:, None], tuple(s[:, None] for s in self._first(hx, (), input)))
            out, last = out[:, 0], tuple(s[:, 0] for s in last)
        else:
            x = input.transpose(0, 1) if self.batch_first else input
            out, last = self.stack(x, self._first(hx, (x.shape[1],), x))
            out = out.transpose(0, 1) if self.batch_first else out
        return out, (last if len(last) > 1 else last[0])

    def _first(self, hx, batch, x):
        """The first state as a tuple: zeros, or hx if it fits."""
        shape, names = (self.num_layers * self.directions, *batch, self.hidden_size), self.states
        if hx is None:
            return tuple(x.new_zeros(shape) for _ in names)
        first = hx if len(names) > 1 else (hx,)
        if not isinstance(first, tuple | list) or len(first) != len(names):
            raise TypeError(f"hx is a {type(hx).__name__}, expected a tuple ({', '.join(names)})")
        for name, s in zip(names, first, strict=True):
            _check_tensor(f"{name}0 in hx", s, x.dtype)
            if s.shape != shape:
                letters = "(L*D, B, H)" if batch else "(L*D, H)"
                raise ValueError(f"{name}0 in hx has shape {tuple(s.shape)}, expected {letters} = {shape}")
        return tuple(first)

    def _check(self, input, ranks):
        """Refuse an input that does not fit."""
        _check_tensor("input", input, self.weight_ih_l0.dtype)
        form = "(B, T, I)" if self.batch_first else "(T, B, I)"
        if input.dim() not in ranks:
            raise ValueError(f"input has {input.dim()} axes, shape {tuple(input.shape)}; expected {form} or (T, I)")
        if input.shape[-1] != self.input_size:
            raise ValueError(f"input has last axis {input.shape[-1]}, expected input_size = {self.input_size}")
        if input.numel() == 0:
            raise ValueError(f"input is empty, shape {tuple(input.shape)}; expected {form} with at least one step")

    def extra_repr(self):
        return (f"{self.input_size}, {self.hidden_size}, num_layers={self.num_layers}, "
                f"batch_first={self.batch_first}, bidirectional={self.bidirectional}")  # fmt: skip


def _check_tensor(name, value, dtype):
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{name} is a {type(value).__name__}, expected a tensor")
    if value.dtype != dtype:
        raise ValueError(f"{name} is {value.dtype}, expected {dtype} like the weights")
    if value.isnan().any():
        raise ValueError(f"{name} holds NaN, expected numbers only")


class RNN(Recurrent):
    """A plain RNN, `h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)`, as torch.nn.RNN; see `Recurrent`."""

    def __init__(self, input_size, hidden_size, num_layers=1, nonlinearity="tanh", *args, **kwargs):
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity is {nonlinearity!r}, expected one of {', '.join(NONLINEARITIES)}")
        super().__init__(input_size, hidden_size, num_layers, *args, **kwargs)
        self.nonlinearity = nonlinearity

    def step(self, x, state, weights):
        return (rnn_step(x, *state, *weights, nonlinearity=NONLINEARITIES[self.nonlinearity]),)


class LSTM(Recurrent):
    """An LSTM, as torch.nn.LSTM; its state is the pair (h, c). See `lstm_step` and `Recurrent`."""

    blocks, states = 4, ("h", "c")

    def step(self, x, state, weights):
        return lstm_step(x, *state, *weights)


class GRU(Recurrent):
    """A GRU, as torch.nn.GRU. See `gru_step` and `Recurrent`."""

    blocks = 3

    def step(self, x, state, weights):
        return (gru_step(x, *state, *weights),)
