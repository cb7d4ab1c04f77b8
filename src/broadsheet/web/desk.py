"""The editors' desk: a day's papers chosen, put in order and explained, in forms that each do one thing.

A group's editors have the same desk with ``team=3`` in the address.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.community import periods, picks
from broadsheet.errors import Conflict, Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.people.rights import Reader
from broadsheet.query import Query
from broadsheet.store.desk import Chosen
from broadsheet.text import clean, clip
from broadsheet.web import site, who, writes
from broadsheet.web.discussion import number
from broadsheet.web.http import PAGE, answer, sentence, status_of
from broadsheet.web.site import Site
from broadsheet.web.writes import Asking, Done

OFFERED = 30  # papers of the day, or of a search, to choose from
MOST_Q = 500  # characters of a search on the desk


class Place(NamedTuple):
    """A chosen paper with what the page needs to show it."""

    chosen: Chosen
    paper: Paper


def today(request: Request) -> Response:
    """To the desk of today."""
    team = number(request.query_params.get("team", ""))
    return RedirectResponse(address(periods.number(site.today()), team), 302, {"cache-control": "no-cache"})


def address(day: int, team: int = 0, **more: str) -> str:
    given = {**({"team": str(team)} if team else {}), **more}
    return f"/desk/{picks.written(day)}" + (f"?{urlencode(given)}" if given else "")


def desk(request: Request) -> Response:
    """What is chosen for a day, and what there is to choose from."""
    here, day = site.of(request), _day(request)
    team = number(request.query_params.get("team", ""))
    reader = writes.allowed(request, who.reader(request), "join" if team else "pick")
    picks.allow(here.library.store, reader, team)
    body = _page(request, reader, day, team, request.query_params)
    return answer(request, body, cache="private, no-cache")


def _day(request: Request) -> int:
    try:
        return picks.day_of(request.path_params["day"])
    except Mistake as mistake:
        raise NotFound(str(mistake)) from None


def _page(request: Request, reader: Reader, day: int, team: int, asked: Mapping[str, str], **more: Any) -> bytes:
    here = site.of(request)
    store = here.library.store
    chosen = store.desk.day(day, team)
    asked_for = clean(asked.get("q", ""))[:MOST_Q]
    taken = {one.pk for one in chosen}
    offered = _found(request, asked_for) if asked_for else _of_day(here, day)
    gone = number(asked.get("undo", ""))
    papers = store.get([*taken, *offered, *([gone] if gone else [])])
    date = periods.day_of(day)
    assert date is not None  # `picks.day_of` made the number
    near = {"before": date - timedelta(days=1), "after": date + timedelta(days=1)}
    found = store.teams.at(team, reader.id) if team else None
    values: dict[str, Any] = {
        "places": [Place(one, papers[one.pk]) for one in chosen if one.pk in papers],
        "offered": [papers[pk] for pk in offered if pk in papers and pk not in taken],
        "seen": ",".join(str(one.pk) for one in chosen),
        "undo": papers.get(gone), "undo_place": asked.get("place", ""), "undo_note": asked.get("note", "")[:500],
        "near": {name: address(periods.number(when), team) for name, when in near.items()},
        "claims": 0 if team else store.claims.waiting(), "reports": 0 if team else len(store.comments.reported()),
        "group": found.name if found else "", "said": "", **more,
    }  # fmt: skip
    return here.render(
        "desk.html", query=Query(), day=date, path=address(day, team), at=f"/desk/{picks.written(day)}", team=team,
        asked_for=asked_for, **values,
    )  # fmt: skip


def _of_day(here: Site, day: int) -> list[int]:
    """The papers that appeared on the day, as its page has them; of today for a day to come."""
    return list(here.library.feed(picks.written(min(day, periods.number(site.today()))), limit=OFFERED).pks)


def _found(request: Request, text: str) -> list[int]:
    """The papers that an editor looks for, by words or by id."""
    library = site.of(request).library
    page = library.search(who.parse(request, text, limit=OFFERED))
    rows = library.store.resolve([hit.paper.ids[0] for hit in page.hits])
    return [rows[hit.paper.ids[0]] for hit in page.hits if hit.paper.ids[0] in rows]


# -- forms -------------------------------------------------------------------------------------------------------------


class Given(NamedTuple):
    """What each form of the desk says: the day, the group, the paper."""

    day: int
    team: int
    pk: int


def _given(asking: Asking) -> Given:
    library, form = asking.site.library, asking.form
    row = form.get("pk", "")
    pk = number(row) if row else library.row(form.get("id", ""))
    return Given(_day(asking.request), number(form.get("team", "")), pk)


def _pick(asking: Asking) -> Done:
    given, form = _given(asking), asking.form
    place = int(form["place"]) if re.fullmatch("[0-9]{1,4}", form.get("place", "")) else None
    found = picks.pick(
        asking.site.library.store, asking.reader, given.day, given.pk, team=given.team, note=form.get("note", ""),
        place=place,
    )  # fmt: skip
    return _done(given, "Chosen.", found)


def _move(asking: Asking) -> Done:
    """Up, down, or out: then the next page offers to put it back where it was."""
    given, way = _given(asking), asking.form.get("move", "")
    store, steps = asking.site.library.store, {"up": -1, "down": 1}
    if way in steps:
        found = picks.step(store, asking.reader, given.day, given.pk, steps[way], team=given.team)
        return _done(given, "Moved.", found)
    if way != "out":
        raise Mistake(f"a paper moves up, down or out, not {clip(way, 20)!r}")
    gone = picks.unpick(store, asking.reader, given.day, given.pk, team=given.team)
    if gone is None:
        return Done(address(given.day, given.team))
    undo = {"undo": str(gone.pk), "place": str(gone.place), **({"note": gone.note} if gone.note else {})}
    return Done(address(given.day, given.team, **undo), "Taken off.")


def _put(asking: Asking) -> Done:
    """What a script sends after dragging: a place in the order that it saw."""
    given, form = _given(asking), asking.form
    seen = form.get("seen", "")
    if not re.fullmatch("[0-9]{1,4}", form.get("place", "")) or not re.fullmatch("[0-9,]{0,600}", seen):
        raise Mistake("the new place cannot be read; use the buttons to move the paper")
    order = [int(pk) for pk in seen.split(",") if pk]
    found = picks.put(
        asking.site.library.store, asking.reader, given.day, given.pk, int(form["place"]), order, team=given.team
    )
    return _done(given, "Moved.", found)


def _note(asking: Asking) -> Done | Response:
    given, form = _given(asking), asking.form
    store = asking.site.library.store
    try:
        picks.note(
            store, asking.reader, given.day, given.pk, form.get("note", ""), form.get("was", ""), team=given.team
        )
    except Conflict as error:  # both texts are in the sentence; the form has the newer one as its beginning
        if writes.is_quiet(asking.request):
            raise
        body = _page(asking.request, asking.reader, given.day, given.team, {}, said=sentence(error))
        return Response(body, status_of(error), {"cache-control": "no-store"}, PAGE)
    return _done(given, "Noted.", store.desk.day(given.day, given.team))


def _done(given: Given, said: str, found: list[Chosen]) -> Done:
    anchor = f"#pick-{given.pk}" if any(one.pk == given.pk for one in found) else ""
    return Done(address(given.day, given.team) + anchor, said, total=len(found))


FORMS = {"pick": _pick, "move": _move, "put": _put, "note": _note}
# The right to join is everybody's with an account: `picks.allow` says who chooses, for the library and for a group.
ROUTES = [
    Route("/desk", today, methods=["GET"], name="desk-today"),
    Route("/desk/{day}", desk, methods=["GET"], name="desk"),
    *(
        Route(f"/desk/{{day}}/{name}", writes.handler(act, "join"), methods=["POST"], name=f"desk-{name}")
        for name, act in FORMS.items()
    ),
]
