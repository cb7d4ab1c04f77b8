"""What a subscriber wants to read of, and when: read from what people type, checked, and said in words.

All that is wrong is told at once. A wish is checked as the account that makes it sees the library; somebody without one
(account 0) can wish for what all see.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, get_args
from zoneinfo import available_timezones

from broadsheet.community.periods import DAYS, number
from broadsheet.errors import Mistake
from broadsheet.mail import languages
from broadsheet.store import Schedule, Wish
from broadsheet.text import clean, clip, fold

if TYPE_CHECKING:
    from broadsheet.library import Library

Kind = Literal["topic", "search", "list", "author", "rising", "front", "personal"]
Every = Literal["day", "week", "off"]
Quiet = Literal["say", "skip"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 40  # wishes of one subscriber
LONGEST = 500  # characters of a question: it is part of a key in the store
NAME = 120  # characters of a topic, or of an author
HOLIDAY = 366  # days at most
_EVERY = {"day": "day", "daily": "day", "week": "week", "weekly": "week", "off": "off", "never": "off"}
_QUIET = {"say": "say", "skip": "skip"}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::00)?")  # some browsers send seconds with a time
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_WORD = re.compile(r"\w")
_NO_ZONE = re.compile(r"(posix|right)/|(localtime|posixrules|Factory)$")


# -- wishes ------------------------------------------------------------------------------------------------------------


def checked(library: "Library", account: int, given: Iterable[tuple[str, str]]) -> tuple[Wish, ...]:
    """The wishes in *given* (kind, value), each once, in the order of KINDS. Raises Mistake."""
    wrong: list[str] = []
    found: dict[tuple[str, str], Wish] = {}
    for kind, value in given:
        try:
            one = _checked(library, account, kind, clean(value))
            found.setdefault((one.kind, fold(one.value)), one)
        except Mistake as error:
            wrong.append(str(error))
    if len(found) > MOST:
        wrong.append(f"{len(found)} things are more than one letter can hold; {MOST} are the most")
    if wrong:
        raise Mistake("; ".join(dict.fromkeys(wrong)))
    return ordered(found.values())


def ordered(wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """In the order of KINDS; those of one kind as they were."""
    return tuple(sorted(wishes, key=lambda one: KINDS.index(one.kind) if one.kind in KINDS else len(KINDS)))


def _checked(library: "Library", account: int, kind: str, value: str) -> Wish:
    if kind == "rising":
        return Wish(kind)
    if kind == "personal":
        if not account:
            raise Mistake("what is near to what you like needs an account here: without one, nothing is known of you")
        return Wish(kind)
    if check := _CHECKS.get(kind):
        return Wish(kind, check(library, account, value))
    raise Mistake(f"{clip(clean(kind), 40)!r} is nothing to read of; there are {', '.join(KINDS)}")


def _topic(library: "Library", account: int, value: str) -> str:
    name = clean(value.replace('"', " "))
    if not _WORD.search(name) or len(name) > NAME:
        raise Mistake(f"{clip(name, 60)!r} is no topic; one is a category such as cs.CL, or a phrase of a few words")
    reader = library.index.reader()
    return reader.columns.spelled("category", fold(name)) if reader and library.is_category(name) else name


def _author(library: "Library", account: int, value: str) -> str:
    if not _WORD.search(value) or len(value) > NAME:
        raise Mistake(f"{clip(value, 60)!r} is no author's name; one looks like Ada Lovelace")
    return value


def _search(library: "Library", account: int, value: str) -> str:
    """The name of a saved search, or else the question itself as it was understood."""
    if account and (saved := library.store.searches.named(value, account)) is not None:
        return saved.name
    if len(value) > LONGEST:
        raise Mistake(f"the search has {len(value):,} characters; {LONGEST} are the most that a subscription takes")
    asked = library.parse(value, asker=account).canonical()
    if not _WORD.search(asked):
        raise Mistake("give the words that a paper should be found by")
    return asked if len(asked) <= LONGEST else value


def _list(library: "Library", account: int, value: str) -> str:
    found = library.store.lists.at(int(value), account) if _NUMBER.fullmatch(value) else None
    if found is None:
        raise Mistake(f"there is no list {clip(value, 40)!r} that you can read here")
    return str(found.id)


def _front(library: "Library", account: int, value: str) -> str:
    if not value:
        return ""
    if not _NUMBER.fullmatch(value) or library.store.teams.at(int(value), account) is None:
        raise Mistake(f"there is no group {clip(value, 40)!r} whose page you can read here")
    return str(int(value))


_CHECKS: Mapping[str, Callable[["Library", int, str], str]] = {
    "topic": _topic, "search": _search, "list": _list, "author": _author, "front": _front,
}  # fmt: skip


def sentence(library: "Library", wish: Wish, account: int = 0) -> str:
    """What a wish is for, as part of a sentence to whom it is of: ``your search “sparse attention”``."""
    name = clip(wish.value, 120)
    match wish.kind:
        case "topic":
            return f"papers of {name}" if library.is_category(wish.value) else f"papers about “{name}”"
        case "search":
            return f"your search “{name}”"
        case "author":
            return f"papers by {name}"
        case "list":
            found = library.store.lists.at(int(wish.value), account) if _NUMBER.fullmatch(wish.value) else None
            whose = "" if found is None or found.account == account else f" of {found.group or found.owner}"
            return f"the list “{found.name}”{whose}" if found else "a list that is not there, or not for you, any more"
        case "rising":
            return "what is rising"
        case "front":
            team = library.store.teams.at(int(wish.value), account) if _NUMBER.fullmatch(wish.value) else None
            if wish.value and team is None:
                return "the page of a group that is not there, or not for you, any more"
            return f"the page of {team.name}" if team else "the page of the day"
        case _:
            return "what is near to what you vote for and save"


def sentences(library: "Library", wishes: Iterable[Wish], account: int = 0) -> list[str]:
    return [sentence(library, one, account) for one in wishes]


# -- when --------------------------------------------------------------------------------------------------------------


def scheduled(given: Mapping[str, str], before: Schedule, today: date) -> Schedule:
    """*before*, changed by what is given of: every, on, at, zone, language, quiet, until. Raises Mistake.

    until   the last day of a holiday, ISO 8601; empty for none
    today   where the reader is
    """
    wrong: list[str] = []
    changes: dict[str, object] = {}
    for name, (field, read) in _READ.items():
        if name in given:
            try:
                changes[field] = read(clean(given[name])[:200])
            except Mistake as error:
                wrong.append(str(error))
    if "until" in given:
        try:
            changes["paused"] = holiday(clean(given["until"]), today)
        except Mistake as error:
            wrong.append(str(error))
    if wrong:
        raise Mistake("; ".join(wrong))
    return before._replace(**changes)  # type: ignore[arg-type]


def holiday(text: str, today: date) -> int:
    """The last day of a holiday as a number; 0 for none. Raises Mistake."""
    if not text:
        return 0
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Mistake(f"the last day of the pause is {clip(text, 30)!r}; it looks like 2027-01-31") from error
    if not today <= day <= today + timedelta(days=HOLIDAY):
        raise Mistake(f"the pause ends on {text}; it can end today or within {HOLIDAY} days")
    return number(day)


def _every(text: str) -> str:
    if found := _EVERY.get(text.lower()):
        return found
    raise Mistake(f"how often is {clip(text, 30)!r}; it is day, week or off")


def _weekday(text: str) -> int:
    for place, day in enumerate(DAYS):
        if len(text) >= 3 and day.lower().startswith(text.lower()):
            return place
    raise Mistake(f"the day of the week is {clip(text, 30)!r}; it is one of {', '.join(DAYS)}")


def _minute(text: str) -> int:
    if found := _CLOCK.fullmatch(text):
        return int(found[1]) * 60 + int(found[2])
    raise Mistake(f"the hour is {clip(text, 30)!r}; it looks like 07:30")


def _zone(text: str) -> str:
    if found := _zones().get(text.lower()):
        return found
    raise Mistake(f"the time zone {clip(text, 40)!r} is not known; one looks like Europe/Berlin, or UTC")


def _language(text: str) -> str:
    if text.lower() in languages.NAMES:
        return text.lower()
    raise Mistake(f"letters are not written in {clip(text, 30)!r}; they are in {', '.join(languages.NAMES)}")


def _quiet(text: str) -> str:
    if found := _QUIET.get(text.lower()):
        return found
    raise Mistake(f"when there is nothing new is {clip(text, 30)!r}; it is say or skip")


_READ: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "every": ("every", _every), "on": ("weekday", _weekday), "at": ("minute", _minute), "zone": ("zone", _zone),
    "language": ("language", _language), "quiet": ("quiet", _quiet),
}  # fmt: skip


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if not _NO_ZONE.match(name)}


@cache
def zones() -> Sequence[str]:
    """The time zones to choose from: UTC, then those that countries name today (``Europe/Berlin``).

    `scheduled` takes their old names, too: some browsers know no others.
    """
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    named = {line.split("\t")[2] for line in table.splitlines() if line.strip() and not line.startswith("#")}
    return ("UTC", *sorted(named & set(_zones().values())))


def clock(minute: int) -> str:
    """``07:30`` of the minutes since midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"


def day_of(paused: int) -> date | None:
    """The last day of a holiday; None for none."""
    return datetime.strptime(str(paused), "%Y%m%d").date() if paused else None  # a day has no zone


def told(schedule: Schedule, wishes: Iterable[Wish]) -> dict[str, object]:
    """A subscription in JSON, in the words that `scheduled` and `checked` read."""
    paused = day_of(schedule.paused)
    return {
        "every": schedule.every, "on": DAYS[schedule.weekday % 7].lower(), "at": clock(schedule.minute),
        "zone": schedule.zone, "language": schedule.language, "quiet": schedule.quiet,
        "until": paused.isoformat() if paused else "",
        "wishes": [{"kind": one.kind, "value": one.value} for one in wishes],
    }  # fmt: skip
