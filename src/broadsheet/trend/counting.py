"""What happened, as it counts: each account once, by trust, rings as few voices, sources capped."""

from typing import NamedTuple

import numpy as np

from broadsheet.trend import BY_ACCOUNT, DAY, NEVER, SIGNALS, Accounts, Events, Floats, Ints, Papers
from broadsheet.trend._columns import starts
from broadsheet.trend.independence import Acts, voices

YOUNG = 7.0  # days: an account that is so old has half of its trust to come,
NEW_HERE = 3.5  # and one that first did something here so many days ago; the smaller of both is its trust
LEAST = 0.1  # trust of an account that has just been made, or that acts for the first time
OF_LIBRARY = 0.25  # of the library's own age these days are at most: in a new library everybody is new
K = len(SIGNALS)


class Counted(NamedTuple):
    """Events that count, each once; shape (n,).

    worth: of an account's act trust x voice, in (0, 1]; of outside growth its amount, not yet capped.
    """

    events: Events
    worth: Floats


def counted(events: Events, accounts: Accounts, papers: Papers) -> Counted:
    """All events that count, whatever the window. An event before `since` or after `until` was not to be counted."""
    inside = (events.at >= papers.since[events.paper, events.signal]) & (
        events.at - events.span <= papers.until[events.paper, events.signal]
    )
    events = events.take(inside)
    acts = once(events.take((events.signal < BY_ACCOUNT) & (events.account >= 0)), len(accounts.made))
    grown = ((events.signal >= BY_ACCOUNT) | (events.account < 0)) & (events.amount > 0)
    growth = _in_order(events.take(grown))
    trusted = trust(acts, accounts)
    heard = voices(Acts(acts.paper, acts.signal, acts.at, acts.account, trusted), papers.topics[:, 0], accounts)
    return Counted(Events.join(acts, growth), np.concatenate([trusted * heard, growth.amount]))


def _in_order(growth: Events) -> Events:
    """Sums are the same to the last bit, in whichever order the events came."""
    cell = (growth.paper * K + growth.signal) * (int(growth.source.max(initial=-1)) + 2) + growth.source
    return growth.take(np.lexsort((growth.span, growth.amount, growth.at, cell)))


def once(acts: Events, accounts: int) -> Events:
    """Of one account, paper and signal only the first event: voting again changes nothing."""
    key = (acts.paper * K + acts.signal) * max(accounts, 1) + acts.account
    order = np.lexsort((acts.at, key))
    return acts.take(order[starts(key[order])])


def trust(acts: Events, accounts: Accounts) -> Floats:
    """In (0, 1]: grows with the age of the account, and with the time since it first did anything here.

    Both as they were when it acted, so that a young account's act does not ripen.
    """
    at, first = acts.at, np.minimum(accounts.first[acts.account], acts.at)
    library = OF_LIBRARY * (at - min(accounts.first.min(initial=NEVER), at.min(initial=NEVER))) / DAY
    return np.minimum(_grown(at - accounts.made[acts.account], YOUNG, library), _grown(at - first, NEW_HERE, library))


def _grown(seconds: Ints, half: float, library: Floats) -> Floats:
    halves = np.maximum(seconds, 0) / DAY / np.clip(library, 1 / 24, half)
    found: Floats = LEAST + (1 - LEAST) * (1 - np.exp2(-halves))
    return found
