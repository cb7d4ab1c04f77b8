"""PubMed, by E-utilities (ncbi.nlm.nih.gov/books/NBK25501): papers that fit a search, as they enter; its XML files too.

A search is kept on the server and read from there in pages; that memory lives some hours, so an interrupted harvest
searches again and goes on at the same place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

import orjson

from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Answer, Client
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step
from broadsheet.sources._days import days_of
from broadsheet.sources._fields import WrongRecord, to_paper
from broadsheet.sources._json import at as value_at
from broadsheet.sources._json import counted, page, text
from broadsheet.sources._lines import MAX_RAW
from broadsheet.sources._xml import Node, elements, root

ABOUT = Card("PubMed", "biomedical papers that fit a search, as they enter PubMed", "https://pubmed.ncbi.nlm.nih.gov")
OPTIONS = (
    Setting("query", str, "", "", "A search in PubMed's language: crispr[tiab] AND review[pt]."),
    Setting("key", str, "", "", "Your NCBI key, for more requests a second.", secret=True),
    Setting("since", int, 30, "", "How many days back a first load goes.", low=1, high=100_000),
    Setting("base", str, "https://eutils.ncbi.nlm.nih.gov/entrez/eutils", "", "The address of the service."),
)
LOOKUP = "pmid"
SUFFIXES = (".xml",)
EVERY = timedelta(hours=12)
OVERLAP = 2  # days
_ROWS = 200
_MOST = 9_998  # papers of one search that can be read
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def sniff(head: bytes, name: str) -> float:
    tag, _ = root(head)
    return 0.97 if tag in ("PubmedArticleSet", "PubmedArticle") else 0.0


def parts(options: Options) -> tuple[str, ...]:
    if not options["query"]:
        raise Mistake("query: none given; a search such as crispr[tiab]")
    return ("search",)


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    return Due(now if last is None else last + EVERY, "it is asked twice a day")


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    """The days since the last harvest, in as many searches as PubMed's limit needs."""
    place = days_of(cursor, now, options["since"])
    today = now.date().isoformat()
    while True:
        answer, result, count = _search(client, options, place)
        if count > _MOST:
            place |= {"until": _halfway(place, count), "start": 0}
            continue
        yield from _pages(client, options, place, result, count)
        ended = place["until"] >= today
        after = date.fromisoformat(place["until"]) + timedelta(days=-OVERLAP if ended else 1)
        yield Step(b"", orjson.dumps({"from": after.isoformat()}).decode(), answer.at, _note(place), count)
        if ended:
            return
        place = {"from": after.isoformat(), "until": today, "start": 0}


def _search(client: Client, options: Options, place: Mapping[str, Any]) -> tuple[Answer, Any, int]:
    days = {name: place[day].replace("-", "/") for name, day in (("mindate", "from"), ("maxdate", "until"))}
    asked = {"db": "pubmed", "term": options["query"], "datetype": "edat", "usehistory": "y", "retmode": "json"}
    answer = client.get(f"{options['base']}/esearch.fcgi", params=asked | days | _key(options))
    result = value_at(page(answer.body), "esearchresult")
    if said := text(result, "ERROR"):
        raise SourceError(f"PubMed says: {said}")
    return answer, result, counted(result, "count")


def _pages(client: Client, options: Options, place: Mapping[str, Any], result: Any, count: int) -> Iterator[Step]:
    kept = {"query_key": text(result, "querykey"), "WebEnv": text(result, "webenv"), "retmode": "xml"}
    for start in range(int(place["start"]), count, _ROWS):
        rows = {"db": "pubmed", "retstart": str(start), "retmax": str(_ROWS)}
        answer = client.get(f"{options['base']}/efetch.fcgi", params=rows | kept | _key(options))
        if root(answer.body[:4_096])[0] != "PubmedArticleSet":
            said = " ".join(re.sub(rb"<[^>]*>", b" ", answer.body[:2_000]).decode(errors="replace").split())
            raise SourceError(f"PubMed answered something else than papers: {said[:160]}")
        yield Step(
            answer.body, orjson.dumps({**place, "start": start + _ROWS}).decode(), answer.at, _note(place), count
        )


