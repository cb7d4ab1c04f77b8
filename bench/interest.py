"""What a reader's likes tell of papers to come: authors of the real corpus stand for readers.

    python -m bench.interest [--choose] [--write]

An author's last papers before some year are what the reader liked; those of that year are to be found among 1,500
papers of the same year. No vector holds a name: the encoder reads title, abstract and keywords. A reader of three
interests is three authors who have never met in this experiment. Constants were chosen on one half of the authors
(``--choose`` prints that half's figures for others); the tables are of the other half, each reader with pools of two
seeds.
"""

import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench import libraries, table
from broadsheet.library import Library, open_library
from broadsheet.rank import interest
from broadsheet.rank.interest import Background, Crowd, Taste, learn

POOL = 1_500  # papers that an edition is chosen from
FIRST = 2010  # year that papers are to be found in
LIKES = (3, 10, 30)
READERS = 600  # of each kind, at most
SEEDS = 2
SAMPLE = 4_096

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Corpus(NamedTuple):
    """vectors (n, dim) and years (n,) by row; years 0 where a row has no vector. authors: name -> rows by year."""

    vectors: Floats
    years: Ints
    authors: Mapping[str, Ints]


class Case(NamedTuple):
    """A reader: rows that were liked, the oldest first; rows to be found, each with its author; the year."""

    liked: Ints
    wanted: Ints
    whose: Ints
    year: int


class Found(NamedTuple):
    """What a method's scores are worth for one reader."""

    recall: float
    mrr: float
    auc: float


Method = Callable[[Corpus, Case, Ints], Floats]


def gathered(library: Library) -> Corpus:
    reader = library.index.reader()
    assert reader is not None
    vectors = reader.dense.take(np.arange(reader.dense.rows))
    years = np.where(vectors.any(axis=1), reader.columns.single["year"][: len(vectors)], 0).astype(np.int64)
    rows: dict[str, list[int]] = defaultdict(list)
    after = 0
    while some := library.store.scan(after, 10_000):
        after = some[-1][0]
        for pk, paper in some:
            if pk < len(years) and years[pk]:
                for name in dict.fromkeys(paper.authors):
                    rows[name].append(pk)
    ordered = {name: np.array(sorted(pks, key=lambda pk: (years[pk], pk)), np.int64) for name, pks in rows.items()}
    return Corpus(vectors, years, ordered)


