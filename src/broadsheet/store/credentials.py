"""What accounts prove themselves with, again and again: passkeys, who they are elsewhere, tokens of the API.

Only public keys and hashes are here. Each method is one short transaction; times are Unix seconds.
"""

import time
from typing import NamedTuple

import sqlalchemy as sa

from broadsheet.errors import Mistake
from broadsheet.store.accounts import Account
from broadsheet.store.audits import note
from broadsheet.store.db import SOON, Database
from broadsheet.store.lists import hold

MOST = 20  # passkeys, and tokens, of one account


class Passkey(NamedTuple):
    """A public key of WebAuthn: *id* in base64url, *public* as COSE, *signs* how often the device says it did so."""

    id: str
    account: int
    name: str
    public: bytes
    signs: int
    made: int
    used: int | None


class Token(NamedTuple):
    """A token of the API, without itself. *scopes* are words with spaces; *ends* is None for one that lasts."""

    id: int
    account: int
    name: str
    scopes: str
    made: int
    used: int | None
    ends: int | None


_PASSKEY = "id, account, name, public, count, made, used"
_PASSKEYS = sa.text(f"SELECT {_PASSKEY} FROM passkey WHERE account = :account ORDER BY made, id")
_PASSKEY_AT = sa.text(f"SELECT {_PASSKEY} FROM passkey WHERE id = :id")
_ADD_PASSKEY = sa.text(
    f"INSERT INTO passkey ({_PASSKEY}) VALUES (:id, :account, :name, :public, :signs, :made, :used)"
    " ON CONFLICT (id) DO NOTHING"
)
# A device that counts must have counted on: one that has not is a copy (WebAuthn level 3, section 6.1.1).
_USED = sa.text(
    "UPDATE passkey SET count = :count, used = :now WHERE id = :id AND (count < :count OR (count = 0 AND :count = 0))"
)
_RENAME = sa.text("UPDATE passkey SET name = :name WHERE id = :id AND account = :account")
_DROP_PASSKEY = sa.text("DELETE FROM passkey WHERE id = :id AND account = :account")
_COUNT_PASSKEYS = sa.text("SELECT count(*) FROM passkey WHERE account = :account")

_IDENTITY = sa.text("SELECT account FROM identity WHERE issuer = :issuer AND subject = :subject")
_IDENTITIES = sa.text("SELECT issuer, made FROM identity WHERE account = :account ORDER BY made, issuer")
_LINK = sa.text(
    "INSERT INTO identity (issuer, subject, account, made) VALUES (:issuer, :subject, :account, :made)"
    " ON CONFLICT (issuer, subject) DO NOTHING"
)
_UNLINK = sa.text("DELETE FROM identity WHERE issuer = :issuer AND account = :account")

_TOKEN = "id, account, name, scopes, made, used, ends"
_TOKENS = sa.text(f"SELECT {_TOKEN} FROM token WHERE account = :account ORDER BY id")
_COUNT_TOKENS = sa.text("SELECT count(*) FROM token WHERE account = :account")
_ADD_TOKEN = sa.text(
    "INSERT INTO token (hash, account, name, scopes, made, ends) VALUES (:hash, :account, :name, :scopes, :made, :ends)"
    " RETURNING id"
)
_DROP_TOKEN = sa.text("DELETE FROM token WHERE id = :id AND account = :account")
_BEARER = sa.text(
    """
    SELECT t.id, t.account, t.name, t.scopes, t.made, t.used, t.ends,
        a.id, a.name, a.email, a.role, a.state, a.about, a.made
    FROM token t JOIN account a ON a.id = t.account
    WHERE t.hash = :hash AND (t.ends IS NULL OR t.ends > :now) AND a.state = 'active'
    """
)
_TOKEN_USED = sa.text("UPDATE token SET used = :now WHERE id = :id")


