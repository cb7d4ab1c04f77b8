"""What the job of trending reads and notes beside what readers did: since when they are here, counters as sources told
them, how often papers were opened. Many rows at once come as arrays.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import Database, among, many

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_BLOCK = 50_000  # rows that are fetched at a time
_ACCOUNTS = """
    SELECT a.id, a.made, coalesce(v.first, 0), coalesce(l.first, 0), coalesce(c.first, 0) FROM account a
    LEFT JOIN (SELECT account, min(at) AS first FROM vote GROUP BY account) v ON v.account = a.id
    LEFT JOIN (
        SELECT s.account, min(l.at) AS first FROM listed l JOIN shelf s ON s.id = l.shelf GROUP BY s.account
    ) l ON l.account = a.id
    LEFT JOIN (SELECT account, min(made) AS first FROM comment GROUP BY account) c ON c.account = a.id
    WHERE a.state = 'active'
    """
_OPENED = "SELECT pk, hour, count FROM opened WHERE hour >= {since}"

# The readings of a time, and the highest before it of the same counters: what they grew from.
_READINGS = sa.text(
    """
    SELECT pk, signal, source, at, value FROM snapshot WHERE at >= :since
    UNION ALL
    SELECT b.pk, b.signal, b.source, max(b.at), max(b.value) FROM snapshot b
    WHERE b.at < :since AND EXISTS (
        SELECT 1 FROM snapshot n
        WHERE n.pk = b.pk AND n.signal = b.signal AND n.source = b.source AND n.at >= :since
    )
    GROUP BY b.pk, b.signal, b.source
    """
)
_KNOWN = "SELECT pk, signal, source, at, value FROM snapshot WHERE pk IN :values"
_NOTE = """
    INSERT INTO snapshot (pk, signal, source, at, value) VALUES (:pk, :signal, :source, :at, :value)
    ON CONFLICT (pk, signal, source, at) DO NOTHING
    """
_COUNT = """
    INSERT INTO opened (pk, hour, count) VALUES (:pk, :hour, :count)
    ON CONFLICT (pk, hour) DO UPDATE SET count = opened.count + excluded.count
    """
_MOVED = sa.text(
    """
    SELECT (SELECT seq FROM counter), (SELECT coalesce(max(at), 0) FROM vote),
        (SELECT coalesce(sum(votes + 3 * saves + 5 * comments), 0) FROM tally),
        (SELECT coalesce(max(hour), 0) FROM opened), (SELECT coalesce(max(at), 0) FROM snapshot),
        (SELECT count(*) FROM account WHERE state = 'active')
    """
)


class Reading(NamedTuple):
    """What a counter of a paper said: citations, stars or mentions, by who counted, at a Unix second."""

    pk: int
    signal: str
    source: str
    at: int
    value: int


class Counters:
    """Each method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self) -> "Ints":
        """Accounts in good standing: id, when it was made, when it first did something (0: not yet). Shape (n, 3)."""
        import numpy as np

        with self._database.reading() as connection:
            rows = _array(connection, _ACCOUNTS, 5)
        firsts = np.where(rows[:, 2:] > 0, rows[:, 2:], np.iinfo(np.int64).max)
        first = firsts.min(axis=1, initial=np.iinfo(np.int64).max)
        return np.column_stack([rows[:, :2], np.where(first == np.iinfo(np.int64).max, 0, first)])

    def opened(self, since: int) -> "Ints":
        """pk, hour and how often, from the Unix second *since* on; shape (n, 3)."""
        with self._database.reading() as connection:
            return _array(connection, _OPENED.format(since=int(since) // 3_600), 3)

    def readings(self, since: int) -> list[Reading]:
        """The counters' readings from the Unix second *since* on, and what the same counters said before."""
        with self._database.reading() as connection:
            return [Reading(*row) for row in connection.execute(_READINGS, {"since": since})]

    def note(self, readings: Iterable[Reading]) -> int:
        """Keeps those that differ from the latest known of the same counter; how many those are."""
        given = list(readings)
        pks = list(dict.fromkeys(one.pk for one in given))
        with self._database.reading() as connection:
            known = among(connection, _KNOWN, pks)
        latest: dict[tuple[int, str, str], tuple[int, int]] = {}
        for pk, signal, source, at, value in known:
            key = (pk, signal, source)
            latest[key] = max(latest.get(key, (0, 0)), (at, value))
        fresh = [
            one
            for one in given
            if (before := latest.get(one[:3])) is None or (one.at > before[0] and one.value != before[1])
        ]
        if fresh:
            with self._database.writing() as connection:
                many(connection, _NOTE, [tuple(one) for one in fresh])
        return len(fresh)

    def add_opens(self, counts: Mapping[tuple[int, int], int], wait: float) -> None:
        """(pk, Unix hour) -> how often a paper was opened. Raises Busy after *wait* seconds."""
        rows = [(pk, hour, count) for (pk, hour), count in sorted(counts.items())]
        with self._database.discreet(wait) as connection:
            many(connection, _COUNT, rows)

    def moved(self) -> tuple[int, ...]:
        """Numbers of which some other one is there whenever anything that counts has changed; a few milliseconds."""
        with self._database.reading() as connection:
            return tuple(map(int, connection.execute(_MOVED).one()))


def _array(connection: sa.Connection, statement: str, width: int) -> "Ints":
    """The rows of *statement*, all of whose columns are numbers; shape (n, width)."""
    import numpy as np

    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
        blocks = []
        while rows := cursor.fetchmany(_BLOCK):
            blocks.append(np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * width).reshape(-1, width))
        return np.concatenate(blocks) if blocks else np.zeros((0, width), np.int64)
    finally:
        cursor.close()
