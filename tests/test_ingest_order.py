"""The same copies in any order, in any batches, in any number of runs: the same papers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet import ingest
from broadsheet.paper import Paper, make, merge
from broadsheet.store import Store

SOURCES = ("acl", "arxiv", "jsonl", "bibtex", "pages")
DATES = ("", "2020-01-01", "2021-06-30", "2024-12-31")


@st.composite
def works(draw: st.DrawFn, number: int) -> list[Paper]:
    """Some copies of one work: spelled differently, from several sources, each with some of its ids and fields."""
    title = f"Observations of a small comet, part {number} of the series"
    spellings = (title, title.upper(), title.replace(" ", "  ").replace(",", ":"), f"{{{title}}}.")
    ids = [f"id:c{number}", f"arxiv:2001.{number:05}", f"doi:10.1000/c{number}", f"acl:P20-1{number:03}"]
    renamed = f"Comet observations revisited, number {number} of them"
    copies = []
    for _ in range(draw(st.integers(1, 5))):
        some = draw(st.lists(st.sampled_from(ids), unique=True, max_size=3))
        other_name = bool(some) and draw(st.integers(0, 5)) == 0
        copies.append(
            make(
                draw(st.sampled_from(SOURCES)),
                renamed if other_name else draw(st.sampled_from(spellings)),
                at=draw(st.sampled_from(DATES)),
                ids=some,
                authors=draw(st.sampled_from((["Maria Mitchell"], ["Mitchell, M.", "Ada Byron"]))),
                year=draw(st.sampled_from((2020, 2021))),
                abstract=draw(st.sampled_from(("", "A comet.", "A comet and its tail."))),
                venue=draw(st.sampled_from(("", "Sky"))),
                keywords=draw(st.lists(st.sampled_from(("Comet", "comet", "tail")), max_size=2)),
                links=draw(st.sampled_from(({}, {"code": "https://example.org/c"}, {"code": "https://example.org/d"}))),
                citations=draw(st.sampled_from((None, 0, 7))),
            )
        )
    return copies


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Paper], list[Paper], int, int]:
    """Copies of a few works in two orders, and two sizes of batches."""
    copies = [copy for number in range(draw(st.integers(1, 3))) for copy in draw(works(number))]
    return copies, draw(st.permutations(copies)), draw(st.integers(1, 6)), draw(st.integers(1, 6))


@contextmanager
def fresh() -> Iterator[Store]:
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "store.sqlite3") as store:
        yield store


def _after(copies: Sequence[Paper], skip: int) -> Sequence[Paper]:
    return copies[skip:]


def stored(store: Store, copies: Sequence[Paper], batch: int, runs: int = 1) -> Counter[Paper]:
    """The papers after *copies* came in, in so many runs."""
    size = -(-len(copies) // runs)
    for start in range(0, len(copies), size):
        part = copies[start : start + size]
        summary = ingest.run(store, "test", partial(_after, part), part=str(start), batch=batch)
        assert summary.done == len(part) and summary.failed == 0
    assert store.check() == []
    return Counter(paper for _, paper in store.scan())


@settings(max_examples=settings().max_examples // 4)
@given(arrivals())
def test_the_order_of_arrival_does_not_matter(given_: tuple[list[Paper], list[Paper], int, int]) -> None:
    one_way, other_way, batch, other_batch = given_
    with fresh() as store, fresh() as other:
        papers = stored(store, one_way, batch)
        assert stored(other, other_way, other_batch, runs=2) == papers
        for copy in one_way:  # every id of every copy finds a paper that has it
            found = store.get(list(store.resolve(copy.ids).values()))
            assert len(found) == 1 and set(copy.ids) <= set(next(iter(found.values())).ids)


@settings(max_examples=settings().max_examples // 8)
@given(arrivals())
def test_bringing_the_same_again_changes_nothing(given_: tuple[list[Paper], list[Paper], int, int]) -> None:
    copies, shuffled, batch, other_batch = given_
    with fresh() as store:
        papers = stored(store, copies, batch)
        change = store.change()
        assert stored(store, shuffled, other_batch) == papers
        assert store.change() == change


def test_a_paper_keeps_everything_its_copies_said() -> None:
    copies = [
        make("arxiv", "On the weight of clouds of words", ids=["arxiv:2001.00001"], authors=["A B"], year=2020),
        make("acl", "On the Weight of Clouds of Words", ids=["acl:P20-1001"], authors=["A B"], year=2021, venue="ACL"),
    ]  # fmt: skip
    with fresh() as store:
        (paper,) = stored(store, copies, 10)
    assert paper == merge(*copies) and (paper.year, paper.venue) == (2021, "ACL")
