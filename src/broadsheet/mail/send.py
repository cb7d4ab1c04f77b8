"""How a letter leaves that somebody waits for: at once through an SMTP server, or into the folder ``outbox`` where none
is set. How it is sent `line` knows; what is sent to many goes through `courier`.
"""

import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from broadsheet.mail.line import QUICK, Line
from broadsheet.mail.server import MailError, Server, sender, server
from broadsheet.mail.signing import Signer, signer
from broadsheet.mail.write import POLICY
from broadsheet.settings import Settings

__all__ = ["MailError", "Post", "Server", "deliver", "keep", "keep_as", "sender", "server", "signer"]

OUTBOX = "outbox"
TRIES = 3
PAUSE = 5.0  # seconds before the second try; three times as long before the third
WAITING = 1_000  # letters in the queue; what comes beyond is refused, and said
_LOG = logging.getLogger(__name__)


def deliver(where: Server, message: EmailMessage, signer: Signer | None = None) -> None:
    """One letter, taken by the server when this returns. Raises MailError."""
    sender, to = (message[name].addresses[0].addr_spec for name in ("from", "to"))
    data = message.as_bytes(policy=POLICY.clone(utf8=not (sender + to).isascii()))
    data = signer.sign(data) if signer else data
    with Line(where, QUICK) as line:
        outcome = line.envelope(sender, to, data) or line.body(data)
    if outcome.kind != "taken":
        raise MailError(outcome.told(where.host), lasting=outcome.kind == "refused")


def keep(home: Path, message: EmailMessage) -> Path:
    """Writes a letter into the outbox, for its owner alone to read: links in it let somebody in. Raises MailError."""
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
    return keep_as(home, name, message.as_bytes(policy=POLICY.clone(utf8=True)))


def keep_as(home: Path, name: str, data: bytes) -> Path:
    """The same under a name: whole or not at all, and once, however often it is asked for."""
    path = home / OUTBOX / f"{name}.eml"
    part = path.with_suffix(f".{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(part, "xb", opener=_private) as file:  # Path.open has no opener
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise MailError(f"{path} cannot be written ({error.strerror or error})") from error
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Post:
    """Sends letters behind the backs of those who wait for a page: how long it takes tells nobody anything.

    failed   told the sentence of a letter that did not leave; in the thread of the post
    pause    seconds before the second try
    """

    def __init__(self, settings: Settings, failed: Callable[[str], None], pause: float = PAUSE) -> None:
        self.server, self._signer = server(settings), signer(settings)
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
                deliver(self.server, message, self._signer)
            except MailError as error:
                if error.lasting or number == TRIES:
                    raise
                time.sleep(self._pause * 3 ** (number - 1))
            else:
                return
