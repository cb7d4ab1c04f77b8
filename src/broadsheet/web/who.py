"""Who asks: the owner where there are no accounts, else whose session or token the request carries."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from broadsheet.people import sessions
from broadsheet.people.rights import Reader
from broadsheet.query import Query
from broadsheet.store import OWNER
from broadsheet.web import cookies, site

_PASSING = frozenset(("read", "write", "edit"))
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def reader(request: Request) -> Reader | None:
    """Who asks, found once a request; None for somebody whom nobody knows."""
    if not hasattr(request.state, "reader"):
        request.state.reader = _reader(request)
    found: Reader | None = request.state.reader
    return found


def asker(request: Request) -> int:
    """The account whose lists a question means, 0 for somebody whom nobody knows.

    Where there are no accounts, whoever opens the pages sees what the owner keeps; changing it is another matter.
    """
    found = reader(request)
    if found is not None:
        return found.id if found.scopes is None or "read" in found.scopes else 0
    return OWNER if site.of(request).library.settings.accounts == "off" else 0


def parse(request: Request, text: str, **more: Any) -> Query:
    """The question in *text*, asked by whoever sent the request. Pages and the API read every question here."""
    return site.of(request).library.parse(text, asker=asker(request), **more)


def _reader(request: Request) -> Reader | None:
    library = site.of(request).library
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and request.url.path.startswith("/api/"):
        return _bearer(request, key.strip())
    if library.settings.accounts != "off":
        return sessions.of_cookie(library.store, cookies.read(request, cookies.SESSION))
    edit = library.settings.edit
    if edit == "none" or (edit == "local" and not is_local(request)):
        return None
    # Whoever comes by acts as the owner then, but is given nothing that would still open the account later.
    return Reader(OWNER, "owner", "admin", None if is_local(request) else _PASSING, "machine")


def _bearer(request: Request, key: str) -> Reader:
    """Who carries a token. Raises HTTPException for one that is nobody's: whoever has a token wants to be somebody."""
    library = site.of(request).library
    found = sessions.of_token(library.store, key)
    if found is None or (library.settings.accounts == "off" and found.id != OWNER):  # then nobody else has an account
        told = {"www-authenticate": 'Bearer error="invalid_token"'}  # RFC 6750, section 3.1
        raise HTTPException(401, "This token is not known, has ended, or was revoked; make another one.", told)
    return found


def is_local(request: Request) -> bool:
    """Whether somebody at this machine asks for it by its own name.

    Not by a name of others that leads here (DNS rebinding), and not through a proxy, for whom everybody is local: a
    proxy says so, or speaks HTTP/1.0 as nginx does unless told otherwise, and no browser.
    """
    named = cookies.host(request.headers.get("host", ""))
    return (
        cookies.is_loopback(request.client.host if request.client else "")
        and (named == "localhost" or cookies.is_loopback(named))
        and not any(name in request.headers for name in _PASSED_ON)
        and request.scope.get("http_version") != "1.0"
    )
