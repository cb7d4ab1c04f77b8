"""What harvesting and merging from many sources need: how runs end, copies, histories, links, and verdicts.

Why: a run says how it ended and when it is tried again; a merge can be explained and undone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("run", sa.Column("outcome", sa.Text, nullable=False, server_default=""))
    op.add_column("run", sa.Column("requests", sa.Integer, nullable=False, server_default="0"))
    op.add_column("run", sa.Column("retry", sa.Text))
    op.create_index("run_job", "run", ["job", "pk"])
    op.add_column("quarantine", sa.Column("format", sa.Text, nullable=False, server_default=""))
    op.add_column("counter", sa.Column("blocked", sa.Integer, nullable=False, server_default="0"))
    op.add_column("counter", sa.Column("written", sa.BigInteger, nullable=False, server_default="0"))
    _merges()


def _merges() -> None:
    op.create_table(
        "copy",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pk", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("copy_pk", "copy", ["pk"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("pk", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("before", sa.Text, nullable=False),
    )
    op.create_index("history_pk", "history", ["pk"])
    op.create_table(
        "kin",
        sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("b", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("kin_b", "kin", ["b"])
    op.create_table(
        "apart",
        sa.Column("a", sa.Text, primary_key=True),
        sa.Column("b", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("apart_b", "apart", ["b"])
