"""The linear recurrence `h_t = a_t h_{t-1} + b_t`, h_0 = 0, elementwise: one answer, computed in six orders.

Letters: B batch, T time, H hidden size. a, b (B, T, H) -> every h (B, T, H), and gradients to both. They may be complex
where `.plain` is called. A first state belongs into the first b: b_1 + a_1 h_0.
Steps that wait for one another are *rounds*, products are *work*: a loop has T rounds, `by_doubling` log2 T of them and
log2 T times the work. On one core the work counts, on thousands the rounds.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from rnnlab import expect

# ---- 1. Loops: T rounds, T products. --------------------------------------------------------------------------------


@expect.takes(a="B T H", b="B T H")
def by_loop(a: Tensor, b: Tensor) -> Tensor:
    """The recurrence as it is written: a, b (B, T, H) -> h (B, T, H).

    Its way back is quadratic in T: the gradient of each `b[:, t]` is a whole (B, T, H) of zeros but for one step.
    """
    h, states = torch.zeros_like(b[:, 0]), []
    for t in range(b.shape[1]):
        h = a[:, t] * h + b[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


@expect.takes(a="B T H", b="B T H")
def by_steps(a: Tensor, b: Tensor) -> Tensor:
    """The loop over steps cut once, by `unbind`, whose way back is one `stack`: a, b (B, T, H) -> h (B, T, H)."""
    h, states = torch.zeros_like(b[:, 0]), []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = torch.addcmul(b_t, a_t, h)  # b_t + a_t * h in one pass
        states.append(h)
    return torch.stack(states, dim=1)


class Recurrence(torch.autograd.Function):
    """The loop with a way back of its own, which is the same recurrence run from the end; T stands first here."""

    @staticmethod
    def forward(ctx, a, b):
        """a, b (T, B, H) -> h (T, B, H); autograd notes none of the T steps."""
        h, states = torch.zeros_like(b[0]), torch.empty_like(b)
        for a_t, b_t, h_t in zip(a, b, states, strict=True):
            h = torch.addcmul(b_t, a_t, h, out=h_t)
        ctx.save_for_backward(a, states)
        return states

    @staticmethod
    def backward(ctx, asked):
        """What the loss asks of each h (T, B, H) -> the gradients of a and b."""
        a, h = ctx.saved_tensors
        none = torch.zeros_like(h[:1])
        after = torch.cat([a[1:], none]).conj()  # step t is heard in step t + 1, through the a of t + 1
        arrives = Recurrence.apply(after.flip(0), asked.flip(0)).flip(0)
        before = torch.cat([none, h[:-1]]).conj()
        return arrives * before, arrives


@expect.takes(a="B T H", b="B T H")
def by_hand(a: Tensor, b: Tensor) -> Tensor:
    """The loop whose way back is written by hand, see `Recurrence`: a, b (B, T, H) -> h (B, T, H)."""
    a, b = a.transpose(0, 1).contiguous(), b.transpose(0, 1).contiguous()  # a step in one piece of memory
    return Recurrence.apply(a, b).transpose(0, 1)


# ---- 2. Other orders: fewer rounds. ---------------------------------------------------------------------------------


@expect.takes(a="B T H", b="B T H")
def by_products(a: Tensor, b: Tensor) -> Tensor:
    """In one formula, h_t = A_t sum of b_s / A_s with A the running product of a: a, b (B, T, H) -> h (B, T, H).

    A falls to 0 on long ways, and 0 / 0 is no number: see `by_logarithms`.
    """
    product = a.cumprod(dim=1)
    return product * (b / product).cumsum(dim=1)


@expect.takes(log_a="B T H", log_b="B T H")
def by_logarithms(log_a: Tensor, log_b: Tensor) -> Tensor:
    """The same formula where a and b are above 0 and come as logarithms: (B, T, H) twice -> log h (B, T, H).

    No product falls to 0 (Heinsen 2023); what it costs is digits, for sums of logarithms grow with T.
    """
    total = log_a.cumsum(dim=1)
    return total + torch.logcumsumexp(log_b - total, dim=1)


@expect.takes(a="B T H", b="B T H")
def by_doubling(a: Tensor, b: Tensor) -> Tensor:
    """Each step takes in what stands 1, 2, 4, ... before it (Hillis and Steele 1986): a, b (B, T, H) -> h (B, T, H).

    log2 T rounds, and about log2 T times the products of a loop.
    """
    reach = 1
    while reach < b.shape[1]:
        b = torch.cat([b[:, :reach], torch.addcmul(b[:, reach:], a[:, reach:], b[:, :-reach])], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
        reach *= 2
    return b


@expect.takes(a="B T H", b="B T H", size=lambda name, value: expect.whole(name, value))
def by_chunks(a: Tensor, b: Tensor, size: int = 32) -> Tensor:
    """Chunks of `size` steps side by side, then what each hands to the next: a, b (B, T, H) -> h (B, T, H).

    size + T / size rounds, 3 times the products of a loop.
    """
    B, T, H = b.shape
    a, b = (pad(v, (0, 0, 0, -T % size)).reshape(B, -1, size, H) for v in (a, b))  # (B, chunks, size, H)
    inside = by_steps.plain(a.flatten(0, 1), b.flatten(0, 1)).view_as(b)
    reach = a.cumprod(dim=2)  # what a state before the chunk counts for at each step of it
    ends = by_steps.plain(reach[:, :, -1], inside[:, :, -1])  # (B, chunks, H)
    before = pad(ends[:, :-1], (0, 0, 1, 0))
    return torch.addcmul(inside, reach, before[:, :, None]).reshape(B, -1, H)[:, :T]


ORDERS = {order.__name__: order for order in (by_loop, by_steps, by_hand, by_products, by_doubling, by_chunks)}
