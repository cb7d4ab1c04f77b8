"""The formula of trending: what each rule does to a small library, and what holds for every library."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet import trend
from broadsheet.trend import (
    CITATIONS,
    COMMENTS,
    DAY,
    FEW_PEOPLE,
    HOUR,
    MENTIONS,
    NEVER,
    NOT_ABOVE,
    ONE_SIGNAL,
    OPENS,
    SAVES,
    SIGNALS,
    STARS,
    TOO_OLD,
    VOTES,
    WEIGHT,
    Accounts,
    Events,
    Papers,
    Terms,
    sentences,
)
from broadsheet.trend.formula import windows

NOW = 1_700_000_000
PEOPLE = 400
NO_EVENTS = Events.of([], VOTES, NOW)


def known(count: int = PEOPLE) -> Accounts:
    """Accounts that have been here for long, made one a day."""
    made = NOW - 900 * DAY + np.arange(count, dtype=np.int64) * DAY
    return Accounts(made, made + 7 * HOUR)


def library(*topics: int, hours: float | list[float] = 20.0, votes: bool = True) -> Papers:
    """Papers of these topics and ages, of which accounts' signals are counted; or all signals."""
    can = np.zeros(len(SIGNALS), np.bool_)
    can[[VOTES, SAVES, COMMENTS]] = True
    born = NOW - np.broadcast_to(np.asarray(hours) * HOUR, len(topics)).astype(np.int64)
    return Papers.of(topics, born, can if votes else np.ones(len(SIGNALS), np.bool_))


def voted(paper: int, count: int, *, first: int = 0, ago: float = 2.0, signal: int = VOTES) -> Events:
    """Acts of accounts from *first* on, a minute apart, the last of them *ago* hours ago."""
    at = NOW - int(ago * HOUR) - np.arange(count) * 60
    return Events.of(np.full(count, paper), signal, at, account=np.arange(first, first + count))


def seen(papers: Papers, *events: Events, accounts: Accounts | None = None) -> Terms:
    return windows(Events.join(NO_EVENTS, *events), accounts or known(), papers, NOW)["day"]


def score(terms: Terms, row: int) -> float:
    found = terms.one(row)
    return found.score if found else 0.0


def quiet(papers: Papers, each: int = 3) -> list[Events]:
    """A few votes for every paper, by different people."""
    return [voted(row, each, first=(row * 7) % (PEOPLE - each), ago=3 + row % 9) for row in range(len(papers))]


def anybody(rows: Iterable[int], each: int) -> Events:
    """So many votes for each paper, of people drawn anew."""
    draw, papers = np.random.default_rng(4), list(rows)
    who = np.concatenate([draw.choice(PEOPLE, each, replace=False) for _ in papers])
    at = NOW - HOUR - draw.integers(0, 17 * HOUR, len(who))
    return Events.of(np.repeat(papers, each), VOTES, at, account=who)


# What each rule does


def test_the_score_is_the_sum_of_what_the_signals_add() -> None:
    papers = library(0, 0, 0, 1, 1, votes=False)
    terms = seen(papers, *quiet(papers), voted(0, 40), voted(0, 12, first=30, signal=SAVES))
    assert terms.best(1).tolist() == [0]
    one = terms.one(0)
    assert one is not None
    assert one.score == pytest.approx(sum(term.share for term in one.terms))
    assert sum(term.weight for term in one.terms) == pytest.approx(1)
    votes = next(term for term in one.terms if term.signal == "votes")
    assert votes.share == pytest.approx(one.decay * votes.weight * np.log((1 + votes.ratio) / 2))
    assert votes.rate == pytest.approx(votes.ratio * votes.baseline)
    assert one.decay == pytest.approx(0.5 ** (20 / 48))


def test_one_early_vote_does_not_win() -> None:
    papers = library(*[0] * 30, hours=[0.2, 15.0] + [12.0] * 28)
    terms = seen(papers, *quiet(papers)[1:], voted(0, 1, first=100, ago=0.05), voted(1, 25, first=50))
    assert terms.best(1).tolist() == [1]
    assert score(terms, 0) < score(terms, 1) / 4


