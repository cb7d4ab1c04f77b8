"""All that is kept of one account, to take along; and all of it taken out.

What goes is written over (`Database.discreet`), and SQLite's log is emptied after it, so that nothing of it is left in
the library's files. Copies of them, backups, are the owner's to look after.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from broadsheet.store import community, shelves, subscription, teams
from broadsheet.store.accounts import may_go
from broadsheet.store.audits import note
from broadsheet.store.db import WAIT, Database

_KEPT: Mapping[str, sa.TextClause] = {
    name: sa.text(statement)
    for name, statement in {
        "profile": "SELECT id, name, email, role, state, about, made FROM account WHERE id = :account",
        "sessions": "SELECT how, agent, made, seen, ends FROM session WHERE account = :account ORDER BY made",
        "passkeys": "SELECT name, made, used FROM passkey WHERE account = :account ORDER BY made",
        "signs_in_at": "SELECT issuer, subject, made FROM identity WHERE account = :account ORDER BY made",
        "tokens": "SELECT name, scopes, made, used, ends FROM token WHERE account = :account ORDER BY made",
        "invitations": """
            SELECT email, role, uses, made, ends FROM ticket WHERE "by" = :account AND kind = 'invitation' ORDER BY made
            """,
        "lists": """
            SELECT s.id, s.name, s.seen_by, t.name AS "group", s.note, s.made
            FROM shelf s LEFT JOIN team t ON t.id = s.team WHERE s.account = :account ORDER BY s.id
            """,
        "on_lists": """
            SELECT l.shelf AS list, l.pk, l.note, l.at FROM listed l JOIN shelf s ON s.id = l.shelf
            WHERE s.account = :account OR l.account = :account ORDER BY l.shelf, l.at, l.pk
            """,
        "searches": "SELECT name, query, sort, created, looked FROM saved WHERE account = :account ORDER BY created",
        "groups": """
            SELECT t.name, m.role, m.at FROM member m JOIN team t ON t.id = m.team WHERE m.account = :account
            ORDER BY m.at, t.id
            """,
        "subscription": """
            SELECT email, every, weekday, minute, zone, language, quiet, paused, made, confirmed, "left"
            FROM subscriber WHERE account = :account
            """,
        "wishes": """
            SELECT w.kind, w.value, w.made FROM wish w JOIN subscriber s ON s.id = w.subscriber
            WHERE s.account = :account ORDER BY w.made, w.kind, w.value
            """,
        "editions": """
            SELECT e.day, e.state, e.reason, e.due, e.made, e.done
            FROM edition e JOIN subscriber s ON s.id = e.subscriber WHERE s.account = :account ORDER BY e.day
            """,
        "audit": """
            SELECT at, act, object, detail FROM audit WHERE account = :account OR object = :object ORDER BY id
            """,
    }.items()
}
_SENT = sa.text(
    """
    SELECT e.day, e.papers FROM edition e JOIN subscriber s ON s.id = e.subscriber
    WHERE s.account = :account AND e.state IN ('sent', 'unsure') ORDER BY e.day
    """
)
_LEAVE = tuple(
    sa.text(statement)
    for statement in (
        "DELETE FROM session WHERE account = :account",
        "DELETE FROM passkey WHERE account = :account",
        "DELETE FROM identity WHERE account = :account",
        "DELETE FROM token WHERE account = :account",
        'DELETE FROM ticket WHERE account = :account OR "by" = :account OR email = :email',
        """
        UPDATE account SET state = 'gone', role = 'reader', name = '', about = '', key = NULL, likeness = NULL,
            email = NULL
        WHERE id = :account
        """,
    )
)

# Where words, names and keys of readers are, or were.
_WASHED = (
    "account", "session", "ticket", "passkey", "identity", "token", "comment", "report", "submission", "claim", "pick",
    "shelf", "listed", "saved", "member", *subscription.WASHED,
)  # fmt: skip


class Leaving:
    """How an account leaves a store, which calls it `leaving`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def export(self, account: int) -> dict[str, list[dict[str, Any]]]:
        """All that is kept of an account, by kind; papers by their rows, times in Unix seconds. No key is in it."""
        given = {"account": account, "object": f"account {account}"}
        with self._database.reading() as connection:
            own = {
                name: [dict(row) for row in connection.execute(statement, given).mappings()]
                for name, statement in _KEPT.items()
            }
            sent = connection.execute(_SENT, given).all()
            own["papers_sent"] = [{"day": day, "pk": pk} for day, papers in sent for pk in memoryview(papers).cast("i")]
            return {**own, **community.export(connection, account)}

    def leave(self, account: int, by: int | None) -> None:
        """Takes an account and all that was its own out of the store. *by*: who did it, itself or an administrator.

        Raises Mistake where it must stay: the owner, the last who administers; NotFound, Busy.
        """
        with self._database.discreet(WAIT) as connection:
            email = may_go(connection, account).email or "-"
            community.forget(connection, account)
            shelves.forget(connection, account)
            teams.forget(connection, account)
            subscription.forget_account(connection, account, email)
            for statement in _LEAVE:
                connection.execute(statement, {"account": account, "email": email})
            note(connection, by, "account.leave", f"account {account}")
            self._database.wash(connection, _WASHED)
        self._database.empty_log()
