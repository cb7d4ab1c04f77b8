"""Plots of what happened over time, as SVG and cells: a line beside a title, a topic, a year of days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import NamedTuple

from markupsafe import Markup

from broadsheet.text import plural
from broadsheet.web import dates

WIDTH, HEIGHT = 64, 20
_TALL = 56
LEVELS = 4  # shades of a day in the calendar


def line(points: Sequence[int], label: str) -> Markup:
    """A line of *points*, oldest first, as wide as a word. Empty where there is nothing to draw."""
    if len(points) < 2 or not any(points):
        return Markup("")
    top, step = max(points), WIDTH / (len(points) - 1)
    places = " ".join(
        f"{place * step:.1f},{HEIGHT - 1.5 - (HEIGHT - 3) * point / top:.1f}" for place, point in enumerate(points)
    )
    return Markup(
        f'<svg class="spark" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(label)}"><polyline points="{places}"/></svg>'
    )


def told(points: Sequence[int], window: str) -> str:
    """The line in words, for who cannot see it."""
    if not any(points):
        return ""
    half = len(points) // 2
    late, before = sum(points[half:]), sum(points[:half])
    return f"What happened in this {window}: {before:,} in its first half, {late:,} in its second"


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    count: int
    href: str


def bars(drawn: Sequence[Bar], what: str) -> Markup:
    """A bar for each; each is a link. Empty where there are fewer than two."""
    if len(drawn) < 2:
        return Markup("")
    most = max(drawn, key=lambda bar: bar.count)
    if not most.count:
        return Markup("")
    inside = "".join(_bar(place, bar, most.count) for place, bar in enumerate(drawn))
    label = f"{what}, {drawn[0].label} to {drawn[-1].label}; most in {most.label}: {most.count:,}"
    return Markup(
        f'<svg class="hist" width="{min(len(drawn) * 40, 1200)}" viewBox="0 0 {len(drawn) * 10} {_TALL}"'
        f' preserveAspectRatio="none" role="group" aria-label="{escape(label)}">{inside}</svg>'
        f'<p class="axis" aria-hidden="true"><span>{escape(drawn[0].label)}</span>'
        f"<span>{escape(drawn[-1].label)}</span></p>"
    )


def _bar(place: int, bar: Bar, most: int) -> str:
    height = round(max(1.5, (_TALL - 2) * bar.count / most), 1) if bar.count else 0
    x, words = place * 10, escape(f"{bar.label}: {plural(bar.count, 'paper')}")
    shape = f'<rect x="{x + 1}" y="{round(_TALL - height, 1)}" width="8" height="{height}"/>' if height else ""
    return (
        f'<a href="{escape(bar.href)}" tabindex="-1" aria-label="{words}"><title>{words}</title>'
        f'<rect class="hit" x="{x}" y="0" width="10" height="{_TALL}"/>{shape}</a>'
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a calendar. level: 0 for nothing, up to LEVELS for the most; none: it is no day of this month."""

    day: date | None
    count: int
    level: int

    @property
    def words(self) -> str:
        assert self.day is not None
        return f"{dates.dateline(self.day)}: {plural(self.count, 'paper') if self.count else 'nothing'}"


class Month(NamedTuple):
    """A month as a calendar has it: weeks of seven cells, from Monday."""

    first: date
    total: int
    weeks: tuple[tuple[Cell, ...], ...]


def months(year: int, counts: Mapping[date, int], today: date) -> list[Month]:
    """The months of a year that have papers, the last first."""
    most = max(counts.values(), default=0)
    found = [_month(date(year, month, 1), counts, most) for month in range(12, 0, -1)]
    return [month for month in found if month.total and month.first <= today]


def _month(first: date, counts: Mapping[date, int], most: int) -> Month:
    after = (first + timedelta(days=31)).replace(day=1)
    days = [first + timedelta(days=place) for place in range((after - first).days)]
    cells = [Cell(None, 0, 0)] * first.weekday() + [_cell(day, counts.get(day, 0), most) for day in days]
    cells += [Cell(None, 0, 0)] * (-len(cells) % 7)
    weeks = tuple(tuple(cells[start : start + 7]) for start in range(0, len(cells), 7))
    return Month(first, sum(cell.count for cell in cells), weeks)


def _cell(day: date, count: int, most: int) -> Cell:
    """By the square root: a day of a tenth of the most is still seen."""
    return Cell(day, count, min(LEVELS, 1 + int(LEVELS * (count / most) ** 0.5 * 0.999)) if count else 0)
