"""Many letters: over several connections at once, to each receiving domain no faster than its rate.

A large provider that gets a thousand letters in a minute from a sender it hardly knows keeps them for spam. So the
letters to one domain leave one after the other with a pause between, and those to the others go on meanwhile.
"""

import heapq
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from broadsheet.mail.line import PATIENT, Line, Patience
from broadsheet.mail.server import MailError, Server

PAUSES = (1.0, 5.0, 20.0)  # seconds after a connection that could not be made; then it is given up
_LOOK = 1.0  # seconds: how often somebody who waits looks whether to stop
_ASK = 10.0  # seconds after which it is asked for more letters again, while those that there are wait for their turn
_LOG = logging.getLogger(__name__)


class Job(NamedTuple):
    """A letter that waits: its number, and the domain that it goes to."""

    id: int
    domain: str


class Turns:
    """Which letter is next. Among the domains that may have one, the one that has waited longest.

    per_minute  letters to one domain; 0 for any number
    """

    def __init__(self, per_minute: int) -> None:
        self._every = 60.0 / per_minute if per_minute else 0.0
        self._jobs: dict[str, deque[Job]] = {}
        self._free: dict[str, float] = {}  # domain -> when it may have the next; also of those with no letter now
        self._order: list[tuple[float, int, str]] = []  # of the domains with letters: when, which was first
        self._count = 0

    def __len__(self) -> int:
        return sum(map(len, self._jobs.values()))

    def add(self, job: Job, *, first: bool = False) -> None:
        """Puts a letter behind the others to its domain, or, with *first*, before them."""
        waiting = self._jobs.get(job.domain)
        if waiting is None:
            waiting = self._jobs[job.domain] = deque()
            self._queue(job.domain)
        if first:
            waiting.appendleft(job)
        else:
            waiting.append(job)

    def next(self, now: float) -> Job | None:
        """The letter whose turn it is at *now*, taken out; None when there is none yet."""
        if not self._order or self._order[0][0] > now:
            return None
        domain = heapq.heappop(self._order)[2]
        waiting = self._jobs[domain]
        job = waiting.popleft()
        self._free[domain] = now + self._every
        if waiting:
            self._queue(domain)
        else:
            del self._jobs[domain]
        return job

    def wait(self, now: float) -> float | None:
        """Seconds until `next` has a letter; None when none waits."""
        return max(0.0, self._order[0][0] - now) if self._order else None

    def _queue(self, domain: str) -> None:
        self._count += 1
        heapq.heappush(self._order, (self._free.get(domain, 0.0), self._count, domain))


More = Callable[[Collection[int]], Sequence[Job]]
Work = Callable[[Line, Job], None]


class Courier:
    """Sends what there is over at most *connections* connections. `run` may be called once.

    more      given the numbers that it has named before, names further letters; none when there are no more
    work      does one letter over a line; what it raises ends the run, but for MailError: the server's trouble
    stop      asked now and then: whether to end after the letters that are on their way
    """

    def __init__(
        self, where: Server, connections: int, per_minute: int, more: More, work: Work, *,
        stop: Callable[[], bool] = lambda: False, patience: Patience = PATIENT,
        pauses: Sequence[float] = PAUSES, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._where, self._connections, self._patience, self._pauses = where, connections, patience, pauses
        self._more, self._work, self._stop, self._clock = more, work, stop, clock
        self._turns, self._changed = Turns(per_minute), threading.Condition()
        self._named: set[int] = set()
        self._ask = 0.0  # when it is asked for more again
        self._busy = 0  # letters on their way
        self._over = False
        self._trouble = ""

    def run(self) -> str:
        """Returns when all are done, or why it ended before: one sentence about the server, else empty."""
        context = ssl.create_default_context()
        with ThreadPoolExecutor(self._connections, thread_name_prefix="courier") as pool:
            try:
                for done in [pool.submit(self._thread, context) for _ in range(self._connections)]:
                    done.result()
            finally:
                self._end()
        left = len(self._turns) > 0
        return self._trouble if left else ""

    def _thread(self, context: ssl.SSLContext) -> None:
        try:
            with Line(self._where, self._patience, context=context) as line:
                self._letters(line)
        except BaseException:
            self._end()
            raise

    def _letters(self, line: Line) -> None:
        failures = 0
        while (job := self._take()) is not None:
            try:
                self._work(line, job)
            except MailError as error:
                self._back(job, error)
                if error.lasting:
                    return self._end()
                if failures == len(self._pauses):
                    return None  # the others go on, if it lets them: it may only want fewer at once
                self._rest(self._pauses[failures])
                failures += 1
            else:
                failures = 0
                self._done()
        return None

    def _take(self) -> Job | None:
        """The next letter, waited for; None when there will be none."""
        with self._changed:
            while not self._halted():
                job = self._turns.next(self._clock())
                if job is None and self._refill():
                    continue
                if job is not None:
                    self._busy += 1
                    return job
                wait = self._turns.wait(self._clock())
                if wait is None and not self._busy:
                    return None
                self._changed.wait(_LOOK if wait is None else min(wait, _LOOK))
            return None

    def _refill(self) -> bool:
        """Whether there are more letters than before.

        To look through ten thousand that wait for one domain, whenever one of them leaves, would hold up all of them.
        """
        now = self._clock()
        if len(self._turns) and now < self._ask:
            return False
        found = self._more(self._named)
        self._ask = now if found else now + _ASK
        for job in found:
            self._named.add(job.id)
            self._turns.add(job)
        return bool(found)

    def _back(self, job: Job, error: MailError) -> None:
        _LOG.warning("letters wait: %s", error)
        with self._changed:
            self._trouble = str(error)
            self._turns.add(job, first=True)
            self._busy -= 1
            self._changed.notify_all()

    def _done(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def _rest(self, seconds: float) -> None:
        ends = self._clock() + seconds
        with self._changed:
            while not self._halted() and (left := ends - self._clock()) > 0:
                self._changed.wait(min(left, _LOOK))

    def _halted(self) -> bool:
        self._over = self._over or self._stop()
        return self._over

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
