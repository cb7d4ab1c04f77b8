"""Records that were set aside: after a fix of ours, or of the source's, they can be tried again."""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from broadsheet import sources
from broadsheet.errors import SourceError
from broadsheet.ingest import KEEP
from broadsheet.merge import Plan
from broadsheet.paper import Paper
from broadsheet.sources import Format, Source
from broadsheet.store import Aside, Store, Tally, Unstorable

JOB = "retry"  # its name in the ledger
MANY = 100_000  # records looked at in one go


class Retried(NamedTuple):
    """How many records were taken this time, and how many stay set aside."""

    taken: int
    left: int


def retry(store: Store, names: Sequence[str] = ()) -> Retried:
    """Reads every record that was set aside (by the sources *names*) again; what can be taken now is taken.

    A record and its release are one transaction: a retry that is killed has lost nothing. Raises StoreError.
    """
    waiting = [aside for name in names or (None,) for aside in store.quarantined(name, MANY)]
    if not waiting:
        return Retried(0, 0)
    with store.writing() as writer:
        job = writer.start_run(JOB)
    done = [counts for aside in waiting if (counts := _take(store, aside))]
    taken, left = len(done), len(waiting) - len(done)
    new, updated = (sum(counts[kind] for counts in done) for kind in ("insert", "update"))
    with store.writing() as writer:
        outcome = "new" if new else "updated" if updated else "nothing new"
        writer.count_run(job, Tally(new=new, updated=updated, failed=left), finished=True, outcome=outcome)
    return Retried(taken, left)


def _take(store: Store, aside: Aside) -> Mapping[str, int]:
    """What became of the record, by kind of decision; nothing when it still cannot be taken."""
    papers = _papers(aside) if len(aside.raw) < KEEP else []  # a record that was cut would lose what is missing
    if not papers:
        return {}
    try:
        with store.writing() as writer:
            plan = Plan(writer.match(papers))
            if any(plan.take(paper).kind == "conflict" for paper in papers):
                raise _StillConflictError
            plan.write(writer)
            writer.release(aside.source, aside.part, aside.where)
    except (_StillConflictError, Unstorable):
        return {}
    return plan.counts


class _StillConflictError(Exception):
    """Ends the transaction with nothing kept."""


def _papers(aside: Aside) -> list[Paper]:
    """What its bytes say today: as its own format, or as whatever they look like now."""
    known: dict[str, Format | Source] = {**sources.formats(), **sources.followable()}
    guess, _ = sources.detect(aside.raw, "")
    for form in dict.fromkeys((aside.format, guess)):
        if form in known:
            label = aside.source if getattr(known[form], "ANY", False) else form
            try:
                records = list(known[form].parse(io.BytesIO(aside.raw), source=label, at=aside.at))
            except SourceError:
                continue
            if records and all(isinstance(record, Paper) for record in records):
                return [record for record in records if isinstance(record, Paper)]
    return []
