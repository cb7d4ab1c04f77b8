"""Merges leave what it takes to explain them and to undo them, whatever came after."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadsheet import ingest
from broadsheet.errors import Mistake
from broadsheet.merge import join, likeness, undo
from broadsheet.paper import Gone, Origin, Paper, make
from broadsheet.store import Store

TITLE = "Weighing clouds of words with a paper balance"
PROSE = "We weigh clouds of words with a balance made of paper and report what each of them weighs on rainy days."


def copy(source: str, ids: str, title: str = TITLE, at: str = "", **more: object) -> Paper:
    said: dict[str, object] = {"authors": ["Ada Byron", "Bob Babbage"], "year": 2020, "abstract": PROSE}
    return make(source, title, at=at, ids=ids.split(), **(said | more))  # type: ignore[arg-type]


PREPRINT = copy("arxiv", "arxiv:2001.00001", version=1)
PRINTED = copy("crossref", "doi:10.1000/x", title=TITLE.replace("Weighing", "Weighting"), venue="Clouds", year=2021)
ANTHOLOGY = copy("acl", "acl:2021.cloud-long.7 doi:10.1000/x", venue="CLOUD")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.sqlite3") as one:
        yield one


def bring(store: Store, *copies: Paper | Gone) -> None:
    summary = ingest.run(store, "test", lambda skip: list(copies)[skip:], part="part")
    assert summary.failed == 0 and store.check() == []


def papers(store: Store) -> Sequence[Paper]:
    return [paper for _, paper in store.scan()]


def test_preprint_print_and_anthology_are_one_paper_and_say_why(store: Store) -> None:
    for one in (PREPRINT, PRINTED, ANTHOLOGY):
        bring(store, one)
    (paper,) = papers(store)
    assert set(paper.ids) == {"arxiv:2001.00001", "doi:10.1000/x", "acl:2021.cloud-long.7"}
    first, second, third = store.copies(1)
    assert (first.paper, first.score) == (PREPRINT, None)
    assert second.paper == PRINTED and likeness.SAME <= (second.score or 0) <= 1 and "alike" in second.why
    assert third.score == 1.0 and third.why == "both are doi:10.1000/x"


def test_a_copy_is_taken_out_again_for_good(store: Store) -> None:
    bring(store, PREPRINT, PRINTED)
    change = store.change()
    split = undo(store, 1, 2)
    assert store.check() == [] and store.count() == 2 and store.change() == change + 2
    assert store.get([split.kept, split.new]) == {1: PREPRINT, split.new: PRINTED}
    assert store.copies(1) == [] and store.resolve(["doi:10.1000/x"]) == {"doi:10.1000/x": split.new}
    bring(store, PRINTED, copy("openalex", "openalex:w12345 doi:10.1000/x", title=TITLE))
    assert store.count() == 2  # likeness does not overrule what somebody has said
    assert store.alike(1)[0].pk == split.new


def test_an_id_that_both_have_stays_with_the_older_row(store: Store) -> None:
    other = copy("crossref", "arxiv:2001.00001 doi:10.1000/y", title="Weighing clouds again, and other notes on words")
    bring(store, PREPRINT, other)
    split = undo(store, 1, 2)
    assert store.get([split.new])[split.new].ids == ("doi:10.1000/y",)
    bring(store, other)
    assert store.count() == 2 and store.resolve(["arxiv:2001.00001"]) == {"arxiv:2001.00001": 1}


@pytest.mark.parametrize("number", [0, 3, -1])
def test_what_cannot_be_undone_is_a_sentence(store: Store, number: int) -> None:
    bring(store, PREPRINT, PRINTED)
    with pytest.raises(Mistake, match="2 copies"):
        undo(store, 1, number)
    bring(store, copy("arxiv", "arxiv:2002.00002", title="Something else entirely about prime gaps"))
    with pytest.raises(Mistake, match="one copy"):
        undo(store, 2, 1)


def test_two_papers_are_joined_by_hand_and_that_is_undone_too(store: Store) -> None:
    other = copy("crossref", "doi:10.1000/y", title="Nephology, lexically", authors=["Charles Wheatstone"], abstract="")
    bring(store, PREPRINT, other)
    assert store.count() == 2
    join(store, 1, 2)
    assert store.check() == [] and store.count() == 1 and store.resolve(["doi:10.1000/y"]) == {"doi:10.1000/y": 1}
    assert [one.why for one in store.copies(1)] == ["the first copy", "joined by hand"]
    split = undo(store, 1, 2)
    assert store.get([1, split.new]) == {1: PREPRINT, split.new: other}
    join(store, 1, split.new)  # and somebody may change their mind
    assert store.count() == 1
    with pytest.raises(Mistake):
        join(store, 1, 1)


def test_a_new_version_keeps_the_history(store: Store) -> None:
    bring(store, copy("arxiv", "arxiv:2001.00001", at="2020-01-01", version=1))
    later = copy("arxiv", "arxiv:2001.00001", at="2020-02-01", version=2, title="Weighing clouds of words, precisely")
    bring(store, later)
    (before,) = store.history(1)
    assert (before.source, before.version) == ("arxiv", 1)
    assert orjson.loads(before.before) == {"title": TITLE, "version": 1}
    assert papers(store)[0].title == later.title and store.copies(1) == []


def test_a_new_version_of_a_merged_copy_outlives_the_undoing(store: Store) -> None:
    bring(store, copy("arxiv", "arxiv:2001.00001", at="2020-01-01", version=1), PRINTED)
    later = copy("arxiv", "arxiv:2001.00001", at="2020-02-01", version=2)
    bring(store, later)
    undo(store, 1, 2)
    assert store.get([1])[1].version == 2


def test_what_a_source_takes_back_is_marked(store: Store) -> None:
    bring(store, PREPRINT)
    told = Origin("arxiv", "2024-05-01")
    bring(
        store,
        Gone("arxiv:2001.00001", "withdrawn", "by its authors", told),
        Gone("arxiv:9999.99999", "deleted", "", told),
    )
    (paper,) = papers(store)
    assert (paper.standing, paper.more("withdrawn")) == ("withdrawn", "by its authors") and paper.title == TITLE
    assert orjson.loads(store.history(1)[0].before) == {"standing": "in good standing"}


def test_series_are_linked_and_not_merged(store: Store) -> None:
    parts = [copy("arxiv", f"arxiv:2001.0000{n}", title=f"Motion of clouds in cities: Part {'I' * n}") for n in (1, 2)]
    bring(store, *parts)
    assert store.count() == 2
    (link,) = store.alike(1)
    assert link.pk == 2 and link.score < likeness.SAME


SOURCES = ("arxiv", "crossref", "acl", "openalex")


def test_a_split_is_for_good_though_both_have_one_id_and_a_title_changes(store: Store) -> None:
    title = "Weighing clouds again, and other notes on words"
    other = copy("lab", "arxiv:2001.00001", title=title, year=2021, venue="Notes of our lab")
    bring(store, PREPRINT, other)
    split = undo(store, 1, 2)
    revised = copy("lab", "arxiv:2001.00001", title=f"{title}, revised", year=2021, venue="Notes of our lab")
    bring(store, revised)
    assert store.count() == 2
    assert store.get([split.new])[split.new].title == revised.title
    assert store.get([1])[1] == PREPRINT
    bring(store, PREPRINT)
    assert store.count() == 2 and store.get([1])[1] == PREPRINT


OTHER_PROSE = "Prime gaps are counted, plotted, compared with a table of older ones, and then forgotten by everybody."


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (copy("x", "arxiv:2003.00001 doi:10.1000/x"), copy("x", "arxiv:2102.00001", year=2021, abstract=OTHER_PROSE)),
        (copy("x", "doi:10.1000/x", title=f"{TITLE}, part I"), copy("x", "doi:10.1000/y", title=f"{TITLE}, part II")),
    ],
)
def test_a_record_between_two_works_does_not_join_them(store: Store, one: Paper, two: Paper) -> None:
    """It has an id of the one, and by its words it could be the other, too."""
    bring(store, one, two)
    assert store.count() == 2
    bring(store, copy("crossref", "doi:10.1000/x", title=one.title.replace("Weighing", "Weighting"), abstract=""))
    bring(store, copy("crossref", "doi:10.1000/x", title=two.title, year=one.year, abstract=""))
    assert store.count() == 2
    assert store.resolve(two.ids)[two.ids[0]] != store.resolve(one.ids)[one.ids[0]]


def test_links_follow_a_row_that_is_absorbed(store: Store) -> None:
    old = copy("x", "pmid:1", title="Quite another name of the clouds", authors=["Carl Cumulus"])
    series = copy("x", "doi:10.1000/y", title=f"{TITLE}, part 2")
    bring(store, old, PREPRINT, series)
    (link,) = store.alike(2)
    join(store, 1, 2)
    assert [(one.pk, one.score) for one in store.alike(1)] == [(link.pk, link.score)]
    assert [one.pk for one in store.alike(link.pk)] == [1] and store.check() == []


def test_what_was_deleted_by_mistake_comes_back(store: Store) -> None:
    def said(at: str) -> Paper:
        return copy("repo", "oai:repo.example.org:7", at=at)

    bring(store, said("2026-01-01"))
    bring(store, Gone("oai:repo.example.org:7", "deleted", "", Origin("repo", "2026-02-01")))
    assert papers(store)[0].standing == "deleted"
    bring(store, said("2026-01-15"))
    assert papers(store)[0].standing == "deleted", "an older word"
    bring(store, said("2026-03-01"))
    assert papers(store)[0].standing == ""
    bring(store, Gone("oai:repo.example.org:7", "deleted", "", Origin("repo", "2026-04-01")))
    assert papers(store)[0].standing == "deleted"


@settings(max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_merges_undone_give_the_copies_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(4)), min_size=2, max_size=4, unique=True))
    ids = ("arxiv:2001.00001", "doi:10.1000/x", "acl:2021.cloud-long.7", "openalex:w77777")
    copies = [copy(SOURCES[n], ids[n], year=2020 + n % 2) for n in chosen]
    with Store.open(tmp_path_factory.mktemp("undo") / "store.sqlite3") as store:
        bring(store, *copies)
        assert store.count() == 1
        while kept := store.copies(1):
            undo(store, 1, data.draw(st.integers(1, len(kept))))
            assert store.check() == []
        assert sorted(paper.ids for _, paper in store.scan()) == sorted(one.ids for one in copies)
        assert {paper.sources for _, paper in store.scan()} == {one.sources for one in copies}
        bring(store, *copies)
        assert store.count() == len(copies)
