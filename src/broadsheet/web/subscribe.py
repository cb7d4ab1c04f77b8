"""In your inbox: what letters can be had, the form that asks for them, and the link that confirms it.

Following a link changes nothing: mail programs look at every link before its reader does. Only the button on the page
behind it begins anything, once. Whatever address is given, the same page answers, after the same work.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from broadsheet.editions import links, schedule, subscribing, wishes
from broadsheet.editions.subscribing import Wanted
from broadsheet.errors import Forbidden, Mistake, NotFound, TooOften
from broadsheet.people import addresses, limits
from broadsheet.people.rights import Reader
from broadsheet.store import Account, Schedule, Subscriber, Wish
from broadsheet.text import clip
from broadsheet.web import doors, site, subscription, who, writes
from broadsheet.web.writes import Knock

if TYPE_CHECKING:
    from broadsheet.library import Library

TOPICS = 12  # categories to choose from, and as many phrases that rise
LISTS = 8
_OFF = "this library sends no letters to whoever asks; its owner decides that with `subscribe` under `[mail]`"
_ACCOUNTS = "letters are for those who have an account here; sign in first"
_NO_EMAIL = "your account has no address that letters could go to; give one in the settings"


class Offer(NamedTuple):
    """A box to tick."""

    wish: Wish
    words: str
    chosen: bool
    note: str = ""


class Asker(NamedTuple):
    """Who asks.

    account  where letters go to an account's own address, which is proven; None where a letter has to prove it
    sees     the account whose lists and searches may be wished for; 0 for somebody whom nobody knows
    had      what the account has
    """

    account: Account | None
    sees: int
    had: Subscriber | None


def _asker(request: Request) -> Asker:
    """Raises Forbidden where there is nothing for who asks, Mistake for an account without an address."""
    library, reader = site.of(request).library, who.reader(request)
    refuse(library, reader)
    if reader is None or not reader.may("self"):
        return Asker(None, 0, None)
    account = library.store.accounts.at(reader.id)
    if library.settings.accounts == "off" or account is None:  # the owner, at the machine
        return Asker(None, reader.id, None)
    if not account.email:
        raise Mistake(_NO_EMAIL)
    return Asker(account, reader.id, subscribing.of_account(library.store, account))


def refuse(library: "Library", reader: Reader | None) -> None:
    """Raises Forbidden where the settings let *reader* subscribe to nothing."""
    if library.settings.subscribe == "none":
        raise Forbidden(_OFF)
    if library.settings.subscribe == "accounts" and reader is None:
        raise Forbidden(_ACCOUNTS)


# -- the form ----------------------------------------------------------------------------------------------------------


def form(request: Request) -> Response:
    """What can be had; what the address names is chosen: ``/subscribe?topic=cs.CL&front=day``."""
    asker, library = _asker(request), site.of(request).library
    chosen, notes = list[Wish](), list[str]()
    for kind, value in request.query_params.multi_items()[: wishes.MOST]:
        if kind in wishes.KINDS:
            named = "" if kind in ("rising", "personal") or (kind == "front" and value == "day") else value
            try:
                chosen += wishes.checked(library, asker.sees, [(kind, named)])
            except Mistake as error:
                notes.append(f"Left out: {error}.")
    return _form(request, asker, chosen, notes=notes)


def _form(
    request: Request, asker: Asker, chosen: list[Wish], status: int = 200, *, wrong: str = "",
    notes: list[str] | None = None, typed: Mapping[str, str] | None = None, plan: Schedule | None = None,
) -> Response:  # fmt: skip
    library = site.of(request).library
    had = asker.had
    if plan is None:
        plan = subscribing.schedule_of(had) if had else Schedule()
    email = addresses.shown(asker.account.email or "") if asker.account else ""
    return doors.page(
        request, "subscribe.html", status, offered=_offered(library, asker, chosen),
        topics=_topics(library, chosen), schedule=plan, guess=had is None and typed is None,
        choices=subscription.choices(), own=asker.account is not None, email=email, typed=typed or {}, wrong=wrong,
        notes=notes or [], outbox=not library.settings.smtp,
        who_can_sign_in=library.settings.accounts != "off" and asker.account is None,
    )  # fmt: skip


def _offered(library: "Library", asker: Asker, chosen: list[Wish]) -> list[Offer]:
    """What is chosen already, then the library's own pages, the saved searches and the lists that could be."""
    mine = library.shelves(asker.sees)
    offers = [Wish("rising"), Wish("front")] + ([Wish("personal")] if asker.sees else [])
    if asker.sees:
        offers += [Wish("search", one.name) for one in library.store.searches.all(asker.sees)[:LISTS]]
    seen = (*mine.lists(), *mine.group_lists()) if asker.sees else ()
    public = (one for one in library.store.lists.public(LISTS) if one.account != asker.sees)
    offers += [Wish("list", str(one.id)) for one in (*seen[:LISTS], *public)]
    first = [one for one in chosen if one.kind != "topic" and not subscription.among(one, offers)]
    return [
        Offer(one, _capital(wishes.sentence(library, one, asker.sees)), subscription.among(one, chosen))
        for one in (*first, *offers)
    ]


def _topics(library: "Library", chosen: list[Wish]) -> list[Offer]:
    """The largest categories, and the phrases that rise; what is chosen first."""
    board = library.boards.current()
    named = {name: f"{papers:,}" for name, papers in library.shelf(TOPICS).categories}
    named |= {phrase.text: "rising" for phrase in (board.topics.phrases[:TOPICS] if board else ())}
    first = [one for one in chosen if one.kind == "topic"]
    rest = [one for name in named if not subscription.among(one := Wish("topic", name), first)]
    return [Offer(one, one.value, one in first, named.get(one.value, "")) for one in (*first, *rest)]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# -- asking ------------------------------------------------------------------------------------------------------------


