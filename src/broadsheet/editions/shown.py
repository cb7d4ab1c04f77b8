"""An edition of the ledger as a sheet: its papers as they are now, its reasons as sentences in the reader's language.

What letters of one day share is read and written out once: 10,000 editions are of 1,500 papers. A paper that was
removed since an edition was made is left out; one that was absorbed stands as what it became.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from broadsheet import cite, latex
from broadsheet.editions import links
from broadsheet.editions.choose import SHOWN
from broadsheet.editions.content import Content, Part, Why, unpack
from broadsheet.errors import Mistake
from broadsheet.mail.languages import Language, language
from broadsheet.mail.sheet import Item, Link, Section, Sheet
from broadsheet.paper import Paper
from broadsheet.text import clean

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.settings import Settings
    from broadsheet.store import Edition, Subscriber

SUMMARY = 300  # characters of an abstract
LEAD = 480  # and of the first paper's
MOST = 20_000  # papers that are kept; then it begins anew
_PLAIN = "/:@!$()*,;=~"  # signs of an id that stay readable in an address
_LINK = re.compile(r"https?://[^\s<>\"'\\]+", re.IGNORECASE)
_NO_ADDRESS = (
    "[web] address: letters to others need to know where this library is, for the links in them; "
    'set it, such as address = "https://papers.example.org"'
)


def root(settings: "Settings") -> str:
    """What stands before a path in letters, without a slash at its end. Raises Mistake where nobody could follow it.

    Without a server for mail letters go into the outbox, and only who sits at this machine reads them.
    """
    if settings.address:
        return settings.address.rstrip("/")
    if settings.smtp:
        raise Mistake(_NO_ADDRESS)
    return f"http://localhost:{settings.port or 8008}"


def paper_path(key: str) -> str:
    """Where the pages have a paper."""
    return f"/paper/{quote(key, safe=_PLAIN)}"


class Shown:
    """Makes sheets, and keeps what they share. For one run: papers change. Safe to share between threads.

    base  what stands before a path; that of the settings if it is empty
    """

    def __init__(self, library: "Library", base: str = "") -> None:
        self._library = library
        self.base = base or root(library.settings)
        self._papers: dict[int, Paper | None] = {}
        self._items: dict[tuple[int, str, bool], Item] = {}
        self._absorbed: Mapping[int, int] | None = None

    def sheet(self, edition: "Edition", subscriber: "Subscriber") -> Sheet:
        """The edition as its subscriber sees it. Raises Mistake for one whose content is kept no more."""
        if edition.content is None:
            raise Mistake("what this edition said is not kept any more")
        return self.of_content(edition, subscriber, unpack(edition.content))

    def of_content(self, edition: "Edition", subscriber: "Subscriber", content: Content) -> Sheet:
        store, say = self._library.store, language(subscriber.language)
        self.papers(one.pk for one in content.papers())
        sections: list[Section] = []
        for part in content.parts:
            if items := self._of_part(part, say, lead=not sections):
                sections.append(Section(part.key, title(part, say), items))
        if content.parts and not sections:
            raise Mistake("all papers of this edition have been removed since")
        page = (
            links.edition(self.base, links.edition_key(store, edition, subscriber)) if edition.id else f"{self.base}/"
        )
        return Sheet(
            site=clean(self._library.settings.title), language=say.code, day=date.fromisoformat(str(edition.day)),
            sections=tuple(sections), notes=tuple(sentence(say, why) for why in content.quiet), minutes=content.minutes,
            looked=content.looked, home=f"{self.base}/", page=page,
            manage=links.manage(self.base, links.key_of(store, subscriber, "manage")),
            leave=links.leave(self.base, links.key_of(store, subscriber, "leave")),
        )  # fmt: skip

    def papers(self, pks: Iterable[int]) -> dict[int, Paper]:
        """pk -> paper of all that are here; those that are not known yet are read in one go."""
        wanted = dict.fromkeys(pks)
        if missing := [pk for pk in wanted if pk not in self._papers]:
            if len(self._papers) > MOST:
                self._papers, self._items = {}, {}
            self._papers.update(self._read(missing))
        known = self._papers
        return {pk: paper for pk in wanted if (paper := known.get(pk)) is not None}

    def _read(self, pks: Sequence[int]) -> dict[int, Paper | None]:
        store = self._library.store
        found: dict[int, Paper | None] = dict.fromkeys(pks, None)
        found.update(store.get(pks))
        if gone := [pk for pk in pks if found[pk] is None]:
            if self._absorbed is None:
                self._absorbed = store.editions.absorbed()
            became = {pk: self._absorbed[pk] for pk in gone if pk in self._absorbed}
            living = store.get(list(dict.fromkeys(became.values())))
            found.update((pk, living.get(new)) for pk, new in became.items())
        return found

    def _of_part(self, part: Part, say: Language, *, lead: bool) -> tuple[Item, ...]:
        items: list[Item] = []
        for one in part.papers:
            if (paper := self._papers.get(one.pk)) is not None:
                item = self._item(one.pk, paper, say, lead=lead and not items)
                items.append(replace(item, why=reasons(say, one.whys)))
        return tuple(items)

    def _item(self, pk: int, paper: Paper, say: Language, *, lead: bool) -> Item:
        """All of it that is the same for every reader of that language."""
        key = (pk, say.code, lead)
        if key not in self._items:
            self._items[key] = _written(paper, say, self.base, LEAD if lead else SUMMARY)
        return self._items[key]


def _written(paper: Paper, say: Language, base: str, summary: int) -> Item:
    here = base + paper_path(paper.key)
    elsewhere = [(None, cite.address(paper)), ("PDF", paper.link("pdf")), ("code", paper.link("code"))]
    found: dict[str, Link] = {}
    for words, href in elsewhere:
        if _LINK.fullmatch(href):
            found.setdefault(href, Link(words or urlsplit(href).netloc.removeprefix("www."), href))
    return Item(
        paper.title, say.names(paper.authors), say.date(paper.date or str(paper.year or "")), paper.venue,
        latex.clipped(paper.abstract, summary), (), here,
        (Link(say.say("letter.save"), f"{here}#keep"), *found.values()),
    )  # fmt: skip


def title(part: Part, say: Language) -> str:
    """What stands above a part: the name of what it is for, or else of its kind."""
    return clean(part.name) or say.say(f"section.{part.key}")


def reasons(say: Language, whys: Sequence[Why]) -> tuple[str, ...]:
    """The strongest of them, as sentences."""
    return tuple(dict.fromkeys(sentence(say, why) for why in whys[:SHOWN]))


def sentence(say: Language, why: Why) -> str:
    """A reason, or what is said of a quiet day, in a language. A code that it has no sentence for is our bug."""
    holes: dict[str, str | int | float] = {
        name: clean(value) if isinstance(value, str) else value for name, value in why.args.items()
    }
    code = why.code
    if "weekday" in holes:
        holes["weekday"] = say.days[int(holes["weekday"])]
    if "since" in holes:
        code += "" if holes["since"] else "-never"
        holes["since"] = say.date(str(holes["since"]))
    if holes.pop("holiday", 0):
        code += "-holiday"
    return say.say(f"why.{code}", **holes)
