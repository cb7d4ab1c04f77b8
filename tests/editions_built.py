"""Subscribers of a library of these days (`daily_library`), their editions, and what stands in them."""

import time
from datetime import timedelta
from typing import Any

from broadsheet.community.periods import number
from broadsheet.editions.build import build
from broadsheet.editions.content import PARTS, Content, unpack
from broadsheet.library import Library
from broadsheet.people.rights import Reader
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from daily_library import FIELDS, add, row, today

NOW = int(time.time())
IR, CL, RO = (Wish("topic", field) for field in FIELDS)
RISING, FRONT, PERSONAL = Wish("rising"), Wish("front"), Wish("personal")


def subscribe(library: Library, *wishes: Wish, who: Reader | None = None, **more: Any) -> Subscriber:
    name = who.name.replace(" ", "").lower() if who else f"nobody{time.monotonic_ns()}"
    schedule = Schedule(**more)
    return library.store.subscribers.put(f"{name}@example.org", who.id if who else None, schedule, wishes, NOW)


def day(after: int = 0) -> int:
    return number(today() + timedelta(days=after))


def edition(library: Library, one: Subscriber, after: int = 0) -> Edition:
    """The one that is made for a day so many days from now."""
    build(library, [(one, day(after), NOW)], NOW)
    (found,) = [each for each in library.store.editions.of(one.id) if each.day == day(after)]
    return found


def content(made: Edition) -> Content:
    assert made.state == "ready" and made.content is not None
    return unpack(made.content)


def send(library: Library, made: Edition, state: str = "sent") -> None:
    assert library.store.editions.claim(made.id)
    library.store.editions.settle(made.id, state, "", NOW)


def titles(library: Library, made: Edition) -> list[str]:
    """The names of its papers, in order, without the wild card."""
    return [name for key in PARTS[:-1] for name in part(library, made, key)]


def new(library: Library, name: str, field: int = 0, **more: Any) -> str:
    """A paper of today, which comes now."""
    add(library, row(name, field, 0, **more))
    return name


def codes(made: Edition) -> list[str]:
    return [why.code for why in content(made).quiet]


def part(library: Library, made: Edition, key: str) -> list[str]:
    """The names of the papers of a part: `daily_library.row` makes them the last word of the title."""
    rows = [one.pk for each in content(made).parts if each.key == key for one in each.papers]
    papers = library.store.get(rows)
    return [papers[row].title.rpartition(" ")[2] for row in rows]
