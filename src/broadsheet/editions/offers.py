"""What one reader is offered: of each wish, and of each part of the letter, the strongest papers that are new for them.

Every paper of an offer has at least BASE: that is what makes the turns of wishes equal. What is above it says which of
one offer's papers come first.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.editions.choose import WILD, Offer
from broadsheet.editions.content import Why
from broadsheet.rank.interest import NEAR

if TYPE_CHECKING:
    from broadsheet.editions.candidates import Answer, Pool
    from broadsheet.editions.tastes import Interests
    from broadsheet.store.editions import History
    from broadsheet.store.subscribers import Subscriber, Wish

MOST = 40  # papers of one offer: twice as many as a letter can hold
BASE, NEARNESS, ATTENTION, RELEVANCE = 0.3, 0.2, 0.2, 0.3  # what makes a strength
FROM, TO = 1.0, 9.0  # deviations that are worth nothing, and all that nearness can be worth
EARLY = 14 * 3600  # seconds by which the day of a reader can begin before that of UTC
ORDER = ("author", "search", "list", "topic")  # of wishes in a letter: what is narrow comes first
# Kinds that ask for what is new at large. Who follows a list, a search or an author wants that, and no wild card.
OPEN = frozenset({"topic", "rising", "front", "personal"})

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Person(NamedTuple):
    """A reader for whom an edition is made.

    day    of the edition, yyyymmdd
    known  papers that it cannot have, besides those delivered before: the reader knows them anyway
    near   shape (n,): scores of `rank.interest` for the rows of the pool; None for a reader who does not want that
    place  of the reader among *interests*
    """

    subscriber: "Subscriber"
    wishes: "Sequence[Wish]"
    history: "History"
    day: int
    known: frozenset[int]
    near: Floats | None = None
    interests: "Interests | None" = None
    place: int = 0


class Offered(NamedTuple):
    """offers, the papers of which one becomes the wild card, notes on wishes, and how many papers were new."""

    offers: list[Offer]
    wild: list[tuple[int, Why]]
    notes: tuple[Why, ...]
    looked: int


def offered(pool: "Pool", one: Person) -> Offered:
    """All that there is for a reader."""
    return _Desk(pool, one).offered()


class _Desk:
    """Where the offers for one reader are put together."""

    def __init__(self, pool: "Pool", one: Person) -> None:
        self.pool, self.one = pool, one
        self.kinds = {wish.kind for wish in one.wishes}
        self.all_fresh = pool.fresh(one.history, one.subscriber.every)
        self.fresh = self.all_fresh.copy()
        for had in (np.fromiter(one.known, np.int64, len(one.known)), one.history.delivered):
            place = pool.places(had)
            self.fresh[place[place >= 0]] = False
        self.near = np.zeros(len(pool.rows), np.float32)
        if one.near is not None:
            self.near = np.clip((one.near - FROM) / (TO - FROM), 0, 1).astype(np.float32)
        self.base = BASE + NEARNESS * self.near + ATTENTION * pool.attention
        self.asked: list[Ints] = []  # all that the reader's wishes have
        self.notes: list[Why] = []

    def offered(self) -> Offered:
        offers = [offer for offer in self._offers() if len(offer.pks)]
        wild = list(self._wild(offers)) if self.kinds & OPEN else []
        return Offered(offers, wild, tuple(self.notes), int(self.fresh.sum()))

    def _offers(self) -> Iterator[Offer]:
        account = self.one.subscriber.account or 0
        for wish in sorted(self.one.wishes, key=lambda wish: ORDER.index(wish.kind) if wish.kind in ORDER else 9):
            if wish.kind in ORDER:
                answer = self.pool.answer(wish, account)
                if answer is None:
                    self.notes.append(Why(f"gone-{wish.kind}", {}))
                    continue
                self.asked.append(answer.pks)
                key = "authors" if wish.kind == "author" else "wishes"
                yield self._offer(key, "" if wish.kind == "author" else answer.name, answer)
        yield from self._near()
        yield from self._beside(account)

    def _offer(self, key: str, name: str, answer: "Answer") -> Offer:
        """The strongest of an answer: of what is new by its row, or by when it came to be offered."""
        place = self.pool.places(answer.pks)
        there = place >= 0
        if answer.since is None:
            kept = there & self.fresh[place]
        else:
            kept = (answer.since >= self._begin()) & self._unknown(answer.pks)
        base = np.where(there, self.base[place] if len(self.base) else BASE, BASE)
        strength = (base + RELEVANCE * answer.relevance).astype(np.float32)
        return _cut(key, name, answer.pks[kept], strength[kept], answer)

    def _unknown(self, pks: Ints) -> Bools:
        found = np.fromiter((pk not in self.one.known for pk in pks.tolist()), np.bool_, len(pks))
        had = self.one.history.delivered  # thousands, of every reader: they stay an array
        if len(had):
            found &= had[np.minimum(np.searchsorted(had, pks), len(had) - 1)] != pks
        return found

    def _begin(self) -> float:
        """Unix seconds from which on something on a list is new. A day counts whole: nothing is delivered twice."""
        since = self.pool.since(self.one.history, self.one.subscriber.every)
        return datetime.combine(since, time(), UTC).timestamp() - EARLY

    def _near(self) -> Iterator[Offer]:
        """What is near to what the reader liked."""
        one = self.one
        if one.near is None or one.interests is None:
            if "personal" in self.kinds:
                self.notes.append(Why("unliked", {}))
            return
        places = np.flatnonzero(self.fresh & (one.near >= NEAR))
        places = places[np.argsort(-one.near[places], kind="stable")][:MOST]
        pks = self.pool.rows[places]
        strength = (BASE + (1 - BASE) * self.near[places]).astype(np.float32)
        whys = one.interests.whys(one.place, pks, self.pool.seen[places])
        yield Offer("near", "", pks, strength, Why("near", {}), whys)

    def _beside(self, account: int) -> Iterator[Offer]:
        """What rises, and pages of the day."""
        since = self.pool.since(self.one.history, self.one.subscriber.every)
        if "rising" in self.kinds and (rising := self.pool.rising()) is not None:
            yield self._shared("rising", rising)
        for wish in self.one.wishes:
            if wish.kind == "front" and wish.value:
                team = self.pool.team(wish.value, account, since, self.one.day)
                if team is None:
                    self.notes.append(Why("gone-front", {}))
                else:
                    yield self._shared("front", team)
            elif wish.kind == "front":
                yield self._shared("front", self.pool.front(self.all_fresh, since, self.one.day))

    def _shared(self, key: str, answer: "Answer") -> Offer:
        """What is the same for all readers, in its own order."""
        kept = self._unknown(answer.pks)
        strength = (BASE + RELEVANCE * answer.relevance).astype(np.float32)
        return _cut(key, answer.name, answer.pks[kept], strength[kept], answer)

    def _wild(self, offers: Sequence[Offer]) -> Iterator[tuple[int, Why]]:
        """New papers with most attention that no wish has, of no topic that the offers have, and near to nothing."""
        pool = self.pool
        outside = self.fresh & (pool.topics >= 0)
        asked = pool.places(np.concatenate([np.zeros(0, np.int64), *self.asked]))
        outside[asked[asked >= 0]] = False
        place = pool.places(np.concatenate([np.zeros(0, np.int64), *(offer.pks for offer in offers if _own(offer))]))
        outside &= ~np.isin(pool.topics, pool.topics[place[place >= 0]])
        if self.one.near is not None:
            outside &= self.one.near < 0
        best = pool.best[outside[pool.best]]
        for at in best[:WILD].tolist():
            yield int(pool.rows[at]), Why("wild", {"name": pool.topic(at)})


def _own(offer: Offer) -> bool:
    """Whether an offer says what its reader reads, and not what all do."""
    return offer.key in ("wishes", "authors", "near")


def _cut(key: str, name: str, pks: Ints, strength: Floats, answer: "Answer") -> Offer:
    order = np.argsort(-strength, kind="stable")[:MOST]
    pks = pks[order]
    whys: Mapping[int, Why] = {pk: answer.whys[pk] for pk in pks.tolist() if pk in answer.whys} if answer.whys else {}
    return Offer(key, name, pks, strength[order], answer.why, whys)
