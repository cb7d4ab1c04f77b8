"""Days, weeks and months, what is rising, and topics, for programs; each with the reasons that the pages give."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from fastapi import Path as At
from fastapi import Query as Param
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from broadsheet.community import periods
from broadsheet.community.board import BUCKET, Board
from broadsheet.community.dailies import Dailies
from broadsheet.community.days import Order, places
from broadsheet.community.periods import Kind, Period
from broadsheet.errors import NotFound
from broadsheet.trend.forecast import DAYS
from broadsheet.web import site, urls
from broadsheet.web.api_models import Hit, Next, Time, closed, moment
from broadsheet.web.api_parts import LIMIT, Anybody, Cursor, Limit, given, listed, place
from broadsheet.web.api_schema import OPEN, errors

router = APIRouter(prefix="/api/v1", tags=["front page"], default_response_class=JSONResponse)

Pks = npt.NDArray[np.int64]
For = Annotated[
    Literal["me", "all"], Param(alias="for", description="The order for you, without what you hid; or that for all")
]
Window = Annotated[Literal["day", "week", "month"], Param(description="How far back it looks")]


@closed
class DayCount(TypedDict):
    day: str
    papers: int


@closed
class YearCount(TypedDict):
    year: int
    papers: int


@closed
class Calendar(TypedDict):
    """The days of a year on which papers appeared, and all years that have papers."""

    year: int
    days: Annotated[list[DayCount], Field(description="Days with papers, the latest first")]
    years: Annotated[list[YearCount], Field(description="The latest first")]


@closed
class DayOf(TypedDict):
    """A day, a week or a month: its papers in order, and the periods before and after it that have papers."""

    period: Annotated[str, Field(description="2026-11-20, 2026-W47 or 2026-11")]
    kind: Kind
    first: str
    last: str
    total: int
    before: str | None
    after: str | None
    hits: list[Hit]
    next: Next


@closed
class Term(TypedDict):
    """What one signal adds to a paper's score; docs/trending.md has the formula."""

    count: Annotated[float, Field(description="What happened, as a reader counts")]
    counted: Annotated[float, Field(description="The same after trust, rings and caps")]
    hours: float
    expected: Annotated[float, Field(description="What a paper of its topics and age gets in these hours")]
    ratio: Annotated[float, Field(description="Its shrunk rate by the rate of its topics: 1 is as usual")]
    weight: float
    share: float


@closed
class Forecast(TypedDict):
    """Votes that a paper is likely to have in so many days, and the interval that holds in four of five cases."""

    days: float
    low: int
    likely: int
    high: int


@closed
class Riser(Hit):
    """A paper that rises, with every term of its score."""

    hot: bool
    terms: dict[str, Term]
    spark: Annotated[list[int], Field(description="What happened to it in equal steps up to now, the oldest first")]
    forecast: Forecast | None


@closed
class Error(TypedDict):
    """How wrong forecasts were on this library's past, of papers of one age in days (0: of all ages)."""

    age: float
    cases: int
    factor: Annotated[float | None, Field(description="Half of them were off by this factor or less")]
    coverage: Annotated[float | None, Field(description="The share of them whose interval held what came")]
    nothing: Annotated[float | None, Field(description="The same factor, had one said that nothing more would come")]
    rate: Annotated[float | None, Field(description="The same, had one said that it would go on like the last day")]


@closed
class Rising(TypedDict):
    """What rises; and how far its forecasts may be believed."""

    window: str
    topic: str
    measured: Annotated[str, Field(description="When, ISO 8601 in UTC; empty where nothing was measured yet")]
    total: int
    step: Annotated[int, Field(description="Seconds of one step of a spark")]
    errors: Annotated[list[Error], Field(description="Of all ages first, then by age")]
    hits: list[Riser]
    next: Next


@closed
class Phrase(TypedDict):
    """A phrase that is commoner in titles than it was."""

    topic: str
    papers: Annotated[int, Field(description="Of late that have it")]
    usual: Annotated[float, Field(description="How many that would be, had nothing changed")]
    url: str


@closed
class Topics(TypedDict):
    """Phrases that rise, the clearest first: in `span`, compared with `compared`."""

    span: str
    compared: str
    measured: Time
    topics: list[Phrase]


# -- days --------------------------------------------------------------------------------------------------------------


@router.get("/days", summary="The days of a year that have papers", response_model=Calendar)
def calendar(
    request: Request,
    year: Annotated[int, Param(ge=0, le=9999, description="0 for the latest that has any")] = 0,
) -> Response:
    days = site.of(request).library.days
    years = days.years()
    chosen = year or max((one for one in years if one <= site.today().year), default=site.today().year)
    found = days.calendar(chosen) if chosen >= periods.FIRST.year else {}
    value = Calendar(
        year=chosen,
        days=[DayCount(day=day.isoformat(), papers=count) for day, count in sorted(found.items(), reverse=True)],
        years=[YearCount(year=each, papers=count) for each, count in years.items()],
    )
    return given(request, value, private=False)


