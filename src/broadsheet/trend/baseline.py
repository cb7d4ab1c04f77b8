"""What is usual: how much a paper of these topics and of this age gets, learnt from all the other papers.

Gamma-Poisson, by empirical Bayes. A paper's count n is Poisson with the mean r x E: E is what its topic's papers get in
these hours at this age, r how many times that it gets. r varies between papers as Gamma(a, a), with mean 1. Its mean
after n was seen is (n + a) / (E + a): the shrunk rate (n + a) / (hours + b) over the topic's rate a / b, for E is
hours x a / b.

E is a mean of means, each shrunk to the one before: all papers, papers of that age, the topic, the topic at that age. a
is fitted by moments (the variance of a negative binomial is E + E^2 / a), and shrunk to that of all papers. The paper
itself is left out of all of them: no paper is compared with itself, and one more vote cannot raise its own baseline.
"""

from typing import NamedTuple

import numpy as np

from broadsheet.trend import Floats, Ints

AGES = np.array([0, 6, 24, 72, 168, 720, 2160, np.inf])  # hours: the bands of age that are told apart
FIRST = (1.0, 2_400.0)  # events in hours of a paper that is taken as seen before anything was: one in 100 days
ENOUGH = 10.0  # expected events at which a mean counts as much as the one it is shrunk to
SPREAD = 25.0  # squared expected events at which a topic's own spread counts as much as that of all papers
NARROW, WIDE = 5.0, 2.0  # a is within: a larger one would not believe in an exception, a smaller one in early votes


class Usual(NamedTuple):
    """Shape (n,). expected: E, in events. shape: a of the Gamma."""

    expected: Floats
    shape: Floats


def usual(counts: Floats, hours: Floats, topics: Ints, rows: Ints) -> Usual:
    """What is usual for the papers of *rows*. *counts*, *hours*: shape (p, bands), of all papers; *topics*: (p, t).

    A paper of several topics has the mean of theirs, and counts in each as a part of a paper.
    """
    bands = _Bands(counts, hours, topics)
    return bands.without(rows)


class _Moments(NamedTuple):
    """Sums over papers: of n, h, n^2, n h, h^2."""

    n: Floats
    h: Floats
    nn: Floats
    nh: Floats
    hh: Floats

    def minus(self, n: Floats, h: Floats, part: Floats) -> "_Moments":
        """Without one paper, of which *part* was counted."""
        return _Moments(
            np.maximum(self.n - part * n, 0), np.maximum(self.h - part * h, 0), self.nn - part * n * n,
            self.nh - part * n * h, self.hh - part * h * h,
        )  # fmt: skip

    def excess(self, mean: Floats) -> tuple[Floats, Floats]:
        """Variance beyond Poisson's, and the squared expectations it belongs to, added up over the bands."""
        beyond = self.nn - self.n - 2 * mean * self.nh + mean**2 * self.hh
        return np.maximum(beyond.sum(axis=-1), 0), np.maximum((mean**2 * self.hh).sum(axis=-1), 0)


class _Bands:
    """Moments of all papers and of each topic, by age band."""

    def __init__(self, counts: Floats, hours: Floats, topics: Ints) -> None:
        self.counts, self.hours, self.topics = counts, hours, topics + 1  # 0 is the topic of papers that have none
        named = topics >= 0
        named[:, 0] |= ~named.any(axis=1)
        self.parts = named / named.sum(axis=1, keepdims=True)
        self.of_topic = self._by_topic()
        self.all = _Moments(*(total.sum(axis=0, keepdims=True) for total in self.of_topic))

    def _by_topic(self) -> _Moments:
        """Shape (topics, bands). Most papers were in one band only, so what is 0 is left out of the sums."""
        size, width = int(self.topics.max(initial=0)) + 1, self.counts.shape[1]
        sums = [np.zeros(size * width) for _ in _Moments._fields]
        paper, band = np.nonzero((self.hours > 0) | (self.counts > 0))
        n, h = self.counts[paper, band], self.hours[paper, band]
        for column in range(self.topics.shape[1]):
            part = self.parts[paper, column]
            cell = self.topics[paper, column] * width + band
            for total, values in zip(sums, (n, h, n * n, n * h, h * h), strict=True):
                total += np.bincount(cell, part * values, minlength=size * width)
        return _Moments(*(total.reshape(size, width) for total in sums))

    def without(self, rows: Ints) -> Usual:
        """For each row, from all the others."""
        n, h = self.counts[rows], self.hours[rows]
        every = self.all.minus(n, h, np.ones((len(rows), 1)))
        overall = (every.n.sum(axis=1) + FIRST[0]) / (every.h.sum(axis=1) + FIRST[1])
        by_age = (every.n + ENOUGH) / (every.h + ENOUGH / overall[:, None])
        beyond, mass = every.excess(by_age)
        expected, shape = np.zeros(len(rows)), np.zeros(len(rows))
        for column in range(self.topics.shape[1]):
            part = self.parts[rows, column][:, None]
            own = _Moments(*(total[self.topics[rows, column]] for total in self.of_topic)).minus(n, h, part)
            found = _topic(own, h, by_age, (beyond + 1) / (mass + 1))
            expected += part[:, 0] * found.expected
            shape += part[:, 0] * found.shape
        return Usual(expected, shape)


def _topic(own: _Moments, hours: Floats, by_age: Floats, spread: Floats) -> Usual:
    """What is usual in one topic. *spread*: 1 / a of all papers."""
    times = (own.n.sum(axis=1) + ENOUGH) / ((by_age * own.h).sum(axis=1) + ENOUGH)
    mean = (own.n + ENOUGH) / (own.h + ENOUGH / (times[:, None] * by_age))
    beyond, mass = own.excess(mean)
    shape = (mass + SPREAD) / np.maximum(beyond + SPREAD * spread, 1e-9)
    return Usual((hours * mean).sum(axis=1), np.clip(shape, WIDE, NARROW))
