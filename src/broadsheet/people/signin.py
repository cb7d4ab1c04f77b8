"""Coming in by a letter: who gets one, what its link opens, and what is said when it opens nothing.

The same is answered, and the same is written, whether an address has an account or not; only the letter differs. It is
sent behind the back of whoever asked (`mail.send.Post`), so that the time it takes tells nothing either.
"""

import time
from typing import TYPE_CHECKING, NamedTuple

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import addresses, keys, limits, names, sessions
from broadsheet.people.rights import Reader
from broadsheet.store import Account, Name, Session, Store, Ticket

if TYPE_CHECKING:
    from broadsheet.settings import Settings

MINUTES = 15  # that a link lasts
_OFTEN = "letters were sent to this address just now; look among those that came, and among the junk"
_NETWORK = "too many letters were asked for from where you are"


class Asked(NamedTuple):
    """What came of asking for a letter.

    key     what the link ends in; nobody may see it but whoever reads the letter
    door    what the browser keeps that asked, so that the link knows it again
    letter  the kind of letter to send; empty for none
    name    whom it greets
    """

    key: str
    door: str
    letter: str
    email: str
    name: str


def ask(store: Store, settings: "Settings", text: str, network: str) -> Asked:
    """A link for the address *text*, asked for from *network*. Raises Mistake for no address, TooOften."""
    email, now = addresses.address(text), int(time.time())
    secret = keys.secret_of(store)
    here = keys.sealed(secret, "network", network) if network else ""
    by_email, by_network = store.entrances.asked(email, here, now - 3_600)
    limits.seldom(by_email, limits.LETTERS, _OFTEN, now)
    if here:
        limits.seldom(by_network, limits.FROM_NETWORK, _NETWORK, now)
    account, invited = store.accounts.by_email(email), store.entrances.invited(email)
    ticket = _ticket(settings, email, account, invited)._replace(network=here, made=now, ends=now + MINUTES * 60)
    key = keys.fresh()
    store.entrances.issue(ticket._replace(hash=keys.mark(key)))
    known = account is not None and account.state == "active"
    letter = "sign-in" if known else "welcome" if ticket.role else ""
    return Asked(key, door(secret, key), letter, email, account.name if account else "")


def _ticket(settings: "Settings", email: str, account: Account | None, invited: Ticket | None) -> Ticket:
    """What a letter to that address may open: its account, or a new one for who is invited or where all may come."""
    role, by = "", None
    if account is None and invited is not None:
        role, by = invited.role, invited.by
    elif account is None and settings.accounts == "open":
        role = "reader"
    return Ticket("", "sign-in", account.id if account else None, email, role, by, "", 1, 0, 0)


def door(secret: bytes, key: str) -> str:
    """What a browser keeps that has asked for the link with that key."""
    return keys.sealed(secret, "door", keys.mark(key))


class Link(NamedTuple):
    """A link that still opens something.

    account  whose it is; None where it makes a new one
    here     whether this browser asked for it
    """

    ticket: Ticket
    account: Account | None
    here: bool


def link(store: Store, key: str, kept: str) -> Link:
    """What the link with that key opens, in a browser that *kept* something. Changes nothing.

    Raises NotFound, with what is wrong and what to do.
    """
    ticket = store.entrances.ticket(keys.mark(key))
    if ticket is None or ticket.kind not in ("sign-in", "shell"):
        raise NotFound("this link is none of ours, or is long past; ask for a new one")
    if ticket.uses < 1:
        raise NotFound("this link has been used, or a later one was; each works once. Ask for a new one")
    if ticket.ends <= time.time():
        raise NotFound(f"the time of this link is over: it lasts {MINUTES} minutes. Ask for a new one")
    account = store.accounts.at(ticket.account) if ticket.account else store.accounts.by_email(ticket.email or "-")
    if account is None and not ticket.role:
        raise NotFound("this link opens nothing any more; ask for a new one")
    asked_here = ticket.kind == "shell" or keys.same(kept, door(keys.secret_of(store), key))
    return Link(ticket, account, asked_here)


def enter(store: Store, key: str, how: str, agent: str, before: str, name: str = "") -> tuple[str, Reader]:
    """Uses a link or an invitation; the key of the new session, and whose it is.

    before  the key of the session that the browser has, which ends
    name    what a new account is called; not read where there is one
    Raises NotFound for what opens nothing any more, Mistake for a name that cannot be.
    """
    session_key, session = sessions.drawn(how, agent)
    account = _enter(store, keys.mark(key), session, keys.mark(before) if before else "", name)
    return session_key, sessions.reader(account)


def _enter(store: Store, hash: str, session: Session, before: str, name: str) -> Account:
    ticket = store.entrances.ticket(hash)
    new = ticket is not None and ticket.account is None and store.accounts.by_email(ticket.email or "-") is None
    return store.entrances.enter(hash, session, called(name) if new else None, before)


def called(name: str) -> Name:
    """*name* with what finds it. Raises Mistake."""
    if not name.strip():
        raise Mistake("give the name that you want to have here")
    good = names.named(name)
    return Name(good, names.key(good), names.likeness(good))


def prove(store: Store, reader: Reader, text: str, network: str) -> Asked:
    """A link that makes *text* the address of *reader*. Raises Mistake, TooOften.

    An address that another account has gets no letter, and nobody is told.
    """
    email, now = addresses.address(text), int(time.time())
    secret = keys.secret_of(store)
    here = keys.sealed(secret, "network", network) if network else ""
    by_email, by_network = store.entrances.asked(email, here, now - 3_600)
    limits.seldom(by_email, limits.LETTERS, _OFTEN, now)
    if here:
        limits.seldom(by_network, limits.FROM_NETWORK, _NETWORK, now)
    taken, key = store.accounts.by_email(email), keys.fresh()
    row = Ticket(keys.mark(key), "address", reader.id, email, "", None, here, 1, now, now + MINUTES * 60)
    store.entrances.issue(row if taken is None else row._replace(uses=0))
    return Asked(key, "", "address" if taken is None else "", email, reader.name)


def shell_link(store: Store, account: Account) -> str:
    """The key of a link for an account, made by who has the machine: it needs no letter, and lasts a day."""
    if account.state != "active":
        raise Mistake(f"{account.name} is suspended; `broadsheet account restore {account.name}` comes first")
    key, now = keys.fresh(), int(time.time())
    store.entrances.issue(Ticket(keys.mark(key), "shell", account.id, "", "", None, "", 1, now, now + 86_400))
    store.audit.note(None, "account.link", f"account {account.id}")
    return key
