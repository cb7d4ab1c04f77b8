"""When a paper came, searches that have a name, lists of papers, and what was asked.

Why: a reader comes back to a question and wants to see what is new, and keeps papers together.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # It becomes the last column here and stands before `data` in a new library: to move it, gigabytes would be written.
    op.add_column("paper", sa.Column("added", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "saved",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("looked", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "listed",
        sa.Column("list", sa.Text, primary_key=True),
        sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("listed_pk", "listed", ["pk"])
    op.create_table(
        "asked",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
    )
