"""What the shared parts of a page are fed with: a paper as a row of a list. Pure; `_paper.html` draws it."""

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from broadsheet.paper import Paper
from broadsheet.query import NOTHING_MARKED, Marked, Signal
from broadsheet.text import clip


class Counts(NamedTuple):
    """What all readers did with a paper."""

    votes: int = 0
    comments: int = 0


class Mine(NamedTuple):
    """What the reader who asks did with it."""

    voted: bool = False
    saved: bool = False
    hidden: bool = False
    read: bool = False


class Badge(NamedTuple):
    """A few words beside the reason, such as ``rising 4.2 times its topic``; *tone*: good, bad, busy, or none."""

    words: str
    tone: str = ""
    href: str = ""


_NO_COUNTS, _NOT_MINE, _NO_PLOT = Counts(), Mine(), Markup("")


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of a list, as a reader sees it.

    place    its number in the list; 0 shows none
    why      why it is here, a sentence; *signals* and *score* open it to a table
    title    with what matched marked; empty for the paper's own
    snippet  what is shown of the abstract; empty for nothing
    may      whether there are buttons: the reader may vote, save and hide, or may sign in and then do so
    spark    a small plot of how it fares, for lists of what rises
    """

    paper: Paper
    place: int = 0
    why: str = ""
    signals: tuple[Signal, ...] = ()
    score: float = 0.0
    title: Marked = NOTHING_MARKED
    snippet: Marked = NOTHING_MARKED
    counts: Counts = _NO_COUNTS
    mine: Mine = _NOT_MINE
    may: bool = False
    badges: tuple[Badge, ...] = ()
    spark: Markup = _NO_PLOT


def brief(paper: Paper, most: int = 0) -> Row:
    """The row of a paper with the first *most* characters of its abstract, where nobody asked for anything."""
    return Row(paper, snippet=Marked(clip(paper.abstract, most)) if most else NOTHING_MARKED)
