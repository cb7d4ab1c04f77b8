"""The lexical index: tantivy, BM25 over one analysed text plus a light title (Robertson & Zaragoza 2009).

What it knows of a paper stands in `documents`, what a condition asks of that in `conditions`.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tantivy
from tantivy import FieldType, Occur, Order, Query

from broadsheet.condition import Node
from broadsheet.index.analysis import EXACT, STEMS
from broadsheet.index.conditions import WRITTEN, Conditions, Given, every, some
from broadsheet.index.documents import document, schema
from broadsheet.index.suggestions import SPLIT, of_code
from broadsheet.paper import Paper
from broadsheet.query import FACETS, Sort

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

PRECISION = 1e-5  # of a BM25 score, by the best of them; below, it depends on how papers are spread over segments
_FACET_OF = {name: name for name in FACETS} | {"author": "name"}
LONGEST_NAME = 4  # words
MOST = 3  # words of a question up to which all must be there for a paper to hold it; of more, ENOUGH of them
ENOUGH = 0.75
TEXT = 8  # words, beyond which a question is a text
PER_SEGMENT = 300  # values at least that each segment counts for a facet; rarer ones are not among the first of all
WRITER_BYTES = 160_000_000  # for all writer threads together; tantivy flushes a segment when its share is full
NOTHING_GIVEN = Given(date.min)
NO_PKS: Pks = np.zeros(0, np.int64)


class Ranked(NamedTuple):
    """Papers and their BM25 scores, best first; shapes (n,). *more*: there are others beyond the limit."""

    pks: Pks
    scores: Scores
    more: bool = False


class Tally(NamedTuple):
    """How many papers there are, and facet -> its commonest values with how many of them have each."""

    total: int
    values: dict[str, list[tuple[str, int]]]


class Match(NamedTuple):
    """What a lexical question asks: words that help, conditions that must hold; of rows above *after*, below *upto*.

    An *upto* of 0 is no bound. *only* are the papers that fit and are below *upto*, where they are known to be few;
    then no condition is looked at.
    """

    words: str = ""
    conditions: tuple[Node, ...] = ()
    upto: int = 0
    after: int = 0
    only: tuple[int, ...] | None = None
    given: Given = NOTHING_GIVEN


_NOTHING = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))


class Lexical:
    """One tantivy index in a folder. Readers see the last commit; one writer at a time (tantivy locks the folder)."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Raises FileNotFoundError where there is none, unless *create* is set."""
        self.schema = schema()
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._index = tantivy.Index(self.schema, str(folder)) if create else tantivy.Index.open(str(folder))
            self._index.register_tokenizer("stems", STEMS)
            self._index.register_tokenizer("exact", EXACT)
            self._index.config_reader("manual")
            self.reload()
        except ValueError as error:  # what tantivy makes of every failure
            if not (folder / "meta.json").exists():
                raise FileNotFoundError(str(folder)) from error
            raise

    def reload(self) -> None:
        """Make the last commit visible to searches."""
        self._index.reload()
        self.searcher = self._index.searcher()

    @property
    def count(self) -> int:
        return self.searcher.num_docs

    def writer(self, threads: int = 2) -> "LexicalWriter":
        return LexicalWriter(self, self._index.writer(WRITER_BYTES, threads))

    # -- questions ---------------------------------------------------------------------------------------------------

    def search(
        self, match: Match, limit: int, title_weight: float, author_weight: float, held: Match | None = None
    ) -> Ranked:
        """The best *limit* papers by BM25; equal scores in the order of pk, so that a rebuild answers alike.

        With *held*, only papers that hold enough of its words and fit its conditions.
        """
        scored = self._scored(match.words, title_weight, author_weight)
        if scored is None:
            return _NOTHING
        must = self._conditions(match) if held is None else self._holding(held)
        return self._run(scored if must is None else every([scored, must]), limit)

    def named(self, match: Match, limit: int) -> tuple[Pks, int]:
        """Up to *limit* papers for which the conditions hold, in no order, and how many there are, in one walk."""
        result: Any = self.searcher.search(self._all(match), max(1, limit), count=True)
        return self._pks([address for _, address in result.hits]), int(result.count)

    def which(self, match: Match, pks: Pks) -> Pks:
        """Those of *pks*, in order, that fit the conditions."""
        if not len(pks):
            return pks
        among = Conditions(self.schema, self.searcher, match.given).among(pks.tolist())
        query = every([Query.const_score_query(among, 0.0), self._all(match)])
        return np.unique(self._pks([address for _, address in self.searcher.search(query, 2 * len(pks)).hits]))

    def held(self, match: Match, also: Pks = NO_PKS) -> int:
        """How many papers hold enough of the words (`enough`) and fit the conditions, or are among *also*."""
        return self._count(self._with(match, also))

    def sorted(self, match: Match, sort: Sort, limit: int) -> Pks:
        """The first *limit* papers that hold enough of the words and fit the conditions, in the order of *sort*."""
        return self.ordered(self._holding(match), sort, limit, ascending=sort == "old")

    def latest(self, match: Match, limit: int) -> Pks:
        """The *limit* papers of the highest rows that hold enough of the words and fit the conditions."""
        return self.ordered(self._holding(match), "pk", limit)

    def ordered(self, query: Query, field: str, limit: int, *, ascending: bool = False) -> Pks:
        """The first *limit* papers of a query in the order of a number, each once; the highest come first, usually."""
        order = Order.Asc if ascending else Order.Desc
        result = self.searcher.search(query, max(1, limit), count=False, order_by_field=field, order=order)
        pks = self._pks([address for _, address in result.hits])
        return pks[_first_of_each(pks, np.arange(len(pks)))]

    def tally(self, match: Match | None, sizes: Mapping[str, int], also: Pks) -> Tally:
        """What the papers have that `held` counts (none but *also* without a *match*); *sizes*: how many values."""
        wanted: dict[str, Any] = {
            name: {"terms": {"field": _FACET_OF[name], "size": n, "segment_size": max(n, PER_SEGMENT)}}
            for name, n in sizes.items()
        }
        wanted["total"] = {"value_count": {"field": "pk"}}
        found = self.searcher.aggregate(self._with(match, also), wanted)
        values = {
            name: [(self._shown(name, bucket["key"]), int(bucket["doc_count"])) for bucket in found[name]["buckets"]]
            for name in sizes
        }
        return Tally(int(found["total"]["value"]), values)

    def _shown(self, facet: str, key: str | float) -> str:
        if isinstance(key, str):
            return key
        if facet != "author":
            return str(int(key))
        start = of_code(int(key))
        return next((term.partition(SPLIT)[2] for term, _ in self.beginning("suggest", start)), "")

    def _with(self, match: Match | None, also: Pks) -> Query:
        """What *match* asks for, and *also*."""
        parts = [] if match is None else [self._holding(match)]
        if len(also) or not parts:
            parts.append(Conditions(self.schema, self.searcher, NOTHING_GIVEN).among(also.tolist()))
        return Query.const_score_query(some(parts), 0.0)

    def document_frequency(self, stem: str) -> int:
        return self.searcher.doc_freq("text", stem)

    def written(self, word: str) -> int:
        """About how many papers hold *word* as it is written, or have it in an author's name."""
        return sum(self.searcher.doc_freq(field, word) for field in (*WRITTEN, "author"))

    def beginning(self, field: str, prefix: str) -> list[tuple[str, int]]:
        """The terms of *field* that begin with *prefix*, and how many papers have each."""
        return self.searcher.terms_with_prefix(field, prefix)

    # -- building tantivy queries --------------------------------------------------------------------------------------

    def _scored(self, text: str, title_weight: float, author_weight: float) -> Query | None:
        """Any of the words, each scored in the text and, lighter, in the title and the authors' names."""
        stems = STEMS.analyze(text)  # with repetition: a word said twice counts twice, as BM25 has it
        if not stems:  # only stop words, or none: as written they may still be found ("the who")
            plain = list(dict.fromkeys(EXACT.analyze(text)))
            return some(self._written(word) for word in plain) if plain else None
        parts = [Query.term_query(self.schema, "text", stem) for stem in stems]
        if title_weight:
            parts += [Query.boost_query(Query.term_query(self.schema, "title", stem), title_weight) for stem in stems]
        if author_weight:
            plain = EXACT.analyze(text)
            if 2 <= len(plain) <= LONGEST_NAME:  # all of it may be one name, perhaps with an initial in between
                parts.append(Query.phrase_query(self.schema, "author", list(plain), 1))
            names = dict.fromkeys(word for word in plain if len(word) > 2)
            parts += [Query.boost_query(Query.term_query(self.schema, "author", name), author_weight) for name in names]
        return Query.boolean_query([(Occur.Should, part) for part in parts])

    def _written(self, word: str) -> Query:
        return some(Query.term_query(self.schema, field, word) for field in WRITTEN)

    def _holding(self, match: Match) -> Query:
        """The conditions, and enough of the words (`enough`), in text or names."""
        parts = [Query.term_query(self.schema, "any", its) for its in dict.fromkeys(STEMS.analyze(match.words))]
        parts = parts or [self._written(word) for word in dict.fromkeys(EXACT.analyze(match.words))]
        must = self._conditions(match)
        if not parts:
            return Query.all_query() if must is None else must
        held = Query.boolean_query([(Occur.Should, part) for part in parts], enough(len(parts)))
        both = every([held, must]) if must is not None else held
        return Query.const_score_query(both, 0.0)

    def _all(self, match: Match) -> Query:
        must = self._conditions(match)
        return Query.const_score_query(Query.all_query(), 0.0) if must is None else must

    def _conditions(self, match: Match) -> Query | None:
        """What must hold, which adds nothing to a score; None when there is nothing."""
        conditions = Conditions(self.schema, self.searcher, match.given)
        if match.only is not None:
            return Query.const_score_query(conditions.among([pk for pk in match.only if pk > match.after]), 0.0)
        must = conditions.all(match.conditions)
        if not (match.upto or match.after):
            return must
        last = match.upto - 1 if match.upto else None
        rows = Query.range_query(self.schema, "pk", FieldType.Unsigned, match.after + 1, last)
        return Query.const_score_query(rows if must is None else every([must, rows]), 0.0)

    def _count(self, query: Query) -> int:
        result: Any = self.searcher.search(query, 1, count=True)  # the wheel's type hints forget the count
        return int(result.count)

    def _run(self, query: Query, limit: int) -> Ranked:
        result = self.searcher.search(query, max(1, limit), count=False)
        hits = result.hits  # a property that makes the list anew each time
        pks = self._pks([address for _, address in hits])
        scores = _rounded(np.array([score for score, _ in hits], np.float32))
        order = np.lexsort((pks, -scores))
        more = len(order) == limit
        order = _first_of_each(pks, order)
        if more and scores[order[-1]] < scores[order[0]]:  # which of the last equal ones came along is chance
            order = order[scores[order] > scores[order[-1]]]
        return Ranked(pks[order], scores[order], more)

    def _pks(self, addresses: list[tantivy.DocAddress]) -> Pks:
        return np.array(self.searcher.fast_field_values("pk", addresses), np.int64)


