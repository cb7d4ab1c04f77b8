"""Where a text matches a question: words to highlight, and the passage of an abstract worth showing."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from broadsheet.index.analysis import stem
from broadsheet.query import Marked, Span

LONGEST = 280  # characters of a snippet
_TOKEN = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\sa-z])")


class Token(NamedTuple):
    stem: str
    span: Span


@lru_cache(maxsize=1024)
def _beginning(letters: str) -> re.Pattern[str]:
    """Words that begin with one of *letters*: stemming never changes the first letter of an ASCII word."""
    return re.compile(rf"(?<![^\W_])[{re.escape(letters)}][^\W_]*", re.IGNORECASE | re.ASCII)


def tokens(text: str, wanted: Mapping[str, object]) -> list[Token]:
    """The words of *text* whose stem is in *wanted*, with their places."""
    pattern = _TOKEN
    if text.isascii():  # most words can be passed over by their first letter, which is five times as fast
        letters = "".join(sorted({its[0] for its in wanted if its.isascii()}))
        if not letters:
            return []
        pattern = _beginning(letters)
    return [
        Token(its, Span(match.start(), match.end()))
        for match in pattern.finditer(text)
        if (its := stem(match[0])) in wanted
    ]


def marked(text: str, found: Sequence[Token]) -> Marked:
    """*text* whole, the tokens *found* in it highlighted; neighbours become one highlight."""
    spans: list[Span] = []
    for _, span in found:
        if spans and not text[spans[-1].end : span.start].strip(" -"):
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return Marked(text, tuple(spans))


def sentences(text: str) -> list[str]:
    """The sentences of *text*, in order."""
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text))]
    return [
        part for start, end in zip(starts, [*starts[1:], len(text)], strict=True) if (part := text[start:end].strip())
    ]


def snippet(text: str, found: Sequence[Token], weights: Mapping[str, float]) -> Marked:
    """The sentence of *text* that holds most of the question's stems by weight, and what follows while it fits.

    *found* are the tokens of the whole text; *weights* inverse document frequencies by stem. Without any match it is
    the beginning.
    """
    start = _best_start(text, found, weights)
    end = start
    for stop in [*(match.start() for match in _SENTENCE_END.finditer(text, start)), len(text)]:
        if stop - start > LONGEST and end > start:
            break
        end = stop
    if end - start > LONGEST:
        return _around(text, start, end, found)
    return _cut(text, start, end, found)


def _best_start(text: str, found: Sequence[Token], weights: Mapping[str, float]) -> int:
    """Where the sentence with the largest sum of distinct weights begins; an earlier one wins a tie."""
    if not found:
        return 0
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text))]
    gains = [0.0] * len(starts)
    seen: set[tuple[int, str]] = set()
    for its, span in found:
        place = bisect_right(starts, span.start) - 1
        gains[place] += weights[its] * (0.1 if (place, its) in seen else 1.0)
        seen.add((place, its))
    return starts[max(range(len(starts)), key=lambda i: gains[i])]


def _around(text: str, start: int, end: int, found: Sequence[Token]) -> Marked:
    """A piece of an over-long sentence that begins a little before its first match."""
    first = next((span.start for _, span in found if span.start >= start), start)
    begin = max(start, first - LONGEST // 4)
    if begin > start:
        begin = text.find(" ", begin, end) + 1 or begin
    stop = min(end, begin + LONGEST)
    if stop < end:
        stop = text.rfind(" ", begin + LONGEST // 2, stop) + 1 or stop
    return _cut(text, begin, stop, found, "…" if begin > start else "", "…" if stop < end else "")


def _cut(text: str, start: int, end: int, found: Sequence[Token], before: str = "", after: str = "") -> Marked:
    """The characters [start, end) with their highlights moved along."""
    part = text[start:end].rstrip()
    inside = [
        Token(its, Span(span.start - start, span.end - start))
        for its, span in found
        if start <= span.start and span.end <= start + len(part)
    ]
    shown = marked(part, inside)
    shift = len(before)
    return Marked(before + part + after, tuple(Span(s.start + shift, s.end + shift) for s in shown.spans))
