"""Papers as a feed: Atom (RFC 4287), RSS 2.0 (rssboard.org), JSON Feed 1.1 (jsonfeed.org). Pure.

Each item tells all ids of its paper, its venue and its own page in terms that `sources.feed` reads: whoever follows the
feed with another Broadsheet gets the same papers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode
from xml.sax import saxutils

from broadsheet.paper import Paper
from broadsheet.query import Query
from broadsheet.web import urls
from broadsheet.web.http import dumps

NEWEST = 50  # papers in a feed, when its address does not say
GENERATOR = "Broadsheet"
VERSION = "https://jsonfeed.org/version/1.1"
_ATOM = "http://www.w3.org/2005/Atom"
_SPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # by XML 1.0, even as references
_NEVER = datetime.fromtimestamp(0, UTC)  # of a paper about which nobody has said when


class Feed(NamedTuple):
    """What a feed says. All addresses are absolute.

    home  the page that shows the same
    own   the feed itself, and its id
    root  what stands before a paper's path: ``https://papers.example.org``
    notes the key of a paper -> why it is on the list, where somebody said so
    """

    title: str
    home: str
    own: str
    root: str
    papers: Sequence[Paper]
    notes: Mapping[str, str] = MappingProxyType({})

    def told(self, paper: Paper) -> tuple[str, ...]:
        """The note of *paper* and its abstract, as paragraphs; none where nobody has said why it is here.

        It is content beside the summary, so that who takes papers from the feed takes no note for an abstract.
        """
        note = self.notes.get(paper.key, "")
        return tuple(part for part in (note, paper.abstract) if part) if note else ()

    def link(self, paper: Paper) -> str:
        """Where this library shows *paper*; its id in the feed."""
        return self.root + urls.paper(paper.key)


def address(query: Query, suffix: str) -> str:
    """The path of the feed of *query*: the newest first unless it is sorted otherwise, from the first on."""
    usual = replace(query, sort="relevance", limit=urls.LIMIT, offset=0, upto=0)
    pairs = urls.parameters(usual)
    if query.sort != "new":
        pairs.append(("sort", query.sort))
    if query.limit != NEWEST:
        pairs.append(("limit", str(query.limit)))
    return f"/search{suffix}?{urlencode(pairs, safe='.:/,')}" if pairs else f"/search{suffix}"


def newest(query: Query) -> Query:
    """The question that a feed of *query* asks."""
    return replace(query, sort="new", limit=NEWEST, offset=0, upto=0)


def atom(feed: Feed) -> bytes:
    return _document("feed", _atom(feed), xmlns=_ATOM)


def _atom(feed: Feed) -> Iterator[str]:
    yield _element("id", feed.own)
    yield _element("title", feed.title)
    yield _element("updated", _instant(_last(feed)))
    yield _element("author", _element("name", GENERATOR), marked=True)  # an entry may have none
    yield _element("generator", GENERATOR)
    yield _element("link", rel="self", type="application/atom+xml", href=feed.own)
    yield _element("link", rel="alternate", type="text/html", href=feed.home)
    for paper in feed.papers:
        yield _element("entry", "\n".join(_entry(feed, paper)), marked=True)


def _entry(feed: Feed, paper: Paper) -> Iterator[str]:
    yield _element("id", feed.link(paper))
    yield _element("title", paper.title)
    yield _element("updated", _instant(_told(paper)))
    if day := _day(paper):
        yield _element("published", _instant(day))
    yield from (_element("author", _element("name", name), marked=True) for name in paper.authors)
    yield _element("link", rel="alternate", type="text/html", href=feed.link(paper))
    if page := paper.link("page"):
        yield _element("link", rel="via", href=page)
    yield from (_element("category", term=term) for term in (*paper.categories, *paper.keywords))
    yield from _facts(paper)
    if paper.abstract:
        yield _element("summary", paper.abstract)
    if told := feed.told(paper):
        yield _element("content", "\n\n".join(told), type="text")


def rss(feed: Feed) -> bytes:
    channel = _element("channel", "\n".join(_channel(feed)), marked=True)
    return _document("rss", [channel], version="2.0", **{"xmlns:atom": _ATOM})


def _channel(feed: Feed) -> Iterator[str]:
    yield _element("title", feed.title)
    yield _element("link", feed.home)
    yield _element("description", feed.title)
    yield _element("generator", GENERATOR)
    yield _element("lastBuildDate", format_datetime(_last(feed), usegmt=True))
    yield _element("atom:link", rel="self", type="application/rss+xml", href=feed.own)
    for paper in feed.papers:
        yield _element("item", "\n".join(_item(feed, paper)), marked=True)


def _item(feed: Feed, paper: Paper) -> Iterator[str]:
    yield _element("title", paper.title)
    yield _element("link", feed.link(paper))
    yield _element("guid", feed.link(paper), isPermaLink="true")
    if day := _day(paper):
        yield _element("pubDate", format_datetime(day, usegmt=True))
    yield from (_element("dc:creator", name) for name in paper.authors)
    if page := paper.link("page"):
        yield _element("atom:link", rel="via", href=page)
    yield from (_element("category", term) for term in (*paper.categories, *paper.keywords))
    yield from _facts(paper)
    if paper.abstract:
        yield _element("description", escape(paper.abstract, quote=False))  # readers take it for HTML
    if told := feed.told(paper):
        yield _element("content:encoded", "".join(f"<p>{escape(part, quote=False)}</p>" for part in told))


def _facts(paper: Paper) -> Iterator[str]:
    """What neither format has a word for; journals' own feeds say it so."""
    yield from (_element("dc:identifier", identifier) for identifier in paper.ids)
    if paper.venue:
        yield _element("prism:publicationName", paper.venue)
    if when := paper.date or str(paper.year or ""):
        yield _element("prism:publicationDate", when)


