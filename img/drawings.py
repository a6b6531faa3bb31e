"""Every drawing of the course, as SVG. `make img` writes them here; the same words give the same bytes everywhere."""

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


def curve(path, colour=None, width=2.5, dash=""):
    """A curved arrow along an SVG path."""
    head, stroke = (f"arrow-{colour}", COLOUR[colour]) if colour else ("arrow", INK)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width}"{dashes} marker-end="url(#{head})"/>'


def one_cell():
    """Lesson 01: one cell with a loop, and the same cell used at five steps."""
    left, y, step, wide, high = 372, 104, 144, 84, 68
    parts = [
        box(36, y, wide, high, "cell"), *_input(78, y + high, "xₜ"), *_state_out(78, y, "hₜ"),
        curve(f"M{36 + wide},{y + 18} C{wide + 110},{y - 24} {wide + 110},{y + 92} {40 + wide},{y + 50}", "hidden"),
        text(36 + wide + 30, y - 4, "W_hh", 15, QUIET, "start"), text(88, y + high + 40, "W_ih", 15, QUIET, "start"),
        text(258, y + high / 2 + 10, "=", 34),
        text(left - 76, y + high / 2 + 6, "h₀"), arrow(left - 60, y + high / 2, left - 3, y + high / 2, "hidden"),
        text(left - 34, y + high / 2 - 12, "W_hh", 15, QUIET),
    ]  # fmt: skip
    for t, letter in enumerate("hello"):
        x = left + t * step
        parts += [box(x, y, wide, high, "cell"), *_input(x + wide / 2, y + high, letter),
                  *_state_out(x + wide / 2, y, f"h{'₁₂₃₄₅'[t]}"),
                  text(x + wide / 2 + 10, y + high + 40, "W_ih", 15, QUIET, "start")]  # fmt: skip
        if t < 4:
            parts += [arrow(x + wide + 2, y + high / 2, x + step - 3, y + high / 2, "hidden"),
                      text(x + (wide + step) / 2, y + high / 2 - 12, "W_hh", 15, QUIET)]  # fmt: skip
    return drawing(1080, 284, "One cell with a loop equals the same cell used at each of five steps", *parts)


def _input(x, foot, label):
    """What enters a cell from below, at the middle of its foot."""
    return [arrow(x, foot + 54, x, foot + 3, "input"), box(x - 22, foot + 56, 44, 40, label, "input", 6)]


def _state_out(x, top, label):
    """The state that leaves a cell, at the middle of its top."""
    return [arrow(x, top - 2, x, top - 46, "hidden"), text(x, top - 58, label, 20)]


def four_structures():
    """Lesson 01: what goes in and which answers are read, with the shapes."""
    return drawing(
        1080, 466, "Four ways in and out: one to one, one to many, many to one, many to many in two forms",
        *_structure(30, 0, "one to one", "x (B, 1, I) → y (B, V)", "picture → its name", [0], [0], 1),
        *_structure(340, 0, "one to many", "x (B, 1, I) → y (B, T, V)", "picture → caption", [0], range(4), 4),
        *_structure(730, 0, "many to one", "x (B, T, I) → y (B, V)", "review → good or bad", range(4), [3], 4),
        *_structure(30, 236, "many to many, in step", "x (B, T, I) → y (B, T, V)", "video frames → a label each",
                    range(4), range(4), 4),
        *_structure(500, 236, "many to many, one after the other", "x (B, T, I) → y (B, T′, V)",
                    "English → Korean", range(4), range(3, 6), 6, "eeeddd"),
    )  # fmt: skip


def _structure(x, y, name, shapes, use, inputs, outputs, count, cells="hhhh"):
    """One way in and out: `count` cells, those that read an input, those whose answer is read and fed back."""
    pitch, wide, high = 84, 56, 36
    rows = [y + 66 + row * 62 for row in range(3)]
    parts = [text(x, y + 26, f"{name}: {use}", 19, anchor="start"), text(x, y + 52, shapes, 18, QUIET, "start")]
    for t in range(count):
        left, middle = x + t * pitch, x + t * pitch + wide / 2
        parts.append(box(left, rows[1], wide, high, cells[t]))
        if t < count - 1:
            parts.append(arrow(left + wide + 1, rows[1] + 18, left + pitch - 2, rows[1] + 18, "hidden"))
        if t in inputs:
            parts += [box(left, rows[2], wide, high, "x" if cells[t] == cells[0] else "start", "input"),
                      arrow(middle, rows[2] - 2, middle, rows[1] + high + 3, "input")]  # fmt: skip
        if t in outputs:
            parts += [box(left, rows[0], wide, high, "y", "output"),
                      arrow(middle, rows[1] - 2, middle, rows[0] + high + 3, "output")]  # fmt: skip
        if t in outputs and t + 1 in outputs and t + 1 not in inputs:  # the answer is the next input
            gap = left + (wide + pitch) / 2
            path = f"M{left + wide + 1},{rows[0] + 18} H{gap} V{rows[2] + 4} H{middle + pitch} V{rows[1] + high + 4}"
            parts.append(curve(path, "output", 2, "5 4"))
    return parts


def last_states():
    """Lesson 02: three layers over five steps; `out` is the top row, `h_n` the last column."""
    left, top, across, up, wide, high = 150, 92, 150, 96, 92, 56
    parts = []
    for layer in range(3):
        y = top + (2 - layer) * up
        parts.append(text(left - 34, y + 34, f"layer {layer}", colour=QUIET, anchor="end"))
        for t in range(5):
            x = left + t * across
            parts.append(box(x, y, wide, high, f"h{'₁₂₃₄₅'[t]}"))
            parts.append(arrow(x + wide / 2, y + up - 4, x + wide / 2, y + high + 3, None if layer else "input"))
            if t < 4:
                parts.append(arrow(x + wide + 2, y + high / 2, x + across - 4, y + high / 2, "hidden"))
    for t, letter in enumerate("hello"):
        parts.append(text(left + t * across + wide / 2, top + 3 * up + 18, letter, 22))
    right = left + 4 * across + wide
    frame = '<rect x="{}" y="{}" width="{}" height="{}" rx="16" fill="none" stroke="{}" stroke-width="4"{}/>'
    parts += [
        frame.format(left - 14, top - 12, right - left + 28, high + 24, COLOUR["output"], ""),
        frame.format(right - wide - 24, top - 22, wide + 48, 2 * up + high + 44, INK, ' stroke-dasharray="9 5"'),
        text(left - 10, top - 30, "out (B, T, H): the top layer at every step", 20, anchor="start"),
        text(right + 44, top + up + 22, "h_n (L, B, H)", 20, anchor="start"),
        text(right + 44, top + up + 50, "every layer,", 18, anchor="start"),
        text(right + 44, top + up + 74, "last step", 18, anchor="start"),
    ]
    title = "Three layers over five letters: out is the top row, h_n the last column, and the corner belongs to both"
    return drawing(1080, 412, title, *parts)


def packing():
    """Lesson 02: a padded batch, and the same batch packed: the height of a column is its batch size."""
    words, side, top = ("hello", "eel", "oh"), 60, 84
    parts = [
        text(40, 44, "padded: 15 steps", 20, anchor="start"),
        text(600, 44, "packed: 10 steps", 20, anchor="start"),
        arrow(420, top + 1.5 * side, 540, top + 1.5 * side),
        text(480, top + 1.5 * side - 16, "pack"),
    ]
    for left, packed in (40, False), (600, True):
        for row, word in enumerate(words):
            for t in range(5):
                x, y = left + t * (side + 6), top + row * (side + 6)
                if t < len(word):
                    parts.append(box(x, y, side, side, fill="input"))
                    parts.append(text(x + side / 2, y + side / 2 + 8, word[t], 24))
                elif not packed:
                    parts.append(
                        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" rx="10" fill="none" stroke="{QUIET}" '
                        f'stroke-width="1.5" stroke-dasharray="4 4"/>'
                    )
                    parts.append(text(x + side / 2, y + side / 2 + 7, "0", 20, QUIET))
    foot = top + 3 * (side + 6)
    for t in range(5):
        height = sum(t < len(word) for word in words)
        parts.append(text(600 + t * (side + 6) + side / 2, foot + 30, height, 24))
        parts.append(text(40 + t * (side + 6) + side / 2, foot + 30, f"step {t}", 16, QUIET))
    parts.append(text(944, foot + 30, "batch_sizes", 20, anchor="start"))
    title = "A padded batch of hello, eel, oh, and packed: a staircase with columns of 3, 3, 2, 1 and 1 letters"
    return drawing(1080, 330, title, *parts)


def _unrolled(left, y, step, count, cut=()):
    """The forward half of lesson 03's drawings: h₀ and `count` cells with inputs below and losses above."""
    parts = [text(left - step + 48, y + 38, "h₀", 22)]
    for t in range(1, count + 1):
        x, low = left + (t - 1) * step, "₁₂₃₄₅₆"[t - 1]
        parts += [box(x, y, 96, 64, f"h{low}"), box(x + 16, y - 120, 64, 46, f"L{low}", "output"),
                  arrow(x + 48, y + 130, x + 48, y + 68, "input"), text(x + 48, y + 154, f"x{low}", 22),
                  arrow(x + 62, y - 4, x + 62, y - 70, "output")]  # fmt: skip
        start = x - step + (64 if t == 1 else 98)
        parts.append(arrow(start, y + 18, x - 4, y + 18, "hidden", dash="3 6" if t - 1 in cut else ""))
    return parts


def gradient_paths():
    """Lesson 03: the unrolled graph with the two roads that lead back into every state."""
    left, y, step, count = 180, 170, 190, 4
    parts = _unrolled(left, y, step, count)
    for t in range(1, count + 1):
        x = left + (t - 1) * step
        parts.append(arrow(x + 32, y - 70, x + 32, y - 4, "gradient", 4))
        start = x - step + (64 if t == 1 else 98)
        parts.append(arrow(x - 4, y + 46, start + 2, y + 46, "gradient", 4))
        parts.append(arrow(x + 14, y + 68, x + 14, y + 208, "gradient", 2.5, "7 5"))
    wide = step * (count - 1) + 96
    parts += [text(left - 52 + t * step + 5 * (t > 0), y + 10, "W_hh", 15, QUIET) for t in range(count)]
    parts += [
        box(left, y + 212, wide, 44, "one W_hh: the shares of all steps are added up", "gradient"),
        text(left + wide + 20, y - 90, "from its own loss", 18, COLOUR["gradient"], "start"),
        text(left + wide + 20, y + 52, "from later: nothing here", 18, COLOUR["gradient"], "start"),
    ]  # fmt: skip
    title = "Four unrolled steps. Two gradients come back into each state: from its own loss and from the next state"
    return drawing(1080, 450, title, *parts)


def truncation():
    """Lesson 03: the state goes on through every step, the gradient stops at each cut."""
    left, y, step, count, k = 150, 170, 150, 6, 3
    parts = _unrolled(left, y, step, count)
    for t in range(1, count + 1):
        x = left + (t - 1) * step
        parts.append(arrow(x + 32, y - 70, x + 32, y - 4, "gradient", 4))
        if (t - 1) % k:
            parts.append(arrow(x - 4, y + 46, x - step + 100, y + 46, "gradient", 4))
        elif t > 1:
            middle = x - (step - 96) / 2
            for side in (-8, 8):
                parts.append(f'<line x1="{middle - 8:g}" y1="{y + 46 - side}" x2="{middle + 8:g}" y2="{y + 46 + side}" '
                             f'stroke="{COLOUR["gradient"]}" stroke-width="4"/>')  # fmt: skip
            parts.append(text(middle, y + 86, "detach"))
    for piece in range(count // k):
        x, wide = left + piece * k * step, (k - 1) * step + 96
        parts += [box(x, y + 172, wide, 40, f"piece {piece + 1}: k = {k} steps", "gradient")]
    title = "Six steps in two pieces of three. The state goes on from piece to piece; the gradient stops where one ends"
    return drawing(1020, 400, title, *parts)


def lstm_stages():
    """Lesson 05: the LSTM in four stages; what is new in each is drawn in colour, the rest stays grey."""
    stages = ["1  forget", "2  write", "3  update", "4  show"]
    parts = []
    for number, name in enumerate(stages, 1):
        left = 20 + (number - 1) * 280
        parts += [text(left + 125, 34, name, 20), *_lstm(left, number)]
    title = "An LSTM step in four stages: keep a share of the cell state, make a note, add it, show a share of the sum"
    return drawing(1140, 370, title, *parts)


def _lstm(left, stage):
    """One panel: the belt above, four blocks below it, and the arrows that are in use up to `stage`."""
    belt, foot, down = 90, 210, 310
    used = {"f": 1, "i": 2, "g": 2, "o": 4}
    frame = f'width="250" height="225" rx="14" fill="none" stroke="{QUIET}" stroke-width="1.5"'
    yield f'<rect x="{left}" y="50" {frame}/>'
    yield _line(left - 6, belt, left + 62 if stage < 3 else left + 258, belt, "cell", stage >= 1, head=stage >= 3)
    yield text(left + 18, belt - 12, "c", 18)
    for place, gate in enumerate("figo"):
        x, on = left + 32 + place * 60, stage >= used[gate]
        yield box(x - 22, foot, 44, 40, gate, "hidden") if on else _grey(x - 22, foot, 44, 40, gate)
        yield _line(x, down - 10, x, foot + 44, "input", on)
    yield text(left + 125, down + 14, "xₜ and hₜ₋₁", 18)
    yield _times(left + 74, belt, stage >= 1)
    yield _path(f"M{left + 32},{foot} L{left + 32},150 L{left + 74},150 L{left + 74},{belt + 14}", "hidden", stage >= 1)
    yield _times(left + 122, 165, stage >= 2)
    yield _line(left + 92, foot, left + 114, 178, "hidden", stage >= 2)
    yield _line(left + 152, foot, left + 131, 178, "hidden", stage >= 2)
    if stage >= 3:
        yield _sign(left + 122, belt, "+", True)
        yield _line(left + 122, 152, left + 122, belt + 14, "cell", True)
    if stage >= 4:
        yield f'<path d="M{left + 212},{belt} L{left + 212},106" stroke="{COLOUR["cell"]}" stroke-width="4"/>'
        yield text(left + 212, 122, "tanh", 15)
        yield _times(left + 212, 165, True)
        yield arrow(left + 212, 128, left + 212, 150, "cell", 2.5)
        yield _line(left + 212, foot, left + 212, 179, "hidden", True)
        yield _line(left + 226, 165, left + 262, 165, "hidden", True)
        yield text(left + 267, 145, "h", 18)


def _line(x1, y1, x2, y2, colour, on, head=True):
    if on and head:
        return arrow(x1, y1, x2, y2, colour, 4)
    stroke = COLOUR[colour] if on else "#c9c9c9"
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{stroke}" stroke-width="{4 if on else 2}"/>'


def _path(path, colour, on):
    return curve(path, colour, 3) if on else f'<path d="{path}" fill="none" stroke="#c9c9c9" stroke-width="2"/>'


def _grey(x, y, width, height, label):
    size = f'width="{width}" height="{height}" rx="10"'
    shape = f'<rect x="{x}" y="{y}" {size} fill="none" stroke="#c9c9c9" stroke-width="2"/>'
    return shape + text(x + width / 2, y + height / 2 + 6, label, colour="#8a8a8a")


def _times(x, y, on):
    return _sign(x, y, "×", on)


def _sign(x, y, sign, on):
    ink = INK if on else "#c9c9c9"
    ring = f'<circle cx="{x}" cy="{y}" r="13" fill="{PAPER}" stroke="{ink}" stroke-width="2"/>'
    return ring + text(x, y + 7, sign, 20, ink)


def two_grus():
    """Lesson 05: where the reset gate acts, in the paper's GRU and in PyTorch's."""
    parts = []
    for left, name, reset, product in ((30, "Cho et al. 2014", 140, 230), (560, "PyTorch", 275, 115)):
        gate, matrix, squash = left + reset, left + product, left + 352
        parts += [
            text(left + 245, 36, name, 22),
            text(left + 30, 127, "hₜ₋₁", 20),
            arrow(left + 60, 120, left + min(reset - 14, product - 2), 120, "hidden"),
            box(matrix, 92, 80, 56, "W h + b", "hidden"),
            _sign(gate, 120, "×", True),
            box(gate - 24, 196, 48, 40, "r", "hidden"),
            arrow(gate, 194, gate, 136, "hidden"),
            box(squash, 92, 80, 56, "tanh", "cell"),
            arrow(squash + 82, 120, squash + 122, 120, "output"),
            text(squash + 136, 126, "n", 20),
            arrow(squash + 40, 236, squash + 40, 152, "input"),
            text(squash + 40, 258, "xₜ W + b", 18),
        ]
        ends = sorted([(gate - 14, gate + 14), (matrix, matrix + 80)])
        parts.append(arrow(ends[0][1] + 1, 120, ends[1][0] - 3, 120, "hidden"))
        parts.append(arrow(ends[1][1] + 1, 120, squash - 3, 120, "hidden"))
    title = "The candidate of two GRUs: the reset gate acts before the matrix product in the paper, after it in PyTorch"
    return drawing(1090, 285, title, *parts)


SEVEN = """
............................
............................
............................
............................
............................
............................
............................
......####..................
......################......
......################......
...........#...#######......
...................###......
..................###.......
..................###.......
.................###........
.................##.........
................###.........
...............###..........
...............##...........
..............###...........
.............###............
.............###............
............####............
...........####.............
...........####.............
..........####..............
..........###...............
............................
""".split()  # fmt: skip


def digit_as_rows():
    """Lesson 08: a picture of a digit, its rows as the steps of one sequence, ten beliefs at the end."""
    side, left, top = 9, 30, 54
    parts = [text(left + 14 * side, 36, "one picture (28, 28)")]
    for i, line in enumerate(SEVEN):
        parts += [f'<rect x="{left + side * j}" y="{top + side * i}" width="{side}" height="{side}" fill="{INK}"/>'
                  for j, mark in enumerate(line) if mark == "#"]  # fmt: skip
    outline = f'fill="none" stroke="{COLOUR["input"]}" stroke-width="2"'
    parts.append(f'<rect x="{left}" y="{top}" width="{28 * side}" height="{28 * side}" {outline}/>')
    x, pitch, cell = 350, 130, 80
    for step, row in enumerate((0, 8, 16, 27)):
        at, y = x + step * pitch + (70 if step == 3 else 0), 250
        parts.append(f'<rect x="{left}" y="{top + side * row}" width="{28 * side}" height="{side}" {outline}/>')
        parts += [f'<rect x="{at + cell / 2 + 3.6 * (j - 14):g}" y="{y}" width="3.6" height="14" fill="{INK}"/>'
                  for j, mark in enumerate(SEVEN[row]) if mark == "#"]  # fmt: skip
        parts += [f'<rect x="{at + cell / 2 - 50.4:g}" y="{y}" width="100.8" height="14" {outline}/>',
                  text(at + cell / 2, y + 40, f"row {row + 1}"),
                  arrow(at + cell / 2, y - 4, at + cell / 2, 198, "input"), box(at, 130, cell, 64, "cell")]  # fmt: skip
        dash = "6 6" if step else ""
        parts.append(arrow(at - 48 - (70 if step == 3 else 0), 162, at - 4, 162, "hidden", dash=dash))
    end = x + 3 * pitch + 70 + cell
    parts += [arrow(end + 2, 162, end + 50, 162, "output"), text(end + 66, 36, "ten beliefs")]
    for digit in range(10):
        wide = 84 if digit == 7 else 10 if digit in (1, 9) else 3
        bar = f'x="{end + 80}" y="{48 + 24 * digit}" width="{wide}" height="16"'
        parts += [text(end + 66, 61 + 24 * digit, digit, 16), f'<rect {bar} fill="{COLOUR["output"]}"/>']
    parts.append(text(x + 2 * pitch, 86, "28 steps, the same cell: (B, 28, 28) is (B, T, I)"))
    return drawing(1110, 322, "A picture of a 7 is read as 28 rows by one cell, which ends in ten beliefs", *parts)


def two_readings():
    """Lesson 07: a review and its padding, where the state fades, and the two places to read it at."""
    left, y, step, wide = 40, 150, 92, 72
    words = ["not", "bad", "at", "all", *["<pad>"] * 6]
    parts = []
    for t, word in enumerate(words):
        x = left + t * step + (30 if t == 9 else 0)
        seen = 0.5 ** max(0, t - 3)
        state = f'stroke="{COLOUR["hidden"]}" stroke-width="2.5"'
        parts += [f'<rect x="{x}" y="{y}" width="{wide}" height="60" rx="10" fill="{COLOUR["hidden"]}" '
                  f'fill-opacity="{0.6 * seen:.3f}" {state}/>',
                  arrow(x + wide / 2, y + 104, x + wide / 2, y + 63, "input"),
                  text(x + wide / 2, y + 126, word, 18, INK if t < 4 else QUIET)]  # fmt: skip
        if t:
            gap = 50 if t == 9 else 20
            parts.append(arrow(x - gap, y + 30, x - 3, y + 30, "hidden", dash="6 6" if t == 9 else ""))
    for t, name, note in ((3, "last valid", "out[b, lengths[b] - 1]"), (9, "last padded", "out[:, -1]")):
        x = left + t * step + (30 if t == 9 else 0) + wide / 2
        parts += [arrow(x, y - 3, x, y - 56, "output"), text(x, y - 94, name, 20), text(x, y - 70, note, 16, QUIET)]
    parts.append(text(left + 6.5 * step, y + 166, "the state fades with every pad", 17, QUIET, italic=True))
    return drawing(1060, 336, "A review and its padding: the state is read at the last word or at the last pad", *parts)


def lookup():
    """Lesson 06: a one-hot word times the table of vectors picks one row."""
    side, top, picked = 44, 84, 3
    numbers = [[0.4, -1.1, 0.3], [1.2, 0.5, -0.7], [-0.2, 0.9, 1.6]]
    numbers += [[0.8, -0.3, 1.1], [-1.4, 0.1, 0.6], [0.5, 1.3, -0.9]]
    words = ["<pad>", "<unk>", "the", "film", "was", "good"]
    y = top + picked * side
    parts = [text(40, 44, "one-hot, (V,)", 20, anchor="start"), text(460, 44, "table, (V, I)", 20, anchor="start"),
             text(800, 44, "the vector, (I,)", 20, anchor="start"), text(374, y + 30, "×", 30),
             arrow(668, y + side / 2, 790, y + side / 2, "input")]  # fmt: skip
    for row, word in enumerate(words):
        at, here = top + row * side, row == picked
        parts += [
            _cell(40 + row * (side + 6), y, side, int(here), here),
            text(450, at + 29, f"{row}  {word}", 17, INK if here else QUIET, "end"),
            *(_cell(470 + i * 62, at, 62, f"{number:.1f}", here) for i, number in enumerate(numbers[row])),
        ]
    parts += [_cell(800 + i * 62, y, 62, f"{number:.1f}", True) for i, number in enumerate(numbers[picked])]
    return drawing(1040, 372, "A one-hot word times a table of vectors: the one at place 3 picks row 3", *parts)


def _cell(x, y, wide, label, filled):
    """One number of a vector or a table, coloured if it counts."""
    fill = f'fill="{COLOUR["input"]}" fill-opacity="0.28"' if filled else 'fill="none"'
    shape = f'<rect x="{x}" y="{y}" width="{wide}" height="44" {fill} stroke="{QUIET}" stroke-width="1.5"/>'
    return shape + text(x + wide / 2, y + 29, label, 18, INK if filled else QUIET)


def skip_gram():
    """Lesson 06: a centre word, the company in its window, and words that are drawn as noise."""
    words, left, step, y = ["a", "very", "funny", "film", "with", "good", "jokes"], 40, 140, 120
    middle = lambda t: left + t * step + 60  # noqa: E731
    parts = [f'<rect x="{left + step - 10}" y="{y - 14}" width="{5 * step}" height="72" rx="14" fill="none" '
             f'stroke="{QUIET}" stroke-width="2" stroke-dasharray="6 6"/>',
             text(middle(3), y + 88, "window = 2", 17, QUIET)]  # fmt: skip
    for t, word in enumerate(words):
        near = 0 < abs(t - 3) <= 2
        parts.append(
            box(left + t * step, y, 120, 44, word, "hidden" if t == 3 else "input")
            if near or t == 3
            else text(middle(t), y + 29, word, 18, QUIET)
        )
        if near:
            bend = y - (64 if abs(t - 3) == 2 else 34)
            path = f"M{middle(3)},{y - 2} C{middle(3)},{bend} {middle(t)},{bend} {middle(t)},{y - 4}"
            parts.append(curve(path, "output"))
    parts.append(text(middle(3), 36, "true pairs: score high", 18, COLOUR["output"]))
    for t, word in enumerate(["parking", "who", "1970s"]):
        x = left + (2 + t) * step
        parts += [f'<rect x="{x}" y="{y + 148}" width="120" height="44" rx="10" fill="none" stroke="{QUIET}" '
                  f'stroke-width="2"/>', text(x + 60, y + 176, word, 18, QUIET)]  # fmt: skip
    parts += [text(left + 5 * step + 10, y + 176, "noise, drawn: score low", 18, QUIET, "start"),
              arrow(middle(3), y + 98, middle(3), y + 142, dash="6 6")]  # fmt: skip
    return drawing(1060, 340, "The word film, the four words around it as true pairs, and three drawn as noise", *parts)


DRAWINGS = {
    "one_cell": one_cell,
    "four_structures": four_structures,
    "last_states": last_states,
    "packing": packing,
    "gradient_paths": gradient_paths,
    "truncation": truncation,
    "lstm_stages": lstm_stages,
    "two_grus": two_grus,
    "lookup": lookup,
    "skip_gram": skip_gram,
    "digit_as_rows": digit_as_rows,
    "two_readings": two_readings,
}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw(), encoding="utf-8", newline="\n")
