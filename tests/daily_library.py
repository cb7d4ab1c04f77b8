"""A library of which every paper has a day, for the tests of days and of what rises; and readers who vote in it."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import web_library
from broadsheet.library import Library
from broadsheet.people.rights import Reader
from community_people import readers, sql

DAY = 86_400
NOW = int(time.time())
FIELDS = ("cs.IR", "cs.CL", "cs.RO")
SUBJECTS = ("lantern routing", "quill grammar", "grasping pears")
OTHERS = ("velvet tides", "copper orchards", "silent looms", "amber ledgers", "woven maps", "hollow drums")
TODAY_PAPERS, A_DAY = 12, 6
DAYS_BACK = (10, 11, 20, 40)  # more than a week, so that a paper that comes now appeared then


def today() -> date:
    return datetime.now(UTC).date()


def back(days: int) -> date:
    return today() - timedelta(days=days)


def rows() -> Iterator[Mapping[str, Any]]:
    """Twelve papers of today, mostly of one field, and six of each of some days before."""
    for number in range(TODAY_PAPERS):
        yield row(f"today{number}", min(2, number // 8), 0)
    for days in DAYS_BACK:
        for number in range(A_DAY):
            yield row(f"back{days}-{number}", number % 3, days)
    for number, subject in enumerate(OTHERS * 3):  # so that what is near stands out
        title = f"{subject.capitalize()} year{number}"
        yield row(f"year{number}", 0, 0, title=title, abstract=f"{subject} " * 8, date="2001", year=2001, categories=[])


def row(name: str, field: int, days: int, **more: Any) -> Mapping[str, Any]:
    subject = SUBJECTS[field]
    return {
        "id": name,
        "title": f"{subject.capitalize()} {name}",
        "abstract": f"{subject} " * 8,  # what it is near to is to be plain
        "authors": [f"Author {name}"],
        "categories": [FIELDS[field]],
        "date": back(days).isoformat(),
        **more,
    }


def make(home: Path, papers: Iterable[Mapping[str, Any]] | None = None) -> Library:
    library = web_library.make(home, rows() if papers is None else papers)
    midnight = int(datetime.combine(today(), datetime.min.time(), UTC).timestamp())
    came = max(midnight, int(time.time()) - 6 * 3_600)  # some hours ago, so that readers had time to vote
    sql(library.store, "UPDATE paper SET added = :came", came=came)
    library.rebuild()
    return library


def add(library: Library, *papers: Mapping[str, Any]) -> None:
    """More papers, stored and indexed."""
    file = library.home.parent / f"more{time.monotonic_ns()}.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in papers))
    library.add([file])


def pk(library: Library, name: str) -> int:
    return library.row(name)


def settled(library: Library, count: int, days: int = 200) -> list[Reader]:
    """So many readers who have been here for a while, and did something then: their votes count in full."""
    found = readers(library.store, count)
    then = int(time.time()) - days * DAY
    some = library.store.resolve([f"id:year{number}" for number in range(18)]).values()
    for one, paper in zip(found, cycle(some or [1]), strict=False):
        sql(library.store, "UPDATE account SET made = :then WHERE id = :id", then=then, id=one.id)
        library.store.community.vote(one.id, paper)
        sql(library.store, "UPDATE vote SET at = :then WHERE account = :id", then=then, id=one.id)
    return found


def vote(library: Library, voters: Iterable[Reader], name: str, ago: int = 600) -> None:
    """Each votes for a paper, some minutes apart, the last *ago* seconds before now."""
    row, now = pk(library, name), int(time.time())
    ((added,),) = sql(library.store, "SELECT added FROM paper WHERE pk = :pk", pk=row)
    for number, one in enumerate(voters):
        library.store.community.vote(one.id, row)
        at = max(now - ago - 97 * number, int(str(added)) + number)
        sql(library.store, "UPDATE vote SET at = :at WHERE account = :id AND pk = :pk", at=at, id=one.id, pk=row)
