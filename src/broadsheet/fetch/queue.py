"""One queue a service, across all threads and processes of this machine.

A file a group: whoever holds its lock is the one who may talk to those hosts, and its text says from when on. The pause
is counted from the moment the answer began, for only then has the request surely arrived: so the service's own log can
never show two requests nearer to each other than it allows. A process that is killed leaves the lock, and the pause
that it had written down before it asked.
"""

import fcntl
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from broadsheet.fetch.errors import FetchError
from broadsheet.fetch.rates import Rate

LONGEST = 86_400.0  # seconds that a service can have us wait; more is a mistake of some clock
_LENGTH = 96  # bytes of a group's file
_POLL = 0.05  # seconds between looks at a lock that another holds, more or less


class Turn:
    """Held while a request is under way."""

    def __init__(self, begun: float) -> None:
        self.from_ = begun  # the pause counts from here
        self.hold = 0.0  # nobody asks before this moment (epoch seconds)


class Queue:
    """The queues in one *folder*. *clock* gives epoch seconds; *sleep* may raise to end a wait."""

    def __init__(self, folder: Path, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._folder, self._clock, self._sleep = folder, clock, sleep

    @contextmanager
    def turn(self, rate: Rate, until: float) -> Iterator[Turn]:
        """Waits for the group's turn, holds it while the block runs, and leaves the pause behind.

        Raises FetchError when it has not come by the moment *until*.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{_safe(rate.group)}.turn"
        path.touch()
        with path.open("r+", encoding="ascii", errors="replace") as file:
            self._lock(file, rate, until)
            wait = self._left(file, rate)
            if self._clock() + wait > until:
                at = self._clock() + wait
                raise FetchError(
                    f"{rate.group} is left alone for {wait:,.0f} s more, as its last answer wanted", retry_at=at
                )
            if wait > 0:
                self._sleep(wait)
            turn = Turn(self._clock())
            self._write(file, turn.from_ + rate.every)
            try:
                yield turn
            except (
                BaseException
            ):  # passed on; without an answer nobody knows when the request arrived: perhaps just now
                turn.from_ = self._clock()
                raise
            finally:
                self._write(file, max(turn.from_ + rate.every, turn.hold))

    def _lock(self, file: IO[str], rate: Rate, until: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock() > until:
                    sentence = f"other requests to {rate.group} have not ended; is another program stuck?"
                    raise FetchError(sentence, retry_at=self._clock() + 60) from None
                self._sleep(_POLL * (0.5 + random.random()))
            else:
                return

    def _left(self, file: IO[str], rate: Rate) -> float:
        """Seconds until the group may be asked."""
        file.seek(0)
        try:
            said = json.loads(file.read() or "{}")
            coming, written = float(said["next"]), float(said["written"])
        except (ValueError, KeyError, TypeError):
            return 0.0  # nobody has asked yet, or the file was damaged
        now = self._clock()
        if written > now + 1:  # the clock has been put back since: only the usual pause can be trusted
            return min(coming - written, rate.every) if coming > written else 0.0
        return max(0.0, min(coming - now, LONGEST))

    def _write(self, file: IO[str], coming: float) -> None:
        """In one call and always of one length: whoever is killed leaves the old text or the new, never none."""
        text = json.dumps({"next": round(coming, 6), "written": round(self._clock(), 6)})
        os.pwrite(file.fileno(), text.ljust(_LENGTH).encode("ascii"), 0)
        os.ftruncate(file.fileno(), _LENGTH)  # of a damaged file more than that may be left


def _safe(group: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "_" for c in group)[:100]
