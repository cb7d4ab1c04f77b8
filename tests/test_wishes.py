"""What to read of, and when, as people type it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import web_library
from broadsheet.editions import subscribing, wishes
from broadsheet.errors import Mistake
from broadsheet.library import Library
from broadsheet.store import OWNER, Schedule, Wish

RISING = Wish("rising")
SATURDAY = date(2026, 11, 21)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Library]:
    with web_library.make(tmp_path, web_library.PAPERS) as made:
        yield made


def test_wishes_are_checked_cleaned_and_each_there_once(local: Library) -> None:
    number = str(local.store.lists.begin(OWNER, "To read", seen_by="public"))
    given_ones = [
        ("rising", "whatever"), ("author", "  Ada \t Stone "), ("topic", 'weather "of" ink'),
        ("topic", "Weather of Ink"), ("search", "quills   remember year:2021.."), ("list", number), ("front", ""),
    ]  # fmt: skip
    found = wishes.checked(local, 0, given_ones)
    assert found == (
        Wish("topic", "weather of ink"), Wish("search", "quills remember year:2021.."), Wish("list", number),
        Wish("author", "Ada Stone"), RISING, Wish("front"),
    )  # fmt: skip
    said = wishes.sentences(local, found)
    assert said == [
        "papers about “weather of ink”", "your search “quills remember year:2021..”", "the list “To read” of owner",
        "papers by Ada Stone", "what is rising", "the page of the day",
    ]  # fmt: skip


def test_a_category_is_spelled_as_papers_have_it(tmp_path: Path) -> None:
    rows = [{"id": "a", "title": "An ink", "abstract": "Ink.", "categories": ["cs.IK"], "year": 2020}]
    with web_library.make(tmp_path, rows) as library:
        (one,) = wishes.checked(library, 0, [("topic", "CS.ik")])
        assert (one, wishes.sentence(library, one)) == (Wish("topic", "cs.IK"), "papers of cs.IK")
        assert subscribing.in_letter(library, [one]) == ["papers of cs.IK"]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("topic", "", "is no topic"),
        ("topic", '""""', "is no topic"),
        ("topic", "x" * 121, "is no topic"),
        ("author", "...", "no author's name"),
        ("search", "", "give the words"),
        ("search", "x " * 400, "500 are the most"),
        ("list", "7", "no list '7'"),
        ("list", "0", "no list"),
        ("list", "9" * 30, "no list"),
        ("list", "1 OR 1", "no list"),
        ("front", "12", "no group '12'"),
        ("front", "-1", "no group"),
        ("personal", "", "needs an account"),
        ("horoscope", "", "nothing to read of"),
    ],
)
def test_what_cannot_be_wished_for_is_said(local: Library, kind: str, value: str, said: str) -> None:
    with pytest.raises(Mistake, match=said):
        wishes.checked(local, 0, [("rising", ""), (kind, value)])


def test_all_that_is_wrong_is_told_at_once(local: Library) -> None:
    with pytest.raises(Mistake, match=r"no topic.*no list"):
        wishes.checked(local, 0, [("topic", ""), ("list", "7")])
    with pytest.raises(Mistake, match="41 things"):
        wishes.checked(local, 0, [("topic", f"weather {number}") for number in range(41)])
    with pytest.raises(Mistake, match=r"hour is '25:00'.*time zone 'Mars/Base'.*pause ends"):
        wishes.scheduled({"at": "25:00", "zone": "Mars/Base", "until": "2020-01-01"}, Schedule(), SATURDAY)


def test_a_private_list_is_none_for_others(local: Library) -> None:
    number = str(local.store.lists.begin(OWNER, "Mine"))
    assert wishes.checked(local, OWNER, [("list", number)])
    with pytest.raises(Mistake, match="no list"):
        wishes.checked(local, 0, [("list", number)])
    assert "Mine" not in wishes.sentence(local, Wish("list", number))
    assert wishes.sentence(local, Wish("list", number), OWNER) == "the list “Mine”"


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ({"every": "Weekly"}, "every", "week"),
        ({"every": "never"}, "every", "off"),
        ({"on": "fri"}, "weekday", 4),
        ({"on": "Sunday"}, "weekday", 6),
        ({"at": "7:05"}, "minute", 425),
        ({"at": "23:59:00"}, "minute", 1_439),
        ({"zone": "europe/BERLIN"}, "zone", "Europe/Berlin"),
        ({"zone": "Asia/Calcutta"}, "zone", "Asia/Calcutta"),
        ({"quiet": "skip"}, "quiet", "skip"),
        ({"until": "2026-12-24"}, "paused", 20261224),
        ({"until": ""}, "paused", 0),
    ],
)
def test_hours_and_days(typed: dict[str, str], field: str, value: object) -> None:
    assert getattr(wishes.scheduled(typed, Schedule(paused=20261122), SATURDAY), field) == value


@pytest.mark.parametrize(
    "typed",
    [
        {"every": "hour"}, {"on": "m"}, {"on": ""}, {"at": "7"}, {"at": "24:00"}, {"at": "07:60"}, {"at": "٠٧:٣٠"},
        {"zone": ""}, {"zone": "../../etc/passwd"}, {"zone": "posix/UTC"}, {"language": "xx"}, {"quiet": "maybe"},
        {"until": "tomorrow"}, {"until": "2026-11-20"}, {"until": "2028-01-01"},
    ],
)  # fmt: skip
def test_hours_and_days_that_cannot_be(typed: dict[str, str]) -> None:
    with pytest.raises(Mistake):
        wishes.scheduled(typed, Schedule(), SATURDAY)


def test_zones_to_choose_from_are_those_of_today() -> None:
    assert wishes.zones()[0] == "UTC"
    assert {"Europe/Berlin", "Asia/Kolkata", "America/Argentina/Ushuaia"} <= set(wishes.zones())
    assert not {"US/Pacific", "Asia/Calcutta", "Etc/GMT+1"} & set(wishes.zones())


def test_a_subscription_told_is_one_that_can_be_read_again(local: Library) -> None:
    plan = Schedule("week", 3, 95, "Asia/Tokyo", "en", "skip", 20261224)
    told = wishes.told(plan, [Wish("topic", "ink"), RISING])
    again = {name: str(told[name]) for name in ("every", "on", "at", "zone", "language", "quiet", "until")}
    assert wishes.scheduled(again, Schedule(), SATURDAY) == plan
