"""What is rising: events to scores, every term kept. docs/trending.md is the published formula.

Pure: arrays in, arrays out, nothing is looked up, no clock is read. The order of events never matters. For the job:

    events = Events.join(
        Events.of(paper, VOTES, at, account=account),            # one call a kind of event; numbers are broadcast
        counters := snapshots.growth(readings, appeared)).events  # outside counters, as they were read
    papers = Papers.of(topics, appeared, can, since, until)      # what is measured of each paper, and since when
    found = windows(events, Accounts(made, first), papers, now)   # {"day": Terms, "week": Terms, "month": Terms}
    found["day"].best(10)                                         # rows of papers, the highest score first
    sentences.of(found["day"].one(row), "cs.CL")                  # "12 votes in 20 hours, 4.2 times what ..."

`windows` is in `trend.formula`. `Terms` is arrays only, so that it can be written as files and mapped: `Terms.arrays`,
and `Terms.from_arrays` for the way back. Give events of HISTORY days: who votes together is seen in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SIGNALS = ("votes", "saves", "comments", "opens", "citations", "stars", "mentions")
VOTES, SAVES, COMMENTS, OPENS, CITATIONS, STARS, MENTIONS = range(len(SIGNALS))
BY_ACCOUNT = 4  # the signals before this one are acts of accounts; the others come from outside
WEIGHT = np.array([0.30, 0.20, 0.10, 0.05, 0.10, 0.10, 0.15])  # of a paper that has all signals

HOUR, DAY = 3_600, 86_400  # seconds
WINDOW = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}
HALF_LIFE = {"day": 2 * DAY, "week": 7 * DAY, "month": 30 * DAY}  # of a score, from the paper's first appearance
NOTHING = 0.0005  # a score below it does not rise: with three decimals, as pages show it, it is 0
HISTORY = 60  # days of events that a refresh should be given
NEVER = np.iinfo(np.int64).max  # `since` of what is not measured, or cannot exist

# Why a paper is not hot, as bits of `Terms.why_not`.
NOT_ABOVE, ONE_SIGNAL, FEW_PEOPLE, TOO_OLD = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Events:
    """n things that happened, as columns of shape (n,).

    paper    row of `Papers`
    signal   VOTES ... MENTIONS
    at       Unix seconds
    amount   how many: 1 of a vote, the growth of a counter
    account  row of `Accounts`, or -1: who did it. Of one account, paper and signal only the first event counts
    source   any code, or -1: where outside it was seen
    span     seconds before `at` over which the amount came together evenly: of a counter, since it was last read; 0
    """

    paper: Ints
    signal: Ints
    at: Ints
    amount: Floats
    account: Ints
    source: Ints
    span: Ints

    def __post_init__(self) -> None:
        sizes = {field.name: getattr(self, field.name).shape for field in fields(self)}
        if len(set(sizes.values())) > 1 or self.paper.ndim != 1:
            raise ValueError(f"columns of different sizes: {sizes}")

    def __len__(self) -> int:
        return len(self.paper)

    @classmethod
    def of(
        cls,
        paper: npt.ArrayLike,
        signal: npt.ArrayLike,
        at: npt.ArrayLike,
        *,
        amount: npt.ArrayLike = 1.0,
        account: npt.ArrayLike = -1,
        source: npt.ArrayLike = -1,
        span: npt.ArrayLike = 0,
    ) -> "Events":
        """Columns from anything like an array; one number stands for a whole column. A size that does not fit raises
        ValueError."""
        rows = np.atleast_1d(np.asarray(paper, dtype=np.int64))
        whole = (np.broadcast_to(np.asarray(x, np.int64), rows.shape) for x in (signal, at, account, source, span))
        kind, when, who, where, over = whole
        return cls(rows, kind, when, np.broadcast_to(np.asarray(amount, np.float64), rows.shape), who, where, over)

    @classmethod
    def join(cls, *parts: "Events") -> "Events":
        """All of them, one after another."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def take(self, which: Ints | Bools) -> "Events":
        """Some of them: by rows or by a mask."""
        return Events(*(getattr(self, field.name)[which] for field in fields(self)))


class Accounts(NamedTuple):
    """made: when each account was made; first: when it first did anything here (NEVER: nothing yet). Shape (m,)."""

    made: Ints
    first: Ints


