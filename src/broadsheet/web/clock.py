"""The clock of a running server: has what rises measured anew, by a process of its own, whenever something has moved.

A process, for the work would hold up those who read, and its memory would stay; one that yields to others (`nice`).
Where several processes serve one library, one of them keeps the clock.
"""

import fcntl
import os
import threading
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from broadsheet import settings
from broadsheet.community import board, trending
from broadsheet.errors import BroadsheetError

if TYPE_CHECKING:
    from broadsheet.library import Library

LOOK = 2.0  # seconds between two looks at whether anything has moved
NICE = 10


class Clock:
    """Started by whoever serves pages; ends with its process, or by `stop`."""

    def __init__(self, library: "Library") -> None:
        self._library = library
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> "Clock":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        folder = self._library.home / board.FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "CLOCK").open("a") as file:
            while not self._ended.wait(LOOK):
                with suppress(OSError):  # another process keeps it, until it ends
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
            while not self._ended.wait(LOOK):
                with suppress(BroadsheetError):  # the store is busy, or gone: readers are told so, and it may come back
                    if self.due():
                        self._measure()

    def due(self) -> bool:
        """Whether there is something to do: a few milliseconds."""
        here, now = self._library, time.time()
        known = here.boards.current()
        if known is None:
            return here.index.reader() is not None
        if now - known.now < trending.EVERY:
            return False
        reader = here.index.reader()
        moved = reader is not None and (known.moved, known.stamp) != (here.store.counters.moved(), reader.stamp)
        return moved or now - known.now >= trending.STALE

    def _measure(self) -> None:
        config = self._library.settings
        flags = {row.name: getattr(config, row.name) for row in settings.TABLE}
        process = get_context("spawn").Process(target=_refresh, args=(config.home, flags), daemon=True)
        process.start()
        while process.is_alive() and not self._ended.is_set():
            process.join(0.2)
        if process.is_alive():
            process.terminate()
            process.join()


def _refresh(home: Path, flags: dict[str, object]) -> None:
    from broadsheet.library import open_library

    os.nice(NICE)
    with suppress(BroadsheetError), open_library(home, create=False, env={}, flags=flags) as library:
        library.refresh_trends()
