"""The lexical index: tantivy, BM25 over one analysed text plus a light title (Robertson & Zaragoza 2009).

Fields: ``text`` (title, abstract, keywords; English stems, no stop words), ``title`` and ``abstract`` (the same
analysis), ``exact_title``, ``exact_abstract``, ``exact_keyword`` (every word as written, folded, with positions:
phrases mean what they say), ``author`` (folded words of names), ``name`` (names as they are), ``venue``, ``category``,
``source`` (whole values, folded), ``id``, ``has``, ``suggest`` (what is offered while somebody types), and the numbers
pk, year, the day it was added, and what lists are sorted by.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tantivy
from tantivy import Document, FieldType, Occur, Order, Query, SchemaBuilder

from broadsheet.condition import Node
from broadsheet.index.analysis import EXACT, STEMS
from broadsheet.index.conditions import WRITTEN, Conditions, Given, every, some
from broadsheet.index.places import LAST, day_number, rising, scattered
from broadsheet.index.suggestions import entries
from broadsheet.paper import Paper
from broadsheet.query import FACETS, Sort
from broadsheet.queryparts import HAS
from broadsheet.text import fold

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

PRECISION = 1e-5  # of a BM25 score, by the best of them; below, it depends on how papers are spread over segments
_SORTED = ("new", "cited", "old", "rising")  # what to sort by in the upper 32 bits, a place of its own below
_FACET_OF = {name: name for name in FACETS} | {"author": "name"}
LONGEST_NAME = 4  # words
MOST = 3  # words of a question up to which all must be there for a paper to hold it; of more, ENOUGH of them
ENOUGH = 0.75
PER_SEGMENT = 2_000  # values that each segment counts for a facet; what is rarer in all of them is not among the first
WRITER_BYTES = 160_000_000  # for all writer threads together; tantivy flushes a segment when its share is full
NOTHING_GIVEN = Given(date.min)


class Ranked(NamedTuple):
    """Papers and their BM25 scores, best first; shapes (n,). *more*: there are others beyond the limit."""

    pks: Pks
    scores: Scores
    more: bool = False


class Match(NamedTuple):
    """What a lexical question asks: words that help, conditions that must hold; of rows above *after*, below *upto*.

    An *upto* of 0 is no bound.
    """

    words: str = ""
    conditions: tuple[Node, ...] = ()
    upto: int = 0
    after: int = 0
    given: Given = NOTHING_GIVEN


_NOTHING = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("pk", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("title", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("abstract", tokenizer_name="stems", index_option="basic")
    for name in (*WRITTEN, "author"):
        builder.add_text_field(name, tokenizer_name="exact", index_option="position")
    for name in ("venue", "category", "source", "has", "name"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("id", "suggest"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("added", indexed=True, fast=True)
    for name in _SORTED:
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


class Lexical:
    """One tantivy index in a folder. Readers see the last commit; one writer at a time (tantivy locks the folder)."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Raises FileNotFoundError where there is none, unless *create* is set."""
        self.schema = _schema()
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

    def search(self, match: Match, limit: int, title_weight: float, author_weight: float) -> Ranked:
        """The best *limit* papers by BM25; equal scores in the order of pk, so that a rebuild answers alike."""
        scored = self._scored(match.words, title_weight, author_weight)
        if scored is None:
            return _NOTHING
        must = self._conditions(match)
        return self._run(scored if must is None else every([scored, must]), limit)

    def pks_matching(self, match: Match, limit: int) -> Pks:
        """Up to *limit* papers for which the conditions hold, in no order."""
        return self._found(self._all(match), limit)

    def which(self, match: Match, pks: Pks, *, holding: bool = False) -> Pks:
        """Those of *pks*, in order, that fit the conditions, and hold enough of the words if *holding*."""
        if not len(pks):
            return pks
        among = Conditions(self.schema, self.searcher, match.given).among(pks.tolist())
        fits = self._holding(match) if holding else self._all(match)
        return np.unique(self._found(every([Query.const_score_query(among, 0.0), fits]), 2 * len(pks)))

    def held(self, match: Match) -> int:
        """How many papers hold enough of the words and fit the conditions; `enough` says what that is."""
        return self._count(self._holding(match))

    def fitting(self, match: Match) -> int:
        """How many papers fit the conditions, whatever words they hold."""
        return self._count(self._all(match))

    def sorted(self, match: Match, sort: Sort, limit: int) -> Pks:
        """The first *limit* papers that hold enough of the words and fit the conditions, in the order of *sort*."""
        order = Order.Asc if sort == "old" else Order.Desc
        query = self._holding(match)
        result = self.searcher.search(query, max(1, limit), count=False, order_by_field=sort, order=order)
        pks = self._pks([address for _, address in result.hits])
        _, first = np.unique(pks, return_index=True)
        return pks[np.sort(first)]

    def tally(self, match: Match | None, sizes: Mapping[str, int], also: Pks) -> dict[str, list[tuple[str, int]]]:
        """facet -> its commonest values, and how many papers have each; *sizes*: how many values.

        Counted are the papers that `held` counts (none without a *match*) and those of *also*.
        """
        parts = [self._holding(match)] if match is not None else []
        if len(also) or not parts:
            parts.append(Conditions(self.schema, self.searcher, NOTHING_GIVEN).among(also.tolist()))
        wanted = {
            name: {"terms": {"field": _FACET_OF[name], "size": size, "segment_size": PER_SEGMENT}}
            for name, size in sizes.items()
        }
        found = self.searcher.aggregate(some(parts), wanted)
        return {
            name: [(_text(bucket["key"]), int(bucket["doc_count"])) for bucket in found[name]["buckets"]]
            for name in sizes
        }

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
        """The conditions, and enough of the words: all of a few, three quarters of many, in text or names."""
        words = {its[0]: word for word in EXACT.analyze(match.words) if (its := STEMS.analyze(word))}
        parts = [
            some([Query.term_query(self.schema, "text", its), Query.term_query(self.schema, "author", word)])
            for its, word in words.items()
        ] or [self._written(word) for word in dict.fromkeys(EXACT.analyze(match.words))]
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
        must = Conditions(self.schema, self.searcher, match.given).all(match.conditions)
        if not (match.upto or match.after):
            return must
        last = match.upto - 1 if match.upto else None
        rows = Query.range_query(self.schema, "pk", FieldType.Unsigned, match.after + 1, last)
        return Query.const_score_query(rows if must is None else every([must, rows]), 0.0)

    def _count(self, query: Query) -> int:
        result: Any = self.searcher.search(query, 1, count=True)  # the wheel's type hints forget the count
        return int(result.count)

    def _found(self, query: Query, limit: int) -> Pks:
        return self._pks([address for _, address in self.searcher.search(query, max(1, limit), count=False).hits])

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
        document = _document(pk, paper, added)
        try:
            self._writer.add_document(document)
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


