"""The first tables.

Why: the store is the truth, everything else is derived from it by `paper.seq`; see `store/schema.py`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("into", sa.Integer),
        sa.Column("data", sa.Text),
    )
    op.create_index("paper_seq", "paper", ["seq"], unique=True)
    gone = sa.text('"into" IS NOT NULL')
    op.create_index("paper_into", "paper", ["into"], sqlite_where=gone, postgresql_where=gone)
    op.create_table(
        "alias",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("pk", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "title",
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counter",
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("pk", sa.Integer, nullable=False),
        sa.Column("papers", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO counter (seq, pk, papers) VALUES (0, 0, 0)")
    op.create_table(
        "mark",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    _ledger()


def _ledger() -> None:
    op.create_table(
        "cursor",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("pk", sa.Integer, primary_key=True),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("finished", sa.Text),
        sa.Column("new", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("same", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_table(
        "quarantine",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("part", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