def _ask(knock: Knock) -> Response:
    """Begins at once what goes to an account's own address; sends a letter to every other."""
    request, library = knock.request, knock.site.library
    limits.hold(doors.of(request).tries, doors.network(request))
    asker, chosen, plan = _asker(request), list[Wish](), Schedule()
    try:
        plan = _plan(asker, knock.form)
        chosen = list(wishes.checked(library, asker.sees, subscription.given(knock.form)))
        if not chosen:
            raise Mistake("choose at least one thing to read of")
        if asker.account is not None:
            return _begin(asker, asker.account, library, plan, chosen)
        return _letter(request, asker, knock.form.get("email", ""), Wanted(plan, tuple(chosen)))
    except TooOften:
        raise
    except Mistake as error:
        some = chosen or _ticked(library, asker, knock.form)
        return _form(request, asker, some, 400, wrong=_capital(str(error)), typed=knock.form, plan=plan)


def _plan(asker: Asker, form: Mapping[str, str]) -> Schedule:
    """When they are wanted: as before, where nothing else is said."""
    before = subscribing.schedule_of(asker.had) if asker.had else Schedule()
    given = {name: value for name, value in form.items() if name != "until"}
    plan = wishes.scheduled(given, before, schedule.local_day(before.zone, int(site.now().timestamp())))
    return plan._replace(every="day") if plan.every == "off" else plan


def _ticked(library: "Library", asker: Asker, form: Mapping[str, str]) -> list[Wish]:
    """The boxes that were ticked, for a form that comes back because something else was wrong."""
    found = list[Wish]()
    for name, value in form.items():
        kind, _, which = value.partition(" ")
        if name.startswith("wish-"):
            try:
                found += wishes.checked(library, asker.sees, [(kind, which)])
            except Mistake:  # it is told already
                continue
    return found


def _begin(asker: Asker, account: Account, library: "Library", plan: Schedule, chosen: list[Wish]) -> Response:
    has = subscribing.added(library, asker.had, chosen)
    subscribing.begin(library, account.email or "", Wanted(plan, has, account.id))
    return RedirectResponse("/settings?done=inbox#inbox", 303, subscription.NO_STORE)


def _letter(request: Request, asker: Asker, text: str, wanted: Wanted) -> Response:
    library = site.of(request).library
    email = addresses.address(text)
    if asker.sees:
        wanted = subscribing.by_owner(library, email, wanted)
    asked = send(request, text, wanted)
    return doors.page(
        request, "subscribe_sent.html", email=addresses.shown(asked.email), days=subscribing.DAYS,
        outbox=not library.settings.smtp,
    )  # fmt: skip


def send(request: Request, text: str, wanted: Wanted) -> subscribing.Asked:
    """Keeps a request for the address *text*, and puts its letter on its way where there is one.

    Raises Mistake for no address or wish, or where no link could be written; TooOften.
    """
    library, base = site.of(request).library, doors.base(request)
    asked = subscribing.ask(library, text, wanted, doors.network(request))
    doors.mail(
        request, "subscription", asked.email, kept=not asked.send, link=f"{base}/subscribe/confirm/{asked.key}",
        days=subscribing.DAYS, wishes=subscribing.in_letter(library, asked.wishes), when=schedule.told(asked.schedule),
        more=asked.more,
    )  # fmt: skip
    return asked


# -- confirming --------------------------------------------------------------------------------------------------------


def confirmation(request: Request) -> Response:
    """What a link of a letter would begin, and the button that begins it."""
    library, key = site.of(request).library, request.path_params["key"]
    try:
        asked = subscribing.opened(library, key)
    except NotFound as error:
        return _over(request, error)
    said = wishes.sentences(library, asked.wanted.wishes, asked.wanted.account)
    return doors.page(
        request, "subscribe_confirm.html", key=clip(key, 100), asked=asked, email=addresses.shown(asked.email),
        wishes=said, when=schedule.told(asked.wanted.schedule),
    )  # fmt: skip


def _confirm(knock: Knock) -> Response:
    """Begins it, and goes on to where it can be changed."""
    library, request = knock.site.library, knock.request
    limits.hold(doors.of(request).tries, doors.network(request))
    try:
        one = subscribing.confirm(library, request.path_params["key"])
    except NotFound as error:
        return _over(request, error)
    there = links.manage("", links.key_of(library.store, one, "manage"))
    return RedirectResponse(f"{there}?done=confirmed", 303, subscription.NO_STORE)


def _over(request: Request, error: NotFound) -> Response:
    return doors.page(request, "subscription_over.html", 404, said=str(error))


# -- among the settings ------------------------------------------------------------------------------------------------


def section(request: Request, account: Account, typed: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What the settings of an account say of its letters; None where it gets none."""
    held = subscription.of_account(site.of(request), account)
    return subscription.shown(held, typed) if held is not None else None


ROUTES = [
    Route("/subscribe", form, name="subscribe"),
    Route("/subscribe", writes.open_to_all(_ask), methods=["POST"], name="subscribe-ask"),
    Route("/subscribe/confirm/{key}", confirmation, name="subscribe-confirm"),
    Route("/subscribe/confirm/{key}", writes.open_to_all(_confirm), methods=["POST"], name="subscribe-confirmed"),
    *subscription.ROUTES,
]
