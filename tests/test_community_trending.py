"""The job of trending: counters that move, the board and its files, what counts and what does not."""

import fcntl
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import daily_library
import web_library
from broadsheet.community import board, counters, topics, trending
from broadsheet.community.board import Board, Boards, Window
from broadsheet.community.counters import Opens, follow, readings
from broadsheet.community.topics import Phrase
from broadsheet.errors import Busy, Mistake
from broadsheet.library import Library
from broadsheet.paper import make as paper_of
from broadsheet.paper import merge
from broadsheet.store import Reading, Store
from broadsheet.trend import CITATIONS, HOUR, STARS, VOTES, WINDOW
from broadsheet.web.clock import Clock
from community_people import readers, sql
from daily_library import DAY, pk, row, settled, vote
from test_store import fill

NOW = int(time.time())


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


def newest(library: Library) -> Board:
    found = library.boards.current()
    assert found is not None
    return found


# -- counters ----------------------------------------------------------------------------------------------------------


def test_what_sources_count_is_read_with_when_they_said_so() -> None:
    paper = paper_of(
        "hf", "A title", at="2026-11-19T08:00:00Z", ids=["id:x"], citations=7,
        extra={"hf_upvotes": "31", "github_stars": "120"},
    )  # fmt: skip
    at = 1_795_075_200
    assert list(readings(4, paper, at + DAY)) == [
        Reading(4, "citations", "hf", at, 7), Reading(4, "stars", "hf", at, 120), Reading(4, "mentions", "hf", at, 31),
    ]  # fmt: skip
    assert {one.at for one in readings(4, paper, at - 5)} == {at - 5}  # nobody has read it tomorrow


@pytest.mark.parametrize("text", ["", "many", "-3", "3.5", "٣", "9" * 30, "0x10", " 7"])
def test_a_counter_that_is_none_is_left_out(text: str) -> None:
    paper = replace(paper_of("hf", "A title", ids=["id:x"]), extra=(("hf_upvotes", text), ("github_stars", text)))
    assert list(readings(1, paper, NOW)) == []


def test_a_feed_that_names_a_paper_mentions_it_and_its_own_papers_not() -> None:
    own = paper_of("feed", "A title", at="2026-11-19", ids=["id:x"], extra={"feed": "Quills"})
    assert list(readings(1, own, NOW)) == []
    both = merge(own, paper_of("arxiv", "A title", at="2026-11-19", ids=["id:x"]))
    assert [one[1:3] + one[4:] for one in readings(1, both, NOW)] == [("mentions", "feed", 1)]


def test_only_changes_are_noted(store: Store) -> None:
    fill(store, 2)
    first = [Reading(1, "citations", "openalex", 100, 5), Reading(2, "stars", "hf", 100, 9)]
    assert store.counters.note(first) == 2
    assert store.counters.note(first) == 0
    later = [Reading(1, "citations", "openalex", 200, 5), Reading(2, "stars", "hf", 200, 12)]
    assert store.counters.note(later) == 1  # five citations are still five
    assert store.counters.note([Reading(2, "stars", "hf", 150, 3)]) == 0  # what was said before is no news
    assert store.counters.note([Reading(1, "citations", "crossref", 200, 4)]) == 1  # another counts for itself
    assert sorted(store.counters.readings(0)) == [
        Reading(1, "citations", "crossref", 200, 4), Reading(1, "citations", "openalex", 100, 5),
        Reading(2, "stars", "hf", 100, 9), Reading(2, "stars", "hf", 200, 12),
    ]  # fmt: skip
    assert sorted(store.counters.readings(150)) == [
        Reading(1, "citations", "crossref", 200, 4), Reading(2, "stars", "hf", 100, 9),
        Reading(2, "stars", "hf", 200, 12),
    ]  # fmt: skip  # with what it grew from


def test_openings_add_up(store: Store) -> None:
    fill(store, 1)
    store.counters.add_opens({(1, 500): 3, (1, 501): 1}, 1.0)
    store.counters.add_opens({(1, 501): 4}, 1.0)
    assert store.counters.opened(0).tolist() == [[1, 500, 3], [1, 501, 5]]
    assert store.counters.opened(501 * HOUR).tolist() == [[1, 501, 5]]


