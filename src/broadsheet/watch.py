"""Who looks on while work is done: a progress bar, a log, nobody."""

from typing import Protocol


class Watch(Protocol):
    """Who wants to see work go on: a progress bar, a log."""

    def stage(self, name: str, total: int, unit: str) -> None:
        """A new piece of work, *total* *unit* long (``bytes``, ``papers``, ``questions``)."""

    def moved(self, done: int, note: str = "") -> None:
        """*done* of it is behind us."""


class _Blind:
    def stage(self, name: str, total: int, unit: str) -> None: ...

    def moved(self, done: int, note: str = "") -> None: ...


BLIND: Watch = _Blind()


class Indexing:
    """The index's progress, as one stage of a watch that begins when its length is known."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._total = -1

    def __call__(self, done: int, total: int) -> None:
        if total and total != self._total:
            self._total = total
            self._watch.stage("indexing", total, "papers")
        if total:
            self._watch.moved(done)
