"""Every drawing of the course, as SVG. `make img` writes img/*.svg; the same words give the same bytes everywhere."""

import html
import pathlib

from rnnlab.figures import COLOUR

FOLDER = pathlib.Path(__file__).parent
INK, QUIET, PAPER = "#1b1b1b", "#5f6368", "#ffffff"
ARROWS = {"arrow": INK, **{f"arrow-{name}": colour for name, colour in COLOUR.items()}}


def drawing(width, height, title, *parts):
    """An SVG page with a title for screen readers; `parts` are elements as text."""
    heads = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0,0L10,5L0,10z" fill="{colour}"/></marker>'
        for name, colour in ARROWS.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="Helvetica, Arial, sans-serif" font-size="18">\n<title>{html.escape(title)}</title>\n'
        f'<defs>{heads}</defs>\n<rect width="{width}" height="{height}" fill="{PAPER}"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def box(x, y, width, height, label="", fill="hidden", round=10):
    """A rounded box in one of the course's colours, lightened, with a label in its middle."""
    shape = (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}" '
        f'fill="{COLOUR[fill]}" fill-opacity="0.28" stroke="{COLOUR[fill]}" stroke-width="2.5"/>'
    )
    return shape + (text(x + width / 2, y + height / 2 + 6, label) if label else "")


def text(x, y, words, size=18, colour=INK, anchor="middle", italic=False):
    """Words; `_` and `^` are plain characters: write h₀ with its own sign."""
    style = ' font-style="italic"' if italic else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{style}>'
        f"{html.escape(str(words))}</text>"
    )


def arrow(x1, y1, x2, y2, colour=None, width=2.5, dash=""):
    """A straight arrow in ink, or in one of the course's colours."""
    head, stroke = (f"arrow-{colour}", COLOUR[colour]) if colour else ("arrow", INK)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{stroke}" stroke-width="{width}"{dashes} '
        f'marker-end="url(#{head})"/>'
    )


def curve(path, colour=None, width=2.5):
    """A curved arrow along an SVG path."""
    head, stroke = (f"arrow-{colour}", COLOUR[colour]) if colour else ("arrow", INK)
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width}" marker-end="url(#{head})"/>'


def one_cell():
    """Lesson 01: one cell with a loop, and the same cell used at five steps."""
    left, y, step = 300, 120, 160
    parts = [
        box(60, y, 96, 64, "cell"), arrow(108, 240, 108, 190, "input"), text(108, 264, "xₜ"),
        arrow(108, 118, 108, 64, "output"), text(108, 50, "hₜ"),
        curve(f"M158,{y + 20} C220,{y - 20} 220,{y + 84} 160,{y + 44}", "hidden"), text(240, y + 40, "=", 30),
    ]  # fmt: skip
    for t, letter in enumerate("hello"):
        x = left + t * step
        parts += [box(x, y, 96, 64, "cell"), arrow(x + 48, 240, x + 48, 190, "input"), text(x + 48, 264, letter),
                  arrow(x + 48, 118, x + 48, 64, "output"), text(x + 48, 50, f"h{'₁₂₃₄₅'[t]}")]  # fmt: skip
        if t < 4:
            parts.append(arrow(x + 98, y + 32, x + step - 4, y + 32, "hidden"))
    return drawing(1080, 290, "One cell with a loop equals the same cell used at each of five steps", *parts)


DRAWINGS = {"one_cell": one_cell}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8", newline="\n")