def body(paper: Paper) -> str:
    """What of a paper is searched by words."""
    return f"{paper.title}\n{paper.abstract}\n{'; '.join(paper.keywords)}"


def enough(words: int) -> int:
    """How many of a question's *words* a paper holds that holds it: all up to MOST, then ENOUGH of them."""
    return words if words <= MOST else max(MOST, round(ENOUGH * words))


def _document(pk: int, paper: Paper, added: int) -> Document:
    document = Document()
    document.add_unsigned("pk", pk)
    document.add_text("text", body(paper))
    document.add_text("title", paper.title)
    document.add_text("abstract", paper.abstract)
    document.add_text("exact_title", paper.title)
    document.add_text("exact_abstract", paper.abstract)
    for field, values in (("exact_keyword", paper.keywords), ("author", paper.authors), ("name", paper.authors)):
        for value in values:
            document.add_text(field, value)
    for field, values in (
        ("venue", (paper.venue,) if paper.venue else ()), ("category", paper.categories), ("source", paper.sources)
    ):  # fmt: skip
        for value in dict.fromkeys(map(fold, values)):
            document.add_text(field, value)
    for identifier in paper.ids:
        document.add_text("id", identifier)
    for thing in HAS:
        if paper.abstract if thing == "abstract" else paper.link(thing):
            document.add_text("has", thing)
    for entry in entries(paper):
        document.add_text("suggest", entry)
    document.add_integer("year", paper.year or 0)
    if added:
        document.add_integer("added", datetime.fromtimestamp(added, UTC).toordinal())
    day, place = day_number(paper), scattered(pk)
    document.add_unsigned("new", day << 32 | LAST - place)
    document.add_unsigned("cited", (paper.citations or 0) << 32 | LAST - place)
    document.add_unsigned("old", (day or LAST) << 32 | place)
    document.add_unsigned("rising", rising(paper) << 32 | LAST - place)
    return document


def _text(key: str | float) -> str:
    return key if isinstance(key, str) else str(int(key))


def _first_of_each(pks: Pks, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """*order* without the second place of a paper: until a killed refresh is made good, one may be there twice."""
    _, first = np.unique(pks[order], return_index=True)
    return order[np.sort(first)]


def _rounded(scores: Scores) -> Scores:
    step = np.float32(PRECISION) * scores.max(initial=np.float32(1e-30))
    rounded: Scores = np.round(scores / step) * step
    return rounded
