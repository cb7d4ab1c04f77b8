"""Which papers stand in one edition, and why: what a reader's wishes offer, made into a letter of five minutes. Pure.

Each wish, and each part of the letter beside them, makes an offer: papers with a strength in [0, 1]. Offers take turns
as parties take seats (Sainte-Lague, 1910): the k-th paper of an offer, k from 0, is worth its strength through 2k + 1.
So a broad topic does not fill the letter, and the best of a narrow search is in it. A paper that several offers have is
worth a little more, stands where its turn came first, and gives all of its reasons. One that says much the same as
those above it is worth less (maximal marginal relevance, Carbonell and Goldstein 1998). The letter ends when the next
paper would make it longer than it takes to read: 238 words a minute, which is how fast adults read to themselves
(Brysbaert 2019, a meta-analysis of 190 studies). docs/edition.md says the same to readers.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.editions.content import PARTS, Content, Part, Printed, Why

SPEED = 238  # words a minute
MINUTES = 5
MOST = 20  # papers, however short they are
REASON = 10  # words of a reason
SHOWN = 3  # reasons of one paper that are read
ALSO = 0.1  # of strength, for each other offer that has the paper
ALIKE = 0.5  # of strength, that a paper loses which is as near to one above it as can be
FAR = 0.2  # cosine up to which two papers have nothing in common: more than 98 of 100 pairs of a library are below it
SAME = 0.95  # cosine from which a paper is one that is there already
FEW = 3  # papers below which a letter says that there is little
WILD = 12  # of the papers outside of what a reader reads, one is drawn from so many
# Who is followed by name seldom has a new paper, so theirs come first; what is for one reader comes before what is for
# all.
SHARE: Mapping[str, float] = {"wishes": 1.5, "authors": 3.0, "near": 1.5, "rising": 1.0, "front": 1.0}
# The strongest reason first: what was asked for by name, then what is judged, then what others do.
_STRONGEST = ("author", "search", "list", "topic", "picked", "chosen", "near", "rising", "rising-now", "front", "wild")
_RANK = {code: place for place, code in enumerate(_STRONGEST)}

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Offer:
    """What one wish has for a reader, or one part of the letter.

    key       the part that its papers stand in; name: of the wish, where each has a part of its own
    pks       shape (n,), each once; strength: shape (n,), in [0, 1]
    why       the reason of each of them; whys: of those that have one of their own
    """

    key: str
    name: str
    pks: Ints
    strength: Floats
    why: Why
    whys: Mapping[int, Why] = field(default_factory=dict)

    def reason(self, pk: int) -> Why:
        return self.whys.get(pk, self.why)


class Facts(NamedTuple):
    """What has to be known of papers.

    words    words that somebody reads of a paper: its title, its authors, its summary
    vectors  rows -> unit vectors, shape (n, dim); a zero row for a paper that has none
    """

    words: Callable[[int], int]
    vectors: Callable[[Ints], Floats]


def choose(
    offers: Sequence[Offer], facts: Facts, *, known: frozenset[int] = frozenset(), wild: Sequence[tuple[int, Why]] = (),
    who: tuple[int, int] = (0, 0), notes: Sequence[Why] = (), silent: Sequence[Why] = (), looked: int = 0,
) -> Content:  # fmt: skip
    """One edition.

    offers  in the order of the letter, within each part of it
    known   papers that are not to be in it, whoever offers them
    wild    papers outside of all that the reader reads, the best first; one of them ends the letter
    who     the subscriber and the day, from which it follows which one
    notes   what the reader should hear in any case; silent: what explains that there is little
    looked  how many papers were new
    """
    wanted = [_trimmed(offer, known) for offer in offers]
    taken = _Letter(wanted, facts, _wild(wild, known, wanted, who)).filled()
    count = sum(map(len, taken.parts.values()))
    parts = [
        Part(offer.key, offer.name, tuple(taken.parts[place]))
        for place, offer in sorted(enumerate(wanted), key=lambda one: (PARTS.index(one[1].key), one[0]))
        if place in taken.parts
    ]
    if count and taken.last:
        parts.append(Part("wild", "", (taken.last,)))
    quiet = (Why("nothing-new", {}),) if not count else (Why("few", {"count": count}),) if count < FEW else ()
    words = taken.words + (taken.reserve if count else 0)
    return Content(tuple(_merged(parts)), (*quiet, *(silent if quiet else ()), *notes), -(-words // SPEED), looked)


def _trimmed(offer: Offer, known: frozenset[int]) -> Offer:
    """Without what is known, the strongest first; equal ones with the newest row first."""
    kept = np.array([pk not in known for pk in offer.pks.tolist()], np.bool_)
    pks, strength = offer.pks[kept], offer.strength[kept]
    order = np.lexsort((-pks, -strength))
    return Offer(offer.key, offer.name, pks[order], strength[order], offer.why, offer.whys)


def _wild(
    wild: Sequence[tuple[int, Why]], known: frozenset[int], offers: Sequence[Offer], who: tuple[int, int]
) -> Printed | None:
    """One of the best papers that no offer has; which of them follows from the subscriber and the day."""
    had = known.union(*(offer.pks.tolist() for offer in offers))
    some = [one for one in wild if one[0] not in had][:WILD]
    if not some:
        return None
    drawn = hashlib.blake2b(f"{who[0]} {who[1]}".encode(), digest_size=8).digest()
    pk, why = some[int.from_bytes(drawn) % len(some)]
    return Printed(pk, (why,))


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Parts of one key and name as one, where the first of them stands."""
    found: dict[tuple[str, str], Part] = {}
    for part in parts:
        before = found.get((part.key, part.name))
        papers = (*before.papers, *part.papers) if before else part.papers
        found[part.key, part.name] = Part(part.key, part.name, papers)
    return list(found.values())


