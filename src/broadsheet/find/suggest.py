"""What a question may become while it is typed: names, titles and saved searches that begin with its last words.

    text -> its ends (`pieces`) -> names and titles that begin so -> a share for each kind

What stands before the piece that was completed stays: ``graph networks hin`` may become ``graph networks
author:"Geoffrey Hinton"``.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from broadsheet.condition import QUOTE, quoted
from broadsheet.errors import Mistake
from broadsheet.index.analysis import EXACT
from broadsheet.index.beginnings import Names, begins, held, titles
from broadsheet.index.reader import Reader
from broadsheet.paper import Paper
from broadsheet.query import MAX_SUGGESTIONS, Suggestion
from broadsheet.querytokens import FIELDS, tokens
from broadsheet.store import Store
from broadsheet.text import STOP_WORDS, clean, fold

KINDS = ("saved", "author", "venue", "category", "title")  # in the order in which they are offered
NAMES = ("author", "venue", "category")
LONGEST = 200  # characters; whoever typed more needs no suggestion
NAME_WORDS = 6
AT_ONCE = 8  # papers read from the store
BACK = 3  # words from the end that may begin a name, besides all of them
_IDEOGRAPHS = "\u2e80"  # from here on one sign may be a whole name


class Piece(NamedTuple):
    """An end of what was typed: its *text*, what stands *before* it, the *field* that it is in, if any."""

    before: str
    text: str
    field: str = ""

    @property
    def words(self) -> list[str]:
        return fold(self.text).replace(",", " ").split()


class Suggester:
    """Suggestions from a library's newest view; the commonest names of it are remembered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[str, Names] | None = None
        self._lock = threading.Lock()

    def suggest(self, text: str, limit: int, reader: Reader | None, asker: int = 0) -> tuple[Suggestion, ...]:
        """At most *limit*, those of a kind together, its best first; nothing is wrong with any *text*.

        Saved searches are those of the account *asker*, 0 for somebody whom nobody knows. Raises Mistake for a limit
        out of range.
        """
        if not 1 <= limit <= MAX_SUGGESTIONS:
            raise Mistake(f"limit is {limit!r}; it must be a whole number from 1 to {MAX_SUGGESTIONS}.")
        typed = clean(text) if len(text) <= LONGEST else ""
        if not typed:
            return ()
        found = {"saved": list(islice(self._saved(typed, asker), limit))}
        wanted = pieces(typed)
        if reader is not None and wanted:
            names = self._names(reader)
            for kind in NAMES:
                found[kind] = list(islice(_named(kind, wanted, names, limit), limit))
            found["title"] = list(islice(self._titled(wanted[0], limit, reader), limit))
        return _shared(found, limit)

    def _names(self, reader: Reader) -> Names:
        with self._lock:
            if self._known is None or self._known[0] != reader.stamp:
                self._known = (reader.stamp, Names(reader.lexical))
            return self._known[1]

    def _saved(self, typed: str, asker: int) -> Iterator[Suggestion]:
        words = fold(typed).split()
        for one in self._store.searches.all(asker) if asker else ():
            if begins(words, fold(one.name).split()):
                yield Suggestion("saved", one.name, 0, one.query)

    def _titled(self, piece: Piece, limit: int, reader: Reader) -> Iterator[Suggestion]:
        """Papers, most cited first; only for all of what was typed, which the paper then stands for."""
        words = EXACT.analyze(piece.text)
        if piece.before or piece.field not in ("", "title") or not words or _short("".join(words)):
            return
        pks = titles(reader.lexical, words, limit).tolist()
        for start in range(0, len(pks), AT_ONCE):
            for paper in self._store.get(pks[start : start + AT_ONCE]).values():
                if held(words, paper.title):
                    yield Suggestion("title", paper.title, 1, _one(paper), paper.key)


def pieces(typed: str) -> list[Piece]:
    """The ends of *typed* that may be the beginning of something, the longest first; *typed* is `text.clean`.

    What stands in open quotation marks or behind a field is one piece; else all plain words, and the last few of them.
    """
    *others, last = tokens(typed)  # there is one: `clean` leaves no blanks alone
    if last.value.endswith(":") and last.value[:-1].lower() in FIELDS:
        return []  # what it is about comes next
    if last.field or last.kind != "word":
        open_ = last.kind == "word" or (last.kind == "phrase" and not last.closed)
        return [Piece(typed[: last.start + len(last.sign)], last.value, last.field)] if open_ else []
    starts = [last.start + len(last.sign)]
    for token in () if last.sign else reversed(others):
        if token.kind != "word" or token.field or token.sign:
            break
        starts.append(token.start)
    chosen = sorted({starts[-1], *starts[:BACK]})
    return [Piece(typed[:start], typed[start:]) for start in chosen]


def _named(kind: str, wanted: Sequence[Piece], names: Names, limit: int) -> Iterator[Suggestion]:
    """Names that the longest piece begins; where there are none, the next."""
    for piece in wanted:
        words = piece.words
        if piece.field not in ("", kind) or not 0 < len(words) <= NAME_WORDS or _short("".join(words)):
            continue
        if piece is not wanted[0] and len(words) == 1 and words[0] in STOP_WORDS:
            continue
        found = names.beginning(kind, words, limit, whole=piece is not wanted[0])
        for name in found:
            if clause := _clause(kind, name.text):
                yield Suggestion(kind, name.text, name.papers, piece.before + clause)
        if found:
            return


def _short(letters: str) -> bool:
    """Whether these are too few to begin anything in particular."""
    return len(letters) < 2 and letters < _IDEOGRAPHS


def _clause(kind: str, text: str) -> str:
    """The condition that a paper has the name; empty for a value that the search box has no way to write."""
    if kind == "author":  # an author is found by the words of the name
        return f"author:{quoted(text)}"
    return "" if QUOTE.search(text) or text.endswith("*") else f"{kind}:{quoted(text)}"


def _one(paper: Paper) -> str:
    """The question that finds just this paper."""
    return paper.title if QUOTE.search(paper.key) else f"id:{quoted(paper.key)}"


def _shared(found: Mapping[str, Sequence[Suggestion]], limit: int) -> tuple[Suggestion, ...]:
    """One of each kind in turn until there are enough; first the kinds whose best one takes up all that was typed."""

    def partly(kind: str) -> bool:
        return kind in NAMES and not found[kind][0].question.startswith(f"{kind}:")

    kinds = sorted((kind for kind in KINDS if found.get(kind)), key=partly)
    taken = dict.fromkeys(kinds, 0)
    while sum(taken.values()) < min(limit, sum(len(found[kind]) for kind in kinds)):
        for kind in kinds:
            if taken[kind] < len(found[kind]) and sum(taken.values()) < limit:
                taken[kind] += 1
    return tuple(one for kind in kinds for one in found[kind][: taken[kind]])
