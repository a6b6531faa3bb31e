"""The relations that are looked for between what came and what was expected: each a sentence and a test."""

import functools
import itertools

import torch

from .values import near

REDUCTIONS = {
    "sum": lambda x, d: x.sum(d), "mean": lambda x, d: x.mean(d), "last entry": lambda x, d: x.select(d, -1),
    "first entry": lambda x, d: x.select(d, 0), "maximum": lambda x, d: x.amax(d),
    "argmax": lambda x, d: x.argmax(d).double(), "product": lambda x, d: x.prod(d), "norm": lambda x, d: x.norm(dim=d),
}  # fmt: skip
ALONG = {
    "softmax": lambda x, d: x.softmax(d), "log_softmax": lambda x, d: x.log_softmax(d),
    "running sum": lambda x, d: x.cumsum(d), "sort": lambda x, d: x.sort(d).values,
    "running maximum": lambda x, d: x.cummax(d).values,
}  # fmt: skip
ENTRYWISE = {
    "tanh": torch.tanh, "sigmoid": torch.sigmoid, "exp": torch.exp, "log": torch.log, "relu": torch.relu,
    "square": torch.square, "square root": torch.sqrt, "absolute value": torch.abs,
    "rounding": lambda x: x.round() if ((x < 0) | (x > 1)).any() else torch.full_like(x, torch.nan),
}  # fmt: skip


def dims(p):
    return max(x.dim() for pair in p.pairs for x in pair)


def shapes(p):
    """Another shape, the right numbers."""

    def squeezed(a, b, more):
        return a.shape != b.shape and (a.dim() > b.dim()) == more and near(a.squeeze(), b.squeeze())

    yield "The numbers are right, and an axis of length 1 is too many.", functools.partial(squeezed, more=True)

    def narrower(a, b):
        return a.dim() < b.dim() and a.numel() == b.numel() and 1 in b.shape and near(a.reshape(b.shape), b)

    yield "The numbers are right, and an axis of length 1 is missing.", narrower
    for order in _permutations(p):
        said = ", ".join(map(str, order))
        swapped = [d for d, to in enumerate(order) if d != to]
        how = (
            f"axes {swapped[0]} and {swapped[1]} are exchanged"
            if len(swapped) == 2
            else f"the axes need the order {said}"
        )
        yield (
            f"The numbers are right, and {how}.",
            lambda a, b, o=order: a.dim() == len(o) and a.shape != b.shape and near(a.permute(o), b),
        )
    yield (
        "The numbers are right and in the right order; only the shape is not.",
        lambda a, b: a.shape != b.shape and a.numel() == b.numel() and near(a.reshape(b.shape), b),
    )


def _permutations(p):
    for n in range(2, min(dims(p), 4) + 1):
        yield from (order for order in itertools.permutations(range(n)) if order != tuple(range(n)))


def axes(p):
    """A sum, mean, maximum or entry that is still to take, or was taken too early; entries missing or too many."""
    for d in range(dims(p)):
        for name, f in REDUCTIONS.items():
            yield (
                f"One step is missing: the {name} along {p.axis(d, theirs=False)}, of what you return, is the answer.",
                lambda a, b, f=f, d=d: a.dim() == b.dim() + 1 and near(f(a, d), b),
            )
            yield (
                f"A step too many: this is the {name} along {p.axis(d)} of what is expected.",
                lambda a, b, f=f, d=d: b.dim() == a.dim() + 1 and near(a, f(b, d)),
            )
    for name, f in ("sum", torch.sum), ("mean", torch.mean), ("maximum", torch.amax):
        yield (
            f"One step is missing: the {name} of all numbers you return is the answer.",
            lambda a, b, f=f: b.dim() == 0 and a.numel() > 1 and near(f(a), b),
        )
        yield (
            f"A step too many: this is the {name} of all the numbers expected.",
            lambda a, b, f=f: a.dim() == 0 and b.numel() > 1 and near(a, f(b)),
        )
    for d in range(dims(p)):

        def cut(a, b, d, first, more):
            if a.dim() != b.dim() or (a.shape[d] > b.shape[d]) != more or a.shape[d] == b.shape[d]:
                return False
            large, small = (a, b) if more else (b, a)
            n, m = large.shape[d], small.shape[d]
            return m > 0 and near(large.narrow(d, n - m if first else 0, m), small)

        for first, more in itertools.product((False, True), repeat=2):
            counts = {a.shape[d] - b.shape[d] for a, b in p.pairs if a.dim() == b.dim() > d}
            single = len(counts) == 1 and abs(next(iter(counts))) == 1
            which = f"the {'first' if first else 'last'} {'entry' if single else 'entries'} along {p.axis(d)}"
            lack = ("is" if single else "are") + (" too many" if more else " missing")
            said = f"{which[0].upper()}{which[1:]} {lack}; the others are right."
            if not more and all(a.dim() == b.dim() > d and a.shape[d] == 1 for a, b in p.pairs):
                said = f"Only the {'last' if first else 'first'} along {p.axis(d)} comes out; all others are missing."
            yield said, functools.partial(cut, d=d, first=first, more=more)


