"""Papers like others, and unlike some."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.errors import Mistake, NotFound
from broadsheet.index.places import day_number, rising
from broadsheet.library import Library
from broadsheet.paper import Paper
from broadsheet.query import Page, Sort
from corpus import ROWS, make


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with make(tmp_path_factory.mktemp("similar")) as library:
        yield library


@pytest.fixture(scope="module")
def papers(library: Library) -> list[Paper]:
    return list(library.papers())


def test_similar_papers(library: Library, papers: list[Paper]) -> None:
    liked = papers[3]
    page = library.similar([liked.key], limit=20)
    assert len(page.hits) == 20
    second = library.similar([liked.key], limit=20, offset=20)
    assert not {hit.paper.key for hit in page.hits} & {hit.paper.key for hit in second.hits}
    assert liked.key not in [hit.paper.key for hit in page.hits]
    scores = [hit.score for hit in page.hits]
    assert scores == sorted(scores, reverse=True)
    method, _, rest = liked.title.partition(" for ")
    subject = " ".join(rest.split()[:2])
    assert all(method in hit.paper.title or subject in hit.paper.title for hit in page.hits)


def test_unlike_papers_push_away(library: Library, papers: list[Paper]) -> None:
    liked, near = papers[3], library.similar([papers[3].key], limit=1).hits[0].paper
    page = library.similar([liked.key], without=[near.key], limit=50)
    assert not {liked.key, near.key} & {hit.paper.key for hit in page.hits}


@pytest.mark.parametrize("sort", ["new", "old", "cited", "rising"])
def test_the_nearest_papers_in_another_order(library: Library, papers: list[Paper], sort: Sort) -> None:
    by_likeness = library.similar([papers[3].key], limit=200)
    page = library.similar([papers[3].key], limit=200, sort=sort)
    found = [hit.paper for hit in page.hits]
    assert {paper.key for paper in found} == {hit.paper.key for hit in by_likeness.hits}
    keys = {
        "new": [day_number(paper) for paper in found],
        "old": [-(day_number(paper) or 10**9) for paper in found],
        "cited": [paper.citations or 0 for paper in found],
        "rising": [rising(paper) for paper in found],
    }[sort]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) > 3


def test_an_order_that_is_none(library: Library, papers: list[Paper]) -> None:
    with pytest.raises(Mistake, match="sort is 'best'; it must be one of relevance, new, old, cited, rising"):
        library.similar([papers[3].key], sort="best")  # type: ignore[arg-type]


def test_like_several_is_between_them(library: Library, papers: list[Paper]) -> None:
    """What is like both stands higher than for either alone, on the whole; neither is an answer."""
    one, two = papers[3], papers[4]
    both = library.similar([one.key, two.key], limit=30)
    keys = [hit.paper.key for hit in both.hits]
    assert not {one.key, two.key} & set(keys)
    for alone in (one, two):
        near = [hit.paper.key for hit in library.similar([alone.key], limit=10).hits if hit.paper.key in keys]
        assert len(near) >= 3
    assert keys == [hit.paper.key for hit in library.similar([two.key, one.key, two.key], limit=30).hits]


def test_a_disliked_paper_takes_its_likes_down(library: Library, papers: list[Paper]) -> None:
    liked = papers[3].key
    plain = [hit.paper for hit in library.similar([liked], limit=60).hits]
    disliked = plain[1]
    method, _, rest = disliked.title.partition(" for ")
    subject = " ".join(rest.split()[:2])
    its_like = {paper.key for paper in plain[2:] if method in paper.title and subject in paper.title}
    others = {paper.key for paper in plain[2:] if method not in paper.title or subject not in paper.title}
    pushed = [hit.paper.key for hit in library.similar([liked], without=[disliked.key], limit=100).hits]
    before = [paper.key for paper in plain]

    def fall(keys: set[str]) -> float:
        kept = [key for key in keys if key in pushed]
        return sum(pushed.index(key) - before.index(key) for key in kept) / max(1, len(kept))

    assert its_like
    assert fall(its_like) > fall(others)


def test_likes_with_words_and_conditions(library: Library, papers: list[Paper]) -> None:
    liked = papers[3]
    plain = library.search(f"like:{liked.key}")
    kept = library.search(library.parse(f'like:{liked.key} "river deltas" year:2005..2020', limit=50))
    assert kept.hits
    assert all("river deltas" in f"{hit.paper.title} {hit.paper.abstract} {hit.paper.keywords}" for hit in kept.hits)
    assert all(hit.paper.year and 2005 <= hit.paper.year <= 2020 for hit in kept.hits)
    worded = library.search(f"like:{liked.key} glacier imagery")

    def about(page: Page) -> int:
        return sum("glacier imagery" in hit.paper.title for hit in page.hits)

    assert about(worded) > about(plain)


def test_each_says_why(library: Library, papers: list[Paper]) -> None:
    """Shared words are marked, and the snippet is a sentence of the abstract."""
    for hit in library.similar([papers[3].key], limit=8).hits:
        assert hit.why
        assert hit.title.spans or hit.snippet.spans
        assert hit.snippet.text.strip("… ") in hit.paper.abstract


def test_one_paper_liked_and_disliked(library: Library, papers: list[Paper]) -> None:
    page = library.similar([papers[3].key], without=[papers[3].key])
    assert papers[3].key not in [hit.paper.key for hit in page.hits]


def test_similar_to_what_nobody_has(library: Library) -> None:
    with pytest.raises(NotFound, match=r"no paper has the id nope1, nope2; `broadsheet search`"):
        library.similar(["nope1", "nope2"])


def test_similar_in_a_library_of_one(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:1]) as library:
        assert library.similar([ROWS[0]["id"]]).hits == ()
