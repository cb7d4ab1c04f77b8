"""The order of a day's papers: what speaks for each, and a turn for every topic.

A paper's score is the weighted sum of its signals, plus a floor, so that a paper for which nothing speaks yet has its
turn as well. Topics take turns as parties take seats by highest averages (Sainte-Lague, 1910): the k-th best paper of
its topic stands where a score of 1 / (1 + k / PACE) of its own would, k from 0. So one large field does not fill the
page, and the best of a small one is on it. docs/front-page.md says the same to readers. Pure.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ties = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Each signal is in [0, 1].
WEIGHTS: Mapping[str, float] = {"attention": 0.45, "near": 0.35, "submitted": 0.10, "code": 0.10}
FLOOR = 0.05
PACE = 4.0  # papers of one topic that make the next one count half


class Daily(NamedTuple):
    """order: positions, the first paper first. score: of each position, without the floor; both of shape (n,)."""

    order: Ints
    score: Floats


def daily(signals: Mapping[str, Floats], topics: Ints, tie: Ties, first: Ints) -> Daily:
    """Papers in the order of their page.

    signals  name -> shape (n,), of names in WEIGHTS
    topics   shape (n,): a code of each paper's topic; below 0: it has none, and shares its turn with nobody
    tie      shape (n,): of papers that are equal otherwise, the larger first
    first    positions of those that an editor chose, in the editor's order
    """
    count = len(topics)
    score = np.zeros(count, np.float32)
    for name, values in signals.items():
        score += WEIGHTS[name] * values
    place = turns(topics, score, tie)
    held = (score + FLOOR) / (1 + place / PACE)
    order = np.lexsort((-tie, -held))
    return Daily(np.concatenate([first, order[~np.isin(order, first)]]).astype(np.int64), score)


def turns(topics: Ints, score: Floats, tie: Ties) -> Ints:
    """The place of each paper among those of its topic, from 0; shape (n,)."""
    count = len(topics)
    own = np.where(topics < 0, -1 - np.arange(count), topics)
    order = np.lexsort((-tie, -score, own))
    grouped = own[order]
    fresh = np.ones(count, np.bool_)
    fresh[1:] = grouped[1:] != grouped[:-1]
    begin = np.maximum.accumulate(np.where(fresh, np.arange(count), 0))
    place = np.zeros(count, np.int64)
    place[order] = np.arange(count) - begin
    return place
