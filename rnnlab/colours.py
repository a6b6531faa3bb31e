"""The colours of the course, once: figures, drawings, still pictures and the scripts of the explorers take them here.

What a colour means is the same in every drawing. The palette: Okabe and Ito (2008), and two of Tol's.
"""

COLOUR = {"input": "#0072B2", "hidden": "#E69F00", "cell": "#009E73", "output": "#CC79A7", "gradient": "#D55E00"}

# Curves that mean none of these, in the order they are drawn.
SERIES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F", "#882255", "#999933"]

# The explorers: NAME for fills and strokes, NAME-ink for text on paper.
LIGHT = {
    "paper": "#ffffff", "raised": "#f4f4f2", "ink": "#1b1b1b", "quiet": "#5c5c5c", "line": "#c9c9c9", **COLOUR,
    "input-ink": "#005c91", "hidden-ink": "#8a5600", "cell-ink": "#00664a", "output-ink": "#94366c",
    "gradient-ink": "#a84700",
}  # fmt: skip
DARK = {
    "paper": "#111111", "raised": "#262626", "ink": "#ededed", "quiet": "#b0b0b0", "line": "#565656",
    "input": "#56B4E9", "hidden": "#F0B030", "cell": "#2CC295", "output": "#E29BC4", "gradient": "#FF8340",
    "input-ink": "#7cc6f2", "hidden-ink": "#f5c054", "cell-ink": "#4fd6ac", "output-ink": "#f0b4d5",
    "gradient-ink": "#ff9c66",
}  # fmt: skip
