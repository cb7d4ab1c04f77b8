"""Words that nobody wrote, mended to words that somebody did (after P. Norvig, "How to Write a Spelling Corrector")."""

import string
from collections.abc import Iterator
from functools import lru_cache

from broadsheet.index.analysis import EXACT, stem
from broadsheet.index.reader import Reader
from broadsheet.text import fold

SHORTEST = 4  # letters of a word that may be a misspelling; a shorter one is as near to everything
USED = 2  # papers that must hold a word for it to be meant
FAR = 7  # letters from which a word may have two mistakes
_LETTERS = string.ascii_lowercase


def mended(words: str, reader: Reader) -> str:
    """*words* with each that no paper holds replaced by the likeliest that some do; the same where there is none."""
    return " ".join(_mended(word, reader) for word in words.split())


def _mended(word: str, reader: Reader) -> str:
    cut = EXACT.analyze(word)
    if len(cut) != 1 or len(cut[0]) < SHORTEST or not cut[0].isascii() or not cut[0].isalpha() or known(word, reader):
        return word
    return _meant(cut[0], reader) or word


def known(word: str, reader: Reader) -> bool:
    """Whether some paper holds the word, in whatever form."""
    its = stem(fold(word))
    return bool((its and reader.lexical.document_frequency(its)) or reader.lexical.written(fold(word)))


def unheard(words: str, reader: Reader) -> bool:
    """Whether there are words, and no paper holds any of them."""
    cut = EXACT.analyze(words)
    return bool(cut) and not any(known(word, reader) for word in cut)


def _meant(word: str, reader: Reader) -> str:
    """The commonest word that is one mistake away; for long words, two; empty when there is none."""
    near = {other: used for other in set(_edits(word)) if (used := reader.lexical.written(other)) >= USED}
    if not near and len(word) >= FAR:
        near = {other: used for other, used in _beginning(word, reader) if used >= USED and _distance(word, other) == 2}
    return min(near, key=lambda other: (-near[other], other), default="")


def _edits(word: str) -> Iterator[str]:
    """All words that are one deletion, transposition, replacement or insertion away."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    for left, right in parts:
        if right:
            yield left + right[1:]
            yield from (left + letter + right[1:] for letter in _LETTERS)
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        yield from (left + letter + right for letter in _LETTERS)


def _beginning(word: str, reader: Reader) -> Iterator[tuple[str, int]]:
    """The words that begin alike and are about as long: few people miss the first letters."""
    for field in ("exact_title", "exact_abstract"):
        for other, used in reader.lexical.beginning(field, word[:2]):
            if abs(len(other) - len(word)) <= 2 and len(set(other) ^ set(word)) <= 4:
                yield other, used


@lru_cache(maxsize=4096)
def _distance(one: str, two: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (Damerau 1964, without edits inside a swap)."""
    before: list[int] = []
    last = list(range(len(two) + 1))
    for row, a in enumerate(one, 1):
        now = [row]
        for place, b in enumerate(two, 1):
            cost = min(last[place] + 1, now[place - 1] + 1, last[place - 1] + (a != b))
            if row > 1 and place > 1 and a == two[place - 2] and one[row - 2] == b:
                cost = min(cost, before[place - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
