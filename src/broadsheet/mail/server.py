"""Which server takes our letters, and what is said when it does not."""

from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from broadsheet.errors import Mistake, WorldError
from broadsheet.settings import Settings

_PORTS = {"smtps": 465, "smtp": 587}


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
