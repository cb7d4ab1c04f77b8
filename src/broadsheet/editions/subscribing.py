"""How an address comes to get editions, and stops: asked for by anybody, begun by nobody but who reads there.

Whoever asks is answered the same, and the same is written, whether the address gets editions, never did, or is not to
get any; only the letter differs, and it is sent behind the back of who asked. Nothing changes until the button behind
the letter's link is pressed, and that only ever adds: a stranger's request can neither change nor end what somebody
has. The words of a stranger stand in the letter without anything that a mail program would make a link of.
"""

import json
import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from broadsheet.editions import wishes as wanting
from broadsheet.errors import Mistake, NotFound
from broadsheet.people import addresses, keys, limits
from broadsheet.shelves import MAX_NAME
from broadsheet.store import OWNER, Account, Pending, Schedule, Store, Subscriber, Wish
from broadsheet.text import clip, fold

if TYPE_CHECKING:
    from broadsheet.library import Library

DAYS = 3  # that a link lasts
WINDOW = 900  # seconds in which the same request sends no second letter
LISTED = 10  # wishes that a letter names
_OFTEN = "letters were asked for in the name of this address just now; look among those that came, and among the junk"
_NETWORK = "too many letters were asked for from where you are"
# What mail programs make a link of by themselves: addresses of pages and of people, names of hosts, telephone numbers.
_LINK = re.compile(r"\S*(?:://|@|(?<=\w)\.(?=[^\W\d_]{2}))\S*|\+?\(?\d(?:[ ()./-]{0,3}\d){8,}", re.IGNORECASE)


class Wanted(NamedTuple):
    """What somebody asks for. *account*: for which it is, 0 for none."""

    schedule: Schedule
    wishes: tuple[Wish, ...]
    account: int = 0


class Asked(NamedTuple):
    """What came of asking for it in the name of an address.

    key   what the link ends in; nobody may see it but whoever reads the letter
    send  whether there is a letter
    more  whether it is for somebody who gets editions: then *wishes* are only those that are new
    """

    email: str
    key: str
    send: bool
    more: bool
    schedule: Schedule
    wishes: tuple[Wish, ...]


class Opened(NamedTuple):
    """A request whose link still opens something; *more* and *wanted* as in `Asked`."""

    email: str
    more: bool
    wanted: Wanted


# -- asking ------------------------------------------------------------------------------------------------------------


def ask(library: "Library", text: str, wanted: Wanted, network: str, now: int | None = None) -> Asked:
    """Keeps a request for the address *text*, from *network*. Raises Mistake for no address or wish, TooOften."""
    email, at, store = addresses.address(text), int(time.time()) if now is None else now, library.store
    if not wanted.wishes:
        raise Mistake("choose at least one thing to read of")
    here = keys.sealed(keys.secret_of(store), "network", network) if network else ""
    longest = max(limits.SUBSCRIBING.window, limits.SUBSCRIBING_FROM.window)

    def may(by_email: Sequence[int], by_network: Sequence[int]) -> None:
        limits.grown(by_email, limits.SUBSCRIBING, _OFTEN, at)
        if here:
            limits.grown(by_network, limits.SUBSCRIBING_FROM, _NETWORK, at)

    may(*store.subscribers.asked(email, here, at - longest))
    found = store.subscribers.by_email(email)
    news = _news(store, found, wanted)
    body = _packed(wanted)
    same = any(one.wanted == body and one.made > at - WINDOW for one in store.subscribers.pendings(email))
    stopped = store.subscribers.suppressed([email]).get(email)
    # To confirm it lets letters out again that came back: that is asked for, too, where nothing is new.
    send = not same and (bool(news) if stopped is None else stopped.why == "bounce")
    key = keys.fresh()
    # One that sends no letter is over at once, but kept as all are: how often somebody may ask tells nothing either.
    ends = at + DAYS * 86_400 if send else at
    store.subscribers.ask(Pending(keys.mark(key), email, body, here, at, ends, None), at - longest, may)
    return Asked(email, key, send, _is_active(found), wanted.schedule, news or wanted.wishes)


def _is_active(one: Subscriber | None) -> bool:
    return one is not None and one.left is None and one.every != "off"


