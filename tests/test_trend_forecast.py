"""Forecasts: better than saying nothing more, as unsure as they say, and silent where nothing can be known."""

import numpy as np
import pytest

from broadsheet.trend import DAY, Term, sentences
from broadsheet.trend.forecast import CASES, FEWEST, Error, Standing, backtest, learn, standing
from growths import FAMILIES, SHARES, Lives, lives


def alone(family: str) -> tuple[float, ...]:
    return tuple(float(family == name) for name in FAMILIES)


def errors(life: Lives) -> dict[float, Error]:
    return {error.age: error for error in backtest(life.paper, life.at, life.appeared, life.now)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_are_off_by_less_than_the_naive_answers(seed: int) -> None:
    found = errors(lives(seed, shares=SHARES))
    for age in (0.5, 1.0, 2.0):
        assert found[age].factor < 0.95 * min(found[age].nothing, found[age].rate)
    assert found[1.0].factor < 1.4
    assert found[0].factor <= 1.1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_interval_holds_what_it_says_whatever_the_family(family: str) -> None:
    found = [errors(lives(seed, shares=alone(family)))[0] for seed in (1, 2, 3)]
    assert 0.76 < np.mean([error.coverage for error in found]) < 0.96  # counts are whole, so more than 0.8


def test_the_forecast_of_every_paper() -> None:
    life = lives(4)
    model = learn(life.paper, life.at, life.appeared, life.now)
    assert model is not None
    now = standing(life.paper, life.at, life.appeared, life.now)
    found = model.ahead(now)
    said = np.isfinite(found.likely)
    assert said.sum() > 50
    assert (now.votes[said] >= FEWEST).all()
    assert (now.age[said] < 40).all()
    assert (found.low[said] >= now.votes[said]).all()
    assert (found.low[said] <= found.likely[said]).all()
    assert (found.likely[said] <= found.high[said]).all()
    assert (found.likely[said] == np.round(found.likely[said])).all()


def test_more_is_forecast_for_a_paper_that_is_not_slowing_down() -> None:
    life = lives(4)
    model = learn(life.paper, life.at, life.appeared, life.now)
    assert model is not None
    age, votes = np.array([3.0, 3.0]), np.array([30.0, 30.0])
    slow, fast = model.ahead(Standing(age, votes, np.array([1.0, 18.0]))).likely
    assert fast > slow


def test_nothing_is_invented() -> None:
    few = lives(1, papers=CASES // 2)
    assert learn(few.paper, few.at, few.appeared, few.now) is None
    assert backtest(few.paper, few.at, few.appeared, few.now) == ()
    none = np.zeros(0, np.int64)
    assert learn(none, none, none, few.now) is None
    assert backtest(none, none, none, few.now) == ()
    life = lives(1)
    model = learn(life.paper, life.at, life.appeared, life.now)
    assert model is not None
    unknown = model.ahead(Standing(np.array([0.01, 300.0, 3.0]), np.array([9.0, 9, FEWEST - 1]), np.zeros(3)))
    assert np.isnan(unknown.likely).all()


def test_what_is_still_to_come_is_not_learnt_from() -> None:
    life = lives(2)
    past = life.at <= life.now - 20 * DAY
    early = learn(life.paper, life.at, life.appeared, life.now - 20 * DAY)
    assert early is not None
    again = learn(life.paper[past], life.at[past], life.appeared, life.now - 20 * DAY)
    assert again is not None
    for one, other in zip(early.fits, again.fits, strict=True):
        assert one.cases == other.cases
        assert np.array_equal(one.weights, other.weights)
        assert np.array_equal(one.misses, other.misses)


def test_papers_from_before_the_library_are_not_learnt_from() -> None:
    """Their first votes were not here."""
    life = lives(3)
    later = life.at > life.appeared.min() + 60 * DAY
    model = learn(life.paper[later], life.at[later], life.appeared, life.now)
    young = (life.appeared > life.at[later].min()).sum()
    assert model is None or max(fit.cases for fit in model.fits) <= young


@pytest.mark.parametrize(
    ("topic", "count", "counted", "said"),
    [
        ("cs.CL", 12, 12, "12 votes in 20 hours, 4.2 times what a cs.CL paper of its age gets"),
        ("eess.AS", 12, 12, "12 votes in 20 hours, 4.2 times what an eess.AS paper of its age gets"),
        ("", 1, 0.1, "1 vote in 20 hours, 4.2 times what a paper of its age gets; counted as 0.1, for this account is "
                     "new here"),
        ("", 2, 0.1, "2 votes in 20 hours, 4.2 times what a paper of its age gets; counted as 0.1, for not all of "
                     "these accounts are independent or long here"),
    ],
)  # fmt: skip
def test_a_term_as_a_sentence(topic: str, count: float, counted: float, said: str) -> None:
    assert sentences.sentence(Term("votes", count, counted, 20.0, 2.0, 4.2, 0.3, 0.5), topic) == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.001, "1 minute"), (1, "1 hour"), (47, "47 hours"), (72, "3 days"), (51_614, "6 years"), (8_800, "367 days")],
)
def test_a_time_as_people_say_it(hours: float, said: str) -> None:
    assert sentences.span(hours) == said


def test_sentences() -> None:
    assert (
        sentences.forecast(12, 14, 20, 41) == "12 votes now; in 7 days probably 20, and 14 to 41 in four cases of five"
    )
    assert sentences.forecast(12, 12, 12, 12) == "12 votes now; probably no more in the next 7 days"
    assert (
        sentences.error(Error(1.0, 1_240, 1.38, 0.81, 1.9, 3.6))
        == "1,240 forecasts for papers of this age could be checked: half were off by a factor of 1.4 or less, "
        "and 81 % of the papers came to lie within the range"
    )
