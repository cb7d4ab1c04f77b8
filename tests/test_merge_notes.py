"""What is kept of merges stays true whatever comes in whatever order: a paper is the merge of its copies."""

from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet import ingest
from broadsheet.errors import Mistake
from broadsheet.merge import join, undo
from broadsheet.paper import Gone, Origin, Paper, make, merge
from broadsheet.store import Store

TITLE = "Weighing clouds of words with a paper balance"
PROSE = "We weigh clouds of words with a balance made of paper and report what each of them weighs on rainy days."


def copy(source: str, ids: str, title: str = TITLE, at: str = "", **more: object) -> Paper:
    said: dict[str, object] = {"authors": ["Ada Byron", "Bob Babbage"], "year": 2020, "abstract": PROSE}
    return make(source, title, at=at, ids=ids.split(), **(said | more))  # type: ignore[arg-type]


def bring(store: Store, *copies: Paper | Gone) -> None:
    summary = ingest.run(store, "test", lambda skip: list(copies)[skip:], part="part")
    assert summary.failed == 0
    whole(store)


def whole(store: Store) -> None:
    """Nothing is wrong in the store, and every paper is what its copies say together."""
    assert store.check() == []
    for pk, paper in store.scan():
        if kept := store.copies(pk):
            assert len(kept) > 1 and [one.score for one in kept].count(None) == 1 and kept[0].score is None
            assert reduce(merge, (one.paper for one in kept)) == paper
            assert all(one.paper.title for one in kept)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite3") as one:
        yield one


ARXIV = copy("arxiv", "arxiv:2001.00001")
OTHER = copy("crossref", "doi:10.1000/x", title="A balance for nephology, and what it weighs")
THIRD = copy("acl", "acl:2021.cloud-long.7 doi:10.1000/x", title="A balance for nephology, and what it weighs")
BRIDGE = copy("openalex", "openalex:w12345 arxiv:2001.00001 doi:10.1000/x")


@pytest.mark.parametrize("batches", [[[0, 1, 2, 3]], [[0], [1], [2], [3]], [[0, 1], [2, 3]], [[1, 2], [0], [3]]])
def test_a_row_that_is_absorbed_brings_its_copies(store: Store, batches: list[list[int]]) -> None:
    everything = (ARXIV, OTHER, THIRD, BRIDGE)
    for batch in batches:
        bring(store, *(everything[number] for number in batch))
    ((pk, _),) = store.scan()
    assert sorted((one.paper.key, one.paper.sources) for one in store.copies(pk)) == sorted(
        (paper.key, paper.sources) for paper in everything
    )


def test_a_word_about_a_merged_paper_is_no_copy(store: Store) -> None:
    bring(store, ARXIV, copy("crossref", "doi:10.1000/x"))
    bring(store, Gone("doi:10.1000/x", "retracted", "data were made up", Origin("watch", "2024-05-01")))
    assert len(store.copies(1)) == 2 and store.get([1])[1].standing == "retracted"
    split = undo(store, 1, 2)
    whole(store)
    assert [store.get([pk])[pk].standing for pk in split] == ["", "retracted"]


def test_a_later_date_reaches_its_copy(store: Store) -> None:
    bring(store, ARXIV, copy("crossref", "doi:10.1000/x"))
    for at in ("2024-01-01", "2025-01-01"):
        bring(store, copy("arxiv", "arxiv:2001.00001", at=at), copy("crossref", "doi:10.1000/x", at=at))
    assert len(store.copies(1)) == 2


def test_what_was_taken_apart_is_not_joined_through_a_third_name(store: Store) -> None:
    bring(store, copy("arxiv", "arxiv:2001.00001"), copy("acl", "acl:2021.cloud-long.7 arxiv:2001.00001 doi:10.1000/y"))
    bring(store, copy("crossref", "pmid:77"))
    split = undo(store, 1, 3)
    bring(store, copy("europepmc", "doi:10.1000/y pmcid:PMC5"))  # a name of the paper that is not its best one
    assert store.count() == 2 and store.resolve(["pmcid:PMC5"]) == {"pmcid:PMC5": split.kept}
    bring(store, copy("crossref", "pmid:77", title=TITLE + "!"))
    assert store.count() == 2


def test_one_id_on_two_copies_stays_with_the_older_row_at_every_harvest(store: Store) -> None:
    other = copy("crossref", "arxiv:2001.00001", title="Weighing clouds again, and other notes on words")
    bring(store, ARXIV, other)
    split = undo(store, 1, 2)
    for _ in range(2):
        bring(store, other, ARXIV)
        assert store.count() == 2 and store.get([split.kept])[split.kept] == ARXIV
        assert store.get([split.new])[split.new].title == other.title


def test_copies_that_nothing_tells_apart_stay_together(store: Store) -> None:
    bring(store, ARXIV, copy("crossref", "arxiv:2001.00001", venue="Clouds"))
    with pytest.raises(Mistake, match="nothing tells them apart"):
        undo(store, 1, 2)
    whole(store)


NAMES = ("arxiv:2001.00001", "doi:10.1000/x", "acl:2021.cloud-long.7", "openalex:w77777", "pmid:77")
SOURCES = ("arxiv", "crossref", "acl", "openalex", "pubmed")
COPIES = tuple(
    copy(source, name, year=2020 + n % 2) for n, (source, name) in enumerate(zip(SOURCES, NAMES, strict=True))
)


@settings(max_examples=settings().max_examples // 4, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(("undo", "join", "bring")), st.integers(0, 9), st.integers(0, 9)), max_size=12)
)
def test_whatever_is_joined_and_undone_can_all_be_taken_apart(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    with Store.open(tmp_path_factory.mktemp("notes") / "store.sqlite3") as store:
        bring(store, *COPIES)
        for what, one, two in steps:
            _step(store, what, one, two)
        _take_apart(store)
        assert {paper for _, paper in store.scan()} == set(COPIES) and store.count() == len(COPIES)
        change = store.change()
        bring(store, *COPIES)
        assert store.change() == change


def _step(store: Store, what: str, one: int, two: int) -> None:
    rows = [pk for pk, _ in store.scan()]
    first, second = rows[one % len(rows)], rows[two % len(rows)]
    if what == "bring":
        bring(store, COPIES[one % len(COPIES)], COPIES[two % len(COPIES)])
    elif what == "join" and first != second:
        join(store, first, second)
    elif what == "undo" and (kept := store.copies(first)):
        undo(store, first, two % len(kept) + 1)
    whole(store)


def _take_apart(store: Store) -> None:
    while many := [pk for pk, _ in store.scan() if store.copies(pk)]:
        undo(store, many[0], len(store.copies(many[0])))
        whole(store)


def test_a_row_held_back_by_a_bulk_load_may_have_been_absorbed(store: Store) -> None:
    with store.bulk():
        for one in (ARXIV, OTHER, BRIDGE, copy("pubmed", "pmid:77", title=OTHER.title, year=2021)):
            summary = ingest.run(store, "test", lambda skip, one=one: [one][skip:], part=one.key)  # type: ignore[misc]
            assert summary.failed == 0
    whole(store)
    assert store.count() == 1
