"""Editions of a real library: what is new for whom, what is never sent twice, and what happens on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import daily_library
import web_library
from broadsheet.editions import verdicts
from broadsheet.editions.build import NO_WISHES, NOTHING_NEW, build, preview
from broadsheet.library import Library
from broadsheet.store import Edition, Schedule, Wish
from broadsheet.watch import Watch
from community_people import readers
from daily_library import add, pk, row
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
    new,
    send,
    subscribe,
    titles,
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


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


def test_what_comes_back_after_the_next_one_left_is_new_again(library: Library) -> None:
    one = subscribe(library, IR)
    first = edition(library, one)
    send(library, first)
    new(library, "fresh1")
    send(library, edition(library, one, 1))
    library.store.editions.settle(first.id, "bounced", "", NOW)
    third = edition(library, one, 2)
    assert set(titles(library, third)) == set(titles(library, first))
    send(library, third)
    assert codes(edition(library, one, 3)) == ["nothing-new"]


def test_what_may_have_arrived_is_not_sent_again(library: Library) -> None:
    one = subscribe(library, IR)
    send(library, edition(library, one), "unsure")
    assert codes(edition(library, one, 1)) == ["nothing-new"]


def test_what_waits_is_in_the_next_one_too_until_it_is_sent(library: Library) -> None:
    one = subscribe(library, IR)
    first = edition(library, one)
    assert set(titles(library, edition(library, one, 1))) == set(titles(library, first))
    store = library.store.editions
    ended = store.at(first.id)
    assert ended is not None and (ended.state, ended.reason) == ("failed", verdicts.OVERTAKEN)
    assert not store.claim(first.id)  # a sender that has just looked at it comes too late


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


def test_it_is_the_same_on_either_database(where: str, tmp_path: Path) -> None:
    with web_library.make(tmp_path, daily_library.rows(), flags={"store": where}) as library:
        (ada,) = readers(library.store, 1)
        for name in ("back10-1", "back11-1", "back20-1"):
            library.store.community.vote(ada.id, pk(library, name))
        one = subscribe(library, IR, PERSONAL, FRONT, RISING, who=ada)
        first = edition(library, one)
        assert {part.key for part in content(first).parts} >= {"wishes", "near"}
        send(library, first)
        new(library, "fresh1")
        library.join("today0", "back10-0")
        assert titles(library, edition(library, one, 1)) == ["fresh1"]
