"""The values of a whole result, counted: each a link that keeps only its papers, or takes that back. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from broadsheet.condition import Is, Node, author
from broadsheet.query import Page, Query
from broadsheet.text import fold
from broadsheet.web import urls

AT_ONCE = 6  # values shown before the reader asks for more
_HEADS = {"venue": "Venues", "category": "Categories", "author": "Authors", "source": "Sources", "has": "With"}
_SHOWN = {
    "code": "Code",
    "pdf": "PDF",
    "abstract": "Abstract",
    "data": "Data",
    "project": "Project page",
    "video": "Video",
}
_MANY_EACH = ("author", "category", "source")  # a paper has several: a second one narrows the result further


class Value(NamedTuple):
    """One value, how many papers have it, and the question that it leads to."""

    shown: str
    papers: int
    href: str
    chosen: bool


class Facet(NamedTuple):
    """*first* are shown at once, *more* when asked for."""

    name: str
    head: str
    first: tuple[Value, ...]
    more: tuple[Value, ...]


def facets(page: Page) -> list[Facet]:
    """The values that tell the papers apart: one that all of them have keeps all of them."""
    return [facet for name in _HEADS if (facet := _facet(page, name)) is not None]


def _facet(page: Page, name: str) -> Facet | None:
    values = tuple(value for value in _values(page, name) if value.chosen or value.papers < page.total)
    if not values:
        return None
    return Facet(name, _HEADS[name], values[:AT_ONCE], values[AT_ONCE:])


def _values(page: Page, name: str) -> Iterator[Value]:
    field = urls.MANY[name]
    chosen: tuple[str, ...] = getattr(page.query.filters, field)
    folded = {fold(value): value for value in chosen}
    for value, count in page.facets.get(name, ()):
        known = folded.get(fold(value))
        if known is not None:
            rest = tuple(other for other in chosen if other != known)
            href = urls.search(urls.filtered(page.query, **{field: rest}))
        else:
            href = urls.search(_with(page.query, name, value))
        yield Value(_SHOWN.get(value, value) if name == "has" else value, count, href, known is not None)


def _with(query: Query, name: str, value: str) -> Query:
    """The question, of papers with *value* only."""
    field = urls.MANY[name]
    chosen: tuple[str, ...] = getattr(query.filters, field)
    if chosen and name in _MANY_EACH:
        node: Node = author(value) if name == "author" else Is(name, value)
        return replace(query, where=tuple(dict.fromkeys((*query.where, node))), offset=0)
    kept = (*chosen, value) if name == "has" else (value,)
    return urls.filtered(query, **{field: kept})
