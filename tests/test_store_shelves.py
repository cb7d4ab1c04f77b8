"""Saved searches, lists and history in the store: names, what follows a merge, what a wipe leaves."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadsheet.errors import Busy
from broadsheet.merge import join, undo
from broadsheet.paper import make
from broadsheet.store import OWNER, Saved, Store, shelves
from broadsheet.store.db import Database
from broadsheet.store.upgrade import upgrade
from test_store import fill, paper
from test_store_bulk import prepared


def keep(store: Store, name: str, *pks: int) -> list[int]:
    return store.lists.keep_as(OWNER, name, pks)[1]


def listed(store: Store, name: str) -> list[int]:
    one = store.lists.named(name, OWNER)
    return store.lists.papers(one.id) if one else []


def on_lists(store: Store) -> dict[str, list[int]]:
    return {one.name: listed(store, one.name) for one in store.lists.own(OWNER)}


def save(store: Store, name: str, query: str = "lamps", seen: int = 0) -> bool:
    return store.searches.save(OWNER, name, query, "new", seen)


def test_a_row_notes_when_it_came_and_keeps_that(store: Store) -> None:
    before = int(time.time())
    fill(store, 2)
    with store.bulk(), store.writing() as writer:
        writer.admit([prepared(paper(3))])
    after = time.time()
    came = {change.pk: change.added for change in store.changes(0, 9)}
    assert came.keys() == {1, 2, 3} and all(before <= at <= after for at in came.values())
    with store.writing() as writer:
        writer.replace([(1, paper(1, abstract="now with an abstract"))])
        writer.remove(2)
    assert {change.pk: change.added for change in store.changes(0, 9)} == came


def test_papers_of_an_older_library_came_at_an_unknown_time(where: str) -> None:
    database = Database(where)
    with database.creating() as connection:
        upgrade(connection, None, "0002")
        row = {"pk": 1, "seq": 1, "data": '{"title":"Works","ids":["id:p1"]}'}
        connection.execute(sa.text("INSERT INTO paper (pk, seq, data) VALUES (:pk, :seq, :data)"), row)
        connection.execute(sa.text("UPDATE counter SET pk = 1, seq = 1, papers = 1"))
    database.engine.dispose()
    with Store.open(where) as store:
        with store.writing() as writer:
            writer.insert([paper(2)])
        first, second = store.changes(0, 9)
        assert (first.added, first.paper and first.paper.title) == (0, "Works") and second.added > 0
        assert (store.searches.all(OWNER), store.lists.own(OWNER), store.searches.asked()) == ([], [], [])


def test_a_saved_search_has_one_name_however_it_is_written(store: Store) -> None:
    assert save(store, "Müller's lamps", "lamps author:müller", seen=4)
    assert not save(store, "MULLER'S LAMPS", "something else")
    assert save(store, "zebras") and save(store, "Ants")
    assert [one.name for one in store.searches.all(OWNER)] == ["Ants", "Müller's lamps", "zebras"]
    found = store.searches.named("muller's Lamps", OWNER)
    assert found and found[:3] == ("Müller's lamps", "lamps author:müller", "new") and found.seen == 4
    assert found.created == found.looked and store.searches.named("lamps", OWNER) is None


def test_looking_moves_forward_only(store: Store) -> None:
    save(store, "lamps", seen=4)
    store.searches.looked(OWNER, "LAMPS", 9)
    store.searches.looked(OWNER, "lamps", 7)
    assert seen_of(store.searches.all(OWNER)) == {"lamps": 9}


def seen_of(found: list[Saved]) -> dict[str, int]:
    return {one.name: one.seen for one in found}


def test_renaming_and_removing(store: Store) -> None:
    save(store, "lamps", seen=3)
    save(store, "wicks")
    assert not store.searches.rename(OWNER, "lamps", "Wicks"), "that name is taken"
    assert not store.searches.rename(OWNER, "oil", "tallow"), "nothing has that name"
    assert store.searches.rename(OWNER, "LAMPS", "Lamps"), "its own name, written otherwise"
    assert store.searches.rename(OWNER, "lamps", "lights")
    assert seen_of(store.searches.all(OWNER)) == {"lights": 3, "wicks": 0}
    store.searches.remove(OWNER, "Lights")
    store.searches.remove(OWNER, "nothing")
    assert seen_of(store.searches.all(OWNER)) == {"wicks": 0}


def test_a_list_has_one_name_and_stays_when_it_is_empty(store: Store) -> None:
    fill(store, 4)
    assert keep(store, "To read", 1, 3, 3) == [1, 3]
    assert keep(store, "to READ", 3, 4) == [4]
    assert keep(store, "talks", 2) == [2]
    assert [(one.name, one.papers) for one in store.lists.own(OWNER)] == [("talks", 1), ("To read", 3)]
    one = store.lists.named("TO READ", OWNER)
    assert one and store.lists.papers(one.id) == [4, 3, 1] and listed(store, "nothing") == []
    assert store.lists.unkeep(one.id, [1, 2, 3, 4]) == [1, 3, 4]
    assert on_lists(store) == {"talks": [2], "To read": []} and store.check() == []


def test_the_row_that_absorbs_another_takes_its_place_on_every_list(store: Store) -> None:
    fill(store, 4)
    keep(store, "both", 1, 2)
    keep(store, "one", 2)
    keep(store, "gone", 3)
    with store.writing() as writer:
        writer.absorb(2, 1)
        writer.remove(3)
    assert on_lists(store) == {"both": [1], "gone": [], "one": [1]}
    with store.writing() as writer:
        writer.absorb(1, 4)
    assert on_lists(store) == {"both": [4], "gone": [], "one": [4]}
    assert store.check() == []


def test_a_merge_by_hand_and_its_undoing_leave_the_paper_on_its_list(store: Store) -> None:
    with store.writing() as writer:
        writer.insert([make("a", "Lamps that answer", ids=["id:a"]), make("b", "Lamps, answering", ids=["id:b"])])
    keep(store, "saved", 2)
    join(store, 1, 2)
    assert listed(store, "saved") == [1]
    split = undo(store, 1, 2)
    assert (split.kept, listed(store, "saved"), store.check()) == (1, [1], [])


def test_the_doctor_finds_a_list_with_a_paper_that_is_not_there(where: str) -> None:
    with Store.open(where) as store:
        fill(store, 1)
        keep(store, "saved", 1)
        assert store.check() == []
    database = Database(where)
    with database.writing() as connection:
        connection.execute(sa.text("INSERT INTO listed (shelf, pk, at) VALUES (1, 7, 0)"))
    database.engine.dispose()
    with Store.open(where) as store:
        assert store.check() == ["1 row of the table listed is of no paper"]


def test_a_note_waits_as_long_as_it_is_told(where: str) -> None:
    with Store.open(where) as store:
        with store.writing():
            if "://" in where:  # a server takes both
                store.searches.remember("lamps", "new", 1, 0.05)
            else:
                with pytest.raises(Busy, match="another process has been writing"):
                    store.searches.remember("lamps", "new", 1, 0.05)
        store.searches.remember("wells", "new", 1, 0.05)
        assert store.searches.asked(1)[0].query == "wells"


def test_history_is_told_latest_first_and_has_an_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "MOST_ASKED", 3)
    for number in range(5):
        store.searches.remember(f"question {number}", "relevance", number)
    assert [(one.query, one.total) for one in store.searches.asked()] == [(f"question {n}", n) for n in (4, 3, 2)]
    assert [one.query for one in store.searches.asked(1)] == ["question 4"]
    assert store.searches.wipe() == 3 and store.searches.asked() == [] and store.searches.wipe() == 0


def test_what_is_wiped_cannot_be_read_from_the_files(tmp_path: Path) -> None:
    def found() -> list[str]:
        return [file.name for file in tmp_path.iterdir() if b"a private matter" in file.read_bytes()]

    with Store.open(tmp_path / "store.sqlite3") as store:
        for number in range(300):
            store.searches.remember(f"a private matter {number} " + "word " * 40, "relevance", 0)
        assert found()
        assert store.searches.wipe() == 300
        assert found() == []
