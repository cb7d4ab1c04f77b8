"""Readers, and what they do: accounts and how they come in, votes, comments, lists, groups, counters that move.

Why: a community curates; what was one reader's becomes the owner's. Times are Unix seconds from here on.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    base = op.get_bind()
    kept = base.execute(sa.text("SELECT list, name, pk, at FROM listed ORDER BY at, pk")).all()
    searches = base.execute(sa.text("SELECT key, name, query, sort, created, seen, looked FROM saved")).all()
    op.drop_table("listed")
    op.drop_table("saved")
    _accounts()
    _entrances()
    _votes()
    _comments()
    _desk()
    _lists()
    _groups()
    _counters()
    _fill(base, kept, searches)


def _fill(base: sa.Connection, kept: Sequence[Any], searches: Sequence[Any]) -> None:
    """What was kept before there were readers is the owner's."""
    now = int(time.time())
    base.execute(_OWNER, {"now": now})
    for row in searches:
        base.execute(_SAVED, dict(zip(("key", "name", "query", "sort", "created", "seen", "looked"), row, strict=True)))
    for key in dict.fromkeys(row[0] for row in kept):
        rows = [row for row in kept if row[0] == key]
        base.execute(_SHELF, {"key": key, "name": rows[0][1], "made": _seconds(rows[0][3])})
        for _, _, pk, at in rows:
            base.execute(_LISTED, {"key": key, "pk": pk, "at": _seconds(at)})
    base.execute(_TALLY)


def _seconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).timestamp())


_OWNER = sa.text(
    """
    INSERT INTO account (key, name, role, state, about, made)
    VALUES ('owner', 'owner', 'admin', 'active', '', :now)
    """
)
_SAVED = sa.text(
    """
    INSERT INTO saved (account, key, name, query, sort, created, seen, looked)
    VALUES (1, :key, :name, :query, :sort, :created, :seen, :looked)
    """
)
_SHELF = sa.text("INSERT INTO shelf (account, key, name, made) VALUES (1, :key, :name, :made)")
_LISTED = sa.text(
    """
    INSERT INTO listed (shelf, pk, account, at) SELECT id, :pk, 1, :at FROM shelf WHERE account = 1 AND key = :key
    """
)
_TALLY = sa.text("INSERT INTO tally (pk, saves) SELECT DISTINCT pk, 1 FROM listed")


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text),
        sa.Column("likeness", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False, server_default=""),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_index("account_key", "account", ["key"], unique=True)
    op.create_index("account_likeness", "account", ["likeness"], unique=True)
    op.create_index("account_email", "account", ["email"], unique=True)
    op.create_table(
        "ticket",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account", sa.Integer),
        sa.Column("email", sa.Text, nullable=False, server_default=""),
        sa.Column("role", sa.Text, nullable=False, server_default=""),
        sa.Column("by", sa.Integer),
        sa.Column("network", sa.Text, nullable=False, server_default=""),
        sa.Column("uses", sa.Integer, nullable=False, server_default="1"),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ticket_email", "ticket", ["email", "made"])
    op.create_index("ticket_network", "ticket", ["network", "made"])
    op.create_table(
        "session",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("session_account", "session", ["account"])


def _entrances() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("public", sa.LargeBinary, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
    )
    op.create_index("passkey_account", "passkey", ["account"])
    op.create_table(
        "identity",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("identity_account", "identity", ["account"])
    op.create_table(
        "token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
        sa.Column("ends", sa.BigInteger),
    )
    op.create_index("token_hash", "token", ["hash"], unique=True)
    op.create_index("token_account", "token", ["account"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("account", sa.Integer),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )


def _votes() -> None:
    op.create_table(
        "vote",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("vote_account", "vote", ["account", "at"])
    op.create_index("vote_at", "vote", ["at"])
    op.create_table(
        "tally",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("votes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("saves", sa.Integer, nullable=False, server_default="0"),
        sa.Column("comments", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "shade",
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hidden", sa.BigInteger),
        sa.Column("read", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("shade_pk", "shade", ["pk"])


def _comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pk", sa.Integer, nullable=False),
        sa.Column("account", sa.Integer),
        sa.Column("parent", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("edited", sa.BigInteger),
        sa.Column("gone", sa.BigInteger),
        sa.Column("gone_by", sa.Integer),
        sqlite_autoincrement=True,
    )
    op.create_index("comment_pk", "comment", ["pk"])
    op.create_index("comment_account", "comment", ["account", "made"])
    op.create_index("comment_made", "comment", ["made"])
    op.create_table(
        "report",
        sa.Column("comment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("report_account", "report", ["account", "at"])


def _desk() -> None:
    op.create_table(
        "submission",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Integer),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("submission_account", "submission", ["account", "at"])
    op.create_index("submission_at", "submission", ["at"])
    op.create_table(
        "pick",
        sa.Column("team", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("account", sa.Integer),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("pick_pk", "pick", ["pk"])
    op.create_table(
        "claim",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pk", sa.Integer, nullable=False),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("by", sa.Integer),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("decided", sa.BigInteger),
    )
    op.create_index("claim_pk_account", "claim", ["pk", "account"], unique=True)
    op.create_index("claim_account", "claim", ["account"])
    op.create_index("claim_state", "claim", ["state"])


def _lists() -> None:
    op.create_table(
        "shelf",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seen_by", sa.Text, nullable=False, server_default="private"),
        sa.Column("team", sa.Integer),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("made", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("shelf_account_key", "shelf", ["account", "key"], unique=True)
    op.create_index("shelf_team", "shelf", ["team"])
    op.create_table(
        "listed",
        sa.Column("shelf", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Integer),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("listed_pk", "listed", ["pk"])
    op.create_index("listed_at", "listed", ["at"])
    op.create_table(
        "saved",
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("looked", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _groups() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("likeness", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False, server_default=""),
        sa.Column("seen_by", sa.Text, nullable=False),
        sa.Column("joining", sa.Text, nullable=False),
        sa.Column("by", sa.Integer),
        sa.Column("made", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("team_key", "team", ["key"], unique=True)
    op.create_index("team_likeness", "team", ["likeness"], unique=True)
    op.create_table(
        "member",
        sa.Column("team", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("member_account", "member", ["account"])


def _counters() -> None:
    op.create_table(
        "snapshot",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("signal", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("snapshot_at", "snapshot", ["at"])
    op.create_table(
        "opened",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("opened_hour", "opened", ["hour"])
