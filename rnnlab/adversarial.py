"""Adversarial training on word vectors (Miyato, Dai and Goodfellow 2017)."""

import math

from rnnlab.training import cross_entropy


def adversarial(epsilon: float):
    """An objective for `fit`: the loss, plus the loss after each review's word vectors moved where it grows fastest.

    epsilon: how far they move, the norm over all words of a review. For models with `embed` and `classify`.
    """
    if not (isinstance(epsilon, (int, float)) and 0 < epsilon < math.inf):
        raise ValueError(f"epsilon is {epsilon!r}, expected a number above 0")

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
