"""Pictures of the lessons: one style, made for a projector, each with a text that says what it shows."""

import io
import math
import textwrap
from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from PIL import Image
from torch import Tensor

from rnnlab import expect, figure_checks
from rnnlab.colours import COLOUR, LIGHT, SERIES

DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)), (0, (3, 6))]
DASHES += [(0, (6, 2, 1, 2)), (0, (2, 2))]
STYLE = {
    "figure.figsize": (9, 4.2), "figure.dpi": 100, "savefig.dpi": 100, "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans", "font.size": 15, "axes.titlesize": 16, "axes.labelsize": 16, "legend.fontsize": 14,
    "lines.linewidth": 3, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
    "legend.frameon": False, "image.cmap": "cividis", "figure.facecolor": "white",
}  # fmt: skip
READ_OUT = 40  # squares of a matrix that its description gives one by one


def show(ax: plt.Axes) -> None:
    """Display the figure that `ax` belongs to as PNG with its alternative text, and close it.

    Raises TypeError if `ax` is no Axes and ValueError if its figure has no text: a picture is never shown without.
    """
    alt = figure_checks.axes(ax).figure.get_label()
    if not alt:
        raise ValueError("ax belongs to a figure without alternative text: call figures.describe(ax, text) first.")
    with io.BytesIO() as raw, io.BytesIO() as small:
        ax.figure.savefig(raw, format="png")
        Image.open(raw).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
        data = {"image/png": small.getvalue(), "text/plain": "<picture>"}
    plt.close(ax.figure)
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def describe(ax: plt.Axes, text: str) -> plt.Axes:
    """Keep `text` as the alternative text of the figure that `ax` belongs to, and return `ax`.

    Raises TypeError if `ax` is no Axes and ValueError if there is no text.
    """
    figure_checks.axes(ax)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text must say what the picture shows, not {text!r}.")
    ax.figure.set_label(text)
    return ax


@plt.rc_context(STYLE)
def lines(
    series: dict[str, Sequence[float] | Tensor],
    *,
    x: Sequence[float] | Tensor | None = None,
    xlabel: str,
    ylabel: str,
    log: bool = False,
    spread: dict[str, tuple] | None = None,
    level: dict[str, float] | None = None,
    highlight: dict[str, str] | None = None,
    ax: plt.Axes | None = None,
) -> plt.Axes:
    """Curves over a common axis, told apart by colour and by dash.

    series: {name: values (N,)}, up to ten; x: (N,), 0 … N-1 unless told; log: a logarithmic y axis;
    spread: {name: (low (N,), high (N,))}, drawn as a band, such as the range over seeds;
    level: {name: value}, thin level lines to compare with, such as a guess;
    highlight: {name: a colour of COLOUR}: these stand out, the others are grey and named at their peak.
    Raises TypeError or ValueError where a number is missing, NaN, infinite, or not positive on a logarithmic axis.
    """
    expect.text("xlabel", xlabel), expect.text("ylabel", ylabel), expect.flag("log", log)
    series = figure_checks.filled("series", series)
    curves = {name: figure_checks.row(f"series {name!r}", values, log) for name, values in series.items()}
    level = {} if level is None else expect.kind("level", level, dict, "a dict of names and numbers")
    levels = {name: figure_checks.row(f"level {name!r}", [value], log)[0] for name, value in level.items()}
    bands = figure_checks.ranges(spread, curves, log)
    at = None if x is None else figure_checks.row("x", x)
    for name, values in curves.items():
        figure_checks.as_long("x", at or values, name, values)
    if len(curves) > len(SERIES) and not highlight:
        raise ValueError(f"series has {len(curves)} curves, and only {len(SERIES)} can be told apart: highlight some.")
    for _, colour in figure_checks.of("highlight", highlight, curves):
        figure_checks.colour(colour)
    ax = _axes(ax)
    said = []
    for number, (name, values) in enumerate(curves.items()):
        steps = at or list(range(len(values)))
        look = {"color": SERIES[number % len(SERIES)], "linestyle": DASHES[number % len(DASHES)]}
        if highlight:
            front = {"linewidth": 4.5, "zorder": 3, "linestyle": "-"}
            look = {"color": COLOUR[highlight[name]], **front} if name in highlight else {"color": LIGHT["line"]}
            _name_at_peak(ax, name, steps, values, max(map(max, curves.values())))
        ax.plot(steps, values, label=name, marker="o" if len(steps) < 12 and not highlight else None, **look)
        if name in bands:
            ax.fill_between(steps, *bands[name], color=look["color"], alpha=0.18, linewidth=0)
        said.append(f"{name} from {_short(values[0])} to {_short(values[-1])}")
    for name, value in levels.items():
        ax.axhline(value, color="black", linewidth=1.5, label=name, zorder=1)
        said.append(f"a level line, {name}, at {_short(value)}")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
    if len(said) > 1 and not highlight:
        ax.legend()
    scale = ", on a logarithmic scale" if log else ""
    return describe(ax, f"{ylabel} against {xlabel}{scale}: {'; '.join(said)}.")


