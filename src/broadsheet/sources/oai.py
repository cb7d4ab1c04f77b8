"""Any OAI-PMH repository (openarchives.org), in Dublin Core, which every one of them must offer."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from broadsheet import ids
from broadsheet.errors import Mistake
from broadsheet.fetch import Client
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step, _oai
from broadsheet.sources._fields import WrongRecord, iso_date, natural_name, to_paper
from broadsheet.sources._lines import MAX_RAW, whole
from broadsheet.sources._markup import abstract, plain
from broadsheet.sources._xml import Node, root

ABOUT = Card("OAI-PMH", "all records of a repository that speaks OAI-PMH", "https://www.openarchives.org/pmh/")
OPTIONS = (
    Setting("base", str, "", "", "The repository's base URL, as it says itself: https://repository.example.org/oai."),
    Setting("sets", tuple, (), "", "The sets to harvest; all of the repository when there is none."),
    Setting("since", str, "", "", "The first day of a first harvest, 2020-01-31; everything when empty."),
    Setting("window", int, 90, "", "How many days one part of a long harvest covers.", low=1, high=100_000),
)
FREE = ("sets", "window")
SUFFIXES = (".xml",)
ANY = True  # a protocol that many speak: the papers' provenance is the name that it is followed under
EVERY = timedelta(hours=20)
_BAD_IDS = re.compile(r"^(?:oai:|urn:|isbn|issn|pp?\.?\s*\d)", re.IGNORECASE)


def sniff(head: bytes, name: str) -> float:
    tag, _ = root(head)
    return 0.8 if tag == "OAI-PMH" or (tag == "record" and b"oai_dc" in head) else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if not re.match(r"https?://[^/]", options["base"]):
        raise Mistake(f"base: {options['base']!r} is not the address of a repository; it begins with https://")
    check_since(options["since"])
    return options["sets"] or ("",)


def check_since(since: str) -> None:
    try:
        right = not since or date.fromisoformat(since).isoformat() == since
    except ValueError:
        right = False
    if not right:
        raise Mistake(f"since: {since!r} is not a day; write it as 2020-01-31")


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    asked = {"metadataPrefix": "oai_dc"} | ({"set": part} if part else {})
    yield from _oai.harvest(
        client, options["base"], asked, cursor, now, since=options["since"], window=options["window"]
    )


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    for number, node in enumerate(_oai.records(whole(stream))):
        if number >= skip:
            yield _record(node, f"record {number + 1}", source, at)


def _record(node: Node | bytes, where: str, source: str, at: str) -> Record:
    if isinstance(node, bytes):
        return Fault(where, "the record is not well-formed XML", node[:MAX_RAW])
    name = node.text("header", "identifier")
    if word := _oai.gone(node, ids.parse(name) or "", source, at):
        return word
    try:
        return to_paper(_said(node.whole(), name), source=source, at=at)
    except WrongRecord as wrong:
        return Fault(f"{where} {name}".strip(), str(wrong), node.raw(MAX_RAW))


def _said(node: Node, name: str) -> Mapping[str, Any]:
    """Dublin Core in our words."""
    core = node.find("metadata") or node
    values: dict[str, list[str]] = {}
    for child in core.deep("dc"):
        for field in child:
            if text := field.text():
                values.setdefault(field.tag, []).append(text)
    dates = sorted(filter(None, map(iso_date, values.get("date", []))))
    links, known = _identifiers(values.get("identifier", []) + values.get("relation", []))
    own = ids.parse(name)
    return {
        "title": plain(next(iter(values.get("title", [])), "")),
        "abstract": abstract(max(values.get("description", [""]), key=len)),
        "authors": [natural_name(author) for author in values.get("creator", [])],
        "date": dates[0] if dates else "",
        "keywords": [
            word for text in values.get("subject", []) for word in re.split(r"\s*;\s*", text) if len(word) < 100
        ],
        "publisher": next(iter(values.get("publisher", [])), ""),
        "type": next(iter(values.get("type", [])), ""),
        "language": next(iter(values.get("language", [])), ""),
        "licence": next((right for right in values.get("rights", []) if "licen" in right.lower()), ""),
        "venue": next((text for text in values.get("source", []) if not re.match(r"https?:", text)), "")[:300],
        "ids": known + ([own] if own else []),
        "links": links,
    }


def _identifiers(texts: list[str]) -> tuple[dict[str, str], list[str]]:
    """The addresses by kind, and the ids that name the work itself."""
    links: dict[str, str] = {}
    known: list[str] = []
    for text in texts:
        found = None if _BAD_IDS.match(text) else ids.parse(text)
        if found and found.startswith(("doi:", "arxiv:", "pmid:", "pmcid:", "acl:")):
            known.append(found)
        elif re.match(r"https?://", text):
            links.setdefault("pdf" if text.lower().endswith(".pdf") else "page", text)
    return links, known[:5]
