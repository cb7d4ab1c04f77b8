"""The world to papers: one file a format or a source; helpers have an underscore. Knows no store.

A module is a *format*, a *source*, or both. A format, whose bytes may lie in a file, has

``SUFFIXES``                                 file-name endings it is known by, without ``.gz`` or ``.zst``
``sniff(head: bytes, name: str) -> float``   how sure it is, 0 to 1, that a file begins like its own: content first
``parse(stream, *, source, at, skip=0)``     bytes to records, one by one, in constant memory

A source, which can be followed, has

``ABOUT``                                    a `Card`: what it is, for people
``OPTIONS``                                  what an owner may say about it, rows of `settings.Setting`
``FREE``                                     optional: names of options that change nothing about what a part's cursor
                                             means; when another one changes, its parts are read anew
``parts(options)``                           the slices that are read apart, each with a cursor of its own
``due(options, last, now)``                  when it next has something new
``fetch(client, options, part, cursor, now)``  answers, one by one, each with the cursor that goes on after it
``parse(stream, *, source, at, skip=0)``     as above, of one answer

A source that can also complete papers which are here already has ``BATCH`` and ``enrich(client, options, papers)``.
One that can be asked for single papers has ``LOOKUP``, a scheme of ids, and ``lookup(client, options, wanted)``.

`parse` is pure. Each record of the input gives one `Paper`, one `Gone` (the source has taken it back) or, if it is bad,
one `Fault` that says where and why; the first *skip* records are passed over, more cheaply than parsed where that can
be. It raises nothing but `SourceError`, and that only when the bytes themselves break off. *source* and *at* become the
provenance of every field. `fetch` raises `fetch.FetchError` for the network, SourceError for an answer it cannot use.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

from broadsheet.fetch import Client
from broadsheet.paper import Fault, Gone, Paper
from broadsheet.settings import Setting
from broadsheet.sources._lines import utf8

Record = Paper | Fault | Gone
Options = Mapping[str, Any]  # every name of a module's OPTIONS, checked and with its default


class Format(Protocol):
    """What a format module offers."""

    SUFFIXES: tuple[str, ...]

    def sniff(self, head: bytes, name: str) -> float: ...

    def parse(self, stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]: ...


class Card(NamedTuple):
    """A source in words: its *name* as its makers write it, one sentence on *what* it brings, its *home* page."""

    name: str
    what: str
    home: str


class Step(NamedTuple):
    """One answer of a source.

    body    the bytes to parse; empty when the source said that there is nothing
    cursor  what `fetch` is given to go on after this answer; kept in the same transaction as its records
    at      when the source said so, ISO 8601 in UTC: what the provenance of its records says
    note    where we are, for people: ``2026-11-20, page 3``
    total   how many records the whole part is expected to have; 0 when nobody knows
    """

    body: bytes
    cursor: str
    at: str
    note: str = ""
    total: int = 0


class Due(NamedTuple):
    """When a source next has something new (time zone aware), and a sentence for whoever asks why not now."""

    at: datetime
    why: str


class Source(Protocol):
    """What a source module offers."""

    ABOUT: Card
    OPTIONS: tuple[Setting, ...]

    def parts(self, options: Options) -> tuple[str, ...]: ...

    def due(self, options: Options, last: datetime | None, now: datetime) -> Due: ...

    def fetch(self, client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]: ...

    def parse(self, stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]: ...


class Enricher(Protocol):
    """What a source module offers that can also be asked about papers which are here already.

    Its OPTIONS have a *budget*: how many requests a day may be sent for that, 0 for none.
    """

    BATCH: int  # papers that one call of `enrich` is given at most

    def enrich(self, client: Client, options: Options, papers: Sequence[Paper]) -> Iterator[Step]: ...


class Lookup(Source, Protocol):
    """What a source module offers that can be asked for papers by their ids."""

    LOOKUP: str  # the scheme of the ids, which are given without it

    def lookup(self, client: Client, options: Options, wanted: Sequence[str]) -> Iterator[Step]: ...


@cache
def _modules() -> dict[str, Any]:
    import sys

    from broadsheet import registry

    package = sys.modules[__name__]
    return {name: registry.load(package, name) for name in registry.names(package)}


@cache
def formats() -> dict[str, Format]:
    """Every module of this room that can tell its own files by their content, by name."""
    return {name: cast("Format", module) for name, module in _modules().items() if hasattr(module, "sniff")}


@cache
def followable() -> dict[str, Source]:
    """Every module of this room that can be followed, by name."""
    return {name: cast("Source", module) for name, module in _modules().items() if hasattr(module, "fetch")}


@cache
def enrichers() -> dict[str, Enricher]:
    """Every module of this room that can be asked about given papers, by name."""
    return {name: cast("Enricher", module) for name, module in _modules().items() if hasattr(module, "enrich")}


@cache
def lookups() -> dict[str, Lookup]:
    """Every module of this room that can be asked for single papers, by name."""
    return {name: cast("Lookup", module) for name, module in _modules().items() if hasattr(module, "lookup")}


def detect(head: bytes, name: str) -> tuple[str, float]:
    """The format whose `sniff` is surest about the first bytes of a file, and how sure; ``("", 0)`` if none."""
    head = utf8(io.BytesIO(head)).read()
    sure = [(module.sniff(head, name), key) for key, module in formats().items()]
    best, key = max(sure, default=(0.0, ""))
    return (key, best) if best > 0 else ("", 0.0)