def test_accounts_say_since_when_they_are_here(store: Store) -> None:
    fill(store, 1)
    ada, ben = readers(store, 2)
    store.community.vote(ada.id, 1)
    sql(store, "UPDATE vote SET at = 4321")
    known = {int(one[0]): int(one[2]) for one in store.counters.accounts()}
    assert known[ada.id] == 4321 and known[ben.id] == 0
    sql(store, "UPDATE account SET state = 'suspended' WHERE id = :id", id=ada.id)
    assert ada.id not in store.counters.accounts()[:, 0]


def test_every_change_that_counts_is_noticed(store: Store) -> None:
    fill(store, 2)
    (ada,) = readers(store, 1)
    seen = [store.counters.moved()]
    store.community.vote(ada.id, 1)
    seen.append(store.counters.moved())
    store.community.vote(ada.id, 1, False)
    store.community.vote(ada.id, 2)
    store.lists.keep_as(ada.id, "saved", [1])
    seen.append(store.counters.moved())
    store.counters.note([Reading(1, "stars", "hf", 100, 9)])
    seen.append(store.counters.moved())
    store.counters.add_opens({(1, 500): 1}, 1.0)
    seen.append(store.counters.moved())
    sql(store, "UPDATE account SET state = 'suspended' WHERE id = :id", id=ada.id)
    seen.append(store.counters.moved())
    assert len(set(seen)) == len(seen)


def test_following_goes_on_where_it_was_and_begins_again_for_another_store(library: Library, tmp_path: Path) -> None:
    daily_library.add(library, row("counted", 0, 0, citations=3))
    place = tmp_path / "followed.json"
    assert follow(library.store, place, NOW) == 1
    assert follow(library.store, place, NOW) == 0
    reached = json.loads(place.read_text())["seq"]
    assert reached == library.store.change()
    daily_library.add(library, row("counted", 0, 0, citations=8))
    assert follow(library.store, place, NOW + 60) == 1
    for damaged in ("", "{}", '{"seq": 1, "mark": 77}', "[1]"):
        place.write_text(damaged)
        assert follow(library.store, place, NOW + 120) == 0  # looked at again, and known
        assert json.loads(place.read_text())["seq"] == library.store.change()


# -- openings ----------------------------------------------------------------------------------------------------------


def test_openings_wait_in_memory_and_robots_are_not_counted(library: Library) -> None:
    opens, browser = Opens(library.store), "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
    for agent in (browser, browser, "", "Googlebot/2.1", "curl/8.9", "python-requests/2.32", "HeadlessChrome/140"):
        opens.note(1, agent)
    assert not len(library.store.counters.opened(0))
    opens.flush()
    assert library.store.counters.opened(0)[:, 2].tolist() == [2]
    opens.flush()
    assert library.store.counters.opened(0)[:, 2].tolist() == [2]


