"""The bundled sample: about 5,000 real papers as bibliographic facts, chosen from the measured corpus.

    python -m bench.make_sample [--papers 5000] [--out src/broadsheet/data/sample.jsonl.zst]

Facts only: id, title, authors, year, venue, addresses, citations. No abstract, and none of the authors' own keywords:
`keywords` are the phrases that our own extractor finds, so that a search by meaning has something to hold on to.

The choice is deterministic. Three fifths are the most cited of every venue and year, a cell with four times the
papers giving twice as many. The others make topics dense enough to look around in: of the TOPICS phrases that most
papers share, one after the other, the next best paper not chosen yet, where good means high among the citations of its
own venue and year. Rejected and withdrawn submissions are left out.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import orjson
import zstandard

from bench.corpus import REAL, ROOT
from broadsheet.paper import Paper
from broadsheet.sources import files
from broadsheet.text import fold
from broadsheet.understand import keyphrases

OUT = ROOT / "src" / "broadsheet" / "data" / "sample.jsonl.zst"
BY_VENUE = 0.6
TOPICS = 150
PHRASES = 8
MOST = 1_500_000  # bytes
_OUT = {"Reject", "Withdraw"}


class Chosen(NamedTuple):
    """A paper of the corpus and its keyphrases, the best first."""

    paper: Paper
    phrases: tuple[str, ...]


def corpus(path: Path = REAL) -> list[Chosen]:
    """Every paper that may be chosen, the most cited first."""
    (file,) = files.expand([path]).files
    papers = [record for record in file.records() if isinstance(record, Paper)]
    known = keyphrases.frequencies((paper.title, paper.abstract) for paper in papers)
    papers = [paper for paper in papers if paper.more("status") not in _OUT]
    papers.sort(key=lambda paper: (-(paper.citations or 0), paper.key))
    return [Chosen(paper, keyphrases.keyphrases(paper.title, paper.abstract, known, most=PHRASES)) for paper in papers]


def choose(papers: list[Chosen], count: int) -> list[Chosen]:
    """*count* of them, ordered by id."""
    picked = {one.paper.key: one for one in by_venue(papers, round(count * BY_VENUE))}
    for one in by_topic(papers):
        if len(picked) >= count:
            break
        picked.setdefault(one.paper.key, one)
    return [picked[key] for key in sorted(picked)]


def by_venue(papers: list[Chosen], count: int) -> Iterator[Chosen]:
    """The most cited of every venue and year, as many as the square root of the cell's size asks for."""
    cells = by_cell(papers)
    share = count / sum(sqrt(len(cell)) for cell in cells.values())
    for cell in cells.values():
        yield from cell[: round(share * sqrt(len(cell)))]


def by_cell(papers: list[Chosen]) -> dict[tuple[str, int], list[Chosen]]:
    """(venue, year) -> its papers in the order given."""
    cells: dict[tuple[str, int], list[Chosen]] = defaultdict(list)
    for one in papers:
        cells[one.paper.venue, one.paper.year or 0].append(one)
    return cells


def by_topic(papers: list[Chosen]) -> Iterator[Chosen]:
    """Topics in turn, each time its next paper by rank within venue and year: some venues count no citations at all."""
    ranked = [(place / len(cell), one) for cell in by_cell(papers).values() for place, one in enumerate(cell)]
    topics: dict[str, list[Chosen]] = defaultdict(list)
    for _, one in sorted(ranked, key=lambda pair: (pair[0], pair[1].paper.key)):
        for phrase in one.phrases:
            if " " in phrase:
                topics[fold(phrase)].append(one)
    sizes = Counter({phrase: len(found) for phrase, found in topics.items()})
    common = sorted(sizes, key=lambda phrase: (-sizes[phrase], phrase))[:TOPICS]
    for place in range(max(sizes.values(), default=0)):
        yield from (topics[phrase][place] for phrase in common if place < len(topics[phrase]))


def facts(one: Chosen) -> bytes:
    """One line of the sample."""
    paper = one.paper
    record = {
        "id": paper.key, "title": paper.title, "authors": paper.authors, "year": paper.year, "venue": paper.venue,
        "citations": paper.citations, "keywords": one.phrases, "url": paper.link("page"), "pdf": paper.link("pdf"),
        "code": paper.link("code"),
    }  # fmt: skip
    return orjson.dumps({name: value for name, value in record.items() if value or value == 0})


def main() -> None:
    """Write the sample and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=5_000)
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    sample = choose(corpus(), wanted.papers)
    packed = zstandard.ZstdCompressor(level=19, write_checksum=True).compress(b"\n".join(map(facts, sample)) + b"\n")
    if len(packed) > MOST:
        raise SystemExit(f"{len(packed):,} bytes are more than the package should carry ({MOST:,}); take fewer papers")
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_bytes(packed)
    print(f"{wanted.out}: {len(sample):,} papers, {len(packed):,} bytes")


if __name__ == "__main__":
    main()
