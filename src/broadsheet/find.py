"""The one question: `Query` -> `Page`.

    look-up? -> the paper
    words    -> candidates of both indexes -> facts -> rank -> the whole list, kept for turning pages -> one page
    no words -> everything that fits the filters, by date or citations

A list of results is remembered under its question, so page 2 continues page 1 even when papers arrive in between.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from broadsheet import ids, rank
from broadsheet.embed import Encoder, Vectors
from broadsheet.index import Index, Reader
from broadsheet.index.analysis import plain_words, stem, stems
from broadsheet.index.dense import NARROW_ROWS, NOWHERE, Mask, Near
from broadsheet.index.lexical import Match, Ranked
from broadsheet.index.snippets import marked, snippet, tokens
from broadsheet.paper import Paper
from broadsheet.query import MAX_OFFSET, MAX_WORDS, Filters, Hit, Page, Query, Signal
from broadsheet.rank import Facts, Ranking, Seen
from broadsheet.store import Store
from broadsheet.text import fold, plural, words

K = TypeVar("K")
V = TypeVar("V")
Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Question = tuple[str, Query]  # as typed, and as understood without its place in the results

DEPTH = 100  # candidates from each index that are ranked by all signals; 400 changed no figure of bench/relevance.py
LONGEST = 500  # papers that hold a word of the question and can be paged to
TITLE_WEIGHT = 0.25  # of a word in the title, beside the same word in the text
AUTHOR_WEIGHT = 0.5  # of a word that is part of an author's name
TITLE_SIGNAL = 1.0  # weight of "the question is its title": more than text and meaning together can add elsewhere
LIKE_WEIGHTS = {"text": 0.4, "meaning": 0.6}  # neighbourhood of words in a title tells nothing about other papers
UNLIKE = 0.5  # how much a disliked paper pushes away, beside how much a liked one draws
REMEMBERED = 256  # result lists
KEEP_SECONDS = 900.0
FAINTEST = "the faintest match of all"
FILTERLESS = "A look-up of an identifier pays no heed to filters."


class Listing(NamedTuple):
    """A whole result, best first, and for the ranked ones each signal's score by position."""

    pks: Pks
    scores: Mapping[str, Scores]
    total: int
    more_than: bool
    years: Mapping[int, int]
    notes: tuple[str, ...] = ()


