"""When arXiv announces: its own calendar (info.arxiv.org/help/availability.html), in US Eastern time.

New papers are announced at 20:00 from Sunday to Thursday, and not on the holidays that arXiv names each year. Half past
ten in the evening they can be harvested; at midnight the feeds are made. Holidays are data of one year: in a year that
is not listed yet we ask on a holiday, too, and are told that there is nothing.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
ANNOUNCED = time(20, 0)
HARVESTED = time(22, 30)
FEEDS = time(0, 5)  # of the day after
_DAYS = {6, 0, 1, 2, 3}  # Sunday to Thursday
# Evenings without an announcement.
HOLIDAYS = frozenset(date.fromisoformat(day) for day in ("2026-11-26", "2026-12-25", "2026-12-29", "2026-12-31"))


def announces(evening: date) -> bool:
    """Whether there is an announcement on that evening (Eastern)."""
    return evening.weekday() in _DAYS and evening not in HOLIDAYS


def announcement_after(moment: datetime) -> datetime:
    """The first announcement after *moment*, in UTC."""
    day = moment.astimezone(EASTERN).date()
    while True:
        evening = datetime.combine(day, ANNOUNCED, EASTERN)
        if announces(day) and evening > moment:
            return evening.astimezone(UTC)
        day += timedelta(days=1)


def ready_after(moment: datetime, feeds: bool = False) -> datetime:
    """When what is announced next after *moment* can be had: by harvest, or from the *feeds*; in UTC."""
    day = moment.astimezone(EASTERN).date() - timedelta(days=2)
    while True:
        if announces(day):
            ready = (
                datetime.combine(day + timedelta(days=1), FEEDS, EASTERN)
                if feeds
                else datetime.combine(day, HARVESTED, EASTERN)
            )
            if ready > moment:
                return ready.astimezone(UTC)
        day += timedelta(days=1)


def told(moment: datetime) -> str:
    """``Sunday 22 November, 20:00 Eastern``: an announcement as a person says it."""
    local = moment.astimezone(EASTERN)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M} Eastern"
