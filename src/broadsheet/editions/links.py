"""The keys in the links of letters: short, for one purpose each, and made again whenever they are needed.

Nothing is kept of one: it is a number and a mark that only this library can make of it, with the seed of whose it is. A
new seed, and every link in letters that were sent before opens nothing. The mark has 80 bits, in letters and digits
alone: headers with it do not fold, a mail program does not cut a sign off its end, and a server that writes addresses
in small letters (VERP) does not break it.
"""

import base64
import re
from typing import TYPE_CHECKING

from broadsheet.people import keys

if TYPE_CHECKING:
    from broadsheet.store import Store
    from broadsheet.store.editions import Edition
    from broadsheet.store.subscribers import Subscriber

PURPOSES = ("manage", "leave", "edition", "return", "feed")
MARK = 16  # characters
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KEY = re.compile(r"([0-9a-z]{1,6})\.([a-z2-7]{16})")
_MOST = 2**31  # what a number in the store can be


def key_of(store: "Store", subscriber: "Subscriber", purpose: str) -> str:
    """The key of a subscriber for one of PURPOSES: ``2s.kq3v7a2mzx5d4wfh``."""
    return f"{_written(subscriber.id)}.{_mark(store, purpose, subscriber.id, subscriber.seed)}"


def opened(store: "Store", key: str, purpose: str) -> "Subscriber | None":
    """Whose key that is; None for one that is forged, for another purpose, of an old seed, or of somebody removed."""
    if (given := _read(key)) is None:
        return None
    found = store.subscribers.at(given[0])
    return found if found is not None and _fits(store, purpose, given, found.seed) else None


def edition_key(
    store: "Store", edition: "Edition", subscriber: "Subscriber | None" = None, purpose: str = "edition"
) -> str:
    """The key of an edition: of its page, or of its letter should that come back (*purpose* "return").

    subscriber  whose it is, where that has been read
    Raises LookupError.
    """
    whose = subscriber or store.subscribers.at(edition.subscriber)
    if whose is None:
        raise LookupError(f"edition {edition.id} is of nobody")
    return f"{_written(edition.id)}.{_mark(store, purpose, edition.id, whose.seed)}"


def opened_edition(store: "Store", key: str, purpose: str = "edition") -> "tuple[Edition, Subscriber] | None":
    """The edition of that key, and whose it is; None as for `opened`."""
    if (given := _read(key)) is None or (edition := store.editions.at(given[0])) is None:
        return None
    whose = store.subscribers.at(edition.subscriber)
    return (edition, whose) if whose is not None and _fits(store, purpose, given, whose.seed) else None


def manage(base: str, key: str) -> str:
    """The address of the page where a subscription is changed. *base* is without a slash at its end."""
    return f"{base}/subscription/{key}"


def leave(base: str, key: str) -> str:
    """The address that ends a subscription (RFC 8058)."""
    return f"{base}/u/{key}"


def edition(base: str, key: str) -> str:
    """The address of an edition's page."""
    return f"{base}/edition/{key}"


def feed(base: str, key: str, suffix: str = ".atom") -> str:
    """The address of a subscriber's editions as a feed."""
    return f"{base}/editions/{key}{suffix}"


def _mark(store: "Store", purpose: str, id: int, seed: bytes) -> str:
    sealed = keys.sealed(keys.secret_of(store), purpose, f"{id} {seed.hex()}")
    digest = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    return base64.b32encode(digest).decode().lower()[:MARK]


def _fits(store: "Store", purpose: str, given: tuple[int, str], seed: bytes) -> bool:
    return keys.same(given[1], _mark(store, purpose, given[0], seed))


def _read(key: str) -> tuple[int, str] | None:
    parts = _KEY.fullmatch(key)
    number = int(parts[1], 36) if parts else 0
    # One number has one way to be written, so that what is counted or kept by key is counted once.
    if parts is None or not 0 < number < _MOST or _written(number) != parts[1]:
        return None
    return number, parts[2]


def _written(number: int) -> str:
    """A number above 0 in base 36."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
