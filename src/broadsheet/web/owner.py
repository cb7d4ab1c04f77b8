"""Pages for administrators: who reads here, who is invited, and what was done."""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import acts, addresses, invitations, leaving, sessions
from broadsheet.people.rights import ROLES
from broadsheet.store import OWNER
from broadsheet.text import clean, fold
from broadsheet.web import doors, site, who, writes
from broadsheet.web.account import day, moment, sent
from broadsheet.web.signin import NO_STORE, asks_for
from broadsheet.web.writes import Asking

ROWS = 100  # on a page
PEOPLE, AUDIT = "/owner/people", "/owner/audit"


def people(request: Request) -> Response:
    """Who has an account, and who is invited."""
    return _people(request)


def _people(request: Request, status: int = 200, **more: object) -> Response:
    here, reader = site.of(request), who.reader(request)
    if reader is None and here.library.settings.accounts != "off":
        return RedirectResponse(asks_for(PEOPLE), 303, NO_STORE)
    writes.allowed(request, reader, "people")
    store, part = here.library.store, clean(request.query_params.get("q", ""))[:80]
    found = store.accounts.some(ROWS + 1, number(request.query_params.get("after", "")), fold(part))
    pending = invitations.pending(store)
    names = store.accounts.names([one.by for one in pending if one.by])
    told: dict[str, object] = {"wrong": "", "invited": None}
    return doors.page(
        request, "owner_people.html", status, people=found[:ROWS], after=found[ROWS - 1].id if found[ROWS:] else 0,
        part=part, count=store.accounts.count(), roles=ROLES, owner=OWNER, pending=pending, names=names, day=day,
        shown=addresses.shown, **{**told, **more},
    )  # fmt: skip


def audit(request: Request) -> Response:
    """What was done by whom, the latest first."""
    here, reader = site.of(request), who.reader(request)
    if reader is None and here.library.settings.accounts != "off":
        return RedirectResponse(asks_for(AUDIT), 303, NO_STORE)
    writes.allowed(request, reader, "people")
    found = here.library.store.audit.entries(ROWS + 1, number(request.query_params.get("before", "")))
    return doors.page(
        request, "owner_audit.html", events=found[:ROWS], before=found[ROWS - 1].id if found[ROWS:] else 0,
        words=acts.words, moment=moment, objects=acts.objects(here.library.store, found),
    )  # fmt: skip


def number(text: str) -> int:
    """A number of an address, 0 for what is none."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


# -- forms -------------------------------------------------------------------------------------------------------------


def _role(asking: Asking) -> str | Response:
    role, store = asking.form.get("role", ""), asking.site.library.store
    if role not in ROLES:
        raise Mistake(f"a role is one of {', '.join(ROLES)}, not {role[:40]!r}")
    return _try(asking, lambda: store.accounts.set_role(_whom(asking), role, asking.reader.id))


def _suspend(asking: Asking) -> str | Response:
    return _try(asking, lambda: asking.site.library.store.accounts.suspend(_whom(asking), asking.reader.id))


def _restore(asking: Asking) -> str | Response:
    return _try(asking, lambda: asking.site.library.store.accounts.restore(_whom(asking), asking.reader.id))


def _remove(asking: Asking) -> str | Response:
    """Deletes somebody's account; its name has to be typed."""
    store, typed = asking.site.library.store, asking.form.get("name", "")
    account = store.accounts.at(_whom(asking))
    if account is None:
        raise NotFound("this account is not here any more")
    gone = sessions.reader(account)
    return _try(asking, lambda: leaving.leave(store, gone, typed, asking.reader.id))


def _whom(asking: Asking) -> int:
    return number(asking.form.get("account", ""))


def _try(asking: Asking, act: Callable[[], None]) -> str | Response:
    try:
        act()
    except NotFound:
        raise
    except Mistake as error:
        return _people(asking.request, 400, wrong=str(error))
    return PEOPLE


def _invite(asking: Asking) -> Response:
    form, store = asking.form, asking.site.library.store
    try:
        made = invitations.make(
            store, asking.reader, email=form.get("email", ""), role=form.get("role", "reader"),
            uses=number(form.get("uses", "1")), days=number(form.get("days", str(invitations.DAYS))),
        )  # fmt: skip
        return _people(asking.request, invited=sent(asking, made))
    except Mistake as error:
        return _people(asking.request, 400, wrong=str(error))


def _revoke(asking: Asking) -> str:
    invitations.revoke(asking.site.library.store, asking.reader, asking.form.get("invitation", ""))
    return PEOPLE


FORMS: dict[str, Callable[[Asking], str | Response]] = {
    "/owner/people/role": _role, "/owner/people/suspend": _suspend, "/owner/people/restore": _restore,
    "/owner/people/remove": _remove, "/owner/people/invite": _invite, "/owner/people/revoke": _revoke,
}  # fmt: skip
ROUTES = [
    Route(PEOPLE, people, name="owner-people"),
    Route(AUDIT, audit, name="owner-audit"),
    *(Route(path, writes.handler(act, "people"), methods=["POST"], name=path) for path, act in FORMS.items()),
]
