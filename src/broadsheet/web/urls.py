"""Addresses: a `Query` as a URL and a URL as a `Query`. Pure; every link on every page is made here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from broadsheet.errors import Mistake
from broadsheet.query import Filters, Query, Sort
from broadsheet.querylang import year_span
from broadsheet.text import clean

LIMIT = 10  # hits on a page of the web, when the address does not say
MAX_VALUES = 20  # of one filter in one address

# The address's word -> the field of Filters.
MANY = {"author": "authors", "venue": "venues", "category": "categories", "source": "sources"}


def paper(key: str, suffix: str = "") -> str:
    """Where a paper lives: slashes and colons of its id stay readable."""
    return f"/paper/{quote(key, safe='/:@!$()*,;=~')}{suffix}"


def search(query: Query, base: str = "/search") -> str:
    """The address that asks *query* again."""
    pairs = parameters(query)
    return f"{base}?{urlencode(pairs, safe='.:/,')}" if pairs else base


def parameters(query: Query) -> list[tuple[str, str]]:
    """What an address says about *query*: the box's words, each filter by itself, and what differs from usual."""
    pairs = [("q", box(query))] if box(query) else []
    pairs += filter_parameters(query.filters)
    if query.sort != "relevance":
        pairs.append(("sort", query.sort))
    if query.limit != LIMIT:
        pairs.append(("limit", str(query.limit)))
    if query.offset:
        pairs += [("offset", str(query.offset)), ("upto", str(query.upto))]
    return pairs


def filter_parameters(filters: Filters) -> list[tuple[str, str]]:
    pairs = [(word, value) for word, field in MANY.items() for value in getattr(filters, field)]
    if years := year_text(filters):
        pairs.append(("year", years))
    return pairs


def box(query: Query) -> str:
    """What stands in the search box: as it was typed, unless filters were typed too; those are shown beside it."""
    if query.lookup:
        return query.lookup
    parts = [query.words, *(f'"{phrase}"' for phrase in query.phrases), *(f"-{word}" for word in query.without)]
    return " ".join(part for part in parts if part)


def year_text(filters: Filters) -> str:
    low, high = filters.year_from, filters.year_to
    if low is None and high is None:
        return ""
    return str(low) if low == high else f"{'' if low is None else low}..{'' if high is None else high}"


def filtered(query: Query, **changes: Any) -> Query:
    """The same question from its beginning, its filters changed."""
    return replace(query, filters=replace(query.filters, **changes), offset=0)


def browse_by(field: str, value: str) -> str:
    """`browse` by one value of a field that only the template knows."""
    return browse(**{field: (value,)})


def browse(**filters: Any) -> str:
    """The address of everything that one filter keeps: an author's papers, a venue's."""
    return search(Query(filters=Filters(**filters)))


def asked(params: QueryParams, page_size: int = LIMIT) -> tuple[str, dict[str, Any]]:
    """What an address asks: the box's text, and the rest as the keyword arguments of ``Library.parse``.

    Raises Mistake with everything that is wrong, each with what it got and what would be right.
    """
    wrong: list[str] = []
    changes: dict[str, Any] = {
        "filters": _filters(params, wrong),
        "offset": _number(params, "offset", 0, wrong),
        "limit": _number(params, "limit", page_size, wrong),
        "upto": _number(params, "upto", 0, wrong),
        "sort": cast(Sort, params.get("sort") or "relevance"),
    }
    if wrong:
        raise Mistake(" ".join(wrong))
    return params.get("q", ""), changes


def _filters(params: QueryParams, wrong: list[str]) -> Filters:
    values = {field: _values(params.getlist(word), word, wrong) for word, field in MANY.items()}
    low = high = None
    if text := clean(params.get("year", "")):
        span = year_span(text)
        if span is None:
            wrong.append(f"year is {text[:40]!r}; it must be a year like 2024 or a range like 2021..2024.")
        else:
            low, high = span
    return Filters(low, high, **values)


def _values(raw: Iterable[str], word: str, wrong: list[str]) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(value for value in (clean(item)[:200] for item in raw) if value))
    if len(values) > MAX_VALUES:
        wrong.append(f"{word} is given {len(values)} times; at most {MAX_VALUES} alternatives are read.")
    return values


def _number(params: Mapping[str, str], name: str, usual: int, wrong: list[str]) -> int:
    text = params.get(name, "").strip()
    if not text:
        return usual
    try:
        return int(text[:20])
    except ValueError:
        wrong.append(f"{name} is {text[:40]!r}; it must be a whole number.")
        return usual


def phrase(words: str) -> str:
    """The address that asks for *words* as a phrase."""
    bare = words.replace('"', " ").strip()
    return "/search?" + urlencode([("q", f'"{bare}"' if " " in bare else bare)])
