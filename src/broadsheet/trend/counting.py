"""What happened, as it counts: each account once, by trust, rings as few voices, sources capped."""

from typing import NamedTuple

import numpy as np

from broadsheet.trend import BY_ACCOUNT, DAY, SIGNALS, Accounts, Events, Floats, Papers
from broadsheet.trend.independence import Acts, voices

YOUNG = 7.0  # days: an account has half of its trust to come when it is so old,
NEW_HERE = 7.0  # and the same of the days since it first did anything here
LEAST = 0.2  # trust of an account that has just been made; and again of one that acts for the first time
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
    growth = events.take((events.signal >= BY_ACCOUNT) | (events.account < 0))
    trusted = trust(acts, accounts)
    heard = voices(Acts(acts.paper, acts.signal, acts.account, trusted), papers.topics[:, 0], accounts)
    return Counted(Events.join(acts, growth), np.concatenate([trusted * heard, growth.amount]))


def once(acts: Events, accounts: int) -> Events:
    """Of one account, paper and signal only the first event: voting again changes nothing."""
    key = (acts.paper * K + acts.signal) * max(accounts, 1) + acts.account
    order = np.lexsort((acts.at, key))
    ordered = key[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return acts.take(order[first])


def trust(acts: Events, accounts: Accounts) -> Floats:
    """In (0, 1]: grows with the age of the account, and with the time since it first did anything here.

    Both as they were when it acted, so that a young account's act does not ripen.
    """
    age = np.maximum(acts.at - accounts.made[acts.account], 0) / DAY
    known = np.maximum(acts.at - np.minimum(accounts.first[acts.account], acts.at), 0) / DAY
    return _grown(age, YOUNG) * _grown(known, NEW_HERE)


def _grown(days: Floats, half: float) -> Floats:
    return LEAST + (1 - LEAST) * (1 - np.exp2(-days / half))
