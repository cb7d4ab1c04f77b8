"""Papers that leave the pages of readers: as a feed, as a file; and the keys of feeds that nobody signs in to read.

A feed reader cannot sign in. What only its reader may see is therefore also at an address with a key in it, which the
reader can throw away: ``/feeds/12-KEY/list/7.atom``.
"""

import base64
import binascii
import secrets
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from broadsheet import export
from broadsheet.errors import NotFound
from broadsheet.paper import Paper
from broadsheet.store import OWNER, Store
from broadsheet.web import feeds, site, taking
from broadsheet.web.http import answer

BYTES = 24  # of a key; 192 bits that nobody guesses
AT_ONCE = 500  # papers that are read from the store together
PRIVATE = "private, no-cache"


def root(request: Request) -> str:
    """What stands before a path: ``https://papers.example.org``."""
    return site.root(request)


def feed(
    request: Request, suffix: str, title: str, home: str, papers: Sequence[Paper], *, public: bool,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> Response:  # fmt: skip
    """*papers* as the feed that the address asks for; *home* is the path of the page that shows the same."""
    here, kind = root(request), feeds.KINDS[suffix]
    own = here + request.url.path
    body = kind.write(feeds.Feed(f"{title} · {site.of(request).title}", here + home, own, here, papers, notes))
    return answer(request, body, kind.media, cache="no-cache" if public else PRIVATE)


def file(request: Request, suffix: str, called: str, pks: Sequence[int], *, public: bool) -> Response:
    """Papers as a file, sent as it is read."""
    one = taking.FILES[suffix]
    pieces = export.encoded(papers(site.of(request).library.store, pks), one.kind)
    kept = "no-cache" if public else PRIVATE
    headers = {"content-disposition": taking.attachment(called, suffix), "cache-control": kept}
    return StreamingResponse(taking.gathered(pieces), 200, headers, one.media)


def papers(store: Store, pks: Sequence[int]) -> Iterator[Paper]:
    for start in range(0, len(pks), AT_ONCE):
        yield from store.get(pks[start : start + AT_ONCE]).values()


def key_of(request: Request, account: int) -> str:
    """What stands in the addresses of a reader's feeds."""
    made = site.of(request).library.store.searches.feed_key(account, secrets.token_bytes(BYTES))
    return f"{account}-{base64.urlsafe_b64encode(made).decode()}"


def account_of(request: Request) -> int:
    """Whose feeds the key in the address opens. Raises NotFound."""
    number, _, text = request.path_params["key"].partition("-")
    try:
        key = base64.b64decode(text, altchars="-_", validate=True)
        account = int(number[:10])
    except (ValueError, binascii.Error):
        raise NotFound(_NO_KEY) from None
    library = site.of(request).library
    theirs = account == OWNER or library.settings.accounts != "off"
    if not 0 < account < 2**31 or not theirs or not library.store.searches.opens(account, key):
        raise NotFound(_NO_KEY)
    return account


_NO_KEY = "This address of a feed is not known, or not any more; its reader can make another one on the page “Saved”."
