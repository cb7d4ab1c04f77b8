"""Records into the store: the same work arriving twice, or from two sources, is one paper.

records -> batch -> Writer.match -> decide.Plan -> Writer -> commit, with the ledger's cursor in the same transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import orjson

from broadsheet.errors import SourceError, StoreError
from broadsheet.merge import Plan
from broadsheet.paper import Fault, Gone, Paper
from broadsheet.store import Prepared, Store, Tally, Unstorable, Writer, decode, encode

Record = Paper | Fault | Gone | Prepared
Numbered = list[tuple[int, Record]]

BATCH = 4_000  # records in one transaction
LARGE = 10_000  # when they come prepared: then storing one is cheap, and a transaction is not
WEIGHT = 32_000_000  # characters of text in one transaction, so that memory is bounded for any file
KEEP = 64 * 1024  # bytes of a faulty record that are kept; with so many it may have had more
KEPT = 2_000  # faults of one run whose bytes are kept; of the others only where and why
PROBLEMS = 20  # how many faults a summary tells in full


class Summary(NamedTuple):
    """What a run did so far. *resumed* records had been counted by an earlier run; *problems* are the first few."""

    new: int = 0
    updated: int = 0
    same: int = 0
    failed: int = 0
    resumed: int = 0
    problems: tuple[Fault, ...] = ()

    @property
    def tally(self) -> Tally:
        return Tally(self.new, self.updated, self.same, self.failed)

    @property
    def done(self) -> int:
        """How many records of the part are behind us."""
        return self.resumed + self.new + self.updated + self.same + self.failed


def run(
    store: Store,
    source: str,
    read: Callable[[int], Iterable[Record]],
    *,
    part: str,
    mark: str = "",
    progress: Callable[[Summary], object] | None = None,
    batch: int = BATCH,
) -> Summary:
    """Brings the records of one *part* (a file, a feed) of a *source* into the store.

    ``read(skip)`` gives the part's records after the first *skip*. Every *batch* of them is one transaction with the
    ledger's cursor: whatever ends this run, no counted record is lost, and the next run of a part with the same *mark*
    (a fingerprint of its bytes) goes on after them. A part with another mark is read from its start; merging makes
    that harmless. A record that cannot be taken is set aside with its reason and counted as failed. When `read`
    breaks off with SourceError, what came before is kept and the rest is one more failure.

    *progress* is called after every commit. Raises StoreError; what was counted before stays.
    """
    start = resume(store, source, part, mark)
    with store.writing() as writer:
        job = writer.start_run(source)
        if not start:
            writer.clear_aside(source, part)
    task = Task(store, source, part, job, Summary(resumed=start), source)
    try:
        for records in _batches(_whole(read(start), part), batch):
            task.commit(records, f"{mark} {task.summary.done + len(records)}")
            if progress:
                progress(task.summary)
        with store.writing() as writer:
            writer.set_cursor(source, part, None)  # the part was read to its end
        task.finish()
    except StoreError:
        raise  # the ledger cannot be written either; its unfinished line says that the run was cut off
    except BaseException as error:
        task.finish("interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}")
        raise
    return task.summary


def resume(store: Store, source: str, part: str, mark: str) -> int:
    """How many records of *part* an earlier, unfinished run has counted; 0 when its bytes are others now."""
    seen, _, done = (store.cursor(source, part) or "").rpartition(" ")
    return int(done) if done and seen == mark else 0


def _whole(records: Iterable[Record], part: str) -> Iterator[Record]:
    """The records, and one fault more when the bytes break off."""
    try:
        yield from records
    except SourceError as error:
        yield Fault(part, str(error), b"")


def _batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Lists of at most *size* records, shorter when the records are huge."""
    batch: list[Record] = []
    weight = 0
    for record in records:
        batch.append(record)
        weight += _weight(record)
        if len(batch) == size or weight > WEIGHT:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _weight(record: Record) -> int:
    """About how many characters it holds."""
    if isinstance(record, Fault):
        return len(record.raw)
    if isinstance(record, Gone):
        return len(record.reason)
    if isinstance(record, Prepared):
        return len(record.data)
    listed = sum(map(len, (*record.authors, *record.keywords)))
    return len(record.abstract) + listed + sum(len(text) for pair in (*record.links, *record.extra) for text in pair)


