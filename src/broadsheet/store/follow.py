"""What readers did with a paper stays with it when it is absorbed into another, and goes when it is removed."""

import sqlalchemy as sa

# Tables whose rows name a paper beside what makes them one of a kind: (table, the columns of its key, other columns).
_KEYED = (
    ("vote", ("account",), ("at",)),
    ("shade", ("account",), ("hidden", "read")),
    ("listed", ("shelf",), ("account", "note", "at")),
    ("pick", ("team", "day"), ("place", "account", "note", "at")),
    ("submission", (), ("account", "note", "at")),
    ("snapshot", ("signal", "source", "at"), ("value",)),
    ("opened", ("hour",), ("count",)),
)
_TABLES = (*(table for table, _, _ in _KEYED), "comment", "claim", "tally")


def _follow(table: str, key: tuple[str, ...], other: tuple[str, ...]) -> sa.TextClause:
    kept = ", ".join((*key, *other))
    target = ", ".join(("pk", *key))
    return sa.text(
        f"INSERT INTO {table} (pk, {kept}) SELECT :into, {kept} FROM {table} WHERE pk = :gone "
        f"ON CONFLICT ({target}) DO NOTHING"
    )


_FOLLOW = tuple(_follow(*one) for one in _KEYED)
_COMMENTS = sa.text("UPDATE comment SET pk = :into WHERE pk = :gone")
_CLAIMS = sa.text(
    """
    UPDATE claim SET pk = :into
    WHERE pk = :gone AND account NOT IN (SELECT account FROM claim WHERE pk = :into)
    """
)
_FORGET = (
    sa.text("DELETE FROM report WHERE comment IN (SELECT id FROM comment WHERE pk = :pk)"),
    *(sa.text(f"DELETE FROM {table} WHERE pk = :pk") for table in _TABLES),
)
_COUNT = sa.text(
    """
    INSERT INTO tally (pk, votes, saves, comments)
    SELECT * FROM (
        SELECT :pk AS pk, (SELECT count(*) FROM vote WHERE pk = :pk) AS votes,
            (SELECT count(DISTINCT s.account) FROM listed l JOIN shelf s ON s.id = l.shelf WHERE l.pk = :pk) AS saves,
            (SELECT count(*) FROM comment WHERE pk = :pk AND gone IS NULL) AS comments
    ) AS counted WHERE votes + saves + comments > 0
    """
)


def move(connection: sa.Connection, gone: int, into: int) -> None:
    """The row *into* takes the place of *gone* in all that readers did; who did the same with both did it once."""
    both = {"gone": gone, "into": into}
    for statement in (*_FOLLOW, _COMMENTS, _CLAIMS):
        connection.execute(statement, both)
    forget(connection, gone)
    count(connection, into)


def forget(connection: sa.Connection, pk: int) -> None:
    """Takes a paper out of all that readers did."""
    for statement in _FORGET:
        connection.execute(statement, {"pk": pk})


def count(connection: sa.Connection, pk: int) -> None:
    """Counts the totals of a paper anew."""
    connection.execute(sa.text("DELETE FROM tally WHERE pk = :pk"), {"pk": pk})
    connection.execute(_COUNT, {"pk": pk})
