"""Signal: near to what one reader liked, learned from votes, saves and what was put out of sight. Pure.

The contract, behind which a deeper learner can take this one's place:

    background = Background.of(sample)                            # once for a library
    interest = learn(liked, weights, disliked, background)        # one reader
    interest.score(vectors)                                       # shape (n,), in deviations above what is usual
    interest.nearest(vectors)                                     # which liked papers speak for each, and how many
    Crowd(tastes, papers, background).scores(vectors)             # the same scores, for thousands of readers at once

A score means the same for every reader and every encoder: 0 is the middle of what this reader's interest gives to
papers of this library, 1 is one deviation (of those below the middle) above it. A reader who has liked nothing has 0
everywhere.

The method is a kernel density (Parzen 1962) with the kernel of von Mises and Fisher: exp(KAPPA cosine), summed over the
liked papers by their weights. What was put out of sight has the same kernel, and the density is multiplied by the share
that the liked papers have in both, which is the estimate of Nadaraya and Watson (1964) for "liked". Cosines are taken
of vectors from which the library's mean is subtracted and whose covariance S is half undone: x S^(-1/4). So what all
papers of a library share says little, and a cosine is half-way to that of Fisher's linear discriminant (x S^-1 y).
The log of a sum of kernels keeps several interests apart, which one direction for all cannot. Constants were chosen on
half of the readers of `bench/interest.py`; docs/benchmarks.md has what the other half gave, for this and for others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

KAPPA = np.float32(6.0)
POWER = 0.25  # of the inverse covariance, on each side of a product; 0 is the plain cosine, 1/2 the discriminant
SHRINK = 0.1  # of the covariance towards a sphere, at least; a sample that is small for the dimensions shrinks more
HALF_LIFE = 4 * 365.0  # days in which a like fades to half
NEAR = 4.0  # deviations from which a paper is called near: of a day of 1,500 papers some 50 are
CLOSE = 0.45  # cosine, as above, from which a liked paper counts as one that a paper is near to
USUAL = 256  # papers of the sample that tell what is usual
LEAST = np.float32(0.05)  # deviation: a library whose papers are all alike says nothing
BYTES = 128 << 20  # of kernels that are held at a time


class Nearest(NamedTuple):
    """Shape (n,) each. place: of the liked paper that says most for it; close: how many liked papers are near it."""

    place: Places
    close: Places


class Taste(NamedTuple):
    """One reader of many: places in a matrix of vectors that all share, and a weight of each that is liked."""

    liked: Places
    weights: Scores
    disliked: Places


@dataclass(frozen=True, slots=True)
class Background:
    """What papers of a library have in common.

    mean    shape (dim,)
    turn    shape (dim, dim): what makes cosines of vectors say more
    usual   shape (m, dim): some of its papers, through `seen`
    """

    mean: Vectors
    turn: Vectors
    usual: Vectors

    @classmethod
    def of(cls, sample: Vectors) -> "Background":
        """From vectors of papers drawn evenly from the library, shape (n, dim); a few thousand are plenty, none do."""
        sample = sample[sample.any(axis=1)]
        count, dim = sample.shape
        mean = np.asarray(sample.mean(axis=0) if count else np.zeros(dim), np.float32)
        spread = (sample - mean).astype(np.float64)
        covariance = spread.T @ spread / max(1, count)
        size = float(np.trace(covariance)) / dim
        if size <= 0:  # nothing to learn from
            return cls(mean, np.eye(dim, dtype=np.float32), np.zeros((0, dim), np.float32))
        share = max(SHRINK, dim / (dim + count))
        values, axes = np.linalg.eigh(covariance / size)
        turn = (axes * ((1 - share) * np.maximum(values, 0) + share) ** -POWER) @ axes.T
        made = cls(mean, turn.astype(np.float32), sample[:0])
        some = np.unique(np.linspace(0, count - 1, min(USUAL, count)).astype(np.int64))
        return cls(made.mean, made.turn, made.seen(sample[some]))

    def seen(self, vectors: Vectors) -> Vectors:
        """Vectors as interests compare them: unit rows, shape (n, dim); a zero row is no vector and stays one."""
        turned = np.asarray((vectors - self.mean) @ self.turn, np.float32)
        turned[~vectors.any(axis=1)] = 0
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), np.float32(1e-9))
        return turned


@dataclass(frozen=True, slots=True)
class Interest:
    """What one reader is interested in. *liked* and *disliked* as the background sees them; *weights* of the liked."""

    liked: Vectors
    weights: Scores
    disliked: Vectors
    background: Background

    def score(self, vectors: Vectors) -> Scores:
        """Deviations above what is usual, shape (n,), of papers with these vectors (n, dim)."""
        both = np.concatenate([self.background.seen(vectors), self.background.usual])
        for_it = np.asarray(self.weights @ _kernels(self.liked, both), np.float32)
        against = _kernels(self.disliked, both[: len(vectors)]).sum(axis=0)
        return _measured(for_it, against, self.weights)

    def nearest(self, vectors: Vectors) -> Nearest:
        """Which liked papers speak for those with these vectors (n, dim). Raises ValueError where nothing is liked."""
        return _nearest(self.liked, self.weights, self.background.seen(vectors))


def learn(liked: Vectors, weights: Scores, disliked: Vectors, background: Background) -> Interest:
    """What a reader is interested in.

    liked     vectors of the papers that the reader liked, shape (n, dim); none for a reader who has liked nothing
    weights   shape (n,), above 0: how much each of them says; see `faded`
    disliked  vectors of the papers that the reader wants to see no more of, shape (m, dim)
    """
    return Interest(background.seen(liked), weights, background.seen(disliked), background)


def faded(days: "npt.NDArray[np.floating[Any]]") -> Scores:
    """The weight of a like by its age in days; one that is dated ahead weighs as one of now."""
    return np.asarray(0.5 ** (np.maximum(days, 0) / HALF_LIFE), np.float32)


class Crowd:
    """Many readers, whose papers are looked at once for all of them.

    papers  what the places of *tastes* are of, shape (u, dim)

    A kernel is computed once for all readers of a block, however many of them like the paper. Beside the result and
    the papers, `scores` needs BYTES, and more only for a single reader whose papers need more.
    """

    def __init__(self, tastes: Sequence[Taste], papers: Vectors, background: Background) -> None:
        self._tastes, self._background = tastes, background
        self._papers = background.seen(papers)

    def scores(self, candidates: Vectors) -> Scores:
        """The score of each candidate (n, dim) for each reader, shape (readers, n)."""
        tastes, usual = self._tastes, self._background.usual
        found = np.zeros((len(tastes), len(candidates)), np.float32)
        seen = np.concatenate([self._background.seen(candidates), usual])
        for start, end, distinct in _blocks(tastes, len(self._papers), max(1, BYTES // (4 * max(1, len(seen))))):
            kernels = _kernels(self._papers[distinct], seen)
            for place in range(start, end):
                taste = tastes[place]
                for_it = taste.weights @ kernels[np.searchsorted(distinct, taste.liked)]
                against = kernels[np.searchsorted(distinct, taste.disliked), : len(candidates)].sum(axis=0)
                found[place] = _measured(for_it, against, taste.weights)
        return found

    def nearest(self, reader: int, seen: Vectors) -> Nearest:
        """Which of a reader's liked papers, by places in *papers*, speak for others; *seen*: of `Background.seen`."""
        taste = self._tastes[reader]
        found = _nearest(self._papers[taste.liked], taste.weights, seen)
        return Nearest(taste.liked[found.place], found.close)


