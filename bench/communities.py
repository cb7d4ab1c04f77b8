"""A library with a community, made once and kept in bench/.cache: the real papers, of which the last came in the sixty
days before, 10,000 accounts, 1,000,000 votes, saves and comments.

Who votes how often, and for what, is drawn with heavy tails, as in communities: few readers vote much, few papers get
much. The same seed gives the same community, counted back from the day on which it is made.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from bench import libraries
from bench.corpus import CACHE, REAL, read
from broadsheet.library import STORE_FILE, Library, open_library
from broadsheet.people import keys
from broadsheet.web import cookies

DAYS = 60
RECENT = 20_000  # papers of those days
ACCOUNTS = 10_000
VOTES = 1_000_000
SAVES = 100_000
COMMENTS = 20_000
DAY = 86_400

Ints = npt.NDArray[np.int64]


def cookie(account: int) -> str:
    """What the browser of an account sends."""
    return f"{cookies.SESSION}=bench-{account}"


def sign_in(home: Path) -> None:
    """Every account has a session, used a moment ago."""
    now = int(time.time())
    with closing(sqlite3.connect(home / STORE_FILE)) as base, base:
        base.executemany(
            "INSERT OR REPLACE INTO session (hash, account, how, agent, made, seen, ends) "
            "VALUES (?, ?, 'link', 'a bench', ?, ?, ?)",
            ((keys.mark(f"bench-{one}"), one, now, now, now + 30 * DAY) for one in range(2, ACCOUNTS + 2)),
        )


def home() -> Path:
    return CACHE / "library-community"


def prepared(*, fresh: bool = False) -> Path:
    """The folder of the library; made when it is not there, or older than a day, since its days would be gone."""
    marked = home() / "whole"
    if not fresh and marked.exists() and time.time() - marked.stat().st_mtime < DAY:
        return home()
    folder, now = libraries.emptied(home()), int(time.time())
    corpus = folder / "papers.jsonl"
    with corpus.open("wb") as file:
        for record in _dated(now):
            file.write(orjson.dumps(record) + b"\n")
    with open_library(folder) as library:
        library.add([corpus])
        recent = _days(library, now)
    corpus.unlink()
    with closing(sqlite3.connect(folder / STORE_FILE)) as base, base:
        _people(base, recent, now)
    with open_library(folder) as library:
        libraries.mark(library)
    return folder


def _days(library: Library, now: int) -> Ints:
    """The papers that have a day, as (pk, seconds since then), shape (n, 2)."""
    found, after = [], 0
    while rows := library.store.scan(after, 10_000):
        after = rows[-1][0]
        found += [
            (pk, now - int(datetime.fromisoformat(paper.date).replace(tzinfo=UTC).timestamp()))
            for pk, paper in rows
            if len(paper.date) == len("2026-11-21")
        ]
    return np.array(found, np.int64)


def _dated(now: int) -> Iterator[dict[str, Any]]:
    """The real papers; the last of them with a day of publication, and a category by venue as arXiv has one."""
    records = [*read(REAL)]
    chance = np.random.default_rng(5)
    today = datetime.fromtimestamp(now, UTC).date()
    for place in chance.permutation(len(records)):
        record = records[place]
        if place < RECENT:
            day = today - timedelta(days=int(chance.integers(0, DAYS)))
            record |= {"date": day.isoformat(), "year": day.year, "categories": [record["venue"].partition(" ")[0]]}
        yield record


def _people(base: sqlite3.Connection, recent: Ints, now: int) -> None:
    chance = np.random.default_rng(7)
    numbers = range(2, ACCOUNTS + 2)
    made = (now - chance.integers(1, 900, ACCOUNTS) * DAY).tolist()
    names = [f"reader{number}" for number in numbers]
    base.executemany(
        "INSERT INTO account (id, key, name, email, role, state, made) VALUES (?, ?, ?, ?, 'reader', 'active', ?)",
        zip(numbers, names, names, (f"{name}@example.org" for name in names), made, strict=True),
    )
    base.executemany("INSERT INTO vote (pk, account, at) VALUES (?, ?, ?)", _acts(chance, recent, VOTES, now))
    _saves(base, _acts(chance, recent, SAVES, now), now)
    base.executemany(
        "INSERT INTO comment (pk, account, text, made) VALUES (?, ?, 'The second table is worth a look.', ?)",
        _acts(chance, recent, COMMENTS, now),
    )
    base.execute(
        """
        INSERT OR REPLACE INTO tally (pk, votes, saves, comments)
        SELECT pk, sum(votes), sum(saves), sum(comments) FROM (
            SELECT pk, 1 AS votes, 0 AS saves, 0 AS comments FROM vote
            UNION ALL SELECT pk, 0, 1, 0 FROM listed UNION ALL SELECT pk, 0, 0, 1 FROM comment
        ) GROUP BY pk
        """
    )


def _acts(chance: np.random.Generator, recent: Ints, count: int, now: int) -> list[tuple[int, int, int]]:
    """(pk, account, time) of *count* acts: some papers and readers have most of them, no pair twice."""
    rows = np.minimum((len(recent) * chance.random(2 * count) ** 2).astype(np.int64), len(recent) - 1)
    readers = 2 + np.minimum((ACCOUNTS * chance.random(2 * count) ** 2).astype(np.int64), ACCOUNTS - 1)
    pairs = chance.permutation(np.unique(rows * (ACCOUNTS + 2) + readers))[:count]
    rows, readers = pairs // (ACCOUNTS + 2), pairs % (ACCOUNTS + 2)
    since = np.maximum(recent[rows, 1], 1)
    times = now - (since * (1 - chance.random(len(rows)) ** 3)).astype(np.int64)  # most of it soon after the paper came
    return list(zip(recent[rows, 0].tolist(), readers.tolist(), times.tolist(), strict=True))


def _saves(base: sqlite3.Connection, acts: list[tuple[int, int, int]], now: int) -> None:
    owners = sorted({one for _, one, _ in acts})
    base.executemany(
        "INSERT INTO shelf (account, key, name, made) VALUES (?, 'saved', 'saved', ?)", ((one, now) for one in owners)
    )
    shelves = dict(base.execute("SELECT account, id FROM shelf"))
    base.executemany(
        "INSERT INTO listed (shelf, pk, account, at) VALUES (?, ?, ?, ?)",
        ((shelves[one], pk, one, at) for pk, one, at in acts),
    )
