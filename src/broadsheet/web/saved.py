"""What the reader keeps, on pages: searches with a name and their feeds, lists of papers, what was asked.

Looking changes nothing: what is new stays new until somebody presses the button. `writes` says who may.
"""

import re
from typing import NamedTuple, cast
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.condition import Is
from broadsheet.errors import NotFound
from broadsheet.paper import Paper
from broadsheet.query import MAX_LIMIT, SORTS, Page, Query, Sort
from broadsheet.shelves import SAVED, SavedSearch
from broadsheet.store import Saved
from broadsheet.text import clean
from broadsheet.web import feeds, site, urls, writes
from broadsheet.web.http import answer
from broadsheet.web.site import Site
from broadsheet.web.writes import Form

ASKED = 50  # questions of the past on the page


class Beside(NamedTuple):
    """What a page of results says of saving.

    may    whether this reader may save
    one    the saved search that the page shows, if it is one
    fresh  the keys of its papers here that are new
    """

    may: bool
    one: SavedSearch | None = None
    fresh: frozenset[str] = frozenset()


def beside(request: Request, page: Page) -> Beside:
    """What the page of *page* says of saving. ``saved=NAME`` in the address tells which, of several that ask the same."""
    library = site.of(request).library
    if not writes.allowed(request):
        return Beside(False)
    name, asked = clean(request.query_params.get("saved", "")), page.query.canonical()
    same = [one for one in library.store.saved() if asked and one.query == asked]
    if not same:
        return Beside(True)
    one = library.saved_search(max(same, key=lambda one: (one.name == name, one.sort == page.query.sort)).name)
    return Beside(True, one, library.fresh(page, one.seen))


class Keeping(NamedTuple):
    """What a paper's page says of lists: whether this reader may, the lists that it is on, all lists."""

    may: bool
    on: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


def keeping(request: Request, paper: Paper) -> Keeping:
    library = site.of(request).library
    if not writes.allowed(request):
        return Keeping(False)
    on = tuple(library.store.lists_of(library.row(paper.key)))
    return Keeping(True, on, tuple(dict.fromkeys((SAVED, *(one.name for one in library.lists())))))


def address(one: SavedSearch | Saved) -> str:
    """The page that shows a saved search."""
    order = [("sort", one.sort)] if one.sort in SORTS and one.sort != "relevance" else []
    return "/search?" + urlencode([("q", one.query), *order, ("saved", one.name)])


def feed_address(name: str, suffix: str) -> str:
    return f"/saved/{quote(name, safe='')}{suffix}"


def list_address(name: str) -> str:
    """The page that shows the papers of a list."""
    return urls.search(Query(where=(Is("in", name),)))


# -- pages -------------------------------------------------------------------------------------------------------------


def shelf(request: Request) -> Response:
    """All that is kept; what was asked is shown only to who may wipe it."""
    here, may = site.of(request), writes.allowed(request)
    history = here.library.history(ASKED) if may and here.library.settings.history else ()
    body = here.render(
        "saved.html", query=Query(), may=may, searches=here.library.saved_searches(), lists=here.library.lists(),
        history=history, address=address, feed_address=feed_address, list_address=list_address,
        asked=lambda one: "/search?" + urlencode([("q", one.query), ("sort", one.sort)]),
    )  # fmt: skip
    return answer(request, body, cache="private, no-cache")


def one(request: Request) -> Response:
    """To the papers of a saved search; with ``.atom``, ``.rss`` or ``.json`` behind its name, its feed."""
    library, name = site.of(request).library, request.path_params["name"]
    try:
        return RedirectResponse(address(library.saved_search(name)), 302, {"cache-control": "no-cache"})
    except NotFound:
        suffix = next((suffix for suffix in feeds.KINDS if name.endswith(suffix)), "")
        if not suffix:
            raise
    return _feed(request, library.saved_search(name.removesuffix(suffix)), suffix)


def _feed(request: Request, one: SavedSearch, suffix: str) -> Response:
    """The best answers of a saved search, those that came last first: what is new is seen, whatever its date."""
    here, root = site.of(request), str(request.base_url).rstrip("/")
    sort: Sort = cast(Sort, one.sort) if one.sort in SORTS else "relevance"
    page = here.library.search(here.library.parse(one.query, sort=sort, limit=MAX_LIMIT))
    rows = here.library.store.resolve([hit.paper.ids[0] for hit in page.hits])
    papers = sorted((hit.paper for hit in page.hits), key=lambda paper: -rows.get(paper.ids[0], 0))[: feeds.NEWEST]
    title = f"{one.name}: {one.query} · {here.title}"
    feed = feeds.Feed(title, root + address(one), root + feed_address(one.name, suffix), root, papers)
    kind = feeds.KINDS[suffix]
    return answer(request, kind.write(feed), kind.media)


# -- forms: each does one thing, and says which page comes next ----------------------------------------------------------


def _save(here: Site, form: Form) -> str:
    sort = cast(Sort, form.get("sort") or "relevance")
    return address(here.library.save_search(form.get("name", ""), form.get("q", ""), sort))


def _seen(here: Site, form: Form) -> str:
    """*upto* is what was there when the reader looked: what came while the page was read stays new."""
    upto = form.get("upto", "")
    here.library.look(form.get("name", ""), limit=1, upto=int(upto) if re.fullmatch("[0-9]{1,9}", upto) else 0)
    return "/saved"


def _rename(here: Site, form: Form) -> str:
    here.library.rename_search(form.get("name", ""), form.get("new", ""))
    return "/saved"


def _remove(here: Site, form: Form) -> str:
    here.library.remove_search(form.get("name", ""))
    return "/saved"


def _keep(here: Site, form: Form) -> str:
    here.library.keep([form.get("id", "")], form.get("list") or SAVED)
    return _paper(here, form)


def _unkeep(here: Site, form: Form) -> str:
    here.library.unkeep([form.get("id", "")], form.get("list") or SAVED)
    return _paper(here, form)


def _paper(here: Site, form: Form) -> str:
    paper = here.library.paper(form.get("id", ""))
    return f"{urls.paper(paper.key)}#keep" if paper else "/saved"


def _forget(here: Site, form: Form) -> str:
    here.library.wipe_history()
    return "/saved"


FORMS = {
    "/saved": _save, "/saved/seen": _seen, "/saved/rename": _rename, "/saved/remove": _remove, "/kept": _keep,
    "/kept/remove": _unkeep, "/history/forget": _forget,
}  # fmt: skip
ROUTES = [
    Route("/saved", shelf, name="saved"),
    *(Route(path, writes.handler(act), methods=["POST"], name=path) for path, act in FORMS.items()),
    Route("/saved/{name}", one, name="saved-search"),
]
