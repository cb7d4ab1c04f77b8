"""The server as it runs: one socket, one process or several, answers without the 40 ms of Nagle's algorithm."""

import http.client
import multiprocessing
import os
import signal
import socket
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.types import ASGIApp

import broadsheet
import web_library
from broadsheet.web import create_app, server


def make_app(home: Path, encoder: Path) -> ASGIApp:
    """What each worker calls: the library opened anew in its process."""
    return create_app(broadsheet.open(home, flags={"encoder": str(encoder)}))


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            get(port, "/about")
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the server did not begin to answer")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_two_workers_share_one_socket_and_leave_it(tmp_path: Path, end: signal.Signals) -> None:
    with web_library.make(tmp_path) as library:
        home = library.home
    listener = server.bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    make = partial(make_app, home, tmp_path / "tiny")
    process = multiprocessing.get_context("spawn").Process(target=server.serve_many, args=(listener, make, 2))
    process.start()
    listener.close()
    assert process.pid is not None
    try:
        wait_for(port)
        for _ in range(8):
            status, body = get(port, "/search?q=lantern")
            assert status == 200
            assert b"Sparse <mark>lantern</mark> routing" in body
        assert get(port, "/search?q=" + quote("字" * 10_000))[0] == 200
    finally:
        os.kill(process.pid, end)
        process.join(timeout=30)
    assert not process.is_alive()
    wait_until_free(port)


def wait_until_free(port: int) -> None:
    for _ in range(400):
        try:
            server.bind("127.0.0.1", port).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("workers without a parent still hold the port")


def test_a_taken_port_is_refused() -> None:
    with server.bind("127.0.0.1", 0) as first, pytest.raises(OSError):
        server.bind("127.0.0.1", first.getsockname()[1])


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """asyncio switches Nagle's algorithm off only on sockets that name their protocol; 40 ms an answer hang on it."""
    with server.bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
