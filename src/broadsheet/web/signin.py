"""Signing in by a letter, joining by an invitation, signing out.

Following a link changes nothing: mail programs look at every link before its reader does. Only the button on the page
behind it lets somebody in, once.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import addresses, invitations, keys, oidc, passkeys, signin
from broadsheet.web import cookies, doors, site, who, writes
from broadsheet.web.writes import Knock

NO_STORE = {"cache-control": "no-store"}


def door(request: Request) -> Response:
    """The ways in."""
    settings = site.of(request).library.settings
    then = doors.local(request.query_params.get("then", "/"))
    return doors.page(
        request, "sign_in.html", then=then, carried=cookies.can_carry(request), passkeys=passkeys.available(),
        provider=oidc.label(settings), outbox=not settings.smtp,
    )  # fmt: skip


def _ask(knock: Knock) -> Response:
    """Sends a letter to who may come in; the same is said to all."""
    doors.check(knock.request)
    library, base = knock.site.library, doors.base(knock.request)
    asked = signin.ask(library.store, library.settings, knock.form.get("email", ""), doors.network(knock.request))
    link = f"{base}/sign-in/{asked.key}"
    kind, named = asked.letter or "welcome", {"name": asked.name} if asked.letter == "sign-in" else {}
    doors.mail(knock.request, kind, asked.email, kept=not asked.letter, link=link, minutes=signin.MINUTES, **named)
    answer = doors.page(
        knock.request, "sign_in_sent.html", email=addresses.shown(asked.email), minutes=signin.MINUTES,
        outbox=not library.settings.smtp,
    )  # fmt: skip
    kept = doors.packed(asked.door, doors.local(knock.form.get("then", "/")))
    cookies.put(knock.request, answer, cookies.DOOR, kept, signin.MINUTES * 60)
    return answer


def link(request: Request) -> Response:
    """What a link of a letter opens, and the button that opens it."""
    return _link(request, request.path_params["key"])


def _link(request: Request, key: str, status: int = 200, wrong: str = "", name: str = "") -> Response:
    library, kept = site.of(request).library, doors.unpacked(cookies.read(request, cookies.DOOR), 2)
    if library.settings.accounts == "off":
        raise NotFound("there are no accounts in this library any more, so there is nothing to sign in to")
    try:
        found = signin.link(library.store, key, kept[0])
    except NotFound as error:
        return doors.page(request, "sign_in_over.html", 404, said=str(error), joining=False)
    return doors.page(
        request, "sign_in_link.html", status, key=key, found=found, wrong=wrong, name=name,
        email=addresses.shown(found.ticket.email), carried=cookies.can_carry(request),
    )  # fmt: skip


def _follow(knock: Knock) -> Response:
    """Lets somebody in by a link; a browser that did not ask for it has to say so."""
    request, key = knock.request, knock.request.path_params["key"]
    doors.check(request)
    store, kept = knock.site.library.store, doors.unpacked(cookies.read(request, cookies.DOOR), 2)
    name = knock.form.get("name", "")
    try:
        found = signin.link(store, key, kept[0])
        if not found.here and not knock.form.get("elsewhere"):
            return _link(request, key, 403)
        how = "shell" if found.ticket.kind == "shell" else "link"
        return let_in(request, *_entered(request, key, how, name), kept[1] if found.here else "/")
    except NotFound as error:
        return doors.page(request, "sign_in_over.html", 404, said=str(error), joining=False)
    except Mistake as error:
        return _link(request, key, 400, str(error), name)


def _entered(request: Request, key: str, how: str, name: str) -> tuple[str, str]:
    before = cookies.read(request, cookies.SESSION)
    agent = request.headers.get("user-agent", "")
    session, _ = signin.enter(site.of(request).library.store, key, how, agent, before, name)
    return session, "/settings?new=1" if name and how == "invitation" else ""


def let_in(request: Request, session: str, there: str, then: str) -> Response:
    """Puts the session into the browser, and goes on: *there*, or where somebody wanted to go at first."""
    answer = RedirectResponse(there or doors.local(then), 303, NO_STORE)
    cookies.put(request, answer, cookies.SESSION, session)
    cookies.drop(request, answer, cookies.DOOR)
    return answer


# -- invitations -------------------------------------------------------------------------------------------------------


def invitation(request: Request) -> Response:
    """What an invitation is to, and the form that accepts it."""
    return _invitation(request, request.path_params["key"])


def _invitation(request: Request, key: str, status: int = 200, wrong: str = "", name: str = "") -> Response:
    store = site.of(request).library.store
    try:
        ticket = invitations.found(store, key)
    except NotFound as error:
        return doors.page(request, "sign_in_over.html", 404, said=str(error), joining=True)
    by = store.accounts.names([ticket.by]).get(ticket.by, "") if ticket.by else ""
    known = store.accounts.by_email(ticket.email) if ticket.email else None
    return doors.page(
        request, "join.html", status, key=key, ticket=ticket, by=by, wrong=wrong, name=name, known=known,
        email=addresses.shown(ticket.email), carried=cookies.can_carry(request),
    )  # fmt: skip


def _join(knock: Knock) -> Response:
    request, key, name = knock.request, knock.request.path_params["key"], knock.form.get("name", "")
    doors.check(request)
    try:
        invitations.found(knock.site.library.store, key)
        return let_in(request, *_entered(request, key, "invitation", name), "/")
    except NotFound as error:
        return doors.page(request, "sign_in_over.html", 404, said=str(error), joining=True)
    except Mistake as error:
        return _invitation(request, key, 400, str(error), name)


def _out(knock: Knock) -> Response:
    """Ends this browser's session, if it has one."""
    library, key = knock.site.library, cookies.read(knock.request, cookies.SESSION)
    reader = who.reader(knock.request)
    if reader is not None and reader.via == "session":
        library.store.entrances.end(reader.id, keys.mark(key))
    answer = RedirectResponse("/", 303, NO_STORE)
    cookies.drop(knock.request, answer, cookies.SESSION)
    return answer


def asks_for(there: str) -> str:
    """The address of the door, for somebody who wants to go *there*."""
    return f"/sign-in?then={quote(there, safe='')}"


ROUTES = [
    Route("/sign-in", door, name="sign-in"),
    Route("/sign-in", writes.open_to_all(_ask), methods=["POST"], name="sign-in-ask"),
    Route("/sign-in/{key}", link, name="sign-in-link"),
    Route("/sign-in/{key}", writes.open_to_all(_follow), methods=["POST"], name="sign-in-follow"),
    Route("/sign-out", writes.open_to_all(_out), methods=["POST"], name="sign-out"),
    Route("/join/{key}", invitation, name="join"),
    Route("/join/{key}", writes.open_to_all(_join), methods=["POST"], name="join-accept"),
]
