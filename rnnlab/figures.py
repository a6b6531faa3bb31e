"""Pictures of the lessons: one style, made for a projector, each with a text that says what it shows."""

import io
import math
import textwrap

import matplotlib.pyplot as plt
import torch
from IPython.display import display
from PIL import Image

# What a colour means is the same in every drawing of the course. The palette: Okabe and Ito (2008), and two of Tol's.
COLOUR = {"input": "#0072B2", "hidden": "#E69F00", "cell": "#009E73", "output": "#CC79A7", "gradient": "#D55E00"}
SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F"]
SERIES += ["#882255", "#999933"]
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)), (0, (3, 6))]
DASHES += [(0, (6, 2, 1, 2)), (0, (2, 2))]
STYLE = {
    "figure.figsize": (9, 4.2), "figure.dpi": 100, "savefig.dpi": 100, "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans", "font.size": 15, "axes.titlesize": 16, "axes.labelsize": 16, "legend.fontsize": 14,
    "lines.linewidth": 3, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25,
    "legend.frameon": False, "image.cmap": "cividis", "figure.facecolor": "white",
}  # fmt: skip


def show(ax):
    """Display the figure that `ax` belongs to as PNG with its alternative text, and close it.

    Raises TypeError if `ax` is no Axes and ValueError if its figure has no text: a picture is never shown without.
    """
    if not isinstance(ax, plt.Axes):
        raise TypeError(f"ax must be a matplotlib Axes, as every function of figures returns, not {type(ax).__name__}.")
    alt = ax.figure.get_label()
    if not alt:
        raise ValueError("ax belongs to a figure without alternative text: call figures.describe(ax, text) first.")
    with io.BytesIO() as raw, io.BytesIO() as small:
        ax.figure.savefig(raw, format="png")
        Image.open(raw).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
        data = {"image/png": small.getvalue(), "text/plain": "<picture>"}
    plt.close(ax.figure)
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def describe(ax, text):
    """Keep `text` as the alternative text of the figure that `ax` belongs to, and return `ax`."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text must say what the picture shows, not {text!r}.")
    ax.figure.set_label(text)
    return ax


@plt.rc_context(STYLE)
def lines(series, *, x=None, xlabel, ylabel, log=False, spread=None, ax=None):
    """Curves over a common axis, told apart by colour and by dash.

    series: {name: values (N,)}; x: (N,), 0 … N-1 unless told; log: a logarithmic y axis;
    spread: {name: (low (N,), high (N,))}, drawn as a band, such as the range over seeds.
    """
    curves = {name: _values(name, values) for name, values in _filled(series).items()}
    ax = _axes(ax)
    said = []
    for number, (name, values) in enumerate(curves.items()):
        at = list(range(len(values))) if x is None else _values("x", x)
        if len(at) != len(values):
            raise ValueError(f"x has {len(at)} values, series {name!r} has {len(values)}: they must be as many.")
        colour, dash = SERIES[number % len(SERIES)], DASHES[number % len(DASHES)]
        ax.plot(at, values, color=colour, linestyle=dash, label=name, marker="o" if len(at) < 12 else None)
        if spread and name in spread:
            ax.fill_between(at, *(_values(name, side) for side in spread[name]), color=colour, alpha=0.18, linewidth=0)
        said.append(f"{name} from {_short(values[0])} to {_short(values[-1])}")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
    if len(curves) > 1:
        ax.legend()
    scale = ", on a logarithmic scale" if log else ""
    return describe(ax, f"{ylabel} against {xlabel}{scale}: {'; '.join(said)}.")


@plt.rc_context(STYLE)
def bars(values, *, ylabel, xlabel="", colour="input", spread=None, ax=None):
    """Named bars with their numbers written on them. values: {name: number}; spread: {name: (low, high)}."""
    heights = _values("values", list(_filled(values).values()))
    if colour not in COLOUR:
        raise ValueError(f"colour must be one of {', '.join(COLOUR)}, not {colour!r}.")
    ax = _axes(ax)
    names = [textwrap.fill(str(name), 9, break_long_words=False) for name in values]  # long ones would touch
    drawn = ax.bar(names, heights, color=COLOUR[colour], edgecolor="black")
    if len(heights) <= 12:
        ax.bar_label(drawn, [_short(height) for height in heights], padding=3)
        ax.margins(y=0.12)
    if spread:
        for place, (name, height) in enumerate(values.items()):
            low, high = spread[name]
            ax.errorbar(place, height, [[height - low], [high - height]], color="black", capsize=6, linewidth=2)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="x", visible=False)
    said = "; ".join(f"{name} {_short(height)}" for name, height in zip(values, heights, strict=True))
    return describe(ax, f"{ylabel}: {said}.")


@plt.rc_context(STYLE)
def matrix(values, *, rows, columns, xlabel="", ylabel="", numbers=True, ax=None):
    """A table of numbers as coloured squares. values: (R, C); rows, columns: R and C labels."""
    table = torch.as_tensor(values, dtype=torch.float64)
    if table.dim() != 2 or table.shape != (len(rows), len(columns)):
        raise ValueError(f"values has shape {tuple(table.shape)}, expected {(len(rows), len(columns))}: its labels.")
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
        dark = table[i, j] < middle
        ax.text(j, i, _short(table[i, j]), ha="center", va="center", color="white" if dark else "black", fontsize=13)
    if not numbers:
        ax.figure.colorbar(image, ax=ax)
    i, j = divmod(table.argmax().item(), len(columns))
    text = f"{len(rows)} by {len(columns)} squares, {ylabel} against {xlabel}, from {_short(table.min())}"
    return describe(ax, f"{text} to {_short(table.max())} at {rows[i]}, {columns[j]}.")


@plt.rc_context(STYLE)
def pictures(images, titles, *, across=8):
    """Small grey pictures in a grid, each with its title. images: (N, height, width) in [0, 1]; titles: N."""
    images = torch.as_tensor(images)
    if images.dim() != 3 or not len(images) or len(images) != len(titles):
        raise ValueError(f"images has shape {tuple(images.shape)}, expected ({len(titles)}, height, width).")
    down = math.ceil(len(images) / across)
    _, grid = plt.subplots(down, across, figsize=(9, 1.5 * down), squeeze=False)
    for ax in grid.flat:
        ax.axis("off")
    for ax, image, title in zip(grid.flat, images, titles, strict=False):
        ax.imshow(image.numpy(), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=14)
    return describe(grid[0, 0], f"{len(images)} pictures: {', '.join(map(str, titles))}.")


def _axes(ax):
    return plt.subplots()[1] if ax is None else ax


def _filled(named):
    if not isinstance(named, dict) or not named:
        raise TypeError(f"expected a dict of names and values with at least one entry, not {type(named).__name__}.")
    return named


def _values(name, values):
    values = torch.as_tensor(values, dtype=torch.float64).flatten()
    if not len(values):
        raise ValueError(f"{name!r} has no values.")
    if values.isnan().any():
        raise ValueError(f"{name!r} has a NaN at {values.isnan().nonzero()[0].item()}.")
    return values.tolist()


def _short(number):
    return f"{float(number):.2g}" if abs(number) < 100 else f"{float(number):.0f}"
