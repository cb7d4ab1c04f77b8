"""Comments on papers: threads, versions, what is taken away and by whom, what is reported.

Each method is one short transaction. A comment that is gone keeps its place: answers to it stand. Times are Unix
seconds.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Conflict, Forbidden, Mistake, NotFound, TooOften
from broadsheet.store import audits
from broadsheet.store.community import acting, count, living
from broadsheet.store.db import SOON, Database, among
from broadsheet.text import plural

WHILE = 600  # seconds: in this time
MOST = 20  # comments by one account, and as many reports
AGAIN = 600  # seconds in which the same words at the same place are the same comment, sent twice


class Comment(NamedTuple):
    """A comment as it stands.

    account   who wrote it, and *name* what that account is called; None and empty when it is gone
    parent    the comment that it answers
    text      Markdown; empty when its writer took it away
    version   grows by one with each edit
    gone      when it was taken away, None while it stands; gone_by: by whom
    """

    id: int
    pk: int
    account: int | None
    name: str
    parent: int | None
    text: str
    version: int
    made: int
    edited: int | None
    gone: int | None
    gone_by: int | None

    @property
    def by_editor(self) -> bool:
        """Whether somebody else took it away."""
        return self.gone is not None and self.account is not None and self.gone_by != self.account


class Reported(NamedTuple):
    """A comment that readers want an editor to see: how many do, the latest reason, when."""

    comment: Comment
    readers: int
    why: str
    at: int


_COMMENT = """
    SELECT c.id, c.pk, c.account, coalesce(a.name, ''), c.parent, c.text, c.version, c.made, c.edited, c.gone, c.gone_by
    FROM comment c LEFT JOIN account a ON a.id = c.account AND a.state <> 'gone'
    """
_ONE = sa.text(f"{_COMMENT} WHERE c.id = :id")
_OF_PAPER = sa.text(f"{_COMMENT} WHERE c.pk = :pk AND c.id > :after ORDER BY c.id LIMIT :limit")
_LATEST = sa.text(f"{_COMMENT} WHERE c.gone IS NULL AND c.id < :before ORDER BY c.id DESC LIMIT :limit")
_OF_ACCOUNT = sa.text(
    f"{_COMMENT} WHERE c.account = :account AND c.gone IS NULL AND c.id < :before ORDER BY c.id DESC LIMIT :limit"
)
_SAME = sa.text(
    """
    SELECT id FROM comment WHERE account = :account AND made >= :since AND pk = :pk AND gone IS NULL
        AND coalesce(parent, 0) = coalesce(CAST(:parent AS INTEGER), 0) AND text = :text
    """
)
_LATELY = sa.text("SELECT count(*), min(made) FROM comment WHERE account = :account AND made > :since")
_WRITE = sa.text(
    """
    INSERT INTO comment (pk, account, parent, text, made) VALUES (:pk, :account, :parent, :text, :at) RETURNING id
    """
)
_EDIT = sa.text(
    """
    UPDATE comment SET text = :text, version = version + 1, edited = :at
    WHERE id = :id AND version = :version AND gone IS NULL
    """
)
_TAKE = sa.text("UPDATE comment SET version = version WHERE id = :id")  # nobody else changes it meanwhile
_ERASE = sa.text(
    "UPDATE comment SET text = '', gone = :at, gone_by = :by, version = version + 1 WHERE id = :id AND gone IS NULL"
)
_REMOVE = sa.text("UPDATE comment SET gone = :at, gone_by = :by, version = version + 1 WHERE id = :id AND gone IS NULL")
_RESTORE = sa.text(
    """
    UPDATE comment SET gone = NULL, gone_by = NULL, version = version + 1
    WHERE id = :id AND gone IS NOT NULL AND text <> '' AND account IS NOT NULL
    """
)
_REPORT = sa.text(
    """
    INSERT INTO report (comment, account, why, at) VALUES (:id, :account, :why, :at)
    ON CONFLICT (comment, account) DO UPDATE SET why = excluded.why, at = excluded.at
    """
)
_REPORTED = sa.text(
    f"""
    SELECT r.readers, r.at, (SELECT why FROM report WHERE comment = c.id ORDER BY at DESC, account LIMIT 1) AS why, c.*
    FROM ({_COMMENT}) c
    JOIN (SELECT comment, count(*) AS readers, max(at) AS at FROM report GROUP BY comment) r ON r.comment = c.id
    WHERE c.gone IS NULL ORDER BY r.readers DESC, r.at DESC LIMIT :limit
    """
)
_REPORTS_LATELY = sa.text("SELECT count(*), min(at) FROM report WHERE account = :account AND at > :since")
_SETTLE = sa.text("DELETE FROM report WHERE comment = :id")
_GONE = sa.text(
    f"{_COMMENT} WHERE c.gone IS NOT NULL AND c.text <> '' AND c.account IS NOT NULL ORDER BY c.gone DESC LIMIT :limit"
)


class Comments:
    """All comments; made by the store, which calls it `comments`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.wait = SOON  # seconds for another writer

    # -- reading -------------------------------------------------------------------------------------------------------

    def of(self, pk: int, after: int = 0, limit: int = 500) -> list[Comment]:
        """The comments of a paper with ids above *after*, oldest first; those that are gone among them."""
        return self._all(_OF_PAPER, pk=pk, after=after, limit=limit)

    def one(self, number: int) -> Comment:
        """Raises NotFound."""
        with self._database.reading() as connection:
            return _one(connection, number)

    def some(self, numbers: Sequence[int]) -> list[Comment]:
        """Those of *numbers* that there are, in no order."""
        with self._database.reading() as connection:
            return [Comment(*row) for row in among(connection, f"{_COMMENT} WHERE c.id IN :values", numbers)]

    def latest(self, limit: int = 20, before: int = 1 << 30) -> list[Comment]:
        """The latest comments of all papers; *before*: the id of the last one of the page before this."""
        return self._all(_LATEST, limit=limit, before=before)

    def by(self, account: int, limit: int = 20, before: int = 1 << 30) -> list[Comment]:
        """The latest comments of one account."""
        return self._all(_OF_ACCOUNT, account=account, limit=limit, before=before)

    def reported(self, limit: int = 100) -> list[Reported]:
        """Comments that an editor should see, those that most readers reported first."""
        with self._database.reading() as connection:
            rows = connection.execute(_REPORTED, {"limit": limit}).all()
        return [Reported(Comment(*row[3:]), row[0], row[2], row[1]) for row in rows]

    def taken_away(self, limit: int = 50) -> list[Comment]:
        """What editors took away, with its text, the latest first."""
        return self._all(_GONE, limit=limit)

    def _all(self, statement: sa.TextClause, **values: object) -> list[Comment]:
        with self._database.reading() as connection:
            return [Comment(*row) for row in connection.execute(statement, values)]

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, account: int, pk: int, text: str, parent: int | None = None, *, limited: bool = True) -> Comment:
        """A new comment, or the one that was sent twice.

        Raises NotFound for a paper or a comment that is not there, Mistake for a comment of another paper or one that
        is gone, TooOften where *limited*, Busy.
        """
        now = int(time.time())
        with self._database.between(self.wait) as connection:
            acting(connection, account, alone=True)
            here = living(connection, pk)
            row = {"pk": here, "account": account, "parent": parent, "text": text, "at": now, "since": now - AGAIN}
            if parent is not None:
                _answerable(_one(connection, parent), here)
            number = connection.execute(_SAME, row).scalar()
            if number is None:
                if limited:
                    _seldom(connection, _LATELY, account, now, "comments")
                number = connection.execute(_WRITE, row).scalar_one()
                count(connection, here, "comments", 1)
            return _one(connection, number)

    def edit(self, account: int, number: int, text: str, version: int) -> Comment:
        """Other words for a comment of one's own; the same words change nothing.

        Raises NotFound, Forbidden, Mistake for one that is gone, Conflict when it is not *version* any more, Busy.
        """
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            connection.execute(_TAKE, {"id": number})
            one = _one(connection, number)
            if one.account != account:
                raise Forbidden("only who wrote a comment can change it; an editor can take it away")
            if one.gone is not None:
                raise Mistake("this comment has been taken away, so it cannot be changed")
            if one.text != text:
                values = {"id": number, "text": text, "version": version, "at": int(time.time())}
                if connection.execute(_EDIT, values).rowcount == 0:
                    raise Conflict("this comment has been changed since you opened it; nothing of yours was kept yet")
            return _one(connection, number)

    def remove(self, account: int, number: int, why: str = "", *, editor: bool = False) -> Comment:
        """Takes a comment away: one's own with its text, for good; another's, as an *editor*, so that it can come back.

        Done twice, it is done once. Raises NotFound, Forbidden, Busy.
        """
        now = int(time.time())
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            connection.execute(_TAKE, {"id": number})
            one = _one(connection, number)
            own = one.account == account
            if not own and not editor:
                raise Forbidden("only who wrote a comment, or an editor, can take it away")
            done = connection.execute(_ERASE if own else _REMOVE, {"id": number, "at": now, "by": account}).rowcount
            if done:
                count(connection, one.pk, "comments", -1)
                connection.execute(_SETTLE, {"id": number})
                if not own:
                    audits.note(connection, account, "comment.remove", f"comment {number}", why)
            return _one(connection, number)

    def restore(self, account: int, number: int, why: str = "") -> Comment:
        """Puts back what an editor took away. Raises NotFound, Mistake for what its writer took away, Busy."""
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            connection.execute(_TAKE, {"id": number})
            one = _one(connection, number)
            if one.gone is not None:
                if connection.execute(_RESTORE, {"id": number}).rowcount == 0:
                    raise Mistake("who wrote this comment took it away, with its words; it cannot be put back")
                count(connection, one.pk, "comments", 1)
                audits.note(connection, account, "comment.restore", f"comment {number}", why)
            return _one(connection, number)

    def report(self, account: int, number: int, why: str = "") -> Comment:
        """Asks an editor to look at a comment; once a reader. Raises NotFound, Mistake, TooOften, Busy."""
        now = int(time.time())
        with self._database.between(self.wait) as connection:
            acting(connection, account, alone=True)
            one = _one(connection, number)
            if one.gone is not None:
                raise Mistake("this comment has been taken away already")
            _seldom(connection, _REPORTS_LATELY, account, now, "reports")
            connection.execute(_REPORT, {"id": number, "account": account, "why": why, "at": now})
            return one

    def settle(self, account: int, number: int, why: str = "") -> None:
        """An editor has looked, and the comment stays. Raises NotFound, Busy."""
        with self._database.between(self.wait) as connection:
            acting(connection, account)
            _one(connection, number)
            if connection.execute(_SETTLE, {"id": number}).rowcount:
                audits.note(connection, account, "comment.keep", f"comment {number}", why)


def _one(connection: sa.Connection, number: int) -> Comment:
    row = connection.execute(_ONE, {"id": number}).first() if 0 < number < 1 << 31 else None
    if row is None:
        raise NotFound(f"there is no comment {number}")
    return Comment(*row)


def _answerable(parent: Comment, pk: int) -> None:
    if parent.pk != pk:
        raise Mistake("the comment that this answers is about another paper; open that paper, and answer there")
    if parent.gone is not None:
        raise Mistake("the comment that this answers has been taken away meanwhile")


def _seldom(connection: sa.Connection, lately: sa.TextClause, account: int, now: int, what: str) -> None:
    done, first = connection.execute(lately, {"account": account, "since": now - WHILE}).one()
    if done >= MOST:
        wait = max(1, first + WHILE - now)
        error = TooOften(
            f"{MOST} {what} in {WHILE // 60} minutes is the most for one account; "
            f"go on in {plural((wait + 59) // 60, 'minute')}"
        )
        error.after = wait
        raise error
