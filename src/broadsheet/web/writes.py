"""Who may change something through the pages, and how a form comes in. There are no accounts: the owner is who sits at
the machine, or whom the setting ``[web] edit`` says.
"""

from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import Mistake
from broadsheet.web import site
from broadsheet.web.site import Site

MAX_FORM = 16_384  # bytes
MAX_FIELDS = 20
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_NOBODY = "Nothing can be changed on these pages: the setting `[web] edit` of this library is none."
_OTHERS = (
    "Only who sits at the library's machine can change something here, at an address that begins with "
    "`http://localhost`; the setting `[web] edit` can say otherwise."
)
_ELSEWHERE = "This was not sent by a page of this library, so nothing was changed. Open the page again and repeat it."

Form = Mapping[str, str]


def allowed(request: Request) -> bool:
    """Whether who asks may change something."""
    edit = site.of(request).library.settings.edit
    return edit == "all" or (edit == "local" and _is_local(request))


def is_owner(request: Request) -> bool:
    """Whether it is the owner who asks: who sits at the machine, whoever else may change something."""
    return site.of(request).library.settings.edit != "none" and _is_local(request)


def handler(act: Callable[[Site, Form], str]) -> Callable[[Request], Awaitable[Response]]:
    """What answers a form: *act* does what it asks, and says where to go on from there."""

    async def answer(request: Request) -> Response:
        _check(request)
        form = await _form(request)
        there = await run_in_threadpool(act, site.of(request), form)
        return RedirectResponse(there, 303, {"cache-control": "no-store"})

    return answer


def _check(request: Request) -> None:
    """Raises HTTPException when this reader may not write, or when another site makes the reader's browser write."""
    if not allowed(request):
        raise HTTPException(403, _NOBODY if site.of(request).library.settings.edit == "none" else _OTHERS)
    if not _is_ours(request):
        raise HTTPException(403, _ELSEWHERE)


def _is_local(request: Request) -> bool:
    """Whether somebody at this machine asks for it by its own name.

    Not by a name of others that leads here (DNS rebinding), and not through a proxy, for whom everybody is local: a
    proxy says so, or speaks HTTP/1.0 as nginx does unless told otherwise, and no browser.
    """
    named = _host(request.headers.get("host", ""))
    return (
        _is_loopback(request.client.host if request.client else "")
        and (named == "localhost" or _is_loopback(named))
        and not any(name in request.headers for name in _PASSED_ON)
        and request.scope.get("http_version") != "1.0"
    )


def _is_ours(request: Request) -> bool:
    """Whether a page of this library sent the form: the browser's word (Fetch Metadata; RFC 6454) where there is one.

    A program that says nothing is refused, too: the command line is there for programs.
    """
    site_said, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site_said is None and origin is None:
        return False
    same = origin is None or _authority(origin) == request.headers.get("host", "").lower()
    return same and site_said in (None, "same-origin", "none")


def _authority(address: str) -> str:
    """The host and port of an address, in lower case; empty when it has none, as ``null`` has."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def _host(header: str) -> str:
    """The host in a Host header, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip).is_loopback


async def _form(request: Request) -> Form:
    """The fields of the form, the last of each name. Raises Mistake."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise HTTPException(413, f"The form is larger than {MAX_FORM:,} bytes.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise Mistake("The form cannot be read; it must be the fields of a form of these pages.") from error
