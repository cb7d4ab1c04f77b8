"""The pages of days, weeks and months, and the calendar of them all."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.community.periods import KINDS, Kind, Period, around, named
from broadsheet.errors import NotFound
from broadsheet.query import Query
from broadsheet.sources import arxiv
from broadsheet.text import join_names
from broadsheet.web import feeds, filling, sharing, site, sparks, who
from broadsheet.web.site import Site


class Turn(NamedTuple):
    """The way through periods of one kind; the period before and after that have papers, None where there is none."""

    before: Period | None
    after: Period | None
    others: tuple[Period, ...]


def turn(here: Site, period: Period) -> Turn:
    """*others*: the week and the month that a day is in."""
    found = here.library.days.around(period, site.today())
    others = tuple(around(kind, period.first) for kind in KINDS[KINDS.index(period.kind) + 1 :])
    return Turn(found.before, found.after, others)


def shown(request: Request, kind: Kind) -> Response:
    """The papers of the period in the address."""
    here = site.of(request)
    period = named(kind, request.path_params["name"], site.today())
    return sharing.page(request, lambda: body(request, here, period))


def body(request: Request, here: Site, period: Period) -> bytes:
    found = filling.listing(request, period, level=2)
    silent = "" if found.total else silence(here, period)
    return here.render(
        "day.html", query=Query(), period=period, found=found, turn=turn(here, period), silent=silent,
        reader=who.reader(request), feed_paths=sharing.feeds_of(period.path),
    )  # fmt: skip


def silence(here: Site, period: Period) -> str:
    """Why a period has no papers, as far as it can be told."""
    if period.last >= site.today():
        return "Nothing has come yet."
    said = []
    followed, _ = here.library.followed()
    asked = [one for one in followed if one.kind == "arxiv"]
    if asked and period.kind == "day" and not arxiv.announced(period.first):
        evening = period.first - timedelta(days=1)
        said.append(f"arXiv announced nothing on the evening of {evening:%A}.")
    first, last = period.first.isoformat(), period.last.isoformat()
    runs = (run for run in here.library.store.health(first) if run.day <= last)
    failed = {run.job for run in runs if run.failed and not run.new}
    if failed:
        said.append(f"{join_names(sorted(failed))} could not be read then.")
    return " ".join(said) or f"No paper appeared {'on this day' if period.kind == 'day' else f'in this {period.kind}'}."


def archive(request: Request) -> Response:
    """A year of days, with how much came on each."""
    here, today = site.of(request), site.today()
    years = here.library.days.years()
    latest = max((year for year in years if year <= today.year), default=today.year)
    text = request.path_params.get("year") or str(latest)
    if not (text.isascii() and text.isdigit() and len(text) == 4 and 1900 <= int(text) <= today.year):
        raise NotFound(f"There is no year {text[:20]!r} in the archive; it has years from 1900 to {today.year}.")
    return sharing.page(request, lambda: _archive(here, int(text), years, today))


def _archive(here: Site, year: int, years: Mapping[int, int], today: date) -> bytes:
    counts = here.library.days.calendar(year)
    return here.render(
        "archive.html", query=Query(), year=year, years=years, months=sparks.months(year, counts, today),
        dated=sum(counts.values()), total=years.get(year, 0),
        before=max((one for one in years if one < year), default=None),
        after=min((one for one in years if year < one <= today.year), default=None),
    )  # fmt: skip


def feed(request: Request, kind: Kind, suffix: str) -> Response:
    """The papers of the period in the address, in the order for everybody."""
    here = site.of(request)
    period = named(kind, request.path_params["name"], site.today())
    found = here.library.feed(period.name, limit=feeds.NEWEST)
    return sharing.feed(request, suffix, period.words, period.path, [hit.paper for hit in found.hits])


def front_feed(request: Request, suffix: str) -> Response:
    """The papers of the last day that has any, at one address for every day."""
    here = site.of(request)
    period = here.library.days.latest(site.today())
    papers = [hit.paper for hit in here.library.feed(period.name, limit=feeds.NEWEST).hits] if period else []
    return sharing.feed(request, suffix, "Today’s papers", "/", papers, own=f"/today{suffix}")


ROUTES = [
    Route("/archive", archive, name="archive"),
    Route("/archive/{year}", archive, name="archive-year"),
    *(Route(f"/today{suffix}", partial(front_feed, suffix=suffix), name=f"today{suffix}") for suffix in feeds.KINDS),
    *(
        Route(f"/{kind}/{{name}}{suffix}", partial(feed, kind=kind, suffix=suffix), name=f"{kind}{suffix}")
        for kind in KINDS
        for suffix in feeds.KINDS
    ),
    *(Route(f"/{kind}/{{name}}", partial(shown, kind=kind), name=kind) for kind in KINDS),
]
