"""Whom another provider has signed in, and who is not known here yet: their account, old or new."""

import re
import unicodedata
from typing import TYPE_CHECKING

from broadsheet.errors import Mistake
from broadsheet.people import invitations, keys, sessions, signin
from broadsheet.people.oidc import Person
from broadsheet.store import Name, Newcomer, Store

if TYPE_CHECKING:
    from broadsheet.settings import Settings

_CLOSED = (
    "you have no account here, and one needs an invitation: follow the link of yours first, or ask an administrator of "
    "this library. Whoever has an account signs in by a letter, and links this one in the settings"
)
TRIES = 100


def linked(store: Store, settings: "Settings", person: Person) -> int | None:
    """The account with the address that the provider has proven, linked by that; None when there is none.

    Only where everybody may have an account. Elsewhere an account is linked by who is signed in to it: a provider that
    is careless with addresses must not open the accounts of who was invited.
    """
    account = store.accounts.by_email(person.email) if person.email else None
    if account is None:
        return None
    if settings.accounts != "open":
        raise Mistake("an account here has your address: sign in by a letter, and link this one in the settings")
    store.credentials.link(person.issuer, person.subject, account.id)
    return account.id


def welcome(store: Store, settings: "Settings", person: Person, join: str, agent: str, before: str) -> str:
    """Makes an account for *person*; the key of its session. *join*: the key of an invitation, or empty.

    Raises Mistake where they may have none, NotFound for an invitation that is used.
    """
    invitation = invitations.found(store, join) if join else store.entrances.invited(person.email or "-")
    if invitation is not None and invitation.email not in ("", person.email):
        raise Mistake("this invitation was sent to another address than the one that you have there")
    if invitation is None and (settings.accounts != "open" or not person.email):
        raise Mistake(_CLOSED)
    role, by = (invitation.role, invitation.by) if invitation else ("reader", None)
    key, session = sessions.drawn("oidc", agent)
    one = Newcomer(person.issuer, person.subject, _free(store, person.name), person.email or None, role, by)
    store.entrances.welcome(one, session, keys.mark(before) if before else "", invitation.hash if invitation else "")
    return key


def _free(store: Store, said: str) -> Name:
    """A name like the one that the provider says, which nobody has; it can be changed in the settings."""
    wanted = re.sub(r"[^\w.-]+|_", "-", unicodedata.normalize("NFKC", said))
    wanted = re.sub(r"[-.]{2,}", "-", wanted)[:20].strip("-.")
    for number in range(1, TRIES):
        for base in (wanted, "reader"):
            try:
                name = signin.called(f"{base}-{number}" if number > 1 or base == "reader" else base)
            except Mistake:  # no name that could be had here
                continue
            if not store.accounts.is_taken(name):
                return name
    return signin.called(f"reader-{keys.fresh()[:8].strip('-_').lower()}x")
