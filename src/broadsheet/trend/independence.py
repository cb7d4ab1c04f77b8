"""Who is not independent of whom: accounts that do the same, and accounts that were made, or woke, in one burst.

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
import numpy.typing as npt
from scipy import sparse

from broadsheet.trend import HOUR, NEVER, Accounts, Floats, Ints
from broadsheet.trend._columns import distinct, starts

PAIRS = 60_000_000  # coincidences that are counted; where there are more, those with a sample of the accounts
LARGEST = 0.05  # share of all accounts: a paper with more accounts than that tells nothing of who acts together
CHANCE = 2.0  # times what chance explains is taken off,
SLACK = 1.5  # and so many coincidences more
SHARED = 0.015  # sum(s_q^2) of a topic is taken to be at most this: a ring of its own topic explains no more
TOPICS = 128  # columns; the smaller half of more topics shares columns, so that chance explains a little too much
BURST = 5  # accounts made, or waking, within one hour above three times what is usual around then are a burst
BURST_TIMES = 3.0
AROUND = 7 * 24 * HOUR
TOGETHER = 0.5  # likeness of two accounts of one burst that have done nothing else,
ELSEWHERE = 10.0  # half of that when they acted on so many others;
FADES = 3 * 24 * HOUR  # and half of it so long after a burst of accounts that woke
IMPORTED = 0.25  # share of all accounts from which on a burst is an import of a whole lab, and says nothing


CELLS = 5_000_000  # pairs of accounts that are held at once
Chances = npt.NDArray[np.float32]


class Acts(NamedTuple):
    """One account's act on one paper by one signal, once each. Shape (n,).

    weight: how much the account is trusted, in (0, 1].
    """

    paper: Ints
    signal: Ints
    at: Ints
    account: Ints
    weight: Floats


class Cohorts(NamedTuple):
    """Shape (m,). burst: the code of the burst in which an account began, or -1. likeness: to others of it."""

    burst: Ints
    likeness: Floats


def voices(acts: Acts, topics: Ints, accounts: Accounts) -> Floats:
    """How many independent voices each act is, in (0, 1]: 1 / (1 + likenesses of others on its paper and signal).

    *topics*: shape (p,), the main topic of each paper.
    """
    row = acts.paper * (int(acts.signal.max(initial=0)) + 1) + acts.signal
    alike = _pressure(row, acts, likenesses(acts, topics, len(accounts.made)))
    papers = _papers_of(acts, len(accounts.made))
    made = _burst_pressure(row, acts, bursts(accounts.made, papers))
    awake = np.exp2(-np.maximum(acts.at - accounts.first[acts.account], 0) / FADES)
    woke = _burst_pressure(row, acts, bursts(accounts.first, papers)) * awake
    found: Floats = 1 / (1 + np.maximum(alike, np.maximum(made, woke)))
    return found


def likenesses(acts: Acts, topics: Ints, accounts: int) -> sparse.csr_array:
    """Shape (m, m), nothing on the diagonal: how much more each two accounts coincide than chance explains.

    With a sample, only its columns have values, by so much larger that the sum of a row is as it would be.
    """
    pairs = distinct(acts.paper * accounts + acts.account)
    paper, account = np.divmod(pairs, accounts)
    topic = topics[paper] + 1
    chance = _chance(paper, account, topic, accounts)
    on_paper = np.bincount(paper)
    told = ((on_paper > 1) & (on_paper <= max(50, LARGEST * accounts)))[paper]
    column = np.cumsum(starts(paper[told])) - 1  # the pairs are in the order of papers
    ones = np.ones(len(column), np.float32)
    who = account[told]
    shape = (accounts, int(column.max(initial=-1)) + 1)
    marks = sparse.csr_array((ones, (who, column)), shape=shape)
    share = min(1.0, PAIRS / max(1.0, float((np.bincount(column).astype(np.float64) ** 2).sum())))
    sample = np.flatnonzero(_scattered(accounts) < share)
    columns, by_column = sparse.csr_array(marks[sample].T), np.ascontiguousarray(chance[sample].T)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    step = max(16, CELLS // max(len(sample), 1))
    for begin in range(0, accounts, step):
        block = slice(begin, begin + step)
        i, j, like = _more_than_chance(sparse.csr_array(marks[block] @ columns), chance[block] @ by_column)
        other = np.flatnonzero(i + begin != sample[j])
        found.append((i[other] + begin, sample[j[other]], like[other]))
    i, j, like = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return sparse.csr_array((like / share, (i, j)), shape=(accounts, accounts))


def _more_than_chance(shared: sparse.csr_array, expected: Chances) -> tuple[Ints, Ints, Floats]:
    """Rows, columns and likeness where it is above 0, of what pairs share and what chance lets them share."""
    others = shared.data.astype(np.float64) - 1  # the paper that is judged is one of those they have in common
    keep = np.flatnonzero(others > SLACK)
    i = np.searchsorted(shared.indptr, keep, side="right") - 1
    j = shared.indices[keep].astype(np.int64)
    like = 1 - (CHANCE * expected[i, j] + SLACK) / others[keep]
    found = np.flatnonzero(like > 0)
    return i[found], j[found], like[found]


def _scattered(count: int) -> Floats:
    """A number in [0, 1) for each of so many codes, always the same (Knuth's multiplicative hashing)."""
    return (np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(11)) / 2.0**53


def _chance(paper: Ints, account: Ints, topic: Ints, accounts: int) -> Chances:
    """Shape (m, at most TOPICS): the product of two rows is how often two accounts coincide by chance."""
    on_paper, in_topic = np.bincount(paper), np.bincount(topic)
    of_topic = np.zeros(len(on_paper), np.int64)
    of_topic[paper] = topic
    shared = np.bincount(of_topic, on_paper.astype(np.float64) ** 2, minlength=len(in_topic))
    shared = np.sqrt(np.minimum(shared / np.maximum(in_topic, 1).astype(np.float64) ** 2, SHARED))
    rank = np.argsort(np.argsort(-in_topic, kind="stable"))
    column = np.where(rank < TOPICS // 2, rank, TOPICS // 2 + rank % (TOPICS // 2))
    width = int(column.max(initial=-1)) + 1
    sums = np.bincount(account * width + column[topic], shared[topic], minlength=accounts * width)
    return sums.reshape(accounts, width).astype(np.float32)


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
    sums = weights @ like.T
    found[some] = np.asarray(sums[place, who]).ravel()
    return found


def _papers_of(acts: Acts, accounts: int) -> Ints:
    """On how many papers each account acted."""
    pairs = distinct(acts.paper * accounts + acts.account)
    return np.bincount(pairs % accounts, minlength=accounts) if accounts else np.zeros(0, np.int64)


def bursts(moments: Ints, papers: Ints) -> Cohorts:
    """Accounts of which far more began within an hour than is usual around then.

    *moments*: when each was made, or first acted. *papers*: on how many each acted; who has a history of its own is
    less suspect.
    """
    order = np.argsort(moments, kind="stable")
    order = order[moments[order] != NEVER]
    when = moments[order]
    near = _within(when, HOUR // 2)
    usual = (_within(when, AROUND) - near) / (2 * AROUND / HOUR - 1)
    burst = near >= BURST + BURST_TIMES * usual
    gap = np.diff(when, prepend=when[:1]) > HOUR // 2
    begins = burst & (gap | ~np.roll(burst, 1))
    begins[:1] = burst[:1]
    code = np.where(burst, np.cumsum(begins) - 1, -1)
    found = Cohorts(np.full(len(moments), -1), np.zeros(len(moments)))
    found.burst[order] = code
    share = np.bincount(code[burst], minlength=1)[code] / max(len(moments), 1)
    found.likeness[order] = np.where(burst, TOGETHER * np.maximum(0, 1 - share / IMPORTED), 0)
    return found._replace(likeness=found.likeness / (1 + np.maximum(papers - 1, 0) / ELSEWHERE))


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
