"""The picture of a learner's own records of a challenge, between its marks."""

import textwrap

import matplotlib.pyplot as plt

from rnnlab import figures
from rnnlab.challenge_records import Measure, Record

SIZE = 12  # of the names of marks, in points
WIDE = 32  # letters of a line of them


def history(records: list[Record], marks: dict[str, float], measure: Measure) -> plt.Axes:
    """The means of records in the order of time, a band from the worst seed to the best, a line for each mark."""
    scores = {"you": [measure.factor * record.mean for record in records]}
    ends = tuple([measure.factor * end(record.scores) for record in records] for end in (min, max))
    x = list(range(1, len(records) + 1))
    ax = figures.lines(scores, x=x, xlabel="measured", ylabel=measure.label, spread={"you": ends})
    ax.set(xlim=(0.5, len(x) + 0.5), xticks=x if len(x) < 12 else x[:: len(x) // 6])
    for mark in marks.values():
        ax.axhline(measure.factor * mark, color="black", linewidth=1.5, zorder=1)
    _name(ax, {f"{name}, {measure.said(mark)}": measure.factor * mark for name, mark in marks.items()})
    said = "; ".join(f"a level line, {name}, at {measure.said(mark)}" for name, mark in marks.items())
    return figures.describe(ax, f"{ax.figure.get_label().rstrip('.')}; {said}.")


def _name(ax, levels):
    """Each level's name right of its line, or above the name below it where the two would overlap."""
    low, high = ax.get_ylim()
    points = 72 * ax.figure.get_figheight() * ax.get_position().height / (high - low)  # of one unit of the axis
    where = {"xycoords": ("axes fraction", "data"), "va": "bottom", "annotation_clip": False, "fontsize": SIZE}
    top = -float("inf")
    for name, level in sorted(levels.items(), key=lambda pair: pair[1]):
        text = textwrap.wrap(name, WIDE)
        height = 1.3 * SIZE * len(text) / points
        bottom = max(level - height / 2, top)
        ax.annotate("\n".join(text), (1.01, bottom), **where)
        top = bottom + height
