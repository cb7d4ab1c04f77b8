"""The settings of a reader: profile, address, where they are signed in, passkeys, tokens, their data."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.errors import Mistake, NotFound, TooOften
from broadsheet.people import addresses, invitations, keys, leaving, oidc, passkeys, signin, tokens
from broadsheet.people.rights import SCOPES, Reader
from broadsheet.store import Account
from broadsheet.text import clean
from broadsheet.web import cookies, doors, site, subscribe, subscription, who, writes
from broadsheet.web.signin import NO_STORE, asks_for
from broadsheet.web.writes import Asking

ABOUT = 500  # characters about oneself
# What a page says that comes after a form.
SAID = {
    "profile": "Your profile is changed.",
    "letter": "A letter is on its way to the new address; its link makes it yours.",
    "address": "Your address is changed.",
    "no-address": "Your address is gone. You come in by a passkey, or by a link that an administrator gives you.",
    "session": "That browser is signed out.",
    "sessions": "All other browsers are signed out.",
    "passkey": "The passkey is added: you can sign in with it from now on.",
    "renamed": "The passkey has another name.",
    "no-passkey": "The passkey is removed. Your device may still offer it; it opens nothing here any more.",
    "token": "The token is revoked.",
    "linked": "You can sign in there from now on.",
    "unlinked": "You can no longer sign in there.",
    "revoked": "The invitation is revoked.",
    "inbox": "It is in your letters from now on.",
    "inbox-gone": "You get no letters any more, and what was kept of them is gone.",
    **subscription.SAID,
}


def settings(request: Request) -> Response:
    """The page of it all."""
    return _settings(request)


def _settings(request: Request, status: int = 200, **more: object) -> Response:
    here, reader = site.of(request), who.reader(request)
    if reader is None and here.library.settings.accounts != "off":
        return RedirectResponse(asks_for("/settings"), 303, NO_STORE)
    reader = writes.allowed(request, reader, "self")
    store, config = here.library.store, here.library.settings
    account = _account(request, reader)
    told: dict[str, object] = {
        "wrong": "", "made": None, "invited": None, "typed": {}, "new": "new" in request.query_params,
        "said": SAID.get(request.query_params.get("done", ""), ""),
    }  # fmt: skip
    return doors.page(
        request, "settings.html", status, account=account, email=addresses.shown(account.email or ""),
        sessions=store.entrances.sessions(reader.id), this=keys.mark(cookies.read(request, cookies.SESSION)),
        passkeys=store.credentials.passkeys(reader.id), can_passkey=passkeys.available(), scopes=SCOPES,
        tokens=store.credentials.tokens(reader.id), identities=store.credentials.identities(reader.id),
        provider=oidc.label(config), may_invite=invitations.may(config, reader), moment=moment, day=day,
        invitations=[one for one in invitations.pending(store) if one.by == reader.id], now=time.time(),
        inbox=subscribe.section(request, account, _typed(request, more)),
        **{**told, **more},
    )  # fmt: skip


def _typed(request: Request, more: Mapping[str, object]) -> Mapping[str, str]:
    """What was typed into a form about letters, which stays there; that of other forms is theirs."""
    typed = more.get("typed")
    if not isinstance(typed, Mapping) or not request.url.path.startswith(subscription.SETTINGS):
        return {}
    return {str(name): str(value) for name, value in typed.items()}


def _account(request: Request, reader: Reader) -> Account:
    found = site.of(request).library.store.accounts.at(reader.id)
    if found is None:
        raise NotFound("this account is not here any more")
    return found


def moment(at: int | None) -> str:
    """``2026-11-21 14:03`` in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else "never"


def day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _done(what: str) -> str:
    return f"/settings?done={what}"


def _told(act: Callable[[Asking], str | Response]) -> Callable[[Asking], str | Response]:
    """*act*, whose mistakes are said on the page of settings, where what was typed is still there."""

    def answer(asking: Asking) -> str | Response:
        try:
            return act(asking)
        except (NotFound, TooOften):
            raise
        except Mistake as error:
            if writes.is_quiet(asking.request):
                raise
            return _settings(asking.request, 400, wrong=str(error), typed=asking.form)

    return answer


# -- forms -------------------------------------------------------------------------------------------------------------


def _profile(asking: Asking) -> str:
    name, about = signin.called(asking.form.get("name", "")), clean(asking.form.get("about", ""))
    if len(about) > ABOUT:
        raise Mistake(f"what you say about yourself has {len(about):,} characters; {ABOUT} are the most")
    asking.site.library.store.accounts.describe(asking.reader.id, name, about)
    return _done("profile")


def _address(asking: Asking) -> str:
    store, request = asking.site.library.store, asking.request
    if not asking.form.get("email", "").strip():
        if not store.credentials.passkeys(asking.reader.id) and not store.credentials.identities(asking.reader.id):
            raise Mistake("without an address you could not come in again; add a passkey first")
        store.accounts.set_email(asking.reader.id, None, asking.reader.id)
        return _done("no-address")
    base = doors.base(request)
    asked = signin.prove(store, asking.reader, asking.form["email"], doors.network(request))
    link = f"{base}/settings/address/{asked.key}"
    doors.mail(
        request, "address", asked.email, kept=not asked.letter, name=asked.name, link=link, minutes=signin.MINUTES
    )
    return _done("letter")


def proof(request: Request) -> Response:
    """Behind the link of a letter: the button that makes the address one's own."""
    reader, key = who.reader(request), request.path_params["key"]
    if reader is None and site.of(request).library.settings.accounts != "off":
        return RedirectResponse(asks_for(f"/settings/address/{key}"), 303, NO_STORE)
    reader = writes.allowed(request, reader, "self")
    ticket = site.of(request).library.store.entrances.ticket(keys.mark(key))
    good = ticket is not None and ticket.kind == "address" and ticket.account == reader.id and ticket.uses > 0
    if ticket is None or not good or ticket.ends <= time.time():
        raise NotFound("this link has been used, its time is over, or it is for another account; ask for a new one")
    return doors.page(request, "settings_address.html", key=key, email=addresses.shown(ticket.email))


