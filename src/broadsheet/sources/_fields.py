"""Loose records to papers: many spellings of a field, one meaning. Shared by the formats that have named fields."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from broadsheet import ids, paper
from broadsheet.paper import MAX_ABSTRACT, MAX_AUTHORS, MAX_TITLE, Paper
from broadsheet.text import clean

MAX_ID = 300  # characters; a database index refuses keys of a few kilobytes
MAX_ADDRESS = 2_000
MAX_EXTRA = 10_000
MAX_EXTRAS = 64
MAX_LIST = 1_000  # keywords, categories, links

SPELLINGS: Mapping[str, str] = {
    "title": "title ti t1 papertitle articletitle documenttitle displayname",
    "abstract": "abstract ab n2 summary abstracttext",
    "authors": "authors author au a1 authornames creators authorlist",
    "year": "year py y1 pubyear publicationyear publishedyear",
    "date": "date da published publicationdate publisheddate datepublished pubdate submitted submissiondate",
    "venue": "venue journal journaltitle booktitle conference containertitle sourcetitle publicationtitle "
    "publication proceedings journalname jo jf t2 venuename",
    "categories": "categories category primarycategory subjects subject fieldsofstudy arxivcategories",
    "keywords": "keywords keyword kw tags keyphrases authorkeywords indexterms",
    "licence": "licence license rights",
    "version": "version",
    "citations": "citations citationcount citedby citedbycount timescited ncitations numcitations cites",
    "own": "id paperid",
    "ids.doi": "doi doiurl doinumber",
    "ids.arxiv": "arxiv arxivid eprint arxivnumber",
    "ids.acl": "acl aclid anthologyid",
    "ids.pmid": "pmid pubmedid pubmed",
    "ids.openalex": "openalex openalexid",
    "ids.pmcid": "pmcid pmc pubmedcentral",
    "ids.openreview": "openreview openreviewid",
    "ids.dblp": "dblp dblpkey",
    "ids.s2": "corpusid s2",
    "ids.oai": "oai oaiid",
    "links.page": "url link page href landingpage paperurl abstracturl urlabstract absurl ur l2",
    "links.pdf": "pdf pdfurl urlpdf pdflink fulltext l1 openaccesspdf",
    "links.code": "code codeurl github repository repo githuburl codelink l3",
    "links.project": "project projectpage projecturl homepage website",
    "links.data": "data dataset dataurl",
    "links.video": "video videourl",
    "links": "links",
    "ids": "ids externalids identifiers",
    "versions": "versions",
    "extra": "extra",
    "": "provenance authorsparsed",
}
_MEANING = {spelling: field for field, line in SPELLINGS.items() for spelling in line.split()}
_ADDRESS = re.compile(r"https?://[^\s<>\"]+$", re.IGNORECASE)
_BARE = re.compile(r"(?:www\.|doi\.org/|github\.com/|arxiv\.org/)[^\s<>\"]+$", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?=$|[T /])")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\b", re.IGNORECASE)
_DAY = re.compile(r"(?<![\d:.])([12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?(?![\d:.])\b")
_FIRMS = re.compile(r"(?:inc|ltd|llc|gmbh|corp|co|plc)\.?$", re.IGNORECASE)


class WrongRecord(ValueError):
    """A record that cannot become a paper; the text is the reason, for a person."""


@lru_cache(maxsize=4096)
def _tidy(name: str) -> str:
    return "_".join(clean(name[:80]).split())


def meaning(name: str) -> str:
    """The field that a key or a column head means: ``Paper Title`` -> ``title``; ``extra.NAME`` for others."""
    bare = re.sub(r"[^a-z0-9]", "", name.lower()[:80])
    return _MEANING[bare] if bare in _MEANING else f"extra.{clean(name)[:80]}"


class Draft:
    """What one record has said so far: the arguments of `paper.make`."""

    __slots__ = ("authors", "categories", "extra", "ids", "keywords", "links", "lone")

    def __init__(self) -> None:
        self.lone: dict[str, Any] = {}  # title, abstract, year, date, venue, licence, version, citations
        self.ids: list[str] = []
        self.authors: list[str] = []
        self.categories: list[str] = []
        self.keywords: list[str] = []
        self.links: dict[str, str] = {}
        self.extra: dict[str, str] = {}

    def say(self, name: str, value: Any) -> None:
        """Take in one field under whatever name; raises WrongRecord when its type makes no sense."""
        if value is None or value == "" or value == []:
            return
        take, kind = _route(name)
        take(self, kind, name, value)

    def remark(self, name: str, value: Any) -> None:
        """Keep what has no field of its own: a scalar, or a list of scalars joined by ``; ``."""
        if isinstance(value, list):
            value = "; ".join(str(item) for item in value[:MAX_LIST] if isinstance(item, str | int | float))
        if isinstance(value, str | int | float) and len(self.extra) < MAX_EXTRAS and (name := _tidy(name)):
            self.extra.setdefault(name, str(value)[:MAX_EXTRA])

    def paper(self, *, source: str, at: str) -> Paper:
        """The paper; raises WrongRecord when there is no usable title or a size is absurd."""
        lone = self.lone
        title = clean(lone.pop("title", ""))
        if not title:
            raise WrongRecord("no title")
        if len(title) > MAX_TITLE:
            raise WrongRecord(f"a title of {len(title):,} characters (at most {MAX_TITLE:,})")
        if len(lone.get("abstract", "")) > MAX_ABSTRACT:
            raise WrongRecord(f"an abstract of {len(lone['abstract']):,} characters (at most {MAX_ABSTRACT:,})")
        if len(self.authors) > MAX_AUTHORS:
            raise WrongRecord(f"{len(self.authors):,} authors (at most {MAX_AUTHORS:,})")
        if len(at) >= 10 and lone.get("date", "")[:4] > str(int(at[:4]) + 1):
            self.remark("date_given", lone.pop("date"))  # a year that has hardly been printed yet: a slip
        if len(at) >= 10 and lone.get("year", 0) > int(at[:4]) + 1:
            self.remark("year_given", lone.pop("year"))
        if "year" not in lone and "date" in lone:
            lone["year"] = int(lone["date"][:4])
        return paper.make(
            source, title, at=at, ids=self.ids, authors=self.authors, categories=self.categories,
            keywords=self.keywords, links=self.links, extra=self.extra, **lone,
        )  # fmt: skip


def to_paper(record: Mapping[str, Any], *, source: str, at: str) -> Paper:
    """The paper that a mapping with any of the known spellings describes; raises WrongRecord."""
    draft = Draft()
    for name, value in record.items():
        draft.say(name, value)
    return draft.paper(source=source, at=at)


def text_of(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise WrongRecord(f"{name} is {kind_of(value)}, not text")


def texts_of(name: str, value: Any) -> list[str]:
    """A list of strings as it is; one string split at ``;`` or, without any, at ``,``."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(";" if ";" in value else ",", MAX_LIST)[:MAX_LIST]]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value[:MAX_LIST]
    raise WrongRecord(f"{name} is {kind_of(value)}, not a list of texts")


