"""How a letter leaves: through an SMTP server, or into the folder ``outbox`` where none is set.

Encrypted or not at all: over TLS from the first byte (smtps, RFC 8314), or after STARTTLS (RFC 3207), which a server
must offer and the certificate must prove. Only `?security=none` in the server's address, written by the owner, sends in
the clear; nothing on the way can bring that about.
"""

import logging
import os
import queue
import secrets
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from broadsheet.errors import Mistake, WorldError
from broadsheet.mail.write import POLICY
from broadsheet.settings import Settings

OUTBOX = "outbox"
PATIENCE = 20.0  # seconds for each step of a delivery
TRIES = 3
PAUSE = 5.0  # seconds before the second try; three times as long before the third
WAITING = 1_000  # letters in the queue; what comes beyond is refused, and said
_PORTS = {"smtps": 465, "smtp": 587}
_LOG = logging.getLogger(__name__)


class MailError(WorldError):
    """A letter that did not leave. *lasting*: trying again cannot help."""

    def __init__(self, sentence: str, *, lasting: bool = False) -> None:
        super().__init__(sentence)
        self.lasting = lasting


class Server(NamedTuple):
    """An SMTP server. *security*: tls from the first byte, starttls, or none."""

    host: str
    port: int
    security: str
    user: str
    password: str


def server(settings: Settings) -> Server | None:
    """The server of the settings; None where letters go into the outbox. Raises Mistake."""
    if not settings.smtp:
        return None
    try:
        parts = urlsplit(settings.smtp)
        port, query = parts.port, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _wrong() from error
    security = query.pop("security", ["tls" if parts.scheme == "smtps" else "starttls"])[-1]
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/") or query:
        raise _wrong()
    if security not in (("tls",) if parts.scheme == "smtps" else ("starttls", "none")):
        raise _wrong()
    if not settings.sender:
        raise Mistake("[mail] sender: give the address that letters are from, such as papers@example.org")
    user, password = unquote(parts.username or ""), unquote(parts.password or "") or settings.smtp_password
    return Server(parts.hostname, port or _PORTS[parts.scheme], security, user, password)


def _wrong() -> Mistake:
    return Mistake("[mail] smtp: it looks like smtps://me@host:465, or smtp://me@host:587 (which needs STARTTLS)")


def sender(settings: Settings) -> str:
    return settings.sender or "broadsheet@localhost"


def deliver(where: Server, message: EmailMessage) -> None:
    """One letter, taken by the server when this returns. Raises MailError."""
    try:
        with _connected(where) as connection:
            connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refused(where, code, said) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(where, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(f"{where.host}: {error}", lasting=True) from error
    except ssl.SSLCertVerificationError as error:
        raise MailError(
            f"{where.host} has no certificate that proves it: {error.verify_message}", lasting=True
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{where.host}:{where.port} cannot be reached ({error or type(error).__name__})") from error


def _connected(where: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if where.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(where.host, where.port, timeout=PATIENCE, context=context)
    else:
        connection = smtplib.SMTP(where.host, where.port, timeout=PATIENCE)
    try:
        if where.security == "starttls":
            connection.starttls(context=context)  # raises where the server offers none
        if where.user:
            connection.login(where.user, where.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _refused(where: Server, code: int, said: bytes | str) -> MailError:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return MailError(f"{where.host} answered {code} {' '.join(words.split())[:200]}", lasting=code >= 500)


def keep(home: Path, message: EmailMessage) -> Path:
    """Writes a letter into the outbox, for its owner alone to read: links in it let somebody in. Raises MailError."""
    folder = home / OUTBOX
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}.eml"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with open(folder / name, "xb", opener=_private) as file:  # Path.open has no opener
            file.write(message.as_bytes(policy=POLICY.clone(utf8=True)))
    except OSError as error:
        raise MailError(f"{folder / name} cannot be written ({error.strerror or error})") from error
    return folder / name


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Post:
    """Sends letters behind the backs of those who wait for a page: how long it takes tells nobody anything.

    failed   told the sentence of a letter that did not leave; in the thread of the post
    pause    seconds before the second try
    """

    def __init__(self, settings: Settings, failed: Callable[[str], None], pause: float = PAUSE) -> None:
        self.server = server(settings)
        self._home, self._failed, self._pause = settings.home, failed, pause
        self._letters: queue.Queue[EmailMessage] = queue.Queue(WAITING)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, message: EmailMessage) -> None:
        """Puts a letter on its way. Raises MailError when a thousand wait already."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="post", daemon=True)
                self._thread.start()
        try:
            self._letters.put_nowait(message)
        except queue.Full as error:
            raise MailError("too many letters wait to be sent; try again later") from error

    def settle(self) -> None:
        """Returns when every letter has left or failed."""
        self._letters.join()

    def _work(self) -> None:
        while True:
            message = self._letters.get()
            try:
                self._send(message)
            except MailError as error:
                _LOG.warning("a letter did not leave: %s", error)
                self._failed(str(error))
            finally:
                self._letters.task_done()

    def _send(self, message: EmailMessage) -> None:
        if self.server is None:
            keep(self._home, message)
            return
        for number in range(1, TRIES + 1):
            try:
                deliver(self.server, message)
            except MailError as error:
                if error.lasting or number == TRIES:
                    raise
                time.sleep(self._pause * 3 ** (number - 1))
            else:
                return
