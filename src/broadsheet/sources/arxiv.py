"""arXiv: OAI-PMH for a first load, catch-up and correction; the daily feeds for what was announced today; the API for
single papers. arXiv's own bulk file is `arxiv_snapshot`.

What its interfaces do not say: a feed holds one day, so a missed day is only in OAI-PMH; a datestamp there is the last
change, not the submission (that is version v1's date); an error of the API is an entry called "Error" with HTTP 200; a
feed for a category that does not exist begins its title with "Feed error".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from broadsheet import ids
from broadsheet.errors import Mistake, SourceError
from broadsheet.fetch import Client, FetchError
from broadsheet.paper import Fault
from broadsheet.settings import Setting
from broadsheet.sources import Card, Due, Options, Record, Step, _arxiv_calendar, _oai
from broadsheet.sources._arxiv_authors import names_of
from broadsheet.sources._arxiv_words import withdrawal
from broadsheet.sources._fields import WrongRecord, iso_date, to_paper
from broadsheet.sources._latex import accents
from broadsheet.sources._lines import MAX_RAW, whole
from broadsheet.sources._xml import Node, elements, root
from broadsheet.sources.oai import check_since

ABOUT = Card("arXiv", "new papers and new versions, as arXiv announces them", "https://arxiv.org")
OPTIONS = (
    Setting("categories", tuple, (), "", "Categories such as cs.IR, or archives such as math; all when empty."),
    Setting("since", str, "month", "", "How far back a first load goes: month, all, or a day such as 2024-01-31."),
    Setting("daily", bool, True, "", "Also read the daily feeds, which have new papers some hours earlier."),
    Setting("base", str, "https://oaipmh.arxiv.org/oai", "", "The address of OAI-PMH; another one for a mirror."),
    Setting("feed", str, "https://rss.arxiv.org/atom", "", "The address of the daily feeds."),
    Setting("api", str, "https://export.arxiv.org/api/query", "", "The address of the API, for single papers."),
)
FREE = ("categories", "daily", "feed", "api")
SUFFIXES = (".xml", ".atom", ".rss")
WINDOW = 30  # days of one part of a first load: a token lives a day, so a part must be short
BATCH = 100  # papers of one look-up
LOOKUP = "arxiv"
_SETS_AT_MOST = 12  # more categories of one archive than that are harvested as the archive
_PHYSICS = frozenset(
    "astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph".split()
)
_ARCHIVES = _PHYSICS | frozenset("cs econ eess math q-bio q-fin stat".split())
_CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z-]{2,17})?")
_PREFIX = re.compile(r"^\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?", re.IGNORECASE)
_NAMED = frozenset({"record", "item", "entry"})


def sniff(head: bytes, name: str) -> float:
    tag, _ = root(head)
    if tag == "OAI-PMH" or tag == "record":
        return 0.95 if b"arXivRaw" in head or b"/OAI/arXiv" in head else 0.0
    if tag in ("rss", "feed", "RDF", "item", "entry"):
        ours = b"arxiv.org/schemas/atom" in head or b"rss.arxiv.org" in head or b"export.arxiv.org/api" in head
        return 0.95 if ours else 0.0
    return 0.0


def parts(options: Options) -> tuple[str, ...]:
    """``oai:SET`` for each set to harvest, ``daily:CATEGORIES`` for each feed."""
    wrong = [one for one in options["categories"] if not _CATEGORY.fullmatch(one) or _archive(one) not in _ARCHIVES]
    if wrong:
        raise Mistake(
            f"categories: arXiv has no {', '.join(map(repr, wrong))}; write cs.IR, math, astro-ph.CO "
            f"(archives: {', '.join(sorted(_ARCHIVES))})"
        )
    if options["since"] not in ("month", "all"):
        check_since(options["since"])
    sets = [f"oai:{one}" for one in _sets(options["categories"])]
    return (*sets, *(f"daily:{feed}" for feed in _feeds(options["categories"]))) if options["daily"] else tuple(sets)


def _archive(category: str) -> str:
    return category.partition(".")[0]


def _sets(categories: Sequence[str]) -> list[str]:
    """The sets of OAI-PMH that hold the *categories*: ``cs:cs:IR``, ``math``, ``physics:astro-ph:CO``."""
    if not categories:
        return [""]
    by_archive: dict[str, list[str]] = {}
    for one in categories:
        by_archive.setdefault(_archive(one), []).append(one)
    found = []
    for archive, several in by_archive.items():
        group = f"physics:{archive}" if archive in _PHYSICS else f"{archive}:{archive}"
        whole = f"physics:{archive}" if archive in _PHYSICS else archive
        if len(several) > _SETS_AT_MOST or archive in several:
            found.append(whole)
        else:
            found += [f"{group}:{one.partition('.')[2]}" for one in several]
    return found


def _feeds(categories: Sequence[str]) -> list[str]:
    """The feeds that hold the *categories*. One has at most 2,000 papers, so every archive has its own."""
    by_archive: dict[str, list[str]] = {}
    for one in categories or sorted(_ARCHIVES):
        by_archive.setdefault(_archive(one), []).append(one)
    return ["+".join(several) for several in by_archive.values()]


def due(options: Options, last: datetime | None, now: datetime) -> Due:
    """The next announcement after *last*, by arXiv's calendar."""
    if last is None:
        return Due(now, "it has not been asked yet")
    ready = min(_arxiv_calendar.ready_after(last), _arxiv_calendar.ready_after(last, feeds=options["daily"]))
    announced = _arxiv_calendar.announcement_after(now)
    return Due(ready, f"arXiv announces next on {_arxiv_calendar.told(announced)}")


