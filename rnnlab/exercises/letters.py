"""Sizes read back as the letters of the course: (3, 5) as (B, H)."""

import itertools
import math
import re

import torch

WORDS = r"[A-Za-z_]\w*"
SHAPE = re.compile(rf"((?:{WORDS})(?:(?:, | and )(?:the |last |first )*{WORDS})*) \(([^()]*)\)")
TOKEN = re.compile(r"(\d*)([A-Z])(?:([+-])(\d+))?|(\d+)")


def named_shapes(text):
    """The shapes a text gives to names, such as {"x": ["B", "I"], "h": ["B", "H"]}."""
    found = {}
    for names, shape in SHAPE.findall(text or ""):
        tokens = [token.strip() for token in shape.split(",") if token.strip()]
        if tokens and all(TOKEN.fullmatch(token) for token in tokens):
            for name in re.split(r", | and ", names):
                found.setdefault(name.split()[-1], tokens)
    return found


def shapes_in(text):
    """Every shape a text holds, in order, as lists of letters."""
    shapes = ([t.strip() for t in shape.split(",") if t.strip()] for shape in re.findall(r"\(([^()]*)\)", text or ""))
    return [tokens for tokens in shapes if all(TOKEN.fullmatch(token) for token in tokens)]


class Letters:
    """The letters of one case: read from the docstring of the reference and the sizes of the case's tensors."""

    def __init__(self, text, arguments):
        """text: the docstring; arguments: {name: value} of the case."""
        self.sizes = {}
        self.told = [m[0] for m in TOKEN.finditer(" ".join(re.findall(r"\(([^()]*)\)", text or ""))) if m[1] or m[3]]
        shapes = named_shapes((text or "").partition("->")[0]) | named_shapes(text)
        for name, value in arguments.items():
            if name in shapes and isinstance(value, torch.Tensor) and value.dim() == len(shapes[name]):
                for token, size in zip(shapes[name], value.shape, strict=True):
                    self._learn(token, size)
            elif len(name) == 1 and name.isupper() and type(value) is int:
                self.sizes.setdefault(name, value)
            elif name == "hidden_size" and type(value) is int:
                self.sizes.setdefault("H", value)

    def _learn(self, token, size):
        match = TOKEN.fullmatch(token)
        if match and match[2]:
            size -= int(f"{match[3]}{match[4]}") if match[3] else 0
            many = int(match[1] or 1)
            if size % many == 0:
                self.sizes.setdefault(match[2], size // many)

    def size(self, token):
        """How many a token such as 2H is in this case, or None."""
        match = TOKEN.fullmatch(token)
        if match is None or (match[2] and match[2] not in self.sizes):
            return None
        if not match[2]:
            return int(match[5])
        return int(match[1] or 1) * self.sizes[match[2]] + (int(f"{match[3]}{match[4]}") if match[3] else 0)

    def letter(self, size, likely=None):
        """The one letter of a size, or the number itself; `likely`, what the axis should be, is taken if it fits.

        Multiples such as 2H and neighbours such as T+1 are said of that letter alone, or where the text has them: other
        sizes are so by chance.
        """
        if likely is not None and self.size(likely) == size:
            return likely
        if size <= 1:
            return str(size)
        fits = {name for name, value in self.sizes.items() if value == size}
        fits |= {token for token in self.told if self.size(token) == size}
        n = self.sizes.get(likely, 0)
        if not fits and n:
            near = {f"2{likely}": 2 * n, f"3{likely}": 3 * n}
            near |= {"T+1": n + 1, "T-1": n - 1} if likely == "T" else {}
            fits = {name for name, value in near.items() if value == size and n > 2}
        if not fits and size > 6:
            pairs = itertools.combinations([name for name in self.sizes if self.sizes[name] > 1], 2)
            fits = {f"{a}·{b}" for a, b in pairs if self.sizes[a] * self.sizes[b] == size}
        return fits.pop() if len(fits) == 1 else str(size)

    def many(self, count):
        """A count as a letter or a multiple of one, such as 2H, or the number itself."""
        fits = [
            f"{n if n > 1 else ''}{name}" for n in (1, 2, 3, 4) for name, size in self.numbers() if n * size == count
        ]
        return fits[0] if len(fits) == 1 else str(count)

    def shape(self, shape, likely=()):
        """A shape in letters, such as (B, T, H)."""
        tokens = list(likely) if len(likely) == len(shape) else [None] * len(shape)
        said = [self.letter(size, token) for size, token in zip(shape, tokens, strict=True)]
        return f"({', '.join(said)}{',' if len(said) == 1 else ''})"

    def numbers(self):
        """Every (letter, size) above 1, for naming a factor."""
        return [(name, size) for name, size in self.sizes.items() if size > 1]


def factor(ratio, letters):
    """How a factor is called: 2, 1/2, ln 2, B … or None; several cases decide between two."""
    named = [("2", 2), ("1/2", 0.5), ("ln 2", math.log(2)), ("1 / ln 2", 1 / math.log(2)), ("100", 100), ("4", 4)]
    named += [("3", 3), ("1/3", 1 / 3), ("1/4", 0.25), ("1/100", 0.01)]
    for a, n in letters.numbers():
        named += [(a, n), (f"1 / {a}", 1 / n), (f"√{a}", n**0.5), (f"1 / √{a}", n**-0.5)]
        named += [(f"({a} - 1) / {a}", (n - 1) / n), (f"{a} / ({a} - 1)", n / (n - 1))]
        named += [(f"{a}·{b}", n * m) for b, m in letters.numbers() if b > a]
        named += [(f"1 / ({a}·{b})", 1 / (n * m)) for b, m in letters.numbers() if b > a]
        named += [(f"{a} / {b}", n / m) for b, m in letters.numbers() if b != a]
    for a, n in letters.sizes.items():
        named += [(f"({a} + 1)", n + 1), (f"1 / ({a} + 1)", 1 / (n + 1))]
    return {name for name, value in named if math.isclose(ratio, value, rel_tol=1e-4)}