def test_a_small_topic_is_not_drowned_by_a_large_one() -> None:
    """What is usual is the topic's own: of one with a hundred times the votes, three times that is less than twelve."""
    papers = library(*[0] * 200, *[1] * 20)
    large, small = (anybody(rows, each) for rows, each in ((range(1, 200), 20), (range(201, 220), 2)))
    terms = seen(papers, large, small, voted(0, 60), voted(200, 24, first=100))
    assert terms.best(2).tolist() == [200, 0]  # twelve times its topic's is more than three times, with fewer votes


def test_an_old_famous_paper_does_not_win_by_its_level() -> None:
    papers = library(*[0] * 40, hours=[24.0 * 700, 20.0] + [20.0] * 38)
    terms = seen(papers, *quiet(papers), voted(0, 300, ago=1), voted(1, 20, first=20))
    assert terms.best(1).tolist() == [1]
    assert score(terms, 0) < 0.001
    one = terms.one(0)
    assert one is not None
    assert one.why_not & TOO_OLD


def test_what_is_usual_depends_on_the_age() -> None:
    """Ten votes are nothing for a paper of one day where all get ten, and much for one of three weeks."""
    papers = library(*[0] * 60, hours=[20.0] * 30 + [500.0] * 30)
    terms = seen(papers, anybody(range(30), 10), voted(30, 10, first=350))
    new, old = terms.one(5), terms.one(30)
    assert new is not None
    assert old is not None
    assert new.terms[0].ratio == pytest.approx(1, abs=0.2)
    assert max(term.ratio for term in old.terms) > 2.5


@pytest.mark.parametrize("missing", [STARS, MENTIONS, CITATIONS])
def test_a_missing_signal_is_not_a_zero(missing: int) -> None:
    """Two papers alike, but one cannot have what the other could have and has not."""
    can = np.zeros((60, len(SIGNALS)), np.bool_)
    can[:, [VOTES, SAVES]] = True
    can[1:, missing] = True
    papers = Papers.of([0] * 60, np.full(60, NOW - 20 * HOUR), can)
    mentioned = Events.of(np.arange(2, 60), missing, NOW - 4 * HOUR, amount=9.0, source=1)
    terms = seen(papers, mentioned, voted(0, 30), voted(1, 30, first=100))
    assert score(terms, 0) > score(terms, 1) > 0
    without, having = terms.weight[0], terms.weight[1]
    assert without[missing] == 0
    assert without[VOTES] == pytest.approx(WEIGHT[VOTES] / (WEIGHT[VOTES] + WEIGHT[SAVES]))
    assert having.sum() == pytest.approx(1)
    assert without.sum() == pytest.approx(1)


def test_opens_that_are_off_weigh_nothing() -> None:
    terms = seen(library(0, 0), voted(0, 5, signal=OPENS), voted(0, 5))
    assert terms.weight[0, OPENS] == terms.count[0, OPENS] == 0


@pytest.mark.parametrize("signal", [VOTES, COMMENTS])
def test_the_same_account_counts_once(signal: int) -> None:
    papers = library(*[0] * 20)
    again = Events.of(np.zeros(500), signal, NOW - HOUR - np.arange(500), account=np.arange(500) % 3)
    terms = seen(papers, *quiet(papers), again)
    one = terms.one(0)
    assert one is not None
    assert next(term.count for term in one.terms if term.signal == SIGNALS[signal]) <= 6


def test_a_vote_given_again_is_as_old_as_the_first_one() -> None:
    papers = library(*[0] * 20, hours=200.0)
    first, again = voted(0, 30, ago=150), voted(0, 30)
    assert seen(papers, *quiet(papers, 1), first, again).one(0) == seen(papers, *quiet(papers, 1), first).one(0)


def test_young_accounts_weigh_less_and_more_with_every_day() -> None:
    worth = []
    for days in (0, 1, 3, 7, 30, 300):
        made = np.concatenate([known().made, np.full(10, NOW - 2 * HOUR - days * DAY) - np.arange(10) * 40_000])
        first = np.minimum(made + HOUR, NOW - 2 * HOUR)
        terms = seen(library(0, 0), voted(0, 10, first=PEOPLE), accounts=Accounts(made, first))
        worth.append(float(terms.counted[0, VOTES]))
    assert worth == sorted(worth)
    assert worth[0] < 3
    assert worth[-1] == pytest.approx(10, abs=0.01)


