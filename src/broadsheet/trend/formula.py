"""The score, and when a paper is hot. docs/trending.md says the same in words."""

from typing import NamedTuple

import numpy as np

from broadsheet.trend import (
    BY_ACCOUNT,
    FEW_PEOPLE,
    HALF_LIFE,
    HOUR,
    NOT_ABOVE,
    ONE_SIGNAL,
    SIGNALS,
    TOO_OLD,
    WEIGHT,
    WINDOW,
    Accounts,
    Bools,
    Events,
    Floats,
    Ints,
    Papers,
    Terms,
)
from broadsheet.trend._columns import distinct
from broadsheet.trend.baseline import AGES, Usual, usual
from broadsheet.trend.counting import Counted, counted
from broadsheet.trend.within import Within, within

CLEARLY = 2.0  # times the topic's rate that a hot signal has at least, by the lower end of its 80 % interval
VOICES = 3.0  # independent voices that a hot signal of accounts has for itself
OLDEST = 3.0  # half-lives after which nothing is hot
_Z = 1.2816  # of the 10 % quantile
K, B = len(SIGNALS), len(AGES) - 1


def windows(events: Events, accounts: Accounts, papers: Papers, now: int) -> dict[str, Terms]:
    """The terms of every window. Events after *now* are left out."""
    heard = counted(events.take(events.at <= now), accounts, papers)
    return {name: window(heard, papers, now, name) for name in WINDOW}


def window(heard: Counted, papers: Papers, now: int, name: str) -> Terms:
    """The terms of one window: ``day``, ``week`` or ``month``."""
    seen = within(heard, papers, now - WINDOW[name], now)
    rows = distinct(seen.cell // K)
    compared = _compared(seen, papers, rows, now, WINDOW[name])
    known = compared.hours > 0
    weight = WEIGHT * known
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    age = np.maximum(now - papers.appeared[rows], 0)
    decay = np.exp2(-age / HALF_LIFE[name])
    share = decay[:, None] * weight * np.log((1 + compared.ratio) / 2)
    why_not = _why_not(compared, decay)
    count = _by_row(seen.cell, seen.count, rows)
    return Terms(
        name, now, rows, np.maximum(share.sum(axis=1), 0), age / HOUR, decay, why_not == 0, why_not,
        count, compared.counted, compared.hours, compared.expected, compared.ratio, weight, share,
    )  # fmt: skip


class _Compared(NamedTuple):
    """Shape (n, 7).

    above  by the lower end of its interval the ratio is at least CLEARLY
    heard  and so it is by those people alone who did nothing to the paper by an earlier signal
    """

    counted: Floats
    hours: Floats
    expected: Floats
    ratio: Floats
    above: Bools
    heard: Bools


def _compared(seen: Within, papers: Papers, rows: Ints, now: int, seconds: int) -> _Compared:
    """What counts in the window, beside what is usual."""
    shape = (len(rows), K)
    made, hours, expected, ratio = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.ones(shape)
    above, heard = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    for k in range(K):
        by_age = _hours(papers, k, now, seconds)
        hours[:, k] = by_age[rows].sum(axis=1)
        if not hours[:, k].any():
            continue
        table = _by_band(seen, k, seen.worth, len(papers))
        found = usual(table, by_age, papers.topics, rows)
        made[:, k], expected[:, k] = table[rows].sum(axis=1), found.expected
        ratio[:, k] = (made[:, k] + found.shape) / (expected[:, k] + found.shape)
        above[:, k] = heard[:, k] = _above(made[:, k], found)
        if k < BY_ACCOUNT:
            table = _by_band(seen, k, seen.own, len(papers))
            own = table[rows].sum(axis=1)
            heard[:, k] = _above(own, usual(table, by_age, papers.topics, rows)) & (own >= VOICES)
    known = hours > 0
    return _Compared(made, hours, expected, np.where(known, ratio, 1.0), above & known, above & heard & known)


def _by_band(seen: Within, signal: int, values: Floats, papers: int) -> Floats:
    """Shape (p, bands): the sums of *values* of one signal."""
    here = seen.cell % K == signal
    sums = np.bincount(seen.cell[here] // K * B + seen.band[here], values[here], minlength=papers * B)
    return sums.astype(np.float64).reshape(papers, B)  # of no events, bincount makes integers


def _above(made: Floats, found: Usual) -> Bools:
    return _lower(made + found.shape) >= CLEARLY * (found.expected + found.shape)


def _hours(papers: Papers, signal: int, now: int, seconds: int) -> Floats:
    """Shape (p, bands): for how long the signal was counted within the window, by the age of the paper."""
    since, until = papers.since[:, signal], papers.until[:, signal]
    begin = np.maximum(np.minimum(since, now), np.maximum(papers.appeared, now - seconds))
    end = np.maximum(np.minimum(until, now), begin)
    edges = AGES[None, :]
    begin_age, end_age = ((x - papers.appeared)[:, None] / HOUR for x in (begin, end))
    return np.diff(np.clip(edges, begin_age, end_age), axis=1)


def _lower(shape: Floats) -> Floats:
    """The 10 % quantile of a Gamma of this shape and scale 1 (Wilson and Hilferty, 1931)."""
    found: Floats = shape * np.maximum(1 - 1 / (9 * shape) - _Z / (3 * np.sqrt(shape)), 0) ** 3
    return found


def _by_row(cell: Ints, values: Floats, rows: Ints) -> Floats:
    """Shape (n, 7): the sums of *values* by paper and signal."""
    place = np.searchsorted(rows, cell // K) * K + cell % K
    return np.bincount(place, values, minlength=len(rows) * K).astype(np.float64).reshape(len(rows), K)


def _why_not(compared: _Compared, decay: Floats) -> Ints:
    heard = compared.heard.sum(axis=1)
    reasons = np.where(compared.above.any(axis=1), 0, NOT_ABOVE) | np.where(heard == 1, ONE_SIGNAL, 0)
    reasons |= np.where((compared.above & ~compared.heard).any(axis=1) & (heard < 2), FEW_PEOPLE, 0)
    return np.asarray(reasons | np.where(decay < 0.5**OLDEST, TOO_OLD, 0), np.int64)
