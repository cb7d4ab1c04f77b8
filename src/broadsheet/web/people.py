"""The pages of authors and venues. Each is a question with one filter, its papers counted in every way.

One search gives the papers and all counts; the topics are read off the newest titles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.condition import And, author
from broadsheet.query import Filters, Page, Query, Sort
from broadsheet.text import clean, clip, title_key
from broadsheet.web import filling, site, urls, views, who
from broadsheet.web.http import PAGE, answer
from broadsheet.web.site import Site

Counted = Sequence[tuple[str, int]]

SORTS: tuple[Sort, ...] = ("new", "cited", "rising")
COUNTED = ("year", "venue", "category", "author")
TOPICS = 12
MAX_NAME = 500  # characters; a longer one is nobody's
LONGEST_SHOWN = 120  # characters of a name that nobody has


class Beside(NamedTuple):
    """A name or value that some of the papers have, how many, its own page, and the search for just these papers."""

    shown: str
    papers: int
    href: str
    together: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the page says of an author or a venue beside the list of papers.

    name      as most papers spell it
    span      its first year and its last; empty when no paper has one
    people    who wrote the papers, or wrote them too
    whole     whether somebody has just this name; else it is a part of others'
    longer    other names that the asked one is part of, whose papers are counted here as well
    """

    kind: str
    name: str
    papers: int
    span: str
    people: tuple[Beside, ...]
    whole: bool
    longer: tuple[Beside, ...]
    venues: tuple[Beside, ...]
    categories: tuple[Beside, ...]
    topics: tuple[tuple[str, str], ...]
    orders: tuple[views.SortLink, ...]


def shown(request: Request, kind: str) -> Response:
    """The page of the author or venue in the address."""
    here = site.of(request)
    name = clean(request.path_params["name"])
    if not name or len(name) > MAX_NAME:
        return _unknown(here, kind, name)
    page = here.library.search(_asked(request, here, kind, name))
    base = urls.named(kind, name)
    if not page.total:
        return _unknown(here, kind, name)
    if not page.hits and page.query.offset:
        return RedirectResponse(base, 302, {"cache-control": "no-cache"})
    body = here.render(
        "person.html", query=page.query, page=page, one=_profile(here, kind, name, page), views=views,
        turn=(turn := views.turn(_bare(page), base)), base=base,
        entries=filling.of_hits(request, page.hits, turn.first),
    )  # fmt: skip
    return answer(request, body, cache="private, no-cache" if who.reader(request) else "no-cache")


def _asked(request: Request, here: Site, kind: str, name: str) -> Query:
    """All papers of the author or venue, in the order and from the place that the address says."""
    _, given = urls.asked(request.query_params, here.page_size)
    given |= {"filters": _filter(kind, name)}
    if not request.query_params.get("sort"):
        given["sort"] = "new"
    return replace(who.parse(request, "", **given), facets=COUNTED)


def _filter(kind: str, name: str) -> Filters:
    return Filters(authors=(name,)) if kind == "author" else Filters(venues=(name,))


def _bare(page: Page) -> Page:
    """The page without its filter, which its address says already."""
    return replace(page, query=replace(page.query, filters=Filters()))


def _profile(here: Site, kind: str, name: str, page: Page) -> Profile:
    within = Query(filters=_filter(kind, name))
    counted = page.facets
    named = _Names(name, counted["author"] if kind == "author" else counted["venue"])
    written = named.others if kind == "author" else counted["author"]
    topics = here.library.topics(within, TOPICS)
    return Profile(
        kind=kind,
        name=named.usual,
        papers=page.total,
        span=_span(page),
        people=tuple(_person(within, *one) for one in written),
        whole=named.whole,
        longer=tuple(Beside(one, count, urls.named(kind, one), "") for one, count in named.longer),
        venues=tuple(_venue(within, *one) for one in counted["venue"]) if kind == "author" else (),
        categories=tuple(_category(within, *one) for one in counted["category"]),
        topics=tuple((topic, urls.search(replace(within, phrases=(topic,)))) for topic in topics),
        orders=tuple(_orders(urls.named(kind, name), page.query)),
    )


class _Names:
    """The names of the papers' authors (or venues), by what they have to do with the wanted one."""

    def __init__(self, name: str, counted: Counted) -> None:
        wanted = title_key(name)
        keys = {one: title_key(one) for one, _ in counted}
        same = [one for one, _ in counted if keys[one] == wanted]
        self.whole = bool(same)
        self.usual = same[0] if same else name  # the commonest stands first
        self.longer = [one for one in counted if keys[one[0]] != wanted and f" {wanted} " in f" {keys[one[0]]} "]
        self.others = [one for one in counted if one[0] not in same and one not in self.longer]


def _person(within: Query, name: str, papers: int) -> Beside:
    """A co-author, or an author of the venue. Two authors are asked for as `` author:"A" AND author:"B" ``."""
    if first := within.filters.authors:
        both = Query(where=(And((author(first[0]), author(name))),))
        return Beside(name, papers, urls.named("author", name), urls.search(replace(both, sort="new")))
    return Beside(name, papers, urls.named("author", name), urls.search(urls.filtered(within, authors=(name,))))


def _venue(within: Query, name: str, papers: int) -> Beside:
    return Beside(name, papers, urls.named("venue", name), urls.search(urls.filtered(within, venues=(name,))))


def _category(within: Query, name: str, papers: int) -> Beside:
    return Beside(name, papers, urls.search(urls.filtered(within, categories=(name,))), "")


def _span(page: Page) -> str:
    """``2012 to 2024``, ``2024``."""
    years = page.years
    first, last = (min(years), max(years)) if years else (0, 0)
    return "" if not years else f"{first}" if first == last else f"{first} to {last}"


def _orders(base: str, query: Query) -> Iterator[views.SortLink]:
    for sort in SORTS:
        href = base if sort == SORTS[0] else f"{base}?sort={sort}"
        yield views.SortLink(views.SORT_WORDS[sort], href, sort == query.sort)


def _unknown(here: Site, kind: str, name: str) -> Response:
    """Nobody has this name: the nearest ones, and the way to search for its words."""
    near = here.library.near_names(kind, name) if len(name) <= MAX_NAME else ()
    body = here.render(
        "unknown.html", query=Query(), kind=kind, wanted=clip(name, LONGEST_SHOWN), typed=clip(name, LONGEST_SHOWN),
        near=[(one, urls.named(kind, one)) for one in near],
    )  # fmt: skip
    return Response(body, 404, {"cache-control": "no-store"}, PAGE)


ROUTES = [Route(f"/{kind}/{{name:path}}", partial(shown, kind=kind), name=kind) for kind in ("author", "venue")]
