"""The measuring tools: deterministic corpora, honest percentiles, tables that land where they belong."""

import sys
from collections import Counter
from mmap import mmap
from pathlib import Path
from random import Random

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bench import corpus, query, questions, table
from bench.__main__ import ALL
from bench.peers import Fts5, Scan, Text
from broadsheet.querylang import parse
from broadsheet.text import title_key

REAL = [
    {
        "id": f"{venue}-{n}", "title": f"{venue} paper {n} about topic {n}", "venue": venue, "year": 2000 + n,
        "abstract": f"We study {venue} {n}. It works. More is said here.", "authors": [f"{venue} Author {n}"],
    }
    for venue, count in (("A", 30), ("B", 10)) for n in range(count)
]  # fmt: skip


def test_a_remixed_corpus_is_the_same_for_a_seed_and_unique_in_ids_and_titles() -> None:
    pools = corpus.venues(iter(REAL))
    papers = list(corpus.remix(pools, 500, seed=1))
    assert papers == list(corpus.remix(pools, 500, seed=1))
    assert papers != list(corpus.remix(pools, 500, seed=2))
    for field in ("id", "url"):
        assert len({paper[field] for paper in papers}) == 500
    assert len({title_key(paper["title"]) for paper in papers}) == 500


def test_a_remixed_paper_has_sentences_and_names_of_its_own_venue() -> None:
    papers = list(corpus.remix(corpus.venues(iter(REAL)), 500, seed=1))
    shares = Counter(paper["venue"] for paper in papers)
    assert 300 < shares["A"] < 450
    for paper in papers:
        own = [record for record in REAL if record["venue"] == paper["venue"]]
        sentences = {s for record in own for s in str(record["abstract"]).replace(". ", ".|").split("|")}
        assert set(paper["abstract"].replace(". ", ".|").split("|")) <= sentences
        assert paper["authors"] in [record["authors"] for record in own]


def test_the_file_is_made_once(tmp_path: Path) -> None:
    source = tmp_path / "real.jsonl.zst"
    lines = b"".join(orjson.dumps(record) + b"\n" for record in REAL)
    source.write_bytes(zstandard.compress(lines))
    made = corpus.remixed(50, source=source, cache=tmp_path / "cache")
    stamp = made.stat().st_mtime_ns
    assert len(list(corpus.read(made))) == 50
    assert corpus.remixed(50, source=source, cache=tmp_path / "cache") == made
    assert made.stat().st_mtime_ns == stamp


def test_percentiles_by_nearest_rank() -> None:
    assert table.percentiles([float(n) for n in range(1, 101)]) == (50.0, 99.0)
    assert table.percentiles([3.0]) == (3.0, 3.0)
    assert table.percentiles([2.0, 1.0]) == (1.0, 2.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_half_of_the_times_are_at_most_the_median(times: list[float]) -> None:
    middle, high = table.percentiles(times)
    assert sum(time <= middle for time in times) >= len(times) / 2
    assert sum(time > high for time in times) <= len(times) / 100


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1,234,567"), (12.3456, "12.3"), (0.00123, "0.00123"), (1234.5, "1,234"), ("x", "x")]
)
def test_cells(value: object, text: str) -> None:
    assert table.cell(value) == text


def test_a_table_names_the_machine_and_lands_between_its_marks() -> None:
    result = table.Table("speed", ["kind", "ms"], notes=["warm"])
    result.add("short", 1.5)
    text = result.markdown()
    assert text.startswith("| kind | ms |\n| --- | ---: |\n| short | 1.50 |\n\n- warm\n- ")
    assert "cores" in text and "Python" in text
    page = "a\n<!-- bench:speed -->\nold\n<!-- /bench:speed -->\nb\n"
    assert table.spliced(page, "speed", "new\n") == "a\n<!-- bench:speed -->\nnew\n<!-- /bench:speed -->\nb\n"
    with pytest.raises(ValueError, match="bench:other"):
        table.spliced(page, "other", "new\n")
    with pytest.raises(ValueError, match="3 cells"):
        result.add(1, 2, 3)


def test_the_memory_of_a_child_is_its_own() -> None:
    small = table.run([sys.executable, "-c", "print('hello')"])
    large = table.run([sys.executable, "-c", "x = bytearray(100_000_000); x[::4096] = x[::4096]"])
    assert small.output == "hello\n"
    assert 90e6 < large.peak - small.peak < 120e6


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stage_measures_its_own_peak() -> None:
    with table.stage() as large, mmap(-1, 100_000_000) as block:  # bytes may come from what is resident already
        block.write(b"x" * len(block))
    with table.stage() as small:
        pass
    assert large.peak - small.peak > 80e6
    assert large.seconds > small.seconds >= 0


PAPERS = [
    Text("a", "Learning to walk", "A robot learns walking from video."),
    Text("b", "Neural parsing", "Parsing sentences with a neural network; parsing is fast."),
    Text("c", "Robots that read", "A robot reads text."),
]


def test_the_peers_find_what_they_should(tmp_path: Path) -> None:
    engine = Fts5(PAPERS, tmp_path / "fts.db")
    scan = Scan(PAPERS)
    for peer in (engine.search, scan.search):
        assert peer("neural parsing")[0] == "b"
        assert set(peer("robot")) == {"a", "c"}
        assert peer('zebra "') == []
    engine.close()


def test_no_question_is_asked_twice_and_the_same_ones_every_time(tmp_path: Path) -> None:
    source = tmp_path / "real.jsonl.zst"
    source.write_bytes(zstandard.compress(b"".join(orjson.dumps(record) + b"\n" for record in REAL)))
    asked = questions.ask(source, 20)
    assert asked == questions.ask(source, 20)
    assert asked != questions.ask(source, 20, seed=1)
    assert set(asked) == set(questions.KINDS)
    for kind, texts in asked.items():
        assert len(set(texts)) == len(texts) > 0, kind


@pytest.mark.parametrize("kind", query.COUNTED)
def test_questions_in_the_language_are_understood(kind: str) -> None:
    asked = query.drawn([query.COUNTED[kind]], REAL, Random(1))
    assert asked == query.drawn([query.COUNTED[kind]], REAL, Random(1))
    assert len({*asked}) == len(asked) > 1
    for found in map(parse, asked):
        assert found.notes == ()
        assert found.conditions or found.filters or kind == "words"


def test_papers_like_others_and_what_has_been_typed() -> None:
    for text in query.alike(REAL, Random(1)):
        found = parse(text)
        assert (len(found.like), len(found.unlike), found.words) == (query.LIKED, query.DISLIKED, "")
        assert len({name.partition("-")[0] for name in found.like}) == 1, "all of one venue"
    letters = query.typed(REAL, Random(1))
    assert len({*letters}) == len(letters) > 10
    assert all(1 <= len(text) <= query.TYPED for text in letters)


@given(st.integers(0, 60), st.integers(1, 40), st.integers())
def test_a_sample_is_of_the_size_asked_for_and_of_different_papers(count: int, size: int, seed: int) -> None:
    kept = questions.sample(({"id": str(n)} for n in range(count)), size, seed)
    assert len({paper["id"] for paper in kept}) == len(kept) == min(count, size)


@pytest.mark.parametrize("name", ALL)
def test_every_bench_is_there_and_has_its_place_in_the_docs(name: str) -> None:
    assert (table.ROOT / "bench" / f"{name}.py").is_file()
    assert "new" in table.spliced(table.PAGE.read_text(encoding="utf-8"), name, "new\n")
