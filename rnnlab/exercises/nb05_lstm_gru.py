"""Exercises of lesson 05, LSTM and GRU."""

import torch

from .check import Exercise
from .drawn import normal

# ---- 5.1 ------------------------------------------------------------------------------------------------------------


def bias_for(share, steps):
    """The bias of a gate that leaves share of a note after so many steps: share (H,), steps (H,) -> (H,)."""
    gate = share ** (1 / steps)
    return torch.log(gate / (1 - gate))


def _shares(shares, steps, dtype=torch.float64):
    return torch.tensor(shares, dtype=dtype), torch.tensor(steps, dtype=dtype)


bias_for = Exercise(
    bias_for,
    cases=lambda: [
        *(_shares([0.5, 0.3, 0.9], [1.0, 10, 27]), _shares([0.2], [3.0])),
        _shares([0.6, 0.5, 0.05, 0.8], [2.0, 50, 4, 1], torch.float32),
    ],
    returns="(H,)",
    hints=(
        "Go backwards, in two moves. What is left of a note that was multiplied by the same gate `n` times? And which "
        "number makes a sigmoid that gate?",
        "After `n` steps the gate to the power `n` is left, so the gate is the `n`-th root of `share`. One move is "
        "left: solve `gate = 1 / (1 + exp(-bias))` for the bias.",
    ),
    wrong={
        lambda share, steps: share ** (1 / steps): (
            "That is the gate itself, and right. Asked is the number that the sigmoid makes this gate of."
        ),
        lambda share, steps: torch.sigmoid(share ** (1 / steps)): (
            "You have the gate, and squash it once more. Go the other way: which number does the sigmoid make it of?"
        ),
        lambda share, steps: -torch.logit(share ** (1 / steps)): (
            "The sign is wrong. The longer the note is to last, the wider the gate must be open, the larger the bias."
        ),
        lambda share, steps: torch.logit(share / steps): (
            "You divide the share among the steps. A gate multiplies: `steps` times itself makes `share`."
        ),
        lambda share, steps: torch.logit(1 - (1 - share) / steps): (
            "You let the same piece go at every step. A gate takes the same *share* of what is left: it multiplies."
        ),
        lambda share, steps: torch.logit(share**steps): (
            "You raise `share` to the power. It is the other way round: the gate to the power `steps` is `share`."
        ),
        lambda share, steps: torch.log(share ** (1 / steps)): (
            "The logarithm undoes exp, not the sigmoid. Solve `gate = 1 / (1 + exp(-bias))` for the bias."
        ),
    },
)

# ---- 5.2 ------------------------------------------------------------------------------------------------------------


def lstm_layer(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh):
    """Read a sequence: x (B, T, I), first h and c (B, H) -> every h (B, T, H), last c (B, H).

    weight_ih (4H, I), weight_hh (4H, H), bias_ih and bias_hh (4H,).
    """
    shown = []
    for x_t in x.unbind(dim=1):
        four = x_t @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
        write, keep, note, show = four.chunk(4, dim=1)
        c = torch.sigmoid(keep) * c + torch.sigmoid(write) * torch.tanh(note)
        h = torch.sigmoid(show) * torch.tanh(c)
        shown.append(h)
    return torch.stack(shown, dim=1), c


def _lstm(B, T, I, H, seed, dtype=torch.float64):
    shapes = (B, T, I), (B, H), (B, H), (4 * H, I), (4 * H, H), (4 * H,), (4 * H,)
    return tuple(normal(*shapes, seed=seed, dtype=dtype, learns=True))


def _loop(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh, order="ifgo", new=None, show=None, carry="hc"):
    """The layer with one thing another way: the order of the blocks, the new c, what h shows, what is carried on."""
    new = new or (lambda c, i, f, g: f.sigmoid() * c + i.sigmoid() * g.tanh())
    show = show or (lambda old, c, o: o.sigmoid() * c.tanh())
    shown, cells = [], []
    for t in range(x.shape[1]):
        sums = (x[:, t] @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=1)
        i, f, g, o = (sums[order.index(name)] for name in "ifgo")
        cells.append(new(c, i, f, g))
        shown.append(show(c, cells[-1], o))
        h, c = (shown[-1] if "h" in carry else h), (cells[-1] if "c" in carry else c)
    return torch.stack(shown, dim=1), torch.stack(cells, dim=1)


