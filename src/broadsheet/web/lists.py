"""Lists of papers on pages: one's own, those of one's groups, those that all see; their feeds and files.

A list that the reader may not see is not there (404). Each form does one thing; `shelves` says who may.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet import groups
from broadsheet.condition import Is
from broadsheet.errors import Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.query import Hit, Query
from broadsheet.shelves import SAVED, May, Shelves, moment
from broadsheet.store import List
from broadsheet.text import clean, fold, plural
from broadsheet.web import feeds, filling, outgoing, site, taking, urls, views, who, writes
from broadsheet.web.http import answer
from broadsheet.web.writes import Asking, Done

SIZE = 25  # papers of a list on one page
DISCOVER = 50  # public lists on one page
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile("[0-9]{1,9}")
_ANCHOR = re.compile(r"[\w.-]{1,80}")


class Reach(NamedTuple):
    """A list that a paper can be put on: what ``list=`` and ``in:`` call it, and its page."""

    name: str
    href: str


# -- addresses ---------------------------------------------------------------------------------------------------------


def address(one: List, suffix: str = "") -> str:
    """The page of a list, or with a *suffix* its feed or file."""
    return f"/list/{one.id}{suffix}" if suffix else f"/list/{one.id}/{quote(slug(one.name))}"


def slug(name: str) -> str:
    return "-".join(_WORD.findall(fold(name))) or "list"


def called(one: List, account: int) -> str:
    """How *account* names a list in a question, and where a paper is put on it: ``to read``, ``graph lab/to read``."""
    return one.name if one.account == account else f"{one.group or one.owner}/{one.name}"


def inside(one: List, account: int) -> str:
    """The search in a list."""
    return urls.search(Query(where=(Is("in", called(one, account)),)))


def reachable(mine: Shelves) -> list[tuple[List, Reach]]:
    """All lists that a reader puts papers on: the own ones, then those of groups."""
    found = (*mine.lists(), *mine.group_lists())
    return [(one, Reach(called(one, mine.account), address(one))) for one in found]


# -- pages -------------------------------------------------------------------------------------------------------------


def index(request: Request) -> Response:
    """The reader's lists, those of the reader's groups, and those that all see, the latest first."""
    here, account = site.of(request), who.asker(request)
    mine = here.library.shelves(account)
    before = _number(request, "before")
    public = here.library.store.lists.public(DISCOVER + 1, before)
    body = here.render(
        "lists.html", query=Query(), may=_may(request), lists=mine.lists() if account else (),
        shared=mine.group_lists() if account else (), groups=_groups(request, account), before=before,
        public=[one for one in public[:DISCOVER] if one.account != account],
        older=public[DISCOVER - 1].id if len(public) > DISCOVER else 0, address=address,
    )  # fmt: skip
    return answer(request, body, cache=outgoing.PRIVATE)


def page(request: Request) -> Response:
    """The papers of a list, the last put there first, with who put them there and why."""
    here, account, one = site.of(request), who.asker(request), _one(request)
    if request.path_params.get("slug") != slug(one.name):
        return RedirectResponse(_turned(request, address(one)), 302, {"cache-control": "no-cache"})
    mine, offset, known = here.library.shelves(account), _number(request, "offset"), _may(request)
    entries = {kept.entry.pk: kept for kept in mine.entries(one, offset=offset, limit=SIZE)}
    hits = {pk: Hit(kept.paper, 0.0) for pk, kept in entries.items()}
    rows = filling.fill(request, hits, offset + 1)
    may = mine.may(one) if known else May()
    body = here.render(
        "list.html", query=Query(), one=one, entries=list(zip(rows, entries.values(), strict=True)), may=may,
        known=known, account=account, offset=offset, turn=_turn(one, offset), inside=inside(one, account),
        address=address, off=_taken_off(request), others=_others(mine, one) if may.edit else (),
        groups=_groups(request, account), feed=partial(_feed_address, request, one), moment=moment,
        group_href=f"/group/{quote(groups.slug(one.group))}" if one.group else "",
    )  # fmt: skip
    return answer(request, body, cache="no-cache" if one.seen_by == "public" and not account else outgoing.PRIVATE)


def feed(request: Request, suffix: str) -> Response:
    """What was put on a list last."""
    return send_feed(request, _one(request), suffix)


def keyed(request: Request, suffix: str) -> Response:
    """The same for a feed reader, which cannot sign in."""
    one = site.of(request).library.shelves(outgoing.account_of(request)).list_at(request.path_params["id"])
    return send_feed(request, one, suffix)


def send_feed(request: Request, one: List, suffix: str) -> Response:
    store = site.of(request).library.store
    entries = store.lists.entries(one.id, 0, feeds.NEWEST)
    found = store.get([entry.pk for entry in entries])
    notes = {found[entry.pk].key: entry.note for entry in entries if entry.pk in found}
    papers, title = [*found.values()], f"{one.name} · {one.group or one.owner}"
    return outgoing.feed(request, suffix, title, address(one), papers, public=one.seen_by == "public", notes=notes)


def file(request: Request, suffix: str) -> Response:
    """All papers of a list, as a file."""
    one = _one(request)
    pks = site.of(request).library.store.lists.papers(one.id)
    return outgoing.file(request, suffix, one.name, pks, public=one.seen_by == "public")


def _one(request: Request) -> List:
    return site.of(request).library.shelves(who.asker(request)).list_at(request.path_params["id"])


def _may(request: Request) -> bool:
    reader = who.reader(request)
    return reader is not None and reader.may("keep")


def _number(request: Request, name: str) -> int:
    """A number in the address; 0 for everything that is none."""
    text = request.query_params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else 0


def _turned(request: Request, path: str) -> str:
    return f"{path}?{request.url.query}" if request.url.query else path


def _turn(one: List, offset: int) -> views.Turn:
    def at(place: int | None) -> str:
        return "" if place is None else f"{address(one)}?offset={place}" if place else address(one)

    end = min(offset + SIZE, one.papers)
    return views.Turn(
        at(max(0, offset - SIZE) if offset else None), at(end if end < one.papers else None), offset + 1, end
    )


def _taken_off(request: Request) -> Paper | None:
    """The paper that was taken off just now, which can be put back."""
    key = clean(request.query_params.get("off", ""))[:500]
    return site.of(request).library.paper(key) if key else None


def _others(mine: Shelves, one: List) -> list[Reach]:
    return [reach for other, reach in reachable(mine) if other.id != one.id]


def _groups(request: Request, account: int) -> list[str]:
    """The groups that a list of this reader could belong to."""
    if not account:
        return []
    return [team.name for team in site.of(request).library.store.teams.of(account) if team.inside]


def _feed_address(request: Request, one: List, suffix: str) -> str:
    """Where a feed reader finds a list: with a key where somebody would have to sign in."""
    reader = who.reader(request)
    if one.seen_by == "public" or reader is None or site.of(request).library.settings.accounts == "off":
        return address(one, suffix)
    return f"/feeds/{outgoing.key_of(request, reader.id)}{address(one, suffix)}"


# -- forms -------------------------------------------------------------------------------------------------------------


def mine_of(asking: Asking) -> Shelves:
    return asking.site.library.shelves(asking.reader.id)


def _named(asking: Asking) -> List:
    return mine_of(asking).list_at(asking.request.path_params["id"])


def _begin(asking: Asking) -> str:
    form = asking.form
    one = mine_of(asking).begin_list(
        form.get("name", ""), note=form.get("note", ""), seen=form.get("seen", "private"), group=form.get("group", "")
    )
    return address(one)


def _change(asking: Asking) -> str:
    form = asking.form
    return address(
        mine_of(asking).change_list(
            _named(asking), name=form.get("name"), note=form.get("note"), seen=form.get("seen"), group=form.get("group")
        )
    )


def _remove(asking: Asking) -> str:
    if not asking.form.get("sure"):
        raise Mistake("A list is removed for good, with its notes. Tick the box to say that you are sure.")
    mine_of(asking).remove_list(_named(asking))
    return "/lists"


def _copy(asking: Asking) -> str:
    return address(mine_of(asking).copy_list(_named(asking), asking.form.get("name", "")))


def _put(asking: Asking) -> Done:
    """One paper or several, an id each; by the form of the list's own page."""
    one, ids = _named(asking), asking.form.get("id", "").split()
    if not ids:
        raise NotFound("Name a paper: an identifier or an address of it.")
    done = mine_of(asking).keep_on(one, ids, asking.form.get("note", ""))
    return Done(address(one), f"{plural(len(done), 'paper')} put on “{one.name}”.", True)


