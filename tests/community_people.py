"""Readers for the tests of what readers do: accounts made straight in the store, with no way in."""

import time

import sqlalchemy as sa

from broadsheet.people.rights import Reader, Role
from broadsheet.store import OWNER, Store

BOSS = Reader(OWNER, "owner", "admin", via="machine")
_MADE = sa.text(
    "INSERT INTO account (key, name, role, state, made) VALUES (:key, :name, :role, 'active', :made) RETURNING id"
)


def reader(store: Store, name: str, role: Role = "reader") -> Reader:
    """A new account of that name."""
    with store._database.writing() as connection:
        row = {"key": name.lower(), "name": name, "role": role, "made": int(time.time())}
        return Reader(int(connection.execute(_MADE, row).scalar_one()), name, role)


def readers(store: Store, count: int) -> list[Reader]:
    return [reader(store, f"Reader {number}") for number in range(count)]


def sql(store: Store, statement: str, **values: object) -> list[tuple[object, ...]]:
    """The rows of a statement of the test's own; what it changes is kept."""
    with store._database.writing() as connection:
        result = connection.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def counted(store: Store) -> bool:
    """Whether every total is what its rows add up to."""
    truth = """
        SELECT p.pk, (SELECT count(*) FROM vote WHERE pk = p.pk),
            (SELECT count(DISTINCT s.account) FROM listed l JOIN shelf s ON s.id = l.shelf WHERE l.pk = p.pk),
            (SELECT count(*) FROM comment WHERE pk = p.pk AND gone IS NULL)
        FROM paper p ORDER BY p.pk
        """
    told = sql(store, "SELECT pk, votes, saves, comments FROM tally")
    known = {row[0]: row[1:] for row in told}
    return all(known.get(row[0], (0, 0, 0)) == row[1:] for row in sql(store, truth)) and all(
        isinstance(number, int) and number >= 0 for row in told for number in row
    )
