"""What many readers did, read at once from either database; and the answers to a question that came after a row."""

from collections import Counter
from pathlib import Path

import numpy as np

import daily_library
from broadsheet.editions import tastes
from broadsheet.editions.content import Why
from broadsheet.store import Store
from community_people import readers, sql
from daily_library import pk, row
from test_store import fill

DAY = 86_400
NOW = 1_795_000_000


def test_the_acts_of_many_readers_at_once(store: Store) -> None:
    fill(store, 6)
    ada, ben, cleo = readers(store, 3)
    store.community.vote(ada.id, 1)
    store.community.vote(ben.id, 1)
    store.community.vote(cleo.id, 6)
    store.community.hide(ada.id, 2)
    store.community.read(ada.id, 3)
    shelf = store.lists.begin(ada.id, "mine")
    store.lists.keep(shelf, [4], ben.id)  # somebody of a group puts papers on a list of ada's
    found = store.days.tastes([ada.id, ben.id])
    assert sorted(act[:3] for act in found) == [
        (ada.id, "hide", 2), (ada.id, "read", 3), (ada.id, "save", 4), (ada.id, "vote", 1), (ben.id, "vote", 1),
    ]  # fmt: skip
    assert all(at > NOW - 400 * DAY for _, _, _, at in found)
    assert store.days.tastes([]) == []


def test_the_last_of_each_kind_of_each_reader(store: Store) -> None:
    fill(store, 6)
    for one in readers(store, 2):
        for paper in range(1, 7):
            store.community.vote(one.id, paper)
            store.community.hide(one.id, paper)
    sql(store, "UPDATE vote SET at = :now + pk", now=NOW)
    sql(store, "UPDATE shade SET hidden = :now - pk", now=NOW)
    found = store.days.tastes([2, 3, 4], 2)
    assert Counter((kind, paper) for _, kind, paper, _ in found) == {
        ("hide", 1): 2, ("hide", 2): 2, ("vote", 5): 2, ("vote", 6): 2
    }  # fmt: skip


def test_likes_fade_and_what_is_hidden_is_not_liked(store: Store) -> None:
    fill(store, 4)
    (ada,) = readers(store, 1)
    for paper, days in ((1, 0), (2, 4 * 365), (3, 1)):
        store.community.vote(ada.id, paper)
        sql(store, "UPDATE vote SET at = :at WHERE pk = :pk", at=NOW - days * DAY, pk=paper)
    shelf = store.lists.begin(ada.id, "mine")
    store.lists.keep(shelf, [2], ada.id)
    sql(store, "UPDATE listed SET at = :at", at=NOW - 8 * 365 * DAY)  # saved before it was voted for
    store.community.hide(ada.id, 3)
    found = tastes.likes(store, [ada.id], NOW)[ada.id]
    assert found.liked.tolist() == [1, 2] and found.disliked.tolist() == [3]
    np.testing.assert_allclose(found.weights, [1, 0.5])
    assert found.known == {1, 2, 3}


def test_a_reader_learns_from_the_last_likes(store: Store) -> None:
    fill(store, tastes.LIKED + 20)
    (ada,) = readers(store, 1)
    for paper in range(1, tastes.LIKED + 21):
        store.community.vote(ada.id, paper)
    sql(store, "UPDATE vote SET at = :now + pk", now=NOW)
    one = tastes.likes(store, [ada.id], NOW)[ada.id]
    assert len(one.liked) == tastes.LIKED and one.liked[0] == tastes.LIKED + 20 and 20 not in one.liked
    assert 20 in one.known  # and is sent to nobody who voted for it


def test_what_was_hidden_long_ago_is_known_and_weighs_no_more(store: Store) -> None:
    fill(store, tastes.LIKED + 20)
    (ada,) = readers(store, 1)
    for paper in range(1, tastes.LIKED + 21):
        store.community.hide(ada.id, paper)
    sql(store, "UPDATE shade SET hidden = :now + pk", now=NOW)
    one = tastes.likes(store, [ada.id], NOW)[ada.id]
    assert one.disliked.tolist() == list(range(21, tastes.LIKED + 21)) and {1, 20} <= one.known


def test_a_reason_gets_its_title_or_goes() -> None:
    near = Why("near", {"pk": 7, "count": 2})
    assert tastes.told(near, {7: "Velvet tides"}) == Why("near", {"title": "Velvet tides", "count": 2})
    assert tastes.told(near, {}) is None
    assert tastes.told(Why("front", {}), {}) == Why("front", {})


def test_the_answers_since_a_row(tmp_path: Path) -> None:
    with daily_library.make(tmp_path) as library:
        last, find = library.store.newest(), library.finder
        daily_library.add(library, *(row(f"late{number}", number, 0) for number in range(3)))
        late = [pk(library, f"late{number}") for number in range(3)]

        def since(text: str, most: int = 50) -> list[int]:
            return find.since(library.parse(text), last, most)

        assert since("lantern routing")[0] == late[0]  # others may be near in meaning
        assert since('"quill grammar"') == [late[1]] == since("category:cs.CL")
        assert since("author:late2") == [late[2]]
        assert sorted(since("has:abstract")) == late and len(since("has:abstract", 2)) == 2
        assert since("id:late1") == [late[1]] and since("id:today1") == []
        assert since("like:id:today1")[0] == late[0]
        assert since('"velvet tides"') == []
        assert len(since("lantern routing")) == find.new_since(library.parse("lantern routing"), last)
