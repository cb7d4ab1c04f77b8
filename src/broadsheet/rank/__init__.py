"""Facts to scores. Every file here is one signal: `score(facts)` in [0, 1] for many papers, `sentence(seen)` for one.

But `interest`: it is asked by no question, and says how near papers are to what a reader liked.

Pure: arrays in, arrays out; nothing is looked up. Signals are added with weights (normalised-score fusion; Fox and
Shaw's CombSUM, 1994): each reader can see what every signal added to a paper's place.
"""

import sys
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from broadsheet import registry
from broadsheet.paper import Paper
from broadsheet.query import Signal

Scores = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class Facts(NamedTuple):
    """What is known of n candidate papers, each array of shape (n,).

    bm25       lexical score, 0 where no word of the question occurs
    cosine     of the paper's and the question's vectors, 0 where either has none
    coverage   share of the question's words, by weight, that it holds
    proximity  how close together it holds words that are neighbours in the question
    title      1 where the whole question is the paper's title
    year       0 where unknown
    citations  0 where unknown
    this_year  the year that counts as now
    """

    bm25: Scores
    cosine: Scores
    coverage: Scores
    proximity: Scores
    title: Scores
    year: Ints
    citations: Ints
    this_year: int


class Seen(NamedTuple):
    """One paper, as a signal's sentence may speak of it.

    score     of the signal that speaks, in [0, 1]
    in_title  words of the question that occur in the title, as the question has them
    in_text   those that occur in the abstract or keywords only
    in_names  those that occur in the authors' names only
    missing   those that occur nowhere
    """

    paper: Paper
    score: float
    in_title: tuple[str, ...]
    in_text: tuple[str, ...]
    in_names: tuple[str, ...]
    missing: tuple[str, ...]


def spread(values: Scores) -> Scores:
    """Min-max over the candidates: 0 for the least of them, 1 for the most. Alike, they have 1 if it is more than 0."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if high > low:
        return ((values - low) / (high - low)).astype(np.float32)
    return (values > 0).astype(np.float32)


class Ranking(NamedTuple):
    """total: shape (n,). scores, shares: signal -> shape (n,), the share being weight x score."""

    total: Scores
    scores: dict[str, Scores]
    shares: dict[str, Scores]


def rank(facts: Facts, weights: Mapping[str, float]) -> Ranking:
    """All signals with a weight, added up. An unknown name raises UnknownName."""
    scores: dict[str, Scores] = {}
    shares: dict[str, Scores] = {}
    for name, weight in weights.items():
        if weight:
            scores[name] = _signal(name).score(facts)
            shares[name] = (weight * scores[name]).astype(np.float32)
    total = np.zeros_like(facts.bm25)
    for share in shares.values():
        total += share
    return Ranking(total, scores, shares)


def explain(seen: Seen, scores: Mapping[str, float], weights: Mapping[str, float]) -> tuple[Signal, ...]:
    """The signals of one paper that added something, the largest share first."""
    signals = [
        Signal(name, score, weights[name], score * weights[name], _signal(name).sentence(seen._replace(score=score)))
        for name, score in scores.items()
        if score * weights[name] > 0
    ]
    return tuple(sorted(signals, key=lambda signal: (-signal.share, signal.name)))


def why(signals: tuple[Signal, ...], most: int = 2) -> str:
    """The strongest reasons as one line."""
    return "; ".join(signal.sentence for signal in signals[:most])


@cache
def _signal(name: str) -> "_Module":
    return cast("_Module", registry.load(sys.modules[__name__], name))


class _Module(Protocol):
    """What every signal's file has."""

    def score(self, facts: Facts) -> Scores: ...

    def sentence(self, seen: Seen) -> str: ...
