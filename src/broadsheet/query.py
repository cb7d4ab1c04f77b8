"""The question and the answer: one `Query`, whatever asked it; one `Page`, whatever shows it.

The box, the URL, JSON and argv all become the same frozen `Query`; search, feed, trending, similar and digest are all
``Query -> Page``. Pure data: nothing here looks anything up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from broadsheet.condition import Is, Node, Not, Or, Term, author, clause, joined, quoted, wanted
from broadsheet.paper import Paper

Sort = Literal["relevance", "new", "old", "cited", "rising"]
SORTS: tuple[Sort, ...] = ("relevance", "new", "old", "cited", "rising")
FACETS = ("year", "venue", "category", "author", "source", "has")
MAX_LIMIT = 200
MAX_SUGGESTIONS = 20
MAX_OFFSET = 10_000  # a reader who turned 10,000 results is better served by a filter
MAX_WORDS = 64  # more words than that no longer sharpen a ranking; the rest is cut and the page says so


@dataclass(frozen=True, slots=True)
class Filters:
    """What a paper must be. All given ones hold together; several values of one are alternatives.

    Years are inclusive. Authors are words of a name (``hinton``, ``geoffrey hinton``); venues, categories and sources
    whole values, compared folded, or the beginning of one (``acl*``). Of *has* (``code``, ``pdf``, ``abstract`` ...)
    all must be there. *added* is when it came: ``7d``, ``2024-01-31..``; see `querylang.days`.
    """

    year_from: int | None = None
    year_to: int | None = None
    venues: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    added: str = ""

    def __bool__(self) -> bool:
        return self != _NO_FILTERS

    @property
    def years(self) -> str:
        """The years as they are typed; empty for all."""
        return years_text(self.year_from, self.year_to)

    @property
    def conditions(self) -> tuple[Node, ...]:
        """Each filter as a condition."""
        whole = (("venue", self.venues), ("category", self.categories), ("source", self.sources))
        either: list[list[Node]] = [[author(name) for name in self.authors]]
        either += [[Is(field, value) for value in values] for field, values in whole]
        found = [joined(Or, nodes) for nodes in either if nodes]
        found += [Is("has", one) for one in self.has]
        if self.years:
            found.append(Is("year", self.years))
        return (*found, *((Is("added", self.added),) if self.added else ()))


_NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    text      as typed, filters taken out; words and phrases are what is searched
    words     the plain words, in order, as one string (what the encoder reads): any of them may help
    phrases   each must occur word for word
    without   words and phrases a paper must not contain
    where     all other conditions; each must hold
    like      ids of papers that the answers should be like, and *unlike* of those that they should not be like
    lookup    a canonical id when the whole question is one (a pasted id, DOI or address), else empty
    upto      only papers that came before this row number: what there was when page 1 was shown; 0 for all
    facets    of which fields to count the values in the whole result; see FACETS
    verbatim  the words as they are: no spelling is mended
    asker     the account that asks, whose lists ``in:`` means; 0 for somebody whom nobody knows
    notes     what was changed to understand it ("closing quote added"), for the reader
    """

    text: str = field(default="", compare=False)
    words: str = ""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    where: tuple[Node, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    lookup: str = ""
    filters: Filters = _NO_FILTERS
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 10
    upto: int = 0
    explain: bool = False
    facets: tuple[str, ...] = ()
    verbatim: bool = False
    asker: int = field(default=0, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def box(self) -> str:
        """All but the filters in the language of the search box."""
        parts = [str(Is("id", self.lookup)) if " " in self.lookup else self.lookup or self.words]
        parts += [f'"{phrase}"' for phrase in self.phrases]
        parts += [f'-"{word}"' if " " in word else f"-{word}" for word in self.without]
        parts += [clause(node) for node in self.where]
        parts += [f"like:{quoted(one)}" for one in self.like] + [f"-like:{quoted(one)}" for one in self.unlike]
        return " ".join(part for part in parts if part)

    def canonical(self) -> str:
        """The question in the language of the search box; parsing it gives an equal query (paging and sort apart)."""
        parts = [self.box()]
        for name, values in (
            ("author", self.filters.authors), ("venue", self.filters.venues), ("category", self.filters.categories),
            ("source", self.filters.sources), ("has", self.filters.has),
        ):  # fmt: skip
            parts += [f"{name}:{quoted(value)}" for value in values]
        if self.filters.years:
            parts.append(f"year:{self.filters.years}")
        if self.filters.added:
            parts.append(f"added:{self.filters.added}")
        return " ".join(part for part in parts if part)

    @property
    def asks(self) -> bool:
        """Whether there is anything to match, beyond filters."""
        return bool(self.words or self.phrases or self.without or self.where or self.like or self.unlike or self.lookup)

    @property
    def conditions(self) -> tuple[Node, ...]:
        """All that must hold, the filters apart."""
        phrases = (Term(phrase, "", "phrase") for phrase in self.phrases)
        without = (Not(Term(word, "", "phrase" if " " in word else "word")) for word in self.without)
        return (*phrases, *without, *self.where)

    @property
    def searched(self) -> str:
        """All words that help to rank: the plain ones, and those of phrases and conditions that a paper must hold."""
        terms = (term.text for node in self.where for term in wanted(node))
        return " ".join(dict.fromkeys((self.words, *self.phrases, *terms))).strip()

    def turned(self, offset: int) -> "Query":
        """The same question at another place in its results."""
        return replace(self, offset=max(0, offset))


def years_text(low: int | None, high: int | None) -> str:
    """Inclusive bounds as they are typed: ``2021``, ``2021..2024``, ``2021..``, ``..2024``; empty for none."""
    if low is None and high is None:
        return ""
    return f"{low}" if low == high else f"{'' if low is None else low}..{'' if high is None else high}"


class Span(NamedTuple):
    """Characters [start, end) of a text that matched."""

    start: int
    end: int


class Marked(NamedTuple):
    """A text and the places in it to highlight, in order, not overlapping."""

    text: str
    spans: tuple[Span, ...] = ()


NOTHING_MARKED = Marked("")


class Signal(NamedTuple):
    """One reason: its score in [0, 1], its weight, what it added to the total, and a sentence for the reader."""

    name: str
    score: float
    weight: float
    share: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One paper of a page. *score* is the sum of its signals' shares; *why* the strongest reasons as one sentence."""

    paper: Paper
    score: float
    signals: tuple[Signal, ...] = ()
    why: str = ""
    title: Marked = NOTHING_MARKED
    snippet: Marked = NOTHING_MARKED

    def to_dict(self) -> dict[str, Any]:
        """The hit in JSON, as DESIGN's contract at the edges has it."""
        return {
            "id": self.paper.key,
            "title": self.paper.title,
            "year": self.paper.year,
            "venue": self.paper.venue,
            "authors": list(self.paper.authors),
            "score": round(self.score, 6),
            "signals": {signal.name: round(signal.share, 6) for signal in self.signals},
            "why": self.why,
            "snippet": self.snippet.text,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """An answer: *total* papers fit the question, these are some.

    reach   how many of them can be turned to; the others are reached by narrowing the question down
    facets  facet -> (value, how many of the fitting papers have it), the commonest first; empty when not asked for
    notes   sentences for the reader: the index is behind, a quote was closed, words were cut
    mended  the words that were searched instead, where some were misspelled
    near    questions that would find something, when this one found nothing
    """

    query: Query
    total: int
    hits: tuple[Hit, ...] = ()
    took_ms: float = 0.0
    reach: int = 0
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    mended: str = ""
    near: tuple[str, ...] = ()

    @property
    def years(self) -> dict[int, int]:
        """year -> how many of the fitting papers, for the histogram."""
        return {int(year): count for year, count in sorted(self.facets.get("year", ()))}

    @property
    def next_offset(self) -> int | None:
        end = self.query.offset + self.query.limit  # not after the hits: one may have gone from the store since
        return end if end < min(self.reach, MAX_OFFSET) else None

    @property
    def previous_offset(self) -> int | None:
        return max(0, self.query.offset - self.query.limit) if self.query.offset else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "query": self.query.canonical(),
            "total": self.total,
            "took_ms": round(self.took_ms, 3),
            "upto": self.query.upto,
            "hits": [hit.to_dict() for hit in self.hits],
            **({"facets": {name: dict(values) for name, values in self.facets.items()}} if self.facets else {}),
            **({"mended": self.mended} if self.mended else {}),
            **({"notes": list(self.notes)} if self.notes else {}),
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a question may become while it is typed.

    kind      ``saved``, ``author``, ``venue``, ``category`` or ``title``
    text      a name, or a paper's title
    papers    how many have it; 1 for a title, 0 for a saved search, which nobody has counted
    question  what the search box would hold
    key       of the paper, for a title
    """

    kind: str
    text: str
    papers: int
    question: str
    key: str = ""
