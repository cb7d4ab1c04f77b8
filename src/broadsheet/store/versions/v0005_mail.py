"""The daily edition: subscribers and their wishes, the ledger, addresses that get nothing, what came back.

Why: papers come to readers, once a day, and what became of each letter is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _subscribers()
    _editions()
    _returns()


def _subscribers() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("account", sa.Integer),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("every", sa.Text, nullable=False, server_default="day"),
        sa.Column("weekday", sa.Integer, nullable=False, server_default="0"),
        sa.Column("minute", sa.Integer, nullable=False, server_default="420"),
        sa.Column("zone", sa.Text, nullable=False, server_default="UTC"),
        sa.Column("language", sa.Text, nullable=False, server_default="en"),
        sa.Column("quiet", sa.Text, nullable=False, server_default="say"),
        sa.Column("paused", sa.Integer, nullable=False, server_default="0"),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("confirmed", sa.BigInteger, nullable=False),
        sa.Column("left", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("subscriber_email", "subscriber", ["email"], unique=True)
    op.create_index("subscriber_account", "subscriber", ["account"], unique=True)
    op.create_table(
        "wish",
        sa.Column("subscriber", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("made", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("wanted", sa.Text, nullable=False),
        sa.Column("network", sa.Text, nullable=False, server_default=""),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_index("pending_email", "pending", ["email", "made"])
    op.create_index("pending_network", "pending", ["network", "made"])


def _editions() -> None:
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("subscriber", sa.Integer, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("upto", sa.Integer, nullable=False, server_default="0"),
        sa.Column("papers", sa.LargeBinary, nullable=False, server_default=""),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    still_open = sa.text("done IS NULL")
    op.create_index("edition_subscriber_day", "edition", ["subscriber", "day"], unique=True)
    op.create_index(
        "edition_open", "edition", ["state", "due"], sqlite_where=still_open, postgresql_where=still_open
    )  # fmt: skip
    op.create_index("edition_day", "edition", ["day", "state"])
    op.create_table(
        "content",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subscriber", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _returns() -> None:
    op.create_table(
        "suppressed",
        sa.Column("email", sa.Text, primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "returned",
        sa.Column("mark", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subscriber", sa.Integer),
        sa.Column("edition", sa.Integer),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("returned_subscriber", "returned", ["subscriber"])
    op.create_index("returned_at", "returned", ["at"])
