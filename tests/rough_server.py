"""A real SMTP server on loopback that behaves as badly as it is told, with STARTTLS and passwords.

It tells each step of each letter before it goes on, so that a test can kill the sender there, and writes every letter
that it takes to a file, onto the disk, before anybody hears of it.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

import smtp_server
from smtp_server import Paper

# What it tells of: a connection, two commands, the one that begins the letter, half of that, all of it; that it has
# taken it; that it has answered so.
STEPS = ("GREETING", "MAIL", "RCPT", "DATA", "HALF", "DOT", "TAKEN", "ANSWERED")
DROP, STALL = "drop", "stall"
_TO = re.compile(r"<([^>]*)>")

Plan = Callable[[str, str], str]  # step, receiver (empty before RCPT) -> an answer, DROP, STALL, or empty to go on
Told = Callable[[str, str], None]


class Taken(NamedTuple):
    """A letter that the server took."""

    message: str
    to: str
    sender: str


class Rough(SMTP):
    """One connection."""

    plan: Plan
    told: Told
    stall = 5.0  # seconds

    async def _bad(self, step: str, to: str = "") -> bool:
        """Whether something else happens than what should."""
        self.told(step, to)
        fault = self.plan(step, to)
        if fault == STALL:
            await asyncio.sleep(self.stall)
        if fault in (DROP, STALL):
            await self._gone()
        elif fault:
            await self.push(fault)
            if fault.startswith("421"):
                await self._gone()
        return bool(fault)

    async def _gone(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.close()
            await asyncio.Event().wait()  # until the end of the connection ends this, too

    async def _handle_client(self) -> None:
        if not await self._bad("GREETING"):
            await super()._handle_client()
        elif self.transport is not None:
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._bad("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        found = _TO.search(arg or "")
        if not await self._bad("RCPT", found[1] if found else ""):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        to = ", ".join(self.envelope.rcpt_tos) if self.envelope else ""
        if await self._bad("DATA", to):
            return
        self.told("HALF", to)
        if self.plan("HALF", to):
            await self.push("354 go on")
            await self._reader.readline()
            await self._gone()
        await super().smtp_DATA(arg)
        self.told("ANSWERED", to)


class Keeper:
    """What happens to a whole letter."""

    def __init__(self, file: Path) -> None:
        self.file = file

    async def handle_DATA(self, server: Rough, session: Session, envelope: Envelope) -> str:  # noqa: N802
        to = ", ".join(envelope.rcpt_tos)
        server.told("DOT", to)
        fault = server.plan("DOT", to)
        if fault == STALL:
            await asyncio.sleep(server.stall)
        if fault in (DROP, STALL):
            await server._gone()
        if fault:
            return fault
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        with self.file.open("a") as file:
            file.write(f"{message_from_bytes(content)['message-id']}\t{to}\t{envelope.mail_from}\n")
            file.flush()
            os.fsync(file.fileno())
        server.told("TAKEN", to)
        fault = server.plan("TAKEN", to)
        if fault == STALL:
            await asyncio.sleep(server.stall)
        if fault:
            await server._gone()
        return "250 2.0.0 taken"


def taken(file: Path) -> list[Taken]:
    """Every letter that it took, in order."""
    return [Taken(*line.split("\t")) for line in file.read_text().splitlines()] if file.exists() else []


@contextmanager
def rough(paper: Paper, file: Path, plan: Plan, told: Told, *, stall: float = 5.0) -> Iterator[int]:
    """The port of such a server."""
    server = type("Told", (Rough,), {"plan": staticmethod(plan), "told": staticmethod(told), "stall": stall})

    class Free(Controller):
        """At any free port, as in `smtp_server`."""

        def factory(self) -> Rough:
            made: Rough = server(self.handler, **self.SMTP_kwargs)
            return made

        def _trigger_server(self) -> None:
            listening: Any = self.server
            self.port = listening.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]

    controller = Free(
        Keeper(file), hostname="127.0.0.1", port=0, tls_context=smtp_server.context(paper),
        authenticator=smtp_server.knows, auth_required=True, require_starttls=True, enable_SMTPUTF8=True,
    )  # fmt: skip
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
