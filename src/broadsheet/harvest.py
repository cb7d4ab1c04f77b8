"""One run of one followed source: what it has that is new comes into the store, and the ledger says how it went.

fetch -> Step -> parse -> ingest.Task: the records of an answer and the cursor that goes on after it are one
transaction, so whatever ends a run, the next one goes on where this one was and nothing is lost or counted twice.
A run ends as new, updated, nothing new, not due, or failed; never in silence.
"""

import fcntl
import io
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple, Protocol

from broadsheet.errors import SourceError, StoreError
from broadsheet.fetch import Client, FetchError, Stopped
from broadsheet.following import Followed
from broadsheet.ingest import BATCH, Summary, Task
from broadsheet.sources import Record, Step
from broadsheet.store import Run, Store
from broadsheet.text import plural

GOOD = ("new", "updated", "nothing new")  # how a run ends well
AGAIN = timedelta(minutes=15)  # after a failure; twice as long after each further one
AT_MOST = timedelta(days=1)
LOOKING = 0.3  # seconds: somebody who only looks whether a run is under way holds its lock for a moment


class Report(NamedTuple):
    """How one source stands after `run`.

    state     ``new``, ``updated``, ``nothing new``, ``not due``, ``failed``, ``running`` (by another process)
    set_aside records of this run that could not be taken
    why       one sentence for ``not due`` and ``failed``; else empty
    next      when it is asked again, ISO 8601 in UTC
    """

    name: str
    state: str
    new: int = 0
    updated: int = 0
    same: int = 0
    set_aside: int = 0
    requests: int = 0
    why: str = ""
    next: str = ""