@dataclass(frozen=True, slots=True)
class Papers:
    """p papers.

    topics    shape (p, t): codes from 0 of the paper's topics (its categories), -1 where it has fewer than t
    appeared  shape (p,): the Unix second at which its life here began; the score decays from there
    since     shape (p, 7): since when each signal is counted for it; NEVER where it cannot exist or is not counted
    until     shape (p, 7): until when it has been counted: of an outside counter, when it was last read
    """

    topics: Ints
    appeared: Ints
    since: Ints
    until: Ints

    def __post_init__(self) -> None:
        count, shape = len(self.appeared), (len(self.appeared), len(SIGNALS))
        if self.topics.ndim != 2 or len(self.topics) != count or self.since.shape != shape or self.until.shape != shape:
            raise ValueError(f"columns of different sizes: {self.topics.shape}, {self.since.shape}, {self.until.shape}")

    def __len__(self) -> int:
        return len(self.appeared)

    @classmethod
    def of(
        cls,
        topics: npt.ArrayLike,
        appeared: npt.ArrayLike,
        can: npt.ArrayLike,
        since: npt.ArrayLike = 0,
        until: npt.ArrayLike = NEVER,
    ) -> "Papers":
        """*topics* may be one code a paper. *can*, *since* and *until* are broadcast to (p, 7).

        ``can`` is False where a signal cannot exist (no code, no stars) or is not counted (opens are off).
        """
        born = np.asarray(appeared, np.int64)
        codes = np.array(topics, np.int64)
        codes = codes[:, None] if codes.ndim == 1 else codes
        for column in range(1, codes.shape[1]):  # a topic counts once
            codes[(codes[:, :column] == codes[:, column, None]).any(axis=1), column] = -1
        shape = (len(born), len(SIGNALS))
        begun = np.where(np.broadcast_to(np.asarray(can, np.bool_), shape), np.asarray(since, np.int64), NEVER)
        ended = np.broadcast_to(np.asarray(until, np.int64), shape)
        return cls(codes, born, begun, ended)


@dataclass(frozen=True, slots=True)
class Term:
    """What one signal adds to one paper's score; the fields are those of `Terms`."""

    signal: str
    count: float
    counted: float
    hours: float
    expected: float
    ratio: float
    weight: float
    share: float

    @property
    def baseline(self) -> float:
        """What a paper of these topics and this age gets in an hour."""
        return self.expected / self.hours

    @property
    def rate(self) -> float:
        """Events an hour, shrunk towards the baseline."""
        return self.ratio * self.baseline


@dataclass(frozen=True, slots=True)
class One:
    """One paper's score and where it comes from. terms: of the measured signals, the largest share first."""

    window: str
    score: float
    age: float
    decay: float
    hot: bool
    why_not: int
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Every term of the score of the n papers to which anything happened within the window; any other paper's is 0.

    rows      shape (n,): rows of `Papers`, ascending; the arrays below are in this order
    score     shape (n,), like all up to why_not: what its shares add up to, never below 0
    age       hours since the paper appeared
    decay     2^(-age / half-life)
    hot       at least two independent signals clearly above the topic, from enough people
    why_not   bits NOT_ABOVE ... TOO_OLD; 0 where hot
    count     shape (n, 7), like all below: what happened, as a reader counts: people, citations, stars, mentions
    counted   the same after trust, rings and caps: never more than count
    hours     of the window in which it was counted; 0 where the signal is missing
    expected  what a paper of its topics and age gets in these hours
    ratio     shrunk rate / the topic's rate: 1 is as usual
    weight    after the weights of missing signals were redistributed: they add up to 1
    share     decay x weight x log((1 + ratio) / 2); less than 0 where the paper has less than is usual
    """

    window: str
    now: int
    rows: Ints
    score: Floats
    age: Floats
    decay: Floats
    hot: Bools
    why_not: Ints
    count: Floats
    counted: Floats
    hours: Floats
    expected: Floats
    ratio: Floats
    weight: Floats
    share: Floats

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Name -> array, of all that are arrays."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, window: str, now: int, arrays: Mapping[str, npt.NDArray[np.generic]]) -> "Terms":
        """What `arrays` gave, for example mapped from files."""
        return cls(window, now, **{name: arrays[name] for name in ARRAYS})  # type: ignore[arg-type]

    def best(self, most: int, among: Bools | None = None) -> Ints:
        """At most *most* rows of `Papers` with a score of `NOTHING` or more, the highest first, then the newest.

        *among*: shape (p,), which papers may be in it: those of a topic, those that are not hidden.
        """
        fit = self.score >= NOTHING
        if among is not None:
            fit &= among[self.rows]
        places = np.flatnonzero(fit)
        order = np.lexsort((self.rows[places], self.age[places], -self.score[places]))
        return self.rows[places[order[:most]]]

    def one(self, row: int) -> One | None:
        """A paper's terms by its row of `Papers`; None where nothing happened to it within the window."""
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row:
            return None
        columns = (self.count, self.counted, self.hours, self.expected, self.ratio, self.weight, self.share)
        terms = [
            Term(SIGNALS[k], *(float(column[place, k]) for column in columns))
            for k in range(len(SIGNALS))
            if self.weight[place, k] > 0
        ]
        terms.sort(key=lambda term: (-term.share, SIGNALS.index(term.signal)))
        score, age, decay = (float(column[place]) for column in (self.score, self.age, self.decay))
        return One(self.window, score, age, decay, bool(self.hot[place]), int(self.why_not[place]), tuple(terms))


ARRAYS = tuple(field.name for field in fields(Terms) if field.name not in ("window", "now"))