def _note(asking: Asking) -> str:
    one = _named(asking)
    mine_of(asking).note_kept(one, asking.form.get("id", ""), asking.form.get("note", ""))
    return _back(one, asking)


def _off(asking: Asking) -> Done:
    """Back to the list, which offers to undo it."""
    one, key = _named(asking), asking.form.get("id", "")
    done = mine_of(asking).unkeep_from(one, [key])
    more = "&" if "?" in (there := _back(one, asking)) else "?"
    return Done(f"{there}{more}{urlencode({'off': key})}" if done else there, f"Taken off “{one.name}”.", False)


def _move(asking: Asking) -> str:
    one, mine = _named(asking), mine_of(asking)
    mine.move_kept(one, [asking.form.get("id", "")], mine.list_called(asking.form.get("to", "")))
    return _back(one, asking)


def _back(one: List, asking: Asking) -> str:
    """The place in the list where the form was."""
    offset = asking.form.get("offset", "")
    return f"{address(one)}?offset={offset}" if _NUMBER.fullmatch(offset) and int(offset) else address(one)


# -- a button beside a paper -------------------------------------------------------------------------------------------


def keep(asking: Asking) -> Done:
    """Put a paper on a list, by the list's name: of the reader (made if it is not there), or ``group/name``."""
    key, name = asking.form.get("id", ""), asking.form.get("list") or SAVED
    mine_of(asking).keep([key], name, asking.form.get("note", ""))
    return _kept(asking, key, f"Saved on “{clean(name)}”.")


