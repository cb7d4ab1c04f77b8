"""The web face: pages for people, JSON for programs. `create_app` makes it, `serve` runs it."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.community.counters import Opens
from broadsheet.errors import BroadsheetError, Busy, TooOften
from broadsheet.query import Query
from broadsheet.text import clean
from broadsheet.web import (
    account,
    api,
    claims,
    corner,
    desk,
    discussion,
    doors,
    editions,
    elsewhere,
    front,
    groups,
    lists,
    opml,
    owner,
    owner_mail,
    pages,
    preview,
    profile,
    saved,
    sharing,
    signin,
    site,
    submit,
    subscribe,
    taking,
    votes,
)
from broadsheet.web.fragments import Fragments
from broadsheet.web.http import PAGE, TITLES, SecurityHeaders, problem, sentence, status_of

if TYPE_CHECKING:
    from broadsheet.library import Library

_OURS = "This is a fault of the program, not yours. It has been written to the server's log."


def create_app(library: "Library", *, title: str = "Broadsheet", page_size: int = 10) -> FastAPI:
    """The web application over an open *library*. Everything that can be made once is made here."""
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.site = site.build(library, title, page_size)
    app.state.shared, app.state.front, app.state.previews = sharing.kept(), front.Held(), preview.kept()
    app.state.fragments = Fragments(app.state.site.templates)
    app.state.opens = Opens(library.store) if library.settings.opens else None
    app.state.site.templates.globals["corner"] = corner.corner
    app.state.site.templates.globals["inbox_here"] = library.settings.subscribe != "none"
    app.state.doors = doors.build(library)
    api.add(app)
    app.router.routes.extend([*pages.ROUTES, *taking.ROUTES, *saved.ROUTES])
    app.router.routes.extend([*lists.ROUTES, *groups.ROUTES, *profile.ROUTES, *opml.ROUTES])
    app.router.routes.extend([*elsewhere.ROUTES, *signin.ROUTES, *account.ROUTES, *owner.ROUTES])
    app.router.routes.extend([*owner_mail.ROUTES, *subscribe.ROUTES, *editions.ROUTES, *preview.ROUTES])
    app.router.routes.extend([*votes.ROUTES, *discussion.ROUTES, *submit.ROUTES, *desk.ROUTES, *claims.ROUTES])
    app.add_exception_handler(BroadsheetError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_wrong_parameters)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)
    api.guard(app)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(corner.KeepRequest)
    return app


def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BroadsheetError)
    wait = {"retry-after": str(error.after)} if isinstance(error, TooOften) else None
    if isinstance(error, Busy):
        wait = {"retry-after": "30"}
    return _failed(request, status_of(error), sentence(error), wait)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 401 and request.method == "GET" and not path.startswith("/api/"):
        there = f"{path}?{request.url.query}" if request.url.query else path
        return RedirectResponse(signin.asks_for(there), 303, {"cache-control": "no-store"})
    words = {
        404: f"There is no page at {clean(request.url.path)[:200]}.",
        405: f"{request.method} is not possible here.",
    }
    return _failed(request, error.status_code, words.get(error.status_code, error.detail), dict(error.headers or {}))


def _on_wrong_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [f"{fault['loc'][-1]}: {fault['msg']} (got {str(fault.get('input'))[:60]!r})" for fault in error.errors()]
    return _failed(request, 400, "; ".join(wrong), errors=wrong)


def _on_bug(request: Request, error: Exception) -> Response:
    """The server logs the traceback by itself: this handler's answer is sent, then the error raised again."""
    return _failed(request, 500, _OURS)


def _failed(
    request: Request, status: int, detail: str, headers: dict[str, str] | None = None, errors: list[str] | None = None
) -> Response:
    """The error as a page with a way on, or as a problem for programs."""
    title = TITLES.get(status, "That did not work")
    if request.url.path.startswith("/api/"):
        return problem(status, title, detail, errors, headers)
    here = site.of(request)
    body = here.render(
        "message.html", status=status, heading=title, detail=detail, query=Query(), typed=_typed(request)
    )
    return Response(body, status, {"cache-control": "no-store"} | (headers or {}), PAGE)


def _typed(request: Request) -> str:
    """What to keep in the search box, so that a wrong filter does not cost the reader the question."""
    if request.url.path == "/search":
        return clean(request.query_params.get("q", ""))[:2_000]
    return clean(str(request.path_params.get("identifier", "")))[:200]
