"""Readings of outside counters to events: what a counter grew by between two readings.

A counter that falls is no negative event, and what it then regains was counted before: only growth beyond the highest
reading counts. The first reading tells a level, not a rate; only of a paper younger than the longest window is it
growth, since the paper appeared. Code may be older than its paper, so the first reading of stars is always a level.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.trend import CITATIONS, MENTIONS, NEVER, SIGNALS, WINDOW, Bools, Events, Ints
from broadsheet.trend._columns import starts

FROM_ZERO = (CITATIONS, MENTIONS)  # signals that are 0 when a paper appears
_BITS = 40  # of a reading: a counter above 10^12 is none


class Readings(NamedTuple):
    """Cumulative counters as they were read, in any order; shape (n,) each.

    paper   row of the paper
    signal  CITATIONS, STARS or MENTIONS
    source  code of the source that was read
    at      Unix seconds
    value   the counter, 0 or more
    """

    paper: Ints
    signal: Ints
    source: Ints
    at: Ints
    value: Ints


class Growth(NamedTuple):
    """events: one a growth, spread evenly over the time between its two readings.

    since, until: shape (p, 7), for `Papers.of`: from when to when the counters are known; NEVER and 0 where none is.
    """

    events: Events
    since: Ints
    until: Ints


def growth(readings: Readings, appeared: npt.ArrayLike) -> Growth:
    """*appeared*: shape (p,). A reading that is negative or above 10^12 raises ValueError."""
    born = np.asarray(appeared, np.int64)
    if len(readings.value) and not 0 <= readings.value.min() <= readings.value.max() < 1 << _BITS:
        raise ValueError("a counter is negative or above 10^12")
    order = np.lexsort((readings.value, readings.at, readings.source, readings.signal, readings.paper))
    paper, signal, source, at, value = (column[order] for column in readings)
    first = starts(paper, signal, source)
    before_at, before = _before(first, at), _before(first, _highest(first, value))
    young = first & np.isin(signal, FROM_ZERO) & (at - born[paper] <= max(WINDOW.values())) & (at > born[paper])
    before_at, before = np.where(young, born[paper], before_at), np.where(young, 0, before)
    grown = np.where(first & ~young, 0, np.maximum(value - before, 0))
    keep = grown > 0
    events = Events.of(
        paper[keep], signal[keep], at[keep], amount=grown[keep], source=source[keep], span=(at - before_at)[keep]
    )
    since = np.full((len(born), len(SIGNALS)), NEVER)
    until = np.zeros_like(since)
    np.minimum.at(since, (paper, signal), before_at)
    np.maximum.at(until, (paper, signal), at)
    return Growth(events, since, until)


def _highest(first: Bools, value: Ints) -> Ints:
    """The running maximum, begun anew wherever *first* says."""
    offset = (np.cumsum(first) - 1) << _BITS
    found: Ints = np.maximum.accumulate(value + offset) - offset
    return found


def _before(first: Bools, value: Ints) -> Ints:
    """The value of the row before; the row's own where there is none."""
    return np.where(first, value, np.roll(value, 1))
