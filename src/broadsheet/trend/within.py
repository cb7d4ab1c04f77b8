"""What counts within one window, by paper, signal and the paper's age when it happened."""

from dataclasses import dataclass

import numpy as np

from broadsheet.trend import BY_ACCOUNT, CITATIONS, HOUR, SIGNALS, STARS, Bools, Events, Floats, Ints, Papers
from broadsheet.trend._columns import starts
from broadsheet.trend.baseline import AGES
from broadsheet.trend.counting import Counted

PER_SOURCE = 3.0  # units that one outside source can add to one paper
SAME_THING = (CITATIONS, STARS)  # several sources count the same ones: the largest counts, not the sum
K, B = len(SIGNALS), len(AGES) - 1


@dataclass(frozen=True, slots=True)
class Within:
    """Shape (n,). cell: paper x 7 + signal; band: of `baseline.AGES`.

    count  as a reader would count it
    worth  as it counts
    own    the worth of an act whose account did nothing to the paper by an earlier signal of the list; 0 from outside
    """

    cell: Ints
    band: Ints
    count: Floats
    worth: Floats
    own: Floats


def within(heard: Counted, papers: Papers, start: int, now: int) -> Within:
    """What happened after *start*. Of a growth that began before, the part of it that its time has after *start*."""
    some = np.flatnonzero((heard.events.at > start) & (heard.events.at <= now))
    events, worth = heard.events.take(some), heard.worth[some]
    begin = np.maximum(events.at - events.span, start)
    lasted = events.at - begin
    part = np.where(events.span > 0, lasted / np.maximum(events.span, 1), 1.0)
    age = events.at - lasted / 2 * (events.span > 0) - papers.appeared[events.paper]
    cell = events.paper * K + events.signal
    band = np.clip(np.searchsorted(AGES, age / HOUR, side="right") - 1, 0, B - 1)
    acts = (events.signal < BY_ACCOUNT) & (events.account >= 0)
    people = Within(cell[acts], band[acts], np.ones(int(acts.sum())), worth[acts], _own(events.take(acts), worth[acts]))
    outside = _capped(cell[~acts], events.source[~acts], band[~acts], (worth * part)[~acts])
    return Within(*(np.concatenate(pair) for pair in zip(_columns(people), _columns(outside), strict=True)))


def _columns(found: Within) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    return found.cell, found.band, found.count, found.worth, found.own


def _own(acts: Events, worth: Floats) -> Floats:
    """The worth of the first signal by which an account acts on a paper; 0 of its others."""
    key = acts.paper * (int(acts.account.max(initial=0)) + 1) + acts.account
    order = np.lexsort((acts.signal, key))
    first = order[starts(key[order])]
    own = np.zeros(len(order))
    own[first] = worth[first]
    return own


def _capped(cell: Ints, source: Ints, band: Ints, amount: Floats) -> Within:
    """Growth in units of what its source typically gives: every doubling adds one, and PER_SOURCE is the most."""
    base = int(source.max(initial=-1)) + 2
    name, place = np.unique(cell * base + source + 1, return_inverse=True)
    total = np.bincount(place, amount, minlength=len(name)).astype(np.float64)
    signal = name // base % K
    units = np.log2(1 + total / _typical(total, signal * base + name % base))
    units = np.minimum(np.minimum(units, PER_SOURCE), total)
    chosen = ~np.isin(signal, SAME_THING) | _largest(units, name // base)
    counts = amount * chosen[place]
    return Within(cell, band, counts, counts * (units / total)[place], np.zeros(len(cell)))


def _typical(total: Floats, source: Ints) -> Floats:
    """The median of each source's totals, by entry; 1 at least."""
    order = np.lexsort((total, source))
    names, begin, size = np.unique(source[order], return_index=True, return_counts=True)
    median = (total[order[begin + (size - 1) // 2]] + total[order[begin + size // 2]]) / 2
    found: Floats = np.maximum(median, 1.0)[np.searchsorted(names, source)]
    return found


def _largest(units: Floats, cell: Ints) -> Bools:
    """True for one entry of each cell, of the most units."""
    order = np.lexsort((np.arange(len(cell)), -units, cell))
    found = np.zeros(len(cell), np.bool_)
    found[order[starts(cell[order])]] = True
    return found
