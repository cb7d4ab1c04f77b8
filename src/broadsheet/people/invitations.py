"""Invitations: a link that makes an account, once or several times, for some days; handed over, or sent by letter.

One that was sent to an address proves it, too: whoever follows it reads what comes there.
"""

import time
from typing import TYPE_CHECKING, NamedTuple

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import addresses, keys
from broadsheet.people.rights import ROLES, Reader
from broadsheet.store import Store, Ticket

if TYPE_CHECKING:
    from broadsheet.settings import Settings

DAYS, LONGEST = 14, 365
MOST_USES = 1_000
OPEN = 20  # invitations of one reader, not an administrator, that can still be used


class Invited(NamedTuple):
    """A new invitation: what its address ends in, and where it goes; *email* is empty for one to hand over."""

    key: str
    email: str
    days: int


def may(settings: "Settings", reader: Reader | None) -> bool:
    """Whether *reader* may invite."""
    return reader is not None and (reader.may("people") or (settings.may_invite == "reader" and reader.may("join")))


def make(
    store: Store, reader: Reader, *, email: str = "", role: str = "reader", uses: int = 1, days: int = DAYS
) -> Invited:
    """An invitation by *reader*, into a role no higher than their own. Raises Mistake."""
    if role not in ROLES or ROLES.index(role) > ROLES.index(reader.role):
        raise Mistake(
            f"{reader.name} can invite a {' or a '.join(ROLES[: ROLES.index(reader.role) + 1])}, not {role!r}"
        )
    if not 1 <= uses <= MOST_USES or not 1 <= days <= LONGEST:
        raise Mistake(f"an invitation can be used 1 to {MOST_USES:,} times, for 1 to {LONGEST} days")
    to = addresses.address(email) if email.strip() else ""
    if to and uses > 1:
        raise Mistake(
            "an invitation that is sent to an address is for one person; leave the address out, or use it once"
        )
    if to and store.accounts.by_email(to):
        raise Mistake("whoever reads at this address has an account here already")
    if reader.role != "admin" and sum(one.by == reader.id for one in pending(store)) >= OPEN:
        raise Mistake(f"{OPEN} of your invitations are still open; revoke one, or wait until one is used")
    key, now = keys.fresh(), int(time.time())
    store.entrances.issue(
        Ticket(keys.mark(key), "invitation", None, to, role, reader.id, "", uses, now, now + days * 86_400)
    )
    return Invited(key, to, days)


def pending(store: Store) -> list[Ticket]:
    """Those that can still be used, the latest first."""
    return [one for one in store.entrances.invitations() if one.uses > 0]


def found(store: Store, key: str) -> Ticket:
    """The invitation of that key. Raises NotFound, with what is wrong and what to do."""
    ticket = store.entrances.ticket(keys.mark(key))
    if ticket is None or ticket.kind != "invitation":
        raise NotFound("this is no invitation, or it was revoked; ask whoever sent it for another one")
    if ticket.uses < 1:
        raise NotFound("this invitation has been used; ask whoever sent it for another one")
    if ticket.ends <= time.time():
        raise NotFound("the time of this invitation is over; ask whoever sent it for another one")
    return ticket


def revoke(store: Store, reader: Reader, beginning: str) -> None:
    """Takes back the invitation whose mark begins so; an administrator any, others their own. Raises NotFound."""
    for one in pending(store):
        if len(beginning) >= 8 and one.hash.startswith(beginning) and (reader.may("people") or one.by == reader.id):
            store.entrances.uninvite(one.hash, reader.id)
            return
    raise NotFound("this invitation is not here any more: it was used, revoked, or its time is over")
