"""Two databases behind one text: engines, transactions, and what went wrong in a sentence.

The only file of this room that asks which database it talks to.
"""

import fcntl
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from broadsheet.errors import Busy, MissingExtra, Mistake, StoreError

WAIT = 60.0  # seconds that a writer waits for another writer
SOON = 5.0  # and somebody who has pressed a button

# FULL: a commit that was acknowledged survives a power cut, so that no index can be ahead of its store.
# A page holds several papers; the size is for new files, others keep theirs.
_PRAGMAS = ("page_size=8192", "synchronous=FULL", "wal_autocheckpoint=4096", "journal_size_limit=67108864")


# What one process at a time does, and the number of its lock on a PostgreSQL server.
_ALONE = {"bulk": 4862390216, "sending": 4862390217}
# Nobody waits for a connection: a thread uses one at a time, and how many threads there are is the caller's to say.
_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": -1}


class Database:
    """One engine and its name for people."""

    def __init__(self, where: str | Path, wait: float = WAIT) -> None:
        text = str(where)
        self.path = None if "://" in text else Path(text)
        self.wait = wait
        if self.path is not None:
            self.name = text
            self.engine = _sqlite(self.path, wait)
        else:
            url = _url(text)
            self.name = url.render_as_string(hide_password=True).replace("+psycopg", "", 1)
            self.engine = _postgres(url, wait)
        self._shared = threading.local()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that this thread reads within the block is of one moment, and of one transaction."""
        with self.reading() as connection:
            before = getattr(self._shared, "connection", None)
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = before

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One snapshot; never waits for a writer."""
        shared: sa.Connection | None = getattr(self._shared, "connection", None)
        if shared is not None:
            yield shared
            return
        with self._world(), self.engine.connect() as free:
            connection = free if self.path is not None else free.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that is kept whole or not at all. On SQLite it has the write lock from its first moment."""
        with self._world(), self.engine.connect() as free:
            connection = free.execution_options(write=True, large=True)
            with connection.begin():
                yield connection

    @contextmanager
    def discreet(self, wait: float) -> Iterator[sa.Connection]:
        """A transaction that writes over what it deletes, and waits *wait* seconds for another writer: raises Busy.

        A PostgreSQL server writes over it in its own time, and has no writer to wait for but of the same rows.
        """
        with self._world(wait), self.engine.connect() as free:
            self._patience(free, wait)
            try:
                connection = free.execution_options(write=True)
                with connection.begin():
                    if self.path is not None:
                        connection.execute(sa.text("PRAGMA secure_delete=ON"))
                    yield connection
            finally:
                if self.path is not None:
                    free.connection.execute("PRAGMA secure_delete=OFF")
                self._patience(free, self.wait)

    @contextmanager
    def between(self, wait: float = SOON) -> Iterator[sa.Connection]:
        """A transaction for what readers do with papers: no paper comes, goes or is merged meanwhile.

        SQLite has one writer at a time anyway. On a PostgreSQL server such transactions run beside each other: they
        share the row that whoever changes papers has alone. What it deletes it writes over, as `discreet` does: it is
        somebody's words. Raises Busy when that takes longer than *wait* seconds.
        """
        with self._world(wait), self.engine.connect() as free:
            self._patience(free, wait)
            try:
                connection = free.execution_options(write=True)
                with connection.begin():
                    if self.path is not None:
                        connection.execute(sa.text("PRAGMA secure_delete=ON"))
                    else:
                        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(wait * 1000)}")
                        connection.execute(sa.text("SELECT seq FROM counter FOR SHARE"))
                    yield connection
            finally:
                if self.path is not None:
                    free.connection.execute("PRAGMA secure_delete=OFF")
                self._patience(free, self.wait)

    def wash(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        """Writes *tables* anew, in a transaction of `discreet`.

        When SQLite splits a page, bytes of rows stay in its unused part, where later deletes do not reach them. Emptied
        pages are written over, all of them. A PostgreSQL server clears its pages in its own time (VACUUM).
        """
        if self.path is None:
            return
        for table in tables:
            connection.exec_driver_sql(f"CREATE TABLE washed AS SELECT * FROM {table}")
            connection.exec_driver_sql(f"DELETE FROM {table}")
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM washed")
            connection.exec_driver_sql("DROP TABLE washed")

    def empty_log(self) -> None:
        """Takes the past out of SQLite's log, if nobody is reading there; else it goes when the log is used again."""
        if self.path is not None:
            with self._world(), self.engine.connect() as connection:
                self._patience(connection, 1)
                connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # outside of a transaction
                self._patience(connection, self.wait)

    @contextmanager
    def creating(self) -> Iterator[sa.Connection]:
        """As `writing`, alone in the database even when it has no table yet."""
        with self.writing() as connection:
            if self.path is None:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(4862390215)"))
            yield connection

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """Whether nobody else is in such a block for *what* (of _ALONE); this one is until its own ends, or it dies."""
        if self.path is None:
            with self._world(), self.engine.connect() as connection:  # a lock of the session, outside of transactions
                session = connection.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    asked = session.execute(sa.text("SELECT pg_try_advisory_lock(:number)"), {"number": _ALONE[what]})
                    yield bool(asked.scalar_one())
                finally:
                    session.execute(sa.text("SELECT pg_advisory_unlock_all()"))
            return
        with ExitStack() as opened:
            free = True
            try:
                file = opened.enter_context(self.path.with_name(f"{self.path.name}.{what}").open("a"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # taken; or nothing can be written in that folder, which the first transaction will tell
                free = False
            yield free

    def claim(self) -> None:
        """Settles what lasts in the file itself: readers beside a writer. Only once it is known to be ours."""
        if self.path is not None:
            with self._world(), self.engine.connect() as connection:
                connection.connection.execute("PRAGMA journal_mode=WAL")  # outside of a transaction

    def size(self) -> dict[str, int]:
        """Bytes on disk."""
        if self.path is not None:
            files = {"store": self.path, "wal": self.path.with_name(self.path.name + "-wal")}
            return {name: file.stat().st_size for name, file in files.items() if file.exists()}
        with self.reading() as connection:
            return {"store": connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()}

    def damage(self) -> list[str]:
        """What the database itself finds wrong with its pages; PostgreSQL offers no such check to a client."""
        if self.path is None:
            return []
        try:
            with self.reading() as connection:
                found = connection.execute(sa.text("PRAGMA integrity_check(20)")).scalars().all()
        except StoreError as error:
            return [str(error)]
        return [] if found == ["ok"] else [f"{self.name}: {line}" for line in found]

    @contextmanager
    def _world(self, wait: float | None = None) -> Iterator[None]:
        """The world's fault becomes a StoreError with one sentence; a wrong statement of ours stays a crash.

        *wait* is how long it was waited for another writer, where that was not `self.wait`.
        """
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            told = self._sentence(error, self.wait if wait is None else wait)
            if told is None:
                raise
            raise (Busy if _is_busy(error) else StoreError)(told) from error

    def _patience(self, connection: sa.Connection, wait: float) -> None:
        """How long this connection waits for another writer from now on; outside of a transaction."""
        if self.path is not None:
            connection.connection.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")

    def _sentence(self, error: DBAPIError | sqlite3.Error, wait: float) -> str | None:
        if self.path is not None:
            return _sqlite_sentence(_first(error), self.path, wait)
        return _postgres_sentence(error, self.name, wait)


def among(connection: sa.Connection, statement: str, values: Sequence[str] | Sequence[int]) -> Sequence[Any]:
    """The rows of a SELECT with one ``IN :values``, in no order.

    The values are one parameter: no limit to their number, and no new statement for every number of them.
    """
    if not values:
        return []
    if connection.dialect.name == "sqlite":
        listed: object = orjson.dumps(values).decode()
        statement = statement.replace("IN :values", "IN (SELECT value FROM json_each(?))")
    else:
        listed = list(values)
        statement = statement.replace("IN :values", "= ANY(%s)")
    return connection.exec_driver_sql(statement, (listed,)).all()


def each(connection: sa.Connection, statement: str, values: Sequence[int], **more: object) -> "sa.CursorResult[Any]":
    """What a statement gives in which ``each(:values)`` stands for a table of one column, ``value``."""
    given: object = list(values)
    table = "unnest(CAST(:values AS integer[])) AS each (value)"
    if connection.dialect.name == "sqlite":
        given, table = orjson.dumps(given).decode(), "json_each(:values)"
    return connection.execute(sa.text(statement.replace("each(:values)", table)), {"values": given, **more})


def many(connection: sa.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """One statement for many rows, whose values stand in the order of its ``:names``.

    Straight to the driver: SQLAlchemy's way through a dictionary a row takes twice the time of SQLite itself.
    """
    if rows:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(_NAME.sub(mark, statement), list(rows))


_NAME = re.compile(r":\w+")


def _sqlite(path: Path, wait: float) -> sa.Engine:
    with suppress(OSError):  # a new one is its owner's alone: addresses and keys are in it; what fails is said later
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": wait}, **_POOL)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver would begin by itself, later than we need
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        write = options.get("write")
        if options.get("large"):  # not for what readers do: a server has a connection a thread, and each would fill it
            connection.exec_driver_sql("PRAGMA cache_size=-65536")  # 64 MiB: the two text indexes of a million papers
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise Mistake("the store's address cannot be read; it looks like postgresql://user@host/database") from error
    if url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise Mistake(f"a store is a file or a postgresql:// address, not {url.drivername}://")
    return url.set(drivername="postgresql+psycopg")


def _postgres(url: sa.URL, wait: float) -> sa.Engine:
    options = f"{url.query.get('options', '')} -c lock_timeout={int(wait * 1000)}".strip()
    try:
        return sa.create_engine(url.update_query_dict({"options": options}), pool_pre_ping=True, **_POOL)
    except ModuleNotFoundError as error:
        raise MissingExtra("a PostgreSQL store needs its driver: pip install 'broadsheet[postgres]'") from error


def _is_busy(error: DBAPIError | sqlite3.Error) -> bool:
    driver = error.orig if isinstance(error, DBAPIError) else error
    return getattr(driver, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY or _state(error) == "55P03"


def _state(error: Exception) -> str | None:
    """The SQLSTATE that a PostgreSQL server gave."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _sqlite_sentence(text: str, path: Path, wait: float) -> str | None:
    if text.startswith("database or disk is full") or ("disk I/O" in text and _free(path) < 1 << 20):
        return f"the disk that holds {path} is full: free some space and run this again; nothing is half done"
    for sign, sentence in _SQLITE:
        if sign in text:
            return sentence.format(path=path, wait=wait, text=text)
    return None


_SQLITE = (
    ("locked", "another process has been writing to {path} for more than {wait:g} s; try again when it is done"),
    ("file is not a database", "{path} is not a Broadsheet library (nor any SQLite file): give another path"),
    ("readonly", "{path} cannot be written: the file or its folder is read-only"),
    ("unable to open", "{path} cannot be opened or made: look at its folder and its permissions"),
    ("malformed", "{path} is damaged ({text}): restore a backup"),
    ("disk I/O", "{path} cannot be read or written ({text}): look at the disk"),
)


def _free(path: Path) -> int:
    return shutil.disk_usage(path.parent).free


def _postgres_sentence(error: Exception, name: str, wait: float) -> str | None:
    state = _state(error)
    away = isinstance(error, sa.exc.OperationalError) and (state is None or state[:2] in _AWAY)
    if state == "55P03":
        return f"another process has been writing to {name} for more than {wait:g} s; try again when it is done"
    if state == "53100":
        return f"the disk of {name} is full: free some space and run this again; nothing is half done"
    if state in ("42501", "25006"):
        return f"{name} cannot be written: {_first(error)}"
    return f"{name} does not answer: {_first(error)}" if away else None


# Classes of SQLSTATE that are the server's state, not our statement: connection, resources, operator, system, login.
_AWAY = ("08", "53", "57", "58", "28", "3D")


def _first(error: Exception) -> str:
    """The first line of what the driver says, without the statement that SQLAlchemy adds."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    return (str(driver).strip().splitlines() or ["no reason given"])[0]
