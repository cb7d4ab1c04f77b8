"""The middle stage: a question's candidates of both indexes, their facts, their order: one whole list."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet import rank
from broadsheet.embed import Encoder, Vectors
from broadsheet.index import Reader
from broadsheet.index.analysis import plain_words, stem, stems
from broadsheet.index.dense import NARROW_ROWS, NOWHERE, Mask, Near
from broadsheet.index.lexical import Match, Ranked
from broadsheet.index.places import LAST, gathered, scattered
from broadsheet.query import MAX_OFFSET, MAX_WORDS, Query
from broadsheet.rank import Facts
from broadsheet.store import Store

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

DEPTH = 100  # candidates from each index that are ranked by all signals; 400 changed no figure of bench/relevance.py
LONGEST = 500  # papers that hold a word of the question and can be paged to
TITLE_WEIGHT = 0.25  # of a word in the title, beside the same word in the text
AUTHOR_WEIGHT = 0.5  # of a word that is part of an author's name
UNDATED = 2**31 - 1  # where the oldest come first: after all that have a date


class Listing(NamedTuple):
    """A whole result in order, and for the ranked ones each signal's score by position."""

    pks: Pks
    scores: Mapping[str, Scores]
    total: int
    more_than: bool
    years: Mapping[int, int]
    notes: tuple[str, ...] = ()


def searched(query: Query) -> str:
    """All words that help: those outside and inside of quotation marks."""
    return " ".join([query.words, *query.phrases]).strip()


def listing(query: Query, reader: Reader, store: Store, encoder: Encoder, weights: Mapping[str, float]) -> Listing:
    """Everything that answers *query*, of the papers that were there when its first page was shown."""
    match = Match(searched(query), query.phrases, query.without, query.filters)
    if not plain_words(match.words):
        return _listed(query, match, reader)
    vector = encoder.encode([match.words], "query")[0]
    if query.sort != "relevance":
        held = _holding(query, match, vector, reader, weights)
        if held.total:
            return held
    return _ranked(query, match, vector, reader, store, weights)


def _ranked(
    query: Query, match: Match, vector: Vectors, reader: Reader, store: Store, weights: Mapping[str, float]
) -> Listing:
    """The best by all signals: both indexes' first candidates, then what else holds a word."""
    found = _known(reader.lexical.search(match, LONGEST, TITLE_WEIGHT, AUTHOR_WEIGHT), query)
    lexical = Ranked(found.pks[:DEPTH], found.scores[:DEPTH])
    near, titled = _unworded(query, match, vector, reader, store)
    pks = np.unique(np.concatenate([lexical.pks, near.pks, titled]))
    if not len(pks):
        return Listing(pks, {}, 0, False, {})
    ranking = rank.rank(facts(match.words, pks, lexical, vector, titled, reader), weights)
    order = np.lexsort((pks, -ranking.total))
    scores = {name: values[order] for name, values in ranking.scores.items()}
    listed, scores = _with_tail(pks[order], scores, found, float(ranking.total[order[-1]]), weights)
    if query.sort != "relevance":  # nobody holds all the words: the best there are, in the order asked for
        order = np.lexsort((scattered(listed), _sort_keys(query, listed, reader)))
        listed, scores = listed[order], {name: values[order] for name, values in scores.items()}
    return Listing(listed, scores, len(listed), found.more, tally(reader.columns.values("year", listed)))


def _holding(query: Query, match: Match, vector: Vectors, reader: Reader, weights: Mapping[str, float]) -> Listing:
    """The papers that hold every word, by date or citations: the first LONGEST of them all."""
    found = _known(reader.lexical.holding(match, query.sort, LONGEST), query)
    pks = np.sort(found.pks)
    nothing = Ranked(array([]), np.zeros(0, np.float32))  # no BM25: they are not in its order
    ranking = rank.rank(facts(match.words, pks, nothing, vector, array([]), reader), weights)
    order = np.lexsort((scattered(pks), _sort_keys(query, pks, reader)))
    scores = {name: values[order] for name, values in ranking.scores.items()}
    return Listing(pks[order], scores, len(pks), found.more, tally(reader.columns.values("year", pks)))


def _known(found: Ranked, query: Query) -> Ranked:
    """Without the papers that came after the first page was shown."""
    if not query.upto:
        return found
    kept = found.pks < query.upto
    return Ranked(found.pks[kept], found.scores[kept], found.more)


def _unworded(query: Query, match: Match, vector: Vectors, reader: Reader, store: Store) -> tuple[Near, Pks]:
    """The nearest papers and those with the question as title, as far as they fit.

    None where only the lexical index can tell which do.
    """
    mask: Mask | None = None
    if match.phrases or match.without or match.filters:
        mask = reader.fitting(match, NARROW_ROWS)
        if mask is None:
            return NOWHERE, array([])
    if 0 < query.upto < reader.dense.rows:
        mask = np.ones(reader.columns.rows, np.bool_) if mask is None else mask
        mask[query.upto :] = False
    # As typed, for a title with quotation marks in it; and without what was typed beside a title to filter.
    asked = dict.fromkeys((query.text, searched(query)))
    titled = {pk for text in asked for pk in store.titled(text) if mask is None or mask[pk : pk + 1].any()}
    return reader.dense.search(vector, DEPTH, mask), array(sorted(titled))


def _listed(query: Query, match: Match, reader: Reader) -> Listing:
    """Everything that fits the filters, newest first unless asked otherwise."""
    mask = reader.fitting(match, reader.lexical.count)
    fits = np.flatnonzero(reader.columns.mask(match.filters) if mask is None else mask)
    fits = fits[fits < query.upto] if query.upto else fits
    keys = _sort_keys(query, fits, reader) << 32 | scattered(fits)  # the same order each time
    if len(keys) > MAX_OFFSET:
        keys = np.partition(keys, MAX_OFFSET)[:MAX_OFFSET]
    pks = gathered(np.sort(keys) & LAST)
    notes = ("The question has no word to search for; this is everything that fits.",) if match.words else ()
    return Listing(pks, {}, len(fits), False, tally(reader.columns.values("year", fits)), notes)


def _sort_keys(query: Query, pks: Pks, reader: Reader) -> Pks:
    """What to sort *pks* by, ascending."""
    keys = reader.columns.values("citations" if query.sort == "cited" else "date", pks).astype(np.int64)
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
    tail, bm25 = found.pks[rest], found.scores[rest]
    whole = {name: np.concatenate([values, np.zeros(len(tail), np.float32)]) for name, values in scores.items()}
    if len(tail) and "text" in whole and bm25[0] > 0:
        whole["text"][len(listed) :] = bm25 / bm25[0] * max(last, 0.0) / weights["text"]
    return np.concatenate([listed, tail]), whole


def tally(years: npt.NDArray[np.int32]) -> dict[int, int]:
    found, counts = np.unique(years[years > 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def stem_weights(text: str, reader: Reader) -> dict[str, float]:
    """Inverse document frequency of each stem of the question."""
    papers = max(1, reader.lexical.count)
    return {its: math.log1p(papers / (1 + reader.lexical.document_frequency(its))) for its in stems(text)}


def array(pks: Sequence[int]) -> Pks:
    return np.array(pks, np.int64)
