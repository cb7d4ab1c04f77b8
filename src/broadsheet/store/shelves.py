"""What a reader keeps: searches that have a name, lists of papers, and, for who wants it, what was asked."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.store.db import many
from broadsheet.text import fold

MOST_ASKED = 10_000  # questions remembered; the oldest go


class Saved(NamedTuple):
    """A question that has a name. *created* and *looked* are ISO 8601 in UTC; rows above *seen* are new since then."""

    name: str
    query: str
    sort: str
    created: str
    seen: int
    looked: str


class Kept(NamedTuple):
    """A list: how many papers are on it, and when the last one was put there, ISO 8601 in UTC."""

    name: str
    papers: int
    at: str


class Asked(NamedTuple):
    """A question of the past, when it was asked, and how many papers it found."""

    id: int
    query: str
    sort: str
    at: str
    total: int


_SAVED = sa.text("SELECT name, query, sort, created, seen, looked FROM saved ORDER BY key")
_SAVED_AS = sa.text("SELECT name, query, sort, created, seen, looked FROM saved WHERE key = :key")
_SAVE = sa.text(
    """
    INSERT INTO saved (key, name, query, sort, created, seen, looked)
    VALUES (:key, :name, :query, :sort, :created, :seen, :looked) ON CONFLICT (key) DO NOTHING
    """
)
_RENAME = sa.text("UPDATE saved SET key = :new, name = :name WHERE key = :key")
_LOOKED = sa.text(
    "UPDATE saved SET looked = :at, seen = CASE WHEN seen < :seen THEN :seen ELSE seen END WHERE key = :key"
)
_UNSAVE = sa.text("DELETE FROM saved WHERE key = :key")

_LISTS = sa.text("SELECT min(name), count(*), max(at) FROM listed GROUP BY list ORDER BY list")
_LISTED = sa.text("SELECT pk FROM listed WHERE list = :list ORDER BY at DESC, pk DESC")
_LISTS_OF = sa.text("SELECT name FROM listed WHERE pk = :pk ORDER BY list")
_NAME = sa.text("SELECT min(name) FROM listed WHERE list = :list")
_KEEP = "INSERT INTO listed (list, pk, name, at) VALUES (:list, :pk, :name, :at) ON CONFLICT (list, pk) DO NOTHING"
_UNKEEP = "DELETE FROM listed WHERE list = :list AND pk = :pk"
_FOLLOW = sa.text(
    """
    INSERT INTO listed (list, pk, name, at) SELECT list, :into, name, at FROM listed WHERE pk = :gone
    ON CONFLICT (list, pk) DO NOTHING
    """
)
_FORGET = sa.text("DELETE FROM listed WHERE pk = :pk")

_ASKED = sa.text("SELECT id, query, sort, at, total FROM asked ORDER BY id DESC LIMIT :limit")
_ASK = sa.text("INSERT INTO asked (query, sort, at, total) VALUES (:query, :sort, :at, :total)")
_OLDEST = sa.text("DELETE FROM asked WHERE id <= (SELECT max(id) FROM asked) - :most")
_WIPE = sa.text("DELETE FROM asked")


class Shelves:
    """What is kept, in one transaction. Names differ by more than case and accents."""

    def __init__(self, connection: sa.Connection, at: str) -> None:
        self._connection, self._at = connection, at

    def save(self, name: str, query: str, sort: str, seen: int) -> bool:
        """Gives a question a name; False when there is one of that name, which stays."""
        row = {"name": name, "query": query, "sort": sort, "created": self._at, "seen": seen, "looked": self._at}
        return self._connection.execute(_SAVE, {"key": fold(name), **row}).rowcount > 0

    def rename(self, name: str, new: str) -> bool:
        """False when nothing has the name, or something else the new one."""
        if fold(new) != fold(name) and saved_as(self._connection, new):
            return False
        given = {"key": fold(name), "new": fold(new), "name": new}
        return self._connection.execute(_RENAME, given).rowcount > 0

    def looked(self, name: str, seen: int) -> None:
        """The reader has seen all that was there up to row *seen*."""
        self._connection.execute(_LOOKED, {"key": fold(name), "at": self._at, "seen": seen})

    def unsave(self, name: str) -> None:
        self._connection.execute(_UNSAVE, {"key": fold(name)})

    def keep(self, pks: Iterable[int], name: str) -> list[int]:
        """Puts papers on a list, which is made if it is not there; those that were not on it."""
        key = fold(name)
        spelled = self._connection.execute(_NAME, {"list": key}).scalar() or name
        wanted = self._of(pks, key, there=False)
        many(self._connection, _KEEP, [(key, pk, spelled, self._at) for pk in wanted])
        return wanted

    def unkeep(self, pks: Iterable[int], name: str) -> list[int]:
        """Takes papers off a list; those that were on it."""
        key = fold(name)
        wanted = self._of(pks, key, there=True)
        many(self._connection, _UNKEEP, [(key, pk) for pk in wanted])
        return wanted

    def _of(self, pks: Iterable[int], key: str, *, there: bool) -> list[int]:
        """Those of *pks*, once each, that are on the list (*there*) or are not."""
        known = set(self._connection.execute(_LISTED, {"list": key}).scalars())
        return [pk for pk in dict.fromkeys(pks) if (pk in known) == there]

    def move(self, gone: int, into: int) -> None:
        """The row *into* takes the place of *gone* on every list."""
        self._connection.execute(_FOLLOW, {"gone": gone, "into": into})
        self.forget(gone)

    def forget(self, pk: int) -> None:
        """Takes a row off every list."""
        self._connection.execute(_FORGET, {"pk": pk})

    def remember(self, query: str, sort: str, total: int) -> None:
        """One question more of the past."""
        self._connection.execute(_ASK, {"query": query, "sort": sort, "at": self._at, "total": total})
        self._connection.execute(_OLDEST, {"most": MOST_ASKED})

    def wipe(self) -> int:
        """Forgets every question of the past; how many there were."""
        return self._connection.execute(_WIPE).rowcount


def saved(connection: sa.Connection) -> list[Saved]:
    return [Saved(*row) for row in connection.execute(_SAVED)]


def saved_as(connection: sa.Connection, name: str) -> Saved | None:
    row = connection.execute(_SAVED_AS, {"key": fold(name)}).first()
    return Saved(*row) if row else None


def lists(connection: sa.Connection) -> list[Kept]:
    return [Kept(*row) for row in connection.execute(_LISTS)]


def listed(connection: sa.Connection, name: str) -> list[int]:
    return list(connection.execute(_LISTED, {"list": fold(name)}).scalars())


def lists_of(connection: sa.Connection, pk: int) -> list[str]:
    return list(connection.execute(_LISTS_OF, {"pk": pk}).scalars())


def asked(connection: sa.Connection, limit: int) -> list[Asked]:
    return [Asked(*row) for row in connection.execute(_ASKED, {"limit": limit})]