def json(feed: Feed) -> bytes:
    return dumps(
        {
            "version": VERSION, "title": feed.title, "home_page_url": feed.home, "feed_url": feed.own,
            "items": [_object(feed, paper) for paper in feed.papers],
        }
    )  # fmt: skip


def _object(feed: Feed, paper: Paper) -> dict[str, Any]:
    day = _day(paper)
    said = {
        "id": feed.link(paper), "url": feed.link(paper), "external_url": paper.link("page"), "title": paper.title,
        "authors": [{"name": name} for name in paper.authors],
        "tags": [*paper.categories, *paper.keywords],
        "date_published": _instant(day) if day else "", "date_modified": _instant(_told(paper)),
        "_broadsheet": {
            "about": feed.root + "/about", "ids": list(paper.ids), "venue": paper.venue,
            "date": paper.date or str(paper.year or ""),
        },
    }  # fmt: skip
    told = feed.told(paper)
    said |= {"summary": paper.abstract} if told else {}
    body = "\n\n".join(told) or paper.abstract
    return {name: value for name, value in said.items() if value} | {"content_text": body}


class Kind(NamedTuple):
    """A format: what readers call it, its media type, what writes it."""

    name: str
    media: str
    write: Callable[[Feed], bytes]


KINDS: Mapping[str, Kind] = {
    ".atom": Kind("Atom", "application/atom+xml; charset=utf-8", atom),
    ".rss": Kind("RSS", "application/rss+xml; charset=utf-8", rss),
    ".json": Kind("JSON", "application/feed+json", json),
}


def _document(root: str, inside: Iterator[str] | list[str], **attributes: str) -> bytes:
    spaces = {f"xmlns:{prefix}": space for prefix, space in _SPACES.items()}
    body = _element(root, "\n".join(inside), marked=True, **attributes, **spaces)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()


def _element(name: str, text: str = "", /, *, marked: bool = False, **attributes: str) -> str:
    """One element; *text* is text, or elements already when *marked*."""
    inside = text if marked else saxutils.escape(printable(text))
    given = "".join(f" {key}={saxutils.quoteattr(printable(value))}" for key, value in attributes.items())
    return f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"


def printable(text: str) -> str:
    """*text* without what XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def _told(paper: Paper) -> datetime:
    """When a source last said something about the paper."""
    said = max((origin.at for _, origin in paper.provenance), default="")
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return _day(paper) or _NEVER
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _last(feed: Feed) -> datetime:
    return max(map(_told, feed.papers), default=_NEVER)


def _day(paper: Paper) -> datetime | None:
    """The day on which the paper was first public; None where it is not known to the day."""
    try:
        day = datetime.fromisoformat(paper.date)
    except ValueError:  # a month or a year alone
        return None
    return day.replace(tzinfo=UTC)


def _instant(at: datetime) -> str:
    """As RFC 3339 has it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