class Credentials:
    """The credentials of a store, which calls it `credentials`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- passkeys ------------------------------------------------------------------------------------------------------

    def passkeys(self, account: int) -> list[Passkey]:
        with self._database.reading() as connection:
            return [Passkey(*row) for row in connection.execute(_PASSKEYS, {"account": account})]

    def passkey(self, id: str) -> Passkey | None:
        with self._database.reading() as connection:
            row = connection.execute(_PASSKEY_AT, {"id": id}).first()
        return Passkey(*row) if row else None

    def add_passkey(self, passkey: Passkey) -> None:
        """Raises Mistake for one that is here already, or for too many, NotFound."""
        with self._database.discreet(SOON) as connection:
            hold(connection, passkey.account)
            if connection.execute(_COUNT_PASSKEYS, {"account": passkey.account}).scalar_one() >= MOST:
                raise Mistake(f"an account can have {MOST} passkeys; remove one first")
            if not connection.execute(_ADD_PASSKEY, passkey._asdict()).rowcount:
                raise Mistake("this passkey is here already")
            note(connection, passkey.account, "passkey.add", f"account {passkey.account}")

    def passkey_used(self, id: str, count: int) -> bool:
        """Notes what the device has counted to; False when it has not counted on since the last time."""
        with self._database.discreet(SOON) as connection:
            return connection.execute(_USED, {"id": id, "count": count, "now": int(time.time())}).rowcount > 0

    def rename_passkey(self, account: int, id: str, name: str) -> bool:
        with self._database.discreet(SOON) as connection:
            return connection.execute(_RENAME, {"id": id, "account": account, "name": name}).rowcount > 0

    def drop_passkey(self, account: int, id: str) -> bool:
        with self._database.discreet(SOON) as connection:
            done = connection.execute(_DROP_PASSKEY, {"id": id, "account": account}).rowcount > 0
            if done:
                note(connection, account, "passkey.remove", f"account {account}")
        return done

    # -- who they are elsewhere (OpenID Connect) -----------------------------------------------------------------------

    def known_as(self, issuer: str, subject: str) -> int | None:
        """The account of whom *issuer* calls *subject*."""
        with self._database.reading() as connection:
            found: int | None = connection.execute(_IDENTITY, {"issuer": issuer, "subject": subject}).scalar()
        return found

    def identities(self, account: int) -> list[tuple[str, int]]:
        """(issuer, since when) of an account."""
        with self._database.reading() as connection:
            return [(issuer, made) for issuer, made in connection.execute(_IDENTITIES, {"account": account})]

    def link(self, issuer: str, subject: str, account: int) -> None:
        """Raises Mistake when it is another account's, NotFound."""
        with self._database.discreet(SOON) as connection:
            hold(connection, account)
            given = {"issuer": issuer, "subject": subject, "account": account, "made": int(time.time())}
            new = connection.execute(_LINK, given).rowcount > 0
            if connection.execute(_IDENTITY, given).scalar_one() != account:
                raise Mistake("another account here signs in with this one; sign in there, and unlink it first")
            if new:
                note(connection, account, "identity.link", f"account {account}", issuer)

    def unlink(self, issuer: str, account: int) -> bool:
        with self._database.discreet(SOON) as connection:
            done = connection.execute(_UNLINK, {"issuer": issuer, "account": account}).rowcount > 0
            if done:
                note(connection, account, "identity.unlink", f"account {account}", issuer)
        return done

    # -- tokens --------------------------------------------------------------------------------------------------------

    def tokens(self, account: int) -> list[Token]:
        with self._database.reading() as connection:
            return [Token(*row) for row in connection.execute(_TOKENS, {"account": account})]

    def add_token(self, account: int, hash: str, name: str, scopes: str, ends: int | None) -> int:
        """A new token; its number. Raises Mistake for too many, NotFound."""
        row = {"account": account, "hash": hash, "name": name, "scopes": scopes, "ends": ends}
        with self._database.discreet(SOON) as connection:
            hold(connection, account)
            if connection.execute(_COUNT_TOKENS, {"account": account}).scalar_one() >= MOST:
                raise Mistake(f"an account can have {MOST} tokens; revoke one first")
            id = int(connection.execute(_ADD_TOKEN, {**row, "made": int(time.time())}).scalar_one())
            note(connection, account, "token.make", f"token {id}", scopes)
        return id

    def drop_token(self, account: int, id: int) -> bool:
        with self._database.discreet(SOON) as connection:
            done = connection.execute(_DROP_TOKEN, {"account": account, "id": id}).rowcount > 0
            if done:
                note(connection, account, "token.revoke", f"token {id}")
        return done

    def bearer(self, hash: str) -> tuple[Token, Account] | None:
        """Whose token it is, if it has not ended and the account is active."""
        with self._database.reading() as connection:
            row = connection.execute(_BEARER, {"hash": hash, "now": int(time.time())}).first()
        return (Token(*row[:7]), Account(*row[7:])) if row else None

    def token_used(self, id: int, now: int) -> None:
        with self._database.discreet(1) as connection:
            connection.execute(_TOKEN_USED, {"id": id, "now": now})
