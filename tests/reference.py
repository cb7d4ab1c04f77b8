"""What a question asks of a paper, said once more and as plainly as can be: no index, no numbers, one paper at a time.

This is the specification that the engine is compared with. Of the engine it takes only how a text is cut into words.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from broadsheet.condition import And, Is, Node, Not, Or, Term
from broadsheet.index.analysis import EXACT, STEMS, placed
from broadsheet.paper import Paper
from broadsheet.query import Filters, Query
from broadsheet.queryparts import HAS, days, year_span
from broadsheet.text import fold

Lists = Mapping[str, Collection[str]]  # the name of a list -> the ids of the papers on it
Words = tuple[str, ...]
Places = frozenset[tuple[int, str]]


def fits(paper: Paper, added: date | None, lists: Lists, query: Query, today: date) -> bool:
    """Whether *paper* is all that *query* demands. Plain words and ``like:`` demand nothing.

    *added* is the UTC day on which the library got the paper, None when nobody noted it.
    """
    one = _Case(paper, added, lists, today)
    return (
        all(one.holds(Term(phrase, "", "phrase")) for phrase in query.phrases)
        and not any(one.holds(Term(word, "", "phrase" if " " in word else "word")) for word in query.without)
        and all(one.holds(node) for node in query.where)
        and one.passes(query.filters)
    )


def holds(paper: Paper, added: date | None, lists: Lists, node: Node, today: date) -> bool:
    """Whether one condition holds for *paper*."""
    return _Case(paper, added, lists, today).holds(node)


@dataclass(frozen=True, slots=True)
class _Case:
    paper: Paper
    added: date | None
    lists: Lists
    today: date

    def holds(self, node: Node) -> bool:
        if isinstance(node, And):
            return all(self.holds(part) for part in node.nodes)
        if isinstance(node, Or):
            return any(self.holds(part) for part in node.nodes)
        if isinstance(node, Not):
            return not self.holds(node.node)
        return self._says(node) if isinstance(node, Term) else self._is(node)

    def passes(self, filters: Filters) -> bool:
        """All fields together; several values of one are alternatives, but of what it must have nothing may lack."""
        alternatives = [
            [self._named(name) for name in filters.authors],
            [self._is(Is("venue", venue)) for venue in filters.venues],
            [self._is(Is("category", category)) for category in filters.categories],
            [self._is(Is("source", source)) for source in filters.sources],
        ]
        return (
            all(any(one) for one in alternatives if one)
            and all(self._is(Is("has", kind)) for kind in filters.has)
            and self._within(filters.year_from, filters.year_to)
            and (not filters.added or self._is(Is("added", filters.added)))
        )

    # -- words ---------------------------------------------------------------------------------------------------------

    def _says(self, term: Term) -> bool:
        wanted = written(term.text)
        if not wanted:  # only signs: nothing could hold them
            return False
        texts = _texts(self.paper, term.field)
        if term.kind == "prefix":
            return any(word.startswith(wanted[0]) for text in texts for word in written(text))
        if term.kind == "phrase" or term.field == "author":
            return any(_together(_places(term.text), _places(text)) for text in texts)
        meant = [word for word in wanted if stem(word)]
        if not meant:  # stop words count only where there is nothing else
            return all(any(word in written(text) for text in texts) for word in wanted)
        return all(self._mentions(word, term.field) for word in meant)

    def _mentions(self, word: str, field: str) -> bool:
        """The word in whatever form; where no field was named, also as part of an author's name."""
        if any(stem(word) in _stems(text) for text in _texts(self.paper, field)):
            return True
        return field == "" and any(stem(word) in _stems(name) for name in self.paper.authors)

    def _named(self, name: str) -> bool:
        """An author in a filter: a name, part of one, or the beginning of a word of it (``hint*``)."""
        start = name.removesuffix("*")
        begins = start != name and start.isalnum() and len(start) >= 2
        return self._says(Term(start, "author", "prefix") if begins else Term(name, "author", "phrase"))

    # -- values --------------------------------------------------------------------------------------------------------

    def _is(self, one: Is) -> bool:
        if one.field == "year":
            span = year_span(one.value)
            return span is not None and self._within(*span)
        if one.field == "added":
            spell = days(one.value, self.today)
            return spell is not None and self.added is not None and spell[0] <= self.added <= spell[1]
        if one.field == "in":
            return any(fold(name) == fold(one.value) and _any(self.paper.ids, on) for name, on in self.lists.items())
        if one.field == "has":
            return one.value in values(self.paper, "has")
        if one.field == "id":
            return one.value in self.paper.ids
        return any(_same(value, one.value) for value in values(self.paper, one.field))

    def _within(self, low: int | None, high: int | None) -> bool:
        """Inclusive bounds; a paper without a year is within none, and without bounds everywhere."""
        if low is None and high is None:
            return True
        year = self.paper.year
        return year is not None and (low is None or low <= year) and (high is None or year <= high)


@lru_cache(maxsize=1 << 16)
def written(text: str) -> Words:
    """The words of *text* in order, in lower case and without accents."""
    return tuple(EXACT.analyze(text))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """What all forms of *word* have in common; empty for a stop word."""
    return next(iter(STEMS.analyze(word)), "")


@lru_cache(maxsize=1 << 16)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, written(text)))


def _texts(paper: Paper, field: str) -> Sequence[str]:
    """What a word or phrase is looked for in, each by itself: a phrase does not reach from one into the next."""
    if field == "author":
        return paper.authors
    texts = {"title": (paper.title,), "abstract": (paper.abstract,)}
    return texts.get(field, (paper.title, paper.abstract, *paper.keywords))


@lru_cache(maxsize=1 << 16)
def _places(text: str) -> Places:
    """The words of *text* with their places; a run of more letters than a word may have is none, and takes one."""
    return frozenset(placed(text))


def _together(wanted: Places, words: Places) -> bool:
    """Whether the *wanted* words stand among *words* one right after another."""
    first, opening = min(wanted)
    starts = [start for start, word in words if word == opening]
    return any(all((start + place - first, word) in words for place, word in wanted) for start in starts)


def values(paper: Paper, field: str) -> Sequence[str]:
    """What *paper* has in a field of whole values: one in which it may be equal to something, or that is counted."""
    found: Mapping[str, Iterable[str]] = {
        "venue": (paper.venue,),
        "category": paper.categories,
        "source": paper.sources,
        "author": paper.authors,
        "year": (str(paper.year or ""),),
        "has": (kind for kind in HAS if (paper.abstract if kind == "abstract" else paper.link(kind))),
    }
    return tuple(filter(None, found[field]))


def counts(papers: Iterable[Paper], field: str) -> Counter[str]:
    """How many of *papers* have each value of *field*; names of authors are compared as written, all else folded."""
    found: Counter[str] = Counter()
    for paper in papers:
        found.update(set(values(paper, field)) if field == "author" else set(map(fold, values(paper, field))))
    return found


def _same(value: str, wanted: str) -> bool:
    """Equal but for case and accents, or beginning with what stands before a star."""
    if wanted.endswith("*"):
        return fold(value).startswith(fold(wanted.rstrip("*")))
    return fold(value) == fold(wanted)


def _any(ids: Iterable[str], on: Collection[str]) -> bool:
    return any(one in on for one in ids)