def kind_of(value: Any) -> str:
    """What JSON calls it, with its article."""
    if isinstance(value, list):
        strange = next((item for item in value if not isinstance(item, str)), None)
        return "a list" if strange is None else f"a list with {kind_of(strange)} in it"
    names = {dict: "an object", bool: "true or false", int: "a number", float: "a number", str: "text"}
    return names.get(type(value), "nothing")


def whole(value: Any, low: int, high: int) -> int | None:
    """An integer between *low* and *high*, from a number or digits; None when it is none."""
    if isinstance(value, str):
        value = value.strip().replace(",", "")
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and low <= value <= high else None


def iso_date(text: str) -> str:
    """``2024-05-01``, ``2024-05`` or ``2024`` from any common way to write it with the year; empty if it is none.

    ``Mar 11`` has no year and is no date of a paper.
    """
    text = text.strip()
    if len(text) == 8 and text.isascii() and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    match = _DATE.match(text)
    return _date_of_numbers(match) if match else _date_of_words(text)


def _date_of_numbers(match: re.Match[str]) -> str:
    year, month, day = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    if not 1500 <= year <= 2100 or month > 12 or day > 31:
        return ""
    return f"{year}" + (f"-{month:02d}" if month else "") + (f"-{day:02d}" if month and day else "")


