"""How sure it is that two copies are one work: features of the pair, and a logistic model of them.

The weights were fitted on planted duplicates of one half of a corpus, and its own pairs of different works that share a
block (`bench/merge.py` makes both anew, fits, and reports on the other half). Pure.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from broadsheet.blocking import main_title
from broadsheet.paper import Paper
from broadsheet.text import initial, plural, surname, title_key, words

MOST = 100  # authors that are compared
SAME = 0.8  # from this probability on two copies are one work
KIN = 0.2  # from this one on they are worth a link

# Schemes that give one work one name: two names speak against the same work. A preprint and a journal's paper have two
# DOIs, so those speak less.
_STRICT = ("id", "arxiv", "acl", "pmid", "pmcid", "openalex", "openreview", "s2")
_MARKS = re.compile(
    r"^(?:a )?(?:comments?|reply|response|erratum|errata|corrigendum|correction|addendum|retraction|discussion)\b"
    r"|\b(?:erratum|corrigendum|supplement(?:ary|al)?(?: material)?|appendix|(?:extended )?abstract|poster|demo|slides"
    r"|video(?: \w+)?)$"
)
_NUMBER = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th|d)?|i{1,3}|iv|vi{0,3}|ix|first|second|third|fourth|fifth|one|two|three|four|five|six|single|dual)\b"
)
_VERSION = re.compile(
    r"\b(?:v\d{1,2}|version \d{1,2}|(?:extended|full|long|short|journal|preprint|revised|draft) version)\b"
)
_LETTERED = re.compile(r"\bpart ([a-d])\b")


class Features(NamedTuple):
    """What is compared, each in [0, 1] unless said.

    title      of the titles: the share of three-letter pieces in common (Dice)
    whole      they are the same but for spelling
    inside     one is the other without its subtitle
    numbers    1 when the titles count differently: Part I and Part II, 2019 and 2020
    marks      1 when only one is a reply, an erratum, a supplement
    authors    of the shorter list, how many are in the longer one
    first      the first authors are the same person, by family name and initial
    nobody     1 when one has no authors
    year       years between them, at most 5
    abstract   of the words of the shorter abstract, how many are in the longer one; 0 when one has none
    silent     1 when one has no abstract of some length
    ids        1 when some scheme gives the two different names
    dois       1 when both have DOIs, and none in common
    """

    title: float
    whole: float
    inside: float
    numbers: float
    marks: float
    authors: float
    first: float
    nobody: float
    year: float
    abstract: float
    silent: float
    ids: float
    dois: float


WEIGHTS = Features(
    title=8.35, whole=3.15, inside=2.66, numbers=0.0, marks=0.0, authors=2.41, first=1.12, nobody=0.0, year=-0.83,
    abstract=7.33, silent=6.59, ids=0.0, dois=0.0,
)  # fmt: skip
BIAS = -14.84
# What no likeness of words outweighs: Part I is not Part II, a reply is not what it replies to, two arXiv ids are two
# papers. Such pairs are linked at most.
VETOES = ("numbers", "marks", "ids")


def likeness(a: Paper, b: Paper) -> float:
    """The probability that *a* and *b* are one work; the same whichever comes first."""
    return probability(features(a, b))


def probability(found: Features) -> float:
    score = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, found, strict=True))
    sure = 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score))))
    return min(sure, SAME - 0.01) if any(getattr(found, name) for name in VETOES) else sure


def features(a: Paper, b: Paper) -> Features:
    one, two = _title(a.title), _title(b.title)
    shared, first = _authors(a.authors, b.authors)
    alike, silent = _abstracts(a.abstract, b.abstract)
    return Features(
        title=_dice(_pieces(one), _pieces(two)),
        whole=float(one == two),
        inside=float(one != two and (one in _mains(b.title) or two in _mains(a.title))),
        numbers=float(_numbers(one) != _numbers(two)),
        marks=float(_marks(one) != _marks(two)),
        authors=shared,
        first=first,
        nobody=float(not (a.authors and b.authors)),
        year=float(min(5, abs(a.year - b.year))) if a.year is not None and b.year is not None else 0.0,
        abstract=alike,
        silent=silent,
        ids=float(any(_differ(a, b, scheme) for scheme in _STRICT)),
        dois=float(_differ(a, b, "doi")),
    )


def vetoed(a: Paper, b: Paper) -> bool:
    """Whether they have what no likeness outweighs: other numbers, ids, or one is a reply to the other."""
    found = features(a, b)
    return any(getattr(found, name) for name in VETOES)


def nearness(a: Paper, b: Paper) -> float:
    """Of the words of the titles, how many are in both, in [0, 1]: cheap, to choose what is compared in full."""
    return _dice(_said(a.title), _said(b.title))


def why(a: Paper, b: Paper) -> str:
    """The features as a reader would say them."""
    found = features(a, b)
    told = [
        "the same title"
        if found.whole
        else "a title and its subtitle"
        if found.inside
        else f"titles {found.title:.0%} alike"
    ]
    if not found.nobody:
        told.append(f"{plural(round(found.authors * min(len(a.authors), len(b.authors), MOST)), 'author')} in common")
    if a.year is not None and b.year is not None:
        told.append(f"both of {a.year}" if a.year == b.year else f"{min(a.year, b.year)} and {max(a.year, b.year)}")
    if not found.silent:
        told.append(f"abstracts {found.abstract:.0%} alike")
    return ", ".join(told)


@lru_cache(maxsize=1 << 12)
def _title(title: str) -> str:
    """Its key without what only says which version it is."""
    key = title_key(title)
    return " ".join(_VERSION.sub(" ", key).split()) or key


@lru_cache(maxsize=1 << 15)  # asked for each row of a crowded block, for each new copy that comes near it
def _said(title: str) -> frozenset[str]:
    return frozenset(title_key(title).split())


def _mains(title: str) -> tuple[str, ...]:
    main = main_title(title)
    return (main, " ".join(_VERSION.sub(" ", main).split())) if main else ()


@lru_cache(maxsize=1 << 12)
def _pieces(key: str) -> frozenset[str]:
    text = f" {key} "
    return frozenset(text[place : place + 3] for place in range(len(text) - 2))


def _dice(one: frozenset[str], two: frozenset[str]) -> float:
    return 2 * len(one & two) / (len(one) + len(two)) if one and two else 0.0


@lru_cache(maxsize=1 << 12)
def _numbers(key: str) -> tuple[str, ...]:
    return (*sorted(_NUMBER.findall(key)), *_LETTERED.findall(key))


@lru_cache(maxsize=1 << 12)
def _marks(key: str) -> bool:
    return bool(_MARKS.search(key))


def _authors(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[float, float]:
    """How much of the shorter list is in the longer one, and whether the first are the same person."""
    if not one or not two:
        return 0.0, 0.0
    some, others = _people(one), _people(two)
    found = min(_among(some, others), _among(others, some), len(one), len(two))
    first = _among(some[:1], others[:1])
    return found / min(len(one), len(two), MOST), float(first)


@lru_cache(maxsize=1 << 12)
def _people(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(family name, initial) of the first authors."""
    return tuple([(surname(name), initial(name)) for name in names[:MOST]])


def _among(some: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> int:
    """How many of *some* people are among the *others*."""
    known: dict[str, set[str]] = {}
    for family, letter in others:
        known.setdefault(family, set()).add(letter)
    return sum(
        family in known and (not letter or letter in known[family] or "" in known[family]) for family, letter in some
    )


def _abstracts(one: str, two: str) -> tuple[float, float]:
    a, b = _bag(one), _bag(two)
    if min(len(a), len(b)) < 8:
        return 0.0, 1.0
    return len(a & b) / min(len(a), len(b)), 0.0


@lru_cache(maxsize=1 << 11)
def _bag(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text[:6_000]) if len(word) > 3)


def _differ(a: Paper, b: Paper, scheme: str) -> bool:
    prefix = f"{scheme}:"
    one = {identifier for identifier in a.ids if identifier.startswith(prefix)}
    two = {identifier for identifier in b.ids if identifier.startswith(prefix)}
    return bool(one and two and not one & two)
