"""The world to papers: one file a format or a source; helpers have an underscore. Knows no store.

`files` fetches what lies on this machine. A module with a `sniff` is a format. Every format has

``SUFFIXES``                                 file-name endings it is known by, without ``.gz`` or ``.zst``
``sniff(head: bytes, name: str) -> float``   how sure it is, 0 to 1, that a file begins like its own: content first
``parse(stream, *, source, at, skip=0)``     bytes to records, one by one, in constant memory

`parse` is pure. Each record of the input gives one `Paper` or, if it is bad, one `Fault` that says where and why; the
first *skip* records are passed over, more cheaply than parsed where that can be. It raises nothing but `SourceError`,
and that only when the bytes themselves break off. *source* and *at* become the provenance of every field.
"""

import io
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO, Protocol, cast

from broadsheet.paper import Fault, Paper
from broadsheet.sources._lines import utf8

Record = Paper | Fault


class Format(Protocol):
    """What a format module offers."""

    SUFFIXES: tuple[str, ...]

    def sniff(self, head: bytes, name: str) -> float: ...

    def parse(self, stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]: ...


@cache
def formats() -> dict[str, Format]:
    """Every module of this room that can tell its own files by their content, by name."""
    import sys

    from broadsheet import registry

    package = sys.modules[__name__]
    loaded = {name: registry.load(package, name) for name in registry.names(package)}
    return {name: cast("Format", module) for name, module in loaded.items() if hasattr(module, "sniff")}


def detect(head: bytes, name: str) -> tuple[str, float]:
    """The format whose `sniff` is surest about the first bytes of a file, and how sure; ``("", 0)`` if none."""
    head = utf8(io.BytesIO(head)).read()
    sure = [(module.sniff(head, name), key) for key, module in formats().items()]
    best, key = max(sure, default=(0.0, ""))
    return (key, best) if best > 0 else ("", 0.0)
