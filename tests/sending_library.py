"""A library with editions that are ready, and a sender of them that is a process of its own."""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from multiprocessing.process import BaseProcess
from pathlib import Path

from broadsheet.editions import sending
from broadsheet.editions.sending import Letter
from broadsheet.library import Library, open_library
from broadsheet.mail.line import Patience
from broadsheet.mail.write import POLICY
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from smtp_server import PASSWORD, USER

NOW = 1_795_200_000
DAY = 20261120
SENDER = "Papers <papers@example.org>"
# What a sender needs, loaded once. Not this file: that other process does not look for modules where the tests are.
LOADED = ["broadsheet.editions.sending", "broadsheet.library", "psycopg", "aiosmtpd.controller", "cryptography.x509"]
HASTE = Patience(2.0, 0.4, 0.4)  # seconds: the server of these tests stalls for longer


def opened(home: Path, port: int = 0, **more: object) -> Library:
    """The library at *home*, which sends to localhost:*port*; into the outbox without one."""
    flags = {"smtp": f"smtp://{USER}@localhost:{port}", "smtp_password": PASSWORD} if port else {}
    return open_library(home, env={}, flags={"sender": SENDER, **flags, **more})


def subscribe(library: Library, email: str) -> Subscriber:
    return library.store.subscribers.put(email, None, Schedule(), [Wish("rising")], NOW - 1000)


def ready(library: Library, readers: Sequence[Subscriber], day: int = DAY, due: int = NOW) -> None:
    rows = [Edition(0, one.id, day, "ready", "", due, 0, 0, 0, b"", None, due - 600, None) for one in readers]
    assert library.store.editions.put(rows) == len(rows)


def filled(library: Library, emails: Sequence[str]) -> list[Subscriber]:
    """Subscribers with an edition each that is due."""
    readers = [subscribe(library, email) for email in emails]
    ready(library, readers)
    return readers


def compose(edition: Edition, subscriber: Subscriber) -> Letter:
    """A small letter, the same for ever for one edition."""
    message = EmailMessage(POLICY)
    message["From"], message["To"], message["Subject"] = SENDER, subscriber.email, "Papers of the day"
    message["Message-ID"] = f"<{edition.id}.{edition.day}@papers.example.org>"
    message.set_content(f"Edition {edition.id}.\n.\nA dot alone in a line ends nothing.\n" * 20)
    utf8 = not subscriber.email.isascii()
    return Letter("returns@example.org", subscriber.email, message.as_bytes(policy=POLICY.clone(utf8=utf8)))


def states(library: Library, readers: Sequence[Subscriber]) -> dict[str, tuple[str, str]]:
    """address -> state and reason of the newest edition."""
    found = {}
    for reader in readers:
        edition = library.store.editions.of(reader.id)[0]
        found[reader.email] = (edition.state, edition.reason)
    return found


# -- a sender that can be killed ---------------------------------------------------------------------------------------


def sender(
    home: Path, port: int, certificate: Path, now: int, unsure: str = "never-twice", store: str = ""
) -> BaseProcess:  # fmt: skip
    """A process that sends what is ready at *now*, begun. It is a child of a small server that has loaded all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    process = context.Process(target=_send, args=(home, port, certificate, now, unsure, store), daemon=True)
    process.start()
    return process


def _send(home: Path, port: int, certificate: Path, now: int, unsure: str, store: str) -> None:
    os.environ["SSL_CERT_FILE"] = str(certificate)
    with opened(home, port, unsure=unsure, store=store, per_minute=0, connections=3) as library:
        sending.send(library, now, compose, patience=HASTE, pauses=(0.01, 0.01))


def kill(process: BaseProcess) -> None:
    """As the machine does when its memory is full: nothing of it runs on, and it is gone when this returns.

    For any thread, while another one waits in `join`.
    """
    if process.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
            while True:  # its parent buries it, which is not this process
                os.kill(process.pid, 0)
                time.sleep(0.001)
