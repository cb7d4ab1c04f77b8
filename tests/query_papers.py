"""Seventy papers of our own invention that have all that a question can ask for, and lists of some."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from broadsheet.library import STORE_FILE, Library, open_library
from broadsheet.paper import Paper, make, merge

LONG = "antidisestablishment" * 4  # more bytes than a word may have in the index

# Few words, in several forms, so that they meet in many papers; stop words, accents, other scripts and signs as well.
_WORDS = (
    "study studies studied routing routes routed network networks neural learn learning learned graph graphs river "
    "rivers delta deltas translate translation sparse sparsity bound bounds bounded walk walking state-of-the-art "
    "k-means the of and for with in not to be naïve Größe façade Ångström data code attention is all you need O(n) "
    "bird birds song songs parrot 🦜 2024 3D x² C++ don't semi-supervised zero-shot image images transfer transformer "
    f"transformers Transform 神经网络 图 النصوص नमस्ते æther {LONG}"
).split()
_GIVEN = "Ada Bela Chiara Dmitri Esra Léa J. Ann-Marie Grace Ø.".split()
_FAMILY = ("Okafor", "Lindqvist", "Álvarez", "Ødegård", "Schröder", "van der Berg", "Li", "王伟", "O'Neill")
_VENUES = ("PaperConf", "Journal of Invented Results", "Journal of Größe", "Workshop (small) on Edges", "SIGMADE", "")
_CATEGORIES = ("cs.AI", "cs.CL", "cs.LG", "math.ST", "q-bio.QM", "Économie générale")
_SOURCES = ("arxiv", "crossref", "jsonl", "semantic_scholar")
_LINKS = ("code", "pdf", "data", "project", "video", "page")

_BACK = (0, 1, 6, 7, 8, 30, 90, 400)  # days ago
_DAYS = (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29), date(2023, 12, 31))
_LISTS = {"saved": (0, 20), "To read": (10, 45), "Größe": (30, 31), "the (short) list": (60, 65)}  # rows, in order


def _hand_made() -> Iterator[Paper]:
    yield make("arxiv", "The Who and the What", ids=["arxiv:2401.00001"], abstract="Who is there, and what is it for?")
    yield make("crossref", "To be or not to be", ids=["doi:10.5555/be(1)2"], venue="PaperConf", year=2001)
    yield make("jsonl", "图神经网络的研究", ids=["id:graph"], authors=["王伟"], abstract="我们研究图神经网络。")
    yield make("jsonl", "تعلم الآلة للنصوص", ids=["id:nusus"], abstract="ندرس تعلم الآلة في النصوص.", year=1999)
    yield make("jsonl", "On $\\mathcal{O}(n \\log n)$ bounds for $k$-means", ids=["id:k"], abstract="Let $x_{i}$.")
    yield make("jsonl", "Emoji 🦜 parrots 🦜 in chat logs", ids=["id:emoji"], keywords=["🦜", "bird songs"], year=2999)
    yield make("jsonl", "!!!", ids=["id:signs"], abstract="A title of signs only.", authors=["Ada Okafor"], year=1000)
    yield make("jsonl", f"A {LONG} walk", ids=["id:long"], abstract=f"river {LONG} deltas")
    yield make(
        "arxiv", "River", ids=["id:a1"], abstract="deltas", keywords=["sparse", "graph"], authors=["Ada", "Li", "Ada"]
    )


def papers(seed: int = 4) -> list[Paper]:
    """The same ones for a seed."""
    chance = Random(seed)
    return [*_hand_made(), *(_paper(number, chance) for number in range(60))]


def _paper(number: int, chance: Random) -> Paper:
    names = [f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}" for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    one = _copy(number, chance.choice(_SOURCES), chance, [f"id:made{number}"], names)
    if number % 4:
        return one
    ids = [f"arxiv:{number % 20 + 10:02}{number % 12 + 1:02}.{number:05}", f"doi:10.5555/made.{number}"]
    return merge(one, _copy(number, chance.choice(_SOURCES), chance, ids, names))


def _copy(number: int, source: str, chance: Random, ids: Sequence[str], names: Sequence[str]) -> Paper:
    kinds = chance.sample(_LINKS, chance.choice((0, 0, 1, 2, 3)))
    return make(
        source,
        f"{_said(chance, 2, 7)} {number}",
        ids=ids,
        abstract=_said(chance, 5, 30) if chance.random() < 0.8 else "",
        authors=names,
        year=chance.choice([None, *range(2015, 2026)]),
        venue=chance.choice(_VENUES),
        categories=chance.sample(_CATEGORIES, chance.choice((0, 1, 2))),
        keywords=[_said(chance, 1, 2) for _ in range(chance.choice((0, 0, 2, 3)))],
        links={kind: f"https://papers.example/{kind}/{number}" for kind in kinds},
    )


def _said(chance: Random, least: int, most: int) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(least, most)))


class Stock:
    """A library of `papers`, and what the reference has to know about them besides their records."""

    def __init__(self, library: Library, today: date) -> None:
        self.library, self.today = library, today
        rows = library.store.scan(0, 1_000)
        self.papers = {paper.key: paper for _, paper in rows}
        self.added = {paper.key: _added(pk, today) for pk, paper in rows}
        ids = [paper.ids[0] for paper in self.papers.values()]
        self.lists = {name: frozenset(ids[slice(*part)]) for name, part in _LISTS.items()}


def stocked(home: Path) -> Stock:
    """The papers stored, dated back, indexed and put on lists; the caller closes the library."""
    file = home / "papers.jsonl"
    file.write_text("".join(json.dumps(paper.to_dict()) + "\n" for paper in papers()), encoding="utf-8")
    library = open_library(home / "library", env={})
    library.add([file], index=False)
    today = datetime.now(UTC).date()
    rows = library.store.scan(0, 1_000)
    with closing(sqlite3.connect(library.home / STORE_FILE)) as base, base:
        base.executemany("UPDATE paper SET added = ? WHERE pk = ?", [(_second(pk, today), pk) for pk, _ in rows])
    library.refresh()
    stock = Stock(library, today)
    for name, ids in stock.lists.items():
        library.keep(sorted(ids), name)
    return stock


def _added(pk: int, today: date) -> date | None:
    """The day that the paper of a row is said to have come on."""
    choices = [*(today - timedelta(days=back) for back in _BACK), *_DAYS, None]
    return choices[pk % len(choices)]


def _second(pk: int, today: date) -> int:
    """The first or the last second of that day, Unix time; 0 for none."""
    day = _added(pk, today)
    moment = time(0, 0, 0) if pk % 2 else time(23, 59, 59)
    return 0 if day is None else int(datetime.combine(day, moment, UTC).timestamp())