def _date_of_words(text: str) -> str:
    """``12 May 2019``, ``May 12, 2019``, ``May 2019``, ``Spring 2019``."""
    year = _YEAR.search(text[:100])
    if not year or len(text) > 60:
        return ""
    month = _MONTH.search(text)
    if not month:
        return year[1]
    day = _DAY.search(text)
    return f"{year[1]}-{_MONTHS.index(month[1].lower()) + 1:02d}" + (f"-{int(day[1]):02d}" if day else "")


def address(text: str) -> str:
    """A web address, or an empty string: scripts, paths and remarks are no links."""
    text = clean(text)
    if len(text) <= MAX_ADDRESS:
        if _ADDRESS.match(text):
            return text
        if _BARE.match(text):
            return f"https://{text}"
    return ""


def natural_name(name: str) -> str:
    """``Lovelace, Ada`` and ``Lovelace, Jr, Ada`` as people say it; other names as they are."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    if len(parts) == 2 and not _FIRMS.match(parts[1]):
        return f"{parts[1]} {parts[0]}"
    if len(parts) == 3 and len(parts[1]) <= 4:
        return f"{parts[2]} {parts[0]} {parts[1]}"
    return name.strip()


def split_names(text: str) -> list[str]:
    """The names in one string, parted by ``;``, ``and`` or ``,``, family name first or last."""
    if ";" in text:
        return [natural_name(part) for part in text.split(";")]
    parts = re.split(r",? (?:and|&) ", " ".join(text.split()))
    if "," in parts[-1] and len(parts) > 1:
        return [natural_name(part) for part in parts]
    out: list[str] = []
    for part in parts:
        pieces = [piece.strip() for piece in part.split(",")]
        inverted = len(pieces) == 2 and len(parts) == 1 and " " not in pieces[0]
        out += [natural_name(part)] if inverted else pieces
    return out


def _authors(draft: Draft, kind: str, name: str, value: Any) -> None:
    if isinstance(value, str):
        names: Iterable[str] = split_names(value)
    elif isinstance(value, list):
        names = [natural_name(item) if "," in item else item for item in map(_author, value)]
    else:
        raise WrongRecord(f"{name} is {kind_of(value)}, not a list of names")
    if not draft.authors:
        draft.authors.extend(_once(list(names)))


def _once(names: list[str]) -> list[str]:
    """A list that says all of itself twice is said once: some collections join two copies of every record."""
    half = len(names) // 2
    return names[:half] if half and names[:half] == names[half:] else names


def _author(item: Any) -> str:
    """A name, or an object with one."""
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        for key in ("name", "display_name", "fullname"):
            if isinstance(item.get(key), str):
                return str(item[key])
        both = [item.get(key) for key in ("given", "family")]
        if both[1]:
            return " ".join(str(part) for part in both if part)
    raise WrongRecord(f"authors has {kind_of(item)} in it, not a name")


def _lone(draft: Draft, kind: str, name: str, value: Any) -> None:
    if isinstance(value, dict) and kind == "venue" and isinstance(value.get("name"), str):
        value = value["name"]
    text = value if isinstance(value, str) else text_of(name, value)
    if draft.lone.setdefault(kind, text) is not text:
        draft.remark(name, text)


_RANGES = {"year": (1500, 2100), "citations": (0, 10**9), "version": (1, 10**6)}


def _number(draft: Draft, kind: str, name: str, value: Any) -> None:
    if isinstance(value, (bool, list, dict)):
        raise WrongRecord(f"{name} is {kind_of(value)}, not a number")
    number = whole(value, *_RANGES[kind])
    if number is None and kind == "year" and isinstance(value, str) and (match := _YEAR.search(value[:100])):
        number = int(match[1])
    if number is None:
        if isinstance(value, str):
            draft.remark(name, value)  # "in press" says something, though not a year
    else:
        draft.lone.setdefault(kind, number)


def _date(draft: Draft, kind: str, name: str, value: Any) -> None:
    text = str(value) if isinstance(value, int) else text_of(name, value)
    if date := iso_date(text):
        draft.lone.setdefault("date", date)
    else:
        draft.remark(name, text)


def _set(draft: Draft, kind: str, name: str, value: Any) -> None:
    target: list[str] = getattr(draft, kind)
    if kind == "categories" and isinstance(value, str) and "," not in value and ";" not in value:
        value = value.split() if "." in value else [value]  # arXiv parts its own by spaces: "cs.CL cs.LG"
    target += texts_of(name, value)


def _own(draft: Draft, kind: str, name: str, value: Any) -> None:
    text = clean(str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(name, value))
    if len(text) > MAX_ID:
        raise WrongRecord(f"{name} has {len(text):,} characters (at most {MAX_ID})")
    if text:
        draft.ids.append(ids.own(text))


def _id(draft: Draft, kind: str, name: str, value: Any) -> None:
    """An id whose scheme the field's name says; what is none is kept as a remark."""
    text = clean(str(value) if isinstance(value, int) else text_of(name, value))
    found = ids.parse(text if text.lower().startswith(("http:", "https:", f"{kind}:")) else f"{kind}:{text}")
    if found and len(found) <= MAX_ID:
        draft.ids.append(found)
    else:
        draft.remark(name, text)


