"""What readers do with papers: votes, what they hide or have read, and the live totals of both.

Each method is one short transaction. A paper is named by its row; one that has been merged since it was shown is the
paper that it has become. Times are Unix seconds.
"""

import time
from array import array
from collections.abc import Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store.db import SOON, Database, among
from broadsheet.store.schema_people import account as _account

CHUNK = 50_000  # rows that are read at once


class Totals(NamedTuple):
    """How many accounts voted for a paper, keep it on a list; how many comments it has."""

    votes: int = 0
    saves: int = 0
    comments: int = 0


class Shade(NamedTuple):
    """Whether a reader has put a paper out of sight, and has read it."""

    hidden: bool = False
    read: bool = False


class Voted(NamedTuple):
    """pk: the row that has the vote, or had it; changed: whether it was otherwise before; votes: all of them, now."""

    pk: int
    changed: bool
    votes: int


class Acts(NamedTuple):
    """What accounts did, oldest first or in no order: columns of signed 64-bit integers, equally long."""

    pk: "array[int]"
    account: "array[int]"
    at: "array[int]"


_ROW = sa.text('SELECT "into", data IS NOT NULL FROM paper WHERE pk = :pk')
_ACTIVE = sa.select(_account.c.id).where(_account.c.id == sa.bindparam("account"), _account.c.state == "active")
_HELD, _ALONE = _ACTIVE.with_for_update(read=True), _ACTIVE.with_for_update()

_VOTE = sa.text("INSERT INTO vote (pk, account, at) VALUES (:pk, :account, :at) ON CONFLICT (pk, account) DO NOTHING")
_UNVOTE = sa.text("DELETE FROM vote WHERE pk = :pk AND account = :account")
_VOTES = sa.text("SELECT votes FROM tally WHERE pk = :pk")
_VOTES_OF = "SELECT pk FROM vote WHERE pk IN :values AND account = {account}"
_VOTED = sa.text(
    """
    SELECT pk, at FROM vote WHERE account = :account AND (at < :at OR (at = :at AND pk < :pk))
    ORDER BY at DESC, pk DESC LIMIT :limit
    """
)
_TALLIES = "SELECT pk, votes, saves, comments FROM tally WHERE pk IN :values"

_HIDE = sa.text(
    """
    INSERT INTO shade (account, pk, hidden) VALUES (:account, :pk, :at)
    ON CONFLICT (account, pk) DO UPDATE SET hidden = coalesce(shade.hidden, excluded.hidden)
    """
)
_UNHIDE = sa.text("UPDATE shade SET hidden = NULL WHERE account = :account AND pk = :pk")
_READ = sa.text(
    """
    INSERT INTO shade (account, pk, read) VALUES (:account, :pk, :at)
    ON CONFLICT (account, pk) DO UPDATE SET read = coalesce(shade.read, excluded.read)
    """
)
_UNREAD = sa.text("UPDATE shade SET read = NULL WHERE account = :account AND pk = :pk")
_BARE = sa.text("DELETE FROM shade WHERE account = :account AND pk = :pk AND hidden IS NULL AND read IS NULL")
_SHADES = "SELECT pk, hidden IS NOT NULL, read IS NOT NULL FROM shade WHERE pk IN :values AND account = {account}"
_HIDDEN = sa.text("SELECT pk FROM shade WHERE account = :account AND hidden IS NOT NULL ORDER BY hidden DESC, pk DESC")
_SEEN = sa.text(
    "SELECT pk FROM shade WHERE account = :account AND read IS NOT NULL ORDER BY read DESC, pk DESC LIMIT :limit"
)
_SHADED = {
    what: sa.text(
        f"""
        SELECT pk, {what} FROM shade WHERE account = :account AND ({what} < :at OR ({what} = :at AND pk < :pk))
        ORDER BY {what} DESC, pk DESC LIMIT :limit
        """
    )
    for what in Shade._fields
}

_VOTES_SINCE = sa.text("SELECT pk, account, at FROM vote WHERE at >= :at")
_COMMENTS_SINCE = sa.text(
    "SELECT pk, account, made FROM comment WHERE made >= :at AND gone IS NULL AND account IS NOT NULL"
)
_SAVES_SINCE = sa.text("SELECT l.pk, s.account, l.at FROM listed l JOIN shelf s ON s.id = l.shelf WHERE l.at >= :at")


