"""What a store already holds that could be the same work as some new papers."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.paper import Paper
from broadsheet.store.codec import decode
from broadsheet.store.db import among
from broadsheet.text import title_key


class Known(NamedTuple):
    """ids: id -> pk. titles: normalised title -> pks, ascending. papers: every pk of the two -> its paper."""

    ids: dict[str, int]
    titles: dict[str, list[int]]
    papers: dict[int, Paper]


@lru_cache(maxsize=1 << 14)  # asked for once to match and once to write
def block_of(key: str) -> int:
    """A signed 64-bit hash of a normalised title. Sure to be the same in every Python and on every machine."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


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

_TITLES = """
    SELECT t.block, p.pk, p.data
    FROM title t JOIN paper q ON q.pk = t.pk JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE t.block IN :values AND p.data IS NOT NULL
    """


def match(connection: sa.Connection, papers: Sequence[Paper]) -> Known:
    """Everything that shares an id or a normalised title with one of *papers*."""
    ids: dict[str, int] = {}
    found: dict[int, Paper] = {}
    wanted = sorted({identifier for paper in papers for identifier in paper.ids if sound(identifier)})
    for identifier, pk, data in among(connection, _IDS, wanted):
        ids[identifier] = pk
        if pk not in found:
            found[pk] = decode(data)
    return Known(ids, _match_titles(connection, papers, found), found)


def _match_titles(connection: sa.Connection, papers: Sequence[Paper], found: dict[int, Paper]) -> dict[str, list[int]]:
    keys = {block_of(key): key for key in {title_key(paper.title) for paper in papers} if key}
    pks: dict[str, set[int]] = {}
    for block, pk, data in among(connection, _TITLES, sorted(keys)):
        pks.setdefault(keys[block], set()).add(pk)
        if pk not in found:
            found[pk] = decode(data)
    return {key: sorted(several) for key, several in pks.items()}


_TITLED = """
    SELECT DISTINCT p.pk
    FROM title t JOIN paper q ON q.pk = t.pk JOIN paper p ON p.pk = coalesce(q."into", q.pk)
    WHERE t.block IN :values AND p.data IS NOT NULL
    """


def titled(connection: sa.Connection, key: str) -> list[int]:
    """The papers of which some copy has the normalised title *key*, by pk."""
    return sorted(int(pk) for (pk,) in among(connection, _TITLED, [block_of(key)]))