@router.get("/days/{day}", summary="The papers of a day", response_model=DayOf, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def day(
    request: Request, account: Anybody, day: Annotated[str, At(description="2026-11-20, or latest")],
    order: For = "me", cursor: Cursor = "", limit: Limit = LIMIT,
) -> Response:  # fmt: skip
    if day != "latest":
        return _feed(request, account, periods.named("day", day, site.today()), order, cursor, limit)
    latest = site.of(request).library.days.latest(site.today())
    if latest is None:
        raise NotFound("No paper here has a day yet.")
    return _feed(request, account, latest, order, cursor, limit)


@router.get("/weeks/{week}", summary="The papers of a week", response_model=DayOf, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def week(
    request: Request, account: Anybody, week: Annotated[str, At(description="2026-W47")], order: For = "me",
    cursor: Cursor = "", limit: Limit = LIMIT,
) -> Response:  # fmt: skip
    return _feed(request, account, periods.named("week", week, site.today()), order, cursor, limit)


@router.get("/months/{month}", summary="The papers of a month", response_model=DayOf, responses=errors(404),
            openapi_extra=OPEN)  # fmt: skip
def month(
    request: Request, account: Anybody, month: Annotated[str, At(description="2026-11")], order: For = "me",
    cursor: Cursor = "", limit: Limit = LIMIT,
) -> Response:  # fmt: skip
    return _feed(request, account, periods.named("month", month, site.today()), order, cursor, limit)


def _feed(request: Request, account: int, period: Period, whose: str, cursor: str, limit: int) -> Response:
    library = site.of(request).library
    whole = library.days.order(period)
    seen = _seen_by(library, whole, account) if account and whose == "me" else whole
    some, last = _slice(seen.pks, place(request, cursor, int, int), limit)
    around = library.days.around(period, site.today())
    hits = library.hits(seen, some)
    return listed(
        request, "hits", [hit.to_dict() for hit in hits.values()], last, private=whose == "me",
        period=period.name, kind=period.kind, first=period.first.isoformat(), last=period.last.isoformat(),
        total=len(seen), before=around.before and around.before.name, after=around.after and around.after.name,
    )  # fmt: skip


def _seen_by(library: Dailies, whole: Order, account: int) -> Order:
    """The order for one reader, without what the reader hid."""
    own = library.days.own(whole, account)
    return own.taken(places(own, library.store.community.hidden(account)))


def _slice(pks: Pks, after: tuple[int, int] | None, limit: int) -> tuple[Sequence[int], tuple[int, int] | None]:
    """The places of a page, and where the next one begins.

    Orders move: a page begins behind the paper that ended the one before, wherever it is now; where it is no more,
    behind its place.
    """
    start = 0
    if after is not None:
        where, pk = after
        now = np.flatnonzero(pks == pk)
        start = int(now[0]) + 1 if len(now) else max(0, where)
    end = min(start + limit, len(pks))
    return range(start, end), ((end, int(pks[end - 1])) if 0 < end < len(pks) else None)


# -- what is rising ----------------------------------------------------------------------------------------------------


@router.get("/trending", summary="What is rising, with every term of the score", response_model=Rising)
def trending(
    request: Request,
    window: Window = "week",
    topic: Annotated[str, Param(max_length=200, description="A category (cs.IR), or a phrase")] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Response:
    return _rising(request, window, topic, cursor, limit)


@router.get("/topics", summary="Phrases that rise in titles", response_model=Topics)
def topics(request: Request) -> Response:
    board = site.of(request).library.boards.current()
    found = board.topics if board else None
    value = Topics(
        span=found.span if found else "", compared=found.compared if found else "",
        measured=moment(board.now if board else 0),
        topics=[
            Phrase(topic=one.text, papers=one.late, usual=one.usual, url=urls.phrase(one.text))
            for one in (found.phrases if found else ())
        ],
    )  # fmt: skip
    return given(request, value, private=False)


@router.get("/topics/{topic}", summary="What is rising within a topic", response_model=Rising)
def rising_in(
    request: Request, topic: Annotated[str, At(max_length=200, description="A category (cs.IR), or a phrase")],
    window: Window = "month", cursor: Cursor = "", limit: Limit = LIMIT,
) -> Response:  # fmt: skip
    return _rising(request, window, topic, cursor, limit)


def _rising(request: Request, window: str, topic: str, cursor: str, limit: int) -> Response:
    library, after = site.of(request).library, place(request, cursor, int, int)
    board = library.boards.current()
    if board is None:
        return _told(request, library.trending(window, topic).to_dict(), window, None)
    pks = library.rising(board, window, topic)
    some, last = _slice(pks, after, limit)
    found = library.told(board, window, topic, pks[list(some)].tolist(), len(pks), board.windows[window])
    told = found.to_dict()
    for hit, pk in zip(told["hits"], found.pks, strict=True):
        hit |= {"spark": list(board.windows[window].points(pk)), "forecast": _forecast(board, pk)}
    return _told(request, told, window, last, [one._asdict() for one in board.coming.errors])


def _told(
    request: Request, told: dict[str, Any], window: str, last: tuple[int, int] | None, errors: Sequence[Any] = ()
) -> Response:
    hits = told.pop("hits")
    return listed(request, "hits", hits, last, private=False, step=BUCKET[window], errors=list(errors), **told)


def _forecast(board: Board, pk: int) -> Forecast | None:
    found = board.coming.of(pk)
    return Forecast(days=DAYS, low=found[0], likely=found[1], high=found[2]) if found else None
