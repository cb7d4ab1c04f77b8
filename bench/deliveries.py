"""Editions as letters: composed and delivered to a mail server on this machine; and runs with faults and kills.

    python -m bench.deliveries [--letters 10000] [--runs 100] [--write]

The library is the real one, the readers are made: each has an edition of some of the newest 1,500 papers. The server is
a process of its own that asks for STARTTLS and a password and keeps nothing but who got which letter, so what is
measured is this side. Beside it in the same run: `smtplib` alone, in a loop, with letters that are ready.
"""

import multiprocessing
import os
import shutil
import smtplib
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench import table
from bench.libraries import prepared
from broadsheet.editions import sending
from broadsheet.editions.content import Content, Part, Printed, Why, pack
from broadsheet.editions.letters import Press
from broadsheet.editions.sending import Letter
from broadsheet.library import STORE_FILE, Library, open_library
from broadsheet.store import Edition, Schedule, Subscriber, Wish
from broadsheet.text import plural

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import smtp_server
from sending_runs import READERS, Run, rough_run, wrong

NEW = 1_500  # papers of the day
DOMAINS = 100  # that readers are at
NOW = 1_795_200_000
DAY = 20261120
ALONE = 2_000  # letters of the loops beside


class Sink:
    """Takes everything; keeps which letter, for whom, and when."""

    def __init__(self) -> None:
        self.took: list[tuple[str, float]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.took.append((envelope.rcpt_tos[0], time.monotonic()))
        return "250 2.0.0 taken"


def _serve(paper: smtp_server.Paper, line: Connection) -> None:
    sink = Sink()
    with smtp_server.running(paper, auth=True, handler=sink) as server:
        line.send(server.port)
        while line.recv() != "end":
            line.send(sink.took)
            sink.took = []


class Server:
    """The mail server, seen from here."""

    def __init__(self, port: int, line: Connection) -> None:
        self.port, self._line = port, line

    def took(self) -> list[tuple[str, float]]:
        """(receiver, when) of every letter since this was asked last."""
        self._line.send("what?")
        found: list[tuple[str, float]] = self._line.recv()
        return found


@contextmanager
def served(paper: smtp_server.Paper) -> Iterator[Server]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(paper, there), daemon=True)
    process.start()
    try:
        yield Server(here.recv(), here)
        here.send("end")
    finally:
        process.join(10)


def fill(library: Library, count: int) -> None:
    """So many readers, each with an edition that is due."""
    dice = np.random.default_rng(1)
    newest = library.store.newest()
    readers = [
        library.store.subscribers.put(
            f"reader{number}@mail{number % DOMAINS}.example.org",
            None,
            Schedule(),
            [Wish("topic", "cs.CL")],
            NOW - 9_999,
        )
        for number in range(count)
    ]
    for start in range(0, count, 1000):
        library.store.editions.put([_edition(one, newest, dice) for one in readers[start : start + 1000]])


def _edition(reader: Subscriber, newest: int, dice: np.random.Generator) -> Edition:
    pks = newest - dice.choice(NEW, size=int(dice.integers(10, 18)), replace=False)
    whys = (
        (Why("topic", {"name": "cs.CL"}),),
        (Why("author", {"name": "Ada Lovelace"}),),
        (Why("wild", {"name": "ACL"}),),
    )
    names = (("wishes", "cs.CL", pks[:-3]), ("authors", "", pks[-3:-1]), ("wild", "", pks[-1:]))
    parts = tuple(
        Part(key, name, tuple(Printed(int(pk), why) for pk in some))
        for (key, name, some), why in zip(names, whys, strict=True)
    )
    content = pack(Content(parts, (), 5, NEW))
    papers = np.asarray(pks, dtype="<i4").tobytes()
    return Edition(0, reader.id, DAY, "ready", "", NOW, 0, 0, newest, papers, content, NOW - 600, None)


class Timed:
    """A press that notes when each letter was begun, and how long it took."""

    def __init__(self, press: Press) -> None:
        self._press, self.began, self.spent = press, dict[str, float](), list[float]()

    def __call__(self, edition: Edition, subscriber: Subscriber) -> Letter:
        began = time.monotonic()
        letter = self._press(edition, subscriber)
        self.began[subscriber.email] = began
        self.spent.append((time.monotonic() - began) * 1000)
        return letter


