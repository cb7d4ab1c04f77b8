"""Tokens of the API: for programs that act for a reader, and may do no more than their scopes say."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from broadsheet.errors import Mistake, NotFound
from broadsheet.people import keys
from broadsheet.people.rights import SCOPES, Reader
from broadsheet.store import Store
from broadsheet.text import clean

LONGEST = 3_650  # days


class Made(NamedTuple):
    """A new token: its number, and itself, which is shown this once."""

    id: int
    key: str


def make(store: Store, reader: Reader, name: str, scopes: Sequence[str], days: int = 0) -> Made:
    """A token that acts for *reader*, for *days* (0: until it is revoked). Raises Mistake."""
    called = clean(name)[:80]
    if not called:
        raise Mistake("give the token a name that says what it is for, such as `nightly export`")
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong or not scopes:
        got = f", not {', '.join(wrong)[:80]}" if wrong else ""
        raise Mistake(f"a token may do some of {', '.join(SCOPES)}{got}")
    if not 0 <= days <= LONGEST:
        raise Mistake(f"a token lasts 1 to {LONGEST:,} days, or 0 for until it is revoked; not {days}")
    if reader.scopes is not None and not set(scopes) <= reader.scopes:
        raise Mistake("a token can make no token that may do more than itself")
    key = keys.TOKEN + keys.fresh()
    kept = " ".join(scope for scope in SCOPES if scope in scopes)
    ends = int(time.time()) + days * 86_400 if days else None
    return Made(store.credentials.add_token(reader.id, keys.mark(key), called, kept, ends), key)


def revoke(store: Store, reader: Reader, id: int) -> None:
    """Raises NotFound."""
    if not store.credentials.drop_token(reader.id, id):
        raise NotFound("this token is not here any more")