class Community:
    """Votes, shades and totals; made by the store, which calls it `community`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.wait = SOON  # seconds for another writer

    # -- votes ---------------------------------------------------------------------------------------------------------

    def vote(self, account: int, pk: int, want: bool = True) -> Voted:
        """Gives a paper the one vote of *account*, or takes it back; asked twice, it is done once.

        Raises NotFound for a paper that is not there, Mistake for an account that is not active, Busy.
        """
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            row = {"pk": living(connection, pk), "account": account, "at": int(time.time())}
            changed = connection.execute(_VOTE if want else _UNVOTE, row).rowcount > 0
            if changed:
                count(connection, row["pk"], "votes", 1 if want else -1)
            votes = connection.execute(_VOTES, row).scalar()
        return Voted(row["pk"], changed, votes or 0)

    def votes_of(self, account: int, pks: Sequence[int]) -> frozenset[int]:
        """Those of *pks* that have the vote of *account*."""
        with self._database.reading() as connection:
            return frozenset(pk for (pk,) in among(connection, _VOTES_OF.format(account=int(account)), pks))

    def voted(self, account: int, limit: int = 50, before: tuple[int, int] | None = None) -> list[tuple[int, int]]:
        """(pk, at) of what *account* voted for, the latest first; *before*: the last one of the page before this."""
        pk, at = before or (0, 1 << 60)
        with self._database.reading() as connection:
            rows = connection.execute(_VOTED, {"account": account, "at": at, "pk": pk, "limit": limit}).all()
        return [(pk, at) for pk, at in rows]

    def tallies(self, pks: Sequence[int]) -> dict[int, Totals]:
        """pk -> totals, of every one of *pks*."""
        with self._database.reading() as connection:
            found = {pk: Totals(*counts) for pk, *counts in among(connection, _TALLIES, pks)}
        return {pk: found.get(pk, Totals()) for pk in pks}

    # -- shades --------------------------------------------------------------------------------------------------------

    def hide(self, account: int, pk: int, want: bool = True) -> int:
        """Puts a paper out of the sight of *account*, or back; the row. Raises as `vote` does."""
        return self._shade(_HIDE if want else _UNHIDE, account, pk)

    def read(self, account: int, pk: int, want: bool = True) -> int:
        """Notes that *account* has read a paper, or has not; the row. Raises as `vote` does."""
        return self._shade(_READ if want else _UNREAD, account, pk)

    def _shade(self, statement: sa.TextClause, account: int, pk: int) -> int:
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            row = {"pk": living(connection, pk), "account": account, "at": int(time.time())}
            connection.execute(statement, row)
            connection.execute(_BARE, row)
        return row["pk"]

    def shades_of(self, account: int, pks: Sequence[int]) -> dict[int, Shade]:
        """pk -> shade, of those of *pks* that have one."""
        with self._database.reading() as connection:
            rows = among(connection, _SHADES.format(account=int(account)), pks)
        return {pk: Shade(bool(hidden), bool(read)) for pk, hidden, read in rows}

    def hidden(self, account: int) -> list[int]:
        """All papers that *account* has put out of sight, the latest first."""
        with self._database.reading() as connection:
            return list(connection.execute(_HIDDEN, {"account": account}).scalars())

    def have_read(self, account: int, limit: int = 50) -> list[int]:
        """What *account* has read, the latest first."""
        with self._database.reading() as connection:
            return list(connection.execute(_SEEN, {"account": account, "limit": limit}).scalars())

    def shaded(
        self, account: int, what: Literal["hidden", "read"], limit: int = 50, before: tuple[int, int] | None = None
    ) -> list[tuple[int, int]]:
        """(pk, at) of what *account* has hidden, or has read, the latest first; *before*: as for `voted`."""
        pk, at = before or (0, 1 << 60)
        with self._database.reading() as connection:
            rows = connection.execute(_SHADED[what], {"account": account, "at": at, "pk": pk, "limit": limit}).all()
        return [(pk, at) for pk, at in rows]

    # -- for whoever counts over time ----------------------------------------------------------------------------------

    def votes_since(self, at: int) -> Acts:
        """The votes that were given at *at* or later, and stand."""
        return self._since(_VOTES_SINCE, at)

    def comments_since(self, at: int) -> Acts:
        """The comments that were written at *at* or later, and stand."""
        return self._since(_COMMENTS_SINCE, at)

    def saves_since(self, at: int) -> Acts:
        """When papers were put on lists, at *at* or later, by whose lists they are."""
        return self._since(_SAVES_SINCE, at)

    def _since(self, statement: sa.TextClause, at: int) -> Acts:
        acts = Acts(array("q"), array("q"), array("q"))
        with self._database.reading() as connection:
            result = connection.execute(statement, {"at": at})
            assert result.cursor is not None
            # The driver's own rows: a million of SQLAlchemy's would take twice as long.
            while rows := result.cursor.fetchmany(CHUNK):
                for column, values in zip(acts, zip(*rows, strict=True), strict=True):
                    column.extend(values)
            result.close()
        return acts


def living(connection: sa.Connection, pk: int) -> int:
    """The row that holds the paper of row *pk* now. Raises NotFound."""
    into: int | None = pk
    while into is not None:
        pk = into
        row = connection.execute(_ROW, {"pk": pk}).first()
        if row is None:
            break
        into, there = row
        if there:
            return pk
    raise NotFound("this paper is not in the library any more")


def acting(connection: sa.Connection, account: int, *, alone: bool = False) -> None:
    """Holds an account as it is until the transaction ends; *alone*: nothing else is done for it meanwhile.

    Raises Mistake for one that is not active.
    """
    if connection.execute(_ALONE if alone else _HELD, {"account": account}).first() is None:
        raise Mistake("this account is not active; an administrator of the library can say why")


def count(connection: sa.Connection, pk: int, what: str, change: int) -> None:
    """Adds to one of a paper's totals; *what* is a column of `tally`."""
    connection.execute(_COUNT[what], {"pk": pk, "change": change})


