"""Addresses that get nothing, and what came back from them. Times are Unix seconds."""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import SOON, Database, among

KEPT = 400 * 86_400  # seconds that is known what came back; no mailbox keeps it longer unread


class Suppressed(NamedTuple):
    """An address that gets nothing. *why*: bounce, complaint, owner; *detail* is for the owner to read."""

    email: str
    why: str
    detail: str
    at: int


class Returned(NamedTuple):
    """What came back. *kind*: bounce, delay, complaint, unsubscribe, unknown; *mark* is of it alone."""

    mark: str
    kind: str
    subscriber: int | None
    edition: int | None
    detail: str
    at: int


_ONE = "email, why, detail, at"
# What the owner said outlasts a complaint, and a complaint outlasts a bounce.
_RANK = "CASE {} WHEN 'owner' THEN 2 WHEN 'complaint' THEN 1 ELSE 0 END"
_SUPPRESS = sa.text(
    f"""
    INSERT INTO suppressed ({_ONE}) VALUES (:email, :why, :detail, :at)
    ON CONFLICT (email) DO UPDATE SET why = excluded.why, detail = excluded.detail, at = excluded.at
    WHERE {_RANK.format("excluded.why")} > {_RANK.format("suppressed.why")}
    """
)
_SUPPRESSED = f"SELECT {_ONE} FROM suppressed WHERE email IN :values"
_SOME = sa.text(f"SELECT {_ONE} FROM suppressed WHERE email > :after ORDER BY email LIMIT :limit")
_LIFT = sa.text("DELETE FROM suppressed WHERE email = :email")
LIFT_BOUNCE = sa.text("DELETE FROM suppressed WHERE email = :email AND why = 'bounce'")

_RETURNED = "mark, kind, subscriber, edition, detail, at"
_NOTE = sa.text(
    f"INSERT INTO returned ({_RETURNED}) VALUES (:mark, :kind, :subscriber, :edition, :detail, :at)"
    " ON CONFLICT (mark) DO NOTHING"
)
_KNOWN = sa.text("SELECT 1 FROM returned WHERE mark = :mark")
_OLD = sa.text("DELETE FROM returned WHERE at < :at")
_LATEST = sa.text(f"SELECT {_RETURNED} FROM returned WHERE at >= :since ORDER BY at DESC, mark LIMIT :limit")
_OF = sa.text(f"SELECT {_RETURNED} FROM returned WHERE subscriber = :id ORDER BY at DESC, mark LIMIT :limit")
_KINDS = sa.text("SELECT kind, count(*) FROM returned WHERE at >= :since GROUP BY kind")


class Suppressing:
    """The part of `Subscribers` that knows where no letter goes, and why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def suppress(self, email: str, why: str, detail: str, now: int) -> bool:
        """Nothing goes to that address from here on. False where it was so already, for as good a reason."""
        with self._database.discreet(SOON) as connection:
            given = {"email": email, "why": why, "detail": detail[:500], "at": now}
            return connection.execute(_SUPPRESS, given).rowcount > 0

    def suppressed(self, emails: Sequence[str]) -> dict[str, Suppressed]:
        """Those of *emails* that get nothing."""
        with self._database.reading() as connection:
            return {row[0]: Suppressed(*row) for row in among(connection, _SUPPRESSED, emails)}

    def lift(self, email: str) -> bool:
        """Letters may go there again; False when they might."""
        with self._database.discreet(SOON) as connection:
            return connection.execute(_LIFT, {"email": email}).rowcount > 0

    def suppressions(self, limit: int = 100, after: str = "") -> list[Suppressed]:
        """Addresses that get nothing, by address; *after*: the last one seen."""
        with self._database.reading() as connection:
            return [Suppressed(*row) for row in connection.execute(_SOME, {"limit": limit, "after": after})]

    def is_known(self, mark: str) -> bool:
        """Whether that has come back before."""
        with self._database.reading() as connection:
            return connection.execute(_KNOWN, {"mark": mark}).first() is not None

    def note_return(self, returned: Returned) -> bool:
        """Keeps that something came back; False when it is known. What is older than 400 days goes."""
        with self._database.discreet(SOON) as connection:
            connection.execute(_OLD, {"at": returned.at - KEPT})
            row = {**returned._asdict(), "detail": returned.detail[:500]}
            return connection.execute(_NOTE, row).rowcount > 0

    def returns(self, since: int = 0, limit: int = 100) -> list[Returned]:
        """What came back from *since* on, the latest first."""
        with self._database.reading() as connection:
            return [Returned(*row) for row in connection.execute(_LATEST, {"since": since, "limit": limit})]

    def returns_of(self, id: int, limit: int = 30) -> list[Returned]:
        """What came back from one subscriber, the latest first."""
        with self._database.reading() as connection:
            return [Returned(*row) for row in connection.execute(_OF, {"id": id, "limit": limit})]

    def returns_by_kind(self, since: int) -> dict[str, int]:
        """How much of each kind came back from *since* on."""
        with self._database.reading() as connection:
            return dict(tuple(row) for row in connection.execute(_KINDS, {"since": since}))
