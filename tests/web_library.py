"""A small real library for the tests of the web: our own papers, our own tiny encoder, real store and indexes."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

import broadsheet
from broadsheet.embed import static
from broadsheet.library import Library
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


def make(home: Path, papers: Iterable[Mapping[str, Any]] = (*PAPERS, *series())) -> Library:
    """A library of *papers*, stored and indexed; the caller closes it."""
    rows = list(papers)
    encoder = save_encoder([f"{row['title']} {row['abstract']}" for row in rows] or ["nothing"], home / "tiny")
    library = broadsheet.open(home / "library", flags={"encoder": str(encoder)})
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
