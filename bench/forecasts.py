"""Forecasts of a paper's votes seven days on: the library's own against others, on simulated lives of four families.

    python -m bench.forecasts [--papers 3000] [--write]

Each method learns from one history and is judged on another. No method is the generator's own: of the families, the
saturating curve describes the first only.
"""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import ndtr

from bench import table
from broadsheet.trend import DAY, Floats
from broadsheet.trend.forecast import DAYS, FEWEST, Ahead, Standing, learn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from growths import FAMILIES, SHARES, Lives, lives

AGES = (0.5, 1.0, 3.0, 7.0)
EDGES = np.array([0, 0.125, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 14, 21, 28])  # days, of the curve's counts
_NOTHING = Ahead(np.zeros(0), np.zeros(0), np.zeros(0))


class Case(NamedTuple):
    """Papers at one age. parts: shape (n, edges - 1), votes between EDGES until that age. came: votes DAYS later."""

    now: Standing
    parts: Floats
    came: Floats


def cases(life: Lives, age: float, days: float = DAYS) -> Case:
    """Papers that had FEWEST votes at *age*, and whose next days are over."""
    old = (life.at - life.appeared[life.paper]) / DAY
    size = len(life.appeared)

    def count(least: float, most: float) -> Floats:
        return np.bincount(life.paper[(old > least) & (old <= most)], minlength=size).astype(np.float64)

    votes = count(-1, age)
    some = (life.appeared + (age + days) * DAY <= life.now) & (votes >= FEWEST)
    parts = np.column_stack(
        [count(least or -1.0, most) if most <= age else np.zeros(size) for least, most in itertools.pairwise(EDGES)]
    )
    now = Standing(np.full(int(some.sum()), age), votes[some], count(age - 1, age)[some])
    return Case(now, parts[some], count(-1, age + days)[some])


Method = Callable[[Lives, float], Callable[[Case], Ahead]]


def nothing(_: Lives, __: float) -> Callable[[Case], Ahead]:
    return lambda case: _NOTHING._replace(likely=case.now.votes)


def same_rate(_: Lives, age: float) -> Callable[[Case], Ahead]:
    return lambda case: _NOTHING._replace(likely=case.now.votes + case.now.last / min(age, 1.0) * DAYS)


def growth_factor(life: Lives, age: float) -> Callable[[Case], Ahead]:
    """Gamma-Poisson: each paper has a rate; what comes is a share of it that all papers of this age have in common."""
    known = cases(life, age)
    mean, spread = known.now.votes.mean(), known.now.votes.var()
    shape = max(mean**2 / max(spread - mean, 1e-3), 0.2)
    share = (known.came - known.now.votes).sum() / known.now.votes.sum()
    return lambda case: _NOTHING._replace(likely=case.now.votes + share * (case.now.votes + shape) / (1 + shape / mean))


def curve(life: Lives, age: float) -> Callable[[Case], Ahead]:
    """c(t) = m [exp(l Phi((ln t - mu) / s)) - 1] (Wang, Song and Barabasi, 2013) with priors learnt from other papers.

    The priors are a distribution over a grid of (mu, s, ceiling), fitted by expectation-maximisation to whole lives; a
    forecast is the mean over the grid, given what a paper has until now.
    """
    ceiling, mu, width = (
        x.ravel() for x in np.meshgrid(np.geomspace(1, 3000, 24), np.linspace(-1.5, 3, 10), (0.6, 0.9, 1.3, 1.9))
    )
    scale = 20.0

    def until(day: float) -> Floats:
        return np.asarray(scale * (np.exp(np.log1p(ceiling / scale) * ndtr((np.log(max(day, 1e-9)) - mu) / width)) - 1))

    steps = np.diff([until(day) for day in EDGES], axis=0) + 1e-9

    def likelihood(case: Case, to: float) -> Floats:
        seen = EDGES[1:] <= to
        found = case.parts[:, seen] @ np.log(steps[seen]) - until(to)
        return np.asarray(np.exp(found - found.max(axis=1, keepdims=True)))

    prior = np.full(len(mu), 1 / len(mu))
    whole = likelihood(cases(life, EDGES[-1], 0), EDGES[-1])
    for _ in range(30):
        weight = whole * prior
        prior = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)

    def ahead(case: Case) -> Ahead:
        weight = likelihood(case, age) * prior
        weight /= weight.sum(axis=1, keepdims=True)
        growth = until(age + DAYS) - until(age)
        mean = weight @ growth
        spread = np.maximum(weight @ growth**2 - mean**2, 0) + mean
        bounds = (stats.gamma.ppf(q, mean**2 / spread, scale=spread / mean) for q in (0.1, 0.5, 0.9))
        return Ahead(*(case.now.votes + np.round(bound) for bound in bounds))

    return ahead


def ours(life: Lives, _: float) -> Callable[[Case], Ahead]:
    model = learn(life.paper, life.at, life.appeared, life.now)
    if model is None:
        raise SystemExit("too short a history to learn from")
    return lambda case: model.ahead(case.now)


METHODS: dict[str, Method] = {
    "nothing more": nothing, "the same rate": same_rate, "growth factor": growth_factor, "saturating curve": curve,
    "ours": ours,
}  # fmt: skip


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, default=3_000)
    chosen = parser.parse_args()
    columns = ["lives", "age, days", "papers", *METHODS, "within: saturating curve", "within: ours"]
    result = table.Table("forecasts", columns)
    alone = [(name, tuple(float(name == other) for other in FAMILIES)) for name in FAMILIES]
    for name, shares in [("all four", SHARES), *alone]:
        learnt, judged = (lives(seed, chosen.papers, shares=shares) for seed in (1, 2))
        for age in AGES:
            case = cases(judged, age)
            if len(case.came) < 60 or len(cases(learnt, age).came) < 60:
                continue
            found = {method: make(learnt, age)(case) for method, make in METHODS.items()}
            factors = [np.exp(np.median(np.abs(np.log(said.likely / case.came)))) for said in found.values()]
            held = [
                ((case.came >= found[method].low) & (case.came <= found[method].high)).mean()
                for method in ("saturating curve", "ours")
            ]
            result.add(name, age, len(case.came), *(f"{factor:.2f}" for factor in factors), *(f"{x:.2f}" for x in held))
    result.notes.append(
        "simulated; the factor by which half of the forecasts, for 7 days on, were off at most; "
        "within: share of the 80 % intervals that held"
    )
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
