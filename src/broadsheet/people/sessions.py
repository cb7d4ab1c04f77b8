"""Browsers that are signed in, and programs that carry a token: from a key to a Reader.

A session ends thirty days after it was last used, and its key is new with every sign-in. When it was last used is
written at most once an hour: reading pages costs no write, and tells no more than that about when somebody reads.
"""

import time
from contextlib import suppress
from typing import cast

from broadsheet.errors import StoreError
from broadsheet.people import keys
from broadsheet.people.rights import Reader, Role, Scope
from broadsheet.store import Account, Session, Store
from broadsheet.text import clean

LASTS = 30 * 86_400  # seconds
AGAIN = 3_600  # seconds between two notes that a session, or a token, was used

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chromium"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def drawn(how: str, agent: str) -> tuple[str, Session]:
    """A new key and its session, of nobody yet; *agent* is the header User-Agent."""
    key, now = keys.fresh(), int(time.time())
    return key, Session(keys.mark(key), 0, how, browser(agent), now, now, now + LASTS)


def begin(store: Store, account: int, how: str, agent: str = "", before: str = "") -> str:
    """A new session of an account that has proven itself; its key. *before* is the mark of the one that it replaces.

    Raises NotFound for an account that is not active.
    """
    key, session = drawn(how, agent)
    store.entrances.begin(session._replace(account=account), before)
    return key


def of_cookie(store: Store, key: str) -> Reader | None:
    """Who has the session of that key."""
    found = store.entrances.who(keys.mark(key)) if key else None
    if found is None:
        return None
    session, account = found
    now = int(time.time())
    if now - session.seen >= AGAIN:
        with suppress(StoreError):  # somebody else writes for long: it is noted with the next page
            store.entrances.seen(session.hash, now, now + LASTS)
    return reader(account)


def of_token(store: Store, key: str) -> Reader | None:
    """Who carries that token of the API."""
    found = store.credentials.bearer(keys.mark(key)) if key.startswith(keys.TOKEN) else None
    if found is None:
        return None
    token, account = found
    now = int(time.time())
    if now - (token.used or 0) >= AGAIN:
        with suppress(StoreError):
            store.credentials.token_used(token.id, now)
    scopes = frozenset(cast("list[Scope]", token.scopes.split()))
    return Reader(account.id, account.name, cast("Role", account.role), scopes, "token")


def reader(account: Account) -> Reader:
    """An account as it asks in person."""
    return Reader(account.id, account.name, cast("Role", account.role))


def browser(agent: str) -> str:
    """What a person calls their browser: ``Firefox on Linux``. No more of it is kept: versions tell people apart."""
    found = (next((name for sign, name in table if sign in agent), "") for table in (_BROWSERS, _SYSTEMS))
    return " on ".join(filter(None, found)) or clean(agent.partition("/")[0])[:40] or "a browser that says nothing"
