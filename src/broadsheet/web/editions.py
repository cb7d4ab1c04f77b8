"""An edition as a page, with all that can be done with its papers here, and a subscriber's editions as a feed.

Who has the key sees it: the letter has it. It opens that one edition and nothing else, so that it can be shown around;
the feed has a key of its own.
"""

from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet import latex
from broadsheet.community.periods import day_of
from broadsheet.editions import links
from broadsheet.editions.content import Content, Why, unpack
from broadsheet.editions.shown import Shown, reasons, sentence, title
from broadsheet.errors import NotFound
from broadsheet.mail.languages import Language, language
from broadsheet.paper import Paper
from broadsheet.query import Hit, Query
from broadsheet.store import Edition, Subscriber
from broadsheet.web import feeds, filling, outgoing, site
from broadsheet.web.http import PAGE, answer
from broadsheet.web.rows import Row

LAST = 14  # editions in a feed
_NO_KEY = "this link is none of ours, or what it was for has been removed"
_PRUNED = "what this edition said is not kept any more; its papers are still here, each on its own page"
_UNSEEN = {"referrer-policy": "same-origin", "x-robots-tag": "noindex"}


class Titled(NamedTuple):
    """A part of an edition, with its papers as they are drawn."""

    title: str
    rows: tuple[Row, ...]


def page(request: Request) -> Response:
    """The edition of the key in the address."""
    here = site.of(request)
    edition, subscriber = _opened(request)
    if edition.content is None:
        raise NotFound(_PRUNED)
    content, say = unpack(edition.content), language(subscriber.language)
    parts = _parts(request, content, say)
    body = here.render(
        "edition.html", query=Query(), say=say, day=day_of(edition.day), parts=parts, minutes=content.minutes,
        notes=[sentence(say, why) for why in content.quiet], looked=content.looked,
        papers=sum(len(part.rows) for part in parts),
    )  # fmt: skip
    response = answer(request, body, PAGE, cache=outgoing.PRIVATE)
    response.headers.update(_UNSEEN)
    return response


def _opened(request: Request) -> tuple[Edition, Subscriber]:
    found = links.opened_edition(site.of(request).library.store, request.path_params["key"])
    if found is None:
        raise NotFound(_NO_KEY)
    return found


def _parts(request: Request, content: Content, say: Language) -> list[Titled]:
    """The parts that have papers still. One row a paper, numbered through the whole edition."""
    whys = {one.pk: _why(say, one.whys) for one in content.papers()}
    papers = _shown(request).papers(whys)
    hits = {pk: Hit(paper, 0.0, why=whys[pk]) for pk, paper in papers.items()}
    rows = dict(zip(hits, filling.fill(request, hits, lead=True), strict=True))
    parts = (
        Titled(title(part, say), tuple(rows[one.pk] for one in part.papers if one.pk in rows)) for part in content.parts
    )
    return [part for part in parts if part.rows]


def _shown(request: Request) -> Shown:
    return Shown(site.of(request).library, site.root(request))


def _why(say: Language, whys: tuple[Why, ...]) -> str:
    return "; ".join(map(latex.plain, reasons(say, whys)))


def feed(request: Request, suffix: str) -> Response:
    """The papers of the last editions of the subscriber whose key is in the address, the newest edition first."""
    store, now = site.of(request).library.store, int(site.now().timestamp())
    subscriber = links.opened(store, request.path_params["key"], "feed")
    if subscriber is None:
        raise NotFound(_NO_KEY)
    say, shown = language(subscriber.language), _shown(request)
    papers: dict[str, Paper] = {}
    notes: dict[str, str] = {}
    for edition in store.editions.of(subscriber.id, LAST):
        if edition.content is not None and edition.due <= now:
            whys = {one.pk: _why(say, one.whys) for one in unpack(edition.content).papers()}
            for pk, paper in shown.papers(whys).items():
                papers.setdefault(paper.key, paper)
                notes.setdefault(paper.key, whys[pk])
    some = list(papers.values())[: feeds.NEWEST]
    response = outgoing.feed(request, suffix, say.say("letter.feed"), "/", some, public=False, notes=notes)
    response.headers.update(_UNSEEN)
    return response


ROUTES = [
    Route("/edition/{key}", page, name="edition"),
    *(
        Route(f"/editions/{{key}}{suffix}", partial(feed, suffix=suffix), name=f"editions{suffix}")
        for suffix in feeds.KINDS
    ),
]
