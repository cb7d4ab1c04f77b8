"""What leaves a list of results: feeds to follow, files to keep."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from broadsheet import export
from broadsheet.query import Query
from broadsheet.text import clip, fold
from broadsheet.web import feeds, site, urls, views, who
from broadsheet.web.http import answer
from broadsheet.web.site import Site

CHUNK = 1 << 16  # bytes that are sent at once
LONGEST_NAME = 60  # characters of a file's name


class File(NamedTuple):
    """A file that a list can be kept as: `export`'s name for it, its media type."""

    kind: str
    media: str


FILES = {
    ".bib": File("bibtex", "application/x-bibtex; charset=utf-8"),
    ".ris": File("ris", "application/x-research-info-systems; charset=utf-8"),
    ".csv": File("csv", "text/csv; charset=utf-8"),
    ".jsonl": File("jsonl", "application/jsonl; charset=utf-8"),
}


def feed(request: Request, suffix: str) -> Response:
    """The newest papers that answer the question in the address."""
    here = site.of(request)
    text, changes = urls.asked(request.query_params, feeds.NEWEST)
    if not request.query_params.get("sort"):
        changes["sort"] = "new"
    query = replace(who.parse(request, text, **changes), offset=0, upto=0)
    return send(request, suffix, query, title_of(query, here), feeds.address(query, suffix))


def front(request: Request) -> Response:
    """The newest papers of all."""
    here, query = site.of(request), feeds.newest(Query())
    return send(request, ".atom", query, title_of(query, here), "/feed.xml")


def send(request: Request, suffix: str, query: Query, title: str, path: str) -> Response:
    """The feed of what *query* finds; *path* is where it is."""
    here, root = site.of(request), site.root(request)
    home = urls.search(replace(query, limit=urls.LIMIT))
    found = here.library.search(query).hits
    feed = feeds.Feed(title, root + home, root + path, root, [hit.paper for hit in found])
    kind = feeds.KINDS[suffix]
    return answer(request, kind.write(feed), kind.media, cache=_kept_by(request))


def _kept_by(request: Request) -> str:
    """Who may keep the answer: what a reader asks may be of the reader's own lists."""
    return "no-cache" if who.reader(request) is None else "private, no-cache"


def title_of(query: Query, here: Site) -> str:
    """The question as it is written, and in what order when that is not the usual one of a feed."""
    said = query.canonical() or "Papers"
    return f"{said} ({views.SORT_WORDS[query.sort].lower()}) · {here.title}"


def file(request: Request, suffix: str) -> Response:
    """All that answers the question in the address, as a file, sent as it is found."""
    here, one = site.of(request), FILES[suffix]
    text, changes = urls.asked(request.query_params)
    query = views.in_order(replace(who.parse(request, text, **changes), offset=0, upto=0))
    papers = export.found(here.library, query)
    first = list(islice(papers, 1))  # what cannot be answered is said before anything is sent
    pieces = export.encoded(chain(first, papers), one.kind)
    headers = {"content-disposition": attachment(query.canonical(), suffix), "cache-control": _kept_by(request)}
    return StreamingResponse(gathered(pieces), 200, headers, one.media)


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: each costs a turn of the server's loop."""
    held, size = list[bytes](), 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def attachment(called: str, suffix: str) -> str:
    """Keeps the answer as a file that is called after the question, or the list (RFC 6266)."""
    words = " ".join(re.findall(r"[^\W_]+", fold(called)))
    name = clip(words, LONGEST_NAME).strip("…").replace(" ", "-")
    plain = re.sub(r"[^a-z0-9-]+", "", name).strip("-") or "papers"
    exact = "" if plain == name or not name else f"; filename*=UTF-8''{quote(name + suffix)}"
    return f'attachment; filename="{plain}{suffix}"{exact}'


ROUTES = [
    Route("/feed.xml", front, name="front-feed"),
    *(Route(f"/search{suffix}", partial(feed, suffix=suffix), name=f"feed{suffix}") for suffix in feeds.KINDS),
    *(Route(f"/search{suffix}", partial(file, suffix=suffix), name=f"file{suffix}") for suffix in FILES),
]
