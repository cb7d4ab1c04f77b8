"""The pages of days, weeks and months: which papers appeared, in what order, and why each stands where it does.

The order for all is made once for everybody and kept a few seconds; a reader's own order adds how near papers are to
what the reader saved and voted for. The formula is in `community.daily`, the words for readers in docs/front-page.md.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.community.board import Boards
from broadsheet.community.daily import FLOOR, PACE, WEIGHTS, daily
from broadsheet.community.near import Nearness
from broadsheet.community.periods import Period, around, day_of, number
from broadsheet.index import Index
from broadsheet.index.places import scattered
from broadsheet.index.reader import Reader
from broadsheet.store import Store
from broadsheet.store.days import Pick, Submitted

Pks = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_EPOCH, _GONE = date(1970, 1, 1), -1
LASTING = 5.0  # seconds that an order for all is kept; an editor sees a change of it at once
KEPT = 64  # orders for all, of so many periods
CLOSE = 2_000  # of the first papers of a long period are compared with what a reader likes
HALF = 0.5  # a trending score that is worth half of what attention can be worth
TEN = 10.0  # votes that are, where a period is too old to trend
TREND = 30  # days back for which attention is the trending score
PUBLISHED: Mapping[str, float] = {**WEIGHTS, "floor": FLOOR, "pace": PACE}  # what a reader may know of the order


@dataclass(frozen=True, slots=True)
class Order:
    """The papers of a period, in order.

    pks      shape (n,)
    score    shape (n,): the sum of the shares, in [0, 1]
    signals  name -> shape (n,), each in [0, 1]
    close    how many of the papers that a reader keeps, and of those voted for, each is close to; None for everybody
    picks    pk -> what an editor said with it
    brought  pk -> who submitted it
    """

    period: Period
    pks: Pks
    score: Floats
    signals: Mapping[str, Floats]
    picks: Mapping[int, Pick]
    brought: Mapping[int, Submitted]
    close: Mapping[str, Pks] | None = None
    stamp: str = ""

    def __len__(self) -> int:
        return len(self.pks)

    def shares(self, place: int) -> dict[str, float]:
        """What each signal adds to the score of the paper at *place*."""
        return {name: WEIGHTS[name] * float(values[place]) for name, values in self.signals.items() if values[place]}

    def near(self, place: int) -> tuple[int, int]:
        """To how many papers that the reader saved, and voted for, the one at *place* is close."""
        return (int(self.close["saved"][place]), int(self.close["voted"][place])) if self.close else (0, 0)

    def taken(self, places: Pks) -> "Order":
        """Those at *places* only, in that order."""
        return replace(
            self, pks=self.pks[places], score=self.score[places],
            signals={name: values[places] for name, values in self.signals.items()},
            close=self.close and {name: values[places] for name, values in self.close.items()},
        )  # fmt: skip


class Around(NamedTuple):
    """The next periods of the same kind that have papers; None where there is none."""

    before: Period | None
    after: Period | None


class Days:
    """What appeared when in one library. Safe to share between threads."""

    def __init__(self, store: Store, index: Index, boards: Boards) -> None:
        self._store, self._index, self._boards = store, index, boards
        self._orders: OrderedDict[Period, tuple[float, str, Order]] = OrderedDict()
        self._near = Nearness()
        self._days: tuple[str, npt.NDArray[np.int32]] = ("", np.zeros(0, np.int32))
        self._extra: tuple[float, dict[int, set[int]]] = (0.0, {})
        self._lock = threading.Lock()

    # -- the calendar ------------------------------------------------------------------------------------------------

    def latest(self, today: date) -> Period | None:
        """The last day up to *today* on which papers appeared; None where no day is known."""
        known = self._known()
        known = known[known <= number(today)]
        day = day_of(int(known[-1])) if len(known) else None
        return around("day", day) if day else None

    def around(self, period: Period, today: date) -> Around:
        """The periods before and after *period* in which papers appeared."""
        known = self._known()
        known = known[known <= number(today)]
        low, high = np.searchsorted(known, [number(period.first), number(period.last) + 1])
        before = day_of(int(known[low - 1])) if low else None
        after = day_of(int(known[high])) if high < len(known) else None
        return Around(around(period.kind, before) if before else None, around(period.kind, after) if after else None)

    def calendar(self, year: int) -> dict[date, int]:
        """Day -> how many papers are on its page, of a year; days without any are left out."""
        low, high = year * 10_000 + 101, year * 10_000 + 1231
        days, counts = np.unique(self._appeared(low, high), return_counts=True)
        found = dict(zip(days.tolist(), counts.tolist(), strict=True))
        for day, pks in self._put().items():
            if low <= day <= high:
                found[day] = found.get(day, 0) + len(pks)
        return {named: count for day, count in sorted(found.items()) if (named := day_of(day))}

    def years(self) -> dict[int, int]:
        """Year -> how many papers appeared in it or are on a page of its days; the last year first.

        Those of which only the year is known are counted, too.
        """
        years, counts = np.unique(self._appeared(10_000, 99_999_999) // 10_000, return_counts=True)
        found = dict(zip(years.tolist(), counts.tolist(), strict=True))
        for day, pks in self._put().items():
            found[day // 10_000] = found.get(day // 10_000, 0) + len(pks)
        return dict(sorted(found.items(), reverse=True))

    def count(self, period: Period) -> int:
        """How many papers are on the page of *period*."""
        put = set[int]().union(*(pks for day, pks in self._put().items() if period.low <= day <= period.high))
        days = self._reader_days()
        own = sum(1 for pk in put if period.low <= days[pk] <= period.high)
        return len(self._appeared(period.low, period.high)) + len(put) - own

    def _known(self) -> npt.NDArray[np.int32]:
        """Every day with a page of papers, ascending."""
        reader = self._index.reader()
        if reader is None:
            return np.zeros(0, np.int32)
        stamp, days = self._days
        if stamp != reader.stamp:
            days = np.unique(reader.columns.single["appeared"][reader.columns.single["live"] > 0])
            days = days[days % 100 > 0]
            self._days = (reader.stamp, days)
        put = self._put()
        return np.union1d(days, np.array([*put], np.int32)).astype(np.int32) if put else days

    def _put(self) -> dict[int, set[int]]:
        """Day -> the papers that editors chose for it and readers brought on it, and that appeared on another one."""
        until, found = self._extra
        if time.monotonic() < until:
            return found
        days, found = self._reader_days(), {}
        brought = ((number(_EPOCH + timedelta(days=day)), pk) for day, pk in self._store.days.brought())
        for day, pk in (*self._store.days.chosen(), *brought):
            if pk < len(days) and days[pk] not in (day, _GONE):
                found.setdefault(day, set()).add(pk)
        self._extra = (time.monotonic() + LASTING, found)
        return found

    def _reader_days(self) -> npt.NDArray[np.int32]:
        """The day on which each paper appeared, by pk."""
        reader = self._index.reader()
        if reader is None:
            return np.zeros(0, np.int32)
        single = reader.columns.single
        return np.where(single["live"] > 0, single["appeared"], _GONE)

    def _appeared(self, low: int, high: int) -> npt.NDArray[np.int32]:
        reader = self._index.reader()
        if reader is None:
            return np.zeros(0, np.int32)
        days = reader.columns.single["appeared"]
        return days[(days >= low) & (days <= high) & (reader.columns.single["live"] > 0)]

    # -- orders --------------------------------------------------------------------------------------------------------

    def order(self, period: Period, *, fresh: bool = False) -> Order:
        """The papers of *period* in the order for everybody, at most LASTING seconds old; *fresh*: as it is now."""
        reader = self._index.reader()
        if reader is None:
            return _order_of(period, np.zeros(0, np.int64))
        board = self._boards.current()
        stamp = f"{reader.stamp} {board.name if board else ''}"
        with self._lock:
            until, known, order = self._orders.get(period, (0.0, "", None))
        if order is not None and not fresh and known == stamp and time.monotonic() < until:
            return order
        order = replace(self._made(period, reader), stamp=f"{stamp} {time.monotonic_ns()}")
        with self._lock:
            self._orders[period] = (time.monotonic() + LASTING, stamp, order)
            self._orders.move_to_end(period)
            while len(self._orders) > KEPT:
                self._orders.popitem(last=False)
        return order

    def own(self, order: Order, account: int) -> Order:
        """*order* as one reader sees it: what is near to the reader's papers comes earlier."""
        reader = self._index.reader()
        liked = self._store.days.liked(account) if reader else {}
        if reader is None or not liked or not len(order):
            return order
        some = order.taken(np.arange(min(len(order), CLOSE)))
        found = self._near.of(reader, some.pks, order.stamp, liked)
        near = np.zeros(len(order), np.float32)
        near[: len(some)] = found.score
        whole = {name: np.zeros(len(order), np.int64) for name in ("saved", "voted")}
        whole["saved"][: len(some)], whole["voted"][: len(some)] = found.saved, found.voted
        nearer = replace(order, signals={**order.signals, "near": near}, close=whole)
        return _sorted(nearer, reader)

    def _made(self, period: Period, reader: Reader) -> Order:
        days, live = reader.columns.single["appeared"], reader.columns.single["live"]
        found = np.flatnonzero((days >= period.low) & (days <= period.high) & (live > 0))
        picks = self._store.days.picks(number(period.first), number(period.last))
        chosen = {pick.pk: pick for pick in reversed(picks) if pick.pk < len(live) and live[pick.pk]}
        put = (pks for day, pks in self._put().items() if period.low <= day <= period.high)
        extra = {pk for pk in set(chosen).union(*put) if live[pk]}
        pks = np.union1d(found, np.array([*extra], np.int64)).astype(np.int64)
        brought = self._store.days.submitted(pks.tolist())
        order = _order_of(period, pks)
        order = replace(
            order, picks=chosen, brought=brought,
            signals={
                "attention": self._attention(period, pks),
                "submitted": np.isin(pks, np.array([*brought], np.int64)).astype(np.float32),
                "code": (reader.columns.values("code", pks) > 0).astype(np.float32),
            },
        )  # fmt: skip
        return _sorted(order, reader)

    def _attention(self, period: Period, pks: Pks) -> Floats:
        """In [0, 1]: the trending score while a period is young, afterwards what was counted in all."""
        board = self._boards.current()
        today = datetime.now(UTC).date()
        if board and (today - period.first).days <= TREND:
            score = board.windows["month"].scores(pks)
            return (score / (score + HALF)).astype(np.float32)
        totals = self._store.community.tallies(pks.tolist())
        heard = np.array([sum(totals[pk]) for pk in pks.tolist()], np.float32)
        return heard / (heard + np.float32(TEN))


