"""What was done, as the ledger tells it: cursors, runs, and records that were set aside."""

from typing import NamedTuple

import sqlalchemy as sa


class Cursor(NamedTuple):
    """How far a source has read one of its parts, in its own words; *at* is when, ISO 8601 in UTC."""

    source: str
    part: str
    value: str
    at: str


class Tally(NamedTuple):
    """What a run did with its records."""

    new: int = 0
    updated: int = 0
    same: int = 0
    failed: int = 0


class Run(NamedTuple):
    """One run of a job. *finished* is None while it runs, and for ever when it was killed; *why* it ended early.

    outcome   how it ended: ``new``, ``updated``, ``nothing new`` or ``failed``; empty while it runs
    requests  how many it sent over the network
    retry     when a failed run is to be tried again, ISO 8601 in UTC
    """

    pk: int
    job: str
    started: str
    finished: str | None
    new: int
    updated: int
    same: int
    failed: int
    why: str
    outcome: str = ""
    requests: int = 0
    retry: str | None = None


class Health(NamedTuple):
    """What the runs of one job did on one day (UTC)."""

    job: str
    day: str
    new: int
    updated: int
    good: int  # runs that ended well
    failed: int  # runs that failed or were cut off
    requests: int


class Aside(NamedTuple):
    """A record that could not be taken: where it stands in its part, why, its first bytes, when."""

    source: str
    part: str
    where: str
    reason: str
    raw: bytes
    at: str
    format: str = ""


_CURSORS = sa.text("SELECT source, part, value, at FROM cursor ORDER BY source, part")
_CURSOR = sa.text("SELECT value FROM cursor WHERE source = :source AND part = :part")
_RUNS = sa.text(
    """
    SELECT pk, job, started, finished, new, updated, same, failed, why, outcome, requests, retry
    FROM run ORDER BY pk DESC LIMIT :limit
    """
)
_RUNS_OF = sa.text(
    """
    SELECT pk, job, started, finished, new, updated, same, failed, why, outcome, requests, retry
    FROM run WHERE job = :job ORDER BY pk DESC LIMIT :limit
    """
)
_WELL = sa.text(
    """
    SELECT started FROM run WHERE job = :job AND outcome IN ('new', 'updated', 'nothing new') ORDER BY pk DESC LIMIT 1
    """
)
_HEALTH = sa.text(
    """
    SELECT job, substr(started, 1, 10) AS day, sum(new), sum(updated),
        sum(CASE WHEN outcome IN ('new', 'updated', 'nothing new') THEN 1 ELSE 0 END),
        sum(CASE WHEN outcome = 'failed' OR (finished IS NULL AND pk < last) THEN 1 ELSE 0 END), sum(requests)
    FROM run JOIN (SELECT job AS of, max(pk) AS last FROM run GROUP BY job) AS latest ON of = job
    WHERE started >= :since GROUP BY job, substr(started, 1, 10) ORDER BY job, day
    """
)
_ASIDE = sa.text(
    """
    SELECT source, part, place, reason, raw, at, format FROM quarantine
    ORDER BY at DESC, source, part, place LIMIT :limit
    """
)
_ASIDE_OF = sa.text(
    """
    SELECT source, part, place, reason, raw, at, format FROM quarantine WHERE source = :source
    ORDER BY at DESC, part, place LIMIT :limit
    """
)
_ASIDE_COUNTS = sa.text("SELECT source, count(*) FROM quarantine GROUP BY source ORDER BY source")


def cursor(connection: sa.Connection, source: str, part: str) -> str | None:
    value: str | None = connection.execute(_CURSOR, {"source": source, "part": part}).scalar_one_or_none()
    return value


def cursors(connection: sa.Connection) -> list[Cursor]:
    return [Cursor(*row) for row in connection.execute(_CURSORS)]


def runs(connection: sa.Connection, limit: int) -> list[Run]:
    return [Run(*row) for row in connection.execute(_RUNS, {"limit": limit})]


def runs_of(connection: sa.Connection, job: str, limit: int) -> list[Run]:
    return [Run(*row) for row in connection.execute(_RUNS_OF, {"job": job, "limit": limit})]


def last_good(connection: sa.Connection, job: str) -> str | None:
    """When the latest run of *job* that ended well had begun."""
    started: str | None = connection.execute(_WELL, {"job": job}).scalar_one_or_none()
    return started


def health(connection: sa.Connection, since: str) -> list[Health]:
    """What each job did on each day from *since* on; an unfinished run after which another began was cut off."""
    rows = connection.execute(_HEALTH, {"since": since}).all()
    return [Health(job, day, *map(int, counts)) for job, day, *counts in rows]


def quarantined(connection: sa.Connection, source: str | None, limit: int) -> list[Aside]:
    statement = _ASIDE if source is None else _ASIDE_OF
    given = {"limit": limit} if source is None else {"limit": limit, "source": source}
    return [Aside(*row) for row in connection.execute(statement, given)]


def failures(connection: sa.Connection) -> dict[str, int]:
    return {str(source): int(count) for source, count in connection.execute(_ASIDE_COUNTS).all()}