def test_in_a_new_library_everybody_is_new_and_votes_count() -> None:
    made = NOW - 2 * DAY + np.arange(20) * 3_000
    terms = seen(library(0, 0), voted(0, 10, ago=1), accounts=Accounts(made, made + 600))
    assert terms.counted[0, VOTES] > 5


def test_one_source_can_add_only_so_much() -> None:
    papers = library(*[0] * 20, votes=False)
    usual = Events.of(np.arange(1, 20), MENTIONS, NOW - HOUR, source=np.arange(19) % 4)
    flood = Events.of(np.zeros(500), MENTIONS, NOW - HOUR, source=0)
    several = Events.of(np.zeros(8), MENTIONS, NOW - HOUR, source=np.arange(8))
    one, many = seen(papers, usual, flood), seen(papers, usual, several)
    assert one.count[0, MENTIONS] == 500
    assert one.counted[0, MENTIONS] == pytest.approx(3)
    assert many.counted[0, MENTIONS] == pytest.approx(8)
    assert score(many, 0) > score(one, 0)


def test_votes_of_accounts_that_are_gone_count_as_those_of_one_source() -> None:
    gone = Events.of(np.zeros(50), VOTES, NOW - HOUR - np.arange(50), account=-1)
    terms = seen(library(*[0] * 20), gone)
    assert terms.count[0, VOTES] == 50
    assert terms.counted[0, VOTES] <= 3


def test_citations_that_two_services_count_are_the_same_citations() -> None:
    papers = library(*[0] * 20, votes=False)
    first = Events.of([0], CITATIONS, NOW - HOUR, amount=4, source=1)
    second = Events.of([0], CITATIONS, NOW - HOUR, amount=4, source=2)
    assert seen(papers, first, second).count[0, CITATIONS] == 4


def test_growth_counts_as_far_as_its_time_lies_in_the_window() -> None:
    grown = Events.of([0], STARS, NOW - 12 * HOUR, amount=100, source=1, span=2 * DAY)
    terms = seen(library(0, 0, hours=500.0, votes=False), grown)
    assert terms.count[0, STARS] == pytest.approx(25)


# Hot


def people_and_savers(papers: Papers) -> list[Events]:
    return [*quiet(papers), voted(0, 40), voted(0, 25, first=100, signal=SAVES)]


def test_hot_is_two_signals_of_different_people() -> None:
    papers = library(*[0] * 30)
    assert seen(papers, *people_and_savers(papers)).hot[0]
    same = seen(papers, *quiet(papers), voted(0, 40), voted(0, 25, signal=SAVES))
    assert same.why_not[0] == ONE_SIGNAL | FEW_PEOPLE
    assert not same.hot[0]


def test_hot_needs_two_signals_many_people_and_a_young_paper() -> None:
    papers = library(*[0] * 30)
    assert seen(papers, *quiet(papers), voted(0, 40)).why_not[0] == ONE_SIGNAL
    assert seen(papers, *quiet(papers)).why_not[0] == NOT_ABOVE
    old = library(*[0] * 30, hours=160.0)
    assert seen(old, *people_and_savers(old)).why_not[0] == TOO_OLD
    said = [sentences.why_not(one) for row in (0, 1) if (one := seen(old, *people_and_savers(old)).one(row))]
    assert said[0] == ("it is too old for this window",)
    assert "nothing is clearly above what is usual for its topic" in said[1]


# Terms as what they are: arrays


def test_arrays_are_all_that_there_is() -> None:
    papers = library(*[0] * 9)
    terms = seen(papers, *quiet(papers), voted(3, 30))
    again = Terms.from_arrays(terms.window, terms.now, terms.arrays())
    assert again.one(3) == terms.one(3)
    assert again.best(9).tolist() == terms.best(9).tolist()


def test_the_best_of_a_topic() -> None:
    papers = library(0, 1, 0, 1, 0)
    terms = seen(papers, voted(0, 30), voted(1, 20, first=50), voted(3, 25, first=90))
    assert terms.best(1).tolist() == [0]
    assert set(terms.best(9, among=papers.topics[:, 0] == 1)) == {1, 3}


def test_a_paper_of_which_nothing_is_known() -> None:
    assert seen(library(0, 0), voted(1, 3)).one(0) is None


@pytest.mark.parametrize("papers", [library(0, -1), Papers.of([], [], True)])
def test_nothing_happened(papers: Papers) -> None:
    for terms in windows(NO_EVENTS, known(0), papers, NOW).values():
        assert len(terms.rows) == len(terms.best(10)) == 0


