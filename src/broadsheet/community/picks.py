"""The editors' desk: which papers stand on the page of a day, in which order and why. A group has a desk of its own."""

import re
from datetime import date

from broadsheet.community.discussion import need, reason
from broadsheet.community.periods import FIRST, number
from broadsheet.errors import Forbidden, Mistake, NotFound
from broadsheet.people.rights import Reader
from broadsheet.store import Store
from broadsheet.store.desk import Chosen

_DAY = re.compile("([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_LAST = date(2999, 12, 31)


def day_of(text: str) -> int:
    """A day as the store has it, yyyymmdd, of ``2026-11-20``. Raises Mistake."""
    match = _DAY.fullmatch(text)
    try:
        if match and (day := date(*map(int, match.groups()))) > FIRST and day <= _LAST:
            return number(day)
    except ValueError:
        pass  # the 31st of November
    raise Mistake(f"{text[:40]!r} is no day; a day is written 2026-11-20")


def written(day: int) -> str:
    """``2026-11-20``."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"


def may(store: Store, reader: Reader | None, team: int = 0) -> bool:
    """Whether *reader* chooses for the library (team 0), or for a group."""
    if reader is None:
        return False
    if not team:
        return reader.may("pick")
    found = store.teams.at(team, reader.id) if reader.may("join") else None
    return found is not None and found.edits


def allow(store: Store, reader: Reader, team: int) -> None:
    """Raises Forbidden for who may not choose, NotFound for a group that this reader does not see."""
    if not team:
        need(reader, "pick")
    elif store.teams.at(team, reader.id) is None:
        raise NotFound("there is no such group")
    elif not may(store, reader, team):
        raise Forbidden("only the editors of this group choose its papers")


def pick(
    store: Store, reader: Reader, day: int, pk: int, *, team: int = 0, note: str = "", place: int | None = None
) -> list[Chosen]:
    """Chooses a paper for a day, at the end or at *place* (from 0). Raises NotFound, Forbidden, Mistake."""
    allow(store, reader, team)
    return store.desk.pick(reader.id, day, pk, team=team, note=reason(note), place=place)


def unpick(store: Store, reader: Reader, day: int, pk: int, *, team: int = 0) -> Chosen | None:
    """Takes a paper off a day; as it stood there."""
    allow(store, reader, team)
    return store.desk.unpick(reader.id, day, pk, team=team)


def step(store: Store, reader: Reader, day: int, pk: int, by: int, *, team: int = 0) -> list[Chosen]:
    """Moves a paper *by* places down; up when below 0."""
    allow(store, reader, team)
    return store.desk.step(reader.id, day, pk, by, team=team)


def put(store: Store, reader: Reader, day: int, pk: int, place: int, seen: list[int], *, team: int = 0) -> list[Chosen]:
    """Moves a paper to *place* in the order that was *seen*. Raises Conflict when it is another one now."""
    allow(store, reader, team)
    return store.desk.put(reader.id, day, pk, place, seen, team=team)


def note(store: Store, reader: Reader, day: int, pk: int, text: str, was: str, *, team: int = 0) -> None:
    """Says why a paper was chosen. Raises Conflict when another editor has written since it *was* so."""
    allow(store, reader, team)
    store.desk.note(reader.id, day, pk, reason(text), reason(was), team=team)
