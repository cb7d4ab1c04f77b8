"""What a store already holds that could be the same work as some new papers."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.blocking import block_of, near
from broadsheet.paper import Paper
from broadsheet.store.codec import decode
from broadsheet.store.copies import Copy, copies_of
from broadsheet.store.db import among

MOST = 60  # papers looked at for one block; of "Editorial" there are thousands, and none is alike


class Known(NamedTuple):
    """ids: id -> pk. blocks: block -> pks, ascending. papers: every pk of the two -> its paper.

    apart: pairs of ids that somebody has said are two works: the one that stayed, the one that went. copies: pk -> what
    it is made of, when that is more than one copy.
    """

    ids: dict[str, int]
    blocks: dict[int, list[int]]
    papers: dict[int, Paper]
    apart: frozenset[tuple[str, str]] = frozenset()
    copies: Mapping[int, Sequence[Copy]] = MappingProxyType({})


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

_DATA = """
    SELECT q.pk, p.pk, p.data
    FROM paper q JOIN paper p ON p.pk = coalesce(q."into", q.pk) WHERE q.pk IN :values AND p.data IS NOT NULL
    """
_ANY_APART = sa.text("SELECT 1 FROM apart LIMIT 1")
_STAYED = "SELECT a, b FROM apart WHERE a IN :values"
_WENT = "SELECT a, b FROM apart WHERE b IN :values"


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
    living = {pk: pk for pk in found}  # a row that is held back may have been absorbed since
    for held_pk, pk, data in among(connection, _DATA, missing):
        living[held_pk] = pk
        if pk not in found:
            found[pk] = decode(data)
    if any(living.get(pk) != pk for pk in missing):
        blocks = {block: sorted({living[pk] for pk in pks if pk in living}) for block, pks in blocks.items()}
    apart = _apart(connection, wanted, found)
    verdicts = sorted({identifier for pair in apart for identifier in pair} - ids.keys())
    for identifier, pk, data in among(connection, _IDS, verdicts):  # the works that a verdict is about, both of them
        ids[identifier] = pk
        if pk not in found:
            found[pk] = decode(data)
    return Known(ids, blocks, found, apart, copies_of(connection, sorted(found)))


def _match_blocks(
    connection: sa.Connection, papers: Sequence[Paper], held: Mapping[int, Sequence[int]]
) -> dict[int, list[int]]:
    wanted = sorted({block for paper in papers for block in near(paper)})
    pks = {block: set(several) for block, several in held.items()}
    for block, pk in among(connection, _BLOCKS, wanted):
        pks.setdefault(block, set()).add(pk)
    return {block: sorted(several)[:MOST] for block, several in pks.items()}


def _apart(connection: sa.Connection, wanted: Sequence[str], found: Mapping[int, Paper]) -> frozenset[tuple[str, str]]:
    """The verdicts on any id asked for, and on any id of what was found; in most libraries nobody has given one."""
    if connection.execute(_ANY_APART).first() is None:
        return frozenset()
    names = sorted({*wanted, *(identifier for paper in found.values() for identifier in paper.ids)})
    rows = (*among(connection, _STAYED, names), *among(connection, _WENT, names))
    return frozenset((stayed, went) for stayed, went in rows)


def titled(connection: sa.Connection, key: str) -> list[int]:
    """The papers of which some copy has the normalised title *key*, by pk."""
    return sorted({int(pk) for _, pk in among(connection, _BLOCKS, [block_of(key)])})
