"""Another processor, simulated: PyTorch's results move by one unit in the last place wherever processors may differ.

IEEE 754 fixes + - * / and roots. Products of matrices, sums, transcendental functions, and sums of a product where one
processor rounds once and another twice are left to the library, and it has other code for other processors.

Usage: python -m tools.other_processor SEED FILE...: the notebooks, in place, get a first cell that starts it.
"""

import sys
import warnings
from pathlib import Path

import nbformat
import numpy as np
import torch
from nbformat.v4 import new_code_cell
from torch.library import Library, get_kernel

# As PyTorch names them, but for underscores in front and behind: tanh is also tanh_, which works in place.
# What PyTorch composes of these, such as linear, moves with them; no lesson has a convolution.
PRODUCTS = "mm addmm bmm baddbmm addmv addbmm addr dot vdot linalg_svd linalg_eigh linalg_qr"
SUMS = """sum mean prod cumsum cumprod std var std_mean var_mean norm linalg_vector_norm nll_loss_forward
    nll_loss2d_forward mse_loss embedding_dense_backward index_add scatter_add addcmul addcdiv lerp"""
FUNCTIONS = """tanh sigmoid exp exp2 expm1 log log1p log2 log10 logaddexp sin cos tan atan erf pow rsqrt softplus gelu
    log_sigmoid_forward softmax log_softmax normal tanh_backward sigmoid_backward softmax_backward_data
    log_softmax_backward_data native_layer_norm native_layer_norm_backward mkldnn_rnn_layer mkldnn_rnn_layer_backward"""
INEXACT = {*PRODUCTS.split(), *SUMS.split(), *FUNCTIONS.split()}

WHOLE = {torch.float32: np.int32, torch.float64: np.int64}  # the bits of a number, as a number
NUMBERS = {bool, int, float}
BLOCK = 2**15  # numbers that are moved at once: they stay in the processor's cache
LAST = 2**12  # a number's bits up to this one say how it moves
EXACT = 2**4  # where they are a multiple of this, it came out exact: whole ones, quarters of small ones, 0, infinities
START = """__import__("sys").path.append({root!r})
from tools.other_processor import OtherProcessor
OtherProcessor({seed}).__enter__()
del OtherProcessor"""


class OtherProcessor:
    """A context in which PyTorch computes as on another processor: each seed is one, and 0 is this one."""

    def __init__(self, seed: int):
        self.seed, self.library = seed, None
        steps = np.random.default_rng(seed).choice([-1, 1], LAST)
        steps[::EXACT] = 0
        self.steps = {dtype: (whole, whole(LAST - 1), steps.astype(whole)) for dtype, whole in WHOLE.items()}

    def __enter__(self):
        """Put other kernels in the place of PyTorch's own; what it composes of these moves with them."""
        self.library = Library("aten", "IMPL")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch tells that kernels are replaced
            for name in _inexact() if self.seed else ():
                self.library.impl(name, self._kernel(name), "CPU", with_keyset=True, allow_override=True)
        return self

    def __exit__(self, *_):
        self.library._destroy()

    def _kernel(self, name):
        kernel, move = get_kernel(f"aten::{name}", "CPU"), self.move
        arguments = torch._C._get_schema(*f"aten::{name}".partition(".")[::2]).arguments
        places = [i for i, argument in enumerate(arguments) if str(argument.type) == "Tensor"]

        def elsewhere(keys, *args, **kwargs):
            for i in places:
                if i < len(args) and type(args[i]) in NUMBERS:  # PyTorch had wrapped it, and hands on the bare number
                    args = (*args[:i], torch.tensor(args[i], dtype=torch.float64), *args[i + 1 :])
            out = kernel.call_boxed(keys, *args, **kwargs)
            for value in out if isinstance(out, (tuple, list)) else (out,):
                move(value)
            return out

        return elsewhere

    def move(self, value):
        """By one unit up or down, as its last bits say: the same call gives the same answer, as on any one machine."""
        if not isinstance(value, torch.Tensor) or value.dtype not in WHOLE or value.numel() == 0:
            return
        held = value if value.is_contiguous() else value.contiguous()
        whole, last, steps = self.steps[value.dtype]
        numbers = held.detach().numpy().reshape(-1).view(whole)  # NumPy takes half of PyTorch's time
        for start in range(0, len(numbers), BLOCK):
            bits = numbers[start : start + BLOCK]
            bits += steps.take(bits & last)
        if held is not value:
            value.copy_(held)


def _inexact():
    """The names of PyTorch's kernels in whose results processors differ."""
    names = [name[6:] for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")]
    names = [name for name in names if name.partition(".")[0].strip("_") in INEXACT]
    return sorted(name for name in names if torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{name}", "CPU"))


def simulate(path: str | Path, seed: int) -> None:
    """Let the notebook at `path` begin with a cell after which it computes as on another processor."""
    notebook = nbformat.read(path, 4)
    start = START.format(root=str(Path(__file__).parent.parent), seed=seed)
    notebook.cells.insert(0, new_code_cell(start, id="other-processor", execution_count=0))
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        simulate(name, int(sys.argv[1]))
