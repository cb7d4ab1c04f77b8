"""What opens doors: made by the system's own randomness, kept as a hash, compared in constant time.

A key has 256 random bits, so one round of SHA-256 hides it: there is nothing to guess that slow hashing would protect.
"""

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broadsheet.store import Store

BYTES = 32
TOKEN = "bs_"  # how a token of the API begins, so that whoever finds one in a file knows what it is
MOST = 100  # characters that a key could have; longer is none of ours


def fresh() -> str:
    """A new key, for an address or a cookie."""
    return secrets.token_urlsafe(BYTES)


def mark(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key[:MOST].encode(errors="replace")).hexdigest()


def sealed(secret: bytes, purpose: str, text: str) -> str:
    """A mark of *text* that nobody can make without *secret*, another for each *purpose* (RFC 2104; base64url)."""
    digest = hmac.digest(secret, f"{purpose}\0{text}".encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def secret_of(store: "Store") -> bytes:
    """The library's own secret, made when it is first needed."""
    return store.entrances.secret("people", secrets.token_bytes(BYTES))
