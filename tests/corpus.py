"""Three hundred papers of our own invention, the same each time: enough for pages, ties, gaps and strange text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from broadsheet.library import Library, open_library

Row = Mapping[str, Any]

_METHODS = (
    "sparse routing,graph kernels,neural translation,robust estimation,causal discovery,contrastive learning,"
    "program synthesis,tensor networks,federated averaging,speech synthesis,motion planning,query rewriting"
).split(",")
_OBJECTS = (
    "protein folding,river deltas,court records,sign language,street scenes,glacier imagery,music scores,"
    "traffic forecasts,bird songs,power grids,medical notes,satellite swarms"
).split(",")
_WAYS = "without labels,under shift,at the edge,in real time,from few examples,with guarantees".split(",")
_OPENINGS = "We study,We present,This paper examines,We revisit,Here we measure".split(",")
_RESULTS = (
    "The method halves the error on three public collections.",
    "Experiments with {obj} show a gain of {n} points over strong baselines.",
    "A proof bounds the regret by the square root of the horizon.",
    "Our code runs on one machine in {n} minutes.",
    "Annotators preferred the new system in {n} of 100 cases.",
    "Failures concentrate where {other} and {obj} meet.",
)
_GIVEN = "Ada,Bela,Chiara,Dmitri,Esra,Farid,Grace,Hana,Ines,Jonas,Kofi,Léa".split(",")
_FAMILY = "Okafor,Lindqvist,Moreau,Tanaka,Petrov,Álvarez,Nguyen,Haddad,Schröder,Kowalski,Rossi,Ødegård".split(",")
VENUES = ("Journal of Invented Results", "PaperConf", "SIGMADE", "Workshop on Nothing", "")
CATEGORIES = ("cs.AI", "cs.CL", "cs.LG", "math.ST", "q-bio.QM")


def _row(number: int, chance: Random) -> Row:
    method, obj, other = chance.choice(_METHODS), chance.choice(_OBJECTS), chance.choice(_OBJECTS)
    sentences = chance.sample(_RESULTS, 3)
    said = " ".join(s.format(obj=obj, other=other, n=chance.randint(2, 99)) for s in sentences)
    year = chance.choice([None, *range(1998, 2025)])
    row = {
        "id": f"made{number:03}-{chance.choice('abc')}",
        "title": f"{method.capitalize()} for {obj} {chance.choice(_WAYS)}, study {number}",
        "abstract": f"{chance.choice(_OPENINGS)} {method} for {obj}. {said}" if number % 9 else "",
        "authors": [f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}" for _ in range(chance.randint(1, 4))],
        "venue": chance.choice(VENUES),
        "categories": sorted(chance.sample(CATEGORIES, chance.randint(0, 2))),
        "keywords": [method, obj] if number % 3 else [],
        "citations": chance.choice([None, 0, 1, 7, 7, 120]),
        "date": f"{year}-{number % 12 + 1:02}-{number % 28 + 1:02}" if year and number % 4 == 0 else "",
        "year": year,
    }
    if number % 5 == 0:
        row["arxiv_id"] = f"{number % 20 + 10:02}{number % 12 + 1:02}.{number:05}"
    if number % 7 == 0:
        row["doi"] = f"10.5555/Made.{number}"
    return {key: value for key, value in row.items() if value is not None}


_CHANCE = Random(20_240_501)
STRANGE: Sequence[Row] = (
    {"id": "strange1", "title": "Über die Größe naïver Gärten", "abstract": "Gärten wachsen. Größe ist relativ."},
    {"id": "strange2", "title": "图神经网络的研究", "abstract": "我们研究图神经网络。结果很好。", "authors": ["王伟"]},
    {"id": "strange3", "title": "تعلم الآلة للنصوص", "abstract": "ندرس تعلم الآلة في النصوص القديمة."},
    {"id": "strange4", "title": "On $\\mathcal{O}(n \\log n)$ bounds for $k$-means", "abstract": "Let $x_{i}$ be."},
    {"id": "strange5", "title": "Emoji 🦜 parrots 🦜 in chat logs", "abstract": "A 🦜 is a parrot. " * 40},
    {"id": "strange6", "title": "<script>alert('title')</script> as a title", "abstract": "<b>bold</b> & <i>more</i>"},
    {"id": "strange7", "title": "The Who and the What", "abstract": "Who is there, and what is it for?"},
)  # fmt: skip
ROWS: Sequence[Row] = (*(_row(number, _CHANCE) for number in range(300)), *STRANGE)

QUESTIONS = (
    "sparse routing", "graph kernels for protein folding", "bird songs from few examples", '"river deltas" study',
    "error -glacier", "okafor", "translation year:2005..2015", "venue:PaperConf music", "category:cs.CL synthesis",
    "the who", "图神经网络的研究", "größe gärten", "annotators preferred the new system", "motion planning study 17",
    "", "year:2010", "author:moreau", 'author:"ada okafor" study', "-glacier", "source:jsonl regret horizon",
)  # fmt: skip


def write(path: Path, rows: Iterable[Row] = ROWS) -> Path:
    """The rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def make(home: Path, rows: Iterable[Row] = ROWS) -> Library:
    """A library of *rows* with the general encoder, stored and indexed; the caller closes it."""
    library = open_library(home / "library", env={})
    library.add([write(home / "papers.jsonl", rows)])
    return library
