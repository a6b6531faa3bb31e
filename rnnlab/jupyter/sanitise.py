"""What JupyterLab's menu keeps of a lesson: it asks nbconvert to sanitise, which by itself leaves but words."""

import json
import re
from pathlib import Path

import bleach
from bleach.css_sanitizer import CSSSanitizer

TEXT = (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s span strong sub"
)
TEXT += " summary sup table tbody td th thead tr ul"
MATH = "math mfrac mi mn mo mover mrow mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
ATTRIBUTES = dict.fromkeys(
    MATH.split(), ["display", "displaystyle", "fence", "mathvariant", "stretchy", "width", "xmlns"]
)
ATTRIBUTES |= {"*": ["class", "id"], "td": ["style"], "th": ["style"]}
ATTRIBUTES["a"] = lambda _, name, value: (
    name in ("class", "title") or (name == "href" and re.match(r"https?:|mailto:|#|[\w./%-]+(#[\w-]*)?$", value))
)
ATTRIBUTES["img"] = lambda _, name, value: (
    name in ("alt", "title") or (name == "src" and re.fullmatch(r"data:image/[a-z+]+;base64,[\w+/=]+", value))
)
EXPLORER = re.compile(
    r'\s*<div data-explorer="(?P<key>\w+)">(?P<image><img [^>]*>)</div>\n'
    r'<script type="module">\n(?P<script>.*)\nawaken\(explorer, "(?P=key)", (?P<state>\{.*\})\);\n</script>\s*',
    re.DOTALL,
)


def clean_html(element: str | bytes) -> str:
    """nbconvert's filter of that name: text, tables, pictures, formulas, our explorers; no other script."""
    element = element.decode() if isinstance(element, bytes) else str(element)  # a template may encode a drawing
    found = EXPLORER.fullmatch(element)
    if found and is_ours(found["script"]) and is_data(found["state"]):
        return element.replace(found["image"], without_scripts(found["image"]))
    return without_scripts(element)


def without_scripts(element: str) -> str:
    """The element with nothing that could run; a picture must lie in it."""
    element = re.sub(
        r"(?is)<(script|style)\b.*?</\1\s*>", "", element
    )  # bleach takes their tags and leaves their words
    return bleach.clean(
        element,
        tags=[*TEXT.split(), *MATH.split()],
        attributes=ATTRIBUTES,
        protocols=["http", "https", "mailto", "data"],
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
        strip=True,
    )


def is_ours(script: str) -> bool:
    """True for the script of an explorer: its colours, then files of this package one behind the other."""
    colours, _, rest = script.replace("const explorer =", "export default").partition("\n")
    files = (Path(__file__).parents[1] / "explorers").glob("*.js")
    known = [file.read_text(encoding="utf-8").strip() for file in files]
    while start := next((text for text in known if rest.startswith(text)), ""):
        rest = rest.removeprefix(start).strip()
    return not rest and colours.startswith("const TONES = ") and is_data(colours[len("const TONES = ") : -1])


def is_data(state: str) -> bool:
    """True for JSON that cannot end the script it stands in."""
    try:
        return "<" not in state and isinstance(json.loads(state), dict)
    except ValueError:
        return False
