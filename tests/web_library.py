"""A small real library for the tests of the web: our own papers, our own tiny encoder, real store and indexes."""

import json
import random
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

import broadsheet
from broadsheet.embed import static
from broadsheet.library import STORE_FILE, Library
from broadsheet.paper import Fault
from broadsheet.text import words

DIM = 32

DATA = Path(__file__).parent / "data" / "web" / "papers.jsonl"
PAPERS: Sequence[Mapping[str, Any]] = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]

_TOPICS = ("routing", "retrieval", "translation", "grasping", "clustering", "parsing")
_KINDS = ("a survey", "an audit", "a benchmark", "a theory", "a system", "a census", "an atlas")
SERIES = 30  # papers of a series, to fill several pages


def series() -> Iterable[Mapping[str, Any]]:
    for number in range(SERIES):
        topic, kind = _TOPICS[number % len(_TOPICS)], _KINDS[number % len(_KINDS)]
        yield {
            "id": f"series{number}",
            "title": f"Weather of {topic}, {kind} in part {number}",
            "abstract": f"Part {number} of a series on the weather of {topic}. It is {kind}.",
            "authors": [f"Author {chr(65 + number % 26)}. Series"],
            "venue": ("PaperConf", "Letters of Weather")[number % 2],
            "year": 2000 + number % 20,
            "citations": number,
        }


def save_encoder(texts: Iterable[str], folder: Path) -> Path:
    """A static encoder that knows the words of *texts*, each with a random direction: close means shared words."""
    vocabulary = [*sorted({word.encode() for text in texts for word in words(text)}), b"long documents"]
    vectors = np.random.default_rng(7).standard_normal((len(vocabulary), DIM)).astype(np.float32)
    table, scales = static.quantize(vectors)
    static.save(static.Parts("tiny", vocabulary, table, scales), folder / static.FILE)
    return folder


def make(
    home: Path, papers: Iterable[Mapping[str, Any]] = (*PAPERS, *series()), flags: Mapping[str, object] | None = None
) -> Library:
    """A library of *papers*, stored and indexed, with settings as the command line takes them; the caller closes it."""
    rows = list(papers)
    encoder = save_encoder([f"{row['title']} {row['abstract']}" for row in rows] or ["nothing"], home / "tiny")
    library = broadsheet.open(home / "library", flags={"encoder": str(encoder), **(flags or {})})
    if rows:
        file = home / "papers.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        library.add([file])
    return library


def text(html: str) -> str:
    """What a reader sees of a page's body: no tags, one space."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2])).split())


def ask(client: TestClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    assert answer.text.count("<h1") == 1
    assert "<form" in answer.text  # every page lets one search on
    return answer.text


# -- a library that has lived: sources followed, runs in the ledger, a paper of several copies, one withdrawn --------

FOLLOWED = """
[sources.arxiv]
categories = ["cs.IR", "cs.CL"]

[sources.hf]

[sources.journal-of-quills]
kind = "feed"
url = "https://journal.example.org/quills.rss"
"""
COPIES = (
    {"title": "Quills that remember: a long study", "authors": ["Ada Stone", "Ben Hill"], "year": 2021,
     "arxiv_id": "2101.00001", "version": 1, "abstract": "We ask whether quills remember what they wrote in winter."},
    {"title": "Quills that remember: a longer study", "authors": ["Ada Stone", "Ben Hill"], "year": 2021,
     "arxiv_id": "2101.00001", "version": 2, "abstract": "We ask whether quills remember what they wrote in winter."},
    {"title": "Quills that remember", "authors": ["A. Stone", "B. Hill"], "year": 2022, "doi": "10.5555/quills",
     "venue": "Journal of Quills", "abstract": "We ask whether quills remember what they wrote in winter."},
    {"title": "Quills that remember, part 2", "authors": ["Ada Stone", "Ben Hill"], "year": 2022,
     "doi": "10.5555/quills2", "abstract": "We ask whether quills remember what they wrote in spring."},
    {"title": "An ink that was never dry", "authors": ["Cleo Reed"], "year": 2019, "id": "wet-ink",
     "extra": {"retracted": "The ink was dry after all; retracted at the author's request in May 2020."}},
)  # fmt: skip
TODAY = datetime.now(UTC)


def lived_in(library: Library) -> None:
    """Copies, versions and links in the store; three sources in the settings; ninety days of runs in the ledger."""
    (library.home / "broadsheet.toml").write_text(FOLLOWED)
    for number, row in enumerate(COPIES):
        file = library.home.parent / f"copy{number}.jsonl"
        file.write_text(json.dumps(row) + "\n")
        library.add([file])
    with library.store.writing() as writer:
        writer.set_aside("journal-of-quills", "", [Fault("item 3", "no title", b"<item/>")], "feed")
    rows = [row for job, draw in (("arxiv", 900), ("hf", 40), ("journal-of-quills", 3)) for row in _runs(job, draw)]
    with closing(sqlite3.connect(library.home / STORE_FILE)) as base, base:
        base.executemany(
            "INSERT INTO run (job, started, finished, new, updated, same, failed, why, outcome, requests, retry)"
            " VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, 3, ?)",
            rows,
        )


def _runs(job: str, most: int) -> Iterator[tuple[object, ...]]:
    draw = random.Random(job)
    for back in range(88, -1, -1):
        day = TODAY - timedelta(days=back, minutes=90)
        if job == "arxiv" and day.weekday() in (5, 6):
            continue
        failed = draw.random() < 0.05 or (job.startswith("journal") and back == 0)
        new = 0 if failed else draw.randint(0, most)
        why = "journal.example.org/quills.rss answered 404" if failed else ""
        outcome = "failed" if failed else "new" if new else "nothing new"
        at, again = (
            day.isoformat(timespec="seconds"),
            (day + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ") if failed else None,
        )
        yield job, at, at, new, new // 9, why, outcome, again
