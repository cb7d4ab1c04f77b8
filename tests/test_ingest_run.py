"""Whole runs: batches, the ledger, faults, interruptions; on SQLite and on PostgreSQL."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from broadsheet import ingest
from broadsheet.errors import SourceError
from broadsheet.ingest import Summary
from broadsheet.paper import Fault, Paper, make
from broadsheet.store import Store


def paper(number: int, **more: object) -> Paper:
    values: dict[str, object] = {"ids": [f"id:p{number}"], "authors": ["Ada Byron"], "year": 2020, **more}
    return make("test", f"Paper number {number} of a test", **values)  # type: ignore[arg-type]  # what `make` takes


PAPERS = [paper(number) for number in range(1, 26)]


def run(
    store: Store, records: Iterable[Paper | Fault], part: str = "a.jsonl", mark: str = "m", batch: int = 10
) -> Summary:
    listed = list(records)
    return ingest.run(store, "test", lambda skip: listed[skip:], part=part, mark=mark, batch=batch)


class Interrupted:
    """Records that end with an error after so many."""

    def __init__(self, records: list[Paper], after: int, error: BaseException) -> None:
        self.records, self.after, self.error = records, after, error
        self.skipped = -1

    def read(self, skip: int) -> Iterator[Paper]:
        self.skipped = skip
        yield from self.records[skip : self.after]
        raise self.error


def test_a_run_counts_and_is_told_in_the_ledger(store: Store) -> None:
    told: list[int] = []
    records: list[Paper | Fault] = [*PAPERS, PAPERS[0], paper(2, abstract="more"), Fault("line 28", "no title", b"{}")]
    summary = ingest.run(
        store, "test", lambda skip: iter(records[skip:]), part="a", batch=10, progress=lambda s: told.append(s.done)
    )
    assert summary == Summary(new=25, updated=1, same=1, failed=1, problems=(Fault("line 28", "no title", b"{}"),))
    assert told == [10, 20, 28]
    (line,) = store.runs()
    assert (line.job, line[4:]) == ("test", (25, 1, 1, 1, "", "new", 0, None)) and line.finished
    assert store.count() == 25 and store.cursors() == []
    assert [(a.part, a.where, a.reason) for a in store.quarantined("test")] == [("a", "line 28", "no title")]


def test_the_same_file_again_changes_nothing(store: Store) -> None:
    run(store, PAPERS)
    change = store.change()
    assert run(store, PAPERS) == Summary(same=25)
    later = [make("test", p.title, at="2031-01-01", ids=p.ids, authors=p.authors, year=p.year) for p in PAPERS]
    assert run(store, later, mark="other") == Summary(same=25)
    assert store.change() == change


def test_what_was_set_aside_goes_when_the_file_is_better(store: Store) -> None:
    run(store, [PAPERS[0], Fault("line 2", "no title", b"{}")])
    assert store.failures() == {"test": 1}
    assert run(store, PAPERS[:2], mark="mended") == Summary(new=1, same=1)
    assert store.failures() == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError("a bug")])
def test_an_interrupted_run_goes_on_where_it_was(store: Store, error: BaseException) -> None:
    first = Interrupted(PAPERS, 17, error)
    with pytest.raises(type(error)):
        ingest.run(store, "test", first.read, part="a", mark="m", batch=5)
    assert first.skipped == 0 and store.count() == 15, "three whole batches, and nothing of the fourth"
    assert store.runs()[0].why == (
        "interrupted" if isinstance(error, KeyboardInterrupt) else "ZeroDivisionError: a bug"
    )
    second = Interrupted(PAPERS, 25, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ingest.run(store, "test", second.read, part="a", mark="m", batch=5)
    assert second.skipped == 15
    assert run(store, PAPERS, part="a") == Summary(resumed=25)
    assert store.count() == 25 and store.cursors() == []


def test_a_file_that_has_changed_is_read_from_its_start(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        ingest.run(
            store, "test", Interrupted(PAPERS, 17, KeyboardInterrupt()).read, part="a", mark="old bytes", batch=5
        )
    assert ingest.resume(store, "test", "a", "old bytes") == 15
    assert ingest.resume(store, "test", "a", "new") == ingest.resume(store, "test", "b", "old bytes") == 0
    assert run(store, PAPERS, part="a", mark="new") == Summary(new=10, same=15)


def test_bytes_that_break_off_keep_what_came_before(store: Store) -> None:
    broken = Interrupted(PAPERS, 17, SourceError("a.zst ends in the middle of a frame"))
    summary = ingest.run(store, "test", broken.read, part="a.zst", batch=5)
    fault = Fault("a.zst", "a.zst ends in the middle of a frame", b"")
    assert summary == Summary(new=17, failed=1, problems=(fault,)) and store.count() == 17
    assert [aside.reason for aside in store.quarantined()] == [fault.reason]


def test_one_bad_record_never_stops_a_batch(store: Store) -> None:
    """Papers made by somebody's source that did not clean its strings."""
    bad = [
        paper(31, ids=["id:nul\x00"]), paper(32, ids=["id:\ud800"]), paper(33, ids=["url:https://e.org/" + "x" * 2000]),
        paper(34, year=10**30), paper(35, links={"code": "https://e.org/\udfff"}), paper(36, date="\ud800"),
    ]  # fmt: skip
    records = [piece for pair in zip(bad, PAPERS, strict=False) for piece in pair]
    summary = run(store, records, batch=4)
    assert (summary.new, summary.failed) == (len(bad), len(bad))
    reasons = [fault.reason for fault in summary.problems]
    assert reasons[0] == "an id of 'Paper number 31 of a test' has a NUL character in it"
    assert reasons[2] == "an id of 'Paper number 33 of a test' has 2,018 characters; at most 1,000 are kept"
    assert all("cannot be written as JSON" in reason for reason in (reasons[1], *reasons[3:]))
    assert [fault.where for fault in summary.problems] == [f"a.jsonl record {n}" for n in (1, 3, 5, 7, 9, 11)]
    assert len(store.quarantined()) == len(bad) and store.check() == []
    assert run(store, records, mark="again").same == len(bad)