def _news(store: Store, found: Subscriber | None, wanted: Wanted) -> tuple[Wish, ...]:
    """What of it somebody does not have yet; all of it for who gets nothing. The store is asked in either case."""
    id = found.id if found is not None else 0
    kept = store.subscribers.wishes([id]).get(id, [])
    has = {(one.kind, fold(one.value)) for one in kept} if _is_active(found) else set()
    return tuple(one for one in wanted.wishes if (one.kind, fold(one.value)) not in has)


def _packed(wanted: Wanted) -> str:
    rows = {"account": wanted.account, "schedule": wanted.schedule, "wishes": wanted.wishes}
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _unpacked(text: str) -> Wanted:
    rows = json.loads(text)
    return Wanted(Schedule(*rows["schedule"]), tuple(Wish(*one) for one in rows["wishes"]), rows["account"])


def in_letter(library: "Library", wishes: Sequence[Wish]) -> list[str]:
    """What a letter says of wishes that anybody may have typed: no more than ten, nothing in them a link."""
    said = [_plain(library, one) for one in wishes[:LISTED]]
    return [*said, f"and {len(wishes) - LISTED} more"] if len(wishes) > LISTED else said


def _plain(library: "Library", one: Wish) -> str:
    said = wanting.sentence(library, one)
    return said if one.kind == "topic" and library.is_category(one.value) else clip(_LINK.sub("…", said), 120)


# -- confirming --------------------------------------------------------------------------------------------------------


def opened(library: "Library", key: str, now: int | None = None) -> Opened:
    """What the link with that key would begin. Changes nothing. Raises NotFound, with what is wrong and what to do."""
    at, store = int(time.time()) if now is None else now, library.store
    row = store.subscribers.pending(keys.mark(key))
    if row is None:
        raise NotFound("this link is none of ours, or is long past; ask again")
    if row.used is not None:
        raise NotFound(
            "this link has been used, or another one was since. What was confirmed stands; each letter has a link at "
            "its end that changes it. Something missing? Ask for it again"
        )
    if row.ends <= at:
        raise NotFound(f"the time of this link is over: it lasts {DAYS} days. Ask again")
    wanted, found = _unpacked(row.wanted), store.subscribers.by_email(row.email)
    return Opened(row.email, _is_active(found), wanted._replace(wishes=_news(store, found, wanted)))


def confirm(library: "Library", key: str, now: int | None = None) -> Subscriber:
    """Uses a link. Adds to what there is; who gets editions keeps the hour they chose. Raises NotFound."""
    at, store = int(time.time()) if now is None else now, library.store
    asked = opened(library, key, at)
    found = store.subscribers.by_email(asked.email)
    kept = schedule_of(found) if found is not None and asked.more else asked.wanted.schedule
    has = store.subscribers.wishes([found.id]).get(found.id, []) if found is not None and found.left is None else []
    if (count := len({*has, *asked.wanted.wishes})) > wanting.MOST:
        raise Mistake(f"{count} things are more than one letter can hold; {wanting.MOST} are the most")
    done = store.subscribers.confirm(keys.mark(key), kept, asked.wanted.wishes, at)
    if done is None:  # two pressed at once
        raise NotFound("this link has been used just now; what it was for is confirmed")
    return _given(library, done, asked.wanted.account, at)


def _given(library: "Library", one: Subscriber, account: int, now: int) -> Subscriber:
    """*one*, as the account's whose proven address it is, where it is nobody's yet: that is the same proof."""
    store = library.store
    if library.settings.accounts != "off":
        known = store.accounts.by_email(one.email)
        account = known.id if known is not None and known.state == "active" else 0
    if one.account is not None or not account or store.subscribers.of_account(account) is not None:
        return one
    try:
        wishes = named(library, account, store.subscribers.wishes([one.id]).get(one.id, []))
    except Mistake:  # it can keep no more searches; what was confirmed is, and the settings show it too
        return one
    return store.subscribers.put(one.email, account, schedule_of(one), wishes, now)


# -- without a letter --------------------------------------------------------------------------------------------------


def of_account(store: Store, account: Account) -> Subscriber | None:
    """The subscription of an account: its own, or what its proven address has got before."""
    if found := store.subscribers.of_account(account.id):
        return found
    found = store.subscribers.by_email(account.email) if account.email else None
    return found if found is not None and found.account is None else None


