"""Searches with a name: one reader's, and what has come since the reader looked."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from broadsheet import querylang
from broadsheet.condition import Term, leaves
from broadsheet.errors import Busy, Mistake
from broadsheet.query import SORTS, Page, Query, Sort
from broadsheet.querytokens import FIELDS
from broadsheet.shelves._reader import Reading
from broadsheet.shelves.names import missing, named
from broadsheet.store import Saved
from broadsheet.text import clean

PATIENCE = 0.25  # seconds that a reader waits for somebody who adds papers, before a note of what was read is let go
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


class Searching(Reading):
    """A reader's saved searches; a name may be written in any case, with and without accents."""

    def save_search(self, name: str, text: str, sort: Sort = "relevance", *, verbatim: bool = False) -> SavedSearch:
        """Give the question *text* a name; what answers it by now counts as seen. Raises Mistake.

        Its spelling is mended now, as the search box would, unless it is *verbatim*, and stays as it is from then on.
        """
        called = named(name)
        query = querylang.parse(text, sort=sort, limit=1, verbatim=verbatim, asker=self.account)
        if not query.canonical():
            raise Mistake("a saved search must ask for something: give it words, or fields such as author:hopper")
        page = self.search(query)
        query = replace(query, words=page.mended or query.words)
        lasting = query.canonical() if len(query.canonical()) <= querylang.MAX_TEXT else query.text
        made = self.store.searches.save(self.account, called, lasting, sort, self._seen(page))
        one = self._saved(called)
        if not made and (one.query, one.sort) != (lasting, sort):
            raise Mistake(f"there is a saved search {one.name!r} already, for {one.query!r}; {_INSTEAD}")
        return self._standing(one)

    def saved_search(self, name: str) -> SavedSearch:
        """The search of that name, and how many papers are new. Raises NotFound."""
        return self._standing(self._saved(name))

    def saved_searches(self) -> tuple[SavedSearch, ...]:
        """All of them, by name, each with how many papers are new."""
        return tuple(self._standing(one) for one in self.store.searches.all(self.account))

    def look(self, name: str, *, offset: int = 0, limit: int = 0, upto: int = 0, explain: bool = False) -> Page:
        """A page of a saved search, of `page_size` papers when no limit is given.

        With its first page, all that is there by now counts as seen. Raises NotFound, and Mistake for an offset or a
        limit out of range.
        """
        one, limit = self._saved(name), limit or self.settings.page_size
        querylang.parse("", offset=offset, limit=limit, upto=upto)
        page = self.search(replace(read(one, self.account), offset=offset, limit=limit, upto=upto, explain=explain))
        if not offset:
            with suppress(Busy):
                self.store.searches.looked(self.account, one.name, self._seen(page), PATIENCE)
        return page

    def fresh(self, page: Page, seen: int) -> frozenset[str]:
        """The keys of those papers of *page* that came after row *seen*."""
        keys = {hit.paper.ids[0]: hit.paper.key for hit in page.hits}
        return frozenset(keys[identifier] for identifier, pk in self.store.resolve([*keys]).items() if pk > seen)

    def rename_search(self, name: str, new: str) -> SavedSearch:
        """Raises NotFound, and Mistake for a name that is wrong or taken."""
        one, called = self._saved(name), named(new)
        if not self.store.searches.rename(self.account, one.name, called):
            raise Mistake(f"there is a saved search {called!r} already; {_INSTEAD}")
        return self.saved_search(called)

    def remove_search(self, name: str) -> Saved:
        """The search that was removed. Raises NotFound."""
        one = self._saved(name)
        self.store.searches.remove(self.account, one.name)
        return one

    def _saved(self, name: str) -> Saved:
        found = self.store.searches.named(clean(name), self.account)
        return found or missing("saved search", name, (one.name for one in self.store.searches.all(self.account)))

    def _standing(self, one: Saved) -> SavedSearch:
        query = read(one, self.account)
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


def read(one: Saved, asker: int) -> Query:
    """The question of a saved search as it is understood today, asked by the account *asker*.

    Its notes say what no longer means what it did.
    """
    known = one.sort in SORTS
    sort = cast("Sort", one.sort) if known else "relevance"
    query = querylang.parse(one.query, sort=sort, verbatim=True, asker=asker)
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
