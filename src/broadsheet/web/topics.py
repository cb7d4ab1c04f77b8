"""Topics: the categories and the phrases that rise, and a page for each with its newest, its risers, its volume."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.errors import NotFound
from broadsheet.query import Filters, Query
from broadsheet.text import clean, clip
from broadsheet.web import dates, feeds, filling, plots, sharing, site, sparks, taking, trending, urls, views
from broadsheet.web.site import Site

if TYPE_CHECKING:
    from markupsafe import Markup

    from broadsheet.community.board import Board
    from broadsheet.query import Page
    from broadsheet.web.rows import Row

NEWEST = 12
RISING = 5
CATEGORIES = 200
BESIDE = 10  # venues, and authors
MAX_NAME = 120  # characters


class Counted(NamedTuple):
    """A name, how many papers of the topic have it, and its own page."""

    name: str
    papers: int
    href: str


def directory(request: Request) -> Response:
    """All categories, and the phrases that rise."""
    return sharing.page(request, lambda: _directory(site.of(request)))


def _directory(here: Site) -> bytes:
    board = here.library.boards.current()
    shelf = here.library.shelf(CATEGORIES)
    return here.render(
        "topics.html", query=Query(), board=board, categories=sorted(shelf.categories),
        most=max((phrase.late for phrase in board.topics.phrases), default=1) if board else 1,
    )  # fmt: skip


def asked(here: Site, name: str) -> Query:
    """The question that a topic is: a category, or else a phrase. Raises NotFound."""
    topic = clean(clean(name).replace('"', " "))
    if not topic or len(topic) > MAX_NAME:
        raise NotFound(f"“{clip(topic, 60)}” is no topic; a topic is a category, or a phrase of a few words.")
    if here.library.is_category(topic):
        return Query(filters=Filters(categories=(topic,)))
    return here.library.parse(f'"{topic}"', verbatim=True, asker=0)


def shown(request: Request) -> Response:
    """The topic in the address."""
    here = site.of(request)
    question = asked(here, request.path_params["name"])
    return sharing.page(request, lambda: _shown(request, here, clean(request.path_params["name"]), question))


def _shown(request: Request, here: Site, name: str, question: Query) -> bytes:
    library = here.library
    page = library.search(replace(question, sort="new", limit=NEWEST, facets=("year", "venue", "author")))
    if not page.total:
        raise NotFound(f"No paper here is about “{clip(name, 60)}”.")
    board = library.boards.current()
    category = bool(question.filters)
    return here.render(
        "topic.html", query=question, topic=name, total=page.total, rows=_rows(request, page), category=category,
        rising=_rising(request, board, name) if board else (), volume=_volume(here, name, question, page),
        venues=_counted(page, "venue"), authors=_counted(page, "author"), whole=replace(question, sort="new"),
        trending=trending.address("week", name), phrase=_of(board, name), topics=_topics(here, question),
        feed_paths=sharing.feeds_of(urls.named("topic", name)),
    )  # fmt: skip


def _rows(request: Request, page: "Page") -> "list[Row]":
    keys = {hit.paper.ids[0]: hit for hit in page.hits}
    numbers = site.of(request).library.store.resolve([*keys])
    hits = {numbers[key]: hit for key, hit in keys.items() if key in numbers}
    return filling.fill(request, hits)


def _rising(request: Request, board: "Board", name: str) -> "tuple[Row, ...]":
    found, _, _ = trending.rising(request, board, "month", name, RISING)
    return tuple(one.row for one in found)


def _of(board: "Board | None", name: str) -> str:
    """How much a phrase rises, in words; empty where it does not."""
    if board is None:
        return ""
    found = next((one for one in board.topics.phrases if one.text.lower() == name.lower()), None)
    if found is None:
        return ""
    return f"{found.late:,} titles in {board.topics.span}; {found.usual:.0f} would be as in {board.topics.compared}"


def _topics(here: Site, question: Query) -> list[tuple[str, str]]:
    return [(topic, urls.named("topic", topic)) for topic in here.library.topics(question)]


def _counted(page: "Page", facet: str) -> list[Counted]:
    return [Counted(name, count, urls.named(facet, name)) for name, count in page.facets.get(facet, ())[:BESIDE]]


def _volume(here: Site, name: str, question: Query, page: "Page") -> "Markup":
    """How many papers, by month where that is known, else by year."""
    months = here.library.months(name)
    if months:
        return sparks.bars([_bar(year, month + 1, count) for (year, month), count in months.items()], "Papers by month")
    return plots.histogram(page.years, views.years_prefix(question))


def _bar(year: int, month: int, count: int) -> sparks.Bar:
    first = date(year, month, 1)
    return sparks.Bar(dates.written(f"{first:%Y-%m}"), count, f"/month/{first:%Y-%m}")


def feed(request: Request, suffix: str) -> Response:
    """The newest papers of a topic."""
    here, name = site.of(request), clean(request.path_params["name"])
    question = feeds.newest(asked(here, name))
    return taking.send(request, suffix, question, f"{name} · {here.title}", urls.named("topic", name) + suffix)


def written_by(request: Request, suffix: str) -> Response:
    """The newest papers of an author."""
    here, name = site.of(request), clean(request.path_params["name"])
    question = feeds.newest(Query(filters=Filters(authors=(name,))))
    return taking.send(request, suffix, question, f"{name} · {here.title}", urls.named("author", name) + suffix)


def _feeds(path: str, made: Sequence[str]) -> list[Route]:
    act = {"/topic": feed, "/author": written_by}[path]
    return [Route(f"{path}/{{name:path}}{one}", partial(act, suffix=one), name=f"{path[1:]}{one}") for one in made]


ROUTES = [
    Route("/topics", directory, name="topics"),
    *_feeds("/topic", [*feeds.KINDS]),
    *_feeds("/author", [*feeds.KINDS]),
    Route("/topic/{name:path}", shown, name="topic"),
]
