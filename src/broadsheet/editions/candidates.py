"""What editions are chosen from: what is new in a library, and what each wish has of it, asked once for all readers.

A paper is new for a reader in a row above the last one when the last edition that arrived was chosen, or in an edition
that came back, if it appeared within DAYS: a gap that is filled, or a million old papers brought in at once, is no
news. The first edition has the last day, or week. On a list what counts is when a paper was put there; what rises and
what editors chose may be old.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from broadsheet.community.daily import WEIGHTS, daily
from broadsheet.community.days import HALF, topics
from broadsheet.community.periods import day_of, number
from broadsheet.editions import tastes
from broadsheet.editions.announced import announced
from broadsheet.editions.choose import Facts
from broadsheet.editions.content import Why
from broadsheet.editions.shown import SUMMARY
from broadsheet.errors import Mistake
from broadsheet.index.places import scattered
from broadsheet.query import Filters, Query
from broadsheet.shelves.searches import read
from broadsheet.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from broadsheet.index.reader import Reader
    from broadsheet.library import Library
    from broadsheet.paper import Paper
    from broadsheet.store import Entry
    from broadsheet.store.days import Pick
    from broadsheet.store.editions import History
    from broadsheet.store.subscribers import Wish

DAYS = 14
MOST = 20_000  # papers that are new; of more, those with most attention, so that memory stays bounded
FIRST = {"day": 1, "week": 7}  # days back of a first edition
ANSWERS = 2_000  # papers of one wish; of more, those that fit best, or came last
RISING = 200  # papers that rise, of which the letters take theirs
FRONT = 60  # papers of the page of the day
ON_A_LIST = 200  # papers that were put on a list last
NAMED = 4  # authors of a paper that a letter shows
STALE = 2 * 86_400  # seconds after which what was rising does not rise any more
RISE = "week"  # window
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a wish has.

    pks       shape (n,); relevance: shape (n,), in [0, 1]: how well each fits
    since     shape (n,): Unix seconds at which each came to be offered; None where its row tells
    why       the reason of each; whys: of those that have their own
    """

    name: str
    pks: Ints
    relevance: Floats
    why: Why
    whys: dict[int, Why]
    since: Ints | None = None