class LexicalWriter:
    """Adds, replaces and removes papers; nothing is visible, or survives a crash, before `commit`.

    Raises OSError where the disk fails.
    """

    def __init__(self, index: Lexical, writer: tantivy.IndexWriter) -> None:
        self._index, self._writer = index, writer

    def put(self, pk: int, paper: Paper, *, added: int = 0, replaces: bool) -> None:
        """*added*: when the row was made, Unix seconds; 0 if nobody knows."""
        if replaces:
            self.remove(pk)
        found = document(pk, paper, added)
        try:
            self._writer.add_document(found)
        except ValueError as error:
            raise OSError(str(error)) from error

    def remove(self, pk: int) -> None:
        self._writer.delete_documents_by_term("pk", pk)

    def commit(self) -> int:
        """What was put becomes visible and lasts; the number of this commit."""
        try:
            return int(self._writer.commit())
        except ValueError as error:
            raise OSError(str(error)) from error

    @property
    def found_commit(self) -> int:
        """The number of the last commit before this writer's own, whoever made it; 0 when there was none."""
        return int(self._writer.commit_opstamp)

    def close(self) -> None:
        """Let running merges finish, then release the lock; without a commit before, changes are dropped."""
        try:
            self._writer.wait_merging_threads()
        except ValueError as error:
            raise OSError(str(error)) from error
        self._index.reload()


def enough(words: int) -> int:
    """How many of a question's *words* a paper holds that holds it: all up to MOST, then ENOUGH of them.

    And again all beyond TEXT: that is a text, whose answers are the nearest; counting who holds most of it takes long.
    """
    return words if words <= MOST or words > TEXT else max(MOST, round(ENOUGH * words))


def _first_of_each(pks: Pks, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """*order* without the second place of a paper: until a killed refresh is made good, one may be there twice."""
    _, first = np.unique(pks[order], return_index=True)
    return order[np.sort(first)]


def _rounded(scores: Scores) -> Scores:
    step = np.float32(PRECISION) * scores.max(initial=np.float32(1e-30))
    rounded: Scores = np.round(scores / step) * step
    return rounded
