"""Addresses: a `Query` as a URL and a URL as a `Query`. Pure; every link on every page is made here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from broadsheet import queryparts
from broadsheet.errors import Mistake
from broadsheet.query import Filters, Query, Sort
from broadsheet.text import clean

LIMIT = 10  # hits on a page of the web, when the address does not say
MAX_KEPT = 500  # characters of a question that letters can be had of
MAX_VALUES = 20  # of one filter in one address
MANY = queryparts.MANY  # the address's word -> the field of Filters
_PLAIN = ":@!$()*,;=~"  # signs that may stand in a path as they are


def paper(key: str, suffix: str = "") -> str:
    """Where a paper lives: slashes and colons of its id stay readable."""
    return f"/paper/{quote(key, safe='/' + _PLAIN)}{suffix}"


def named(kind: str, name: str) -> str:
    """The page of an author or a venue."""
    return f"/{kind}/{quote(name, safe=_PLAIN)}"


def search(query: Query, base: str = "/search") -> str:
    """The address that asks *query* again."""
    pairs = parameters(query)
    return f"{base}?{urlencode(pairs, safe='.:/,')}" if pairs else base


def parameters(query: Query) -> list[tuple[str, str]]:
    """What an address says about *query*: the box's words, each filter by itself, and what differs from usual."""
    pairs = [("q", query.box())] if query.box() else []
    pairs += filter_parameters(query.filters)
    if query.sort != "relevance":
        pairs.append(("sort", query.sort))
    if query.verbatim:
        pairs.append(("verbatim", "1"))
    if query.limit != LIMIT:
        pairs.append(("limit", str(query.limit)))
    if query.offset:
        pairs += [("offset", str(query.offset)), ("upto", str(query.upto))]
    return pairs


def filter_parameters(filters: Filters) -> list[tuple[str, str]]:
    pairs = [(word, value) for word, field in MANY.items() for value in getattr(filters, field)]
    if filters.years:
        pairs.append(("year", filters.years))
    if filters.added:
        pairs.append(("added", filters.added))
    return pairs


def filtered(query: Query, **changes: Any) -> Query:
    """The same question from its beginning, its filters changed."""
    return replace(query, filters=replace(query.filters, **changes), offset=0)


def browse_by(field: str, value: str) -> str:
    """`browse` by one value of a field that only the template knows."""
    return browse(**{field: (value,)})


def browse(**filters: Any) -> str:
    """The address of everything that one filter keeps: an author's papers, a venue's."""
    return search(Query(filters=Filters(**filters)))


def inbox(kind: str, value: str = "1") -> str:
    """Where letters are asked for, with one thing chosen: ``/subscribe?topic=cs.CL``."""
    return f"/subscribe?{urlencode([(kind, value)], safe='.:')}"


def inbox_of(query: Query) -> str:
    """The same with what answers *query*: an author's papers, or a search; empty for what asks nothing, or too much."""
    asked, authors = query.canonical(), query.filters.authors
    if len(authors) == 1 and replace(query, filters=replace(query.filters, authors=())).canonical() == "":
        return inbox("author", authors[0])
    return inbox("search", asked) if 0 < len(asked) <= MAX_KEPT else ""


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
        "verbatim": params.get("verbatim", "") in ("1", "true", "on"),
    }
    if wrong:
        raise Mistake(" ".join(wrong))
    return params.get("q", ""), changes


def _filters(params: QueryParams, wrong: list[str]) -> Filters:
    given = {word: _values(params.getlist(word), word, wrong) for word in MANY}
    return queryparts.filters(given | {word: params.getlist(word)[-1:] for word in ("year", "added")}, wrong)


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
