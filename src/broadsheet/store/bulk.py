"""A first load of millions: which records can have no copy here, told in memory, and rows for blocks written in bulk.

A store finds the same work by rows of hashes, some for each paper, in a table that is in the order of the hashes. Asked
and filled paper by paper, that table costs more than all the rest, since every batch touches all its pages. So a bulk
load keeps a bit for every hash that the store knows, and asks the table only for records of which some bit is set; and
it holds the new rows back, sorted, until there are many. A watermark in the store says up to which paper they are
written: whoever writes next after a crash makes up for the rest.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from broadsheet.store.db import many
from broadsheet.store.prepared import TITLE, Prepared, mark_of

BITS = 30  # the filter has 2**30 bits, 128 MB: with ten million hashes one lookup in a hundred is in vain
HELD = 500_000  # papers whose rows are held back at most

_BLOCKS = sa.text("SELECT block FROM title")
_IDS = sa.text("SELECT id FROM alias")

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 by the golden ratio

Ints = npt.NDArray[np.int64]


class Bulk:
    """The filter of one store, and the rows that are held back. Made by `Store.bulk`."""

    def __init__(self, connection: sa.Connection, written: int) -> None:
        self.written = written  # the last transaction that the filter knows of
        self._bits = np.zeros(1 << (BITS - 3), np.uint8)
        self._runs: list[tuple[Ints, Ints]] = []  # sorted hashes, and their papers
        self._held = 0
        self._load(connection)

    def _load(self, connection: sa.Connection) -> None:
        for statement, hashed in ((_BLOCKS, int), (_IDS, mark_of)):
            for rows in connection.execution_options(yield_per=100_000).execute(statement).scalars().partitions():
                self._set(np.fromiter(map(hashed, rows), np.int64, len(rows)))

    def renew(self, connection: sa.Connection) -> None:
        """Somebody else has written meanwhile: everything is read again."""
        self._load(connection)

    def sift(self, papers: Sequence[Prepared]) -> tuple[list[int], list[int]]:
        """Which of *papers* (by place) surely have no copy in the store or among each other, and which may have."""
        sizes = [len(paper.own) + len(paper.named) for paper in papers]
        more = [len(paper.more) for paper in papers]
        places = np.arange(len(papers))
        owned = np.fromiter(chain.from_iterable(paper.own + paper.named for paper in papers), np.int64, sum(sizes))
        whose = np.repeat(places, sizes)
        also = np.fromiter(chain.from_iterable(paper.more for paper in papers), np.int64, sum(more))
        marks, owner = np.concatenate((owned, also)), np.concatenate((whose, np.repeat(places, more)))
        known = self._known(marks)
        order = np.argsort(owned, kind="stable")
        owned, whose = owned[order], whose[order]
        left, right = np.searchsorted(owned, marks, "left"), np.searchsorted(owned, marks, "right")
        inside = right > left
        first = whose[np.minimum(left, len(owned) - 1)] if len(owned) else owner
        shared = inside & ((right - left > 1) | (first != owner))
        maybe = np.zeros(len(papers), bool)
        maybe[owner[known | shared]] = True
        return np.flatnonzero(~maybe).tolist(), np.flatnonzero(maybe).tolist()

    def add(self, papers: Sequence[Prepared], pks: Sequence[int]) -> None:
        """Papers that have been given these numbers; their rows are held back."""
        counts = [len(paper.own) for paper in papers]
        hashes = np.fromiter(chain.from_iterable(paper.own for paper in papers), np.int64, sum(counts))
        whose = np.repeat(np.asarray(pks, np.int64), counts)
        order = np.argsort(hashes, kind="stable")
        self._runs.append((hashes[order], whose[order]))
        self._set(hashes)
        self._set(np.fromiter(chain.from_iterable(paper.named for paper in papers), np.int64))
        self._held += len(papers)

    def learn(self, marks: Iterable[int]) -> None:
        """Hashes of papers that were written the usual way."""
        self._set(np.fromiter(marks, np.int64))

    def held_of(self, wanted: Sequence[int]) -> dict[int, list[int]]:
        """hash -> papers, of the rows that are held back."""
        asked = np.asarray(sorted(set(wanted)), np.int64)
        found: dict[int, list[int]] = {}
        for hashes, whose in self._runs:
            left, right = np.searchsorted(hashes, asked, "left"), np.searchsorted(hashes, asked, "right")
            for place in np.flatnonzero(right > left).tolist():
                found.setdefault(int(asked[place]), []).extend(whose[left[place] : right[place]].tolist())
        return found

    def mark(self) -> tuple[list[tuple[Ints, Ints]], int, int]:
        """What `restore` needs to forget a transaction that was not kept; bits that stay set only cost a look."""
        return list(self._runs), self._held, self.written

    def restore(self, mark: tuple[list[tuple[Ints, Ints]], int, int]) -> None:
        self._runs, self._held, self.written = mark

    @property
    def full(self) -> bool:
        return self._held >= HELD

    def flush(self, connection: sa.Connection) -> None:
        """Writes the rows that are held back, in the order of their table."""
        if self._runs:
            hashes = np.concatenate([run[0] for run in self._runs])
            whose = np.concatenate([run[1] for run in self._runs])
            order = np.lexsort((whose, hashes))
            for start in range(0, len(order), 100_000):
                some = order[start : start + 100_000]
                many(connection, TITLE, list(zip(hashes[some].tolist(), whose[some].tolist(), strict=True)))
        self._runs, self._held = [], 0

    def _set(self, marks: Ints) -> None:
        places = _places(marks)
        np.bitwise_or.at(self._bits, places >> 3, (1 << (places & 7)).astype(np.uint8))

    def _known(self, marks: Ints) -> npt.NDArray[np.bool_]:
        places = _places(marks)
        found: npt.NDArray[np.bool_] = (self._bits[places >> 3] >> (places & 7).astype(np.uint8)) & 1 > 0
        return found


def _places(marks: Ints) -> Ints:
    """The bits of some hashes, by Knuth's multiplicative hashing: a hash of two halves differs in all of itself."""
    return ((marks.view(np.uint64) * _ODD) >> np.uint64(64 - BITS)).astype(np.int64)
