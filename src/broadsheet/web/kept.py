"""Things that are made once for many readers and kept a few seconds in this process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    until: float
    busy: bool = False


class Kept(Generic[T]):
    """The last *most* of them. When one is too old, one reader makes it anew, and the others get the old one meanwhile.

    Safe to share between threads.
    """

    def __init__(self, seconds: float, most: int = 256) -> None:
        self._seconds, self._most = seconds, most
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under *key*, or else what *make* gives now."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                if entry.busy or entry.until > time.monotonic():
                    self._entries.move_to_end(key)
                    return entry.value
                entry.busy = True
        try:
            value = make()
        except BaseException:
            with self._lock:
                if entry is not None:
                    entry.busy = False
            raise
        with self._lock:
            self._entries[key] = _Entry(value, time.monotonic() + self._seconds)
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        return value
