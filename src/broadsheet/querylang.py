"""What a person types becomes a `Query`; nothing typed is an error.

The language of the box: plain words, ``"exact phrase"``, ``-word``, and filters ``author:`` ``venue:`` ``category:``
``source:`` ``year:2021..2024``. What cannot be understood as written is searched as words, and a note says so.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from broadsheet import ids
from broadsheet.errors import Mistake
from broadsheet.query import MAX_LIMIT, MAX_OFFSET, MAX_WORDS, SORTS, Filters, Query, Sort
from broadsheet.text import clean

MAX_TEXT = 2_000  # characters of a question that are read
FIRST_YEAR, LAST_YEAR = 1000, 2999

_FIELD = {
    "author": "authors", "au": "authors", "venue": "venues", "category": "categories", "cat": "categories",
    "source": "sources",
}  # fmt: skip
_PIECE = re.compile(
    r"""(?P<minus>(?<![^\s"“”])-)?(?:(?<![^\s"“”])(?P<field>author|au|venue|category|cat|source|year):)?"""
    r"""(?:["“”](?P<phrase>[^"“”]*)(?P<close>["“”]|$)|(?P<word>[^\s"“”]+))""",
    re.IGNORECASE | re.ASCII,  # of all white space, `clean` leaves the blank
)
_NAMED = re.compile(r"(?:author|au|venue|category|cat|source|year):", re.IGNORECASE | re.ASCII)
_SCHEMED = re.compile(r"(?:arxiv|doi|acl|openalex|pmid|hf): \S+", re.IGNORECASE | re.ASCII)
_YEARS = re.compile(r"(\d{4})?(?:(\.\.|-|–)(\d{4})?)?")


class _Piece(NamedTuple):
    field: str
    value: str
    phrase: bool
    minus: bool
    closed: bool


def parse(
    text: str,
    *,
    filters: Filters | None = None,
    sort: Sort = "relevance",
    offset: int = 0,
    limit: int = 10,
    upto: int = 0,
    explain: bool = False,
) -> Query:
    """The question in *text*, with *filters* from elsewhere (flags, URL parameters) joined to those it names.

    Raises Mistake, naming everything wrong at once, for a sort, offset or limit out of range.
    """
    _check(sort, offset, limit, upto)
    notes: list[str] = []
    whole = clean(text)
    if len(whole) > MAX_TEXT:
        whole = whole[:MAX_TEXT]
        notes.append(f"The question was cut after {MAX_TEXT:,} characters.")
    lookup = _id(whole)
    read = _Reading() if lookup else _read(whole, notes)
    if read.only_words and (lookup := _id(" ".join(read.words))):  # an id within empty quotes, say
        read = _Reading()
    return Query(
        text=whole,
        words=" ".join(read.words),
        phrases=tuple(dict.fromkeys(read.phrases)),
        without=tuple(dict.fromkeys(read.without)),
        lookup=lookup,
        filters=_joined(read.filters(), filters or Filters()),
        sort=sort,
        offset=offset,
        limit=limit,
        upto=upto,
        explain=explain,
        notes=tuple(notes),
    )


def _id(text: str) -> str:
    """The canonical id that *text* is, else empty. A blank may stand only behind a scheme: ``doi: 10.1000/x``."""
    return (ids.parse(text) or "") if " " not in text or _SCHEMED.fullmatch(text) else ""


class _Reading:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.phrases: list[str] = []
        self.without: list[str] = []
        self.years: tuple[int | None, int | None] = (None, None)
        self.named: dict[str, list[str]] = {}

    @property
    def only_words(self) -> bool:
        return bool(self.words) and not (self.phrases or self.without or self.named or any(self.years))

    def filters(self) -> Filters:
        named = {name: tuple(dict.fromkeys(values)) for name, values in self.named.items()}
        none: tuple[str, ...] = ()
        return Filters(
            *self.years,
            venues=named.get("venues", none),
            authors=named.get("authors", none),
            categories=named.get("categories", none),
            sources=named.get("sources", none),
        )


def _read(text: str, notes: list[str]) -> _Reading:
    read = _Reading()
    for piece in _pieces(text):
        if not piece.closed:
            notes.append("A closing quotation mark was missing; it was added at the end.")
        if piece.field == "year":
            _read_year(piece, read, notes)
        elif piece.value and piece.field:
            read.named.setdefault(_FIELD[piece.field], []).append(piece.value)
        elif piece.value:
            if piece.minus and not piece.phrase and _NAMED.match(piece.value):
                notes.append(f"“-{piece.value}” was read as a word to leave out; only words can be left out.")
            (read.without if piece.minus else read.phrases if piece.phrase else read.words).append(piece.value)
    if len(read.words) > MAX_WORDS:
        notes.append(f"Only the first {MAX_WORDS} words were searched.")
        del read.words[MAX_WORDS:]
    return read


def _read_year(piece: _Piece, read: _Reading, notes: list[str]) -> None:
    span = year_span(piece.value)
    if span is None:
        notes.append(f"“year:{piece.value}” is no year or range like 2021..2024; it was searched as words.")
        if piece.phrase:
            read.words.append("year")
            read.phrases += [piece.value] if piece.value else []
        else:
            read.words.append(f"year:{piece.value}")
        return
    if read.years != (None, None):
        notes.append("Several years were asked for; the last one was used.")
    read.years = span


def _joined(one: Filters, two: Filters) -> Filters:
    """Both: alternatives united, a year bound of *two* wins over one of *one*."""
    return Filters(
        year_from=two.year_from if two.year_from is not None else one.year_from,
        year_to=two.year_to if two.year_to is not None else one.year_to,
        venues=tuple(dict.fromkeys(one.venues + two.venues)),
        authors=tuple(dict.fromkeys(one.authors + two.authors)),
        categories=tuple(dict.fromkeys(one.categories + two.categories)),
        sources=tuple(dict.fromkeys(one.sources + two.sources)),
    )


def _pieces(text: str) -> Iterator[_Piece]:
    for match in _PIECE.finditer(text):
        phrase = match["phrase"] is not None
        value = clean(match["phrase"] if phrase else match["word"])
        field = (match["field"] or "").lower()
        yield _Piece(field, value, phrase, bool(match["minus"]) and not field, not phrase or bool(match["close"]))


def year_span(value: str) -> tuple[int | None, int | None] | None:
    """``2021``, ``2021..2024``, ``2021..``, ``..2024`` as inclusive bounds, the smaller first; None if it is none."""
    match = _YEARS.fullmatch(value)
    if not match or not (match[1] or match[3]):
        return None
    low = int(match[1]) if match[1] else None
    high = int(match[3]) if match[3] else (None if match[2] else low)
    if low is not None and high is not None and low > high:
        low, high = high, low
    if any(year is not None and not FIRST_YEAR <= year <= LAST_YEAR for year in (low, high)):
        return None
    return low, high


def _check(sort: Sort, offset: int, limit: int, upto: int) -> None:
    wrong: list[str] = []
    if sort not in SORTS:
        wrong.append(f"sort is {sort!r}; it must be one of {', '.join(SORTS)}")
    if not 1 <= limit <= MAX_LIMIT:
        wrong.append(f"limit is {limit!r}; it must be a whole number from 1 to {MAX_LIMIT}")
    if not 0 <= offset <= MAX_OFFSET:
        wrong.append(f"offset is {offset!r}; it must be a whole number from 0 to {MAX_OFFSET:,}")
    if not 0 <= upto < 2**31:
        wrong.append(f"upto is {upto!r}; it must be a whole number, as the first page's links have it")
    if wrong:
        raise Mistake("; ".join(wrong) + ".")
