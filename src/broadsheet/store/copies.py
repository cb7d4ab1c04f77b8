"""What is kept of merges: the copies that a paper is made of, what it said before, its likes, verdicts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.paper import Paper
from broadsheet.store.codec import decode, encode
from broadsheet.store.db import among, many


class Copy(NamedTuple):
    """One copy that a paper is made of. *score* is the probability that it is the same work, None for the first."""

    id: int
    pk: int
    at: str
    score: float | None
    why: str
    paper: Paper


class Before(NamedTuple):
    """What a paper said until *at*, when *source* brought something newer: the fields that changed, as JSON."""

    pk: int
    at: str
    source: str
    version: int | None
    before: str


class Alike(NamedTuple):
    """Another paper that is much like one, and how sure it is that they are one work."""

    pk: int
    score: float
    why: str


_COPIES = "SELECT id, pk, at, score, why, data FROM copy WHERE pk IN :values"
_ADD = "INSERT INTO copy (pk, at, score, why, data) VALUES (:pk, :at, :score, :why, :data)"
_RENEW = "UPDATE copy SET data = :data, score = :score, why = :why WHERE id = :id"
_DELETE = "DELETE FROM copy WHERE id = :id"
_HISTORY = "INSERT INTO history (pk, at, source, version, before) VALUES (:pk, :at, :source, :version, :before)"
_BEFORE = sa.text("SELECT pk, at, source, version, before FROM history WHERE pk = :pk ORDER BY id")
_KIN = """
    INSERT INTO kin (a, b, score, why) VALUES (:a, :b, :score, :why)
    ON CONFLICT (a, b) DO UPDATE SET score = excluded.score, why = excluded.why
    """
_ALIKE = sa.text(
    """
    SELECT b AS other, score, why FROM kin WHERE a = :pk UNION ALL SELECT a, score, why FROM kin WHERE b = :pk
    ORDER BY score DESC, other
    """
)
_APART = (
    "INSERT INTO apart (a, b, at, why) VALUES (:a, :b, :at, :why) ON CONFLICT (a, b) DO UPDATE SET why = excluded.why"
)
_TOGETHER = "DELETE FROM apart WHERE a = :one AND b = :two"
_MOVE = ("UPDATE copy SET pk = :into WHERE pk = :gone", "UPDATE history SET pk = :into WHERE pk = :gone")
_FORGET = (sa.text("DELETE FROM copy WHERE pk = :pk"), sa.text("DELETE FROM history WHERE pk = :pk"))
_UNLINK = sa.text("DELETE FROM kin WHERE a = :pk OR b = :pk")
_UNBLOCK = sa.text('DELETE FROM title WHERE pk = :pk OR pk IN (SELECT pk FROM paper WHERE "into" = :pk)')


class Copies:
    """The copies, histories and links of one transaction's papers."""

    def __init__(self, connection: sa.Connection, at: str) -> None:
        self._connection, self._at = connection, at

    def of(self, pks: Sequence[int]) -> dict[int, list[Copy]]:
        """pk -> its copies, oldest first; a paper of one copy has none."""
        return copies_of(self._connection, pks)

    def add(self, rows: Iterable[tuple[int, Paper, float | None, str]]) -> None:
        """(pk, copy, score, why) of each new copy."""
        many(self._connection, _ADD, [(pk, self._at, score, why, encode(paper)) for pk, paper, score, why in rows])

    def renew(self, rows: Iterable[tuple[int, Paper, float | None, str]]) -> None:
        """A newer word of copies that are kept: (id, copy, score, why)."""
        many(self._connection, _RENEW, [(encode(paper), score, why, number) for number, paper, score, why in rows])

    def drop(self, numbers: Iterable[int]) -> None:
        many(self._connection, _DELETE, [(number,) for number in numbers])

    def remember(self, rows: Iterable[tuple[int, str, int | None, str]]) -> None:
        """(pk, source, version, fields as JSON): what papers said before."""
        many(self._connection, _HISTORY, [(pk, self._at, *rest) for pk, *rest in rows])

    def link(self, rows: Iterable[tuple[int, int, float, str]]) -> None:
        """(pk, pk, score, why) of papers that are alike."""
        pairs = [(min(a, b), max(a, b), score, why) for a, b, score, why in rows if a != b]
        many(self._connection, _KIN, pairs)

    def move(self, gone: int, into: int) -> None:
        """What was kept of a row that another absorbs, and its links to others."""
        for statement in _MOVE:
            self._connection.execute(sa.text(statement), {"gone": gone, "into": into})
        self.link((into, one.pk, one.score, one.why) for one in alike(self._connection, gone))
        self._connection.execute(_UNLINK, {"pk": gone})

    def forget(self, pk: int) -> None:
        """Everything about a row that is gone."""
        for statement in (*_FORGET, _UNLINK):
            self._connection.execute(statement, {"pk": pk})

    def unblock(self, pk: int) -> None:
        """Forgets under which titles a row is looked for."""
        self._connection.execute(_UNBLOCK, {"pk": pk})

    def part(self, stayed: Iterable[str], went: Sequence[str], why: str) -> None:
        """Ids that are two works from now on: those of the row that stays, and of the one that leaves it."""
        many(self._connection, _APART, [(a, b, self._at, why) for a in stayed for b in went])

    def unpart(self, ones: Iterable[str], twos: Sequence[str]) -> None:
        """Takes such verdicts back, for all pairs of the two lists."""
        pairs = [(one, two) for one in ones for two in twos]
        many(self._connection, _TOGETHER, [*pairs, *((two, one) for one, two in pairs)])


def copies_of(connection: sa.Connection, pks: Sequence[int]) -> dict[int, list[Copy]]:
    found: dict[int, list[Copy]] = {}
    rows = sorted(among(connection, _COPIES, pks), key=lambda row: (row.score is not None, row.id))
    for number, pk, at, score, why, data in rows:
        found.setdefault(pk, []).append(Copy(number, pk, at, score, why, decode(data)))
    return found


def history_of(connection: sa.Connection, pk: int) -> list[Before]:
    return [Before(*row) for row in connection.execute(_BEFORE, {"pk": pk})]


def alike(connection: sa.Connection, pk: int) -> list[Alike]:
    return [Alike(*row) for row in connection.execute(_ALIKE, {"pk": pk})]