def test_openings_outlast_a_busy_store(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    opens = Opens(library.store)
    opens.note(1, "Mozilla/5.0 Firefox/150.0")
    monkeypatch.setattr(counters, "PATIENCE", 0.01)
    with library.store.writing(), pytest.raises(Busy):
        opens.flush()
    opens.flush()
    assert library.store.counters.opened(0)[:, 2].tolist() == [1]


# -- the job -----------------------------------------------------------------------------------------------------------


def test_a_planted_riser_rises_and_says_so(library: Library) -> None:
    voters = settled(library, 12)
    vote(library, voters, "today3")
    vote(library, voters[:1], "today4")
    assert library.boards.current() is None and library.trending().hits == ()
    assert library.refresh_trends(0)
    for window in WINDOW:
        found = library.trending(window)
        assert found.hits[0].paper.key == "today3" and found.at > 0
        assert found.hits[0].why.startswith("12 votes in ")
        assert found.total == len(newest(library).windows[window].order)
    said = library.trending("day").to_dict()
    terms = said["hits"][0]["terms"]["votes"]
    assert terms["count"] == 12 and terms["ratio"] > 1 and said["hits"][0]["score"] > 0


def test_what_accounts_did_that_are_suspended_or_gone_counts_for_nothing(library: Library) -> None:
    voters = settled(library, 10)
    vote(library, voters, "today3")
    sql(library.store, "UPDATE account SET state = 'suspended' WHERE name LIKE 'Reader%'")
    assert library.refresh_trends(0)
    assert library.trending("day").total == 0 and newest(library).events == 0


def test_within_a_topic_only_its_papers(library: Library) -> None:
    voters = settled(library, 9)
    for name in ("today1", "today9", "back10-1"):
        vote(library, voters, name)
    library.refresh_trends(0)
    keys = {hit.paper.key for hit in library.trending("month", "CS.CL").hits}
    assert keys == {"today9", "back10-1"}
    assert {hit.paper.key for hit in library.trending("month", "quill grammar").hits} == keys
    assert library.trending("month", "no such words").total == 0
    parts = [library.trending("month", limit=1, offset=offset).hits[0].paper.key for offset in range(3)]
    assert len(set(parts)) == 3
    for wrong in ({"window": "year"}, {"limit": 0}, {"limit": 999}, {"offset": -1}):
        with pytest.raises(Mistake):
            library.trending(**wrong)


def test_it_is_made_when_something_moved_and_not_more_often(library: Library) -> None:
    store, home, index = library.store, library.home, library.index
    now = int(time.time())
    assert trending.refresh(home, store, index, now=now)
    assert not trending.refresh(home, store, index, now=now + trending.EVERY - 1)  # just made
    assert not trending.refresh(home, store, index, now=now + trending.EVERY)  # nothing has happened
    vote(library, settled(library, 1), "today1")
    assert trending.refresh(home, store, index, now=now + trending.EVERY)
    later = now + trending.EVERY + trending.STALE
    assert trending.refresh(home, store, index, now=later)  # scores decay
    assert newest(library).now == later
    assert trending.refresh(home, store, index, now=now)  # the clock was set back


def test_one_at_a_time(library: Library) -> None:
    folder = library.home / board.FOLDER
    folder.mkdir()
    with (folder / "LOCK").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert not library.refresh_trends(0)
    assert library.refresh_trends(0)


def test_a_library_without_an_index_is_not_measured(tmp_path: Path) -> None:
    with web_library.make(tmp_path, ()) as library:
        assert not library.refresh_trends(0)


def test_the_board_may_be_deleted_or_damaged_at_any_time(library: Library) -> None:
    vote(library, settled(library, 9), "today3")
    library.refresh_trends(0)
    before = newest(library)
    folder = library.home / board.FOLDER
    (folder / before.name / "meta.json").write_text("{")
    assert Boards(library.home).current() is None
    assert library.refresh_trends(0) and newest(library).name != before.name
    assert [hit.paper.key for hit in library.trending("day").hits] == ["today3"]
    shutil.rmtree(folder)
    assert library.boards.current() is None and library.trending("day").at == 0
    assert before.windows["day"].order.tolist() == [pk(library, "today3")]  # whoever has it still reads it
    assert library.refresh_trends(0) and newest(library).windows["day"].order.tolist() == [pk(library, "today3")]


def test_old_boards_go(library: Library) -> None:
    for _ in range(4):
        assert library.refresh_trends(0)
    folders = sorted(path.name for path in (library.home / board.FOLDER).glob("0*"))
    assert folders == ["000003", "000004"] and newest(library).name == "000004"


def test_files_say_what_was_measured(library: Library) -> None:
    vote(library, settled(library, 9), "today3")
    reader = library.index.reader()
    assert reader is not None
    made = trending.measured(library.store, trending.facts_of(reader.columns), int(time.time()), opens=False)
    board.save(library.home, made)
    read = newest(library)
    row = pk(library, "today3")
    for name, one in made.windows.items():
        other = read.windows[name]
        assert other.order.tolist() == one.order.tolist() and other.points(row) == one.points(row)
        assert other.terms.score == pytest.approx(one.terms.score, rel=1e-6)
        assert np.array_equal(other.terms.count, one.terms.count)
        found = other.scores(np.array([0, row, 10**6]))
        assert found[1] > 0 and found[[0, 2]].tolist() == [0, 0]
        assert other.points(10**6) == () and other.one(10**6) is None
    assert sum(read.windows["day"].points(row)) == 9 and len(read.windows["day"].points(row)) == board.POINTS["day"]


def test_a_vote_taken_back_is_none(library: Library) -> None:
    voters = settled(library, 9)
    vote(library, voters, "today3")
    for one in voters:
        library.store.community.vote(one.id, pk(library, "today3"), False)
    library.refresh_trends(0)
    assert library.trending("day").total == 0


def test_openings_count_only_where_the_owner_wants_it(library: Library) -> None:
    hour = int(time.time()) // HOUR
    for name, count in (("today3", 40), ("today4", 1), ("today5", 1)):
        library.store.counters.add_opens({(pk(library, name), hour - 1): count}, 1.0)
    assert library.refresh_trends(0) and newest(library).events == 0
    assert trending.refresh(library.home, library.store, library.index, opens=True, every=0)
    assert newest(library).events == 3


def test_a_first_reading_of_a_paper_known_by_its_year_is_a_level(library: Library) -> None:
    """It appears on the day on which it comes, and its citations are those of years."""
    year = str(daily_library.today().year)
    daily_library.add(library, row("famous", 0, 0, date=year, year=int(year), citations=900))
    daily_library.add(library, row("new", 0, 0, citations=4))
    library.refresh_trends(0)
    reader = library.index.reader()
    assert reader is not None
    given = trending.gathered(library.store, trending.facts_of(reader.columns), int(time.time()) + 60, opens=False)
    assert given.events.paper.tolist() == [pk(library, "new")]
    assert set(given.events.signal.tolist()) <= {CITATIONS}
    assert given.papers.since[pk(library, "famous"), STARS] == given.papers.since[0, VOTES]  # never: none is known


def test_topics_of_papers_are_their_categories(library: Library) -> None:
    reader = library.index.reader()
    assert reader is not None
    facts = trending.facts_of(reader.columns)
    assert facts.topics.shape == (reader.columns.rows, trending.TOPICS)
    codes = {name: int(facts.topics[pk(library, name), 0]) for name in ("today0", "today1", "today9", "year1")}
    assert codes["today0"] == codes["today1"] != codes["today9"] and codes["year1"] == -1
    assert not facts.live[0]
    day = daily_library.back(20)
    assert facts.appeared[pk(library, "back20-0")] // DAY == (day - day.replace(1970, 1, 1)).days


# -- phrases -----------------------------------------------------------------------------------------------------------


def test_a_phrase_rises_that_is_commoner_now() -> None:
    before = [f"Grasping pears with {word} hands" for word in "one two three four five six".split()] * 10
    late = [*before, *(f"Sparse lantern routing for {number} harbours" for number in range(12))]
    found = topics.phrases(late, before)
    assert "lantern routing" in found[0].text.lower() and found[0].late == 12 and found[0].usual == 0
    assert not any("pears" in one.text for one in found)
    assert topics.phrases(before, before) == ()
    assert topics.phrases([], []) == ()


def test_too_few_papers_tell_of_no_wave(library: Library) -> None:
    library.refresh_trends(0)
    assert newest(library).topics == topics.NONE


def test_a_library_known_by_years_compares_years(tmp_path: Path) -> None:
    old = [row(f"a{n}", 0, 0, title=f"Grasping pears {n}", date="2020", year=2020) for n in range(70)]
    new = [row(f"b{n}", 0, 0, title=f"Silent looms weave maps {n}", date="2021", year=2021) for n in range(70)]
    with daily_library.make(tmp_path, [*old, *new]) as library:
        library.refresh_trends(0)
        found = newest(library).topics
        assert (found.span, found.compared) == ("2021", "the 3 years before")
        assert all(isinstance(one, Phrase) for one in found.phrases) and "looms" in found.phrases[0].text.lower()


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_the_clock_measures_what_moved(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = threading.Event()

    def by_itself(clock: Clock) -> None:
        library.refresh_trends(0)
        measured.set()

    monkeypatch.setattr("broadsheet.web.clock.LOOK", 0.02)
    monkeypatch.setattr(Clock, "_measure", by_itself)  # a process of its own takes a second to begin
    clock, other = Clock(library).start(), Clock(library).start()
    assert measured.wait(10)
    assert not clock.due()
    monkeypatch.setattr(trending, "EVERY", 0)
    measured.clear()
    vote(library, settled(library, 1), "today1")
    assert measured.wait(10)
    clock.stop()
    other.stop()


def test_a_process_of_its_own_measures(library: Library) -> None:
    Clock(library)._measure()
    found = library.boards.current()
    assert found is not None and isinstance(found.windows["day"], Window)
