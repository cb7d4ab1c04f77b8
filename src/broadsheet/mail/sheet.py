"""One edition as it is shown to one reader, in their language: what the letter and its text are made of. Pure data.

Titles, names and summaries are as the source wrote them, LaTeX included: the text of a letter and its HTML each set
them in their own way.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Link(NamedTuple):
    """An address, and the words that lead there."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Item:
    """One paper.

    authors  the first ones, and how many more there are
    when     when it was first public, written out; empty if unknown
    venue    where; empty if unknown
    summary  the beginning of its abstract; empty for none
    why      the reasons why it is here, the strongest first
    link     its page in this library
    links    where else it is, and what can be done with it there
    """

    title: str
    authors: str
    when: str
    venue: str
    summary: str
    why: tuple[str, ...]
    link: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """*key*: as of `editions.content.Part`; *title*: in the reader's language."""

    key: str
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole edition.

    site      what the library calls itself
    language  a code of `languages`
    day       of the reader's own calendar
    notes     why there is little or nothing, as sentences
    minutes   that reading it takes; looked: how many new papers it was chosen from, 0 where that is not known
    home      the library's front page
    page      this edition as a page; manage, leave: where the subscription is changed, and ended
    """

    site: str
    language: str
    day: date
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    minutes: int
    looked: int
    home: str
    page: str
    manage: str
    leave: str

    @property
    def items(self) -> tuple[Item, ...]:
        """All papers, in order."""
        return tuple(item for section in self.sections for item in section.items)
