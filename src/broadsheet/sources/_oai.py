"""OAI-PMH 2.0 (openarchives.org), as its harvesters have had to learn it.

Resumption tokens expire, so a long harvest is cut into windows of datestamps, and a token that is refused costs one
window, not the harvest. "No records" is an error element with HTTP 200 and means nothing new. An empty page in the
middle is not the end; only the missing token is. A page that breaks off is asked for again. The next harvest begins a
day before this one was answered: an overlap costs little, a gap costs papers.
"""

import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import orjson

from broadsheet.errors import SourceError
from broadsheet.fetch import Answer, Client
from broadsheet.paper import Gone, Origin
from broadsheet.sources import Step
from broadsheet.sources._xml import Node, elements

_PARTS = frozenset({"record", "error", "resumptionToken", "responseDate", "request"})
_END = re.compile(rb"</(?:\w+:)?OAI-PMH>\s*$")
_RECORD = re.compile(rb"<(?:\w+:)?record[\s>].*?</(?:\w+:)?record>", re.DOTALL)
TRIES = 4  # of a page that breaks off, of a window whose tokens are refused
EMPTY = 100  # pages in a row without a record: then something is wrong
TOKEN_AGE = timedelta(hours=20)  # arXiv's live a day
OVERLAP = timedelta(days=1)
_EARLIEST = 1991  # a clock that says less has never been set


class Place(NamedTuple):
    """Where a harvest is.

    from_, until  the window of datestamps; an empty *until* is an open end
    token         where to go on inside it, and when it was *given* (ISO 8601)
    stand         the day of the first answer to the open window: the next harvest begins before it
    """

    from_: str = ""
    until: str = ""
    token: str = ""
    given: str = ""
    stand: str = ""
    page: int = 0

    def text(self) -> str:
        return orjson.dumps(self._asdict()).decode()

    def again(self) -> "Place":
        """The window from its start."""
        return self._replace(token="", given="", page=0)


class Page(NamedTuple):
    """One answer: how many records, the token for the next, when it was made, an error's code and words."""

    records: int
    token: str
    at: str
    total: int
    code: str
    said: str


def place_of(cursor: str) -> Place:
    try:
        return Place(**orjson.loads(cursor)) if cursor else Place()
    except (orjson.JSONDecodeError, TypeError):
        return Place()


def harvest(
    client: Client, base: str, asked: Mapping[str, str], cursor: str, now: datetime, *, since: str, window: int
) -> Iterator[Step]:
    """Every answer from the place *cursor* on to the end, each with the cursor after it.

    asked   ``metadataPrefix`` and, if wanted, ``set``
    since   the first datestamp of a first harvest; empty for everything, in one window
    window  days that one window has
    Raises FetchError, and SourceError for what the repository says is wrong.
    """
    place = place_of(cursor)
    if not cursor:
        place = Place(from_=since)
    if not place.token:
        place = _bounded(place, now, window)
    return _Harvest(client, base, asked, now, window).run(place)


def _bounded(place: Place, now: datetime, window: int) -> Place:
    """The window's end: open when it would reach the present."""
    if not place.from_:
        return place._replace(until="")
    last = date.fromisoformat(place.from_) + timedelta(days=window - 1)
    return place._replace(until=last.isoformat() if last < now.date() - OVERLAP else "")


