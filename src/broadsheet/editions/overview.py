"""How the mail of a library fares, for its owner: days, what waits, what came back, what holds all of it up."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from broadsheet.community.periods import day_of, number
from broadsheet.editions import heart, schedule, timely
from broadsheet.mail import server

if TYPE_CHECKING:
    from broadsheet.library import Library

DAYS = 30
# What the owner asks for -> the states of the ledger.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "sent": ("sent",), "unsure": ("unsure",), "nothing new": ("skipped",), "waiting": ("ready", "sending"),
    "held back": ("withheld",), "failed": ("failed", "refused", "bounced"), "missed": ("missed",),
}  # fmt: skip
GROUP = {state: group for group, states in GROUPS.items() for state in states}


class Day(NamedTuple):
    """One day of readers' calendars: how many editions came to each of GROUPS, and to each state."""

    day: date
    groups: Mapping[str, int]
    states: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.groups.values())


class Overview(NamedTuple):
    """All of it.

    silence   why nothing leaves, as a sentence; empty while something is at work
    beat      when something last was, Unix seconds; 0 for never
    server    host of the mail server; empty where letters are written into the outbox
    trouble   step -> why it fails, of those that do
    waiting   editions that are ready; due: when the first of them is to leave, None for none
    next      when the next edition of anybody is due, Unix seconds; None when none is planned
    readers   active, off, left, suppressed -> how many
    returned  kind -> how many came back in these days
    days      oldest first, without gaps
    reasons   why, of the editions of the last day that has any: sentence -> how many, most first
    """

    silence: str
    beat: int
    server: str
    trouble: Mapping[str, heart.Step]
    waiting: int
    due: int | None
    next: int | None
    readers: Mapping[str, int]
    returned: Mapping[str, int]
    days: tuple[Day, ...]
    reasons: Mapping[str, int]


def overview(library: "Library", now: int, days: int = DAYS) -> Overview:
    """How it stands at *now*, with the last *days* days. Raises Mistake for settings that are wrong."""
    store, state = library.store, heart.read(library.home)
    where = server.server(library.settings)
    count, due = store.editions.waiting()
    listed = per_day(library, now, days)
    last = next((one.day for one in reversed(listed) if one.total), None)
    return Overview(
        silence=heart.silence(library.home, now), beat=state.beat, server=where.host if where else "",
        trouble={name: step for name, step in state.steps.items() if not step.ok},
        waiting=count, due=due, next=timely.earliest(store, now), readers=store.subscribers.count(),
        returned=store.subscribers.returns_by_kind(now - days * 86_400), days=listed,
        reasons=store.editions.reasons(number(last)) if last else {},
    )  # fmt: skip


def per_day(library: "Library", now: int, days: int = DAYS) -> tuple[Day, ...]:
    """The last *days* days, oldest first; with tomorrow, where it has begun for somebody."""
    today = schedule.local_day("UTC", now)
    first = today - timedelta(days=days - 1)
    found = {day_of(day): states for day, states in library.store.editions.per_day(number(first)).items()}
    last = today + timedelta(days=1) if today + timedelta(days=1) in found else today
    return tuple(
        _day(first + timedelta(days=step), found.get(first + timedelta(days=step), {}))
        for step in range((last - first).days + 1)
    )


def _day(day: date, states: Mapping[str, int]) -> Day:
    return Day(day, {group: sum(states.get(state, 0) for state in names) for group, names in GROUPS.items()}, states)


def to_dict(found: Overview) -> dict[str, Any]:
    """For programs; moments are ISO 8601 in UTC, empty for none."""
    return {
        "at_work": not found.silence, "why": found.silence, "beat": heart.iso(found.beat), "server": found.server,
        "trouble": {
            name: {"since": heart.iso(step.since), "why": step.said} for name, step in found.trouble.items()
        },
        "waiting": found.waiting, "first": heart.iso(found.due or 0), "next": heart.iso(found.next or 0),
        "readers": dict(found.readers), "returned": dict(found.returned),
        "days": [{"day": day.day.isoformat(), **day.states} for day in found.days if day.total],
        "reasons": dict(found.reasons),
    }  # fmt: skip
