"""The page for administrators about mail: what left, what did not and why, what came back, who gets what."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.editions import heart, overview, schedule, status
from broadsheet.errors import Mistake
from broadsheet.people import addresses
from broadsheet.store import Subscriber
from broadsheet.text import clean
from broadsheet.web import doors, preview, site, stacks, who, writes
from broadsheet.web.account import moment
from broadsheet.web.signin import NO_STORE, asks_for
from broadsheet.web.writes import Asking

PAGE = "/owner/mail"
READERS, ROWS, MOST, WEEK = 10, 100, 12, 7
STEPS = {
    "sources": "Asking the sources", "index": "Making papers findable", "rising": "Measuring what rises",
    "editions": "Making editions", "letters": "Sending letters", "returns": "Reading what came back", "tidy": "Tidying",
}  # fmt: skip
KINDS = {
    "bounce": "came back", "delay": "delayed", "complaint": "reported as junk", "unsubscribe": "unsubscribed",
    "unknown": "not understood",
}  # fmt: skip
WHY = {"bounce": "letters came back", "complaint": "reported as junk", "owner": "stopped by the owner"}
SAID = {"lifted": "Letters may go to that address again.", "stopped": "Nothing goes to that address from here on."}


class Row(NamedTuple):
    """A subscriber as the owner sees one.

    line     answers why there was no mail
    may_see  whether the next edition may be looked at: what somebody with an account reads is theirs alone
    """

    one: Subscriber
    email: str
    when: str
    line: str
    may_see: bool


def mail(request: Request) -> Response:
    """All of it; *q* finds subscribers."""
    return _mail(request)


def _mail(request: Request, status: int = 200, wrong: str = "") -> Response:
    here, reader = site.of(request), who.reader(request)
    if reader is None and here.library.settings.accounts != "off":
        return RedirectResponse(asks_for(PAGE), 303, NO_STORE)
    writes.allowed(request, reader, "people")
    store, now = here.library.store, int(site.now().timestamp())
    part = clean(request.query_params.get("q", ""))[:80]
    found = overview.overview(here.library, now)
    listed, days = rows(request, part, now), [day for day in reversed(found.days) if day.total]
    returned = store.subscribers.returns(limit=ROWS)
    return doors.page(
        request, "owner_mail.html", status, found=found, part=part, wrong=wrong,
        rows=listed[:READERS], more=listed[READERS:],
        shown_groups=_groups(found), reasons=list(found.reasons.items())[:MOST], returned=returned,
        stacks=stacks.stacks(found.days), key=stacks.key, days=days, WEEK=WEEK, short=stacks.short,
        suppressed=store.subscribers.suppressions(ROWS), steps=STEPS, kinds=KINDS, why=WHY, moment=moment,
        said=SAID.get(request.query_params.get("done", ""), ""), address=addresses.shown, when=clock,
        whose={one.subscriber: _email(request, one.subscriber) for one in returned if one.subscriber},
    )  # fmt: skip


def _email(request: Request, subscriber: int) -> str:
    found = site.of(request).library.store.subscribers.at(subscriber)
    return addresses.shown(found.email) if found else ""


def _groups(found: overview.Overview) -> list[str]:
    """The columns of the table: four that are always asked for, and what there was besides."""
    usual = ("sent", "nothing new", "held back", "failed")
    return [group for group in overview.GROUPS if group in usual or any(day.groups[group] for day in found.days)]


def rows(request: Request, part: str, now: int) -> list[Row]:
    """Subscribers with *part* in their address, with their lines."""
    library, reader = site.of(request).library, who.reader(request)
    return [
        Row(one, addresses.shown(one.email), schedule.told(one), status.status_line(library, one, now),
            preview.may_see(one, reader))
        for one in library.store.subscribers.search(part, READERS + 1)
    ]  # fmt: skip


def clock(at: int | None) -> str:
    """``Tuesday 17 November, 07:12`` in UTC."""
    return f"{heart.said(at)} UTC" if at else "never"


# -- forms -------------------------------------------------------------------------------------------------------------


def _lift(asking: Asking) -> str | Response:
    """Lets letters go to an address again."""
    email = asking.form.get("email", "")
    if not asking.site.library.store.subscribers.lift(email):
        return _mail(asking.request, 404, wrong="Letters may go to that address already.")
    asking.site.library.store.audit.note(asking.reader.id, "mail.lift", "", "")
    return f"{PAGE}?done=lifted#stopped"


def _stop(asking: Asking) -> str | Response:
    """Lets none go there any more, whoever subscribes."""
    try:
        email = addresses.address(asking.form.get("email", ""))
    except Mistake as error:
        return _mail(asking.request, 400, wrong=str(error))
    now = int(datetime.now(UTC).timestamp())
    asking.site.library.store.subscribers.suppress(email, "owner", clean(asking.form.get("why", ""))[:200], now)
    asking.site.library.store.audit.note(asking.reader.id, "mail.stop", "", "")
    return f"{PAGE}?done=stopped#stopped"


FORMS: dict[str, Callable[[Asking], str | Response]] = {"/owner/mail/lift": _lift, "/owner/mail/stop": _stop}
ROUTES = [
    Route(PAGE, mail, name="owner-mail"),
    *(Route(path, writes.handler(act, "people"), methods=["POST"], name=path) for path, act in FORMS.items()),
]
