"""What the reader keeps, on pages: searches with a name and their feeds, lists of papers, what was asked.

Looking changes nothing: what is new stays new until somebody presses the button. `writes` says who may.
"""

import re
from typing import NamedTuple, cast
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet import shelves
from broadsheet.condition import Is
from broadsheet.errors import NotFound
from broadsheet.paper import Paper
from broadsheet.query import SORTS, Page, Query, Sort
from broadsheet.shelves import SAVED, SavedSearch, Shelves
from broadsheet.store import Saved
from broadsheet.text import clean, clip
from broadsheet.web import feeds, site, urls, views, who, writes
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
    """What a paper's page says of lists: whether this reader may, the lists that it is on, all lists."""

    may: bool
    on: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


def keeping(request: Request, paper: Paper) -> Keeping:
    reader = who.reader(request)
    if reader is None:
        return Keeping(False)
    here = site.of(request).library
    library, pk = here.shelves(reader.id), here.row(paper.key)
    on, lists = set(here.store.lists.holding([pk], reader.id).get(pk, ())), library.lists()
    names = tuple(one.name for one in lists if one.id in on)
    return Keeping(True, names, tuple(dict.fromkeys((SAVED, *(one.name for one in lists)))))


def address(one: SavedSearch | Saved) -> str:
    """The page that shows a saved search."""
    order = [("sort", one.sort)] if one.sort in SORTS and one.sort != "relevance" else []
    return "/search?" + urlencode([("q", one.query), *order, ("verbatim", "1"), ("saved", one.name)])


def feed_address(name: str, suffix: str) -> str:
    return f"/saved/{quote(name, safe='')}{suffix}"


def list_address(name: str) -> str:
    """The page that shows the papers of a list."""
    return urls.search(Query(where=(Is("in", name),)))


# -- pages -------------------------------------------------------------------------------------------------------------


def shelf(request: Request) -> Response:
    """All that is kept; what was asked is shown only to who may wipe it."""
    here, may = site.of(request), who.reader(request) is not None
    mine = here.library.shelves(who.asker(request))
    history = here.library.history(ASKED) if _is_owner(request) and here.library.settings.history else ()
    body = here.render(
        "saved.html", query=Query(), may=may, searches=mine.saved_searches(), lists=mine.lists(),
        history=history, sort_words=views.SORT_WORDS, address=address, feed_address=feed_address,
        list_address=list_address, asked=lambda one: "/search?" + urlencode([("q", one.query), ("sort", one.sort)]),
    )  # fmt: skip
    return answer(request, body, cache="private, no-cache")


def one(request: Request) -> Response:
    """To the papers of a saved search; with ``.atom``, ``.rss`` or ``.json`` behind its name, its feed."""
    searches, name = site.of(request).library.store.searches, clean(request.path_params["name"])
    account = who.asker(request)
    if found := searches.named(name, account):
        return RedirectResponse(address(found), 302, {"cache-control": "no-cache"})
    for suffix in feeds.KINDS:
        if name.endswith(suffix) and (found := searches.named(name.removesuffix(suffix), account)):
            return _feed(request, found, suffix, account)
    raise NotFound(f"No search is saved here as “{clip(name, 80)}”.")


def _feed(request: Request, one: Saved, suffix: str, account: int) -> Response:
    here, root = site.of(request), str(request.base_url).rstrip("/")
    title = f"{one.name}: {one.query} · {here.title}"
    own = root + feed_address(one.name, suffix)
    feed = feeds.Feed(
        title, root + address(one), own, root, here.library.finder.latest(shelves.read(one, account), feeds.NEWEST)
    )
    kind = feeds.KINDS[suffix]
    return answer(request, kind.write(feed), kind.media)


# -- forms: each does one thing, and says which page comes next ------------------------------------------------------


def _mine(asking: Asking) -> Shelves:
    return asking.site.library.shelves(asking.reader.id)


def _save(asking: Asking) -> str:
    mine, form = _mine(asking), asking.form
    sort = cast("Sort", form.get("sort") or "relevance")
    verbatim = bool(form.get("verbatim"))
    return address(mine.save_search(form.get("name", ""), form.get("q", ""), sort, verbatim=verbatim))


def _seen(asking: Asking) -> str:
    """*upto* is what was there when the reader looked: what came while the page was read stays new."""
    mine, form = _mine(asking), asking.form
    upto = form.get("upto", "")
    mine.look(form.get("name", ""), limit=1, upto=int(upto) if re.fullmatch("[0-9]{1,9}", upto) else 0)
    return "/saved"


def _rename(asking: Asking) -> str:
    mine, form = _mine(asking), asking.form
    mine.rename_search(form.get("name", ""), form.get("new", ""))
    return "/saved"


def _remove(asking: Asking) -> str:
    mine, form = _mine(asking), asking.form
    mine.remove_search(form.get("name", ""))
    return "/saved"


def _keep(asking: Asking) -> str:
    mine, form = _mine(asking), asking.form
    mine.keep([form.get("id", "")], form.get("list") or SAVED)
    return _paper(asking)


def _unkeep(asking: Asking) -> str:
    mine, form = _mine(asking), asking.form
    mine.unkeep([form.get("id", "")], form.get("list") or SAVED)
    return _paper(asking)


def _paper(asking: Asking) -> str:
    form = asking.form
    paper = asking.site.library.paper(form.get("id", ""))
    return f"{urls.paper(paper.key)}#keep" if paper else "/saved"


def _forget(asking: Asking) -> str:
    asking.site.library.wipe_history()
    return "/saved"


FORMS = {
    "/saved": _save, "/saved/seen": _seen, "/saved/rename": _rename, "/saved/remove": _remove, "/kept": _keep,
    "/kept/remove": _unkeep, "/history/forget": _forget,
}  # fmt: skip
ROUTES = [
    Route("/saved", shelf, name="saved"),
    *(Route(path, writes.handler(act, "keep"), methods=["POST"], name=path) for path, act in FORMS.items()),
    Route("/saved/{name}", one, name="saved-search"),
]
