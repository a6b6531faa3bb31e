"""Adversarial training on word vectors (Miyato, Dai and Goodfellow 2017)."""

from collections.abc import Callable

from torch import Tensor

from rnnlab import expect
from rnnlab.training import cross_entropy


def adversarial(epsilon: float) -> Callable[..., Tensor]:
    """An objective for `fit`: the loss, plus the loss after each review's word vectors moved where it grows fastest.

    epsilon: how far they move, the norm over all words of a review. For models with `embed` and `classify`.
    """
    epsilon = expect.number("epsilon", epsilon, above=0)

    def objective(model, x, lengths, target):
        embedded = model.embed(x)
        embedded.retain_grad()
        clean = cross_entropy(model.classify(embedded, lengths), target)
        clean.backward()  # gives the direction, and the first half of the step's gradient with it
        size = embedded.grad.norm(dim=(1, 2), keepdim=True)
        shift = epsilon * embedded.grad / size.clamp_min(1e-12)
        moved = cross_entropy(model.classify(model.embed(x) + shift, lengths), target)
        return moved + clean.detach()

    return objective
