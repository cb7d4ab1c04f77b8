"""One consistent view of a generation: what is valid of it, and its parts asked together."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.condition import Not
from broadsheet.index.columns import Columns
from broadsheet.index.dense import Dense, Near
from broadsheet.index.forward import Forward
from broadsheet.index.lexical import Lexical, Match
from broadsheet.query import Filters

if TYPE_CHECKING:
    from broadsheet.embed import Vectors

FORMAT = 8
NARROW = 5_000  # papers; naming more of them takes longer than asking whether some fit
WIDER = 4  # times as many of the nearest are looked at where many papers fit a condition

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class State:
    """What of a generation's folder is valid."""

    seq: int = 0
    mark: int = 0  # of the store's history up to that change: another one there is another history
    papers: int = 0
    rows: int = 0
    ivf: str = ""
    columns: str = ""
    contract: str = ""
    dim: int = 0
    words: int = 0  # in forward.u32
    stale: int = 0  # replaced or removed papers that tantivy still counts
    commit: int = 0  # of tantivy; another one there was made by a refresh that a crash ended before it wrote this
    ivf_seq: int = 0  # the change number that the inverted file has reached
    format: int = FORMAT


class Fits(NamedTuple):
    """Which papers fit a question: at most the rows of *mask* (rows,), all if None; just those if *sure*.

    *total* is how many there are, where that came along.
    """

    mask: Mask | None
    sure: bool
    total: int | None = None

    def few(self, most: int) -> tuple[int, ...] | None:
        """The papers by number, if they are sure and at most so many."""
        if not self.sure or self.mask is None or np.count_nonzero(self.mask) > most:
            return None
        return tuple(np.flatnonzero(self.mask).tolist())


@dataclass(frozen=True, slots=True)
class Reader:
    """One consistent view of a generation. Keep it for the length of one question."""

    name: str
    state: State
    lexical: Lexical
    dense: Dense
    columns: Columns
    forward: Forward

    @property
    def stamp(self) -> str:
        """Another one after every refresh and rebuild."""
        return f"{self.name} {self.state.seq}"

    def fits(self, filters: Filters, match: Match) -> Fits:
        """Which papers fit the filters and the conditions of *match*.

        Years, venues, categories and sources are told by the columns. Of other conditions the lexical index names all
        papers that fit, when they are few.
        """
        mask = self._mask(filters, match.upto)
        rest = replace(filters, year_from=None, year_to=None, venues=(), categories=(), sources=()).conditions
        if not (match.conditions or rest):
            return Fits(mask, sure=True)
        if not rest and all(isinstance(node, Not) for node in match.conditions):
            return Fits(mask, sure=False)  # what is left out is seldom most of it
        match = match._replace(words="", conditions=(*match.conditions, *filters.conditions))
        pks, count = self.lexical.named(match, NARROW)
        if count > NARROW:
            return Fits(mask, sure=False, total=count)
        held = np.zeros(self.columns.rows, np.bool_)
        held[pks[pks < len(held)]] = True  # the lexical part may be one commit ahead
        return Fits(held if mask is None else mask & held, sure=True, total=count)

    def near(self, vector: "Vectors", limit: int, fits: Fits, match: Match) -> Near:
        """The *limit* papers nearest to *vector* (dim,) that fit; where many do, some of the nearest are asked."""
        if fits.sure:
            return self.dense.search(vector, limit, fits.mask)
        found = self.dense.search(vector, WIDER * limit, fits.mask)
        kept = np.isin(found.pks, self.lexical.which(match, found.pks))
        return Near(found.pks[kept][:limit], found.cosines[kept][:limit])

    def _mask(self, filters: Filters, upto: int) -> Mask | None:
        """Which rows fit the columns' filters and are below *upto*; None where all do."""
        mask = self.columns.mask(filters) if filters else None
        if 0 < upto < self.columns.rows:
            mask = np.ones(self.columns.rows, np.bool_) if mask is None else mask
            mask[upto:] = False
        return mask
