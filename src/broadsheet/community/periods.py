"""Days, weeks and months as addresses and headings name them. Pure; today is an argument."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from broadsheet.errors import NotFound

Kind = Literal["day", "week", "month"]
KINDS: tuple[Kind, ...] = ("day", "week", "month")
FIRST = date(1900, 1, 1)  # what is older has no page: dates before are mistakes of files
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


@dataclass(frozen=True, slots=True)
class Period:
    """A day, an ISO week (ISO 8601: from Monday) or a month: from *first* to *last*, both included."""

    kind: Kind
    first: date
    last: date

    @property
    def name(self) -> str:
        """``2026-11-20``, ``2026-W47``, ``2026-11``: in addresses and JSON."""
        return _NAMES[self.kind](self.first)

    @property
    def path(self) -> str:
        return f"/{self.kind}/{self.name}"

    @property
    def words(self) -> str:
        """``Friday 20 November 2026``, ``Week 47, 16 to 22 November 2026``, ``November 2026``."""
        first, last = self.first, self.last
        if self.kind == "day":
            return f"{DAYS[first.weekday()]} {written(first)}"
        if self.kind == "month":
            return f"{MONTHS[first.month - 1]} {first.year}"
        begin = (
            str(first.day) if first.month == last.month else written(first)[: None if first.year != last.year else -5]
        )
        return f"Week {first.isocalendar().week}, {begin} to {written(last)}"

    @property
    def low(self) -> int:
        """The least number (yyyymmdd) of a day in it; of a month also those of which only the month is known."""
        return number(self.first) - (1 if self.kind == "month" else 0)

    @property
    def high(self) -> int:
        return number(self.last)

    def turned(self, steps: int) -> "Period":
        """The same kind of period, so many later; earlier where *steps* is below 0."""
        if self.kind == "month":
            months = self.first.year * 12 + self.first.month - 1 + steps
            return around("month", date(months // 12, months % 12 + 1, 1))
        return around(self.kind, self.first + timedelta(days=steps * (7 if self.kind == "week" else 1)))


def written(day: date) -> str:
    """``20 November 2026``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def number(day: date) -> int:
    """20261120."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(value: int) -> date | None:
    """The date of 20261120; None where it is none, or only a month or a year."""
    try:
        return date(value // 10_000, value // 100 % 100, value % 100)
    except ValueError:
        return None


def around(kind: Kind, day: date) -> Period:
    """The period of that kind which *day* is in."""
    if kind == "day":
        return Period(kind, day, day)
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=6))
    first = day.replace(day=1)
    return Period(kind, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def named(kind: Kind, name: str, today: date) -> Period:
    """The period of that *name*. Raises NotFound for what is none, lies ahead, or long ago."""
    try:
        found = around(kind, _READ[kind](name))
    except (ValueError, OverflowError):
        found = None
    if found is None or found.name != name:
        raise NotFound(f"“{name[:40]}” is no {kind}; a {kind} is written {_NAMES[kind](today)}.")
    if found.first > today:
        raise NotFound(f"{found.words} has not come yet.")
    if found.first < FIRST:
        raise NotFound(f"No page goes back further than {FIRST.year}.")
    return found


def any_of(name: str, today: date) -> Period:
    """The day, week or month of that *name*. Raises NotFound."""
    kind: Kind = "week" if "W" in name else "month" if len(name) == len("2026-11") else "day"
    return named(kind, name, today)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


_NAMES: Mapping[Kind, Callable[[date], str]] = {
    "day": date.isoformat, "week": _week, "month": lambda day: f"{day.year}-{day.month:02}"
}  # fmt: skip
_READ: Mapping[Kind, Callable[[str], date]] = {
    "day": date.fromisoformat, "week": lambda name: date.fromisoformat(f"{name}-1"),
    "month": lambda name: date.fromisoformat(f"{name}-01"),
}  # fmt: skip
