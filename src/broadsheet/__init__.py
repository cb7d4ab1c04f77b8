"""Broadsheet: a self-hosted front page for research. ``broadsheet.open(path)`` is a library, the verbs its methods."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from broadsheet.library import Library

__version__ = "0.1.0"


def open(
    home: "str | Path | None" = None, *, create: bool = True, flags: "Mapping[str, object] | None" = None
) -> "Library":
    """The library in the folder *home*; see `library.open_library`. Nothing heavy is loaded before this call."""
    from broadsheet.library import open_library

    return open_library(home, create=create, flags=flags)
