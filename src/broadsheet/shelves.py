"""What a reader keeps in a library: searches with a name, and what is new in them; lists of papers; a history.

`Shelved` is the part of `library.Library` that does this.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, cast

from broadsheet import querylang
from broadsheet.condition import Term, leaves
from broadsheet.errors import Busy, Mistake, NotFound
from broadsheet.paper import Paper
from broadsheet.query import SORTS, Page, Query, Sort
from broadsheet.querytokens import FIELDS
from broadsheet.settings import Settings
from broadsheet.store import Asked, Kept, Saved, Store
from broadsheet.text import clean, clip, fold

if TYPE_CHECKING:
    from broadsheet.find import Finder

SAVED = "saved"  # the list that is meant when none is named
MAX_NAME = 80  # characters
PATIENCE = 0.25  # seconds that a reader waits for somebody who adds papers, before a note of what was read is let go
_UNFIT = '/"“”'  # a name stands in an address, and in quotation marks behind in:
_INSTEAD = "remove it, or take another name"
_FIELD = re.compile(r"([a-z]+):(?!//)\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A search that has a name, as it stands now.

    query          in the language of the search box
    created        when it was saved, and *looked* when somebody last looked at its papers; ISO 8601 in UTC
    seen           papers in rows above this one have come since then
    new            how many of those answer it
    notes          what the search box says to its text today
    """

    name: str
    query: str
    sort: str
    created: str
    looked: str
    seen: int
    new: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "seen"} | {"notes": list(self.notes)}


class Shelved(ABC):
    """What a library keeps for its reader; a name may be written in any case, with and without accents."""

    settings: Settings
    store: Store

    @property
    @abstractmethod
    def finder(self) -> "Finder": ...

    @abstractmethod
    def search(self, query: Query | str) -> Page: ...

    @abstractmethod
    def _pks(self, identifiers: Sequence[str]) -> list[int]: ...

    # -- searches with a name ----------------------------------------------------------------------------------------

    def save_search(self, name: str, text: str, sort: Sort = "relevance", *, verbatim: bool = False) -> SavedSearch:
        """Give the question *text* a name; what answers it by now counts as seen. Raises Mistake.

        Its spelling is mended now, as the search box would, unless it is *verbatim*, and stays as it is from then on.
        """
        called = named(name)
        query = querylang.parse(text, sort=sort, limit=1, verbatim=verbatim)
        if not query.canonical():
            raise Mistake("a saved search must ask for something: give it words, or fields such as author:hopper")
        page = self.search(query)
        query = replace(query, words=page.mended or query.words)
        lasting = query.canonical() if len(query.canonical()) <= querylang.MAX_TEXT else query.text
        with self.store.writing() as writer:
            made = writer.shelves.save(called, lasting, sort, self._seen(page))
        one = self._saved(called)
        if not made and (one.query, one.sort) != (lasting, sort):
            raise Mistake(f"there is a saved search {one.name!r} already, for {one.query!r}; {_INSTEAD}")
        return self._standing(one)

    def saved_search(self, name: str) -> SavedSearch:
        """The search of that name, and how many papers are new. Raises NotFound."""
        return self._standing(self._saved(name))

    def saved_searches(self) -> tuple[SavedSearch, ...]:
        """All of them, by name, each with how many papers are new."""
        return tuple(self._standing(one) for one in self.store.saved())

    def look(self, name: str, *, offset: int = 0, limit: int = 0, upto: int = 0, explain: bool = False) -> Page:
        """A page of a saved search, of `page_size` papers when no limit is given.

        With its first page, all that is there by now counts as seen. Raises NotFound, and Mistake for an offset or a
        limit out of range.
        """
        one, limit = self._saved(name), limit or self.settings.page_size
        querylang.parse("", offset=offset, limit=limit, upto=upto)
        page = self.search(replace(read(one), offset=offset, limit=limit, upto=upto, explain=explain))
        if not offset:
            with suppress(Busy), self.store.noting(PATIENCE) as shelf:
                shelf.looked(one.name, self._seen(page))
        return page

    def fresh(self, page: Page, seen: int) -> frozenset[str]:
        """The keys of those papers of *page* that came after row *seen*."""
        keys = {hit.paper.ids[0]: hit.paper.key for hit in page.hits}
        return frozenset(keys[identifier] for identifier, pk in self.store.resolve([*keys]).items() if pk > seen)

    def rename_search(self, name: str, new: str) -> SavedSearch:
        """Raises NotFound, and Mistake for a name that is wrong or taken."""
        one, called = self._saved(name), named(new)
        with self.store.writing() as writer:
            done = writer.shelves.rename(one.name, called)
        if not done:
            raise Mistake(f"there is a saved search {called!r} already; {_INSTEAD}")
        return self.saved_search(called)

    def remove_search(self, name: str) -> Saved:
        """The search that was removed. Raises NotFound."""
        one = self._saved(name)
        with self.store.noting() as shelf:
            shelf.unsave(one.name)
        return one

    def _saved(self, name: str) -> Saved:
        return self.store.saved_as(clean(name)) or _no("saved search", name, (one.name for one in self.store.saved()))

    def _standing(self, one: Saved) -> SavedSearch:
        query = read(one)
        new = self._new(query, one.seen)
        return SavedSearch(one.name, one.query, one.sort, one.created, one.looked, one.seen, new, query.notes)

    def _new(self, query: Query, seen: int) -> int:
        """How many answers came after row *seen*."""
        if seen >= self.store.newest():
            return 0
        if query.lookup:
            return len(self.fresh(self.search(query), seen))
        return self.finder.new_since(query, seen)

    def _seen(self, page: Page) -> int:
        """The last row that could be among the answers of *page*."""
        if page.query.upto:
            return min(page.query.upto - 1, self.store.newest())
        return self.store.newest() if page.hits else 0  # found by its identifier, or nothing is indexed yet

    # -- lists of papers -----------------------------------------------------------------------------------------------

    def keep(self, ids: Sequence[str], name: str = SAVED) -> tuple[Paper, ...]:
        """Put papers on a list; those that were not on it. Raises NotFound for an unknown id, Mistake for a name."""
        called = named(name)
        with self.store.writing() as writer:
            done = writer.shelves.keep(self._pks(ids), called)
        return tuple(self.store.get(done).values())

    def unkeep(self, ids: Sequence[str], name: str = SAVED) -> tuple[Paper, ...]:
        """Take papers off a list; those that were on it. Raises NotFound for an unknown id, or list."""
        called = self.list_name(name)
        with self.store.writing() as writer:
            done = writer.shelves.unkeep(self._pks(ids), called)
        return tuple(self.store.get(done).values())

    def lists(self) -> tuple[Kept, ...]:
        """The lists, by name, with how many papers are on them."""
        return tuple(self.store.lists())

    def kept(self, name: str = SAVED) -> tuple[Paper, ...]:
        """The papers on a list, the last put there first. Raises NotFound."""
        return tuple(self.store.get(self.store.listed(self.list_name(name))).values())

    def list_name(self, name: str) -> str:
        """The name of a list as it was first written. Raises NotFound."""
        names = {fold(one.name): one.name for one in self.store.lists()}
        key = fold(clean(name))
        return names[key] if key in names else SAVED if key == SAVED else _no("list", name, names.values())

    # -- history -------------------------------------------------------------------------------------------------------

    def remember(self, page: Page) -> None:
        """Note what was asked, where the settings want that; turning the pages of one answer is asking once."""
        if self.settings.history and not page.query.offset and (asked := page.query.canonical()):
            with suppress(Busy), self.store.noting(PATIENCE) as shelf:
                shelf.remember(asked, page.query.sort, page.total)

    def history(self, limit: int = 100) -> tuple[Asked, ...]:
        """What was asked, the latest first."""
        return tuple(self.store.asked(limit))

    def wipe_history(self) -> int:
        """Forget all that was asked, for good; how many questions that were."""
        return self.store.wipe()


