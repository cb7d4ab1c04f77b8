"""The world at its worst: full disks, locks, kills, read-only places. One sentence, nothing half done, nothing lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broadsheet import ingest
from broadsheet.errors import StoreError
from broadsheet.paper import Paper, make
from broadsheet.store import Store
from store_servers import Server, wipe

ADD = Path(__file__).with_name("store_adds.py")


def papers(first: int, count: int, words: int = 5) -> list[Paper]:
    return [
        make(
            "test",
            f"Paper number {n} of a test",
            ids=[f"id:p{n}"],
            year=2020,
            authors=["A B"],
            abstract="word " * words,
        )
        for n in range(first, first + count)
    ]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", tmp_path], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        assert not os.environ.get("CI"), f"CI must be able to mount a small disk: {mounted.stderr}"
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_is_told_and_waited_out(small_disk: Path) -> None:
    path = small_disk / "store.sqlite3"
    ballast = small_disk / "ballast"
    with Store.open(path) as store:
        ingest.run(store, "test", lambda skip: papers(1, 40)[skip:], part="a", batch=10)
        ballast.write_bytes(b"x" * 1_500_000)
        many = papers(41, 2000, words=200)
        with pytest.raises(StoreError, match=f"the disk that holds {path} is full: free some space"):
            ingest.run(store, "test", lambda skip: many[skip:], part="b", batch=100)
        kept = store.count()
        assert kept % 100 == 40 and store.check() == [] and ingest.resume(store, "test", "b", "") == kept - 40
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
        summary = ingest.run(store, "test", lambda skip: many[skip:], part="b", batch=100)
        assert (summary.resumed, summary.new) == (kept - 40, 2040 - kept)
        assert store.count() == 2040 and store.check() == []


def test_no_room_for_a_library_at_all(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * (3 << 20))
    with pytest.raises(StoreError, match="is full: free some space"):
        Store.open(small_disk / "store.sqlite3")
    (small_disk / "ballast").unlink()
    with Store.open(small_disk / "store.sqlite3") as store:
        assert store.count() == 0 and store.check() == []


def test_a_read_only_disk(small_disk: Path) -> None:
    with Store.open(small_disk / "store.sqlite3") as store, store.writing() as writer:
        writer.insert(papers(1, 3))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StoreError, match="cannot be"), Store.open(small_disk / "store.sqlite3") as store:
        store.count()
    with pytest.raises(StoreError, match="cannot be opened or made"):
        Store.open(small_disk / "other.sqlite3")


def test_a_writer_who_waits_too_long_says_so(where: str) -> None:
    with Store.open(where) as first, Store.open(where, wait=0.2) as second, first.writing() as writer:
        writer.insert(papers(1, 1))
        told = pytest.raises(StoreError, match=r"another process has been writing to .* for more than 0\.2 s")
        with told, second.writing():
            pytest.fail("two writers at once")
        assert second.count() == 0, "readers do not wait, and see nothing half done"
    with Store.open(where) as store:
        assert store.count() == 1


def test_two_processes_add_at_once(where: str) -> None:
    """Each brings papers of its own and some that both have; the store has each work once."""
    Store.open(where).close()
    ranges = [(1, 400), (301, 700)]
    command = [sys.executable, "-W", "error", str(ADD), where]
    running = [subprocess.Popen([*command, str(a), str(b), "20"], stderr=subprocess.PIPE) for a, b in ranges]
    told = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [(process.returncode, words) for process, words in zip(running, told, strict=True)] == [(0, "")] * 2
    with Store.open(where) as store:
        assert store.count() == 700 and store.check() == []
        assert sum(line.new for line in store.runs()) == 700 and sum(line.same for line in store.runs()) == 100
        changes = store.changes(0, 1000)
        assert [change.seq for change in changes] == [change.pk for change in changes] == list(range(1, 701))


def test_a_follower_misses_no_change_while_others_write(where: str) -> None:
    """An index that reads after its last number, while two writers race, sees every paper exactly once."""
    Store.open(where).close()
    stop = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        with Store.open(where) as store:
            last = 0
            while not (stop.is_set() and store.change() == last):
                for change in store.changes(last, 50):
                    seen.append(change.pk)
                    last = change.seq

    follower = threading.Thread(target=follow)
    follower.start()
    command = [sys.executable, str(ADD), where]
    running = [subprocess.Popen([*command, str(a), str(a + 299), "7"]) for a in (1, 1001)]
    codes = [process.wait(timeout=120) for process in running]
    stop.set()
    follower.join(timeout=60)
    assert codes == [0, 0] and sorted(seen) == list(range(1, 601)) and seen == sorted(seen)


def kill_while_adding(where: str, rounds: int, seed: int, total: int = 3000) -> None:
    """kill -9 at random moments until all is in: after each kill the store is whole and says how far it is."""
    chance = random.Random(seed)
    Store.open(where).close()
    before = 0
    for _ in range(rounds):
        process = subprocess.Popen([sys.executable, str(ADD), where, "1", str(total), "25"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        told = 0
        for _ in range(chance.randrange(1, 40)):  # the number it says was committed before it said so
            told = int(process.stdout.readline() or told)
        time.sleep(chance.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Store.open(where) as store:
            counted = store.count()
            assert counted >= max(told, before) and counted % 25 == 0 and store.check() == []
            assert counted == total or ingest.resume(store, "test", "part", "") == counted
            assert [change.seq for change in store.changes(0, total)] == list(range(1, counted + 1))
            before = counted
    subprocess.run([sys.executable, str(ADD), where, "1", str(total), "25"], check=True, stdout=subprocess.DEVNULL)
    with Store.open(where) as store:
        assert store.count() == total and store.check() == []
        assert [paper for _, paper in store.scan(limit=total)] == papers(1, total)


@settings(
    max_examples=max(1, settings().max_examples // 100),  # some hundred kills in `make soak`
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_kill_minus_nine_loses_nothing_counted(where: str, seed: int) -> None:
    wipe(where)
    kill_while_adding(where, rounds=3, seed=seed)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with Store.open(path) as store, store.writing() as writer:
        writer.insert(papers(1, 300, words=300))
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    content = bytearray(path.read_bytes())
    content[220 * 4096 : 260 * 4096] = b"\xa5" * 40 * 4096  # far behind the pages that say what the tables are
    path.write_bytes(content)
    with Store.open(path) as store:
        damage = store.check()
        assert damage and all(str(path) in line for line in damage)
        with pytest.raises(StoreError, match=r"is damaged .* restore a backup"):
            store.scan(limit=1000)


@pytest.mark.postgres
def test_a_server_that_goes_away_is_told_and_met_again(postgres: Server) -> None:
    postgres.run("CREATE DATABASE gone")
    with Store.open(postgres.url("gone")) as store:
        store.count()
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gone'")
        assert store.count() == 0, "a lost connection is replaced before it is used"
        with pytest.raises(StoreError, match="does not answer"), store.writing() as writer:
            writer.insert(papers(1, 1))
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gone'")
            writer.insert(papers(2, 1))
        assert store.count() == 0
    postgres.run("DROP DATABASE gone WITH (FORCE)")
    with pytest.raises(StoreError, match=r'does not answer: .*database "gone" does not exist'):
        Store.open(postgres.url("gone"))


@pytest.mark.postgres
def test_a_database_one_may_not_write_to(postgres: Server) -> None:
    postgres.run("CREATE DATABASE sealed")
    Store.open(postgres.url("sealed")).close()
    postgres.run("ALTER DATABASE sealed SET default_transaction_read_only = on")
    with Store.open(postgres.url("sealed")) as store:
        assert store.count() == 0
        told = pytest.raises(StoreError, match="cannot be written: cannot execute UPDATE in a read-only transaction")
        with told, store.writing():
            pytest.fail("it may not be written")
    postgres.run("DROP DATABASE sealed WITH (FORCE)")


def test_a_wrong_statement_of_ours_is_a_crash_and_no_sentence(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError), store._database.reading() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
