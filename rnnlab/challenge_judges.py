"""How the models of challenges are judged: the share of right answers, or bits per character.

A judge goes through batches that the training never saw. It refuses, with a sentence, answers that are none, and a
model of text that has read the letter it is to predict.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnlab import expect
from rnnlab.challenge_records import MEASURES

CLOSE = 1e-3  # of two logits that should be the same


class Refused(Exception):
    """A run that does not count; its text says why."""


def right(model: Callable, judged: Iterable, classes: int) -> float:
    """The share of right answers over all batches (*inputs, labels (B,)); Refused for answers that are none."""
    _evaluating(model)
    total = count = 0
    for *inputs, labels in judged:
        answers = _numbers(model, inputs, (len(labels), classes), "a number for each class")
        total += (answers.argmax(dim=1).cpu() == labels).sum().item()
        count += len(labels)
    return total / count


def bits(model: Callable, judged: Iterable, classes: int) -> float:
    """Bits per character over batches x, y (B, T), y the letters that follow; the model gives logits (B, T, classes).

    A pair with the logits first will do, as `LanguageModel` gives it. Each row is read from its first letter on, with
    nothing known of what came before. The shares are made here, so they add up to 1.
    Refused for answers that are none, and for a model whose answer changes with letters that come later.
    """
    _evaluating(model)
    total = count = 0
    for x, y in judged:
        logits = _logits(model, x, classes)
        total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
        if not count:
            _expect_the_past_alone(model, x, logits, classes)
        count += y.numel()
    found = total / count / math.log(2)
    if found > MEASURES["bits"].most:
        raise Refused(f"the model needs {found:.3g} bits per character: did the training diverge?")
    return found


JUDGES = {"right": right, "bits": bits}


def _evaluating(model):
    if isinstance(model, nn.Module):
        model.eval()


def _numbers(model, inputs, shape, what):
    shapes = ", ".join(str(tuple(thing.shape)) for thing in inputs)
    answers = model(*(thing.clone() for thing in inputs))
    if what == LOGITS and isinstance(answers, tuple) and answers:
        answers = answers[0]  # the other is a state
    expected = f"expected {shape}, {what}"
    if not isinstance(answers, Tensor):
        raise Refused(f"the model gives {expect.said(answers)} for {shapes}, {expected}")
    if answers.shape != shape:
        raise Refused(f"the model gives the shape {tuple(answers.shape)} for {shapes}, {expected}")
    if not answers.isfinite().all():
        why = (
            "did the training diverge?" if what != LOGITS else "did the training diverge, or has a letter the share 0?"
        )
        raise Refused(f"the model gives NaN or infinity, expected finite numbers: {why}")
    return answers


LOGITS = "a logit for each letter that may come next"


def _logits(model, x, letters):
    logits = _numbers(model, [x], (*x.shape, letters), LOGITS).cpu().double()
    if logits.min() >= 0 and (logits.sum(dim=2) - 1).abs().max() < CLOSE:
        raise Refused("the model gives shares that add up to 1, expected logits: leave the softmax out")
    return logits


def _expect_the_past_alone(model, x, logits, letters):
    """Asked again with other letters from some step of each row on, a model must say the same up to that step."""
    if (_logits(model, x, letters) - logits).abs().max() > CLOSE:
        raise Refused("the model gives other numbers when asked the same again: is a dropout still at work in it?")
    random = torch.Generator().manual_seed(0)
    later = torch.arange(x.shape[1]) >= torch.randint(1, x.shape[1], (len(x), 1), generator=random)  # (B, T)
    others = (x + torch.randint(1, letters, x.shape, generator=random)) % letters
    changed = _logits(model, torch.where(later, others, x), letters)
    if (changed - logits)[~later].abs().max() > CLOSE:
        raise Refused(
            "the model looks ahead: its answer after a letter changes with letters that come later, and the first of "
            "them is the one to predict"
        )