@plt.rc_context(STYLE)
def bars(
    values: dict[str, float],
    *,
    ylabel: str,
    xlabel: str = "",
    colour: str = "input",
    spread: dict[str, tuple[float, float]] | None = None,
    ax: plt.Axes | None = None,
) -> plt.Axes:
    """Named bars with their numbers written on them.

    values: {name: number}; a name may have two lines; spread: {name: (low, high)}, a thin line from one to the other.
    Raises TypeError or ValueError where a number is missing, NaN or infinite, or a range does not hold its value.
    """
    expect.text("ylabel", ylabel), expect.text("xlabel", xlabel, empty=True)
    heights = figure_checks.row("values", list(figure_checks.filled("values", values).values()))
    ends = figure_checks.ranges(spread, {name: [height] for name, height in zip(values, heights, strict=True)})
    for name, ((low,), (high,)) in ends.items():
        if not low <= values[name] <= high:
            raise ValueError(f"spread of {name!r} goes from {low:g} to {high:g}: {float(values[name]):g} is outside.")
    figure_checks.colour(colour)
    ax = _axes(ax)
    # Long names would touch.
    names = ["\n".join(textwrap.fill(part, 9, break_long_words=False) for part in str(n).split("\n")) for n in values]
    ax.bar(names, heights, color=COLOUR[colour], edgecolor="black")
    for place, (name, height) in enumerate(zip(values, heights, strict=True)):
        (low,), (high,) = ends.get(name, ([height], [height]))
        if spread:
            ax.errorbar(place, height, [[height - low], [high - height]], color="black", capsize=6, linewidth=2)
        if len(heights) <= 12:
            end, side = (high, "bottom") if height >= 0 else (low, "top")
            where = {"xytext": (0, 5 if height >= 0 else -5), "textcoords": "offset points", "ha": "center", "va": side}
            ax.annotate(_short(height), (place, end), **where)
    if len(heights) <= 12:
        ax.margins(y=0.12)
    if min(heights) < 0:
        ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="x", visible=False)
    said = "; ".join(f"{_line(name)} {_short(height)}" for name, height in zip(values, heights, strict=True))
    return describe(ax, f"{ylabel}: {said}.")


