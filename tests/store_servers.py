"""Where a store under test lives: a fresh SQLite file, or a fresh database of a private PostgreSQL server.

The server comes from the machine's own packages, listens on a socket in a temporary folder only, and is started once
for a whole test session, when the first test asks for it.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from broadsheet.store import Store

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


class Server(NamedTuple):
    """A running PostgreSQL: the folder of its socket, and its process."""

    socket: Path
    process: "subprocess.Popen[bytes]"

    def url(self, database: str) -> str:
        return f"postgresql://broadsheet@/{database}?host={self.socket}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; Debian keeps it off the PATH."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    return max((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")), default=None)


def _as_nobody(folder: Path) -> list[str]:
    """The beginning of a command that PostgreSQL would refuse to root; *folder* becomes its new user's."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this session's own. It never syncs: its data is thrown away."""
    bin_folder = programs()
    assert bin_folder is not None, "the mark `postgres` lets no test come here without a server"
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path may have 107 bytes
    before = _as_nobody(folder)
    data = folder / "data"
    made = [*before, str(bin_folder / "initdb"), "-D", str(data), "-U", "broadsheet", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*made, "--no-sync", "--locale=C"], check=True, capture_output=True, cwd=folder)
    served = [*before, str(bin_folder / "postgres"), "-D", str(data), "-k", str(folder), "-F"]
    process = subprocess.Popen(
        [*served, "-c", "listen_addresses=", "-c", "max_connections=50"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    server = Server(folder, process)
    try:
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: Server, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            return server.run("SELECT 1")
        except psycopg.OperationalError:
            assert server.process.poll() is None and time.monotonic() < end, "PostgreSQL did not start"
            time.sleep(0.05)


_NUMBERS = count(1)


@pytest.fixture(params=BOTH)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that does not exist yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite3")
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"library{next(_NUMBERS)}"
    server.run(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


def wipe(where: str) -> None:
    """Makes *where* a place without a store again."""
    if "://" not in where:
        for file in Path(where).parent.glob(Path(where).name + "*"):
            file.unlink()
        return
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def store(where: str) -> Iterator[Store]:
    """An empty store."""
    with Store.open(where) as opened:
        yield opened
