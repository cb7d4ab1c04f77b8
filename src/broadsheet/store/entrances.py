"""How accounts come in: tickets that open once, and sessions.

Only hashes of keys are here. Each method is one short transaction; times are Unix seconds.
"""

import time
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake, NotFound
from broadsheet.store.accounts import Account, Name, added, move
from broadsheet.store.audits import note
from broadsheet.store.db import SOON, Database

WEEK = 7 * 86_400


class Ticket(NamedTuple):
    """What opens a door once, or *uses* times, until *ends*.

    kind     sign-in, address (the proof of a new one), invitation, oidc, passkey, shell
    account  whose it is; None for somebody who has none yet
    email    where it was sent; empty for a link that is handed over
    role     what a new account will be; empty where none may be made with it
    by       who invited
    network  a keyed hash of where it was asked for, for limits
    """

    hash: str
    kind: str
    account: int | None
    email: str
    role: str
    by: int | None
    network: str
    uses: int
    made: int
    ends: int


class Session(NamedTuple):
    """A browser that is signed in. *how*: link, passkey, oidc, invitation, shell; *agent*: the browser, in words."""

    hash: str
    account: int
    how: str
    agent: str
    made: int
    seen: int
    ends: int


class Newcomer(NamedTuple):
    """Somebody whom a provider vouches for: who they are there, and what their new account will be."""

    issuer: str
    subject: str
    name: Name
    email: str | None
    role: str
    by: int | None


_TICKET = "hash, kind, account, email, role, by, network, uses, made, ends"
_SESSION = "hash, account, how, agent, made, seen, ends"
_ISSUE = sa.text(
    f"""
    INSERT INTO ticket ({_TICKET})
    VALUES (:hash, :kind, :account, :email, :role, :by, :network, :uses, :made, :ends)
    """
)
_SWEEP = sa.text("DELETE FROM ticket WHERE made < :week AND ends < :now")
_LOOK = sa.text(f"SELECT {_TICKET} FROM ticket WHERE hash = :hash")
_SPEND = sa.text(
    f"""
    UPDATE ticket SET uses = uses - 1 WHERE hash = :hash AND kind = :kind AND uses > 0 AND ends > :now
    RETURNING {_TICKET}
    """
)
_OF_EMAIL = sa.text("SELECT made FROM ticket WHERE email = :email AND kind IN ('sign-in', 'address') AND made > :since")
_OF_NETWORK = sa.text("SELECT made FROM ticket WHERE network = :network AND made > :since")
_INVITATIONS = sa.text(
    f"SELECT {_TICKET} FROM ticket WHERE kind = 'invitation' AND ends > :now ORDER BY made DESC, hash"
)
_INVITED = sa.text(
    f"SELECT {_TICKET} FROM ticket WHERE kind = 'invitation' AND email = :email AND uses > 0 AND ends > :now"
)
_REVOKE = sa.text("DELETE FROM ticket WHERE kind = 'invitation' AND hash = :hash")
_ACTIVE = sa.text("SELECT id, name, email, role, state, about, made FROM account WHERE id = :id AND state = 'active'")
_BY_EMAIL = sa.text("SELECT id FROM account WHERE email = :email AND state <> 'gone'")
_USED_UP = sa.text("UPDATE ticket SET uses = 0 WHERE email = :email AND kind IN ('sign-in', 'invitation')")
_BEGIN = sa.text(f"INSERT INTO session ({_SESSION}) VALUES (:hash, :account, :how, :agent, :made, :seen, :ends)")
_END = sa.text("DELETE FROM session WHERE hash = :hash")
_PAST = sa.text("DELETE FROM session WHERE account = :account AND ends < :now")
_WHO = sa.text(
    """
    SELECT s.hash, s.account, s.how, s.agent, s.made, s.seen, s.ends,
        a.id, a.name, a.email, a.role, a.state, a.about, a.made
    FROM session s JOIN account a ON a.id = s.account
    WHERE s.hash = :hash AND s.ends > :now AND a.state = 'active'
    """
)
_SEEN = sa.text("UPDATE session SET seen = :now, ends = :ends WHERE hash = :hash")
_SESSIONS = sa.text(f"SELECT {_SESSION} FROM session WHERE account = :account AND ends > :now ORDER BY seen DESC, hash")
_END_ONE = sa.text("DELETE FROM session WHERE account = :account AND hash = :hash")
_END_OTHERS = sa.text("DELETE FROM session WHERE account = :account AND hash <> :hash")
_SECRET = sa.text("SELECT value FROM secret WHERE name = :name")
_KEEP_SECRET = sa.text("INSERT INTO secret (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING")

