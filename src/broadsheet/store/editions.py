"""The ledger: one row a subscriber and day, what was chosen for it, and what became of it (`schema_mail`).

A sender claims an edition before its server hears of it, and settles it after: whoever dies between leaves it
`sending`, and nobody takes it for unsent.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import Database, among, each
from broadsheet.store.lists import MAX_ID

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STATES = ("ready", "sending", "sent", "unsure", "bounced", "refused", "failed", "skipped", "withheld", "missed")
OPEN = frozenset({"ready", "sending"})  # something can still become of it
DELIVERED = frozenset({"sent", "unsure"})
DAY = 86_400  # seconds: nothing is put off for longer, so a `next` beyond that is of a clock that was wrong


class Edition(NamedTuple):
    """A row of the ledger, and what it says.

    id       0 for one that is not in the ledger yet
    day      yyyymmdd of the subscriber's own calendar
    due      when it is to be sent, Unix seconds; next: not before that, for one that is tried again
    upto     the newest row of the store when it was chosen
    papers   their rows in order, little-endian 32-bit
    content  packed (`editions.content`); None once it was pruned
    done     when its state became what it is; None as long as something can become of it
    """

    id: int
    subscriber: int
    day: int
    state: str
    reason: str
    due: int
    tries: int
    next: int
    upto: int
    papers: bytes
    content: bytes | None
    made: int
    done: int | None


class History(NamedTuple):
    """What a subscriber has had.

    delivered  the rows of papers in editions that arrived, for all we know: each once, ascending, int64; those that
               were absorbed are what they became
    upto       of the last edition that arrived, which is the one made last: a clock may have been ahead; 0 for none
    day        of that edition, yyyymmdd
    again      the rows of papers in editions that came back, ascending: new again, unless they were delivered since
    """

    delivered: "npt.NDArray[np.int64]"
    upto: int
    day: int
    again: "npt.NDArray[np.int64]"


_LEDGER = "e.id, e.subscriber, e.day, e.state, e.reason, e.due, e.tries, e.next, e.upto, e.papers"
_EDITION = f"""
    SELECT {_LEDGER}, c.packed, e.made, e.done
    FROM edition e LEFT JOIN content c ON c.day = e.day AND c.subscriber = e.subscriber
    """
_PUT = """
    INSERT INTO edition (subscriber, day, state, reason, due, tries, next, upto, papers, made, done)
    VALUES ({}) ON CONFLICT (subscriber, day) DO NOTHING
    """
_PUT_CONTENT = """
    INSERT INTO content (day, subscriber, packed) VALUES ({}) ON CONFLICT (day, subscriber) DO NOTHING
    """
_HISTORY = "SELECT subscriber, id, day, state, upto, papers FROM edition WHERE subscriber IN :values"
_ABSORBED = sa.text('SELECT pk, "into" FROM paper WHERE "into" IS NOT NULL')
_DAYS = "SELECT subscriber, day FROM edition WHERE subscriber IN :values"
_NEWER = sa.text(
    "SELECT 1 FROM edition WHERE subscriber = :subscriber AND day > :day AND due <= :until ORDER BY day LIMIT 1"
)
_READY = sa.text(
    f"""
    {_EDITION} WHERE e.state = 'ready' AND e.done IS NULL AND e.due <= :now
    AND (e.next <= :now OR e.next > :now + {DAY})
    ORDER BY e.due, e.id LIMIT :limit
    """
)
_WAITING = sa.text(
    """
    SELECT count(*), min(CASE WHEN due > next THEN due ELSE next END) FROM edition
    WHERE state = 'ready' AND done IS NULL
    """
)
_CLAIM = sa.text("UPDATE edition SET state = 'sending' WHERE id = :id AND state = 'ready' AND done IS NULL")
# A bounce may be quicker than the record of who sent: it stays. What is done (its reader has left) is never open again.
_SETTLE = sa.text(
    """
    UPDATE edition SET state = :state, reason = :reason, done = :done, next = :next, tries = coalesce(:tries, tries)
    WHERE id = :id AND NOT (state = 'bounced' AND :arrived = 1) AND NOT (done IS NOT NULL AND :open = 1)
    """
)
_OVERTAKE = """
    UPDATE edition SET state = 'failed', done = :now,
        reason = CASE WHEN tries > 0 THEN :why || '; the last try: ' || reason ELSE :why END
    WHERE subscriber IN (SELECT value FROM each(:values)) AND state = 'ready' AND done IS NULL AND day < :day
    """
_AHEAD = "FROM edition WHERE day > :day AND state IN ('missed', 'skipped', 'withheld')"
_IS_AHEAD = sa.text(f"SELECT 1 {_AHEAD} LIMIT 1")
_UNWRITE = sa.text(f"DELETE {_AHEAD}")
_ORPHANS = sa.text(f"{_EDITION} WHERE e.state = 'sending' AND e.done IS NULL ORDER BY e.due, e.id")
_AT = sa.text(f"{_EDITION} WHERE e.id = :id")
_OF = sa.text(f"{_EDITION} WHERE e.subscriber = :id ORDER BY e.day DESC LIMIT :limit")
_PER_DAY = sa.text("SELECT day, state, count(*) FROM edition WHERE day >= :since GROUP BY day, state ORDER BY day")
_REASONS = sa.text(
    "SELECT reason, count(*) FROM edition WHERE day = :day AND reason <> '' GROUP BY reason ORDER BY count(*) DESC"
)
_PRUNE = sa.text("DELETE FROM content WHERE day < :day")


class Editions:
    """The ledger of a store, which calls it `editions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- who chooses ---------------------------------------------------------------------------------------------------

    def put(self, rows: Iterable[Edition]) -> int:
        """Adds many in one transaction; how many were new. A subscriber and day that has a row keeps that one."""
        listed = [row._replace(done=None if row.state in OPEN else row.done or row.made) for row in rows]
        ledger = [row[1:10] + row[11:] for row in listed]
        said = [(row.day, row.subscriber, row.content) for row in listed if row.content is not None]
        with self._database.writing() as connection:
            added = _insert(connection, _PUT, ledger)
            _insert(connection, _PUT_CONTENT, said)
        return added

    def histories(self, ids: Sequence[int]) -> dict[int, History]:
        """subscriber -> what it has had, for many at once; a few hundred at a time keep memory small.

        A subscriber with a daily edition of 20 papers takes 60 kB a year.
        """
        with self._database.reading() as connection:
            rows = among(connection, _HISTORY, ids)
            absorbed = _absorbed(connection)
        return _histories(ids, rows, absorbed)

    def absorbed(self) -> dict[int, int]:
        """row of a paper that was absorbed -> the row that took its place."""
        with self._database.reading() as connection:
            return _absorbed(connection)

    def days(self, ids: Sequence[int], since_day: int) -> set[tuple[int, int]]:
        """(subscriber, day) of every row of these subscribers from *since_day* on."""
        with self._database.reading() as connection:
            rows = among(connection, f"{_DAYS} AND day >= {int(since_day)}", ids)
        return {(subscriber, day) for subscriber, day in rows}

    # -- who sends -----------------------------------------------------------------------------------------------------

    def has_newer(self, edition: Edition, now: int) -> bool:
        """Whether its subscriber has one of a later day, but for those that a clock made which was ahead by days."""
        given = {"subscriber": edition.subscriber, "day": edition.day, "until": now + DAY}
        with self._database.reading() as connection:
            return connection.execute(_NEWER, given).first() is not None

    def ready(self, now: int, limit: int) -> list[Edition]:
        """Editions whose time has come, the one that waits longest first."""
        return self._editions(_READY, now=now, limit=limit)

    def waiting(self) -> tuple[int, int | None]:
        """How many are ready, whenever they are due, and when the first of them is."""
        with self._database.reading() as connection:
            count, earliest = connection.execute(_WAITING).one()
        return count, earliest

    def claim(self, id: int) -> bool:
        """From ready to sending; False when somebody else was quicker, or it is not ready any more."""
        with self._database.writing() as connection:
            return connection.execute(_CLAIM, {"id": id}).rowcount > 0

    def settle(self, id: int, state: str, reason: str, now: int, next: int = 0, tries: int | None = None) -> bool:
        """What became of an edition. *next*: not before that, for one that is ready again; *tries* so far.

        False for one that is not there, that bounced and would be said to have arrived, or is done and would be open.
        """
        given = {
            "id": id, "state": state, "reason": reason[:500], "done": None if state in OPEN else now, "next": next,
            "tries": tries, "arrived": int(state in DELIVERED), "open": int(state in OPEN),
        }  # fmt: skip
        with self._database.writing() as connection:
            return connection.execute(_SETTLE, given).rowcount > 0

    def overtake(self, ids: Sequence[int], day: int, why: str, now: int) -> int:
        """Ends what waits of days before *day*, of these subscribers: from here on nobody can claim it. How many."""
        with self._database.writing() as connection:
            return each(connection, _OVERTAKE, ids, day=day, why=why, now=now).rowcount

    def unwrite(self, day: int) -> int:
        """Takes out what was written of days after *day*, by a clock that was ahead, but for what left. How many."""
        with self._database.reading() as connection:  # it is asked every few seconds, and there is seldom any
            if connection.execute(_IS_AHEAD, {"day": day}).first() is None:
                return 0
        with self._database.writing() as connection:
            return connection.execute(_UNWRITE, {"day": day}).rowcount

    def orphans(self) -> list[Edition]:
        """Those that are being sent, or that were by a process which died."""
        return self._editions(_ORPHANS)

    # -- who looks -----------------------------------------------------------------------------------------------------

    def at(self, id: int) -> Edition | None:
        return next(iter(self._editions(_AT, id=id)), None) if 0 < id <= MAX_ID else None

    def of(self, subscriber: int, limit: int = 30) -> list[Edition]:
        """The editions of one subscriber, the newest first."""
        return self._editions(_OF, id=subscriber, limit=limit)

    def per_day(self, since_day: int) -> dict[int, dict[str, int]]:
        """day -> state -> how many, from *since_day* on (yyyymmdd)."""
        found: dict[int, dict[str, int]] = {}
        with self._database.reading() as connection:
            for day, state, count in connection.execute(_PER_DAY, {"since": since_day}):
                found.setdefault(day, {})[state] = count
        return found

    def reasons(self, day: int) -> dict[str, int]:
        """reason -> how many editions of a day have it, most first."""
        with self._database.reading() as connection:
            return dict(tuple(row) for row in connection.execute(_REASONS, {"day": day}))

    def prune(self, before_day: int) -> int:
        """Takes away what editions of days before that say (yyyymmdd); how many. Their rows in the ledger stay."""
        with self._database.discreet(self._database.wait) as connection:
            return connection.execute(_PRUNE, {"day": before_day}).rowcount

    def _editions(self, statement: sa.TextClause, **given: object) -> list[Edition]:
        with self._database.reading() as connection:
            return [Edition(*row) for row in connection.execute(statement, given)]


def _insert(connection: sa.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> int:
    """How many of many rows were new. Straight to the driver, as `db.many`."""
    if not rows:
        return 0
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    return connection.exec_driver_sql(statement.format(", ".join([mark] * len(rows[0]))), list(rows)).rowcount


def _absorbed(connection: sa.Connection) -> dict[int, int]:
    return dict(tuple(row) for row in connection.execute(_ABSORBED))


def _histories(ids: Sequence[int], rows: Iterable[Any], absorbed: dict[int, int]) -> dict[int, History]:
    import numpy as np  # here: opening a store loads no numpy

    papers: dict[int, list[bytes]] = {id: [] for id in ids}
    back: dict[int, list[bytes]] = {}
    arrived: dict[int, tuple[int, int, int]] = {}
    for subscriber, id, day, state, upto, rowed in rows:
        if state in DELIVERED:
            papers[subscriber].append(rowed)
            if id > arrived.get(subscriber, (0, 0, 0))[0]:
                arrived[subscriber] = (id, day, upto)
        elif state == "bounced":
            back.setdefault(subscriber, []).append(rowed)
    gone = np.array(sorted(absorbed), dtype=np.int64)
    became = np.array([absorbed[pk] for pk in sorted(absorbed)], dtype=np.int64)

    def living(pieces: Sequence[bytes]) -> "npt.NDArray[np.int64]":
        had = np.frombuffer(b"".join(pieces), dtype="<i4").astype(np.int64)
        if len(gone):
            place = np.minimum(np.searchsorted(gone, had), len(gone) - 1)
            had = np.where(gone[place] == had, became[place], had)
        had.sort()
        first = np.ones(len(had), dtype=bool)
        first[1:] = had[1:] != had[:-1]  # `unique` hashes, which takes four times as long
        return had[first]

    found = {}
    for id, pieces in papers.items():
        _, day, upto = arrived.get(id, (0, 0, 0))
        found[id] = History(living(pieces), upto, day, living(back.get(id, ())))
    return found
