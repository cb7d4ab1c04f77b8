"""Papers of the pages that many look at, and the sentences on what they got, remembered until the index or the board is
another one."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Generic, TypeVar

from broadsheet.community.board import Board
from broadsheet.paper import Paper
from broadsheet.store import Store
from broadsheet.trend import sentences

MOST = 4_000  # papers, of about 4 KB each

T = TypeVar("T")


class _Versioned(Generic[T]):
    """The last values of one version by number; another version forgets all."""

    def __init__(self) -> None:
        self._version = ""
        self._values: OrderedDict[int, T] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, version: str, pks: Sequence[int]) -> dict[int, T]:
        with self._lock:
            if version != self._version:
                self._version, self._values = version, OrderedDict()
            found = {pk: self._values[pk] for pk in pks if pk in self._values}
            for pk in found:
                self._values.move_to_end(pk)
        return found

    def note(self, version: str, values: dict[int, T]) -> None:
        with self._lock:
            if version == self._version:
                self._values.update(values)
                while len(self._values) > MOST:
                    self._values.popitem(last=False)


class Memory:
    """Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._papers: _Versioned[Paper] = _Versioned()
        self._told: _Versioned[str] = _Versioned()

    def papers(self, version: str, pks: Sequence[int]) -> dict[int, Paper]:
        """pk -> paper as it was when *version* (of the index) was new; what has gone is left out."""
        found = self._papers.known(version, pks)
        if missing := [pk for pk in pks if pk not in found]:
            fresh = self._store.get(missing)
            self._papers.note(version, fresh)
            found |= fresh
        return {pk: found[pk] for pk in pks if pk in found}

    def told(self, board: Board | None, papers: dict[int, Paper]) -> dict[int, str]:
        """pk -> what spoke most for a paper in the last month, as a sentence; empty for nothing."""
        if board is None:
            return dict.fromkeys(papers, "")
        found = self._told.known(board.name, list(papers))
        missing = {pk: _told(board, pk, paper) for pk, paper in papers.items() if pk not in found}
        self._told.note(board.name, missing)
        return found | missing


def _told(board: Board, pk: int, paper: Paper) -> str:
    one = board.windows["month"].one(pk)
    return next(iter(sentences.of(one, topic_of(paper))), "") if one else ""


def topic_of(paper: Paper) -> str:
    """What a paper is compared within, as the sentences name it."""
    return paper.categories[0] if paper.categories else ""
