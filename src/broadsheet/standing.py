"""How every source stands: what its last run did, when it is asked again, and its health of ninety days."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from broadsheet import enrich, harvest, quarantine
from broadsheet.following import Followed
from broadsheet.sources import followable, formats
from broadsheet.store import Health, Run, Store

DAYS = 90
NOTHING: Mapping[str, str] = MappingProxyType({})
ADDED = "added"  # before the name of a format, in the locks' folder: some process is adding files of it


class Day(NamedTuple):
    """One day of one source. *state*: ``new``, ``quiet`` (asked, nothing new), ``failed``, ``mixed``, ``none``."""

    day: str
    state: str
    new: int
    updated: int
    requests: int


class Standing(NamedTuple):
    """One source, or one enrichment, or the files of one format that were added by hand.

    kind       the module that reads it; about: one sentence on what that brings, and home: its page
    followed   whether it is asked by `sync`
    state      how its last run ended: ``new``, ``updated``, ``nothing new``, ``failed``, ``running``; ``never`` asked
    last_run   when that run began, and last_good the last that ended well; ISO 8601, empty if there is none
    new, updated, failed, requests   of the last run; failed are records set aside
    waiting    records that are set aside and have not been mended
    why        why the last run failed, or what comes next
    next       when it is asked again; empty for what is not followed
    budget     requests of today and how many there may be; None without a budget
    days       the last ninety, oldest first
    """

    name: str
    kind: str
    about: str
    home: str
    followed: bool
    options: dict[str, object]
    state: str
    last_run: str
    last_good: str
    new: int
    updated: int
    failed: int
    requests: int
    waiting: int
    why: str
    next: str
    budget: enrich.Budget | None
    days: tuple[Day, ...]

    def to_dict(self) -> dict[str, Any]:
        budget = self.budget and self.budget._asdict()
        return {**self._asdict(), "budget": budget, "days": [day._asdict() for day in self.days if day.state != "none"]}


def standings(
    store: Store, followed: Sequence[Followed], locks: Path, now: datetime, wrong: Mapping[str, str] = NOTHING
) -> tuple[Standing, ...]:
    """Every followed source and its enrichment, then what else has a run in the ledger.

    *wrong*: name -> what is wrong with it, of sources that cannot be read as the settings have them.
    """
    first = now.date() - timedelta(days=DAYS - 1)
    health: dict[str, list[Health]] = {}
    for day in store.health(first.isoformat()):
        health.setdefault(day.job, []).append(day)
    waiting = store.failures()
    found = []
    for one in followed:
        standing = _of_source(store, one, now, health.pop(one.name, []), waiting.pop(one.name, 0))
        found.append(_alive(standing, locks))
        if enrich.enriches(one):
            found.append(_alive(_of_enrichment(store, one, now, health.pop(enrich.job_of(one), [])), locks))
    for name, why in wrong.items():
        latest, days = next(iter(store.runs(1, name)), None), health.pop(name, [])
        found.append(_standing(
            store, name, latest, now, days, kind="", about="the settings are wrong", home="", followed=True, options={},
            waiting=waiting.pop(name, 0), why=why, coming="",
        )._replace(state="failed"))  # fmt: skip
    for job in sorted((health.keys() | waiting.keys()) - {quarantine.JOB}):
        standing = _of_others(store, job, now, health.get(job, []), waiting.get(job, 0))
        found.append(_alive(standing, locks, f"{ADDED} {job}"))
    return tuple(found)


def _of_source(store: Store, one: Followed, now: datetime, days: list[Health], waiting: int) -> Standing:
    latest = next(iter(store.runs(1, one.name)), None)
    coming = harvest.not_due(store, one, now)
    return _standing(
        store, one.name, latest, now, days, kind=one.kind, about=one.source.ABOUT.what, home=one.source.ABOUT.home,
        followed=True, options=one.shown(), waiting=waiting,
        why="" if coming is None else coming.why, coming=harvest.iso(now) if coming is None else coming.next,
    )  # fmt: skip


def _of_enrichment(store: Store, one: Followed, now: datetime, days: list[Health]) -> Standing:
    job = enrich.job_of(one)
    latest = next(iter(store.runs(1, job)), None)
    waits = enrich.not_due(store, one, now)
    return _standing(
        store, job, latest, now, days, kind=one.kind, about=f"what {one.source.ABOUT.name} knows about papers here",
        home=one.source.ABOUT.home, followed=True, options={}, waiting=0, why="" if waits is None else waits.why,
        coming=harvest.iso(now) if waits is None else waits.next, budget=enrich.budget(store, one, now),
    )  # fmt: skip


def _of_others(store: Store, job: str, now: datetime, days: list[Health], waiting: int) -> Standing:
    latest = next(iter(store.runs(1, job)), None)
    return _standing(
        store, job, latest, now, days, kind=job, about=_where_from(job), home="",
        followed=False, options={}, waiting=waiting, why="" if latest is None else latest.why, coming="",
    )  # fmt: skip


def _where_from(job: str) -> str:
    if job not in formats():
        return "no longer followed"
    return "added by hand, or no longer followed" if job in followable() else "added by hand"


def _standing(
    store: Store,
    name: str,
    latest: Run | None,
    now: datetime,
    days: list[Health],
    *,
    coming: str,
    budget: enrich.Budget | None = None,
    **more: Any,
) -> Standing:
    return Standing(
        name=name,
        state=_state(latest),
        last_run=latest.started if latest else "",
        last_good=store.last_good(name) or "",
        new=latest.new if latest else 0,
        updated=latest.updated if latest else 0,
        failed=latest.failed if latest else 0,
        requests=latest.requests if latest else 0,
        next=coming,
        budget=budget,
        days=strip(days, now.astimezone(UTC).date()),
        **more,
    )


def _alive(standing: Standing, locks: Path, job: str = "") -> Standing:
    """An unfinished run goes on only as long as some process is at it."""
    if standing.state != "running" or harvest.under_way(locks, job or standing.name):
        return standing
    return standing._replace(state="failed", why="the last run was cut off; the next goes on where it was")


def _state(latest: Run | None) -> str:
    if latest is None:
        return "never"
    if latest.finished is None:
        return "running"
    return latest.outcome or ("failed" if latest.why else "new" if latest.new else "nothing new")


def strip(days: Sequence[Health], today: date) -> tuple[Day, ...]:
    """The last ninety days, one each, whether anything ran on them or not."""
    by_day = {day.day: day for day in days}
    return tuple(_day((today - timedelta(days=back)).isoformat(), by_day) for back in range(DAYS - 1, -1, -1))


def _day(day: str, by_day: dict[str, Health]) -> Day:
    health = by_day.get(day)
    if health is None:
        return Day(day, "none", 0, 0, 0)
    state = "new" if health.new or health.updated else "quiet"
    if health.failed:
        state = "mixed" if health.good else "failed"
    return Day(day, state, health.new, health.updated, health.requests)
