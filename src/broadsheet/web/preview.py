"""For administrators: the edition that a reader would get now, as its letter looks and as it travels. Nothing is sent.

What somebody with an account reads is theirs alone: there is a preview of one's own edition, and of those that go to an
address without an account.
"""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.community.periods import number
from broadsheet.editions import letters, schedule
from broadsheet.errors import Forbidden, NotFound
from broadsheet.mail import signing
from broadsheet.people import addresses
from broadsheet.people.rights import Reader
from broadsheet.store import Subscriber
from broadsheet.web import doors, owner, site, who, writes
from broadsheet.web.http import PAGE
from broadsheet.web.kept import Kept
from broadsheet.web.signin import NO_STORE, asks_for

THERE = "/owner/mail/preview"
SECONDS, MOST = 60.0, 16  # that a letter is kept, and how many
_THEIRS = "What somebody with an account reads is theirs alone; only they can look at their next edition."
# A letter's look stands in its elements; nothing else may run, load or lead away from here but by a click.
_AS_MAIL = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
}
_FRAMES = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class Printed(NamedTuple):
    """A letter. head: its headers as lines; data: all of it as it would leave."""

    subject: str
    head: str
    text: str
    html: str
    data: bytes


def kept() -> Kept[Printed]:
    """What an application keeps its previews in: a page of one has three parts."""
    return Kept(SECONDS, MOST)


def page(request: Request) -> Response:
    """The letter with its headers and both of its forms."""
    if (away := _away(request)) is not None:
        return away
    one, found = _asked(request)
    response = doors.page(request, "owner_preview.html", one=one, email=addresses.shown(one.email), letter=found)
    response.headers.update(_FRAMES)
    return response


def html(request: Request) -> Response:
    """The letter as a mail program shows it."""
    return _away(request) or Response(_asked(request)[1].html, 200, NO_STORE | _AS_MAIL, PAGE)


def eml(request: Request) -> Response:
    """The letter as a file that a mail program opens."""
    if (away := _away(request)) is not None:
        return away
    one, found = _asked(request)
    name = {"content-disposition": f'attachment; filename="edition-{one.id}.eml"'}
    return Response(found.data, 200, NO_STORE | name, "message/rfc822")


def _away(request: Request) -> Response | None:
    """Where somebody goes whom nobody knows; None for who may be here. Raises HTTPException."""
    reader = who.reader(request)
    if reader is None and site.of(request).library.settings.accounts != "off":
        return RedirectResponse(asks_for(THERE), 303, NO_STORE)
    writes.allowed(request, reader, "people")
    return None


def _asked(request: Request) -> tuple[Subscriber, Printed]:
    """Whose it is, and the letter. Raises NotFound, Forbidden, Mistake."""
    library, reader = site.of(request).library, who.reader(request)
    one = library.store.subscribers.at(owner.number(request.query_params.get("reader", "")))
    if one is None:
        raise NotFound("no such reader gets letters")
    if not may_see(one, reader):
        raise Forbidden(_THEIRS)
    previews: Kept[Printed] = request.app.state.previews
    return one, previews.get((one.id, reader.id if reader else 0), lambda: _printed(request, one))


def may_see(one: Subscriber, reader: Reader | None) -> bool:
    """Whether *reader*, an administrator, may look at what *one* gets."""
    return one.account in (None, reader.id if reader else None)


def _printed(request: Request, one: Subscriber) -> Printed:
    library, now = site.of(request).library, int(site.now().timestamp())
    day = number(schedule.local_day(one.zone, now))
    _, message = letters.preview(library, one, day, now, site.root(request))
    data, signer = letters.octets(message), signing.signer(library.settings)
    data = signer.sign(data) if signer else data
    text, html = (str(part.get_content()) if (part := message.get_body((kind,))) else "" for kind in ("plain", "html"))
    head = data.partition(b"\r\n\r\n")[0].decode(errors="replace").replace("\r\n", "\n")
    return Printed(str(message["Subject"]), head, text, html, data)


ROUTES = [
    Route(THERE, page, name="preview"),
    Route(f"{THERE}.html", html, name="preview-html"),
    Route(f"{THERE}.eml", eml, name="preview-eml"),
]