class _Letter:
    """A letter while it is filled. *parts*: offer by its place -> its papers; *reserve*: words of the wild card.

    All papers of all offers stand in one line, offer after offer, so that whose turn it is is the largest of one array.
    """

    def __init__(self, offers: Sequence[Offer], facts: Facts, last: Printed | None) -> None:
        self.offers, self.facts, self.last = offers, facts, last
        self.parts: dict[int, list[Printed]] = {}
        self.words = 0
        self.reserve = facts.words(last.pk) + REASON if last else 0
        line = np.concatenate([np.zeros(0, np.int64), *(offer.pks for offer in offers)])
        self.rows, self._row, held = np.unique(line, return_inverse=True, return_counts=True)
        self._offer = np.repeat(np.arange(len(offers)), [len(offer.pks) for offer in offers])
        strength = np.concatenate([np.zeros(0, np.float32), *(offer.strength for offer in offers)])
        share = np.array([SHARE[offer.key] for offer in offers], np.float32)
        self._strength = (strength + ALSO * (held[self._row] - 1)) * share[self._offer]
        self._turns = np.ones(len(offers))  # 2k + 1
        words = np.array([facts.words(pk) for pk in self.rows.tolist()], np.int64)
        self._cost = words + REASON * np.minimum(SHOWN, held)
        self._free = np.ones(len(self.rows), np.bool_)
        self._near = np.zeros(len(self.rows), np.float32)
        self._vectors = facts.vectors(self.rows)

    def filled(self) -> "_Letter":
        """The letter with what fits in; one paper at least, however long that is."""
        budget = MINUTES * SPEED - self.reserve
        while len(self.rows) and sum(map(len, self.parts.values())) < MOST:
            worth = self._strength * (self._free * (1 - self._loss()))[self._row] / self._turns[self._offer]
            best = int(worth.argmax())
            if worth[best] <= 0:
                break
            offer, row = int(self._offer[best]), int(self._row[best])
            pk = int(self.rows[row])
            self.parts.setdefault(offer, []).append(Printed(pk, self._reasons(pk, offer)))
            self._turns[offer] += 2
            self.words += int(self._cost[row])
            self._free[row] = False
            self._free &= self._cost <= budget - self.words
            np.maximum(self._near, self._vectors @ self._vectors[row], out=self._near)
        return self

    def _loss(self) -> Floats:
        """What each paper loses for being like one above it, in [0, 1]; all of it for one that is the same."""
        alike = ALIKE * np.clip((self._near - FAR) / (1 - FAR), 0, 1)
        loss: Floats = np.where(self._near >= SAME, 1, alike).astype(np.float32)
        return loss

    def _reasons(self, pk: int, first: int) -> tuple[Why, ...]:
        """All reasons of a paper, the strongest first, each once; the one by which it stands there leads among equals.

        *first*: the place of the offer whose turn it was.
        """
        order = [self.offers[first], *(offer for place, offer in enumerate(self.offers) if place != first)]
        found = [offer.reason(pk) for offer in order if pk in offer.pks]
        ranked = sorted(found, key=lambda why: _RANK.get(why.code, len(_RANK)))
        return tuple(why for place, why in enumerate(ranked) if why not in ranked[:place])
