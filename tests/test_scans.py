"""The linear recurrence: every order gives the loop's numbers and gradients, real and complex, at any length."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab import scans

OTHERS = [name for name in scans.ORDERS if name != "by_loop"]
everywhere = settings(deadline=None, max_examples=20)


def drawn(B, T, H, seed, dtype=torch.float64):
    """a of a size from 0.05 to 1, of any sign or turn, and b, both to learn."""
    random = torch.Generator().manual_seed(seed)
    size = 0.05 + 0.95 * torch.rand(B, T, H, generator=random, dtype=torch.float64)
    sign = torch.randn(B, T, H, generator=random, dtype=torch.float64 if dtype != torch.complex128 else dtype)
    b = torch.randn(B, T, H, generator=random, dtype=torch.float64).to(dtype)
    return (size * torch.sgn(sign)).to(dtype).requires_grad_(), b.requires_grad_()


def answers(order, a, b):
    """The states, and the gradients of a sum in which each of them counts otherwise."""
    h = scans.ORDERS[order].plain(a, b)
    weights = torch.linspace(-1, 1, h.numel(), dtype=torch.float64).view_as(h)
    loss = (h * weights * (1j if h.is_complex() else 1)).real.sum()
    return h, *torch.autograd.grad(loss, (a, b), allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("name", OTHERS)
@everywhere
@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 3), st.integers(0, 2**31))
def test_every_order_is_the_loop_to_14_digits(name, B, T, H, seed):
    a, b = drawn(B, T, H, seed)
    if name == "by_products":
        a = (0.5 + a.detach().abs() / 2).requires_grad_()  # what it divides by must not fall far
    for mine, theirs in zip(answers(name, a, b), answers("by_loop", a, b), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9 if name == "by_products" else 1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "by_products"])
def test_every_order_takes_complex_numbers(name):
    a, b = drawn(2, 37, 3, 0, torch.complex128)
    for mine, theirs in zip(answers(name, a, b), answers("by_loop", a, b), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_way_back_by_hand_is_the_derivative_and_has_one_itself(dtype):
    a, b = drawn(2, 5, 2, 1, dtype)
    assert torch.autograd.gradcheck(scans.by_hand.plain, (a, b))
    assert torch.autograd.gradgradcheck(scans.by_hand.plain, (a, b))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 32, 100])
def test_chunks_of_any_size(size):
    a, b = drawn(2, 33, 3, 2)
    torch.testing.assert_close(scans.by_chunks(a, b, size), scans.by_loop(a, b), rtol=1e-12, atol=1e-12)


def test_products_break_where_logarithms_hold():
    a, b = torch.full((1, 2000, 2), 0.3), torch.rand(1, 2000, 2) + 0.1
    expected = scans.by_loop(a, b)
    assert not scans.by_products(a, b).isfinite().all()
    torch.testing.assert_close(scans.by_logarithms(a.log(), b.log()).exp(), expected, rtol=1e-3, atol=0)
    a, b = a.double(), b.double()
    torch.testing.assert_close(scans.by_logarithms(a.log(), b.log()).exp(), scans.by_loop(a, b), rtol=1e-11, atol=0)


def test_what_is_refused():
    a = torch.rand(2, 3, 4)
    with pytest.raises(ValueError, match="b has shape"):
        scans.by_hand(a, a[:, :2])
    with pytest.raises(ValueError, match="size is 0, expected a whole number of at least 1"):
        scans.by_chunks(a, a, 0)
