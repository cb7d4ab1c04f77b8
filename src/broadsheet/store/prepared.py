"""A paper as it will be stored, made where it was parsed; and making up for a bulk load that was cut off."""

from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.blocking import blocks
from broadsheet.store.codec import decode
from broadsheet.store.db import many

CATCH_UP = 5_000  # rows read at a time
TITLE = "INSERT INTO title (block, pk) VALUES (:block, :pk) ON CONFLICT DO NOTHING"
_LEFT = sa.text("SELECT pk, data FROM paper WHERE pk > :after AND data IS NOT NULL ORDER BY pk LIMIT :limit")


class Prepared(NamedTuple):
    """A paper as it will be stored, made where it was parsed.

    data   its row; ids: canonical; named: the hashes of those (`mark_of`)
    own    hashes of the blocks that it is kept under, and *more* of where copies of it may be
    """

    data: str
    ids: tuple[str, ...]
    named: tuple[int, ...]
    own: tuple[int, ...]
    more: tuple[int, ...]


def mark_of(identifier: str) -> int:
    """The hash of an id, in one space with those of blocks; another one in every process."""
    return hash(identifier)


def catch_up(connection: sa.Connection, after: int) -> None:
    """Writes the block rows of every paper beyond *after*, which a bulk load that was killed has left out."""
    while rows := connection.execute(_LEFT, {"after": after, "limit": CATCH_UP}).all():
        pairs = sorted({(block, pk) for pk, data in rows for block in blocks(decode(data))})
        many(connection, TITLE, pairs)
        after = rows[-1][0]
