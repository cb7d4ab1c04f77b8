"""File name = plug-in name: ``load(broadsheet.sources, "bibtex")`` is ``broadsheet/sources/bibtex.py``.

A dotted name is anything importable, so a third party needs no entry point. Nothing is imported before it is used.
"""

import difflib
import importlib
import pkgutil
from types import ModuleType

from broadsheet.errors import UnknownName


def names(package: ModuleType) -> list[str]:
    """Every public module of *package*, sorted, without importing any of them."""
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def load(package: ModuleType, name: str) -> ModuleType:
    """The plug-in *name*: a file of *package*, or a dotted path elsewhere."""
    known = names(package)
    if name in known:
        return importlib.import_module(f"{package.__name__}.{name}")
    if "." in name:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise UnknownName(f"cannot import {name!r}: {error}") from error
    kind = package.__name__.split(".")[-1]
    raise UnknownName(f"no {kind} named {name!r} (have: {', '.join(known)}){near(name, known)}")


def near(name: str, known: list[str]) -> str:
    """``; did you mean 'x'?`` when a known name is close, else nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
