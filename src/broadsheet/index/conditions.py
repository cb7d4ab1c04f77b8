"""Conditions of a question as queries of tantivy. None of them adds to a score."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import tantivy
from tantivy import FieldType, Occur, Query

from broadsheet.condition import And, Is, Node, Not, Term
from broadsheet.index.analysis import EXACT, STEMS, placed
from broadsheet.queryparts import days, years_of
from broadsheet.text import fold

WRITTEN = ("exact_title", "exact_abstract", "exact_keyword")
_WRITTEN_IN = {"": WRITTEN, "title": WRITTEN[:1], "abstract": WRITTEN[1:2], "author": ("author",)}
_STEMS_IN = {"": "any", "title": "title", "abstract": "abstract"}


class Given(NamedTuple):
    """What conditions mean here and now: *today* (UTC) for ``added:``, and list -> its papers for ``in:``."""

    today: date
    lists: Mapping[str, Sequence[int]] = {}


class Conditions:
    """Makes queries over one view of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, given: Given) -> None:
        self._schema, self._searcher, self._given = schema, searcher, given

    def all(self, nodes: Iterable[Node]) -> Query | None:
        """All of *nodes* hold; None for no condition."""
        queries = [self.query(node) for node in nodes]
        return Query.const_score_query(every(queries), 0.0) if queries else None

    def query(self, node: Node) -> Query:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Is):
            return self._is(node)
        if isinstance(node, Not):
            return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, self.query(node.node))])
        queries = [self.query(part) for part in node.nodes]
        return every(queries) if isinstance(node, And) else some(queries)

    def _term(self, term: Term) -> Query:
        found: list[str] = EXACT.analyze(term.text)
        if not found:
            return Query.empty_query()
        if term.kind == "prefix":
            return some(Query.regex_query(self._schema, field, f"{found[0]}.*") for field in _WRITTEN_IN[term.field])
        if term.kind == "phrase" or term.field == "author":
            return some(self.phrase(field, placed(term.text)) for field in _WRITTEN_IN[term.field])
        stems = [its[0] for word in found if (its := STEMS.analyze(word))]
        if stems:
            return every(self._equal(_STEMS_IN[term.field], its) for its in stems)
        return every(some(self._equal(field, word) for field in _WRITTEN_IN[term.field]) for word in found)

    def phrase(self, field: str, words: Sequence[tuple[int, str]]) -> Query:
        """The *words* in places that are as far from each other as theirs."""
        if len(words) == 1:
            return self._equal(field, words[0][1])
        return Query.phrase_query(self._schema, field, list(words))

    def _is(self, one: Is) -> Query:
        if one.field in ("venue", "category", "source"):
            return self._value(one.field, fold(one.value))
        if one.field == "year":
            low, high = years_of(one.value)
            return Query.range_query(self._schema, "year", FieldType.Integer, low or 1, high)
        if one.field == "added":
            return self._added(one.value)
        if one.field == "in":
            return self.among(self._given.lists.get(fold(one.value), ()))
        return self._equal(one.field, one.value)

    def _value(self, field: str, value: str) -> Query:
        if not value.endswith("*"):
            return self._equal(field, value)
        terms = [term for term, _ in self._searcher.terms_with_prefix(field, value.rstrip("*"))]
        return Query.term_set_query(self._schema, field, terms) if terms else Query.empty_query()

    def _added(self, value: str) -> Query:
        span = days(value, self._given.today)
        if span is None:
            return Query.empty_query()
        first, last = (day.toordinal() for day in span)
        return Query.range_query(self._schema, "added", FieldType.Integer, first, last)

    def among(self, pks: Sequence[int]) -> Query:
        """One of these papers."""
        if len(pks) > 1_000:  # in one walk through the dictionary
            return Query.term_set_query(self._schema, "pk", list(pks))
        return some(self._equal("pk", pk) for pk in pks) if len(pks) else Query.empty_query()

    def _equal(self, field: str, value: str | int) -> Query:
        return Query.term_query(self._schema, field, value)


def every(queries: Iterable[Query]) -> Query:
    found = list(queries)
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Must, query) for query in found])


def some(queries: Iterable[Query]) -> Query:
    found = list(queries)
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Should, query) for query in found])
