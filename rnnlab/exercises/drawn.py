"""Tensors for the cases of exercises: drawn from a seed, the same on every machine and in any order."""

import torch


def normal(
    *shapes: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64, learns: bool = False
) -> list[torch.Tensor]:
    """One tensor of standard normal numbers for each shape; where it `learns`, each requires a gradient."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return [tensor.to(dtype).requires_grad_(learns) for tensor in drawn]


def whole(most: int, *shapes: tuple[int, ...], seed: int, least: int = 0) -> list[torch.Tensor]:
    """One int64 tensor for each shape, of whole numbers from `least` to `most`, both included."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(least, most + 1, shape, generator=generator) for shape in shapes]


def seeded(module: torch.nn.Module, *, seed: int, scale: float = 1.0) -> torch.nn.Module:
    """The module with every parameter drawn anew: `scale` times standard normal numbers, in its own dtype."""
    for number, parameter in enumerate(module.parameters()):
        parameter.data = scale * normal(parameter.shape, seed=100 * seed + number, dtype=parameter.dtype)[0]
    return module
