"""The rules every stored notebook keeps. Each function yields complaints; a good notebook yields none."""

import ast
import functools
import importlib
import pathlib
import re
import statistics

import nbformat

ROOT = pathlib.Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
DOOR = "expect.takes("  # stands before a function of the package, and not in a cell
CELLS = ("task", "", "check", "hints", "solution")  # of one exercise, in this order
NOTES = r"<details><summary>For the teacher · \d+ min</summary>\n\n([^<]+)\n\n</details>"

# Cells whose output cannot be the same twice, and why. There are few, and no other may carry the tag.
UNSTABLE = {
    ("00_start_here", "versions"): "the versions and cores of this very machine",
    ("06_embeddings", "near"): "vectors after 2,000 steps in float32: two neighbours may change places",
    ("06_embeddings", "map"): "the same vectors, in hundredths",
    ("07_imdb", "curve"): "the curves of two nets trained in float32; the next cell asserts where they end",
    ("07_imdb", "fit"): "the loss of 564 steps in float32: its second digit depends on the processor",
    ("07_imdb", "wrong"): "the worst reviews of that net: their order depends on its third digit",
    ("07_imdb", "verdict"): "the same net, read in thousandths",
    ("08_mnist", "draw"): "the net's beliefs in thousandths, with its weights in 8 bits",
    ("09_language_model", "context-figure"): "what that net gains by reading, in hundredths; asserted before",
    ("09_language_model", "greedy"): "what a net writes after 1,250 steps in float32: one letter changes the rest",
    ("09_language_model", "tempered-texts"): "the same net, letters drawn",
    ("09_language_model", "four-ways"): "the same net, letters drawn",
    ("09_language_model", "next-letter"): "the same net, its weights in 8 bits",
    ("10_attention", "flat"): "two nets after 875 steps in float32; the next cell asserts what is certain",
    ("10_attention", "matrix"): "where that net looks, in hundredths; asserted is how near a path it stays",
    ("10_attention", "say-it"): "the same net's weights, in 8 bits",
}


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")  # as Jupyter has it: the slide goes on


def stored(notebook, path):
    """Every code cell ran, in order, without an error, and shows nothing of the machine it ran on."""
    if path.stat().st_size > 300 * 1024:
        yield f"{path.stat().st_size / 1024:.1f} KiB, at most 300"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    if "widgets" in notebook.metadata or "version" in notebook.metadata.get("language_info", {}):
        yield "carries widget state or a Python version"
    counts = [cell.execution_count for cell in code(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}, expected 1 to {len(counts)}"
    for cell in code(notebook):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"{cell.id}: stores an error or stderr"
            data = output.get("data", {})
            shown = "\n".join([output.get("text", "")] + [v for k, v in data.items() if k.startswith("text/")])
            if "application/vnd.jupyter.widget-view+json" in data:
                yield f"{cell.id}: stores a widget id, which is random"
            shown = re.sub(r"data:image/[^\"]*|<script.*?</script>", "", shown, flags=re.DOTALL)
            for found in re.findall(r"0x[0-9a-f]{6,}|/(?:home|root|tmp|Users|usr)/\S*|cuda:\d|\d\d:\d\d:\d\d", shown):
                yield f"{cell.id}: shows {found!r}"
        if "nbval-ignore-output" in tags(cell) and (path.stem, cell.id) not in UNSTABLE:
            yield f"{cell.id}: is tagged nbval-ignore-output and not listed in UNSTABLE with a reason"


def described(notebook, path):
    """Every picture says what it shows, and every link leads somewhere."""
    for cell in code(notebook):
        for output in cell.outputs:
            data, about = output.get("data", {}), output.get("metadata", {})
            for kind in data:
                if kind.startswith("image/") and len(about.get(kind, {}).get("alt", "")) < 20:
                    yield f"{cell.id}: a picture without alternative text"
            page = re.sub(r"<script.*?</script>", "", data.get("text/html", ""), flags=re.DOTALL)
            for image in re.findall(r"<img\b[^>]*>", page):
                if not re.search(r'\balt="[^"]{20,}"', image):
                    yield f"{cell.id}: an <img> without alternative text"
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        if "<img" in cell.source:
            yield f"{cell.id}: write pictures as ![text](file)"
        for bang, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", cell.source):
            if bang and len(words) < 20:
                yield f"{cell.id}: the picture {target} has no alternative text"
            if not target.startswith(("https://", "#")) and not (path.parent / target.split("#")[0]).exists():
                yield f"{cell.id}: {target} is not there"


def readable(notebook, path):
    """Reads like a page: small cells, text between them, ids that speak."""
    ids = [cell.id for cell in notebook.cells]
    for cell in notebook.cells:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell.id) or re.fullmatch(r"[0-9a-f]{8}", cell.id):
            yield f"{cell.id}: ids are words with dashes"
        if ids.count(cell.id) > 1:
            yield f"{cell.id}: stands {ids.count(cell.id)} times"
    lengths = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code(notebook)]
    if max(lengths) > 30 or statistics.quantiles(lengths, n=10)[-1] > 16:
        yield f"code cells are too long: {sorted(lengths)[-5:]} lines"
    for cell in code(notebook):
        if "exercise" not in tags(cell) and max(map(len, cell.source.splitlines()), default=0) > 100:
            yield f"{cell.id}: a line of more than 100 characters does not fit a projector"
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown" and "teacher" not in tags(cell)]
    if not 1.0 <= len(texts) / len(lengths) <= 1.8:
        yield f"{len(texts)} text cells for {len(lengths)} code cells; the house has 1.1 to 1.7"
    if not texts or not re.match(r"# \d\d · ", texts[0].source) or notebook.cells[0] is not texts[0]:
        yield "the first cell is not '# NN · Title'"


