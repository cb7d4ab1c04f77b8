"""Whether a store agrees with itself, for the doctor."""

import sqlalchemy as sa

from broadsheet.blocking import blocks as blocks_of
from broadsheet.store.codec import decode
from broadsheet.store.db import among
from broadsheet.text import plural

_COUNTS = sa.text("SELECT count(data), max(pk), max(seq) FROM paper")
_COUNTER = sa.text("SELECT papers, pk, seq FROM counter")
_LOST = sa.text("SELECT count(*) FROM alias a WHERE NOT EXISTS (SELECT 1 FROM paper p WHERE p.pk = a.pk)")
_ASTRAY = sa.text(
    """
    SELECT count(*) FROM paper q LEFT JOIN paper p ON p.pk = q."into"
    WHERE q."into" IS NOT NULL AND (q.data IS NOT NULL OR p.pk IS NULL OR p."into" IS NOT NULL)
    """
)
_OF_PAPERS = {
    "copy": ("pk",), "history": ("pk",), "kin": ("a", "b"), "listed": ("pk",), "vote": ("pk",), "tally": ("pk",),
    "shade": ("pk",), "comment": ("pk",), "submission": ("pk",), "pick": ("pk",), "claim": ("pk",),
}  # fmt: skip
_TOTALS = sa.text(
    """
    SELECT count(*) FROM (
        SELECT t.pk FROM (
            SELECT pk, 1 AS votes, 0 AS saves, 0 AS comments FROM vote
            UNION ALL SELECT pk, 0, 1, 0 FROM (
                SELECT DISTINCT l.pk, s.account FROM listed l JOIN shelf s ON s.id = l.shelf) AS kept
            UNION ALL SELECT pk, 0, 0, 1 FROM comment WHERE gone IS NULL
            UNION ALL SELECT pk, -votes, -saves, -comments FROM tally
        ) AS t JOIN paper p ON p.pk = t.pk WHERE p.data IS NOT NULL
        GROUP BY t.pk HAVING sum(t.votes) <> 0 OR sum(t.saves) <> 0 OR sum(t.comments) <> 0
    ) AS wrong
    """
)
_ROWS = sa.text("SELECT pk, data FROM paper WHERE pk > :after AND data IS NOT NULL ORDER BY pk LIMIT :limit")
_ALIASES = 'SELECT a.id, coalesce(q."into", q.pk) FROM alias a JOIN paper q ON q.pk = a.pk WHERE a.id IN :values'
_TITLES = 'SELECT t.block, coalesce(q."into", q.pk) FROM title t JOIN paper q ON q.pk = t.pk WHERE t.block IN :values'


def problems(connection: sa.Connection) -> list[str]:
    """One sentence for each kind of disagreement found."""
    found: list[str] = []
    papers, last, newest = connection.execute(_COUNTER).one()
    living, highest, latest = connection.execute(_COUNTS).one()
    if papers != living:
        found.append(f"the store counts {papers:,} papers and holds {living:,}")
    if last < (highest or 0) or newest < (latest or 0):
        found.append(f"the store's counters ({last:,}, {newest:,}) are behind its rows ({highest:,}, {latest:,})")
    if lost := connection.execute(_LOST).scalar_one():
        found.append(
            "1 id leads to a row that does not exist" if lost == 1 else f"{lost:,} ids lead to rows that do not exist"
        )
    if astray := connection.execute(_ASTRAY).scalar_one():
        found.append(f"{plural(astray, 'absorbed paper')} cannot be followed to a living one")
    for table, columns in _OF_PAPERS.items():
        astray = sum(connection.execute(_left_over(table, column)).scalar_one() for column in columns)
        if astray:
            found.append(f"{plural(astray, 'row')} of the table {table} {'is' if astray == 1 else 'are'} of no paper")
    if wrong := connection.execute(_TOTALS).scalar_one():
        found.append(f"the totals of {plural(wrong, 'paper')} are not what votes, saves and comments add up to")
    return found + _rows(connection)


def _left_over(table: str, column: str) -> sa.TextClause:
    return sa.text(
        f"SELECT count(*) FROM {table} t WHERE NOT EXISTS"
        f" (SELECT 1 FROM paper p WHERE p.pk = t.{column} AND p.data IS NOT NULL)"
    )


def _rows(connection: sa.Connection) -> list[str]:
    """Every paper read, and looked for under its ids and its title."""
    broken: list[int] = []
    hidden: list[int] = []
    after = 0
    while rows := connection.execute(_ROWS, {"after": after, "limit": 500}).all():
        after = rows[-1][0]
        ids: dict[str, int] = {}
        blocks: set[tuple[int, int]] = set()
        for pk, data in rows:
            try:
                paper = decode(data)
            except (ValueError, TypeError):
                broken.append(pk)
                continue
            ids.update(dict.fromkeys(paper.ids, pk))
            blocks.update((block, pk) for block in blocks_of(paper))
        there = dict(tuple(row) for row in among(connection, _ALIASES, sorted(ids)))
        hidden += sorted({pk for identifier, pk in ids.items() if there.get(identifier) != pk})
        titled = among(connection, _TITLES, sorted({block for block, _ in blocks}))
        hidden += sorted({pk for _, pk in blocks - {(block, pk) for block, pk in titled}} - set(hidden))
    sentences = ((broken, "cannot be read"), (hidden, "cannot be found by their ids or title"))
    return [f"{plural(len(pks), 'paper')} {what}, the first in row {pks[0]}" for pks, what in sentences if pks]
