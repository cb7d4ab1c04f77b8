"""Tables of every version: an old library becomes today's, a newer one and a stranger's database are left alone."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import broadsheet.store
from broadsheet.errors import BroadsheetError, Mistake, StoreError
from broadsheet.paper import make
from broadsheet.store import Store, schema
from broadsheet.store.db import Database
from broadsheet.store.upgrade import create, ready, upgrade

SCRIPT = ScriptDirectory(str(Path(broadsheet.store.__file__).parent))
REVISIONS = [step.revision for step in reversed(list(SCRIPT.walk_revisions()))]


def tables(database: Database) -> dict[str, Any]:
    """Everything the database says about its tables; columns are used by name, and stand in any order."""
    with database.reading() as connection:
        look = sa.inspect(connection)
        found: dict[str, Any] = {}
        for name in look.get_table_names():
            columns = sorted((c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(name))
            indexes = sorted(
                (
                    index["name"],
                    index["column_names"],
                    index["unique"],
                    {k: str(v) for k, v in index["dialect_options"].items()},
                )
                for index in look.get_indexes(name)
            )
            found[name] = (columns, sorted(look.get_pk_constraint(name)["constrained_columns"]), indexes)
        rows = [
            connection.execute(sa.text(f"SELECT * FROM {name}")).all() for name in ("counter", schema.VERSION_TABLE)
        ]
        if database.path:
            kinds = connection.execute(sa.text("SELECT name, wr FROM pragma_table_list WHERE schema = 'main'")).all()
            found["without rowid"] = sorted(tuple(kind) for kind in kinds)
    return {**found, "rows": rows}


def test_revisions_are_positions_and_the_last_is_what_the_program_knows() -> None:
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS
    assert REVISIONS[-1] == schema.HEAD


@pytest.mark.parametrize("old", REVISIONS)
def test_an_upgraded_library_is_as_a_new_one(where: str, old: str) -> None:
    database = Database(where)
    with database.creating() as connection:
        upgrade(connection, None, old)
    ready(database)
    upgraded = tables(database)
    with database.creating() as connection:
        assert (
            compare_metadata(
                MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE}), schema.metadata
            )
            == []
        )
        schema.metadata.drop_all(connection)
        connection.execute(sa.text(f"DROP TABLE {schema.VERSION_TABLE}"))
        create(connection)
    assert tables(database) == upgraded
    database.engine.dispose()
    with Store.open(where, create=False) as store, store.writing() as writer:
        assert writer.insert([make("a", "Works")]) == [1]


def test_a_library_made_by_a_newer_version_is_refused_and_left_alone(where: str) -> None:
    Store.open(where).close()
    database = Database(where)
    with database.writing() as connection:
        connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    before = tables(database)
    with pytest.raises(
        StoreError, match=r"made by a newer Broadsheet \(its tables are version 9999.*upgrade Broadsheet"
    ):
        Store.open(where)
    assert tables(database) == before
    database.engine.dispose()


def test_another_programs_database_is_refused_and_left_alone(where: str) -> None:
    database = Database(where)
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE bookmarks (title TEXT)"))
    with pytest.raises(Mistake, match=r"holds another program's tables \(bookmarks\)"):
        Store.open(where)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == ["bookmarks"]
    database.engine.dispose()


def test_another_programs_file_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE moz_places (url TEXT)")
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(Mistake, match="moz_places"):
        Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"just some text, long enough to be a header of a page" * 30, b"PK\x03\x04" * 500])
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(content)
    with pytest.raises(BroadsheetError, match="is not a Broadsheet library"):
        Store.open(path)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_library(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.touch()
    with Store.open(path) as store:
        assert store.count() == 0


def test_opening_a_library_of_today_loads_no_alembic(tmp_path: Path) -> None:
    """The command line starts from cold every time; migrations are for the day after an upgrade."""
    Store.open(tmp_path / "store.sqlite3").close()
    program = (
        "import sys; from broadsheet.store import Store; Store.open(sys.argv[1]).close();"
        "print([m for m in sys.modules if m.partition('.')[0] in ('alembic', 'mako', 'psycopg', 'numpy')])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "store.sqlite3")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_many_processes_may_make_the_same_library_at_once(where: str) -> None:
    program = "import sys; from broadsheet.store import Store; Store.open(sys.argv[1]).close()"
    command = [sys.executable, "-W", "error", "-c", program, where]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    told = [process.communicate()[1] for process in started]
    assert [(process.returncode, words) for process, words in zip(started, told, strict=True)] == [(0, b"")] * 4
    with Store.open(where, create=False) as store:
        assert store.count() == 0 and store.check() == []