class Task:
    """One run on its way through a part of a source: what it has done so far.

    *form* is the module of `sources` that can read again what is set aside. *requests* tells how many have been sent;
    with it the records are those of answers, of which each begins to count anew, so that the place of a record that is
    set aside also has a hash of its bytes.
    """

    def __init__(
        self,
        store: Store,
        source: str,
        part: str,
        job: int,
        summary: Summary,
        form: str = "",
        requests: Callable[[], int] | None = None,
    ) -> None:
        self._store, self._source, self._part, self._job, self._form = store, source, part, job, form
        self.summary, self._requests = summary, requests

    def commit(self, records: Sequence[Record], cursor: str) -> None:
        """The records and the *cursor* that goes on after them, in one transaction.

        A paper that no database can hold is found out by trying, and set aside on the way again.
        """
        try:
            self._write(records, cursor)
        except Unstorable:
            storable = [self._storable(record, at) for at, record in enumerate(records, self.summary.done + 1)]
            self._write(storable, cursor)

    def _write(self, records: Sequence[Record], cursor: str) -> None:
        with self._store.writing() as writer:
            admitted, rest = self._admit(writer, list(enumerate(records, self.summary.done + 1)))
            plan = Plan(writer.match([paper for _, paper in rest if not isinstance(paper, Fault)]))
            faults = self._cut(map(self._placed, filter(None, self._faults(plan, rest))))
            plan.write(writer)
            writer.set_aside(self._source, self._part, faults, self._form)
            summary = self._sum({**plan.counts, "insert": plan.counts["insert"] + admitted}, faults)
            writer.set_cursor(self._source, self._part, cursor)
            writer.count_run(self._job, summary.tally, requests=self._sent())
        self.summary = summary

    def _sent(self) -> int:
        return self._requests() if self._requests else 0

    def _placed(self, fault: Fault) -> Fault:
        if self._requests is None:
            return fault
        return fault._replace(where=f"{fault.where} ({blake2b(fault.raw, digest_size=4).hexdigest()})")

    def _admit(self, writer: Writer, records: Numbered) -> tuple[int, list[tuple[int, Paper | Fault]]]:
        """Writes the prepared papers that are surely new; how many those were, and the others, to be decided on."""
        ready = [(number, record) for number, record in records if isinstance(record, Prepared)]
        new, maybe = writer.sift([record for _, record in ready])
        writer.admit([ready[place][1] for place in new])
        rest: Numbered = [(number, record) for number, record in records if not isinstance(record, Prepared)]
        rest += [ready[place] for place in maybe]
        rest.sort(key=lambda pair: pair[0])
        return len(new), [(number, record if isinstance(record, Fault) else _copy(record)) for number, record in rest]

    def _faults(self, plan: Plan, records: Iterable[tuple[int, Paper | Fault]]) -> Iterator[Fault | None]:
        for number, record in records:
            if isinstance(record, Fault):
                yield record
            else:
                decision = plan.take(record)
                yield self._refused(record, number, decision.reason) if decision.kind == "conflict" else None

    def _cut(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults with as many of their bytes as are kept: a file of the wrong kind must not fill the store."""
        before = self.summary.failed
        return [
            fault._replace(raw=fault.raw[:KEEP] if number < KEPT else b"")
            for number, fault in enumerate(faults, before)
        ]

    def _refused(self, paper: Paper, number: int, reason: str) -> Fault:
        return Fault(f"{self._part} record {number}", reason, _raw(paper))

    def _storable(self, record: Record, number: int) -> Record:
        if isinstance(record, Fault | Prepared):
            return record
        try:
            encode(copy := _copy(record))
        except Unstorable as error:
            return self._refused(copy, number, str(error))
        return record

    def _sum(self, counts: dict[str, int], faults: Sequence[Fault]) -> Summary:
        so_far = self.summary
        return so_far._replace(
            new=so_far.new + counts["insert"],
            updated=so_far.updated + counts["update"],
            same=so_far.same + counts["same"] + counts["touch"] + counts["ignore"],
            failed=so_far.failed + len(faults),
            problems=(so_far.problems + tuple(faults))[:PROBLEMS],
        )

    def finish(self, why: str = "", *, retry: str | None = None) -> str:
        """The last line of the ledger, and how the run ended: ``new``, ``updated``, ``nothing new``, ``failed``."""
        done = self.summary
        outcome = "failed" if why else "new" if done.new else "updated" if done.updated else "nothing new"
        with self._store.writing() as writer:
            writer.count_run(
                self._job, done.tally, why=why, finished=True, outcome=outcome, requests=self._sent(), retry=retry
            )
        return outcome


def _copy(record: Paper | Gone | Prepared) -> Paper:
    if isinstance(record, Prepared):
        return decode(record.data)
    return record.word if isinstance(record, Gone) else record


def _raw(paper: Paper) -> bytes:
    """The record for the quarantine, readable even when it holds what JSON cannot say."""
    try:
        return orjson.dumps(paper.to_dict())
    except TypeError:
        return repr(paper).encode(errors="backslashreplace")
