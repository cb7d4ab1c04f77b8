"""What the words and fields of a question mean, one by one; where they mean nothing, the note that says so."""

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from broadsheet import ids
from broadsheet.condition import Is, Node, Term, leaves
from broadsheet.query import Filters, years_text
from broadsheet.querytokens import FIELDS, ID_FIELDS, Token, tokens
from broadsheet.text import clean

FIRST_YEAR, LAST_YEAR = 1000, 2999
HAS = ("code", "pdf", "abstract", "data", "project", "video")
MAX_CONDITIONS = 100
MAX_PREFIXES = 8  # each is looked up in the dictionary of all words
MAX_LIKE = 20
MAX_NOTES = 5

_YEARS = re.compile(r"(\d{4})?(?:(\.\.|-|–)(\d{4})?)?")
_PREFIX = re.compile(r"[^\W_]{2,}\*")  # "A*" is an algorithm
_BACK = re.compile(r"(\d{1,4})([dwmy])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_UNIT = {"d": 1, "w": 7, "m": 30, "y": 365}
_MISNAMED = re.compile(r"([A-Za-z]{4,12}):\S")


MANY = {"author": "authors", "venue": "venues", "category": "categories", "source": "sources", "has": "has"}


def filters(given: Mapping[str, Sequence[str]], wrong: list[str]) -> Filters:
    """The filters that an address, JSON or flags name: ``author`` ... ``has``, ``year``, ``added``.

    What is wrong goes to *wrong*: the name, what it got and what would be right.
    """
    values: dict[str, Any] = {
        field: tuple(dict.fromkeys(filter(None, map(clean, given.get(word, ()))))) for word, field in MANY.items()
    }
    wrong += [
        f"has is {thing[:40]!r}; it must be one of {', '.join(HAS)}." for thing in values["has"] if thing not in HAS
    ]
    year, added = (clean(next(iter(given.get(name, ())), "")) for name in ("year", "added"))
    span = year_span(year) if year else (None, None)
    if span is None:
        wrong.append(f"year is {year[:40]!r}; it must be a year like 2024 or a range like 2021..2024.")
    if added and not days(added.lower(), date(2000, 1, 1)):
        wrong.append(f"added is {added[:40]!r}; it must be a time like 7d, today or 2024-01-31..2024-02-29.")
    return Filters(*(span or (None, None)), **values, added=added.lower())


class Problem(NamedTuple):
    """Something that cannot be read as it stands: its place in the text from 0, what it is, and what was done."""

    start: int
    what: str
    wrong: str
    done: str

    def __str__(self) -> str:
        return f"At character {self.start + 1:,}: “{self.what}” {self.wrong}; {self.done}."


class Reading:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.phrases: list[str] = []
        self.without: list[str] = []
        self.where: list[Node] = []
        self.like: list[str] = []
        self.unlike: list[str] = []
        self.notes: list[str] = []
        self.years: tuple[int | None, int | None] = (None, None)
        self.added = ""
        self.named: dict[str, list[str]] = {}
        self._conditions = self._prefixes = 0

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def problem(self, problem: Problem) -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(str(problem))

    @property
    def only_words(self) -> bool:
        return bool(self.words) and not (self.where or self._more)

    @property
    def only_id(self) -> str:
        """The identifier that is all of the question; empty if there is more."""
        one = self.where[0] if len(self.where) == 1 and not (self.words or self._more) else None
        return one.value if isinstance(one, Is) and one.field == "id" else ""

    @property
    def _more(self) -> bool:
        """Whether there is more than words and conditions."""
        return bool(
            self.phrases or self.without or self.like or self.unlike or self.named or any(self.years) or self.added
        )

    def filter(self, node: Node) -> bool:
        """Takes a condition that is a filter: it can be shown beside the question and taken off by itself."""
        if isinstance(node, Term) and node.field == "author":
            self.named.setdefault("authors", []).append(node.text + ("*" if node.kind == "prefix" else ""))
        elif isinstance(node, Is) and node.field in MANY:
            self.named.setdefault(MANY[node.field], []).append(node.value)
        elif isinstance(node, Is) and node.field == "year":
            if self.years != (None, None):
                self.note("Several years were asked for; the last one was used.")
            self.years = years_of(node.value)
        elif isinstance(node, Is) and node.field == "added":
            if self.added:
                self.note("Several times of adding were asked for; the last one was used.")
            self.added = node.value
        else:
            return False
        return True

    def require(self, node: Node) -> None:
        if node in self.where:
            return
        here = list(leaves(node))
        self._conditions += len(here)
        self._prefixes += sum(1 for one in here if isinstance(one, Term) and one.kind == "prefix")
        if self._conditions > MAX_CONDITIONS or self._prefixes > MAX_PREFIXES:
            self.note(f"Only {MAX_CONDITIONS} conditions, and {MAX_PREFIXES} beginnings of words, are read.")
        else:
            self.where.append(node)

    def likes(self, token: Token, turned: bool) -> None:
        """``like:ID`` and ``-like:ID``: papers to go by, wherever in the question they stand; *turned* by a NOT."""
        found = self.unlike if (token.sign == "-") != turned else self.like
        if not token.value:
            return
        if len(found) == MAX_LIKE:
            self.note(f"Only the first {MAX_LIKE} papers of like: were taken.")
        elif len(found) < MAX_LIKE:
            found.append(ids.own(token.value))

    def filters(self) -> Filters:
        named: dict[str, Any] = {name: tuple(dict.fromkeys(values)) for name, values in self.named.items()}
        return Filters(*self.years, **named, added=self.added)


def leaf(field: str, token: Token, read: Reading) -> Node | None:
    """The condition that one word or phrase is; None, with a note, when it is none."""
    if not token.closed:
        read.problem(Problem(token.start, '"', "has no partner", "a closing quotation mark was added at the end"))
    value, phrase = token.value, token.kind == "phrase"
    if not value and field not in ("year", "added"):
        return None
    if field in ("", "title", "abstract", "author"):
        if not field and not phrase:
            _misnamed(token, read)
        return _term(field, value, phrase)
    if field in ID_FIELDS:
        return _identifier(field, value, token, read)
    if field in ("venue", "category", "source", "in"):
        return Is(field, value)
    right = _right(field, value)
    if right:
        return Is(field, right)
    return _no(field, token, read)


def _term(field: str, value: str, phrase: bool) -> Term:
    if _PREFIX.fullmatch(value) and (field == "author" or not phrase):
        return Term(value[:-1], field, "prefix")
    if field == "author":  # several words of a name stand together
        phrase = any(sign in value for sign in " ()")
    elif not field:  # "+OR" asks for a word that is an operator where it stands by itself
        phrase = phrase or [*tokens(value)] != [Token("word", value, "", "", 0)]
    return Term(value, field, "phrase" if phrase else "word")


def _identifier(field: str, value: str, token: Token, read: Reading) -> Node | None:
    found = ids.own(value) if field == "id" else ids.parse(f"{field}:{value}")
    if found is None:
        read.problem(Problem(token.start, f"{field}:{value}", f"is no {field} identifier", "it was searched as words"))
        return _term("", value, phrase=False)
    return Is("id", found)


_WANTED = {
    "year": "is no year or range like 2021..2024",
    "added": "is no time like 7d, 2w, 3m, 1y, today or 2024-01-31..2024-02-29",
    "has": f"is nothing that a paper may have; it may have {', '.join(HAS)}",
}


def _right(field: str, value: str) -> str:
    """The value as it is written canonically; empty when it is none."""
    if field == "has":
        return value.lower() if value.lower() in HAS else ""
    if field == "added":
        return value.lower() if days(value.lower(), date(2000, 1, 1)) else ""
    span = year_span(value)
    return years_text(*span) if span else ""


def _no(field: str, token: Token, read: Reading) -> Node | None:
    meant = difflib.get_close_matches(token.value.lower(), HAS, 1) if field == "has" else []
    hint = f" (did you mean has:{meant[0]}?)" if meant else ""
    said = f"{field}:{token.value}"
    read.problem(Problem(token.start, said, _WANTED[field] + hint, "it was searched as words"))
    if token.kind == "phrase":
        return Term(token.value, "", "phrase") if token.value else None
    return Term(said, "", "word")


def _misnamed(token: Token, read: Reading) -> None:
    """``autor:x`` is searched as it stands, and the note says what was probably meant."""
    match = _MISNAMED.match(token.value)
    if match and (near := difflib.get_close_matches(match[1].lower(), FIELDS, 1, 0.75)):
        said = f"{match[1]}:"
        read.problem(Problem(token.start, said, f"is no field; did you mean {near[0]}:?", "it was searched as words"))


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


def years_of(value: str) -> tuple[int | None, int | None]:
    """The bounds of what is known to be a range of years; the first may be larger than the last, and nothing fits."""
    low, dots, high = value.partition("..")
    first = int(low) if low else None
    return first, (int(high) if high else None) if dots else first


def days(value: str, today: date) -> tuple[date, date] | None:
    """``7d``, ``today``, ``2024-01-31``, ``2024-01-31..``, ``..2024-02-29`` as inclusive days; None if it is none."""
    if value == "today":
        return today, today
    if match := _BACK.fullmatch(value):
        back = min(int(match[1]) * _UNIT[match[2]], today.toordinal() - 1)
        return today - timedelta(days=back), today
    low, dots, high = value.partition("..")
    if not (low or high) or any(part and not _DAY.fullmatch(part) for part in (low, high)):
        return None
    try:
        first = date.fromisoformat(low) if low else date.min
        last = date.fromisoformat(high) if high else (date.max if dots else first)
    except ValueError:
        return None
    return (first, last) if first <= last else (last, first)
