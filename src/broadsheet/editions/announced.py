"""Whether the sources announced anything for a day: what a quiet edition says instead of nothing.

Three codes, each with the source's name. ``closed`` {name, weekday, holiday}: by its own calendar it announces nothing
for that day (0 is Monday; holiday is 1 when it is one). ``nothing`` {name}: it was asked, and had nothing new.
``unreached`` {name, since}: it could not be asked since that date, or never (empty).
"""

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from broadsheet.editions.content import Why
from broadsheet.harvest import GOOD
from broadsheet.sources import arxiv

if TYPE_CHECKING:
    from broadsheet.following import Followed
    from broadsheet.library import Library
    from broadsheet.store import Run, Store

CODES = ("closed", "unreached", "nothing")  # in the order of what explains most
_NO_EVENINGS = (4, 5)  # arXiv: Fridays and Saturdays, without any holiday
MOST = 4  # of them: a letter is no report on forty feeds
_RUNS = 24  # a source that fails is asked at most that often in two days


def announced(library: "Library", day: date) -> tuple[Why, ...]:
    """Why there may be nothing new on *day* (of a reader): a code for each source that brought nothing.

    Empty where every source had something, or none is followed. Costs one read of the ledger for each source.
    """
    followed, wrong = library.followed()
    kinds = Counter(one.label for one in followed)
    found = [why for one in followed if (why := _of(library.store, one, day, _name(one, kinds)))]
    found += [Why("unreached", {"name": name, "since": (library.store.last_good(name) or "")[:10]}) for name in wrong]
    return tuple(sorted(found, key=lambda why: CODES.index(why.code))[:MOST])


def _name(one: "Followed", kinds: Counter[str]) -> str:
    """As its makers write it, where that says which; else what it is called here."""
    return one.source.ABOUT.name if one.label == one.kind and kinds[one.label] == 1 else one.name


def _of(store: "Store", one: "Followed", day: date, name: str) -> Why | None:
    since = (day - timedelta(days=1)).isoformat()
    runs = [run for run in store.runs(_RUNS, one.name) if run.finished]
    if any(run.new for run in runs if run.started >= since):
        return None
    if one.kind == "arxiv" and not arxiv.announced(day):
        holiday = int((day - timedelta(days=1)).weekday() not in _NO_EVENINGS)
        return Why("closed", {"name": name, "weekday": day.weekday(), "holiday": holiday})
    return _asked(store, one.name, name, runs, since)


def _asked(store: "Store", job: str, name: str, runs: "list[Run]", since: str) -> Why | None:
    """*runs* are the latest, newest first, none of which brought anything since the day *since*."""
    if runs and runs[0].outcome in GOOD and runs[0].started >= since:
        return Why("nothing", {"name": name})
    if runs and runs[0].outcome in GOOD:
        return None  # not asked since: it has a pace of its own, or nothing is at work, which is said elsewhere
    return Why("unreached", {"name": name, "since": (store.last_good(job) or "")[:10]})
