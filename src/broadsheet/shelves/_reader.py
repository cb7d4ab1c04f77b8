"""What the verbs of a reader need from a library."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from broadsheet.query import Page, Query
from broadsheet.settings import Settings
from broadsheet.store import Store

if TYPE_CHECKING:
    from broadsheet.find import Finder


class Reading(ABC):
    """A library as one reader holds it; *account* says whose."""

    settings: Settings
    store: Store
    account: int

    @property
    @abstractmethod
    def finder(self) -> "Finder": ...

    @abstractmethod
    def search(self, query: Query | str) -> Page: ...

    @abstractmethod
    def _pks(self, identifiers: Sequence[str]) -> list[int]: ...
