"""Phrases that rise: commoner in the titles of late than in those of the time before."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from broadsheet.index.columns import Columns
from broadsheet.store import Store
from broadsheet.text import plural
from broadsheet.understand.keyphrases import apart, candidates, spelled

LATE, BEFORE = 30, 150  # days
YEARS_BEFORE = 3  # where too few papers have a day
SAMPLE = 3_000  # titles of either time
FEWEST = 60  # titles of late from which anything is told
COMMON = 4  # titles that have a phrase, at least
PRIOR = 2.0  # titles that are taken as seen before any was (Gamma-Poisson): two that have a phrase are no wave
MOST = 60

Ints = npt.NDArray[np.int64]


class Phrase(NamedTuple):
    """late: papers of late that have it in their title; usual: how many that would be, had nothing changed."""

    text: str
    late: int
    usual: float


class Rising(NamedTuple):
    """span: which time `late` is, in words, and compared: which one before."""

    span: str
    compared: str
    phrases: tuple[Phrase, ...]


NONE = Rising("", "", ())


def rising(store: Store, columns: Columns, now: int) -> Rising:
    """What is commoner now than before, the clearest first: of the last days, or years where few papers have a day."""
    today = datetime.fromtimestamp(now, UTC).date()
    edge, first = (int(f"{today - timedelta(days=back):%Y%m%d}") for back in (LATE, LATE + BEFORE))
    days = np.where(columns.single["appeared"] % 100 > 0, columns.single["appeared"], 0)
    new, old = np.flatnonzero(days > edge), np.flatnonzero((days > first) & (days <= edge))
    span, compared = f"the last {plural(LATE, 'day')}", f"the {plural(BEFORE, 'day')} before"
    if min(len(new), len(old)) < FEWEST:
        years = columns.single["year"]
        year = int(np.max(years[years <= today.year], initial=0))
        new, old = np.flatnonzero(years == year), np.flatnonzero((years < year) & (years >= year - YEARS_BEFORE))
        span, compared = str(year), f"the {YEARS_BEFORE} years before"
    if min(len(new), len(old)) < FEWEST:
        return NONE
    return Rising(span, compared, phrases(_titles(store, new), _titles(store, old)))


def _titles(store: Store, pks: Ints) -> list[str]:
    """Evenly many of them all, by number: the same ones each time."""
    some = pks[np.linspace(0, len(pks) - 1, min(len(pks), SAMPLE)).astype(np.int64)]
    return [paper.title for paper in store.get(some.tolist()).values()]


def phrases(late: Sequence[str], before: Sequence[str]) -> tuple[Phrase, ...]:
    """Phrases of the titles *late* by how much commoner they are than in those *before*."""
    new, written = _counted(late)
    old, _ = _counted(before)
    scale = len(late) / max(1, len(before))
    usual = {key: old[key] * scale for key, count in new.items() if count >= COMMON}
    scores = {key: _score(new[key], expected) for key, expected in usual.items()}
    best = apart(sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key)), MOST)
    return tuple(Phrase(written[key].most_common(1)[0][0], new[key], round(usual[key], 1)) for key in best)


def _score(late: int, usual: float) -> float:
    """How many, times the logarithm of how much more than usual that is; 0 for what is not more."""
    ratio = (late + PRIOR) / (usual + PRIOR)
    return late * log(ratio) if ratio > 1 else 0.0


def _counted(titles: Sequence[str]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """How many titles have each phrase, and how they spell it. A single word says too little to be a topic."""
    count: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for title in titles:
        for key, one in candidates(title, "").items():
            if " " in key:
                count[key] += 1
                written.setdefault(key, Counter())[spelled(one.surface)] += 1
    return count, written
