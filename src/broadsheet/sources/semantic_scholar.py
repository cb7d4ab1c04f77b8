"""Semantic Scholar (semanticscholar.org): what it knows about papers that we have, and searches, with your own key.

Without a key its answers are often "too many requests", and no key is given for other people's programs: nothing here
depends on it. One request a second over everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet.fetch import Answer, Client
from broadsheet.paper import Paper
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._days import days_of, resumed
from broadsheet.sources._fields import address
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import counted, expect, listed, number, objects, page, records, text

ABOUT = Card(
    "Semantic Scholar",
    "citations, venues, open copies and one-line summaries, with your own key",
    "https://www.semanticscholar.org",
)
OPTIONS = (
    Setting("query", str, "", "", "A search to follow, besides completing papers that are here."),
    Setting("key", str, "", "", "Your key.", secret=True),
    Setting("since", int, 30, "", "How many days back a first search goes.", low=1, high=100_000),
    Setting("budget", int, 1_000, "", "Requests a day to complete papers that are here; 0 for none.", low=0),
    Setting("base", str, "https://api.semanticscholar.org", "", "The address of the service."),
)
FREE = ("budget",)
SUFFIXES = (".json",)
OVERLAP = 21  # days: a paper is there some time after the day that it is of
BATCH = 500
EVERY = timedelta(days=1)
_FIELDS = (
    "externalIds,title,abstract,year,publicationDate,venue,authors,citationCount,influentialCitationCount,"
    "openAccessPdf,tldr,s2FieldsOfStudy,url"
)
_SCHEMES = {"arxiv": "ARXIV", "doi": "DOI", "acl": "ACL", "pmid": "PMID", "pmcid": "PMCID", "s2": "CorpusId"}


def sniff(head: bytes, name: str) -> float:
    ours = b'"externalIds"' in head and b'"CorpusId"' in head
    return (
        0.97 if ours and head.lstrip().startswith((b"[", b'{"total"', b'{"token"', b'{"data"', b'{"offset"')) else 0.0
    )


def parts(options: Options) -> tuple[str, ...]:
    return ("search",) if options["query"] else ()


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    def ask(place: dict[str, Any]) -> Answer:
        asked = {
            "query": options["query"], "fields": _FIELDS.replace("tldr,", ""),
            "publicationDateOrYear": f"{place['from']}:",
        }  # fmt: skip
        mark = {"token": place["page"]} if place.get("page") else {}
        return client.get(f"{options['base']}/graph/v1/paper/search/bulk", params=asked | mark, headers=_key(options))

    place, answer = resumed(days_of(cursor, now, options["since"]), ask)
    while True:
        body = page(answer.body)
        count, total, coming = len(listed(body, "data")), counted(body, "total"), text(body, "token")
        seen = place["start"] + count
        expect(count, seen, total)
        overlap = (date.fromisoformat(place["until"]) - timedelta(days=OVERLAP)).isoformat()
        after: dict[str, Any] = place | {"page": coming, "start": seen} if coming else {"from": overlap}
        yield Step(answer.body, orjson.dumps(after).decode(), answer.at, f"since {place['from']}", total)
        if not coming:
            return
        place, answer = after, ask(after)


def _key(options: Options) -> dict[str, str]:
    return {"x-api-key": options["key"]} if options["key"] else {}


def enrich(client: Client, options: Options, papers: Sequence[Paper]) -> Iterator[Step]:
    """Citations, venues, open copies and summaries of the papers whose ids it knows."""
    wanted = [found for paper in papers if (found := _name(paper))]
    if wanted:
        url = f"{options['base']}/graph/v1/paper/batch?fields={_FIELDS}"
        answer = client.post(url, json={"ids": wanted}, headers=_key(options))
        yield Step(answer.body, "", answer.at)


def _name(paper: Paper) -> str:
    for identifier in paper.ids:
        scheme, _, value = identifier.partition(":")
        if scheme in _SCHEMES:
            return f"{_SCHEMES[scheme]}:{value}"
    return ""


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    return records(stream, _said, ("data", "recommendedPapers"), source=source, at=at, skip=skip)


def _said(item: Mapping[str, Any]) -> Mapping[str, Any]:
    known = value_at(item, "externalIds")
    influential = number(item, "influentialCitationCount")
    return {
        "title": text(item, "title"),
        "abstract": text(item, "abstract"),
        "year": number(item, "year"),
        "date": text(item, "publicationDate"),
        "venue": text(item, "venue"),
        "authors": [text(author, "name") for author in objects(item, "authors")],
        "citations": number(item, "citationCount"),
        "pdf": address(text(item, "openAccessPdf", "url")),
        "arxiv": text(known, "ArXiv"),
        "doi": text(known, "DOI"),
        "acl": text(known, "ACL"),
        "pmid": text(known, "PubMed"),
        "pmcid": text(known, "PubMedCentral"),
        "dblp": text(known, "DBLP"),
        "corpusid": text(known, "CorpusId"),
        "extra": {
            "tldr": text(item, "tldr", "text"),
            "influential_citations": "" if influential is None else str(influential),
            "fields": "; ".join(dict.fromkeys(text(one, "category") for one in objects(item, "s2FieldsOfStudy"))),
        },
    }
