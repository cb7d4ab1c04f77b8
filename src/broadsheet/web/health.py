"""How sources fare, for the page: one sentence, ninety days as a strip, moments as people say them. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from math import log1p
from typing import TYPE_CHECKING

from markupsafe import Markup

from broadsheet.text import plural
from broadsheet.web import dates

if TYPE_CHECKING:
    from broadsheet.standing import Day, Standing

_HIGH = 24  # of the strip, in pixels; a day on which nothing came is a low bar, one without a run only a line
_LOW = 4
LATE = timedelta(days=4)  # arXiv's longest pause is a long weekend
_FULL = log1p(5_000)  # papers of a day that fill the height


def headline(found: "Sequence[Standing]", now: datetime) -> str:
    """What a reader wants to know first."""
    asked = [one for one in found if one.followed]
    if not asked:
        return "No source is followed yet"
    failing = [one.name for one in asked if one.state == "failed"]
    asked = [one for one in asked if one.budget is None]  # what completes papers is no source of any
    if failing:
        return f"{_some(failing)} could not be read; {_rest(sum(one.state != 'failed' for one in asked))}"
    if waiting := [one for one in asked if _overdue(one, now)]:
        since = min(one.last_run for one in waiting)
        return f"{_some([one.name for one in waiting])} {_not_asked(since)}; `broadsheet sync` asks"
    came = sum(one.days[-1].new for one in asked)
    well = "The source is well" if len(asked) == 1 else f"All {len(asked)} sources are well"
    return f"{well}; {plural(came, 'paper')} came today" if came else f"{well}; nothing new today"


def _overdue(one: "Standing", now: datetime) -> bool:
    """Whether it could have been asked for days, and nobody has: a timer that does not run looks like peace."""
    if not one.last_run:
        return True
    return now - datetime.fromisoformat(one.last_run) > LATE and one.next <= now.isoformat()


def _not_asked(since: str) -> str:
    return f"has not been asked since {dates.written(since)}" if since else "has not been asked yet"


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{plural(len(names), 'source')} ({', '.join(names[:3])})"


def _rest(count: int) -> str:
    return "there is no other" if not count else "the other is well" if count == 1 else f"the other {count} are well"


def tone(one: "Standing") -> str:
    """The class of a state's colour."""
    return {"failed": "bad", "new": "good", "updated": "good", "running": "busy"}.get(one.state, "calm")


def moment(iso: str, now: datetime) -> str:
    """``in 3 hours``, ``20 minutes ago``, ``now``; beyond two days the date."""
    when = datetime.fromisoformat(iso)
    seconds = (when - now).total_seconds()
    if abs(seconds) > 2 * 86_400:
        return dates.written(iso)
    if abs(seconds) < 60:
        return "now"
    size, unit = (abs(seconds) // 3_600, "hour") if abs(seconds) >= 3_600 else (abs(seconds) // 60, "minute")
    told = plural(int(size), unit)
    return f"in {told}" if seconds > 0 else f"{told} ago"


def strip(one: "Standing") -> Markup:
    """Ninety bars, one a day; each says its own day, the whole says how many were good."""
    bars = "".join(_bar(place, day) for place, day in enumerate(one.days))
    first = escape(dates.written(one.days[0].day))
    return Markup(
        f'<svg class="strip" viewBox="0 0 {len(one.days) * 6} {_HIGH}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(_told(one))}">{bars}</svg>'
        f'<p class="axis" aria-hidden="true"><span>{first}</span><span>today</span></p>'
    )


def _told(one: "Standing") -> str:
    failed = sum(day.state in ("failed", "mixed") for day in one.days)
    ran = sum(day.state != "none" for day in one.days)
    brought = sum(day.new for day in one.days)
    return f"{one.name}, the last 90 days: asked on {ran}, failures on {failed}, {plural(brought, 'new paper')}"


def _bar(place: int, day: "Day") -> str:
    height = _height(day)
    return (
        f'<rect class="{day.state}" x="{place * 6}" y="{_HIGH - height}" width="5" height="{height}">'
        f"<title>{escape(_day(day))}</title></rect>"
    )


def _height(day: "Day") -> int:
    if day.state == "none":
        return 1
    if day.state == "failed":
        return _HIGH
    return _LOW + round((_HIGH - _LOW) * min(1.0, log1p(day.new + day.updated) / _FULL))


def _day(day: "Day") -> str:
    brought = f"{day.new:,} new, {day.updated:,} updated" if day.new or day.updated else ""
    return f"{dates.written(day.day)}: " + "; ".join(part for part in (_WORDS[day.state], brought) if part)


_WORDS = {"none": "not asked", "quiet": "nothing new", "failed": "failed", "mixed": "failed and tried again", "new": ""}