def announced(day: date) -> bool:
    """Whether arXiv announced papers on the evening before *day* (UTC), which is when those of that day come."""
    return _arxiv_calendar.announces(day - timedelta(days=1))


def fetch(client: Client, options: Options, part: str, cursor: str, now: datetime) -> Iterator[Step]:
    kind, _, what = part.partition(":")
    if kind == "daily":
        answer = client.get(f"{options['feed']}/{what}")
        yield Step(answer.body, answer.at, answer.at, f"feed of {answer.at[:10]}")
        return
    asked = {"metadataPrefix": "arXivRaw"} | ({"set": what} if what else {})
    yield from _oai.harvest(client, options["base"], asked, cursor, now, since=_since(options, now), window=WINDOW)


def _since(options: Options, now: datetime) -> str:
    if options["since"] == "month":
        return (now - timedelta(days=31)).date().isoformat()
    return "2005-09-16" if options["since"] == "all" else str(options["since"])  # the earliest datestamp there is


def lookup(client: Client, options: Options, wanted: Sequence[str]) -> Iterator[Step]:
    """The papers with these arXiv ids (without ``arxiv:``), as many answers as it takes."""
    for start in range(0, len(wanted), BATCH):
        yield from _looked_up(client, options, wanted[start : start + BATCH])


def _looked_up(client: Client, options: Options, wanted: Sequence[str]) -> Iterator[Step]:
    """One answer; or those of the two halves, when there is one among them that makes arXiv refuse all."""
    try:
        answer = client.get(options["api"], params={"id_list": ",".join(wanted), "max_results": str(len(wanted))})
        list(_entries(answer.body))
    except (FetchError, SourceError) as error:
        if len(wanted) == 1 and (isinstance(error, SourceError) or error.status == 400):
            return  # it has no such paper
        if isinstance(error, FetchError) and error.status != 400:
            raise
        half = len(wanted) // 2
        yield from _looked_up(client, options, wanted[:half])
        yield from _looked_up(client, options, wanted[half:])
        return
    yield Step(answer.body, "", answer.at, f"{len(wanted)} papers")


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    """Answers of OAI-PMH (arXivRaw, arXiv), of the daily feeds (RSS, Atom) and of the API; single records of them."""
    data = whole(stream)
    tag, _ = root(data)
    found: Iterator[Node | bytes]
    found = _oai.records(data) if tag in ("OAI-PMH", "record") else _entries(data)
    for number, node in enumerate(found, 1):
        if number > skip:
            yield _record(node, f"record {number}", source, at)


def _entries(data: bytes) -> Iterator[Node]:
    """The entries of a feed; SourceError for the two ways in which arXiv says that it has none."""
    import io

    for node in elements(io.BytesIO(data), _NAMED | {"title"}, repair=True):
        if node.tag == "title":
            if node.text().startswith("Feed error"):
                raise SourceError(f"arXiv says: {node.text()}")
        elif node.text("title") == "Error" and "api/errors" in node.text("id"):
            raise SourceError(f"arXiv says: {node.text('summary') or node.text('id')}")
        else:
            yield node


