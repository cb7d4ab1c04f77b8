"""What each wish brings into an edition, and what comes beside: what is near, what rises, pages of the day."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import daily_library
from broadsheet import groups
from broadsheet.community import picks
from broadsheet.editions.candidates import Pool
from broadsheet.editions.tastes import Interests, background, likes
from broadsheet.library import Library
from broadsheet.people.rights import Reader
from broadsheet.store import Wish
from community_people import BOSS, readers, sql
from daily_library import pk, settled, vote
from editions_built import (
    CL,
    FRONT,
    IR,
    NOW,
    PERSONAL,
    RISING,
    RO,
    codes,
    content,
    day,
    edition,
    part,
    send,
    subscribe,
    titles,
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


# -- wishes ------------------------------------------------------------------------------------------------------------


def test_every_wish_has_its_part_and_every_paper_its_reasons(library: Library) -> None:
    made = edition(library, subscribe(library, IR, Wish("search", "lantern routing today3"), Wish("author", "today7")))
    parts = {(one.key, one.name) for one in content(made).parts}
    assert {("wishes", "lantern routing today3"), ("wishes", "cs.IR"), ("authors", "")} <= parts
    assert part(library, made, "authors") == ["today7"]
    (seventh,) = [one for one in content(made).papers() if one.pk == pk(library, "today7")]
    assert [why.code for why in seventh.whys] == ["author", "search", "topic"]
    assert seventh.whys[0].args == {"name": "today7"}
    first = [one for one in content(made).papers() if one.pk == pk(library, "today3")]
    assert first[0].whys[0].code == "search"


def test_a_phrase_is_a_topic_too(library: Library) -> None:
    assert set(titles(library, edition(library, subscribe(library, Wish("topic", "quill grammar"))))) == {
        "today8", "today9", "today10", "today11"
    }  # fmt: skip


def test_a_wish_is_asked_once_for_all_who_have_it(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    pool = Pool(library, NOW)
    for wish in (IR, Wish("author", "today7"), Wish("search", "quill grammar")):
        assert pool.answer(wish, ada.id) is pool.answer(wish, ben.id) is pool.answer(wish, 0)


def test_a_search_in_a_list_is_its_readers(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    for one, name in ((ada, "today1"), (ben, "today2")):
        library.store.lists.keep_as(one.id, "mine", [pk(library, name)])
        assert library.store.searches.save(one.id, "kept", "in:mine", "relevance", 0)
    pool, wish = Pool(library, NOW), Wish("search", "kept")
    first, second = pool.answer(wish, ada.id), pool.answer(wish, ben.id)
    assert first is not None and second is not None
    assert (first.pks.tolist(), second.pks.tolist()) == ([pk(library, "today1")], [pk(library, "today2")])
    stranger = pool.answer(wish, 0)
    assert stranger is not None and not len(stranger.pks)


def test_who_follows_a_search_follows_it_under_its_new_name_and_no_more_when_it_is_gone(library: Library) -> None:
    (ada,) = readers(library.store, 1)
    searches, wishes = library.store.searches, library.store.subscribers.wishes
    assert searches.save(ada.id, "Quills", '"quill grammar"', "relevance", 0)
    one = subscribe(library, Wish("search", "Quills"), IR, who=ada)
    assert searches.rename(ada.id, "quills", "Pens")
    assert Wish("search", "Pens") in wishes([one.id])[one.id]
    assert ("wishes", "Pens") in [(each.key, each.name) for each in content(edition(library, one)).parts]
    searches.remove(ada.id, "pens")
    assert wishes([one.id])[one.id] == [IR]


def test_a_list_gives_what_was_put_on_it(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    shelf = library.store.lists.begin(ben.id, "Thursdays", seen_by="public")
    library.store.lists.keep(shelf, [pk(library, "year3"), pk(library, "today5")], ben.id)
    one = subscribe(library, Wish("list", str(shelf)), who=ada)
    first = edition(library, one)
    assert set(titles(library, first)) == {"year3", "today5"}  # whenever they appeared
    assert {why.args["name"] for each in content(first).papers() for why in each.whys} == {"Thursdays"}
    send(library, first)
    library.store.lists.keep(shelf, [pk(library, "back40-1")], ben.id)
    assert titles(library, edition(library, one, 1)) == ["back40-1"]


def test_what_was_put_on_a_list_long_ago_is_not_new(library: Library) -> None:
    (ben,) = readers(library.store, 1)
    shelf = library.store.lists.begin(ben.id, "Thursdays", seen_by="public")
    library.store.lists.keep(shelf, [pk(library, "year3"), pk(library, "today5")], ben.id)
    sql(library.store, "UPDATE listed SET at = :at WHERE pk = :pk", at=NOW - 9 * 86_400, pk=pk(library, "year3"))
    assert titles(library, edition(library, subscribe(library, Wish("list", str(shelf))))) == ["today5"]


def test_a_list_that_went_private_is_told_and_its_name_is_not(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    shelf = library.store.lists.begin(ben.id, "Thursdays", seen_by="public")
    library.store.lists.keep(shelf, [pk(library, "today5")], ben.id)
    theirs, mine = (subscribe(library, Wish("list", str(shelf)), RO, who=one) for one in (ada, ben))
    library.store.lists.change(shelf, "Thursdays", "", "private", None)
    made = edition(library, theirs)
    assert "gone-list" in codes(made) and not content(made).parts
    assert b"Thursdays" not in (made.content or b"") and "Thursdays" not in str(content(made))
    assert "gone-list" not in codes(edition(library, mine))


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("topic", '""'), "gone-topic"),
        (Wish("list", "nonsense"), "gone-list"),
        (Wish("list", "999"), "gone-list"),
        (Wish("front", "77"), "gone-front"),
    ],
)
def test_one_bad_wish_stops_nothing(library: Library, wish: Wish, code: str) -> None:
    made = edition(library, subscribe(library, wish, CL))
    assert titles(library, made) and codes(made) == [code]


# -- what is not wished for by name ------------------------------------------------------------------------------------


def liking(library: Library, *names: str) -> Reader:
    (ada,) = readers(library.store, 1)
    for name in names:
        library.store.community.vote(ada.id, pk(library, name))
    return ada


def test_what_is_near_to_what_a_reader_liked(library: Library) -> None:
    ada = liking(library, "back10-1", "back11-1", "back20-1")  # of quill grammar
    made = edition(library, subscribe(library, PERSONAL, who=ada))
    found = part(library, made, "near")
    assert set(found) == {"today8", "today9", "today10", "today11"}
    why = content(made).parts[0].papers[0].whys[0]
    assert why.code == "near" and str(why.args["title"]).startswith("Quill grammar back") and "pk" not in why.args


def test_a_reader_who_has_liked_nothing_is_told_how(library: Library) -> None:
    (ada,) = readers(library.store, 1)
    made = edition(library, subscribe(library, PERSONAL, who=ada))
    assert codes(made) == ["nothing-new", "unliked"]


def test_what_a_reader_voted_for_read_or_hid_is_not_news(library: Library) -> None:
    ada = liking(library, "today0")
    library.store.community.hide(ada.id, pk(library, "today1"))
    library.store.community.read(ada.id, pk(library, "today2"))
    library.store.lists.keep_as(ada.id, "mine", [pk(library, "today3")])
    found = titles(library, edition(library, subscribe(library, IR, who=ada)))
    assert found and not {"today0", "today1", "today2", "today3"} & set(found)


def test_what_was_put_out_of_sight_counts_against_what_is_near(library: Library) -> None:
    ada, reader = liking(library, "back10-1", "back11-0"), library.index.reader()  # of quill grammar, lantern routing
    rows, found = np.array([pk(library, "today8"), pk(library, "today0")]), []
    assert reader is not None
    for hidden in ("", "back10-0", "back11-3"):
        if hidden:
            library.store.community.hide(ada.id, pk(library, hidden))
        known = likes(library.store, [ada.id], NOW)[ada.id]
        found.append(Interests(reader, background(reader), [known]).scores(rows)[0])
    first, second, third = found
    assert first[1] > second[1] > third[1] and abs(third[0] - first[0]) < 0.5


def test_what_rises_comes_whenever_it_appeared(library: Library) -> None:
    some = settled(library, 9)
    vote(library, some, "back10-4")
    library.refresh_trends(0)
    made = edition(library, subscribe(library, RISING))
    assert part(library, made, "rising")[0] == "back10-4"
    assert content(made).parts[0].papers[0].whys[0].args == {"count": 9}


def test_what_rose_long_ago_does_not_rise(library: Library) -> None:
    vote(library, settled(library, 9), "back10-4")
    library.refresh_trends(0)
    assert Pool(library, NOW).rising() is not None
    assert Pool(library, NOW + 5 * 86_400).rising() is None


def test_the_page_of_the_day_begins_with_what_editors_chose(library: Library) -> None:
    for name, note in (("back20-1", "It says the most."), ("today4", "")):
        picks.pick(library.store, BOSS, day(), pk(library, name), note=note)
    made = edition(library, subscribe(library, FRONT))
    found = part(library, made, "front")
    assert found[:2] == ["back20-1", "today4"] and len(found) > 5
    first, second, third = content(made).parts[0].papers[:3]
    assert (first.whys[0].code, first.whys[0].args) == ("picked", {"note": "It says the most."})
    assert (second.whys[0].code, third.whys[0].code) == ("chosen", "front")


def test_the_page_of_a_group_is_for_who_sees_it(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    team = groups.begin(library.store, ben.id, "The blotting room", seen="members")
    picks.pick(library.store, ben, day(), pk(library, "back20-1"), team=team.id, note="Read part 3.")
    wish = Wish("front", str(team.id))
    mine = edition(library, subscribe(library, wish, who=ben))
    assert titles(library, mine) == ["back20-1"] and content(mine).parts[0].name == "The blotting room"
    theirs = edition(library, subscribe(library, wish, who=ada))
    assert "gone-front" in codes(theirs) and "blotting" not in str(content(theirs))


def test_the_wild_card_is_of_a_field_that_the_reader_does_not_follow(library: Library) -> None:
    ada = liking(library, "back10-0", "back11-0")
    made = edition(library, subscribe(library, IR, PERSONAL, who=ada))
    (card,) = part(library, made, "wild")
    assert card in {"today8", "today9", "today10", "today11"}
    assert content(made).parts[-1].papers[0].whys[0].args == {"name": "cs.CL"}
    exact = edition(library, subscribe(library, Wish("author", "today1")))
    assert part(library, exact, "wild") == []  # who asks for an author wants just that