class Finder:
    """Answers questions over one library. Safe to share between threads."""

    def __init__(self, store: Store, index: Index, encoder: Encoder, weights: Mapping[str, float]) -> None:
        self._store, self._index, self._encoder = store, index, encoder
        self.weights = {**weights, "title": TITLE_SIGNAL}
        self._lists: OrderedDict[tuple[Question, tuple[str, int]], Listing] = OrderedDict()
        self._pinned: OrderedDict[Question, tuple[float, Listing]] = OrderedDict()
        self._lock = threading.Lock()

    def search(self, query: Query) -> Page:
        """The papers that answer *query*, one page of them."""
        start = time.perf_counter()
        page = self._look_up(query) or self._ranked(query)
        return replace(page, took_ms=(time.perf_counter() - start) * 1000)

    # -- look-ups ------------------------------------------------------------------------------------------------------

    def _look_up(self, query: Query) -> Page | None:
        """The paper whose id the question is, pasted or typed; None when it is no id or nobody has it."""
        wanted = query.lookup or self._own_id(query)
        if not wanted:
            return None
        pk = self._store.resolve([wanted]).get(wanted)
        paper = self._store.get([pk]).get(pk) if pk is not None else None
        if paper is None:
            return None
        sentence = f"{ids.shown(wanted)} is one of its identifiers"
        signal = Signal("id", 1.0, 1.0, 1.0, sentence)
        hit = Hit(paper, 1.0, (signal,), sentence, marked(paper.title, []), snippet(paper.abstract, [], {}))
        years = {paper.year: 1} if paper.year else {}
        notes = (*query.notes, FILTERLESS) if query.filters else query.notes
        return Page(query, 1, (hit,)[query.offset :], years=years, notes=notes)

    def _own_id(self, query: Query) -> str:
        """The id that a question of one word may be: one that a file gave its record. Not a word that papers use."""
        if not query.words or " " in query.words or query.phrases or query.without or query.filters:
            return ""
        reader = self._index.reader(self._encoder)
        used = reader is not None and len(reader.lexical.pks_matching(Match(phrases=(query.words,)), 1))
        return "" if used else ids.own(query.words)

    def similar(self, pks: Sequence[int], without: Sequence[int], limit: int) -> Page:
        """Papers like all of *pks* and unlike *without* (Rocchio 1971: mean of the one less part of the other).

        By meaning, and by the words of the titles: either alone misses what the other finds.
        """
        start = time.perf_counter()
        query = Query(limit=limit)
        reader = self._index.reader(self._encoder)
        if reader is None:
            return Page(query, 0, notes=self._behind(0))
        given = self._store.get([*pks, *without])
        titles = " ".join(given[pk].title for pk in pks if pk in given)
        vector = _toward(reader.dense.take(_array(pks)), reader.dense.take(_array(without)))
        lexical = reader.lexical.search(Match(titles), DEPTH, TITLE_WEIGHT, 0.0)
        near = reader.dense.search(vector, DEPTH)
        found = np.setdiff1d(np.union1d(lexical.pks, near.pks), _array([*pks, *without]))
        none = _array([])
        ranking = rank.rank(_facts(titles, found, lexical, vector, none, reader), LIKE_WEIGHTS)
        order = np.lexsort((found, -ranking.total))[:limit]
        listing = Listing(
            found[order], {name: values[order] for name, values in ranking.scores.items()}, len(found), False, {}
        )
        asked = Query(words=titles, limit=limit)
        page = Page(query, len(order), self._hits(asked, listing, 0, limit, reader, LIKE_WEIGHTS))
        return replace(page, took_ms=(time.perf_counter() - start) * 1000)

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _ranked(self, query: Query) -> Page:
        reader = self._index.reader(self._encoder)
        if reader is None:
            return Page(query, 0, notes=(*query.notes, *self._behind(0)))
        asked = _asked(query)
        listing = self._remembered(query, asked, reader)
        if not listing.total:
            return Page(
                query, 0, notes=(*query.notes, *self._behind(reader.state.seq)), near=self._loosened(query, reader)
            )
        end = min(query.offset + query.limit, MAX_OFFSET)
        hits = self._hits(asked, listing, query.offset, end, reader, self.weights)
        return Page(
            query=query,
            total=listing.total,
            hits=hits,
            more_than=listing.more_than,
            years=listing.years,
            notes=(*query.notes, *listing.notes, *self._behind(reader.state.seq)),
        )

    def _remembered(self, query: Query, asked: Query, reader: Reader) -> Listing:
        """The list that this question has; the same one as a moment ago when the reader turns its pages."""
        now = time.monotonic()
        question = (asked.text, replace(asked, offset=0, limit=1, explain=False))
        current = (question, (reader.name, reader.state.seq))
        with self._lock:
            pinned = self._pinned.get(question)
            if query.offset and pinned and now - pinned[0] < KEEP_SECONDS:
                return pinned[1]
            if current in self._lists:
                self._lists.move_to_end(current)
                return self._lists[current]
        listing = self._list(asked, reader)
        with self._lock:
            _keep(self._lists, current, listing)
            _keep(self._pinned, question, (now, listing))
        return listing

    def _loosened(self, query: Query, reader: Reader) -> tuple[str, ...]:
        """The same question with one kind of condition dropped, where that finds something."""
        looser = [
            replace(query, words=_searched(query), phrases=()) if query.phrases else query,
            replace(query, without=()),
            replace(query, filters=Filters()),
            replace(query, words=_searched(query), phrases=(), without=(), filters=Filters()),
        ]
        found = dict.fromkeys(
            one.canonical() for one in looser if one != query and self._list(_asked(one), reader).total
        )
        return tuple(filter(None, found))[:3]

    def _behind(self, seq: int) -> tuple[str, ...]:
        missing = self._store.change() - seq
        if missing <= 0:
            return ()
        return (f"{plural(missing, 'change')} not indexed yet; `broadsheet doctor` catches up.",)

    def _list(self, query: Query, reader: Reader) -> Listing:
        match = Match(_searched(query), query.phrases, query.without, query.filters)
        if not plain_words(match.words):
            return _listed(query, match, reader)
        vector = self._encoder.encode([match.words], "query")[0]
        found = reader.lexical.search(match, LONGEST, TITLE_WEIGHT, AUTHOR_WEIGHT)
        lexical = Ranked(found.pks[:DEPTH], found.scores[:DEPTH])
        near, titled = self._unworded(query, match, vector, reader)
        pks = np.unique(np.concatenate([lexical.pks, near.pks, titled]))
        if not len(pks):
            return Listing(pks, {}, 0, False, {})
        ranking = rank.rank(_facts(match.words, pks, lexical, vector, titled, reader), self.weights)
        order = _order(query, pks, ranking, reader)
        scores = {name: values[order] for name, values in ranking.scores.items()}
        listed = pks[order]
        if query.sort == "relevance":
            listed, scores = _with_tail(listed, scores, found, float(ranking.total[order[-1]]), self.weights)
        return Listing(listed, scores, len(listed), found.more, _tally(reader.columns.values("year", listed)))

    def _unworded(self, query: Query, match: Match, vector: Vectors, reader: Reader) -> tuple[Near, Pks]:
        """The nearest papers and those with the question as title, as far as they fit.

        None where only the lexical index can tell which do.
        """
        mask: Mask | None = None
        if match.phrases or match.without or match.filters:
            mask = reader.fitting(match, NARROW_ROWS)
            if mask is None:
                return NOWHERE, _array([])
        # As typed, for a title with quotation marks in it; and without what was typed beside a title to filter.
        asked = dict.fromkeys((query.text, _searched(query)))
        titled = {pk for text in asked for pk in self._store.titled(text) if mask is None or mask[pk : pk + 1].any()}
        return reader.dense.search(vector, DEPTH, mask), _array(sorted(titled))

    # -- one page ------------------------------------------------------------------------------------------------------

    def _hits(
        self, query: Query, listing: Listing, start: int, end: int, reader: Reader, signals: Mapping[str, float]
    ) -> tuple[Hit, ...]:
        pks = listing.pks[start:end].tolist()
        papers = self._store.get(pks)
        weights = _stem_weights(_searched(query), reader)
        spelled = _spelled(_searched(query))
        hits = []
        for place, pk in enumerate(pks, start):
            if pk in papers:  # a paper removed since the last refresh is in no store
                scores = {name: float(values[place]) for name, values in listing.scores.items()}
                hits.append(_hit(papers[pk], scores, weights, spelled, signals))
        return tuple(hits)


