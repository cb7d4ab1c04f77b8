"""What a list, a saved search and a group may be called."""

from collections.abc import Iterable
from typing import Literal, NoReturn, get_args

from broadsheet.errors import Mistake, NotFound
from broadsheet.store import Team
from broadsheet.text import clean, clip, fold

Seen = Literal["private", "group", "public"]  # who sees a list
SEEN: tuple[Seen, ...] = get_args(Seen)
MAX_NAME = 80  # characters
MAX_NOTE = 2_000
_UNFIT = '/"“”'  # a name stands in an address, and in quotation marks behind in:


def named(name: str) -> str:
    """*name* as it is kept. Raises Mistake when nothing can be called that."""
    called = clean(name)
    if not 1 <= len(called) <= MAX_NAME or not fold(called) or any(sign in called for sign in _UNFIT):
        raise Mistake(
            f"{clip(called, 40)!r} cannot be a name: it takes 1 to {MAX_NAME} characters, without / and quotation marks"
        )
    return called


def noted(text: str) -> str:
    """*text* as a note is kept, its lines as they are. Raises Mistake for one that is too long."""
    lines = (clean(line) for line in text.replace("\r\n", "\n").split("\n"))
    note = "\n".join(lines).strip()
    if len(note) > MAX_NOTE:
        raise Mistake(f"the note has {len(note):,} characters; it can have {MAX_NOTE:,}")
    return note


def missing(what: str, name: str, there: Iterable[str]) -> NoReturn:
    """Raises NotFound, with the names that there are."""
    have = ", ".join(there)
    raise NotFound(f"there is no {what} {clip(clean(name), 40)!r} (there are: {have or 'none yet'})")


def seen_by(word: str, team: Team | None) -> Seen:
    """Who sees a list that belongs to *team*. Raises Mistake."""
    if word not in SEEN:
        raise Mistake(f"who sees a list is one of {', '.join(SEEN)}, not {clip(clean(word), 40)!r}")
    if (word == "group") != (team is not None) and word != "public":
        raise Mistake("name the group that shall see this list" if team is None else "a private list is in no group")
    return next(one for one in SEEN if one == word)
