"""Bringing a paper: one form for an id, an address or a title. What is not here is looked up while the reader waits."""

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.community import submissions
from broadsheet.community.submissions import MOST_TEXT, Submitted
from broadsheet.errors import BroadsheetError, Mistake, WorldError
from broadsheet.paper import Paper
from broadsheet.query import Query
from broadsheet.text import clean
from broadsheet.web import site, urls, who, writes
from broadsheet.web.http import PAGE, answer, sentence, status_of
from broadsheet.web.site import Site
from broadsheet.web.writes import Asking, Done

OFFERED = 6  # papers that a title may mean
MOST_NOTE = 500
_LATER = " Nothing of it was kept; what you typed stands below, so try again later."


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form has in it."""

    text: str = ""
    note: str = ""


def form(request: Request) -> Response:
    """The form, filled in with ``text`` and ``note`` of the address."""
    here, asked = site.of(request), request.query_params
    writes.allowed(request, who.reader(request), "submit")
    typed = Typed(clean(asked.get("text", ""))[:MOST_TEXT], clean(asked.get("note", ""))[:MOST_NOTE])
    return answer(request, _page(here, typed), cache="private, no-cache")


def _page(here: Site, typed: Typed, said: str = "", offered: tuple[Paper, ...] | None = None) -> bytes:
    """*offered*: papers of that title, to choose from; None where it is no title."""
    return here.render("submit.html", query=Query(), typed=typed, said=said, offered=offered, most=MOST_NOTE)


def _submit(asking: Asking) -> Done | Response:
    here, form = asking.site, asking.form
    typed = Typed(form.get("text", "")[: MOST_TEXT + 1], form.get("note", "")[: MOST_NOTE + 1])
    try:
        if chosen := form.get("id", ""):  # one of those that were offered, which are here
            done = submissions.choose(here.library.store, asking.reader, here.library.row(chosen), typed.note)
            return _done(here, done)
        if here_already := _named(asking, typed.text):
            return _done(here, submissions.choose(here.library.store, asking.reader, here_already, typed.note))
        name = submissions.wanted(typed.text)
        if name:
            return _done(here, submissions.submit(here.library, asking.reader, name, typed.note))
        return _offer(asking, typed)
    except (Mistake, WorldError) as error:
        if writes.is_quiet(asking.request):
            raise
        return _again(here, typed, error)


def _named(asking: Asking, text: str) -> int | None:
    """The paper of this library that *text* is the id of, or the address of the page of; None where it is no such."""
    line, own = clean(text), f"{asking.request.url.scheme}://{asking.request.url.netloc}/paper/"
    name = unquote(line.removeprefix(own).partition("?")[0].partition("#")[0]) if line.startswith(own) else line
    found = asking.site.library.paper(name) if 0 < len(name) <= MOST_TEXT and " " not in name else None
    return asking.site.library.row(found.key) if found else None


def _offer(asking: Asking, typed: Typed) -> Response:
    """A title means one of the papers here, or none."""
    store = asking.site.library.store
    exact = store.titled(typed.text)[:OFFERED]
    papers = list(store.get(exact).values())
    page = asking.site.library.search(who.parse(asking.request, clean(typed.text), limit=OFFERED))
    papers += [hit.paper for hit in page.hits if hit.paper not in papers]
    body = _page(asking.site, typed, offered=tuple(papers[:OFFERED]))
    return Response(body, 200, {"cache-control": "no-store"}, PAGE)


def _again(here: Site, typed: Typed, error: BroadsheetError) -> Response:
    """The form with all that was typed, and what went wrong."""
    said = sentence(error)
    host = "." in said.partition(" ")[0].rstrip(
        ".:,"
    )  # the name of a host is written small, also where a sentence begins
    said = (said[:1] if host else said[:1].upper()) + said[1:] + ("" if said.endswith(".") else ".")
    if isinstance(error, WorldError):
        said += _LATER
    return Response(_page(here, typed, said), status_of(error), {"cache-control": "no-store"}, PAGE)


def _done(here: Site, done: Submitted) -> Done:
    paper = here.library.store.get([done.pk])[done.pk]
    said = "Looked up and taken in." if done.fetched else "It was here already."
    told = "Your submission." if done.first else "Somebody had submitted it before you."
    return Done(urls.paper(paper.key), f"{said} {told}")


ROUTES = [
    Route("/submit", form, methods=["GET"], name="submit"),
    Route("/submit", writes.handler(_submit, "submit"), methods=["POST"], name="submitting"),
]
