"""Questions of each kind, drawn from a corpus: the same corpus and seed give the same questions, none of them twice."""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bench.corpus import Record, read
from broadsheet.text import STOP_WORDS, words

_LONG = 20  # words of a long question


def content(text: str) -> list[str]:
    """The words of *text* without stop words."""
    return [word for word in words(text) if word not in STOP_WORDS and len(word) > 2]


def _short(paper: Record, chance: random.Random) -> str:
    found = content(paper["title"])
    start = chance.randrange(max(1, len(found) - 2))
    return " ".join(found[start : start + chance.choice((2, 3))])


def _title(paper: Record, chance: random.Random) -> str:
    return str(paper["title"])


def _long(paper: Record, chance: random.Random) -> str:
    found = words(paper["abstract"])
    start = chance.randrange(max(1, len(found) - _LONG))
    return " ".join(found[start : start + _LONG])


def _phrase(paper: Record, chance: random.Random) -> str:
    """Three words that stand together in the abstract, as a phrase."""
    runs = [run.split() for run in re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", paper["abstract"])] or [["the"]]
    run = chance.choice(runs)
    start = chance.randrange(max(1, len(run) - 2))
    return f'"{" ".join(run[start : start + 3])}"'


def _filtered(paper: Record, chance: random.Random) -> str:
    return f'{_short(paper, chance)} venue:"{paper["venue"]}" year:{paper["year"]}..{paper["year"] + 1}'


def _id(paper: Record, chance: random.Random) -> str:
    return str(paper["id"])


KINDS: Mapping[str, Callable[[Record, random.Random], str]] = {
    "short, 2 or 3 words": _short,
    "a whole title": _title,
    "long, 20 words of an abstract": _long,
    "a phrase of 3 words": _phrase,
    "short, one venue, two years": _filtered,
    "an id": _id,
}
WORDS_ONLY = ("short, 2 or 3 words", "a whole title", "long, 20 words of an abstract")  # what the peers can be asked


def sample(papers: Iterable[Record], size: int, seed: int) -> list[Record]:
    """*size* of *papers*, each as likely as any other, in one pass (reservoir sampling, Vitter 1985, algorithm R)."""
    chance, kept = random.Random(seed), []
    for number, paper in enumerate(papers):
        if number < size:
            kept.append(paper)
        elif (place := chance.randrange(number + 1)) < size:
            kept[place] = paper
    return kept


def ask(corpus: Path, each: int, seed: int = 0) -> dict[str, list[str]]:
    """About *each* questions of every kind, all different (a remembered answer is no measurement)."""
    papers, chance = sample(read(corpus), each, seed), random.Random(seed)
    return {kind: list(dict.fromkeys(make(paper, chance) for paper in papers)) for kind, make in KINDS.items()}
