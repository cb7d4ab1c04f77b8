"""How often is too often.

What an account may write (comments, submissions, reports) is counted from the rows themselves, in the store, and holds
for all processes. Letters are counted from the tickets that they carry, and hold for all processes too. What is asked
by nobody in particular is counted here, a network at a time, in this process alone: with several processes it is up to
so many times as much, and a restart forgets it. That is enough for what it is for: guessing, and asking without end.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from broadsheet.errors import TooOften
from broadsheet.text import plural

MOST = 100_000  # networks remembered; those that asked longest ago go


class Rate(NamedTuple):
    """*burst* at once, and after that one every *every* seconds."""

    burst: int
    every: float


DOOR = Rate(30, 6.0)  # tries at any of the doors, from one network
API = Rate(600, 0.1)  # requests of programs without a token, from one network
PAGE = Rate(6_000, 0.01)  # and what says that a page of ours asks: a lab of a thousand is one network
TOKEN = Rate(1_200, 0.05)  # requests with one token


class Growing(NamedTuple):
    """*free* within *window* seconds; each after that waits twice as long as the one before, *first* to *longest*."""

    free: int
    first: int
    longest: int
    window: int


SUBSCRIBING = Growing(3, 900, 86_400, 7 * 86_400)  # requests in the name of one address
SUBSCRIBING_FROM = Growing(20, 60, 3_600, 3_600)  # ... and from one network

LETTERS = (3, 900)  # letters to one address in so many seconds
FROM_NETWORK = (20, 3_600)  # tickets asked for from one network in so many seconds


class Bucket:
    """A bucket of tokens for each name (a network, an account): full at first, a drop more every so often."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._full: OrderedDict[str, float] = OrderedDict()  # name -> when its bucket is full again
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """0.0 when it may be done now, and is counted; else in how many seconds."""
        now = self._clock()
        with self._lock:
            full = max(self._full.get(name, now), now) + self._rate.every
            wait = full - now - self._rate.burst * self._rate.every
            if wait > 1e-9:
                return wait
            self._full[name] = full
            self._full.move_to_end(name)
            if len(self._full) > MOST:
                self._full.popitem(last=False)
        return 0.0


def hold(bucket: Bucket, name: str) -> None:
    """Counts one; raises TooOften when that is too many."""
    if wait := bucket.take(name):
        raise too_often("that is more than one network may ask for", wait)


def seldom(made: Sequence[int], limit: tuple[int, int], what: str, now: int) -> None:
    """Raises TooOften when so many were *made* (times, oldest first) that there may be no more yet."""
    most, seconds = limit
    lately = [at for at in made if at > now - seconds]
    if len(lately) >= most:
        raise too_often(what, lately[-most] + seconds - now)


def grown(made: Sequence[int], rate: Growing, what: str, now: int) -> None:
    """Raises TooOften when the wait after those that were *made* (times, oldest first) is not over."""
    lately = [at for at in made if at > now - rate.window]
    if (more := len(lately) - rate.free) < 0:
        return
    ready = lately[-1] + min(rate.first << min(more, 30), rate.longest)
    if now < ready:
        raise too_often(what, ready - now)


def too_often(what: str, wait: float) -> TooOften:
    seconds = max(1, int(wait + 0.999))
    told = plural(seconds, "second") if seconds < 100 else plural((seconds + 59) // 60, "minute")
    if seconds > 7_200:
        told = plural((seconds + 3_599) // 3_600, "hour")
    error = TooOften(f"{what}; try again in {told}")
    error.after = seconds
    return error


def network(address: str) -> str:
    """Where somebody asks from, as far as it counts: one IPv4 address, or the /64 of an IPv6 one (a household's)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip_network(f"{ip}/64", strict=False) if isinstance(ip, IPv6Address) else ip)
