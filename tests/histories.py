"""Simulated histories of a library, with planted risers and planted spam. Seeded; nothing in them is real.

Honest readers have interests (a niche of a topic, which the formula does not see), an activity with a heavy tail, and
days and weeks. Papers have a popularity with a power law's tail and are read most when they are new. At ROSE some
papers of ordinary popularity begin to rise (their voters are independent), and in the same day spam campaigns run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from broadsheet.trend import (
    CITATIONS,
    COMMENTS,
    DAY,
    HOUR,
    MENTIONS,
    NEVER,
    OPENS,
    SAVES,
    STARS,
    VOTES,
    Accounts,
    Events,
    Floats,
    Ints,
    Papers,
)
from broadsheet.trend.snapshots import Readings, growth

BEGAN = 1_700_006_400  # midnight, a Wednesday
DAYS = 60
ROSE = BEGAN + 56 * DAY + 6 * HOUR
NICHES = 4  # of a topic
TAIL = 2.0  # of popularity
FEEDS = 6  # outside sources that mention papers; the hub's counter is the source after them
HUB = FEEDS


class Size(NamedTuple):
    """readers, papers that were there before and new ones a day, topics, votes that a new paper gets on average."""

    readers: int = 2_500
    old: int = 6_000
    a_day: int = 80
    topics: int = 20
    votes: float = 40.0
    risers: int = 5


SMALL = Size()
LARGE = Size(10_000, 81_000, 150, 40, 100.0)


@dataclass
class History:
    """events: all; appeared, topics, made: by paper and account. risers: rows. spam: kind -> rows.

    since, until: of the counters that were read.
    """

    size: Size
    events: Events
    appeared: Ints
    topics: Ints
    made: Ints
    risers: Ints
    spam: Mapping[str, Ints]
    code: Ints
    readings: Readings
    honest: int = 0  # accounts before this one are honest

    @property
    def accounts(self) -> Accounts:
        first = np.full(len(self.made), NEVER)
        acts = self.events.account >= 0
        np.minimum.at(first, self.events.account[acts], self.events.at[acts])
        return Accounts(self.made, first)

    def until(self, now: int) -> tuple[Events, Papers]:
        """What was known at *now*: the events, counters as they had been read, and the papers."""
        read = Readings(*(column[self.readings.at <= now] for column in self.readings))
        grown = growth(read, self.appeared)
        known = Events.join(self.events.take(self.events.at <= now), grown.events)
        since, end = grown.since, np.where(grown.since == NEVER, NEVER, grown.until)
        since[:, [VOTES, SAVES, COMMENTS]] = 0
        since[:, MENTIONS], end[:, MENTIONS] = 0, NEVER  # feeds are followed all the time
        can = np.ones(since.shape, np.bool_)
        can[:, OPENS] = False
        return known, Papers.of(self.topics, np.minimum(self.appeared, now), can, since, end)


@dataclass
class _World:
    """What is drawn from while a history is made."""

    draw: np.random.Generator
    size: Size
    appeared: Ints
    topics: Ints
    niche: Ints
    popularity: Floats
    home: Ints
    activity: Floats
    made: list[Ints]
    events: list[Events] = field(default_factory=list)

    def join(self, made: Ints) -> Ints:
        """New accounts: their rows."""
        before = sum(map(len, self.made))
        self.made.append(made)
        return np.arange(before, before + len(made))

    def act(self, paper: Ints | int, signal: int, at: Ints, account: Ints) -> None:
        papers = np.broadcast_to(np.asarray(paper, np.int64), at.shape)
        self.events.append(Events.of(papers, signal, at, account=account))

    def fresh(self, count: int, hours: float = 20.0) -> Ints:
        """Papers of ordinary popularity that appeared at most so many hours before ROSE."""
        near = (self.appeared <= ROSE) & (self.appeared > ROSE - hours * HOUR - DAY)
        fit = np.flatnonzero(near & (self.popularity < np.median(self.popularity)))
        return self.draw.choice(fit, count, replace=False)


def history(seed: int, size: Size = SMALL, hardest: bool = False) -> History:
    """The same for the same seed and size. *hardest*: with the campaign alone that nothing gives away."""
    planned = HARDEST if hardest else CAMPAIGNS
    world = _world(np.random.default_rng(seed), size)
    _honest(world)
    targets = world.fresh(size.risers + len(planned))
    _rise(world, targets[: size.risers])
    campaigns: dict[str, Ints] = {}
    for (name, campaign), target in zip(planned.items(), targets[size.risers :], strict=True):
        campaign(world, int(target))
        campaigns[name] = np.array([target])
    events = Events.join(*world.events)
    made = np.concatenate(world.made)
    code = (world.draw.random(len(world.appeared)) < 0.3).astype(np.int64)
    readings = _readings(world, code, targets[: size.risers])
    return History(
        size,
        events,
        world.appeared,
        world.topics,
        made,
        targets[: size.risers],
        campaigns,
        code,
        readings,
        size.readers,
    )


def _world(draw: np.random.Generator, size: Size) -> _World:
    days = np.arange(DAYS)
    weekdays = days[(days + 2) % 7 < 5]  # BEGAN is a Wednesday
    new = np.repeat(BEGAN + weekdays * DAY, size.a_day) + draw.integers(0, 4 * HOUR, len(weekdays) * size.a_day)
    old = BEGAN - (draw.random(size.old) * 1_000 * DAY).astype(np.int64)
    appeared = np.concatenate([old, new])
    share = 1 / np.arange(1, size.topics + 1)
    topics = draw.choice(size.topics, len(appeared), p=share / share.sum())
    niche = topics * NICHES + draw.integers(0, NICHES, len(appeared))
    home = draw.choice(size.topics, size.readers, p=share / share.sum()) * NICHES
    home += draw.integers(0, NICHES, size.readers)
    popularity = 0.5 * (1 - draw.random(len(appeared))) ** (-1 / TAIL)
    activity = np.minimum((1 - draw.random(size.readers)) ** (-1 / 1.3), 300)
    made = BEGAN + DAYS * DAY - (draw.random(size.readers) * 700 * DAY).astype(np.int64)
    made[: size.readers // 40] = (
        BEGAN - 30 * DAY + draw.integers(0, HOUR, size.readers // 40)
    )  # a lab that began at once
    home[: size.readers // 40] = home[0]
    return _World(draw, size, appeared, topics, niche, np.minimum(popularity, 40), home, activity, [made])


def _honest(world: _World) -> None:
    size = world.size
    votes = _lags(world, world.popularity * size.votes, scale=1.2)
    paper, at = votes
    account = _readers(world, paper)
    keep = at > world.made[0][account]
    paper, at, account = paper[keep], at[keep], account[keep]
    world.act(paper, VOTES, at, account)
    for signal, share in ((SAVES, 0.25), (COMMENTS, 0.04)):
        also = world.draw.random(len(at)) < share
        world.act(paper[also], signal, at[also] + world.draw.integers(10, 600, int(also.sum())), account[also])
        others = world.draw.random(len(at)) < share / 2  # who does not vote
        world.act(paper[others], signal, at[others], _readers(world, paper[others]))
    mentioned, when = _lags(world, world.popularity * 0.3, scale=2.0)
    source = world.draw.integers(0, FEEDS, len(when))
    world.events.append(Events.of(mentioned, MENTIONS, when, source=source))


def _lags(world: _World, expected: Floats, scale: float) -> tuple[Ints, Ints]:
    """Papers and times of events: most soon after a paper appeared, some long after, more by day and on workdays."""
    rhythm = 2.2  # of what is drawn, about so much is kept
    paper = np.repeat(np.arange(len(expected)), world.draw.poisson(expected * rhythm))
    lag = np.exp(world.draw.normal(np.log(scale), 1.4, len(paper)))  # days
    at = world.appeared[paper] + (lag * DAY).astype(np.int64)
    awake = 0.5 + 0.45 * np.sin(2 * np.pi * (at % DAY / DAY - 0.3))
    weekend = np.where(((at - BEGAN) // DAY + 2) % 7 >= 5, 0.5, 1.0)
    keep = (world.draw.random(len(at)) < awake * weekend) & (at >= BEGAN) & (at < BEGAN + DAYS * DAY)
    return paper[keep], at[keep]


def _readers(world: _World, paper: Ints) -> Ints:
    """One reader an event: of the paper's niche, of its topic, or anybody, the active more often."""
    found = np.zeros(len(paper), np.int64)
    kind = world.draw.random(len(paper))
    everyone = world.activity.cumsum()
    for groups, of_paper, least, most in (
        (world.home, world.niche, 0.0, 0.5),
        (world.home // NICHES, world.topics, 0.5, 0.85),
    ):
        order = np.argsort(groups, kind="stable")
        sums = np.concatenate([[0], world.activity[order].cumsum()])
        mine = np.flatnonzero((kind >= least) & (kind < most))
        low = np.searchsorted(groups[order], of_paper[paper[mine]], "left")
        high = np.searchsorted(groups[order], of_paper[paper[mine]], "right")
        at = sums[low] + world.draw.random(len(mine)) * (sums[high] - sums[low])
        found[mine] = order[np.clip(np.searchsorted(sums, at, "right") - 1, 0, len(order) - 1)]
    rest = np.flatnonzero(kind >= 0.85)
    found[rest] = np.searchsorted(everyone, world.draw.random(len(rest)) * everyone[-1])
    return found


def _rise(world: _World, papers: Ints) -> None:
    """Each gets eight times and more of what a mean paper gets on its first day, from anybody."""
    draw, usual = world.draw, world.size.votes * 0.4
    for paper in papers:
        count = int(usual * draw.uniform(8, 14))
        at = ROSE + (draw.random(count) * 30 * HOUR).astype(np.int64)
        who = _readers(world, np.full(count, paper))
        keep = at > world.made[0][who]
        at, who = at[keep], who[keep]
        world.act(paper, VOTES, at, who)
        for signal, share in ((SAVES, 0.35), (COMMENTS, 0.08)):
            some = draw.random(len(at)) < share
            world.act(paper, signal, at[some], _readers(world, np.full(int(some.sum()), paper)))
        when = ROSE + (draw.random(6) * DAY).astype(np.int64)
        world.events.append(Events.of(np.full(6, paper), MENTIONS, when, source=draw.integers(0, FEEDS, 6)))


def _readings(world: _World, code: Ints, risers: Ints) -> Readings:
    """Counters read four times a day (the hub's), daily (stars) and weekly (citations), of papers of these days."""
    draw, columns = world.draw, []
    rising = np.isin(np.arange(len(code)), risers)
    for signal, source, step, mean, some in (
        (MENTIONS, HUB, 6 * HOUR, 10.0, draw.random(len(code)) < 0.4),
        (STARS, HUB + 1, DAY, 15.0, code > 0),
        (CITATIONS, HUB + 2, 7 * DAY, 1.0, draw.random(len(code)) < 0.8),
    ):
        paper = np.flatnonzero(some & (world.appeared >= BEGAN - 20 * DAY))
        times = BEGAN + np.arange(step // 2, DAYS * DAY, step)
        row, at = (x.ravel() for x in np.meshgrid(paper, times, indexing="ij"))
        fit = (at > world.appeared[row]) & (at < world.appeared[row] + 30 * DAY)
        row, at = row[fit], at[fit]
        age = (at - world.appeared[row]) / DAY
        level = (
            world.popularity[row] * mean * (1 - np.exp(-age / 4))
            + (signal == STARS) * draw.integers(0, 900, len(code))[row]
        )
        level += np.where(rising[row], np.clip((at - ROSE) / DAY, 0, 2) * mean * 8, 0)
        value = np.floor(level).astype(np.int64)
        columns.append(Readings(row, np.full(len(row), signal), np.full(len(row), source), at, value))
    return Readings(*(np.concatenate(parts) for parts in zip(*columns, strict=True)))


def _ring(world: _World) -> int:
    """How many accounts a ring has: enough for a place among the first ten, if each counted."""
    return int(max(40, world.size.votes * 3))


def _boost(world: _World, paper: int, ring: Ints, hours: float = 8.0, begin: int = ROSE) -> None:
    at = begin + (world.draw.random(len(ring)) * hours * HOUR).astype(np.int64)
    world.act(paper, VOTES, at, ring)
    saves = world.draw.random(len(ring)) < 0.6
    world.act(paper, SAVES, at[saves] + 30, ring[saves])


def _before(world: _World, ring: Ints, campaigns: int, share: float = 1.0) -> None:
    """Earlier papers that a ring has boosted, over 40 days."""
    known = np.flatnonzero((world.appeared > BEGAN) & (world.appeared < ROSE - 2 * DAY))
    for paper in world.draw.choice(known, campaigns, replace=False):
        part = ring[world.draw.random(len(ring)) < share]
        _boost(world, int(paper), part, begin=int(world.appeared[paper]) + int(world.draw.integers(0, DAY)))


def _aged(world: _World, count: int, least: float, most: float) -> Ints:
    """Accounts made so many days before ROSE, spread evenly."""
    return world.join(ROSE - (world.draw.uniform(least, most, count) * DAY).astype(np.int64))


def _young(world: _World, paper: int) -> None:
    _boost(world, paper, _aged(world, _ring(world), 0.1, 3))


def _sleepers(world: _World, paper: int) -> None:
    ring = _aged(world, _ring(world), 200, 600)
    _before(world, ring, 12)
    _boost(world, paper, ring)


def _camouflage(world: _World, paper: int) -> None:
    """Four votes of five are for papers that others like, too."""
    ring = _aged(world, _ring(world), 200, 600)
    _before(world, ring, 10)
    _liking(world, ring, 40)
    _boost(world, paper, ring)


def _liking(world: _World, ring: Ints, each: int) -> None:
    """Votes for papers that others like, too."""
    likes = np.flatnonzero((world.appeared > BEGAN) & (world.appeared < ROSE))
    chance = world.popularity[likes] / world.popularity[likes].sum()
    for account in ring:
        papers = world.draw.choice(likes, each, replace=False, p=chance)
        at = world.appeared[papers] + (world.draw.random(each) * 2 * DAY).astype(np.int64)
        world.act(papers, VOTES, at, np.full(each, account))


def _patient(world: _World, paper: int) -> None:
    """Old accounts that each have voted for what they liked, together never before, and now do so over a day."""
    ring = _aged(world, _ring(world), 100, 600)
    _liking(world, ring, 15)
    _boost(world, paper, ring, hours=20)


def _changing(world: _World, paper: int) -> None:
    """A large ring of which another part acts each time."""
    ring = _aged(world, 2 * _ring(world), 100, 600)
    _before(world, ring, 16, share=0.5)
    _boost(world, paper, ring[world.draw.random(len(ring)) < 0.5])


def _first_time(world: _World, paper: int) -> None:
    """Old accounts that never did anything."""
    _boost(world, paper, _aged(world, _ring(world), 100, 600))


def _one_morning(world: _World, paper: int) -> None:
    """Made within half an hour, 200 days ago; each has voted for something since, none for the same."""
    ring = world.join(ROSE - 200 * DAY + world.draw.integers(0, HOUR // 2, _ring(world)))
    papers = world.draw.choice(np.flatnonzero(world.appeared < BEGAN), len(ring))
    world.act(papers, VOTES, BEGAN + world.draw.integers(0, 20 * DAY, len(ring)), ring)
    _boost(world, paper, ring)


def _mentions(world: _World, paper: int) -> None:
    at = ROSE + world.draw.integers(0, DAY // 2, 500)
    world.events.append(Events.of(np.full(500, paper), MENTIONS, at, source=0))


def _comments(world: _World, paper: int) -> None:
    who = np.repeat(world.draw.integers(0, world.size.readers, 4), 100)
    world.act(paper, COMMENTS, ROSE + world.draw.integers(0, DAY // 2, 400), who)


def _again(world: _World, paper: int) -> None:
    who = np.repeat(world.draw.integers(0, world.size.readers, 3), 300)
    world.act(paper, VOTES, ROSE + world.draw.integers(0, DAY // 2, 900), who)


CAMPAIGNS: Mapping[str, Callable[[_World, int], None]] = {
    "young ring": _young,
    "sleeper ring": _sleepers,
    "camouflaged ring": _camouflage,
    "changing ring": _changing,
    "first-time ring": _first_time,
    "ring of one morning": _one_morning,
    "mentions of one source": _mentions,
    "comments of four": _comments,
    "votes again and again": _again,
}
HARDEST: Mapping[str, Callable[[_World, int], None]] = {"patient ring": _patient}