class _Harvest:
    def __init__(self, client: Client, base: str, asked: Mapping[str, str], now: datetime, window: int) -> None:
        self._client, self._base, self._asked, self._now, self._window = client, base, asked, now, window
        self._refused = self._empty = 0
        self._seen: dict[str, int] = {}

    def run(self, place: Place) -> Iterator[Step]:
        while True:
            if place.token and self._old(place):
                place = place.again()
            answer, page = self._ask(place)
            if page.code == "badResumptionToken" and place.token:
                place = self._restart(place)
                continue
            if page.code and page.code != "noRecordsMatch":
                raise SourceError(f"the repository says {page.code}: {page.said or 'no reason given'}")
            after, ended = self._after(place, page)
            body = answer.body if page.records else b""
            yield Step(body, after.text(), page.at, _note(place), page.total)
            place = after
            if ended:
                return

    def _ask(self, place: Place) -> tuple[Answer, Page]:
        """One page, whole."""
        params = {"verb": "ListRecords"}
        if place.token:
            params["resumptionToken"] = place.token
        else:
            params |= self._asked
            params |= {name: value for name, value in (("from", place.from_), ("until", place.until)) if value}
        for left in range(TRIES - 1, -1, -1):
            answer = self._client.get(self._base, params=params, anew=left < TRIES - 1)
            try:
                return answer, look(answer.body, answer.at)
            except SourceError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _after(self, place: Place, page: Page) -> tuple[Place, bool]:
        """The place after a page, and whether that was the last of all."""
        stand = place.stand or ("" if place.until else page.at[:10])
        self._empty = 0 if page.records else self._empty + 1
        if page.token and self._empty < EMPTY:
            self._seen[page.token] = self._seen.get(page.token, 0) + 1
            if self._seen[page.token] > TRIES:
                raise SourceError("the repository gives the same page again and again; tried later")
            given = self._now.strftime("%Y-%m-%dT%H:%M:%SZ")  # by our clock: theirs may stand still
            return place._replace(token=page.token, given=given, stand=stand, page=place.page + 1), False
        if page.token:
            raise SourceError(f"the repository sent {EMPTY} empty pages in a row; tried later")
        self._refused = 0
        if place.until:
            following = date.fromisoformat(place.until) + timedelta(days=1)
            return _bounded(Place(from_=following.isoformat()), self._now, self._window), False
        return Place(from_=(date.fromisoformat(stand) - OVERLAP).isoformat()), True

    def _restart(self, place: Place) -> Place:
        """The window again, since its token is refused."""
        self._refused += 1
        self._seen.clear()
        if self._refused > TRIES:
            raise SourceError("the repository's resumption tokens expire before they can be used; tried later")
        return place.again()

    def _old(self, place: Place) -> bool:
        try:
            given = datetime.fromisoformat(place.given)
        except ValueError:
            return False
        return self._now - (given if given.tzinfo else given.replace(tzinfo=UTC)) > TOKEN_AGE


def _note(place: Place) -> str:
    until = place.until or "now"
    return f"{place.from_ or 'the beginning'} to {until}, page {place.page + 1}"


def look(body: bytes, at: str) -> Page:
    """What a page says of itself. Raises SourceError when it is not whole, or no OAI-PMH at all."""
    count, token, total, code, said, known = 0, "", 0, "", "", False
    try:
        for node in elements(io.BytesIO(body), _PARTS):
            known = known or node.tag in ("request", "responseDate")
            if node.tag == "record":
                count += 1
            elif node.tag == "error":
                code, said = node.attrs.get("code", "error"), node.text()
            elif node.tag == "resumptionToken":
                token = node.text()
                total = (
                    int(size) if (size := node.attrs.get("completeListSize", "")).isascii() and size.isdigit() else 0
                )
            elif node.tag == "responseDate":
                at = min(stamp(node.text()) or at, at)  # the earlier: from a clock that runs ahead a gap would grow
    except SourceError:
        if not _END.search(body[-200:]):
            raise
        return _salvaged(body, at)  # whole, and yet wrong: this is how it is, and asking again will not change it
    if not known:
        raise SourceError("this is no answer of an OAI-PMH repository; is the address its base URL?")
    return Page(count, token, at, total, code, said)


def _salvaged(body: bytes, at: str) -> Page:
    found = re.search(rb"<(?:\w+:)?resumptionToken[^>]*>([^<]*)</", body)
    token = found[1].decode(errors="replace").strip() if found else ""
    return Page(len(_RECORD.findall(body)), token, at, 0, "", "")


def stamp(text: str) -> str:
    """A UTC timestamp of the protocol, or an empty string."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= _EARLIEST else ""


def records(data: bytes) -> Iterator[Node | bytes]:
    """Each record of an answer; the bytes of one that is not well-formed in an answer that is otherwise whole.

    Raises SourceError when the answer breaks off.
    """
    count = 0
    try:
        for node in elements(io.BytesIO(data), frozenset({"record"})):
            count += 1
            yield node
    except SourceError:
        if not _END.search(data[-200:]):
            raise
        for piece in _RECORD.findall(data)[count:]:
            yield from _alone(piece, data)


def _alone(piece: bytes, data: bytes) -> Iterator[Node | bytes]:
    """One record cut out of its answer, with the namespaces that were declared above it."""
    spaces = b" ".join(dict.fromkeys(re.findall(rb"xmlns:\w+=\"[^\"]*\"", data[:4_000])))
    try:
        yield from elements(io.BytesIO(b"<x " + spaces + b">" + piece + b"</x>"), frozenset({"record"}))
    except SourceError:
        yield piece


def gone(node: Node, identifier: str, source: str, at: str) -> Gone | None:
    """The word that a record has been deleted, if that is what it says."""
    header = node.find("header")
    if header is None or header.attrs.get("status") != "deleted" or not identifier:
        return None
    when = header.text("datestamp")
    return Gone(identifier, "deleted", f"deleted from {source} on {when[:10]}", Origin(source, at))
