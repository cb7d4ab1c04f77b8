"""The measured data set, whole: the saved pages become 678 papers, each found first by its title, and the large file
answers its judged questions as well as it should."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.library import Library, open_library
from shell import broadsheet

COUNTS = (73, 61, 250, 133, 235)


@pytest.fixture(scope="module")
def seeds(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("seeds") / "home"
    added = broadsheet(home, "add", shared / "seeds", "--json").json
    files = {one["file"]: one for one in added["files"]}
    done = [files[name]["new"] + files[name]["updated"] + files[name]["same"] for name in sorted(files)]
    assert tuple(done) == COUNTS
    assert not any(one["failed"] for one in files.values())
    with open_library(home, env={}) as library:
        yield library


def test_the_saved_pages_are_so_many_papers(seeds: Library) -> None:
    assert seeds.store.count() == 678
    assert seeds.stats().indexed == 678


def test_every_paper_of_the_pages_is_found_first_by_its_title(seeds: Library) -> None:
    missed = [paper.title for paper in seeds.papers() if seeds.search(paper.title).hits[0].paper.ids != paper.ids]
    assert not missed


@pytest.mark.timeout(1200)
def test_the_large_file(shared: Path, tmp_path: Path) -> None:
    """One test, because it is one library that takes a minute to make."""
    with open_library(tmp_path / "home", env={}) as library:
        library.add([shared / "data" / "papers.jsonl.zst"])
        stats = library.stats()
        assert (stats.papers, stats.indexed, stats.vectors, stats.behind) == (87_243, 87_243, 87_243, 0)
        judged = shared / "data" / "tldr-dev.jsonl"
        questions_are_answered(library, judged)
        titles_find_their_papers(library, judged)
        lists_turn_without_a_repeat(library)


def questions_are_answered(library: Library, judged: Path) -> None:
    figures = library.evaluate(judged)
    assert figures.unknown == 0
    assert figures.mrr >= 0.885
    assert figures.recall >= 0.950


def titles_find_their_papers(library: Library, judged: Path) -> None:
    """A thousand of them. Several papers may have one title: the first hit must have it, whichever it is."""
    for line in judged.read_text(encoding="utf-8").splitlines()[:1000]:
        paper = library.paper(json.loads(line)["id"])
        assert paper is not None
        assert library.search(paper.title).hits[0].paper.title_key == paper.title_key


def lists_turn_without_a_repeat(library: Library) -> None:
    """Thousands of papers have one date: their order must be the same on every page."""
    found = [
        hit.paper.key
        for offset in range(0, 2_000, 100)
        for hit in library.search(library.parse("year:2020", sort="new", offset=offset, limit=100)).hits
    ]
    assert len(set(found)) == len(found) == 2_000
