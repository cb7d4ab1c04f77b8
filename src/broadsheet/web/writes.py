"""How a form comes in: only from our own pages, only from a reader who may, and each does one thing."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import Mistake
from broadsheet.people.rights import Act, Reader, may
from broadsheet.web import site, who
from broadsheet.web.http import JSON, dumps
from broadsheet.web.site import Site

MAX_FORM = 65_536  # bytes
MAX_FIELDS = 100
_NOBODY = "Nothing can be changed on these pages: the setting `[web] edit` of this library is none."
_OTHERS = (
    "Only who sits at the library's machine can change something here, at an address that begins with "
    "`http://localhost`; the setting `[web] edit` can say otherwise."
)
_ELSEWHERE = "This was not sent by a page of this library, so nothing was changed. Open the page again and repeat it."
_ROLE = "This takes more than your account may do; an editor or an administrator of this library can do it."

Form = Mapping[str, str]


class Asking(NamedTuple):
    """A form, and who sent it."""

    site: Site
    reader: Reader
    form: Form
    request: Request


class Knock(NamedTuple):
    """A form of somebody who need not be known yet: at the door."""

    site: Site
    form: Form
    request: Request


class Done(NamedTuple):
    """What a form did.

    there    the address to go on to
    said     one sentence about it, for a page that stays where it is
    pressed  whether the button that was pressed now stands for something that is so
    total    what is counted beside it, now
    """

    there: str
    said: str = ""
    pressed: bool | None = None
    total: int | None = None


def handler(
    act: Callable[[Asking], Done | Response | str], right: Act, most: int = MAX_FORM
) -> Callable[[Request], Awaitable[Response]]:
    """What answers a form: *act* does what it asks, where the reader has the right to.

    A browser goes on to another page; a script of ours, which asks for JSON, is told what was done. An *act* that
    could not do it may answer with a page of its own, which keeps what was typed. *most*: bytes of the form.
    """

    async def answer(request: Request) -> Response:
        if not is_ours(request):
            raise HTTPException(403, _ELSEWHERE)
        reader = await run_in_threadpool(who.reader, request)
        if reader is None and site.of(request).library.settings.accounts != "off" and not is_quiet(request):
            return RedirectResponse(f"/sign-in?then={quote(back(request), safe='')}", 303, _NOT_KEPT)
        asking = Asking(site.of(request), allowed(request, reader, right), await form(request, most), request)
        done = await run_in_threadpool(act, asking)
        if isinstance(done, Response):
            return done
        if isinstance(done, str):
            done = Done(done)
        if is_quiet(request):
            return Response(dumps(done._asdict()), 200, _NOT_KEPT, JSON)
        return RedirectResponse(done.there, 303, _NOT_KEPT)

    return answer


def open_to_all(act: Callable[[Knock], Response]) -> Callable[[Request], Awaitable[Response]]:
    """What answers a form that lets somebody in, or out: a page of ours must have sent it, whoever reads that page."""

    async def answer(request: Request) -> Response:
        if not is_ours(request):
            raise HTTPException(403, _ELSEWHERE)
        return await run_in_threadpool(act, Knock(site.of(request), await form(request), request))

    return answer


_NOT_KEPT = {"cache-control": "no-store"}


def allowed(request: Request, reader: Reader | None, right: Act) -> Reader:
    """*reader*, who may do this. Raises HTTPException."""
    settings = site.of(request).library.settings
    if reader is None:
        if settings.accounts != "off":
            raise HTTPException(401, "Sign in first.")
        raise HTTPException(403, _NOBODY if settings.edit == "none" else _OTHERS)
    if not may(reader, right):
        raise HTTPException(403, _ROLE)
    return reader


def is_quiet(request: Request) -> bool:
    """Whether a script of ours asks, which stays on its page."""
    return request.headers.get("accept", "").startswith(JSON)


def back(request: Request) -> str:
    """The path and query of the page that has the form."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "/"
    path = "/" + page.path.lstrip("/\\")  # two slashes would lead to another host
    return f"{path}{'?' if page.query else ''}{page.query}"


def is_ours(request: Request) -> bool:
    """Whether a page of this library sent the form: the browser's word (Fetch Metadata; RFC 6454) where there is one.

    A program that says nothing is refused, too: the API is there for programs.
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


async def form(request: Request, most: int = MAX_FORM) -> Form:
    """The fields of the form, the last of each name. Raises Mistake."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413, f"The form is larger than {most:,} bytes.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise Mistake("The form cannot be read; it must be the fields of a form of these pages.") from error
