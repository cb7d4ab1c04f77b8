"""The store: the truth of a library, in SQLite or PostgreSQL. The only room with SQL.

Everything else (indexes, pages, mails) is derived from it and follows its change number.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.store import checks, ledger
from broadsheet.store.accounts import Account, Accounts, Name
from broadsheet.store.audits import Audit, Event
from broadsheet.store.claims import Claims
from broadsheet.store.codec import Unstorable, decode, encode
from broadsheet.store.comments import Comments
from broadsheet.store.community import Community
from broadsheet.store.copies import Alike, Before, Copy, alike, copies_of, history_of
from broadsheet.store.counters import Counters, Reading
from broadsheet.store.credentials import Credentials, Passkey, Token
from broadsheet.store.days import Days
from broadsheet.store.db import WAIT, Database, among
from broadsheet.store.desk import Desk
from broadsheet.store.editions import Edition, Editions, History
from broadsheet.store.entrances import Entrances, Newcomer, Session, Ticket
from broadsheet.store.known import Known, sound, titled
from broadsheet.store.leaving import Leaving
from broadsheet.store.ledger import Aside, Cursor, Health, Run, Tally
from broadsheet.store.lists import Entry, List, Lists
from broadsheet.store.optin import Pending
from broadsheet.store.prepared import Prepared, mark_of
from broadsheet.store.schema_people import OWNER
from broadsheet.store.shelves import Asked, Saved, Searches
from broadsheet.store.subscribers import Subscribers
from broadsheet.store.subscription import Schedule, Subscriber, Wish
from broadsheet.store.suppression import Returned, Suppressed
from broadsheet.store.teams import Member, Recent, Team, Teams
from broadsheet.store.upgrade import ready
from broadsheet.store.writer import Writer, now
from broadsheet.text import title_key

__all__ = [
    "OWNER",
    "Account",
    "Alike",
    "Aside",
    "Asked",
    "Before",
    "Change",
    "Claims",
    "Comments",
    "Community",
    "Copy",
    "Counters",
    "Credentials",
    "Cursor",
    "Desk",
    "Edition",
    "Editions",
    "Entry",
    "Event",
    "Health",
    "History",
    "Known",
    "List",
    "Lists",
    "Member",
    "Name",
    "Newcomer",
    "Passkey",
    "Pending",
    "Prepared",
    "Reading",
    "Recent",
    "Returned",
    "Run",
    "Saved",
    "Schedule",
    "Searches",
    "Session",
    "Store",
    "Subscriber",
    "Subscribers",
    "Suppressed",
    "Tally",
    "Team",
    "Teams",
    "Ticket",
    "Token",
    "Unstorable",
    "Wish",
    "Writer",
    "decode",
    "encode",
    "mark_of",
]


if TYPE_CHECKING:
    from broadsheet.store.bulk import Bulk


class Change(NamedTuple):
    """The latest state of one row. *paper* is None when the row is gone (absorbed or removed).

    *added* is when the row was made, Unix seconds; 0 when nobody noted it (libraries of before version 0003).
    """

    seq: int
    pk: int
    paper: Paper | None
    added: int


_COUNTER = sa.text("SELECT papers, seq FROM counter")
_NEWEST = sa.text("SELECT pk FROM counter")
_WRITTEN = sa.text("SELECT written FROM counter")
_MARK = sa.text("SELECT value FROM mark WHERE seq >= :seq ORDER BY seq LIMIT 1")
_CHANGES = sa.text("SELECT seq, pk, added, data FROM paper WHERE seq > :after ORDER BY seq LIMIT :limit")
_SCAN = sa.text("SELECT pk, data FROM paper WHERE pk > :after AND data IS NOT NULL ORDER BY pk LIMIT :limit")
_GET = "SELECT pk, data FROM paper WHERE pk IN :values AND data IS NOT NULL"
_RESOLVE = """
    SELECT a.id, p.pk
    FROM alias a JOIN paper q ON q.pk = a.pk JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE a.id IN :values AND p.data IS NOT NULL
    """


class Store:
    """One library's papers and ledger.

    A paper has a pk: a small integer, counted from 1 without gaps and never given twice. Every change of a paper has a
    number: they grow by one, become visible in their order, and `changes` tells the latest of each paper. Safe to share
    between threads; several processes may hold the same store, of whom one at a time writes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bulk: Bulk | None = None
        self.searches, self.lists, self.teams = Searches(database, now), Lists(database), Teams(database)
        self.community, self.comments = Community(database), Comments(database)
        self.desk, self.claims = Desk(database), Claims(database)
        self.accounts, self.audit = Accounts(database), Audit(database)
        self.entrances, self.credentials = Entrances(database), Credentials(database)
        self.leaving = Leaving(database)
        self.counters = Counters(database)
        self.days = Days(database)
        self.subscribers, self.editions = Subscribers(database), Editions(database)

    @classmethod
    def open(cls, where: str | Path, *, create: bool = True, wait: float = WAIT) -> "Store":
        """The store in the file *where*, or at a ``postgresql://`` URL; made if it is not there and *create* is set.

        *wait* is how many seconds a writer waits for another. Raises NotFound, Mistake (a directory, another
        program's database) or StoreError (made by a newer Broadsheet, not readable).
        """
        if "://" not in str(where):
            _look(Path(where), create)
        store = cls(Database(where, wait))
        try:
            ready(store._database)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def name(self) -> str:
        """Where it is, for people: the path, or the URL without its password."""
        return self._database.name

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def count(self) -> int:
        """How many papers there are."""
        with self._database.reading() as connection:
            return int(connection.execute(_COUNTER).one()[0])

    def change(self) -> int:
        """The number of the newest change; 0 in an empty store. An index that has seen it is up to date."""
        with self._database.reading() as connection:
            return int(connection.execute(_COUNTER).one()[1])

    def newest(self) -> int:
        """The pk that was given last; 0 in an empty store."""
        with self._database.reading() as connection:
            return int(connection.execute(_NEWEST).scalar_one())

    def mark(self, seq: int) -> int:
        """A number that tells this store's history up to change *seq* from every other; 0 if it has no such change."""
        with self._database.reading() as connection:
            return int(connection.execute(_MARK, {"seq": seq}).scalar() or 0)

    def changes(self, after: int, limit: int) -> list[Change]:
        """The latest state of each row that changed after number *after*, oldest change first, at most *limit*."""
        with self._database.reading() as connection:
            rows = connection.execute(_CHANGES, {"after": after, "limit": limit}).all()
        return [Change(seq, pk, None if data is None else decode(data), added) for seq, pk, added, data in rows]

    def get(self, pks: Sequence[int]) -> dict[int, Paper]:
        """pk -> paper, in the order asked; a pk that is gone or was never given is left out."""
        with self._database.reading() as connection:
            found = {pk: decode(data) for pk, data in among(connection, _GET, pks)}
        return {pk: found[pk] for pk in pks if pk in found}

    def resolve(self, ids: Sequence[str]) -> dict[str, int]:
        """Canonical id -> pk, also for ids of copies that were absorbed; an unknown id is left out."""
        wanted = [identifier for identifier in ids if sound(identifier)]
        with self._database.reading() as connection:
            found = dict(among(connection, _RESOLVE, wanted))
        return {identifier: found[identifier] for identifier in wanted if identifier in found}

    def titled(self, title: str) -> list[int]:
        """The papers whose title is *title* but for case, accents, punctuation and mark-up."""
        key = title_key(title)
        if not key:
            return []
        with self._database.reading() as connection:
            return titled(connection, key)

    def copies(self, pk: int) -> list[Copy]:
        """The copies that a paper is made of, oldest first; empty when it is made of one."""
        with self._database.reading() as connection:
            return copies_of(connection, [pk]).get(pk, [])

    def history(self, pk: int) -> list[Before]:
        """What a paper said before its later versions, oldest first."""
        with self._database.reading() as connection:
            return history_of(connection, pk)

    def alike(self, pk: int) -> list[Alike]:
        """Papers that are much like one and yet not surely the same work, the likest first."""
        with self._database.reading() as connection:
            return alike(connection, pk)

    def scan(self, after: int = 0, limit: int = 1000) -> list[tuple[int, Paper]]:
        """At most *limit* papers with a pk above *after*, by pk."""
        with self._database.reading() as connection:
            rows = connection.execute(_SCAN, {"after": after, "limit": limit}).all()
        return [(pk, decode(data)) for pk, data in rows]

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction: all of it is kept when the block ends, none of it when the block raises.

        Waits for another writer; raises StoreError when that takes too long, the disk is full or the server is gone.
        """
        bulk, mark = self._bulk, None
        try:
            with self._database.writing() as connection:
                mark = bulk.mark() if bulk else None
                writer = Writer(connection, bulk)
                yield writer
                writer.finish()
        except BaseException:
            if bulk and mark:
                bulk.restore(mark)
            raise

    def snapshot(self) -> AbstractContextManager[None]:
        """A block in which all that this thread reads is of one moment, and costs one transaction. Not for writing."""
        return self._database.snapshot()

    def alone(self, what: str) -> AbstractContextManager[bool]:
        """A block in which one process of a library is at a time, for ``sending``: whether it is this one."""
        return self._database.alone(what)

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Makes the transactions of this block ready for millions of papers (`Writer.sift`, `Writer.admit`).

        What they hold back is written when the block ends; after a crash the next writer makes up for it. One process
        at a time holds rows back: where another one does, the block goes the ordinary way.
        """
        from broadsheet.store.bulk import Bulk  # here: it needs numpy, and nobody else in this room does

        with self._database.alone("bulk") as free:
            if not free:
                yield
                return
            with self._database.writing() as connection:
                Writer(connection).finish()  # so that nothing is left out from before
            with self._database.reading() as connection:
                self._bulk = Bulk(connection, int(connection.execute(_WRITTEN).scalar_one()))
            try:
                yield
            finally:
                try:
                    with self.writing() as writer:
                        writer.flush()
                finally:
                    self._bulk = None

    def cursor(self, source: str, part: str) -> str | None:
        """How far *source* has read *part*, None if from the start."""
        with self._database.reading() as connection:
            return ledger.cursor(connection, source, part)

    def cursors(self) -> list[Cursor]:
        with self._database.reading() as connection:
            return ledger.cursors(connection)

    def runs(self, limit: int = 20, job: str | None = None) -> list[Run]:
        """The latest runs (of one job), newest first."""
        with self._database.reading() as connection:
            return ledger.runs(connection, limit) if job is None else ledger.runs_of(connection, job, limit)

    def last_good(self, job: str) -> str | None:
        """When the latest run of *job* that ended well had begun, ISO 8601 in UTC; None if there is none."""
        with self._database.reading() as connection:
            return ledger.last_good(connection, job)

    def health(self, since: str) -> list[Health]:
        """What each job did on each day (``2026-11-20``) from *since* on, in that order."""
        with self._database.reading() as connection:
            return ledger.health(connection, since)

    def quarantined(self, source: str | None = None, limit: int = 100) -> list[Aside]:
        """Records that were set aside (of one source), newest first."""
        with self._database.reading() as connection:
            return ledger.quarantined(connection, source, limit)

    def failures(self) -> dict[str, int]:
        """source -> how many of its records are set aside."""
        with self._database.reading() as connection:
            return ledger.failures(connection)

    def size(self) -> dict[str, int]:
        """Bytes on disk, by part."""
        return self._database.size()

    def check(self) -> list[str]:
        """What is wrong inside, one sentence each; empty when all is well. Reads everything once."""
        damage = self._database.damage()
        if damage:
            return damage
        with self._database.reading() as connection:
            return checks.problems(connection)


def _look(path: Path, create: bool) -> None:
    """The user's mistakes about a path, before a driver words them."""
    if path.is_dir():
        raise Mistake(f"{path} is a directory; a store is a file, such as {path / 'store.sqlite3'}")
    if not path.exists() and not create:
        raise NotFound(f"there is no library at {path}")
    if not path.parent.is_dir():
        raise NotFound(f"there is no directory {path.parent} to make a library in")
