"""Counters that move: what sources tell of a paper, noted when it changed; how often papers are opened, never by whom.

Noting follows the store's change counter as an index does, so that bringing papers in is no slower for it. Where it has
come to is kept in a file that may be deleted: what is noted already is not noted twice.
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from broadsheet.errors import Busy
from broadsheet.paper import NOWHERE, Paper
from broadsheet.store import Reading, Store

BATCH = 5_000  # changes that are looked at in one go
LONGEST = 20.0  # seconds of following at a time; the rest is for the next
MOST = 10**12  # a counter above is none
FLUSH = 5.0  # seconds that openings wait in memory
PATIENCE = 0.25  # seconds for another writer, before they wait for the next time
WAITING = 20_000  # papers and hours in memory; more are let go
_FEEDS = "feed"  # the module that reads blogs and journals' feeds
_ROBOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|fetch|preview|monitor|scan|curl|wget|python|java/|go-http|httpx|libwww|headless",
    re.IGNORECASE,
)


def readings(pk: int, paper: Paper, now: int) -> Iterator[Reading]:
    """What the sources of a paper count: citations, stars of its code, votes elsewhere, whether a feed named it.

    Each is dated by when the source said so, and not later than *now* (Unix seconds).
    """
    origins = dict(paper.provenance)
    told = (
        ("citations", "citations", paper.citations),
        ("stars", "extra.github_stars", _number(paper.more("github_stars"))),
        ("mentions", "extra.hf_upvotes", _number(paper.more("hf_upvotes"))),
    )
    for signal, field, value in told:
        if value is not None and 0 <= value <= MOST:
            origin = origins.get(field, NOWHERE)
            yield Reading(pk, signal, origin.source or "unknown", _second(origin.at, now), value)
    if _FEEDS in paper.sources and len(paper.sources) > 1:  # else the feed is where it is from
        at = min(origin.at for origin in origins.values() if origin.source == _FEEDS)
        yield Reading(pk, "mentions", _FEEDS, _second(at, now), 1)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _second(iso: str, now: int) -> int:
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return now
    return min(now, int(at.replace(tzinfo=at.tzinfo or UTC).timestamp()))


def follow(store: Store, place: Path, now: int, longest: float = LONGEST) -> int:
    """Notes what counters have changed since the last time, for at most *longest* seconds; how many.

    *place* is the file with the change that was reached. Another history of the store is followed from its beginning.
    """
    reached, end, noted = _reached(store, place), time.monotonic() + longest, 0
    while changes := store.changes(reached, BATCH):
        found = [one for change in changes if change.paper for one in readings(change.pk, change.paper, now)]
        noted += store.counters.note(found)
        reached = changes[-1].seq
        new = place.with_name(place.name + ".new")
        new.write_text(json.dumps({"seq": reached, "mark": store.mark(reached)}))
        new.replace(place)
        if time.monotonic() > end:
            break
    return noted


def _reached(store: Store, place: Path) -> int:
    try:
        said = json.loads(place.read_text())
        seq, mark = int(said["seq"]), int(said["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return seq if store.mark(seq) == mark else 0


class Opens:
    """Openings of papers by the hour, gathered in memory and written a few at a time. Safe to share between threads.

    No request waits for a write; what a crash loses is a few seconds of counting.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: Counter[tuple[int, int]] = Counter()
        self._lock = threading.Lock()
        self._due: threading.Timer | None = None

    def note(self, pk: int, agent: str) -> None:
        """One opening by a browser that calls itself *agent*; robots, as far as they say so, are not counted."""
        if not agent or _ROBOT.search(agent):
            return
        with self._lock:
            if len(self._waiting) < WAITING:
                self._waiting[pk, int(time.time()) // 3_600] += 1
            if self._due is None:
                self._due = threading.Timer(FLUSH, self._flush_later)
                self._due.daemon = True
                self._due.start()

    def flush(self) -> None:
        """Writes what was gathered. Raises Busy when another writer is at it, and keeps it then."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        try:
            if waiting:
                self._store.counters.add_opens(waiting, PATIENCE)
        except Busy:
            with self._lock:
                self._waiting.update(waiting)
            raise

    def _flush_later(self) -> None:
        with self._lock:
            self._due = None
        with suppress(Busy):  # the next opening brings it up again
            self.flush()
