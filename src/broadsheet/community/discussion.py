"""What is said of a paper: comments, threads, what an editor looks at. Where nobody has an account, they are notes."""

from collections.abc import Sequence
from typing import NamedTuple

from broadsheet.errors import Forbidden, Mistake
from broadsheet.people.rights import Act, Reader
from broadsheet.store import Store
from broadsheet.store.comments import Comment
from broadsheet.text import clean, clean_lines

MOST_TEXT = 10_000  # characters of a comment
MOST_WHY = 500  # of a reason
DEEPEST = 5  # answers to answers are set in that often; further ones stand at that depth
PAGE = 200  # comments that are shown at once


class Said(NamedTuple):
    """A comment in its place.

    depth      0 for one that answers nothing, at most DEEPEST
    author     the name that its writer has on the paper, where an editor has approved that; else empty
    answers    who wrote what it answers, where that cannot be told from where it stands; else empty
    """

    comment: Comment
    depth: int
    author: str = ""
    answers: str = ""


class Discussion(NamedTuple):
    """The comments of a paper in the order of reading; *more*: the id after which further ones follow, 0 for none."""

    said: tuple[Said, ...]
    more: int = 0


def read(store: Store, pk: int, after: int = 0) -> Discussion:
    """What is said of a paper, PAGE comments at a time."""
    found = store.comments.of(pk, after, PAGE + 1)
    shown = found[:PAGE]
    authors = store.claims.approved([pk]).get(pk, {}) if shown else {}
    return Discussion(_threaded(shown, authors), shown[-1].id if len(found) > PAGE else 0)


def _threaded(found: Sequence[Comment], authors: dict[int, str]) -> tuple[Said, ...]:
    """Each answer below what it answers, in the order in which they were written.

    What is gone and has no answers is left out. An answer to a comment that is not shown here stands by itself.
    """
    here = {one.id: one for one in found}
    answers: dict[int | None, list[Comment]] = {}
    for one in found:
        answers.setdefault(one.parent if one.parent in here else None, []).append(one)
    kept = _with_answers(found)
    placed: list[Said] = []
    waiting = [(one, 0) for one in reversed(answers.get(None, []))]
    while waiting:
        one, depth = waiting.pop()
        if one.id in kept:
            flat = one.parent is not None and (depth > DEEPEST or one.parent not in here)
            named = (here[one.parent].name or "a comment above") if flat and one.parent in here else ""
            placed.append(Said(one, min(depth, DEEPEST), authors.get(one.account or 0, ""), named))
            waiting += [(answer, depth + 1) for answer in reversed(answers.get(one.id, []))]
    return tuple(placed)


def _with_answers(found: Sequence[Comment]) -> set[int]:
    """The comments that stand, and those that something standing answers."""
    parents = {one.id: one.parent for one in found}
    kept: set[int] = set()
    for one in found:
        number: int | None = one.id if one.gone is None else None
        while number in parents and number not in kept:
            kept.add(number)
            number = parents[number]
    return kept


def write(store: Store, reader: Reader, pk: int, text: str, parent: int | None = None) -> Comment:
    """A new comment on the paper of row *pk*; the same one again when it is sent twice.

    Raises Mistake for a text that is empty, too long or at the wrong place, NotFound, TooOften, Busy.
    """
    return store.comments.write(reader.id, pk, worded(text), parent, limited=not reader.may("moderate"))


def edit(store: Store, reader: Reader, number: int, text: str, version: int) -> Comment:
    """Other words for a comment of one's own. Raises as `write` does, Forbidden, and Conflict when it was changed."""
    return store.comments.edit(reader.id, number, worded(text), version)


def remove(store: Store, reader: Reader, number: int, why: str = "") -> Comment:
    """Takes away one's own comment; an editor takes away anybody's. Raises NotFound, Forbidden."""
    return store.comments.remove(reader.id, number, reason(why), editor=reader.may("moderate"))


def restore(store: Store, reader: Reader, number: int, why: str = "") -> Comment:
    """An editor puts back what an editor took away. Raises NotFound, Forbidden, Mistake."""
    need(reader, "moderate")
    return store.comments.restore(reader.id, number, reason(why))


def report(store: Store, reader: Reader, number: int, why: str = "") -> Comment:
    """Asks the editors to look at a comment. Raises NotFound, Mistake, TooOften."""
    return store.comments.report(reader.id, number, reason(why))


def keep(store: Store, reader: Reader, number: int, why: str = "") -> None:
    """An editor has looked at what was reported, and it stays. Raises NotFound, Forbidden."""
    need(reader, "moderate")
    store.comments.settle(reader.id, number, reason(why))


def worded(text: str) -> str:
    """*text* as a comment is kept. Raises Mistake when it is empty or too long."""
    words = clean_lines(text)
    if not words.strip():
        raise Mistake("the comment is empty; write something first")
    if len(words) > MOST_TEXT:
        raise Mistake(f"the comment has {len(words):,} characters; {MOST_TEXT:,} are the most")
    return words


def reason(why: str) -> str:
    """One line that says why. Raises Mistake when it is too long."""
    line = clean(why)
    if len(line) > MOST_WHY:
        raise Mistake(f"the reason has {len(line):,} characters; {MOST_WHY} are the most")
    return line


def need(reader: Reader, act: Act) -> None:
    """Raises Forbidden for a reader who may not do that."""
    if not reader.may(act):
        raise Forbidden("this takes more than your account may do; an editor of this library can do it")
