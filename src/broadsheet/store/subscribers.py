"""Subscribers: addresses that editions go to, when, and of what. Each method is one short transaction.

What deletes or replaces something of a person writes over it (`Database.discreet`).
"""

import secrets
import time
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store.db import SOON, WAIT, Database, among
from broadsheet.store.lists import MAX_ID, hold
from broadsheet.store.optin import Asking, Pending, answered
from broadsheet.store.subscription import (
    SEED,
    SHOWN,
    WASHED,
    Schedule,
    Subscriber,
    Wish,
    forget,
    move,
    take,
    taken,
)  # fmt: skip
from broadsheet.store.suppression import LIFT_BOUNCE, Returned, Suppressed, Suppressing

__all__ = ["KINDS", "Pending", "Returned", "Schedule", "Subscriber", "Subscribers", "Suppressed", "Wish"]

MOST_WISHES = 200  # of one subscriber
LONGEST = 1_000  # characters of a wish
KINDS = ("topic", "search", "list", "author", "rising", "front", "personal")

_THERE = f"SELECT {SHOWN} FROM subscriber"
_AT = sa.text(f"{_THERE} WHERE id = :id")
_BY_EMAIL = sa.text(f"{_THERE} WHERE email = :email")
_OF_ACCOUNT = sa.text(f"{_THERE} WHERE account = :account")
_ACTIVE = """
    "left" IS NULL AND every <> 'off' AND (account IS NULL OR EXISTS (
        SELECT 1 FROM account a WHERE a.id = subscriber.account AND a.state = 'active'
    ))
    """
_ALL = sa.text(
    f"""
    {_THERE} WHERE id > :after AND {_ACTIVE} ORDER BY id LIMIT :limit
    """
)
_SEARCH = sa.text(f"{_THERE} WHERE :part = '' OR email LIKE :part ESCAPE '!' ORDER BY email LIMIT :limit")
_COUNT = sa.text(
    f"""
    SELECT CASE WHEN "left" IS NOT NULL THEN 'left' WHEN {_ACTIVE} THEN 'active' ELSE 'off' END AS what, count(*)
    FROM subscriber GROUP BY what
    UNION ALL SELECT 'suppressed', count(*) FROM suppressed
    """
)
_WISHES = "SELECT subscriber, kind, value FROM wish WHERE subscriber IN :values"

_ADD = sa.text(
    """
    INSERT INTO subscriber (email, seed, made, confirmed) VALUES (:email, :seed, :now, :now) ON CONFLICT DO NOTHING
    """
)
_PLAN = """
    every = :every, weekday = :weekday, minute = :minute, zone = :zone, language = :language, quiet = :quiet,
    paused = :paused
    """
_RESCHEDULE = sa.text(
    f"""
    UPDATE subscriber SET {_PLAN}, "left" = CASE WHEN :every = 'off' THEN "left" ELSE NULL END WHERE id = :id
    """
)
# What begins again begins now: days before it are none that were missed. A change of what there is leaves that alone.
_AGREE = sa.text(
    f"""
    UPDATE subscriber SET {_PLAN}, account = :account, made = CASE WHEN "left" IS NULL THEN made ELSE :now END,
        "left" = NULL
    WHERE id = :id
    """
)
_CONFIRM = sa.text("UPDATE subscriber SET confirmed = :now WHERE id = :id")
_LEAVE = sa.text('UPDATE subscriber SET "left" = :now WHERE id = :id AND "left" IS NULL')
_WITHHOLD = sa.text(
    """
    UPDATE edition SET state = 'withheld', reason = 'its reader has unsubscribed', done = :now
    WHERE subscriber = :id AND state = 'ready' AND done IS NULL
    """
)
_GIVE_BACK = sa.text(
    """
    UPDATE edition SET state = 'ready', reason = '', done = NULL
    WHERE subscriber = :id AND state = 'withheld' AND reason = 'its reader has unsubscribed'
        AND done = (SELECT "left" FROM subscriber WHERE id = :id)
    """
)
_COME_BACK = sa.text('UPDATE subscriber SET "left" = NULL WHERE id = :id AND "left" IS NOT NULL')
_SEED = sa.text("UPDATE subscriber SET seed = :seed WHERE id = :id")
_NO_WISHES = sa.text("DELETE FROM wish WHERE subscriber = :id")
_NO_WISH = sa.text("DELETE FROM wish WHERE subscriber = :id AND kind = :kind AND value = :value")
_WISH = sa.text(
    """
    INSERT INTO wish (subscriber, kind, value, made) VALUES (:id, :kind, :value, :now)
    ON CONFLICT (subscriber, kind, value) DO NOTHING
    """
)
_COUNT_WISHES = sa.text("SELECT count(*) FROM wish WHERE subscriber = :id")