def test_of_a_huge_bad_record_only_the_beginning_is_kept(store: Store) -> None:
    summary = run(store, [Fault("line 1", "the title has 10,000,000 characters", b"x" * 10_000_000)])
    assert [len(fault.raw) for fault in summary.problems] == [ingest.KEEP] == [len(a.raw) for a in store.quarantined()]


def test_one_id_on_two_works_overwrites_nothing(store: Store) -> None:
    stranger = make("test", "Prime gaps", ids=["id:p1"], authors=["Bob Babbage"], year=1999)
    summary = run(store, [PAPERS[0], stranger])
    assert (summary.new, summary.failed) == (1, 1) and store.get([1]) == {1: PAPERS[0]}
    (aside,) = store.quarantined()
    assert aside.where == "a.jsonl record 2" and aside.reason.startswith("id:p1 is already 'Paper number 1 of a test'")
    assert b"Prime gaps" in aside.raw


def test_a_bridge_between_two_rows_of_the_store(store: Store) -> None:
    one = make("test", "The first title that it had", ids=["arxiv:2001.00001"], authors=["Ada Byron"], year=2020)
    two = make("test", "The title it has in print", ids=["doi:10.1000/x"], authors=["Ada Byron"], year=2020)
    run(store, [one, two], part="1")
    both = make("test", "The title it has in print", ids=["doi:10.1000/x", "arxiv:2001.00001"], authors=["Ada Byron"])
    third = make("test", "The first title that it had", ids=["acl:P20-1001"], authors=["Ada Byron"], year=2021)
    assert run(store, [both, third], part="2") == Summary(updated=2)
    assert store.resolve(["arxiv:2001.00001", "doi:10.1000/x", "acl:P20-1001"]) == {
        "arxiv:2001.00001": 1, "doi:10.1000/x": 1, "acl:P20-1001": 1
    }  # fmt: skip
    assert [(change.pk, change.paper is None) for change in store.changes(0, 9)] == [(1, False), (2, True)]
    assert store.count() == 1 and store.check() == []


@pytest.mark.parametrize(
    "heavy",
    [
        {"abstract": "x" * (ingest.WEIGHT // 2)},
        {"extra": {"notes": "x" * (ingest.WEIGHT // 2)}},
        {"keywords": [f"{number:09d}" + "x" * 991 for number in range(ingest.WEIGHT // 2000)]},
        {"links": {"page": "https://e.org/" + "x" * (ingest.WEIGHT // 2)}},
        {"authors": ["x" * 1000] * (ingest.WEIGHT // 2000)},
    ],
    ids=lambda heavy: str(*heavy),
)
def test_a_batch_of_huge_records_is_cut_by_weight(heavy: dict[str, object]) -> None:
    one = paper(1, **{"authors": [], **heavy})
    sizes = [len(batch) for batch in ingest._batches(iter([*[one] * 6, *PAPERS]), 100)]
    assert sizes in ([2, 2, 2, 25], [3, 3, 25]), "once the weight is reached, or passed"


def test_of_very_many_bad_records_the_last_keep_no_bytes(store: Store) -> None:
    faults = [Fault(f"line {number:05d}", "no title", b"{}") for number in range(ingest.KEPT + 5)]
    assert run(store, faults, batch=ingest.KEPT - 3).failed == len(faults)
    aside = sorted((one.where, one.raw) for one in store.quarantined("test", limit=len(faults)))
    assert [where for where, raw in aside if not raw] == [fault.where for fault in faults[ingest.KEPT :]]
    assert len(aside) == len(faults)


def test_the_real_papers(shared: Path, tmp_path: Path) -> None:
    """87,244 records, among them one work that two conferences list."""
    from broadsheet.sources import files

    (file,) = files.expand([shared / "data" / "papers.jsonl.zst"]).files
    with Store.open(tmp_path / "store.sqlite3") as store:
        summary = ingest.run(store, file.format, lambda skip: file.records(skip=skip), part="papers")
        assert summary == Summary(new=87_243, updated=1) and store.count() == 87_243
        twice = store.titled("On the limitations of first order approximation in GAN dynamics")
        (gan,) = store.get(twice).values()
        own = [identifier for identifier in gan.ids if identifier.startswith("id:")]
        assert {identifier[3:7] for identifier in own} == {"iclr", "icml"}
        assert set(store.resolve(own).values()) == set(twice) and len(own) == 2
        assert store.check() == []
