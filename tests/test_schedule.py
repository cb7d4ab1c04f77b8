"""When an edition is due, in every time zone there is, through every change of clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.editions.schedule import (
    MISSED,
    NEAR,
    due,
    instant,
    lasting,
    local_day,
    missed,
    told,
    upcoming,
    zone_of,
)  # fmt: skip

HOUR, DAY = 3600, 86_400


class Plan(NamedTuple):
    every: str = "day"
    weekday: int = 0
    minute: int = 420
    zone: str = "UTC"
    paused: int = 0


def unix(text: str) -> int:
    """``2026-03-29 07:00 Europe/Berlin`` (or with an offset) in Unix seconds."""
    day, hour, zone = text.split()
    offset = {"+": 1, "-": -1}.get(zone[0])
    if offset is None:
        return int(datetime.fromisoformat(f"{day} {hour}").replace(tzinfo=ZoneInfo(zone)).timestamp())
    return int(datetime.fromisoformat(f"{day} {hour}{zone}").timestamp())


# -- the instant of a day ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "minute", "day", "moment"),
    [
        ("Europe/Berlin", 420, "2026-01-15", "2026-01-15 06:00 +00:00"),
        ("Europe/Berlin", 420, "2026-07-15", "2026-07-15 05:00 +00:00"),
        ("Europe/Berlin", 150, "2026-03-29", "2026-03-29 01:00 +00:00"),  # no 02:30: the first moment is 03:00
        ("Europe/Berlin", 120, "2026-03-29", "2026-03-29 01:00 +00:00"),  # no 02:00 either
        ("Europe/Berlin", 150, "2026-10-25", "2026-10-25 00:30 +00:00"),  # 02:30 twice: the first, in summer time
        ("America/New_York", 150, "2026-03-08", "2026-03-08 07:00 +00:00"),
        ("America/New_York", 90, "2026-11-01", "2026-11-01 05:30 +00:00"),
        ("Australia/Lord_Howe", 135, "2026-10-04", "2026-10-03 15:30 +00:00"),  # half an hour is missing: 02:30 +11
        ("Asia/Kathmandu", 420, "2026-11-21", "2026-11-21 01:15 +00:00"),
        ("Pacific/Chatham", 420, "2026-01-21", "2026-01-20 17:15 +00:00"),
        ("Pacific/Kiritimati", 420, "2026-11-21", "2026-11-20 17:00 +00:00"),
        ("America/Sao_Paulo", 0, "2018-11-04", "2018-11-04 03:00 +00:00"),  # midnight itself was missing: 01:00 -02
        ("Pacific/Apia", 420, "2011-12-30", "2011-12-30 10:00 +00:00"),  # a day that never was: the day after begins
        ("Africa/Monrovia", 420, "1971-05-05", "1971-05-05 07:44:30 +00:00"),  # an offset with seconds
    ],
)
def test_the_moment_of_a_local_hour(zone: str, minute: int, day: str, moment: str) -> None:
    assert instant(Plan(minute=minute, zone=zone), date.fromisoformat(day)) == unix(moment)


zones = st.sampled_from(sorted(available_timezones()))
days = st.dates(date(1975, 1, 1), date(2099, 12, 31))
plans = st.builds(
    Plan, st.sampled_from(["day", "week"]), st.integers(0, 6), st.integers(0, 1439), zones, st.just(0)
)  # fmt: skip


@given(plans, days)
def test_an_instant_shows_its_hour_or_is_the_first_after_a_gap(plan: Plan, day: date) -> None:
    zone, at = ZoneInfo(plan.zone), instant(plan, day)
    wanted = datetime(day.year, day.month, day.day, plan.minute // 60, plan.minute % 60)
    shown = datetime.fromtimestamp(at, zone)
    if shown.replace(tzinfo=None, fold=0) == wanted:
        assert shown.fold == 0  # the first of two
    else:
        before = datetime.fromtimestamp(at - 1, zone)
        assert before.replace(tzinfo=None) < wanted < shown.replace(tzinfo=None, fold=0)
        assert before.utcoffset() != shown.utcoffset()


@given(zones, st.integers(0, 1439), days)
def test_instants_grow_from_day_to_day(zone: str, minute: int, day: date) -> None:
    plan = Plan(minute=minute, zone=zone)
    moments = [instant(plan, day + timedelta(days=step)) for step in range(4)]
    assert all(earlier <= later for earlier, later in pairwise(moments))


# -- what is due -------------------------------------------------------------------------------------------------------


def test_an_edition_is_due_from_its_hour_on_and_built_a_little_before() -> None:
    plan = Plan(zone="Europe/Berlin")
    today, seven = date(2026, 11, 20), unix("2026-11-20 07:00 Europe/Berlin")
    assert due(plan, seven) == today
    assert due(plan, seven + 5 * HOUR) == today  # late, and still the newest
    assert due(plan, seven - 60) is None  # yesterday's is nearer to today's than NEAR
    assert due(plan, seven - 60, lead=900) == today
    assert due(plan, seven + DAY - NEAR - 1) == today  # an evening's laptop gets its morning's edition
    assert due(plan, seven + DAY - NEAR + 1) is None


def test_a_weekly_edition_is_due_on_its_weekday() -> None:
    plan = Plan("week", 0, 420, "Europe/Berlin")
    monday = date(2026, 11, 16)
    assert due(plan, unix("2026-11-16 07:00 Europe/Berlin")) == monday
    assert due(plan, unix("2026-11-19 13:00 Europe/Berlin")) == monday  # the machine was off since Sunday
    assert due(plan, unix("2026-11-23 06:00 Europe/Berlin")) is None
    assert due(plan, unix("2026-11-23 07:00 Europe/Berlin")) == date(2026, 11, 23)


def test_nothing_is_due_while_off_or_paused() -> None:
    noon = unix("2026-11-20 12:00 +00:00")
    assert due(Plan("off"), noon) is None
    assert due(Plan(paused=20261120), noon) is None  # the last day of the holiday, included
    assert due(Plan(paused=20261119), noon) == date(2026, 11, 20)
    assert upcoming(Plan("off"), noon) is None


def test_a_day_that_a_zone_left_out_has_no_edition() -> None:
    plan = Plan(zone="Pacific/Apia")  # 29 December 2011 was followed by the 31st
    hours = [unix("2011-12-29 12:00 -10:00") + step * HOUR for step in range(30)]
    assert {due(plan, hour) for hour in hours} - {None} == {date(2011, 12, 29), date(2011, 12, 31)}
    assert missed(plan, hours[0] - 3 * DAY, hours[-1])[-1] == date(2011, 12, 29)


@given(plans, days, st.integers(0, DAY - 1), st.sampled_from([0, 900, 2 * HOUR]))
def test_what_is_due_is_the_latest_and_never_ahead_of_its_time(plan: Plan, day: date, second: int, lead: int) -> None:
    now = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + second
    found, following = due(plan, now, lead), upcoming(plan, now + lead)
    assert following is not None
    assert following[1] > now + lead
    if found is None:
        assert following[1] - now < NEAR
        return
    assert instant(plan, found) <= now + lead
    assert found < following[0]
    assert plan.every == "day" or found.weekday() == plan.weekday


@given(plans, days, st.sampled_from([0, 900, 2 * HOUR]), st.lists(st.integers(0, 100), max_size=4))
def test_an_answer_holds_as_long_as_it_says(plan: Plan, day: date, lead: int, places: list[int]) -> None:
    now = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    found, last = lasting(plan, now, lead)
    assert now <= last <= now + 8 * DAY
    for place in places:
        assert due(plan, now + (last - now) * place // 100, lead) == found
    assert due(plan, last + 1, lead) != found


@given(plans, days)
def test_a_program_that_always_runs_makes_each_edition_once(plan: Plan, day: date) -> None:
    """Looked at every half an hour for nine days: each day of the calendar that the zone has, and each but once."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    seen: list[date] = []
    for now in range(start, start + 9 * DAY, 1800):
        found = due(plan, now, 1800)
        if found and found not in seen:
            assert instant(plan, found) > now - 1800 or now == start  # at its time, not later
            seen.append(found)
    wanted = [
        one for one in (day + timedelta(days=step) for step in range(-9, 11))
        if start < instant(plan, one) <= start + 9 * DAY - 1800 and local_day(plan.zone, instant(plan, one)) == one
        and (plan.every == "day" or one.weekday() == plan.weekday)
    ]  # fmt: skip
    assert set(wanted) <= set(seen)
    assert seen == sorted(seen)