@plt.rc_context(STYLE)
def matrix(
    values: Sequence[Sequence[float]] | Tensor,
    *,
    rows: Sequence,
    columns: Sequence,
    what: str = "",
    xlabel: str = "",
    ylabel: str = "",
    numbers: bool = True,
    ax: plt.Axes | None = None,
) -> plt.Axes:
    """A table of numbers as coloured squares.

    values: (R, C); rows, columns: R and C labels; what: what the numbers are; numbers: written on the squares, else
    a bar says what a colour means. Raises ValueError if the table is empty, not of this shape, or not finite.
    """
    for name, text in {"what": what, "xlabel": xlabel, "ylabel": ylabel}.items():
        expect.text(name, text, empty=True)
    rows, columns = figure_checks.labels("rows", rows), figure_checks.labels("columns", columns)
    table, _ = figure_checks.numbers("values", values).double(), expect.flag("numbers", numbers)
    if table.dim() != 2 or table.shape != (len(rows), len(columns)) or not table.numel():
        raise ValueError(
            f"values has shape {tuple(table.shape)}, expected {(len(rows), len(columns))}, a row and a column at least."
        )
    if not table.isfinite().all():
        raise ValueError("values must be finite; there is a NaN or an infinity in it.")
    ax = _axes(ax)
    image = ax.imshow(table.numpy(), aspect="auto")
    ax.set_xticks(range(len(columns)), list(map(str, columns)))
    ax.set_yticks(range(len(rows)), list(map(str, rows)))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(visible=False)
    middle = (table.max() + table.min()) / 2
    for i, j in torch.cartesian_prod(torch.arange(len(rows)), torch.arange(len(columns))).tolist() if numbers else ():
        dark = table[i, j] < middle or table.min() == table.max()  # of equal numbers all are drawn darkest
        ax.text(j, i, _short(table[i, j]), ha="center", va="center", color="white" if dark else "black", fontsize=14)
    if numbers:
        ax.set_title(what)
    else:
        ax.figure.colorbar(image, ax=ax, label=what)
    head = f"{what}, " * bool(what) + f"{len(rows)} by {len(columns)} squares, {ylabel} against {xlabel}"
    if numbers and table.numel() <= READ_OUT:
        said = [f"{row} {', '.join(map(_short, line))}" for row, line in zip(rows, table.tolist(), strict=True)]
        return describe(ax, f"{head} ({', '.join(map(str, columns))}): {'; '.join(said)}.")
    i, j = divmod(table.argmax().item(), len(columns))
    return describe(ax, f"{head}, from {_short(table.min())} to {_short(table.max())} at {rows[i]}, {columns[j]}.")


@plt.rc_context(STYLE)
def pictures(images: Tensor, titles: Sequence, *, across: int = 8) -> plt.Axes:
    """Small grey pictures in a grid, each with its title.

    images: (N, height, width), from 0 paper to 1 ink; titles: N; across: how many stand side by side.
    Raises ValueError for anything else, such as bytes from 0 to 255 that were not divided.
    """
    images, titles = figure_checks.numbers("images", images), figure_checks.labels("titles", titles)
    if images.dim() != 3 or not images.numel() or len(images) != len(titles):
        raise ValueError(f"images has shape {tuple(images.shape)}, expected ({len(titles)}, height, width).")
    if not (images.isfinite().all() and 0 <= images.min() and images.max() <= 1):
        low, high = images.min().item(), images.max().item()
        raise ValueError(f"images goes from {low:g} to {high:g}, expected numbers from 0, paper, to 1, ink.")
    if not isinstance(across, int) or across < 1:
        raise ValueError(f"across must be a whole number of at least 1, not {across!r}.")
    across = min(across, len(images))
    down, wide = math.ceil(len(images) / across), min(9 / across, 2.4)
    _, grid = plt.subplots(down, across, figsize=(across * wide, (wide + 0.375) * down), squeeze=False)
    for ax in grid.flat:
        ax.axis("off")
    for ax, image, title in zip(grid.flat, images, titles, strict=False):
        ax.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=14)
    return describe(grid[0, 0], f"{len(images)} picture{'s' * (len(images) > 1)}: {', '.join(map(str, titles))}.")


def _name_at_peak(ax, name, at, values, most):
    """Write the name of a curve above its largest value, if the curve ever comes near the others."""
    peak = max(range(len(values)), key=values.__getitem__)
    if values[peak] > 0.2 * most:
        where = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
        ax.annotate(name, (at[peak], values[peak]), fontweight="bold", zorder=4, **where)


def _axes(ax):
    return plt.subplots()[1] if ax is None else figure_checks.axes(ax)


def _line(name):
    return str(name).replace("\n", ", ")


def _short(number):
    return f"{float(number):.2g}" if abs(number) < 99.5 else f"{float(number):.0f}"
