"""Records that were set aside: after a fix of ours, or of the source's, they can be tried again."""

import io
from collections.abc import Sequence
from typing import NamedTuple

from broadsheet import sources
from broadsheet.errors import SourceError
from broadsheet.merge import Plan
from broadsheet.paper import Paper
from broadsheet.sources import Format, Source
from broadsheet.store import Aside, Store, Tally

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
    taken = sum(_take(store, aside) for aside in waiting)
    with store.writing() as writer:
        outcome = "new" if taken else "nothing new"
        writer.count_run(job, Tally(new=taken, failed=len(waiting) - taken), finished=True, outcome=outcome)
    return Retried(taken, len(waiting) - taken)


def _take(store: Store, aside: Aside) -> bool:
    """Whether the record could be taken now."""
    papers = _papers(aside)
    if not papers:
        return False
    try:
        with store.writing() as writer:
            plan = Plan(writer.match(papers))
            if any(plan.take(paper).kind == "conflict" for paper in papers):
                raise _StillConflictError
            plan.write(writer)
            writer.release(aside.source, aside.part, aside.where)
    except _StillConflictError:
        return False
    return True


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
