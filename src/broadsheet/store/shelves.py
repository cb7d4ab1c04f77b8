"""What a reader keeps besides papers: searches that have a name, and, for who wants it, what was asked."""

import hmac
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake
from broadsheet.store import heirs, lists
from broadsheet.store.db import SOON, Database
from broadsheet.text import fold

MOST_SEARCHES = 1_000  # of one reader
MOST_ASKED = 10_000  # questions remembered; the oldest go


class Saved(NamedTuple):
    """A question that has a name. *created* and *looked* are ISO 8601 in UTC; rows above *seen* are new since then."""

    name: str
    query: str
    sort: str
    created: str
    seen: int
    looked: str


class Asked(NamedTuple):
    """A question of the past, when it was asked, and how many papers it found."""

    id: int
    query: str
    sort: str
    at: str
    total: int


_COLUMNS = "name, query, sort, created, seen, looked"
_SAVED = sa.text(f"SELECT {_COLUMNS} FROM saved WHERE account = :account ORDER BY key")
_SAVED_AS = sa.text(f"SELECT {_COLUMNS} FROM saved WHERE account = :account AND key = :key")
_COUNT = sa.text("SELECT count(*) FROM saved WHERE account = :account")
_SAVE = sa.text(
    """
    INSERT INTO saved (account, key, name, query, sort, created, seen, looked)
    VALUES (:account, :key, :name, :query, :sort, :at, :seen, :at) ON CONFLICT (account, key) DO NOTHING
    """
)
_RENAME = sa.text("UPDATE saved SET key = :new, name = :name WHERE account = :account AND key = :key")
_LOOKED = sa.text(
    """
    UPDATE saved SET looked = :at, seen = CASE WHEN seen < :seen THEN :seen ELSE seen END
    WHERE account = :account AND key = :key
    """
)
_UNSAVE = sa.text("DELETE FROM saved WHERE account = :account AND key = :key")
_FORGET = sa.text("DELETE FROM saved WHERE account = :account")
# Who follows a search by mail follows it under its new name, and no more when it is gone. A wish has the name as shown.
_OF_IT = """
    kind = 'search' AND subscriber IN (SELECT id FROM subscriber WHERE account = :account)
    AND value = (SELECT name FROM saved WHERE account = :account AND key = :key)
    """
_UNFOLLOW = sa.text(f"DELETE FROM wish WHERE {_OF_IT}")
_FOLLOW = sa.text(
    f"""
    UPDATE wish SET value = :name WHERE {_OF_IT} AND NOT EXISTS (
        SELECT 1 FROM wish w WHERE w.subscriber = wish.subscriber AND w.kind = 'search' AND w.value = :name
    )
    """
)

_FEED = "feed:{}"
_KEY = sa.text("SELECT value FROM secret WHERE name = :name")
_KEY_OF = sa.text(
    "SELECT s.value FROM secret s JOIN account a ON a.id = :account AND a.state = 'active' WHERE s.name = :name"
)
_NEW_KEY = sa.text("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")
_NO_KEY = sa.text("DELETE FROM secret WHERE name = :name")

_ASKED = sa.text("SELECT id, query, sort, at, total FROM asked ORDER BY id DESC LIMIT :limit")
_ASK = sa.text("INSERT INTO asked (query, sort, at, total) VALUES (:query, :sort, :at, :total)")
_OLDEST = sa.text("DELETE FROM asked WHERE id <= (SELECT max(id) FROM asked) - :most")
_WIPE = sa.text("DELETE FROM asked")


