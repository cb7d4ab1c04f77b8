"""Bulk loads beside other writers: what one holds back, the others find or make up for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broadsheet import blocking
from broadsheet.paper import Paper, make
from broadsheet.store import Prepared, Store, encode, mark_of

NAMES = "Amber Birch Cedar Delta Ember Fjord".split()


def paper(number: int, identifier: str = "") -> Paper:
    name = NAMES[number]
    title = f"{name} lamps answer their {name} wicks"
    return make("test", title, ids=[identifier or f"id:p{number}"], authors=[f"Ada {name}"], year=2020)


def prepared(copy: Paper) -> Prepared:
    own, more = blocking.of(copy.title, copy.first_author)
    return Prepared(encode(copy), copy.ids, tuple(mark_of(one) for one in copy.ids), own, more)


@contextmanager
def two(folder: Path) -> Iterator[tuple[Store, Store]]:
    """The same store, opened by two."""
    with Store.open(folder / "a.sqlite3") as one, Store.open(folder / "a.sqlite3") as other:
        yield one, other
        assert one.check() == []


def test_one_process_at_a_time_holds_rows_back(tmp_path: Path) -> None:
    with two(tmp_path) as (one, other):
        with one.bulk():
            with one.writing() as writer:
                assert writer.sift([prepared(paper(1))]) == ([0], [])
                writer.admit([prepared(paper(1))])
            with other.bulk(), other.writing() as writer:
                assert writer.sift([prepared(paper(2))]) == ([], [0]), "the ordinary way: everything is looked at"
                writer.insert([paper(2)])
            with one.writing() as writer:
                assert writer.sift([prepared(paper(n)) for n in (1, 2, 3)]) == ([2], [0, 1])
        with other.bulk(), other.writing() as writer:
            assert writer.sift([prepared(paper(3))]) == ([0], [])


def test_ids_that_came_without_a_new_paper_are_known(tmp_path: Path) -> None:
    with two(tmp_path) as (one, other):
        with other.writing() as writer:
            (pk,) = writer.insert([paper(1)])
        with one.bulk():
            with other.writing() as writer:
                writer.replace([(pk, make("test", paper(1).title, ids=["id:p1", "doi:10.1/x"], authors=["Ada Birch"]))])
            with one.writing() as writer:
                assert writer.sift([prepared(paper(2, "doi:10.1/x"))]) == ([], [0])


def test_an_id_that_leads_to_another_paper_is_told(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite3") as store:
        with store.writing() as writer:
            first, second = writer.insert([paper(1), paper(2)])
            writer.forget(paper(1).ids)
            writer.remember([(second, paper(1))])
        assert store.check() == [f"1 paper cannot be found by their ids or title, the first in row {first}"]


def test_the_lock_is_let_go_of(store: Store) -> None:
    """On every kind of store."""
    for number in (1, 2):
        with store.bulk(), store.writing() as writer:
            assert writer.sift([prepared(paper(number))]) == ([0], [])
            writer.admit([prepared(paper(number))])
    assert store.count() == 2 and store.check() == []