class Pool:
    """What is new, for all editions of one run. Not for sharing between threads.

    rows       shape (n,), ascending: papers that appeared within DAYS
    topics     shape (n,): codes of `community.days.topics`
    attention  shape (n,), in [0, 1]
    best       places of the rows, those with most attention first
    seen       shape (n, dim): vectors as interests compare them
    upto       the last row that the indexes have: what comes after it is new next time
    """

    def __init__(self, library: "Library", now: int) -> None:
        self.library, self.now = library, now
        self.today = datetime.fromtimestamp(now, UTC).date()
        self.reader: Reader | None = library.index.reader(library.encoder)
        self.board = library.boards.current()
        self.rows, self._days = self._new()
        self.upto = max(0, self.reader.columns.rows - 1) if self.reader else 0
        self.topics = topics(self.reader, self.rows) if self.reader else self.rows
        self.attention = self._attention(self.rows)
        self._code, self._ties = self._tied()
        worth = np.float32(WEIGHTS["attention"]) * self.attention + np.float32(WEIGHTS["code"]) * self._code
        self.best: Ints = np.lexsort((-self._ties, -worth))
        self.ground = tastes.background(self.reader) if self.reader else None
        self.seen = self._looked(self.rows)
        self._others: dict[int, Floats] = {}
        self._words: dict[int, int] = {}
        self._answers: dict[tuple[object, ...], Answer | None] = {}
        self._fronts: dict[tuple[int, bytes], Ints] = {}
        self._silent: dict[int, tuple[Why, ...]] = {}
        self._picks: dict[tuple[int, int, int], list[Pick]] = {}

    # -- what is new -------------------------------------------------------------------------------------------------

    def _new(self) -> tuple[Ints, Ints]:
        """The rows, and the day on which each appeared (yyyymmdd)."""
        if self.reader is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        single = self.reader.columns.single
        late = single["appeared"] >= number(self.today - timedelta(days=DAYS))
        rows = np.flatnonzero(late & (single["live"] > 0)).astype(np.int64)
        if len(rows) > MOST:
            best = np.lexsort((single["rising"][rows], self._attention(rows)))[-MOST:]
            rows = rows[np.sort(best)]
        return rows, single["appeared"][rows].astype(np.int64)

    def fresh(self, history: "History", every: str) -> Bools:
        """Which of the rows are new for a reader, shape (n,)."""
        new: Bools = self.rows > history.upto
        if not history.upto:
            new = self._days >= number(self.today - timedelta(days=FIRST.get(every, 1)))
        return new | np.isin(self.rows, history.again) if len(history.again) else new

    def since(self, history: "History", every: str) -> date:
        """The day from which on something is new for a reader."""
        last = day_of(history.day) if history.day else None
        earliest = self.today - timedelta(days=DAYS)
        return max(last, earliest) if last else self.today - timedelta(days=FIRST.get(every, 1))

    def _attention(self, pks: Ints) -> Floats:
        if self.board is None:
            return np.zeros(len(pks), np.float32)
        score = self.board.windows["month"].scores(pks)
        return score / (score + np.float32(HALF))

    def _tied(self) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Whether each row has code; and of equal ones, which comes first: as on the page of a day."""
        if self.reader is None:
            return np.zeros(0, np.float32), np.zeros(0, np.float64)
        columns = self.reader.columns
        code = (columns.values("code", self.rows) > 0).astype(np.float32)
        return code, columns.values("rising", self.rows).astype(np.float64) + scattered(self.rows) / 2**32

    def topic(self, place: int) -> str:
        """The name of the first topic of the row at *place*; empty for none."""
        code = int(self.topics[place])
        if self.reader is None or code < 0:
            return ""
        shown = self.reader.columns.shown
        categories = shown["category"]
        return categories[code] if code < len(categories) else shown["venue"][code - len(categories)]

    def silent(self, day: int) -> tuple[Why, ...]:
        """Which sources announced nothing for *day* (yyyymmdd)."""
        if day not in self._silent:
            at = day_of(day)
            self._silent[day] = announced(self.library, at) if at else ()
        return self._silent[day]

    # -- what has to be known of papers --------------------------------------------------------------------------------

    @property
    def facts(self) -> Facts:
        """Of the papers that `load` was asked for."""
        return Facts(self._words.__getitem__, self._vectors)

    def load(self, pks: "Iterable[int]") -> frozenset[int]:
        """Reads what is not known yet of papers; those of them that are gone from the store."""
        wanted = [pk for pk in dict.fromkeys(pks) if pk not in self._words]
        found = self.library.store.get(wanted)
        self._words.update((pk, spoken(paper)) for pk, paper in found.items())
        others = np.array(list(found), np.int64)
        others = others[self.places(others) < 0]
        self._others.update(zip(others.tolist(), self._looked(others), strict=True))
        return frozenset(pk for pk in wanted if pk not in found)

    def places(self, pks: Ints) -> Ints:
        """Where in the rows each of *pks* is; -1 where it is not."""
        if not len(self.rows):
            return np.full(len(pks), -1)
        place = np.minimum(np.searchsorted(self.rows, pks), len(self.rows) - 1)
        return np.where(self.rows[place] == pks, place, -1)

    def _looked(self, pks: Ints) -> Floats:
        """Vectors as interests compare them, shape (len(pks), dim)."""
        if self.reader is None or self.ground is None:
            return np.zeros((len(pks), 1), np.float32)
        vectors = np.zeros((len(pks), self.reader.dense.dim), np.float32)
        inside = pks < self.reader.dense.rows
        vectors[inside] = self.reader.dense.take(pks[inside])
        return self.ground.seen(vectors)

    def _vectors(self, pks: Ints) -> Floats:
        place = self.places(pks)
        found = np.zeros((len(pks), self.seen.shape[1]), np.float32)
        found[place >= 0] = self.seen[place[place >= 0]]
        for at in np.flatnonzero(place < 0).tolist():
            found[at] = self._others[int(pks[at])]
        return found

    # -- wishes --------------------------------------------------------------------------------------------------------

    def answer(self, wish: "Wish", account: int) -> Answer | None:
        """What a wish of *account* (0: none) has; None where it means nothing any more.

        Of a kind topic, search, author or list; asked once for all who share it.
        """
        if wish.kind == "list":
            return self._list(wish.value, account)
        try:
            name, query = self._question(wish, account)
        except Mistake:
            return None
        if not query.canonical():  # it asks for nothing, and everything would answer it
            return None
        lists = any("in:" in part for part in (query.canonical(), wish.value))
        key = (wish.kind, name, query, account if lists else 0)
        if key not in self._answers:
            self._answers[key] = self._asked(wish.kind, name, query)
        return self._answers[key]

    def _question(self, wish: "Wish", account: int) -> tuple[str, Query]:
        value = clean(wish.value)
        if wish.kind == "author":
            return value, Query(filters=Filters(authors=(value,)))
        if wish.kind == "topic":
            if self.library.is_category(value):
                return value, Query(filters=Filters(categories=(value,)))
            phrase = clean(value.replace('"', " "))
            return value, self.library.parse(f'"{phrase}"', verbatim=True, asker=0)
        saved = self.library.store.searches.named(value, account) if account else None
        if saved is not None:
            return saved.name, read(saved, account)
        return value, self.library.parse(value, asker=account)

    def _asked(self, kind: str, name: str, query: Query) -> Answer:
        """What answers a question among the rows that are new; of a search, those that rank fit better."""
        after = int(self.rows[0]) - 1 if len(self.rows) else self.upto
        found = np.array(self.library.finder.since(query, after, ANSWERS), np.int64)
        found = found[np.isin(found, self.rows)]
        ranked = np.linspace(1, 0, len(found) + 1, dtype=np.float32)[:-1]
        relevance = ranked if kind == "search" else np.zeros(len(found), np.float32)
        return Answer(name, found, relevance, Why(kind, {"name": name}), {})

    def _list(self, value: str, account: int) -> Answer | None:
        if not _NUMBER.fullmatch(value):
            return None
        key, lists = ("list", value), self.library.store.lists
        if key not in self._answers:
            public = lists.at(int(value), 0)  # what all see is looked at once
            self._answers[key] = _listed(public.name, lists.entries(public.id, 0, ON_A_LIST)) if public else None
        if (found := self._answers[key]) is not None or not account:
            return found
        seen = lists.at(int(value), account)
        return _listed(seen.name, lists.entries(seen.id, 0, ON_A_LIST)) if seen else None

    # -- parts for which nobody has to wish for something in particular -----------------------------------------------

    def rising(self) -> Answer | None:
        """What rises, the fastest first; None where nobody has measured it lately."""
        if ("rising",) not in self._answers:
            self._answers["rising",] = self._risen()
        return self._answers["rising",]

    def _risen(self) -> Answer | None:
        if self.board is None or self.reader is None or self.now - self.board.now > STALE:
            return None
        window = self.board.windows[RISE]
        pks = self.library.rising(self.board, RISE)[:RISING].astype(np.int64)
        score = window.scores(pks)
        return Answer("", pks, score / (score + np.float32(HALF)), Why("rising-now", {}), self._votes(pks.tolist()))

    def _votes(self, pks: list[int]) -> dict[int, Why]:
        found: dict[int, Why] = {}
        for pk in pks:
            one = self.board.windows[RISE].one(pk) if self.board else None
            votes = next((round(term.count) for term in one.terms if term.signal == "votes"), 0) if one else 0
            if votes:
                found[pk] = Why("rising", {"count": votes})
        return found

    def front(self, fresh: Bools, since: date, day: int) -> Answer:
        """The page of the days from *since* to *day*: what editors chose, then *fresh* rows in the order of a day."""
        key = (number(since), np.packbits(fresh).tobytes())
        if key not in self._fronts:
            places = np.flatnonzero(fresh)
            signals = {"attention": self.attention[places], "code": self._code[places]}
            order = daily(signals, self.topics[places], self._ties[places], np.zeros(0, np.int64)).order
            self._fronts[key] = self.rows[places[order[:FRONT]]]
        return self._with_picks("", 0, self._fronts[key], since, day)

    def team(self, value: str, account: int, since: date, day: int) -> Answer | None:
        """What a group's editors chose for these days; None for a group that is not there, or not for *account*."""
        team = self.library.store.teams.at(int(value), account) if _NUMBER.fullmatch(value) else None
        return self._with_picks(team.name, team.id, self.rows[:0], since, day) if team else None

    def _with_picks(self, name: str, team: int, rest: Ints, since: date, day: int) -> Answer:
        key = (team, number(since), day)
        if key not in self._picks:
            self._picks[key] = self.library.store.days.picks(number(since), day, team)
        picks: dict[int, Pick] = {}
        for one in self._picks[key]:
            picks.setdefault(one.pk, one)
        first = np.array(list(picks), np.int64)
        pks = np.concatenate([first, rest[~np.isin(rest, first)]])
        relevance = np.linspace(1, 0, len(pks) + 1, dtype=np.float32)[:-1]
        whys = {pk: Why("picked", {"note": one.note}) if one.note else Why("chosen", {}) for pk, one in picks.items()}
        return Answer(name, pks, relevance, Why("front", {}), whys)


def _listed(name: str, entries: "Iterable[Entry]") -> Answer:
    some = list(entries)
    pks, since = (np.array(column, np.int64) for column in ([one.pk for one in some], [one.at for one in some]))
    return Answer(name, pks, np.zeros(len(pks), np.float32), Why("list", {"name": name}), {}, since)


def spoken(paper: "Paper") -> int:
    """Words of a paper that a letter shows: title, first authors, the beginning of its abstract."""
    names = " ".join(paper.authors[:NAMED])
    return sum(len(text.split()) for text in (paper.title, names, paper.abstract[:SUMMARY]))
