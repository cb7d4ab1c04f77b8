"""Editions of a real library: what is new for whom, what is never sent twice, and what happens on the way."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import daily_library
from broadsheet import groups
from broadsheet.community import picks
from broadsheet.community.periods import number
from broadsheet.editions.build import NO_WISHES, NOTHING_NEW, build, preview
from broadsheet.editions.candidates import Pool
from broadsheet.editions.content import PARTS, Content, unpack
from broadsheet.editions.tastes import Interests, background, likes
from broadsheet.library import Library
from broadsheet.people.rights import Reader
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from broadsheet.watch import Watch
from community_people import BOSS, readers, sql
from daily_library import FIELDS, add, pk, row, settled, today, vote

NOW = int(time.time())
IR, CL, RO = (Wish("topic", field) for field in FIELDS)
RISING, FRONT, PERSONAL = Wish("rising"), Wish("front"), Wish("personal")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


def subscribe(library: Library, *wishes: Wish, who: Reader | None = None, **more: Any) -> Subscriber:
    name = who.name.replace(" ", "").lower() if who else f"nobody{time.monotonic_ns()}"
    schedule = Schedule(**more)
    return library.store.subscribers.put(f"{name}@example.org", who.id if who else None, schedule, wishes, NOW)


def day(after: int = 0) -> int:
    return number(today() + timedelta(days=after))


def edition(library: Library, one: Subscriber, after: int = 0) -> Edition:
    """The one that is made for a day so many days from now."""
    build(library, [(one, day(after), NOW)], NOW)
    (found,) = [each for each in library.store.editions.of(one.id) if each.day == day(after)]
    return found


def content(made: Edition) -> Content:
    assert made.state == "ready" and made.content is not None
    return unpack(made.content)


def send(library: Library, made: Edition, state: str = "sent") -> None:
    assert library.store.editions.claim(made.id)
    library.store.editions.settle(made.id, state, "", NOW)


def titles(library: Library, made: Edition) -> list[str]:
    """The names of its papers, in order, without the wild card."""
    return [name for key in PARTS[:-1] for name in part(library, made, key)]


def new(library: Library, name: str, field: int = 0, **more: Any) -> str:
    """A paper of today, which comes now."""
    add(library, row(name, field, 0, **more))
    return name


def codes(made: Edition) -> list[str]:
    return [why.code for why in content(made).quiet]


def part(library: Library, made: Edition, key: str) -> list[str]:
    """The names of the papers of a part: `daily_library.row` makes them the last word of the title."""
    rows = [one.pk for each in content(made).parts if each.key == key for one in each.papers]
    papers = library.store.get(rows)
    return [papers[row].title.rpartition(" ")[2] for row in rows]


# -- what is new -------------------------------------------------------------------------------------------------------


def test_the_first_edition_is_of_the_last_day_or_of_the_last_week(library: Library) -> None:
    made = edition(library, subscribe(library, IR, CL, RO))
    assert set(titles(library, made)) == {f"today{number}" for number in range(12)}
    assert content(made).looked == 12
    weekly = edition(library, subscribe(library, IR, CL, RO, every="week"))
    assert set(titles(library, weekly)) == set(titles(library, made))  # ten days back is more than a week


def test_papers_and_bytes_of_a_row_say_the_same(library: Library) -> None:
    made = edition(library, subscribe(library, IR))
    assert np.frombuffer(made.papers, "<i4").tolist() == [one.pk for one in content(made).papers()]
    assert made.upto == library.store.newest()


def test_no_paper_comes_twice_and_a_new_one_comes_once(library: Library) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one))
    new(library, "fresh1")
    second = edition(library, one, 1)
    assert titles(library, second) == ["fresh1"] and codes(second) == ["few"]
    send(library, second)
    assert codes(edition(library, one, 2)) == ["nothing-new"]


@pytest.mark.parametrize("state", ["bounced", "refused", "failed"])
def test_what_did_not_arrive_is_new_again(library: Library, state: str) -> None:
    one = subscribe(library, IR)
    first = edition(library, one)
    send(library, first, state)
    new(library, "fresh1")
    assert set(titles(library, edition(library, one, 1))) == {*titles(library, first), "fresh1"}


def test_what_may_have_arrived_is_not_sent_again(library: Library) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one), "unsure")
    assert codes(edition(library, one, 1)) == ["nothing-new"]


def test_what_waits_is_in_the_next_one_too_until_it_is_sent(library: Library) -> None:
    one = subscribe(library, IR)
    first = edition(library, one)
    assert set(titles(library, edition(library, one, 1))) == set(titles(library, first))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_paper_that_was_merged_since_is_not_sent_again(library: Library, swapped: bool) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one))
    new(library, "twin", title="Another title for the same velvet", abstract="velvet " * 9)
    pair = ("today0", "twin")
    library.join(*(pair[::-1] if swapped else pair))
    assert titles(library, edition(library, one, 1)) == []


def test_a_new_version_is_no_new_paper(library: Library) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one))
    add(library, row("today0", 0, 0, abstract="lantern routing, revised " * 4))
    assert titles(library, edition(library, one, 1)) == []


def test_old_papers_that_are_brought_in_flood_nobody(library: Library) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one))
    add(library, *(row(f"old{number}", 0, 400 + number) for number in range(40)))
    made = edition(library, one, 1)
    assert titles(library, made) == [] and content(made).looked == 0


def test_who_was_away_has_the_last_two_weeks(library: Library) -> None:
    one = subscribe(library, IR, CL, RO)
    first = Edition(0, one.id, day(-40), "sent", "", 1, 0, 0, 1, b"", None, 1, 1)
    library.store.editions.put([first])
    found = set(titles(library, edition(library, one)))
    assert any(name.startswith("today") for name in found) and any(name.startswith("back1") for name in found)
    assert not any(name.startswith(("back20", "back40", "year")) for name in found)


def test_what_is_not_indexed_yet_comes_with_the_next_one(library: Library, tmp_path: Path) -> None:
    one = subscribe(library, IR)
    file = tmp_path / "late.jsonl"
    file.write_text(json.dumps(row("late", 0, 0)) + "\n")
    library.add([file], index=False)
    first = edition(library, one)
    assert "late" not in titles(library, first) and first.upto < library.store.newest()
    send(library, first)
    library.refresh()
    assert titles(library, edition(library, one, 1)) == ["late"]


def test_a_paper_that_is_gone_from_the_store_is_in_no_letter(library: Library) -> None:
    one, gone = subscribe(library, IR), pk(library, "today0")
    with library.store.writing() as writer:
        writer.remove(gone)
    assert "today0" not in titles(library, edition(library, one))


# -- the ledger --------------------------------------------------------------------------------------------------------


class _Stopped(Exception):
    pass


class _Killer(Watch):
    """Ends a run when so many are done."""

    def __init__(self, after: int) -> None:
        self.after = after

    def stage(self, name: str, total: int, unit: str) -> None:
        pass

    def moved(self, done: int, note: str = "") -> None:
        if done >= self.after:
            raise _Stopped


def test_a_run_that_was_killed_goes_on_where_it_was(library: Library) -> None:
    some = [subscribe(library, IR) for _ in range(7)]
    turns = [(one, day(), NOW) for one in some]
    with pytest.raises(_Stopped):
        build(library, turns, NOW, batch=2, watch=_Killer(4))
    before = {one.id: library.store.editions.of(one.id) for one in some}
    assert sum(map(len, before.values())) == 4
    built = build(library, turns, NOW, batch=2)
    assert (built.made, built.skipped, built.withheld) == (3, 0, 0)
    assert all(len(library.store.editions.of(one.id)) == 1 for one in some)
    assert all(library.store.editions.of(id) == rows for id, rows in before.items() if rows)
    assert build(library, turns, NOW).made == 0


def test_the_order_and_the_company_make_no_difference(library: Library) -> None:
    ada, ben = readers(library.store, 2)
    for name in ("back10-0", "back11-0"):
        library.store.community.vote(ada.id, pk(library, name))
    some = [
        subscribe(library, IR, PERSONAL, who=ada),
        subscribe(library, RO, PERSONAL, who=ben),
        subscribe(library, CL),
    ]
    turns = [(one, day(), NOW) for one in some]
    alone = [content(preview(library, one, day(), NOW)) for one in some]
    assert not any(library.store.editions.of(one.id) for one in some)
    build(library, turns[::-1], NOW, batch=2)
    assert [content(library.store.editions.of(one.id)[0]) for one in some] == alone


def test_who_gets_none_has_a_row_that_says_why(library: Library) -> None:
    store = library.store
    bounced, paused, left, nothing = (subscribe(library, IR) for _ in range(4))
    store.subscribers.suppress(bounced.email, "bounce", "5.1.1", NOW)
    store.subscribers.reschedule(paused.id, Schedule(paused=day(3)))
    store.subscribers.leave(left.id, NOW)
    store.subscribers.want(nothing.id, [])
    turns = [
        (one, day(), NOW) for id in (bounced.id, paused.id, left.id, nothing.id) if (one := store.subscribers.at(id))
    ]
    built = build(library, turns, NOW)
    assert (built.made, built.skipped, built.withheld) == (0, 1, 3)
    said = {one.id: store.editions.of(one.id)[0] for one, _, _ in turns}
    assert "came back" in said[bounced.id].reason and "paused" in said[paused.id].reason
    assert "unsubscribed" in said[left.id].reason
    assert (said[nothing.id].state, said[nothing.id].reason) == ("skipped", NO_WISHES)
    assert all(made.done for made in said.values()) and built.reasons[NO_WISHES] == 1


@pytest.mark.parametrize(("quiet", "state"), [("say", "ready"), ("skip", "skipped")])
def test_a_quiet_day_is_said_or_skipped(library: Library, quiet: str, state: str) -> None:
    one = subscribe(library, Wish("topic", "cs.XX"), quiet=quiet)
    made = edition(library, one)
    assert (made.state, made.reason) == (state, "" if state == "ready" else NOTHING_NEW)
    assert codes(preview(library, one, day(), NOW)) == ["nothing-new"]


def test_a_library_without_an_index_or_a_board_says_so(tmp_path: Path) -> None:
    with daily_library.make(tmp_path, ()) as library:
        (ada,) = readers(library.store, 1)
        made = edition(library, subscribe(library, IR, RISING, FRONT, PERSONAL, who=ada))
        assert codes(made) == ["nothing-new", "unliked"] and made.upto == 0 and not content(made).parts


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
    [(Wish("list", "nonsense"), "gone-list"), (Wish("list", "999"), "gone-list"), (Wish("front", "77"), "gone-front")],
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
