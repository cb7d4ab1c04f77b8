"""arXiv's bulk metadata file: one record a line, with every version and the authors' names in parts.

Three million of them are read in one go, so this is its own parser: what nearly every record looks like goes a short
way, and whatever does not goes the way of `arxiv`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO

import orjson

from broadsheet import ids
from broadsheet.paper import MAX_ABSTRACT, MAX_AUTHORS, MAX_TITLE, Fault, Origin, Paper
from broadsheet.sources import Record
from broadsheet.sources._arxiv_authors import names_of
from broadsheet.sources._arxiv_words import withdrawal
from broadsheet.sources._fields import MAX_ID, WrongRecord, iso_date, kind_of
from broadsheet.sources._latex import accents
from broadsheet.sources._lines import MAX_LINE, MAX_RAW, lines, utf8
from broadsheet.text import clean

SUFFIXES = (".json", ".jsonl")
_SIGNS = (b'"authors_parsed"', b'"versions"', b'"update_date"')
_DATE = re.compile(r"\w{3}, (\d{1,2}) (\w{3}) (\d{4})")
_MONTHS = {
    name: f"{number:02}" for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


def sniff(head: bytes, name: str) -> float:
    first = head.lstrip().partition(b"\n")[0]
    return 0.98 if first[:1] == b"{" and sum(sign in first for sign in _SIGNS) >= 2 else 0.0


def parse(stream: BinaryIO, *, source: str, at: str, skip: int = 0) -> Iterator[Record]:
    origin = Origin("arxiv" if source == "arxiv_snapshot" else source, at)
    for line in lines(utf8(stream)):
        if skip > 0:
            skip -= 1
            continue
        try:
            if line.cut:
                raise WrongRecord(f"longer than {MAX_LINE >> 20} MiB")
            yield _paper(_loads(line.data), origin)
        except WrongRecord as wrong:
            yield Fault(f"line {line.number}", str(wrong), line.data[:MAX_RAW])


def _loads(data: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise WrongRecord("not JSON") from None
    if not isinstance(record, dict):
        raise WrongRecord(f"{kind_of(record)}, not an object with a title")
    return record


def _paper(record: dict[str, Any], origin: Origin) -> Paper:
    """The record's paper, built whole: every value is clean, every id canonical, as `paper.make` would leave them."""
    get = record.get
    number = ids.arxiv(_text(get("id")))
    title = clean(_text(get("title")))
    if number is None:
        raise WrongRecord(f"{_text(get('id'))[:60]!r} is no arXiv id")
    if not title or len(title) > MAX_TITLE:
        raise WrongRecord(f"a title of {len(title):,} characters (at most {MAX_TITLE:,})" if title else "no title")
    abstract, comment = clean(_text(get("abstract"))), clean(_text(get("comments")))
    if len(abstract) > MAX_ABSTRACT:
        raise WrongRecord(f"an abstract of {len(abstract):,} characters (at most {MAX_ABSTRACT:,})")
    authors = _authors(get("authors_parsed"), get("authors"))
    first, last, version = _versions(get("versions"))
    doi = _doi(get("doi"))
    name = f"arxiv:{number}"
    categories = _text(get("categories")).split()
    page, pdf = f"https://arxiv.org/abs/{number}", f"https://arxiv.org/pdf/{number}"
    extra = _extra(record, comment, abstract, first, last, categories)
    paper = Paper(
        title, (name,) if doi is None or doi == name else tuple(sorted((name, doi))), abstract, authors,
        int(first[:4]) if first else None, first, "", tuple(sorted(set(categories))), (),
        (("page", page), ("pdf", pdf)), clean(_text(get("license"))), version or None, None, extra,
    )  # fmt: skip
    said_by = _provenance(_present(paper), tuple([name for name, _ in extra]), origin)
    object.__setattr__(paper, "provenance", said_by)  # on a frozen record that nobody has seen yet
    return paper


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _doi(value: Any) -> str | None:
    """The first one, where the record has several."""
    said = _text(value).split(None, 1)
    found = ids.parse(f"doi:{said[0]}") if said else None
    return found if found and len(found) <= MAX_ID else None


def _authors(parsed: Any, line: Any) -> tuple[str, ...]:
    """The names in parts, family name first, as arXiv itself has parted them; else its one line of all."""
    try:
        listed = parsed if isinstance(parsed, list) else ()
        names = [name for parts in listed if type(parts) is list and (name := _name(*parts[:3]))]
    except TypeError:  # not a list of lists of texts
        names = []
    names = names or [clean(accents(name)) for name in names_of(_text(line))]
    if len(names) > MAX_AUTHORS:
        raise WrongRecord(f"{len(names):,} authors (at most {MAX_AUTHORS:,})")
    return tuple(names)


def _name(family: str, given: str = "", suffix: str = "") -> str:
    name = " ".join((given, family, suffix) if suffix else (given, family))
    return clean(accents(name) if "\\" in name else name)


def _versions(listed: Any) -> tuple[str, str, int]:
    """The day of the first version, that of the last when it is another, and how many there are."""
    try:
        days = [_day(_text(one.get("created"))) for one in listed]
    except (TypeError, AttributeError):  # not a list of objects
        return "", "", 0
    return (days[0], days[-1] if days[-1] != days[0] else "", len(days)) if days else ("", "", 0)


def _day(text: str) -> str:
    """``Mon, 2 Apr 2007 19:18:42 GMT`` as ``2007-04-02``."""
    return _day_of(text[:60].partition(":")[0][:-3]) or iso_date(text[:60])


@lru_cache(maxsize=1 << 14)
def _day_of(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match and match[2] in _MONTHS and "1985" < match[3] < "2100":
        return f"{match[3]}-{_MONTHS[match[2]]}-{match[1]:0>2}"
    return ""


def _extra(
    record: dict[str, Any], comment: str, abstract: str, first: str, last: str, categories: list[str]
) -> tuple[tuple[str, str], ...]:
    """In the order of their names, empty ones left out."""
    gone = withdrawal(comment, abstract)
    found = (
        ("comment", comment), ("journal_ref", clean(_text(record.get("journal-ref")))),
        ("primary_category", categories[0] if categories else ""),
        ("report_no", clean(_text(record.get("report-no")))), ("updated", last), ("withdrawn", gone),
    )  # fmt: skip
    return tuple([pair for pair in found if pair[1]])


def _present(paper: Paper) -> tuple[bool, ...]:
    return (
        bool(paper.abstract), bool(paper.authors), bool(paper.date), bool(paper.licence), paper.version is not None,
    )  # fmt: skip


@lru_cache(maxsize=1 << 12)
def _provenance(present: tuple[bool, ...], extra: tuple[str, ...], origin: Origin) -> tuple[tuple[str, Origin], ...]:
    """One tuple for all papers of which the same is said."""
    fields = zip(("abstract", "authors", "date", "licence", "version"), present, strict=True)
    names = ["title", "links.page", "links.pdf", *(name for name, there in fields if there)]
    names += [f"extra.{name}" for name in extra] + (["year"] if present[2] else [])
    return tuple((name, origin) for name in sorted(names))
