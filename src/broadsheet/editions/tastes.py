"""What many readers like, from what they did: votes, papers on their lists, papers put out of sight. By accounts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.editions.content import Why
from broadsheet.rank import interest
from broadsheet.rank.interest import Background, Crowd, Taste

if TYPE_CHECKING:
    from broadsheet.index.reader import Reader
    from broadsheet.store import Store

LIKED = 100  # papers of one reader that are learned from, and as many that were hidden: the last ones
KNOWN = 2_000  # votes of one reader, saves, papers hidden and read, of each the last: none of them is in an edition
SAMPLE = 4_096  # papers that tell what is usual
DAY = 86_400

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Likes(NamedTuple):
    """Of one account: liked papers, the last first, with their weights; those put out of sight; all that it knows."""

    liked: Ints
    weights: Floats
    disliked: Ints
    known: frozenset[int]


NOTHING = Likes(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64), frozenset())


def likes(store: "Store", accounts: Sequence[int], now: int) -> dict[int, Likes]:
    """account -> what it likes, for many at once."""
    liked: dict[int, dict[int, int]] = defaultdict(dict)
    hidden: dict[int, dict[int, int]] = defaultdict(dict)
    known: dict[int, set[int]] = defaultdict(set)
    for account, kind, pk, at in store.days.tastes(accounts, KNOWN):
        known[account].add(pk)
        if kind == "hide":
            hidden[account][pk] = at
        elif kind != "read":
            liked[account][pk] = max(at, liked[account].get(pk, 0))
    return {account: _likes(liked[account], hidden[account], known[account], now) for account in accounts}


def _likes(liked: Mapping[int, int], hidden: Mapping[int, int], known: set[int], now: int) -> Likes:
    last = sorted(((at, pk) for pk, at in liked.items() if pk not in hidden), reverse=True)[:LIKED]
    away = sorted(hidden, key=lambda pk: (hidden[pk], pk))[-LIKED:]
    ages = np.array([(now - at) / DAY for at, _ in last], np.float64)
    pks = np.array([pk for _, pk in last], np.int64)
    return Likes(pks, interest.faded(ages), np.array(sorted(away), np.int64), frozenset(known))


def background(reader: "Reader") -> Background:
    """What papers of a library have in common, from some that are spread evenly over it."""
    live = np.flatnonzero(reader.columns.single["live"][: reader.dense.rows])
    some = live[np.unique(np.linspace(0, max(0, len(live) - 1), min(SAMPLE, len(live))).astype(np.int64))]
    return Background.of(reader.dense.take(some))


class Interests:
    """The interests of the readers of one batch. What is liked is looked up once for all of them."""

    def __init__(self, reader: "Reader", ground: Background, of: Sequence[Likes]) -> None:
        self._reader = reader
        named = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(pks for one in of for pks in (one.liked, one.disliked))])
        )
        vectors = reader.dense.take(named)  # leaves out rows that it has not yet
        named = named[named < reader.dense.rows]
        has = vectors.any(axis=1)
        self._pks = named[has]
        self._tastes = [self._taste(one) for one in of]
        self._crowd = Crowd(self._tastes, vectors[has], ground)

    def _taste(self, one: Likes) -> Taste:
        liked, weights = self._places(one.liked, one.weights)
        disliked, _ = self._places(one.disliked, np.ones(len(one.disliked), np.float32))
        return Taste(liked, weights, disliked)

    def _places(self, pks: Ints, weights: Floats) -> tuple[Ints, Floats]:
        if not len(self._pks):
            return pks[:0], weights[:0]
        place = np.minimum(np.searchsorted(self._pks, pks), len(self._pks) - 1)
        there = self._pks[place] == pks
        return place[there], weights[there]

    def scores(self, rows: Ints) -> Floats:
        """Shape (readers, len(rows)): how near these papers are to what each likes; see `rank.interest`."""
        vectors = np.zeros((len(rows), self._reader.dense.dim), np.float32)
        inside = rows < self._reader.dense.rows
        vectors[inside] = self._reader.dense.take(rows[inside])
        found = self._crowd.scores(vectors)
        found[:, ~vectors.any(axis=1)] = 0
        return np.round(found, 3)  # the last digits depend on who else is in the batch

    def whys(self, place: int, pks: Ints, seen: Floats) -> dict[int, Why]:
        """Why papers are near to what the reader at *place* likes: by which liked paper, and how many are as close.

        The paper is named by its row (``pk``); `told` puts the title there. *seen*: their vectors, through the
        background.
        """
        if not len(pks) or not len(self._tastes[place].liked):
            return {}
        found = self._crowd.nearest(place, seen)
        nearest = self._pks[found.place]
        return {
            pk: Why("near", {"pk": near, "count": max(1, close)})
            for pk, near, close in zip(pks.tolist(), nearest.tolist(), found.close.tolist(), strict=True)
        }


def told(why: Why, titles: Mapping[int, str]) -> Why | None:
    """A reason with the title of the liked paper that it names by its row; None when that paper is gone."""
    if why.code != "near" or "pk" not in why.args:
        return why
    title = titles.get(int(why.args["pk"]))
    return Why("near", {"title": title, "count": why.args["count"]}) if title else None
