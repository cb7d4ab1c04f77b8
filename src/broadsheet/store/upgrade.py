"""Whose database this is, and bringing an older one up to date. Alembic is imported only when there is work for it."""

import time
from pathlib import Path

import sqlalchemy as sa

from broadsheet.errors import Mistake, StoreError
from broadsheet.store import schema_mail  # noqa: F401  # so that its tables are in `metadata`
from broadsheet.store.db import Database
from broadsheet.store.schema import HEAD, VERSION_TABLE, metadata
from broadsheet.store.schema_people import FIRST

_VERSION = sa.text(f"SELECT version_num FROM {VERSION_TABLE}")


def ready(database: Database) -> None:
    """Makes the tables of a fresh database, upgrades an older one; refuses a newer one and a stranger's."""
    with database.reading() as connection:
        version = version_of(connection, database.name)
    database.claim()
    if version == HEAD:
        return
    with database.creating() as connection:
        version = version_of(connection, database.name)  # again: another process may have been quicker
        if version is None:
            create(connection)
        elif version < HEAD:
            upgrade(connection, version)


def version_of(connection: sa.Connection, name: str) -> str | None:
    """The version of the library in this database, None for an empty one."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            raise Mistake(f"{name} holds another program's tables ({_some(tables)}): give the store a place of its own")
        return None
    version = str(connection.execute(_VERSION).scalar_one())
    if version > HEAD:
        raise StoreError(
            f"{name} was made by a newer Broadsheet (its tables are version {version}, this program knows {HEAD}): "
            "upgrade Broadsheet"
        )
    return version


def _some(tables: list[str]) -> str:
    return ", ".join(sorted(tables)[:3]) + (", ..." if len(tables) > 3 else "")


def create(connection: sa.Connection) -> None:
    """All tables as they are today, without walking through history."""
    metadata.create_all(connection)
    connection.execute(sa.text("INSERT INTO counter (seq, pk, papers) VALUES (0, 0, 0)"))
    connection.execute(FIRST, {"now": int(time.time())})
    connection.execute(sa.text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(sa.text(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES (:head)"), {"head": HEAD})


def upgrade(connection: sa.Connection, version: str | None, to: str = HEAD) -> None:
    """Runs every step after *version* up to *to*, inside the caller's transaction."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    script = ScriptDirectory(str(Path(__file__).parent))
    steps = list(script.iterate_revisions(to, version or "base"))
    with Operations.context(context):
        for step in reversed(steps):
            step.module.upgrade()
    context.stamp(script, to)