def signs(p):
    """All zero, turned in sign, upside down, one minus."""
    yield "All the numbers are zero.", lambda a, b: a.abs().max() == 0 and b.abs().max() > 1e-6
    yield "The sign: these are the expected numbers with the other sign.", lambda a, b: near(a, -b)
    yield "This is 1 minus what is expected.", lambda a, b: near(a, 1 - b)
    yield "These are the right numbers upside down: 1 divided by what is expected.", lambda a, b: near(a, 1 / b)


def places(p):
    """Reversed, shifted by one, transposed, mixed."""
    for d in range(dims(p)):
        axis = p.axis(d)
        for which, pick in (("last", -1), ("first", 0)) if p.rich else ():

            def repeated(a, b, d=d, pick=pick):
                return a.shape == b.shape and a.shape[d] > 1 and near(a, b.select(d, pick).unsqueeze(d).expand_as(b))

            yield f"It is the same all along {axis}: the {which} of what is expected, again and again.", repeated
        yield (
            f"The right numbers in reversed order along {axis}.",
            lambda a, b, d=d: a.shape[d] > 1 and near(a.flip(d), b),
        )
        for early in True, False:

            def shifted(a, b, d=d, early=early):
                n = a.shape[d]
                cut = (a[(slice(None),) * d + (slice(n - 1),)], b[(slice(None),) * d + (slice(1, None),)])
                late = (a[(slice(None),) * d + (slice(1, None),)], b[(slice(None),) * d + (slice(n - 1),)])
                return a.shape == b.shape and n > 2 and near(*(cut if early else late))

            yield f"Everything stands one place too {'early' if early else 'late'} along {axis}.", shifted
        yield from _blocks(d, axis)
    for order in _permutations(p):
        swapped = [d for d, to in enumerate(order) if d != to]
        how = f"axes {swapped[0]} and {swapped[1]} exchanged" if len(swapped) == 2 else f"the axes in the order {order}"
        yield (
            f"The shape is right, and the numbers are those expected with {how}.",
            lambda a, b, o=order: a.dim() == len(o) and near(a.permute(o), b),
        )
        if len(swapped) == 2:
            yield (
                "The shape is right and the numbers are mixed: `reshape` or `view` cuts them anew, where axes "
                f"{swapped[0]} and {swapped[1]} have to be exchanged.",
                lambda a, b, o=order: a.dim() == len(o) and near(a, b.permute(o).reshape(a.shape)),
            )


def _blocks(d, axis):
    """Halves, thirds or quarters of an axis, as the directions and gates of a layer are: exchanged, or mixed."""

    def moved(a, b, order):
        blocks = a.unflatten(d, (len(order), -1)) if a.shape[d] > len(order) else None
        return blocks is not None and near(blocks.index_select(d, torch.tensor(order)).flatten(d, d + 1), b)

    def mixed(a, b, n):
        return a.shape[d] > n and near(a.unflatten(d, (-1, n)).transpose(d, d + 1).flatten(d, d + 1), b)

    yield f"The two halves along {axis} are exchanged.", functools.partial(moved, order=[1, 0])
    for n, name in (3, "three"), (4, "four"):
        said = f"The {name} blocks along {axis} stand in another order than they should."
        for order in itertools.permutations(range(n)):
            yield said, functools.partial(moved, order=list(order))
    for n, name in (2, "two halves"), (3, "three blocks"), (4, "four blocks"):
        said = f"The {name} along {axis} alternate, entry by entry; they should stand one behind the other."
        yield said, functools.partial(mixed, n=n)


def functions(p):
    """One function missing or too many."""
    for d in range(dims(p)):
        for name, f in ALONG.items():
            yield f"A {name} along {p.axis(d)} is missing.", lambda a, b, f=f, d=d: b.shape[d] > 1 and near(f(a, d), b)
            yield f"A {name} along {p.axis(d)} too many.", lambda a, b, f=f, d=d: b.shape[d] > 1 and near(a, f(b, d))
    for name, f in ENTRYWISE.items():
        article = "An" if name[0] in "aeiou" else "A"
        yield f"{article} {name} is missing.", lambda a, b, f=f: near(f(a), b)
        yield f"{article} {name} too many.", lambda a, b, f=f: near(a, f(b))


def orders(p):
    """The right numbers, or rows, in another order."""

    def rows(a, b, d):
        if a.shape != b.shape or a.dim() < 2 or a.shape[d] < 2 or a.numel() > 20000:
            return False
        left = list(b.unbind(d))
        for row in a.unbind(d):
            found = next((i for i, other in enumerate(left) if near(row, other)), None)
            if found is None:
                return False
            left.pop(found)
        return True

    for d in range(dims(p)):
        yield f"The right entries in another order along {p.axis(d)}.", functools.partial(rows, d=d)
    yield (
        "The right numbers in another order.",
        lambda a, b: a.shape == b.shape and a.numel() > 2 and near(a.flatten().sort()[0], b.flatten().sort()[0]),
    )
