"""What a batch of copies will do to the store: decisions, each seen by the next, then one writing."""

from broadsheet.blocking import blocks
from broadsheet.merge.decide import Decision, Joined, apart, decide, word
from broadsheet.merge.notes import Notes
from broadsheet.paper import Paper
from broadsheet.store import Known, Writer


class Plan:
    """What one batch will do to the store: decisions, each seen by the next.

    New papers have negative pks until they are written.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.counts = {"insert": 0, "same": 0, "touch": 0, "update": 0, "conflict": 0, "ignore": 0}
        self._new: dict[int, None] = {}
        self._changed: dict[int, bool] = {}  # row of the store -> whether only dates changed
        self._absorbed: list[tuple[int, int]] = []
        self._copies: list[tuple[int, Paper]] = []
        self._notes = Notes(known.copies)

    def take(self, copy: Paper) -> Decision:
        copy = apart(copy, self.known)
        decision = decide(copy, self.known) if copy.title else word(copy, self.known)
        self.counts[decision.kind] += 1
        if decision.kind == "insert":
            pk = -1 - len(self.known.papers)
            self._new[pk] = None
        elif decision.kind in ("same", "touch", "update"):
            pk = decision.pk
            self._join(copy, decision)
        else:
            return decision
        self.known.papers[pk] = decision.paper
        self._notes.alike(pk, decision.kin)
        self._lead(pk, copy)
        return decision

    def _join(self, copy: Paper, decision: Decision) -> None:
        """The copy, and the rows that it shows to be the same work, into one row."""
        pk, before, papers = decision.pk, self.known.papers[decision.pk], self.known.papers
        if pk > 0 and decision.kind != "same":
            self._changed[pk] = self._changed.get(pk, True) and decision.kind == "touch"
        bridge = decision.bridge or decision.joined or Joined(1.0, "one record has the ids of both")
        for gone in decision.absorbed:
            self._notes.absorbed(gone, papers[gone], pk, before, bridge)
            self._absorb(gone, pk)
        self._notes.said(before, copy, decision)

    def _lead(self, pk: int, copy: Paper) -> None:
        """Lets the ids and the title of *copy* lead to row *pk*, for the rest of the batch and in the store."""
        strange = [identifier for identifier in copy.ids if self.known.ids.get(identifier) != pk]
        self.known.ids.update(dict.fromkeys(strange, pk))
        unblocked = [block for block in blocks(copy) if pk not in self.known.blocks.get(block, ())]
        for block in unblocked:
            self.known.blocks.setdefault(block, []).append(pk)
        if strange or unblocked:
            self._copies.append((pk, copy))

    def _absorb(self, gone: int, into: int) -> None:
        for identifier, pk in self.known.ids.items():
            if pk == gone:
                self.known.ids[identifier] = into
        for pks in self.known.blocks.values():
            if gone in pks:
                pks[:] = dict.fromkeys(into if pk == gone else pk for pk in pks)
        self._copies = [(into if pk == gone else pk, copy) for pk, copy in self._copies]
        self._changed.pop(gone, None)
        if gone > 0:
            self._absorbed.append((gone, into))
        else:
            del self._new[gone]

    def write(self, writer: Writer) -> None:
        papers = self.known.papers
        pks = dict(zip(self._new, writer.insert([papers[pk] for pk in self._new]), strict=True))
        writer.replace([(pk, papers[pk]) for pk, dates_only in self._changed.items() if not dates_only])
        writer.touch([(pk, papers[pk]) for pk, dates_only in self._changed.items() if dates_only])
        for gone, into in self._absorbed:
            writer.absorb(gone, into)
            writer.copies.move(gone, into)
        # A copy that is its row word for word was remembered with the row.
        writer.remember([(pks.get(pk, pk), copy) for pk, copy in self._copies if papers[pk] is not copy])
        self._notes.write(writer, pks)