def _keep(kept: "OrderedDict[K, V]", key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


def _asked(query: Query) -> Query:
    """A pasted id that nobody has is searched as words."""
    return replace(query, words=query.text, lookup="") if query.lookup else query


def _searched(query: Query) -> str:
    """All words that help: those outside and inside of quotation marks."""
    return " ".join([query.words, *query.phrases]).strip()


def _hit(
    paper: Paper,
    scores: Mapping[str, float],
    weights: Mapping[str, float],
    spelled: Mapping[str, str],
    signals: Mapping[str, float],
) -> Hit:
    """One paper as shown: what of the question it holds, and why it is where it is."""
    in_title, in_abstract = tokens(paper.title, weights), tokens(paper.abstract, weights)
    title = {token.stem for token in in_title}
    text = {token.stem for token in in_abstract + tokens(" ".join(paper.keywords), weights)} - title
    named = {name for author in paper.authors for name in words(author)}
    names = {its for its, word in spelled.items() if fold(word) in named} - title - text
    seen = Seen(
        paper,
        0.0,
        tuple(word for its, word in spelled.items() if its in title),
        tuple(word for its, word in spelled.items() if its in text),
        tuple(word for its, word in spelled.items() if its in names),
        tuple(word for its, word in spelled.items() if its not in title | text | names),
    )
    told = rank.explain(seen, scores, signals)
    return Hit(
        paper=paper,
        score=sum((signal.share for signal in told), 0.0),
        signals=told,
        why=rank.why(told) or (FAINTEST if scores else ""),
        title=marked(paper.title, in_title),
        snippet=snippet(paper.abstract, in_abstract, weights),
    )


def _toward(liked: Vectors, disliked: Vectors) -> Vectors:
    """A unit vector near all of *liked* (n, dim) and away from *disliked*; zero when there is nothing to go by."""
    vector = liked.mean(axis=0) if len(liked) else np.zeros(liked.shape[1], np.float32)
    if len(disliked):
        vector = vector - UNLIKE * disliked.mean(axis=0)
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)


