"""A web server on loopback for tests: what it answers is a function, what it was asked is a log."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from broadsheet.fetch import Client
from broadsheet.fetch.rates import Rate


class Asked(NamedTuple):
    """One request as it arrived: when (monotonic seconds), and when its answer was finished."""

    began: float
    ended: float
    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer. *drip* seconds pass between the pieces; *cut* bytes of the body are never sent."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0
    drip: float = 0.0
    cut: int = 0


Answerer = Callable[[Asked], Reply]


class Server(ThreadingHTTPServer):
    """Answers with *answer*; `log` has every request in the order of their arrival."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Answerer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.log = answer, list[Asked]()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def gaps(self) -> list[float]:
        """Seconds between one arrival and the next."""
        times = sorted(asked.began for asked in self.log)
        return [b - a for a, b in itertools.pairwise(times)]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        began = time.monotonic()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(began, 0.0, self.command, parts.path, params, headers, body)
        with self.server.lock:  # before it is answered: whoever has the answer finds the question here
            place = len(self.server.log)
            self.server.log.append(asked)
        reply = self.server.answer(asked)
        time.sleep(reply.pause)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self._send(reply)
        self.close_connection = True
        with self.server.lock:
            self.server.log[place] = asked._replace(ended=time.monotonic())

    def _send(self, reply: Reply) -> None:
        body = reply.body[: len(reply.body) - reply.cut]
        if not reply.drip:
            self.wfile.write(body)
            return
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(reply.drip)

    do_GET = do_POST = _serve  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


@contextmanager
def serving(answer: Answerer) -> Iterator[Server]:
    with Server(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def replies(*bodies: bytes | Reply) -> Answerer:
    """Answers in turn; the last one for ever."""
    left = [body if isinstance(body, Reply) else Reply(body) for body in bodies]

    def answer(asked: Asked) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def client(folder: Path, every: float = 0.0, **more: object) -> Client:
    """A client that may ask loopback, every *every* seconds, and never waits long."""
    rate = Rate("loopback", every, "a test")
    given: dict[str, object] = {
        "private": ["127.0.0.1"],
        "rates": {"127.0.0.1": rate, "localhost": rate},
        "patience": 20.0,
    }
    return Client(queue=folder / "queue", cache=folder / "cache", **(given | more))  # type: ignore[arg-type]
