"""Exercises of lesson 08, MNIST."""

import torch

from rnnlab.models import Reader

from .check import Exercise
from .drawn import looked_up, normal, seeded, whole

# ---- 8.1 ------------------------------------------------------------------------------------------------------------


def as_rows(images):
    """Pictures as sequences of rows, a row a step: images (B, 1, 28, 28) of any dtype -> (B, 28, 28)."""
    return images.squeeze(1)


as_rows = Exercise(
    as_rows,
    cases=lambda: (
        [
            tuple(normal((B, 1, 28, 28), seed=B, dtype=dtype))
            for B, dtype in ((3, torch.float64), (1, torch.float64), (28, torch.float64), (5, torch.float32))
        ]
        + [(whole(255, (2, 1, 28, 28), seed=2)[0].to(torch.uint8),)]
    ),
    returns="(B, 28, 28)",
    hints=(
        "No pixel has to move. One axis of length 1 has to go, and only that one.",
        "`squeeze` takes the number of the axis to drop. Without a number it drops every axis of length 1, and a "
        "batch of one picture loses its batch axis too.",
    ),
    wrong={
        lambda images: images.squeeze(): (
            "Right for most batches. A batch of one picture becomes (28, 28): say which axis `squeeze` may drop."
        ),
        lambda images: images.squeeze(1).transpose(1, 2): (
            "The shape is right, but every picture lies on its side: your steps are columns, not rows."
        ),
        lambda images: images.reshape(28, -1, 28).transpose(0, 1): (
            "The shape is right and the pixels are mixed: 28 came first in your reshape, so each of your pictures "
            "holds rows of several. Keep B in front."
        ),
        lambda images: images.flatten(1): (
            "You made one row of 784 numbers of each picture. The net needs 28 steps of 28: keep the last two axes."
        ),
    },
)

# ---- 8.2 ------------------------------------------------------------------------------------------------------------


def accuracy(model, batches):
    """The share of all examples the model gets right: model, list of (x (B, T, I), labels (B,)) -> a number."""
    right = count = 0
    for x, labels in batches:
        right += (model(x).argmax(dim=1) == labels).sum().item()
        count += len(labels)
    return right / count


def _mean_of_means(model, batches):
    return sum((model(x).argmax(dim=1) == labels).double().mean().item() for x, labels in batches) / len(batches)


def _last_batch(model, batches):
    for x, labels in batches:
        right = (model(x).argmax(dim=1) == labels).double().mean().item()
    return right


def _wrong_axis(model, batches):
    right = count = 0
    for x, labels in batches:
        right += (model(x).argmax(dim=0) == labels).sum().item()
        count += len(labels)
    return right / count


def _sum_of_means(model, batches):
    return sum((model(x).argmax(dim=1) == labels).sum().item() for x, labels in batches) / len(batches)


accuracy = Exercise(
    accuracy,
    cases=lambda: [looked_up(4, 4, 1), looked_up(5, 2), looked_up(6, dtype=torch.float32)],
    returns="a share from 0 to 1",
    hints=(
        "Add up two things over the whole loop: how many were right, and how many there were.",
        "The answer of the model is its largest logit, `argmax(dim=1)`. Divide once, after the loop.",
    ),
    wrong={
        _mean_of_means: (
            "You average the accuracies of the batches. The last batch is smaller, and its examples now count "
            "for more. "
            "Add up right answers and examples; divide once."
        ),
        _last_batch: (
            "You return the accuracy of the last batch alone: the number is overwritten in each turn of the loop."
        ),
        _sum_of_means: (
            "You divide by the number of batches. Right answers have to be divided by the number of examples."
        ),
        _wrong_axis: ("Your argmax runs over the batch (dim=0). The ten logits of one example lie along dim=1."),
    },
)

# ---- 8.3 ------------------------------------------------------------------------------------------------------------


def row_beliefs(net, images):
    """Ten beliefs after each row: net, a Reader of the last row, images (B, 28, 28) -> (B, 28, 10), summing to 1."""
    out, _ = net.recurrent(images)
    return net.head(out).softmax(dim=-1)


def _reader(cell, B, dtype=torch.float64):
    net = seeded(Reader(28, 8, 10, cell=cell).to(dtype), seed=B, scale=0.3).requires_grad_(False)  # it is looked at
    return net, *normal((B, 28, 28), seed=B, dtype=dtype)


def _over_time(net, images):
    out, _ = net.recurrent(images)
    return net.head(out).softmax(dim=1)


def _last_only(net, images):
    out, _ = net.recurrent(images)
    return net.head(out[:, -1]).softmax(dim=-1)


def _logits(net, images):
    out, _ = net.recurrent(images)
    return net.head(out)


def _alone(net, images):
    return torch.stack([net(row[:, None]) for row in images.unbind(1)], dim=1).softmax(dim=-1)


row_beliefs = Exercise(
    row_beliefs,
    cases=lambda: [_reader("gru", 3), _reader("rnn", 5, torch.float32), _reader("lstm", 1)],
    returns="(B, 28, 10)",
    hints=(
        "`net.recurrent` gives an output for every row. `net.head` works on the last axis, however many stand before "
        "it.",
        "Unpack the outputs and the last state, send all the outputs through the head, and make shares of the ten "
        "logits.",
    ),
    wrong={
        _last_only: (
            "This is the belief after the last row alone, (B, 10). Keep all 28 outputs: the head takes (B, 28, "
            "H) as well."
        ),
        _over_time: (
            "Your softmax runs over the rows, so each digit's beliefs add up to 1 over time. It belongs on the "
            "last axis."
        ),
        _logits: (
            "These are logits. Beliefs lie between 0 and 1 and add up to 1 after each row: a softmax is missing."
        ),
        lambda net, images: torch.sigmoid(_logits(net, images)): (
            "A sigmoid looks at each digit by itself, and the ten do not add up to 1. Shares of one whole: a softmax."
        ),
        _alone: (
            "Each row is read alone, from an empty state. After row t the net has read rows 1 to t: use one run "
            "over all rows."
        ),
    },
)  # fmt: skip

# ---- 8.4 ------------------------------------------------------------------------------------------------------------


def permute_rows(images, order):
    """The same new order of rows for every picture: images (B, 28, 28), order (28,) -> (B, 28, 28)."""
    return images[:, order]


def _ordered(B, dtype=torch.float64):
    order = torch.randperm(28, generator=torch.Generator().manual_seed(B))
    return *normal((B, 28, 28), seed=B, dtype=dtype), order


def _own_order(images, order):
    return torch.stack([image[torch.randperm(len(order))] for image in images])


permute_rows = Exercise(
    permute_rows,
    cases=lambda: [_ordered(28), _ordered(30), _ordered(1), _ordered(3, torch.float32)],
    returns="(B, 28, 28)",
    hints=(
        "Indexing with a tensor of numbers picks entries in that order. Along which axis do the rows lie?",
        "A colon keeps an axis as it is. You want every picture, and of each the rows that `order` names.",
    ),
    wrong={
        lambda images, order: images[order]: (
            "You permute the first axis: the pictures change places (and beyond 28 of them some are lost), their "
            "rows do not."
        ),
        lambda images, order: images[:, :, order]: ("You permute the pixels within each row. Rows lie along axis 1."),
        _own_order: (
            "You draw a new order, another one for every picture. A net can get used to one fixed order, "
            "`order`, not to a new one each time."
        ),
        lambda images, order: images[:, order.argsort()]: (
            "Your order is the inverse one: row order[i] of the old picture has to become row i of the new one."
        ),
    },
)
