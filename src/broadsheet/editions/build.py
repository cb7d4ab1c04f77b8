"""Makes the editions of many subscribers at once, and puts them into the ledger, where the sender finds them.

Every distinct wish is asked once, and what is near to what readers like is worked out for a batch of them at a time:
time grows with the number of wishes and of readers, memory with the batch. A subscriber and a day has one row, whoever
makes it and how often: killed in the middle, the next run goes on with those that have none.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from broadsheet.editions import verdicts
from broadsheet.editions.candidates import Pool
from broadsheet.editions.choose import choose
from broadsheet.editions.content import Content, Part, Printed, Why, pack
from broadsheet.editions.offers import Offered, Person, offered
from broadsheet.editions.tastes import NOTHING, Interests, Likes, likes, told
from broadsheet.store.editions import Edition
from broadsheet.watch import BLIND, Watch

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store.subscribers import Subscriber, Wish
    from broadsheet.store.suppression import Suppressed

    Turns = Sequence[tuple[Subscriber, int, int]]

BATCH = 500  # subscribers
NO_WISHES = "its reader follows nothing"
NOTHING_NEW = "nothing new that fits, and its reader wants no letter then"


class Built(NamedTuple):
    """What `build` did. made: editions that can be sent; skipped, withheld: rows that say why not, by *reasons*."""

    made: int
    skipped: int
    withheld: int
    seconds: float
    reasons: Mapping[str, int]


def build(library: "Library", turns: "Turns", now: int, *, batch: int = BATCH, watch: Watch = BLIND) -> Built:
    """A row in the ledger for each (subscriber, day as yyyymmdd, when it is due) of *turns* that has none yet.

    Whoever is being sent an earlier edition waits for the next time: whether that arrives is not known yet.
    """
    began, done = time.perf_counter(), Counter[tuple[str, str]]()
    watch.stage("choosing", len(turns), "editions")
    for count, rows in _batches(library, turns, now, batch):
        library.store.editions.put(rows)
        done.update((row.state, row.reason) for row in rows)
        watch.moved(count)
    states = Counter[str]()
    for (state, _), count in done.items():
        states[state] += count
    reasons = {reason: count for (_, reason), count in done.most_common() if reason}
    spent = time.perf_counter() - began
    return Built(states["ready"], states["skipped"], states["withheld"], spent, reasons)


def preview(library: "Library", subscriber: "Subscriber", day: int, now: int) -> Edition:
    """The edition that *subscriber* would get now, whatever the ledger has for that day; it is not put there."""
    made = _Batch(library, Pool(library, now), [(subscriber, day, now)], now)
    return made.row(0, made.contents([0])[0], always=True)


def _batches(library: "Library", turns: "Turns", now: int, batch: int) -> Iterator[tuple[int, list[Edition]]]:
    """(how many of *turns* are done, new rows). What is new is looked up when the first subscriber needs it."""
    pool: Pool | None = None
    done = 0
    for start in range(0, len(turns), batch):
        some = turns[start : start + batch]
        ids, since = [one.id for one, _, _ in some], min(day for _, day, _ in some)
        known = library.store.editions.days(ids, since)
        busy = {row.subscriber for row in library.store.editions.orphans()}  # what they get now is not known yet
        missing = [turn for turn in some if (turn[0].id, turn[1]) not in known and turn[0].id not in busy]
        done += len(some)
        if missing:  # what waits of days before is not sent while what it held is chosen again
            library.store.editions.overtake(
                [one.id for one, _, _ in missing], max(day for _, day, _ in missing), verdicts.OVERTAKEN, now
            )
            pool = pool or Pool(library, now)
            yield done, _Batch(library, pool, missing, now).rows()


class _Batch:
    """Some subscribers, and all that is known of them."""

    def __init__(self, library: "Library", pool: Pool, turns: "Turns", now: int) -> None:
        self.library, self.pool, self.turns, self.now = library, pool, turns, now
        store, ids = library.store, [one.id for one, _, _ in turns]
        self.wishes: Mapping[int, list[Wish]] = store.subscribers.wishes(ids)
        self.histories = store.editions.histories(ids)
        self.suppressed: Mapping[str, Suppressed] = store.subscribers.suppressed([one.email for one, _, _ in turns])
        self.likes = likes(store, sorted({one.account for one, _, _ in turns if one.account}), now)

    def rows(self) -> list[Edition]:
        """One for each of them, in order."""
        against = {place: row for place in range(len(self.turns)) if (row := self._against(place))}
        wanted = [place for place in range(len(self.turns)) if place not in against]
        made = dict(zip(wanted, self.contents(wanted), strict=True))
        return [against.get(place) or self.row(place, made[place]) for place in range(len(self.turns))]

    def _against(self, place: int) -> Edition | None:
        """The row of one that gets no edition, whatever is new."""
        one, row = self.turns[place][0], self._blank(place)
        verdict = verdicts.unwanted(one, self.suppressed.get(one.email), row)
        if verdict is not None:
            return row._replace(state=verdict.state, reason=verdict.reason)
        return None if self.wishes[one.id] else row._replace(state="skipped", reason=NO_WISHES)

    def row(self, place: int, content: Content, *, always: bool = False) -> Edition:
        """The row of one with this content; *always*: also for who wants no letter without papers."""
        row = self._blank(place)
        pks = np.array([printed.pk for printed in content.papers()], "<i4")
        if not len(pks) and self.turns[place][0].quiet == "skip" and not always:
            return row._replace(state="skipped", reason=NOTHING_NEW)
        return row._replace(papers=pks.tobytes(), content=pack(content))

    def _blank(self, place: int) -> Edition:
        one, day, due = self.turns[place]
        return Edition(0, one.id, day, "ready", "", due, 0, 0, self.pool.upto, b"", None, self.now, None)

    # -- what they say -------------------------------------------------------------------------------------------------

    def contents(self, places: Sequence[int]) -> list[Content]:
        """What the editions of those at *places* say."""
        people = self._people(places)
        found = [offered(self.pool, person) for person in people]
        gone = self.pool.load(pk for one in found for pk in _named(one))
        chosen = [self._chosen(person, one, gone) for person, one in zip(people, found, strict=True)]
        liked = {int(why.args["pk"]) for content in chosen for why in _whys(content) if "pk" in why.args}
        titles = {pk: paper.title for pk, paper in self.library.store.get(sorted(liked)).items()}
        return [_told(content, titles) for content in chosen]

    def _chosen(self, person: Person, one: Offered, gone: frozenset[int]) -> Content:
        who, silent = (person.subscriber.id, person.day), self.pool.silent(person.day)
        return choose(
            one.offers, self.pool.facts, known=gone, wild=one.wild, who=who, notes=one.notes,
            silent=silent, looked=one.looked,
        )  # fmt: skip

    def _people(self, places: Sequence[int]) -> list[Person]:
        """Those at *places*, with what is near to what they like where they want to know that."""
        people = [self._person(place) for place in places]
        asked = [at for at, one in enumerate(people) if _personal(one) and len(self._liked(one).liked)]
        reader, ground, rows = self.pool.reader, self.pool.ground, self.pool.rows
        if not asked or reader is None or ground is None or not len(rows):
            return people
        interests = Interests(reader, ground, [self._liked(people[at]) for at in asked])
        fresh = np.array([self.pool.fresh(people[at].history, people[at].subscriber.every) for at in asked])
        some = fresh.any(axis=0)
        scores = np.zeros(fresh.shape, np.float32)
        scores[:, some] = interests.scores(rows[some])
        for place, at in enumerate(asked):
            people[at] = people[at]._replace(near=scores[place], interests=interests, place=place)
        return people

    def _person(self, place: int) -> Person:
        one, day, _ = self.turns[place]
        history = self.histories[one.id]
        return Person(one, self.wishes[one.id], history, day, self.likes.get(one.account or 0, NOTHING).known)

    def _liked(self, person: Person) -> Likes:
        return self.likes.get(person.subscriber.account or 0, NOTHING)


def _personal(person: Person) -> bool:
    return any(wish.kind == "personal" for wish in person.wishes)


def _named(one: Offered) -> Iterator[int]:
    """All papers that may stand in an edition."""
    for offer in one.offers:
        yield from offer.pks.tolist()
    yield from (pk for pk, _ in one.wild)


def _whys(content: Content) -> Iterator[Why]:
    for printed in content.papers():
        yield from printed.whys


def _told(content: Content, titles: Mapping[int, str]) -> Content:
    """*content* with the titles of liked papers in its reasons; a reason whose paper is gone is left out."""
    parts = tuple(
        Part(part.key, part.name, tuple(_retold(one, titles) for one in part.papers)) for part in content.parts
    )
    return Content(parts, content.quiet, content.minutes, content.looked)


def _retold(printed: Printed, titles: Mapping[int, str]) -> Printed:
    return Printed(printed.pk, tuple(said for why in printed.whys if (said := told(why, titles))))
