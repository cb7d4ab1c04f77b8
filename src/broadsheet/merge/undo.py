"""Merges explained, undone, and made by hand. What somebody has said about two works is never overruled by likeness."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import NamedTuple

from broadsheet import ids
from broadsheet.errors import Mistake
from broadsheet.paper import Paper, merge
from broadsheet.store import Copy, Store

FIRST = "the first copy"


class Split(NamedTuple):
    """The row that was there, and the one that has come out of it."""

    kept: int
    new: int


def undo(store: Store, pk: int, number: int) -> Split:
    """Takes copy *number* (1 is the first) out of paper *pk*: it becomes a paper of its own again, for good.

    An id that both have stays with the older row. Raises Mistake when the paper has no such copy, or when the next
    harvest could not tell the two apart.
    """
    with store.writing() as writer:
        copies = writer.copies.of([pk]).get(pk, [])
        if not 1 <= number <= len(copies):
            have = f"it has {len(copies)} copies" if copies else "it is made of one copy"
            raise Mistake(f"there is no copy {number} to take out: {have}")
        part = copies[number - 1]
        rest = [copy for copy in copies if copy.id != part.id]
        kept = _whole(rest)
        alone = _without(part.paper, kept)
        if set(alone.ids) & {_title_id(copy.paper) for copy in rest}:
            raise Mistake(
                f"copy {number} has the ids, title, first author and year of another: nothing tells them apart"
            )
        writer.copies.unblock(pk)
        writer.forget(set(part.paper.ids) - set(kept.ids))
        writer.replace([(pk, kept)])
        writer.remember([(pk, copy.paper) for copy in rest])
        (new,) = writer.insert([alone])
        writer.copies.drop([part.id, *((rest[0].id,) if len(rest) == 1 else ())])
        if part.score is None and len(rest) > 1:  # what was the second is the first now
            writer.copies.renew([(rest[0].id, rest[0].paper, None, FIRST)])
        writer.copies.part(kept.ids, alone.ids, "taken apart by hand")
        writer.copies.link([(pk, new, part.score or 0.0, "were one paper until somebody took them apart")])
    return Split(pk, new)


def join(store: Store, pk: int, other: int) -> None:
    """Makes two papers one by hand; every verdict that they are two is taken back. Raises Mistake."""
    if pk == other:
        raise Mistake(f"{store.get([pk])[pk].key}: both names are of this one paper already")
    with store.writing() as writer:
        papers = store.get([pk, other])
        if len(papers) < 2:
            raise Mistake("one of the two papers is gone")
        copies = writer.copies.of([pk, other])
        if pk not in copies:
            writer.copies.add([(pk, papers[pk], None, FIRST)])
        if other not in copies:
            writer.copies.add([(other, papers[other], 1.0, "joined by hand")])
        first = (copy for copy in copies.get(other, ()) if copy.score is None)
        writer.copies.renew((copy.id, copy.paper, 1.0, "joined by hand") for copy in first)
        writer.copies.unpart(papers[pk].ids, papers[other].ids)
        writer.absorb(other, pk)
        writer.copies.move(other, pk)
        whole = merge(papers[pk], papers[other])
        writer.replace([(pk, whole)])
        writer.remember([(pk, papers[other])])


def _whole(copies: Sequence[Copy]) -> Paper:
    return reduce(merge, (copy.paper for copy in copies))


def _without(paper: Paper, kept: Paper) -> Paper:
    """*paper* without the ids that stay with *kept*."""
    left = tuple(identifier for identifier in paper.ids if identifier not in kept.ids)
    return replace(paper, ids=left or (_title_id(paper),))


def _title_id(paper: Paper) -> str:
    return ids.of_title(paper.title_key, paper.first_author, paper.year)
