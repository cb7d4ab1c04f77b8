"""A subscription on pages: behind the key of a letter (`/subscription/KEY`), and among the settings of an account.

Whoever has the key reads what comes to the address, and may change all of it; the same acts are there for the reader
who is signed in. Ending it takes one press and no form (`/u/KEY`): mail programs press for their readers, without a
cookie and from elsewhere (RFC 8058), so the key alone says that it may be done. Looking never changes anything.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.community.periods import DAYS, written
from broadsheet.editions import links, schedule, status, subscribing, wishes
from broadsheet.errors import Mistake, NotFound
from broadsheet.mail import languages
from broadsheet.people import addresses
from broadsheet.store import Account, Edition, Subscriber, Wish
from broadsheet.text import fold
from broadsheet.web import doors, site, writes
from broadsheet.web.http import JSON, dumps
from broadsheet.web.site import Site
from broadsheet.web.writes import Asking, Form, Knock

NO_STORE = {"cache-control": "no-store"}
SHOWN = 7  # editions on a page
FREE = ("topic", "search", "author")  # wishes that are typed
WITHOUT = ("rising", "front", "personal")  # those that need no word besides
SETTINGS = "/settings/inbox"
_IN = re.compile(r"(?<!\w)in:", re.IGNORECASE)
_GONE = "this link is none of ours, or what it was for has been removed, and nothing is sent there"
STATES = {
    "ready": "waits for its time", "sending": "is on its way", "sent": "sent", "unsure": "sent, for all we know",
    "bounced": "came back", "refused": "refused by your mail server", "failed": "could not be delivered",
    "skipped": "nothing new, so no letter", "withheld": "held back", "missed": "this library did not run",
}  # fmt: skip
# What a page says that comes after a form.
SAID = {
    "confirmed": "It is confirmed.",
    "wish": "It is in your letters from now on.",
    "no-wish": "It is out of your letters.",
    "schedule": "From now on it is as it says here.",
    "pause": "Nothing comes until the pause is over.",
    "go-on": "The pause is over.",
    "off": "No more letters come.",
    "back": "Welcome back: letters come as before.",
    "again": "The next letter is sent to your address again.",
}


class Choices(NamedTuple):
    """What there is to choose from; *zones* by area, UTC first in an area without a name."""

    zones: tuple[tuple[str, tuple[str, ...]], ...]
    languages: tuple[tuple[str, str], ...]
    days: Sequence[str]
    clock: Callable[[int], str]

    @staticmethod
    def has(zone: str) -> bool:
        return zone in wishes.zones()


class Held(NamedTuple):
    """A subscription that may be changed by who asks, and the address that its page has."""

    site: Site
    one: Subscriber
    at: str

    @property
    def account(self) -> int:
        return self.one.account or 0


@cache
def choices() -> Choices:
    names = wishes.zones()
    areas = groupby(names, lambda name: name.partition("/")[0] if "/" in name else "")
    return Choices(
        tuple((area, tuple(some)) for area, some in areas), tuple(languages.NAMES.items()), DAYS, wishes.clock
    )


# -- looking -----------------------------------------------------------------------------------------------------------


def page(request: Request) -> Response:
    """All of a subscription, for who has its key."""
    return _page(request)


def _page(request: Request, status: int = 200, wrong: str = "", typed: Form | None = None) -> Response:
    try:
        held = _held(request)
    except NotFound as error:
        return doors.page(request, "subscription_over.html", 404, said=str(error))
    inbox = shown(held, typed or {})
    said = SAID.get(request.query_params.get("done", ""), "")
    return doors.page(request, "subscription.html", status, inbox=inbox, wrong=wrong, said=said)


def shown(held: Held, typed: Form) -> Mapping[str, Any]:
    """What the page, and the settings of an account, say of a subscription."""
    library, one = held.site.library, held.one
    store, now = library.store, int(site.now().timestamp())
    has = wishes.ordered(store.subscribers.wishes([one.id]).get(one.id, []))
    offered = [Wish(kind) for kind in WITHOUT if kind != "personal" or one.account]
    return {
        "at": held.at, "one": one, "email": addresses.shown(one.email), "typed": typed, "choices": choices(),
        "wishes": list(zip(has, wishes.sentences(library, has, held.account), strict=True)),
        "offered": [(wish, wishes.sentence(library, wish)) for wish in offered if wish not in has],
        "schedule": subscribing.schedule_of(one), "when": schedule.told(one), "next": coming(one, now),
        "paused": written(day) if (day := _paused(one, now)) else "", "tomorrow": schedule.local_day(one.zone, now),
        "stopped": store.subscribers.suppressed([one.email]).get(one.email),
        "status": status.status_line(library, one, now),
        "last": [_said(held, edition) for edition in store.editions.of(one.id, SHOWN)],
        "feed": links.feed("", links.key_of(store, one, "feed")),
    }  # fmt: skip


def coming(one: Subscriber, now: int) -> str:
    """When the next letter may come, in the reader's own time; empty when none does."""
    found = schedule.upcoming(one, now)
    return f"{DAYS[found[0].weekday()]} {written(found[0])}" if found else ""


