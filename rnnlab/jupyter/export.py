"""A lesson as one HTML file: pictures inside and described, formulas as MathML, nothing fetched when it is opened."""

import base64
import html
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from jinja2 import pass_context
from latex2mathml.converter import convert
from markupsafe import Markup
from nbconvert import filters
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor
from nbformat.v4 import new_output

from rnnlab.jupyter import drawing, leave_out_widgets, sanitise

STYLE = (Path(__file__).parent / "lesson.css").read_text(encoding="utf-8")


class Lesson(Preprocessor):
    """nbconvert's preprocessor for HTML, from Jupyter's menu too: it changes notebooks that import rnnlab alone."""

    def preprocess(self, notebook, resources):
        exporter, ours = self.parent, any(imports_rnnlab(cell) for cell in notebook.cells)
        exporter.register_filter("markdown2html", markdown_to_html if ours else exporter.markdown2html)
        exporter.register_filter("clean_html", sanitise.clean_html if ours else filters.clean_html)
        if ours:
            resources["mathjax_url"] = resources["require_js_url"] = ""
            resources["include_css"] = with_style(resources["include_css"])
            leave_out_widgets(notebook.cells)
            describe_pictures(notebook.cells)
            keep_columns(notebook.cells)
        return notebook, resources


def with_style(include_css: Callable) -> Callable:
    """The template's function of that name, with our style sheet before the first of nbconvert's.

    resources["inlining"], meant for it, is written anew by a preprocessor that comes after this one.
    """
    style = Markup(f"<style>\n{STYLE}</style>\n")
    return lambda name: style + include_css(name) if name == "static/index.css" else include_css(name)


def imports_rnnlab(cell: dict) -> bool:
    return cell.cell_type == "code" and re.search(r"^\s*(from|import) rnnlab\b", cell.source, re.MULTILINE)


def describe_pictures(cells: list) -> None:
    """Put PNG pictures on the page with their alternative text, which nbconvert's template leaves out."""
    for cell in cells:
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt and "image/png" in output.get("data", {}):
                source = "data:image/png;base64," + output.data["image/png"]
                output.data["text/html"] = f'<img src="{html.escape(source)}" alt="{html.escape(alt)}">'


def keep_columns(cells: list) -> None:
    """Mark what is printed as a table, two rows or more with gaps in them, for lesson.css: its lines must not break."""
    for cell in cells:
        for output in cell.get("outputs", []):
            text = output.get("text", "")
            if output.output_type == "stream" and len(re.findall(r"(?m)^.*\S {2,}\S", text)) > 1 and "\x1b" not in text:
                table = f'<pre class="columns">{html.escape(text)}</pre>'
                output.update(new_output("display_data", {"text/html": table, "text/plain": text}))


@pass_context
def markdown_to_html(context, source: str) -> str:
    """nbconvert's filter of that name, with pictures embedded and formulas converted."""
    attachments = context.get("cell", {}).get("attachments", {})
    folder = context["resources"].get("metadata", {}).get("path", "")
    return MarkdownWithMath(Renderer(escape=False, attachments=attachments, path=folder)).render(source)


class Renderer(IPythonRenderer):
    """Markdown in which nothing is left to fetch or to set by a script."""

    def image(self, text, url, title=None):
        return super().image(text, embedded(url, self.path), title)

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, display="block")


def embedded(url: str, folder: str) -> str:
    """The picture at `url`, seen from `folder`, as a data URL; any other address, and a missing file, as it was.

    Pictures of the folder and of its neighbours (../img) are taken, and no file from anywhere else.
    """
    kind, here = mimetypes.guess_type(url)[0] or "", Path(folder).resolve()
    if ":" in url or not kind.startswith("image/"):
        return url
    file = (here / unquote(url)).resolve()
    if not (file.is_file() and file.is_relative_to(here.parent)):
        file = drawing(file.name)
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}" if file else url


def mathml(tex: str, display: str = "inline") -> str:
    r"""A formula as MathML, with the thin space that TeX sets around a name such as \log and the converter does not."""
    name = r"\\(?:log|exp|tanh|max|min)\b"
    tex = re.sub(rf"({name})(?=\s*[\\\w])", r"\1\\,", re.sub(rf"(?<=[\w}}])\s*(?={name})", r"\\,", tex))
    return convert(tex, display=display)
