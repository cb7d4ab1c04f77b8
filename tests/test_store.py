"""The store, on SQLite and on PostgreSQL: what goes in comes out, and every change is told in its order."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadsheet.blocking import block_of
from broadsheet.errors import Mistake, NotFound
from broadsheet.paper import Fault, Paper, make
from broadsheet.store import Store, Tally


def paper(number: int, **more: object) -> Paper:
    values: dict[str, object] = {"ids": [f"id:p{number}"], "authors": ["Ada Byron"], "year": 2020, **more}
    title = str(values.pop("title", f"Paper number {number} of a test"))
    return make("test", title, **values)  # type: ignore[arg-type]  # the tests give what `make` takes


def fill(store: Store, count: int) -> list[Paper]:
    papers = [paper(number) for number in range(1, count + 1)]
    with store.writing() as writer:
        assert writer.insert(papers) == list(range(1, count + 1))
    return papers


def test_a_fresh_store_is_empty(store: Store) -> None:
    assert (store.count(), store.change(), store.changes(0, 10), store.scan()) == (0, 0, [], [])
    assert store.get([1]) == {} and store.get([]) == {} and store.resolve([]) == {} and store.check() == []


def test_papers_come_back_as_they_were(store: Store) -> None:
    rich = make(
        "arxiv", "Zürich und 東京: a \"quoted\" title", at="2024-05-01T10:00:00+00:00",
        ids=["arxiv:2101.00001", "doi:10.1000/x"], abstract="Some words.", authors=["Ä. B", "C D"], year=2021,
        date="2021-01-01", venue="V", categories=["cs.CL", "cs.AI"], keywords=["b", "A"],
        links={"pdf": "https://example.org/a.pdf"}, licence="CC0", version=2, citations=0, extra={"track": "main"},
    )  # fmt: skip
    bare = make("x", "Bare")
    with store.writing() as writer:
        assert writer.insert([rich, bare]) == [1, 2]
    assert store.get([2, 1]) == {2: bare, 1: rich}
    assert list(store.get([2, 7, 1, 2])) == [2, 1]
    assert store.resolve(["doi:10.1000/x", "doi:10.1000/none", "arxiv:2101.00001"]) == {
        "doi:10.1000/x": 1,
        "arxiv:2101.00001": 1,
    }
    assert store.scan() == [(1, rich), (2, bare)] and store.scan(after=1) == [(2, bare)]


def test_changes_tell_the_latest_state_of_each_row_in_order(store: Store) -> None:
    one, two, three = fill(store, 3)
    assert [change[:3] for change in store.changes(0, 2)] == [(1, 1, one), (2, 2, two)]
    assert [change[:3] for change in store.changes(2, 10)] == [(3, 3, three)]
    better = paper(1, abstract="now with an abstract")
    with store.writing() as writer:
        writer.replace([(1, better)])
    assert [change[:3] for change in store.changes(0, 10)] == [(2, 2, two), (3, 3, three), (4, 1, better)]
    assert store.change() == 4 and store.changes(4, 10) == []


def test_an_absorbed_row_is_gone_and_its_ids_lead_to_the_other(store: Store) -> None:
    one, _, _ = fill(store, 3)
    with store.writing() as writer:
        writer.absorb(2, 1)
    with store.writing() as writer:  # and again: what 2 had left to 1 must lead on to 3
        writer.absorb(1, 3)
    assert store.resolve(["id:p1", "id:p2", "id:p3"]) == {"id:p1": 3, "id:p2": 3, "id:p3": 3}
    assert store.titled("Paper number 2 of a test!") == [3]
    assert [(change.pk, change.paper) for change in store.changes(3, 9)] == [(2, None), (1, None)]
    assert store.count() == 1 and list(store.get([1, 2, 3])) == [3] and store.check() == []
    with pytest.raises(ValueError, match="cannot be absorbed"), store.writing() as writer:
        writer.absorb(3, 1)
    assert one.key == "p1"


def test_a_removed_paper_leaves_nothing_but_its_number(store: Store) -> None:
    fill(store, 2)
    with store.writing() as writer:
        writer.remove(2)
        writer.remove(2)  # a second time changes nothing
    assert (
        store.count() == 1 and store.change() == 3 and [change[:3] for change in store.changes(2, 9)] == [(3, 2, None)]
    )
    assert store.resolve(["id:p2"]) == {} and store.titled("Paper number 2 of a test") == []
    with store.writing() as writer:
        assert writer.match([paper(2)]).ids == {}
        assert writer.insert([paper(2)]) == [3]
    assert store.resolve(["id:p2"]) == {"id:p2": 3} and store.check() == []


def test_a_block_that_raises_changes_nothing_and_wastes_no_number(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(RuntimeError, match="on purpose"), store.writing() as writer:
        assert writer.insert([paper(2)]) == [2]
        writer.set_cursor("s", "p", "9")
        raise RuntimeError("on purpose")
    assert (store.count(), store.change(), store.cursor("s", "p")) == (1, 1, None)
    with store.writing() as writer:
        assert writer.insert([paper(3)]) == [2]
    assert store.change() == 2


def test_touching_a_row_is_no_change(store: Store) -> None:
    fill(store, 1)
    later = make("test", "Paper number 1 of a test", at="2030-01-01", ids=["id:p1"])
    with store.writing() as writer:
        writer.touch([(1, later)])
    assert store.change() == 1 and store.get([1]) == {1: later}


def test_match_finds_by_any_id_and_by_title(store: Store) -> None:
    one, two = fill(store, 2)
    with store.writing() as writer:
        writer.remember([(1, make("b", "Another name for it", ids=["doi:10.1/z"]))])
        known = writer.match([
            make("x", "unrelated", ids=["doi:10.1/z"]), make("x", "PAPER  number 2, of a test"),
            make("x", "another name for it"), make("x", "?!", ids=["id:nul\x00", "id:\ud800"]),
        ])  # fmt: skip
    assert known.ids == {"doi:10.1/z": 1}
    assert known.blocks == {block_of("paper number 2 of a test"): [2], block_of("another name for it"): [1]}
    assert known.papers == {1: one, 2: two}


def test_a_store_opened_again_is_the_same(where: str) -> None:
    with Store.open(where) as store:
        papers = fill(store, 5)
        name = store.name
    with Store.open(where, create=False) as store:
        assert store.get([1, 2, 3, 4, 5]) == dict(enumerate(papers, 1)) and store.name == name
        assert sum(store.size().values()) > 0


def test_nobody_reads_a_password(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"postgresql://me:\*\*\*@/none\?host=%2Fnowhere does not answer") as caught:
        Store.open("postgresql://me:secret@/none?host=/nowhere")
    assert "secret" not in str(caught.value)


def test_the_ledger_keeps_cursors_runs_and_what_was_set_aside(store: Store) -> None:
    with store.writing() as writer:
        writer.set_cursor("arxiv", "cs", "2024-01-01")
        writer.set_cursor("arxiv", "cs", "2024-01-02")
        writer.set_cursor("acl", "2020", "token")
        first, second = writer.start_run("arxiv"), writer.start_run("acl")
        writer.count_run(first, Tally(1, 2, 3, 4))
        writer.count_run(second, Tally(5), why="because \ud800\x00", finished=True)
        writer.set_aside(
            "arxiv", "cs", [Fault("line 3", "no title", b"{\xff}"), Fault("line 3", "no title at all", b"\x00")]
        )
        writer.set_aside("acl", "x", [Fault("line 9\x00", "bad", b"x" * 1_000_000)])
    assert [(c.source, c.part, c.value) for c in store.cursors()] == [
        ("acl", "2020", "token"),
        ("arxiv", "cs", "2024-01-02"),
    ]
    assert store.cursor("arxiv", "cs") == "2024-01-02" and store.cursor("arxiv", "math") is None
    newest, older = store.runs()
    assert older[4:9] == (1, 2, 3, 4, "") and older.finished is None and older.started
    assert newest.job == "acl" and newest.finished and newest.why == "because ?␀"
    (aside,) = store.quarantined("arxiv")
    assert (aside.where, aside.reason, aside.raw) == ("line 3", "no title at all", b"\x00")
    assert {len(kept.raw) for kept in store.quarantined()} == {1, 1_000_000}
    assert store.failures() == {"acl": 1, "arxiv": 1}
    with store.writing() as writer:
        writer.set_cursor("acl", "2020", None)
        writer.clear_aside("acl", "x")
    assert store.cursor("acl", "2020") is None and store.failures() == {"arxiv": 1}


def test_the_ledger_tells_how_each_job_fared_day_by_day(where: str) -> None:
    with Store.open(where) as store:
        with store.writing() as writer:
            killed, bad, good = (writer.start_run("arxiv") for _ in range(3))
            running = writer.start_run("arxiv")
            writer.count_run(bad, Tally(), finished=True, outcome="failed", requests=2, why="503", retry="2024-05-01")
            writer.count_run(good, Tally(5, 1), finished=True, outcome="new", requests=3)
        (day,) = store.health("2000-01-01")
        assert day[0] == "arxiv" and day[2:] == (5, 1, 1, 2, 5)  # the killed one failed, the running one has not yet
        assert store.health("2999-01-01") == []
        assert store.last_good("arxiv") == store.runs(job="arxiv")[1].started and store.last_good("acl") is None
        assert [run.pk for run in store.runs(job="arxiv")] == [running, good, bad, killed]
        assert store.runs(job="arxiv")[2].retry == "2024-05-01"


def test_check_tells_what_disagrees(where: str) -> None:
    with Store.open(where) as store:
        fill(store, 3)
        with store._database.writing() as connection:  # damage that no part of the program would do
            connection.exec_driver_sql("UPDATE counter SET papers = 7, seq = 1")
            connection.exec_driver_sql("UPDATE paper SET data = 'no json' WHERE pk = 2")
            connection.exec_driver_sql("DELETE FROM alias WHERE id = 'id:p1'")
            connection.exec_driver_sql("DELETE FROM title WHERE pk = 3")
            connection.exec_driver_sql("INSERT INTO alias (id, pk) VALUES ('id:lost', 99)")
        assert store.check() == [
            "the store counts 7 papers and holds 3",
            "the store's counters (3, 1) are behind its rows (3, 3)",
            "1 id leads to a row that does not exist",
            "1 paper cannot be read, the first in row 2",
            "2 papers cannot be found by their ids or title, the first in row 1",
        ]


def test_threads_share_a_store(store: Store) -> None:
    """Eight threads read while one writes; every reader sees whole transactions, in order."""
    seen: list[list[int]] = [[] for _ in range(8)]
    done = threading.Event()

    def read(mine: list[int]) -> None:
        while not done.is_set():
            changes = store.changes(0, 1000)
            assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
            mine.append(len(changes))

    threads = [threading.Thread(target=read, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    try:
        for start in range(0, 200, 10):
            with store.writing() as writer:
                writer.insert([paper(number) for number in range(start, start + 10)])
    finally:
        done.set()
        for thread in threads:
            thread.join()
    for mine in seen:
        assert mine == sorted(mine) and all(count % 10 == 0 for count in mine)


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("mysql://me@host/db", Mistake, "a store is a file or a postgresql:// address, not mysql://"),
        ("postgresql://me@host:port:/x", Mistake, "the store's address cannot be read"),
        ("{tmp}", Mistake, "is a directory; a store is a file, such as"),
        ("{tmp}/none/store.sqlite3", NotFound, "there is no directory"),
    ],
)
def test_a_wrong_address_is_told_apart(where: str, error: type[Exception], words: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        Store.open(where.format(tmp=tmp_path))


def test_without_leave_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no library at"):
        Store.open(tmp_path / "store.sqlite3", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_one_moment_however_often_it_looks(store: Store) -> None:
    with store._database.reading() as connection:
        look = sa.text("SELECT papers FROM counter")
        before = connection.execute(look).scalar_one()
        fill(store, 3)
        assert connection.execute(look).scalar_one() == before
    assert store.count() == before + 3


def test_a_snapshot_is_of_one_moment_for_its_thread_alone(store: Store) -> None:
    fill(store, 2)
    with store.snapshot():
        assert store.count() == 2
        other = threading.Thread(target=lambda: _insert(store))
        other.start()
        other.join()
        assert (store.count(), store.get([3]), len(store.changes(0, 10))) == (2, {}, 2)
        with store.snapshot():
            assert store.count() == 2
        assert store.count() == 2, "the inner block does not end the outer one"
    assert (store.count(), len(store.changes(0, 10))) == (3, 3)


def _insert(store: Store) -> None:
    with store.writing() as writer:
        writer.insert([paper(3)])
    assert store.count() == 3