_COUNT = {
    what: sa.text(
        f"INSERT INTO tally (pk, {what}) VALUES (:pk, :change) "
        f"ON CONFLICT (pk) DO UPDATE SET {what} = tally.{what} + excluded.{what}"
    )
    for what in Totals._fields
}


# -- an account goes, or takes its things along ------------------------------------------------------------------------

_LEAVE = tuple(
    sa.text(statement)
    for statement in (
        "UPDATE account SET state = state WHERE id = :account",  # nothing is done for it from here on
        "UPDATE tally SET votes = votes - 1 WHERE pk IN (SELECT pk FROM vote WHERE account = :account)",
        "DELETE FROM vote WHERE account = :account",
        "DELETE FROM shade WHERE account = :account",
        """
        UPDATE tally SET comments = comments - (
            SELECT count(*) FROM comment c WHERE c.pk = tally.pk AND c.account = :account AND c.gone IS NULL)
        WHERE pk IN (SELECT pk FROM comment WHERE account = :account AND gone IS NULL)
        """,
        "DELETE FROM report WHERE comment IN (SELECT id FROM comment WHERE account = :account)",
        "DELETE FROM report WHERE account = :account",
        """
        UPDATE comment SET account = NULL, text = '', version = version + 1, gone = coalesce(gone, :at), gone_by = NULL
        WHERE account = :account
        """,
        "UPDATE comment SET gone_by = NULL WHERE gone_by = :account",
        "UPDATE submission SET account = NULL, note = '' WHERE account = :account",
        "UPDATE pick SET account = NULL WHERE account = :account",
        "DELETE FROM claim WHERE account = :account",
        'UPDATE claim SET "by" = NULL WHERE "by" = :account',
    )
)


def forget(connection: sa.Connection, account: int) -> None:
    """Takes an account out of all that readers do together, in the transaction that deletes it.

    Its votes go, and are counted no more; its comments leave their places without words and name.
    """
    for statement in _LEAVE:
        connection.execute(statement, {"account": account, "at": int(time.time())})


_EXPORTS = {
    "votes": "SELECT pk, at FROM vote WHERE account = :account ORDER BY at, pk",
    "hidden_or_read": "SELECT pk, hidden, read FROM shade WHERE account = :account ORDER BY pk",
    "comments": """
        SELECT id, pk, parent, text, version, made, edited, gone FROM comment WHERE account = :account ORDER BY id
        """,
    "reports": "SELECT comment, why, at FROM report WHERE account = :account ORDER BY at",
    "submissions": "SELECT pk, note, at FROM submission WHERE account = :account ORDER BY at",
    "picks": "SELECT team, day, pk, place, note, at FROM pick WHERE account = :account ORDER BY day, place",
    "claims": "SELECT id, pk, author, state, note, made, decided FROM claim WHERE account = :account ORDER BY id",
}


def export(connection: sa.Connection, account: int) -> dict[str, list[dict[str, object]]]:
    """All that an account did here, by kind; papers by their rows, times in Unix seconds."""
    return {
        kind: [dict(row) for row in connection.execute(sa.text(statement), {"account": account}).mappings()]
        for kind, statement in _EXPORTS.items()
    }
