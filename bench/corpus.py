"""Large corpora with real words: papers whose sentences are drawn anew from the real papers of the same venue.

    python -m bench.corpus [--papers 1000000] [--seed 0]

The same seed gives the same file. Word frequencies, lengths, venues, years and names stay those of the real corpus;
titles and ids are unique, so that a store neither merges two papers nor rejects one.
"""

import argparse
import io
import os
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import zstandard

from broadsheet.text import title_key

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "bench" / ".cache"
SHARED = Path(os.environ.get("BROADSHEET_SHARED") or ROOT.parent / "shared")
REAL = SHARED / "data" / "papers.jsonl.zst"

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"(])")
_BATCH = 10_000

Record = dict[str, Any]


def read(path: Path) -> Iterator[Record]:
    """The records of a JSON Lines file compressed by zstandard."""
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for line in io.BufferedReader(stream, 1 << 20):
            yield orjson.loads(line)


class Venue(NamedTuple):
    """What the papers of one venue are drawn from. *lengths*: sentences of each real abstract."""

    name: str
    sentences: list[str]
    lengths: list[int]
    titles: list[list[str]]
    authors: list[list[str]]
    years: list[int]
    citations: list[int]


def venues(records: Iterator[Record]) -> list[Venue]:
    """One pool a venue, in order of name."""
    by_name: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_name[record["venue"]].append(record)
    return [_venue(name, by_name[name]) for name in sorted(by_name)]


def _venue(name: str, records: list[Record]) -> Venue:
    abstracts = [_SENTENCE_END.split(record["abstract"]) for record in records]
    return Venue(
        name,
        [sentence for abstract in abstracts for sentence in abstract],
        [len(abstract) for abstract in abstracts],
        [record["title"].split() for record in records],
        [record.get("authors", []) for record in records],
        [record["year"] for record in records],
        [record.get("citations", 0) for record in records],
    )


def remix(pools: list[Venue], papers: int, seed: int) -> Iterator[Record]:
    """*papers* records, venues in the proportion of the real ones; deterministic in *seed*."""
    chance = np.random.default_rng(seed)
    share = np.array([len(pool.titles) for pool in pools], dtype=np.float64)
    taken: set[str] = set()
    for start in range(0, papers, _BATCH):
        size = min(_BATCH, papers - start)
        chosen = [pools[i] for i in chance.choice(len(pools), size=size, p=share / share.sum())]
        # For every paper: the real ones that lend length, title head, title tail, authors, year and citations.
        lenders = (chance.random((size, 6)) * [[len(pool.titles)] for pool in chosen]).astype(np.int64).tolist()
        lengths = [pool.lengths[lent[0]] for pool, lent in zip(chosen, lenders, strict=True)]
        draws, at = chance.random(sum(lengths)).tolist(), 0
        for offset, (pool, lent, length) in enumerate(zip(chosen, lenders, lengths, strict=True)):
            title = _title(pool, lent[1], lent[2], chance, taken)
            yield _paper(pool, f"syn-{start + offset + 1:07d}", title, lent, draws[at : at + length])
            at += length


def _paper(pool: Venue, identifier: str, title: str, lent: list[int], draws: list[float]) -> Record:
    sentences = pool.sentences
    return {
        "id": identifier,
        "title": title,
        "abstract": " ".join([sentences[int(draw * len(sentences))] for draw in draws]),
        "authors": pool.authors[lent[3]],
        "venue": pool.name,
        "year": pool.years[lent[4]],
        "citations": pool.citations[lent[5]],
        "url": f"https://papers.example/{identifier}",
    }


def _title(pool: Venue, head: int, tail: int, chance: np.random.Generator, taken: set[str]) -> str:
    """The first half of one title and the second half of another; more halves for as long as the title is taken."""
    first, second = pool.titles[head], pool.titles[tail]
    words = first[: (len(first) + 1) // 2] + second[len(second) // 2 :]
    while (key := title_key(" ".join(words))) in taken:
        more = pool.titles[int(chance.integers(0, len(pool.titles)))]
        words += more[len(more) // 2 :]
    taken.add(key)
    return " ".join(words)


def remixed(papers: int, seed: int = 0, *, source: Path = REAL, cache: Path = CACHE) -> Path:
    """The file of *papers* re-mixed papers, made if it is not there yet."""
    target = cache / f"remixed-{papers}-{seed}.jsonl.zst"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    part, began = target.with_suffix(".part"), time.perf_counter()
    with part.open("wb") as raw, zstandard.ZstdCompressor(level=3, threads=-1).stream_writer(raw) as out:
        for record in remix(venues(read(source)), papers, seed):
            out.write(orjson.dumps(record) + b"\n")
    part.rename(target)
    rate = papers / (time.perf_counter() - began)
    print(f"{target.name}: {papers:,} papers, {rate:,.0f} a second", file=sys.stderr)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(remixed(options.papers, options.seed))


if __name__ == "__main__":
    main()
