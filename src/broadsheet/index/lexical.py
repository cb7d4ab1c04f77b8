"""The lexical index: tantivy, BM25 over one analysed text plus a light title (Robertson & Zaragoza 2009).

Fields: ``text`` (title, abstract, keywords; English stems, no stop words), ``title`` (the same analysis), ``exact``
(every word as written, folded, with positions: phrases mean what they say), ``author`` (folded words of names),
``venue``, ``category``, ``source`` (whole values, folded), and the numbers pk, year and what lists are sorted by.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tantivy
from tantivy import Document, FieldType, Occur, Order, Query, SchemaBuilder

from broadsheet.index.analysis import EXACT, STEMS
from broadsheet.index.places import LAST, day_number, scattered
from broadsheet.paper import Paper
from broadsheet.query import Filters, Sort
from broadsheet.text import fold

Pks = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

PRECISION = 1e-5  # of a BM25 score, by the best of them; below, it depends on how papers are spread over segments
_SORTED = ("new", "cited", "old")  # what to sort by in the upper 32 bits, a place of its own below
LONGEST_NAME = 4  # words
WRITER_BYTES = 160_000_000  # for all writer threads together; tantivy flushes a segment when its share is full


class Ranked(NamedTuple):
    """Papers and their BM25 scores, best first; shapes (n,). *more*: there are others beyond the limit."""

    pks: Pks
    scores: Scores
    more: bool = False


class Match(NamedTuple):
    """What a lexical question asks: stems that help, phrases and filters that must hold, words that must not."""

    words: str = ""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    filters: Filters = Filters()


_NOTHING = Ranked(np.zeros(0, np.int64), np.zeros(0, np.float32))


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("pk", indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("title", tokenizer_name="stems", index_option="freq")
    builder.add_text_field("exact", tokenizer_name="exact", index_option="position")
    builder.add_text_field("author", tokenizer_name="exact", index_option="position")
    for name in ("venue", "category", "source"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("year", indexed=True, fast=True)
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
        must = self._must(match)
        query = scored if not must else Query.boolean_query([(Occur.Must, scored), *must])
        return self._run(query, limit)

    def pks_matching(self, match: Match, limit: int) -> Pks:
        """Up to *limit* papers that fit phrases and filters, in no order."""
        result = self.searcher.search(Query.const_score_query(self._all(match), 0.0), max(1, limit), count=False)
        return self._pks([address for _, address in result.hits])

    def holding(self, match: Match, sort: Sort, limit: int) -> Ranked:
        """The first *limit* papers by date or citations of those that hold every word; scores all zero."""
        words = [self._word(word) for word in dict.fromkeys(EXACT.analyze(match.words)) if STEMS.analyze(word)]
        if not words:
            return _NOTHING
        query = Query.boolean_query([*((Occur.Must, word) for word in words), *self._must(match)])
        order = Order.Asc if sort == "old" else Order.Desc
        result = self.searcher.search(query, limit, count=False, order_by_field=sort, order=order)
        pks = self._pks([address for _, address in result.hits])
        once = np.unique(pks)
        return Ranked(once, np.zeros(len(once), np.float32), len(pks) == limit)

    def document_frequency(self, stem: str) -> int:
        return self.searcher.doc_freq("text", stem)

    # -- building tantivy queries --------------------------------------------------------------------------------------

    def _scored(self, text: str, title_weight: float, author_weight: float) -> Query | None:
        """Any of the words, each scored in the text and, lighter, in the title and the authors' names."""
        stems = STEMS.analyze(text)  # with repetition: a word said twice counts twice, as BM25 has it
        if not stems:  # only stop words, or none: as written they may still be found ("the who")
            plain = list(dict.fromkeys(EXACT.analyze(text)))
            terms = [Query.term_query(self.schema, "exact", word) for word in plain]
            return Query.boolean_query([(Occur.Should, term) for term in terms]) if terms else None
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

    def _word(self, word: str) -> Query:
        """A word of the question, in the text or as part of an author's name."""
        text = Query.term_query(self.schema, "text", STEMS.analyze(word)[0])
        return _any((text, Query.term_query(self.schema, "author", word)))

    def _all(self, match: Match) -> Query:
        must = self._must(match)
        if not must:
            return Query.all_query()
        if all(occur == Occur.MustNot for occur, _ in must):
            must = [(Occur.Must, Query.all_query()), *must]
        return Query.boolean_query(must)

    def _must(self, match: Match) -> list[tuple[Occur, Query]]:
        """The conditions, none of which adds to the score."""
        conditions = [self._phrase("exact", phrase) for phrase in match.phrases]
        found = match.filters
        if found.year_from is not None or found.year_to is not None:
            conditions.append(self._year_range(found))
        if found.authors:
            conditions.append(_any(self._phrase("author", name) for name in found.authors))
        for field, values in (("venue", found.venues), ("category", found.categories), ("source", found.sources)):
            if values:
                conditions.append(_any(Query.term_query(self.schema, field, fold(value)) for value in values))
        must = [(Occur.Must, Query.const_score_query(condition, 0.0)) for condition in conditions]
        return must + [(Occur.MustNot, self._phrase("exact", word)) for word in match.without]

    def _year_range(self, filters: Filters) -> Query:
        low = filters.year_from if filters.year_from is not None else 1
        return Query.range_query(self.schema, "year", FieldType.Integer, low, filters.year_to)

    def _phrase(self, field: str, text: str) -> Query:
        tokens = EXACT.analyze(text)
        if not tokens:
            return Query.empty_query()
        if len(tokens) == 1:
            return Query.term_query(self.schema, field, tokens[0])
        return Query.phrase_query(self.schema, field, list(tokens))

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

    def put(self, pk: int, paper: Paper, *, replaces: bool) -> None:
        if replaces:
            self.remove(pk)
        document = _document(pk, paper)
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


def _document(pk: int, paper: Paper) -> Document:
    document = Document()
    document.add_unsigned("pk", pk)
    document.add_text("text", body(paper))
    for part in (paper.title, paper.abstract, *paper.keywords):  # apart, so that no phrase reaches over an end
        document.add_text("exact", part)
    document.add_text("title", paper.title)
    for author in paper.authors:
        document.add_text("author", author)
    if paper.venue:
        document.add_text("venue", fold(paper.venue))
    for category in paper.categories:
        document.add_text("category", fold(category))
    for source in paper.sources:
        document.add_text("source", fold(source))
    document.add_integer("year", paper.year or 0)
    day, place = day_number(paper), scattered(pk)
    document.add_unsigned("new", day << 32 | LAST - place)
    document.add_unsigned("cited", (paper.citations or 0) << 32 | LAST - place)
    document.add_unsigned("old", (day or LAST) << 32 | place)
    return document


def _any(queries: Iterable[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _first_of_each(pks: Pks, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """*order* without the second place of a paper: until a killed refresh is made good, one may be there twice."""
    _, first = np.unique(pks[order], return_index=True)
    return order[np.sort(first)]


def _rounded(scores: Scores) -> Scores:
    step = np.float32(PRECISION) * scores.max(initial=np.float32(1e-30))
    rounded: Scores = np.round(scores / step) * step
    return rounded
