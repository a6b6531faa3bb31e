"""Tensors for the cases of exercises: drawn from a seed, the same on every machine and in any order."""

import torch
from torch import Tensor, nn


def normal(
    *shapes: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64, learns: bool = False
) -> list[Tensor]:
    """One tensor of standard normal numbers for each shape; where it `learns`, each requires a gradient."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [tensor.to(dtype).requires_grad_(learns) for tensor in drawn]


def whole(most: int, *shapes: tuple[int, ...], seed: int, least: int = 0) -> list[Tensor]:
    """One int64 tensor for each shape, of whole numbers from `least` to `most`, both included."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(least, most + 1, shape, generator=generator) for shape in shapes]


def seeded(module: nn.Module, *, seed: int, scale: float = 1.0) -> nn.Module:
    """The module with every parameter drawn anew: `scale` times standard normal numbers, in its own dtype."""
    for number, parameter in enumerate(module.parameters()):
        parameter.data = scale * normal(parameter.shape, seed=100 * seed + number, dtype=parameter.dtype)[0]
    return module


def padded(lengths: list[int], T: int, H: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """The outputs of a net, out (B, T, H), and what it read, x (B, T) int64, padded with 0 behind each length."""
    (out,), (x,) = normal((len(lengths), T, H), seed=T, dtype=dtype), whole(19, (len(lengths), T), seed=T, least=1)
    return out, x * (torch.arange(T) < torch.tensor(lengths)[:, None])


def signed(
    lengths: list[int], T: int, H: int, dtype: torch.dtype = torch.float64, scale: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Outputs (B, T, H) that require a gradient, and lengths (B,). Unit 0 is always negative: a zero would win."""
    out = scale * normal((len(lengths), T, H), seed=T, dtype=dtype)[0]
    out[..., 0] = -out[..., 0].abs()
    return out.requires_grad_(), torch.tensor(lengths)


class Drops(nn.Module):
    """Knows half the answers, and drops entries while it trains. Its two logits are often both below 0, or above."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x (B, T), lengths (B,) -> logits (B, 2)."""
        known = nn.functional.one_hot(x[:, 0] % 2, 2).double() * lengths[:, None]
        return self.dropout(known) + (x[:, 1:2] - 5).sign() * 4


def judged(*sizes: int) -> tuple[nn.Module, list]:
    """A model with dropout, and batches (x, lengths, labels) of these sizes, each with its own share of right."""
    batches = []
    for number, size in enumerate(sizes):
        x, lengths = *whole(8, (size, 3), seed=size + number, least=1), *whole(3, (size,), seed=size, least=1)
        labels = (x[:, 0] + 1) % 2
        labels[: size // (3 - number)] ^= 1
        batches.append((x, lengths, labels))
    return Drops(), batches


class Knows(nn.Module):
    """Looks up its answer in the first pixel of the first row; the next digit comes second. Every logit is below 0."""

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, I) -> logits (B, 10)."""
        first = nn.functional.one_hot(x[:, 0, 0].long() % 10, 10).to(x.dtype)
        return 2 * first + first.roll(1, dims=1) - 5


def looked_up(*sizes: int, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, list]:
    """A model, and batches (x (B, T, I), labels (B,)) of these sizes. Often its second best is right."""
    batches = []
    for number, size in enumerate(sizes):
        (x,) = whole(9, (size, 3, 7), seed=size + number)
        labels = x[:, 0, 0].clone()
        labels[: size - 1 - number % 2] += 1  # the last batch is the best one
        labels[0] += size > 3  # once not even the second best is right
        batches.append((x.to(dtype), labels % 10))
    return Knows(), batches
