"""A connection to an SMTP server (RFC 5321), letter after letter, and what became of each as a value.

Encrypted or not at all: over TLS from the first byte (smtps, RFC 8314), or after STARTTLS (RFC 3207), which a server
must offer and the certificate must prove. Only `?security=none` in the server's address, written by the owner, sends in
the clear; nothing on the way can bring that about.

Until the last dot of a letter is sent, whatever ends the connection leaves the letter here: a server may not take half
of one (RFC 5321, section 4.1.1.10). After it, until the answer has come, nobody can know (RFC 1047).
"""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import TracebackType
from typing import Literal, NamedTuple

from broadsheet.mail.server import MailError, Server

LETTERS = 100  # over one connection; servers close those that go on for ever
IDLE = 30.0  # seconds without a letter, after which the server may have forgotten us
GOODBYE = 3.0  # seconds that are waited for the answer to QUIT
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?!\S)")
_RELAY = re.compile(r"relay|authenticat|not logged in", re.IGNORECASE)
_LINES = re.compile(rb"\r\n|\r|\n")


# Every error of `smtplib` is an OSError: what the network does and what the server does are caught as one.


class Patience(NamedTuple):
    """Seconds that are waited: for a connection, for an answer on the way, for the answer to a whole letter."""

    opening: float
    step: float
    end: float


QUICK = Patience(20.0, 20.0, 20.0)  # somebody waits for this letter
PATIENT = Patience(30.0, 300.0, 600.0)  # RFC 5321, section 4.5.3.2: who hangs up earlier makes letters come twice


class Outcome(NamedTuple):
    """What became of a letter.

    kind  taken    the server has it
          refused  it said no, for good
          later    it has not got it, and may take it at another time
          unknown  the whole letter was sent, and no answer came: it may have it or not
    step  of the protocol: MAIL, RCPT, DATA, or END for the whole letter
    code  that the server answered; 0 where no answer came
    said  its words, or what happened instead
    """

    kind: Literal["taken", "refused", "later", "unknown"]
    step: Literal["MAIL", "RCPT", "DATA", "END"]
    code: int
    said: str

    @property
    def status(self) -> str:
        """The enhanced status code (RFC 3463), such as 5.1.1; empty where there is none, or one that disagrees."""
        found = _STATUS.match(self.said)
        return found[0] if found and found[1] == str(self.code)[0] else ""

    @property
    def nobody(self) -> bool:
        """Whether it was refused because of the address: no letter will ever be taken there.

        5.1.x is a bad address, but for 5.1.7 and 5.1.8, which are the sender's; 5.2.1 a mailbox that takes nothing.
        Without a code that says so only an answer to RCPT is about the address, and not one that speaks of relaying.
        """
        if self.kind != "refused":
            return False
        if self.status and self.status != "5.0.0":
            return self.status == "5.2.1" or (self.status.startswith("5.1.") and self.status not in ("5.1.7", "5.1.8"))
        return self.step == "RCPT" and self.code in (550, 551, 553) and not _RELAY.search(self.said)

    def told(self, host: str) -> str:
        """As a sentence."""
        return f"{host} answered {self.code} {self.said}".rstrip() if self.code else self.said


