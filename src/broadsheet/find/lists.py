"""The middle stage: a question's candidates of both indexes, their facts, their order: one whole list.

What answers a question: the papers that fit its conditions and hold enough of its plain words (`index.lexical.enough`),
and, in the order of relevance, the best by words and by meaning whatever they hold.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet import rank
from broadsheet.embed import Encoder, Vectors
from broadsheet.index.analysis import plain_words, stem, stems
from broadsheet.index.conditions import Given
from broadsheet.index.lexical import Match, Ranked
from broadsheet.index.places import scattered
from broadsheet.index.reader import Reader
from broadsheet.query import MAX_OFFSET, MAX_WORDS, Query
from broadsheet.rank import Facts
from broadsheet.store import Store

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Facets = Mapping[str, tuple[tuple[str, int], ...]]

DEPTH = 100  # candidates from each index that are ranked by all signals; 400 changed no figure of bench/relevance.py
LONGEST = 500  # papers that are listed at first; who turns further gets up to MAX_OFFSET
TITLE_WEIGHT = 0.25  # of a word in the title, beside the same word in the text
AUTHOR_WEIGHT = 0.5  # of a word that is part of an author's name
UNDATED = 2**31 - 1  # where the oldest come first: after all that have a date
MOST = {"year": 400, "venue": 30, "category": 30, "author": 30, "source": 30, "has": 10}  # values of each facet
UNKNOWN = "0"  # year
_COLUMN = {"new": "date", "old": "date", "cited": "citations", "rising": "rising"}


class Listing(NamedTuple):
    """A result in order, as far as it is listed, and for the ranked ones each signal's score by position.

    total   of all that answer the question, however many are listed
    """

    pks: Pks
    scores: Mapping[str, Scores]
    total: int
    facets: Facets
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and all that it is asked of. *given*: what ``added:`` and ``in:`` mean now."""

    query: Query
    reader: Reader
    store: Store
    encoder: Encoder
    weights: Mapping[str, float]
    given: Given

    @property
    def upto(self) -> int:
        """Only rows below; 0 when there are no others."""
        return self.query.upto if self.query.upto < self.reader.columns.rows else 0

    def match(self, words: str) -> Match:
        """*words*, under all conditions of the question."""
        conditions = (*self.query.conditions, *self.query.filters.conditions)
        return Match(words, conditions, self.upto, given=self.given)

    @property
    def held(self) -> Match:
        """What a paper that answers the question holds, whatever its meaning."""
        return self.match(self.query.words)

    @property
    def depth(self) -> int:
        return LONGEST if self.query.offset + self.query.limit <= LONGEST else MAX_OFFSET

    def near(self, vector: Vectors) -> Ranked:
        match = Match("", self.query.conditions, self.upto, given=self.given)
        found = self.reader.near(vector, DEPTH, self.query.filters, match)
        return Ranked(found.pks, found.cosines)


def listing(asked: Asked) -> Listing:
    """Everything that answers the question, of the papers that were there when its first page was shown."""
    words = asked.query.searched
    if not plain_words(words):
        return _listed(asked)
    vector = asked.encoder.encode([words], "query")[0]
    if asked.query.sort != "relevance" and (total := asked.reader.lexical.held(asked.held)):
        return _sorted(asked, words, vector, total)
    return _ranked(asked, words, vector)


def _ranked(asked: Asked, words: str, vector: Vectors) -> Listing:
    """The best by all signals: both indexes' first candidates, then what else holds a word."""
    query, reader = asked.query, asked.reader
    found = reader.lexical.search(asked.match(words), asked.depth, TITLE_WEIGHT, AUTHOR_WEIGHT)
    lexical = Ranked(found.pks[:DEPTH], found.scores[:DEPTH])
    titled = _titled(asked)
    pks = np.unique(np.concatenate([lexical.pks, asked.near(vector).pks, titled]))
    ranking = rank.rank(facts(words, pks, lexical, vector, titled, reader), asked.weights)
    order = np.lexsort((pks, -ranking.total))
    scores = {name: values[order] for name, values in ranking.scores.items()}
    last = float(ranking.total[order[-1]]) if len(order) else 0.0
    listed, scores = _with_tail(pks[order], scores, found, last, asked.weights)
    total, also = _whole(asked, listed)
    if len(listed) < min(total, asked.depth):  # what fits without holding a word: by a beginning, by a field
        rest = reader.lexical.sorted(asked.held, "new", asked.depth)
        listed, scores = _longer(listed, scores, rest[~np.isin(rest, listed)][: total - len(listed)])
    if query.sort != "relevance":  # nobody holds enough of the words: the best there are, in the order asked for
        order = whole_order(listed, sort_keys(query, listed, reader))
        listed, scores = listed[order], {name: values[order] for name, values in scores.items()}
    return Listing(listed, scores, total, tally(asked, asked.held, also))


def _whole(asked: Asked, listed: Pks) -> tuple[int, Pks]:
    """How many papers answer the question, and those of the *listed* that do so by meaning or some words alone."""
    lexical = asked.reader.lexical
    total = lexical.held(asked.held)
    holding = lexical.which(asked.held, listed, holding=True) if total else listed[:0]
    also = listed[~np.isin(listed, holding)]
    return total + len(also), also


