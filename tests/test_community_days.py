"""Days, weeks and months: which papers are theirs, in what order, and why."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import daily_library
from broadsheet.community import periods, reasons
from broadsheet.community.daily import FLOOR, PACE, WEIGHTS, daily, turns
from broadsheet.community.days import Order, places
from broadsheet.community.near import Nearness
from broadsheet.community.periods import KINDS, Kind, Period, around, named
from broadsheet.errors import Mistake, NotFound
from broadsheet.index.places import appeared
from broadsheet.library import Library
from broadsheet.paper import make as paper_of
from broadsheet.store import OWNER
from daily_library import back, pk, row, settled, today, vote

NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())  # a Friday


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with daily_library.make(tmp_path_factory.mktemp("days")) as library:
        yield library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with daily_library.make(tmp_path) as library:
        yield library


# -- the day of a paper ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "added", "day"),
    [
        ("2026-11-20", NOON, 20261120),
        ("2026-11-14", NOON, 20261120),  # it came within the week
        ("2026-11-13", NOON, 20261120),
        ("2026-11-12", NOON, 20261112),  # it is older: a gap that was filled
        ("2027-02-01", NOON, 20261120),  # dated ahead, as journals do: it is here now
        ("2026-11", NOON, 20261120),  # may be of this week
        ("2026-10", NOON, 20261000),
        ("2026", NOON, 20261120),
        ("2019", NOON, 20190000),
        ("", NOON, 20261120),
        ("2026-11-14", 0, 20261114),  # nobody noted when it came
        ("", 0, 0),
    ],
)
def test_a_paper_appears_when_it_was_news_here(said: str, added: int, day: int) -> None:
    paper = paper_of("test", "A title", ids=["id:x"], date=said, year=int(said[:4]) if said else None)
    assert appeared(paper, added) == day


# -- periods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "words", "low", "high"),
    [
        ("day", "2026-11-20", "Friday 20 November 2026", 20261120, 20261120),
        ("week", "2026-W47", "Week 47, 16 to 22 November 2026", 20261116, 20261122),
        ("week", "2026-W40", "Week 40, 28 September to 4 October 2026", 20260928, 20261004),
        ("week", "2026-W01", "Week 1, 29 December 2025 to 4 January 2026", 20251229, 20260104),
        ("month", "2026-02", "February 2026", 20260200, 20260228),
    ],
)
def test_a_period_has_a_name_words_and_days(kind: Kind, name: str, words: str, low: int, high: int) -> None:
    found = named(kind, name, date(2026, 11, 21))
    assert (found.name, found.words, found.low, found.high) == (name, words, low, high)
    assert periods.any_of(name, date(2026, 11, 21)) == found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("day", "2026-11-31"), ("day", "20261120"), ("day", "2026-W47"), ("day", "٢٠٢٦-11-20"), ("day", ""),
        ("week", "2026-W54"), ("week", "2026-W00"), ("week", "2026-47"), ("month", "2026-13"), ("month", "2026-1"),
        ("day", "2026-11-22"), ("month", "2026-12"), ("week", "2026-W48"), ("day", "1899-12-31"), ("month", "x" * 999),
    ],
)  # fmt: skip
def test_what_is_no_period_or_has_not_come_is_not_found(kind: Kind, name: str) -> None:
    with pytest.raises(NotFound):
        named(kind, name, date(2026, 11, 21))


@given(st.sampled_from(KINDS), st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(-40, 40))
def test_turning_there_and_back_is_staying(kind: Kind, day: date, steps: int) -> None:
    here = around(kind, day)
    there = here.turned(steps)
    assert there.turned(-steps) == here and here.first <= day <= here.last
    assert named(kind, here.name, date(2200, 1, 1)) == here
    assert here.turned(1).first == here.last + timedelta(days=1)


# -- the calendar ------------------------------------------------------------------------------------------------------


def test_the_calendar_counts_and_leads_on(shared: Library) -> None:
    days = shared.days
    assert days.latest(today()) == around("day", today())
    assert days.count(around("day", today())) == daily_library.TODAY_PAPERS
    found = days.around(around("day", back(11)), today())
    assert (found.before, found.after) == (around("day", back(20)), around("day", back(10)))
    assert days.around(around("day", today()), today()).after is None
    counts = {day: count for year in (back(40).year, today().year) for day, count in days.calendar(year).items()}
    assert counts == {today(): 12, **{back(far): 6 for far in daily_library.DAYS_BACK}}
    assert sum(days.years().values()) == 36 + 18 and days.years()[2001] == 18


def test_a_library_without_papers_has_no_day(tmp_path: Path) -> None:
    with daily_library.make(tmp_path, ()) as library:
        assert library.days.latest(today()) is None and library.days.years() == {}
        assert len(library.days.order(around("day", today()))) == 0
        with pytest.raises(NotFound, match="no paper here has a day"):
            library.feed()


def test_a_day_of_chosen_papers_alone_is_in_the_archive(tmp_path: Path) -> None:
    """Of a library whose papers are known by their year: the year of the day is there, and nothing is left over."""
    with daily_library.make(tmp_path, (row("old", 0, 0, date="", year=2019),)) as library:
        library.store.desk.pick(OWNER, periods.number(today()), pk(library, "old"), note="Still true.")
        years, dated = library.days.years(), library.days.calendar(today().year)
        assert years == {today().year: 1, 2019: 1} and dated == {today(): 1}


def test_a_paper_known_by_its_year_is_on_no_day(library: Library) -> None:
    daily_library.add(library, row("old", 0, 0, date="2019", year=2019))
    assert library.days.years()[2019] == 1 and library.days.calendar(2019) == {}
    assert pk(library, "old") not in library.days.order(around("month", date(2019, 1, 1))).pks


# -- the order ---------------------------------------------------------------------------------------------------------


def test_every_topic_has_its_turn() -> None:
    score = np.array([0.5] * 100 + [0.4], np.float32)
    found = daily({"attention": score}, np.array([1] * 100 + [2]), np.zeros(101), np.zeros(0, np.int64))
    place = found.order.tolist().index(100)
    own = WEIGHTS["attention"] * 0.4 + FLOOR
    best = WEIGHTS["attention"] * 0.5 + FLOOR
    assert place == sum(best / (1 + k / PACE) > own for k in range(100))
    assert 0 < place < 4


@given(st.lists(st.tuples(st.integers(-1, 3), st.floats(0, 1, width=32)), max_size=40), st.data())
def test_an_order_has_everybody_once_and_the_chosen_first(papers: list[tuple[int, float]], data: st.DataObject) -> None:
    topics = np.array([topic for topic, _ in papers], np.int64)
    score = np.array([value for _, value in papers], np.float32)
    first = np.array(data.draw(st.permutations(range(len(papers))))[:3], np.int64)
    tie = np.arange(len(papers), dtype=np.float64)
    found = daily({"attention": score}, topics, tie, first)
    assert sorted(found.order.tolist()) == list(range(len(papers)))
    assert found.order[: len(first)].tolist() == first.tolist()
    places = turns(topics, found.score, tie)
    for topic in set(topics.tolist()) - {-1}:
        assert sorted(places[topics == topic].tolist()) == list(range(int((topics == topic).sum())))
    assert not places[topics == -1].any()  # who has no topic shares its turn with nobody


def test_within_a_topic_more_is_earlier(shared: Library) -> None:
    order = shared.days.order(around("day", today()))
    fields = [int(number) // 8 for number in (name[5:] for name in keys(shared, order))]
    assert len(order) == 12 and fields[:3] != [0, 0, 0]  # eight of the twelve are of one field


def keys(library: Library, order: Order) -> list[str]:
    papers = library.store.get(order.pks.tolist())
    return [papers[int(row)].key for row in order.pks]


def test_editors_come_first_in_their_order_and_at_once(library: Library) -> None:
    period, number = around("day", today()), periods.number(today())
    library.days.order(period)  # is kept from now on
    library.store.desk.pick(OWNER, number, pk(library, "today5"), note="Read the proof.")
    library.store.desk.pick(OWNER, number, pk(library, "back10-0"))
    library.store.desk.step(OWNER, number, pk(library, "back10-0"), -1)
    order = library.days.order(period, fresh=True)
    assert keys(library, order)[:2] == ["back10-0", "today5"] and len(order) == 13  # chosen from another day
    hits = library.hits(order, [0, 1, 2])
    assert [hit.why.split(";")[0] for hit in hits.values()][:2] == ["editor’s pick", "editor’s pick: “Read the proof.”"]


def test_what_readers_brought_and_what_has_code_is_said(library: Library) -> None:
    daily_library.add(library, row("coded", 2, 0, code="https://code.example.org/x"))
    ada = settled(library, 1)[0]
    library.store.desk.submit(ada.id, pk(library, "today9"))
    order = library.days.order(around("day", today()), fresh=True)
    found = {name: library.hits(order, [place]) for place, name in enumerate(keys(library, order))}
    (coded,), (brought,) = found["coded"].values(), found["today9"].values()
    assert coded.why == "with code" and coded.score == pytest.approx(WEIGHTS["code"])
    assert brought.why == f"submitted by {ada.name}"
    assert set(keys(library, order)[:2]) == {"coded", "today9"}
    plain = next(iter(found["today3"].values()))
    assert plain.why == "new in cs.IR" and plain.signals == ()


def test_what_is_voted_for_comes_earlier_and_says_how_much(library: Library) -> None:
    voters = settled(library, 8)
    vote(library, voters, "today11")
    assert library.refresh_trends(0)
    order = library.days.order(around("day", today()), fresh=True)
    assert keys(library, order)[0] == "today11"
    (hit,) = library.hits(order, [0]).values()
    assert hit.why.startswith("8 votes in ") and hit.signals[0].name == "attention"
    assert hit.score == pytest.approx(sum(signal.share for signal in hit.signals), abs=1e-6)


def test_an_old_day_goes_by_what_it_got_in_all(library: Library) -> None:
    for one in settled(library, 3):
        library.store.community.vote(one.id, pk(library, "back40-4"))
    order = library.days.order(around("day", back(40)), fresh=True)
    (hit,) = library.hits(order, [0]).values()
    assert (hit.paper.key, hit.why) == ("back40-4", "3 votes")


# -- a reader's own order ----------------------------------------------------------------------------------------------


def test_near_papers_come_earlier_for_one_reader_alone(library: Library) -> None:
    ada, ben = settled(library, 2)
    period = around("day", today())
    everybody = library.days.order(period, fresh=True)
    library.store.lists.keep_as(ada.id, "saved", [pk(library, f"back10-{number}") for number in (1, 4)])
    own = library.days.own(everybody, ada.id)
    nearest = keys(library, own)[:3]
    assert all(int(name[5:]) >= 8 for name in nearest), nearest  # quill grammar, as what was saved
    said = next(iter(library.hits(own, [0]).values()))
    assert said.why.startswith(("close to ", "near to ")) and "you saved" in said.why
    assert said.signals[0].name == "near" and said.signals[0].share > 0.1
    assert not library.days.own(everybody, ben.id).signals["near"].any()  # who read of other things
    assert keys(library, library.days.order(period)) == keys(library, everybody)


def test_a_paper_is_not_near_because_it_is_the_saved_one(shared: Library) -> None:
    reader = shared.index.reader()
    assert reader is not None
    one, other = np.array([pk(shared, "today0")]), np.array([pk(shared, "today1")])
    near = Nearness()
    assert near.of(reader, one, "a", {int(one[0]): True}).score[0] == 0
    assert near.of(reader, other, "b", {int(one[0]): True}).score[0] > 0
    assert near.of(reader, other, "c", {10**6: True}).score.tolist() == [0]


@pytest.mark.parametrize(
    ("saved", "voted", "words"),
    [
        (0, 0, ""), (1, 0, "close to a paper you saved"), (0, 3, "close to 3 papers you voted for"),
        (2, 1, "close to 2 papers you saved and a paper you voted for"),
    ],
)  # fmt: skip
def test_nearness_in_words(saved: int, voted: int, words: str) -> None:
    assert reasons.close(saved, voted) == words


def test_what_is_hidden_has_no_place(shared: Library) -> None:
    order = shared.days.order(around("day", today()))
    hidden = [int(order.pks[0]), int(order.pks[5])]
    assert places(order, hidden).tolist() == [place for place in range(12) if place not in (0, 5)]


# -- for programs ------------------------------------------------------------------------------------------------------


def test_a_feed_is_a_page_of_the_order(shared: Library) -> None:
    whole = shared.feed(today().isoformat(), limit=200)
    assert whole.total == 12 and len(whole.hits) == 12
    parts = [shared.feed(limit=5, offset=offset) for offset in (0, 5, 10)]
    assert [hit.paper.key for part in parts for hit in part.hits] == [hit.paper.key for hit in whole.hits]
    said = whole.to_dict()
    assert (said["period"], said["kind"], said["total"]) == (today().isoformat(), "day", 12)
    assert {"id", "title", "score", "signals", "why"} <= said["hits"][0].keys()
    for limit, offset in ((0, 0), (201, 0), (5, -1)):
        with pytest.raises(Mistake):
            shared.feed(limit=limit, offset=offset)


def test_weeks_and_months_hold_their_days(shared: Library) -> None:
    for days in daily_library.DAYS_BACK:
        for kind in ("week", "month"):
            period: Period = around(kind, back(days))
            some = {name for name in keys(shared, shared.days.order(period)) if name.startswith(f"back{days}-")}
            assert len(some) == 6
