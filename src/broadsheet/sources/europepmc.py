"""Europe PMC (europepmc.org): life-science papers and preprints by any search, as they are indexed."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet.errors import Mistake
from broadsheet.fetch import Answer, Client
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._days import days_of, resumed
from broadsheet.sources._fields import address
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import counted, expect, listed, number, objects, page, text, texts
from broadsheet.sources._json import record as one_record
from broadsheet.sources._lines import whole
from broadsheet.sources._markup import abstract, plain

ABOUT = Card("Europe PMC", "life-science papers and preprints that fit a search", "https://europepmc.org")
OPTIONS = (
    Setting("query", str, "", "", 'A search in its language: TITLE:"single cell" AND SRC:PPR.'),
    Setting("since", int, 30, "", "How many days back a first load goes.", low=1, high=100_000),
    Setting("base", str, "https://www.ebi.ac.uk/europepmc/webservices/rest", "", "The address of the service."),
)
SUFFIXES = (".json",)
EVERY = timedelta(hours=12)
OVERLAP = 2  # days


def sniff(head: bytes, name: str) -> float:
    return 0.98 if b'"resultList"' in head and b'"hitCount"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if not options["query"]:
        raise Mistake('query: none given; a search such as TITLE:"single cell"')
    return ("search",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked twice a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    def ask(place: dict[str, Any]) -> Answer:
        asked = {
            "query": f"({options['query']}) AND (FIRST_IDATE:[{place['from']} TO {place['until']}])",
            "resultType": "core", "format": "json", "pageSize": "100", "cursorMark": place.get("page") or "*",
        }  # fmt: skip
        return client.get(f"{options['base']}/search", params=asked)

    place, answer = resumed(days_of(cursor, now, options["since"]), ask)
    while True:
        body = page(answer.body)
        count, coming = len(listed(body, "resultList", "result")), text(body, "nextCursorMark")
        total, seen = counted(body, "hitCount"), place["start"] + count
        expect(count, seen, total)
        ended = not count or seen >= total or not coming or coming == place.get("page")
        overlap = (date.fromisoformat(place["until"]) - timedelta(days=OVERLAP)).isoformat()
        after: dict[str, Any] = {"from": overlap} if ended else place | {"page": coming, "start": seen}
        note = f"{place['from']} to {place['until']}"
        yield Step(answer.body if count else b"", orjson.dumps(after).decode(), answer.at, note, total)
        if ended:
            return
        place, answer = after, ask(after)


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    found = value_at(page(whole(stream)), "resultList", "result")
    for place, item in enumerate(found if isinstance(found, list) else [], 1):
        if place > skip:
            yield one_record(item, _said, f"record {place}", source=source, at=at)


def _said(item: Mapping[str, Any]) -> Mapping[str, Any]:
    people = objects(item, "authorList", "author")
    types = " ".join(texts(item, "pubTypeList", "pubType")).lower()
    copies = objects(item, "fullTextUrlList", "fullTextUrl")
    pdf = next((text(one, "url") for one in copies if text(one, "documentStyle") == "pdf"), "")
    where = ("authorAffiliationDetailsList", "authorAffiliation")
    places = [text(place, "affiliation") for one in people for place in objects(one, *where)]
    return {
        "title": plain(text(item, "title")).rstrip("."),
        "abstract": abstract(text(item, "abstractText")),
        "authors": [text(one, "fullName") or text(one, "collectiveName") for one in people]
        or text(item, "authorString"),
        "doi": text(item, "doi"),
        "pmid": text(item, "pmid"),
        "pmcid": text(item, "pmcid"),
        "date": text(item, "firstPublicationDate"),
        "year": text(item, "pubYear"),
        "venue": text(item, "journalInfo", "journal", "title"),
        "citations": number(item, "citedByCount"),
        "keywords": texts(item, "keywordList", "keyword"),
        "licence": text(item, "license"),
        "pdf": address(pdf),
        "extra": {
            "type": text(item, "source"),
            "affiliations": "; ".join(list(dict.fromkeys(filter(None, places)))[:50]),
            "retracted": "retracted publication" if "retracted publication" in types else "",
        },
    }
