"""Lists of papers, for programs: one's own, those of one's groups, and those that all may see."""

from collections.abc import Sequence
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends
from fastapi import Body as Given
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet import shelves
from broadsheet.people.rights import Reader
from broadsheet.shelves import Shelves
from broadsheet.store import List
from broadsheet.text import fold
from broadsheet.web import pages, site
from broadsheet.web.api_models import Body, Brief, Next, Time, brief, closed, moment
from broadsheet.web.api_parts import (
    LIMIT,
    Anybody,
    Cursor,
    Identifier,
    Limit,
    Needs,
    Number,
    changed,
    cut,
    given,
    gone,
    listed,
    place,
    unchanged,
)
from broadsheet.web.api_schema import OPEN, errors, right

router = APIRouter(prefix="/api/v1", tags=["shelves"], default_response_class=JSONResponse)

Keeper = Annotated[Reader, Depends(Needs("keep"))]
SeenBy = Literal["private", "group", "public"]
NAME = Field(min_length=1, max_length=shelves.MAX_NAME, description="Without / and quotation marks")
NOTE = Field(max_length=shelves.MAX_NOTE)


@closed
class Listed(TypedDict):
    """A list of papers, as it stands."""

    id: int
    name: str
    reader: Annotated[str, Field(description="Who made it")]
    seen_by: SeenBy
    group: Annotated[str, Field(description="The group it belongs to; empty for none")]
    note: str
    papers: Annotated[int, Field(description="How many are on it")]
    made: Time
    at: Annotated[str, Field(description="When the last paper was put there; empty for never")]


@closed
class Lists(TypedDict):
    lists: list[Listed]
    next: Next


@closed
class Entry(TypedDict):
    """A paper on a list: why, by whom (empty: somebody who has gone), and since when."""

    paper: Brief
    note: str
    by: str
    at: Time


@closed
class Entries(TypedDict):
    papers: Annotated[list[Entry], Field(description="The last put there first")]
    next: Next


@closed
class Kept(TypedDict):
    """A paper that is on a list now, and whether it was put there just now."""

    paper: Brief
    new: bool


class NewList(Body):
    name: Annotated[str, NAME]
    note: Annotated[str, NOTE] = ""
    seen_by: SeenBy = "private"
    group: Annotated[str, Field(description="The name of a group of yours that it belongs to")] = ""


class ListChange(Body):
    """What is not given stays as it is."""

    name: Annotated[str, NAME] | None = None
    note: Annotated[str, NOTE] | None = None
    seen_by: SeenBy | None = None
    group: Annotated[str, Field(description="A group of yours; empty takes the list out of its group")] | None = None


class Note(Body):
    note: Annotated[str, NOTE] = ""


# -- lists -------------------------------------------------------------------------------------------------------------


@router.get("/lists", summary="Lists: your own, those of your groups, or those that all may see", response_model=Lists,
            openapi_extra=OPEN)  # fmt: skip
def lists(
    request: Request,
    account: Anybody,
    of: Annotated[Literal["me", "groups", "all"], Param(description="Whose")] = "me",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:
    if of == "all":
        after = place(request, cursor, int)
        found: Sequence[List] = site.of(request).library.store.lists.public(limit + 1, after[0] if after else 0)
        shown, last = cut(found, limit, lambda one: (one.id,))
    else:
        after = place(request, cursor, str, int)
        mine = _shelves(request, account)
        found = sorted(mine.lists() if of == "me" else mine.group_lists(), key=_by_name)
        shown, last = cut(
            [one for one in found if after is None or _by_name(one) > after][: limit + 1], limit, _by_name
        )
    return listed(request, "lists", [told_list(one) for one in shown], last)


@router.post("/lists", summary="Begin a list", status_code=201, response_model=Listed, responses=errors(404),
             openapi_extra=right("keep"))  # fmt: skip
def begin(request: Request, reader: Keeper, new: NewList) -> Response:
    made = _shelves(request, reader.id).begin_list(new.name, note=new.note, seen=new.seen_by, group=new.group)
    return changed(told_list(made), 201, location=f"/api/v1/lists/{made.id}")


@router.get("/lists/{number}", summary="One list", response_model=Listed, responses=errors(404), openapi_extra=OPEN)
def one(request: Request, account: Anybody, number: Number) -> Response:
    return given(request, told_list(_shelves(request, account).list_at(number)))


@router.patch("/lists/{number}", summary="Name, describe or share a list anew", response_model=Listed,
              responses=errors(404, 412), openapi_extra=right("keep"))  # fmt: skip
def change(request: Request, reader: Keeper, number: Number, new: ListChange) -> Response:
    mine = _shelves(request, reader.id)
    found = mine.list_at(number)
    unchanged(request, told_list(found))
    return changed(told_list(mine.change_list(found, name=new.name, note=new.note, seen=new.seen_by, group=new.group)))


@router.delete("/lists/{number}", summary="Remove a list; its papers stay in the library", status_code=204,
               responses=errors(404, 412), openapi_extra=right("keep"))  # fmt: skip
def remove(request: Request, reader: Keeper, number: Number) -> Response:
    mine = _shelves(request, reader.id)
    found = mine.list_at(number)
    unchanged(request, told_list(found))
    mine.remove_list(found)
    return gone()


# -- papers on a list --------------------------------------------------------------------------------------------------


@router.get("/lists/{number}/papers", summary="The papers on a list", response_model=Entries, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def entries(request: Request, account: Anybody, number: Number, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    mine = _shelves(request, account)
    found = mine.entries(mine.list_at(number), before=place(request, cursor, int, int), limit=limit + 1)
    shown, last = cut(found, limit, lambda kept: (kept.entry.at, kept.entry.pk))
    rows = [
        Entry(paper=brief(one.paper), note=one.entry.note, by=one.entry.by, at=moment(one.entry.at)) for one in shown
    ]
    return listed(request, "papers", rows, last)


@router.put("/lists/{number}/papers/{identifier:path}", summary="Put a paper on a list, and say why",
            response_model=Kept, responses=errors(404), openapi_extra=right("keep"))  # fmt: skip
def keep(
    request: Request,
    reader: Keeper,
    number: Number,
    identifier: Identifier,
    new: Annotated[Note | None, Given()] = None,
) -> Response:
    mine, named = _shelves(request, reader.id), pages.identifier(request)
    found, note = mine.list_at(number), new.note if new else ""
    done = mine.keep_on(found, [named], note)
    if not done and new:
        mine.note_kept(found, named, note)
    paper = done[0] if done else site.of(request).library.paper(named)
    assert paper is not None  # else keep_on had said so
    return changed(Kept(paper=brief(paper), new=bool(done)))


@router.delete("/lists/{number}/papers/{identifier:path}", summary="Take a paper off a list", status_code=204,
               responses=errors(404), openapi_extra=right("keep"))  # fmt: skip
def unkeep(request: Request, reader: Keeper, number: Number, identifier: Identifier) -> Response:
    mine = _shelves(request, reader.id)
    mine.unkeep_from(mine.list_at(number), [pages.identifier(request)])
    return gone()


def _shelves(request: Request, account: int) -> Shelves:
    return site.of(request).library.shelves(account)


def _by_name(one: List) -> tuple[str, int]:
    return fold(one.name), one.id


def told_list(one: List) -> Listed:
    """A list, as the API tells it."""
    return Listed(
        id=one.id, name=one.name, reader=one.owner, seen_by=cast("SeenBy", one.seen_by), group=one.group,
        note=one.note, papers=one.papers, made=moment(one.made), at=moment(one.at),
    )  # fmt: skip
