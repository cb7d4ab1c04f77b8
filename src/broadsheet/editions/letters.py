"""An edition as a letter that can be sent: composed from its sheet, with the headers of its ledger's row, signed."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadsheet.editions import build, links
from broadsheet.editions.sending import Letter
from broadsheet.editions.shown import Shown
from broadsheet.mail import compose, signing, verp, write
from broadsheet.mail.compose import Headers
from broadsheet.mail.server import sender
from broadsheet.mail.sheet import Sheet
from broadsheet.people import keys

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.store import Edition, Subscriber


class Press:
    """Writes the letters of one run; is called as `sending.Compose`. Safe to share between threads.

    Raises Mistake at once for what no letter could be written with: a template, a key, an address that is missing.
    """

    def __init__(self, library: "Library", base: str = "") -> None:
        self._library = library
        self.shown = Shown(library, base)
        self._author = sender(library.settings)
        self._returns = library.settings.returns
        if self._returns:
            verp.split(self._returns)
        self._from = write.mailbox(self._author).addr_spec
        self._signer = signing.signer(library.settings)
        self._secret = keys.secret_of(library.store)
        compose.check(library.home)

    def __call__(self, edition: "Edition", subscriber: "Subscriber") -> Letter:
        """The letter as it goes to the server. Raises Mistake for an edition that cannot be written."""
        data = octets(self.message(self.shown.sheet(edition, subscriber), edition, subscriber))
        envelope = self._from
        if self._returns:
            key = links.edition_key(self._library.store, edition, subscriber, "return")
            envelope = verp.envelope(self._returns, key)
        return Letter(envelope, subscriber.email, self._signer.sign(data) if self._signer else data)

    def message(self, sheet: Sheet, edition: "Edition", subscriber: "Subscriber") -> EmailMessage:
        """The same before it is signed. An address that nobody reads is not offered for unsubscribing."""
        mailto = ""
        if self._returns:
            mailto = verp.unsubscribe(self._returns, links.key_of(self._library.store, subscriber, "leave"))
        headers = Headers(id_of(self._secret, edition), _moment(edition.due, subscriber.zone), mailto)
        return compose.compose(sheet, subscriber.email, self._author, headers, self._library.home)


def preview(
    library: "Library", subscriber: "Subscriber", day: int, now: int, base: str = ""
) -> tuple[Sheet, EmailMessage]:
    """What *subscriber* would get now as the edition of *day* (yyyymmdd). Nothing is kept of it."""
    press, edition = Press(library, base), build.preview(library, subscriber, day, now)
    sheet = press.shown.sheet(edition, subscriber)
    return sheet, press.message(sheet, edition, subscriber)


def id_of(secret: bytes, edition: "Edition") -> str:
    """The same for ever, and no proof of anything: an answer to the letter quotes it."""
    mark = keys.sealed(secret, "message", f"{edition.id} {edition.subscriber} {edition.day}")
    return f"{edition.day}.{edition.id}.{mark[:16].replace('_', 'x').replace('-', 'x')}"


def message_id(library: "Library", edition: "Edition") -> str:
    """``<20261121.7.kq3v7a2mzx5d4wfh@example.org>``: as the letter has it, for who looks for it in a mailbox."""
    domain = write.mailbox(sender(library.settings)).domain
    return f"<{id_of(keys.secret_of(library.store), edition)}@{domain}>"


def octets(message: EmailMessage) -> bytes:
    """A letter as it travels: ASCII alone, unless an address in it is not (RFC 6532)."""
    named = [address.addr_spec for name in ("From", "To") for address in message[name].addresses]
    return message.as_bytes(policy=compose.POLICY.clone(utf8=not "".join(named).isascii()))


def _moment(due: int, zone: str) -> datetime:
    """When it is due, by the reader's clock."""
    try:
        return datetime.fromtimestamp(due, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return datetime.fromtimestamp(due, UTC)
