"""Our keyphrases against the authors' own, beside TF-IDF over the same candidates.

    python -m bench.keyphrases [--write]

Gold are the `keywords` of papers that have them, without the entries of a classification (``Machine Learning: ML:
...``), compared word for word in the singular. The extractor's constants were read off the papers with an even checksum
of the title; measured are the odd ones. Many keywords of authors occur nowhere in title and abstract, so the ceiling
(the share of gold that is among the candidates at all) is given as well.
"""

import time
import zlib
from collections.abc import Callable, Iterable
from math import log
from typing import NamedTuple

from bench import table
from bench.corpus import REAL, read
from broadsheet.text import words
from broadsheet.understand import keyphrases
from broadsheet.understand.keyphrases import Frequencies, candidates, singular

MOST = 5
Extractor = Callable[[str, str], Iterable[str]]


class Judged(NamedTuple):
    """A paper's text and the phrases that its authors gave, in normal form."""

    title: str
    abstract: str
    gold: frozenset[str]


def normal(phrase: str) -> str:
    return " ".join(singular(word) for part in words(phrase) for word in part.split("-"))


def load() -> tuple[list[Judged], Frequencies]:
    """The judged papers of the test half, and the document frequencies of the whole corpus."""
    known = Frequencies()
    judged = []
    for record in read(REAL):
        known.add(record["title"], record["abstract"])
        gold = frozenset(normal(phrase) for phrase in record.get("keywords") or () if ":" not in phrase) - {""}
        if gold and zlib.crc32(record["title"].encode()) % 2:
            judged.append(Judged(record["title"], record["abstract"], gold))
    return judged, known


def tf_idf(known: Frequencies) -> Extractor:
    """The baseline: frequency in the text times rarity in the corpus, nothing else."""

    def extract(title: str, abstract: str) -> list[str]:
        found = candidates(title, abstract)
        weights = {
            phrase: (one.alone + one.inside) * log((known.papers + 2) / (known.counts.get(phrase, 0) + 1))
            for phrase, one in found.items()
        }
        return sorted(weights, key=lambda phrase: (-weights[phrase], phrase))[:MOST]

    return extract


def measure(judged: list[Judged], extract: Extractor) -> tuple[float, float, float, float]:
    """Precision, recall and F1 of the first five over all papers together, and papers a second."""
    started = time.process_time()
    answers = [list(extract(paper.title, paper.abstract)) for paper in judged]
    speed = len(judged) / (time.process_time() - started)
    right = sum(len({normal(one) for one in found} & paper.gold) for found, paper in zip(answers, judged, strict=True))
    precision = right / max(1, sum(map(len, answers)))
    recall = right / sum(len(paper.gold) for paper in judged)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall), speed


def ceiling(judged: list[Judged]) -> float:
    """The share of gold phrases that are candidates."""
    among = sum(
        len({normal(phrase) for phrase in candidates(paper.title, paper.abstract)} & paper.gold) for paper in judged
    )
    return among / sum(len(paper.gold) for paper in judged)


def main(write: bool) -> None:
    judged, known = load()
    columns = ("extractor", f"precision@{MOST}", f"recall@{MOST}", f"F1@{MOST}", "papers/s")
    result = table.Table("keyphrases", columns)
    ways: dict[str, Extractor] = {
        "TF-IDF": tf_idf(known),
        "ours, without the library's frequencies": lambda title, abstract: keyphrases.keyphrases(title, abstract),
        "ours": lambda title, abstract: keyphrases.keyphrases(title, abstract, known),
    }
    for name, extract in ways.items():
        result.add(name, *measure(judged, extract))
    result.notes.append(f"{len(judged):,} papers; {ceiling(judged):.1%} of the authors' phrases are candidates at all")
    table.publish(result, write=write)


if __name__ == "__main__":
    main(table.options(__doc__).parse_args().write)
