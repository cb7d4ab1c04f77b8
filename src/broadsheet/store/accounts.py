"""Accounts: who reads here. Each method is one short transaction; times are Unix seconds.

What deletes or replaces something of a person writes over it (`Database.discreet`).
"""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store import subscription
from broadsheet.store.audits import note
from broadsheet.store.db import SOON, Database, among
from broadsheet.store.schema_people import OWNER

State = Literal["active", "suspended", "gone"]


class Account(NamedTuple):
    """One account. *email* is None for one without a proven address; *made* is Unix seconds."""

    id: int
    name: str
    email: str | None
    role: str
    state: str
    about: str
    made: int


class Name(NamedTuple):
    """A name, what finds it, and what no other may share with it (`people.names`)."""

    name: str
    key: str
    likeness: str


_COLUMNS = "a.id, a.name, a.email, a.role, a.state, a.about, a.made"
_THERE = f"SELECT {_COLUMNS} FROM account a WHERE a.state <> 'gone'"
_AT = sa.text(f"{_THERE} AND a.id = :id")
_NAMED = sa.text(f"{_THERE} AND a.key = :key")
_BY_EMAIL = sa.text(f"{_THERE} AND a.email = :email")
_NAMES = "SELECT id, name FROM account WHERE id IN :values AND state <> 'gone'"
_SOME = sa.text(
    f"""{_THERE} AND a.id > :after AND (:part = '' OR a.key LIKE :part ESCAPE '!' OR a.email LIKE :part ESCAPE '!')
    ORDER BY a.id LIMIT :limit"""
)
_COUNT = sa.text("SELECT count(*) FROM account WHERE state <> 'gone'")
_ADD = sa.text(
    """
    INSERT INTO account (key, likeness, name, email, role, state, about, made)
    VALUES (:key, :likeness, :name, :email, :role, 'active', '', :made) ON CONFLICT DO NOTHING RETURNING id
    """
)
# A group and a reader never have one name: ``in:"name/list"`` would mean two things.
_TAKEN = sa.text(
    """
    SELECT 1 FROM account WHERE (key = :key OR likeness = :likeness) AND id <> :id AND state <> 'gone'
    UNION ALL SELECT 1 FROM team WHERE key = :key OR likeness = :likeness
    """
)
_TAKEN_EMAIL = sa.text("SELECT 1 FROM account WHERE email = :email AND id <> :id")
_PROFILE = sa.text("UPDATE account SET name = :name, key = :key, likeness = :likeness, about = :about WHERE id = :id")
_EMAIL = sa.text("UPDATE account SET email = :email WHERE id = :id")
_ROLE = sa.text("UPDATE account SET role = :role WHERE id = :id")
_STATE = sa.text("UPDATE account SET state = :state WHERE id = :id")
_END = tuple(sa.text(f"DELETE FROM {table} WHERE account = :id") for table in ("session", "ticket"))
_TOKENS = sa.text("DELETE FROM token WHERE account = :id")
# An invitation is the word of who made it, and so is a letter that was asked for with one.
_UNINVITE = sa.text("""DELETE FROM ticket WHERE kind IN ('invitation', 'sign-in') AND "by" = :id""")
_USED_UP = sa.text("UPDATE ticket SET uses = 0 WHERE email = :email AND kind IN ('sign-in', 'invitation')")
_LETTERS = sa.text("UPDATE ticket SET uses = 0 WHERE account = :id AND kind = 'sign-in'")
_HOLD = sa.text("UPDATE account SET state = state WHERE id = :id AND state <> 'gone' RETURNING state, role")
_ADMINS = sa.text("UPDATE account SET role = role WHERE role = 'admin' AND state = 'active' RETURNING id")
# Who can come in by themselves; nobody but who sits at the machine comes in as an owner without any of these.
_DOORS = sa.text(
    """
    SELECT 1 FROM account a WHERE a.id = :id AND (
        a.email IS NOT NULL OR EXISTS (SELECT 1 FROM passkey p WHERE p.account = a.id)
        OR EXISTS (SELECT 1 FROM identity i WHERE i.account = a.id)
    )
    """
)


