"""The bundled sample: facts about real papers, chosen and made by `bench.make_sample`, and nothing else."""

from pathlib import Path

import orjson
import pytest
import zstandard

import broadsheet
from bench.make_sample import MOST, Chosen, by_topic, by_venue, choose, facts
from broadsheet.paper import Paper, make
from broadsheet.sources import files

SAMPLE = Path(broadsheet.__file__).parent / "data" / "sample.jsonl.zst"
FACTS = {"id", "title", "authors", "year", "venue", "citations", "keywords", "url", "pdf", "code"}


def chosen(venue: str, year: int, citations: int, phrases: tuple[str, ...] = ()) -> Chosen:
    name = f"{venue}{year}-{citations}"
    return Chosen(make("x", name, ids=[f"id:{name}"], venue=venue, year=year, citations=citations), phrases)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return zstandard.ZstdDecompressor().decompress(SAMPLE.read_bytes()).splitlines()


class TestTheFile:
    def test_holds_facts_only(self, lines: list[bytes]) -> None:
        assert 4_500 <= len(lines) <= 5_500 and SAMPLE.stat().st_size <= MOST
        assert {key for line in lines for key in orjson.loads(line)} == FACTS

    def test_no_text_hides_in_a_keyword(self, lines: list[bytes]) -> None:
        phrases = [phrase for line in lines for phrase in orjson.loads(line).get("keywords", ())]
        assert max(len(phrase.split()) for phrase in phrases) <= 3

    def test_every_record_is_a_paper_of_its_own(self, lines: list[bytes]) -> None:
        (file,) = files.expand([SAMPLE]).files
        papers = [record for record in file.records() if isinstance(record, Paper)]
        assert len(papers) == len(lines) == len({paper.key for paper in papers})
        assert len({paper.venue for paper in papers}) >= 20 and len({paper.year for paper in papers}) >= 30


class TestTheChoice:
    def test_a_larger_cell_gives_more_but_not_in_proportion(self) -> None:
        papers = [chosen("A", 2020, n) for n in range(400, 0, -1)] + [chosen("B", 2020, n) for n in range(100, 0, -1)]
        found = list(by_venue(papers, 30))
        assert [one.paper.venue for one in found].count("A") == 20
        assert {one.paper.citations for one in found if one.paper.venue == "B"} == set(range(91, 101))

    def test_topics_take_turns(self) -> None:
        papers = [chosen("A", 2020, n, ("Red stones" if n % 2 else "blue stones",)) for n in range(6, 0, -1)]
        assert [one.paper.citations for one in by_topic(papers)] == [6, 5, 4, 3, 2, 1]

    def test_the_choice_is_the_same_whenever_it_is_made(self) -> None:
        papers = [chosen("A", 2000 + n % 5, n, (f"topic {n % 7}",)) for n in range(100, 0, -1)]
        found = choose(papers, 20)
        assert found == choose(papers, 20) and len(found) == 20
        assert [one.paper.key for one in found] == sorted(one.paper.key for one in found)

    def test_a_line_has_no_abstract_and_no_author_keywords(self) -> None:
        paper = make("x", "Stones", ids=["id:a"], abstract="Secret text.", keywords=["theirs"], citations=0)
        assert orjson.loads(facts(Chosen(paper, ("ours",)))) == {
            "id": "a", "title": "Stones", "citations": 0, "keywords": ["ours"],
        }  # fmt: skip
