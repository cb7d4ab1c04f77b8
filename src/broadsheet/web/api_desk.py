"""What readers bring and editors choose, for programs: submissions, the picks of a day, claims of authors."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Body as Given
from fastapi import Path as At
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet import groups
from broadsheet.community import claims, discussion, picks, submissions
from broadsheet.community.discussion import MOST_WHY
from broadsheet.community.submissions import MOST_TEXT
from broadsheet.errors import Mistake
from broadsheet.people.rights import Reader
from broadsheet.store.claims import Claim, State
from broadsheet.store.desk import MOST, Chosen
from broadsheet.web import site
from broadsheet.web.api_models import Body, Brief, Next, Time, closed, moment
from broadsheet.web.api_parts import (
    LIMIT,
    Anybody,
    Cursor,
    Identifier,
    Limit,
    Needs,
    Number,
    behind,
    briefs,
    changed,
    cut,
    given,
    gone,
    known,
    listed,
    one_paper,
    place,
    row_of,
    unchanged,
)
from broadsheet.web.api_schema import OPEN, errors, right

router = APIRouter(prefix="/api/v1", tags=["curation"], default_response_class=JSONResponse)

Asker = Annotated[Reader, Depends(Needs())]
Bringer = Annotated[Reader, Depends(Needs("submit"))]
Claimer = Annotated[Reader, Depends(Needs("claim"))]
Known = Annotated[Reader, Depends(known)]  # who chooses for whom, and decides what, the domain knows
Day = Annotated[str, At(description="2026-11-20")]
Group = Annotated[str, Param(max_length=200, description="The group whose page it is; empty for the library's own")]
PAPER = Field(min_length=1, max_length=MOST_TEXT, description="An id or an address")


@closed
class Submitted(TypedDict):
    """A paper that you brought."""

    paper: Brief
    note: str
    at: Time


@closed
class Submissions(TypedDict):
    submissions: Annotated[list[Submitted], Field(description="The latest first")]
    next: Next


@closed
class Accepted(TypedDict):
    """A paper that was submitted: whether nobody had before, and whether it was looked up because it was not here."""

    paper: Brief
    first: bool
    fetched: bool


@closed
class Pick(TypedDict):
    """A paper that editors chose for a day; by is empty for an account that has gone."""

    paper: Brief
    note: str
    by: str
    at: Time


@closed
class Picks(TypedDict):
    """What editors chose for a day, in order."""

    day: str
    group: str
    picks: list[Pick]


@closed
class Claimed(TypedDict):
    """A reader's word that they are an author of a paper, and what an editor said to it."""

    id: int
    paper: Brief | None
    by: str
    author: str
    state: State
    note: str
    editor: str
    asked: Time
    decided: Annotated[str, Field(description="ISO 8601 in UTC; empty where nobody has")]


@closed
class Claims(TypedDict):
    claims: list[Claimed]
    next: Next


class NewSubmission(Body):
    paper: Annotated[str, PAPER]
    note: Annotated[str, Field(max_length=MOST_WHY)] = ""


class NewPick(Body):
    note: Annotated[str, Field(max_length=MOST_WHY, description="Why; not given, it stays as it is")] | None = None
    place: (
        Annotated[int, Field(ge=0, lt=MOST, description="From 0; not given, it stays, or goes to the end")] | None
    ) = None


class NewClaim(Body):
    paper: Annotated[str, PAPER]
    author: Annotated[str, Field(min_length=1, max_length=1_000, description="A name as the paper has it")]


class Decision(Body):
    """Who asked can withdraw; an editor approves, refuses, or lets it wait again."""

    state: State
    was: Annotated[State | None, Field(description="What it was when the editor looked; an editor says so")] = None
    note: Annotated[str, Field(max_length=MOST_WHY)] = ""


# -- submissions -------------------------------------------------------------------------------------------------------


