"""E-mail addresses: what one is, and when two are the same. Pure.

Conservative: what every mail server takes, and letters of all scripts (RFC 6531); no quoted names, no address in
brackets, no host without a dot. Whether somebody reads there, only a letter can tell.
"""

import re
import unicodedata

import idna

from broadsheet.errors import Mistake

LONGEST = 254  # octets of a whole address (RFC 5321, section 4.5.3.1, with its brackets)
LONGEST_LOCAL = 64
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")


def address(text: str) -> str:
    """The one way to write an address: small letters, the host as DNS has it. Raises Mistake.

    No mail server in use tells `Ada@` from `ada@`, and two accounts that differ by that alone would be one person's.
    """
    given = text.strip()
    if not 3 <= len(given) <= LONGEST or not given.isprintable():
        raise _wrong(given)
    local, at, host = unicodedata.normalize("NFKC", given).lower().rpartition("@")
    if not at or not _is_local(local):
        raise _wrong(given)
    try:
        named = idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise _wrong(given) from error
    if not _HOST.fullmatch(named) or len(f"{local}@{named}".encode()) > LONGEST:
        raise _wrong(given)
    return f"{local}@{named}"


def shown(kept: str) -> str:
    """An address as a person reads it: its host in its own letters."""
    local, _, host = kept.rpartition("@")
    try:
        return f"{local}@{idna.decode(host)}"
    except (idna.IDNAError, UnicodeError):
        return kept


def _is_local(local: str) -> bool:
    """What stands before the @: words with single dots between, of the signs of RFC 5322 and letters of any script."""
    if not local or len(local.encode()) > LONGEST_LOCAL:
        return False
    return all(atom and all(sign.isalnum() for sign in _ATOM.sub("", atom)) for atom in local.split("."))


def _wrong(given: str) -> Mistake:
    return Mistake(f"{given[:80]!r} is no e-mail address; one looks like ada@example.org")