class Searches:
    """The saved searches of a store's readers, and what its owner asked; each method is one short transaction.

    Names of one reader differ by more than case and accents.
    """

    def __init__(self, database: Database, now: Callable[[], str]) -> None:
        self._database, self._now = database, now

    def all(self, account: int) -> list[Saved]:
        """The searches that a reader has given a name, by name."""
        with self._database.reading() as connection:
            return [Saved(*row) for row in connection.execute(_SAVED, {"account": account})]

    def named(self, name: str, account: int) -> Saved | None:
        """A reader's search of that name, however it is written."""
        with self._database.reading() as connection:
            row = connection.execute(_SAVED_AS, {"account": account, "key": fold(name)}).first()
        return Saved(*row) if row else None

    def save(self, account: int, name: str, query: str, sort: str, seen: int) -> bool:
        """Gives a question a name; False when there is one of that name, which stays. Raises Mistake for too many."""
        row = {"name": name, "query": query, "sort": sort, "seen": seen, "at": self._now()}
        with self._database.discreet(SOON) as connection:
            lists.hold(connection, account)
            if connection.execute(_COUNT, {"account": account}).scalar_one() >= MOST_SEARCHES:
                raise Mistake(f"a reader can have {MOST_SEARCHES:,} saved searches; remove one first")
            return connection.execute(_SAVE, {"account": account, "key": fold(name), **row}).rowcount > 0

    def rename(self, account: int, name: str, new: str) -> bool:
        """False when nothing has the name, or something else the new one."""
        given = {"account": account, "key": fold(name), "new": fold(new), "name": new}
        with self._database.discreet(SOON) as connection:
            lists.hold(connection, account)
            taken = connection.execute(_SAVED_AS, {"account": account, "key": fold(new)}).first()
            if fold(new) != fold(name) and taken:
                return False
            connection.execute(_FOLLOW, given)
            return connection.execute(_RENAME, given).rowcount > 0

    def looked(self, account: int, name: str, seen: int, wait: float = SOON) -> None:
        """The reader has seen all that was there up to row *seen*. Raises Busy after *wait* seconds."""
        with self._database.discreet(wait) as connection:
            given = {"account": account, "key": fold(name), "at": self._now(), "seen": seen}
            connection.execute(_LOOKED, given)

    def remove(self, account: int, name: str) -> None:
        with self._database.discreet(SOON) as connection:
            given = {"account": account, "key": fold(name)}
            connection.execute(_UNFOLLOW, given)
            connection.execute(_UNSAVE, given)

    # -- feeds that nobody signs in to read ----------------------------------------------------------------------------

    def feed_key(self, account: int, made: bytes) -> bytes:
        """What opens the feeds of a reader; it is *made* where there is none yet.

        It is kept as it is, for the pages show it again: it opens nothing but what stands in the same store.
        """
        given = {"name": _FEED.format(account), "value": made}
        with self._database.reading() as connection:
            found = connection.execute(_KEY, given).scalar()
        if found is None:
            with self._database.discreet(SOON) as connection:
                lists.hold(connection, account)
                connection.execute(_NEW_KEY, given)
                found = connection.execute(_KEY, given).scalar_one()
        return bytes(found)

    def opens(self, account: int, key: bytes) -> bool:
        """Whether *key* opens the feeds of a reader, in a time that does not tell how much of it is right."""
        with self._database.reading() as connection:
            found = connection.execute(_KEY_OF, {"name": _FEED.format(account), "account": account}).scalar()
        return found is not None and hmac.compare_digest(bytes(found), key)

    def revoke_feeds(self, account: int) -> None:
        """The addresses that were given out lead nowhere from here on."""
        with self._database.discreet(SOON) as connection:
            connection.execute(_NO_KEY, {"name": _FEED.format(account)})

    # -- history of the owner ------------------------------------------------------------------------------------------

    def asked(self, limit: int = 100) -> list[Asked]:
        """What was asked, the latest first."""
        with self._database.reading() as connection:
            return [Asked(*row) for row in connection.execute(_ASKED, {"limit": limit})]

    def remember(self, query: str, sort: str, total: int, wait: float = SOON) -> None:
        """One question more of the past. Raises Busy after *wait* seconds."""
        with self._database.discreet(wait) as connection:
            connection.execute(_ASK, {"query": query, "sort": sort, "at": self._now(), "total": total})
            connection.execute(_OLDEST, {"most": MOST_ASKED})

    def wipe(self) -> int:
        """Forgets all that was asked, for good; how many questions that were."""
        with self._database.discreet(SOON) as connection:
            count = connection.execute(_WIPE).rowcount
        self._database.empty_log()
        return count


def forget(connection: sa.Connection, account: int) -> None:
    """Takes away the lists and the searches of an account that goes; called before its memberships go."""
    heirs.forget(connection, account)
    connection.execute(_FORGET, {"account": account})
    connection.execute(_NO_KEY, {"name": _FEED.format(account)})
