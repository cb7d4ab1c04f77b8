"""The editors' desk: what they choose for a day, in which order and why; and what readers bring here.

Each method is one short transaction. A day is a number, yyyymmdd; team 0 is the whole library's front page. Two editors
who order one day at once both get what they asked for: a step up or down is taken from where the paper stands then, and
a place among papers that have changed since is a Conflict.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Conflict, Mistake, NotFound, TooOften
from broadsheet.store import audits
from broadsheet.store.community import acting, living
from broadsheet.store.db import SOON, Database
from broadsheet.store.schema_people import pick as _pick

MOST = 50  # papers of one day
SUBMITTED = 50  # papers that one account brings in a day
DAY = 86_400


class Chosen(NamedTuple):
    """A paper of a day, in its place; who chose it (None and empty: an account that is gone), and why."""

    pk: int
    place: int
    account: int | None
    name: str
    note: str
    at: int


class Brought(NamedTuple):
    """A paper that somebody submitted: with what words, when; new: not submitted by anybody before."""

    pk: int
    note: str
    at: int
    new: bool = False


_DAY = sa.text(
    """
    SELECT p.pk, p.place, p.account, coalesce(a.name, ''), p.note, p.at
    FROM pick p LEFT JOIN account a ON a.id = p.account AND a.state <> 'gone'
    WHERE p.team = :team AND p.day = :day ORDER BY p.place, p.pk
    """
)
# In one order, so that two who take the same rows wait for each other and nothing else.
_TAKE = (
    sa.select(_pick.c.pk, _pick.c.place)
    .where(_pick.c.team == sa.bindparam("team"), _pick.c.day == sa.bindparam("day"))
    .order_by(_pick.c.pk)
    .with_for_update()
)
_PICK = sa.text(
    """
    INSERT INTO pick (team, day, pk, place, account, note, at) VALUES (:team, :day, :pk, :place, :account, :note, :at)
    ON CONFLICT (team, day, pk) DO NOTHING
    """
)
_UNPICK = sa.text("DELETE FROM pick WHERE team = :team AND day = :day AND pk = :pk")
_PLACE = sa.text("UPDATE pick SET place = :place WHERE team = :team AND day = :day AND pk = :pk")
_NOTED = sa.text("SELECT note FROM pick WHERE team = :team AND day = :day AND pk = :pk")
_NOTE = sa.text("UPDATE pick SET note = :note WHERE team = :team AND day = :day AND pk = :pk AND note = :was")

_SUBMIT = sa.text(
    "INSERT INTO submission (pk, account, note, at) VALUES (:pk, :account, :note, :at) ON CONFLICT (pk) DO NOTHING"
)
_BROUGHT = sa.text("SELECT pk, note, at FROM submission WHERE pk = :pk")
_BROUGHT_BY = sa.text(
    """
    SELECT pk, note, at FROM submission WHERE account = :account AND (at < :at OR (at = :at AND pk < :pk))
    ORDER BY at DESC, pk DESC LIMIT :limit
    """
)
_LATELY = sa.text("SELECT count(*) FROM submission WHERE account = :account AND at > :since")
_TAKE_BACK = sa.text("DELETE FROM submission WHERE pk = :pk AND account = :account")


class Desk:
    """Made by the store, which calls it `desk`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.wait = SOON  # seconds for another writer

    # -- days ----------------------------------------------------------------------------------------------------------

    def day(self, day: int, team: int = 0) -> list[Chosen]:
        """What was chosen for a day, in order."""
        with self._database.reading() as connection:
            return [Chosen(*row) for row in connection.execute(_DAY, {"team": team, "day": day})]

    def pick(
        self, account: int, day: int, pk: int, *, team: int = 0, note: str = "", place: int | None = None
    ) -> list[Chosen]:
        """Chooses a paper for a day, at the end or at *place* (from 0); chosen twice, it is chosen once.

        Raises NotFound, Mistake for a day that is full, Busy.
        """
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            here, order = living(connection, pk), _taken(connection, day, team)
            if here not in order:
                if len(order) >= MOST:
                    raise Mistake(f"{MOST} papers are the most for one day; take one off before the next")
                order.insert(len(order) if place is None else max(place, 0), here)
                row = {"team": team, "day": day, "pk": here, "account": account, "note": note, "at": int(time.time())}
                connection.execute(_PICK, {**row, "place": order.index(here)})
                _place(connection, day, team, order)
                audits.note(connection, account, "pick", _where(day, team, here), note)
        return self.day(day, team)

    def unpick(self, account: int, day: int, pk: int, *, team: int = 0) -> Chosen | None:
        """Takes a paper off a day; as it stood there, None when it did not. Raises Busy."""
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            order = _taken(connection, day, team)
            rows = [Chosen(*row) for row in connection.execute(_DAY, {"team": team, "day": day})]
            gone = next((one for one in rows if one.pk == pk), None)
            if gone:
                connection.execute(_UNPICK, {"team": team, "day": day, "pk": pk})
                order.remove(pk)
                _place(connection, day, team, order)
                audits.note(connection, account, "unpick", _where(day, team, pk), gone.note)
        return gone

    def step(self, account: int, day: int, pk: int, by: int, *, team: int = 0) -> list[Chosen]:
        """Moves a paper *by* places down (up when below 0), as far as there are places. Raises NotFound, Busy."""
        return self._move(account, day, team, pk, lambda order: order.index(pk) + by)

    def put(self, account: int, day: int, pk: int, place: int, seen: list[int], *, team: int = 0) -> list[Chosen]:
        """Moves a paper to *place* (from 0) in the order that was *seen*. Raises Conflict when it is no more."""

        def there(order: list[int]) -> int:
            if order != seen:
                raise Conflict(
                    "somebody else has changed this day since you opened it; look at it again, and repeat it"
                )
            return place

        return self._move(account, day, team, pk, there)

    def _move(self, account: int, day: int, team: int, pk: int, there: Callable[[list[int]], int]) -> list[Chosen]:
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            order = _taken(connection, day, team)
            if pk not in order:
                raise NotFound("this paper is not among those of the day any more")
            place, before = there(order), order.index(pk)
            order.remove(pk)
            order.insert(max(place, 0), pk)
            if order.index(pk) != before:
                _place(connection, day, team, order)
                audits.note(
                    connection, account, "pick.move", _where(day, team, pk), f"{before + 1} to {order.index(pk) + 1}"
                )
        return self.day(day, team)

    def note(self, account: int, day: int, pk: int, note: str, was: str, *, team: int = 0) -> None:
        """Says why a paper was chosen, where it *was* said so. Raises NotFound, Conflict, Busy."""
        key = {"team": team, "day": day, "pk": pk}
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            now = connection.execute(_NOTED, key).scalar()
            if now is None:
                raise NotFound("this paper is not among those of the day any more")
            if now != note:
                if connection.execute(_NOTE, {**key, "note": note, "was": was}).rowcount == 0:
                    raise Conflict(f"somebody else has written meanwhile: “{now}”; yours was not kept yet: “{note}”")
                audits.note(connection, account, "pick.note", _where(day, team, pk), note)

    # -- submissions ---------------------------------------------------------------------------------------------------

    def submit(self, account: int, pk: int, note: str = "", *, limited: bool = True) -> Brought:
        """Notes who brought a paper; the first who did stays. Raises NotFound, TooOften where *limited*, Busy."""
        now = int(time.time())
        with self._database.between(self.wait) as connection:
            acting(connection, account, alone=True)
            row = {"pk": living(connection, pk), "account": account, "note": note, "at": now}
            lately = connection.execute(_LATELY, {"account": account, "since": now - DAY}).scalar_one()
            new = connection.execute(_SUBMIT, row).rowcount > 0
            if new and limited and lately >= SUBMITTED:
                error = TooOften(f"{SUBMITTED} papers a day are the most that one account can submit; go on tomorrow")
                error.after = DAY
                raise error
            pk, said, at = connection.execute(_BROUGHT, row).one()
            return Brought(pk, said, at, new)

    def submitted_by(self, account: int, limit: int = 50, before: tuple[int, int] | None = None) -> list[Brought]:
        """What an account submitted, the latest first, those behind *before* (when, pk)."""
        at, pk = before or (1 << 60, 0)
        given = {"account": account, "limit": limit, "at": at, "pk": pk}
        with self._database.reading() as connection:
            return [Brought(*row) for row in connection.execute(_BROUGHT_BY, given)]

    def take_back(self, account: int, pk: int) -> bool:
        """A submission is none any more; the paper stays. False when it was not this account's."""
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            row = {"pk": living(connection, pk), "account": account}
            return connection.execute(_TAKE_BACK, row).rowcount > 0


def _taken(connection: sa.Connection, day: int, team: int) -> list[int]:
    """The papers of a day in order, which nobody else orders until the transaction ends."""
    rows = connection.execute(_TAKE, {"team": team, "day": day}).all()
    return [pk for pk, _ in sorted(rows, key=lambda row: (row[1], row[0]))]


def _place(connection: sa.Connection, day: int, team: int, order: list[int]) -> None:
    """Numbers the papers of a day anew."""
    if order:
        rows = [{"team": team, "day": day, "pk": pk, "place": place} for place, pk in enumerate(order)]
        connection.execute(_PLACE, rows)


def _where(day: int, team: int, pk: int) -> str:
    return f"paper {pk} on {day}" + (f" of group {team}" if team else "")
