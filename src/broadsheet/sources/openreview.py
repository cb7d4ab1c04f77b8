"""OpenReview (openreview.net): the submissions of a venue, with their decisions, by its API version 2.

Times are milliseconds since 1970, every value of a note is wrapped in an object of its own (in version 1 it was not),
and authors are hidden while a paper is under review.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from broadsheet.errors import Mistake
from broadsheet.fetch import Client
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import expect, listed, number, page, records, text, texts

ABOUT = Card("OpenReview", "the papers of conferences that review in the open", "https://openreview.net")
OPTIONS = (
    Setting("venues", tuple, (), "", "Venue ids such as ICLR.cc/2026/Conference."),
    Setting("base", str, "https://api2.openreview.net", "", "The address of the service; another one for a mirror."),
)
FREE = ("venues",)
SUFFIXES = (".json",)
EVERY = timedelta(days=1)
_LIMIT = 500


def sniff(head: bytes, name: str) -> float:
    return 0.97 if b'"notes"' in head and b'"forum"' in head and b'"content"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    wrong = [venue for venue in options["venues"] if "/" not in venue]
    if wrong or not options["venues"]:
        given = f"{', '.join(wrong)} given" if wrong else "none given"
        raise Mistake(f"venues: {given}; a venue id has slashes: ICLR.cc/2026/Conference")
    return tuple(options["venues"])


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """All of a venue's notes, since decisions change old ones; pages that are as they were are passed."""
    start = int(cursor) if cursor.isdigit() else 0
    while True:
        asked = {"content.venueid": part, "limit": str(_LIMIT), "offset": str(start), "sort": "number:asc"}
        answer = client.get(f"{options['base']}/notes", params=asked)
        body = page(answer.body)
        count, total = len(listed(body, "notes")), number(body, "count")
        start += count
        expect(count, start, total or 0)
        ended = count < _LIMIT if total is None else start >= total
        kept = answer.body if count else b""
        yield Step(kept, "0" if ended else str(start), answer.at, part, total or 0)
        if ended:
            return


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    return records(stream, _said, ("notes",), source=source, at=at, skip=skip)


def _said(note: Mapping[str, Any]) -> Mapping[str, Any]:
    content = value_at(note, "content")
    forum = text(note, "forum") or text(note, "id")
    if not forum:
        raise WrongRecord("no forum")
    venue = _value(content, "venue")
    state = _value(content, "venueid") + text(note, "invitation")
    pdf = _value(content, "pdf")
    gone = next((word for word in ("Withdrawn", "Desk_Rejected", "Rejected") if word in state), "")
    return {
        "title": _value(content, "title"),
        "abstract": _value(content, "abstract"),
        "authors": _values(content, "authors"),
        "keywords": _values(content, "keywords"),
        "openreview": forum,
        "venue": venue,
        "date": _day(number(note, "pdate") or number(note, "cdate") or number(note, "tcdate")),
        "page": f"https://openreview.net/forum?id={forum}",
        "pdf": f"https://openreview.net{pdf}" if pdf.startswith("/") else pdf,
        "code": _value(content, "code"),
        "extra": {
            "tldr": _value(content, "TLDR") or _value(content, "TL;DR"),
            "track": _value(content, "primary_area"),
            "decision": _value(content, "decision") or gone.replace("_", " ").lower(),
            "withdrawn": f"withdrawn from {venue or 'its venue'}" if gone == "Withdrawn" else "",
        },
    }


def _value(content: Any, key: str) -> str:
    """A value of version 2, ``{"value": ...}``, or of version 1."""
    return text(content, key, "value") or text(content, key)


def _values(content: Any, key: str) -> list[str]:
    return texts(content, key, "value") or texts(content, key)


def _day(milliseconds: int | None) -> str:
    if not milliseconds or not 0 < milliseconds < 10**14:
        return ""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).date().isoformat()
