"""Records that were set aside, tried again: taken once there is room or a reason, never lost, never taken twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet import ingest, quarantine
from broadsheet.paper import Fault, make
from broadsheet.quarantine import Retried
from broadsheet.sources import Record
from broadsheet.store import Store

TAKEN = make("x", "A page of quite another work", ids=["doi:10.5555/one"], authors=["Ada Hill"])
CLASH = make("x", "Lamps that answer to their names", ids=["doi:10.5555/one"], authors=["Ben Stone"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite3") as opened:
        yield opened


def bring(store: Store, records: list[Record], part: str = "part", source: str = "jsonl") -> ingest.Summary:
    return ingest.run(store, source, lambda skip: iter(records[skip:]), part=part)


def titles(store: Store) -> set[str]:
    return {paper.title for _, paper in store.scan(limit=100)}


def test_a_conflict_is_taken_when_its_place_is_free(store: Store) -> None:
    bring(store, [TAKEN])
    assert bring(store, [CLASH], "other").failed == 1
    assert quarantine.retry(store) == Retried(0, 1)
    with store.writing() as writer:
        writer.remove(store.resolve(TAKEN.ids)[TAKEN.ids[0]])
    assert quarantine.retry(store) == Retried(1, 0)
    assert quarantine.retry(store) == Retried(0, 0)
    assert titles(store) == {CLASH.title} and store.quarantined() == [] and store.check() == []
    taken = next(paper for _, paper in store.scan(limit=1))
    assert taken.ids == CLASH.ids and taken.authors == CLASH.authors


def test_bytes_that_a_mended_parser_understands_are_taken(store: Store) -> None:
    """Set aside by an older version of the format, say; today's reads them."""
    raw = b'{"title": "Wicks and oil", "doi": "10.5555/wicks"}'
    entry = b"@article{x, title={In braces}, year={2020}}"
    bring(store, [Fault("line 3", "no", raw), Fault("entry 9", "no", entry), Fault("line 4", "no", b"{")])
    assert quarantine.retry(store) == Retried(2, 1)
    assert titles(store) == {"Wicks and oil", "In braces"}
    assert [aside.where for aside in store.quarantined()] == ["line 4"]
    (run,) = [run for run in store.runs(10) if run.job == quarantine.JOB]
    assert (run.new, run.failed, run.outcome) == (2, 1, "new")


def test_a_record_that_was_cut_is_not_taken_by_half(store: Store) -> None:
    raw = b"TY  - JOUR\nTI  - Wicks and oil\nAB  - " + b"word " * 20_000 + b"\nDO  - 10.5555/wicks\nER  - \n"
    bring(store, [Fault("line 1", "no", raw)], source="ris")
    assert quarantine.retry(store) == Retried(0, 1)
    assert store.count() == 0 and len(store.quarantined()) == 1


def test_what_cannot_be_taken_stops_no_other(store: Store) -> None:
    long = b'{"title": "An id beyond all measure", "id": "' + b"x" * 1_500 + b'"}'
    bring(store, [Fault("1", "no", long), Fault("2", "no", b'{"title": "Good"}')])
    assert quarantine.retry(store) == Retried(1, 1)
    assert titles(store) == {"Good"} and store.check() == []


def test_a_copy_of_a_known_paper_is_an_update(store: Store) -> None:
    bring(store, [TAKEN])
    copy = b'{"title": "A page of quite another work", "doi": "10.5555/one", "venue": "V", "authors": "Ada Hill"}'
    bring(store, [Fault("1", "no", copy)], "other")
    assert quarantine.retry(store) == Retried(1, 0)
    run = store.runs(1, quarantine.JOB)[0]
    assert (run.new, run.updated, run.outcome) == (0, 1, "updated")


def test_only_the_named_sources_are_tried(store: Store) -> None:
    raw = b'{"title": "Wicks and oil"}'
    bring(store, [Fault("line 1", "no", raw)])
    bring(store, [Fault("line 1", "no", raw.replace(b"Wicks", b"Lamps"))], source="csv")
    assert quarantine.retry(store, ["csv"]) == Retried(1, 0)
    assert titles(store) == {"Lamps and oil"}
    assert [aside.source for aside in store.quarantined()] == ["jsonl"]


def test_a_removed_paper_takes_everything_of_it_along(store: Store) -> None:
    def copy(source: str, title: str, identifier: str, version: int | None = None) -> None:
        made = make(source, title, ids=[identifier], authors=["Ada Hill"], year=2021, version=version)
        bring(store, [made], f"{source} {title} {version}")

    copy("a", "Lamps that answer to their names", "arxiv:2101.00001", 1)
    copy("a", "Lamps that answer to all names", "arxiv:2101.00001", 2)
    copy("b", "Lamps that answer to all names", "doi:10.5555/x")
    copy("b", "Lamps that answer to all names, part 2", "doi:10.5555/y")
    pk = store.resolve(["arxiv:2101.00001"])["arxiv:2101.00001"]
    assert len(store.copies(pk)) == 2 and store.history(pk) and store.alike(pk)
    (other,) = (one.pk for one in store.alike(pk))
    with store.writing() as writer:
        writer.remove(pk)
    assert store.copies(pk) == [] and store.history(pk) == [] and store.alike(other) == []
    assert store.check() == []
