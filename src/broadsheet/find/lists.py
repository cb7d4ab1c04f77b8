"""The middle stage: a question's candidates of both indexes, their facts, their order: one whole list.

What answers a question: the papers that fit its conditions and hold enough of its plain words (`index.lexical.enough`),
and, in the order of relevance, the best by words and by meaning whatever they hold.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet import rank
from broadsheet.embed import Encoder, Vectors
from broadsheet.index.analysis import plain_words, stem, stems
from broadsheet.index.conditions import Given
from broadsheet.index.forward import Closeness
from broadsheet.index.lexical import NO_PKS, Match, Ranked, Tally
from broadsheet.index.places import scattered
from broadsheet.index.reader import Fits, Reader
from broadsheet.query import MAX_OFFSET, MAX_WORDS, Query
from broadsheet.rank import Facts
from broadsheet.store import Store

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Facets = Mapping[str, tuple[tuple[str, int], ...]]

DEPTH = 100  # candidates from each index that are ranked by all signals; 400 changed no figure of bench/relevance.py
SEARCHED = 500  # papers by BM25, of which DEPTH are taken: which of equal ones come among the last is chance
SHORT = 200  # papers of a list by date, before somebody turns further
TITLE_WEIGHT = 0.25  # of a word in the title, beside the same word in the text
AUTHOR_WEIGHT = 0.5  # of a word that is part of an author's name
UNDATED = 2**31 - 1  # where the oldest come first: after all that have a date
MOST = {"year": 400, "venue": 30, "category": 30, "author": 30, "source": 30, "has": 10}  # values of each facet
UNKNOWN = "0"  # year
FEW = 300  # papers that fit, up to which they are named instead of what they must be
_COLUMN = {"new": "date", "old": "date", "cited": "citations", "rising": "rising"}


class Likes(NamedTuple):
    """What a question with ``like:`` goes by.

    vector   near all liked papers and the words, away from the disliked; shape (dim,), unit length or zero
    words    the titles of the liked papers, and the words that were asked
    telling  the words by which the liked papers can be told from others
    given    the rows that were named; they are not among the answers
    """

    vector: Vectors
    words: str
    telling: str
    given: Sequence[int]
    notes: tuple[str, ...]


class Listing(NamedTuple):
    """A result in order, as far as it is listed, and for the ranked ones each signal's score by position.

    total   of all that answer the question, however many are listed
    deep    it cannot be made longer
    likes   what a question with ``like:`` went by
    """

    pks: Pks
    scores: Mapping[str, Scores]
    total: int
    facets: Facets
    notes: tuple[str, ...] = ()
    deep: bool = False
    likes: Likes | None = None


@dataclass(frozen=True)
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

    @cached_property
    def fits(self) -> Fits:
        """The papers that fit the conditions, as far as they are quickly told."""
        return self.reader.fits(self.query.filters, Match("", self.query.conditions, self.upto, given=self.given))

    def match(self, words: str) -> Match:
        """*words*, under all conditions of the question."""
        conditions = (*self.query.conditions, *self.query.filters.conditions)
        return Match(words, conditions, self.upto, only=self._only, given=self.given)

    @cached_property
    def _only(self) -> tuple[int, ...] | None:
        return self.fits.few(FEW)

    @property
    def held(self) -> Match:
        """What a paper that answers the question holds, whatever its meaning."""
        return self.match(self.query.words)

    @property
    def wanted(self) -> int:
        """How many papers the page needs a list of."""
        return self.query.offset + self.query.limit

    def near(self, vector: Vectors) -> Ranked:
        found = self.reader.near(vector, DEPTH, self.fits, self.match(""))
        return Ranked(found.pks, found.cosines)


def listing(asked: Asked, *, deep: bool) -> Listing:
    """What answers the question, of the papers that were there when its first page was shown.

    The list is long enough for the first pages, or *deep*: all that can be turned to.
    """
    words = asked.query.searched
    if not plain_words(words):
        return _listed(asked, deep)
    vector = asked.encoder.encode([words], "query")[0]
    if asked.query.sort != "relevance":
        total, facets = _whole(asked, asked.held, NO_PKS)
        if total:
            return _sorted(asked, words, vector, deep)._replace(total=total, facets=facets, deep=deep or total <= SHORT)
    return _ranked(asked, words, vector, deep)


def _ranked(asked: Asked, words: str, vector: Vectors, deep: bool) -> Listing:
    """The best by all signals: both indexes' first candidates; *deep*, also what else holds enough of the words."""
    query, reader = asked.query, asked.reader
    best = reader.lexical.search(asked.match(words), SEARCHED, TITLE_WEIGHT, AUTHOR_WEIGHT)
    lexical = Ranked(best.pks[:DEPTH], best.scores[:DEPTH])
    titled = _titled(asked)
    pks = np.unique(np.concatenate([lexical.pks, asked.near(vector).pks, titled]))
    ranking = rank.rank(facts(words, pks, lexical, vector, titled, reader), asked.weights)
    order = np.lexsort((pks, -ranking.total))
    listed, scores = pks[order], {name: values[order] for name, values in ranking.scores.items()}
    total, facets = _whole(asked, asked.held, listed)
    if deep and len(listed) < total:
        last = float(ranking.total[order[-1]]) if len(order) else 0.0
        listed, scores = _with_tail(asked, words, listed, scores, last)
    if query.sort != "relevance":  # nobody holds enough of the words: the best there are, in the order asked for
        order = whole_order(listed, sort_keys(query, listed, reader))
        listed, scores = listed[order], {name: values[order] for name, values in scores.items()}
    return Listing(listed, scores, total, facets, deep=deep or len(listed) >= total)


