"""For the pages of authors and venues: what their papers are about, and names that are near to one nobody has."""

from difflib import SequenceMatcher
from functools import partial

from broadsheet.find.lists import Asked
from broadsheet.index.analysis import stems
from broadsheet.index.reader import Reader
from broadsheet.index.suggestions import KINDS, LONGEST, SPLIT
from broadsheet.text import fold, words
from broadsheet.understand.topics import topics

SAMPLE = 100  # papers, the newest, whose titles tell what all are about
SHORTEST = 3  # letters that a near name has in common with the wanted one
LOOKED_AT = 400  # names with the same beginning, of each word
NEAR = 0.72  # likeness in [0, 1]


def about(asked: Asked, most: int) -> tuple[str, ...]:
    """What the newest papers that fit the question's conditions are about, by their titles."""
    pks = asked.reader.lexical.sorted(asked.match(""), "new", SAMPLE).tolist()
    titles = [paper.title for paper in asked.store.get(pks).values()]
    return topics(titles, partial(_share, asked.reader), most)


def _share(reader: Reader, word: str) -> float:
    """The share of the papers that hold the rarest part of *word*; 1 for one that says nothing."""
    counts = [reader.lexical.document_frequency(its) for its in stems(word)]
    return max(1, min(counts)) / max(1, reader.lexical.count) if counts else 1.0


def near_names(reader: Reader, kind: str, name: str, most: int) -> tuple[str, ...]:
    """The names of that *kind* (author, venue) that are written most like *name*: those that begin a word alike."""
    folded = " ".join(words(name[:LONGEST]))
    found: dict[str, float] = {}
    for word in dict.fromkeys(folded.split()):
        for term in _beginning(reader, KINDS[kind], word):
            shown = term.partition(SPLIT)[2]
            if shown not in found:
                found[shown] = _likeness(folded, shown)
    best = sorted((shown for shown, score in found.items() if score >= NEAR), key=lambda shown: (-found[shown], shown))
    return tuple(best[:most])


def _beginning(reader: Reader, kind: str, word: str) -> list[str]:
    """The entries that begin with *word*, or with as much of it as any does."""
    for end in range(len(word), min(SHORTEST, len(word)) - 1, -1):
        if found := reader.lexical.beginning("suggest", kind + word[:end]):
            return [term for term, _ in found[:LOOKED_AT]]
    return []


def _likeness(folded: str, shown: str) -> float:
    """In [0, 1], whichever part of a name comes first."""
    one, other = (" ".join(sorted(text.split())) for text in (folded, fold(shown)))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