class Accounts:
    """The accounts of a store, which calls it `accounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- looking -------------------------------------------------------------------------------------------------------

    def at(self, id: int) -> Account | None:
        return self._one(_AT, id=id)

    def named(self, key: str) -> Account | None:
        """The account of that name; *key* is what finds it (`people.names.key`)."""
        return self._one(_NAMED, key=key)

    def by_email(self, email: str) -> Account | None:
        return self._one(_BY_EMAIL, email=email)

    def names(self, ids: Sequence[int]) -> dict[int, str]:
        """account -> name, for many at once; those that are gone are left out."""
        with self._database.reading() as connection:
            return dict(among(connection, _NAMES, ids))

    def some(self, limit: int = 100, after: int = 0, part: str = "") -> list[Account]:
        """Accounts by number; *after*: the last one seen; *part*: what is in the name, folded, or in the address."""
        like = "".join(f"!{sign}" if sign in "!%_" else sign for sign in part)
        with self._database.reading() as connection:
            rows = connection.execute(_SOME, {"limit": limit, "after": after, "part": f"%{like}%" if part else ""})
            return [Account(*row) for row in rows]

    def count(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(_COUNT).scalar_one())

    def is_taken(self, name: Name, but: int = 0) -> bool:
        """Whether another account than *but* has the name, or one that looks like it."""
        with self._database.reading() as connection:
            return _is_taken(connection, name, but)

    def _one(self, statement: sa.TextClause, **given: object) -> Account | None:
        with self._database.reading() as connection:
            row = connection.execute(statement, given).first()
        return Account(*row) if row else None

    # -- changing; *by* is the account that does it --------------------------------------------------------------------

    def add(self, name: Name, email: str | None, role: str, by: int | None) -> Account:
        """A new account. Raises Mistake for a name or an address that another has."""
        with self._database.discreet(SOON) as connection:
            return added(connection, name, email, role, by)

    def describe(self, id: int, name: Name, about: str) -> None:
        """Another name, or other words about oneself. Raises Mistake for a name that another has, NotFound."""
        with self._database.discreet(SOON) as connection:
            before = _held(connection, id)
            if _is_taken(connection, name, id):
                raise _name_taken(name.name)
            connection.execute(_PROFILE, {"id": id, **name._asdict(), "about": about})
            if before.name != name.name:
                note(connection, id, "account.rename", f"account {id}")

    def set_email(self, id: int, email: str | None, by: int | None) -> None:
        """Raises Mistake for an address that another has, NotFound."""
        with self._database.discreet(SOON) as connection:
            move(connection, id, email, by)

    def set_role(self, id: int, role: str, by: int | None) -> None:
        """Who may do less has no open invitations any more. Raises Mistake where no administrator is left, NotFound."""
        with self._database.discreet(SOON) as connection:
            before = _held(connection, id)
            if role != "admin":
                _another(connection, before)
                if before.role != "reader":
                    connection.execute(_UNINVITE, {"id": id})
            connection.execute(_ROLE, {"id": id, "role": role})
            note(connection, by, "account.role", f"account {id}", f"{before.role} -> {role}")

    def suspend(self, id: int, by: int | None) -> None:
        """Ends its sessions, tokens and invitations at once. Raises Mistake where nobody would be left, NotFound."""
        with self._database.discreet(SOON) as connection:
            _another(connection, _held(connection, id))
            connection.execute(_STATE, {"id": id, "state": "suspended"})
            for statement in (*_END, _TOKENS, _UNINVITE):
                connection.execute(statement, {"id": id})
            note(connection, by, "account.suspend", f"account {id}")

    def restore(self, id: int, by: int | None) -> None:
        """Takes a suspension back. Raises NotFound."""
        with self._database.discreet(SOON) as connection:
            _held(connection, id)
            connection.execute(_STATE, {"id": id, "state": "active"})
            note(connection, by, "account.restore", f"account {id}")


def added(connection: sa.Connection, name: Name, email: str | None, role: str, by: int | None) -> Account:
    """A new account, in the transaction of what lets it in. Raises Mistake."""
    now = int(time.time())
    if _is_taken(connection, name, 0):
        raise _name_taken(name.name)
    id = connection.execute(_ADD, {**name._asdict(), "email": email, "role": role, "made": now}).scalar()
    if id is None:  # somebody else has just made one of the same name, or with the same address
        raise _name_taken(name.name) if _is_taken(connection, name, 0) else _email_taken()
    connection.execute(_USED_UP, {"email": email or "-"})  # else an invitation would make another account one day
    note(connection, by or id, "account.add", f"account {id}", role)
    return Account(id, name.name, email, role, "active", "", now)


def move(connection: sa.Connection, id: int, email: str | None, by: int | None) -> None:
    """Another address, in the transaction of what proves it. Raises Mistake, NotFound."""
    _held(connection, id)
    if email and connection.execute(_TAKEN_EMAIL, {"email": email, "id": id}).first():
        raise _email_taken()
    connection.execute(_EMAIL, {"id": id, "email": email})
    connection.execute(_USED_UP, {"email": email or "-"})
    connection.execute(_LETTERS, {"id": id})  # those that lie at the address it had
    subscription.move(connection, id, email)
    note(connection, by, "account.address", f"account {id}")


def may_go(connection: sa.Connection, id: int) -> Account:
    """The account, held until the transaction ends. Raises Mistake for one that must stay, NotFound."""
    account = _held(connection, id)
    if id == OWNER:
        raise Mistake("the owner's account is the machine's own, and stays; it can go on without name and address")
    _another(connection, account)
    return account


def _held(connection: sa.Connection, id: int) -> Account:
    if connection.execute(_HOLD, {"id": id}).first() is None:
        raise NotFound("this account is not here any more")
    return Account(*connection.execute(_AT, {"id": id}).one())


def _another(connection: sa.Connection, account: Account) -> None:
    """Raises Mistake when *account* is the last that can come in and administer."""
    if account.id == OWNER:
        raise Mistake("the owner stays an administrator; whoever has the machine has the library anyway")
    if account.role != "admin" or account.state != "active":
        return
    others = [id for id in connection.execute(_ADMINS).scalars() if id != account.id]
    if not any(connection.execute(_DOORS, {"id": id}).first() for id in others):
        raise Mistake("this is the last administrator who can sign in; make somebody else one first")


def _is_taken(connection: sa.Connection, name: Name, but: int) -> bool:
    given = {"key": name.key, "likeness": name.likeness, "id": but}
    return connection.execute(_TAKEN, given).first() is not None


def _name_taken(name: str) -> Mistake:
    return Mistake(f"the name {name!r}, or one that looks like it, is taken; choose another one")


def _email_taken() -> Mistake:
    return Mistake("another account has this address; sign in with it, or give another one")
