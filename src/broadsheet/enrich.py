"""What other services know about papers that we have: citations, venues, open PDFs, code, affiliations.

An enricher is a source that can be asked about given papers. It may fail without harm: what is missing stays missing,
the ledger says why, and the next run goes on where this one was. New papers are asked about first; then the older ones,
newest first; and a month after the last paper was reached, all of them again.
"""

import io
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from broadsheet.errors import SourceError, StoreError
from broadsheet.fetch import Client, FetchError, Spent, Stopped
from broadsheet.following import Followed
from broadsheet.harvest import Report, Watch, alone, iso, lock_of, not_before, pause
from broadsheet.ingest import Summary, Task
from broadsheet.paper import Paper
from broadsheet.sources import Record, Step, enrichers
from broadsheet.store import Store

PART = "enrich"
ROUND = timedelta(days=30)  # until a paper is asked about again
PATIENCE = 3  # batches in a row that a service refuses, until it is not about the papers
_REFUSED = (400, 404, 413, 414, 422)  # what is wrong with the question


class Place(NamedTuple):
    """How far a round is. The papers from row *low* up to *top* have been asked about; *began* is when it began."""

    top: int
    low: int
    began: str


class Budget(NamedTuple):
    """Requests of one day (UTC): how many were sent, of how many."""

    spent: int
    most: int

    @property
    def left(self) -> int:
        return max(0, self.most - self.spent)


def job_of(one: Followed) -> str:
    """The name of the enrichment in the ledger, beside the source's own runs."""
    return f"{one.name} {PART}"


def enriches(one: Followed) -> bool:
    return one.kind in enrichers() and one.options["budget"] > 0


def budget(store: Store, one: Followed, now: datetime) -> Budget:
    spent = sum(day.requests for day in store.health(iso(now)[:10]) if day.job == job_of(one))
    return Budget(spent, one.options["budget"])


def run(
    store: Store, one: Followed, client: Client, *, locks: Path, now: datetime, watch: Watch | None = None
) -> Report:
    """Asks the enricher *one* about papers until all have been asked about or the day's budget is spent."""
    with alone(lock_of(locks, job_of(one))) as free:
        if not free:
            return Report(job_of(one), "running", why="another process is asking it")
        if (waiting := not_due(store, one, now)) is not None:
            return waiting
        return _Enrichment(store, one, client, now, watch, budget(store, one, now)).run(_place(store, one, now))


def not_due(store: Store, one: Followed, now: datetime) -> Report | None:
    """Why there is nothing to ask about now; None when there is something."""
    if (waiting := not_before(store, job_of(one), now)) is not None:
        return waiting
    limit = budget(store, one, now)
    if not limit.left:
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        why = f"today's {limit.most:,} requests are spent (budget)"
        return Report(job_of(one), "not due", why=why, next=iso(tomorrow))
    place = _place(store, one, now)
    if not _pick(store, place, 1)[0]:
        again = iso(datetime.fromisoformat(place.began) + ROUND)
        why = "every paper has been asked about" if store.count() else "there is no paper to ask about yet"
        return Report(job_of(one), "not due", why=why, next=again if store.count() else "")
    return None


def _place(store: Store, one: Followed, now: datetime) -> Place:
    """Where to go on; a new round when the old one is done and old enough."""
    text = store.cursor(one.name, PART)
    if text:
        place = Place(*orjson.loads(text))
        if place.low > 1 or now - datetime.fromisoformat(place.began) < ROUND:
            return place
    newest = store.newest()
    return Place(newest, newest + 1, iso(now))


def _pick(store: Store, place: Place, size: int) -> tuple[list[Paper], Place]:
    """The next papers to ask about, at most *size*, and the place after them."""
    if rows := store.scan(place.top, size):
        return [paper for _, paper in rows], place._replace(top=rows[-1][0])
    papers: list[Paper] = []
    low = place.low
    while low > 1 and not papers:  # rows that are gone leave holes
        pks = list(range(low - 1, max(0, low - 1 - size), -1))
        papers, low = list(store.get(pks).values()), pks[-1]
    return papers, place._replace(low=low)


class _Enrichment:
    def __init__(
        self, store: Store, one: Followed, client: Client, now: datetime, watch: Watch | None, limit: Budget
    ) -> None:
        self._store, self._one, self._now, self._watch, self._limit = store, one, now, watch, limit
        self._client = client.metered(limit.left)
        with store.writing() as writer:
            job = writer.start_run(job_of(one))
        self._task = Task(store, one.name, PART, job, Summary(), one.kind, lambda: self._client.requests)

    def run(self, place: Place) -> Report:
        why, said = "", 0.0
        try:
            self._ask(place)
        except StoreError:
            raise  # the ledger cannot be written either
        except (KeyboardInterrupt, Stopped):
            self._task.finish("interrupted")
            raise
        except (FetchError, SourceError) as error:
            why, said = str(error), getattr(error, "retry_at", 0.0)
        except BaseException as error:
            self._task.finish(f"{type(error).__name__}: {error}")
            raise
        return self._finish(why, said)

    def _ask(self, place: Place) -> None:
        module, refused = enrichers()[self._one.kind], 0
        while self._client.requests < self._limit.left:
            papers, place = _pick(self._store, place, module.BATCH)
            if not papers:
                break
            try:
                self._take(module.enrich(self._client, self._one.options, papers), place)
                refused = 0
            except Spent:
                break  # this batch has its turn tomorrow
            except FetchError as error:
                refused += 1
                if error.status not in _REFUSED or refused == PATIENCE:
                    raise
                self._take((), place)  # there is something about these papers that it does not take

    def _take(self, steps: Iterable[Step], place: Place) -> None:
        """All answers about one batch of papers, and the place after it, in one transaction."""
        records = [record for step in steps for record in self._parsed(step)]
        self._task.commit(records, orjson.dumps(tuple(place)).decode())
        if self._watch:
            self._watch.moved(self._task.summary.done, 0, f"{self._client.requests} of {self._limit.left} requests")

    def _parsed(self, step: Step) -> list[Record]:
        return list(self._one.source.parse(io.BytesIO(step.body), source=self._one.label, at=step.at))

    def _finish(self, why: str, said: float) -> Report:
        done, requests = self._task.summary, self._client.requests
        retry = None
        if why:
            wait = self._now + pause(self._store.runs(12, job_of(self._one))[1:])
            retry = iso(max(wait, datetime.fromtimestamp(said, wait.tzinfo)) if said else wait)
        state = self._task.finish(why, retry=retry)
        coming = retry or iso(self._now)
        name = job_of(self._one)
        return Report(name, state, done.new, done.updated, done.same, done.failed, requests, why, coming)
