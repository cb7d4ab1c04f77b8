"""Addresses that say what a letter was, so that what comes back tells by itself whom it is about.

Each letter is from an address of its own (VERP: variable envelope return path): ``bounces+KEY@example.org`` in its
envelope, where servers report to, and ``bounces+u.KEY@example.org`` for who unsubscribes by mail. The part behind the
plus sign is for the owner's own server, which takes all of them for ``bounces@example.org`` (subaddressing, RFC 5233).
A key has small letters and digits alone: some servers write the whole address in capitals, or in small letters.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from broadsheet.errors import Mistake
from broadsheet.mail import write

KEY = r"[0-9a-z]{1,6}\.[a-z2-7]{16}"
LONGEST = 64 - len("+u.") - 6 - 1 - 16  # octets before the plus sign (RFC 5321, section 4.5.3.1.1)
_LEAVE = "u."


class Named(NamedTuple):
    """What an address says, or a Message-ID, in small letters.

    purpose  return for an edition's key, leave for a subscriber's; message for what stands before the @ of a Message-ID
    """

    purpose: Literal["return", "leave", "message"]
    key: str


def envelope(returns: str, key: str) -> str:
    """The sender in the envelope of the edition with that *key*; *returns*: where what comes back is read."""
    local, host = split(returns)
    return f"{local}+{key}@{host}"


def unsubscribe(returns: str, key: str) -> str:
    """Where a letter ends the subscription with that *key*, whatever it says."""
    local, host = split(returns)
    return f"{local}+{_LEAVE}{key}@{host}"


@lru_cache(maxsize=16)
def split(returns: str) -> tuple[str, str]:
    """What stands before the plus sign, and the host. Raises Mistake for an address that nothing can come back to."""
    try:
        found = write.mailbox(returns)
    except Mistake as error:
        raise Mistake(f"[mail] returns: {error}") from error
    local, host = found.username.lower(), found.domain.lower()
    if found.display_name or not re.fullmatch(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+", local) or len(local) > LONGEST:
        raise Mistake(
            f"[mail] returns: {returns!r} has a name, or more than {LONGEST} letters before its @; one that can have a "
            "key in it looks like bounces@example.org"
        )
    return local, host


def found(returns: str, texts: Iterable[str]) -> list[Named]:
    """What addresses of ours in *texts* say, in their order, each once."""
    seen: dict[Named, None] = {}
    for text in texts:
        for purpose, key in _pattern(returns).findall(text.lower()):
            seen.setdefault(Named("leave" if purpose else "return", key))
    return list(seen)


@lru_cache(maxsize=16)
def _pattern(returns: str) -> re.Pattern[str]:
    local, host = split(returns)
    return re.compile(
        rf"(?<![a-z0-9._+-]){re.escape(local)}\+({re.escape(_LEAVE)})?({KEY})@{re.escape(host)}(?![a-z0-9-]|\.[a-z0-9])"
    )
