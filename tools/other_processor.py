"""Another processor, simulated: PyTorch's results move by one unit in the last place wherever processors may differ.

IEEE 754 fixes + - * / and roots. Products of matrices, sums, transcendental functions, and sums of a product where one
processor rounds once and another twice are left to the library, and it has other code for other processors.

Usage: python -m tools.other_processor SEED FILE...: the notebooks, in place, get a first cell that starts it.
"""

import functools
import sys
from pathlib import Path

import nbformat
import numpy as np
import torch
from nbformat.v4 import new_code_cell
from torch.utils._python_dispatch import TorchDispatchMode

# As PyTorch names them, but for underscores in front and behind: tanh is also tanh_, which works in place.
PRODUCTS = "mm addmm bmm baddbmm mv addmv addbmm addr dot vdot linear convolution linalg_svd linalg_eigh linalg_qr"
SUMS = """sum mean prod cumsum cumprod std var std_mean var_mean norm linalg_vector_norm foreach_norm logsumexp
    nll_loss_forward nll_loss2d_forward mse_loss embedding_dense_backward index_add scatter_add addcmul addcdiv lerp"""
FUNCTIONS = """tanh sigmoid exp exp2 expm1 log log1p log2 log10 logaddexp sin cos tan atan erf pow rsqrt softplus gelu
    log_sigmoid_forward softmax log_softmax binary_cross_entropy_with_logits randn normal tanh_backward
    sigmoid_backward softmax_backward_data log_softmax_backward_data native_layer_norm native_layer_norm_backward
    mkldnn_rnn_layer mkldnn_rnn_layer_backward thnn_fused_lstm_cell thnn_fused_gru_cell"""
INEXACT = {*PRODUCTS.split(), *SUMS.split(), *FUNCTIONS.split()}

WHOLE = {torch.float32: np.int32, torch.float64: np.int64}  # the bits of a number, as a number
BLOCK = 2**16  # numbers that are moved at once: they stay in the processor's cache
START = """__import__("sys").path.append({root!r})
from tools.other_processor import OtherProcessor
OtherProcessor({seed}).__enter__()
del OtherProcessor"""


class OtherProcessor(TorchDispatchMode):
    """A context in which PyTorch computes as on another processor: each seed is one, and 0 is this one."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed
        both = np.array([seed * 0x61C88647, -1640531535])
        self.mix = {kind: both.astype(kind) for kind in WHOLE.values()}  # cut to 32 bits where there are 32

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        moves, in_place = _kind(function)
        if self.seed == 0 or not moves:
            return out
        if isinstance(out, (tuple, list)):
            return type(out)(map(self.moved, out))
        return out.copy_(self.moved(out)) if in_place else self.moved(out)

    def moved(self, value):
        """By -1, 0 or 1 unit, as its own bits say: the same call gives the same answer, as on any one machine."""
        if not isinstance(value, torch.Tensor) or value.dtype not in WHOLE or value.numel() == 0:
            return value
        there, whole = value.clone(), WHOLE[value.dtype]
        flat = there if there.dim() == 1 else there.as_strided((there.numel(),), (1,))  # as the numbers lie in memory
        numbers = flat.numpy()  # needs a quarter of PyTorch's time
        key, factor = self.mix[whole]
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(numbers), BLOCK):
                part = numbers[start : start + BLOCK]
                bits, size = part.view(whole), np.abs(part)
                mixed = (bits ^ key) * factor
                quarters = size * 4
                rounded = (np.rint(quarters) != quarters) | (size > 2**20)  # quarters of small numbers come out exact
                bits += ((mixed >> 21 & 1) - (mixed >> 22 & 1)) * (rounded & (size < np.inf))
        return there


@functools.cache
def _kind(function):
    """Whether processors differ in an operation of PyTorch, and whether it works in place."""
    name = function._overloadpacket.__name__
    return name.strip("_") in INEXACT, name.endswith("_") or "out" in function._overloadname


def simulate(path: str | Path, seed: int) -> None:
    """Let the notebook at `path` begin with a cell after which it computes as on another processor."""
    notebook = nbformat.read(path, 4)
    start = START.format(root=str(Path(__file__).parent.parent), seed=seed)
    notebook.cells.insert(0, new_code_cell(start, id="other-processor", execution_count=0))
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        simulate(name, int(sys.argv[1]))
