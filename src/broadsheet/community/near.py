"""How near papers are to those that a reader saved or voted for, in units that mean the same for every encoder.

A cosine says little by itself: one encoder puts two unrelated papers at 0.1, another at 0.7. So it is measured from
the middle of what is usual between papers of this library, in deviations of those below the middle: papers that are
near each other, of which a library of few subjects has many, do not make that wider.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.index.reader import Reader

Pks = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

NEAR = 4.4  # deviations above the middle at which a paper is called close: of two by chance, one pair in 1,700
FROM, TO = 2.2, 5.7  # deviations that are worth nothing, and all that nearness can be worth
MEAN = 0.25  # of the score is by the mean of the nearest few, the rest by the nearest
FEW = 5
SAMPLE = 512  # papers that tell what is usual
LEAST = 0.02  # deviation: papers that are all alike say nothing
KEPT = 8  # periods whose vectors stay in memory
SMALL = 1 << 18  # multiplications up to which OpenBLAS wakes no other thread, which under load costs more than it gives


class Near(NamedTuple):
    """Shape (n,) each. score: in [0, 1]; saved, voted: how many of these papers of the reader are close."""

    score: Floats
    saved: Pks
    voted: Pks


class Nearness:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._vectors: OrderedDict[str, Floats] = OrderedDict()
        self._usual: tuple[str, float, float] = ("", 0.0, 1.0)
        self._lock = threading.Lock()

    def of(self, reader: Reader, pks: Pks, key: str, liked: Mapping[int, bool]) -> Near:
        """How near papers are to those *liked* (pk -> saved?). *key*: what the vectors of *pks* are remembered by."""
        middle, deviation = self._expected(reader)
        mine = np.fromiter(liked, np.int64, len(liked))
        kept = np.fromiter(liked.values(), np.bool_, len(liked))
        inside = mine < reader.dense.rows
        mine, kept = mine[inside], kept[inside]
        if not len(mine):
            nothing = np.zeros(len(pks), np.int64)
            return Near(nothing.astype(np.float32), nothing, nothing)
        z = (_products(self._taken(reader, pks, key), reader.dense.take(mine).T) - middle) / deviation
        z[pks[:, None] == mine[None, :]] = 0  # a paper is not near because it is itself one of them
        few = min(FEW, z.shape[1])
        best = np.partition(z, z.shape[1] - few, axis=1)[:, -few:]
        score = (1 - MEAN) * best.max(axis=1) + MEAN * best.mean(axis=1)
        close = z >= NEAR
        return Near(
            np.clip((score - FROM) / (TO - FROM), 0, 1).astype(np.float32),
            close[:, kept].sum(axis=1), close[:, ~kept].sum(axis=1),
        )  # fmt: skip

    def _taken(self, reader: Reader, pks: Pks, key: str) -> Floats:
        with self._lock:
            found = self._vectors.get(key)
        if found is None:
            inside = np.minimum(pks, reader.dense.rows - 1)
            found = reader.dense.take(inside)
            found[pks >= reader.dense.rows] = 0
            with self._lock:
                self._vectors[key] = found
                while len(self._vectors) > KEPT:
                    self._vectors.popitem(last=False)
        return found

    def _expected(self, reader: Reader) -> tuple[float, float]:
        """The middle of the cosines of two papers of this library, and the deviation of those below it."""
        stamp, middle, deviation = self._usual
        if stamp != reader.stamp:
            live = np.flatnonzero(reader.columns.single["live"][: reader.dense.rows])
            some = live[np.linspace(0, len(live) - 1, min(SAMPLE, len(live))).astype(np.int64)]
            vectors = reader.dense.take(some)
            pairs = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
            middle = float(np.median(pairs)) if len(pairs) else 0.0
            below = pairs[pairs < middle] - middle
            deviation = max(LEAST, float(np.sqrt((below**2).mean()))) if len(below) else 1.0
            self._usual = (reader.stamp, middle, deviation)
        return middle, deviation


def _products(some: Floats, others: Floats) -> Floats:
    """*some* @ *others* on this thread alone."""
    out = np.empty((len(some), others.shape[1]), np.float32)
    step = max(1, SMALL // max(1, others.size))
    for start in range(0, len(some), step):
        np.matmul(some[start : start + step], others, out=out[start : start + step])
    return out
