"""Questions and papers, for programs; what the library holds, and where that comes from."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Param
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from broadsheet import latex, queryparts
from broadsheet.errors import Mistake, NotFound
from broadsheet.query import MAX_LIMIT, MAX_OFFSET, MAX_SUGGESTIONS, Page, Sort, Suggestion
from broadsheet.text import clean
from broadsheet.web import pages, saved, site, urls, who
from broadsheet.web.api_models import Answer, Record, Sources, Stats, Suggestions
from broadsheet.web.api_parts import PRIVATE, Identifier
from broadsheet.web.api_schema import errors
from broadsheet.web.http import JSON, answer, dumps, fingerprint

if TYPE_CHECKING:
    pass

router = APIRouter(prefix="/api/v1", default_response_class=JSONResponse)

SUGGESTED = "private, max-age=30"  # who deletes a letter is answered by the browser

Values = Annotated[
    list[str] | None, Param(max_length=urls.MAX_VALUES, description="Whole values, or the beginning of one: acl*")
]
Names = Annotated[list[str] | None, Param(max_length=urls.MAX_VALUES, description="Words of names")]
Order = Annotated[Sort, Param(description="What comes first")]
Offset = Annotated[int, Param(ge=0, le=MAX_OFFSET, description="How many to leave out first")]
Limit = Annotated[int, Param(ge=1, le=MAX_LIMIT, description="How many at most")]


@router.get(
    "/search", summary="Search by words and meaning", tags=["papers"], response_model=Answer, responses=errors(404)
)
def search(
    request: Request,
    q: Annotated[str, Param(description="The language of the search box")] = "",
    year: Annotated[str, Param(description="2024, 2021..2024, 2021.. or ..2024")] = "",
    added: Annotated[str, Param(description="7d, 2w, 3m, 1y, today or 2024-01-31..2024-02-29")] = "",
    venue: Values = None,
    author: Names = None,
    category: Values = None,
    source: Values = None,
    has: Annotated[list[str] | None, Param(description="code, pdf, abstract, data, project, video")] = None,
    sort: Order = "relevance",
    offset: Offset = 0,
    upto: Annotated[int, Param(ge=0, lt=2**31, description="The first page's `upto`, for the later ones")] = 0,
    limit: Limit = urls.LIMIT,
    explain: Annotated[bool, Param(description="Say more of why")] = False,
    facets: Annotated[bool, Param(description="Count the values of the whole result")] = False,
    verbatim: Annotated[bool, Param(description="Mend no spelling")] = False,
    missing: Annotated[str, Param(description="An id: say why this paper is not among them")] = "",
) -> Response:
    # The parameters above are the contract, checked and published by FastAPI; the page's own reader reads them.
    text, changes = urls.asked(request.query_params)
    return _found(request, text, changes | {"explain": explain, "facets": facets, "verbatim": verbatim}, missing)


class Question(BaseModel):
    """The same question as JSON; every name as in the address."""

    model_config = ConfigDict(extra="forbid", strict=True)

    q: str = ""
    year: str = ""
    added: str = ""
    venue: list[str] = []
    author: list[str] = []
    category: list[str] = []
    source: list[str] = []
    has: list[str] = []
    sort: Sort = "relevance"
    offset: int = 0
    upto: int = 0
    limit: int = urls.LIMIT
    explain: bool = False
    facets: bool = False
    verbatim: bool = False
    missing: str = ""


@router.post(
    "/search", summary="The same, asked in JSON", tags=["papers"], response_model=Answer, responses=errors(404)
)
def ask(request: Request, question: Question) -> Response:
    wrong: list[str] = []
    given = {word: getattr(question, word) for word in urls.MANY} | {"year": [question.year], "added": [question.added]}
    changes: dict[str, Any] = {"filters": queryparts.filters(given, wrong)}
    if wrong:
        raise Mistake(" ".join(wrong))
    for name in ("sort", "offset", "upto", "limit", "explain", "facets", "verbatim"):
        changes[name] = getattr(question, name)
    return _found(request, question.q, changes, question.missing)


def _found(request: Request, text: str, changes: dict[str, Any], missing: str) -> Response:
    library = site.of(request).library
    query = who.parse(request, text, **changes)
    why = {"why_not": list(library.why_not(query, missing))} if missing else {}
    return _page(request, library.search(query), why)


@router.get(
    "/paper/{identifier:path}",
    summary="One paper by any of its ids",
    tags=["papers"],
    response_model=Record,
    responses=errors(404),
)
def paper(request: Request, identifier: Identifier) -> Response:
    asked = pages.identifier(request)
    found = site.of(request).library.paper(asked)
    if found is None:
        raise NotFound(f"No paper here is called “{asked[:200]}”.")
    return answer(request, dumps(found.to_dict()), JSON)


@router.get(
    "/similar",
    summary="Papers like some and unlike others",
    tags=["papers"],
    response_model=Answer,
    responses=errors(404),
)
def similar(
    request: Request,
    liked: Annotated[list[str], Param(alias="id", max_length=queryparts.MAX_LIKE, description="Papers to be like")],
    disliked: Annotated[
        list[str] | None, Param(alias="not", max_length=queryparts.MAX_LIKE, description="Papers to be unlike")
    ] = None,
    sort: Order = "relevance",
    offset: Offset = 0,
    limit: Limit = urls.LIMIT,
) -> Response:
    library = site.of(request).library
    wanted, unwanted = ([clean(one) for one in given] for given in (liked, disliked or []))
    if missing := [one for one in (*wanted, *unwanted) if library.paper(one) is None]:
        raise NotFound(f"No paper here is called “{missing[0][:200]}”.")
    return _page(request, library.similar(wanted, without=unwanted, limit=limit, sort=sort, offset=offset))


@router.get(
    "/similar/{identifier:path}",
    summary="Papers like one paper",
    tags=["papers"],
    response_model=Answer,
    responses=errors(404),
)
def similar_to_one(
    request: Request,
    identifier: Identifier,
    sort: Order = "relevance",
    offset: Offset = 0,
    limit: Limit = urls.LIMIT,
) -> Response:
    return similar(request, [pages.identifier(request)], None, sort, offset, limit)


@router.get(
    "/suggest", summary="What a question may become while it is typed", tags=["papers"], response_model=Suggestions
)
def suggest(
    request: Request,
    q: Annotated[str, Param(description="What stands in the search box; its last words are completed")] = "",
    limit: Annotated[int, Param(ge=1, le=MAX_SUGGESTIONS, description="How many at most")] = 8,
) -> Response:
    library = site.of(request).library
    asker = 0 if who.reader(request) is None else who.asker(request)  # what is saved here is its reader's
    found = [_suggested(one, _where(one, request)) for one in library.suggest(q, limit, asker)]
    return answer(request, dumps({"suggestions": found}), JSON, cache=SUGGESTED)


def _where(one: Suggestion, request: Request) -> str:
    if one.key:
        return urls.paper(one.key)
    return saved.feed_address(one.text, "") if one.kind == "saved" else urls.search(who.parse(request, one.question))


def _suggested(one: Suggestion, url: str) -> dict[str, Any]:
    text = latex.plain(one.text) if one.key else one.text
    return {"kind": one.kind, "text": text, "papers": one.papers, "question": one.question, "url": url}


@router.get("/stats", summary="What the library holds", tags=["library"], response_model=Stats)
def stats(request: Request) -> Response:
    return answer(request, dumps(site.of(request).library.stats().to_dict()), JSON)


@router.get(
    "/sources", summary="Where papers come from, and how each source fares", tags=["library"], response_model=Sources
)
def sources(request: Request) -> Response:
    found = site.of(request).library.sources()
    public = [{key: value for key, value in one.to_dict().items() if key != "options"} for one in found]
    return answer(request, dumps({"sources": public}), JSON)


def _page(request: Request, page: Page, more: Mapping[str, Any] = MappingProxyType({})) -> Response:
    """An answer; its fingerprint leaves out how long it took, so that asking again can be a 304."""
    timeless: dict[str, Any] = {**replace(page, took_ms=0.0).to_dict(), **more}
    tag = fingerprint(dumps(timeless))
    cache = "no-cache" if who.reader(request) is None else PRIVATE  # a question may ask for the reader's own lists
    return answer(request, dumps(timeless | {"took_ms": round(page.took_ms, 3)}), JSON, tag=tag, cache=cache)
