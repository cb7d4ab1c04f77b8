"""An index that grew step by step answers exactly like one that was built at once, whatever came in between."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from broadsheet.errors import IndexStale
from broadsheet.index.lexical import Lexical
from broadsheet.library import Library, open_library
from broadsheet.query import Page, Sort
from broadsheet.querylang import parse
from corpus import QUESTIONS, ROWS, Row, make, write

Answer = tuple[int, dict[int, int], list[tuple[str, float, dict[str, float], str, str]]]


def told(page: Page) -> Answer:
    hits = [
        (hit.paper.key, hit.score, {signal.name: signal.share for signal in hit.signals}, hit.why, hit.snippet.text)
        for hit in page.hits
    ]
    return page.total, dict(page.years), hits


def answers(library: Library, sorts: Sequence[Sort] = ("relevance", "new", "cited")) -> dict[tuple[str, str], Answer]:
    return {
        (question, sort): told(library.search(parse(question, sort=sort, limit=200)))
        for question in QUESTIONS
        for sort in sorts
    }


def alike(one: Mapping[Any, Answer], two: Mapping[Any, Answer]) -> None:
    """The same papers in the same order with the same scores, but for the rounding of sums: BM25 adds up the words of a
    question in an order that depends on how papers lie in segments."""
    assert one.keys() == two.keys()
    for asked in one:
        (total, years, hits), (total_too, years_too, hits_too) = one[asked], two[asked]
        assert (total, years, len(hits)) == (total_too, years_too, len(hits_too)), asked
        found = {hit[0]: hit for hit in hits_too}
        for hit, there in zip(hits, hits_too, strict=True):
            same = found.get(hit[0])
            assert same is not None, (asked, hit)
            assert same[1] == pytest.approx(hit[1], abs=1e-3), (asked, hit, same)
            assert same[2] == pytest.approx(hit[2], abs=1e-3), (asked, hit, same)
            assert same[3:] == hit[3:], asked
            assert hit[0] == there[0] or hit[1] == pytest.approx(there[1], abs=1e-3), (asked, hit, there)


def rebuilt(library: Library) -> dict[tuple[str, str], Answer]:
    """What the library answers after everything derived was deleted and made anew."""
    shutil.rmtree(library.home / "index")
    assert library.refresh() == library.store.count()
    return answers(library)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with make(tmp_path, ROWS[:120]) as library:
        yield library


def add(library: Library, name: str, rows: Sequence[Row]) -> None:
    library.add([write(library.home.parent / f"{name}.jsonl", rows)])


def changed(row: Row, chance: Random) -> Row:
    """The same paper, told again: a longer abstract, another venue, more citations."""
    more = f"{row.get('abstract', '')} A second edition adds {chance.choice(('rivers', 'glaciers', 'error bars'))}."
    return {**row, "abstract": more, "venue": "Second Editions", "citations": 500 + chance.randint(0, 9)}


def test_batches_updates_and_merges(library: Library) -> None:
    chance = Random(3)
    add(library, "more", ROWS[120:200])
    add(library, "again", [changed(row, chance) for row in chance.sample(ROWS[:200], 60)])
    bridge = {"id": ROWS[3]["id"], "title": ROWS[3]["title"], "doi": "10.5555/bridge", "abstract": "One half."}
    add(
        library, "half", [{"title": ROWS[3]["title"], "doi": "10.5555/bridge", "authors": ["Else Where"], "year": 1901}]
    )
    before = library.store.count()
    add(library, "bridge", [bridge])
    assert library.store.count() == before - 1, "two rows were one work"
    add(library, "rest", ROWS[200:])
    state = library.index.state()
    assert (state.papers, state.seq) == (library.store.count(), library.store.change())
    grown = answers(library)
    assert sum(bool(hits) for _, _, hits in grown.values()) > 40
    alike(rebuilt(library), grown)


def test_nothing_new_changes_nothing(library: Library) -> None:
    before = library.index.state()
    assert library.refresh() == 0
    assert library.index.state() == before


def test_only_what_is_new_is_taken_in(library: Library) -> None:
    generation = (library.home / "index" / "CURRENT").read_text()
    library.add([write(library.home.parent / "more.jsonl", ROWS[120:150])], index=False)
    assert library.stats().behind == 30
    assert library.refresh() == 30
    assert (library.home / "index" / "CURRENT").read_text() == generation
    assert library.stats().behind == 0


def test_rebuild_is_the_same_and_leaves_one_generation(library: Library) -> None:
    before = answers(library)
    assert library.rebuild() == library.store.count()
    alike(answers(library), before)
    assert [path.name for path in (library.home / "index").glob("gen-*")] == ["gen-000002"]


def test_an_index_of_another_format_is_made_anew(library: Library) -> None:
    before = answers(library)
    state = library.home / "index" / "gen-000001" / "state.json"
    state.write_text('{"format": 1, "what": "an older Broadsheet wrote"}')
    library.index.folder.joinpath("CURRENT").touch()
    page = library.search("sparse routing")
    assert (page.hits, page.total) == ((), 0)
    assert "not indexed yet" in page.notes[-1]
    assert library.refresh() == library.store.count()
    alike(answers(library), before)


def test_an_index_ahead_of_its_store_is_made_anew(library: Library, tmp_path: Path) -> None:
    """The store was put back from a backup: what the index saw since then never happened."""
    with make(tmp_path / "older", ROWS[:50]) as older:
        wanted = answers(older)
        shutil.rmtree(older.home / "index")
        shutil.copytree(library.home / "index", older.home / "index")
        assert older.refresh() == 50
        alike(answers(older), wanted)


def test_a_refresh_that_died_between_its_two_commits(library: Library) -> None:
    """What such a crash leaves: papers that the lexical part has, and that no state knows of."""
    library.add([write(library.home.parent / "more.jsonl", ROWS[120:200])], index=False)
    writer = Lexical(library.home / "index" / "gen-000001" / "lexical").writer()
    for change in library.store.changes(library.index.state().seq, 1000):
        assert change.paper is not None
        writer.put(change.pk, change.paper, replaces=False)
    writer.commit()
    writer.close()
    assert len(library.search("sparse routing").hits) == 10, "a reader takes it as it is"
    assert library.refresh() == 80
    after = answers(library)
    alike(rebuilt(library), after)


@pytest.mark.parametrize("lost", ["lexical", "vectors.f16", "forward.u32", "columns-*.npz"])
def test_a_lost_part_is_said_and_mended(library: Library, tmp_path: Path, lost: str) -> None:
    before = answers(library)
    (path,) = (library.home / "index" / "gen-000001").glob(lost)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with open_library(library.home, env={}) as again:
        with pytest.raises(IndexStale, match="doctor --rebuild"):
            again.search("sparse routing")
        assert again.rebuild() == 120
        alike(answers(again), before)


def test_another_store_in_the_place_of_the_first_is_noticed(tmp_path: Path) -> None:
    """The store was deleted and filled anew with more papers: no change number says so, the marks do."""
    with make(tmp_path, [{"title": f"Apple study {n}", "id": f"a{n}"} for n in range(5)]) as library:
        assert library.search("apple").total == 5
    for file in (tmp_path / "library").glob("store.sqlite3*"):
        file.unlink()
    with make(tmp_path, [{"title": f"Banana study {n}", "id": f"b{n}"} for n in range(12)]) as library:
        assert not [hit for hit in library.search("apple").hits if "Apple" in hit.paper.title]
        assert library.search("banana").total == 12
        assert library.search("banana").hits[0].signals[0].name == "text"


def test_an_older_copy_of_the_store_that_went_on_differently_is_noticed(tmp_path: Path) -> None:
    with make(tmp_path, [{"title": f"Apple study {n}", "id": f"a{n}"} for n in range(5)]):
        pass
    copy = (tmp_path / "library" / "store.sqlite3").read_bytes()
    with make(tmp_path, [{"title": f"Cherry study {n}", "id": f"c{n}"} for n in range(5)]) as library:
        assert library.search("cherry").total >= 5
    for file in (tmp_path / "library").glob("store.sqlite3*"):
        file.unlink()
    (tmp_path / "library" / "store.sqlite3").write_bytes(copy)
    with make(tmp_path, [{"title": f"Banana study {n}", "id": f"b{n}"} for n in range(9)]) as library:
        assert library.search("banana study 7").hits[0].paper.title == "Banana study 7"
        assert "Cherry" not in " ".join(hit.paper.title for hit in library.search("cherry").hits)


def test_warming_reads_all_of_the_generation(library: Library, tmp_path: Path) -> None:
    folder = library.index.folder / (library.index.folder / "CURRENT").read_text()
    assert library.index.warm() == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    with open_library(tmp_path / "empty", env={}) as empty:
        assert empty.index.warm() == 0
        empty.warm()
        assert empty.search("anything").total == 0
