"""What a store already holds that could be the same work as some new papers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.blocking import block_of, near
from broadsheet.paper import Paper
from broadsheet.store.codec import decode
from broadsheet.store.db import among

MOST = 60  # papers looked at for one block; of "Editorial" there are thousands, and none is alike


class Known(NamedTuple):
    """ids: id -> pk. blocks: block -> pks, ascending. papers: every pk of the two -> its paper.

    apart: pairs of ids that somebody has said are two works, both ways round.
    """

    ids: dict[str, int]
    blocks: dict[int, list[int]]
    papers: dict[int, Paper]
    apart: frozenset[tuple[str, str]] = frozenset()


def sound(identifier: str) -> bool:
    """Whether a database can be asked for this text at all: no NUL, no lone surrogate."""
    return (identifier.isascii() and "\x00" not in identifier) or _encodable(identifier)


def _encodable(identifier: str) -> bool:
    try:
        return b"\x00" not in identifier.encode()
    except UnicodeEncodeError:
        return False


_IDS = """
    SELECT a.id, p.pk, p.data
    FROM alias a JOIN paper q ON q.pk = a.pk JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE a.id IN :values AND p.data IS NOT NULL
    """

_BLOCKS = """
    SELECT t.block, p.pk
    FROM title t JOIN paper q ON q.pk = t.pk JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE t.block IN :values AND p.data IS NOT NULL
    """

_DATA = "SELECT pk, data FROM paper WHERE pk IN :values AND data IS NOT NULL"
_APART = "SELECT a, b FROM apart WHERE a IN :values"
_APART_B = "SELECT b, a FROM apart WHERE b IN :values"


def match(connection: sa.Connection, papers: Sequence[Paper], held: Mapping[int, Sequence[int]]) -> Known:
    """Everything that shares an id or a block with one of *papers*; *held*: block -> pks not in the table yet."""
    ids: dict[str, int] = {}
    found: dict[int, Paper] = {}
    wanted = sorted({identifier for paper in papers for identifier in paper.ids if sound(identifier)})
    for identifier, pk, data in among(connection, _IDS, wanted):
        ids[identifier] = pk
        if pk not in found:
            found[pk] = decode(data)
    blocks = _match_blocks(connection, papers, held)
    missing = sorted({pk for pks in blocks.values() for pk in pks} - found.keys())
    found.update((pk, decode(data)) for pk, data in among(connection, _DATA, missing))
    return Known(ids, blocks, found, _apart(connection, wanted) if ids else frozenset())


def _match_blocks(
    connection: sa.Connection, papers: Sequence[Paper], held: Mapping[int, Sequence[int]]
) -> dict[int, list[int]]:
    wanted = sorted({block for paper in papers for block in near(paper)})
    pks = {block: set(several) for block, several in held.items()}
    for block, pk in among(connection, _BLOCKS, wanted):
        pks.setdefault(block, set()).add(pk)
    return {block: sorted(several)[:MOST] for block, several in pks.items()}


def _apart(connection: sa.Connection, wanted: Sequence[str]) -> frozenset[tuple[str, str]]:
    pairs = [*among(connection, _APART, wanted), *among(connection, _APART_B, wanted)]
    return frozenset(pair for a, b in pairs for pair in ((a, b), (b, a)))


def titled(connection: sa.Connection, key: str) -> list[int]:
    """The papers of which some copy has the normalised title *key*, by pk."""
    return sorted({int(pk) for _, pk in among(connection, _BLOCKS, [block_of(key)])})
