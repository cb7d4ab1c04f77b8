"""Any RSS, Atom or JSON feed: a journal's table of contents, a blog, a search that somebody else runs.

Feeds are as their makers left them: references that do not exist, bare ampersands, dates in every style, guids that
repeat. What names an item is, in this order, a paper's own id in it (DOI, arXiv), its guid, its address, its title.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any, BinaryIO
from urllib.parse import urljoin

import orjson

from broadsheet import ids
from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Answer, Client
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord, iso_date, natural_name, to_paper
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import objects, text, texts
from broadsheet.sources._lines import MAX_RAW, whole
from broadsheet.sources._markup import abstract, plain
from broadsheet.sources._xml import Node, elements, root

ABOUT = Card("feeds", "the items of an RSS, Atom or JSON feed", "https://www.rssboard.org/rss-specification")
OPTIONS = (
    Setting("url", str, "", "", "The feed's address."),
    Setting("every", int, 60, "", "Minutes between two looks; the feed may ask for more.", low=5, high=100_000),
)
FREE = ("every",)
SUFFIXES = (".rss", ".atom", ".xml", ".rdf", ".json")
ANY = True  # a protocol that many speak: the papers' provenance is the name that it is followed under
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>&?#]+[^\s\"'<>&?#.,;)\]]")
_LINK = re.compile(rb"<link\b[^>]*>", re.IGNORECASE)
_FEED_TYPE = re.compile(rb"application/(?:rss|atom|feed)\+(?:xml|json)", re.IGNORECASE)
_OWN = re.compile(rb"<generator[^>]{0,200}>Broadsheet</generator>")
_HREF = re.compile(rb"href\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_PATIENCE = timedelta(days=7)  # with which a feed is left alone at most
MAX_ITEMS = 20_000
MAX_IDS = 20  # of one item
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def sniff(head: bytes, name: str) -> float:
    if head.lstrip()[:1] == b"{":
        return 0.97 if b"jsonfeed.org/version" in head else 0.0
    tag, _ = root(head)
    return 0.85 if tag in ("rss", "feed", "RDF") else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if not re.match(r"https?://[^/]", options["url"]):
        raise Mistake(f"url: {options['url']!r} is not the address of a feed; it begins with https://")
    return ("",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    wait = timedelta(minutes=options["every"])
    return Due(now if last is None else last + wait, f"it is looked at every {options['every']} minutes")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """The feed, if it has changed and its makers do not ask to be left alone longer (ttl, skipDays)."""
    place = orjson.loads(cursor) if cursor else {}
    if place.get("until", "") > now.isoformat():
        yield Step(b"", cursor, now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "the feed asks for patience")
        return
    answer = client.get(options["url"])
    if better := _feed_of_page(answer.body, answer.url):
        answer = client.get(better)
    # Not `answer.unchanged`: the cache may know a body whose records a kill has kept from us.
    seen = blake2b(answer.body, digest_size=16).hexdigest()
    after = orjson.dumps({"until": _rest(answer, now).isoformat(), "seen": seen}).decode()
    yield Step(b"" if seen == place.get("seen") else answer.body, after, answer.at, "the feed")


def _feed_of_page(body: bytes, address: str) -> str:
    """The address of the feed that a web page names; empty when *body* is no web page. Raises SourceError."""
    start = body[:2_000].lstrip().lower()
    if not (start.startswith((b"<!doctype html", b"<html")) or b"<head" in start):
        return ""
    for link in _LINK.findall(body):
        if _FEED_TYPE.search(link) and (href := _HREF.search(link)):
            return str(urljoin(address, href[1].decode(errors="replace")))
    raise SourceError("this address is a web page that names no feed; give the feed's own address")


def _rest(answer: Answer, now: datetime) -> datetime:
    """Until when a feed wants to be left alone: its max-age, its ttl in minutes, the days and hours (GMT) it skips."""
    head = answer.body[:8_192]
    ages = re.findall(r"max-age=(\d{1,7})", answer.headers.get("cache-control", ""))
    ttl = re.findall(rb"<ttl>\s*(\d{1,5})\s*</ttl>", head)
    asked = [timedelta(seconds=int(age)) for age in ages] + [timedelta(minutes=int(minutes)) for minutes in ttl]
    until = now.astimezone(UTC) + min(max(asked, default=timedelta()), _PATIENCE)
    days = {day.decode().capitalize() for day in _skipped(head, b"Days")} & set(_DAYS)
    hours = {int(hour) % 24 for hour in _skipped(head, b"Hours") if hour.isdigit()}
    for _ in range(24 * len(_DAYS)):
        if _DAYS[until.weekday()] not in days and until.hour not in hours:
            return until
        until = (until + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return now.astimezone(UTC)  # it skips every hour there is: a joke, or a slip


def _skipped(head: bytes, what: bytes) -> list[bytes]:
    """The days or hours inside ``skipDays`` or ``skipHours``."""
    inside = re.search(rb"<skip" + what + rb">(.*?)</skip" + what + rb">", head, re.DOTALL)
    return re.findall(rb">\s*(\w{1,9})\s*</(?:day|hour)>", inside[1]) if inside else []


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    data = whole(stream)
    found = list(_json_items(data)) if data.lstrip()[:1] == b"{" else _xml_items(data)
    repeated = {
        guid
        for guid, count in Counter(said["guid"] for _, said in found if isinstance(said, dict)).items()
        if count > 1
    }
    for number, (raw, said) in enumerate(found, 1):
        if number <= skip:
            continue
        try:
            yield to_paper(_named(said, repeated), source=source, at=at)
        except WrongRecord as wrong:
            yield Fault(f"record {number}", str(wrong), raw)


def _named(said: Mapping[str, Any], repeated: set[str]) -> Mapping[str, Any]:
    """The item with the ids that name it; a guid that several items have names none."""
    guid, page = said["guid"], said["page"]
    told = ((one, ids.parse(one)) for one in (guid, page, *said["told"]))
    # An address is a place to read it; only where it is called an id (url:https://...) it is one, too.
    known = [found for one, found in told if found and (found == one or not found.startswith("url:"))]
    if not known and (match := _DOI.search(f"{page} {said['text']}")):
        known = [f"doi:{doi}" for doi in [ids.doi(match[0])] if doi]
    if not known and not page and ":" in guid and guid not in repeated:  # "17" is a name in one feed only
        known = [ids.parse(guid) or f"id:{guid[:200]}"]
    return {key: value for key, value in said.items() if key not in ("guid", "told", "text")} | {"ids": known[:MAX_IDS]}


def _xml_items(data: bytes) -> list[tuple[bytes, dict[str, Any]]]:
    """The items of RSS or Atom; the second try mends bare ampersands. Raises SourceError when there is not one item."""
    found, _ = _read_items(data, repair=False)
    if found is None:
        found, error = _read_items(data, repair=True)
        if found is None and error:
            raise error
    return found or []


def _read_items(data: bytes, *, repair: bool) -> tuple[list[tuple[bytes, dict[str, Any]]] | None, SourceError | None]:
    """The items, at most MAX_ITEMS; none at all, with the reason, when the first try breaks off or the second has none.

    An item becomes what it says at once: its nodes take a hundred times its bytes.
    """
    base = re.search(rb"xml:base\s*=\s*[\"']([^\"']+)", data[:4_000])
    own = bool(_OWN.search(data[:4_000]))
    title = ""
    found: list[tuple[bytes, dict[str, Any]]] = []
    try:
        for node in elements(io.BytesIO(data), frozenset({"item", "entry", "title"}), repair=repair):
            if node.tag == "title":
                title = title or node.text()
            elif len(found) < MAX_ITEMS:
                said = _xml_item(node, title, base[1].decode(errors="replace") if base else "", own)
                found.append((node.raw(MAX_RAW), said))
    except SourceError as error:
        return (found, error) if repair and found else (None, error)
    return found, None


def _page(item: Node, own: bool) -> str:
    """Where the item is to be read: Atom's alternate link, or RSS's only one; in a library's feed, where it has it."""
    links = list(item.all("link"))
    if own:
        return next((one.attrs.get("href", "") for one in links if one.attrs.get("rel") == "via"), "")
    atom = (one.attrs.get("href", "") for one in links if one.attrs.get("rel", "alternate") == "alternate")
    return next(filter(None, atom), "") or next((one.text() for one in links if one.text()), "")


