"""Whose edition is due, over a real ledger: downtime, clocks that jump, readers who travel."""

from collections.abc import Iterable
from datetime import UTC, datetime

from broadsheet.editions import timely
from broadsheet.editions.timely import Turn
from broadsheet.store import Store, Subscriber
from broadsheet.store.editions import Edition
from broadsheet.store.subscription import Schedule, Wish

DAY, HOUR = 86_400, 3600
NOW = int(datetime(2026, 11, 20, 7, 0, tzinfo=UTC).timestamp())  # a Friday
LONG_AGO = NOW - 90 * DAY


def put(store: Store, name: str, at: int = LONG_AGO, **plan: object) -> Subscriber:
    schedule = Schedule()._replace(**plan)  # type: ignore[arg-type]  # of many kinds
    return store.subscribers.put(f"{name}@example.org", None, schedule, [Wish("rising")], at)


def ready(store: Store, turns: Iterable[Turn], now: int, state: str = "ready") -> None:
    rows = [Edition(0, one.subscriber.id, one.day, state, "", one.due, 0, 0, 0, b"", b"", now, now) for one in turns]
    store.editions.put(rows)


def shown(turns: Iterable[Turn]) -> list[tuple[str, int, int]]:
    return [(one.subscriber.email.partition("@")[0], one.day, one.due) for one in turns]


def states(store: Store, one: Subscriber) -> dict[int, str]:
    return {row.day: row.state for row in store.editions.of(one.id)}


def test_everybody_whose_hour_is_near_and_nobody_twice(store: Store) -> None:
    put(store, "utc")
    put(store, "berlin", zone="Europe/Berlin")  # an hour ago
    put(store, "later", minute=480)
    put(store, "weekly", every="week", weekday=4)
    put(store, "monday", every="week", weekday=0)  # late by four days: the machine was off, say
    put(store, "paused", paused=20261120)
    put(store, "off", every="off")
    put(store, "fresh", at=NOW + 60)  # its hour was over when it subscribed
    left = put(store, "left")
    store.subscribers.leave(left.id, NOW)
    found = timely.turns(store, NOW)
    assert shown(found) == [
        ("utc", 20261120, NOW), ("berlin", 20261120, NOW - HOUR), ("weekly", 20261120, NOW),
        ("monday", 20261116, NOW - 4 * DAY),
    ]  # fmt: skip
    ready(store, found, NOW)
    assert timely.turns(store, NOW) == []
    assert shown(timely.turns(store, NOW + HOUR)) == [("later", 20261120, NOW + HOUR)]


def test_an_edition_is_made_a_little_ahead(store: Store) -> None:
    put(store, "utc")
    assert timely.turns(store, NOW - timely.LEAD - 1) == []
    assert shown(timely.turns(store, NOW - timely.LEAD)) == [("utc", 20261120, NOW)]


def test_after_downtime_one_edition_and_a_row_for_each_missed_day(store: Store) -> None:
    daily, weekly = put(store, "daily"), put(store, "weekly", every="week", weekday=2)
    late = put(store, "late", at=NOW - 2 * DAY + 60)
    gone = NOW - 5 * DAY
    made = timely.turns(store, NOW + HOUR)
    assert shown(made) == [("daily", 20261120, NOW), ("weekly", 20261118, NOW - 2 * DAY), ("late", 20261120, NOW)]
    ready(store, made, NOW + HOUR)
    assert timely.note_missed(store, gone, NOW + HOUR) == 5
    assert timely.note_missed(store, gone, NOW + HOUR) == 0
    assert states(store, daily) == {20261120: "ready"} | dict.fromkeys(range(20261116, 20261120), "missed")
    assert states(store, weekly) == {20261118: "ready"}
    assert states(store, late) == {20261120: "ready", 20261119: "missed"}  # not of before it subscribed
    assert store.editions.of(daily.id)[1].reason == timely.STOPPED


def test_a_short_break_misses_nothing(store: Store) -> None:
    put(store, "daily")
    assert timely.note_missed(store, NOW - 11 * HOUR, NOW) == 0


def test_a_year_of_downtime_is_fourteen_rows(store: Store) -> None:
    one = put(store, "daily", at=NOW - 500 * DAY)
    assert timely.note_missed(store, NOW - 365 * DAY, NOW) == 14
    assert min(states(store, one)) == 20261106


def test_a_clock_that_is_put_back_sends_no_second_edition(store: Store) -> None:
    put(store, "daily")
    for day in range(3):
        ready(store, timely.turns(store, NOW + day * DAY), NOW + day * DAY, "sent")
    for back in range(0, 48, 3):
        assert timely.turns(store, NOW + 2 * DAY - back * HOUR) == []
    assert shown(timely.turns(store, NOW + 3 * DAY)) == [("daily", 20261123, NOW + 3 * DAY)]


def test_a_clock_that_ran_years_ahead_and_is_right_again(store: Store) -> None:
    one = put(store, "daily")
    ahead = timely.turns(store, NOW + 3 * 365 * DAY)
    assert len(ahead) == 1
    ready(store, ahead, NOW, "sent")
    assert timely.note_missed(store, NOW, NOW + 3 * 365 * DAY) == 14
    assert shown(timely.turns(store, NOW)) == [("daily", 20261120, NOW)]  # today's still comes
    assert sorted(states(store, one).values()).count("missed") == 14


def test_who_travels_over_the_date_line_gets_no_day_twice(store: Store) -> None:
    one = put(store, "traveller", zone="Pacific/Auckland")
    morning = int(datetime(2026, 11, 19, 18, 0, tzinfo=UTC).timestamp())  # 07:00 of the 20th there
    first = timely.turns(store, morning)
    assert shown(first) == [("traveller", 20261120, morning)]
    ready(store, first, morning, "sent")
    store.subscribers.reschedule(one.id, Schedule(zone="Pacific/Honolulu"))
    seen = set()
    for hour in range(72):
        found = timely.turns(store, morning + hour * HOUR)
        seen |= {turn.day for turn in found}
        ready(store, found, morning + hour * HOUR, "sent")
    assert seen == {20261119, 20261121, 20261122}  # the 19th was not sent before, the 20th was


def test_an_edition_of_now_is_of_the_readers_own_day(store: Store) -> None:
    one = put(store, "early", zone="Pacific/Kiritimati")
    assert timely.today(one, NOW + 5 * HOUR) == Turn(one, 20261121, NOW + 5 * HOUR)


def test_a_change_after_its_hour_leaves_the_day_due(store: Store) -> None:
    one = put(store, "ada")
    assert put(store, "ada", at=NOW + 60, language="de").made == one.made
    assert shown(timely.turns(store, NOW + HOUR)) == [("ada", 20261120, NOW)]
    store.subscribers.leave(one.id, NOW + 70)
    assert put(store, "ada", at=NOW + 80).made == NOW + 80  # begun again, and its hour is over
    assert timely.turns(store, NOW + HOUR) == []


def test_days_that_a_clock_ahead_called_missed_have_their_editions(store: Store) -> None:
    one, ahead = put(store, "ada"), NOW + 10 * DAY
    ready(store, timely.turns(store, NOW), NOW, "sent")
    assert timely.note_missed(store, NOW, ahead) > 5
    assert len(states(store, one)) > 6
    timely.put_right(store, NOW + DAY)
    assert shown(timely.turns(store, NOW + 4 * DAY)) == [("ada", 20261124, NOW + 4 * DAY)]
    assert max(states(store, one)) <= 20261123
