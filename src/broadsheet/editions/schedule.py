"""When an edition is due: the reader's own day, hour and time zone, through daylight saving, downtime and odd clocks.

Pure. `now` is Unix seconds, a day is a date of the reader's own calendar. An hour that a day does not have (the clocks
go forward) is the first moment after the gap; one that it has twice (they go back) is the first of the two. A day that
a zone left out altogether has no edition.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from broadsheet.community.periods import DAYS, day_of, number

EVERY = ("day", "week", "off")
NEAR = 6 * 3600  # seconds: what is late, and closer than this to the next one, waits for it
MISSED = 14  # days at most that are told of after the program did not run
UTC_ZONE = ZoneInfo("UTC")
_FIRST, _LAST = 86_400, 253_370_764_800  # clocks outside 1970 to 9998 are broken: taken as its ends
_DAY = timedelta(days=1)


class Scheduled(Protocol):
    """What of a schedule matters here; a subscriber has it, too."""

    @property
    def every(self) -> str: ...
    @property
    def weekday(self) -> int: ...
    @property
    def minute(self) -> int: ...
    @property
    def zone(self) -> str: ...
    @property
    def paused(self) -> int: ...


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tuple[ZoneInfo, str]:
    """The zone of that name, or UTC and a sentence that says why."""
    try:
        return ZoneInfo(name), ""
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, or the name of a folder of zones
        return UTC_ZONE, f"the time zone {name[:40]!r} is not known (any more), so its hour is taken as UTC"


def local_day(zone: str, now: int) -> date:
    """The day that it is there."""
    return datetime.fromtimestamp(_sane(now), zone_of(zone)[0]).date()


def instant(schedule: Scheduled, day: date) -> int:
    """The Unix time at which the edition of that local day is due."""
    return _instant(schedule.zone, schedule.minute, day)


def due(schedule: Scheduled, now: int, lead: int = 0) -> date | None:
    """The local day whose edition should exist by ``now + lead`` seconds; None for none.

    That is the latest one whose time has come. Days before it that were missed are not made up for one by one: it has
    all that is new. One that is late waits for the next (None) once that is less than NEAR away.
    """
    return lasting(schedule, now, lead)[0]


def lasting(schedule: Scheduled, now: int, lead: int = 0) -> tuple[date | None, int]:
    """What is `due`, and the last second for which the answer is the same."""
    if schedule.every == "off":
        return None, _LAST
    latest = next(_back(schedule, _sane(now + lead)), None)
    following = None if latest is None else next(_forth(schedule, latest), None)
    if latest is None or following is None:
        return None, now  # at the ends of all calendars
    coming = instant(schedule, following)
    if number(latest) <= schedule.paused or coming - _sane(now) < NEAR:
        return None, coming - lead - 1
    return latest, min(coming - NEAR, coming - lead - 1)


def missed(schedule: Scheduled, gone: int, now: int, lead: int = 0) -> list[date]:
    """The days, oldest first, whose editions were due after *gone* (nothing was made since then) and come no more.

    At most the last MISSED ones: a clock that jumps years ahead floods nobody.
    """
    if schedule.every == "off":
        return []
    coming, found = due(schedule, now, lead), list[date]()
    for day in _back(schedule, _sane(now + lead)):
        if instant(schedule, day) <= gone or number(day) <= schedule.paused or len(found) == MISSED:
            break
        if day != coming:
            found.append(day)
    return found[::-1]


def upcoming(schedule: Scheduled, now: int) -> tuple[date, int] | None:
    """The next edition after *now*: its day, and when it is due; None when none is planned."""
    if schedule.every == "off":
        return None
    moment = _sane(now)
    start = max(local_day(schedule.zone, moment) - 2 * _DAY, day_of(schedule.paused) or date(1970, 1, 1))
    days = ((day, instant(schedule, day)) for day in _forth(schedule, start))
    return next(((day, at) for day, at in days if at > moment), None)


def told(schedule: Scheduled) -> str:
    """``every day at 07:00 (Europe/Berlin)``, ``every Monday at 07:00 (UTC)``, ``never``."""
    if schedule.every == "off":
        return "never"
    days = "day" if schedule.every == "day" else DAYS[schedule.weekday % 7]
    zone = schedule.zone if not zone_of(schedule.zone)[1] else "UTC"
    return f"every {days} at {schedule.minute // 60:02}:{schedule.minute % 60:02} ({zone})"


def local_time(zone: str, at: int) -> datetime:
    """*at* as clocks there show it."""
    return datetime.fromtimestamp(_sane(at), zone_of(zone)[0])


def _back(schedule: Scheduled, until: int) -> Iterator[date]:
    """The days with an edition due by *until*, the latest first."""
    day = local_day(schedule.zone, until) + _DAY  # clocks that went back over midnight have shown it once
    while day.year >= 1970:
        if _has(schedule, day) and instant(schedule, day) <= until:
            yield day
        day -= _DAY


def _forth(schedule: Scheduled, day: date) -> Iterator[date]:
    """The days with an edition after *day*."""
    while day.year < 9998:
        day += _DAY
        if _has(schedule, day):
            yield day


def _has(schedule: Scheduled, day: date) -> bool:
    on = schedule.every == "day" or day.weekday() == schedule.weekday
    return on and _exists(schedule.zone, day)


@lru_cache(maxsize=4096)
def _exists(zone: str, day: date) -> bool:
    """False for a day that the zone left out: Samoa had no 30 December 2011."""
    return local_day(zone, _instant(zone, 0, day)) == day


@lru_cache(maxsize=1 << 14)  # a day has as many as there are zones and hours chosen in them, not readers
def _instant(name: str, minute: int, day: date) -> int:
    zone = zone_of(name)[0]
    wall = datetime(day.year, day.month, day.day, minute // 60 % 24, minute % 60)
    # In a gap (PEP 495) fold 0 is read by the offset before it, which lands after the gap, and fold 1 lands before it.
    late, early = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if late <= early:  # no gap: once, or twice and this is the first
        return late
    offset = _offset(late, zone)
    while late - early > 1:  # the first second with the offset after the gap
        middle = (late + early) // 2
        if _offset(middle, zone) == offset:
            late = middle
        else:
            early = middle
    return late


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(at, zone).utcoffset()


def _sane(now: int) -> int:
    return min(max(now, _FIRST), _LAST)
