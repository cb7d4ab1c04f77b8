"""The vocabulary of a static encoder: what a corpus says often, and what a teacher knows beyond it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

from broadsheet.embed._tokens import LONGEST_WORD, PAIR, split
from broadsheet.text import STOP_WORDS

OFTEN = 3  # times a word occurs before it has a row of its own
OFTEN_PAIR = 60
SURPRISE = 20.0  # how much more often a pair occurs than its words would meet by chance

_PIECE = re.compile(r"(##)?[a-z0-9]+(?:[-'][a-z0-9]+)*")  # no single letters of other scripts
_STOP = frozenset(word.encode() for word in STOP_WORDS)


def count(texts: Iterable[str], limit: int) -> tuple[Counter[bytes], Counter[tuple[bytes, bytes]]]:
    """How often each word, and each two words side by side, occur in the first *limit* characters of the texts."""
    words: Counter[bytes] = Counter()
    pairs: Counter[tuple[bytes, bytes]] = Counter()
    for text in texts:
        found = split(text, limit)
        words.update(found)
        pairs.update(pairwise(found))
    return words, pairs


def choose(
    words: Counter[bytes], pairs: Counter[tuple[bytes, bytes]], known: Sequence[str], more: int, most_pairs: int
) -> list[bytes]:
    """Tokens, all different: those that the teacher *known*s, at most *more* frequent words of the corpus, then pairs.

    The teacher's come first because its pieces are what any unknown word falls back to.
    """
    spelled = dict.fromkeys(piece.encode() for piece in known if _PIECE.fullmatch(piece))
    common = (word for word, times in words.most_common() if times >= OFTEN and _fits(word) and word not in spelled)
    chosen = [*spelled, *islice(common, more)]
    return chosen + _pairs(words, pairs, set(chosen))[:most_pairs]


def _fits(word: bytes) -> bool:
    return len(word) <= LONGEST_WORD


def _pairs(words: Counter[bytes], pairs: Counter[tuple[bytes, bytes]], known: set[bytes]) -> list[bytes]:
    """Pairs that mean more than their words, the most telling first: by count x pointwise mutual information."""
    total = max(1, words.total())
    found = []
    for (first, second), times in pairs.items():
        if times < OFTEN_PAIR or not {first, second} <= known or first in _STOP or second in _STOP:
            continue
        ratio = times * total / (words[first] * words[second])
        if ratio >= SURPRISE and first.isalpha() and second.isalpha():
            found.append((times * math.log(ratio), first + PAIR + second))
    return [pair for _, pair in sorted(found, reverse=True)]
