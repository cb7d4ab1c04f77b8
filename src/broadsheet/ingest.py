"""Records into the store: the same work arriving twice, or from two sources, is one paper.

records -> batch -> Writer.match -> decide (pure) -> Writer -> commit, with the ledger's cursor in the same transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import orjson

from broadsheet.errors import SourceError, StoreError
from broadsheet.ids import of_title
from broadsheet.paper import Fault, Paper, merge
from broadsheet.store import Known, Store, Tally, Unstorable, Writer, encode
from broadsheet.text import clip, initial, surname, title_key, words

BATCH = 4_000  # records in one transaction
WEIGHT = 32_000_000  # characters of abstracts in one transaction, so that memory is bounded for any file
KEEP = 64 * 1024  # bytes of a faulty record that are kept: enough to see what was wrong with it
PROBLEMS = 20  # how many faults a summary tells in full

# Schemes whose ids name one work each: two different ones speak against the same work.
_NAMING = ("arxiv", "doi", "acl", "pmid", "openalex")


class Decision(NamedTuple):
    """What is to be done with one new copy.

    insert    a new paper, *paper*
    same      nothing: row *pk* says it all already
    touch     row *pk* gets *paper*, which differs only in when somebody said so
    update    row *pk* gets *paper*; the rows *absorbed* were the same work and go
    conflict  nothing, for the *reason*
    """

    kind: Literal["insert", "same", "touch", "update", "conflict"]
    paper: Paper
    pk: int = 0
    absorbed: tuple[int, ...] = ()
    reason: str = ""


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


def decide(new: Paper, known: Known) -> Decision:
    """What to do with the copy *new*, given everything in the store that shares an id or a title with it. Pure."""
    named = sorted({known.ids[identifier] for identifier in new.ids if identifier in known.ids}, key=_age)
    for pk in named:
        if reason := clash(new, known.papers[pk]):
            return Decision("conflict", new, pk, reason=reason)
    others = [pk for pk in known.titles.get(title_key(new.title), ()) if pk not in named]
    alike = [pk for pk in others if same_work(new, known.papers[pk])]
    if len(alike) == 1:  # of two or more nobody can say which one it is
        named = sorted([*named, *alike], key=_age)
    if not named:
        return Decision("insert", new)
    return _join(new, named, known)


def apart(new: Paper, known: Known) -> Paper:
    """*new* without the addresses that belong to another work, so that it can stand beside it.

    An address is the one id that works may share without anybody's fault: the page of a conference, of a lab. Pure.
    """
    lent = {
        identifier for identifier in new.ids
        if identifier.startswith("url:") and identifier in known.ids and clash(new, known.papers[known.ids[identifier]])
    }  # fmt: skip
    if not lent:
        return new
    left = tuple(identifier for identifier in new.ids if identifier not in lent)
    return replace(new, ids=left or (of_title(title_key(new.title), new.first_author, new.year),))


def _age(pk: int) -> tuple[bool, int]:
    """Rows of the store first, the oldest of them first; then the rows of this batch (negative) as they came."""
    return pk < 0, abs(pk)


def _join(new: Paper, pks: Sequence[int], known: Known) -> Decision:
    pk, *absorbed = pks
    old = known.papers[pk]
    merged = old
    for copy in (*(known.papers[other] for other in absorbed), new):
        merged = merge(merged, copy)
    if absorbed:
        return Decision("update", merged, pk, tuple(absorbed))
    if merged == old:
        return Decision("same", old, pk)
    return Decision("touch" if _undated(merged) == _undated(old) else "update", merged, pk)


def _undated(paper: Paper) -> Paper:
    return replace(paper, provenance=tuple((name, origin._replace(at="")) for name, origin in paper.provenance))


def same_work(a: Paper, b: Paper) -> bool:
    """Whether two papers of one normalised title are one work: the same first author, years at most one apart.

    Where an author or a year is missing, or the title is one that many works have ("Preface") and naming ids differ,
    the title must be distinctive or the abstracts agree.
    """
    if a.first_author and b.first_author and a.first_author != b.first_author:
        return False
    if a.year is not None and b.year is not None and abs(a.year - b.year) > 1:
        return False
    if distinctive(a.title):
        return True
    whole = bool(a.first_author and b.first_author) and a.year is not None and b.year is not None
    return (whole and not _named_apart(a, b)) or _agree(a.abstract, b.abstract)


def distinctive(title: str) -> bool:
    """Whether a title is long enough that two works hardly share it by chance."""
    key = title_key(title)
    return len(key) >= 20 and key.count(" ") >= 3


def _named_apart(a: Paper, b: Paper) -> bool:
    """Whether some scheme gives the two different names."""
    for scheme in _NAMING:
        one, two = ({i for i in paper.ids if i.startswith(f"{scheme}:")} for paper in (a, b))
        if one and two and not one & two:
            return True
    return False


def _agree(a: str, b: str) -> bool:
    """Whether two abstracts share most of their words; an abstract of a few words says nothing."""
    one, two = set(words(a)), set(words(b))
    return min(len(one), len(two)) >= 8 and len(one & two) >= 0.6 * len(one | two)


def clash(new: Paper, old: Paper) -> str:
    """Why two papers with an id in common cannot be one work, as a sentence; empty when they can."""
    shared = min(set(new.ids) & set(old.ids), default="")
    if title_key(new.title) == title_key(old.title):
        return _nameless_clash(new, old)
    if _resemble(new.title, old.title) or _share_an_author(new.authors, old.authors):
        return ""
    return (
        f"{shared or old.key} is already {clip(old.title, 80)!r} by {_first(old)}, and this record gives it to "
        f"{clip(new.title, 80)!r} by {_first(new)}"
    )


def _nameless_clash(new: Paper, old: Paper) -> str:
    """Two records that have nothing but the same short title, and yet say different things."""
    if new.authors or distinctive(new.title) or any(not i.startswith("t:") for i in {*new.ids} & {*old.ids}):
        return ""
    if not (new.abstract and old.abstract) or new.abstract == old.abstract or _agree(new.abstract, old.abstract):
        return ""
    return f"there is already a paper {clip(old.title, 80)!r} without author or id, with another abstract"


def _first(paper: Paper) -> str:
    return paper.authors[0] if paper.authors else "nobody"


def _resemble(a: str, b: str) -> bool:
    """Whether the shorter title shares half of its words with the longer one."""
    one, two = set(title_key(a).split()), set(title_key(b).split())
    return 2 * len(one & two) >= min(len(one), len(two))


def _share_an_author(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether a family name is in both, with the same initial or with none in one of them: Wangs are many."""
    known: dict[str, set[str]] = {}
    for name in two:
        known.setdefault(surname(name), set()).add(initial(name))
    found = ((initial(name), known.get(surname(name))) for name in one)
    return any(theirs and (not first or {first, ""} & theirs) for first, theirs in found)