def _halfway(place: Mapping[str, Any], count: int) -> str:
    """An earlier last day, so that fewer papers fit."""
    first, last = date.fromisoformat(place["from"]), date.fromisoformat(place["until"])
    if first >= last:
        raise SourceError(f"{count:,} papers fit on {first}, of which PubMed gives out {_MOST:,}; narrow the query")
    return (first + (last - first) // 2).isoformat()


def _note(place: Mapping[str, Any]) -> str:
    return f"{place['from']} to {place['until']}"


def _key(options: Options) -> dict[str, str]:
    return {"api_key": options["key"]} if options["key"] else {}


def lookup(client: Client, options: Options, wanted: Sequence[str]) -> Iterator[Step]:
    """The papers with these PubMed ids (without ``pmid:``), as many answers as it takes."""
    for start in range(0, len(wanted), _ROWS):
        some = wanted[start : start + _ROWS]
        asked = {"db": "pubmed", "id": ",".join(some), "retmode": "xml"}
        answer = client.get(f"{options['base']}/efetch.fcgi", params=asked | _key(options))
        yield Step(answer.body, "", answer.at, f"{len(some)} papers")


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    for number, node in enumerate(elements(stream, frozenset({"PubmedArticle", "PubmedBookArticle"})), 1):
        if number <= skip:
            continue
        try:
            yield to_paper(_said(node.whole()), source=source, at=at)
        except WrongRecord as wrong:
            yield Fault(f"record {number} PMID {node.text('MedlineCitation', 'PMID')}", str(wrong), node.raw(MAX_RAW))


def _said(record: Node) -> Mapping[str, Any]:
    citation = record.find("MedlineCitation") or record
    article = citation.find("Article") or record
    listed = _nodes(record, "PubmedData", "ArticleIdList", tag="ArticleId")
    ids = {node.attrs.get("IdType", ""): node.text() for node in listed}
    types = [node.text() for node in _nodes(article, "PublicationTypeList", tag="PublicationType")]
    people = list(_nodes(article, "AuthorList", tag="Author"))
    places = dict.fromkeys(node.text("Affiliation") for person in people for node in person.all("AffiliationInfo"))
    return {
        "title": re.sub(r"^\[(.*)\]\.?$", r"\1", article.text("ArticleTitle")).rstrip(".")
        or article.text("VernacularTitle"),
        "abstract": _abstract(article),
        "authors": [name for person in people if (name := _name(person))],
        "venue": article.text("Journal", "Title"),
        "date": _date(article),
        "pmid": citation.text("PMID"),
        "doi": ids.get("doi", ""),
        "pmcid": ids.get("pmc", ""),
        "keywords": [node.text() for node in _nodes(citation, "KeywordList", tag="Keyword")],
        "extra": {
            "type": "; ".join(types),
            "language": article.text("Language"),
            "affiliations": "; ".join(list(filter(None, places))[:50]),
            "retracted": "retracted publication" if "Retracted Publication" in types else "",
        },
    }


def _nodes(node: Node, *path: str, tag: str) -> Iterator[Node]:
    found = node.find(*path)
    return found.all(tag) if found is not None else iter(())


def _abstract(article: Node) -> str:
    """The parts of a structured abstract with their labels."""
    told = [(node.attrs.get("Label", ""), node.text()) for node in _nodes(article, "Abstract", tag="AbstractText")]
    return " ".join(
        f"{label.capitalize()}: {said}" if label and label != "UNLABELLED" else said for label, said in told
    )


def _name(author: Node) -> str:
    given = author.text("ForeName") or author.text("Initials")
    parts = (given, author.text("LastName"), author.text("Suffix"))
    return author.text("CollectiveName") or " ".join(filter(None, parts))


def _date(article: Node) -> str:
    """The day on line if it is told, else the issue's date, which may be words: ``2023 Nov-Dec``."""
    for node in (article.find("ArticleDate"), article.find("Journal", "JournalIssue", "PubDate")):
        if node is not None:
            year = node.text("Year") or node.text("MedlineDate")[:4]
            month = node.text("Month").lower()[:3]
            number = str(_MONTHS.index(month) + 1) if month in _MONTHS else month
            day = node.text("Day")
            parts = [year, number.zfill(2) if number.isdigit() else "", day.zfill(2) if day.isdigit() else ""]
            return "-".join(parts[: parts.index("")] if "" in parts else parts)
    return ""
