"""OpenAlex (openalex.org): works by any filter, snapshot files, what it knows about papers that we have.

Its lists ask for a key since February 2026 (single works do not). Abstracts come as an index of words and positions.
Ids that were merged away lead nowhere, dates can lie in the future, and lists of authors end at a hundred.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet import ids
from broadsheet.errors import Mistake
from broadsheet.fetch import Answer, Client
from broadsheet.paper import MAX_ABSTRACT, Paper
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._days import days_of, resumed
from broadsheet.sources._fields import address
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import counted, expect, listed, number, objects, page, records, text
from broadsheet.sources._markup import abstract, plain

ABOUT = Card("OpenAlex", "works by any filter; citations and open copies", "https://openalex.org")
OPTIONS = (
    Setting(
        "filter",
        str,
        "",
        "",
        "What to follow, in OpenAlex's words: primary_topic.id:T10181.",
    ),
    Setting("key", str, "", "", "Your key; lists need one.", secret=True),
    Setting("since", int, 30, "", "How many days back a first load goes.", low=1, high=100_000),
    Setting("budget", int, 500, "", "Requests a day to complete papers that are here; 0 for none.", low=0),
    Setting("base", str, "https://api.openalex.org", "", "The address of the service; another one for a mirror."),
)
FREE = ("budget",)
SUFFIXES = (".jsonl", ".json")
BATCH = 50  # DOIs that one filter may name
EVERY = timedelta(days=1)
OVERLAP = 10  # days: works appear some days after the date that they carry
_MOST_POSITIONS = 20_000  # words of an abstract; a position beyond is a mistake, or an attack
_NAMING = ("arxiv:", "acl:", "pmid:", "pmcid:")
_FIELDS = (
    "id,doi,display_name,publication_year,publication_date,ids,authorships,primary_location,best_oa_location,"
    "abstract_inverted_index,cited_by_count,is_retracted,type,keywords,language"
)


def sniff(head: bytes, name: str) -> float:
    return 0.97 if b"openalex.org/W" in head and b'"authorships"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if options["filter"] and ":" not in options["filter"]:
        raise Mistake(f"filter: {options['filter']!r} has no colon; write it as OpenAlex does: primary_topic.id:T10181")
    return ("works",) if options["filter"] else ()


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    def ask(place: dict[str, Any]) -> Answer:
        asked = {
            "filter": f"{options['filter']},from_publication_date:{place['from']}", "select": _FIELDS,
            "per_page": "100", "cursor": place.get("page") or "*", **_key(options),
        }  # fmt: skip
        return client.get(f"{options['base']}/works", params=asked)

    place, answer = resumed(days_of(cursor, now, options["since"]), ask)
    while True:
        body = page(answer.body)
        meta, count = value_at(body, "meta"), len(listed(body, "results"))
        coming, total, seen = text(meta, "next_cursor"), counted(meta, "count"), place["start"] + count
        expect(count, seen, total)
        overlap = (date.fromisoformat(place["until"]) - timedelta(days=OVERLAP)).isoformat()
        after: dict[str, Any] = place | {"page": coming, "start": seen} if coming else {"from": overlap}
        yield Step(answer.body, orjson.dumps(after).decode(), answer.at, f"since {place['from']}", total)
        if not coming:
            return
        place, answer = after, ask(after)


def _key(options: Options) -> dict[str, str]:
    return {"api_key": options["key"]} if options["key"] else {}


def enrich(client: Client, options: Options, papers: Sequence[Paper]) -> Iterator[Step]:
    """Citations, venues, affiliations and open copies of the papers that have a DOI or an arXiv id."""
    wanted = [doi for paper in papers if (doi := _doi(paper))]
    if wanted:
        asked = {"filter": f"doi:{'|'.join(wanted)}", "select": _FIELDS, "per_page": "100", **_key(options)}
        answer = client.get(f"{options['base']}/works", params=asked)
        yield Step(answer.body, "", answer.at)


def _doi(paper: Paper) -> str:
    """The DOI by which OpenAlex knows it; a comma or a bar would be read as more filters."""
    for identifier in paper.ids:
        scheme, _, value = identifier.partition(":")
        found = value if scheme == "doi" else f"10.48550/arxiv.{value}" if scheme == "arxiv" else ""
        if found and not set(found) & set(",|"):
            return found
    return ""


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    return records(stream, _said, ("results",), source=source, at=at, skip=skip)


def _said(work: Mapping[str, Any]) -> Mapping[str, Any]:
    place, copy = value_at(work, "primary_location"), value_at(work, "best_oa_location")
    other = [ids.parse(address) for address in (text(place, "landing_page_url"), text(copy, "landing_page_url"))]
    named = [text(work, "ids", "pmid"), text(work, "ids", "pmcid")]
    return {
        "title": plain(text(work, "display_name") or text(work, "title")),
        "abstract": abstract(unfolded(value_at(work, "abstract_inverted_index"))),
        "authors": [text(one, "author", "display_name") for one in objects(work, "authorships")],
        "openalex": text(work, "id").rpartition("/")[2],
        "doi": text(work, "doi"),
        "ids": [one for one in (*other, *map(ids.parse, named)) if one and one.startswith(_NAMING)],
        "year": number(work, "publication_year"),
        "date": text(work, "publication_date"),
        "venue": text(place, "source", "display_name"),
        "citations": number(work, "cited_by_count"),
        "keywords": [text(one, "display_name") for one in objects(work, "keywords")],
        "licence": text(copy, "license") or text(place, "license"),
        "page": address(text(place, "landing_page_url")),
        "pdf": address(text(copy, "pdf_url") or text(place, "pdf_url")),
        "extra": {
            "type": text(work, "type"),
            "language": text(work, "language"),
            "affiliations": _affiliations(work),
            "retracted": "retracted, says OpenAlex" if work.get("is_retracted") is True else "",
        },
    }


def _affiliations(work: Mapping[str, Any]) -> str:
    names = [
        text(place, "display_name") for one in objects(work, "authorships") for place in objects(one, "institutions")
    ]
    return "; ".join(list(dict.fromkeys(filter(None, names)))[:50])


def unfolded(index: Any) -> str:
    """The text of an inverted index, ``{word: [positions]}``; what is no such thing is no text."""
    if not isinstance(index, dict):
        return ""
    placed: dict[int, str] = {}
    for word, positions in index.items():
        for position in positions if isinstance(positions, list) else ():
            if isinstance(position, int) and 0 <= position < _MOST_POSITIONS:
                placed[position] = word
    return " ".join(placed[position] for position in sorted(placed))[:MAX_ABSTRACT]
