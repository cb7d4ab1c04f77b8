"""The forward index: the analysed words of each paper in order, as 32-bit hashes in a memory-mapped file.

An inverted index answers which papers hold a word; this answers, for the few hundred candidates of a question, which
of its words they hold and how close together. `closeness` turns that into two features.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from broadsheet.index.analysis import plain_words, stem

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint32]

FILE = "forward.u32"
FARTHEST = 8  # words between two neighbours of the question beyond which they count as unrelated


class Closeness(NamedTuple):
    """Two features of n papers, each of shape (n,) in [0, 1].

    coverage   the share of the question's words, by inverse document frequency, that the paper holds
    proximity  how near together it holds the words that are neighbours in the question
    """

    coverage: Scores
    proximity: Scores


def hash_of(stem: str) -> int:
    """A stem as stored, never 0. A collision would only add a word to a feature of one paper."""
    return crc32(stem.encode()) or 1


class _Stored(dict[str, int]):
    """Word -> the hash of its stem, 0 for a stop word. A look-up a word is a fraction of analysing the text whole."""

    MOST = 400_000  # words; then it begins anew, so that a library of any size needs the same memory

    def __missing__(self, word: str) -> int:
        if len(self) >= self.MOST:
            self.clear()
        its = stem.__wrapped__(word)
        self[word] = value = hash_of(its) if its else 0
        return value


_STORED = _Stored()
_NO_WORDS: Words = np.zeros(0, np.uint32)


def analysed(text: str) -> Words:
    """The hashes of the stems of *text* in order, stop words left out."""
    hashes = np.array([_STORED[word] for word in plain_words(text)], np.uint32)
    kept: Words = hashes[hashes != 0]
    return kept


class Forward:
    """For reading: *starts* and *lengths* by pk into the file of *size* words."""

    def __init__(self, folder: Path, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int32], size: int) -> None:
        self.starts, self.lengths = starts, lengths
        mapped = np.memmap(folder / FILE, np.uint32, "r", shape=(size,)) if size else np.zeros(0, np.uint32)
        self._words: Words = mapped.view(np.ndarray)  # a slice of a memmap costs ten times a slice of an array

    def closeness(self, stems: Sequence[str], weights: Sequence[float], pks: Pks) -> Closeness:
        """Features of *pks* for a question of *stems* in order, whose inverse document frequencies are *weights*."""
        inside = np.where(pks < len(self.starts), pks, 0)
        starts, lengths = self.starts[inside], self.lengths[inside]
        parts = [self._words[s : s + n] for s, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
        words = np.concatenate([_NO_WORDS, *parts])
        return closeness(np.array([hash_of(its) for its in stems], np.uint32), np.array(weights), words, lengths)


def closeness(
    asked: Words, weights: npt.NDArray[np.float64], words: Words, lengths: npt.NDArray[np.int32]
) -> Closeness:
    """Coverage and proximity of n texts, given end to end in *words*, each *lengths* long.

    asked    the question's words in order, weights their inverse document frequencies, both (m,)

    Proximity: for neighbours a, b of the question, w = min of their weights and d the smallest distance between them in
    the text, in either order; the sum of w / (1 + ln d) for d up to FARTHEST, as a share of the sum of w (the idea of
    Tao and Zhai, SIGIR 2007, with Lv and Zhai's decay by distance).
    """
    count = len(lengths)
    distinct, places = np.unique(asked, return_inverse=True)
    idf = np.zeros(len(distinct))
    idf[places] = weights
    found = [np.flatnonzero(words == word) for word in distinct]  # quicker than one sorted search: few are asked
    at = np.concatenate([*found, np.zeros(0, np.intp)])
    order = np.argsort(at, kind="stable")
    term = np.repeat(np.arange(len(distinct)), [len(its) for its in found])[order]
    at = at[order]
    row = np.repeat(np.arange(count), lengths)[at]
    holds = np.zeros((count, len(distinct)), np.bool_)
    holds[row, term] = True
    coverage = holds @ idf / max(idf.sum(), 1e-9)
    gained, possible = np.zeros(count), 0.0
    for a, b in dict.fromkeys((min(p), max(p)) for p in zip(places[:-1].tolist(), places[1:].tolist(), strict=True)):
        if a != b:
            weight = min(idf[a], idf[b])
            possible += weight
            gained += weight * _nearness(a, b, term, row, at, count)
    return Closeness(coverage.astype(np.float32), (gained / max(possible, 1e-9)).astype(np.float32))


def _nearness(
    a: int, b: int, term: npt.NDArray[np.intp], row: npt.NDArray[np.intp], at: npt.NDArray[np.intp], count: int
) -> npt.NDArray[np.float64]:
    """1 / (1 + ln d) for the smallest distance d of terms a and b in each row; 0 where it is too far or none.

    The smallest distance is one between neighbours in the merged sequence of both terms.
    """
    some = np.flatnonzero((term == a) | (term == b))
    near = np.zeros(count)
    left, right = some[:-1], some[1:]
    distance = at[right] - at[left]
    good = (term[left] != term[right]) & (row[left] == row[right]) & (distance <= FARTHEST)
    np.maximum.at(near, row[left[good]], 1 / (1 + np.log(distance[good])))
    return near


class ForwardWriter:
    """Appends; a changed paper's words are written again and its place moved. What no state names does not exist."""

    def __init__(self, folder: Path, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int32], size: int) -> None:
        self.starts, self.lengths, self.size = starts, lengths, size
        path = folder / FILE
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(size * 4)
        self._file.seek(size * 4)

    def put(self, pks: Pks, texts: Sequence[str]) -> None:
        rows = [analysed(text) for text in texts]
        lengths = np.array([len(row) for row in rows], np.int32)
        top = int(pks.max()) + 1 if len(pks) else 0
        if top > len(self.starts):
            self.starts = np.concatenate([self.starts, np.zeros(top - len(self.starts), np.int64)])
            self.lengths = np.concatenate([self.lengths, np.zeros(top - len(self.lengths), np.int32)])
        self.starts[pks] = self.size + np.cumsum(lengths) - lengths
        self.lengths[pks] = lengths
        self.size += int(lengths.sum())
        self._file.write(np.concatenate(rows).tobytes() if rows else b"")

    def remove(self, pks: Pks) -> None:
        self.lengths[pks[pks < len(self.lengths)]] = 0

    def flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
