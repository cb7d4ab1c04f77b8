"""Catching up with every followed source: several at a time, each in its own row of the ledger."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path

import platformdirs

from broadsheet import enrich, harvest
from broadsheet.fetch import Client
from broadsheet.following import Followed
from broadsheet.harvest import Report, Watch
from broadsheet.settings import Settings
from broadsheet.store import Store

AT_ONCE = 4  # sources; each host is asked one thing at a time whatever this says
LOCKS = "locks"  # in the library's folder: who is reading what

Board = Callable[[str], Watch]  # the name of a job -> its row


def client(config: Settings) -> Client:
    """The way to the network that the settings describe."""
    shared = (
        Path(config.queue) if config.queue else platformdirs.user_cache_path("broadsheet", appauthor=False) / "hosts"
    )
    return Client(
        contact=config.contact, queue=shared, cache=config.home / "cache" if config.cache_mb else None,
        cache_mb=config.cache_mb, private=config.private, proxy=config.proxy,
    )  # fmt: skip


def run(
    store: Store,
    followed: Sequence[Followed],
    client: Client,
    *,
    home: Path,
    now: datetime,
    force: bool = False,
    board: Board | None = None,
) -> tuple[Report, ...]:
    """Asks each source what is new, then the enrichers about what is here; a report each, in that order.

    *force* asks also what is not due. Stopped (Ctrl-C), it ends every run at its next request. Raises StoreError.
    """
    locks = home / LOCKS

    def ask(one: Followed) -> Report:
        watch = board(one.name) if board else None
        return harvest.run(store, one, client, locks=locks, now=now, force=force, watch=watch)

    def complete(one: Followed) -> Report:
        watch = board(enrich.job_of(one)) if board else None
        return enrich.run(store, one, client, locks=locks, now=now, watch=watch)

    reports, fault = _side_by_side(ask, followed, client)
    more, other = _side_by_side(complete, [one for one in followed if enrich.enriches(one)], client)
    if fault or other:
        raise fault or other  # type: ignore[misc]  # one of them is there
    return reports + more


def _side_by_side(
    job: Callable[[Followed], Report], followed: Sequence[Followed], client: Client
) -> tuple[tuple[Report, ...], BaseException | None]:
    """The reports in order; and the first fault of ours, which must not end what others are at."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync") as pool:
        futures: list[Future[Report]] = [pool.submit(job, one) for one in followed]
        try:
            wait(futures)
        except BaseException:
            client.stop()
            for future in futures:
                future.cancel()
            raise
    faults = [error for future in futures if (error := future.exception())]
    return tuple(future.result() for future in futures if not future.exception()), next(iter(faults), None)