@router.get("/submissions", summary="Papers that you brought", response_model=Submissions)
def submitted(request: Request, reader: Asker, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    after = place(request, cursor, int, int)
    found = site.of(request).library.store.desk.submitted_by(reader.id, limit + 1, after)
    shown, last = cut(found, limit, lambda one: (one.at, one.pk))
    papers = briefs(request, [one.pk for one in shown])
    rows = [Submitted(paper=papers[one.pk], note=one.note, at=moment(one.at)) for one in shown if one.pk in papers]
    return listed(request, "submissions", rows, last)


@router.post("/submissions", summary="Bring a paper: what is not here is looked up", status_code=201,
             response_model=Accepted, responses=errors(404, 502), openapi_extra=right("submit"))  # fmt: skip
def submit(request: Request, reader: Bringer, new: NewSubmission) -> Response:
    library = site.of(request).library
    name = submissions.wanted(new.paper)
    if not name:
        raise Mistake("This names no paper: an arXiv id, a DOI or an address is wanted; /api/v1/search finds titles.")
    done = submissions.submit(library, reader, name, new.note)
    papers = briefs(request, [done.pk])
    return changed(Accepted(paper=papers[done.pk], first=done.first, fetched=done.fetched), 201)


@router.delete("/submissions/{identifier:path}", summary="It was not you who brought it; the paper stays",
               status_code=204, responses=errors(404), openapi_extra=right("submit"))  # fmt: skip
def take_back(request: Request, reader: Bringer, identifier: Identifier) -> Response:
    site.of(request).library.store.desk.take_back(reader.id, one_paper(request)[0])
    return gone()


# -- picks -------------------------------------------------------------------------------------------------------------


@router.get("/days/{day}/picks", summary="What editors chose for a day", response_model=Picks, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def chosen(request: Request, account: Anybody, day: Day, group: Group = "") -> Response:
    number, team = picks.day_of(day), _team(request, account, group)
    found = site.of(request).library.store.desk.day(number, team)
    return given(request, _picks(request, number, group, found), private=bool(group))


@router.put("/days/{day}/picks/{identifier:path}", summary="Choose a paper for a day, move it, or say why",
            response_model=Picks, responses=errors(404, 409, 412), openapi_extra=right("pick"))  # fmt: skip
def pick(
    request: Request, reader: Known, day: Day, identifier: Identifier, group: Group = "",
    new: Annotated[NewPick | None, Given()] = None,
) -> Response:  # fmt: skip
    """For a group's page, its editors do so, and a token needs the scope `write`."""
    store, (pk, _) = site.of(request).library.store, one_paper(request)
    number, team, wanted = picks.day_of(day), _team(request, reader.id, group), new or NewPick()
    before = store.desk.day(number, team)
    unchanged(request, _picks(request, number, group, before))
    there = next((one for one in before if one.pk == pk), None)
    if there is None:
        picks.pick(store, reader, number, pk, team=team, note=wanted.note or "", place=wanted.place)
    else:
        if wanted.place is not None:
            picks.put(store, reader, number, pk, wanted.place, [one.pk for one in before], team=team)
        if wanted.note is not None:
            picks.note(store, reader, number, pk, wanted.note, there.note, team=team)
    return changed(_picks(request, number, group, store.desk.day(number, team)))


@router.delete("/days/{day}/picks/{identifier:path}", summary="Take a paper off a day", response_model=Picks,
               responses=errors(404, 412), openapi_extra=right("pick"))  # fmt: skip
def unpick(request: Request, reader: Known, day: Day, identifier: Identifier, group: Group = "") -> Response:
    store, (pk, _) = site.of(request).library.store, one_paper(request)
    number, team = picks.day_of(day), _team(request, reader.id, group)
    unchanged(request, _picks(request, number, group, store.desk.day(number, team)))
    picks.unpick(store, reader, number, pk, team=team)
    return changed(_picks(request, number, group, store.desk.day(number, team)))


def _team(request: Request, account: int, group: str) -> int:
    return groups.found(site.of(request).library.store, group, account).id if group else 0


def _picks(request: Request, day: int, group: str, found: Sequence[Chosen]) -> Picks:
    papers = briefs(request, [one.pk for one in found])
    rows = [
        Pick(paper=papers[one.pk], note=one.note, by=one.name, at=moment(one.at)) for one in found if one.pk in papers
    ]
    return Picks(day=picks.written(day), group=group, picks=rows)


# -- claims ------------------------------------------------------------------------------------------------------------


@router.get("/claims", summary="Your claims; an editor's, those that wait or were decided", response_model=Claims)
def all_claims(
    request: Request,
    reader: Asker,
    of: Annotated[Literal["me", "waiting", "decided"], Param(description="Which; all but your own are for editors")]
    = "me",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:  # fmt: skip
    store, after = site.of(request).library.store, place(request, cursor, int, int)
    if of == "me":
        found = sorted(store.claims.of_account(reader.id), key=_made, reverse=True)
    else:
        discussion.need(reader, "moderate")
        found = store.claims.open(MANY) if of == "waiting" else store.claims.decided(MANY)
        found = sorted(found, key=_made, reverse=True)
    shown, last = cut(behind(found, after, _made)[: limit + 1], limit, _made)
    return listed(request, "claims", _told(request, shown), last)


@router.post("/claims", summary="Say that you are an author of a paper", status_code=201, response_model=Claimed,
             responses=errors(404), openapi_extra=right("claim"))  # fmt: skip
def claim(request: Request, reader: Claimer, new: NewClaim) -> Response:
    store, (pk, _) = site.of(request).library.store, row_of(request, new.paper)
    return changed(_told(request, [claims.ask(store, reader, pk, new.author)])[0], 201)


@router.patch("/claims/{number}", summary="Withdraw a claim, or decide it", response_model=Claimed,
              responses=errors(404, 409))  # fmt: skip
def decide(request: Request, reader: Known, number: Number, new: Decision) -> Response:
    """A token needs the scope `write` to withdraw, an editor's the scope `edit` to decide."""
    store = site.of(request).library.store
    if new.state == "withdrawn":
        done = claims.withdraw(store, Needs("claim")(request), number)
    elif new.was is None:
        raise Mistake("`was` is missing: what the claim was when you looked, so that no other editor is overruled.")
    else:
        done = claims.decide(store, reader, number, new.state, new.note, new.was)
    return changed(_told(request, [done])[0])


MANY = 1_000  # claims that are looked through


def _made(one: Claim) -> tuple[int, int]:
    return one.made, one.id


def _told(request: Request, found: Sequence[Claim]) -> list[Claimed]:
    papers = briefs(request, [one.pk for one in found])
    return [
        Claimed(
            id=one.id, paper=papers.get(one.pk), by=one.name, author=one.author, state=one.state, note=one.note,
            editor=one.editor, asked=moment(one.made), decided=moment(one.decided),
        )
        for one in found
    ]  # fmt: skip
