"""What all see of a reader: a few words, public lists, groups, papers that are theirs. No address, no votes."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.errors import NotFound
from broadsheet.people import names
from broadsheet.query import Hit, Query
from broadsheet.store.accounts import Account
from broadsheet.text import clean, clip
from broadsheet.web import feeds, filling, groups, lists, outgoing, site, who
from broadsheet.web.http import answer

CLAIMED = 100  # papers of an author


def page(request: Request) -> Response:
    here, one, asker = site.of(request), _account(request), who.asker(request)
    if request.path_params["name"] != one.name:
        return RedirectResponse(groups.reader_address(one.name), 302, {"cache-control": "no-cache"})
    store = here.library.store
    claims = [claim for claim in store.claims.of_account(one.id) if claim.state == "approved"][:CLAIMED]
    papers = store.get([claim.pk for claim in claims])
    hits = {claim.pk: Hit(papers[claim.pk], 0.0) for claim in claims if claim.pk in papers}
    body = here.render(
        "reader.html", query=Query(), one=one, lists=store.lists.of_reader(one.id), own=one.id == asker,
        groups=store.teams.shown(one.id, asker), claimed=filling.fill(request, hits),
        address=groups.reader_address, list_address=lists.address, group_address=groups.address,
    )  # fmt: skip
    return answer(request, body, cache=outgoing.PRIVATE if asker else "no-cache")


def feed(request: Request, suffix: str) -> Response:
    """What a reader put on public lists last."""
    one, store = _account(request), site.of(request).library.store
    papers = [*outgoing.papers(store, store.lists.latest(one.id, feeds.NEWEST))]
    return outgoing.feed(request, suffix, one.name, groups.reader_address(one.name), papers, public=True)


def _account(request: Request) -> Account:
    """Whose page it is. Raises NotFound, also for somebody who is suspended or gone."""
    name = clean(request.path_params["name"])
    found = site.of(request).library.store.accounts.named(names.key(name)) if len(name) <= names.LONGEST else None
    if found is None or found.state != "active":
        raise NotFound(f"There is no reader “{clip(name, 40)}” here.")
    return found


ROUTES = [
    *(
        Route(f"/reader/{{name}}{suffix}", partial(feed, suffix=suffix), name=f"reader{suffix}")
        for suffix in feeds.KINDS
    ),
    Route("/reader/{name}", page, name="reader"),
]
