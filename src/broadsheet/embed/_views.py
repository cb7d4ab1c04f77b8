"""Papers as training examples: two views of one paper, which should meet, cut from its title and its sentences."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.embed._tokens import Rows, Tokens

TITLE = 0.35  # share of examples that set a title against its abstract
WITH_TITLE = 0.7  # of the others, how many have the title on the passage's side
SPAN = 0.25  # of sentences, how many are cut to a few words, as people type
SPAN_WORDS = (3, 10)

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(\\$])")
_SHORTEST = 20  # characters; shorter "sentences" are initials and stray ends
_READ = 50_000  # segments read at once


def sentences(text: str) -> list[str]:
    """The sentences of *text*, without the very short ones."""
    return [sentence for sentence in _SENTENCE.split(text) if len(sentence) > _SHORTEST]


class Corpus(NamedTuple):
    """Papers as rows of tokens: segment *s* is ``rows[starts[s]:starts[s + 1]]``.

    Paper *p* has the segments from ``first[p]`` to ``first[p + 1]``: its title, then its sentences.
    """

    rows: Rows
    starts: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first) - 1

    def segments(self, begin: int, end: int) -> Rows:
        return self.rows[self.starts[begin] : self.starts[end]]

    def whole(self, paper: int) -> Rows:
        return self.segments(int(self.first[paper]), int(self.first[paper + 1]))

    def views(self, paper: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """A query and a passage: the title and its abstract, or a sentence (or a few words of it) and the rest."""
        begin, end = int(self.first[paper]), int(self.first[paper + 1])
        if end - begin < 3 or rng.random() < TITLE:
            return self.segments(begin, begin + 1), self.segments(begin + 1, end)
        chosen = int(rng.integers(begin + 1, end))
        query = self.segments(chosen, chosen + 1)
        if len(query) > SPAN_WORDS[1] and rng.random() < SPAN:
            length = int(rng.integers(SPAN_WORDS[0], SPAN_WORDS[1] + 1))
            start = int(rng.integers(len(query) - length))
            query = query[start : start + length]
        start = begin if rng.random() < WITH_TITLE else begin + 1
        return query, np.concatenate([self.segments(start, chosen), self.segments(chosen + 1, end)])


def read(papers: Sequence[tuple[str, str]], tokens: Tokens, limit: int) -> Corpus:
    """Titles and abstracts as a `Corpus`."""
    texts: list[str] = []
    counts = []
    for title, abstract in papers:
        parts = sentences(abstract[:limit]) or [abstract[:limit]]
        texts += [title, *parts]
        counts.append(1 + len(parts))
    blocks = [_rows(texts[start : start + _READ], tokens, limit) for start in range(0, len(texts), _READ)]
    lengths = np.concatenate([sizes for _, sizes in blocks])
    starts, first = np.zeros(len(texts) + 1, np.int64), np.zeros(len(papers) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    np.cumsum(counts, out=first[1:])
    return Corpus(np.concatenate([rows for rows, _ in blocks]), starts, first)


def _rows(texts: Sequence[str], tokens: Tokens, limit: int) -> tuple[Rows, npt.NDArray[np.int64]]:
    """The rows of each text, its words' and then its pairs', one after the other; and how many each has."""
    found = tokens.read(texts, limit)
    sizes = np.array([len(rows) for rows in found.rows], np.int64)
    flat = np.array([row for rows in found.rows for row in rows], np.int32)
    repeats = sizes[found.words]
    ends = np.cumsum(repeats)
    within = np.arange(int(repeats.sum())) - np.repeat(ends - repeats, repeats)
    rows = flat[np.repeat((np.cumsum(sizes) - sizes)[found.words], repeats) + within]
    owners = np.repeat(np.repeat(np.arange(len(texts)), found.lengths), repeats)
    pairs, pair_owners = tokens.pairs(found)
    owners = np.concatenate([owners, pair_owners])
    order = np.argsort(owners, kind="stable")
    return np.concatenate([rows, pairs])[order], np.bincount(owners, minlength=len(texts))
