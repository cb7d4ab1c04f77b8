"""A Zotero library (zotero.org), a person's or a group's, from the cloud or from Zotero on this machine: both speak the
same API. Only what changed since the library's last version is asked for.

What is deleted there stays here: somebody has tidied up, the paper has not gone. Attachments and notes are no papers.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet import ids
from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord, iso_date
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import expect, listed, objects, page, records, text
from broadsheet.sources._lines import whole
from broadsheet.sources._markup import plain

ABOUT = Card("Zotero", "the papers of a Zotero library, a person's or a group's", "https://www.zotero.org")
OPTIONS = (
    Setting("user", str, "", "", "Your numeric user id, from zotero.org/settings/keys; 0 for Zotero on this machine."),
    Setting("group", str, "", "", "A group's numeric id, instead of a user."),
    Setting("key", str, "", "", "A key that may read the library; none for public ones.", secret=True),
    Setting("collection", str, "", "", "The key of one collection; the whole library when empty."),
    Setting("base", str, "https://api.zotero.org", "", "Zotero on this machine is http://localhost:23119/api."),
)
SUFFIXES = (".json",)
EVERY = timedelta(hours=1)
_LIMIT = 100
_PAPERS = frozenset(
    "journalArticle conferencePaper preprint book bookSection thesis report manuscript magazineArticle newspaperArticle"
    " webpage document presentation dataset standard encyclopediaArticle dictionaryEntry".split()
)
_UNKNOWN = re.compile(r"(?<=^\d{4})-00.*|(?<=^\d{4}-\d\d)-00.*")  # a month or day that nobody knows
_EXTRA = re.compile(
    r"^\s*(doi|arxiv|pmid|pmcid|acl|openreview|citation key|tldr)\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE
)


def sniff(head: bytes, name: str) -> float:
    return 0.97 if b'"itemType"' in head and b'"key"' in head and (b'"creators"' in head or b'"data"' in head) else 0.0


def parts(options: Options) -> tuple[str, ...]:
    user, group = options["user"], options["group"]
    if bool(user) == bool(group):
        raise Mistake(
            "give user or group, one of the two: a number, from zotero.org/settings/keys or the group's address"
        )
    given = user or group
    if not given.isdigit():
        raise Mistake(
            f"{'user' if user else 'group'}: {given!r} is a name; the API wants the number, "
            "which zotero.org/settings/keys shows (and a group's address has)"
        )
    if options["collection"] and not re.fullmatch(r"[A-Z0-9]{8}", options["collection"]):
        raise Mistake(
            f"collection: {options['collection']!r} is not a key; it has eight capitals and digits, see its address"
        )
    return (f"users/{user}" if user else f"groups/{group}",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked every hour")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """What changed since the version in the cursor, in pages; a library that changes meanwhile is read once more."""
    place = orjson.loads(cursor) if cursor else {}
    since, start, version = place.get("since", 0), place.get("start", 0), place.get("version", "")
    headers = {"Zotero-API-Version": "3"} | ({"Zotero-API-Key": options["key"]} if options["key"] else {})
    inside = f"collections/{options['collection']}/items/top" if options["collection"] else "items/top"
    for _ in range(10_000):
        asked = {"since": str(since), "start": str(start), "limit": str(_LIMIT), "format": "json", "sort": "dateAdded"}
        answer = client.get(f"{options['base']}/{part}/{inside}", params=asked, headers=headers)
        now_at = answer.headers.get("last-modified-version", "")
        if start and version and now_at != version:
            start, version = 0, ""  # somebody changed the library between two pages: they no longer fit together
            continue
        version = now_at
        count = len(listed(page(answer.body))) if answer.body.strip() else 0
        start += count
        said = answer.headers.get("total-results", "")
        total = int(said) if said.isascii() and said.isdigit() else None
        ended = count < _LIMIT if total is None else start >= total
        expect(count, start, total or 0)
        after = (
            {"since": int(version) if version.isascii() and version.isdigit() else since}
            if ended
            else {"since": since, "start": start, "version": version}
        )
        kept = answer.body if count else b""
        yield Step(kept, orjson.dumps(after).decode(), answer.at, part, total or 0)
        if ended:
            return
    raise SourceError("the library changes quicker than it can be read; tried later")


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    body = page(whole(stream))
    items = body if isinstance(body, list) else [body]
    kept = [item for item in items if not isinstance(item, dict) or _kind(item) in _PAPERS or not _kind(item)]
    from io import BytesIO

    yield from records(BytesIO(orjson.dumps({"items": kept})), _said, ("items",), source=source, at=at, skip=skip)


def _kind(item: Mapping[str, Any]) -> str:
    return text(item, "data", "itemType") or text(item, "itemType")


def _said(item: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = value_at(item, "data")
    data: Mapping[str, Any] = inner if isinstance(inner, dict) else item
    if not _kind(item):
        raise WrongRecord("no item type")
    extra = {name.lower(): value.strip() for name, value in _EXTRA.findall(text(data, "extra"))}
    number = extra.get("arxiv", "").partition(" ")[0]  # "2101.00001 [cs]" is how Zotero itself writes it
    told = [text(data, "archiveID"), text(data, "url"), f"arxiv:{number}"]
    named = [f"{scheme}:{extra[scheme]}" for scheme in ("pmid", "pmcid", "acl", "openreview") if scheme in extra]
    known = [found for one in (*told, *named) if one and (found := ids.parse(one)) and not found.startswith("url:")]
    venue = next((text(data, key) for key in _VENUES if text(data, key)), "")
    return {
        "title": plain(text(data, "title")),
        "abstract": text(data, "abstractNote"),
        "authors": [name for one in objects(data, "creators") if (name := _name(one))],
        "date": iso_date(_UNKNOWN.sub("", text(data, "date"))),
        "venue": venue,
        "doi": text(data, "DOI") or extra.get("doi", ""),
        "ids": known,
        "page": text(data, "url"),
        "keywords": [text(tag, "tag") for tag in objects(data, "tags")],
        "licence": text(data, "rights"),
        "extra": {
            "type": _kind(item),
            "tldr": extra.get("tldr", ""),
            "volume": text(data, "volume"),
            "pages": text(data, "pages"),
            "publisher": text(data, "publisher"),
        },
    }


_VENUES = (
    "publicationTitle",
    "proceedingsTitle",
    "conferenceName",
    "bookTitle",
    "university",
    "institution",
    "repository",
)


def _name(creator: Mapping[str, Any]) -> str:
    if text(creator, "creatorType") not in ("author", "", "presenter", "programmer", "artist"):
        return ""
    return text(creator, "name") or " ".join(filter(None, (text(creator, "firstName"), text(creator, "lastName"))))
