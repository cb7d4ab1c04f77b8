"""What administrators and editors did, and what happened at the doors. Only ever added to.

A row says who (an account), what (`account.role`, `session.begin`) and to what (`account 5`); no name, no address of a
person, none of a network: when an account goes, its number stays and tells nothing more.
"""

import time
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import SOON, Database

KEPT = 400 * 86_400  # seconds; what is older goes with the next row


class Event(NamedTuple):
    """One row, with the name that the account has today."""

    id: int
    at: int
    account: int | None
    name: str
    act: str
    object: str
    detail: str


_NOTE = sa.text("INSERT INTO audit (at, account, act, object, detail) VALUES (:at, :account, :act, :object, :detail)")
_OLD = sa.text("DELETE FROM audit WHERE at < :at AND id IN (SELECT id FROM audit ORDER BY id LIMIT 5)")
_ENTRIES = """
    SELECT u.id, u.at, u.account, coalesce(a.name, ''), u.act, u.object, u.detail
    FROM audit u LEFT JOIN account a ON a.id = u.account
    WHERE u.id < :before {more} ORDER BY u.id DESC LIMIT :limit
    """
_ALL = sa.text(_ENTRIES.format(more=""))
_ABOUT = sa.text(_ENTRIES.format(more="AND (u.account = :account OR u.object = :object)"))


class Audit:
    """The audit log of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, account: int | None, act: str, object: str = "", detail: str = "") -> None:
        """One row by itself; what changes a row elsewhere calls `note` in its own transaction."""
        with self._database.discreet(SOON) as connection:
            note(connection, account, act, object, detail)

    def entries(self, limit: int = 100, before: int = 0) -> list[Event]:
        """The latest first; *before* is the id of the last one seen."""
        return self._events(_ALL, limit=limit, before=before or 1 << 62)

    def of(self, account: int, limit: int = 1_000) -> list[Event]:
        """What an account did, and what was done to it, the latest first."""
        return self._events(_ABOUT, account=account, object=f"account {account}", limit=limit, before=1 << 62)

    def _events(self, statement: sa.TextClause, **given: object) -> list[Event]:
        with self._database.reading() as connection:
            return [Event(*row) for row in connection.execute(statement, given)]


def note(connection: sa.Connection, account: int | None, act: str, object: str = "", detail: str = "") -> None:
    """One row more, in the transaction of what it tells of."""
    now = int(time.time())
    connection.execute(_NOTE, {"at": now, "account": account, "act": act, "object": object, "detail": detail[:500]})
    connection.execute(_OLD, {"at": now - KEPT})
