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


@pytest.fixture(scope="module")
def large(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("large") / "home"
    with open_library(home, env={}) as library:
        library.add([shared / "data" / "papers.jsonl.zst"])
        yield library


@pytest.mark.timeout(900)
def test_every_paper_of_the_large_file_is_there(large: Library) -> None:
    stats = large.stats()
    assert (stats.papers, stats.indexed, stats.vectors, stats.behind) == (87_243, 87_243, 87_243, 0)


@pytest.mark.timeout(900)
def test_judged_questions_are_answered(large: Library, shared: Path) -> None:
    figures = large.evaluate(shared / "data" / "tldr-dev.jsonl")
    assert figures.unknown == 0
    assert figures.mrr >= 0.885
    assert figures.recall >= 0.950


@pytest.mark.timeout(900)
def test_titles_of_the_large_file_find_their_papers(large: Library, shared: Path) -> None:
    """A thousand of them. Several papers may have one title: the first hit must have it, whichever it is."""
    for line in (shared / "data" / "tldr-dev.jsonl").read_text(encoding="utf-8").splitlines()[:1000]:
        paper = large.paper(json.loads(line)["id"])
        assert paper is not None
        assert large.search(paper.title).hits[0].paper.title_key == paper.title_key


@pytest.mark.timeout(900)
def test_lists_of_the_large_file_turn_without_a_repeat(large: Library) -> None:
    """Thousands of papers have one date: their order must be the same on every page."""
    found = [
        hit.paper.key
        for offset in range(0, 2_000, 100)
        for hit in large.search(large.parse("year:2020", sort="new", offset=offset, limit=100)).hits
    ]
    assert len(set(found)) == len(found) == 2_000
