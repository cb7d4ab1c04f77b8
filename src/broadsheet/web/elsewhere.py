"""Signing in with a passkey, or with another provider (OpenID Connect); adding both to an account."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import keys, newcomers, oidc, passkeys, sessions
from broadsheet.people.passkeys import Place
from broadsheet.web import cookies, doors, site, who, writes
from broadsheet.web.http import JSON
from broadsheet.web.signin import NO_STORE, let_in
from broadsheet.web.writes import Asking, Knock

BACK = "/sign-in/back"


def place(request: Request) -> Place:
    """What passkeys of this library are for: the host and the origin that the browser is at."""
    scheme = "https" if cookies.is_secure(request) else "http"
    host = request.headers.get("host", "")
    return Place(cookies.host(host), f"{scheme}://{host.lower()}", site.of(request).title)


def _json(body: str) -> Response:
    return Response(body, 200, NO_STORE, JSON)


# -- passkeys ----------------------------------------------------------------------------------------------------------


def _options(knock: Knock) -> Response:
    doors.check(knock.request)
    return _json(passkeys.to_enter(knock.site.library.store, place(knock.request)))


def _answer(knock: Knock) -> Response:
    doors.check(knock.request)
    store = knock.site.library.store
    account = passkeys.enter(store, knock.form.get("credential", ""), place(knock.request))
    return _begin(knock.request, account, "passkey", knock.form.get("then", "/"))


def _begin(request: Request, account: int, how: str, then: str) -> Response:
    before = cookies.read(request, cookies.SESSION)
    agent, store = request.headers.get("user-agent", ""), site.of(request).library.store
    session = sessions.begin(store, account, how, agent, keys.mark(before) if before else "")
    return let_in(request, session, "", then)


def _new_options(asking: Asking) -> Response:
    return _json(passkeys.to_add(asking.site.library.store, asking.reader, place(asking.request)))


def _new(asking: Asking) -> str:
    form = asking.form
    passkeys.add(
        asking.site.library.store, asking.reader, form.get("credential", ""), place(asking.request),
        form.get("name", "") or sessions.browser(asking.request.headers.get("user-agent", "")),
    )  # fmt: skip
    return "/settings?done=passkey"


# -- another provider --------------------------------------------------------------------------------------------------


def _set_out(knock: Knock) -> Response:
    """On the way to the provider. Its address is no form's of ours, so the browser is told to go there by itself."""
    doors.check(knock.request)
    library = knock.site.library
    if not oidc.available(library.settings):
        raise NotFound("there is no other provider to sign in with here")
    state, there = oidc.begin(library.store, library.settings, doors.base(knock.request) + BACK)
    answer = doors.page(knock.request, "sign_in_away.html", there=there, provider=oidc.label(library.settings))
    answer.headers["refresh"] = f"0; url={there}"
    then, join = doors.local(knock.form.get("then", "/")), knock.form.get("join", "")[: keys.MOST]
    cookies.put(knock.request, answer, cookies.DOOR, doors.packed(keys.mark(state), then, join), oidc.SECONDS)
    return answer


def back(request: Request) -> Response:
    """Back from the provider: nothing is done until the button is pressed, which the script does by itself."""
    params, settings = request.query_params, site.of(request).library.settings
    if params.get("error"):
        raise Mistake(
            f"{oidc.label(settings) or 'the provider'} has not signed you in; try again, or come in by a letter"
        )
    return doors.page(
        request, "sign_in_back.html", state=params.get("state", ""), code=params.get("code", ""),
        provider=oidc.label(settings),
    )  # fmt: skip


def _back(knock: Knock) -> Response:
    """Lets somebody in whom the provider has signed in, or links them to the account that is signed in here."""
    request, form, library = knock.request, knock.form, knock.site.library
    doors.check(request)
    state, (kept, then, join) = form.get("state", ""), doors.unpacked(cookies.read(request, cookies.DOOR), 3)
    if not kept or not keys.same(kept, keys.mark(state)):
        raise Mistake("this browser did not set out to sign in there, so nothing was done; begin again from here")
    person = oidc.finish(library.store, library.settings, state, form.get("code", ""), doors.base(request) + BACK)
    reader = who.reader(request)
    known = library.store.credentials.known_as(person.issuer, person.subject)
    if reader is not None and known in (None, reader.id):
        library.store.credentials.link(person.issuer, person.subject, reader.id)
        return let_in(request, cookies.read(request, cookies.SESSION), "/settings?done=linked", "/")
    if known is None:
        known = newcomers.linked(library.store, library.settings, person)
    if known is not None:
        return _begin(request, known, "oidc", then)
    before, agent = cookies.read(request, cookies.SESSION), request.headers.get("user-agent", "")
    session = newcomers.welcome(library.store, library.settings, person, join, agent, before)
    return let_in(request, session, f"/settings?new=1&then={quote(then, safe='')}", "/")


ROUTES = [
    Route("/sign-in/passkey", writes.open_to_all(_options), methods=["POST"], name="passkey-options"),
    Route("/sign-in/passkey/done", writes.open_to_all(_answer), methods=["POST"], name="passkey-answer"),
    Route("/sign-in/oidc", writes.open_to_all(_set_out), methods=["POST"], name="oidc"),
    Route(BACK, back, name="oidc-back"),
    Route(BACK, writes.open_to_all(_back), methods=["POST"], name="oidc-done"),
    Route("/settings/passkey/options", writes.handler(_new_options, "self"), methods=["POST"], name="passkey-new"),
    Route("/settings/passkey", writes.handler(_new, "self"), methods=["POST"], name="passkey-add"),
]