def _xml_item(item: Node, feed: str, base: str, own: bool) -> dict[str, Any]:
    """*own*: another library's feed, whose links and guids are its pages about the papers, not the papers' own."""
    page = _page(item, own)
    body = next((text for tag in ("encoded", "content", "description", "summary") if (text := item.text(tag))), "")
    short = item.text("summary") or item.text("description") or body
    guid = item.text("guid") or item.text("id")
    if not (page or own) and re.match(r"https?://", guid):
        page = guid
    people = [one.text("name") or one.text() for one in item.all("author")] or [
        one.text() for one in item.all("creator")
    ]
    return {
        "guid": guid,
        "page": urljoin(base, page) if base else page,
        "text": plain(body)[:5_000],
        "told": [*(one.text() for one in item.all("identifier")), item.text("doi"), item.text("DOI")],
        "title": plain(item.text("title")),
        "abstract": abstract(short if len(plain(short)) > 40 else body),
        "authors": _people(people),
        "venue": item.text("publicationName"),
        "date": next((date for tag in (_DATES[:-2] if own else _DATES) if (date := _date(item.text(tag)))), ""),
        "keywords": [one.attrs.get("term") or one.text() for one in item.all("category")]
        + [s.text() for s in item.all("subject")],
        "extra": {"feed": feed, "volume": item.text("volume"), "pages": item.text("startingPage")},
    }


