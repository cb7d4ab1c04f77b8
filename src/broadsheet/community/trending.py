"""The job of trending: what readers did and sources counted, to places, scores and every term, for all to read.

One process at a time makes it, at most every half minute, and only when something has changed or a while has passed.
Everything it makes is derived: `home/trending/` may be deleted at any time. The formula is in `trend`.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.community import board, counters, topics
from broadsheet.community.board import Board, Boards, Coming, Window
from broadsheet.index import Index
from broadsheet.index.columns import Columns
from broadsheet.store import Store
from broadsheet.store.community import Acts
from broadsheet.trend import (
    CITATIONS,
    COMMENTS,
    DAY,
    HISTORY,
    HOUR,
    MENTIONS,
    NEVER,
    OPENS,
    SAVES,
    SIGNALS,
    STARS,
    VOTES,
    Accounts,
    Events,
    Ints,
    Papers,
    forecast,
)
from broadsheet.trend.formula import windows
from broadsheet.trend.snapshots import Readings, growth

EVERY = 30  # seconds from one making to the next, at least
STALE = 600  # seconds after which it is made anew although nothing has happened: scores decay
TOPICS = 4  # of a paper that its baseline is made of
PLACES = 10_000  # papers that have a place in a window
_OUTSIDE = {"citations": CITATIONS, "stars": STARS, "mentions": MENTIONS}

Bools = npt.NDArray[np.bool_]


class Facts(NamedTuple):
    """What the index knows of p papers, by number: shape (p,), and (p, TOPICS) for *topics*.

    added, appeared and published are Unix seconds; the last is the first second that its date may be, 0 without one.
    topics are codes of categories, -1 where there are fewer.
    """

    live: Bools
    added: Ints
    appeared: Ints
    published: Ints
    topics: Ints


class Gathered(NamedTuple):
    """What the formula is given; *events* with the numbers of papers as rows."""

    events: Events
    accounts: Accounts
    papers: Papers


def refresh(
    home: Path, store: Store, index: Index, *, opens: bool = False, every: float = EVERY, now: int | None = None
) -> bool:
    """Makes the board of *home* anew; False where it is fresh, another process is at it, or nothing is indexed yet.

    opens   whether openings of papers count
    every   how old the present one is at least; 0 makes it in any case
    """
    with _alone(home) as alone:
        reader = index.reader() if alone else None
        if reader is None:
            return False
        started, at = time.perf_counter(), int(time.time()) if now is None else now
        before = Boards(home).current()
        if every and before and 0 <= at - before.now < every:
            return False
        counters.follow(store, home / board.FOLDER / "followed.json", at)
        moved = store.counters.moved()
        still = before is not None and (before.moved, before.stamp) == (moved, reader.stamp)
        if every and before and still and 0 <= at - before.now < STALE:
            return False
        made = measured(store, facts_of(reader.columns), at, opens=opens)
        same = before is not None and before.stamp == reader.stamp
        found = before.topics if before and same else topics.rising(store, reader.columns, at)
        took = round(time.perf_counter() - started, 3)
        board.save(home, replace(made, topics=found, seconds=took, moved=moved, stamp=reader.stamp))
        return True


@contextmanager
def _alone(home: Path) -> Iterator[bool]:
    """Whether no other process is at it; none will be until the block ends, or this process dies."""
    folder = home / board.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "LOCK").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def measured(store: Store, facts: Facts, now: int, *, opens: bool) -> Board:
    """Every window, from the store as it is."""
    given = gathered(store, facts, now, opens=opens)
    found = windows(given.events, given.accounts, given.papers, now)
    made = {
        name: Window(terms, terms.best(PLACES), sparks(given.events, terms.rows, now, name))
        for name, terms in found.items()
    }
    return Board(now, made, coming(given.events, facts.appeared, now), events=len(given.events))


def coming(events: Events, appeared: Ints, now: int) -> Coming:
    """Where papers are heading by their votes, and how wrong that was in the past."""
    votes = events.signal == VOTES
    paper, at = events.paper[votes], events.at[votes]
    model = forecast.learn(paper, at, appeared, now)
    if model is None:
        return board.UNKNOWN
    bounds = np.column_stack(model.ahead(forecast.standing(paper, at, appeared, now)))
    rows = np.flatnonzero(~np.isnan(bounds).any(axis=1))
    return Coming(rows, bounds[rows].astype(np.float32), forecast.backtest(paper, at, appeared, now))


def facts_of(columns: Columns) -> Facts:
    """The columns of an index as the formula wants them."""
    single = columns.single
    added = single["added"].astype(np.int64) * 60
    born = _seconds(single["appeared"].astype(np.int64))
    here = (added >= born) & (added < born + DAY)  # it came on the day on which it appeared: then, and not at midnight
    published = _seconds(single["date"].astype(np.int64))
    return Facts(single["live"] > 0, added, np.where(here, added, born), published, _topics(columns))


def _seconds(days: Ints) -> Ints:
    """The first second of each day (yyyymmdd), of the month or the year where only that is known; 0 for 0."""
    year, month, day = days // 10_000, np.maximum(days // 100 % 100, 1), np.maximum(days % 100, 1)
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]").astype(np.int64) + month - 1
    found = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return np.where(days > 0, found * DAY, 0)


def _topics(columns: Columns) -> Ints:
    """The first categories of each paper, or its venue where it has none; shape (rows, TOPICS)."""
    out = np.full((columns.rows, TOPICS), -1, np.int64)
    pairs = columns.many["category"]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    place = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
    some = place < TOPICS
    out[pairs[some, 0], place[some]] = pairs[some, 1]
    venue = columns.single["venue"]
    bare = (out[:, 0] < 0) & (venue > 0)
    out[bare, 0] = len(columns.shown["category"]) + venue[bare]
    return out


def gathered(store: Store, facts: Facts, now: int, *, opens: bool) -> Gathered:
    """All that happened in the last sixty days, and since when each paper is measured."""
    since, rows = now - HISTORY * DAY, len(facts.live)
    people = store.counters.accounts()
    community, begun, parts = store.community, np.full(len(SIGNALS), NEVER), []
    for kind, ask in (
        (VOTES, community.votes_since), (SAVES, community.saves_since), (COMMENTS, community.comments_since)
    ):  # fmt: skip
        parts.append(_acts(ask(since), kind, people[:, 0]))
        if len(parts[-1]):
            begun[kind] = parts[-1].at.min() - DAY  # it was possible for a while before somebody did it
    if opens and len(opened := store.counters.opened(since)):
        begun[OPENS] = opened[:, 1].min() * HOUR
        parts.append(Events.of(opened[:, 0], OPENS, opened[:, 1] * HOUR + HOUR, amount=opened[:, 2], span=HOUR))
    # From its date, and not from when it came here: of a paper that is known by its year the first reading is a level.
    from_outside = growth(_readings(store, since, rows), facts.published)
    events = Events.join(*parts, from_outside.events)
    events = events.take((events.paper < rows) & facts.live[np.minimum(events.paper, max(rows - 1, 0))])
    accounts = Accounts(people[:, 1], np.where(people[:, 2] > 0, people[:, 2], NEVER))
    return Gathered(events, accounts, _papers(facts, begun, from_outside.since, from_outside.until))


def _acts(done: Acts, kind: int, known: Ints) -> Events:
    """Acts of accounts whose ids are *known*: those in good standing. Others' are left out."""
    pk, account, at = (np.frombuffer(column, np.int64) for column in done)
    if not len(known) or not len(pk):
        return Events.of(np.zeros(0, np.int64), kind, np.zeros(0, np.int64))
    place = _places(known, account)
    there = place >= 0
    return Events.of(pk[there], kind, at[there], account=place[there])