# -- what was missed ---------------------------------------------------------------------------------------------------


def test_days_without_a_program_are_missed_and_the_newest_is_late() -> None:
    plan, back = Plan(), unix("2026-11-20 12:00 +00:00")
    gone = unix("2026-11-16 09:00 +00:00")
    assert due(plan, back) == date(2026, 11, 20)
    assert missed(plan, gone, back) == [date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19)]
    assert missed(plan, back - HOUR, back) == []
    assert missed(Plan("off"), gone, back) == []
    assert missed(Plan(paused=20261118), gone, back) == [date(2026, 11, 19)]
    early = unix("2026-11-20 06:00 +00:00")  # too near to the edition of the 20th: the 19th is not sent, either
    assert missed(plan, gone, early)[-1] == date(2026, 11, 19)


@given(plans, days, st.integers(-400, 40_000))
def test_a_clock_that_jumps_floods_nobody(plan: Plan, day: date, jump: int) -> None:
    before = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    after = before + jump * DAY
    found = missed(plan, before, after)
    assert len(found) <= MISSED
    assert found == sorted(set(found))
    assert due(plan, after) not in found
    if jump < 0:
        assert found == []


@pytest.mark.parametrize("now", [-(10**12), 0, 10**12, 10**18])
def test_a_broken_clock_breaks_nothing(now: int) -> None:
    for plan in (Plan(), Plan("week", 6, 1439, "Pacific/Apia"), Plan(paused=99991231)):
        due(plan, now)
        upcoming(plan, now)
        assert len(missed(plan, 0, now)) <= MISSED


# -- zones -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "x" * 5000, "US/\0"])
def test_a_zone_that_is_none_is_taken_as_utc_and_said_so(name: str) -> None:
    plan = Plan(zone=name)
    assert zone_of(name)[1].startswith("the time zone ")
    assert instant(plan, date(2026, 11, 21)) == unix("2026-11-21 07:00 +00:00")
    assert told(plan) == "every day at 07:00 (UTC)"


def test_a_schedule_in_words() -> None:
    assert told(Plan("week", 6, 1085, "Asia/Kolkata")) == "every Sunday at 18:05 (Asia/Kolkata)"
    assert told(Plan("off")) == "never"
    assert zone_of("Asia/Kolkata")[1] == ""


def test_the_next_edition_comes_after_the_holiday() -> None:
    plan = Plan(zone="Europe/Berlin", paused=20261124)
    assert upcoming(plan, unix("2026-11-20 12:00 +00:00")) == (
        date(2026, 11, 25), unix("2026-11-25 07:00 Europe/Berlin")
    )  # fmt: skip
    monday = Plan("week", 0, 420, "Europe/Berlin")
    assert upcoming(monday, unix("2026-11-16 07:00 Europe/Berlin")) == (
        date(2026, 11, 23), unix("2026-11-23 07:00 Europe/Berlin")
    )  # fmt: skip
