"""Planted duplicates of real papers, found again on the usual way into a store: precision and recall by kind of edit.

    python -m bench.merge [--planted 10000] [--write]

The weights of `merge.likeness` were fitted on one half of the corpus (by a hash of the id); this is the other half.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from bench import libraries, table
from bench.planted import planted
from broadsheet import ingest
from broadsheet.blocking import near
from broadsheet.merge import likeness
from broadsheet.paper import Paper
from broadsheet.sources import files
from broadsheet.store import Store

SEED = 11
Planted = tuple[Paper, str, Paper]  # the real paper, what was done to it, the copy


def held_out() -> list[Paper]:
    """The half of the real corpus that no weight was fitted on."""
    file = files.expand([str(libraries.corpus_of(0))]).files[0]
    papers = (record for record in file.records() if isinstance(record, Paper))
    return [paper for paper in papers if blake2b(paper.key.encode(), digest_size=1).digest()[0] & 1]


def bring(store: Store, papers: Sequence[Paper], part: str) -> float:
    """Seconds that it took."""
    began = time.perf_counter()
    summary = ingest.run(store, "bench", lambda skip: iter(papers[skip:]), part=part)
    if summary.failed:
        raise SystemExit(f"{part}: {summary.failed} records were refused: {summary.problems[:3]}")
    return time.perf_counter() - began


def judged(store: Store, copies: Iterable[Planted], last: int) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many copies of each kind came to their paper, to another one, and to none (a row after *last*)."""
    right, wrong, none = Counter[str](), Counter[str](), Counter[str]()
    for paper, kind, copy in copies:
        own, found = set(store.resolve(paper.ids).values()), store.resolve(copy.ids)[copy.ids[0]]
        (right if found in own else none if found > last else wrong)[kind] += 1
    return right, wrong, none


def calibration(papers: Sequence[Paper], copies: Sequence[Planted]) -> tuple[float, list[str]]:
    """The expected calibration error in ten bins, and what each bin says, over every pair that shares a block."""
    places: dict[int, list[int]] = {}
    for place, paper in enumerate(papers):
        for block in near(paper):
            places.setdefault(block, []).append(place)
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for paper, _, copy in copies:
        for place in sorted({place for block in near(copy) for place in places.get(block, ())[:60]}):
            sure = likeness.likeness(copy, papers[place])
            bins[min(9, int(sure * 10))].append((sure, papers[place] is paper))
    every = sum(map(len, bins))
    error, told = 0.0, []
    for number, pairs in enumerate(bins):
        if pairs:
            said, true = (sum(pair[column] for pair in pairs) / len(pairs) for column in (0, 1))
            error += abs(said - true) * len(pairs) / every
            told.append(f"{number / 10:.1f}: said {said:.3f}, true {true:.3f} of {len(pairs):,}")
    return error, told


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--planted", type=int, default=10_000)
    chosen = parser.parse_args()
    draw, papers = random.Random(SEED), held_out()
    originals = draw.sample(papers, chosen.planted)
    copies: list[Planted] = [(paper, *planted(paper, number, draw)) for number, paper in enumerate(originals)]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store.sqlite3") as store:
        bring(store, papers, "real")
        rows, last = store.count(), store.newest()
        seconds = bring(store, [copy for *_, copy in copies], "planted")
        right, wrong, none = judged(store, copies, last)
        swallowed = rows + none.total() - store.count()
        if problems := store.check():
            raise SystemExit(f"the store is not sound: {problems}")
    result = table.Table("merge", ["edit", "copies", "precision", "recall"])
    for kind in (*sorted({kind for _, kind, _ in copies if "+" not in kind}), "two of them", "all"):
        hit, miss, lost = (_sum(counts, kind) for counts in (right, wrong, none))
        result.add(kind, hit + miss + lost, f"{hit / (hit + miss):.4f}", f"{hit / (hit + miss + lost):.4f}")
    error, told = calibration(papers, copies)
    result.notes += [
        f"{len(papers):,} real papers, the half that nothing was fitted on; {len(copies):,} planted copies",
        f"{len(papers) - rows} real papers were merged with each other; the planted truth knows nothing of them",
        f"{swallowed} rows were lost by a planted copy that joined two of them",
        f"{round(len(copies) / seconds):,} copies a second into a store where all of them have a likeness",
        f"expected calibration error {error:.4f}; by probability: {'; '.join(told)}",
    ]
    table.publish(result, write=chosen.write)


def _sum(counts: Counter[str], kind: str) -> int:
    return sum(
        count for name, count in counts.items() if kind in (name, "all") or (kind == "two of them" and "+" in name)
    )


if __name__ == "__main__":
    main()
