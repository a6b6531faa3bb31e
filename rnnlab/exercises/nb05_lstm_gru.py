"""Exercises of lesson 05, LSTM and GRU."""

import torch

from .check import Exercise


def _tensors(*shapes, seed):
    g = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes)


# ---- 5.1 ------------------------------------------------------------------------------------------------------------


def forget_gate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """f of one step: x (B, I), h (B, H), weight_ih (4H, I), weight_hh (4H, H), biases (4H,) -> f (B, H)."""
    four = x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
    return torch.sigmoid(four.chunk(4, dim=1)[1])


def _block(x, h, weight_ih, weight_hh, bias_ih, bias_hh, place, squash=torch.sigmoid):
    H = h.shape[1]
    rows = slice(place * H, (place + 1) * H)
    return squash(x @ weight_ih[rows].T + bias_ih[rows] + h @ weight_hh[rows].T + bias_hh[rows])


forget_gate = Exercise(
    forget_gate,
    cases=lambda: [_tensors((2, 3), (2, 4), (16, 3), (16, 4), (16,), (16,), seed=seed) for seed in (0, 1)],
    returns="(B, H)",
    hints=(
        "It is the step of a plain RNN, four times as tall. One of its four blocks of `H` is the one you want.",
        "Compute all `4H` sums first, cut them with `.chunk(4, dim=1)`, take the second piece, and squash it "
        "into 0 … 1.",
    ),
    wrong={
        lambda *given: _block(*given, place=0): (
            "That is the input gate. PyTorch stacks the blocks in the order i, f, g, o: the forget gate is the second."
        ),
        lambda *given: _block(*given, place=2): (
            "That block is the candidate g, the third. The order is i, f, g, o: the forget gate is the second."
        ),
        lambda *given: _block(*given, place=1, squash=torch.tanh): (
            "The right block, through tanh. A gate says which share passes, so it lies between 0 and 1: sigmoid."
        ),
        lambda *given: _block(*given, place=1, squash=lambda a: a): (
            "These are the sums before the squashing. A gate lies between 0 and 1: one function is missing."
        ),
        lambda x, h, *weights: _block(x, torch.zeros_like(h), *weights, place=1): (
            "The gate does not look at the old state h. It must: what to forget depends on what was read before."
        ),
    },
)

# ---- 5.2 ------------------------------------------------------------------------------------------------------------


def cell_update(c, i, f, g, o):
    """The new h and c from the old c and the four sums before squashing, each (B, H) -> h (B, H), c (B, H)."""
    new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(new), new


def _update(c, i, f, g, o, squash=torch.tanh, show=torch.tanh):
    new = torch.sigmoid(f) * c + torch.sigmoid(i) * squash(g)
    return torch.sigmoid(o) * show(new), new


def _shown(c, o):
    return o * torch.tanh(c), c


cell_update = Exercise(
    cell_update,
    cases=lambda: [_tensors(*[(2, 3)] * 5, seed=seed) for seed in (2, 3)],
    returns="h (B, H) and c (B, H)",
    hints=(
        "Two lines. First the belt: a share of the old `c`, plus a share of the candidate. Then what is shown of it.",
        "`i`, `f`, `o` become gates by sigmoid; the candidate `g`, and the cell when it is shown, go through tanh. "
        "Return `h` first, then `c`.",
    ),
    wrong={
        lambda c, i, f, g, o: _update(c, i, f, g, o)[::-1]: (
            "Both are right, in the other order: return h first, then c."
        ),
        lambda c, i, f, g, o: _update(c, i, f, g, o, squash=torch.sigmoid): (
            "Your candidate goes through sigmoid, so it can only add to the cell. With tanh it can also take away."
        ),
        lambda c, i, f, g, o: _update(c, i, f, g, o, show=lambda new: new): (
            "c is right. h shows the cell itself: squash it with tanh first, so that h stays between -1 and 1."
        ),
        lambda c, i, f, g, o: (torch.sigmoid(o) * torch.tanh(c), _update(c, i, f, g, o)[1]): (
            "c is right. Your h shows the old cell: it must show the one you have just computed."
        ),
        lambda c, i, f, g, o: _update(c, f, i, g, o): (
            "The gates are exchanged: f belongs to the old cell, i to the candidate."
        ),
        lambda c, i, f, g, o: _update(c, i, torch.full_like(f, torch.inf), g, o): (
            "The old cell passes whole. A cell that never forgets mixes everything it has ever read: where is f?"
        ),
        lambda c, i, f, g, o: _shown(f * c + i * torch.tanh(g), o): (
            "i, f and o are the sums before squashing. They become gates, between 0 and 1, by sigmoid."
        ),
        lambda c, i, f, g, o: _shown(f * c + i * g, o): (
            "All four came as sums before squashing: sigmoid makes gates of i, f and o, tanh the candidate of g."
        ),
    },
)