class Plan:
    """What one batch will do to the store: decisions, each seen by the next.

    New papers have negative pks until they are written.
    """

    def __init__(self, known: Known) -> None:
        self.known = known
        self.counts = {"insert": 0, "same": 0, "touch": 0, "update": 0, "conflict": 0}
        self._new: dict[int, None] = {}
        self._changed: dict[int, bool] = {}  # row of the store -> whether only dates changed
        self._absorbed: list[tuple[int, int]] = []
        self._copies: list[tuple[int, Paper]] = []

    def take(self, copy: Paper) -> Decision:
        copy = apart(copy, self.known)
        decision = decide(copy, self.known)
        self.counts[decision.kind] += 1
        if decision.kind == "insert":
            pk = -1 - len(self.known.papers)
            self._new[pk] = None
        elif decision.kind in ("touch", "update"):
            pk = decision.pk
            if pk > 0:
                self._changed[pk] = self._changed.get(pk, True) and decision.kind == "touch"
            for gone in decision.absorbed:
                self._absorb(gone, pk)
        elif decision.kind == "same":
            pk = decision.pk
        else:
            return decision
        self.known.papers[pk] = decision.paper
        self._lead(pk, copy)
        return decision

    def _lead(self, pk: int, copy: Paper) -> None:
        """Lets the ids and the title of *copy* lead to row *pk*, for the rest of the batch and in the store."""
        strange = [identifier for identifier in copy.ids if self.known.ids.get(identifier) != pk]
        self.known.ids.update(dict.fromkeys(strange, pk))
        key = title_key(copy.title)
        if untitled := bool(key) and pk not in self.known.titles.get(key, ()):
            self.known.titles.setdefault(key, []).append(pk)
        if strange or untitled:
            self._copies.append((pk, copy))

    def _absorb(self, gone: int, into: int) -> None:
        for identifier, pk in self.known.ids.items():
            if pk == gone:
                self.known.ids[identifier] = into
        for pks in self.known.titles.values():
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
        # A copy that is its row word for word was remembered with the row.
        writer.remember([(pks.get(pk, pk), copy) for pk, copy in self._copies if papers[pk] is not copy])


