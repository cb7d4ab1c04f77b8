"""Names and titles by their beginnings, fast enough for every key that is pressed.

Two letters begin tens of thousands of terms of the field ``suggest``: to walk them takes 30 ms in 90,000 papers, and
ten times as long in a million. So the commonest authors, and all venues and categories up to as many, are kept in order
in memory. A name that is not among them is rarer than all of them: the dictionary is walked only where they are too
few, and a beginning that few of the commonest have, few have at all.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from tantivy import Query

from broadsheet.index.analysis import EXACT
from broadsheet.index.conditions import some
from broadsheet.index.lexical import NO_PKS, Lexical, Pks
from broadsheet.index.suggestions import KINDS, SPLIT, beginnings, of_code
from broadsheet.text import fold

KEPT = 20_000  # of each kind
WALKED = 200  # of those kept; a word that begins more of them begins too many to walk
FEW = 40  # titles that are read to see how they go on
ENDS = 32  # words, the commonest, that the last one may become where more titles would have to be read
COMPARED = 300_000  # titles at most that are looked at for these words: so many cost 20 ms
_LAST = "\U0010ffff"


class Name(NamedTuple):
    """A value as it is mostly written, and how many papers have it in whatever case and accents."""

    text: str
    papers: int


class Names:
    """The authors, venues and categories of one view of the index. Making it counts every author once."""

    def __init__(self, lexical: Lexical) -> None:
        self._lexical = lexical
        self._kept = {kind: _Kept(kind, self._commonest(kind)) for kind in KINDS}

    def beginning(self, kind: str, words: Sequence[str], limit: int, *, whole: bool = False) -> list[Name]:
        """The commonest *limit* names with a word for each of *words* (folded) that begins with it, in any order.

        With *whole*, all of *words* but the last are words of the name as they are.
        """
        kept = self._kept[kind]
        longest = max(words, key=len)
        found = kept.beginning(longest, words, limit, whole=whole)
        if len(found) < limit and not kept.all:
            start = longest if kept.count(longest) <= WALKED else " ".join(words)
            counted = _values(self._lexical.beginning("suggest", KINDS[kind] + start))
            found = [one for one in _together(counted) if begins(words, fold(one.text).split(), whole=whole)][:limit]
        return found

    def _commonest(self, kind: str) -> list[tuple[str, int]]:
        """At least KEPT, if there are so many."""
        if kind != "author":
            return _values(self._lexical.beginning("suggest", KINDS[kind]))
        wanted = {"names": {"terms": {"field": "name", "size": KEPT, "segment_size": KEPT}}}
        found = self._lexical.searcher.aggregate(Query.all_query(), wanted)["names"]["buckets"]
        codes = (of_code(int(one["key"])) for one in found)
        return _values(term for one in codes for term in self._lexical.beginning("suggest", one))


class _Kept:
    """The commonest names of a kind, in the order of the alphabet by each of their words."""

    def __init__(self, kind: str, counted: list[tuple[str, int]]) -> None:
        names = _together(counted)
        self.all = len(counted) < KEPT
        self._names = names[:KEPT]
        self._words = [tuple(fold(name.text).split()) for name in self._names]  # tuples: no work for the collector
        pairs = sorted((start, at) for at, name in enumerate(self._names) for start in beginnings(kind, name.text))
        self._starts = [start for start, _ in pairs]
        self._places = np.array([at for _, at in pairs], np.int32)

    def _range(self, start: str) -> tuple[int, int]:
        return bisect_left(self._starts, start), bisect_left(self._starts, start + _LAST)

    def count(self, start: str) -> int:
        first, end = self._range(start)
        return end - first

    def beginning(self, start: str, words: Sequence[str], limit: int, *, whole: bool) -> list[Name]:
        found: list[Name] = []
        first, end = self._range(start)
        for place in np.unique(self._places[first:end]).tolist():
            if begins(words, self._words[place], whole=whole):
                found.append(self._names[place])
                if len(found) == limit:
                    break
        return found


def begins(words: Sequence[str], name: Sequence[str], *, whole: bool = False) -> bool:
    """Whether each of *words* is the beginning of another word of *name*; if *whole*, all but the last the whole of it.

    The longer ones choose first: what they begin, a shorter one could take from them.
    """
    left, begun = list(name), words[-1:] if whole else words
    for word in words[:-1] if whole else ():
        if word not in left:
            return False
        left.remove(word)
    for word in sorted(begun, key=len, reverse=True):
        place = next((at for at, one in enumerate(left) if one.startswith(word)), None)
        if place is None:
            return False
        del left[place]
    return True


def titles(lexical: Lexical, words: Sequence[str], limit: int) -> Pks:
    """Papers whose title may hold *words* one after another, the last one begun: most cited first, for `held` to tell.

    Where few titles hold all words but the last, those; else at most *limit*, of titles that go on with one of the
    commonest words that the last begins.
    """
    *before, last = words
    rarest = min((lexical.searcher.doc_freq("exact_title", word) for word in before), default=0)
    if before:
        found = lexical.ordered(_phrase(lexical, before), "cited", FEW + 1)
        if len(found) <= FEW:
            return found
    ends, left = list[str](), COMPARED
    for end, papers in lexical.searcher.terms_with_prefix("exact_title", last, limit=ENDS):
        if left > 0:
            ends.append(end)
            left -= min(papers, rarest)
    if not ends:
        return NO_PKS
    return lexical.ordered(some(_phrase(lexical, [*before, end]) for end in ends), "cited", limit)


def held(words: Sequence[str], title: str) -> bool:
    """Whether *title* holds *words* one after another, the last one begun."""
    *before, last = words
    found, size = EXACT.analyze(title), len(words)
    return any(
        found[end].startswith(last) and found[end + 1 - size : end] == before for end in range(size - 1, len(found))
    )


def _phrase(lexical: Lexical, words: list[str]) -> Query:
    if len(words) > 1:
        return Query.const_score_query(Query.phrase_query(lexical.schema, "exact_title", list(words)), 0.0)
    return Query.const_score_query(Query.term_query(lexical.schema, "exact_title", words[0]), 0.0)


def _values(terms: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Each value of some terms of the field ``suggest``, and its papers."""
    return list({term.partition(SPLIT)[2]: papers for term, papers in terms}.items())


def _together(counted: Iterable[tuple[str, int]]) -> list[Name]:
    """Values that differ only in case and accents as one; the commonest first."""
    same: dict[str, list[tuple[str, int]]] = {}
    for value, papers in sorted(counted, key=lambda one: (-one[1], one[0])):
        same.setdefault(fold(value), []).append((value, papers))
    names = [Name(ones[0][0], sum(papers for _, papers in ones)) for ones in same.values()]
    return sorted(names, key=lambda name: -name.papers)
