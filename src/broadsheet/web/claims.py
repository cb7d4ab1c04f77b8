"""Readers who are authors of papers: the form on a paper's page, and the page on which editors decide."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.community import claims
from broadsheet.paper import Paper
from broadsheet.query import Query
from broadsheet.store.claims import Claim
from broadsheet.web import site, urls, who, writes
from broadsheet.web.discussion import iso, moment, number
from broadsheet.web.http import answer
from broadsheet.web.writes import Asking, Done

MOST_NAMES = 200  # authors that the form offers


class Claiming(NamedTuple):
    """What a paper's page says of its authors who read here.

    known  author -> the reader's name, where an editor has approved that
    may    whether this reader may claim to be one; mine: what this reader has claimed
    names  the authors that nobody has been approved as
    """

    known: dict[str, str]
    may: bool = False
    mine: Claim | None = None
    names: tuple[str, ...] = ()


def claiming(request: Request, pk: int, paper: Paper) -> Claiming:
    library, reader = site.of(request).library, who.reader(request)
    if library.settings.accounts == "off":  # there is nobody to tell it to
        return Claiming({})
    known = {author: name for author, (_, name) in library.store.claims.authors(pk).items()}
    if reader is None or not reader.may("claim"):
        return Claiming(known)
    free = tuple(name for name in paper.authors[:MOST_NAMES] if name not in known)
    return Claiming(known, True, library.store.claims.mine(reader.id, pk), free)


def page(request: Request) -> Response:
    """The claims that wait, and those that were decided, which can be decided otherwise."""
    here, store = site.of(request), site.of(request).library.store
    reader = writes.allowed(request, who.reader(request), "moderate")
    waiting, decided = store.claims.open(), store.claims.decided()
    papers = store.get(list({one.pk for one in (*waiting, *decided)}))
    body = here.render(
        "claims.html", query=Query(), waiting=waiting, decided=decided, papers=papers, me=reader.id,
        own=reader.may("people"), moment=moment, iso=iso,
    )  # fmt: skip
    return answer(request, body, cache="private, no-cache")


def _claim(asking: Asking) -> Done:
    library, form = asking.site.library, asking.form
    pk = library.row(form.get("id", ""))
    one = claims.ask(library.store, asking.reader, pk, form.get("author", ""))
    return _done(asking, one, "Asked: an editor will decide.")


def _withdraw(asking: Asking) -> Done:
    one = claims.withdraw(asking.site.library.store, asking.reader, number(asking.form.get("number", "")))
    return _done(asking, one, "Withdrawn.")


def _decide(asking: Asking) -> Done:
    form, editor = asking.form, asking.reader
    one = claims.decide(
        asking.site.library.store, editor, number(form.get("number", "")), form.get("decision", ""),
        form.get("note", ""), form.get("was", ""),
    )  # fmt: skip
    return Done(f"/claims#claim-{one.id}", f"The claim is {one.state}.")


def _done(asking: Asking, one: Claim, said: str) -> Done:
    paper = asking.site.library.store.get([one.pk]).get(one.pk)
    return Done(f"{urls.paper(paper.key)}#claim" if paper else "/", said)


ROUTES = [
    Route("/claims", page, methods=["GET"], name="claims"),
    Route("/claim", writes.handler(_claim, "claim"), methods=["POST"], name="claim"),
    Route("/claim/withdraw", writes.handler(_withdraw, "claim"), methods=["POST"], name="claim-withdraw"),
    Route("/claim/decide", writes.handler(_decide, "moderate"), methods=["POST"], name="claim-decide"),
]
