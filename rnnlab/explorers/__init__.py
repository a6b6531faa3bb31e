"""Pictures to play with. Import one from its own module: `from rnnlab.explorers.unroller import Unroller`."""

import importlib
import pkgutil
from types import ModuleType


def names() -> list[str]:
    """The modules that hold an explorer, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")


def without_widgets(model, **_):
    """Jupyter's pre_save_hook that leaves a widget out where its page is saved beside it, so that the page is shown.

    A widget ends with its kernel: opened again, JupyterLab would write "model not found" in its place.
    """
    for cell in model["content"].get("cells", []) if model["type"] == "notebook" else []:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop("application/vnd.jupyter.widget-view+json", None)


def __getattr__(name: str) -> ModuleType:
    if name in {"base", *names()}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"There is no explorer {name!r}. There is: {', '.join(names())}.")
