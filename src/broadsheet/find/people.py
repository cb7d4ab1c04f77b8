"""For the pages of authors and venues: what their papers are about, and names that are near to one nobody has."""

from difflib import SequenceMatcher
from functools import partial

from broadsheet.find.lists import Asked
from broadsheet.index.analysis import stems
from broadsheet.index.reader import Reader
from broadsheet.index.suggestions import KINDS, LONGEST, MOST_WORDS, SPLIT, beginnings
from broadsheet.text import fold
from broadsheet.understand.topics import FEWEST, topics

SAMPLE = 100  # papers, the newest, whose titles tell what all are about
SHORTEST = 3  # letters at the beginning of some word that a near name has in common with the wanted one
LOOKED_AT = 400  # names with one beginning
ENOUGH = 30  # names to compare; then no shorter beginning is tried
NEAR = 0.72  # likeness in [0, 1]


def about(asked: Asked, most: int) -> tuple[str, ...]:
    """What the newest papers that fit the question's conditions are about, by their titles."""
    pks = asked.reader.lexical.sorted(asked.match(""), "new", SAMPLE).tolist()
    if len(pks) < FEWEST:
        return ()
    titles = [paper.title for paper in asked.store.get(pks).values()]
    return topics(titles, partial(_share, asked.reader), most)


def _share(reader: Reader, word: str) -> float:
    """The share of the papers that hold the rarest part of *word*; 1 for one that says nothing."""
    counts = [reader.lexical.document_frequency(its) for its in stems(word)]
    return max(1, min(counts)) / max(1, reader.lexical.count) if counts else 1.0


def near_names(reader: Reader, kind: str, name: str, most: int) -> tuple[str, ...]:
    """The names of that *kind* (author, venue) that are written most like *name*."""
    parts = fold(name[:LONGEST]).split()[:MOST_WORDS]
    found: dict[str, float] = {}
    for turned in beginnings(kind, " ".join(parts)):
        for shown in _beginning(reader, KINDS[kind], turned):
            if shown not in found:
                found[shown] = _likeness(parts, shown)
    best = sorted((shown for shown, score in found.items() if score >= NEAR), key=lambda shown: (-found[shown], shown))
    return tuple(best[:most])


def _beginning(reader: Reader, kind: str, text: str) -> dict[str, None]:
    """The names that begin as *text* does, those with the longest common beginning first."""
    found: dict[str, None] = {}
    for end in range(len(text), SHORTEST - 1, -1):
        terms = reader.lexical.beginning("suggest", kind + text[:end])[:LOOKED_AT]
        found |= {term.partition(SPLIT)[2]: None for term, _ in terms}
        if len(found) >= ENOUGH:
            break
    return found


def _likeness(parts: list[str], shown: str) -> float:
    """In [0, 1], whichever part of a name comes first."""
    one, other = (" ".join(sorted(each)) for each in (parts, fold(shown).split()))
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
