"""The page of one paper, as publishers describe it for scholars' search engines: ``<meta name="citation_title">`` and
its like (Highwire Press tags), Dublin Core, or Open Graph."""

import codecs
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, BinaryIO

from broadsheet import ids
from broadsheet.paper import Fault
from broadsheet.sources import Record
from broadsheet.sources._fields import WrongRecord, natural_name, to_paper
from broadsheet.sources._lines import MAX_RAW, decode
from broadsheet.sources._markup import abstract, plain

SUFFIXES = (".html", ".htm", ".xhtml")
MOST = 4 << 20  # bytes that are looked at
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_KEPT = 20_000  # values


def sniff(head: bytes, name: str) -> float:
    start = head[:4_096].lstrip().lower()
    if not (start.startswith((b"<!doctype html", b"<html")) or b"<head" in start):
        return 0.0
    return 0.9 if b"citation_title" in head or b"DC.title" in head.replace(b"dc.", b"DC.") else 0.3


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    if skip:
        return
    data = stream.read(MOST)
    reader = _Reader()
    try:
        reader.feed(_text(data))
        yield to_paper(_said(reader), source=source, at=at)
    except (WrongRecord, AssertionError) as wrong:  # the parser's own word for mark-up that it cannot follow
        yield Fault(
            "the page", f"{wrong} (no citation_title in its head: is it the page of one paper?)", data[:MAX_RAW]
        )


def _text(data: bytes) -> str:
    """The page by its mark, by what it says of itself, as UTF-8, or as what old pages are in."""
    said = _CHARSET.search(data[:4_096])
    try:
        return data.decode(said[1].decode(), "replace") if said else decode(data.removeprefix(codecs.BOM_UTF8))
    except LookupError:
        return decode(data)


class _Reader(HTMLParser):
    """The meta tags, by name in small letters, and the canonical address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, list[str]] = {}
        self.canonical = ""
        self._count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and self._count < _KEPT:
            name = (given.get("name") or given.get("property") or "").lower()
            if name and given.get("content"):
                self.meta.setdefault(name, []).append(given["content"])
                self._count += 1
        elif tag == "link" and given.get("rel", "").lower() == "canonical":
            self.canonical = self.canonical or given.get("href", "")


def _said(reader: _Reader) -> Mapping[str, Any]:
    meta = reader.meta

    def one(*names: str) -> str:
        return next((meta[name][0] for name in names if name in meta), "")

    people = next((meta[name] for name in ("citation_author", "dc.creator", "citation_authors") if name in meta), [])
    listed = people if len(people) > 1 else [name for text in people for name in re.split(r"\s*;\s*", text)]
    page = one("citation_abstract_html_url", "citation_public_url", "og:url") or reader.canonical
    return {
        "title": plain(one("citation_title", "dc.title", "dcterms.title")),
        "abstract": abstract(
            one("citation_abstract", "dcterms.abstract", "dc.description", "og:description", "description")
        ),
        "authors": [natural_name(name) for name in listed],
        "date": one("citation_publication_date", "citation_date", "citation_online_date", "dc.date", "dcterms.issued"),
        "venue": one(
            "citation_journal_title", "citation_conference_title", "citation_inbook_title", "prism.publicationname"
        ),
        "doi": one("citation_doi", "prism.doi") or _doi(meta.get("dc.identifier", [])),
        "arxiv": one("citation_arxiv_id"),
        "pmid": one("citation_pmid"),
        "page": page,
        "pdf": one("citation_pdf_url"),
        "ids": [page] if (ids.parse(page) or "url:")[:4] != "url:" else [],
        "keywords": [word for text in meta.get("citation_keywords", []) for word in re.split(r"\s*[;,]\s*", text)],
        "extra": {
            "publisher": one("citation_publisher", "dc.publisher"),
            "language": one("citation_language", "dc.language"),
        },
    }


def _doi(found: list[str]) -> str:
    return next((text for text in found if "10." in text), "")
