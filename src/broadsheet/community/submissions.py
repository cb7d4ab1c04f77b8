"""Readers bring papers: by id, by address, by title. What is not here is looked up, within bounds, and merged."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from broadsheet import ids, lookup
from broadsheet.community.discussion import reason
from broadsheet.errors import IndexStale, Mistake, NotFound, StoreError, TooOften
from broadsheet.fetch import Client
from broadsheet.following import Followed
from broadsheet.ingest import Summary
from broadsheet.people.rights import Reader
from broadsheet.store import Store
from broadsheet.text import clean, plural

MOST_TEXT = 2_000  # characters of what is submitted
PATIENCE = 15.0  # seconds that a service may take; the reader waits meanwhile
AT_ONCE = 2  # look-ups of one process; the other threads are for those who read
_busy = threading.BoundedSemaphore(AT_ONCE)


class Submitted(NamedTuple):
    """pk: the paper; first: nobody had submitted it before; fetched: it was not here before."""

    pk: int
    first: bool
    fetched: bool


class Shop(Protocol):
    """What of a library this needs: where papers are, who asks services, what is followed, how the indexes catch up."""

    store: Store

    @property
    def client(self) -> Client: ...

    def followed(self) -> tuple[tuple[Followed, ...], dict[str, str]]: ...

    def refresh(self) -> object: ...


def wanted(text: str) -> str:
    """The one id or address in *text*, canonical; empty when there is none, and it may be a title. Raises Mistake."""
    line = clean(text)
    if not line:
        raise Mistake("nothing was given; an arXiv id, a DOI, an address or a title is wanted")
    if len(line) > MOST_TEXT:
        raise Mistake(f"this has {len(line):,} characters; {MOST_TEXT:,} are the most")
    found = lookup.names(line)
    if len(found) > 1:
        raise Mistake(f"this names {plural(len(found), 'paper')}; submit one at a time")
    return found[0] if found else ""


def submit(shop: Shop, reader: Reader, name: str, note: str = "") -> Submitted:
    """Notes that *reader* brings the paper called *name*: an id of a paper that is here, or what `wanted` found.

    Raises Mistake for what no source has, TooOften, FetchError when a source does not answer in time, StoreError.
    """
    why = reason(note)
    pk, fetched = _row(shop.store, name), False
    if pk is None:
        pk, fetched = _fetch(shop, name), True
    return choose(shop.store, reader, pk, why)._replace(fetched=fetched)


def choose(store: Store, reader: Reader, pk: int, note: str) -> Submitted:
    """Notes that *reader* brings the paper of row *pk*, which is here. Raises Mistake, NotFound, TooOften, Busy."""
    done = store.desk.submit(reader.id, pk, reason(note), limited=not reader.may("moderate"))
    return Submitted(done.pk, done.new, False)


def _row(store: Store, name: str) -> int | None:
    """The paper that is called that; None when it is not here."""
    identifier = ids.own(name)
    return store.resolve([identifier]).get(identifier)


def _fetch(shop: Shop, name: str) -> int:
    """Looks a paper up and takes it in. Raises as `submit` does."""
    groups = lookup.groups([name])
    if not _busy.acquire(blocking=False):
        raise TooOften("other papers are being looked up just now; try again in a few seconds, nothing is lost")
    try:
        newest = shop.store.newest()
        done = lookup.run(shop.store, shop.client.hurried(PATIENCE), groups, shop.followed()[0], most=1)
        pk = _found(shop.store, name, newest, done)
    finally:
        _busy.release()
    with suppress(IndexStale, StoreError):  # the paper is here; the next job makes it found by its words
        shop.refresh()
    return pk


def _found(store: Store, name: str, newest: int, done: Sequence[tuple[str, Summary]]) -> int:
    pk = _row(store, name)
    if pk is not None:
        return pk
    problems = [fault.reason for _, summary in done for fault in summary.problems]
    if problems:
        raise NotFound(f"{name} was not found: {problems[0]}")
    new: Mapping[int, object] = store.get(list(range(newest + 1, store.newest() + 1)))
    if len(new) == 1:
        return next(iter(new))
    raise NotFound(f"{name} was read, and is a paper that is here under another name; search for its title")
