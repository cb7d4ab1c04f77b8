"""Who is independent of whom, and what is usual: each by itself, against the plainest way to say it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.trend import DAY, HOUR, NEVER, VOTES, Accounts, Floats, Ints
from broadsheet.trend.baseline import AGES, usual
from broadsheet.trend.independence import TOGETHER, Acts, bursts, likenesses, voices

BEGAN = 1_600_000_000
BANDS = len(AGES) - 1


def acts(pairs: list[tuple[int, int]]) -> Acts:
    """Votes of full trust by (account, paper), each account awake for long."""
    account, paper = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    size = len(pairs)
    return Acts(paper, np.full(size, VOTES), np.full(size, BEGAN + 900 * DAY), account, np.ones(size))


def steady(count: int) -> Accounts:
    made = BEGAN + np.arange(count, dtype=np.int64) * DAY
    return Accounts(made, made)


def heard(given: list[tuple[int, int]], accounts: int = 60, topics: int = 8) -> Floats:
    found = acts(given)
    papers = int(found.paper.max()) + 1
    return voices(found, np.arange(papers) % topics, steady(accounts))


def crowd(seed: int = 3, accounts: int = 60, papers: int = 400, each: int = 12) -> list[tuple[int, int]]:
    """People who vote for anything."""
    draw = np.random.default_rng(seed)
    return [(who, int(what)) for who in range(20, accounts) for what in draw.choice(papers, each, replace=False)]


def test_accounts_that_always_vote_together_are_few_voices() -> None:
    ring = [(who, 40 * what) for who in range(20) for what in range(10)]
    found = heard(ring + crowd())
    assert found[: len(ring)].mean() < 0.1
    assert found[len(ring) :].mean() > 0.97


def test_a_ring_counts_as_one_voice_or_two() -> None:
    ring = [(who, 40 * what) for who in range(20) for what in range(10)]
    assert 0.9 < heard(ring + crowd())[: len(ring)].sum() / 10 < 2


def test_votes_elsewhere_do_not_hide_a_ring() -> None:
    draw = np.random.default_rng(1)
    ring = [(who, 40 * what) for who in range(20) for what in range(10)]
    hidden = [(who, int(what)) for who in range(20) for what in draw.choice(400, 30, replace=False)]
    found = heard(ring + crowd() + hidden)
    assert found[: len(ring)].mean() < 0.3  # of one topic, which they have to themselves: the hardest case


def test_agreeing_once_is_no_ring() -> None:
    once = [(who, 0) for who in range(20)]
    assert heard(once + crowd()).min() > 0.9


def test_a_niche_where_all_read_the_same_is_no_ring() -> None:
    """Twenty people who each vote for a third of sixty papers of a topic share seven papers by chance alone."""
    draw = np.random.default_rng(2)
    niche = [(who, 8 * int(what)) for who in range(20) for what in draw.choice(60, 20, replace=False)]
    assert heard(niche + crowd(papers=480))[: len(niche)].mean() > 0.9


def test_likeness_is_symmetric_and_none_is_like_itself() -> None:
    found = acts([(who, what) for who in range(6) for what in range(9)])
    like = likenesses(found, np.arange(9), 6).toarray()
    assert (like == like.T).all()
    assert (like.diagonal() == 0).all()
    assert like[0, 1] > 0.5


def test_accounts_of_one_burst_are_less_than_their_number() -> None:
    usual_ones = BEGAN + np.arange(300, dtype=np.int64) * DAY
    made = np.concatenate([usual_ones, BEGAN + 100 * DAY + np.arange(20) * 60])
    found = bursts(made, np.ones(320, np.int64))
    assert (found.burst[300:] == found.burst[300]).all()
    assert (found.likeness[300:] > 0.3).all()
    assert (found.likeness[:300] > 0).sum() <= 1  # who came in just that hour
    assert (bursts(made, np.full(320, 100)).likeness < 0.06).all()  # with a history of their own


def test_a_whole_lab_that_was_imported_is_no_burst_and_nobody_is_in_one_alone() -> None:
    lab = BEGAN + np.arange(30, dtype=np.int64)
    assert (bursts(np.concatenate([lab, BEGAN + np.arange(1, 60) * DAY]), np.ones(89, np.int64)).likeness == 0).all()
    assert (bursts(np.arange(5, dtype=np.int64) * 30 * DAY, np.ones(5, np.int64)).burst == -1).all()
    assert (bursts(np.full(400, NEVER), np.zeros(400, np.int64)).likeness == 0).all()


def test_who_wakes_in_one_burst_is_heard_as_few_for_some_days() -> None:
    accounts = steady(300)
    woken = accounts._replace(first=accounts.made.copy())
    woken.first[:20] = BEGAN + 500 * DAY + np.arange(20) * 60
    paper = np.zeros(20, np.int64)
    soon, later = (
        voices(Acts(paper, paper, woken.first[:20] + after, np.arange(20), np.ones(20)), paper[:1], woken)
        for after in (HOUR, 60 * DAY)
    )
    assert soon.sum() < 3
    assert later.sum() > 19
    assert TOGETHER > 0


# What is usual


@st.composite
def counts(draw: st.DrawFn) -> tuple[Floats, Floats, Ints]:
    seed = np.random.default_rng(draw(st.integers(0, 10_000)))
    size = draw(st.integers(1, 15))
    hours = seed.uniform(0, 100, (size, BANDS)) * (seed.random((size, BANDS)) < 0.5)
    return seed.poisson(hours / 10).astype(np.float64), hours, seed.integers(-1, 3, (size, 2))


@given(counts())
@settings(max_examples=60, deadline=None)
def test_a_paper_is_never_compared_with_itself(given: tuple[Floats, Floats, Ints]) -> None:
    """What is usual for a paper is what the others say when it is taken out of the library, whatever it got itself."""
    made, hours, topics = given
    topics[:, 1] = np.where(topics[:, 1] == topics[:, 0], -1, topics[:, 1])
    more = made.copy()
    more[0] += 5 * (hours[0] > 0)
    row = np.array([0])
    before, after = usual(made, hours, topics, row), usual(more, hours, topics, row)
    assert after.expected == pytest.approx(before.expected, rel=1e-6, abs=1e-9)
    assert after.shape == pytest.approx(before.shape, rel=1e-6)


def test_a_large_topic_has_its_own_rate_and_a_small_one_the_rate_of_all() -> None:
    hours = np.zeros((220, BANDS))
    hours[:, 2] = 24.0
    made = np.zeros_like(hours)
    made[:100, 2], made[100:200, 2] = 48.0, 4.8  # topics 0 and 1; topic 2 has 20 papers, of which 1 got a vote
    made[200, 2] = 1.0
    topics = np.repeat([0, 1, 2], [100, 100, 20])[:, None]
    found = usual(made, hours, topics, np.array([0, 100, 210, 219]))
    assert found.expected[0] == pytest.approx(48, rel=0.02)
    assert found.expected[1] == pytest.approx(4.8, rel=0.05)
    assert 0.1 < found.expected[2] < 3
    few = usual(made[:203], hours[:203], topics[:203], np.array([202]))
    assert few.expected[0] > found.expected[2]  # two other papers say less than nineteen


def test_a_topic_where_papers_differ_much_is_shrunk_less() -> None:
    draw = np.random.default_rng(0)
    hours = np.zeros((400, BANDS))
    hours[:, 2] = 24.0
    made = np.zeros_like(hours)
    made[:200, 2] = draw.poisson(20, 200)
    made[200:, 2] = draw.poisson(draw.gamma(0.5, 40, 200))
    found = usual(made, hours, np.repeat([0, 1], 200)[:, None], np.array([0, 399]))
    assert found.shape[0] > found.shape[1]
