"""Subscriptions as OPML 2.0 (opml.org): one file that a feed reader takes, instead of an address after the other."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.sax import saxutils

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.query import Filters, Query
from broadsheet.web import feeds, groups, lists, outgoing, saved, site, urls, who
from broadsheet.web.http import answer

MEDIA = "text/x-opml; charset=utf-8"
CATEGORIES = 40  # the commonest
ATOM = ".atom"


class Line(NamedTuple):
    """One feed: its title, the page that shows the same, the feed. Addresses are absolute."""

    title: str
    html: str
    xml: str


def document(title: str, parts: Iterable[tuple[str, Sequence[Line]]]) -> bytes:
    """An OPML document: folders with a name each, and feeds in them. Empty folders are left out."""
    inside = "\n".join(_folder(name, lines) for name, lines in parts if lines)
    head = f"<head><title>{_text(title)}</title></head>"
    body = f"<body>\n{inside}\n</body>"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0">\n{head}\n{body}\n</opml>\n'.encode()


def _folder(name: str, lines: Sequence[Line]) -> str:
    return "\n".join([f"<outline text={_value(name)}>", *_outlines(lines), "</outline>"])


def _outlines(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        title = _value(line.title)
        yield (
            f'<outline type="rss" text={title} title={title} xmlUrl={_value(line.xml)} htmlUrl={_value(line.html)}/>'
        )


def _text(text: str) -> str:
    return saxutils.escape(feeds.printable(text))


def _value(text: str) -> str:
    return saxutils.quoteattr(feeds.printable(text))


# -- the site's, a reader's --------------------------------------------------------------------------------------------


def everybody(request: Request) -> Response:
    """The feeds of the library that are the same for all: what is new, what rises, each common category."""
    here, root = site.of(request), outgoing.root(request)
    first = [
        Line(here.title, f"{root}/", f"{root}/feed.xml"),
        Line("Today’s papers", f"{root}/", f"{root}/today.atom"),
        Line("Rising", f"{root}/trending", f"{root}/trending.atom"),
        Line("Rising today", f"{root}/trending?window=day", f"{root}/trending.atom?window=day"),
    ]
    board = here.library.boards.current()
    rising = [(one.text, root + urls.named("topic", one.text)) for one in (board.topics.phrases if board else ())]
    phrases = [Line(phrase, page, page + ATOM) for phrase, page in rising]
    names = [name for name, _ in here.library.shelf(CATEGORIES).categories]
    categories = [Query(filters=Filters(categories=(name,)), sort="new") for name in names]
    fields = [
        Line(name, root + urls.search(query), root + feeds.address(feeds.newest(query), ATOM))
        for name, query in zip(names, categories, strict=True)
    ]
    parts = [("Front page", first), ("Categories", fields), ("Topics that rise", phrases)]
    return answer(request, document(here.title, parts), MEDIA)


def own(request: Request) -> Response:
    """A reader's searches, lists and groups; with the key in their addresses where there are accounts."""
    reader = who.reader(request)
    account = who.asker(request)
    if not account:
        raise HTTPException(401, "Sign in first.")
    return _of(request, account, outgoing.key_of(request, account) if reader and _has_accounts(request) else "")


def keyed(request: Request) -> Response:
    """The same for a feed reader, which follows what is in it as that changes."""
    return _of(request, outgoing.account_of(request), request.path_params["key"])


def _of(request: Request, account: int, key: str) -> Response:
    here, root = site.of(request), outgoing.root(request)
    store, mine = here.library.store, here.library.shelves(account)
    before = f"{root}/feeds/{key}" if key else root
    searches = [
        Line(one.name, root + saved.address(one), root + saved.feed_address(one.name, ATOM, key))
        for one in store.searches.all(account)
    ]
    shelf = [
        Line(lists.called(one, account), root + lists.address(one), before + lists.address(one, ATOM))
        for one in (*mine.lists(), *mine.group_lists())
    ]
    teams = [
        Line(
            team.name,
            root + groups.address(team),
            f"{before}/group/{team.id}{ATOM}" if key else root + groups.address(team, ATOM),
        )
        for team in store.teams.of(account)
        if team.inside
    ]
    body = document(here.title, [("Searches", searches), ("Lists", shelf), ("Groups", teams)])
    return answer(request, body, MEDIA, cache=outgoing.PRIVATE)


def _has_accounts(request: Request) -> bool:
    return site.of(request).library.settings.accounts != "off"


ROUTES = [
    Route("/opml", everybody, name="opml"),
    Route("/feeds.opml", own, name="own-opml"),
    Route("/feeds/{key}/feeds.opml", keyed, name="keyed-opml"),
]