def test_what_is_to_come_and_what_was_not_counted_is_left_out() -> None:
    papers = library(0, 0)
    later = Papers.of([0, 0], [NOW - 20 * HOUR] * 2, True, since=NOW - HOUR)
    assert seen(papers, voted(0, 3, ago=-5)).one(0) is None
    assert seen(later, voted(0, 3, ago=5)).one(0) is None


def test_a_topic_that_is_said_twice_counts_once() -> None:
    assert Papers.of([[4, 4, 2], [1, -1, 1]], [0, 0], True).topics.tolist() == [[4, -1, 2], [1, -1, -1]]


def test_columns_must_fit() -> None:
    with pytest.raises(ValueError, match="shape"):
        Events.of([1, 2], VOTES, [NOW, NOW, NOW])
    with pytest.raises(ValueError, match="different sizes"):
        Papers(
            np.zeros((2, 1), np.int64), np.zeros(3, np.int64), np.zeros((3, 7), np.int64), np.zeros((3, 7), np.int64)
        )


# What holds for every library


@st.composite
def libraries(draw: st.DrawFn) -> tuple[Papers, Events]:
    size = draw(st.integers(1, 12))
    seed = np.random.default_rng(draw(st.integers(0, 10_000)))
    topics = seed.integers(-1, 3, (size, 2))
    born = NOW - (seed.exponential(3, size) * DAY).astype(np.int64)
    papers = Papers.of(topics, born, seed.random((size, len(SIGNALS))) < 0.8, since=NOW - seed.integers(0, 60 * DAY))
    count = draw(st.integers(0, 150))
    signal = seed.integers(0, len(SIGNALS), count)
    act = signal < trend.BY_ACCOUNT
    events = Events.of(
        seed.integers(0, size, count), signal, NOW - (seed.exponential(1.5, count) * DAY).astype(np.int64),
        amount=np.where(act, 1, seed.exponential(4, count)), account=np.where(act, seed.integers(0, 60, count), -1),
        source=seed.integers(0, 3, count), span=np.where(act, 0, seed.integers(0, 3 * DAY, count)),
    )  # fmt: skip
    return papers, events


@given(libraries(), st.integers(0, 9_999))
@settings(max_examples=40, deadline=None)
def test_the_order_of_events_does_not_matter(given: tuple[Papers, Events], seed: int) -> None:
    papers, events = given
    order = np.random.default_rng(seed).permutation(len(events))
    for one, other in zip(
        windows(events, known(), papers, NOW).values(),
        windows(events.take(order), known(), papers, NOW).values(),
        strict=True,
    ):
        for name, column in one.arrays().items():
            assert np.array_equal(column, other.arrays()[name]), name


@given(libraries(), st.integers(0, 11), st.floats(0, 100))
@settings(max_examples=60, deadline=None)
def test_one_more_honest_vote_never_lowers_a_score(given: tuple[Papers, Events], row: int, ago: float) -> None:
    papers, events = given
    row %= len(papers)
    for signal in (VOTES, SAVES, COMMENTS):
        more = Events.join(events, voted(row, 1, first=300, ago=ago, signal=signal))
        before, after = windows(events, known(), papers, NOW), windows(more, known(), papers, NOW)
        for window in before:
            assert score(after[window], row) >= score(before[window], row)


@given(libraries())
@settings(max_examples=40, deadline=None)
def test_terms_are_what_they_say(given: tuple[Papers, Events]) -> None:
    papers, events = given
    for terms in windows(events, known(), papers, NOW).values():
        for name, column in terms.arrays().items():
            assert np.isfinite(column).all(), name
        assert (terms.counted <= terms.count + 1e-9).all()
        assert np.allclose(np.maximum(terms.share.sum(axis=1), 0), terms.score)
        assert ((terms.hours > 0) == (terms.weight > 0)).all()
        assert (terms.hot == (terms.why_not == 0)).all()
        assert (np.diff(terms.rows) > 0).all()
        for row in terms.rows:
            one = terms.one(int(row))
            assert one is not None
            assert all(" in " in said for said in sentences.of(one, "cs.CL"))


def test_never_is_later_than_any_time() -> None:
    assert Papers.of([0], [NOW], False).since.min() == NEVER > NOW * 1000
