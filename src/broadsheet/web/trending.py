"""What rises: by window and topic, with every term of every score, where papers are heading, and how it is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.community.dailies import WINDOWS
from broadsheet.community.days import PUBLISHED
from broadsheet.community.near import NEAR
from broadsheet.errors import Mistake
from broadsheet.query import Query
from broadsheet.text import clean, plural
from broadsheet.trend import DAY, HALF_LIFE, HISTORY, SIGNALS, WEIGHT, WINDOW, One, forecast, formula, sentences
from broadsheet.web import feeds, filling, health, sharing, site, sparks, who
from broadsheet.web.rows import Row
from broadsheet.web.site import Site

if TYPE_CHECKING:
    from broadsheet.community.board import Board

PAGE = 20
MAX_TOPIC = 120  # characters
CATEGORIES = 12
WORDS = {"day": "Today", "week": "This week", "month": "This month"}
NOUN = {"day": "day", "week": "week", "month": "month"}


@dataclass(frozen=True, slots=True)
class Rising:
    """A row, and all that its score is made of.

    heading   how many votes it is likely to have, as a sentence; empty where nothing can be said
    why_not   why it has no badge, as sentences; none where it has
    """

    row: Row
    one: One
    heading: str
    why_not: tuple[str, ...]


def asked(request: Request) -> tuple[str, str]:
    """The window and the topic of the address. Raises Mistake."""
    params = request.query_params
    window = params.get("window") or "week"
    if window not in WINDOWS:
        raise Mistake(f"There is no window “{window[:20]}”; it is one of {', '.join(WINDOWS)}.")
    return window, clean(params.get("topic") or params.get("category") or "")[:MAX_TOPIC]


def address(window: str, topic: str = "", suffix: str = "", after: str = "") -> str:
    pairs = [("window", window)] if window != "week" else []
    pairs += [("topic", topic)] if topic else []
    pairs += [("after", after)] if after else []
    return f"/trending{suffix}" + (f"?{urlencode(pairs, safe=':/', quote_via=quote)}" if pairs else "")


def shown(request: Request) -> Response:
    """The papers that rise in a window, within a topic."""
    asked(request)  # what is wrong with the address is said before anything is kept
    return sharing.page(request, lambda: _shown(request, *asked(request)))


def _shown(request: Request, window: str, topic: str) -> bytes:
    here = site.of(request)
    board = here.library.boards.current()
    found, more, total = rising(request, board, window, topic) if board else ((), "", 0)
    links = [(WORDS[name], address(name, topic), name == window) for name in WINDOWS]
    categories = [(name, address(window, name)) for name, _ in here.library.shelf(CATEGORIES).categories]
    return here.render(
        "trending.html", query=Query(), window=window, noun=NOUN[window], topic=topic, board=board, found=found,
        more=more, total=total, links=links, categories=categories, without=address(window), days=forecast.DAYS,
        measured=moment(board.now) if board else "", feed_paths=_feeds(window, topic), words=WORDS[window],
        span=sentences.span,
    )  # fmt: skip


def _feeds(window: str, topic: str) -> list[tuple[str, str, str]]:
    kinds = feeds.KINDS.items()
    return [(kind.name, kind.media.partition(";")[0], address(window, topic, suffix)) for suffix, kind in kinds]


def rising(
    request: Request, board: "Board", window: str, topic: str, size: int = PAGE
) -> tuple[tuple[Rising, ...], str, int]:
    """What rises behind the paper that ``after`` names; the address of what comes next; how many there are."""
    here, reader = site.of(request), who.reader(request)
    pks = here.library.rising(board, window, topic).tolist()
    if reader is not None:
        hidden = frozenset(here.library.store.community.hidden(reader.id))
        pks = [pk for pk in pks if pk not in hidden]
    start = _after(here, pks, request.query_params.get("after", ""))
    one = board.windows[window]
    told = here.library.told(board, window, topic, pks[start : start + size], len(pks), one)
    hits, terms = dict(zip(told.pks, told.hits, strict=True)), dict(zip(told.pks, told.terms, strict=True))
    rows = filling.fill(request, hits, start + 1)
    found = tuple(
        _rising(board, window, pk, row, terms[pk], pk in told.hot) for pk, row in zip(told.pks, rows, strict=True)
    )
    more = address(window, topic, after=rows[-1].paper.key) if rows and start + size < len(pks) else ""
    return found, more, len(pks)


def _rising(board: "Board", window: str, pk: int, row: Row, one: One, hot: bool) -> Rising:
    points = board.windows[window].points(pk)
    badges = (filling.HOT,) if hot else ()
    drawn = replace(row, spark=sparks.line(points, sparks.told(points, window)), badges=badges)
    return Rising(drawn, one, heading(board.coming.of(pk), row.counts.votes), () if hot else sentences.why_not(one))


def of_paper(request: Request, pk: int, entry: Row) -> Rising | None:
    """What the month's score of one paper is made of, for its own page; None where nothing happened to it."""
    board = site.of(request).library.boards.current()
    one = board.windows["month"].one(pk) if board else None
    return _rising(board, "month", pk, entry, one, one.hot) if board and one else None


def heading(bounds: tuple[int, int, int] | None, votes: int) -> str:
    """``Likely 140 votes in 7 days, four times in five between 110 and 190.``"""
    if bounds is None:
        return ""
    low, likely, high = (max(bound, votes) for bound in bounds)
    days = plural(round(forecast.DAYS), "day")
    return f"Likely {plural(likely, 'vote')} in {days}; between {low:,} and {high:,} in four cases of five"


def _after(here: Site, pks: Sequence[int], key: str) -> int:
    pk = filling.numbered(here, key)
    return pks.index(pk) + 1 if pk in pks else 0


def moment(at: int) -> str:
    """When that was, as people say it."""
    return health.moment(datetime.fromtimestamp(at, UTC).isoformat(), site.now())


def feed(request: Request, suffix: str) -> Response:
    """What rises, as a feed: in the order of its score."""
    here = site.of(request)
    window, topic = asked(request)
    found = here.library.trending(window, topic, limit=feeds.NEWEST)
    title = f"Rising{f' in {topic}' if topic else ''}, {WORDS[window].lower()}"
    papers = [hit.paper for hit in found.hits]
    return sharing.feed(request, suffix, title, address(window, topic), papers, own=address(window, topic, suffix))


def about(request: Request) -> Response:
    """The formula in words, with the numbers that the program goes by."""
    here = site.of(request)
    board = here.library.boards.current()
    weights: Mapping[str, float] = dict(zip(SIGNALS, WEIGHT.tolist(), strict=True))
    return sharing.page(
        request,
        lambda: here.render(
            "about_trending.html", query=Query(), weights=weights, windows=WINDOWS, day=DAY, history=HISTORY,
            lengths=WINDOW, halves=HALF_LIFE, clearly=formula.CLEARLY, voices=formula.VOICES, oldest=formula.OLDEST,
            board=board, days=forecast.DAYS, opens=here.library.settings.opens,
        ),
    )  # fmt: skip


def about_days(request: Request) -> Response:
    """How the papers of a day are put in order."""
    here = site.of(request)
    return sharing.page(
        request,
        lambda: here.render("about_days.html", query=Query(), weights=PUBLISHED, close=NEAR),
    )


ROUTES = [
    *(Route(f"/trending{suffix}", partial(feed, suffix=suffix), name=f"trending{suffix}") for suffix in feeds.KINDS),
    Route("/trending", shown, name="trending"),
    Route("/about/trending", about, name="about-trending"),
    Route("/about/days", about_days, name="about-days"),
]
