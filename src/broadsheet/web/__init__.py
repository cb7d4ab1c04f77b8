"""The web face: pages for people, JSON for programs. `create_app` makes it, `serve` runs it."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.errors import (
    BroadsheetError,
    Busy,
    Conflict,
    Forbidden,
    IndexStale,
    Mistake,
    NotFound,
    StoreError,
    TooOften,
    WorldError,
)
from broadsheet.query import Query
from broadsheet.text import clean
from broadsheet.web import api, pages, saved, site, taking
from broadsheet.web.http import PAGE, TITLES, SecurityHeaders, problem

if TYPE_CHECKING:
    from broadsheet.library import Library

# The one place where our errors become HTTP. The first class that fits, so the special ones stand first.
STATUS: tuple[tuple[type[BroadsheetError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (TooOften, 429),
    (Mistake, 400),
    (IndexStale, 503),
    (StoreError, 503),
    (WorldError, 502),
    (BroadsheetError, 500),
)
_BUSY = "Papers are being added just now, so nothing was changed. Try again in a minute."
_OURS = "This is a fault of the program, not yours. It has been written to the server's log."


def create_app(library: "Library", *, title: str = "Broadsheet", page_size: int = 10) -> FastAPI:
    """The web application over an open *library*. Everything that can be made once is made here."""
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.site = site.build(library, title, page_size)
    api.add(app)
    app.router.routes.extend([*pages.ROUTES, *taking.ROUTES, *saved.ROUTES])
    app.add_exception_handler(BroadsheetError, _on_error)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_wrong_parameters)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)
    api.guard(app)
    app.add_middleware(SecurityHeaders)
    return app


def status_of(error: BroadsheetError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BroadsheetError)
    if isinstance(error, Busy):
        return _failed(request, 503, _BUSY, {"retry-after": "30"})  # where the store lies is no reader's business
    return _failed(request, status_of(error), str(error))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
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
