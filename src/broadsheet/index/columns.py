"""Facts by paper as plain arrays: what filters, sorts and signals read for many papers at once.

Position = pk. One value a paper: year, date and the day on which it appeared here (yyyymmdd), when it was added (Unix
minutes), citations, venue, whether it has code, how much it rises, and where the forward index has its words. Several a
paper: categories, sources, as pairs (pk, code). Values are folded; the spelling that people see is kept beside the
code.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from broadsheet.index.places import appeared, day_number, rising
from broadsheet.paper import Paper
from broadsheet.query import Filters
from broadsheet.text import fold

Pks = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]

_SINGLE = ("year", "date", "appeared", "added", "citations", "venue", "code", "rising", "live", "words")
_MANY = ("category", "source")


class Columns:
    """The arrays of one generation; immutable once read, changed only through `put` and `remove` by one writer."""

    def __init__(self) -> None:
        self.single: dict[str, Ints] = {name: np.zeros(0, np.int32) for name in _SINGLE}
        self.starts = np.zeros(0, np.int64)  # where each paper's words begin in the forward index
        self.many: dict[str, npt.NDArray[np.int64]] = {name: np.zeros((0, 2), np.int64) for name in _MANY}
        self.names: dict[str, dict[str, int]] = {name: {} for name in ("venue", *_MANY)}
        self.shown: dict[str, list[str]] = {name: [""] for name in ("venue", *_MANY)}
        self._pending: dict[str, list[tuple[int, int]]] = {name: [] for name in _MANY}
        self._gone: list[int] = []

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        return len(self.single["year"])

    @property
    def count(self) -> int:
        return int(self.single["live"].sum())

    def values(self, name: str, pks: Pks) -> Ints:
        """year, date, citations or rising of these papers, shape (len(pks),); 0 where unknown."""
        column = self.single[name]
        out = np.zeros(len(pks), np.int32)
        inside = pks < len(column)
        out[inside] = column[pks[inside]]
        return out

    def mask(self, filters: Filters) -> Mask:
        """Which rows fit years, venues, categories and sources, shape (rows,). The rest is the lexical index's."""
        kept = self.single["live"] > 0
        if filters.year_from is not None or filters.year_to is not None:
            low = filters.year_from if filters.year_from is not None else 1
            kept &= self.single["year"] >= low
            if filters.year_to is not None:
                kept &= self.single["year"] <= filters.year_to
        if filters.venues:
            kept &= np.isin(self.single["venue"], self._codes("venue", filters.venues))
        for name, wanted in (("category", filters.categories), ("source", filters.sources)):
            if wanted:
                pairs = self.many[name]
                fits = np.zeros(self.rows, np.bool_)
                fits[pairs[np.isin(pairs[:, 1], self._codes(name, wanted)), 0]] = True
                kept &= fits
        return kept

    def counts(self, name: str, most: int) -> list[tuple[str, int]]:
        """The commonest venues, categories, sources or years with how many papers have each."""
        live = self.single["live"] > 0
        if name == "year":
            tally = np.bincount(self.single["year"][live]) if live.any() else np.zeros(1, np.int64)
            return [(str(year), int(tally[year])) for year in np.flatnonzero(tally)[::-1] if year][:most]
        codes = self.single[name][live] if name == "venue" else self.many[name][:, 1]
        tally = np.bincount(codes, minlength=len(self.shown[name]))
        tally[0] = 0
        best = sorted(np.flatnonzero(tally), key=lambda code: (-tally[code], self.shown[name][code]))[:most]
        return [(self.shown[name][code], int(tally[code])) for code in best]

    def _codes(self, name: str, values: Iterable[str]) -> list[int]:
        known, codes = self.names[name], list[int]()
        for value in map(fold, values):
            if value.endswith("*"):
                codes += [code for its, code in known.items() if its.startswith(value.rstrip("*"))]
            else:
                codes.append(known.get(value, -1))
        return codes

    def spelled(self, name: str, folded: str) -> str:
        """A venue, category or source as people write it."""
        return self.shown[name][self.names[name].get(folded, 0)] or folded

    # -- writing -------------------------------------------------------------------------------------------------------

    def put(self, pks: Pks, papers: Sequence[Paper], added: Sequence[int]) -> None:
        """*added*: when each of them was, Unix seconds; 0 if nobody noted it."""
        self._reserve(int(pks.max()) + 1 if len(pks) else 0)
        known = self.single["live"][pks] > 0
        if known.any():
            self._gone.extend(pks[known].tolist())
            self.settle()  # what these papers said before goes, before what they say now comes
        self.single["year"][pks] = [_int32(paper.year) for paper in papers]
        self.single["date"][pks] = [_int32(day_number(paper)) for paper in papers]
        self.single["appeared"][pks] = [appeared(paper, at) for paper, at in zip(papers, added, strict=True)]
        self.single["added"][pks] = [at // 60 for at in added]
        self.single["code"][pks] = [bool(paper.link("code")) for paper in papers]
        self.single["citations"][pks] = [_int32(paper.citations) for paper in papers]
        self.single["rising"][pks] = [rising(paper) for paper in papers]
        self.single["venue"][pks] = [self._code("venue", paper.venue) for paper in papers]
        self.single["live"][pks] = 1
        for pk, paper in zip(pks.tolist(), papers, strict=True):
            self._pending["category"] += [(pk, self._code("category", value)) for value in paper.categories]
            self._pending["source"] += [(pk, self._code("source", value)) for value in paper.sources]

    def remove(self, pks: Pks) -> None:
        pks = pks[pks < self.rows]
        for name in _SINGLE:
            self.single[name][pks] = 0
        self._gone.extend(pks.tolist())

    def _reserve(self, rows: int) -> None:
        for name, column in self.single.items():
            if rows > len(column):
                self.single[name] = np.concatenate([column, np.zeros(rows - len(column), np.int32)])

    def _code(self, name: str, value: str) -> int:
        if not value:
            return 0
        codes = self.names[name]
        folded = fold(value)
        code = codes.get(folded)
        if code is None:
            code = codes[folded] = len(self.shown[name])
            self.shown[name].append(value)
        return code

    def settle(self) -> None:
        """Fold the pending pairs in, then drop all pairs of papers that changed or went."""
        gone = np.unique(np.array(self._gone, np.int64))
        for name in _MANY:
            pairs = self.many[name]
            if self._pending[name]:
                pairs = np.concatenate([pairs, np.array(self._pending[name], np.int64)])
            self.many[name] = pairs[~np.isin(pairs[:, 0], gone)] if len(gone) else pairs
            self._pending[name] = []
        self._gone = []

    def save(self, path: Path) -> None:
        """Write beside *path* and rename."""
        self.settle()
        words = json.dumps({"names": self.names, "shown": self.shown}).encode()
        arrays: dict[str, Any] = {
            **self.single,
            **self.many,
            "starts": self.starts,
            "names": np.frombuffer(words, np.uint8),
        }
        new = path.with_name(path.name + ".new")
        with new.open("wb") as file:
            np.savez(file, **arrays)
        new.rename(path)

    @staticmethod
    def load(path: Path) -> "Columns":
        columns = Columns()
        with np.load(path, allow_pickle=False) as arrays:
            columns.single = {name: arrays[name] for name in _SINGLE}
            columns.many = {name: arrays[name] for name in _MANY}
            columns.starts = arrays["starts"]
            words = json.loads(arrays["names"].tobytes())
        columns.names, columns.shown = words["names"], words["shown"]
        return columns


def _int32(value: int | None) -> int:
    return min(max(value or 0, 0), 2**31 - 1)
