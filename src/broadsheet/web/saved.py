"""What the reader keeps, on pages: searches with a name and their feeds, what was asked; lists are in `lists`.

Looking changes nothing: what is new stays new until somebody presses the button. `writes` says who may.
"""

import re
from functools import partial
from typing import NamedTuple, cast
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet import shelves
from broadsheet.errors import NotFound
from broadsheet.paper import Paper
from broadsheet.query import SORTS, Page, Query, Sort
from broadsheet.shelves import SAVED, SavedSearch
from broadsheet.store import Saved
from broadsheet.text import clean, clip
from broadsheet.web import feeds, lists, outgoing, site, views, who, writes
from broadsheet.web.http import answer
from broadsheet.web.writes import Asking

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
    """What the page of *page* says of saving; of several searches that ask the same, ``saved=NAME`` tells which."""
    reader = who.reader(request)
    if reader is None:
        return Beside(False)
    library = site.of(request).library.shelves(reader.id)
    name, asked = clean(request.query_params.get("saved", "")), page.query.canonical()
    same = [one for one in library.store.searches.all(reader.id) if asked and one.query == asked]
    if not same:
        return Beside(True)
    one = library.saved_search(max(same, key=lambda one: (one.name == name, one.sort == page.query.sort)).name)
    return Beside(True, one, library.fresh(page, one.seen))


def remember(request: Request, page: Page) -> None:
    """Note what the owner asked, where the settings want that; what others ask is none of the library's business."""
    if _is_owner(request):
        site.of(request).library.remember(page)


def _is_owner(request: Request) -> bool:
    """Whether it is the owner who asks: who sits at the machine, whoever else may change something."""
    reader = who.reader(request)
    return reader is not None and reader.via == "machine" and who.is_local(request)


class Keeping(NamedTuple):
    """What a paper's page says of lists: whether this reader may, the lists that it is on, names of all lists."""

    may: bool
    on: tuple[lists.Reach, ...] = ()
    lists: tuple[str, ...] = ()


def keeping(request: Request, paper: Paper) -> Keeping:
    reader = who.reader(request)
    if reader is None or not reader.may("keep"):
        return Keeping(False)
    library = site.of(request).library
    pk, every = library.row(paper.key), lists.reachable(library.shelves(reader.id))
    on = set(library.store.lists.holding([pk], reader.id).get(pk, ()))
    names = dict.fromkeys((SAVED, *(reach.name for _, reach in every)))
    return Keeping(True, tuple(reach for one, reach in every if one.id in on), tuple(names))


def address(one: SavedSearch | Saved) -> str:
    """The page that shows a saved search."""
    order = [("sort", one.sort)] if one.sort in SORTS and one.sort != "relevance" else []
    return "/search?" + urlencode([("q", one.query), *order, ("verbatim", "1"), ("saved", one.name)])


def feed_address(name: str, suffix: str, key: str = "") -> str:
    """Where the feed of a saved search is; with a *key* for a feed reader, which cannot sign in."""
    return f"{'/feeds/' + key if key else ''}/saved/{quote(name, safe='')}{suffix}"


def key_of(request: Request) -> str:
    """What stands in the addresses of this reader's feeds; nothing where there are no accounts."""
    reader = who.reader(request)
    if reader is None or site.of(request).library.settings.accounts == "off":
        return ""
    return outgoing.key_of(request, reader.id)


# -- pages -------------------------------------------------------------------------------------------------------------


def shelf(request: Request) -> Response:
    """All that is kept; what was asked is shown only to who may wipe it."""
    here, reader = site.of(request), who.reader(request)
    mine = here.library.shelves(who.asker(request))
    history = here.library.history(ASKED) if _is_owner(request) and here.library.settings.history else ()
    key = key_of(request)
    body = here.render(
        "saved.html", query=Query(), may=reader is not None and reader.may("keep"), key=key,
        searches=mine.saved_searches() if mine.account else (), lists=mine.lists() if mine.account else (),
        history=history, sort_words=views.SORT_WORDS, address=address, feed_address=partial(feed_address, key=key),
        list_address=lists.address, asked=lambda one: "/search?" + urlencode([("q", one.query), ("sort", one.sort)]),
    )  # fmt: skip
    return answer(request, body, cache=outgoing.PRIVATE)


def one(request: Request) -> Response:
    """To the papers of a saved search; with ``.atom``, ``.rss`` or ``.json`` behind its name, its feed."""
    name, account = clean(request.path_params["name"]), who.asker(request)
    if found := site.of(request).library.store.searches.named(name, account):
        return RedirectResponse(address(found), 302, {"cache-control": "no-cache"})
    return _feed(request, name, account)


def keyed(request: Request) -> Response:
    """The feed of a saved search for a feed reader, which cannot sign in."""
    return _feed(request, clean(request.path_params["name"]), outgoing.account_of(request))


def _feed(request: Request, name: str, account: int) -> Response:
    library = site.of(request).library
    for suffix in feeds.KINDS:
        if name.endswith(suffix) and (found := library.store.searches.named(name.removesuffix(suffix), account)):
            papers = library.finder.latest(shelves.read(found, account), feeds.NEWEST)
            return outgoing.feed(request, suffix, f"{found.name}: {found.query}", address(found), papers, public=False)
    raise NotFound(f"No search is saved here as “{clip(name, 80)}”.")


# -- forms: each does one thing, and says which page comes next ------------------------------------------------------


def _save(asking: Asking) -> str:
    mine, form = lists.mine_of(asking), asking.form
    sort = cast("Sort", form.get("sort") or "relevance")
    verbatim = bool(form.get("verbatim"))
    return address(mine.save_search(form.get("name", ""), form.get("q", ""), sort, verbatim=verbatim))


def _seen(asking: Asking) -> str:
    """*upto* is what was there when the reader looked: what came while the page was read stays new."""
    mine, form = lists.mine_of(asking), asking.form
    upto = form.get("upto", "")
    mine.look(form.get("name", ""), limit=1, upto=int(upto) if re.fullmatch("[0-9]{1,9}", upto) else 0)
    return "/saved"


def _rename(asking: Asking) -> str:
    mine, form = lists.mine_of(asking), asking.form
    mine.rename_search(form.get("name", ""), form.get("new", ""))
    return "/saved"


def _remove(asking: Asking) -> str:
    mine, form = lists.mine_of(asking), asking.form
    mine.remove_search(form.get("name", ""))
    return "/saved"


def _renew(asking: Asking) -> str:
    asking.site.library.store.searches.revoke_feeds(asking.reader.id)
    return "/saved#feeds"


def _forget(asking: Asking) -> str:
    asking.site.library.wipe_history()
    return "/saved"


FORMS = {
    "/saved": _save, "/saved/seen": _seen, "/saved/rename": _rename, "/saved/remove": _remove,
    "/saved/key": _renew, "/history/forget": _forget,
}  # fmt: skip
ROUTES = [
    Route("/saved", shelf, name="saved"),
    *(Route(path, writes.handler(act, "keep"), methods=["POST"], name=path) for path, act in FORMS.items()),
    Route("/saved/{name}", one, name="saved-search"),
    Route("/feeds/{key}/saved/{name}", keyed, name="keyed-search"),
]