def _read(*given, **other):
    shown, cells = _loop(*given, **other)
    return shown, cells[:, -1]


lstm_layer = Exercise(
    lstm_layer,
    cases=lambda: [_lstm(2, 6, 5, 3, 0), _lstm(1, 1, 2, 5, 1), _lstm(3, 2, 7, 2, 2, torch.float32)],
    returns="every h (B, T, H) and the last c (B, H)",
    hints=(
        "What one step hands to the next is *two* things here. Of each of the four stages ask: does it need the old "
        "`h` and `c`, or the new ones?",
        "For each `t` the `4H` sums, of `x[:, t]` and the `h` of the step before, cut into four: three sigmoids and a "
        "tanh. Left for you: which of the two new states is made first, and from which old one.",
    ),
    wrong={
        lambda *given: _read(*given, order="figo"): (
            "f and i are exchanged. PyTorch stacks the blocks in the order i, f, g, o: the forget gate is the second."
        ),
        lambda *given: _read(*given, order="ifog"): (
            "g and o are exchanged. PyTorch stacks the blocks in the order i, f, g, o: the candidate is the third."
        ),
        lambda *given: _read(*given, carry="c"): (
            "Every step looks at the first h. It must look at the h of the step before: carry it on, as you do with c."
        ),
        lambda *given: _read(*given, carry="h"): (
            "Every step starts from the first c. The belt runs on: the c of one step is the old c of the next."
        ),
        lambda *given: _read(*given, show=lambda old, c, o: o.sigmoid() * old.tanh()): (
            "Your h shows the old cell. It must show the one that this step has just computed."
        ),
        lambda *given: _read(*given, new=lambda c, i, f, g: c + i.sigmoid() * g.tanh()): (
            "The old cell passes whole. A cell that never forgets mixes everything it has ever read: where is f?"
        ),
        lambda *given: _loop(*given): "You return every c. Of the cells only the last is asked for, (B, H).",
    },
)

# ---- 5.3 ------------------------------------------------------------------------------------------------------------


