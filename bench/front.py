"""The front page of a community under load: requests come at their own time, whether or not earlier ones are answered.

    python -m bench.front [--rate 100] [--seconds 300] [--writes 0.05] [--write]

Requests arrive as a Poisson process and are timed from when they were due (an open loop: a server that stalls is not
spared those that would have come meanwhile). Half of the readers are signed in, each as another account; a write is a
vote. Load and server share the machine.
"""

import asyncio
import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from bench import communities, table
from bench.serve import serving

CONNECTIONS = 64
IDLE = 15.0  # seconds after which a browser would not trust a connection either: the server ends it after 30
WARM_UP = 60.0  # seconds of the same load that are not counted: caches fill
_VOTES = re.compile(r'data-paper="([^"]+)" data-votes="(\d+)"')
SAMPLE = 5.0  # seconds between two looks at the server's memory


@dataclass
class Heard:
    """Milliseconds by kind of request, what went wrong, and (seconds, resident bytes) of the server over time."""

    spent: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    resident: list[tuple[float, int]] = field(default_factory=list)


class Connection:
    """One HTTP/1.1 connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        if time.perf_counter() - self._used > IDLE:
            await self.close()
        self._used = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        return int(head[9:12]), body

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def page(port: int, path: str, account: int | None) -> bytes:
    """A browser's request for a page."""
    who = f"Cookie: {communities.cookie(account)}\r\n" if account else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\n{who}\r\n".encode()


def vote(port: int, paper: str, account: int, *, want: bool = True) -> bytes:
    """A browser's vote for a paper."""
    body = urlencode({"id": paper, "want": int(want)}).encode()
    head = (
        f"POST /vote HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Sec-Fetch-Site: same-origin\r\nAccept: application/json\r\nCookie: {communities.cookie(account)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Load:
    """Readers of one front page, drawn by *seed*."""

    def __init__(self, port: int, papers: Sequence[str], writes: float, seed: int = 11) -> None:
        self.port, self.papers, self.writes = port, papers, writes
        self.chance = np.random.default_rng(seed)
        self.free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self.free.put_nowait(Connection(port))

    def drawn(self) -> tuple[str, bytes]:
        """One request, and what kind it is of."""
        account = 2 + int(self.chance.integers(communities.ACCOUNTS))
        if self.chance.random() < self.writes:
            return "a vote", vote(self.port, self.papers[int(self.chance.integers(len(self.papers)))], account)
        known = self.chance.random() < 0.5
        return "the page, signed in" if known else "the page", page(self.port, "/", account if known else None)

    async def run(self, rate: float, seconds: float, heard: Heard) -> None:
        """Requests for so many seconds, all of them answered at the end."""
        began, due, open_ones = time.perf_counter(), 0.0, set[asyncio.Task[None]]()
        while due < seconds:
            due += float(self.chance.exponential(1 / rate))
            await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
            task = asyncio.create_task(self._one(began + due, heard))
            open_ones.add(task)
            task.add_done_callback(open_ones.discard)
        await asyncio.gather(*open_ones)

    async def _one(self, due: float, heard: Heard) -> None:
        kind, request = self.drawn()
        connection = await self.free.get()
        try:
            status, body = await connection.ask(request)
            if status != 200:
                heard.wrong.append(f"{kind}: {status} {body[:200]!r}")
        except (OSError, asyncio.IncompleteReadError) as error:
            heard.wrong.append(f"{kind}: {error!r}")
            await connection.close()
        finally:
            self.free.put_nowait(connection)
        heard.spent.setdefault(kind, []).append((time.perf_counter() - due) * 1000)


def resident(pid: int) -> int:
    """Bytes of the process and of those that it started (Linux)."""
    found, wanted = 0, [pid]
    while wanted:
        one = wanted.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            tasks = Path(f"/proc/{one}/task/{one}/children").read_text()
        except OSError:
            continue
        found += int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]  # a live process has one
        wanted += [int(child) for child in tasks.split()]
    return found


async def watch(pid: int, heard: Heard) -> None:
    began = time.perf_counter()
    while True:
        heard.resident.append((time.perf_counter() - began, resident(pid)))
        await asyncio.sleep(SAMPLE)


async def counts(connection: Connection, account: int | None) -> dict[str, int]:
    """Paper -> votes, on the front page as this reader has it."""
    html = (await connection.ask(page(connection.port, "/", account)))[1].decode()
    return {paper: int(votes) for paper, votes in _VOTES.findall(html)}


async def seen(port: int, account: int) -> tuple[float, float]:
    """Seconds until a vote is on the page of who voted, and until it is on everybody's; -1 where it never is."""
    connection = Connection(port)
    known, mine = await counts(connection, None), await counts(connection, account)
    for paper in known.keys() & mine.keys():
        began = time.perf_counter()
        answer = json.loads((await connection.ask(vote(port, paper, account)))[1])
        if answer["total"] == known[paper] + 1:  # the reader had not voted for it yet
            break
    own = time.perf_counter() - began if (await counts(connection, account)).get(paper) == answer["total"] else -1.0
    while (await counts(connection, None)).get(paper) != answer["total"]:
        if time.perf_counter() - began > 120:
            return own, -1.0
        await asyncio.sleep(0.2)
    await connection.close()
    return own, time.perf_counter() - began


async def measure(port: int, pid: int, rate: float, seconds: float, writes: float) -> tuple[Heard, tuple[float, float]]:
    first = Connection(port)
    papers = re.findall(r'data-paper="([^"]+)"', (await first.ask(page(port, "/", None)))[1].decode())
    await first.close()
    if not papers:
        raise SystemExit("no papers on the front page")
    load, heard = Load(port, papers, writes), Heard()
    await load.run(rate, WARM_UP, Heard())
    watcher = asyncio.create_task(watch(pid, heard))
    await load.run(rate, seconds, heard)
    watcher.cancel()
    return heard, await seen(port, communities.ACCOUNTS + 1)


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--writes", type=float, default=0.05)
    chosen = parser.parse_args()
    home = communities.prepared()
    communities.sign_in(home)
    os.environ["BROADSHEET_ACCOUNTS"] = "open"
    with serving(home) as server:
        heard, (own, everybody) = asyncio.run(
            measure(server.port, server.pid, chosen.rate, chosen.seconds, chosen.writes)
        )
    result = table.Table("front", ["requests", "count", "a second", "p50 ms", "p99 ms", "slowest ms", "failed"])
    for kind, spent in sorted({**heard.spent, "all": [*chain(*heard.spent.values())]}.items()):
        times = table.percentiles(spent)
        failed = len(heard.wrong) if kind == "all" else sum(one.startswith(f"{kind}:") for one in heard.wrong)
        result.add(kind, len(spent), len(spent) / chosen.seconds, times.p50, times.p99, max(spent), failed)
    at, held = np.array([row[0] for row in heard.resident]), np.array([row[1] for row in heard.resident]) / 1e6
    slope = np.polyfit(at, held, 1)[0] * 60
    result.notes.append(
        f"the server's memory: {held[0]:.0f} MB at the beginning, {held[-1]:.0f} at the end, {slope:+.2f} MB a minute"
    )
    result.notes.append(f"a vote is on the voter's page after {own:.2f} s, on everybody's after {everybody:.1f} s")
    for line in heard.wrong[:5]:
        print(line)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
