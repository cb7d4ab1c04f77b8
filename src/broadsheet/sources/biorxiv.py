"""bioRxiv and medRxiv, by their API (api.biorxiv.org): every version of every preprint posted between two days."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._days import days_of
from broadsheet.sources._fields import WrongRecord
from broadsheet.sources._json import counted, listed, objects, page, records, text
from broadsheet.sources._markup import abstract, plain

ABOUT = Card("bioRxiv and medRxiv", "preprints of the life and health sciences", "https://www.biorxiv.org")
OPTIONS = (
    Setting("servers", tuple, ("biorxiv",), "", "biorxiv, medrxiv, or both."),
    Setting("categories", tuple, (), "", "Subject areas such as neuroscience; all when empty."),
    Setting("since", int, 7, "", "How many days back a first load goes.", low=1, high=10_000),
    Setting("base", str, "https://api.biorxiv.org", "", "The address of the service; another one for a mirror."),
)
FREE = ("servers",)
SUFFIXES = (".json",)
EVERY = timedelta(hours=12)
OVERLAP = 2  # days asked for again: postings of a day appear until the next
_LISTS = ("collection",)


def sniff(head: bytes, name: str) -> float:
    return 0.97 if b'"collection"' in head and b'"jatsxml"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    wrong = [server for server in options["servers"] if server not in ("biorxiv", "medrxiv")]
    if wrong or not options["servers"]:
        raise Mistake(f"servers: {', '.join(wrong) or 'none'} given; biorxiv and medrxiv are the two")
    return tuple(options["servers"])


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked twice a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """Pages of the days since the last harvest. An empty page before the total is reached is asked for again."""
    place = days_of(cursor, now, options["since"])
    empty = 0
    while True:
        start = place["start"]
        answer = client.get(f"{options['base']}/details/{part}/{place['from']}/{place['until']}/{start}/json")
        body = page(answer.body)
        said = next(iter(objects(body, "messages")), {})
        count = len(listed(body, "collection"))
        total = counted(said, "total") if "total" in said else 0  # of no days at all it only says so
        if not count and start < total:
            empty += 1
            if empty > 3:
                raise SourceError(f"an empty page at {start} of {total} preprints; tried later")
            continue
        start += count
        ended = not count or start >= total
        after = place | {"start": start}
        if ended:
            again = (now.date() - timedelta(days=OVERLAP)).isoformat()
            after = {"from": again, "until": "", "start": 0}
        kept = _wanted(body, options["categories"]) if count else b""
        yield Step(kept, orjson.dumps(after).decode(), answer.at, f"{place['from']} to {place['until']}", total)
        place = after
        if ended:
            return


def _wanted(body: Any, categories: tuple[str, ...]) -> bytes:
    wanted = {category.lower() for category in categories}
    found = [item for item in objects(body, "collection") if not wanted or text(item, "category").lower() in wanted]
    return orjson.dumps({"collection": found})


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    return records(stream, _said, _LISTS, source=source, at=at, skip=skip)


def _said(item: Mapping[str, Any]) -> Mapping[str, Any]:
    server = text(item, "server").lower()
    doi, title = text(item, "doi"), plain(text(item, "title"))
    version = text(item, "version")
    published = text(item, "published")
    if not doi:
        raise WrongRecord("no DOI")
    gone = "withdrawn by its authors" if re.match(r"\s*WITHDRAWN\b", title) or text(item, "type") == "withdrawn" else ""
    site = f"https://www.{'medrxiv' if server == 'medrxiv' else 'biorxiv'}.org/content/{doi}"
    where = f"{site}v{version}" if version.isdigit() else site
    return {
        "title": re.sub(r"^\s*WITHDRAWN:?\s*", "", title) or title,
        "abstract": abstract(text(item, "abstract")),
        "authors": text(item, "authors"),
        "doi": doi,
        "ids": [] if published in ("", "NA") else [f"doi:{published}"],
        "date": text(item, "date") if version in ("", "1") else "",
        "version": int(version) if version.isascii() and version.isdigit() and len(version) < 5 else None,
        "categories": [text(item, "category")],
        "licence": text(item, "license"),
        "page": site,
        "pdf": f"{where}.full.pdf",
        "extra": {
            "server": server, "updated": "" if version in ("", "1") else text(item, "date"), "withdrawn": gone,
            "affiliations": text(item, "author_corresponding_institution"),
        },
    }  # fmt: skip