def _sorted(asked: Asked, words: str, vector: Vectors, total: int) -> Listing:
    """The papers that hold enough of the words, by date or citations."""
    reader = asked.reader
    pks = reader.lexical.sorted(asked.held, asked.query.sort, asked.depth)
    place = np.argsort(pks)
    nothing = Ranked(array([]), np.zeros(0, np.float32))  # no BM25: they are not in its order
    ranking = rank.rank(facts(words, pks[place], nothing, vector, array([]), reader), asked.weights)
    back = np.argsort(place)
    scores = {name: values[back] for name, values in ranking.scores.items()}
    return Listing(pks, scores, total, tally(asked, asked.held, pks[:0]))


def _listed(asked: Asked) -> Listing:
    """Everything that fits the conditions, newest first unless asked otherwise."""
    query, lexical = asked.query, asked.reader.lexical
    match = asked.match("")
    pks = lexical.sorted(match, "new" if query.sort == "relevance" else query.sort, asked.depth)
    notes = ("The question has no word to search for; this is everything that fits.",) if query.words else ()
    return Listing(pks, {}, lexical.fitting(match), tally(asked, match, pks[:0]), notes)


def _titled(asked: Asked) -> Pks:
    """The papers that have the question as title, as far as they fit."""
    # As typed, for a title with quotation marks in it; and without what was typed beside a title to filter.
    texts = dict.fromkeys((asked.query.text, asked.query.searched))
    pks = array(sorted({pk for text in texts for pk in asked.store.titled(text)}))
    return asked.reader.lexical.which(asked.match(""), pks)


def tally(asked: Asked, match: Match | None, also: Pks) -> Facets:
    """The facets of what *match* holds and of *also*; nothing when nobody wants to see them."""
    if not asked.query.facets:
        return {}
    columns = asked.reader.columns

    def spelled(name: str, value: str) -> str:
        return columns.spelled(name, value) if name in columns.names else value

    found = asked.reader.lexical.tally(match, {name: MOST[name] for name in asked.query.facets}, also)
    return {
        name: tuple((spelled(name, value), count) for value, count in values if (name, value) != ("year", UNKNOWN))
        for name, values in found.items()
    }


def sort_keys(query: Query, pks: Pks, reader: Reader) -> Pks:
    """What to sort *pks* by, ascending."""
    keys = reader.columns.values(_COLUMN[query.sort], pks).astype(np.int64)
    return np.where(keys > 0, keys, UNDATED) if query.sort == "old" else -keys


def facts(text: str, pks: Pks, lexical: Ranked, vector: Vectors, titled: Pks, reader: Reader) -> Facts:
    bm25 = np.zeros(len(pks), np.float32)
    _, here, there = np.intersect1d(pks, lexical.pks, assume_unique=True, return_indices=True)
    bm25[here] = lexical.scores[there]
    weights = stem_weights(text, reader)
    order = [its for word in plain_words(text) if (its := stem(word)) in weights][:MAX_WORDS]
    close = reader.forward.closeness(order, [weights[its] for its in order], pks)
    return Facts(
        bm25=bm25,
        cosine=reader.dense.cosines(vector, pks),
        coverage=close.coverage,
        proximity=close.proximity,
        title=np.isin(pks, titled).astype(np.float32),
        year=reader.columns.values("year", pks),
        citations=reader.columns.values("citations", pks),
        this_year=datetime.now(UTC).year,
    )


def _with_tail(
    listed: Pks, scores: Mapping[str, Scores], found: Ranked, last: float, weights: Mapping[str, float]
) -> tuple[Pks, dict[str, Scores]]:
    """The ranked papers, then the lexical ones that were not ranked, by BM25 alone and below the *last* total."""
    rest = ~np.isin(found.pks, listed)
    bm25 = found.scores[rest]
    whole, longer = _longer(listed, scores, found.pks[rest])
    if len(bm25) and "text" in longer and bm25[0] > 0:
        longer["text"][len(listed) :] = bm25 / bm25[0] * max(last, 0.0) / weights["text"]
    return whole, longer


def _longer(listed: Pks, scores: Mapping[str, Scores], more: Pks) -> tuple[Pks, dict[str, Scores]]:
    """The list with *more* behind it, which no signal speaks for."""
    none = np.zeros(len(more), np.float32)
    return np.concatenate([listed, more]), {name: np.concatenate([values, none]) for name, values in scores.items()}


def stem_weights(text: str, reader: Reader) -> dict[str, float]:
    """Inverse document frequency of each stem of the question."""
    return {its: idf(its, reader) for its in stems(text)}


def idf(its: str, reader: Reader) -> float:
    return math.log1p(max(1, reader.lexical.count) / (1 + reader.lexical.document_frequency(its)))


def whole_order(pks: Pks, keys: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """How to put *pks* in the order of *keys*, equal ones each time alike."""
    return np.lexsort((scattered(pks), keys))


def array(pks: Sequence[int]) -> Pks:
    return np.array(pks, np.int64)
