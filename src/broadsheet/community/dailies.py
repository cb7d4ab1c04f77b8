"""What a library knows of its days and of what rises: `Dailies` is that part of `library.Library`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from broadsheet.condition import Term
from broadsheet.errors import Mistake, NotFound
from broadsheet.query import Filters, Hit
from broadsheet.settings import Settings
from broadsheet.store import Store
from broadsheet.text import fold

if TYPE_CHECKING:
    from broadsheet.community.board import Board, Boards, Window
    from broadsheet.community.days import Days, Order
    from broadsheet.community.memory import Memory
    from broadsheet.community.periods import Period
    from broadsheet.index import Index
    from broadsheet.index.lexical import Match
    from broadsheet.trend import Bools, Ints, One

WINDOWS = ("day", "week", "month")
MOST = 200  # papers of one answer
FEWEST = 6  # months that a plot of months has


class Trending(NamedTuple):
    """What rises. *at*: when that was measured, Unix seconds; 0 where it never was.

    total   how many papers have a score
    pks     those of *hits*, and *terms* theirs
    hot     those of them that have the badge
    """

    window: str
    topic: str
    at: int
    total: int
    hits: tuple[Hit, ...]
    pks: tuple[int, ...]
    terms: "tuple[One, ...]"
    hot: frozenset[int]

    def to_dict(self) -> dict[str, Any]:
        measured = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds") if self.at else ""
        found = zip(self.hits, self.pks, self.terms, strict=True)
        return {
            "window": self.window, "topic": self.topic, "measured": measured, "total": self.total,
            "hits": [hit.to_dict() | {"hot": pk in self.hot, "terms": _terms(one)} for hit, pk, one in found],
        }  # fmt: skip


def _terms(one: "One") -> dict[str, dict[str, float]]:
    return {
        term.signal: {name: round(value, 4) for name, value in asdict(term).items() if name != "signal"}
        for term in one.terms
    }


class Feed(NamedTuple):
    """The papers of a day, a week or a month, in order; *total* of them there are."""

    period: "Period"
    total: int
    hits: tuple[Hit, ...]
    pks: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "period": self.period.name, "kind": self.period.kind, "first": self.period.first.isoformat(),
            "last": self.period.last.isoformat(), "total": self.total, "hits": [hit.to_dict() for hit in self.hits],
        }  # fmt: skip


class Dailies(ABC):
    settings: Settings
    store: Store

    @property
    @abstractmethod
    def home(self) -> Path: ...

    @property
    @abstractmethod
    def index(self) -> "Index": ...

    @cached_property
    def boards(self) -> "Boards":
        """What the job of trending has made, always the newest."""
        from broadsheet.community.board import Boards

        return Boards(self.home)

    @cached_property
    def memory(self) -> "Memory":
        """Papers that many look at."""
        from broadsheet.community.memory import Memory

        return Memory(self.store)

    @cached_property
    def days(self) -> "Days":
        """What appeared when."""
        from broadsheet.community.days import Days

        return Days(self.store, self.index, self.boards)

    def refresh_trends(self, every: float | None = None) -> bool:
        """Measure what rises anew, unless that was done *every* seconds ago or another process is at it."""
        from broadsheet.community import trending

        given = trending.EVERY if every is None else every
        return trending.refresh(self.home, self.store, self.index, opens=self.settings.opens, every=given)

    def trending(self, window: str = "week", topic: str = "", *, limit: int = 10, offset: int = 0) -> Trending:
        """What rises in a window (day, week, month), within a *topic*: a category, or a phrase. Raises Mistake."""
        if window not in WINDOWS:
            raise Mistake(f"there is no window {window!r}; it is one of {', '.join(WINDOWS)}")
        if not 1 <= limit <= MOST or offset < 0:
            raise Mistake(f"at most {MOST} papers can be asked for at a time, from the first on")
        board = self.boards.current()
        if board is None:
            return Trending(window, topic, 0, 0, (), (), (), frozenset())
        one = board.windows[window]
        pks = self.rising(board, window, topic)
        return self.told(board, window, topic, pks[offset : offset + limit].tolist(), len(pks), one)

    def told(self, board: "Board", window: str, topic: str, pks: Sequence[int], total: int, one: "Window") -> Trending:
        """*pks* with their papers and terms."""
        from broadsheet.community import reasons

        papers = self.store.get(pks)
        some = [(pk, terms) for pk in pks if pk in papers and (terms := one.one(pk))]
        return Trending(
            window, topic, board.now, total, tuple(reasons.of_trend(terms, papers[pk]) for pk, terms in some),
            tuple(pk for pk, _ in some), tuple(terms for _, terms in some),
            one.hot() & frozenset(pk for pk, _ in some),
        )  # fmt: skip

    def rising(self, board: "Board", window: str, topic: str = "") -> "Ints":
        """The papers that rise, the fastest first."""
        order = board.windows[window].order
        reader = self.index.reader()
        if reader is None:
            return order[:0]
        order = order[order < reader.columns.rows]
        if not topic:
            return order[reader.columns.single["live"][order] > 0]
        if self.is_category(topic):
            fits: Bools = reader.columns.mask(Filters(categories=(topic,)))
            return order[fits[order]]
        held = reader.lexical.which(_phrase(topic), order)
        return order[np.isin(order, held)]

    def is_category(self, topic: str) -> bool:
        """Whether some paper has it as a category; else a topic is a phrase."""
        reader = self.index.reader()
        return reader is not None and fold(topic) in reader.columns.names["category"]

    def months(self, topic: str, most: int = 24) -> dict[tuple[int, int], int]:
        """(year, month from 0) -> how many papers of a topic appeared, of the last *most* months, oldest first.

        From the first month that has some on. Empty where that is not half a year ago, where the month of fewer than
        half of those papers is known, and where there are too many to look at each.
        """
        from broadsheet.index.lexical import Match

        reader = self.index.reader()
        if reader is None:
            return {}
        category = self.is_category(topic)
        filters = Filters(categories=(topic,)) if category else Filters()
        fits = reader.fits(filters, Match("") if category else _phrase(topic))
        if not fits.sure or fits.mask is None:
            return {}
        days = reader.columns.single["appeared"][fits.mask]
        today = datetime.now(UTC).date()
        last = today.year * 12 + today.month - 1
        found = days // 10_000 * 12 + days // 100 % 100 - 1
        known = (days // 100 % 100 > 0) & (found > last - most) & (found <= last)
        late = days // 10_000 * 12 + 11 > last - most
        if known.sum() * 2 < late.sum() or not known.any():
            return {}
        first = int(found[known].min())
        if last - first < FEWEST:
            return {}
        counts = np.bincount(found[known] - first, minlength=last - first + 1)
        return {divmod(first + at, 12): int(count) for at, count in enumerate(counts)}

    def feed(self, day: str = "", *, limit: int = 10, offset: int = 0, reader: int = 0) -> Feed:
        """The papers of a day (2026-11-20), a week (2026-W47) or a month (2026-11), in order; by default the last day
        with papers. *reader*: in whose order. Raises NotFound, Mistake."""
        from broadsheet.community import periods

        if not 1 <= limit <= MOST or offset < 0:
            raise Mistake(f"at most {MOST} papers can be asked for at a time, from the first on")
        today = datetime.now(UTC).date()
        period = periods.any_of(day, today) if day else self.days.latest(today)
        if period is None:
            raise NotFound("no paper here has a day yet; `broadsheet add` and `broadsheet sync` bring some")
        order = self.days.order(period)
        order = self.days.own(order, reader) if reader else order
        places = range(offset, min(offset + limit, len(order)))
        pks = [int(order.pks[place]) for place in places]
        found = self.hits(order, list(places))
        return Feed(period, len(order), tuple(found.values()), tuple(pk for pk in pks if pk in found))

    def hits(self, order: "Order", places: Sequence[int]) -> dict[int, Hit]:
        """pk -> the paper with its reasons, of those at *places*; what has gone from the store is left out."""
        from broadsheet.community import reasons

        reader = self.index.reader()
        pks = [int(order.pks[place]) for place in places]
        papers = self.memory.papers(reader.stamp if reader else "", pks)
        told = self.memory.told(self.boards.current(), papers)
        silent = [pk for pk in papers if not told[pk]]
        totals = self.store.community.tallies(silent) if silent else {}
        return {
            pk: reasons.of_day(order, place, papers[pk], told[pk] or reasons.counts(totals[pk]))
            for place, pk in zip(places, pks, strict=True)
            if pk in papers
        }


def _phrase(topic: str) -> "Match":
    from broadsheet.index.lexical import Match

    return Match("", (Term(topic, "", "phrase"),))
