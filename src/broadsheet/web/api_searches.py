"""Searches with a name, for programs, and what is new in them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.errors import Conflict, Mistake
from broadsheet.people.rights import Reader
from broadsheet.query import Sort
from broadsheet.querylang import MAX_TEXT
from broadsheet.shelves import MAX_NAME, SavedSearch, Shelves
from broadsheet.text import fold
from broadsheet.web import saved, site
from broadsheet.web.api_models import Body, Next, Time, closed
from broadsheet.web.api_parts import (
    LIMIT,
    MAX_NUMBER,
    Account,
    Cursor,
    Limit,
    Needs,
    changed,
    cut,
    given,
    gone,
    listed,
    place,
)
from broadsheet.web.api_schema import errors, right

router = APIRouter(prefix="/api/v1", tags=["shelves"], default_response_class=JSONResponse)

Keeper = Annotated[Reader, Depends(Needs("keep"))]


@closed
class Search(TypedDict):
    """A question that has a name."""

    name: str
    query: Annotated[str, Field(description="In the language of the search box")]
    sort: str
    created: Time
    looked: Time
    new: Annotated[int, Field(description="How many of its papers have come since you looked")]
    notes: list[str]
    url: Annotated[str, Field(description="The page with its papers")]


@closed
class Searches(TypedDict):
    searches: Annotated[list[Search], Field(description="By name")]
    next: Next


class NewSearch(Body):
    query: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="In the language of the search box")]
    sort: Sort = "relevance"
    verbatim: Annotated[bool, Field(description="Mend no spelling")] = False


class SearchChange(Body):
    """What is not given stays as it is."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME, description="Another name")] | None = None
    seen: (
        Annotated[
            int,
            Field(ge=0, le=MAX_NUMBER, description="Counts as seen: what there was at an answer's `upto`; 0 for all"),
        ]
        | None
    ) = None


@router.get("/searches", summary="Your saved searches", response_model=Searches)
def searches(request: Request, account: Account, cursor: Cursor = "", limit: Limit = LIMIT) -> Response:
    mine, after = _shelves(request, account), place(request, cursor, str)
    names = sorted((one.name for one in mine.store.searches.all(account)), key=fold)
    some = [name for name in names if after is None or fold(name) > after[0]][: limit + 1]
    shown, last = cut(some, limit, lambda name: (fold(name),))
    return listed(request, "searches", [_search(mine.saved_search(name)) for name in shown], last)


@router.get("/searches/{name}", summary="One of them", response_model=Search, responses=errors(404))
def one(request: Request, account: Account, name: str) -> Response:
    return given(request, _search(_shelves(request, account).saved_search(name)))


@router.put("/searches/{name}", summary="Save a search", response_model=Search, responses=errors(409),
            openapi_extra=right("keep"))  # fmt: skip
def save(request: Request, reader: Keeper, name: str, new: NewSearch) -> Response:
    mine = _shelves(request, reader.id)
    try:
        return changed(_search(mine.save_search(name, new.query, new.sort, verbatim=new.verbatim)))
    except Mistake as error:
        if mine.store.searches.named(name, reader.id) is None:
            raise
        raise Conflict(str(error)) from error  # another question has the name, and keeps it


@router.patch("/searches/{name}", summary="Give a search another name, or what it found as seen",
              response_model=Search, responses=errors(404), openapi_extra=right("keep"))  # fmt: skip
def change(request: Request, reader: Keeper, name: str, new: SearchChange) -> Response:
    mine = _shelves(request, reader.id)
    if new.seen is not None:
        mine.look(name, limit=1, upto=new.seen)
    if new.name is not None:
        return changed(_search(mine.rename_search(name, new.name)))
    return changed(_search(mine.saved_search(name)))


@router.delete("/searches/{name}", summary="Forget a search", status_code=204, responses=errors(404),
               openapi_extra=right("keep"))  # fmt: skip
def remove(request: Request, reader: Keeper, name: str) -> Response:
    _shelves(request, reader.id).remove_search(name)
    return gone()


def _shelves(request: Request, account: int) -> Shelves:
    return site.of(request).library.shelves(account)


def _search(one: SavedSearch) -> Search:
    return Search(
        name=one.name, query=one.query, sort=one.sort, created=one.created, looked=one.looked, new=one.new,
        notes=list(one.notes), url=saved.address(one),
    )  # fmt: skip
