"""The tables, and which version of them this program knows.

The tables of readers and of what they do are in `schema_people`, those of the daily edition in `schema_mail`. A change
to any of them needs a new file in ``versions/`` that brings an older library to the same tables, and HEAD raised to its
revision; ``tests/test_store_versions.py`` compares the two.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, text

HEAD = "0005"
VERSION_TABLE = "broadsheet_version"  # Alembic's table under a name of our own: it also says whose database this is

metadata = MetaData()
_GONE = text('"into" IS NOT NULL')

# One row a paper, for ever: the row of an absorbed or removed paper keeps its pk and seq and loses its data, so that
# every follower of `seq` hears of it and no pk is used twice. Small columns come first: SQLite reads them without
# touching the overflow pages of `data`.
paper = Table(
    "paper",
    metadata,
    Column("pk", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("into", Integer),  # the paper that absorbed this one
    Column("added", BigInteger, nullable=False, server_default="0"),  # when the row was made, Unix seconds; 0: unknown
    Column("data", Text),
    Index("paper_seq", "seq", unique=True),
    Index("paper_into", "into", sqlite_where=_GONE, postgresql_where=_GONE),
)

# Every id that any copy of a paper ever had.
alias = Table(
    "alias",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pk", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# A hash of the normalised title of every copy: where to look for the same work.
title = Table(
    "title",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("pk", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# One row. The newest change, the last pk given away, the number of papers; updating it is the writer's lock.
counter = Table(
    "counter",
    metadata,
    Column("seq", BigInteger, nullable=False),
    Column("pk", Integer, nullable=False),
    Column("papers", Integer, nullable=False),
    Column("blocked", Integer, nullable=False, server_default="0"),  # up to this pk every paper's blocks are in `title`
    Column("written", BigInteger, nullable=False, server_default="0"),  # transactions so far
)

# One row a transaction that changed papers: its last change number, and a number drawn by chance. Whoever has followed
# `seq` to some point can tell by it whether this is still the history that was followed, or another store, or an older
# copy of this one that has gone on differently.
mark = Table(
    "mark",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("source", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Text, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("job", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text),
    Column("new", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default=""),  # how it ended: new, updated, nothing new, failed
    Column("requests", Integer, nullable=False, server_default="0"),
    Column("retry", Text),  # when a failed run is tried again, ISO 8601 in UTC
    Index("run_job", "job", "pk"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("source", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
    Column("format", Text, nullable=False, server_default=""),  # the module of `sources` that can read `raw` again
)

# The copies of every paper that is made of more than one: what each merge was, why, and what it takes to undo it.
copy = Table(
    "copy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pk", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("score", Float),  # the probability that it is the same work; empty for the first copy
    Column("why", Text, nullable=False),
    Column("data", Text, nullable=False),
    Index("copy_pk", "pk"),
)

# What a paper said before a new version of it came.
history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pk", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Integer),
    Column("before", Text, nullable=False),  # the fields that changed, as JSON
    Index("history_pk", "pk"),
)

# Papers that are much alike and yet two works, or may be: linked, not merged. a < b.
kin = Table(
    "kin",
    metadata,
    Column("a", Integer, primary_key=True, autoincrement=False),
    Column("b", Integer, primary_key=True, autoincrement=False),
    Column("score", Float, nullable=False),
    Column("why", Text, nullable=False),
    Index("kin_b", "b"),
    sqlite_with_rowid=False,
)

# Two ids that somebody has said are two works: no merge brings them together again. a is of the paper that stayed, b of
# the one that was taken out of it.
apart = Table(
    "apart",
    metadata,
    Column("a", Text, primary_key=True),
    Column("b", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("apart_b", "b"),
    sqlite_with_rowid=False,
)

# What was asked, for those who have turned that on.
asked = Table(
    "asked",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("query", Text, nullable=False),
    Column("sort", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("total", Integer, nullable=False),
)
