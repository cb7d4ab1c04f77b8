"""Where a paper is heading: its votes some days from now, with an 80 % interval, learnt from the library's own past.

How much is still to come depends on how old a paper is, on what it has, and on whether it is slowing down. The papers
that were once of its age show how: the logarithm of what they then gained is fitted to the logarithms of their votes
and of their last day's votes (Szabo and Huberman, 2010; the last day tells an end from a break-out). The interval is
that of the misses on papers like it, by the half of them that the fit had not seen (cross-conformal; Vovk, 2015): it
holds whether or not the fit is a good one, as long as the future is like the past. Where too few papers were of that
age, there is no forecast.

    model = learn(paper, at, appeared, now)                  # None: not enough history
    found = model.ahead(standing(paper, at, appeared, now))  # for every paper; NaN where nothing can be said
    errors = backtest(paper, at, appeared, now)              # how wrong it was in the past, for the reader

`bench.forecasts` compares this with a saturating curve, with growth factors, and with the naive answers.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.trend import DAY, Bools, Floats, Ints

DAYS = 7.0  # how far ahead
AGES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 21.0, 28.0)  # days at which papers are compared
NEAR = 1.3  # a paper's age is at most so many times one of these, or one of these so many times it
CASES = 60  # papers that must have been of an age
LIKE = 40  # papers at least whose misses make an interval
BINS = 4  # parts of the papers of an age, by how much is likely to come
FEWEST = 3  # votes of a paper that has a forecast
QUANTILES = (0.1, 0.5, 0.9)  # of the misses: the interval, and its middle
LEARNT = 0.6  # of the history: the backtest learns from it, and forecasts the rest


class Standing(NamedTuple):
    """What is known of papers at a moment; shape (p,). age: in days; votes: all so far; last: those of the last day."""

    age: Floats
    votes: Floats
    last: Floats


class Ahead(NamedTuple):
    """Votes that a paper will have; shape (p,). NaN where nothing can be said. likely: too much half of the time."""

    low: Floats
    likely: Floats
    high: Floats


class Fit(NamedTuple):
    """What papers of one age showed. cases: how many; weights: of 1, log(1 + count), log(1 + last).

    edges: of the fitted growth (as log), ascending; misses: shape (edges + 1, 3), their QUANTILES between two edges.
    """

    age: float
    cases: int
    weights: Floats
    edges: Floats
    misses: Floats

    def ahead(self, count: Floats, last: Floats) -> Ahead:
        """For papers of about this age."""
        growth = _features(count, last) @ self.weights
        like = np.searchsorted(self.edges, growth, side="right")
        return Ahead(*(count + np.round(_votes(growth + miss)) for miss in self.misses[like].T))


class Model(NamedTuple):
    """days: how far ahead. fits: by age, ascending; at least one."""

    days: float
    fits: tuple[Fit, ...]

    def ahead(self, now: Standing) -> Ahead:
        """NaN for papers with fewer than FEWEST votes, and of ages of which too little is known."""
        found = Ahead(*(np.full(len(now.age), np.nan) for _ in Ahead._fields))
        known = np.log([fit.age for fit in self.fits])
        age = np.log(np.maximum(now.age, 1e-6))
        nearest = np.abs(age[:, None] - known[None, :]).argmin(axis=1)
        fit_for = (now.votes >= FEWEST) & (np.abs(age - known[nearest]) <= np.log(NEAR))
        for place, fit in enumerate(self.fits):
            some = np.flatnonzero(fit_for & (nearest == place))
            for column, values in zip(found, fit.ahead(now.votes[some], now.last[some]), strict=True):
                column[some] = values
        return found


class Error(NamedTuple):
    """How wrong forecasts were on the library's own past, which they had not seen.

    age       days, of the papers when the forecasts were made; 0: of all ages
    cases     forecasts made
    factor    half of them were off by this factor or less
    coverage  share of them whose interval held what came
    nothing   the same factor, had one said that nothing more would come,
    rate      or that it would go on like the last day
    """

    age: float
    cases: int
    factor: float
    coverage: float
    nothing: float
    rate: float


def standing(paper: Ints, at: Ints, appeared: Ints, now: int) -> Standing:
    """*paper*, *at*: shape (n,), row and Unix second of each vote. *appeared*: shape (p,)."""
    past = at <= now
    recent = past & (at > now - DAY)
    votes, last = (np.bincount(paper[some], minlength=len(appeared)).astype(np.float64) for some in (past, recent))
    return Standing((now - appeared) / DAY, votes, last)


def learn(paper: Ints, at: Ints, appeared: Ints, now: int, days: float = DAYS) -> Model | None:
    """From what happened until *now*; None where no age has CASES papers whose next *days* are over."""
    votes = _Votes(paper, at, appeared, now)
    fits = (votes.fit(age, days) for age in AGES)
    found = tuple(fit for fit in fits if fit)
    return Model(days, found) if found else None


def backtest(paper: Ints, at: Ints, appeared: Ints, now: int, days: float = DAYS) -> tuple[Error, ...]:
    """Forecasts as they would have been made when LEARNT of the history was over: of all ages, then by age.

    Empty where there is too little history; an age of fewer than CASES forecasts is left out.
    """
    if not len(at):
        return ()
    cut = int(at.min() + LEARNT * (now - at.min()))
    model = learn(paper, at, appeared, cut, days)
    if model is None:
        return ()
    votes, parts = _Votes(paper, at, appeared, now), []
    for fit in model.fits:
        rows, count, last, growth = votes.cases(fit.age, days)
        later = appeared[rows] + fit.age * DAY >= cut
        said = fit.ahead(count[later], last[later])
        rate = count + last / min(fit.age, 1.0) * days
        age = np.full(len(rows), fit.age)
        parts.append(np.array([*(x[later] for x in (age, count, rate, count + growth)), *said]))
    cases = np.concatenate(parts, axis=1)
    by_age = [_error(fit.age, cases[:, cases[0] == fit.age]) for fit in model.fits]
    return tuple(error for error in (_error(0.0, cases), *by_age) if error.cases >= CASES)


def _error(age: float, cases: Floats) -> Error:
    """Rows of *cases*: age, votes then, votes at the same rate, votes that came, low, likely, high."""
    _, count, rate, came, low, likely, high = cases
    if not len(came):
        return Error(age, 0, 0.0, 0.0, 0.0, 0.0)
    held = float(((came >= low) & (came <= high)).mean())
    return Error(age, len(came), _factor(likely, came), held, _factor(count, came), _factor(rate, came))


def _factor(said: Floats, came: Floats) -> float:
    return float(np.exp(np.median(np.abs(np.log(said / came)))))


class _Votes:
    """Votes of the papers whose whole life is in the history."""

    def __init__(self, paper: Ints, at: Ints, appeared: Ints, now: int) -> None:
        self.appeared, self.now, self.first = appeared, now, int(at.min(initial=now))
        past = at <= now
        self.paper, self.age = paper[past], (at[past] - appeared[paper[past]]) / DAY

    def cases(self, age: float, days: float) -> tuple[Ints, Floats, Floats, Floats]:
        """Papers that were of *age*, had FEWEST votes by then, and whose next *days* are over.

        Their rows, votes, votes of the last day before, and what came then.
        """
        over = (self.appeared >= self.first) & (self.appeared + (age + days) * DAY <= self.now)
        count = self._count(self.age <= age)
        rows = np.flatnonzero(over & (count >= FEWEST))
        last = self._count((self.age <= age) & (self.age > age - 1))
        growth = self._count((self.age > age) & (self.age <= age + days))
        return rows, count[rows], last[rows], growth[rows]

    def _count(self, which: Bools) -> Floats:
        return np.bincount(self.paper[which], minlength=len(self.appeared)).astype(np.float64)

    def fit(self, age: float, days: float) -> Fit | None:
        """What papers of *age* gained in the *days* after; None where there are too few."""
        rows, count, last, growth = self.cases(age, days)
        if len(rows) < CASES:
            return None
        known, came = _features(count, last), np.log1p(growth)
        said = np.zeros(len(rows))
        halves = np.arange(len(rows)) % 2  # rows are as good as any order, and the same each time
        for half in (0, 1):
            said[halves == half] = known[halves == half] @ _least_squares(known[halves != half], came[halves != half])
        edges = _edges(said)
        like = np.searchsorted(edges, said, side="right")
        misses = np.array([np.quantile((came - said)[like == i], QUANTILES) for i in range(len(edges) + 1)])
        return Fit(age, len(rows), _least_squares(known, came), edges, misses)


def _features(count: Floats, last: Floats) -> Floats:
    return np.column_stack([np.ones(len(count)), np.log1p(count), np.log1p(last)])


def _edges(said: Floats) -> Floats:
    """Between at most BINS parts of about the same size, LIKE or more in each."""
    for bins in range(BINS, 1, -1):
        edges = np.quantile(said, np.arange(1, bins) / bins)
        if np.bincount(np.searchsorted(edges, said, side="right"), minlength=bins).min() >= LIKE:
            return np.asarray(edges, np.float64)
    return np.zeros(0)


def _least_squares(known: Floats, came: Floats) -> Floats:
    """With one case's worth of caution about the slopes: all may have the same count."""
    return np.asarray(np.linalg.solve(known.T @ known + np.diag([0.0, 1.0, 1.0]), known.T @ came), np.float64)


def _votes(growth: npt.ArrayLike) -> Floats:
    """The growth whose log(1 + growth) this is; never below 0."""
    return np.maximum(np.expm1(growth), 0)