def _order_of(period: Period, pks: Pks) -> Order:
    return Order(period, pks, np.zeros(len(pks), np.float32), {}, {}, {})


def _sorted(order: Order, reader: Reader) -> Order:
    """*order* by its signals, what editors chose first."""
    columns, pks = reader.columns, order.pks
    place = {pk: at for at, pk in enumerate(pks.tolist())}
    ranked = sorted(order.picks.values(), key=lambda pick: (-pick.day, pick.place, pick.pk))
    first = np.array([place[pick.pk] for pick in ranked if pick.pk in place], np.int64)
    tie = columns.values("rising", pks).astype(np.float64) + scattered(pks) / 2**32
    found = daily(order.signals, topics(reader, pks), tie, first)
    return replace(order, score=found.score).taken(found.order)


def topics(reader: Reader, pks: Pks) -> Pks:
    """The first category of each paper as a code, else its venue; -1 for neither. Shape (len(pks),)."""
    columns = reader.columns
    pairs = columns.many["category"]
    some = pairs[np.isin(pairs[:, 0], pks)]
    out = np.full(len(pks), np.iinfo(np.int64).max, np.int64)
    order = np.argsort(pks)
    np.minimum.at(out, order[np.searchsorted(pks, some[:, 0], sorter=order)], some[:, 1])
    venue = columns.values("venue", pks).astype(np.int64)
    return np.where(out < np.iinfo(np.int64).max, out, np.where(venue > 0, len(columns.shown["category"]) + venue, -1))


def places(order: Order, hidden: Sequence[int]) -> Pks:
    """The places in *order* of the papers that are not *hidden*."""
    return np.flatnonzero(~np.isin(order.pks, np.array(hidden, np.int64)))