def gru_step(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One step of PyTorch's GRU: x (B, I), h (B, H) -> the next h (B, H).

    weight_ih (3H, I), weight_hh (3H, H), bias_ih and bias_hh (3H,).
    """
    from_x = (x @ weight_ih.T + bias_ih).chunk(3, dim=1)
    from_h = (h @ weight_hh.T + bias_hh).chunk(3, dim=1)
    r = torch.sigmoid(from_x[0] + from_h[0])
    z = torch.sigmoid(from_x[1] + from_h[1])
    n = torch.tanh(from_x[2] + r * from_h[2])
    return z * h + (1 - z) * n


def _gru(B, I, H, seed, dtype=torch.float64):
    shapes = (B, I), (B, H), (3 * H, I), (3 * H, H), (3 * H,), (3 * H,)
    return tuple(normal(*shapes, seed=seed, dtype=dtype, learns=True))


def _step(x, h, weight_ih, weight_hh, bias_ih, bias_hh, candidate=None, gate=torch.sigmoid, order="rzn", keep=None):
    """The step with one thing another way: the candidate, of all that may stand in it, the gates, the mixture."""
    n_hh, n_bias = weight_hh.chunk(3)[2], bias_hh.chunk(3)[2]
    pieces = [(x @ weight_ih.T + bias_ih).chunk(3, dim=1), (h @ weight_hh.T + bias_hh).chunk(3, dim=1)]
    x_r, x_z, x_n, h_r, h_z, h_n = (piece[order.index(name)] for piece in pieces for name in "rzn")
    r, z = gate(x_r + h_r), gate(x_z + h_z)
    n = torch.tanh(x_n + r * h_n) if candidate is None else candidate(x_n, h_n, r, h, n_hh, n_bias)
    return n.lerp(h, z if keep is None else keep(z))


gru_step = Exercise(
    gru_step,
    cases=lambda: [_gru(2, 5, 3, 4), _gru(1, 2, 4, 5), _gru(4, 7, 1, 6, torch.float32)],
    returns="(B, H)",
    hints=(
        "In the LSTM you could add up all sums at once. Here one of the three cannot be: where must what comes from "
        "`x` and what comes from `h` still be apart?",
        "Cut the `3H` numbers from `x` into three, and so the `3H` from `h`. `r` and `z` are sigmoids of two pieces "
        "added, the candidate is a tanh of two pieces, before one of which stands `r`. One line is left: the mixture.",
    ),
    wrong={
        lambda *given: _step(*given, candidate=lambda x_n, h_n, r, h, W, b: (x_n + (r * h) @ W.T + b).tanh()): (
            "That is the GRU of Cho's paper: r acts on h before the matrix product. PyTorch's r acts after it."
        ),
        lambda *given: _step(*given, keep=lambda z: 1 - z): (
            "z and 1 - z are exchanged. In PyTorch z is the share of the old state that stays."
        ),
        lambda *given: _step(*given, order="zrn"): (
            "r and z are exchanged. PyTorch stacks the blocks in the order r, z, n: the reset gate comes first."
        ),
        lambda *given: _step(*given, order="rnz"): (
            "z and n are exchanged. PyTorch stacks the blocks in the order r, z, n: the candidate comes last."
        ),
        lambda *given: _step(*given, candidate=lambda x_n, h_n, r, h, W, b: (x_n + h_n).tanh()): (
            "The reset gate r is not in it. It decides how much of the old state the candidate may see."
        ),
        lambda *given: _step(*given, candidate=lambda x_n, h_n, r, h, W, b: (x_n + r * (h @ W.T) + b).tanh()): (
            "Nearly: the bias of the state's part stands outside r. PyTorch weakens product and bias together."
        ),
        lambda *given: _step(*given, candidate=lambda x_n, h_n, r, h, W, b: (r * (x_n + h_n)).tanh()): (
            "r weakens the input too. It only acts on what comes from the old state: keep the two apart."
        ),
        lambda *given: _step(*given, candidate=lambda x_n, h_n, r, h, W, b: (x_n + r * h_n).sigmoid()): (
            "The candidate goes through sigmoid. It is a new state, not a gate: tanh."
        ),
        lambda *given: _step(*given, gate=lambda sums: sums): (
            "r and z are sums before squashing. A gate lies between 0 and 1: one function is missing."
        ),
    },
)

# ---- 5.4 ------------------------------------------------------------------------------------------------------------


def parameters_of(cell, input_size, hidden_size):
    """How many numbers one layer learns: cell "RNN", "GRU" or "LSTM" -> int."""
    blocks = {"RNN": 1, "GRU": 3, "LSTM": 4}[cell]
    one = hidden_size * input_size + hidden_size * hidden_size + 2 * hidden_size
    return blocks * one


def _count(cell, I, H, RNN=1, GRU=3, LSTM=4, biases=2):
    return {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}[cell] * (H * I + H * H + biases * H)


parameters_of = Exercise(
    parameters_of,
    cases=lambda: [(cell, I, H) for cell in ("RNN", "GRU", "LSTM") for I, H in ((5, 2), (3, 7), (28, 128), (1, 1))],
    returns="an int",
    hints=(
        "Count one block first: what does it take to make `H` numbers of `x` and of the old `h`? Then ask how many "
        "blocks each cell has.",
        "A block is two matrices and, in PyTorch, two biases. Every gate is a block, and so is every candidate, or "
        "the new state of a plain RNN. One thing is left: how many that makes for each of the three cells.",
    ),
    wrong={
        lambda cell, I, H: _count(cell, I, H, biases=1): (
            "You count one bias a block. PyTorch keeps two, bias_ih and bias_hh, though their sum would do."
        ),
        lambda cell, I, H: _count(cell, I, H, LSTM=3): (
            "An LSTM has three gates, and a fourth block: the candidate g has weights of its own."
        ),
        lambda cell, I, H: _count(cell, I, H, GRU=2): (
            "A GRU has two gates, and a third block: the candidate n has weights of its own."
        ),
        lambda cell, I, H: _count(cell, I, H, GRU=2, LSTM=3): (
            "You count the gates. The candidate, g in an LSTM and n in a GRU, is a block with weights of its own too."
        ),
        lambda cell, I, H: _count(cell, I, H, GRU=4, LSTM=3): (
            "The two are exchanged: a GRU has three blocks (r, z, n), an LSTM four (i, f, g, o)."
        ),
        lambda cell, I, H: _count(cell, I, 0) + {"RNN": 1, "GRU": 3, "LSTM": 4}[cell] * (H * I + 2 * H): (
            "The matrices from the state to the state are missing: H·H in every block."
        ),
    },
)
