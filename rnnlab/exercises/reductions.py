"""A part, a mean or a turned copy of something, taken for the thing itself: slips that a change of one place lacks."""

import ast

from .additions import put
from .trees import Edit, words

SHORT = 36  # characters: of a longer thing the sentence would tell the answer

SQUARE = "({}) ** 2"
PARTS = {
    "({})[0]": "the first entry of {}", "({})[-1]": "the last entry of {}", "({})[:1]": "the first entry alone of {}",
    "({})[-1:]": "the last entry alone of {}", "({}).min()": "the smallest of {}", "({}).max()": "the largest of {}",
    "({}).mean()": "the mean of {}", "({}).sum()": "the sum of {}", "({}).abs()": "the absolute value of {}",
    SQUARE: "the square of {}",
    "({}).flip(0)": "{} turned round along axis 0", "({}).flip(1)": "{} turned round along axis 1",
    "({}).mean(0, keepdim=True)": "the mean of {} over axis 0",
    "({}).mean(1, keepdim=True)": "the mean of {} over axis 1",
    "({}).sum(0, keepdim=True)": "the sum of {} over axis 0", "({}).sum(1, keepdim=True)": "the sum of {} over axis 1",
    "({}).amax(1, keepdim=True)": "the maximum of {} over axis 1", "({}).softmax(-1)": "the softmax of {}",
    "({}).log_softmax(-1)": "the log-softmax of {}", "torch.relu({})": "the relu of {}",
    "({}).diagonal()": "the diagonal of {}", "({}).detach()": "{} without its gradient",
    "({})[:, -1]": "the last of axis 1 of {}", "({})[:, 0]": "the first of axis 1 of {}", "sorted({})": "{} sorted",
    "({}).argmax(-1)": "the argmax of {}",  "set({})": "{} without repetitions",
    "({}).lower()": "{} in small letters", "({}).strip()": "{} without the blanks at its ends",
    "len({})": "the length of {}", "({}) > 0": "whether {} is above 0", "1 / ({})": "1 divided by {}",
    "({}).norm()": "the length of {} as one vector",
}  # fmt: skip


def reductions(tree):
    """For each expression, one part or function of it in its place: an `Edit` each."""
    for holder, key, node in list(tree.nodes()):
        taken = isinstance(node, ast.Call | ast.BinOp | ast.Subscript) and not isinstance(holder, ast.Return)
        if taken and isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and len(words(node)) <= SHORT:
            if not (isinstance(holder, ast.Call) and key == "func"):
                for text, what in PARTS.items():
                    if not (text == SQUARE and tree.in_loop(node)):  # squared in each turn, a number grows without end
                        yield Edit("part", holder, key, put(text, node), node, node, what)