def _readings(store: Store, since: int, rows: int) -> Readings:
    found = [one for one in store.counters.readings(since) if one.signal in _OUTSIDE and one.pk < rows]
    sources = {name: code for code, name in enumerate(sorted({one.source for one in found}))}
    table = [(one.pk, _OUTSIDE[one.signal], sources[one.source], one.at, one.value) for one in found]
    columns = np.array(table, np.int64).reshape(-1, 5).T
    return Readings(*columns)


def _papers(facts: Facts, begun: Ints, since: Ints, until: Ints) -> Papers:
    """Readers' acts are counted from when the first of them was possible here: not before the paper came."""
    own = np.maximum(begun[None, :], facts.added[:, None])
    inside = begun < NEVER
    since[:, inside] = own[:, inside]
    until[:, inside] = NEVER
    since[~facts.live] = NEVER
    return Papers(facts.topics, facts.appeared, since, until)


def _places(known: Ints, values: Ints) -> Ints:
    """Where in *known* each of *values* stands, -1 where it does not. They are numbers of rows, so a table is quick."""
    table = np.full(max(int(known.max(initial=0)), int(values.max(initial=0))) + 1, -1)
    table[known] = np.arange(len(known))
    return table[values]


def sparks(events: Events, rows: Ints, now: int, name: str) -> board.Counts:
    """What happened to the papers *rows*, in equal steps up to *now*; shape (len(rows), points)."""
    points, size = board.POINTS[name], board.BUCKET[name]
    if not len(rows):
        return np.zeros((0, points), np.uint16)
    step = points - 1 - (now - events.at) // size
    place = _places(rows, events.paper)
    kept = (step >= 0) & (step < points) & (place >= 0)
    cells = place[kept] * points + step[kept]
    counts = np.bincount(cells, events.amount[kept], minlength=len(rows) * points)
    return np.minimum(counts, 65_535).astype(np.uint16).reshape(len(rows), points)
