"""Where a text matches a question: words to highlight, and the passage of an abstract worth showing."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from broadsheet.index.lexical import STEMS
from broadsheet.query import Marked, Span
from broadsheet.text import clip

LONGEST = 280  # characters of a snippet
_TOKEN = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\sa-z])")


class Token(NamedTuple):
    stem: str
    span: Span


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem that the lexical index knows *word* by; empty for a stop word. Remembered: words repeat."""
    found = STEMS.analyze(word)
    return found[0] if found else ""


def plain_words(text: str) -> list[str]:
    """The words of *text* as the lexical index cuts them, in order, spelled as they are."""
    return _TOKEN.findall(text)


def tokens(text: str, wanted: Mapping[str, object]) -> list[Token]:
    """The words of *text* whose stem is in *wanted*, with their places."""
    found = []
    for match in _TOKEN.finditer(text):
        its = stem(match[0])
        if its in wanted:
            found.append(Token(its, Span(match.start(), match.end())))
    return found


def marked(text: str, wanted: Mapping[str, object]) -> Marked:
    """*text* whole, the wanted words highlighted; neighbours that are both wanted become one highlight."""
    return Marked(text, _joined(text, [token.span for token in tokens(text, wanted)]))


def snippet(text: str, weights: Mapping[str, float]) -> Marked:
    """The sentence of *text* that holds most of the question's stems by weight, and what follows while it fits.

    *weights* are inverse document frequencies by stem. Without any match it is the beginning.
    """
    best = _best_start(text, weights)
    end = best
    for stop in [*(m.start() for m in _SENTENCE_END.finditer(text, best)), len(text)]:
        if stop - best > LONGEST and end > best:
            break
        end = stop
    part = text[best:end]
    part = _around(part, weights) if len(part) > LONGEST else part.strip()
    return marked(part, weights)


def _best_start(text: str, weights: Mapping[str, float]) -> int:
    """Where the sentence with the largest sum of distinct weights begins; an earlier one wins a tie."""
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text))]
    gains = [0.0] * len(starts)
    seen: list[set[str]] = [set() for _ in starts]
    place = 0
    for its, span in tokens(text, weights):
        while place + 1 < len(starts) and span.start >= starts[place + 1]:
            place += 1
        gains[place] += weights[its] * (0.1 if its in seen[place] else 1.0)
        seen[place].add(its)
    return starts[max(range(len(starts)), key=lambda i: gains[i])]


def _around(part: str, weights: Mapping[str, float]) -> str:
    """A piece of an over-long sentence that begins a little before its first match."""
    found = tokens(part, weights)
    start = max(0, found[0].span.start - LONGEST // 4) if found else 0
    if start:
        start = part.find(" ", start) + 1
    return ("…" if start else "") + clip(part[start:].strip(), LONGEST)


def _joined(text: str, spans: list[Span]) -> tuple[Span, ...]:
    out: list[Span] = []
    for span in spans:
        if out and not text[out[-1].end : span.start].strip(" -"):
            out[-1] = Span(out[-1].start, span.end)
        else:
            out.append(span)
    return tuple(out)