def named(name: str) -> str:
    """*name* as it is kept. Raises Mistake when nothing can be called that."""
    called = clean(name)
    if not 1 <= len(called) <= MAX_NAME or not fold(called) or any(sign in called for sign in _UNFIT):
        raise Mistake(
            f"{clip(called, 40)!r} cannot be a name: it takes 1 to {MAX_NAME} characters, without / and quotation marks"
        )
    return called


def read(one: Saved) -> Query:
    """The question of a saved search as it is understood today; its notes say what no longer means what it did."""
    known = one.sort in SORTS
    sort = cast("Sort", one.sort) if known else "relevance"
    query = querylang.parse(one.query, sort=sort, verbatim=True)
    notes = [] if known else [f"The order {one.sort!r} is not known any more; relevance takes its place."]
    for field in _strange_fields(query):
        if not any(f"“{field}:" in note for note in query.notes):
            notes.append(f"“{field}:” is no field, or not any more; it was searched as words.")
    return replace(query, notes=(*query.notes, *notes))


def _strange_fields(query: Query) -> Iterable[str]:
    """What stands before a colon as a field does, and is none."""
    matches = (_FIELD.match(word) for word in _words(query))
    return dict.fromkeys(match[1] for match in matches if match and match[1].lower() not in FIELDS)


def _words(query: Query) -> Iterator[str]:
    yield from query.words.split()
    yield from query.without
    for node in query.where:
        yield from (leaf.text for leaf in leaves(node) if isinstance(leaf, Term) and leaf.kind != "phrase")


def _no(what: str, name: str, there: Iterable[str]) -> NoReturn:
    have = ", ".join(there)
    raise NotFound(f"there is no {what} {clip(clean(name), 40)!r} (there are: {have or 'none yet'})")
