"""One letter to one address, step by step, each told in plain words: for the owner whose mail does not come.

It does what `line` does, with the same demands: what works here works there.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from broadsheet.mail.line import QUICK, Line, Outcome, Patience, own_name, world
from broadsheet.mail.server import MailError, Server

_ASKED = {"MAIL": "sender", "RCPT": "reader", "DATA": "letter", "END": "letter"}
_HINTS = {
    "name": "Is the host in [mail] smtp spelled right?",
    "connection": "Is the port right, and does nothing on the way block it? 587 and 465 are for this; 25 often is.",
    "encryption": "smtps:// and port 465 encrypt from the first byte, smtp:// and port 587 by STARTTLS.",
    "sign-in": "Look at the name in [mail] smtp and at smtp_password; some providers want a password for programs.",
    "sender": "The server wants [mail] sender to be an address that it knows as yours.",
    "reader": "The server does not pass letters on to that address, or nobody has it.",
    "letter": "The server looked at the letter itself, and did not want it.",
}  # fmt: skip


class Heard(NamedTuple):
    """What one step came to. *step*: a key of the hints; *hint*: what to look at, where it failed."""

    step: str
    ok: bool
    said: str
    hint: str = ""


def probe(
    where: Server, sender: str, to: str, data: bytes, *, patience: Patience = QUICK,
    context: ssl.SSLContext | None = None,
) -> Iterator[Heard]:  # fmt: skip
    """Sends the letter *data* from *sender* to *to*; one `Heard` a step. The first that fails is the last."""
    visit = _Visit(where, patience, context or ssl.create_default_context())
    steps = {"name": visit.name, "connection": visit.connect, "encryption": visit.encrypt, "sign-in": visit.sign_in}
    try:
        for step, act in steps.items():
            try:
                with world(where):
                    said = act()
            except MailError as error:
                yield Heard(step, False, str(error), _HINTS[step])
                return
            yield Heard(step, True, said)
    finally:
        visit.close()
    yield from _letter(where, sender, to, data, patience, visit.context)


class _Visit:
    """A connection that sends nothing."""

    def __init__(self, where: Server, patience: Patience, context: ssl.SSLContext) -> None:
        self.where, self.context, self._patience = where, context, patience
        self._connection: smtplib.SMTP | None = None

    def name(self) -> str:
        found = socket.getaddrinfo(self.where.host, self.where.port, type=socket.SOCK_STREAM)
        places = dict.fromkeys(str(one[4][0]) for one in found)
        return f"{self.where.host} is at {', '.join(list(places)[:4])}"

    def connect(self) -> str:
        where, seconds = self.where, self._patience.opening
        if where.security == "tls":
            self._connection = smtplib.SMTP_SSL(
                where.host, where.port, own_name(), timeout=seconds, context=self.context
            )
        else:
            self._connection = smtplib.SMTP(where.host, where.port, own_name(), timeout=seconds)
        self._connection.ehlo_or_helo_if_needed()
        offers = ", ".join(sorted(name.upper() for name in self._connection.esmtp_features)) or "nothing besides"
        return f"port {where.port} answers as a mail server, and offers {offers}"

    def encrypt(self) -> str:
        connection = self._held()
        if self.where.security == "none":
            return "none, as the settings say (?security=none): everybody on the way can read along"
        if self.where.security == "starttls":
            connection.starttls(context=self.context)
            connection.ehlo_or_helo_if_needed()
        sock = connection.sock
        version = sock.version() if isinstance(sock, ssl.SSLSocket) else ""
        return f"{version or 'TLS'}, and its certificate proves that it is {self.where.host}"

    def sign_in(self) -> str:
        if not self.where.user:
            return "none asked for: [mail] smtp has no name in it"
        self._held().login(self.where.user, self.where.password)
        return f"it knows {self.where.user}"

    def close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.docmd("QUIT")
            self._connection.close()

    def _held(self) -> smtplib.SMTP:
        if self._connection is None:
            raise RuntimeError("`connect` comes first")
        return self._connection


def _letter(
    where: Server, sender: str, to: str, data: bytes, patience: Patience, context: ssl.SSLContext
) -> Iterator[Heard]:
    """The letter itself, by the way that editions take."""
    try:
        with Line(where, patience, context=context) as way:
            outcome = way.envelope(sender, to, data)
            if outcome is None:
                yield Heard("sender", True, f"letters from {sender} are taken")
                yield Heard("reader", True, f"letters to {to} are taken")
                outcome = way.body(data)
    except MailError as error:
        yield Heard("sender", False, str(error), _HINTS["sender"])
        return
    yield _judged(where, outcome)


def _judged(where: Server, outcome: Outcome) -> Heard:
    step = _ASKED[outcome.step]
    if outcome.kind == "taken":
        return Heard(step, True, f"{outcome.told(where.host)}. It is on its way; did it not come? Look among the junk")
    again = " It may be taken later: some servers let strangers wait (greylisting)." if outcome.kind == "later" else ""
    return Heard(step, False, outcome.told(where.host), _HINTS[step] + again)
