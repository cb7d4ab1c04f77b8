"""The front page: the last day that has papers; what rises, what people write about, how the sources fare beside it."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.community.periods import around
from broadsheet.query import Page, Query
from broadsheet.text import plural
from broadsheet.web import days, filling, health, sharing, site, sparks, views
from broadsheet.web.kept import Kept
from broadsheet.web.rows import Row
from broadsheet.web.site import Site

if TYPE_CHECKING:
    from markupsafe import Markup

    from broadsheet.community.periods import Period
    from broadsheet.community.topics import Phrase
    from broadsheet.library import Shelf, Stats

RISING = 5  # papers beside the front page
PHRASES = 12
VENUES = 12  # and as many categories, to browse from a library without days
NEWEST = 13  # papers of such a library
FEW = 10  # papers of a day; below them stand those of the day before, up to so many
DAYS = 7  # before today, in the small calendar
SECONDS = 10.0  # that what stands beside is kept
SOURCES = 60.0  # and how the sources fare


class Beside(NamedTuple):
    """What stands beside the papers of the front page, the same for everybody.

    week    the last days with how much came, the latest first
    """

    stats: "Stats"
    rising: tuple[Row, ...]
    phrases: "tuple[Phrase, ...]"
    span: str
    week: "tuple[tuple[Period, int], ...]"


class State(NamedTuple):
    """How the sources fare, in a sentence; when the next papers can come, empty where nothing is followed."""

    headline: str
    coming: str
    failing: bool


def front(request: Request) -> Response:
    """The last day that has papers; a library without days shows the newest by what is known of their dates."""
    return sharing.page(request, lambda: _front(request))


def _front(request: Request) -> bytes:
    here, today = site.of(request), site.today()
    held: Held = request.app.state.front
    beside = held.beside.get(today, lambda: _beside(here, today))
    period = here.library.days.latest(today) if beside.stats.indexed else None
    if period is None:
        return _undated(request, today, beside)
    found, turn = filling.listing(request, period), days.turn(here, period)
    return here.render(
        "front.html", query=Query(), date=today, period=period, beside=beside, sparks=sparks, found=found, turn=turn,
        state=held.state.get("", lambda: _state(here)), earlier=_earlier(request, found, turn),
        silent=days.silence(here, around("day", today)) if period.last < today else "",
    )  # fmt: skip


class Earlier(NamedTuple):
    """What stands below a short day: the last day before it, or the newest papers of a library that has no other."""

    period: "Period | None"
    drawn: "tuple[Markup, ...]"


def _earlier(request: Request, found: filling.Listing, turn: days.Turn) -> Earlier | None:
    missing = FEW - len(found.drawn)
    if missing <= 0 or found.more:
        return None
    if turn.before:
        return Earlier(turn.before, filling.listing(request, turn.before, size=missing, lead=False).drawn)
    return Earlier(None, filling.newest(request, missing, found.rows))


class Held:
    """What stands beside, kept by one process for all its readers."""

    def __init__(self) -> None:
        self.beside: Kept[Beside] = Kept(SECONDS, 1)
        self.state: Kept[State] = Kept(SOURCES, 1)


def _undated(request: Request, today: date, beside: Beside) -> bytes:
    """For a library that was brought in as a whole: no paper of it has a day."""
    here = site.of(request)
    page: Page | None = None
    drawn: tuple[Markup, ...] = ()
    if beside.stats.indexed:
        page = here.library.search(Query(sort="new", limit=1, facets=("year",)))
        drawn = filling.newest(request, NEWEST, lead=True)
    shelf: Shelf = here.library.shelf(VENUES)
    return here.render(
        "front_undated.html", stats=beside.stats, page=page, drawn=drawn, shelf=shelf, date=today,
        query=Query(sort="new"), views=views, beside=beside,
    )  # fmt: skip


def _beside(here: Site, today: date) -> Beside:
    library = here.library
    board, found = library.boards.current(), library.trending("week", limit=RISING)
    window = board.windows["week"] if board else None
    rising = [
        Row(hit.paper, spark=sparks.line(points, sparks.told(points, "week")))
        for pk, hit in zip(found.pks, found.hits, strict=True)
        if (points := window.points(pk) if window else ()) is not None
    ]
    week = [around("day", today - timedelta(days=back)) for back in range(DAYS + 1)]
    return Beside(
        library.stats(), tuple(rising), board.topics.phrases[:PHRASES] if board else (),
        board.topics.span if board else "", tuple((day, library.days.count(day)) for day in week),
    )  # fmt: skip


def _state(here: Site) -> State:
    found, now = here.library.sources(), site.now()
    asked = [one for one in found if one.followed and one.budget is None]
    coming = min((one for one in asked if one.next), key=lambda one: one.next, default=None)
    said = ""
    if coming is not None:
        left = (datetime.fromisoformat(coming.next) - now).total_seconds()
        said = f"{coming.name} can be asked now" if left <= 60 else f"next from {coming.name} {_in(left)}"
        said += f"; {coming.why}" if left > 60 and coming.why else ""
    return State(health.headline(found, now), said, any(one.state == "failed" for one in asked))


def _in(seconds: float) -> str:
    """``in 3 hours``."""
    if seconds < 5_400:
        return f"in {plural(round(seconds / 60), 'minute')}"
    return f"in {plural(round(seconds / 3_600), 'hour')}" if seconds < 129_600 else f"in {round(seconds / 86_400)} days"


ROUTES = [Route("/", front, name="front")]
