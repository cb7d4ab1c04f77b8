"""dblp (dblp.org): computer-science bibliography, by its search API or its XML dump. It has no abstracts, but the best
venues and names: what it says completes what others bring."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord, to_paper
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import counted, expect, listed, objects, page, text
from broadsheet.sources._json import record as one_record
from broadsheet.sources._lines import MAX_RAW, utf8
from broadsheet.sources._markup import plain
from broadsheet.sources._xml import Node, elements, root

ABOUT = Card("dblp", "computer-science papers of venues, authors or a search", "https://dblp.org")
OPTIONS = (
    Setting("queries", tuple, (), "", "Searches in its language: streamid:conf/sigir: year:2026, author:Ada_Example:."),
    Setting("base", str, "https://dblp.org", "", "The address of the service; another one for a mirror."),
)
FREE = ("queries",)
SUFFIXES = (".xml", ".json")
EVERY = timedelta(days=1)
_ROWS = 500
_MOST = 10_000  # hits that one search gives
_KINDS = frozenset("article inproceedings incollection book phdthesis mastersthesis proceedings".split())


def sniff(head: bytes, name: str) -> float:
    tag, _ = root(head)
    if tag == "dblp" or (tag in _KINDS and b"mdate=" in head):
        return 0.97
    return 0.97 if b'"hits"' in head and b"dblp" in head and b'"info"' in head else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if not options["queries"]:
        raise Mistake("queries: none given; a search such as streamid:conf/sigir:")
    return tuple(options["queries"])


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    start = int(cursor) if cursor.isdigit() else 0
    while True:
        asked = {"q": part, "format": "json", "h": str(_ROWS), "f": str(start)}
        answer = client.get(f"{options['base']}/search/publ/api", params=asked)
        hits = value_at(page(answer.body), "result", "hits")
        total = counted(hits, "@total")
        count = len(listed(hits, "hit")) if total > start else 0
        start += count
        expect(count, start, min(total, _MOST))
        if total > _MOST:
            raise SourceError(f"{part!r} finds {total:,} papers, of which dblp gives out {_MOST:,}; add a year to it")
        ended = not count or start >= min(total, _MOST)
        kept = answer.body if count else b""
        yield Step(kept, "0" if ended else str(start), answer.at, part, total)
        if ended:
            return


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    """The XML dump (its named characters are HTML's), or an answer of the search API."""
    reader = utf8(stream)
    if reader.peek(64).lstrip()[:1] == b"{":
        yield from _answer(page(reader.read()), source, at, skip)
        return
    for number, node in enumerate(elements(reader, _KINDS - {"proceedings"}), 1):
        if number > skip:
            try:
                yield to_paper(_of_xml(node.whole()), source=source, at=at)
            except WrongRecord as wrong:
                yield Fault(f"record {number} {node.attrs.get('key', '')}", str(wrong), node.raw(MAX_RAW))


def _answer(body: Any, source: str, at: str, skip: int) -> Iterator[Record]:
    for number, hit in enumerate(objects(body, "result", "hits", "hit"), 1):
        if number > skip:
            yield one_record(value_at(hit, "info"), _of_json, f"record {number}", source=source, at=at)


def _of_xml(node: Node) -> Mapping[str, Any]:
    addresses = [link.text() for link in node.all("ee")]
    return _said(
        node.attrs.get("key", ""), node.text("title"), [author.text() for author in node.all("author")],
        node.text("year"), node.text("journal") or node.text("booktitle"), addresses, node.tag, node.text("pages"),
    )  # fmt: skip


def _of_json(info: Mapping[str, Any]) -> Mapping[str, Any]:
    told = value_at(info, "authors", "author")
    people = [text(one, "text") for one in (told if isinstance(told, list) else [told])]
    links = value_at(info, "ee")
    addresses = [one for one in (links if isinstance(links, list) else [links]) if isinstance(one, str)]
    doi = text(info, "doi")
    return _said(
        text(info, "key"), plain(text(info, "title")), people, text(info, "year"), text(info, "venue"),
        [*([f"https://doi.org/{doi}"] if doi else []), *addresses], text(info, "type"), text(info, "pages"),
    )  # fmt: skip


def _said(
    key: str, title: str, people: list[str], year: str, venue: str, addresses: list[str], kind: str, pages: str
) -> Mapping[str, Any]:
    doi = next((one for one in addresses if "doi.org/" in one), "")
    return {
        "title": title.rstrip("."),
        # A number tells people of one name apart: "Wei Wang 0001".
        "authors": [re.sub(r"\s+\d{4}$", "", name) for name in people if name],
        "year": year, "venue": venue, "dblp": key, "doi": doi, "page": next(iter(addresses), ""),
        "extra": {"type": kind, "pages": pages},
    }  # fmt: skip