def run(
    store: Store,
    source: str,
    read: Callable[[int], Iterable[Paper | Fault]],
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
    task = _Task(store, source, part, mark, job, Summary(resumed=start))
    try:
        for records in _batches(_whole(read(start), part), batch):
            task.commit(records)
            if progress:
                progress(task.summary)
        task.finish("")
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


def _whole(records: Iterable[Paper | Fault], part: str) -> Iterator[Paper | Fault]:
    """The records, and one fault more when the bytes break off."""
    try:
        yield from records
    except SourceError as error:
        yield Fault(part, str(error), b"")


def _batches(records: Iterator[Paper | Fault], size: int) -> Iterator[list[Paper | Fault]]:
    """Lists of at most *size* records, shorter when the records are huge."""
    batch: list[Paper | Fault] = []
    weight = 0
    for record in records:
        batch.append(record)
        weight += len(record.raw if isinstance(record, Fault) else record.abstract)
        if len(batch) == size or weight > WEIGHT:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


class _Task:
    """One run on its way: where it is in its part, and what it has done."""

    def __init__(self, store: Store, source: str, part: str, mark: str, job: int, summary: Summary) -> None:
        self._store, self._source, self._part, self._mark, self._job = store, source, part, mark, job
        self.summary = summary

    def commit(self, records: Sequence[Paper | Fault]) -> None:
        """One transaction; a paper that no database can hold is found out by trying, and set aside on the way again."""
        try:
            self._write(records)
        except Unstorable:
            self._write([self._storable(record, at) for at, record in enumerate(records, self.summary.done + 1)])

    def _write(self, records: Sequence[Paper | Fault]) -> None:
        with self._store.writing() as writer:
            plan = Plan(writer.match([record for record in records if isinstance(record, Paper)]))
            faults = [fault._replace(raw=fault.raw[:KEEP]) for fault in self._faults(plan, records) if fault]
            plan.write(writer)
            writer.set_aside(self._source, self._part, faults)
            summary = self._sum(plan.counts, faults)
            writer.set_cursor(self._source, self._part, f"{self._mark} {summary.done}")
            writer.count_run(self._job, summary.tally)
        self.summary = summary

    def _faults(self, plan: Plan, records: Sequence[Paper | Fault]) -> Iterator[Fault | None]:
        for number, record in enumerate(records, self.summary.done + 1):
            if isinstance(record, Fault):
                yield record
            else:
                decision = plan.take(record)
                yield self._refused(record, number, decision.reason) if decision.kind == "conflict" else None

    def _refused(self, paper: Paper, number: int, reason: str) -> Fault:
        return Fault(f"{self._part} record {number}", reason, _raw(paper))

    def _storable(self, record: Paper | Fault, number: int) -> Paper | Fault:
        if isinstance(record, Fault):
            return record
        try:
            encode(record)
        except Unstorable as error:
            return self._refused(record, number, str(error))
        return record

    def _sum(self, counts: dict[str, int], faults: Sequence[Fault]) -> Summary:
        so_far = self.summary
        return so_far._replace(
            new=so_far.new + counts["insert"],
            updated=so_far.updated + counts["update"],
            same=so_far.same + counts["same"] + counts["touch"],
            failed=so_far.failed + len(faults),
            problems=(so_far.problems + tuple(faults))[:PROBLEMS],
        )

    def finish(self, why: str) -> None:
        """The last line of the ledger; the cursor goes when the part was read to its end."""
        with self._store.writing() as writer:
            if not why:
                writer.set_cursor(self._source, self._part, None)
            writer.count_run(self._job, self.summary.tally, why=why, finished=True)


def _raw(paper: Paper) -> bytes:
    """The record for the quarantine, readable even when it holds what JSON cannot say."""
    try:
        return orjson.dumps(paper.to_dict())
    except TypeError:
        return repr(paper).encode(errors="backslashreplace")
