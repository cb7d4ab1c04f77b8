"""The one question: `Query` -> `Page`.

    look-up? -> the paper
    words    -> candidates of both indexes -> facts -> rank -> the whole list      (`lists`)
             -> one page of it, with highlights, snippets and reasons              (`shown`)
    no words -> everything that fits the filters, by date or citations

The links of a page say how many papers there were when the first one was shown (`Query.upto`): papers that came since
do not push others from one page to the next, whichever process answers.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from broadsheet import ids, rank
from broadsheet.embed import Encoder, Vectors
from broadsheet.find import lists, shown
from broadsheet.find.lists import DEPTH, TITLE_WEIGHT, Listing, array
from broadsheet.index import Index, Reader
from broadsheet.index.lexical import Match
from broadsheet.index.snippets import marked, snippet
from broadsheet.query import MAX_OFFSET, Filters, Hit, Page, Query, Signal
from broadsheet.store import Store
from broadsheet.text import plural

TITLE_SIGNAL = 1.0  # weight of "the question is its title": more than text and meaning together can add elsewhere
LIKE_WEIGHTS = {"text": 0.4, "meaning": 0.6}  # neighbourhood of words in a title tells nothing about other papers
UNLIKE = 0.5  # how much a disliked paper pushes away, beside how much a liked one draws
REMEMBERED = 256  # result lists
FILTERLESS = "A look-up of an identifier pays no heed to filters."


class Finder:
    """Answers questions over one library. Safe to share between threads."""

    def __init__(self, store: Store, index: Index, encoder: Encoder, weights: Mapping[str, float]) -> None:
        self._store, self._index, self._encoder = store, index, encoder
        self.weights = {**weights, "title": TITLE_SIGNAL}
        self._lists: OrderedDict[tuple[str, Query], tuple[str, Listing]] = OrderedDict()
        self._lock = threading.Lock()

    def search(self, query: Query) -> Page:
        """The papers that answer *query*, one page of them."""
        start = time.perf_counter()
        page = self._look_up(query) or self._page(query)
        return replace(page, took_ms=(time.perf_counter() - start) * 1000)

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
        vector = _toward(reader.dense.take(array(pks)), reader.dense.take(array(without)))
        lexical = reader.lexical.search(Match(titles), DEPTH, TITLE_WEIGHT, 0.0)
        near = reader.dense.search(vector, DEPTH)
        found = np.setdiff1d(np.union1d(lexical.pks, near.pks), array([*pks, *without]))
        ranking = rank.rank(lists.facts(titles, found, lexical, vector, array([]), reader), LIKE_WEIGHTS)
        order = np.lexsort((found, -ranking.total))[:limit]
        scores = {name: values[order] for name, values in ranking.scores.items()}
        listing = Listing(found[order], scores, len(order), False, {})
        hits = shown.hits(self._store, Query(words=titles), listing, 0, limit, reader, LIKE_WEIGHTS)
        return Page(query, len(order), hits, took_ms=(time.perf_counter() - start) * 1000)

    def _page(self, query: Query) -> Page:
        reader = self._index.reader(self._encoder)
        if reader is None:
            return Page(query, 0, notes=(*query.notes, *self._behind(0)))
        query = replace(query, upto=query.upto or reader.columns.rows)
        asked = _asked(query)
        listing = self._remembered(asked, reader)
        unknown = (f"No paper here has the identifier {ids.shown(query.lookup)}; it was searched as words.",)
        notes = (*query.notes, *(unknown if query.lookup else ()), *listing.notes, *self._behind(reader.state.seq))
        if not listing.total:
            return Page(query, 0, notes=notes, near=self._loosened(query, reader))
        end = min(query.offset + query.limit, MAX_OFFSET)
        return Page(
            query=query,
            total=listing.total,
            hits=shown.hits(self._store, asked, listing, query.offset, end, reader, self.weights),
            more_than=listing.more_than,
            years=listing.years,
            notes=notes,
        )

    def _remembered(self, asked: Query, reader: Reader) -> Listing:
        """The list that this question has; on a later page the very one whose first page was shown, if it is known."""
        question = (asked.text, replace(asked, offset=0, limit=1, explain=False))
        with self._lock:
            stamp, listing = self._lists.get(question, ("", None))
            if listing and (asked.offset or stamp == reader.stamp):
                self._lists.move_to_end(question)
                return listing
        listing = self._listing(asked, reader)
        with self._lock:
            self._lists[question] = (reader.stamp, listing)
            while len(self._lists) > REMEMBERED:
                self._lists.popitem(last=False)
        return listing

    def _listing(self, asked: Query, reader: Reader) -> Listing:
        return lists.listing(asked, reader, self._store, self._encoder, self.weights)

    def _loosened(self, query: Query, reader: Reader) -> tuple[str, ...]:
        """The same question with one kind of condition dropped, where that finds something."""
        looser = [
            replace(query, words=lists.searched(query), phrases=()) if query.phrases else query,
            replace(query, without=()),
            replace(query, filters=Filters()),
            replace(query, words=lists.searched(query), phrases=(), without=(), filters=Filters()),
        ]
        found = dict.fromkeys(
            one.canonical() for one in looser if one != query and self._listing(_asked(one), reader).total
        )
        return tuple(filter(None, found))[:3]

    def _behind(self, seq: int) -> tuple[str, ...]:
        missing = self._store.change() - seq
        if missing <= 0:
            return ()
        return (f"{plural(missing, 'change')} not indexed yet; `broadsheet doctor` catches up.",)


def _asked(query: Query) -> Query:
    """A pasted id that nobody has is searched as words."""
    return replace(query, words=query.text, lookup="") if query.lookup else query


def _toward(liked: Vectors, disliked: Vectors) -> Vectors:
    """A unit vector near all of *liked* (n, dim) and away from *disliked*; zero when there is nothing to go by."""
    vector = liked.mean(axis=0) if len(liked) else np.zeros(liked.shape[1], np.float32)
    if len(disliked):
        vector = vector - UNLIKE * disliked.mean(axis=0)
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)
