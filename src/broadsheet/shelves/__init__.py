"""What a reader keeps in a library: searches with a name, and what is new in them; lists of papers; a history.

`Shelved` is the part of `library.Library` that does this, for the owner; `Shelves` are those of another reader.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from broadsheet import querylang
from broadsheet.errors import Busy
from broadsheet.query import Page, Query
from broadsheet.shelves.lists import SAVED, Kept, Listing, May, moment, told, told_entry
from broadsheet.shelves.names import MAX_NAME, MAX_NOTE, SEEN, named, noted
from broadsheet.shelves.searches import PATIENCE, SavedSearch, Searching, read
from broadsheet.store import OWNER, Asked

if TYPE_CHECKING:
    from broadsheet.find import Finder

__all__ = [
    "MAX_NAME", "MAX_NOTE", "SAVED", "SEEN", "Kept", "May", "SavedSearch", "Shelved", "Shelves", "moment", "named",
    "noted", "read", "told", "told_entry",
]  # fmt: skip


class Shelved(Searching, Listing):
    """A library as the owner holds it: what is kept is the owner's."""

    account = OWNER

    def shelves(self, account: int) -> "Shelves":
        """The same verbs for another reader; 0 is somebody whom nobody knows, who keeps nothing."""
        return Shelves(self, account)

    def remember(self, page: Page) -> None:
        """Note what was asked, where the settings want that; turning the pages of one answer is asking once."""
        if self.settings.history and not page.query.offset and (asked := page.query.canonical()):
            with suppress(Busy):
                self.store.searches.remember(asked, page.query.sort, page.total, PATIENCE)

    def history(self, limit: int = 100) -> tuple[Asked, ...]:
        """What was asked, the latest first."""
        return tuple(self.store.searches.asked(limit))

    def wipe_history(self) -> int:
        """Forget all that was asked, for good; how many questions that were."""
        return self.store.searches.wipe()


class Shelves(Searching, Listing):
    """What one reader keeps in a library."""

    def __init__(self, library: Shelved, account: int) -> None:
        self.settings, self.store, self.account = library.settings, library.store, account
        self._library = library

    @property
    def finder(self) -> "Finder":
        return self._library.finder

    def search(self, query: Query | str) -> Page:
        if isinstance(query, str):
            query = querylang.parse(query, asker=self.account)
        return self._library.search(query)

    def _pks(self, identifiers: Sequence[str]) -> list[int]:
        return self._library._pks(identifiers)