def exercised(notebook, path):
    """Each exercise has its five cells; its stub is no answer, and no line of the reference stands on the page."""
    found = [cell.id for cell in code(notebook) if "exercise" in tags(cell)]
    if not found:
        return
    lesson = importlib.import_module(f"rnnlab.exercises.nb{path.stem}")
    kept = {name for name, thing in vars(lesson).items() if type(thing).__name__ == "Exercise"}
    if kept != {name.replace("-", "_") for name in found}:
        yield f"the page has {sorted(found)}, the module has {sorted(kept)}"
        return
    ids = [cell.id for cell in notebook.cells]
    page = {"".join(line.split()) for cell in notebook.cells for line in _lines(cell)}
    for name in found:
        exercise, at = getattr(lesson, name.replace("-", "_")), ids.index(name) - 1
        if ids[at : at + 5] != [f"{name}-{part}".rstrip("-") for part in CELLS]:
            yield f"{name}: its cells are {ids[at : at + 5]}"
            continue
        task, stub, check, hints, solution = notebook.cells[at : at + 5]
        call = f"{exercise.name} = ex.{exercise.name}.check({exercise.name})"
        if check.source != call or "check" not in tags(check) or not said(check).startswith("· "):
            yield f"{name}: the check cell is not {call!r} with the output of a stub"
        if hints.source != exercise.folded() or len(exercise.hints) != 2:
            yield f"{name}: the hints on the page are not the two of the module"
        if solution.source != f"# ex.{exercise.name}.solution()" or "★" not in task.source or "min" not in task.source:
            yield f"{name}: solution call, stars or minutes"
        if ast.get_docstring(ast.parse(stub.source).body[-1]) is None:
            yield f"{name}: the stub has no docstring"
        given = {"".join(line.split()) for line in stub.source.splitlines()}
        answer = ["".join(line.split()) for line in exercise.source().splitlines()]
        leaked = [line for line in answer if len(line) > 8 and line not in given and line in page]
        if leaked:
            yield f"{name}: on the page stands {leaked}"
        if exercise.source() in str(notebook):
            yield f"{name}: the whole reference is in the file"


def shipped(notebook, path):
    """What a lesson teaches and the package holds under the same name is the same code."""
    for cell in code(notebook):
        if "exercise" in tags(cell):
            continue
        for name, taught in definitions(cell.source).items():
            for module, held in package().items():
                if name in held and held[name] != taught:
                    yield f"{cell.id}: {name} differs from the one in {module}"


