"""pyroute2's routing family alone: `import pyroute2` would load all its families, 6 MiB that nothing here uses."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

_NAME = "pyroute2"


def stand_in(name: str) -> ModuleType:
    """Make `name` a package whose parts can be imported; its own code runs when somebody asks for a name of its own.

    A package that is loaded already stays as it is.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    package = importlib.util.module_from_spec(spec)
    loader = spec.loader

    def missing(attribute: str) -> Any:
        # The import system asks for parts too; when told that one is not there yet, it loads it by itself.
        dunder = attribute.startswith("__")
        if dunder or "__getattr__" not in vars(package) or importlib.util.find_spec(f"{name}.{attribute}"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}", name=attribute, obj=package)
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    vars(package)["__getattr__"] = missing
    sys.modules[name] = package
    return package


stand_in(_NAME)
AsyncIPRoute: Any = importlib.import_module(f"{_NAME}.iproute.linux").AsyncIPRoute
