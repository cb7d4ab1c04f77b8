"""Whose edition is due, by the ledger and the clock; and what is written down of days on which none was made.

A subscriber and a day have one row for ever, so a clock that is put back sends no second edition of a day, and one that
jumps ahead sends one, not a heap.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from broadsheet.community.periods import number
from broadsheet.editions import schedule
from broadsheet.store.editions import Edition

if TYPE_CHECKING:
    from broadsheet.store import Store, Subscriber

LEAD = 900  # seconds before its hour that an edition is made: time enough for ten thousand of them
MANY = 1000  # subscribers that are looked at together
PLANS = 1 << 16  # hours and zones that are remembered
DAY = 86_400
DOWN = 12 * 3600  # seconds without a round after which days may have been missed; see schedule.NEAR
STOPPED = "nothing was at work on that day; what was new is in the next edition"
FAULTY = "it could not be made in time ({}); what was new is in the next edition"


_Answer = TypeVar("_Answer")


class Turn(NamedTuple):
    """An edition to be made: of whom, of which day (yyyymmdd of theirs), and when it is due."""

    subscriber: "Subscriber"
    day: int
    due: int


class _Plan(NamedTuple):
    """What of a subscriber the calendar depends on: thousands share one."""

    every: str
    weekday: int
    minute: int
    zone: str
    paused: int


def turns(store: "Store", now: int, lead: int = LEAD) -> list[Turn]:
    """Everybody whose edition should exist by ``now + lead`` and has no row yet, by number."""
    found: list[Turn] = []
    for group in _groups(store):
        some = [turn for one in group if (turn := turn_of(one, now, lead))]
        if some:
            ids, since = [turn.subscriber.id for turn in some], min(turn.day for turn in some)
            known = store.editions.days(ids, since)
            found += [turn for turn in some if (turn.subscriber.id, turn.day) not in known]
    return found


def turn_of(one: "Subscriber", now: int, lead: int = LEAD) -> Turn | None:
    """The edition that is due for *one*, whether it has a row or not; none that was due before it subscribed."""
    day = _due(lead)(_plan(one), now)
    if day is None:
        return None
    at = schedule.instant(one, day)
    return Turn(one, number(day), at) if at > one.made else None


def earliest(store: "Store", now: int) -> int | None:
    """When the next edition of anybody is due after *now*; None when none is planned."""
    moments = (_coming(_plan(one), now) for one in everybody(store))
    return min((at for at in moments if at is not None), default=None)


def put_right(store: "Store", now: int) -> None:
    """Forgets what a clock that was ahead wrote of days which are still to come: each of them has its edition."""
    store.editions.unwrite(number(schedule.local_day("UTC", now + 2 * DAY)))


def today(one: "Subscriber", now: int) -> Turn:
    """An edition for *one* now, whatever its schedule says."""
    return Turn(one, number(schedule.local_day(one.zone, now)), now)


def note_missed(store: "Store", gone: int, now: int, why: str = STOPPED, lead: int = LEAD) -> int:
    """Rows for the days whose editions were due since *gone* and come no more; how many are new.

    At most the last fourteen for each subscriber; a day that has a row keeps it.
    """
    if now - gone < DOWN:
        return 0
    added = 0
    for group in _groups(store):
        added += store.editions.put(list(_missed(group, gone, now, why, lead)))
    return added


def _missed(group: Iterable["Subscriber"], gone: int, now: int, why: str, lead: int) -> Iterator[Edition]:
    for one in group:
        for day in _gaps(_plan(one), gone, now, lead):
            at = schedule.instant(one, day)
            if at > one.made:
                yield Edition(0, one.id, number(day), "missed", why, at, 0, 0, 0, b"", None, now, now)


def everybody(store: "Store") -> Iterator["Subscriber"]:
    """All who want editions, by number."""
    return (one for group in _groups(store) for one in group)


def _groups(store: "Store") -> Iterator[list["Subscriber"]]:
    after = 0
    while group := store.subscribers.all(after, MANY):
        after = group[-1].id
        yield group


def _plan(one: "Subscriber") -> _Plan:
    return _Plan(one.every, one.weekday, one.minute, one.zone, one.paused)


class _Calendar(Generic[_Answer]):
    """Answers for plans, kept as long as they hold: ten thousand readers are looked at every few seconds.

    ask  plan, now -> the answer, and the last second for which it is the same
    """

    def __init__(self, ask: Callable[[_Plan, int], tuple[_Answer, int]]) -> None:
        self._ask = ask
        self._known: dict[_Plan, tuple[int, int, _Answer]] = {}

    def __call__(self, plan: _Plan, now: int) -> _Answer:
        known = self._known.get(plan)
        if known is None or not known[0] <= now <= known[1]:  # a clock may have been put back
            if len(self._known) >= PLANS:
                self._known = {}
            answer, last = self._ask(plan, now)
            known = self._known[plan] = (now, last, answer)
        return known[2]


def _upcoming(plan: _Plan, now: int) -> tuple[int | None, int]:
    found = schedule.upcoming(plan, now)
    return (found[1], found[1] - 1) if found else (None, now + 3600)


@lru_cache(maxsize=8)
def _due(lead: int) -> _Calendar[date | None]:
    return _Calendar(lambda plan, now: schedule.lasting(plan, now, lead))


_coming: _Calendar[int | None] = _Calendar(_upcoming)


@lru_cache(maxsize=4096)
def _gaps(plan: _Plan, gone: int, now: int, lead: int) -> tuple[date, ...]:
    return tuple(schedule.missed(plan, gone, now, lead))
