"""Pages that are the same for everybody whom nobody knows: made once, kept a few seconds, sent as they are."""

import gzip
from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from broadsheet.paper import Paper
from broadsheet.web import feeds, site, who
from broadsheet.web.http import PAGE, answer, fingerprint
from broadsheet.web.kept import Kept

SECONDS = 5.0
MOST = 256  # pages
PACKING = 6  # gzip's level: it is done once for many


class Shared(NamedTuple):
    body: bytes
    packed: bytes
    tag: str


def kept() -> Kept[Shared]:
    """What an application keeps its pages in."""
    return Kept(SECONDS, MOST)


def page(request: Request, make: Callable[[], bytes]) -> Response:
    """The page that *make* gives: kept for all whom nobody knows, made anew for a reader."""
    if who.reader(request) is not None:
        with site.of(request).library.store.snapshot():
            body = make()
        return answer(request, body, cache="private, no-cache")
    pages: Kept[Shared] = request.app.state.shared
    found = pages.get((request.url.path, request.url.query), lambda: _packed(make()))
    packed = "gzip" in request.headers.get("accept-encoding", "")
    response = answer(request, found.packed if packed else found.body, PAGE, tag=found.tag)
    response.headers["vary"] = "Accept-Encoding, Cookie"
    if packed and response.status_code == 200:
        response.headers["content-encoding"] = "gzip"
    return response


def feeds_of(path: str) -> list[tuple[str, str, str]]:
    """(name, media type, address) of the feeds of the page at *path*."""
    return [(kind.name, kind.media.partition(";")[0], path + suffix) for suffix, kind in feeds.KINDS.items()]


def _packed(body: bytes) -> Shared:
    return Shared(body, gzip.compress(body, PACKING, mtime=0), fingerprint(body))


def feed(request: Request, suffix: str, title: str, home: str, papers: Sequence[Paper], *, own: str = "") -> Response:
    """*papers* as a feed that is called *title*; *home*: the page that shows the same, *own*: where the feed is."""
    here, root = site.of(request), site.root(request)
    made = feeds.Feed(f"{title} · {here.title}", root + home, root + (own or home + suffix), root, papers)
    kind = feeds.KINDS[suffix]
    return answer(request, kind.write(made), kind.media)
