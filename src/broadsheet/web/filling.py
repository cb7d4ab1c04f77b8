"""A page of papers filled with what everybody did with them and what the reader did: a few queries, however many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from starlette.requests import Request

from broadsheet import ids
from broadsheet.community.days import Order, places
from broadsheet.people.rights import may
from broadsheet.query import Hit, Marked, Query
from broadsheet.store.community import Shade
from broadsheet.text import clip
from broadsheet.web import site, who
from broadsheet.web.fragments import Fragments
from broadsheet.web.rows import Badge, Counts, Mine, Row
from broadsheet.web.site import Site

if TYPE_CHECKING:
    from broadsheet.community.periods import Period

PAGE = 25  # papers of a period that are shown at once
TEXT = 260  # characters of an abstract in a list
LEAD = 620  # and of the first one's
MAX_KEY = 2_000
HOT = Badge("Hot", "hot", "/about/trending#hot")
NOTHING, NO_SHADE = Mine(), Shade()


def fill(request: Request, hits: Mapping[int, Hit], first: int = 0, *, lead: bool = False) -> list[Row]:
    """The rows of *hits* (pk -> hit), numbered from *first* (0: not at all); *lead*: the first is shown at length."""
    pks, library, reader = list(hits), site.of(request).library, who.reader(request)
    board, store = library.boards.current(), library.store
    hot = board.windows["week"].hot() if board else frozenset[int]()
    totals = store.community.tallies(pks)
    mine: dict[int, Mine] = {}
    if reader is not None:
        voted, shades = store.community.votes_of(reader.id, pks), store.community.shades_of(reader.id, pks)
        saved = store.lists.holding(pks, reader.id)
        mine = {pk: Mine(pk in voted, pk in saved, *shades.get(pk, NO_SHADE)) for pk in pks}
    able = may(reader, "vote") or (reader is None and library.settings.accounts != "off")
    return [
        _row(
            hit, first + at if first else 0, Counts(totals[pk].votes, totals[pk].comments), mine.get(pk, NOTHING), able,
            pk in hot, LEAD if lead and not at else TEXT,
        )
        for at, (pk, hit) in enumerate(hits.items())
    ]  # fmt: skip


def of_hits(request: Request, hits: Sequence[Hit], first: int = 0) -> list[Row]:
    """The rows of an answer, numbered from *first* (0: not at all); a paper that is gone by now is left out."""
    return fill(request, numbers(request, hits), first)


def numbers(request: Request, hits: Sequence[Hit]) -> dict[int, Hit]:
    """pk -> hit, of those that are still there."""
    own = [ids.own(hit.paper.key) for hit in hits]
    pks = site.of(request).library.store.resolve(own)
    return {pks[one]: hit for one, hit in zip(own, hits, strict=True) if one in pks}


def _row(hit: Hit, place: int, counts: Counts, mine: Mine, able: bool, hot: bool, text: int) -> Row:
    paper = hit.paper
    snippet = hit.snippet if hit.snippet.text else Marked(clip(paper.abstract, text))
    badges = (HOT,) if hot else ()
    return Row(paper, place, hit.why, hit.signals, hit.score, hit.title, snippet, counts, mine, able, badges)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a period's papers.

    total    all papers of the period, and *hidden* how many of them the reader has put out of sight
    more     the address of what comes next; empty at the end
    whole    the address with what is hidden; empty where it is shown, or nothing is
    """

    period: "Period"
    rows: tuple[Row, ...]
    drawn: tuple[Markup, ...]
    total: int
    hidden: int
    more: str
    whole: str


def newest(request: Request, most: int, without: Sequence[Row] = (), *, lead: bool = False) -> tuple[Markup, ...]:
    """At most *most* of the newest papers of all, by what is known of their dates; none of *without*."""
    known = {row.paper.key for row in without}
    hits = site.of(request).library.search(Query(sort="new", limit=most + len(known))).hits
    found = numbers(request, [hit for hit in hits if hit.paper.key not in known][:most])
    return _drawn(request, [*found], fill(request, found, lead=lead), level=3, lead=lead)


def listing(request: Request, period: "Period", *, level: int = 3, size: int = PAGE, lead: bool = True) -> Listing:
    """The papers of *period* behind the one that ``after`` names, in the order of whoever asks.

    *level*: of the headings; *lead*: whether the first of all is shown at length.
    """
    here, reader = site.of(request), who.reader(request)
    library, params = here.library, request.query_params
    order = library.days.order(period, fresh=may(reader, "pick"))
    hidden: list[int] = []
    if reader is not None:
        order = library.days.own(order, reader.id)
        hidden = library.store.community.hidden(reader.id)
    shown_all = params.get("hidden") == "show"
    seen = places(order, () if shown_all else hidden)
    start = _after(here, order, seen, params.get("after", ""))
    some = seen[start : start + size].tolist()
    hits = library.hits(order, some)
    lead = lead and not start
    rows = fill(request, hits, lead=lead)
    kept = [("hidden", "show")] if shown_all else []
    more = ""
    if start + size < len(seen) and rows:
        more = f"{period.path}?{urlencode([*kept, ('after', rows[-1].paper.key)], safe=':/,')}"
    left = len(order) - len(places(order, hidden))
    whole = f"{period.path}?hidden=show" if left and not shown_all else ""
    drawn = _drawn(request, [*hits], rows, level=level, lead=lead)
    return Listing(period, tuple(rows), drawn, len(order), left, more, whole)


def _drawn(request: Request, pks: list[int], rows: list[Row], *, level: int, lead: bool) -> tuple[Markup, ...]:
    reader = site.of(request).library.index.reader()
    version = (reader.stamp if reader else "", site.today())
    drawer: Fragments = request.app.state.fragments
    pairs = zip(pks, rows, strict=True)
    return tuple(
        drawer.row(row, (pk, *version), level=level, lead=lead and not at) for at, (pk, row) in enumerate(pairs)
    )


def _after(here: Site, order: Order, seen: npt.NDArray[np.int64], key: str) -> int:
    """How many of the places *seen* come before what follows the paper *key*; 0 where it is not among them."""
    pk = numbered(here, key)
    found = np.flatnonzero(order.pks[seen] == pk) if pk else np.zeros(0, np.int64)
    return int(found[0]) + 1 if len(found) else 0


def numbered(here: Site, key: str) -> int:
    """The row of the paper that an address calls *key*; 0 for none."""
    own = ids.own(key[:MAX_KEY]) if key else ""
    return here.library.store.resolve([own]).get(own, 0) if own else 0
