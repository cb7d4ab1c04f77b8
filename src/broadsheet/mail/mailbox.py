"""A mailbox that what comes back is read from, by IMAP (RFC 9051, and RFC 3501 before it).

Encrypted or not at all, as letters leave (`server`). Messages are named by their UID, which holds as long as the
folder's UIDVALIDITY does. What was read is moved or marked as read; nothing is ever deleted.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from broadsheet.errors import Mistake
from broadsheet.mail.server import MailError
from broadsheet.settings import Settings

PATIENCE = 30.0  # seconds for each answer
MOST = 1 << 20  # bytes of a message that are read
_NUMBER = re.compile(rb"[0-9]{1,10}")  # of 32 bits; of a longer one, Python would refuse to make a number
_PORTS = {"imaps": 993, "imap": 143}


class Place(NamedTuple):
    """A folder on an IMAP server. *security*: tls from the first byte, starttls, or none.

    done  the folder where messages go that were read; empty to mark them as read
    """

    host: str
    port: int
    security: str
    user: str
    password: str
    folder: str
    done: str


class Seen(NamedTuple):
    """How far a folder was read: all up to *uid*, as long as its numbers are those of *validity*."""

    validity: int
    uid: int


def place(settings: Settings) -> Place | None:
    """The mailbox of the settings; None for none. Raises Mistake."""
    if not settings.imap:
        return None
    try:
        parts = urlsplit(settings.imap)
        port, query = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _wrong() from error
    security = query.pop("security", ["tls" if parts.scheme == "imaps" else "starttls"])[-1]
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username or query:
        raise _wrong()
    if security not in (("tls",) if parts.scheme == "imaps" else ("starttls", "none")):
        raise _wrong()
    folder, done = unquote(parts.path.strip("/")) or "INBOX", settings.imap_done
    if not (folder + done).isascii() or not (folder + done).isprintable():
        raise Mistake("[mail] imap: give the folder a name of plain letters, such as INBOX or Bounces")
    user, password = unquote(parts.username), unquote(parts.password or "") or settings.imap_password
    return Place(parts.hostname, port or _PORTS[parts.scheme], security, user, password, folder, done)


def _wrong() -> Mistake:
    return Mistake("[mail] imap: it looks like imaps://me@host/INBOX, or imap://me@host/INBOX (which needs STARTTLS)")


class Mailbox:
    """A folder that is open, for a ``with``. Every method raises MailError.

    validity   UIDVALIDITY of the folder
    """

    def __init__(self, where: Place, patience: float = PATIENCE) -> None:
        self._where, self.validity = where, 0
        with _said(where):
            self._connection = _connected(where, patience)
            try:
                self._open()
            except BaseException:
                self._close()
                raise

    def __enter__(self) -> "Mailbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def new(self, seen: Seen | None) -> list[int]:
        """The messages that came since, oldest first; where that is not known, those that nobody has read."""
        since = seen.uid + 1 if seen is not None and seen.validity == self.validity else 0
        wanted = f"UID {since}:*" if since else "UNSEEN"
        found = self._asked("SEARCH", wanted, "UNDELETED")
        if found is None:
            raise MailError(f"{self._where.host} cannot search its mailbox", lasting=True)
        numbers = b" ".join(one for one in found if isinstance(one, bytes)).split()
        # "7:*" is never empty: where the last message is 5, it means 5 to 7 (RFC 3501, section 6.4.8).
        return sorted(int(one) for one in numbers if _NUMBER.fullmatch(one) and int(one) >= since)

    def message(self, uid: int) -> bytes | None:
        """Its first MOST bytes; None for one that is not there, or cannot be read. It stays as it was, unread."""
        found = self._asked("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MOST}>)") or []
        texts = [one[1] for one in found if isinstance(one, tuple) and isinstance(one[1], bytes)]
        return texts[0][:MOST] if texts else None

    def finish(self, uid: int) -> bool:
        """Moves it to the folder for what was read, or marks it as read; False where the server does not let us."""
        if self._where.done and b"MOVE" in self._can:  # RFC 6851
            return self._asked("MOVE", str(uid), _quoted(self._where.done)) is not None
        if self._where.done and self._asked("COPY", str(uid), _quoted(self._where.done)) is None:
            return False
        return self._asked("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)") is not None

    def _open(self) -> None:
        _, told = self._connection.capability()  # more than what it said before it knew us
        self._can = frozenset(b" ".join(told).upper().split())
        self._connection.select(_quoted(self._where.folder))  # an error where there is none, below
        if self._connection.state != "SELECTED":
            raise MailError(
                f"{self._where.user} has no folder {self._where.folder} at {self._where.host}", lasting=True
            )
        _, found = self._connection.response("UIDVALIDITY")
        first = found[0] if found else None
        self.validity = int(first) if isinstance(first, bytes) and _NUMBER.fullmatch(first) else 0
        if self._where.done and self._connection.status(_quoted(self._where.done), "(UIDNEXT)")[0] != "OK":
            raise _no_folder(self._where, self._where.done)

    def _asked(self, *command: str) -> list[Any] | None:
        """What the server says to a command about UIDs; None when it says no."""
        with _said(self._where):
            kind, found = self._connection.uid(*command)
        return list(found) if kind == "OK" else None

    def _close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._connection.logout()
        _hang_up(self._connection)


def _no_folder(where: Place, name: str) -> MailError:
    return MailError(f"{where.user} has no folder {name} at {where.host}", lasting=True)


@contextmanager
def _said(where: Place) -> Iterator[None]:
    """What goes wrong between us and the server, as a MailError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailError(
            f"{where.host} has no certificate that proves it: {error.verify_message}", lasting=True
        ) from error
    except (
        imaplib.IMAP4.error,
        OSError,
        EOFError,
    ) as error:  # `abort`, a connection that has ended, is one of the first
        words = "".join(sign for sign in " ".join(str(error).split()) if sign.isprintable())
        said = words[:200] or type(error).__name__
        raise MailError(f"the mailbox at {where.host}:{where.port} does not answer ({said})") from error


def _connected(where: Place, patience: float) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if where.security == "tls":
        connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(where.host, where.port, ssl_context=context, timeout=patience)
    else:
        connection = imaplib.IMAP4(where.host, where.port, timeout=patience)
    try:
        if where.security == "starttls":
            if "STARTTLS" not in connection.capabilities:
                raise MailError(f"{where.host} offers no STARTTLS, and nothing is read in the clear", lasting=True)
            connection.starttls(ssl_context=context)
        _log_in(connection, where)
    except BaseException:
        _hang_up(connection)
        raise
    return connection


def _hang_up(connection: imaplib.IMAP4) -> None:
    """Nothing of a connection stays open, whatever has become of it."""
    with suppress(OSError, ValueError):
        connection.shutdown()


def _log_in(connection: imaplib.IMAP4, where: Place) -> None:
    try:
        if "AUTH=PLAIN" in connection.capabilities:  # takes letters of any script (RFC 4616)
            connection.authenticate("PLAIN", lambda _: f"\0{where.user}\0{where.password}".encode())
        else:
            connection.login(where.user, where.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        raise MailError(f"{where.host} does not let {where.user} in ([mail] imap_password)", lasting=True) from error


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