def taught(notebook, path):
    """A class sees it in 15 to 30 slides, each exercise and each explorer on its own; the teacher's notes are short."""
    cells = [cell for cell in notebook.cells if slide_type(cell) != "notes"]
    for cell in cells:
        if slide_type(cell) not in ("slide", "-", "skip"):
            yield f"{cell.id}: slide_type is {slide_type(cell)!r}, expected slide, -, skip or notes"
        if re.search("-(check|hints|solution)$", cell.id) and slide_type(cell) != "skip":
            yield f"{cell.id}: is for the learner's own page, not for a slide"
    slides = []
    for cell in cells:
        if slide_type(cell) == "slide":
            slides.append([])
        if slide_type(cell) != "skip":
            (slides or [[]])[-1].append(cell)
    if not 15 <= len(slides) <= 30:
        yield f"{len(slides)} slides, expected 15 to 30"
    shown = {cell.id for slide in slides for cell in slide}
    alone = {cell.id for cell in code(notebook) if "exercise" in tags(cell) or "data-explorer=" in str(cell.outputs)}
    for name in sorted(alone - shown):
        yield f"{name}: is on no slide"
    for slide in slides:
        ids, special = [cell.id for cell in slide], [cell.id for cell in slide if cell.id in alone]
        if any("exercise" in tags(cell) for cell in slide) and ids != [f"{special[0]}-task", special[0]]:
            yield f"{special[0]}: an exercise shares its slide, {ids}"
        if len([cell for cell in slide if cell.cell_type == "code"]) > 1 and special:
            yield f"{special[0]}: an explorer shares its slide, {ids}"
    notes = [(at, cell) for at, cell in enumerate(notebook.cells) if slide_type(cell) == "notes"]
    if not 4 <= len(notes) <= 7:
        yield f"{len(notes)} notes for the teacher, expected 4 to 7"
    for at, cell in notes:
        text = re.fullmatch(NOTES, cell.source)
        if not text or not 25 <= len(text[1].split()) <= 70 or tags(cell) != ["teacher"]:
            yield f"{cell.id}: is not a folded note of 25 to 70 words with the tag teacher"
        before = [other.id for other in notebook.cells[max(0, at - 5) : at]]
        owner = before[0] if cell.id.endswith("-task") else before[-1]  # behind all five cells of an exercise
        if cell.id != f"notes-{owner}" or owner not in shown:
            yield f"{cell.id}: does not stand behind the cell of a slide that it is called after"


def said(cell):
    """What a cell printed."""
    return "".join(output.get("text", "") for output in cell.outputs)


def definitions(source):
    """{name: its syntax} of the functions and classes at the top of `source`: what they compute.

    Without docstrings, without types, and without the decorator that looks at the arguments: a cell that teaches stays
    as plain as a learner would write it, and the package says of the same body what it takes.
    """
    found = {}
    for node in ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", source)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for inner in ast.walk(node):
                if isinstance(inner, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(inner) is not None:
                    inner.body = inner.body[1:] or [ast.Pass()]
                if isinstance(inner, ast.FunctionDef):
                    inner.returns = None
                    inner.decorator_list = [
                        one for one in inner.decorator_list if not ast.unparse(one).startswith(DOOR)
                    ]
                if isinstance(inner, ast.arg):
                    inner.annotation = None
            found[node.name] = ast.dump(node)
    return found


@functools.cache
def package():
    """{module: its definitions} of the rooms lessons import from."""
    files = [file for file in (ROOT / "rnnlab").rglob("*.py") if not {"exercises", "explorers"} & set(file.parts)]
    return {str(file.relative_to(ROOT)): definitions(file.read_text(encoding="utf-8")) for file in files}


def _lines(cell):
    yield from cell.source.splitlines()
    for output in cell.get("outputs", []):
        yield from str(output.get("text", "")).splitlines()


def read(path):
    return nbformat.read(path, 4)


RULES = [stored, described, readable, exercised, shipped, taught]
