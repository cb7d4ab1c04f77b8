"""Days as stacked bars, as SVG: what became of the editions of each day. The table beside it has the numbers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from markupsafe import Markup

from broadsheet.community.periods import DAYS, MONTHS
from broadsheet.editions.overview import Day
from broadsheet.web import dates

_HIGH = 56
# group -> its class; the first stands at the foot
CLASSES: Mapping[str, str] = {
    "sent": "sent", "unsure": "unsure", "nothing new": "quiet", "waiting": "waiting", "held back": "held",
    "failed": "failed", "missed": "missed",
}  # fmt: skip


def stacks(days: Sequence[Day]) -> Markup:
    """A bar for each day, the most editions of a day as high as the plot. Empty where there were none."""
    most = max((day.total for day in days), default=0)
    if not most:
        return Markup("")
    bars = "".join(_bar(place, day, most) for place, day in enumerate(days))
    first, last = (escape(dates.written(day.day.isoformat())) for day in (days[0], days[-1]))
    return Markup(
        f'<svg class="stacks" viewBox="0 0 {len(days) * 10} {_HIGH}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(_told(days))}">{bars}</svg>'
        f'<p class="axis" aria-hidden="true"><span>{first}</span><span>{last}</span></p>'
    )


def key(group: str) -> Markup:
    """The colour of a group, for the head of its column."""
    return Markup(
        f'<svg class="key stacks-key" viewBox="0 0 6 6" aria-hidden="true">'
        f'<rect class="{CLASSES[group]}" width="6" height="6"/></svg>'
    )


def words(day: Day) -> str:
    """``20 November 2026: 812 sent, 3 failed``."""
    counts = [f"{count:,} {group}" for group, count in day.groups.items() if count]
    return f"{dates.written(day.day.isoformat())}: {', '.join(counts) or 'none'}"


def short(day: date) -> str:
    """``Fri 20 Nov``."""
    return f"{DAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1][:3]}"


def _told(days: Sequence[Day]) -> str:
    totals = {group: sum(day.groups[group] for day in days) for group in CLASSES}
    counts = ", ".join(f"{count:,} {group}" for group, count in totals.items() if count)
    return f"Editions of the last {len(days)} days: {counts}"


def _bar(place: int, day: Day, most: int) -> str:
    shapes, foot = "", float(_HIGH)
    for group, name in CLASSES.items():
        if count := day.groups[group]:
            height = max(1.5, (_HIGH - 6) * count / most)  # one failure among thousands is still seen
            foot -= height
            shapes += f'<rect class="{name}" x="{place * 10 + 1}" y="{foot:.1f}" width="8" height="{height:.1f}"/>'
    return f"<g><title>{escape(words(day))}</title>{shapes}</g>"
