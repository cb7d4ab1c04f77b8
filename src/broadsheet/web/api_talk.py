"""Comments, for programs: to read, write, change and take away, to report, and what editors do about that."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.community import discussion
from broadsheet.community.discussion import MOST_TEXT, MOST_WHY
from broadsheet.errors import NotFound
from broadsheet.people.rights import Reader
from broadsheet.store.comments import Comment
from broadsheet.web import markdown, site
from broadsheet.web.api_models import Body, Next, Time, closed, moment
from broadsheet.web.api_parts import (
    LIMIT,
    MAX_NUMBER,
    Anybody,
    Cursor,
    Limit,
    Needs,
    Number,
    changed,
    cut,
    given,
    gone,
    keys,
    listed,
    place,
    row_of,
    unchanged,
)
from broadsheet.web.api_schema import OPEN, errors, right
from broadsheet.web.discussion import are_shown

router = APIRouter(prefix="/api/v1", tags=["talk"], default_response_class=JSONResponse)

Writer = Annotated[Reader, Depends(Needs("comment"))]
Editor = Annotated[Reader, Depends(Needs("moderate"))]
Why = Annotated[str, Param(max_length=MOST_WHY, description="One line on why, for the log")]


@closed
class Said(TypedDict):
    """A comment. One that was taken away keeps its place without its words, so that answers to it stand."""

    id: int
    paper: Annotated[str, Field(description="The id of the paper that it is about")]
    by: Annotated[str, Field(description="Who wrote it; empty where that account has gone")]
    answers: Annotated[int | None, Field(description="The comment that it answers")]
    text: Annotated[str, Field(description="Markdown")]
    html: Annotated[str, Field(description="The same for a page: cleaned, with mathematics as MathML")]
    version: Annotated[int, Field(description="Grows by one with each change")]
    written: Time
    changed: Annotated[str, Field(description="ISO 8601 in UTC; empty where it was not")]
    gone: bool
    url: str


@closed
class Comments(TypedDict):
    comments: list[Said]
    next: Next


@closed
class Report(TypedDict):
    """A comment that readers want an editor to see: how many of them, and the latest reason."""

    comment: Said
    readers: int
    why: str
    at: Time


@closed
class Reports(TypedDict):
    reports: list[Report]


class NewComment(Body):
    paper: Annotated[str, Field(min_length=1, max_length=2_000, description="Any id of a paper")]
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT, description="Markdown")]
    answers: Annotated[int, Field(ge=1, le=MAX_NUMBER, description="A comment of the same paper")] | None = None


class CommentChange(Body):
    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT, description="Markdown")]
    version: (
        Annotated[
            int, Field(ge=1, le=MAX_NUMBER, description="The version that was read; 409 where it is another by now")
        ]
        | None
    ) = None


class Reason(Body):
    why: Annotated[str, Field(max_length=MOST_WHY)] = ""


@router.get("/comments", summary="The comments of a paper, the oldest first; without one the latest of all",
            response_model=Comments, responses=errors(404), openapi_extra=OPEN)  # fmt: skip
def comments(
    request: Request,
    account: Anybody,
    paper: Annotated[str, Param(max_length=2_000, description="Any id of a paper")] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:
    store, after = site.of(request).library.store, place(request, cursor, int)
    if not are_shown(request):
        found = []
    elif paper:
        found = store.comments.of(row_of(request, paper)[0], after[0] if after else 0, limit + 1)
    else:
        found = store.comments.latest(limit + 1, after[0] if after else MAX_NUMBER)
    shown, last = cut(found, limit, lambda one: (one.id,))
    return listed(request, "comments", _told(request, shown), last, private=False)


@router.post("/comments", summary="Write a comment, or an answer to one", status_code=201, response_model=Said,
             responses=errors(404), openapi_extra=right("comment"))  # fmt: skip
def write(request: Request, reader: Writer, new: NewComment) -> Response:
    store, (pk, _) = site.of(request).library.store, row_of(request, new.paper)
    (told,) = _told(request, [discussion.write(store, reader, pk, new.text, new.answers)])
    return changed(told, 201, location=f"/api/v1/comments/{told['id']}")


@router.get("/comments/{number}", summary="One comment", response_model=Said, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def one(request: Request, account: Anybody, number: Number) -> Response:
    if not are_shown(request):
        raise NotFound(f"there is no comment {number}")
    return given(request, _one(request, number), private=False)


@router.patch("/comments/{number}", summary="Change the words of your comment", response_model=Said,
              responses=errors(404, 409, 412), openapi_extra=right("comment"))  # fmt: skip
def change(request: Request, reader: Writer, number: Number, new: CommentChange) -> Response:
    before = _one(request, number)
    unchanged(request, before)
    version = new.version or before["version"]
    done = discussion.edit(site.of(request).library.store, reader, number, new.text, version)
    return changed(_told(request, [done])[0])


@router.delete("/comments/{number}", summary="Take your comment away, as an editor anybody's", status_code=204,
               responses=errors(404, 412), openapi_extra=right("comment"))  # fmt: skip
def remove(request: Request, reader: Writer, number: Number, why: Why = "") -> Response:
    unchanged(request, _one(request, number))
    discussion.remove(site.of(request).library.store, reader, number, why)
    return gone()


@router.put("/comments/{number}/report", summary="Ask the editors to look at a comment", status_code=204,
            responses=errors(404), openapi_extra=right("comment"))  # fmt: skip
def report(request: Request, reader: Writer, number: Number, new: Reason) -> Response:
    discussion.report(site.of(request).library.store, reader, number, new.why)
    return gone()


@router.get("/reports", summary="Comments that readers reported, for editors", response_model=Reports,
            openapi_extra=right("moderate"))  # fmt: skip
def reports(request: Request, reader: Editor, limit: Limit = LIMIT) -> Response:
    found = site.of(request).library.store.comments.reported(limit)
    told = _told(request, [each.comment for each in found])
    rows = [
        Report(comment=said, readers=each.readers, why=each.why, at=moment(each.at))
        for said, each in zip(told, found, strict=True)
    ]
    return given(request, Reports(reports=rows))


@router.delete("/reports/{number}", summary="A reported comment may stay", status_code=204, responses=errors(404),
               openapi_extra=right("moderate"))  # fmt: skip
def settle(request: Request, reader: Editor, number: Number, why: Why = "") -> Response:
    discussion.keep(site.of(request).library.store, reader, number, why)
    return gone()


@router.post("/comments/{number}/restore", summary="Put back what an editor took away", response_model=Said,
             responses=errors(404), openapi_extra=right("moderate"))  # fmt: skip
def restore(request: Request, reader: Editor, number: Number, new: Reason) -> Response:
    done = discussion.restore(site.of(request).library.store, reader, number, new.why)
    return changed(_told(request, [done])[0])


def _one(request: Request, number: int) -> Said:
    return _told(request, [site.of(request).library.store.comments.one(number)])[0]


def _told(request: Request, found: Sequence[Comment]) -> list[Said]:
    named = keys(request, [one.pk for one in found])
    return [_said(one, named.get(one.pk, "")) for one in found]


def _said(one: Comment, paper: str) -> Said:
    text = one.text if one.gone is None else ""
    return Said(
        id=one.id, paper=paper, by=one.name, answers=one.parent, text=text, html=markdown.html(text),
        version=one.version, written=moment(one.made), changed=moment(one.edited), gone=one.gone is not None,
        url=f"/comment/{one.id}",
    )  # fmt: skip
