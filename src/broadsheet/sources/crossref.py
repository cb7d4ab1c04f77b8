"""Crossref (crossref.org): what journals publish, by ISSN, as it is indexed; single papers by DOI; retractions.

Deep paging is by cursor, and a cursor lives five minutes, so an interrupted page begins its window again. Titles are
lists, abstracts are JATS and often missing, dates end early or lie in the future.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

import orjson

from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client, FetchError
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step, _csl
from broadsheet.sources._days import days_of
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import expect, listed, number, objects, page, records, text
from broadsheet.sources._lines import whole

ABOUT = Card("Crossref", "what journals and proceedings publish, by ISSN", "https://www.crossref.org")
OPTIONS = (
    Setting("issn", tuple, (), "", "ISSNs of the journals, such as 1532-4435."),
    Setting("since", int, 60, "", "How many days back a first load goes.", low=1, high=100_000),
    Setting("base", str, "https://api.crossref.org", "", "The address of the service; another one for a mirror."),
)
FREE = ("issn",)
LOOKUP = "doi"
SUFFIXES = (".json",)
EVERY = timedelta(hours=12)
OVERLAP = 2  # days
_ROWS = 200
_ISSN = re.compile(r"\d{4}-?\d{3}[\dXx]")


def sniff(head: bytes, name: str) -> float:
    return 0.98 if b'"message-type"' in head and b'"message"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    wrong = [issn for issn in options["issn"] if not _ISSN.fullmatch(issn)]
    if wrong or not options["issn"]:
        given = f"{', '.join(map(repr, wrong))} given" if wrong else "none given"
        raise Mistake(f"issn: {given}; an ISSN has eight digits: 1532-4435")
    return tuple(f"{issn.replace('-', '')[:4]}-{issn.replace('-', '')[4:].upper()}" for issn in options["issn"])


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked twice a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    place = days_of(cursor, now, options["since"])
    coming, seen = "*", 0
    while True:
        asked = {"filter": f"from-index-date:{place['from']}", "rows": str(_ROWS), "cursor": coming}
        answer = client.get(f"{options['base']}/journals/{part}/works", params=asked)
        message = value_at(page(answer.body), "message")
        count, total = len(listed(message, "items")), number(message, "total-results") or 0
        coming, seen = text(message, "next-cursor"), seen + count
        expect(count, seen, total)
        ended = seen >= total if total else count < _ROWS
        if not ended and not coming:
            raise SourceError(f"no cursor after {seen:,} of {total:,} records; tried later")
        after = {"from": (date.fromisoformat(place["until"]) - timedelta(days=OVERLAP)).isoformat()} if ended else place
        body = answer.body if count else b""
        yield Step(body, orjson.dumps(after).decode(), answer.at, f"{part} since {place['from']}", total)
        if ended:
            return


def lookup(client: Client, options: Options, wanted: Sequence[str]) -> Iterator[Step]:
    """The works with these DOIs (without ``doi:``); one that Crossref does not have is passed over."""
    for doi in wanted:
        try:
            answer = client.get(f"{options['base']}/works/{quote(doi, safe='')}")
        except FetchError as error:
            if error.status != 404:
                raise
            continue
        yield Step(answer.body, "", answer.at, doi)


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    """Answers about works: a list of them, or one."""
    body = page(whole(stream))
    message = value_at(body, "message")
    items = objects(message, "items") or ([message] if isinstance(message, dict) and "DOI" in message else [])
    from io import BytesIO

    yield from records(BytesIO(orjson.dumps({"items": items})), _said, ("items",), source=source, at=at, skip=skip)


def _said(work: Mapping[str, Any]) -> Mapping[str, Any]:
    said = _csl.said(work)
    links = {text(link, "content-type"): text(link, "URL") for link in objects(work, "link")}
    said["pdf"] = links.get("application/pdf", "")
    said["page"] = text(work, "resource", "primary", "URL") or said["page"]
    said["licence"] = next((text(one, "URL") for one in objects(work, "license")), "")
    said["ids"] = [f"arxiv:{found}" for found in _preprints(work)]
    said["extra"] |= {"retracted": _retraction(work), "affiliations": _affiliations(work)}
    return said


def _preprints(work: Mapping[str, Any]) -> list[str]:
    """The arXiv ids that the work itself says are its preprint."""
    told = objects(work, "relation", "has-preprint") + objects(work, "relation", "is-version-of")
    found = (re.search(r"(?:arxiv[.:/](?:abs/)?)(\d{4}\.\d{4,5})", text(one, "id"), re.IGNORECASE) for one in told)
    return [match[1] for match in found if match]


def _retraction(work: Mapping[str, Any]) -> str:
    """Why the work no longer stands: another that says so, or its own title."""
    for update in objects(work, "updated-by"):
        if text(update, "type") in ("retraction", "withdrawal", "removal"):
            return f"{text(update, 'type')} by {text(update, 'DOI')}"
    title = next(iter(value_at(work, "title") or [""]), "") if isinstance(value_at(work, "title"), list) else ""
    return "marked as retracted in its title" if re.match(r"\s*(?:RETRACTED|WITHDRAWN)\b", str(title)) else ""


def _affiliations(work: Mapping[str, Any]) -> str:
    names = [text(place, "name") for one in objects(work, "author") for place in objects(one, "affiliation")]
    return "; ".join(list(dict.fromkeys(filter(None, names)))[:50])
