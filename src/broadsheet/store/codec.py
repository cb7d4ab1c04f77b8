"""A paper as one JSON text and back: readable with any SQL shell, short, and quick to decode by the million."""

from functools import lru_cache
from typing import Any

import orjson

from broadsheet.paper import SCALARS, Origin, Paper

MAX_ID = 1_000  # bytes; PostgreSQL cannot index a text much longer, and no scheme has one


class Unstorable(ValueError):
    """A paper that no database can hold as it is; the text says why."""


def encode(paper: Paper) -> str:
    """The paper as JSON, empty values left out; raises Unstorable."""
    values = (
        ("title", paper.title), ("ids", paper.ids), ("abstract", paper.abstract), ("authors", paper.authors),
        ("year", paper.year), ("date", paper.date), ("venue", paper.venue), ("categories", paper.categories),
        ("keywords", paper.keywords), ("links", dict(paper.links)), ("licence", paper.licence),
        ("version", paper.version), ("citations", paper.citations), ("extra", dict(paper.extra)),
        ("from", _short(paper) if paper.provenance else None),
    )  # fmt: skip
    try:
        data = orjson.dumps({name: value for name, value in values if value or value == 0}).decode()
    except TypeError as error:
        raise Unstorable(f"the record of {_name(paper)} cannot be written as JSON: {error}") from error
    for identifier in paper.ids:
        if "\x00" in identifier:
            raise Unstorable(f"an id of {_name(paper)} has a NUL character in it")
        if len(identifier) > MAX_ID // 4 and len(identifier.encode()) > MAX_ID:
            raise Unstorable(f"an id of {_name(paper)} has {len(identifier):,} characters; at most {MAX_ID:,} are kept")
    return data


def _name(paper: Paper) -> str:
    """The title, short and printable whatever is in it."""
    return ascii(paper.title[:60])


def _short(paper: Paper) -> list[Any]:
    """``[source, at]`` when every field has one origin, else ``[[source, at, [field, ...]], ...]``."""
    source, at = paper.provenance[0][1]
    if paper.provenance == _stamp(_present(paper), _kinds(paper.links), _kinds(paper.extra), source, at):
        return [source, at]
    groups: dict[Origin, list[str]] = {}
    for name, origin in paper.provenance:
        groups.setdefault(origin, []).append(name)
    return [[*origin, names] for origin, names in groups.items()]


def _kinds(pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple([kind for kind, _ in pairs])


def _present(paper: Paper) -> tuple[bool, ...]:
    """Which of SCALARS have a value, in their order."""
    return (
        paper.title != "", paper.abstract != "", paper.authors != (), paper.year is not None, paper.date != "",
        paper.venue != "", paper.licence != "", paper.version is not None, paper.citations is not None,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _stamp(
    present: tuple[bool, ...], links: tuple[str, ...], extra: tuple[str, ...], source: str, at: str
) -> tuple[tuple[str, Origin], ...]:
    """The provenance of a paper all of whose values come from one origin; shared by all papers alike."""
    names = [name for name, there in zip(SCALARS, present, strict=True) if there]
    names += [f"links.{kind}" for kind in links] + [f"extra.{name}" for name in extra]
    origin = Origin(source, at)
    return tuple((name, origin) for name in sorted(names))


def decode(data: str) -> Paper:
    """The paper that `encode` wrote."""
    get = orjson.loads(data).get
    links, extra, origins = get("links"), get("extra"), get("from")
    paper = Paper(
        get("title", ""), tuple(get("ids", ())), get("abstract", ""), tuple(get("authors", ())), get("year"),
        get("date", ""), get("venue", ""), tuple(get("categories", ())), tuple(get("keywords", ())),
        tuple(links.items()) if links else (), get("licence", ""), get("version"), get("citations"),
        tuple(extra.items()) if extra else (),
    )  # fmt: skip
    if origins:
        # Set on the frozen record before anyone has seen it: the stamp depends on the other fields.
        object.__setattr__(paper, "provenance", _long(paper, origins))
    return paper


def _long(paper: Paper, origins: list[Any]) -> tuple[tuple[str, Origin], ...]:
    if isinstance(origins[0], str):
        source, at = origins
        return _stamp(_present(paper), _kinds(paper.links), _kinds(paper.extra), source, at)
    pairs = [(name, Origin(source, at)) for source, at, names in origins for name in names]
    return tuple(sorted(pairs))
