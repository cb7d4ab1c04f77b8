"""Votes and shades in the store: once an account and paper, totals that always add up, papers that merge meanwhile."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from broadsheet.errors import Busy, Mistake, NotFound
from broadsheet.store import Store
from broadsheet.store import community as module
from broadsheet.store.community import Shade, Totals
from community_people import counted, reader, readers, sql
from test_store import fill


def test_a_vote_counts_once_and_can_be_taken_back(store: Store) -> None:
    fill(store, 2)
    ada, ben = (one.id for one in readers(store, 2))
    assert store.community.vote(ada, 1) == (1, True, 1)
    assert store.community.vote(ada, 1) == (1, False, 1), "the same form, sent twice"
    assert store.community.vote(ben, 1).votes == 2
    assert store.community.vote(ben, 2, want=False) == (2, False, 0), "nothing was there to be taken back"
    assert store.community.tallies([1, 2, 9]) == {1: Totals(2), 2: Totals(), 9: Totals()}
    assert store.community.votes_of(ada, [1, 2]) == {1} and store.community.votes_of(ada, []) == frozenset()
    assert store.community.vote(ada, 1, want=False) == (1, True, 1)
    assert store.community.votes_of(ada, [1, 2]) == frozenset() and counted(store)


def test_what_was_voted_for_is_told_in_pages(store: Store) -> None:
    fill(store, 5)
    ada = reader(store, "Ada").id
    for pk in range(1, 6):
        store.community.vote(ada, pk)
    sql(store, "UPDATE vote SET at = CASE WHEN pk < 4 THEN 100 ELSE 200 END")
    first = store.community.voted(ada, limit=3)
    assert first == [(5, 200), (4, 200), (3, 100)]
    assert store.community.voted(ada, 3, before=first[-1]) == [(2, 100), (1, 100)]


def test_a_vote_for_a_paper_that_was_absorbed_is_one_for_the_paper_that_stayed(store: Store) -> None:
    fill(store, 3)
    ada, ben = (one.id for one in readers(store, 2))
    store.community.vote(ada, 1)
    store.community.vote(ada, 2)
    with store.writing() as writer:
        writer.absorb(2, 1)
    assert store.community.vote(ada, 2) == (1, False, 1)
    with store.writing() as writer:
        writer.absorb(1, 3)
    assert store.community.vote(ben, 2) == (3, True, 2)
    assert store.community.hide(ben, 1) == 3 and store.community.hidden(ben) == [3] and counted(store)


def test_a_paper_that_is_not_there_takes_nothing(store: Store) -> None:
    fill(store, 1)
    ada = reader(store, "Ada").id
    store.community.vote(ada, 1)
    with store.writing() as writer:
        writer.remove(1)
    for pk in (1, 2, 0, -1):
        with pytest.raises(NotFound, match="not in the library"):
            store.community.vote(ada, pk)
        with pytest.raises(NotFound, match="not in the library"):
            store.community.read(ada, pk)
    assert sql(store, "SELECT * FROM vote") == [] and store.community.tallies([1]) == {1: Totals()}


@pytest.mark.parametrize("state", ["gone", "suspended"])
def test_an_account_that_is_not_active_does_nothing(store: Store, state: str) -> None:
    fill(store, 1)
    ada = reader(store, "Ada").id
    sql(store, "UPDATE account SET state = :state WHERE id = :id", state=state, id=ada)
    for number in (ada, 99):
        with pytest.raises(Mistake, match="not active"):
            store.community.vote(number, 1)
        with pytest.raises(Mistake, match="not active"):
            store.community.hide(number, 1)
    assert store.community.tallies([1]) == {1: Totals()}


def test_hiding_and_reading_are_two_things_and_both_can_be_undone(store: Store) -> None:
    fill(store, 3)
    ada, ben = (one.id for one in readers(store, 2))
    for pk in (1, 2):
        store.community.hide(ada, pk)
        store.community.hide(ada, pk)
    store.community.read(ada, 2)
    store.community.read(ben, 3)
    assert store.community.shades_of(ada, [1, 2, 3]) == {1: Shade(True, False), 2: Shade(True, True)}
    assert sorted(store.community.hidden(ada)) == [1, 2] and [pk for pk, _ in store.community.shaded(ada, "read")] == [
        2
    ]
    sql(store, "UPDATE shade SET hidden = 7")
    first = store.community.shaded(ada, "hidden", limit=1)
    assert first == [(2, 7)] and store.community.shaded(ada, "hidden", before=first[0]) == [(1, 7)]
    store.community.hide(ada, 2, want=False)
    assert store.community.shades_of(ada, [1, 2, 3]) == {1: Shade(True, False), 2: Shade(False, True)}
    store.community.read(ada, 2, want=False)
    store.community.read(ada, 3, want=False)
    assert store.community.shades_of(ada, [1, 2, 3]) == {1: Shade(True, False)}
    assert sql(store, "SELECT count(*) FROM shade") == [(2,)], "what says nothing is not kept"


def test_columns_of_what_happened_since(store: Store) -> None:
    fill(store, 3)
    ada, ben = (one.id for one in readers(store, 2))
    for account, pk in ((ada, 1), (ben, 1), (ben, 3)):
        store.community.vote(account, pk)
    sql(store, "UPDATE vote SET at = account * 100 + pk")
    sql(store, "INSERT INTO comment (pk, account, text, made) VALUES (2, :ada, 'x', 7), (2, NULL, 'x', 8)", ada=ada)
    sql(store, "INSERT INTO comment (pk, account, text, made, gone) VALUES (2, :ada, '', 9, 9)", ada=ada)
    sql(store, "INSERT INTO shelf (id, account, key, name, made) VALUES (5, :ben, 'k', 'k', 0)", ben=ben)
    sql(store, "INSERT INTO listed (shelf, pk, account, at) VALUES (5, 3, :ada, 11)", ada=ada)

    def rows(acts: module.Acts) -> list[tuple[int, ...]]:
        return sorted(zip(*acts, strict=True))

    everything = [(1, ada, ada * 100 + 1), (1, ben, ben * 100 + 1), (3, ben, ben * 100 + 3)]
    assert rows(store.community.votes_since(0)) == everything
    assert rows(store.community.votes_since(ben * 100)) == everything[1:]
    assert rows(store.community.votes_since(1 << 40)) == []
    assert rows(store.community.comments_since(0)) == [(2, ada, 7)]
    assert rows(store.community.saves_since(11)) == [(3, ben, 11)] and rows(store.community.saves_since(12)) == []


def test_many_at_once_are_counted_right(store: Store) -> None:
    """Voting and taking back from several threads while papers merge: every total is what its rows add up to."""
    fill(store, 4)
    accounts = [one.id for one in readers(store, 4)]
    failures: list[BaseException] = []

    def vote(account: int) -> None:
        try:
            for round_ in range(6):
                for pk in (4, 3, 2, 1):
                    store.community.vote(account, pk, want=(round_ + account) % 3 > 0)
        except BaseException as error:  # noqa: BLE001  # told to the test, whatever it is
            failures.append(error)

    threads = [threading.Thread(target=vote, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    with store.writing() as writer:
        writer.absorb(4, 2)
    with store.writing() as writer:
        writer.absorb(3, 1)
    for thread in threads:
        thread.join()
    assert failures == [] and counted(store)
    assert sql(store, "SELECT DISTINCT pk FROM vote WHERE pk > 2") == []


def test_a_vote_waits_a_little_for_who_adds_papers_and_then_says_so(where: str) -> None:
    with Store.open(where) as store:
        fill(store, 1)
        ada = reader(store, "Ada").id
        store.community.wait = 0.2
        began = time.monotonic()
        with store.writing(), pytest.raises(Busy, match=r"for more than 0\.2 s; try again"):
            store.community.vote(ada, 1)
        assert time.monotonic() - began < 5
        assert store.community.tallies([1]) == {1: Totals()} and store.community.vote(ada, 1).votes == 1


def test_the_doctor_finds_totals_that_are_wrong_and_votes_for_nothing(store: Store) -> None:
    fill(store, 3)
    ada = reader(store, "Ada").id
    for pk in (1, 2):
        store.community.vote(ada, pk)
    store.comments.write(ada, 1, "Words.")
    assert store.check() == []
    sql(store, "UPDATE tally SET votes = 5 WHERE pk = 2")
    sql(store, "INSERT INTO vote (pk, account, at) VALUES (9, :ada, 0)", ada=ada)
    assert store.check() == [
        "1 row of the table vote is of no paper",
        "the totals of 1 paper are not what votes, saves and comments add up to",
    ]


def test_a_million_votes_are_read_in_two_seconds(tmp_path: Path) -> None:
    """A tenth of them, in a tenth of the time and a margin."""
    path = tmp_path / "store.sqlite3"
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as base, base:
        rows = ((n % 5_000 + 1, n // 5_000 + 1, n) for n in range(100_000))
        base.executemany("INSERT INTO vote (pk, account, at) VALUES (?, ?, ?)", rows)
    with Store.open(path) as store:
        began = time.process_time()
        acts = store.community.votes_since(0)
        took = time.process_time() - began
    assert len(acts.pk) == len(acts.account) == len(acts.at) == 100_000 and sum(acts.at) == sum(range(100_000))
    assert took < 1.0, took
