"""What was asked for in the name of an address, until a letter there is answered; which it is once.

Asking changes nothing of a subscription that is there: whoever knows an address could ask.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import SOON, Database

WEEK = 7 * 86_400
_GOOGLE = ("gmail.com", "googlemail.com")


class Pending(NamedTuple):
    """A question that went to *email*. *wanted* is JSON; *network* a keyed hash of where it was asked, for limits."""

    hash: str
    email: str
    wanted: str
    network: str
    made: int
    ends: int
    used: int | None


_PENDING = "hash, email, wanted, network, made, ends, used"
_ASK = sa.text(
    f"INSERT INTO pending ({_PENDING}) VALUES (:hash, :email, :wanted, :network, :made, :ends, :used)"
    " ON CONFLICT (hash) DO NOTHING"
)
_SWEEP = sa.text("DELETE FROM pending WHERE made < :week AND ends < :now")
_LIKE = sa.text("SELECT email, made FROM pending WHERE email LIKE :like ESCAPE '!' AND made > :since ORDER BY made")
_OF_NETWORK = sa.text("SELECT made FROM pending WHERE network = :network AND made > :since ORDER BY made")
_LOOK = sa.text(f"SELECT {_PENDING} FROM pending WHERE hash = :hash")
_OPEN = sa.text(
    f"SELECT {_PENDING} FROM pending WHERE email = :email AND used IS NULL AND ends > :now ORDER BY made, hash"
)
_USE = sa.text("UPDATE pending SET used = :now WHERE hash = :hash AND used IS NULL AND ends > :now RETURNING email")
_ALONE = sa.text("LOCK TABLE pending IN SHARE ROW EXCLUSIVE MODE")
_CLOSE = sa.text("UPDATE pending SET ends = :now WHERE email = :email AND used IS NULL AND ends > :now")


Counted = Callable[[list[int], list[int]], None]  # raises for what is too often


class Asking:
    """The part of `Subscribers` that asks before it writes to anybody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, pending: Pending, since: int = 0, may: Counted | None = None) -> None:
        """Keeps a question, if *may*, given what `asked` says, lets it; what ended long ago goes.

        Many at once come one after the other: each is counted before the next is let.
        """
        with self._database.discreet(SOON) as connection:
            _alone(connection)
            if may is not None:
                may(*_asked(connection, pending.email, pending.network, since))
            connection.execute(_SWEEP, {"now": pending.made, "week": pending.made - WEEK})
            connection.execute(_ASK, pending._asdict())

    def asked(self, email: str, network: str, since: int) -> tuple[list[int], list[int]]:
        """When it was asked for an address, however written, and from a network, after *since*; oldest first."""
        with self._database.reading() as connection:
            return _asked(connection, email, network, since)

    def pending(self, hash: str) -> Pending | None:
        """The question, also one that was answered or has ended."""
        with self._database.reading() as connection:
            row = connection.execute(_LOOK, {"hash": hash}).first()
        return Pending(*row) if row else None

    def pendings(self, email: str) -> list[Pending]:
        """The questions to an address that can still be answered, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_OPEN, {"email": email, "now": int(time.time())})
            return [Pending(*row) for row in rows]


def _alone(connection: sa.Connection) -> None:
    """One after the other, which SQLite's writers are anyhow."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE)


def _asked(connection: sa.Connection, email: str, network: str, since: int) -> tuple[list[int], list[int]]:
    whose = _mailbox(email)
    first, host = whose[0], whose.rpartition("@")[2]
    like = f"{'!' if first in '!%_' else ''}{first}%@{'%' if host == _GOOGLE[0] else host}"
    rows = connection.execute(_LIKE, {"like": like, "since": since})
    by_email = [made for other, made in rows if _mailbox(other) == whose]
    return by_email, list(connection.execute(_OF_NETWORK, {"network": network, "since": since}).scalars())


def _mailbox(email: str) -> str:
    """Where letters to an address arrive, as far as that can be known: what follows a plus sign names no other mailbox.

    Google has names without dots, and two hosts.
    """
    local, _, host = email.rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '')}@{_GOOGLE[0]}" if host in _GOOGLE else f"{local}@{host}"


def answered(connection: sa.Connection, hash: str, now: int) -> str | None:
    """Uses a question, and ends the others to that address; the address. None where it cannot be answered any more."""
    _alone(connection)  # two of one address would wait for each other, on a server
    email: str | None = connection.execute(_USE, {"hash": hash, "now": now}).scalar()
    if email is not None:
        connection.execute(_CLOSE, {"email": email, "now": now})
    return email