class Watch(Protocol):
    """Who wants to see it go on; a row of its own for each source."""

    def moved(self, done: int, total: int, note: str) -> None:
        """*done* records are behind us, of *total* (0: nobody knows)."""


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run(
    store: Store,
    one: Followed,
    client: Client,
    *,
    locks: Path,
    now: datetime,
    force: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Asks the source *one* for what is new, when something can be; *force* asks at any time.

    *locks* is a folder: two processes do not read one source at once. Raises StoreError; the network's and the
    source's faults are in the report and in the ledger.
    """
    with alone(lock_of(locks, one.name)) as free:
        if not free:
            return Report(one.name, "running", why="another process is reading it")
        if not force and (waiting := not_due(store, one, now)):
            return waiting
        return _Harvest(store, one, client, now, watch).run()


def not_due(store: Store, one: Followed, now: datetime) -> Report | None:
    """Why there is nothing to ask for now; None when there may be something."""
    if (waiting := not_before(store, one.name, now)) is not None:
        return waiting
    latest = next(iter(store.runs(1, one.name)), None)
    if latest is not None and latest.outcome not in GOOD:
        return None  # it failed, or was cut off: there is something left to do
    begun = store.last_good(one.name)
    places = (place_of(one, part) for part in one.source.parts(one.options))
    if begun is None or any(store.cursor(one.name, place) is None for place in places):
        return None
    due = one.source.due(one.options, datetime.fromisoformat(begun), now)
    return Report(one.name, "not due", why=due.why, next=iso(due.at)) if due.at > now else None


def not_before(store: Store, job: str, now: datetime) -> Report | None:
    """The failure after which *job* still waits."""
    latest = next(iter(store.runs(1, job)), None)
    if latest is not None and latest.outcome not in GOOD and latest.retry and latest.retry > iso(now):
        return Report(job, "failed", why=latest.why, next=latest.retry)
    return None


class _Harvest:
    """One run on its way through the parts of a source."""

    def __init__(self, store: Store, one: Followed, client: Client, now: datetime, watch: Watch | None) -> None:
        self._store, self._one, self._now, self._watch = store, one, now, watch
        latest = next(iter(store.runs(1, one.name)), None)
        # After a failure nothing that is kept is trusted: an answer that broke off would be the same for ever.
        self._client = client.metered(anew=latest is not None and latest.outcome == "failed")
        with store.writing() as writer:
            self._job = writer.start_run(one.name)
        self._task = self._at("", Summary())
        self._failures: list[tuple[str, str, float]] = []  # part, sentence, when to try again (epoch; 0: as usual)

    def _at(self, part: str, so_far: Summary) -> Task:
        place = place_of(self._one, part)
        return Task(self._store, self._one.name, place, self._job, so_far, self._one.kind, self._sent)

    def _sent(self) -> int:
        return self._client.requests

    def run(self) -> Report:
        try:
            for part in self._one.source.parts(self._one.options):
                self._part(part)
        except StoreError:
            raise  # the ledger cannot be written either; its unfinished line says that the run was cut off
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt | Stopped)
            why = "interrupted" if stopped else f"{type(error).__name__}: {error}"
            retry = None if stopped else iso(self._retry())
            self._task.finish(why, retry=retry)
            raise
        return self._finish()

    def _part(self, part: str) -> None:
        """Everything new of one part; a fault of the world ends the part, not the run."""
        self._task = self._at(part, self._task.summary)
        cursor = self._store.cursor(self._one.name, place_of(self._one, part)) or ""
        try:
            for step in self._one.source.fetch(self._client, self._one.options, part, cursor, self._now):
                self._take(step, cursor)
                cursor = step.cursor
        except Stopped:
            raise
        except FetchError as error:
            self._failures.append((part, str(error), error.retry_at))
        except SourceError as error:
            self._failures.append((part, str(error), 0.0))

    def _take(self, step: Step, before: str) -> None:
        """The records of one answer, in one transaction or, when they are very many, in some.

        The cursor moves with the last of them. When the bytes break off, what came before is kept and the cursor stays.
        """
        batch: list[Record] = []
        parse = self._one.source.parse
        try:
            for record in parse(io.BytesIO(step.body), source=self._one.label, at=step.at) if step.body else ():
                if len(batch) == BATCH:
                    self._task.commit(batch, before)
                    batch = []
                batch.append(record)
        except SourceError:
            self._task.commit(batch, before)
            raise
        self._task.commit(batch, step.cursor)
        if self._watch:
            self._watch.moved(self._task.summary.done, step.total, step.note)

    def _finish(self) -> Report:
        one, done = self._one, self._task.summary
        why, retry = "", None
        if self._failures:
            why = _told_once(self._failures)
            retry = iso(self._retry())
        state = self._task.finish(why, retry=retry)
        coming = retry or iso(one.source.due(one.options, self._now, self._now).at)
        return Report(one.name, state, done.new, done.updated, done.same, done.failed, self._sent(), why, coming)

    def _retry(self) -> datetime:
        """When the run is tried again: when the source said, or later the more often it has failed in a row."""
        said = max((at for *_, at in self._failures), default=0.0)
        asked = datetime.fromtimestamp(said, UTC) if said else self._now
        return max(asked, self._now + pause(self._store.runs(12, self._one.name)[1:]))


def _told_once(failures: Iterable[tuple[str, str, float]]) -> str:
    """Which parts failed and why, three reasons at most: often all of them fail for one."""
    parts: dict[str, list[str]] = {}
    for part, said, _ in failures:
        parts.setdefault(said, []).append(part)
    told = [f"{', '.join(filter(None, named[:3]))}: {said}" if any(named) else said for said, named in parts.items()]
    return "; ".join(told[:3]) + (f"; and {plural(len(told) - 3, 'other reason')}" if len(told) > 3 else "")


def pause(runs: list[Run]) -> timedelta:
    """How long after a failure the next try is, given the runs before it, newest first."""
    failed = sum(run.retry is not None for run in takewhile(lambda run: run.outcome not in GOOD, runs))
    wait: timedelta = AGAIN * 2**failed  # what was interrupted has not failed
    return min(wait, AT_MOST)


def place_of(one: Followed, part: str) -> str:
    """The name of a part in the ledger, where its cursor is.

    With a hash of the options that say what the part's records are: when one of those changes the part begins anew,
    because its cursor speaks of other records.
    """
    free = getattr(one.source, "FREE", ())
    said = {
        row.name: one.options[row.name]
        for row in one.source.OPTIONS
        if not row.secret and row.name not in free and one.options[row.name] != row.default
    }
    return f"{part} {blake2b(repr(sorted(said.items())).encode(), digest_size=4).hexdigest()}".strip() if said else part


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether no other process holds *path*; held while the block runs, and let go of when the process dies."""
    with _flocked(path, fcntl.LOCK_EX, LOOKING) as free:
        yield free


@contextmanager
def _flocked(path: Path, how: int, wait: float) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    ends = time.monotonic() + wait
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < ends:
                    time.sleep(0.01)
                    continue
                yield False
                return
            yield True
            return


def under_way(locks: Path, job: str) -> bool:
    """Whether some process is at *job* now."""
    path = lock_of(locks, job)
    if not path.exists():
        return False
    with _flocked(path, fcntl.LOCK_EX, 0.0) as free:
        return not free


@contextmanager
def at_work(locks: Path, job: str) -> Iterator[None]:
    """Says to `under_way` that this process is at *job*, others may be, too."""
    with _flocked(lock_of(locks, job), fcntl.LOCK_SH, LOOKING):
        yield


def lock_of(locks: Path, job: str) -> Path:
    return locks / f"{job.replace(' ', '.')}.lock"  # no source's name has a dot
