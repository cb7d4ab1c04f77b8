"""Simulated lives of papers, to judge forecasts by: several families of growth, so that no model is judged by its own.

lognormal   independent readers whose delays are log-normal (what Wang, Song and Barabasi's curve describes)
contagion   each vote brings others by word of mouth, with a power law's delays (a Hawkes process)
steady      as many each day for as long as one looks
breakout    as lognormal, and on some later day somebody famous mentions it
"""

from typing import NamedTuple

import numpy as np

from broadsheet.trend import DAY, Floats, Ints

BEGAN = 1_700_006_400
FAMILIES = ("lognormal", "contagion", "steady", "breakout")
SHARES = (0.4, 0.4, 0.1, 0.1)


class Lives(NamedTuple):
    """Votes: paper and at, shape (n,). appeared, family: shape (p,). now: when the history ends."""

    paper: Ints
    at: Ints
    appeared: Ints
    family: Ints
    now: int


def lives(
    seed: int, papers: int = 1_500, days: int = 90, shares: tuple[float, ...] = SHARES, mean: float = 20.0
) -> Lives:
    """The same for the same seed; *mean* votes a paper, with a power law's tail."""
    draw = np.random.default_rng(seed)
    appeared = BEGAN + np.sort(draw.integers(0, days * DAY, papers))
    family = draw.choice(len(FAMILIES), papers, p=shares)
    size = mean * 0.5 * np.minimum((1 - draw.random(papers)) ** (-1 / 2.0), 40)
    rows, ages = [], []
    for made, some in (
        (_lognormal, (family == 0) | (family == 3)), (_contagion, family == 1), (_steady, family == 2),
        (_breakout, family == 3),
    ):  # fmt: skip
        which = np.flatnonzero(some)
        place, age = made(draw, size[which])
        rows.append(which[place])
        ages.append(age)
    paper, age = np.concatenate(rows), np.concatenate(ages)
    at = appeared[paper] + (age * DAY).astype(np.int64)
    at = at + (np.abs(at % DAY - DAY // 2) > DAY // 4) * draw.integers(0, DAY // 3, len(at))  # few at night
    keep = at < BEGAN + days * DAY
    return Lives(paper[keep], at[keep], appeared, family, BEGAN + days * DAY)


def _lognormal(draw: np.random.Generator, size: Floats) -> tuple[Ints, Floats]:
    paper = np.repeat(np.arange(len(size)), draw.poisson(size))
    middle, width = draw.normal(0.4, 0.7, len(size)), draw.uniform(0.8, 1.6, len(size))
    return paper, np.exp(draw.normal(middle[paper], width[paper]))


def _contagion(draw: np.random.Generator, size: Floats) -> tuple[Ints, Floats]:
    """Half of the votes come by themselves; each brings 0.6 others on average, later."""
    paper = np.repeat(np.arange(len(size)), draw.poisson(size * 0.4))
    age = draw.exponential(0.7, len(paper))
    papers, ages = [paper], [age]
    while len(paper):
        children = draw.poisson(0.6, len(paper))
        paper, age = np.repeat(paper, children), np.repeat(age, children)
        age = age + 0.1 * ((1 - draw.random(len(age))) ** (-1 / 0.8) - 1)
        papers.append(paper)
        ages.append(age)
    return np.concatenate(papers), np.concatenate(ages)


def _steady(draw: np.random.Generator, size: Floats) -> tuple[Ints, Floats]:
    paper = np.repeat(np.arange(len(size)), draw.poisson(size * 2))
    return paper, draw.uniform(0, 60, len(paper))


def _breakout(draw: np.random.Generator, size: Floats) -> tuple[Ints, Floats]:
    day = draw.uniform(1, 25, len(size))
    paper = np.repeat(np.arange(len(size)), draw.poisson(size * draw.uniform(1, 6, len(size))))
    return paper, day[paper] + draw.exponential(1.2, len(paper))