_DATES = ("published", "pubDate", "date", "publicationDate", "issued", "updated", "modified")


def _people(given: list[str]) -> list[str]:
    """Names; one string may hold several, and RSS wants an address before the name."""
    found: list[str] = []
    for one in given:
        name = re.sub(r"^\S+@\S+\s*\((.*)\)$", r"\1", plain(one).strip())
        parts = re.split(r"\s*;\s*|\s+and\s+|\s*,\s*(?=\S+\s)", name) if len(name) > 20 else [name]
        found += [natural_name(part) for part in parts if part and "@" not in part]
    return found


def _date(text: str) -> str:
    """A day, from RFC 822 or ISO 8601 or whatever else is understood."""
    if not text:
        return ""
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, OverflowError):
        return iso_date(text[:60])


def _json_items(data: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    try:
        feed = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"the feed is no JSON ({error})") from None
    for item in objects(feed, "items"):
        authors = objects(item, "authors") or [one for one in [value_at(item, "author")] if isinstance(one, dict)]
        body = text(item, "content_text") or plain(text(item, "content_html"))
        own = value_at(item, "_broadsheet")  # another library's: its address is that library's page about the paper
        yield (
            orjson.dumps(item)[:MAX_RAW],
            {
                "guid": text(item, "id"), "text": body[:5_000],
                "page": ("" if own else text(item, "url")) or text(item, "external_url"),
                "told": [text(item, "doi"), text(item, "_doi"), *texts(own, "ids")],
                "title": plain(text(item, "title")), "venue": text(own, "venue"), "keywords": texts(item, "tags"),
                "abstract": abstract(text(item, "summary") or body), "authors": [text(one, "name") for one in authors],
                "date": text(item, "date_published")[:10] or text(own, "date"),
                "extra": {"feed": text(feed, "title")},
            },
        )  # fmt: skip