class Line:
    """A connection, made when it is needed and kept for the next letter. For one thread at a time.

    where     the server
    patience  see `Patience`
    most      letters over one connection
    context   what proves the server's certificate; the machine's own roots if None
    """

    def __init__(
        self, where: Server, patience: Patience = PATIENT, *, most: int = LETTERS, idle: float = IDLE,
        context: ssl.SSLContext | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.where = where
        self._patience, self._most, self._idle, self._clock = patience, most, idle, clock
        self._context = context or ssl.create_default_context()
        self._connection: smtplib.SMTP | None = None
        self._letters, self._used, self._clean = 0, 0.0, True

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Says goodbye, without waiting long for the answer."""
        if self._connection is not None:
            with suppress(OSError):
                self._wait(GOODBYE)
                self._connection.docmd("QUIT")
            self._drop()

    def envelope(self, sender: str, to: str, data: bytes) -> Outcome | None:
        """Begins the letter *data* from *sender* to *to*: None when the server would take it, `body` is next.

        Nothing that happens here can deliver it. Raises MailError when the server cannot be reached, or does not serve
        us at all, whatever the letter.
        """
        used = self._ready()
        outcome = self._mail(sender, to, data)
        if outcome is not None and used and self._connection is None:
            outcome = self._mail(sender, to, data)  # it had closed a connection that it thought idle
        return self._rcpt(to) if outcome is None else outcome

    def body(self, data: bytes) -> Outcome:
        """Sends the letter itself, after `envelope`. Line breaks of any kind become those of SMTP."""
        lines = _LINES.sub(b"\r\n", data)
        lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
        lines = (b"." if lines.startswith(b".") else b"") + lines.replace(b"\r\n.", b"\r\n..")
        connection = self._held()
        try:
            code, said = read_answer(connection.docmd("DATA"))
            if code == 354:
                connection.send(lines)
        except OSError as error:
            return self._broken("DATA", error)
        if code != 354:
            return self._no("DATA", code, said)
        return self._end(connection)

    def forget(self) -> None:
        """Ends the letter that `envelope` began: it is not sent now."""
        self._clean = False

    # -- one step after the other -------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        """An open connection, clean of the letter before; whether it is one that was used already."""
        tired = self._letters >= self._most or self._clock() - self._used > self._idle
        if self._connection is not None and tired:
            self.close()
        if self._connection is not None and not self._clean:
            try:
                self._clean = self._connection.rset()[0] == 250
            except OSError:
                self._clean = False
            if not self._clean:
                self._drop()
        return self._connection is not None

    def _mail(self, sender: str, to: str, data: bytes) -> Outcome | None:
        if self._connection is None:
            self._connection = _opened(self.where, self._patience, self._context)
            self._letters, self._clean = 0, True
        connection = self._connection
        self._used = self._clock()
        self._wait(self._patience.step)
        options, missing = _options(connection, sender, to, data)
        if missing:
            return Outcome("refused", "MAIL", 0, f"{self.where.host} {missing}")
        self._clean = False
        try:
            code, said = read_answer(connection.mail(sender, options))
        except OSError as error:
            return self._broken("MAIL", error)
        if code == 250:
            return None
        outcome = self._no("MAIL", code, said)
        of_it = code == 552 or outcome.status == "5.3.4" or any(not option.startswith("SIZE=") for option in options)
        if outcome.kind == "refused" and not of_it:
            raise MailError(f"{self.where.host} takes no letters from {sender}: {code} {said}", lasting=True)
        return outcome

    def _rcpt(self, to: str) -> Outcome | None:
        connection = self._held()
        try:
            code, said = read_answer(connection.rcpt(to))
        except OSError as error:
            return self._broken("RCPT", error)
        if 200 <= code < 300:
            return None
        outcome = self._no("RCPT", code, said)
        if code == 530:  # it is we who are not welcome: authentication required (RFC 4954)
            raise MailError(f"{self.where.host} takes no letters from us: {code} {said}", lasting=True)
        return outcome

    def _end(self, connection: smtplib.SMTP) -> Outcome:
        """The last dot, and the answer to all."""
        self._wait(self._patience.end)
        try:
            connection.send(b".\r\n")
            code, said = read_answer(connection.getreply())
        except OSError as error:
            self._drop()
            why = _why(error)
            return Outcome("unknown", "END", 0, f"{self.where.host} got the whole letter and did not answer ({why})")
        self._letters, self._used = self._letters + 1, self._clock()
        if 200 <= code < 300:
            self._clean = True
            return Outcome("taken", "END", code, said)
        if not 400 <= code < 600:
            self._drop()
            return Outcome("unknown", "END", code, said)
        return self._no("END", code, said)

    # -- what may go wrong --------------------------------------------------------------------------------------------

    def _no(self, step: Literal["MAIL", "RCPT", "DATA", "END"], code: int, said: str) -> Outcome:
        """An answer that is no yes. Whoever says 421, or nothing that SMTP knows, is left."""
        if code == 421 or not 400 <= code < 600:
            self._drop()
        return Outcome("refused" if 500 <= code < 600 else "later", step, code, said)

    def _broken(self, step: Literal["MAIL", "RCPT", "DATA"], error: Exception) -> Outcome:
        self._drop()
        return Outcome("later", step, 0, f"the connection to {self.where.host} broke off ({_why(error)})")

    def _held(self) -> smtplib.SMTP:
        if self._connection is None:
            raise RuntimeError("`envelope` comes first, and must not have failed")
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _wait(self, seconds: float) -> None:
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)


def _options(connection: smtplib.SMTP, sender: str, to: str, data: bytes) -> tuple[list[str], str]:
    """What MAIL says of the letter, and what the server lacks for it (RFC 1870, 6152, 6531)."""
    options = []
    if connection.has_extn("size"):
        most = connection.esmtp_features["size"].strip()
        if most.isdigit() and 0 < int(most) < len(data):
            return [], f"takes letters of {int(most):,} bytes, and this one has {len(data):,}"
        options.append(f"SIZE={len(data)}")
    if connection.has_extn("8bitmime") and not data.isascii():
        options.append("BODY=8BITMIME")
    if not (sender + to).isascii():
        if not connection.has_extn("smtputf8"):
            return [], "takes no addresses with letters beyond ASCII (it lacks SMTPUTF8)"
        options.append("SMTPUTF8")
    return options, ""


def _opened(where: Server, patience: Patience, context: ssl.SSLContext) -> smtplib.SMTP:
    """A connection that may be used. Raises MailError."""
    with world(where):
        if where.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                where.host, where.port, own_name(), timeout=patience.opening, context=context
            )
        else:
            connection = smtplib.SMTP(where.host, where.port, own_name(), timeout=patience.opening)
        try:
            if where.security == "starttls":
                connection.starttls(context=context)  # raises where the server offers none
            connection.ehlo_or_helo_if_needed()
            if where.user:
                connection.login(where.user, where.password)
            # Steps are small and wait for each other: held back until there is more to send, each would take 40 ms.
            if connection.sock is not None:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def world(where: Server) -> Iterator[None]:
    """What keeps a connection from being made, as a sentence."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        code, said = read_answer((error.smtp_code, error.smtp_error))
        raise MailError(f"{where.host} answered {code} {said}", lasting=code >= 500) from error
    except ssl.SSLCertVerificationError as error:
        why = f"{where.host} has no certificate that proves it: {error.verify_message}"
        raise MailError(why, lasting=True) from error
    except OSError as error:
        if isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected):
            raise MailError(f"{where.host}: {error}", lasting=True) from error  # what we need is not offered
        raise MailError(f"{where.host}:{where.port} cannot be reached ({_why(error)})") from error
    except UnicodeEncodeError as error:
        why = f"{where.host}: a name or password with letters beyond ASCII cannot be sent; give others"
        raise MailError(why, lasting=True) from error


def read_answer(answer: tuple[int, bytes | str]) -> tuple[int, str]:
    """Code and words, in one line without control characters."""
    code, said = answer
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return code, "".join(sign for sign in " ".join(words.split()) if sign.isprintable())[:200]


def _why(error: Exception) -> str:
    words = str(error).removeprefix("Connection unexpectedly closed: ")
    return (words or type(error).__name__).replace("Connection unexpectedly closed", "it closed the connection")


@cache
def own_name() -> str:
    """What we call ourselves: the machine's whole name, asked for once; else an address (RFC 5321, section 4.1.3)."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"
