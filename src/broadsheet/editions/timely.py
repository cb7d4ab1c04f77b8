"""Whose edition is due, by the ledger and the clock; and what is written down of days on which none was made.

A subscriber and a day have one row for ever, so a clock that is put back sends no second edition of a day, and one that
jumps ahead sends one, not a heap.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from broadsheet.community.periods import number
from broadsheet.editions import schedule
from broadsheet.store.editions import Edition

if TYPE_CHECKING:
    from broadsheet.store import Store, Subscriber

LEAD = 900  # seconds before its hour that an edition is made: time enough for ten thousand of them
MANY = 1000  # subscribers that are looked at together
DOWN = 12 * 3600  # seconds without a round after which days may have been missed; see schedule.NEAR
STOPPED = "nothing was at work on that day; what was new is in the next edition"
FAULTY = "it could not be made in time ({}); what was new is in the next edition"


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
    day = _due(_plan(one), now, lead)
    if day is None:
        return None
    at = schedule.instant(one, day)
    return Turn(one, number(day), at) if at > one.confirmed else None


def earliest(store: "Store", now: int) -> int | None:
    """When the next edition of anybody is due after *now*; None when none is planned."""
    moments = (_coming(_plan(one), now) for one in everybody(store))
    return min((at for at in moments if at is not None), default=None)


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
            if at > one.confirmed:
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


@lru_cache(maxsize=4096)
def _due(plan: _Plan, now: int, lead: int) -> date | None:
    return schedule.due(plan, now, lead)


@lru_cache(maxsize=4096)
def _coming(plan: _Plan, now: int) -> int | None:
    found = schedule.upcoming(plan, now)
    return found[1] if found else None


@lru_cache(maxsize=4096)
def _gaps(plan: _Plan, gone: int, now: int, lead: int) -> tuple[date, ...]:
    return tuple(schedule.missed(plan, gone, now, lead))
