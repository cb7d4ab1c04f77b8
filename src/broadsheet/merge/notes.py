"""What a batch of merges leaves behind so that each can be explained and undone: copies, versions, links.

A paper of several copies is always the `paper.merge` of them, so that taking one out needs nothing but the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from broadsheet.merge.decide import Decision, Joined, Kin
from broadsheet.paper import Paper, merge
from broadsheet.store import Copy, Writer

WATCHED = ("title", "abstract", "authors", "version", "venue", "date")  # what a new version may change


@dataclass
class _Part:
    """One copy of a row. *id* is its number in the store, 0 until it is written."""

    paper: Paper
    score: float | None
    why: str
    id: int = 0
    changed: bool = False


class Notes:
    """Collected while a plan is made, written with it. Rows that are new have negative pks until then.

    *kept* is what the store has: pk -> its copies, none for a paper of one copy.
    """

    def __init__(self, kept: Mapping[int, Sequence[Copy]]) -> None:
        self._kept = kept
        self._parts: dict[int, list[_Part]] = {}
        self._versions: list[tuple[int, str, int | None, str]] = []  # pk, source, version, what it said, as JSON
        self._kin: list[tuple[int, Kin]] = []

    def said(self, before: Paper, copy: Paper, decision: Decision) -> None:
        """*copy* has become part of the decision's row, which was *before*."""
        parts = self._of(decision.pk)
        own = next((part for part in parts if is_version(part.paper, copy)), None)
        if own is None and not copy.title:  # a word about a paper is never a copy of it
            own = next((part for part in parts if set(copy.ids) & set(part.paper.ids)), None)
        if own is None and decision.kind == "touch":  # a later date of what some copy says already
            own = next((part for part in parts if set(copy.sources) & set(part.paper.sources)), None)
        if own is not None:
            renewed = merge(own.paper, copy)
            own.changed |= renewed != own.paper
            own.paper = renewed
        if own is not None or (not parts and (not copy.title or is_version(before, copy))):
            self._version(before, copy, decision)
        elif decision.kind == "update":
            joined = decision.joined or Joined(1.0, "the same record")
            self._begun(decision.pk, before).append(_Part(copy, joined.score, joined.why))

    def absorbed(self, gone: int, paper: Paper, into: int, before: Paper, joined: Joined) -> None:
        """Row *gone*, which was *paper*, has become part of row *into*, which was *before*."""
        for part in (theirs := self._begun(gone, paper)):
            if part.score is None:
                part.score, part.why, part.changed = joined.score, joined.why, True
        self._begun(into, before).extend(theirs)
        self._parts[gone] = []
        self._versions = [(into if pk == gone else pk, *rest) for pk, *rest in self._versions]  # type: ignore[misc]
        self._kin = [
            (into if pk == gone else pk, kin._replace(pk=into) if kin.pk == gone else kin) for pk, kin in self._kin
        ]

    def alike(self, pk: int, kin: Iterable[Kin]) -> None:
        self._kin += [(pk, one) for one in kin]

    def write(self, writer: Writer, pks: Mapping[int, int]) -> None:
        """*pks*: the numbers that new rows have got."""
        parts = [(pks.get(pk, pk), part) for pk, several in self._parts.items() for part in several]
        writer.copies.add((pk, part.paper, part.score, part.why) for pk, part in parts if not part.id)
        writer.copies.renew((p.id, p.paper, p.score, p.why) for _, p in parts if p.id and p.changed)
        writer.copies.remember((pks.get(pk, pk), *rest) for pk, *rest in self._versions)  # type: ignore[misc]
        links = ((pks.get(pk, pk), pks.get(kin.pk, kin.pk), kin.score, kin.why) for pk, kin in self._kin)
        writer.copies.link(links)

    def _of(self, pk: int) -> list[_Part]:
        if pk not in self._parts:
            kept = self._kept.get(pk, ())
            self._parts[pk] = [_Part(one.paper, one.score, one.why, one.id) for one in kept]
        return self._parts[pk]

    def _begun(self, pk: int, paper: Paper) -> list[_Part]:
        """The copies of a row; when it had one, that is *paper*, the row itself."""
        parts = self._of(pk)
        if not parts:
            parts.append(_Part(paper, None, "the first copy"))
        return parts

    def _version(self, before: Paper, copy: Paper, decision: Decision) -> None:
        if lost := _changed(before, decision.paper):
            self._versions.append((decision.pk, next(iter(copy.sources), ""), before.version, lost))


def is_version(before: Paper, copy: Paper) -> bool:
    """Whether *copy* is only a newer word of a source that has spoken before, under the same name."""
    return set(copy.sources) <= set(before.sources) and bool(set(copy.ids) & set(before.ids))


def _changed(was: Paper, now: Paper) -> str:
    """The fields that will be lost, as JSON; empty when nothing that a reader sees changes."""
    lost = {
        name: getattr(was, name) for name in WATCHED if getattr(was, name) != getattr(now, name) and getattr(was, name)
    }
    if was.standing != now.standing:
        lost["standing"] = was.standing or "in good standing"
    return orjson.dumps(lost).decode() if lost else ""
