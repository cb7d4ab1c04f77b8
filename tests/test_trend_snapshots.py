"""Counters as they were read, to events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.trend import CITATIONS, DAY, HOUR, MENTIONS, NEVER, STARS
from broadsheet.trend.snapshots import Growth, Readings, growth

NOW = 1_700_000_000
OLD = NOW - 400 * DAY


def read(*rows: tuple[int, int, int], signal: int = STARS, appeared: int = OLD) -> Growth:
    """Rows of source, at, value; of the only paper."""
    source, at, value = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return growth(Readings(np.zeros_like(at), np.full_like(at, signal), source, at, value), [appeared])


def amounts(found: Growth) -> list[tuple[int, float]]:
    return sorted(zip(found.events.at.tolist(), found.events.amount.tolist(), strict=True))


def test_what_it_grew_by_over_the_time_between() -> None:
    found = read((1, NOW, 100), (1, NOW + DAY, 130), (1, NOW + 3 * DAY, 131))
    assert amounts(found) == [(NOW + DAY, 30), (NOW + 3 * DAY, 1)]
    assert found.events.span.tolist() == [DAY, 2 * DAY]
    assert found.since[0, STARS] == NOW
    assert found.until[0, STARS] == NOW + 3 * DAY


def test_what_falls_is_no_event_and_what_it_regains_was_counted() -> None:
    found = read((1, NOW, 100), (1, NOW + 1, 80), (1, NOW + 2, 95), (1, NOW + 3, 104))
    assert amounts(found) == [(NOW + 3, 4)]


def test_the_first_reading_is_a_level() -> None:
    found = read((1, NOW, 5_000))
    assert len(found.events) == 0
    assert found.since[0, STARS] == found.until[0, STARS] == NOW
    assert found.since[0, CITATIONS] == NEVER


@pytest.mark.parametrize("signal", [CITATIONS, MENTIONS])
def test_of_a_young_paper_it_is_growth_since_it_appeared(signal: int) -> None:
    found = read((1, NOW, 12), (1, NOW + DAY, 20), signal=signal, appeared=NOW - 2 * DAY)
    assert amounts(found) == [(NOW, 12), (NOW + DAY, 8)]
    assert found.events.span.tolist() == [2 * DAY, DAY]
    assert found.since[0, signal] == NOW - 2 * DAY


def test_code_may_be_older_than_its_paper() -> None:
    assert len(read((1, NOW, 900), appeared=NOW - DAY).events) == 0


def test_sources_are_counted_apart() -> None:
    found = read((1, NOW, 100), (2, NOW + HOUR, 5), (1, NOW + DAY, 101), (2, NOW + DAY, 9))
    assert sorted(found.events.source.tolist()) == [1, 2]
    assert sorted(found.events.amount.tolist()) == [1, 4]


@pytest.mark.parametrize("value", [-1, 2**40])
def test_no_counter(value: int) -> None:
    with pytest.raises(ValueError, match="counter"):
        read((1, NOW, value))


def test_nothing_was_read() -> None:
    none = np.zeros(0, np.int64)
    found = growth(Readings(none, none, none, none, none), [OLD, OLD])
    assert len(found.events) == 0
    assert (found.since == NEVER).all()


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 30), st.integers(0, 500)), min_size=1), st.integers(0, 99))
def test_growth_is_the_highest_less_the_first_in_any_order(rows: list[tuple[int, int, int]], seed: int) -> None:
    unique = list({(source, at): (source, NOW + at * HOUR, value) for source, at, value in rows}.values())
    found = read(*unique)
    for source in (1, 2):
        own = sorted((at, value) for which, at, value in unique if which == source)
        if own:
            grown = found.events.amount[found.events.source == source].sum()
            assert grown == max(value for _, value in own) - own[0][1]
    order = np.random.default_rng(seed).permutation(len(unique))
    assert amounts(read(*(unique[i] for i in order))) == amounts(found)
