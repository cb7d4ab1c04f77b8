"""What a template shows, worked out beforehand: the filters in force, the ways to sort, the way out of nothing. Pure
but for `loosened`, which asks the library."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import orjson

from broadsheet.paper import Origin, Paper
from broadsheet.query import SORTS, Filters, Page, Query
from broadsheet.text import join_names
from broadsheet.web import urls

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Copy

SORT_WORDS = {
    "relevance": "Best match", "new": "Newest", "old": "Oldest", "cited": "Most cited", "rising": "Rising"
}  # fmt: skip
_WORD_OF = {field: word for word, field in urls.MANY.items()}
_SAID = {"author": "by ", "venue": "at ", "category": "in ", "source": "from the source ", "has": "with "}


class Chip(NamedTuple):
    """One filter in force, and the question without it."""

    word: str
    value: str
    without: Query

    @property
    def href(self) -> str:
        return urls.search(self.without)


def verbatim(query: Query) -> Query:
    """The question as it was typed: no spelling mended, nobody led to a paper."""
    return replace(query, verbatim=True, offset=0)


def unfiltered(query: Query) -> Query:
    return replace(query, filters=Filters(), offset=0)


class SortLink(NamedTuple):
    words: str
    href: str
    chosen: bool


class Loosened(NamedTuple):
    """A filter, and how many papers there would be without it."""

    chip: Chip
    total: int


def chips(query: Query) -> list[Chip]:
    found = list(_value_chips(query))
    if years := query.filters.years:
        low, high = query.filters.year_from, query.filters.year_to
        words = f"until {high}" if low is None else f"since {low}" if high is None else years.replace("..", " to ")
        found.append(Chip("year", words, urls.filtered(query, year_from=None, year_to=None)))
    if query.filters.added:
        found.append(Chip("added", query.filters.added, urls.filtered(query, added="")))
    return found


def _value_chips(query: Query) -> Iterator[Chip]:
    for field, word in _WORD_OF.items():
        values: tuple[str, ...] = getattr(query.filters, field)
        for value in values:
            rest = tuple(other for other in values if other != value)
            yield Chip(word, value, urls.filtered(query, **{field: rest}))


def sorts(query: Query) -> list[SortLink]:
    """The orders on offer; best match only where there is something to match."""
    words = SORT_WORDS | ({"relevance": "Most similar"} if query.like else {})
    return [
        SortLink(words[sort], urls.search(replace(query, sort=sort, offset=0)), sort == query.sort)
        for sort in SORTS
        if query.asks or sort != "relevance"
    ]


def in_order(query: Query) -> Query:
    """The question in the order that it is shown: filters alone match nothing, so the newest come first."""
    return query if query.asks or query.sort != "relevance" else replace(query, sort="new")


def is_blank(query: Query) -> bool:
    """Nothing asked, nothing kept, no order chosen: a reader who has only opened the page."""
    return not query.asks and not query.filters and query.sort == "relevance"


def loosened(library: "Library", query: Query) -> list[Loosened]:
    """For a question whose filters leave nothing: each filter whose removal alone would bring something."""
    tried = ((chip, library.finder.total(chip.without)) for chip in chips(query)[:8])
    return [Loosened(chip, total) for chip, total in tried if total]


def searched(query: Query) -> list[str]:
    """What was looked for, part by part, in words."""
    said = [f"the words “{query.words}”"] if query.words else []
    said += [f"the phrase “{phrase}”" for phrase in query.phrases]
    said += [f"without “{word}”" for word in query.without]
    said += [f"the condition “{node}”" for node in query.where]
    said += [f"papers like {one}" for one in query.like]
    said += [f"the identifier {query.lookup}"] if query.lookup else []
    return said + [_said(chip) for chip in chips(query)]


def _said(chip: Chip) -> str:
    """``by hinton``, ``since 2015``, ``from 2018 to 2020``, ``of 2018``."""
    if chip.word == "added":
        return f"added {chip.value}"
    if chip.word != "year":
        return f"{_SAID[chip.word]}{chip.value}"
    if not chip.value[0].isdigit():
        return chip.value
    return f"from {chip.value}" if " " in chip.value else f"of {chip.value}"


@dataclass(frozen=True, slots=True)
class Turn:
    """The way to the neighbouring pages, empty where there is none, and where this one stands."""

    previous: str
    next: str
    first: int
    last: int


def turn(page: Page, base: str = "/search") -> Turn:
    """*base* is the path of the page."""

    def at(offset: int | None) -> str:
        return "" if offset is None else urls.search(page.query.turned(offset), base)

    offset = page.query.offset
    return Turn(at(page.previous_offset), at(page.next_offset), offset + 1, offset + len(page.hits))


def chosen_years(filters: Filters) -> tuple[int | None, int | None]:
    return filters.year_from, filters.year_to


class Fact(NamedTuple):
    """One line of where a paper's facts come from: the fields that one origin said."""

    origin: Origin
    fields: tuple[str, ...]


class MadeOf(NamedTuple):
    """What a paper is made of: copies with why they are one, what it said before, papers that are much like it."""

    copies: tuple["Copy", ...]
    before: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]  # day, source, what it said until then
    alike: tuple[tuple[Paper, float, str], ...]


def made_of(library: "Library", paper: Paper) -> MadeOf:
    pk = library.row(paper.key)
    store = library.store
    alike = store.alike(pk)
    near = store.get([one.pk for one in alike])
    told = [(one.at[:10], one.source, _values(orjson.loads(one.before))) for one in store.history(pk)]
    return MadeOf(
        tuple(store.copies(pk)),
        tuple(told),
        tuple((near[one.pk], one.score, one.why) for one in alike if one.pk in near),
    )


def _values(before: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The fields of an earlier version as a reader sees them."""
    texts = ((name, join_names(value) if isinstance(value, list) else str(value)) for name, value in before.items())
    return tuple((name, text or "nothing") for name, text in texts)


def facts(paper: Paper) -> list[Fact]:
    """Provenance, one line for each origin, the latest word first."""
    grouped: dict[Origin, list[str]] = {}
    for field, origin in paper.provenance:
        grouped.setdefault(origin, []).append(field.replace(".", " "))
    return [
        Fact(origin, tuple(grouped[origin])) for origin in sorted(grouped, key=lambda o: (o.at, o.source), reverse=True)
    ]


LINK_WORDS = {
    "page": "Abstract page",
    "pdf": "PDF",
    "code": "Code",
    "project": "Project",
    "data": "Data",
    "video": "Video",
}


def links(paper: Paper) -> list[tuple[str, str]]:
    """(words, address) of a paper's links, what readers want first first; only addresses that a browser may follow."""
    known = dict(paper.links)
    order: list[str] = [kind for kind in ("pdf", "page", "code", "project", "data", "video") if kind in known]
    order += [kind for kind in known if kind not in order]
    return [
        (LINK_WORDS.get(kind, kind.capitalize()), known[kind])
        for kind in order
        if known[kind].lower().startswith(("http://", "https://"))
    ]


def years_prefix(query: Query) -> str:
    """The same question in other years, but for the years: what a bar of the histogram, or dragging over bars, adds."""
    href = urls.search(urls.filtered(query, year_from=None, year_to=None))
    return f"{href}{'&' if '?' in href else '?'}year="


def near_href(text: str) -> str:
    """Where a suggested question leads; *text* is in the language of the box."""
    return "/search?" + urlencode([("q", text)])


def notes(page: Page) -> list[str]:
    """What was changed to understand the question, and what is wrong with the answer; each sentence once."""
    return list(dict.fromkeys(page.query.notes + page.notes))
