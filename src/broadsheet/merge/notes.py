"""What a batch of merges leaves behind so that each can be explained and undone: copies, versions, links."""

from collections.abc import Iterable, Mapping

import orjson

from broadsheet.merge.decide import Joined, Kin
from broadsheet.paper import Paper, merge
from broadsheet.store import Writer

WATCHED = ("title", "abstract", "authors", "version", "venue", "date")  # what a new version may change


class Notes:
    """Collected while a plan is made, written with it. Rows that are new have negative pks until then."""

    def __init__(self) -> None:
        self._first: dict[int, Paper] = {}  # the row as it was before its first merge
        self._copies: list[tuple[int, Paper, float, str]] = []
        self._versions: list[tuple[int, Paper, Paper]] = []  # pk, what it said, the newer copy
        self._kin: list[tuple[int, Kin]] = []

    def merged(self, pk: int, before: Paper, copy: Paper, joined: Joined) -> None:
        """*copy* has become part of row *pk*, which was *before*."""
        if is_version(before, copy):
            self._versions.append((pk, before, copy))
        else:
            self._first.setdefault(pk, before)
            self._copies.append((pk, copy, joined.score, joined.why))

    def absorbed(self, gone: int, into: int, before: Paper, paper: Paper, joined: Joined) -> None:
        """Row *gone*, which was *paper*, has become part of row *into*, which was *before*."""
        self._first.setdefault(into, before)
        self._copies = [(into if pk == gone else pk, *rest) for pk, *rest in self._copies]  # type: ignore[misc]
        self._versions = [(into if pk == gone else pk, was, copy) for pk, was, copy in self._versions]
        self._kin = [(into if pk == gone else pk, kin) for pk, kin in self._kin if kin.pk not in (gone, into)]
        self._copies.append((into, self._first.pop(gone, paper), joined.score, joined.why))

    def alike(self, pk: int, kin: Iterable[Kin]) -> None:
        self._kin += [(pk, one) for one in kin]

    def write(self, writer: Writer, pks: Mapping[int, int]) -> None:
        """*pks*: the numbers that new rows have got."""
        merged = sorted({pks.get(pk, pk) for pk, *_ in self._copies})
        copied = writer.copies.copied(merged)
        first = [(pks.get(pk, pk), paper) for pk, paper in self._first.items()]
        writer.copies.add((pk, paper, None, "the first copy") for pk, paper in first if pk not in copied)
        writer.copies.add((pks.get(pk, pk), paper, score, why) for pk, paper, score, why in self._copies)
        self._write_versions(writer, pks)
        links = ((pks.get(pk, pk), pks.get(kin.pk, kin.pk), kin.score, kin.why) for pk, kin in self._kin)
        writer.copies.link(links)

    def _write_versions(self, writer: Writer, pks: Mapping[int, int]) -> None:
        if not self._versions:
            return
        told = ((pks.get(pk, pk), was, copy) for pk, was, copy in self._versions)
        rows = [(pk, copy, _changed(was, merge(was, copy)), was.version) for pk, was, copy in told]
        sources = {pk: next(iter(copy.sources), "") for pk, copy, *_ in rows}
        writer.copies.remember((pk, sources[pk], version, before) for pk, _, before, version in rows if before)
        kept = writer.copies.of([pk for pk, *_ in rows])
        for pk, copy, *_ in rows:
            own = next((one for one in kept.get(pk, ()) if is_version(one.paper, copy)), None)
            if own is not None:
                writer.copies.renew([(own.id, merge(own.paper, copy))])


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
