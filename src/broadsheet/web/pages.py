"""The pages for people: one function each, listed in `ROUTES`. Plain functions; the server runs them in threads."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet import cite
from broadsheet.community.counters import Opens
from broadsheet.errors import IndexStale, NotFound
from broadsheet.paper import STANDINGS, Paper
from broadsheet.query import Page, Query
from broadsheet.text import clean
from broadsheet.trend import sentences
from broadsheet.web import (
    days,
    filling,
    front,
    health,
    likes,
    people,
    saved,
    site,
    together,
    topics,
    trending,
    typeset,
    urls,
    views,
    who,
)
from broadsheet.web.http import answer
from broadsheet.web.site import Site
from broadsheet.web.taking import FILES

SIMILAR = 6
ASIDE = 50  # records of the quarantine on one page; the command line shows all
MAX_ID = 2_000  # characters; no identifier is that long

_EXPORTS: Mapping[str, Callable[[Paper], str]] = {".bib": cite.bibtex, ".ris": cite.ris}


def search(request: Request) -> Response:
    """The question in the address, answered."""
    here = site.of(request)
    text, changes = urls.asked(request.query_params, here.page_size)
    query = who.parse(request, text, explain=True, facets=True, **changes)
    if views.is_blank(query):
        return answer(request, here.render("ask.html", query=query, stats=here.library.stats()))
    if key := here.library.straight(query):
        return RedirectResponse(f"{urls.paper(key)}?{urlencode({'q': text})}", 302, {"cache-control": "no-cache"})
    query = views.in_order(query)
    page = here.library.search(query)
    saved.remember(request, page)
    missing = _missing(here, request, query)
    if not page.hits:
        return _nothing(request, here, page, missing)
    body = here.render(
        "search.html", query=page.query, page=page, turn=(turn := views.turn(page)), views=views, missing=missing,
        entries=filling.of_hits(request, page.hits, turn.first),
        beside=(beside := saved.beside(request, page)), liked=likes.given(here.library, query),
    )  # fmt: skip
    return answer(request, body, cache=_cached(beside.may))


def _cached(may: bool) -> str:
    """How long a page may be kept: what the owner sees of it is for nobody else."""
    return "private, no-cache" if may else "no-cache"


def _missing(here: Site, request: Request, query: Query) -> tuple[str, tuple[str, ...]]:
    """The paper that the reader expected, and why it is not here or where it is; both empty where nobody asks."""
    asked = clean(request.query_params.get("missing", ""))[:MAX_ID]
    if not asked:
        return "", ()
    try:
        return asked, here.library.why_not(query, asked)
    except NotFound:
        return asked, ("No paper here has this identifier.",)


def _nothing(request: Request, here: Site, page: Page, missing: tuple[str, tuple[str, ...]]) -> Response:
    query = page.query
    loosened = views.loosened(here.library, query) if query.filters and not page.total else []
    body = here.render(
        "nothing.html", query=query, page=page, loosened=loosened, searched=views.searched(query),
        stats=here.library.stats(), views=views, missing=missing, beside=saved.beside(request, page),
        liked=likes.given(here.library, query),
    )  # fmt: skip
    return answer(request, body)


def paper(request: Request) -> Response:
    """One paper, whatever id or alias names it; with ``.bib`` or ``.ris`` behind the id, as a reference."""
    here = site.of(request)
    asked = identifier(request)
    found, suffix = _find(here, asked)
    if asked != found.key + suffix:
        # Not cached for good: a paper's name can change once more when another source tells a better id.
        return RedirectResponse(urls.paper(found.key, suffix), 308, {"cache-control": "no-cache"})
    if suffix:
        return answer(request, _EXPORTS[suffix](found).encode(), FILES[suffix].media)
    _count(request, here, found)
    similar, trouble = _similar(here, found)
    made = views.made_of(here.library, found)
    readers = together.of_paper(request, pk := here.library.row(found.key), found)
    body = here.render(
        "paper.html", **readers, made=made, paper=found, abstract=typeset.typeset(found.abstract),
        similar=filling.of_hits(request, similar.hits) if similar else (),
        trouble=trouble, asked=clean(request.query_params.get("q", ""))[:MAX_ID], quiet=("status", *STANDINGS),
        facts=views.facts(found), links=views.links(found), query=Query(),
        keeping=(keeping := saved.keeping(request, found)), span=sentences.span,
        rising=trending.of_paper(request, pk, readers["entry"]),
    )  # fmt: skip
    return answer(request, body, cache=_cached(keeping.may))


def _count(request: Request, here: Site, found: Paper) -> None:
    """One opening more, where the owner wants that counted; by whom is not looked at."""
    opens: Opens | None = request.app.state.opens
    if opens is not None:
        opens.note(here.library.row(found.key), request.headers.get("user-agent", ""))


def identifier(request: Request) -> str:
    """The id in the address. Some proxies join the two slashes of ``url:https://``; they are put back."""
    text = clean(request.path_params["identifier"])
    if len(text) > MAX_ID:
        raise NotFound(f"The identifier has {len(text):,} characters; none is longer than {MAX_ID:,}.")
    head, slash, rest = text.partition(":/")
    return f"{head}://{rest}" if slash and head in ("url:https", "url:http") and not rest.startswith("/") else text


def _find(here: Site, asked: str) -> tuple[Paper, str]:
    """The paper, and the file type that was asked for; an id that itself ends in ``.bib`` comes first."""
    if found := here.library.paper(asked):
        return found, ""
    for suffix in _EXPORTS:
        if asked.endswith(suffix) and (found := here.library.paper(asked.removesuffix(suffix))):
            return found, suffix
    raise NotFound(f"No paper here is called “{asked[:200]}”.")


def _similar(here: Site, found: Paper) -> tuple[Page | None, str]:
    """Papers like this one, or the sentence that says why there are none: a paper is shown without them too."""
    try:
        return here.library.similar([found.key], limit=SIMILAR), ""
    except IndexStale as error:
        return None, str(error)


def about(request: Request) -> Response:
    """How papers are ranked, in words."""
    here = site.of(request)
    weights = [(name, weight) for name, weight in here.library.settings.weights.items() if weight]
    return answer(request, here.render("about.html", query=Query(), weights=weights))


def sources(request: Request) -> Response:
    """Where the papers come from, and how each source fares."""
    here = site.of(request)
    found = here.library.sources()
    body = here.render(
        "sources.html", query=Query(), found=found, followed=any(one.followed for one in found),
        headline=health.headline(found, site.now()), aside=here.library.store.quarantined(limit=ASIDE),
        tone=health.tone, strip=health.strip, moment=lambda iso: health.moment(iso, site.now()),
    )  # fmt: skip
    return answer(request, body)


def asset(request: Request) -> Response:
    return site.of(request).assets.serve(request)


def robots(request: Request) -> Response:
    """Crawlers may read papers; every question has more questions behind it, without end."""
    closed = ("/search", "/topic/", "/trending?", "/saved", "/feeds/", "/api/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


ROUTES = [
    Route("/robots.txt", robots, name="robots"),
    Route("/search", search, name="search"),
    Route("/about", about, name="about"),
    Route("/sources", sources, name="sources"),
    Route("/static/{name}", asset, name="static"),
    Route("/paper/{identifier:path}", paper, name="paper"),
    *topics.ROUTES,
    *people.ROUTES,
    *front.ROUTES,
    *days.ROUTES,
    *trending.ROUTES,
]