def _blocks(tastes: Sequence[Taste], papers: int, most: int) -> Iterator[tuple[int, int, Places]]:
    """(start, end, the distinct papers of the readers between), of at most so many papers where one reader has not
    more."""
    start, held = 0, np.zeros(papers, np.bool_)
    for place, taste in enumerate(tastes):
        both = np.concatenate([taste.liked, taste.disliked])
        before = held.copy()
        held[both] = True
        if place > start and np.count_nonzero(held) > most:
            yield start, place, np.flatnonzero(before)
            start, held = place, np.zeros(papers, np.bool_)
            held[both] = True
    if start < len(tastes):
        yield start, len(tastes), np.flatnonzero(held)


def _nearest(liked: Vectors, weights: Scores, seen: Vectors) -> Nearest:
    cosines = seen @ liked.T
    said = KAPPA * cosines + np.log(np.maximum(weights, np.float32(1e-9)))
    return Nearest(said.argmax(axis=1).astype(np.int64), (cosines >= CLOSE).sum(axis=1).astype(np.int64))


def _kernels(liked: Vectors, seen: Vectors) -> Scores:
    """Shape (len(liked), len(seen))."""
    cosines: Scores = liked @ seen.T
    cosines *= KAPPA
    np.exp(cosines, out=cosines)
    return cosines


def _measured(for_it: Scores, against: Scores, weights: Scores) -> Scores:
    """The scores of n papers, from sums of kernels of what is liked (n and the usual ones) and of what is not (n,).

    What is usual is told by the liked papers alone: what was put out of sight lowers papers like it, and no others.
    """
    count = len(against)
    if not len(weights):
        return np.zeros(count, np.float32)
    logged = np.log(for_it / weights.sum())
    first: Scores = logged[:count] - np.log1p(against / for_it[:count])
    usual = logged[count:]
    if not len(usual):
        return first
    middle = np.median(usual)
    below = usual[usual < middle] - middle
    deviation = max(LEAST, np.sqrt((below**2).mean())) if len(below) else np.float32(1.0)
    return np.asarray((first - middle) / deviation, np.float32)
