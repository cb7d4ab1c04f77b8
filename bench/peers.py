"""What people use instead, asked the same questions in the same run.

`Fts5` is SQLite's own full-text search with BM25. `Scan` looks at every paper in a Python loop and counts the words of
the question in its text, as small self-hosted tools do; the counts are weighted by TF-IDF.
"""

import heapq
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_MOST_TF = 3  # how often a word counts within one text


class Text(NamedTuple):
    """What a peer is given of a paper."""

    id: str
    title: str
    abstract: str


class Fts5:
    """One FTS5 table over title and abstract: Porter stems, ranked by bm25(), any word of the question may match."""

    name = "SQLite FTS5"

    def __init__(self, papers: Iterable[Text], path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("pragma journal_mode = off")
        self._db.execute(
            "create virtual table paper using fts5(id unindexed, title, abstract, tokenize = 'porter unicode61')"
        )
        self._db.executemany("insert into paper values (?, ?, ?)", papers)
        self._db.execute("insert into paper(paper) values ('optimize')")
        self._db.commit()

    def search(self, question: str, limit: int = 10) -> list[str]:
        """Ids, best first."""
        match = " OR ".join(f'"{word}"' for word in _WORD.findall(question))
        rows = self._db.execute("select id from paper where paper match ? order by rank limit ?", (match, limit))
        return [identifier for (identifier,) in rows]

    def close(self) -> None:
        self._db.close()


class Scan:
    """Every paper in a Python loop: the words of the question counted in the lower-case text, times their IDF."""

    name = "Python scan, TF-IDF"

    def __init__(self, papers: Iterable[Text]) -> None:
        self._texts: list[tuple[str, str]] = []
        seen: Counter[str] = Counter()
        for paper in papers:
            text = f"{paper.title}\n{paper.abstract}".lower()
            seen.update(set(_WORD.findall(text)))
            self._texts.append((paper.id, text))
        self._idf = {word: math.log(len(self._texts) / count) for word, count in seen.items()}

    def search(self, question: str, limit: int = 10) -> list[str]:
        """Ids, best first."""
        words = [(word, self._idf[word]) for word in set(_WORD.findall(question.lower())) if word in self._idf]
        scored = []
        for identifier, text in self._texts:
            score = 0.0
            for word, idf in words:
                score += min(_MOST_TF, text.count(word)) * idf
            if score:
                scored.append((score, identifier))
        return [identifier for _, identifier in heapq.nlargest(limit, scored)]