def _array(pks: Sequence[int]) -> Pks:
    return np.array(pks, np.int64)


def _listed(query: Query, match: Match, reader: Reader) -> Listing:
    """Everything that fits the filters, newest first unless asked otherwise."""
    mask = reader.fitting(match, reader.lexical.count)
    fits = np.flatnonzero(reader.columns.mask(match.filters) if mask is None else mask)
    keys = _sort_keys(query, fits, reader) << 32 | fits  # equal ones by pk: the same order each time
    if len(keys) > MAX_OFFSET:
        keys = np.partition(keys, MAX_OFFSET)[:MAX_OFFSET]
    pks = np.sort(keys) & 0xFFFF_FFFF
    notes = ("The question has no word to search for; this is everything that fits.",) if match.words else ()
    return Listing(pks, {}, len(fits), False, _tally(reader.columns.values("year", fits)), notes)


def _sort_keys(query: Query, pks: Pks, reader: Reader) -> Pks:
    """What to sort *pks* by, ascending."""
    keys = reader.columns.values("citations" if query.sort == "cited" else "date", pks).astype(np.int64)
    return np.where(keys > 0, keys, UNDATED) if query.sort == "old" else -keys


def _facts(text: str, pks: Pks, lexical: Ranked, vector: Vectors, titled: Pks, reader: Reader) -> Facts:
    bm25 = np.zeros(len(pks), np.float32)
    _, here, there = np.intersect1d(pks, lexical.pks, assume_unique=True, return_indices=True)
    bm25[here] = lexical.scores[there]
    weights = _stem_weights(text, reader)
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


def _order(query: Query, pks: Pks, ranking: Ranking, reader: Reader) -> npt.NDArray[np.intp]:
    """Positions of *pks* in the order asked for; every tie is broken by pk, so the order is the same each time."""
    if query.sort == "relevance":
        return np.lexsort((pks, -ranking.total))
    good = np.flatnonzero(ranking.total >= SORTED_SHARE * ranking.total.max())
    keys = _sort_keys(query, pks[good], reader)
    order: npt.NDArray[np.intp] = good[np.lexsort((pks[good], -ranking.total[good], keys))]
    return order


UNDATED = 2**31 - 1  # where the oldest come first: after all that have a date
SORTED_SHARE = 0.4  # of the best score: what is sorted by date or citations must still answer the question


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


def _tally(years: npt.NDArray[np.int32]) -> dict[int, int]:
    found, counts = np.unique(years[years > 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _stem_weights(text: str, reader: Reader) -> dict[str, float]:
    """Inverse document frequency of each stem of the question."""
    papers = max(1, reader.lexical.count)
    return {its: math.log1p(papers / (1 + reader.lexical.document_frequency(its))) for its in stems(text)}


def _spelled(text: str) -> dict[str, str]:
    """stem -> the word as the question has it."""
    found: dict[str, str] = {}
    for word in plain_words(text):
        if its := stem(word):
            found.setdefault(its, word)
    return found
