"""The simulated processor: it moves what processors may differ in, by one unit at most, and nothing else."""

import pytest
import torch

from tools.other_processor import BLOCK, OtherProcessor

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


def units(a, b):
    """By how many units in the last place the numbers of two tensors differ; they are of one sign."""
    kind = BITS[a.dtype]
    return a.contiguous().view(kind) - b.contiguous().view(kind)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_number_moves_by_one_unit_at_most_and_every_time_alike(seed, dtype):
    x = torch.rand(BLOCK + 1000, generator=torch.Generator().manual_seed(0), dtype=dtype)
    with OtherProcessor(seed):
        here, again = x.tanh(), x.tanh()
    moved = units(here, x.tanh())
    assert torch.equal(here, again) and set(moved.tolist()) == {-1, 0, 1}
    for block in moved.split(BLOCK):
        shares = [(block == step).double().mean() for step in (-1, 1)]
        assert all(0.4 < share < 0.54 for share in shares), "in every block about half move up, half down"
    with OtherProcessor(seed + 2):
        assert not torch.equal(x.tanh(), here), "another seed is another processor"


def test_what_ieee_fixes_and_what_comes_out_exact_stays():
    x, whole = torch.rand(1000, generator=torch.Generator().manual_seed(0)), torch.arange(1000.0)

    def computed():
        return x + x, x * x, x / 3, x.sqrt(), whole.sum(), (whole / 4).cumsum(0)

    with OtherProcessor(1):
        there = computed()
    assert all(map(torch.equal, there, computed()))
    with OtherProcessor(0):
        itself = x.tanh()
    assert torch.equal(itself, x.tanh())


def test_infinities_and_strides_stay_and_work_in_place_moves_too():
    odd = torch.tensor([torch.inf, -torch.inf, torch.nan, 3e38, -0.0])
    tall = torch.rand(4, 6, generator=torch.Generator().manual_seed(0)).T
    with OtherProcessor(1):
        large, turned = odd.pow(1), tall.tanh()
        in_place = tall.clone().tanh_()
        within = torch.zeros(7, 6)
        within[1:, :4] = tall
        within[1:, :4].tanh_()  # numbers that do not lie side by side in memory
    assert torch.equal(units(large, odd)[[0, 1, 2, 4]], torch.zeros(4, dtype=torch.int32))
    assert turned.stride() == tall.tanh().stride() and units(turned, tall.tanh()).any()
    assert torch.equal(in_place, turned) and torch.equal(within[1:, :4], turned)
    assert not within[0].any() and not within[:, 4:].any()


def test_a_power_of_a_number_goes_through_and_what_is_composed_of_kernels_moves_too():
    x = torch.rand(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def computed():
        return 10**x, x.logsumexp(1), torch.nn.functional.linear(x, x[:3]), x @ x[0]

    with OtherProcessor(1):
        there = computed()
    for moved, here in zip(there, computed(), strict=True):
        assert units(moved, here).any() and torch.allclose(moved, here, rtol=1e-14)