# ---- 5.3 ------------------------------------------------------------------------------------------------------------


def gru_update(x_n, h, r, z, weight_hn, bias_hn):
    """The next h of PyTorch's GRU: x_n, h, r, z (B, H), weight_hn (H, H), bias_hn (H,) -> (B, H)."""
    from_state = r * (h @ weight_hn.T + bias_hn)
    candidate = torch.tanh(x_n + from_state)
    return z * h + (1 - z) * candidate


def _gates(seed):
    x_n, h, r, z, weight, bias = _tensors((2, 3), (2, 3), (2, 3), (2, 3), (3, 3), (3,), seed=seed)
    return x_n, h, torch.sigmoid(r), torch.sigmoid(z), weight, bias


def _mix(z, h, n):
    return n + z * (h - n)


gru_update = Exercise(
    gru_update,
    cases=lambda: [_gates(4), _gates(5)],
    returns="(B, H)",
    hints=(
        "First the candidate: a tanh of two things, of which the reset gate weakens one. Then a mixture, in which the "
        "update gate says how much of the old state stays.",
        "PyTorch multiplies by `r` *after* the matrix product and its bias. The mixture is `z` of the old state and "
        "`1 - z` of the candidate.",
    ),
    wrong={
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.tanh(x_n + (r * h) @ W.T + b)): (
            "That is the GRU of Cho's paper: r acts on h before the matrix product. PyTorch's r acts after it."
        ),
        lambda x_n, h, r, z, W, b: _mix(1 - z, h, torch.tanh(x_n + r * (h @ W.T + b))): (
            "z and 1 - z are exchanged. In PyTorch z is the share of the old state that stays."
        ),
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.tanh(x_n + h @ W.T + b)): (
            "The reset gate r is not in it. It decides how much of the old state the candidate may see."
        ),
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.tanh(x_n + r * (h @ W.T) + b)): (
            "Nearly: the bias of the state's part stands outside r. PyTorch weakens product and bias together."
        ),
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.tanh(r * (x_n + h @ W.T + b))): (
            "r weakens the input too. It only acts on what comes from the old state."
        ),
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.sigmoid(x_n + r * (h @ W.T + b))): (
            "The candidate goes through sigmoid. It is a new state, not a gate: tanh."
        ),
        lambda x_n, h, r, z, W, b: _mix(z, h, torch.tanh(x_n + r * (h @ W + b))): (
            "The matrix stands the wrong way round: row j of weight_hn makes unit j, so the product is with its .T."
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
    cases=lambda: [("RNN", 4, 2), ("GRU", 4, 2), ("LSTM", 4, 2), ("RNN", 28, 128), ("GRU", 28, 128), ("LSTM", 28, 128)],
    returns="an int",
    hints=(
        "Count one block first: a matrix for the input, a matrix for the state, and the biases. How many blocks has "
        "each cell?",
        "A block has `H·I + H·H` weights and two biases of `H`. A plain RNN has one block, a GRU three, an LSTM four.",
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
