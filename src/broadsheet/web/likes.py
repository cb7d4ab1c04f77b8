"""Questions with ``like:``: the papers that they go by, and the same question with one more of them or one fewer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from broadsheet import ids
from broadsheet.paper import Paper
from broadsheet.query import Query
from broadsheet.web import urls

if TYPE_CHECKING:
    from broadsheet.library import Library


class Given(NamedTuple):
    """A paper that the answers should be like, or not; *paper* is None for an id that nobody has."""

    identifier: str
    paper: Paper | None
    liked: bool
    without: str  # the address of the question without it; empty when nothing would be left to ask


def given(library: "Library", query: Query) -> list[Given]:
    """The liked papers, then the disliked."""
    return list(_given(library, query))


def _given(library: "Library", query: Query) -> Iterator[Given]:
    for liked, all_of in ((True, query.like), (False, query.unlike)):
        for identifier in all_of:
            yield Given(ids.shown(identifier), library.paper(identifier), liked, _href(_without(query, identifier)))


def rest(query: Query) -> str:
    """What else the box says."""
    return replace(query, like=(), unlike=()).box()


def more(query: Query, key: str) -> str:
    """The address of the question that likes the paper called *key* as well."""
    identifier = ids.own(key)
    rest = _without(query, identifier)
    return _href(replace(rest, like=(*rest.like, identifier)))


def alone(key: str) -> str:
    """The address of the question for papers like the one called *key*."""
    return more(Query(), key)


def less(query: Query, key: str) -> str:
    """The address of the question that dislikes it as well."""
    identifier = ids.own(key)
    rest = _without(query, identifier)
    return _href(replace(rest, unlike=(*rest.unlike, identifier)))


def _without(query: Query, identifier: str) -> Query:
    like, unlike = (tuple(one for one in all_of if one != identifier) for all_of in (query.like, query.unlike))
    return replace(query, like=like, unlike=unlike, offset=0)


def _href(query: Query) -> str:
    return urls.search(query) if query.asks else ""