def unkeep(asking: Asking) -> Done:
    key, name = asking.form.get("id", ""), asking.form.get("list") or SAVED
    mine_of(asking).unkeep([key], name)
    return _kept(asking, key, f"Taken off “{clean(name)}”.")


def save(asking: Asking) -> Done:
    """One button for the list that is meant when none is named; what is on other lists too stays saved there."""
    if asking.form.get("want", "1") != "0":
        return keep(asking)
    done = unkeep(asking)
    said = "Taken off your list; it is on another one still." if done.pressed else "Not saved any more."
    return done._replace(said=said)


def _kept(asking: Asking, key: str, said: str) -> Done:
    """Whether the paper is on some list of the reader now, and how many readers keep it."""
    library, account = asking.site.library, asking.reader.id
    pk = library.row(key)
    pressed = bool(library.store.lists.holding([pk], account))
    total = library.store.community.tallies([pk])[pk].saves
    return Done(_there(asking, library.store.get([pk])[pk]), said, pressed, total)


def _there(asking: Asking, paper: Paper) -> str:
    """The page that has the button, at its paper; the paper's own where nobody says which that is."""
    page = writes.back(asking.request) if "referer" in asking.request.headers else "/paper/"
    if page.startswith("/paper/"):
        return f"{urls.paper(paper.key)}#keep"
    anchor = asking.form.get("at", "")
    return page + (f"#{anchor}" if _ANCHOR.fullmatch(anchor) else "")


_FORMS: Mapping[str, Callable[[Asking], Done | str]] = {
    "/list/{id:int}/change": _change, "/list/{id:int}/remove": _remove, "/list/{id:int}/copy": _copy,
    "/list/{id:int}/put": _put, "/list/{id:int}/note": _note, "/list/{id:int}/off": _off, "/list/{id:int}/move": _move,
    "/lists": _begin, "/kept": keep, "/kept/remove": unkeep, "/save": save,
}  # fmt: skip
ROUTES = [
    Route("/lists", index, name="lists"),
    *(Route(path, writes.handler(act, "keep"), methods=["POST"], name=path) for path, act in _FORMS.items()),
    *(
        Route(f"/list/{{id:int}}{suffix}", partial(feed, suffix=suffix), name=f"list-feed{suffix}")
        for suffix in feeds.KINDS
    ),
    *(
        Route(f"/list/{{id:int}}{suffix}", partial(file, suffix=suffix), name=f"list{suffix}")
        for suffix in taking.FILES
    ),
    *(
        Route(f"/feeds/{{key}}/list/{{id:int}}{suffix}", partial(keyed, suffix=suffix), name=f"keyed-list{suffix}")
        for suffix in feeds.KINDS
    ),
    Route("/list/{id:int}", page, name="list"),
    Route("/list/{id:int}/{slug}", page, name="list-page"),
]
