"""One small question to every real service: `make live`, for whoever has a network. Not a part of `make test`.

What is asked is what `sync` asks first, through the same client and queue, so a run is polite and takes some minutes.
BROADSHEET_CONTACT is told to the services; keys come from the environment: OPENALEX_KEY, S2_KEY.
"""

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadsheet import following
from broadsheet.fetch import Client
from broadsheet.paper import Fault, Paper
from broadsheet.sources import enrichers, followable, lookups

# kind -> the table that somebody might have in broadsheet.toml, so that there is something of the last days.
ASKED: dict[str, dict[str, object]] = {
    "acl": {"venues": ["sigdial"]},
    "arxiv": {"categories": ["cs.IR"]},
    "biorxiv": {"servers": ["medrxiv"], "since": 2},
    "crossref": {"issn": ["0162-8828"], "since": 200},
    "dblp": {"queries": ["streamid:conf/sigir:"]},
    "europepmc": {"query": 'TITLE:"single cell" AND SRC:PPR', "since": 7},
    "feed": {"url": "https://jmlr.org/jmlr.xml"},
    "hf": {"since": 3},
    "oai": {"base": "https://zenodo.org/oai2d", "sets": ["user-eu"], "since": "2026-01-01"},
    "openalex": {"filter": "primary_topic.id:T10181", "key": os.environ.get("OPENALEX_KEY", ""), "since": 7},
    "openreview": {"venues": ["ICLR.cc/2025/Conference"]},
    "pubmed": {"query": "crispr[tiab] AND review[pt]", "since": 7},
    "semantic_scholar": {"query": "dense retrieval", "key": os.environ.get("S2_KEY", ""), "since": 365},
    "zotero": {"group": "303"},
}
KEYED = {"openalex": "OPENALEX_KEY", "semantic_scholar": "S2_KEY"}
KNOWN = {"arxiv": "1706.03762", "doi": "10.1038/171737a0", "pmid": "13054692"}
STEPS = 3  # answers looked at; the first ones of some days are empty


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("net")
    contact = os.environ.get("BROADSHEET_CONTACT", "")
    with Client(queue=folder / "queue", contact=contact, cache=folder / "cache") as made:
        yield made


def papers(records: Iterator[object]) -> list[Paper]:
    """The papers of some records; one bad one in ten is more than a service has."""
    found = list(records)
    faults = [record for record in found if isinstance(record, Fault)]
    assert len(faults) * 10 <= len(found), faults[:3]
    return [record for record in found if isinstance(record, Paper)]


@pytest.mark.parametrize("kind", sorted(followable()))
def test_it_answers_and_we_understand(kind: str, client: Client) -> None:
    if kind in KEYED and not os.environ.get(KEYED[kind]):
        pytest.skip(f"{kind} asks for a key: set {KEYED[kind]}")
    one, now = following.read(kind, ASKED[kind]), datetime.now(UTC)
    seen = 0
    for part in one.source.parts(one.options)[-2:]:
        for number, step in enumerate(one.source.fetch(client, one.options, part, "", now)):
            body = io.BytesIO(step.body)
            seen += len(papers(iter(list(one.source.parse(body, source=kind, at=step.at))))) if step.body else 0
            if seen or number + 1 == STEPS:
                break
    assert seen, "it answered, and had no paper"


@pytest.mark.parametrize("source", sorted(lookups()))
def test_a_paper_is_looked_up(source: str, client: Client) -> None:
    module = lookups()[source]
    options = {row.name: row.default for row in module.OPTIONS}
    wanted = KNOWN[module.LOOKUP]
    found = [
        record
        for step in module.lookup(client, options, [wanted])
        for record in module.parse(io.BytesIO(step.body), source=source, at=step.at)
    ]
    assert f"{module.LOOKUP}:{wanted}" in papers(iter(found))[0].ids


@pytest.mark.parametrize("source", sorted(enrichers()))
def test_a_paper_is_completed(source: str, client: Client) -> None:
    if source == "semantic_scholar" and not os.environ.get("S2_KEY"):
        pytest.skip("it asks for a key: set S2_KEY")
    one = following.read(source, ASKED[source])
    known = Paper("Attention Is All You Need", ("arxiv:1706.03762", "doi:10.48550/arxiv.1706.03762"))
    steps = list(enrichers()[source].enrich(client, one.options, [known]))
    assert papers(
        record for step in steps for record in one.source.parse(io.BytesIO(step.body), source=source, at=step.at)
    )


def test_every_kind_is_asked() -> None:
    assert set(ASKED) == set(followable())
    assert Path(__file__).name == "live.py", "pytest finds test_*.py by itself, and must not find this"