def deliver(home: Path, count: int, paper: smtp_server.Paper, rows: table.Table) -> None:
    with served(paper) as server:
        address = f"smtp://{smtp_server.USER}@localhost:{server.port}"
        flags = {"smtp": address, "smtp_password": smtp_server.PASSWORD, "sender": "Papers <papers@example.org>"}
        with open_library(home, env={}, flags=flags | {"address": "https://papers.example.org"}) as library:
            fill(library, count)
            ready = _composed(library, min(count, ALONE), rows)
            _loop(server, ready[: ALONE // 4], 1, rows, at_once=False)
            for connections in (1, library.settings.connections):
                _loop(server, ready, connections, rows, at_once=True)
            press = Timed(Press(library))
            with table.stage() as stage:
                done = sending.send(library, NOW, press)
        took = server.took()
    if done.counts != {"sent": count} or Counter(to for to, _ in took) != dict.fromkeys(press.began, 1):
        raise RuntimeError(f"not every letter arrived once: {done.counts}, {len(took)} taken, {done.stopped}")
    each = table.percentiles([(at - press.began[to]) * 1000 for to, at in took])
    rows.add("Broadsheet: composed, claimed, delivered, written down", count, stage.seconds, count / stage.seconds,
             each.p50, each.p99, stage.peak / 1e6)  # fmt: skip


def _composed(library: Library, count: int, rows: table.Table) -> list[Letter]:
    """Letters made ahead, one after the other."""
    press = Timed(Press(library))
    letters = []
    with table.stage() as stage:
        for edition in library.store.editions.ready(NOW, count):
            subscriber = library.store.subscribers.at(edition.subscriber)
            if subscriber is not None:
                letters.append(press(edition, subscriber))
    each = table.percentiles(press.spent)
    rows.add("composing alone", count, stage.seconds, count / stage.seconds, each.p50, each.p99, stage.peak / 1e6)
    return letters


def _loop(server: Server, letters: Sequence[Letter], connections: int, rows: table.Table, *, at_once: bool) -> None:
    """What `smtplib` does with letters that are ready; with *at_once* (TCP_NODELAY) the least that any sender takes."""
    spent: list[float] = []

    def send(some: Sequence[Letter]) -> None:
        with smtplib.SMTP("localhost", server.port) as connection:
            connection.starttls(context=ssl.create_default_context())
            connection.login(smtp_server.USER, smtp_server.PASSWORD)
            if connection.sock is not None:
                connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, at_once)
            for letter in some:
                began = time.monotonic()
                connection.sendmail(letter.sender, letter.to, letter.data)
                spent.append((time.monotonic() - began) * 1000)

    threads = [threading.Thread(target=send, args=(letters[n::connections],)) for n in range(connections)]
    with table.stage() as stage:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if len(server.took()) != len(letters):
        raise RuntimeError("the loop lost letters")
    each = table.percentiles(spent)
    name = f"smtplib in a loop, ready letters, {plural(connections, 'connection')}{', TCP_NODELAY' * at_once}"
    rows.add(name, len(letters), stage.seconds, len(letters) / stage.seconds, each.p50, each.p99, stage.peak / 1e6)


def kills(runs: int, folder: Path, paper: smtp_server.Paper) -> table.Table:
    """The runs of `make soak`, counted."""
    rows = table.Table("deliveries-kills", ("of the runs", "count"))
    found: list[Run] = []
    began = time.monotonic()
    for seed in range(runs):
        home = folder / f"run{seed}"
        home.mkdir()
        found.append(rough_run(paper, home, seed))
        shutil.rmtree(home)
        print(seed, found[-1].lives, sum(found[-1].kills.values()), wrong(found[-1]), file=sys.stderr)
    killed = sum((run.kills for run in found), Counter[str]())
    ends = Counter(state for run in found for state, _ in run.ends.values())
    rows.add(f"runs, of {READERS} readers each", runs)
    rows.add("senders that were started", sum(run.lives for run in found))
    rows.add("killed (SIGKILL)", killed.total())
    for step, count in killed.most_common():
        rows.add(f"&emsp;at {step}", count)
    rows.add("faults of the server: no, not now, silence, hanging up", sum(run.faults for run in found))
    for state, count in ends.most_common():
        rows.add(f"editions that are {state} in the end", count)
        if state == "unsure":
            rows.add("&emsp;of these, the server had taken", sum(map(_unsure_and_taken, found)))
    rows.add("readers mailed twice", sum(count > 1 for run in found for count in run.mailed.values()))
    rows.add("readers missed without a reason", sum(map(len, map(wrong, found))))
    rows.notes.append(f"{(time.monotonic() - began) / 60:.1f} minutes")
    return rows


def _unsure_and_taken(run: Run) -> int:
    return sum(state == "unsure" and run.mailed[reader] > 0 for reader, (state, _) in run.ends.items())


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100)
    chosen = parser.parse_args()
    rows = table.Table(
        "deliveries", ("what", "letters", "seconds", "letters a second", "p50 ms", "p99 ms", "peak memory, MB")
    )
    with tempfile.TemporaryDirectory() as folder:
        paper = smtp_server.certificate(Path(folder))
        os.environ["SSL_CERT_FILE"] = str(paper.file)
        if chosen.letters:
            home = Path(folder) / "library"
            home.mkdir()
            shutil.copy(prepared(0) / STORE_FILE, home)
            deliver(home, chosen.letters, paper, rows)
            table.publish(rows, write=chosen.write)
        if chosen.runs:
            table.publish(kills(chosen.runs, Path(folder), paper), write=chosen.write)


if __name__ == "__main__":
    main()