def _paused(one: Subscriber, now: int) -> date | None:
    last = wishes.day_of(one.paused)
    return last if last is not None and last >= schedule.local_day(one.zone, now) else None


def _said(held: Held, edition: Edition) -> tuple[str, str, str]:
    """The day of an edition, what became of it, and the address of its page where there is one."""
    day = written(datetime.strptime(str(edition.day), "%Y%m%d").date())  # a day has no zone
    there = links.edition("", links.edition_key(held.site.library.store, edition, held.one)) if edition.content else ""
    return day, STATES.get(edition.state, edition.state), there


def everything(request: Request) -> Response:
    """All that is kept of a subscription, as a file."""
    held = _held(request)
    body = dumps(subscribing.kept(held.site.library, held.one))
    headers = {**NO_STORE, "content-disposition": 'attachment; filename="subscription.json"'}
    return Response(body, 200, headers, JSON)


def _held(request: Request) -> Held:
    """Raises NotFound for a key that opens nothing."""
    here, key = site.of(request), request.path_params["key"]
    if (one := links.opened(here.library.store, key, "manage")) is None:
        raise NotFound(_GONE)
    return Held(here, one, f"/subscription/{quote(key, safe='.')}")


# -- changing ----------------------------------------------------------------------------------------------------------


def given(form: Form) -> list[tuple[str, str]]:
    """The wishes in a form: (kind, value) of its boxes ``wish-1``, ``wish-2`` ... and of what was typed."""
    boxes = [value.partition(" ") for name, value in form.items() if name.startswith("wish-")]
    typed = [(kind, form[kind]) for kind in FREE if form.get(kind, "").strip()]
    return [(kind, value) for kind, _, value in boxes] + typed


def _add(held: Held, form: Form) -> str:
    library = held.site.library
    asked = [one for kind, value in given(form) for one in wishes.checked(library, _sees(held, kind), [(kind, value)])]
    if held.account and held.at != SETTINGS and any(_IN.search(one.value) for one in asked if one.kind == "search"):
        raise Mistake("a search within lists is added in the settings, by who is signed in")
    if not asked:
        raise Mistake("say what it should be: a topic, an author, a search")
    has = subscribing.added(library, held.one, asked)
    if len(has) > wishes.MOST:
        raise Mistake(f"{len(has)} things are more than one letter can hold; {wishes.MOST} are the most")
    library.store.subscribers.want(held.one.id, subscribing.named(library, held.account, has) if held.account else has)
    return "wish"


def _sees(held: Held, kind: str) -> int:
    """As which account something is wished for. A key in a letter is no way into lists, groups and searches of it."""
    return held.account if held.at == SETTINGS or kind == "personal" else 0


def _drop(held: Held, form: Form) -> str:
    held.site.library.store.subscribers.drop_wish(held.one.id, Wish(form.get("kind", ""), form.get("value", "")))
    return "no-wish"


def _schedule(held: Held, form: Form) -> str:
    today = schedule.local_day(held.one.zone, int(site.now().timestamp()))
    before = subscribing.schedule_of(held.one)
    now = wishes.scheduled({name: value for name, value in form.items() if name != "until"}, before, today)
    held.site.library.store.subscribers.reschedule(held.one.id, now)
    return "schedule"


def _pause(held: Held, form: Form) -> str:
    today = schedule.local_day(held.one.zone, int(site.now().timestamp()))
    until = wishes.holiday(form.get("until", "").strip(), today)
    before = subscribing.schedule_of(held.one)
    held.site.library.store.subscribers.reschedule(held.one.id, before._replace(paused=until))
    return "pause" if until else "go-on"


def _off(held: Held, form: Form) -> str:
    held.site.library.store.subscribers.leave(held.one.id, int(site.now().timestamp()))
    return "off"


def _back(held: Held, form: Form) -> str:
    _return(held)
    return "back"


def _return(held: Held) -> None:
    """As before it was ended; daily where it was off before that."""
    store = held.site.library.store
    store.subscribers.come_back(held.one.id)
    now = store.subscribers.at(held.one.id)
    if now is not None and now.every == "off":
        store.subscribers.reschedule(now.id, subscribing.schedule_of(now)._replace(every="day"))


def _again(held: Held, form: Form) -> str:
    if not subscribing.try_again(held.site.library.store, held.one):
        raise Mistake("the owner of this library can let letters to this address go out again")
    return "again"


