"""What a subscription is, and how it goes with its account: to another address, or out of the store.

Whoever changes one takes its row first (`take`): two at once come one after the other.
"""

import secrets
from typing import Literal, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake

SEED = 16  # bytes


class Subscriber(NamedTuple):
    """An address that editions go to.

    account    whose it is; None for somebody without one
    seed       makes the keys of its links
    every      day, week or off; also off when it has unsubscribed, which is at *left*
    weekday    of a weekly edition; 0 is Monday
    minute     of the local day when it is due
    quiet      say or skip: when there is nothing new
    paused     the last day of a holiday, yyyymmdd; 0 for none
    made       when it began, or began again, Unix seconds
    confirmed  when its reader last said yes by a letter's link, or it was made
    """

    id: int
    email: str
    account: int | None
    seed: bytes
    every: str
    weekday: int
    minute: int
    zone: str
    language: str
    quiet: str
    paused: int
    made: int
    confirmed: int
    left: int | None


class Schedule(NamedTuple):
    """When editions are wanted, and how; as in `Subscriber`."""

    every: str = "day"
    weekday: int = 0
    minute: int = 420
    zone: str = "UTC"
    language: str = "en"
    quiet: str = "say"
    paused: int = 0


class Wish(NamedTuple):
    """One thing that a subscriber wants to read of. *kind*: one of KINDS; *value* says which."""

    kind: str
    value: str = ""


SHOWN = """
    id, email, account, seed, CASE WHEN "left" IS NULL THEN every ELSE 'off' END, weekday, minute,
    zone, language, quiet, paused, made, confirmed, "left"
    """
# In two steps: SQLite 3.40 says in RETURNING that an empty column IS NOT NULL.
_TAKE = {
    column: (
        sa.text(f"UPDATE subscriber SET email = email WHERE {column} = :value"),
        sa.text(f"SELECT {SHOWN} FROM subscriber WHERE {column} = :value"),
    )
    for column in ("id", "email", "account")
}
_ADDRESS = sa.text("UPDATE subscriber SET email = :email, seed = :seed WHERE id = :id")
# What one address got becomes another's, as far as days allow: one edition a day. A search goes: for an account its
# value is a name, for an address alone it is the question.
_ABSORB = tuple(
    sa.text(statement)
    for statement in (
        """
        INSERT INTO wish (subscriber, kind, value, made) SELECT :into, kind, value, made FROM wish
        WHERE subscriber = :id AND kind <> 'search' ON CONFLICT (subscriber, kind, value) DO NOTHING
        """,
        """
        UPDATE content SET subscriber = :into WHERE (day, subscriber) IN (
            SELECT day, subscriber FROM edition WHERE subscriber = :id
        ) AND day NOT IN (SELECT day FROM edition WHERE subscriber = :into)
        """,
        """
        UPDATE edition SET subscriber = :into
        WHERE subscriber = :id AND day NOT IN (SELECT day FROM edition WHERE subscriber = :into)
        """,
        "UPDATE returned SET subscriber = :into WHERE subscriber = :id",
    )
)
_FORGET = tuple(
    sa.text(statement)
    for statement in (
        """
        DELETE FROM content
        WHERE (day, subscriber) IN (SELECT day, subscriber FROM edition WHERE subscriber = :id)
        """,
        "DELETE FROM edition WHERE subscriber = :id",
        "DELETE FROM wish WHERE subscriber = :id",
        "UPDATE returned SET subscriber = NULL, edition = NULL, detail = '' WHERE subscriber = :id",
        "DELETE FROM subscriber WHERE id = :id",
    )
)
# The owner's word about an address stays: it is nothing that its reader gave.
_FORGET_ADDRESS = (
    sa.text("DELETE FROM pending WHERE email = :email"),
    sa.text("DELETE FROM suppressed WHERE email = :email AND why <> 'owner'"),
)

# Where addresses and wishes are, or were. The ledger of editions has none: it is numbers, days and states.
WASHED = ("subscriber", "wish", "pending", "suppressed", "returned")


def take(connection: sa.Connection, column: Literal["id", "email", "account"], value: int | str) -> Subscriber | None:
    """The subscription of which *column* is *value*; nobody else changes it until the transaction ends."""
    hold, look = _TAKE[column]
    connection.execute(hold, {"value": value})
    row = connection.execute(look, {"value": value}).first()
    return Subscriber(*row) if row else None


def move(connection: sa.Connection, account: int, email: str | None) -> None:
    """As `Subscribers.move`, in the transaction that changes the account.

    What the new address had without an account becomes the account's. Links in letters that lie at the old one open
    nothing any more. Without an address there is no subscription.
    """
    held = take(connection, "account", account)
    if held is None or held.email == email:
        return
    if email is None:
        forget(connection, held)
        return
    absorbed = take(connection, "email", email)
    if absorbed is not None:
        if absorbed.account is not None:
            raise taken()
        for statement in _ABSORB:
            connection.execute(statement, {"id": absorbed.id, "into": held.id})
        for statement in _FORGET:
            connection.execute(statement, {"id": absorbed.id})
    connection.execute(_ADDRESS, {"id": held.id, "email": email, "seed": secrets.token_bytes(SEED)})


def forget(connection: sa.Connection, subscriber: Subscriber) -> None:
    """Takes all of a subscriber out, in a transaction of `discreet`."""
    for statement in _FORGET:
        connection.execute(statement, {"id": subscriber.id})
    for statement in _FORGET_ADDRESS:
        connection.execute(statement, {"email": subscriber.email})


def forget_account(connection: sa.Connection, account: int, email: str) -> None:
    """Takes the subscription of an account out, and one that its address has without it."""
    for held in (take(connection, "account", account), take(connection, "email", email)):
        if held is not None and held.account in (None, account):
            forget(connection, held)
    for statement in _FORGET_ADDRESS:
        connection.execute(statement, {"email": email})


def taken() -> Mistake:
    return Mistake("this address belongs to another reader's subscription; sign in as that reader to change it")
