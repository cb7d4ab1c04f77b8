"""Trending on simulated histories: planted risers are found within a day, planted spam is not, honest people count."""

from functools import cache

import numpy as np
import pytest

import histories
from broadsheet.trend import BY_ACCOUNT, DAY, HOUR, VOTES, Events, Floats, Terms, independence
from broadsheet.trend.counting import Counted, counted, once, trust
from broadsheet.trend.formula import window

SEEDS = (1, 2, 3, 4)


@cache
def past(seed: int) -> histories.History:
    return histories.history(seed)


@cache
def judged(seed: int, hours: int) -> tuple[Counted, Terms]:
    history, now = past(seed), histories.ROSE + hours * HOUR
    events, papers = history.until(now)
    heard = counted(events, history.accounts, papers)
    return heard, window(heard, papers, now, "day")


def voices(seed: int) -> tuple[Events, Floats]:
    """All acts, and how many independent voices each is."""
    heard, _ = judged(seed, 24)
    some = heard.events.account >= 0
    acts = heard.events.take(some)
    return acts, heard.worth[some] / trust(acts, past(seed).accounts)


@pytest.mark.parametrize("seed", SEEDS)
def test_risers_are_in_the_top_ten_within_a_day(seed: int) -> None:
    _, terms = judged(seed, 24)
    assert set(past(seed).risers) <= set(terms.best(10))
    hot = [one.hot for row in past(seed).risers if (one := terms.one(int(row)))]
    assert sum(hot) >= 4  # where a niche has few readers, those who save are those who vote


@pytest.mark.parametrize("hours", [12, 24])
@pytest.mark.parametrize("seed", SEEDS)
def test_spam_is_neither_in_the_top_ten_nor_hot(seed: int, hours: int) -> None:
    _, terms = judged(seed, hours)
    best = set(terms.best(10))
    for name, rows in past(seed).spam.items():
        assert not best & set(rows), name
        assert not any(one.hot for row in rows if (one := terms.one(int(row)))), name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_spam_would_be_there_if_everybody_were_believed(seed: int) -> None:
    """Or else the tests above could not fail."""
    history, now = past(seed), histories.ROSE + 12 * HOUR
    events, papers = history.until(now)
    acts = once(events.take(events.signal < BY_ACCOUNT), len(history.made))
    growth = events.take(events.signal >= BY_ACCOUNT)
    heard = Counted(Events.join(acts, growth), np.concatenate([np.ones(len(acts)), growth.amount]))
    best = set(window(heard, papers, now, "day").best(10))
    rings = [row for name, rows in history.spam.items() if "ring" in name for row in rows]
    assert len(best & set(rings)) >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_honest_readers_count_and_rings_hardly(seed: int) -> None:
    acts, heard = voices(seed)
    honest, size = acts.account < past(seed).honest, past(seed).size
    assert heard[honest].mean() > 0.95
    assert heard[~honest & np.isin(acts.paper, np.concatenate([*past(seed).spam.values()]))].mean() < 0.1
    lab = acts.account < size.readers // 40
    assert heard[lab].mean() > 0.6  # made in one hour, and of one interest


@pytest.mark.parametrize("seed", SEEDS)
def test_readers_of_one_niche_are_not_a_ring(seed: int) -> None:
    acts, heard = voices(seed)
    on_paper = np.bincount(acts.paper[acts.signal == VOTES])
    honest = acts.account < past(seed).honest
    for topic in range(past(seed).size.topics):
        some = honest & (past(seed).topics[acts.paper] == topic) & (on_paper[acts.paper] >= 5)
        assert heard[some].mean() > 0.8, topic


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ring_that_nothing_gives_away_is_not_hot(seed: int) -> None:
    """It may rise: in the votes it is a crowd. But the same people voting and saving are one signal."""
    history, now = histories.history(seed, hardest=True), histories.ROSE + DAY
    events, papers = history.until(now)
    terms = window(counted(events, history.accounts, papers), papers, now, "day")
    one = terms.one(int(history.spam["patient ring"][0]))
    assert one is not None
    assert not one.hot
    assert set(history.risers) <= set(terms.best(10))


def test_a_sample_of_the_accounts_finds_rings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    history, now = past(1), histories.ROSE + 12 * HOUR
    events, papers = history.until(now)
    whole, _ = judged(1, 12)
    monkeypatch.setattr(independence, "PAIRS", 1_000_000)
    part = counted(events, history.accounts, papers)
    ring = np.isin(part.events.paper, history.spam["sleeper ring"]) & (part.events.account >= history.honest)
    assert part.worth[ring].sum() == pytest.approx(whole.worth[ring].sum(), rel=0.5)
    assert part.worth[ring].sum() < 0.1 * ring.sum()


def test_a_history_is_the_same_for_a_seed() -> None:
    one, again, other = (histories.history(seed) for seed in (5, 5, 6))
    assert np.array_equal(one.events.at, again.events.at)
    assert len(one.events) != len(other.events)


def test_a_history_has_what_it_promises() -> None:
    """A tail, days and weeks, ages at which papers are read."""
    history = past(1)
    honest = history.events.take((history.events.account >= 0) & (history.events.account < history.honest))
    votes = np.sort(np.bincount(honest.paper[honest.signal == VOTES]))[::-1]
    assert votes[: len(votes) // 100].sum() > 0.1 * votes.sum()
    hour = honest.at % DAY // HOUR
    assert (hour == 14).sum() > 1.5 * (hour == 2).sum()
    weekday = (honest.at - histories.BEGAN) // DAY % 7
    assert (weekday == 0).sum() > 1.3 * (weekday == 3).sum()  # Wednesday, Saturday
    age = honest.at - history.appeared[honest.paper]
    fresh = history.appeared[honest.paper] > histories.BEGAN
    assert np.median(age[fresh]) < 3 * DAY
