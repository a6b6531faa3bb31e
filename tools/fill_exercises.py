"""Copy notebooks with every exercise answered by its reference. Usage: fill_exercises.py FOLDER FILE..."""

import ast
import importlib
import pathlib
import sys

import nbformat


def fill(path):
    """The notebook at `path` as a learner leaves it who got everything right, with the outputs it must then show."""
    notebook, done = nbformat.read(path, 4), []
    lesson = importlib.import_module(f"rnnlab.exercises.nb{pathlib.Path(path).stem}")
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "exercise" in tags:
            done.append(ast.parse(cell.source).body[-1].name)
            cell.source = getattr(lesson, done[-1]).source()
        elif "check" in tags:
            cell.outputs[0].text = f"✓ {done[-1]}: correct.\n"
        elif "progress" in tags:
            cell.outputs[0].text = "".join(f"✓ {name}\n" for name in done) + f"{len(done)} of {len(done)} done\n"
    return notebook


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        if folder.resolve() == pathlib.Path(name).resolve().parent:
            sys.exit(f"{folder} is where {name} lies, and would lose the lesson as it is: name another folder")
        nbformat.write(fill(name), folder / pathlib.Path(name).name)