class Subscribers(Asking, Suppressing):
    """The subscribers of a store, which calls it `subscribers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- looking -------------------------------------------------------------------------------------------------------

    def at(self, id: int) -> Subscriber | None:
        return self._one(_AT, id=id) if 0 < id <= MAX_ID else None

    def by_email(self, email: str) -> Subscriber | None:
        """The subscription of an address, as `people.addresses` writes it."""
        return self._one(_BY_EMAIL, email=email)

    def of_account(self, account: int) -> Subscriber | None:
        return self._one(_OF_ACCOUNT, account=account)

    def all(self, after: int = 0, limit: int = 1000) -> list[Subscriber]:
        """Those who want editions, by number; *after*: the last one seen. No accounts that are suspended."""
        with self._database.reading() as connection:
            return [Subscriber(*row) for row in connection.execute(_ALL, {"after": after, "limit": limit})]

    def count(self) -> dict[str, int]:
        """How many are active, off, left; and how many addresses are suppressed."""
        with self._database.reading() as connection:
            found = dict(tuple(row) for row in connection.execute(_COUNT))
        return {"active": 0, "off": 0, "left": 0, **found}

    def search(self, text: str = "", limit: int = 100) -> list[Subscriber]:
        """Subscribers by address; *text*: what is in it."""
        like = "".join(f"!{sign}" if sign in "!%_" else sign for sign in text.lower())
        with self._database.reading() as connection:
            rows = connection.execute(_SEARCH, {"part": f"%{like}%" if text else "", "limit": limit})
            return [Subscriber(*row) for row in rows]

    def wishes(self, ids: Sequence[int]) -> dict[int, list[Wish]]:
        """subscriber -> what it wants to read of, for many at once: by kind and value."""
        found: dict[int, list[Wish]] = {id: [] for id in ids}
        with self._database.reading() as connection:
            for id, kind, value in sorted(tuple(row) for row in among(connection, _WISHES, ids)):
                found[id].append(Wish(kind, value))
        return found

    def _one(self, statement: sa.TextClause, **given: object) -> Subscriber | None:
        with self._database.reading() as connection:
            row = connection.execute(statement, given).first()
        return Subscriber(*row) if row else None

    # -- changing ------------------------------------------------------------------------------------------------------

    def put(self, email: str, account: int | None, schedule: Schedule, wishes: Iterable[Wish], now: int) -> Subscriber:
        """Makes a subscription, or changes the one there is to exactly this; one that left is back.

        One that had no account is *account*'s from here on. Raises Mistake where it is another account's, for too many
        wishes, NotFound for an account that is gone.
        """
        with self._database.discreet(SOON) as connection:
            if account is not None:
                hold(connection, account)
                move(connection, account, email)
            held = _made(connection, email, now)
            if held.account not in (None, account):
                raise taken()
            connection.execute(_AGREE, {"id": held.id, **schedule._asdict(), "account": account, "now": now})
            _want(connection, held.id, wishes, now)
            return _at(connection, held.id)

    def confirm(self, hash: str, schedule: Schedule, wishes: Iterable[Wish], now: int) -> Subscriber | None:
        """Uses a question that was asked: its address gets what was wanted besides what it gets.

        An active subscription keeps its schedule, and nothing of it goes; one that left is back with this one alone.
        A suppression because of bounces ends: a letter has come there. Whose account it is, `put` says. None when the
        question was used, or its time is over; two at once: one of them gets it.
        """
        with self._database.discreet(SOON) as connection:
            email = answered(connection, hash, now)
            if email is None:
                return None
            new = connection.execute(_BY_EMAIL, {"email": email}).first() is None
            held = _made(connection, email, now)
            row = {"id": held.id, "account": held.account, "now": now}
            if new or held.every == "off":
                connection.execute(_AGREE, {**row, **schedule._asdict()})
            connection.execute(_CONFIRM, row)
            wanted = list(wishes)
            if held.left is not None and wanted:
                connection.execute(_NO_WISHES, {"id": held.id})
            _wish(connection, held.id, wanted, now)
            connection.execute(LIFT_BOUNCE, {"email": email})
            return _at(connection, held.id)

    def reschedule(self, id: int, schedule: Schedule) -> None:
        """Another schedule; one that left is back with it, unless it is off. Raises NotFound."""
        with self._database.discreet(SOON) as connection:
            _taken_row(connection, id)
            connection.execute(_RESCHEDULE, {"id": id, **schedule._asdict()})

    def want(self, id: int, wishes: Iterable[Wish]) -> None:
        """These wishes, and no others. Raises Mistake for too many, NotFound."""
        with self._database.discreet(SOON) as connection:
            _taken_row(connection, id)
            _want(connection, id, wishes, int(time.time()))

    def add_wishes(self, id: int, wishes: Iterable[Wish]) -> None:
        """These wishes besides. Raises Mistake for too many, NotFound."""
        with self._database.discreet(SOON) as connection:
            _taken_row(connection, id)
            _wish(connection, id, wishes, int(time.time()))

    def drop_wish(self, id: int, wish: Wish) -> bool:
        with self._database.discreet(SOON) as connection:
            return connection.execute(_NO_WISH, {"id": id, **wish._asdict()}).rowcount > 0

    def leave(self, id: int, now: int) -> bool:
        """No more editions, and none that is ready; False when it had left already."""
        with self._database.discreet(SOON) as connection:
            left = connection.execute(_LEAVE, {"id": id, "now": now}).rowcount > 0
            connection.execute(_WITHHOLD, {"id": id, "now": now})
        return left

    def come_back(self, id: int) -> bool:
        """As it was before it left, with the edition that was ready then; False when it had not."""
        with self._database.discreet(SOON) as connection:
            connection.execute(_GIVE_BACK, {"id": id})
            return connection.execute(_COME_BACK, {"id": id}).rowcount > 0

    def remove(self, id: int) -> bool:
        """Takes all of a subscriber out of the store, as an account leaves (`Leaving`); False when it is not there."""
        with self._database.discreet(WAIT) as connection:
            held = take(connection, "id", id)
            if held is None:
                return False
            forget(connection, held)
            self._database.wash(connection, WASHED)
        self._database.empty_log()
        return True

    def reseed(self, id: int) -> None:
        """No link in a letter that was sent opens anything any more. Raises NotFound."""
        with self._database.discreet(SOON) as connection:
            _taken_row(connection, id)
            connection.execute(_SEED, {"id": id, "seed": secrets.token_bytes(SEED)})

    def move(self, account: int, email: str | None) -> None:
        """The subscription of an account follows it to another address. Raises Mistake."""
        with self._database.discreet(SOON) as connection:
            move(connection, account, email)


def _made(connection: sa.Connection, email: str, now: int) -> Subscriber:
    """The subscription of an address, held until the transaction ends; a new one where there is none."""
    row = {"email": email, "seed": secrets.token_bytes(SEED), "now": now}
    connection.execute(_ADD, row)
    held = take(connection, "email", email)
    assert held is not None
    return held


def _taken_row(connection: sa.Connection, id: int) -> None:
    if take(connection, "id", id) is None:
        raise NotFound("this subscription is not here any more")


def _at(connection: sa.Connection, id: int) -> Subscriber:
    return Subscriber(*connection.execute(_AT, {"id": id}).one())


def _want(connection: sa.Connection, id: int, wishes: Iterable[Wish], now: int) -> None:
    connection.execute(_NO_WISHES, {"id": id})
    _wish(connection, id, wishes, now)


def _wish(connection: sa.Connection, id: int, wishes: Iterable[Wish], now: int) -> None:
    for wish in dict.fromkeys(wishes):
        if wish.kind not in KINDS:
            raise Mistake(f"{wish.kind!r} is nothing to subscribe to; there are {', '.join(KINDS)}")
        if len(wish.value) > LONGEST or not _is_storable(wish.value):
            raise Mistake(f"{wish.value[:40]!r} cannot be subscribed to: it is too long, or no text")
        connection.execute(_WISH, {"id": id, **wish._asdict(), "now": now})
    if connection.execute(_COUNT_WISHES, {"id": id}).scalar_one() > MOST_WISHES:
        raise Mistake(f"a subscription can have {MOST_WISHES} wishes; remove one first")


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
