"""The ACL Anthology (aclanthology.org): papers of computational linguistics, from the XML that it is made of.

Titles and abstracts are mixed content; the first and last of a volume is front matter; a date is a month and a year, so
the day of a volume's ingestion is better. There is no arXiv id inside: merging by title and authors finds the preprint.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet.errors import SourceError
from broadsheet.fetch import Client
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._fields import WrongRecord, to_paper
from broadsheet.sources._json import listed, page, text
from broadsheet.sources._lines import MAX_RAW
from broadsheet.sources._xml import Node, elements, root

_REPOSITORY = "acl-org/acl-anthology"
ABOUT = Card("ACL Anthology", "papers of computational linguistics", "https://aclanthology.org")
OPTIONS = (
    Setting("venues", tuple, (), "", "Venues such as acl, emnlp, findings; all of them when empty."),
    Setting("since", int, 2025, "", "The first year.", low=1950, high=2100),
    Setting(
        "list", str, f"https://api.github.com/repos/{_REPOSITORY}/git/trees/master:data/xml", "", "The list of files."
    ),
    Setting("base", str, f"https://raw.githubusercontent.com/{_REPOSITORY}/master/data/xml", "", "The files."),
)
FREE = ("list",)
SUFFIXES = (".xml",)
EVERY = timedelta(days=1)
_WANTED, _OPENS = frozenset({"meta", "paper"}), frozenset({"collection", "volume"})
_FILE = re.compile(r"(\d{4})\.([a-z0-9_]+)\.xml|([A-Z])(\d{2})\.xml")


def sniff(head: bytes, name: str) -> float:
    tag, more = root(head)
    return 0.97 if tag == "collection" and "id=" in more and b"<volume" in head else 0.9 if tag == "volume" else 0.0


def parts(options: Options) -> tuple[str, ...]:
    return ("",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked once a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """The files that have changed, told by their hashes; the cursor is a map of those that have been read."""
    done: dict[str, str] = orjson.loads(cursor) if cursor else {}
    answer = client.get(options["list"])
    files = [(text(one, "path"), text(one, "sha")[:12]) for one in listed(page(answer.body), "tree")]
    if not files:
        raise SourceError("the list of files is empty; tried later")
    left = [(path, sha) for path, sha in files if _wanted(path, options) and done.get(path) != sha]
    for place, (path, sha) in enumerate(left, 1):
        answer = client.get(f"{options['base']}/{path}", cap=256 << 20)
        done = done | {path: sha}
        yield Step(answer.body, orjson.dumps(done).decode(), answer.at, f"{path}, {place} of {len(left)} files")
    if not left:
        yield Step(b"", orjson.dumps(done).decode(), answer.at, "no file has changed")


def _wanted(path: str, options: Options) -> bool:
    match = _FILE.fullmatch(path)
    if not match:
        return False
    year = int(match[1]) if match[1] else 1900 + int(match[4]) + (100 if int(match[4]) < 50 else 0)
    return year >= options["since"] and (not options["venues"] or (match[2] or "") in options["venues"])


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    """The papers of every volume; a volume's own facts stand before its papers, so nothing has to be kept."""
    volume = _Volume()
    number = 0
    for node in elements(stream, _WANTED, opens=_OPENS):
        if node.tag == "meta":
            volume = _Volume(node, volume.collection, volume.id, volume.ingested)
        elif node.tag == "#collection":
            volume = _Volume(None, node.attrs.get("id", ""))
        elif node.tag == "#volume":
            volume = _Volume(None, volume.collection, node.attrs.get("id", ""), node.attrs.get("ingest-date", ""))
        else:
            number += 1
            if number > skip:
                yield _record(node, volume, number, source, at)


class _Volume:
    """What the papers of one volume share."""

    def __init__(self, meta: Node | None = None, collection: str = "", name: str = "", ingested: str = "") -> None:
        self.collection, self.id, self.ingested = collection, name, ingested
        self.title = meta.text("booktitle") if meta is not None else ""
        self.venue = meta.text("venue") if meta is not None else ""
        self.year = meta.text("year") if meta is not None else ""
        self.month = meta.text("month") if meta is not None else ""


def _record(paper: Node, volume: _Volume, number: int, source: str, at: str) -> Record:
    name = _name(paper, volume)
    try:
        return to_paper(_said(paper.whole(), volume, name), source=source, at=at)
    except WrongRecord as wrong:
        return Fault(f"record {number} {name}".strip(), str(wrong), paper.raw(MAX_RAW))


def _name(paper: Node, volume: _Volume) -> str:
    """``2024.acl-long.3``, ``P19-1003``: the address says it, or collection, volume and number do."""
    told = paper.text("url").rpartition("/")[2].removesuffix(".pdf")
    if re.fullmatch(r"[A-Z]\d{2}-\d{4,5}|\d{4}\.\w+-\w+\.\d+", told):
        return told
    number = paper.attrs.get("id", "")
    if not (volume.collection and volume.id and number.isascii() and number.isdigit()):
        return ""
    if volume.collection[:1].isalpha():
        return f"{volume.collection}-{volume.id}{int(number):0{3 if len(volume.id) == 1 else 2}d}"
    return f"{volume.collection}-{volume.id}.{number}"


def _said(paper: Node, volume: _Volume, name: str) -> Mapping[str, Any]:
    revisions = list(paper.all("revision"))
    gone = {tag: node for tag in ("retracted", "removed") if (node := paper.find(tag)) is not None}
    last = revisions[-1].attrs.get("id", "") if revisions else ""
    ingested = paper.attrs.get("ingest-date") or volume.ingested
    page = f"https://aclanthology.org/{name}" if name else ""
    return {
        "title": paper.text("title"),
        "abstract": paper.text("abstract"),
        "acl": name,
        "doi": paper.text("doi"),
        "authors": [author for one in paper.all("author") if (author := _author(one))],
        "date": _date(ingested, volume),
        "year": volume.year,
        "venue": volume.venue or volume.title,
        "page": page,
        "pdf": f"{page}.pdf" if page else "",
        "version": int(last) if last.isascii() and last.isdigit() and len(last) < 4 else None,
        "licence": "https://creativecommons.org/licenses/by/4.0/" if volume.year >= "2016" else "",
        "video": next(
            (v.attrs.get("href", "") for v in paper.all("video") if v.attrs.get("href", "")[:4] == "http"), ""
        ),
        "extra": {
            "book": volume.title,
            "pages": paper.text("pages"),
            "language": paper.text("language"),
            "award": "; ".join(node.text() for node in paper.all("award")),
            "bibkey": paper.text("bibkey"),
            "affiliations": "; ".join(
                dict.fromkeys(filter(None, (a.text("affiliation") for a in paper.all("author"))))
            ),
            "retracted": "; ".join(
                f"{tag} {node.attrs.get('date', '')}: {node.text()}".strip(": ") for tag, node in gone.items()
            ),
        },
    }


def _date(ingested: str, volume: _Volume) -> str:
    """The day of ingestion, which is exact; but old proceedings are ingested long after they appeared."""
    told = f"{volume.month} {volume.year}".strip()
    near = volume.year.isascii() and volume.year.isdigit() and ingested[:4] in (volume.year, str(int(volume.year) + 1))
    return ingested if ingested and (near or not volume.year) else told


def _author(author: Node) -> str:
    return " ".join(filter(None, (author.text("first"), author.text("last")))) or author.text()