ACTS: Mapping[str, Callable[[Held, Form], str]] = {
    "add": _add, "drop": _drop, "schedule": _schedule, "pause": _pause, "off": _off, "back": _back, "again": _again,
}  # fmt: skip


def _act(knock: Knock) -> Response:
    """What one of the forms of the page does."""
    request, name = knock.request, knock.request.path_params["act"]
    try:
        held = _held(request)
        if name == "remove":
            return _removed(held, request)
        done = _acted(held, name, knock.form)
    except NotFound as error:
        return doors.page(request, "subscription_over.html", 404, said=str(error))
    except Mistake as error:
        return _page(request, 400, str(error), knock.form)
    return RedirectResponse(f"{held.at}?done={done}", 303, NO_STORE)


def _acted(held: Held, name: str, form: Form) -> str:
    if (act := ACTS.get(name)) is None:
        raise NotFound("there is nothing of this name to do")
    return act(held, form)


def _removed(held: Held, request: Request) -> Response:
    """Takes all that is kept of an address out of the library."""
    held.site.library.store.subscribers.remove(held.one.id)
    return doors.page(request, "subscription_gone.html", email=addresses.shown(held.one.email))


def of_account(here: Site, account: Account) -> Held | None:
    """The subscription of an account, to be changed among its settings; None where it has none."""
    one = subscribing.of_account(here.library.store, account)
    return Held(here, one, SETTINGS) if one is not None else None


def act_of_account(asking: Asking, account: Account) -> str:
    """What a form among the settings does: the word for what was done. Raises Mistake, NotFound."""
    held, name = of_account(asking.site, account), asking.request.path_params["act"]
    if held is None:
        raise NotFound("you get no letters; `In your inbox` begins them")
    if name == "remove":
        asking.site.library.store.subscribers.remove(held.one.id)
        return "inbox-gone"
    if held.one.account is None:  # what the address had before it was the account's
        library = asking.site.library
        has = subscribing.added(library, held.one, ())
        wanted = subscribing.Wanted(subscribing.schedule_of(held.one), has, account.id)
        held = held._replace(one=subscribing.begin(library, held.one.email, wanted))
    return _acted(held, name, asking.form)


# -- ending it with one press ------------------------------------------------------------------------------------------


def leaving(request: Request) -> Response:
    """The page behind the link that ends it: a button, and nothing done yet.

    Mail servers see that link in the headers of a letter, so it leads to nothing that another key opens.
    """
    return _leaving(request, links.opened(site.of(request).library.store, request.path_params["key"], "leave"))


def _leaving(request: Request, one: Subscriber | None) -> Response:
    if one is None:
        return doors.page(request, "subscription_over.html", 404, said=_GONE)
    key = quote(request.path_params["key"], safe=".")
    return doors.page(
        request, "unsubscribe.html", one=one, email=addresses.shown(one.email), key=key, when=schedule.told(one),
        back=request.query_params.get("done") == "back",
    )  # fmt: skip


async def leave(request: Request) -> Response:
    """Ends it at once, whoever presses: the reader, or a mail program for the reader. Its body is not looked at."""
    return await run_in_threadpool(_leave, request)


def _leave(request: Request) -> Response:
    store = site.of(request).library.store
    one = links.opened(store, request.path_params["key"], "leave")
    if one is not None:
        store.subscribers.leave(one.id, int(site.now().timestamp()))
        one = store.subscribers.at(one.id)
    return _leaving(request, one)


def _undo(knock: Knock) -> Response:
    """It was a mistake: letters come as before."""
    store = knock.site.library.store
    one = links.opened(store, knock.request.path_params["key"], "leave")
    if one is None:
        return _leaving(knock.request, None)
    there = links.leave("", links.key_of(store, one, "leave"))
    _return(Held(knock.site, one, there))
    return RedirectResponse(f"{there}?done=back", 303, NO_STORE)


def among(one: Wish, others: Iterable[Wish]) -> bool:
    """Whether one of *others* is for the same."""
    return any((one.kind, fold(one.value)) == (other.kind, fold(other.value)) for other in others)


ROUTES = [
    Route("/subscription/{key}", page, name="subscription"),
    Route("/subscription/{key}/everything.json", everything, name="subscription-everything"),
    Route("/subscription/{key}/{act}", writes.open_to_all(_act), methods=["POST"], name="subscription-act"),
    Route("/u/{key}", leaving, name="unsubscribe"),
    Route("/u/{key}", leave, methods=["POST"], name="unsubscribe-now"),
    Route("/u/{key}/undo", writes.open_to_all(_undo), methods=["POST"], name="unsubscribe-undo"),
]
