"""A reader's marks, for programs: votes, what is hidden, what has been read. PUT makes one, DELETE takes it back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.people.rights import Reader
from broadsheet.web import site
from broadsheet.web.api_models import Brief, Next, Time, closed, moment
from broadsheet.web.api_parts import (
    LIMIT,
    Cursor,
    Identifier,
    Limit,
    Needs,
    briefs,
    changed,
    cut,
    given,
    listed,
    one_paper,
    place,
)
from broadsheet.web.api_schema import errors, right

if TYPE_CHECKING:
    from broadsheet.store.community import Community

router = APIRouter(prefix="/api/v1", tags=["marks"], default_response_class=JSONResponse)

Asker = Annotated[Reader, Depends(Needs())]
Voter = Annotated[Reader, Depends(Needs("vote"))]


@closed
class Vote(TypedDict):
    """Whether a paper has one's vote, and how many it has."""

    id: str
    voted: bool
    votes: int


@closed
class Shade(TypedDict):
    """Whether one has put a paper out of sight, and has read it."""

    id: str
    hidden: bool
    read: bool


@closed
class Marked(TypedDict):
    """A paper with a mark of one's own, and since when."""

    paper: Brief
    at: Time


@closed
class Votes(TypedDict):
    votes: Annotated[list[Marked], Field(description="The latest first")]
    next: Next


@closed
class AllHidden(TypedDict):
    hidden: Annotated[list[Marked], Field(description="The latest first")]
    next: Next


@closed
class AllRead(TypedDict):
    read: Annotated[list[Marked], Field(description="The latest first")]
    next: Next


# -- votes -------------------------------------------------------------------------------------------------------------


@router.get("/votes", summary="What you voted for", response_model=Votes)
def votes(request: Request, reader: Asker, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    found = _community(request).voted(reader.id, limit + 1, place(request, cursor, int, int))
    return _marked(request, "votes", found, limit)


@router.get("/votes/{identifier:path}", summary="Whether a paper has your vote", response_model=Vote,
            responses=errors(404))  # fmt: skip
def vote(request: Request, reader: Asker, identifier: Identifier) -> Response:
    pk, key = one_paper(request)
    community = _community(request)
    voted, total = pk in community.votes_of(reader.id, [pk]), community.tallies([pk])[pk].votes
    return given(request, Vote(id=key, voted=voted, votes=total))


@router.put("/votes/{identifier:path}", summary="Vote for a paper", response_model=Vote, responses=errors(404),
            openapi_extra=right("vote"))  # fmt: skip
def give_vote(request: Request, reader: Voter, identifier: Identifier) -> Response:
    return _vote(request, reader, True)


@router.delete("/votes/{identifier:path}", summary="Take your vote back", response_model=Vote, responses=errors(404),
               openapi_extra=right("vote"))  # fmt: skip
def take_vote(request: Request, reader: Voter, identifier: Identifier) -> Response:
    return _vote(request, reader, False)


def _vote(request: Request, reader: Reader, want: bool) -> Response:
    pk, key = one_paper(request)
    return changed(Vote(id=key, voted=want, votes=_community(request).vote(reader.id, pk, want).votes))


# -- out of sight, and read --------------------------------------------------------------------------------------------


@router.get("/hidden", summary="What you put out of sight", response_model=AllHidden)
def all_hidden(request: Request, reader: Asker, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    found = _community(request).shaded(reader.id, "hidden", limit + 1, place(request, cursor, int, int))
    return _marked(request, "hidden", found, limit)


@router.get("/read", summary="What you have read", response_model=AllRead)
def all_read(request: Request, reader: Asker, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    found = _community(request).shaded(reader.id, "read", limit + 1, place(request, cursor, int, int))
    return _marked(request, "read", found, limit)


@router.get("/hidden/{identifier:path}", summary="Whether a paper is out of your sight", response_model=Shade,
            responses=errors(404))  # fmt: skip
def hidden(request: Request, reader: Asker, identifier: Identifier) -> Response:
    return given(request, _shade(request, reader, *one_paper(request)))


@router.get("/read/{identifier:path}", summary="Whether you have read a paper", response_model=Shade,
            responses=errors(404))  # fmt: skip
def read(request: Request, reader: Asker, identifier: Identifier) -> Response:
    return given(request, _shade(request, reader, *one_paper(request)))


@router.put("/hidden/{identifier:path}", summary="Put a paper out of your sight", response_model=Shade,
            responses=errors(404), openapi_extra=right("vote"))  # fmt: skip
def hide(request: Request, reader: Voter, identifier: Identifier) -> Response:
    pk, key = one_paper(request)
    return changed(_shade(request, reader, _community(request).hide(reader.id, pk), key))


@router.delete("/hidden/{identifier:path}", summary="Let a paper be seen again", response_model=Shade,
               responses=errors(404), openapi_extra=right("vote"))  # fmt: skip
def unhide(request: Request, reader: Voter, identifier: Identifier) -> Response:
    pk, key = one_paper(request)
    return changed(_shade(request, reader, _community(request).hide(reader.id, pk, False), key))


@router.put("/read/{identifier:path}", summary="Note that you have read a paper", response_model=Shade,
            responses=errors(404), openapi_extra=right("vote"))  # fmt: skip
def mark_read(request: Request, reader: Voter, identifier: Identifier) -> Response:
    pk, key = one_paper(request)
    return changed(_shade(request, reader, _community(request).read(reader.id, pk), key))


@router.delete("/read/{identifier:path}", summary="Note that you have not read a paper", response_model=Shade,
               responses=errors(404), openapi_extra=right("vote"))  # fmt: skip
def unmark_read(request: Request, reader: Voter, identifier: Identifier) -> Response:
    pk, key = one_paper(request)
    return changed(_shade(request, reader, _community(request).read(reader.id, pk, False), key))


def _shade(request: Request, reader: Reader, pk: int, key: str) -> Shade:
    found = _community(request).shades_of(reader.id, [pk]).get(pk)
    return Shade(id=key, hidden=bool(found and found.hidden), read=bool(found and found.read))


def _marked(request: Request, name: str, rows: Sequence[tuple[int, int]], limit: int) -> Response:
    shown, last = cut(rows, limit, lambda row: row)
    papers = briefs(request, [pk for pk, _ in shown])
    return listed(request, name, [Marked(paper=papers[pk], at=moment(at)) for pk, at in shown if pk in papers], last)


def _community(request: Request) -> "Community":
    return site.of(request).library.store.community
