"""What the pages share that let somebody in: letters, limits, and where a link in a letter leads."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from broadsheet.errors import Forbidden, Mistake
from broadsheet.mail import compose, send, write
from broadsheet.people import limits
from broadsheet.query import Query
from broadsheet.web import cookies, site, who
from broadsheet.web.http import PAGE

if TYPE_CHECKING:
    from broadsheet.library import Library

_ADDRESS = re.compile(r"\S+@\S+")
_OVER_HTTP = (
    "Whoever is on the way could take over your account: this page came over plain http. Open it by its https address; "
    "the owner of this library can set one up, or allow this (`plain_http` under `[people]`)."
)
_NO_ADDRESS = (
    "No letter can be sent yet: a link in it needs to know where this library is. Its owner says so in the settings "
    '(`address = "https://papers.example.org"` under `[web]`).'
)
_OFF = "There are no accounts in this library: its owner reads alone, and who sits at the machine is the owner."


@dataclass(frozen=True, slots=True)
class Doors:
    """Made once a process: the post, and how often a network has tried."""

    post: send.Post
    tries: limits.Bucket


def build(library: "Library") -> Doors:
    """Raises Mistake for letters that could never be written or sent: now, not when somebody waits for one."""
    write.check(library.home)
    compose.check(library.home)

    def failed(sentence: str) -> None:
        library.store.audit.note(None, "mail.failed", "", _ADDRESS.sub("(an address)", sentence))

    return Doors(send.Post(library.settings, failed), limits.Bucket(limits.DOOR))


def of(request: Request) -> Doors:
    found: Doors = request.app.state.doors
    return found


def check(request: Request) -> None:
    """One more try at a door. Raises Mistake where there is none, Forbidden over plain http, TooOften."""
    if site.of(request).library.settings.accounts == "off":
        raise Mistake(_OFF)
    if not cookies.can_carry(request):
        raise Forbidden(_OVER_HTTP)
    limits.hold(of(request).tries, network(request))


def network(request: Request) -> str:
    return limits.network(request.client.host if request.client else "")


def base(request: Request) -> str:
    """Where links in letters lead. Raises Mistake where that is not known.

    Not to the host that the request names, unless it is this machine: whoever asks for somebody else's letter could
    name a host of their own, and read the key when the link is followed.
    """
    if own := site.of(request).library.settings.address:
        return own.rstrip("/")
    named = cookies.host(request.headers.get("host", ""))
    if named == "localhost" or cookies.is_loopback(named):
        return str(request.base_url).rstrip("/")
    raise Mistake(_NO_ADDRESS)


def mail(request: Request, kind: str, to: str, *, kept: bool = False, **values: object) -> None:
    """Puts a letter on its way; one that is *kept* is only written, which takes as long. Raises Mistake, MailError."""
    here = site.of(request)
    library = here.library
    letter = write.letter(kind, to, send.sender(library.settings), home=library.home, site=here.title, **values)
    if not kept:
        of(request).post.send(letter)


def page(request: Request, template: str, /, status: int = 200, **values: Any) -> Response:
    """A page that no cache keeps, and whose address no other page is told."""
    here = site.of(request)
    body = here.render(template, query=Query(), reader=who.reader(request), settings=here.library.settings, **values)
    return Response(body, status, {"cache-control": "no-store", "referrer-policy": "same-origin"}, PAGE)


def local(then: str) -> str:
    """*then* when it is a page of this library, else the front page."""
    fine = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable() and len(then) <= 2_000
    return quote(then, safe="/?&=%:@!$()*,;~#+.-_'") if fine and "\\" not in then else "/"


def packed(*parts: str) -> str:
    """Some texts as one that a cookie can hold."""
    return ".".join(urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)


def unpacked(cookie: str, count: int) -> tuple[str, ...]:
    """What `packed` has made one; empty texts where it did not."""
    try:
        parts = tuple(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in cookie.split("."))
    except ValueError:
        parts = ()
    return parts if len(parts) == count else ("",) * count
