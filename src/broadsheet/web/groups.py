"""Groups on pages: all of them, the front page of one, who is in it; joining, leaving, and keeping order.

A group that only its members see is not there (404) for anybody else. Each form does one thing; `groups` says who may.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet import groups
from broadsheet.community import periods, picks
from broadsheet.errors import Mistake
from broadsheet.query import Hit, Query
from broadsheet.store import Recent, Store, Team
from broadsheet.store.desk import Chosen
from broadsheet.text import clean, plural
from broadsheet.web import feeds, filling, lists, outgoing, site, who, writes
from broadsheet.web.http import answer
from broadsheet.web.rows import Row
from broadsheet.web.writes import Asking, Done

SHOWN = 100  # groups on one page
LATELY = 20  # papers that members meant lately
MEMBERS = 200  # of a group, on its page; the store has all

_JOINED = {
    "member": "You belong to this group now.",
    "asked": "You have asked; an editor of the group lets you in.",
}


class Picked(NamedTuple):
    """What editors chose for a day (``2026-11-20``), in their order."""

    day: str
    rows: tuple[tuple[Row, Chosen], ...]


def address(team: Team, suffix: str = "") -> str:
    """The front page of a group, or with a *suffix* its feed."""
    return f"/group/{quote(groups.slug(team.name))}{suffix}"


def reader_address(name: str, suffix: str = "") -> str:
    """The page of a reader."""
    return f"/reader/{quote(name, safe='')}{suffix}"


# -- pages -------------------------------------------------------------------------------------------------------------


def index(request: Request) -> Response:
    """The reader's groups, and those that all see, by name."""
    here, account = site.of(request), who.asker(request)
    teams, after = here.library.store.teams, clean(request.query_params.get("after", ""))[:200]
    every = teams.all(account, after=after, limit=SHOWN + 1)
    body = here.render(
        "groups.html", query=Query(), may=_may(request), mine=teams.of(account) if account else (),
        others=[team for team in every[:SHOWN] if not team.role], after=after,
        more=every[SHOWN - 1].key if len(every) > SHOWN else "", address=address,
    )  # fmt: skip
    return answer(request, body, cache=outgoing.PRIVATE)


def page(request: Request) -> Response:
    """What the editors of a group chose, what its members did lately, its lists, who is in it."""
    here, account, team = site.of(request), who.asker(request), _team(request)
    if request.path_params["slug"] != groups.slug(team.name):
        return RedirectResponse(address(team), 302, {"cache-control": "no-cache"})
    store, known = here.library.store, _may(request)
    body = here.render(
        "group.html", query=Query(), team=team, known=known, account=account, picked=_picked(request, team),
        lately=_lately(request, team), lists=store.lists.of_group(team.id, account), address=address,
        list_address=lists.address, reader_address=reader_address, members=_members(store, team),
        picks=known and team.edits, day=picks.written(periods.number(site.today())),
        feed=partial(_feed_address, request, team),
    )  # fmt: skip
    return answer(request, body, cache=outgoing.PRIVATE)


def feed(request: Request, suffix: str) -> Response:
    """What came to a group last: on its lists, and by the choice of its editors."""
    return _feed(request, _team(request), who.asker(request), suffix)


def keyed(request: Request, suffix: str) -> Response:
    """The same for a feed reader, which cannot sign in."""
    account = outgoing.account_of(request)
    team = groups.at(site.of(request).library.store, request.path_params["id"], account)
    return _feed(request, team, account, suffix)


def _feed(request: Request, team: Team, account: int, suffix: str) -> Response:
    store = site.of(request).library.store
    papers = [*outgoing.papers(store, store.teams.latest(team.id, feeds.NEWEST, account))]
    return outgoing.feed(request, suffix, team.name, address(team), papers, public=not team.inside)


def _team(request: Request) -> Team:
    return groups.found(site.of(request).library.store, request.path_params["slug"], who.asker(request))


def _may(request: Request) -> bool:
    reader = who.reader(request)
    return reader is not None and reader.may("join")


def _members(store: Store, team: Team) -> Mapping[str, Sequence[object]]:
    """Who is in the group by what they are; who is on the way into it is the business of its editors."""
    found = store.teams.members(team.id, limit=MEMBERS)
    inside = [one for one in found if one.role in groups.ROLES]
    return {"inside": inside, "waiting": [one for one in found if one.role not in groups.ROLES] if team.edits else []}


def _picked(request: Request, team: Team) -> Picked | None:
    """The last day that editors chose papers for."""
    store = site.of(request).library.store
    day = store.teams.chosen_on(team.id)
    chosen = {one.pk: one for one in store.desk.day(day, team.id)} if day else {}
    papers = store.get([*chosen])
    if not papers:
        return None
    hits = {pk: Hit(paper, 0.0, why=_by(chosen[pk])) for pk, paper in papers.items()}
    rows = filling.fill(request, hits, 1)
    return Picked(picks.written(day), tuple(zip(rows, (chosen[pk] for pk in hits), strict=True)))


def _by(one: Chosen) -> str:
    return f"chosen by {one.name}" if one.name else "chosen by an editor of the group"


def _lately(request: Request, team: Team) -> list[Row]:
    """What members meant in the last two weeks, with how many of them; who they are stays untold."""
    store = site.of(request).library.store
    recent = {one.pk: one for one in store.teams.recent(team.id, LATELY, inside=team.inside)}
    papers = store.get([*recent])
    hits = {pk: Hit(paper, 0.0, why=reason(recent[pk])) for pk, paper in papers.items()}
    return filling.fill(request, hits, 1)