def begin(library: "Library", email: str, wanted: Wanted, now: int | None = None) -> Subscriber:
    """Makes, or changes, what a proven address gets: an account's own, or one that the owner vouches for.

    Raises Mistake for one of another account.
    """
    at = int(time.time()) if now is None else now
    wishes = named(library, wanted.account, wanted.wishes) if wanted.account else wanted.wishes
    if len(wishes) > wanting.MOST:
        raise Mistake(f"{len(wishes)} things are more than one letter can hold; {wanting.MOST} are the most")
    return library.store.subscribers.put(email, wanted.account or None, wanted.schedule, wishes, at)


def added(library: "Library", one: Subscriber | None, wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """What *one* has, and *wishes*, each once."""
    has = library.store.subscribers.wishes([one.id]).get(one.id, []) if one is not None else []
    found = {(wish.kind, fold(wish.value)): wish for wish in reversed((*has, *wishes))}
    return wanting.ordered(reversed(found.values()))


def by_owner(library: "Library", email: str, wanted: Wanted) -> Wanted:
    """What the owner asks for in the name of *email*, where there are no accounts.

    It is the owner's own where it is personal, or goes where letters of the owner go; for every other address it is as
    for somebody without an account. Raises Mistake for what is personal, when another address has that.
    """
    held, account = library.store.subscribers.of_account(OWNER), library.store.accounts.at(OWNER)
    personal = any(one.kind == "personal" for one in wanted.wishes)
    first = personal or (account is not None and account.email == email)
    if first if held is None else held.email == email:
        return wanted._replace(account=OWNER)
    return wanted._replace(account=0, wishes=unnamed(library, OWNER, wanted.wishes))


def schedule_of(one: Subscriber) -> Schedule:
    return Schedule(one.every, one.weekday, one.minute, one.zone, one.language, one.quiet, one.paused)


def named(library: "Library", account: int, wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """*wishes* of an account: a question becomes a saved search of it, so that it is seen and changed where those are.

    Raises Mistake for an account that keeps too many.
    """
    found = (one if one.kind != "search" else Wish("search", _saved(library, account, one.value)) for one in wishes)
    return wanting.ordered(dict.fromkeys(found))


def unnamed(library: "Library", account: int, wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """*wishes* of an account as somebody without one has them: saved searches become their questions.

    Raises Mistake for what only an account can have.
    """
    kept = {fold(one.name): one.query for one in library.store.searches.all(account)}
    if any(one.kind == "personal" for one in wishes):
        raise Mistake("what is near to what you like goes to one address, and another has it; leave it out for this")

    return tuple(
        Wish("search", kept.get(fold(one.value), one.value)[: wanting.LONGEST]) if one.kind == "search" else one
        for one in wishes
    )


def _saved(library: "Library", account: int, value: str) -> str:
    """The name of a saved search that is, or asks, *value*; it is made where there is none."""
    kept = library.store.searches.all(account)
    names = {fold(one.name) for one in kept}
    for one in kept:
        if fold(one.name) == fold(value) or one.query == value:
            return one.name
    base = clip(" ".join(re.sub(r'[/"“”]', " ", value).split()) or "Search", MAX_NAME - 5)
    free = next(name for name in (base, *(f"{base} {number}" for number in range(2, 2_000))) if fold(name) not in names)
    return library.shelves(account).save_search(free, value, "new", verbatim=True).name


# -- what is kept ------------------------------------------------------------------------------------------------------


def try_again(store: Store, one: Subscriber) -> bool:
    """Lets letters go out again that came back; not after a complaint, and not where the owner wants none."""
    stopped = store.subscribers.suppressed([one.email]).get(one.email)
    return stopped is not None and stopped.why == "bounce" and store.subscribers.lift(one.email)


def kept(library: "Library", one: Subscriber) -> dict[str, Any]:
    """All that is kept of a subscription, in JSON; times are Unix seconds."""
    store = library.store
    wishes = store.subscribers.wishes([one.id]).get(one.id, [])
    editions = store.editions.of(one.id, 10_000)
    stopped = store.subscribers.suppressed([one.email]).get(one.email)
    return {
        "email": one.email, **wanting.told(schedule_of(one), wishes), "made": one.made, "confirmed": one.confirmed,
        "left": one.left, "suppressed": stopped._asdict() if stopped else None,
        "editions": [
            {"day": row.day, "state": row.state, "reason": row.reason, "due": row.due, "done": row.done}
            for row in editions
        ],
    }  # fmt: skip