def cases(corpus: Corpus, likes: int, interests: int, half: int, seed: int = 0) -> list[Case]:
    """Readers of one half with so many likes, of one author or of several together."""
    chance = np.random.default_rng(seed)
    each = -(-likes // interests)
    big = {year for year in range(FIRST, 2100) if (corpus.years == year).sum() >= POOL}
    by_year: dict[int, list[tuple[Ints, Ints]]] = defaultdict(list)
    for name, rows in sorted(corpus.authors.items()):
        if len(rows) > each and zlib.crc32(name.encode()) % 2 == half:
            years = corpus.years[rows]
            good = [year for year in sorted(set(years.tolist()) & big) if (years < year).sum() >= each]
            if good:
                by_year[good[-1]].append((rows[years < good[-1]][-each:], rows[years == good[-1]]))
    found = []
    for year, authors in sorted(by_year.items()):
        authors = [authors[place] for place in chance.permutation(len(authors))]
        for start in range(0, len(authors) - interests + 1, interests):
            found.append(_case(corpus, authors[start : start + interests], likes, year))
    return [found[place] for place in chance.permutation(len(found))[:READERS]]


def _case(corpus: Corpus, authors: Sequence[tuple[Ints, Ints]], likes: int, year: int) -> Case:
    liked = np.unique(np.concatenate([before for before, _ in authors]))
    liked = liked[np.lexsort((liked, corpus.years[liked]))][-likes:]
    wanted, place = np.unique(np.concatenate([new for _, new in authors]), return_index=True)
    whose = np.repeat(np.arange(len(authors)), [len(new) for _, new in authors])[place]
    return Case(liked, wanted, whose, year)


def pool(corpus: Corpus, case: Case, seed: int) -> Ints:
    """POOL papers of the year and those that are wanted, none of them liked."""
    chance = np.random.default_rng((seed, int(case.liked[0]), case.year))
    some = chance.choice(np.flatnonzero(corpus.years == case.year), POOL, replace=False)
    return np.setdiff1d(np.union1d(some, case.wanted), case.liked)


def worth(scores: Floats, wanted: npt.NDArray[np.bool_]) -> Found:
    """Recall and MRR of the first ten; the share of (wanted, other) pairs in the right order."""
    places = np.flatnonzero(wanted[np.argsort(-scores, kind="stable")])
    count, others = len(places), len(scores) - len(places)
    wrong = float((places - np.arange(count)).sum()) / (count * others)
    return Found(float((places < 10).sum()) / min(10, count), float(places[0] < 10) / (places[0] + 1), 1 - wrong)


# -- methods -----------------------------------------------------------------------------------------------------------


def mean_cosine(corpus: Corpus, case: Case, rows: Ints) -> Floats:
    return np.asarray(corpus.vectors[rows] @ corpus.vectors[case.liked].mean(axis=0))


def nearest_liked(corpus: Corpus, case: Case, rows: Ints) -> Floats:
    """As the page of a day has it (`community.near`)."""
    cosines = corpus.vectors[rows] @ corpus.vectors[case.liked].T
    few = min(5, cosines.shape[1])
    best = np.partition(cosines, cosines.shape[1] - few, axis=1)[:, -few:]
    return np.asarray(0.75 * best.max(axis=1) + 0.25 * best.mean(axis=1))


class Learners:
    """The methods that need to know the library."""

    def __init__(self, corpus: Corpus) -> None:
        chance = np.random.default_rng(1)
        rows = chance.choice(np.flatnonzero(corpus.years), SAMPLE, replace=False)
        self.sample = corpus.vectors[rows]
        self.background = Background.of(self.sample)
        self.mean = self.sample.mean(axis=0)
        self._turned: dict[tuple[float, float], Floats] = {}
        self._ways: dict[tuple[bytes, float], Floats] = {}
        self.values, self.axes = np.linalg.eigh(np.cov(self.sample.T))

    def inverse(self, shrink: float, power: float) -> Floats:
        size = self.values.mean()
        found: Floats = ((self.axes * ((1 - shrink) * self.values + shrink * size) ** -power) @ self.axes.T).astype(
            np.float32
        )
        return found

    def discriminant(self, corpus: Corpus, case: Case, rows: Ints, shrink: float) -> Floats:
        """Fisher's, with one covariance for all: S^-1 (mean of the liked - mean of the library)."""
        way = self.inverse(shrink, 1.0) @ (corpus.vectors[case.liked].mean(axis=0) - self.mean)
        return np.asarray(corpus.vectors[rows] @ way)

    def logistic(self, corpus: Corpus, case: Case, rows: Ints, ridge: float) -> Floats:
        """Liked papers against 500 of the library, both sides of equal weight."""
        key = (case.liked.tobytes(), ridge)
        if key not in self._ways:
            self._ways[key] = self._regressed(corpus.vectors[case.liked] - self.mean, ridge)
        return np.asarray(corpus.vectors[rows] @ self._ways[key])

    def _regressed(self, liked: Floats, ridge: float) -> Floats:
        """By Newton's method."""
        others = self.sample[:500] - self.mean
        given = np.column_stack([np.concatenate([liked, others]), np.ones(len(liked) + len(others))])
        truth = np.repeat([1.0, 0.0], [len(liked), len(others)])
        weight = np.repeat([0.5 / len(liked), 0.5 / len(others)], [len(liked), len(others)])
        penalty, way = np.full(given.shape[1], ridge), np.zeros(given.shape[1])
        penalty[-1] = 1e-6
        for _ in range(6):
            said = 1 / (1 + np.exp(-given @ way))
            slope = given.T @ (weight * (said - truth)) + penalty * way
            curve = (given * (weight * said * (1 - said))[:, None]).T @ given + np.diag(penalty)
            way -= np.linalg.solve(curve, slope)
        return way[:-1].astype(np.float32)

    def density(
        self, corpus: Corpus, case: Case, rows: Ints, kappa: float, power: float, shrink: float, half_life: float
    ) -> Floats:
        """As `rank.interest`, with other constants."""
        key = (shrink, power)
        if key not in self._turned:
            turned = (corpus.vectors - self.mean) @ self.inverse(shrink, power)
            self._turned[key] = turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
        turned = self._turned[key]
        weights = 0.5 ** ((case.year - corpus.years[case.liked]) / half_life)
        found: Floats = np.log(np.exp(kappa * turned[rows] @ turned[case.liked].T) @ weights)
        return found

    def ours(self, corpus: Corpus, case: Case, rows: Ints) -> Floats:
        weights = interest.faded((case.year - corpus.years[case.liked]) * 365.0)
        none = corpus.vectors[:0]
        return learn(corpus.vectors[case.liked], weights, none, self.background).score(corpus.vectors[rows])


def methods(known: Learners) -> dict[str, Method]:
    return {
        "mean cosine": mean_cosine,
        "nearest liked": nearest_liked,
        "linear discriminant": partial(known.discriminant, shrink=0.6),
        "logistic regression": partial(known.logistic, ridge=1e-3),
        "kernel density of plain cosines": partial(known.density, kappa=8.0, power=0.0, shrink=0.1, half_life=1e9),
        "ours": known.ours,
    }


def grid(known: Learners) -> Iterator[tuple[str, Method]]:
    """What was tried, each constant away from what was chosen."""
    chosen: dict[str, Any] = {"kappa": 6.0, "power": 0.25, "shrink": 0.1, "half_life": 4.0}
    tried = {
        "kappa": (3.0, 4.0, 8.0, 12.0), "power": (0.0, 0.125, 0.35, 0.5), "shrink": (0.01, 0.3),
        "half_life": (1.0, 2.0, 8.0, 1e9),
    }  # fmt: skip
    yield "as chosen", partial(known.density, **chosen)
    for name, values in tried.items():
        for value in values:
            yield f"{name} {value:g}", partial(known.density, **(chosen | {name: value}))
    for shrink in (0.1, 0.3, 0.6, 0.8):
        yield f"linear discriminant, shrink {shrink}", partial(known.discriminant, shrink=shrink)
    for ridge in (1e-3, 1e-2):
        yield f"logistic regression, ridge {ridge:g}", partial(known.logistic, ridge=ridge)
    for kappa in (6.0, 8.0, 12.0):
        yield f"plain cosines, kappa {kappa:g}", partial(known.density, **(chosen | {"kappa": kappa, "power": 0.0}))


def judged(corpus: Corpus, method: Method, readers: Sequence[Case], seeds: int) -> tuple[Found, float]:
    """The means over readers and seeds, and the standard error of the recall over readers."""
    found = np.zeros((len(readers), 3))
    for seed in range(seeds):
        for place, case in enumerate(readers):
            rows = pool(corpus, case, seed)
            found[place] += worth(method(corpus, case, rows), np.isin(rows, case.wanted))
    found /= seeds
    return Found(*found.mean(axis=0).tolist()), float(found[:, 0].std() / np.sqrt(len(found)))


# -- what was put out of sight, and how long it takes ------------------------------------------------------------------


def unwanted(corpus: Corpus, known: Learners, hidden: int, half: int) -> tuple[float, float, float, float]:
    """Recall of what is wanted, and of what the reader hid the like of, without and with hiding.

    The reader liked ten papers, and put so many out of sight of an author whose papers are as near to those as any
    of ten others'.
    """
    readers, others = (cases(corpus, likes, 1, half, likes) for likes in (10, hidden))
    middles = np.array([known.background.seen(corpus.vectors[case.liked]).mean(axis=0) for case in others])
    years = np.array([case.year for case in others])
    found = []
    for case in readers:
        near = middles @ known.background.seen(corpus.vectors[case.liked]).mean(axis=0)
        near[years != case.year] = -1
        for place in np.argsort(-near)[:10]:
            other = others[place]
            rows = [case.liked, case.wanted, other.liked, other.wanted]
            if len(np.unique(np.concatenate(rows))) == sum(map(len, rows)):
                found.append(_with_and_without(corpus, known, case, other))
                break
    without, unhidden, good, bad = np.array(found).mean(axis=0).tolist()
    return without, unhidden, good, bad


def _with_and_without(corpus: Corpus, known: Learners, case: Case, other: Case) -> list[float]:
    rows = np.union1d(pool(corpus, case, 0), other.wanted)
    weights = interest.faded((case.year - corpus.years[case.liked]) * 365.0)
    out = []
    for disliked in (other.liked[:0], other.liked):
        said = learn(corpus.vectors[case.liked], weights, corpus.vectors[disliked], known.background)
        scores = said.score(corpus.vectors[rows])
        out += [worth(scores, np.isin(rows, one.wanted)).recall for one in (case, other)]
    return out


def speed(corpus: Corpus, known: Learners, readers: int = 10_000, likes: int = 50, liked: int = 20_000) -> float:
    """Seconds for the scores of so many readers, who like so many papers each of *liked* in all, for a day's papers."""
    chance = np.random.default_rng(3)
    papers = corpus.vectors[chance.choice(len(corpus.vectors), liked, replace=False)]
    day = corpus.vectors[chance.choice(len(corpus.vectors), POOL, replace=False)]
    weights, none = np.ones(likes, np.float32), np.zeros(0, np.int64)
    tastes = [Taste(chance.choice(liked, likes, replace=False), weights, none) for _ in range(readers)]
    began = time.perf_counter()
    for start in range(0, readers, 1_000):
        Crowd(tastes[start : start + 1_000], papers, known.background).scores(day)
    return time.perf_counter() - began


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--choose", action="store_true", help="the other half, with other constants")
    chosen = parser.parse_args()
    with open_library(libraries.prepared(0)) as library:
        library.refresh()
        corpus = gathered(library)
    known = Learners(corpus)
    half = 0 if chosen.choose else 1
    name = "interest-choose" if chosen.choose else "interest"
    result = table.Table(name, ["interests", "likes", "readers", "method", "recall@10", "MRR@10", "AUC", "± recall"])
    asked = [*grid(known)] if chosen.choose else [*methods(known).items()]
    for interests in (1, 3):
        for likes in LIKES:
            readers = cases(corpus, likes, interests, half)
            for said, method in asked:
                found, error = judged(corpus, method, readers, 1 if chosen.choose else SEEDS)
                shown = (f"{value:.3f}" for value in (*found, error))
                result.add(interests, likes, len(readers), said, *shown)
    for hidden in (3, 10):
        without, unhidden, good, bad = unwanted(corpus, known, hidden, half)
        result.notes.append(
            f"{hidden} papers of a near author put out of sight: that author's recall@10 falls from {unhidden:.3f} to "
            f"{bad:.3f}, that of what is wanted goes from {without:.3f} to {good:.3f}"
        )
    result.notes.append(f"10,000 readers with 50 likes each, 1,500 papers: {speed(corpus, known):.1f} s")
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