def _with_tail(
    asked: Asked, words: str, listed: Pks, scores: Mapping[str, Scores], last: float
) -> tuple[Pks, dict[str, Scores]]:
    """The ranked papers, then what else answers: by BM25 alone and below the *last* total, then what holds no word."""
    lexical, held = asked.reader.lexical, asked.held
    found = lexical.search(asked.match(words), MAX_OFFSET, TITLE_WEIGHT, AUTHOR_WEIGHT, held)
    rest = ~np.isin(found.pks, listed)
    bm25 = found.scores[rest]
    whole, longer = _longer(listed, scores, found.pks[rest])
    if len(bm25) and "text" in longer and bm25[0] > 0:
        longer["text"][len(listed) :] = bm25 / bm25[0] * max(last, 0.0) / asked.weights["text"]
    others = lexical.sorted(held, "new", MAX_OFFSET)  # that fit by a beginning, by a field
    return _longer(whole, longer, others[~np.isin(others, whole)])


def _sorted(asked: Asked, words: str, vector: Vectors, deep: bool) -> Listing:
    """The papers that hold enough of the words, by date or citations."""
    reader = asked.reader
    pks = reader.lexical.sorted(asked.held, asked.query.sort, MAX_OFFSET if deep else SHORT)
    place = np.argsort(pks)
    nothing = Ranked(array([]), np.zeros(0, np.float32))  # no BM25: they are not in its order
    ranking = rank.rank(facts(words, pks[place], nothing, vector, array([]), reader), asked.weights)
    back = np.argsort(place)
    scores = {name: values[back] for name, values in ranking.scores.items()}
    return Listing(pks, scores, len(pks), {})


def _listed(asked: Asked, deep: bool) -> Listing:
    """Everything that fits the conditions, newest first unless asked otherwise."""
    query, match = asked.query, asked.match("")
    sort = "new" if query.sort == "relevance" else query.sort
    pks = asked.reader.lexical.sorted(match, sort, MAX_OFFSET if deep else SHORT)
    notes = ("The question has no word to search for; this is everything that fits.",) if query.words else ()
    total, facets = _whole(asked, match, NO_PKS)
    return Listing(pks, {}, total, facets, notes, deep or len(pks) >= total)


def _whole(asked: Asked, match: Match, also: Pks) -> tuple[int, Facets]:
    """How many papers *match*, or are among *also*, and what they have."""
    if asked.query.facets:
        found = _tally(asked, match, also)
        return found.total, _spelled(asked, found)
    if not match.words and asked.fits.total is not None:
        return asked.fits.total, {}
    return asked.reader.lexical.held(match, also), {}


def _titled(asked: Asked) -> Pks:
    """The papers that have the question as title, as far as they fit."""
    # As typed, for a title with quotation marks in it; and without what was typed beside a title to filter.
    texts = dict.fromkeys((asked.query.text, asked.query.searched))
    pks = array(sorted({pk for text in texts for pk in asked.store.titled(text)}))
    return asked.reader.lexical.which(asked.match(""), pks)


def tally(asked: Asked, match: Match | None, also: Pks) -> Facets:
    """The facets of what *match* holds and of *also*; nothing when nobody wants to see them."""
    return _spelled(asked, _tally(asked, match, also)) if asked.query.facets else {}


def _tally(asked: Asked, match: Match | None, also: Pks) -> Tally:
    return asked.reader.lexical.tally(match, {name: MOST[name] for name in asked.query.facets}, also)


def _spelled(asked: Asked, found: Tally) -> Facets:
    """The facets with values as people write them."""
    columns = asked.reader.columns

    def spelled(name: str, value: str) -> str:
        return columns.spelled(name, value) if name in columns.names else value

    return {
        name: tuple((spelled(name, value), count) for value, count in values if (name, value) != ("year", UNKNOWN))
        for name, values in found.values.items()
    }


def sort_keys(query: Query, pks: Pks, reader: Reader) -> Pks:
    """What to sort *pks* by, ascending."""
    keys = reader.columns.values(_COLUMN[query.sort], pks).astype(np.int64)
    return np.where(keys > 0, keys, UNDATED) if query.sort == "old" else -keys


def facts(
    text: str, pks: Pks, lexical: Ranked, vector: Vectors, titled: Pks, reader: Reader, *, closeness: bool = True
) -> Facts:
    """What the signals need to know of *pks*; how near they hold the words to each other only if asked for."""
    bm25 = np.zeros(len(pks), np.float32)
    _, here, there = np.intersect1d(pks, lexical.pks, assume_unique=True, return_indices=True)
    bm25[here] = lexical.scores[there]
    close = _close(text, pks, reader) if closeness else Closeness(np.zeros_like(bm25), np.zeros_like(bm25))
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


def _close(text: str, pks: Pks, reader: Reader) -> Closeness:
    weights = stem_weights(text, reader)
    order = [its for word in plain_words(text) if (its := stem(word)) in weights][:MAX_WORDS]
    return reader.forward.closeness(order, [weights[its] for its in order], pks)


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
