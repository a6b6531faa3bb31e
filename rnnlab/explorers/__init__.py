"""Pictures to play with. Import one from its own module: `from rnnlab.explorers.unroller import Unroller`."""

import importlib
import pkgutil
from types import ModuleType

SHARED = {"base", "eight_bits"}  # what explorers are made of


def names() -> list[str]:
    """The modules that hold an explorer, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED)


def __getattr__(name: str) -> ModuleType:
    if name in {*SHARED, *names()}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"There is no explorer {name!r}. There is: {', '.join(names())}.")
