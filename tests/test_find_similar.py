"""Papers like others, and unlike some."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.errors import NotFound
from broadsheet.library import Library
from broadsheet.paper import Paper
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


def test_similar_to_what_nobody_has(library: Library) -> None:
    with pytest.raises(NotFound, match=r"no paper has the id nope1, nope2; `broadsheet search`"):
        library.similar(["nope1", "nope2"])


def test_similar_in_a_library_of_one(tmp_path: Path) -> None:
    with make(tmp_path, ROWS[:1]) as library:
        assert library.similar([ROWS[0]["id"]]).hits == ()