_IDENTITY = sa.text(
    "INSERT INTO identity (issuer, subject, account, made) VALUES (:issuer, :subject, :account, :made)"
    " ON CONFLICT (issuer, subject) DO NOTHING"
)


_OPENING = ("sign-in", "invitation", "shell")  # the kinds of tickets that let somebody in by themselves


class Entrances:
    """The doors of a store, which calls it `entrances`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secrets: dict[str, bytes] = {}

    def secret(self, name: str, made: bytes) -> bytes:
        """The secret of that name; it is *made* where there is none yet."""
        if name not in self._secrets:
            with self._database.reading() as connection:
                found = connection.execute(_SECRET, {"name": name}).scalar()
            if found is None:
                with self._database.discreet(SOON) as connection:
                    connection.execute(_KEEP_SECRET, {"name": name, "value": made})
                    found = connection.execute(_SECRET, {"name": name}).scalar_one()
            self._secrets[name] = bytes(found)
        return self._secrets[name]

    # -- tickets -------------------------------------------------------------------------------------------------------

    def issue(self, ticket: Ticket) -> None:
        """Keeps a ticket; what ended long ago goes. An invitation is noted in the audit log."""
        with self._database.discreet(SOON) as connection:
            connection.execute(_SWEEP, {"now": ticket.made, "week": ticket.made - WEEK})
            connection.execute(_ISSUE, ticket._asdict())
            if ticket.kind == "invitation":
                uses = f"{ticket.role}, {ticket.uses} use{'s' if ticket.uses > 1 else ''}"
                note(connection, ticket.by, "invitation.make", f"invitation {ticket.hash[:8]}", uses)

    def ticket(self, hash: str) -> Ticket | None:
        """The ticket, also one that is used up or has ended."""
        with self._database.reading() as connection:
            row = connection.execute(_LOOK, {"hash": hash}).first()
        return Ticket(*row) if row else None

    def asked(self, email: str, network: str, since: int) -> tuple[list[int], list[int]]:
        """When tickets were asked for with an address, and from a network, after *since*; oldest first."""
        with self._database.reading() as connection:
            by_email = connection.execute(_OF_EMAIL, {"email": email, "since": since}).scalars()
            by_network = connection.execute(_OF_NETWORK, {"network": network, "since": since}).scalars()
            return sorted(by_email), sorted(by_network)

    def spend(self, hash: str, kind: str) -> Ticket | None:
        """Uses a ticket; None for one that is used up, has ended or never was. Two at once: one of them gets it."""
        with self._database.discreet(SOON) as connection:
            return _spent(connection, hash, kind)

    def invitations(self) -> list[Ticket]:
        """Those that have not ended, the latest first."""
        with self._database.reading() as connection:
            return [Ticket(*row) for row in connection.execute(_INVITATIONS, {"now": int(time.time())})]

    def invited(self, email: str) -> Ticket | None:
        """An invitation that was sent to an address and still holds."""
        with self._database.reading() as connection:
            row = connection.execute(_INVITED, {"email": email, "now": int(time.time())}).first()
        return Ticket(*row) if row else None

    def uninvite(self, hash: str, by: int | None) -> bool:
        """Takes an invitation back; False when there is none."""
        with self._database.discreet(SOON) as connection:
            done = connection.execute(_REVOKE, {"hash": hash}).rowcount > 0
            if done:
                note(connection, by, "invitation.revoke", f"invitation {hash[:8]}")
        return done

    # -- sessions ------------------------------------------------------------------------------------------------------

    def enter(self, hash: str, session: Session, name: Name | None, before: str = "") -> Account:
        """Uses a ticket to come in: the account that it is for, or a new one of that name where it lets one be made.

        *before* is the session that the browser had, which ends. A ticket with an address proves it: the letter came
        there. Raises NotFound for a ticket that opens nothing any more, Mistake for a name that another has.
        """
        with self._database.discreet(SOON) as connection:
            ticket = next(filter(None, (_spent(connection, hash, kind) for kind in _OPENING)), None)
            if ticket is None:
                raise NotFound("this link has been used, or its time is over")
            account = _account_of(connection, ticket, name)
            if ticket.email:  # the letters that were asked for besides
                connection.execute(_USED_UP, {"email": ticket.email})
            _begin(connection, session._replace(account=account.id), before)
        return account

    def begin(self, session: Session, before: str = "") -> None:
        """A session for an account that has proven itself otherwise. Raises NotFound for one that is not active."""
        with self._database.discreet(SOON) as connection:
            _active(connection, session.account)
            _begin(connection, session, before)

    def welcome(self, one: Newcomer, session: Session, before: str = "", invitation: str = "") -> Account:
        """A new account for *one*, signed in; an invitation (its hash) is used by that. Raises Mistake, NotFound."""
        with self._database.discreet(SOON) as connection:
            if invitation and _spent(connection, invitation, "invitation") is None:
                raise NotFound("this invitation was used, or its time is over; ask whoever sent it for another one")
            account = added(connection, one.name, one.email, one.role, one.by)
            row = {"issuer": one.issuer, "subject": one.subject, "account": account.id, "made": account.made}
            if not connection.execute(_IDENTITY, row).rowcount:
                raise Mistake("this was done already; sign in again")
            _begin(connection, session._replace(account=account.id), before)
        return account

    def prove(self, hash: str, account: int) -> Ticket | None:
        """Uses a ticket that proves a new address of *account*; None when it opens nothing. Raises Mistake."""
        with self._database.discreet(SOON) as connection:
            found = connection.execute(_LOOK, {"hash": hash}).first()
            if found is None or Ticket(*found).account != account:  # another's is not used up by that
                return None
            ticket = _spent(connection, hash, "address")
            if ticket is None:
                return None
            move(connection, account, ticket.email, account)
        return ticket

    def who(self, hash: str) -> tuple[Session, Account] | None:
        """Whose session it is, if it has not ended and the account is active."""
        with self._database.reading() as connection:
            row = connection.execute(_WHO, {"hash": hash, "now": int(time.time())}).first()
        return (Session(*row[:7]), Account(*row[7:])) if row else None

    def seen(self, hash: str, now: int, ends: int) -> None:
        """The session was used, and lasts until *ends*."""
        with self._database.discreet(1) as connection:
            connection.execute(_SEEN, {"hash": hash, "now": now, "ends": ends})

    def sessions(self, account: int) -> list[Session]:
        """Those of an account, the last used first."""
        with self._database.reading() as connection:
            given = {"account": account, "now": int(time.time())}
            return [Session(*row) for row in connection.execute(_SESSIONS, given)]

    def end(self, account: int, hash: str) -> bool:
        """Ends one session of an account; False when there is none."""
        with self._database.discreet(SOON) as connection:
            done = connection.execute(_END_ONE, {"account": account, "hash": hash}).rowcount > 0
            if done:
                note(connection, account, "session.end", f"account {account}")
        return done

    def end_others(self, account: int, hash: str) -> int:
        """Ends all sessions of an account but one; how many those were."""
        with self._database.discreet(SOON) as connection:
            count = connection.execute(_END_OTHERS, {"account": account, "hash": hash}).rowcount
            note(connection, account, "session.end-others", f"account {account}", str(count))
        return count


def _spent(connection: sa.Connection, hash: str, kind: str) -> Ticket | None:
    row = connection.execute(_SPEND, {"hash": hash, "kind": kind, "now": int(time.time())}).first()
    return Ticket(*row) if row else None


def _account_of(connection: sa.Connection, ticket: Ticket, name: Name | None) -> Account:
    account = ticket.account
    if account is None and ticket.email:  # somebody else may have made it since the letter was sent
        account = connection.execute(_BY_EMAIL, {"email": ticket.email}).scalar()
    if account is not None:
        return _active(connection, account)
    if not ticket.role or name is None:
        raise Mistake("give the name that you want to have here" if ticket.role else "this link makes no account")
    return added(connection, name, ticket.email or None, ticket.role, ticket.by)


def _active(connection: sa.Connection, id: int) -> Account:
    row = connection.execute(_ACTIVE, {"id": id}).first()
    if row is None:
        raise NotFound("this account is suspended; an administrator of the library can say why")
    return Account(*row)


def _begin(connection: sa.Connection, session: Session, before: str) -> None:
    connection.execute(_END, {"hash": before})
    connection.execute(_PAST, {"account": session.account, "now": session.made})
    connection.execute(_BEGIN, session._asdict())
    note(connection, session.account, "session.begin", f"account {session.account}", session.how)
