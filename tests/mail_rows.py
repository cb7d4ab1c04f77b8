"""Subscribers and editions for tests of the store, and jobs that begin all at once."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from broadsheet.store import Edition, Pending, Schedule, Store, Subscriber, Wish

CL, LG = Wish("topic", "cs.CL"), Wish("topic", "cs.LG")
FAR = 1 << 40


def packed(*pks: int) -> bytes:
    return np.array(pks, dtype="<i4").tobytes()


def edition(
    subscriber: int, day: int, state: str = "sent", pks: Sequence[int] = (), *, upto: int = 0, due: int = 100,
    content: bytes | None = None, next: int = 0,
) -> Edition:  # fmt: skip
    return Edition(0, subscriber, day, state, "", due, 0, next, upto, packed(*pks), content, 50, None)


def put(store: Store, email: str = "ada@example.org", *wishes: Wish, every: str = "day") -> Subscriber:
    return store.subscribers.put(email, None, Schedule(every=every), wishes, 100)


def ask(store: Store, hash: str, email: str = "ada@example.org", made: int = 100, ends: int = FAR) -> None:
    store.subscribers.ask(Pending(hash, email, "{}", "net", made, ends, None))


def one(store: Store, subscriber: int, day: int) -> Edition:
    return next(edition for edition in store.editions.of(subscriber) if edition.day == day)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """What each job gave; all begin together."""
    found: list[object] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def work(place: int) -> None:
        gate.wait()
        found[place] = jobs[place]()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