def _ids(draft: Draft, kind: str, name: str, value: Any) -> None:
    """``{"DOI": ..., "ArXiv": ...}`` or a list of ids in any spelling."""
    if isinstance(value, dict):
        for scheme, text in value.items():
            field = meaning(scheme)
            if text and field.startswith("ids."):
                _id(draft, field[4:], scheme, text)
    else:
        for text in texts_of(name, value):
            _own(draft, kind, name, text)


def _link(draft: Draft, kind: str, name: str, value: Any) -> None:
    if isinstance(value, dict):
        value = value.get("url") or ""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, str) and item), "")
    text = text_of(name, value)
    if (href := address(text)) and len(draft.links) < MAX_LIST:
        draft.links.setdefault(kind, href)
    else:
        draft.remark(name, text)


def _links(draft: Draft, kind: str, name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise WrongRecord(f"{name} is {kind_of(value)}, not an object of addresses")
    for key, href in value.items():
        field = meaning(key)
        _link(draft, field[6:] if field.startswith("links.") else clean(key)[:40], key, href)


def _versions(draft: Draft, kind: str, name: str, value: Any) -> None:
    """arXiv's own list: ``[{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}, ...]``."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        draft.lone.setdefault("version", len(value))
        if date := iso_date(str(value[0].get("created", ""))):
            draft.lone["date"] = date


def _extras(draft: Draft, kind: str, name: str, value: Any) -> None:
    """An object called extra, or any field that is none of ours."""
    if isinstance(value, dict) and kind == "extra":
        for key, item in value.items():
            draft.remark(key, item)
    else:
        draft.remark(name, value)


def _nothing(draft: Draft, kind: str, name: str, value: Any) -> None:
    """Said better by another field of the same record."""


_TAKE: Mapping[str, Callable[[Draft, str, str, Any], None]] = {
    "title": _lone, "abstract": _lone, "venue": _lone, "licence": _lone,
    "year": _number, "citations": _number, "version": _number, "date": _date,
    "authors": _authors, "keywords": _set, "categories": _set,
    "own": _own, "ids": lambda d, k, n, v: (_ids if k == "ids" else _id)(d, k, n, v),
    "links": lambda d, k, n, v: (_links if k == "links" else _link)(d, k, n, v),
    "versions": _versions, "extra": _extras, "": _nothing,
}  # fmt: skip


@lru_cache(maxsize=4096)  # bounded: a hostile file may have as many keys as it likes
def _route(name: str) -> tuple[Callable[[Draft, str, str, Any], None], str]:
    group, _, kind = meaning(name).partition(".")
    return _TAKE[group], kind or group
