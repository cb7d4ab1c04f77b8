"""A real SMTP server on loopback, with a certificate of its own authority, STARTTLS and passwords."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import Message
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "papers", "correct horse"


class Paper(NamedTuple):
    """A certificate for 127.0.0.1 and localhost, which signs itself: trusting it is trusting the server."""

    file: Path
    key: Path


def certificate(folder: Path) -> Paper:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), _ip("127.0.0.1")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paper = Paper(folder / "server.pem", folder / "server.key")
    paper.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paper.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paper


def _ip(text: str) -> x509.IPAddress:
    return x509.IPAddress(ip_address(text))


class Box(Handler):
    """Keeps what comes, and answers what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Message] = []
        self.encrypted: list[bool] = []
        self.answers: list[str] = []  # to the next letters, before the usual one

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.encrypted.append(session.ssl is not None or bool(getattr(server, "_tls_protocol", None)))
        answer: str = await super().handle_DATA(server, session, envelope)
        return answer

    def handle_message(self, message: Message) -> None:
        self.letters.append(message)


class Running(NamedTuple):
    port: int
    box: Box


def context(paper: Paper) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(paper.file, paper.key)
    return made


def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good)


@contextmanager
def running(
    paper: Paper | None, *, tls: bool = False, auth: bool = False, host: str = "127.0.0.1", utf8: bool = True,
    most: int = 33_554_432, handler: Any = None,
) -> Iterator[Running]:  # fmt: skip
    """A server with STARTTLS where it has a certificate, or with TLS from the first byte (*tls*).

    utf8     whether it takes addresses with letters beyond ASCII; most: octets of a letter
    handler  what is done with letters, in the place of the box
    """
    box, make, proof = Box(), _controller(tls), context(paper) if paper else None
    more: dict[str, Any] = {"ssl_context": proof} if tls else {"tls_context": proof}
    more |= {"enable_SMTPUTF8": utf8, "data_size_limit": most}
    if auth:
        more |= {"authenticator": knows, "auth_required": True}
    controller = make(handler or box, hostname=host, port=0, **more)
    controller.start()
    try:
        yield Running(controller.port, box)
    finally:
        controller.stop()


def _controller(tls: bool) -> Callable[..., Any]:
    class Free(Controller):
        """At any free port: the usual one knocks at the port that it was told, which is 0."""

        def _trigger_server(self) -> None:
            server: Any = self.server
            self.port = server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]

    return Free
