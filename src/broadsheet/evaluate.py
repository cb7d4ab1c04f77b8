"""Judged queries to figures: MRR, recall and nDCG at 10, and how long the answers took.

Each line of the file is ``{"query": str, "id": str}`` (one known item) or ``{"query": str, "relevant": {id: grade}}``.
nDCG after Jarvelin and Kekalainen (2002): gain 2^grade - 1, discount log2(rank + 1).
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from broadsheet import ids
from broadsheet.errors import Mistake

CUT = 10
MAX_GRADE = 100  # 2^grade must stay a number


class Judged(NamedTuple):
    """One question and the grade of each paper that answers it, by canonical id."""

    query: str
    grades: Mapping[str, float]


class Answer(NamedTuple):
    """What a search gave: every id that each hit answers to, best first, and how long it took."""

    hits: Sequence[frozenset[str]]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over *n* questions; *unknown* judged papers are not in the library and count as not found."""

    n: int
    mrr: float
    recall: float
    ndcg: float
    p50_ms: float
    p99_ms: float
    unknown: int
    mrr_error: float
    ndcg_error: float

    def to_dict(self) -> dict[str, float | int]:
        return {
            "n": self.n,
            f"mrr@{CUT}": round(self.mrr, 4),
            f"recall@{CUT}": round(self.recall, 4),
            f"ndcg@{CUT}": round(self.ndcg, 4),
            "p50_ms": round(self.p50_ms, 3),
            "p99_ms": round(self.p99_ms, 3),
            "unknown": self.unknown,
            f"mrr@{CUT}_se": round(self.mrr_error, 4),
            f"ndcg@{CUT}_se": round(self.ndcg_error, 4),
        }


def read(path: Path) -> list[Judged]:
    """The judged questions of a file; raises one Mistake that names every line that is none (the first five)."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise Mistake(f"{path}: cannot be read ({error.strerror or error})") from error
    judged, wrong = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            judged.append(_judged(orjson.loads(line)))
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" (and {len(wrong) - 5} more lines)" if len(wrong) > 5 else ""
        raise Mistake(f"{path}: not judged queries: {'; '.join(wrong[:5])}{more}")
    if not judged:
        raise Mistake(f"{path}: there are no judged queries in it")
    return judged


def _judged(row: Any) -> Judged:
    if not isinstance(row, dict) or not isinstance(row.get("query"), str):
        raise ValueError('expected {"query": text, "id": id} or {"query": text, "relevant": {id: grade}}')
    if isinstance(row.get("id"), str):
        return Judged(row["query"], {ids.own(row["id"]): 1.0})
    relevant = row.get("relevant")
    if not isinstance(relevant, dict) or not relevant:
        raise ValueError('neither "id" nor a filled "relevant"')
    return Judged(row["query"], {ids.own(key): _grade(key, grade) for key, grade in relevant.items()})


def _grade(key: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_GRADE:
        raise ValueError(f"the grade of {key!r} is {value!r}; it must be a number from 0 to {MAX_GRADE}")
    return float(value)


def evaluate(
    judged: Sequence[Judged],
    ask: Callable[[str], Answer],
    known: Callable[[Iterable[str]], Mapping[str, int]],
    moved: Callable[[int], object] | None = None,
) -> Figures:
    """Ask every question once, after one untimed to warm up.

    *known* gives the paper behind each id that the library has: two judged ids of one paper are one right answer.
    """
    works = known({identifier for one in judged for identifier in one.grades})
    ask(judged[0].query)
    rows, times = [], []
    for done, one in enumerate(judged, 1):
        answer = ask(one.query)
        times.append(answer.took_ms)
        rows.append(_scores(_by_work(one.grades, works), [_works(hit, works) for hit in answer.hits]))
        if moved:
            moved(done)
    mrr, recall, ndcg = (list(column) for column in zip(*rows, strict=True))
    unknown = sum(identifier not in works for one in judged for identifier in one.grades)
    return Figures(
        n=len(judged),
        mrr=_mean(mrr),
        recall=_mean(recall),
        ndcg=_mean(ndcg),
        p50_ms=percentile(times, 0.5),
        p99_ms=percentile(times, 0.99),
        unknown=unknown,
        mrr_error=_standard_error(mrr),
        ndcg_error=_standard_error(ndcg),
    )


def _by_work(grades: Mapping[str, float], works: Mapping[str, int]) -> dict[str, float]:
    """The best grade of each paper; an unknown id stands for a paper of its own."""
    best: dict[str, float] = {}
    for identifier, grade in grades.items():
        work = str(works.get(identifier, identifier))
        best[work] = max(grade, best.get(work, grade))
    return best


def _works(hit: frozenset[str], works: Mapping[str, int]) -> frozenset[str]:
    return frozenset(str(works.get(identifier, identifier)) for identifier in hit)


def _scores(grades: Mapping[str, float], hits: Sequence[frozenset[str]]) -> tuple[float, float, float]:
    """Reciprocal rank, recall and nDCG of one answer, each at CUT. A paper counts once, however many ids it has."""
    left = {identifier: grade for identifier, grade in grades.items() if grade > 0}
    gains = []
    for hit in hits[:CUT]:
        found = [identifier for identifier in left if identifier in hit]
        gains.append(max((left[identifier] for identifier in found), default=0.0))
        for identifier in found:
            del left[identifier]
    wanted = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    if not wanted:
        return 0.0, 0.0, 0.0
    first = next((place for place, gain in enumerate(gains, 1) if gain), 0)
    return (
        1 / first if first else 0.0,
        sum(gain > 0 for gain in gains) / len(wanted),
        _dcg(gains) / _dcg(wanted[:CUT]),
    )


def _dcg(gains: Iterable[float]) -> float:
    return sum((2**gain - 1) / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _standard_error(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    mean = _mean(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least *share* of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def timed(search: Callable[[], Iterator[frozenset[str]]]) -> Answer:
    """An answer with the time that all of *search* took, wall clock."""
    start = time.perf_counter()
    hits = list(search())
    return Answer(hits, (time.perf_counter() - start) * 1000)