def _proven(asking: Asking) -> str:
    key = asking.request.path_params["key"]
    if asking.site.library.store.entrances.prove(keys.mark(key), asking.reader.id) is None:
        raise NotFound("this link has been used, its time is over, or it is for another account; ask for a new one")
    return _done("address")


def _end(asking: Asking) -> str:
    if not asking.site.library.store.entrances.end(asking.reader.id, asking.form.get("session", "")):
        raise NotFound("that browser is signed out already")
    return _done("session")


def _end_others(asking: Asking) -> str:
    this = keys.mark(cookies.read(asking.request, cookies.SESSION))
    asking.site.library.store.entrances.end_others(asking.reader.id, this)
    return _done("sessions")


def _passkey_name(asking: Asking) -> str:
    name = clean(asking.form.get("name", ""))[:60]
    if not name:
        raise Mistake("give the passkey a name that says on which device it is")
    store = asking.site.library.store
    if not store.credentials.rename_passkey(asking.reader.id, asking.form.get("passkey", ""), name):
        raise NotFound("this passkey is not here any more")
    return _done("renamed")


def _passkey_off(asking: Asking) -> str:
    if not asking.site.library.store.credentials.drop_passkey(asking.reader.id, asking.form.get("passkey", "")):
        raise NotFound("this passkey is not here any more")
    return _done("no-passkey")


def _token(asking: Asking) -> Response:
    """The one page that ever shows the token."""
    form, days = asking.form, asking.form.get("days", "") or "0"
    if not re.fullmatch("[0-9]{1,5}", days):
        raise Mistake(f"a token lasts a number of days, or 0 for until it is revoked; not {days[:20]!r}")
    scopes = [scope for scope in SCOPES if form.get(f"scope-{scope}")]
    made = tokens.make(asking.site.library.store, asking.reader, form.get("name", ""), scopes, int(days))
    return _settings(asking.request, made=made)


def _token_off(asking: Asking) -> str:
    number = asking.form.get("token", "")
    tokens.revoke(asking.site.library.store, asking.reader, int(number) if re.fullmatch("[0-9]{1,9}", number) else 0)
    return _done("token")


def _unlink(asking: Asking) -> str:
    store, reader = asking.site.library.store, asking.reader
    if not _account(asking.request, reader).email and not store.credentials.passkeys(reader.id):
        raise Mistake("you could not come in again; give an address, or add a passkey, first")
    if not store.credentials.unlink(asking.form.get("issuer", ""), reader.id):
        raise NotFound("this is unlinked already")
    return _done("unlinked")


def _invite(asking: Asking) -> Response:
    library = asking.site.library
    if not invitations.may(library.settings, asking.reader):
        raise Mistake("an administrator of this library can invite somebody")
    made = invitations.make(library.store, asking.reader, email=asking.form.get("email", ""))
    return _settings(asking.request, invited=sent(asking, made))


def sent(asking: Asking, made: invitations.Invited) -> dict[str, str]:
    """Sends an invitation that has an address; what the page says of it: the address, or the link to hand over."""
    link = f"{doors.base(asking.request)}/join/{made.key}"
    if not made.email:
        return {"link": link, "email": ""}
    doors.mail(asking.request, "invitation", made.email, link=link, days=made.days, by=asking.reader.name)
    return {"link": "", "email": addresses.shown(made.email)}


def _revoke(asking: Asking) -> str:
    invitations.revoke(asking.site.library.store, asking.reader, asking.form.get("invitation", ""))
    return _done("revoked")


def everything(request: Request) -> Response:
    """All that is kept of the reader, as an archive."""
    here = site.of(request)
    reader = writes.allowed(request, who.reader(request), "self")
    body = leaving.exported(here.library.store, reader, here.title)
    name = f"broadsheet-{date.today().isoformat()}.zip"
    headers = {**NO_STORE, "content-disposition": f'attachment; filename="{name}"'}
    return Response(body, 200, headers, "application/zip")


def _leave(asking: Asking) -> Response:
    """Deletes the account, and says good-bye."""
    leaving.leave(asking.site.library.store, asking.reader, asking.form.get("name", ""))
    asking.request.state.reader = None
    answer = doors.page(asking.request, "settings_gone.html")
    cookies.drop(asking.request, answer, cookies.SESSION)
    return answer


def _inbox(asking: Asking) -> str:
    return f"{_done(subscription.act_of_account(asking, _account(asking.request, asking.reader)))}#inbox"


FORMS: dict[str, Callable[[Asking], str | Response]] = {
    "/settings/profile": _profile, "/settings/address": _address, "/settings/address/{key}": _proven,
    "/settings/session": _end, "/settings/sessions": _end_others, "/settings/passkey/name": _passkey_name,
    "/settings/passkey/remove": _passkey_off, "/settings/token": _token, "/settings/token/revoke": _token_off,
    "/settings/unlink": _unlink, "/settings/invite": _invite, "/settings/invite/revoke": _revoke,
    "/settings/leave": _leave, f"{subscription.SETTINGS}/{{act}}": _inbox,
}  # fmt: skip
ROUTES = [
    Route("/settings", settings, name="settings"),
    Route("/settings/everything.zip", everything, name="settings-everything"),
    Route("/settings/address/{key}", proof, name="settings-address"),
    *(Route(path, writes.handler(_told(act), "self"), methods=["POST"], name=path) for path, act in FORMS.items()),
]
