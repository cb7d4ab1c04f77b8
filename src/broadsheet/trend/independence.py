"""Who is not independent of whom: accounts that do the same, and accounts made in one burst.

Two accounts coincide where both acted on one paper. A community that shares a topic coincides, too; so what chance
explains is taken off first: of two accounts that act d_i and d_j times in a topic where a share s_q of all acts goes to
paper q, d_i d_j sum(s_q^2) coincidences are expected. What stays above twice that, as a part of all coincidences, is
their likeness, in [0, 1]. It needs no pair to be alike in everything, so acts elsewhere do not hide a ring (camouflage;
Hooi et al., FRAUDAR, 2016). That accounts act in lockstep is what Cao et al. (SynchroTrap, 2014) look for.

The number of people that k alike voices stand for is Kish's design effect (1965): each counts 1 / (1 + the likenesses
to the others on the same paper). The paper itself is left out of what they have in common, so that nobody is called
alike for agreeing about it.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from broadsheet.trend import HOUR, Accounts, Bools, Floats, Ints

PAIRS = 30_000_000  # coincidences that are counted; papers with the most accounts are left out first, they tell least
LARGEST = 0.05  # share of all accounts: a paper with more accounts than that tells nothing either
CHANCE = 2.0  # times what chance explains is taken off,
SLACK = 1.5  # and so many coincidences more
SHARED = 0.02  # sum(s_q^2) of a topic is taken to be at most this: fewer than 50 papers explain no more
BURST = 5  # accounts made within one hour, above three times what is usual around then, are a burst
BURST_TIMES = 3.0
AROUND = 7 * 24 * HOUR
TOGETHER = 0.7  # likeness of two accounts of one burst
IMPORTED = 0.05  # share of all accounts from which on a burst is an import of a whole lab, and says nothing


class Acts(NamedTuple):
    """One account's act on one paper by one signal, once each. Shape (n,).

    weight: how much the account is trusted, in (0, 1].
    """

    paper: Ints
    signal: Ints
    account: Ints
    weight: Floats


class Cohorts(NamedTuple):
    """Shape (m,). burst: the code of the burst in which an account was made, or -1. likeness: to others of it."""

    burst: Ints
    likeness: Floats


def voices(acts: Acts, topics: Ints, accounts: Accounts) -> Floats:
    """How many independent voices each act is, in (0, 1]: 1 / (1 + likenesses of others on its paper and signal).

    *topics*: shape (p,), the main topic of each paper.
    """
    row = acts.paper * (int(acts.signal.max(initial=0)) + 1) + acts.signal
    alike = _pressure(row, acts, likenesses(acts, topics, len(accounts.made)))
    cohorts = bursts(accounts.made)
    return 1 / (1 + np.maximum(alike, _burst_pressure(row, acts, cohorts)))


def likenesses(acts: Acts, topics: Ints, accounts: int) -> sparse.csr_array:
    """Shape (m, m), symmetric, nothing on the diagonal: how much more two accounts coincide than chance explains."""
    pairs = np.unique(acts.paper * accounts + acts.account)
    paper, account = np.divmod(pairs, accounts)
    topic = topics[paper] + 1
    chance = _chance(paper, account, topic, accounts)
    told = _telling(paper, accounts)[paper]
    _, column = np.unique(paper[told], return_inverse=True)
    ones = np.ones(len(column), np.float32)
    who = account[told]
    shape = (accounts, int(column.max(initial=-1)) + 1)
    marks = sparse.csr_array((ones, (who, column)), shape=shape)
    both = sparse.csr_array(marks @ marks.T)
    others = both.data - 1  # the paper that is judged is one of those they have in common
    keep = np.flatnonzero(others > SLACK)
    i, j, others = np.searchsorted(both.indptr, keep, side="right") - 1, both.indices[keep], others[keep]
    expected = np.asarray(chance[i].multiply(chance[j]).sum(axis=1)).ravel() if len(i) else np.zeros(0)
    like = 1 - (CHANCE * expected + SLACK) / others
    keep = np.flatnonzero((like > 0) & (i != j))
    return sparse.csr_array((like[keep], (i[keep], j[keep])), shape=(accounts, accounts))


def _chance(paper: Ints, account: Ints, topic: Ints, accounts: int) -> sparse.csr_array:
    """Shape (m, topics): the product of two rows is how often two accounts coincide by chance."""
    on_paper = np.bincount(paper)
    in_topic = np.bincount(topic)
    of_topic = np.zeros(len(on_paper), np.int64)
    of_topic[paper] = topic
    shared = np.bincount(of_topic, on_paper.astype(np.float64) ** 2, minlength=len(in_topic))
    shared = np.minimum(shared / np.maximum(in_topic, 1).astype(np.float64) ** 2, SHARED)
    counts = sparse.csr_array(
        (np.ones(len(account)), (account, topic)), shape=(accounts, len(in_topic))
    )  # entries of one place add up
    counts.sum_duplicates()
    return sparse.csr_array(counts * np.sqrt(shared)[None, :])


def _telling(paper: Ints, accounts: int) -> Bools:
    """Which papers tell who acts together: those with few accounts first, until PAIRS are spent. By paper."""
    on_paper = np.bincount(paper)
    order = np.argsort(on_paper, kind="stable")
    spent = np.cumsum(on_paper[order].astype(np.float64) ** 2)
    limit = on_paper[order[np.searchsorted(spent, PAIRS, side="right") - 1]] if len(order) else 0
    return (on_paper > 1) & (on_paper <= min(limit, max(50, LARGEST * accounts)))


def _pressure(row: Ints, acts: Acts, like: sparse.csr_array) -> Floats:
    """For each act, the likenesses of its account to the others on its row, by their weights."""
    found = np.zeros(len(row))
    degree = np.diff(like.indptr)
    some = np.flatnonzero(degree[acts.account] > 0)
    if not len(some):
        return found
    names, place = np.unique(row[some], return_inverse=True)
    who = acts.account[some]
    shape = (len(names), like.shape[0])
    weights = sparse.csr_array((acts.weight[some], (place, who)), shape=shape)
    sums = weights @ like
    found[some] = np.asarray(sums[place, who]).ravel()
    return found


def bursts(made: Ints) -> Cohorts:
    """Accounts of which far more were made within an hour than is usual around then."""
    order = np.argsort(made, kind="stable")
    when = made[order]
    near = _within(when, HOUR // 2)
    usual = (_within(when, AROUND) - near) / (2 * AROUND / HOUR - 1)
    burst = near >= BURST + BURST_TIMES * usual
    gap = np.diff(when, prepend=when[:1]) > HOUR // 2
    begins = burst & (gap | ~np.roll(burst, 1))
    begins[:1] = burst[:1]
    code = np.where(burst, np.cumsum(begins) - 1, -1)
    found = Cohorts(np.full(len(made), -1), np.zeros(len(made)))
    found.burst[order] = code
    share = np.bincount(code[burst], minlength=1)[code] / max(len(made), 1)
    found.likeness[order] = np.where(burst, TOGETHER * np.maximum(0, 1 - share / IMPORTED), 0)
    return found


def _within(when: Ints, seconds: int) -> Ints:
    """How many of the ascending times are at most so far from each of them."""
    return np.searchsorted(when, when + seconds, "right") - np.searchsorted(when, when - seconds, "left")


def _burst_pressure(row: Ints, acts: Acts, cohorts: Cohorts) -> Floats:
    found = np.zeros(len(row))
    some = np.flatnonzero(cohorts.likeness[acts.account] > 0)
    if not len(some):
        return found
    who = acts.account[some]
    _, group = np.unique(row[some] * (int(cohorts.burst.max()) + 1) + cohorts.burst[who], return_inverse=True)
    weight = acts.weight[some]
    found[some] = cohorts.likeness[who] * (np.bincount(group, weight)[group] - weight)
    return found
