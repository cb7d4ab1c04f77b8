"""The search page over HTTP on one connection a client, each asking its next page when it has read the last one.

    python -m bench.serve [--papers 0] [--clients 8] [--pages 3000] [--write]

Server and clients share the machine: the clients' own work is in the figures.
"""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench import libraries, table
from bench.questions import ask

SERVER = [sys.executable, "-c", "from broadsheet.cli import main; main()"]
MIXED = ("short, 2 or 3 words", "a whole title", "short, one venue, two years", "a phrase of 3 words")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server(NamedTuple):
    port: int
    pid: int


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """A server over *home* in a process of its own, once it answers."""
    port = free_port()
    process = subprocess.Popen([*SERVER, "--home", str(home), "serve", "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                get(http.client.HTTPConnection("127.0.0.1", port), "/search?q=warm")
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the server ended") from None
                time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def get(connection: http.client.HTTPConnection, path: str) -> int:
    """Bytes of the page at *path*, which must be there."""
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return len(body)


def client(port: int, paths: Sequence[str], spent: list[float], sizes: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in paths:
        began = time.perf_counter()
        sizes.append(get(connection, path))
        spent.append((time.perf_counter() - began) * 1000)
    connection.close()


def measure(port: int, paths: Sequence[str], clients: int) -> tuple[float, list[float], list[int]]:
    """Seconds in all, milliseconds of each page, bytes of each page."""
    spent: list[float] = []
    sizes: list[int] = []
    shares = [paths[start::clients] for start in range(clients)]
    threads = [threading.Thread(target=client, args=(port, share, spent, sizes)) for share in shares]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, spent, sizes


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, default=0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pages", type=int, default=3000)
    chosen = parser.parse_args()
    asked = ask(libraries.corpus_of(chosen.papers), chosen.pages // len(MIXED))
    questions = [question for group in zip(*(asked[kind] for kind in MIXED), strict=False) for question in group]
    paths = [f"/search?q={quote(question)}" for question in questions]
    result = table.Table("serve", ["pages", "clients", "pages a second", "p50 ms", "p99 ms", "kB a page"])
    with serving(libraries.prepared(chosen.papers)) as server:
        for name, wanted in (("search, all different", paths), ("paper", paper_paths(asked["an id"]))):
            measure(server.port, wanted[:100], chosen.clients)
            seconds, spent, sizes = measure(server.port, wanted[100:], chosen.clients)
            times = table.percentiles(spent)
            kilobytes = sum(sizes) / len(sizes) / 1000
            result.add(name, chosen.clients, round(len(spent) / seconds), times.p50, times.p99, kilobytes)
    table.publish(result, write=chosen.write)


def paper_paths(identifiers: Sequence[str]) -> list[str]:
    return list(islice(cycle([f"/paper/{quote(identifier)}" for identifier in identifiers]), 1100))


if __name__ == "__main__":
    main()