def _record(node: Node | bytes, where: str, source: str, at: str) -> Record:
    if isinstance(node, bytes):
        return Fault(where, "the record is not well-formed XML", node[:MAX_RAW])
    try:
        if node.tag == "record":
            name = node.text("header", "identifier").removeprefix("oai:arXiv.org:")
            if word := _oai.gone(node, ids.parse(f"arxiv:{name}") or "", "arXiv", at):
                return word
            said = _raw(node.whole())
        else:
            said = _entry(node.whole())
        return to_paper(_common(said), source=source, at=at)
    except WrongRecord as wrong:
        return Fault(
            f"{where} {node.text('id') or node.text('header', 'identifier')}".strip(), str(wrong), node.raw(MAX_RAW)
        )


def _raw(record: Node) -> dict[str, Any]:
    """A record of the formats arXivRaw (with every version) and arXiv."""
    core = next(record.deep("arXivRaw"), None) or next(record.deep("arXiv"), None)
    if core is None:
        raise WrongRecord("no metadata of arXiv's own in it")
    versions = [version.text("date") for version in core.all("version")]
    numbers = [version.attrs.get("version", "v0")[1:] for version in core.all("version")]
    last = max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)
    said = {
        tag: core.text(tag) for tag in ("title", "abstract", "comments", "journal-ref", "doi", "license", "categories")
    }
    return said | {
        "arxiv": core.text("id"),
        "authors": _people(core) or names_of(core.text("authors")),
        "version": last or None,
        "date": iso_date(versions[0]) if versions else core.text("created"),
        "updated": iso_date(versions[-1]) if len(versions) > 1 else core.text("updated"),
        "report_no": core.text("report-no"),
    }


def _people(core: Node) -> list[str]:
    """The authors of the format arXiv, which has their names in parts."""
    listed = core.find("authors")
    people = listed.all("author") if listed is not None else ()
    parts = ([person.text("forenames"), person.text("keyname"), person.text("suffix")] for person in people)
    return [" ".join(filter(None, names)) for names in parts]


def _entry(entry: Node) -> dict[str, Any]:
    """An entry of a daily feed or of the API."""
    name = entry.text("id") or entry.text("guid") or entry.text("link")
    name = re.sub(r"^(?:oai:arXiv\.org:|https?://arxiv\.org/abs/)", "", name)
    summary = entry.text("summary") or entry.text("description")
    kind = entry.text("announce_type")
    people = [author.text("name") for author in entry.all("author")]
    version = re.search(r"v(\d{1,4})$", name)
    api = bool(entry.find("primary_category") or people)
    return {
        "arxiv": re.sub(r"v\d{1,4}$", "", name),
        "title": entry.text("title"),
        "abstract": _PREFIX.sub("", summary),
        "authors": people or names_of(entry.text("creator")),
        "categories": " ".join(node.attrs.get("term") or node.text() for node in entry.all("category")),
        "comments": entry.text("comment"),
        "journal-ref": entry.text("journal_ref") or entry.text("journal_reference"),
        "doi": entry.text("doi") or entry.text("DOI"),
        "license": entry.text("rights"),
        "version": int(version[1]) if version else None,
        # A feed's date is the announcement's: of a new paper that is near enough, of a later version it is not.
        "date": iso_date(entry.text("published") or entry.text("pubDate")) if api or kind == "new" else "",
        "updated": iso_date(entry.text("updated")) if api else "",
        "announced": kind,
    }


def _common(said: Mapping[str, Any]) -> dict[str, Any]:
    """What every interface says, in our words; ids and links follow from arXiv's number alone."""
    number = ids.arxiv(said["arxiv"])
    if number is None:
        raise WrongRecord(f"{said['arxiv'][:60]!r} is no arXiv id")
    comment, abstract = str(said["comments"]), str(said["abstract"])
    standing = withdrawal(comment, abstract)
    categories = [word for word in str(said["categories"]).split() if _CATEGORY.fullmatch(word)]
    updated = said["updated"] if said["updated"] != said["date"] else ""
    return {
        "title": said["title"], "abstract": abstract, "authors": list(map(accents, said["authors"])), "arxiv": number,
        "date": said["date"], "version": said["version"], "categories": categories, "licence": said["license"],
        "doi": str(said["doi"]).split(" ")[0], "page": f"https://arxiv.org/abs/{number}",
        "pdf": f"https://arxiv.org/pdf/{number}",
        "extra": {
            "comment": comment, "journal_ref": said["journal-ref"], "updated": updated,
            "report_no": said.get("report_no", ""), "announced": said.get("announced", ""), "withdrawn": standing,
            "primary_category": categories[0] if categories else "",
        },
    }  # fmt: skip