def reason(one: Recent) -> str:
    """``kept by 3 members, 2 voted for it``."""
    said = [f"kept by {plural(one.kept, 'member')}"] if one.kept else []
    said += [f"{plural(one.votes, 'member')} voted for it"] if one.votes else []
    said += [f"submitted by {plural(one.submitted, 'member')}"] if one.submitted else []
    return ", ".join(said)


def _feed_address(request: Request, team: Team, suffix: str) -> str:
    """Where a feed reader finds a group: with a key for who sees more of it than everybody."""
    reader = who.reader(request)
    if reader is None or not team.inside or site.of(request).library.settings.accounts == "off":
        return address(team, suffix)
    return f"/feeds/{outgoing.key_of(request, reader.id)}/group/{team.id}{suffix}"


# -- forms -------------------------------------------------------------------------------------------------------------


def _asked(asking: Asking) -> tuple[Store, Team]:
    store = asking.site.library.store
    return store, groups.at(store, asking.request.path_params["id"], asking.reader.id)


def _other(asking: Asking) -> int:
    text = asking.form.get("reader", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Mistake("Name a member of the group.")
    return int(text)


def _begin(asking: Asking) -> str:
    form, store = asking.form, asking.site.library.store
    seen, joining = form.get("seen", "all"), form.get("joining", "ask")
    team = groups.begin(store, asking.reader.id, form.get("name", ""), form.get("about", ""), seen, joining)
    return address(team)


def _change(asking: Asking) -> str:
    (store, team), form = _asked(asking), asking.form
    said = {what: form.get(what) for what in ("name", "about", "seen", "joining")}
    return address(groups.change(store, asking.reader.id, team, **said))


def _join(asking: Asking) -> Done:
    store, team = _asked(asking)
    role = store.teams.join(team.id, asking.reader.id)
    return Done(address(team), _JOINED.get(role, ""), role in groups.ROLES)


def _leave(asking: Asking) -> str:
    store, team = _asked(asking)
    store.teams.leave(team.id, asking.reader.id)
    return "/groups"


def _invite(asking: Asking) -> str:
    store, team = _asked(asking)
    groups.invite(store, team, asking.form.get("name", ""))
    return f"{address(team)}#members"


def _accept(asking: Asking) -> str:
    store, team = _asked(asking)
    groups.accept(store, team, _other(asking))
    return f"{address(team)}#members"


def _out(asking: Asking) -> str:
    store, team = _asked(asking)
    groups.put_out(store, team, asking.reader.id, _other(asking))
    return f"{address(team)}#members"


def _role(asking: Asking) -> str:
    store, team = _asked(asking)
    groups.give(store, team, _other(asking), asking.form.get("role", ""))
    return f"{address(team)}#members"


def _hand_over(asking: Asking) -> str:
    store, team = _asked(asking)
    groups.hand_over(store, team, asking.reader.id, _other(asking))
    return f"{address(team)}#members"


def _remove(asking: Asking) -> str:
    if not asking.form.get("sure"):
        raise Mistake("A group is removed for good. Tick the box to say that you are sure.")
    store, team = _asked(asking)
    groups.remove(store, team)
    return "/groups"


def _pick(asking: Asking) -> str:
    (store, team), form = _asked(asking), asking.form
    pk = asking.site.library.row(form.get("id", ""))
    picks.pick(store, asking.reader, _day(asking), pk, team=team.id, note=form.get("note", ""))
    return address(team)


def _unpick(asking: Asking) -> str:
    store, team = _asked(asking)
    pk = asking.site.library.row(asking.form.get("id", ""))
    picks.unpick(store, asking.reader, _day(asking), pk, team=team.id)
    return address(team)


def _step(asking: Asking) -> str:
    store, team = _asked(asking)
    pk = asking.site.library.row(asking.form.get("id", ""))
    picks.step(store, asking.reader, _day(asking), pk, -1 if asking.form.get("by") == "up" else 1, team=team.id)
    return address(team)


def _day(asking: Asking) -> int:
    return picks.day_of(asking.form.get("day", "") or picks.written(periods.number(site.today())))


_FORMS: Mapping[str, Callable[[Asking], Done | str]] = {
    "": _begin, "/{id:int}/change": _change, "/{id:int}/join": _join, "/{id:int}/leave": _leave,
    "/{id:int}/invite": _invite, "/{id:int}/accept": _accept, "/{id:int}/out": _out, "/{id:int}/role": _role,
    "/{id:int}/hand-over": _hand_over, "/{id:int}/remove": _remove, "/{id:int}/pick": _pick,
    "/{id:int}/unpick": _unpick, "/{id:int}/step": _step,
}  # fmt: skip
ROUTES = [
    Route("/groups", index, name="groups"),
    *(
        Route(f"/groups{path}", writes.handler(act, "join"), methods=["POST"], name=f"groups{path}")
        for path, act in _FORMS.items()
    ),
    *(Route(f"/group/{{slug}}{suffix}", partial(feed, suffix=suffix), name=f"group{suffix}") for suffix in feeds.KINDS),
    *(
        Route(f"/feeds/{{key}}/group/{{id:int}}{suffix}", partial(keyed, suffix=suffix), name=f"keyed-group{suffix}")
        for suffix in feeds.KINDS
    ),
    Route("/group/{slug}", page, name="group"),
]
