"""Running the web application: one process or several on one socket."""

import ctypes
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

LONGEST_REQUEST = 128 * 1024  # bytes of a request's head: 10,000 characters of any script as a question
_M_ARENA_MAX = -8  # of <malloc.h>
BACKLOG = 512  # connections that may wait while all threads are busy


def config(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8000) -> uvicorn.Config:
    """How we run uvicorn: no access log, no server header, a proxy on this machine is believed about https."""
    return uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning", backlog=BACKLOG,
        h11_max_incomplete_event_size=LONGEST_REQUEST, timeout_keep_alive=30, timeout_graceful_shutdown=10,
        lifespan="off", ws="none",
    )  # fmt: skip


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError when the port is taken. *port* 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: without, every answer that is
    # written in two parts waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    return listener


def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Answer until Ctrl-C or SIGTERM, in this process."""
    serve_on(bind(host, port), app)


def serve_on(listener: socket.socket, app: ASGIApp) -> None:
    """`serve` on a socket that is bound already (see `bind`), whose port may have been chosen by the system."""
    host, port = listener.getsockname()[:2]
    uvicorn.Server(config(app, host=host, port=port)).run(sockets=[listener])


def one_heap() -> None:
    """All threads take memory from one heap: call it before there are any.

    The C library of Linux gives threads heaps of their own, and each keeps what its busiest moment took: after minutes
    of readers a process was half as large again. Python's threads seldom wait for each other there: one runs at a time.
    """
    with suppress(AttributeError, OSError):  # another C library has no such habit
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def settle() -> None:
    """What is loaded by now stays for good: the collector need not walk it again, a tenth of a second each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def serve_many(listener: socket.socket, make: Callable[[], ASGIApp], workers: int) -> None:
    """*workers* processes that accept from one *listener*; each makes its own application with *make*.

    *make* must be picklable (a function of a module or a partial of one): every process opens the library itself, since
    neither connections nor memory-mapped indexes may be shared across a fork. Returns when all have ended: by Ctrl-C,
    by SIGTERM, or each by a failure of its own. Call it from the main thread.
    """
    context = get_context("spawn")
    processes = [context.Process(target=_work, args=(listener, make)) for _ in range(workers)]

    def stop(number: int, frame: FrameType | None) -> None:
        for process in processes:
            process.terminate()  # to each its own SIGTERM: uvicorn finishes the answers it has begun

    before = signal.signal(signal.SIGTERM, stop)
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    except KeyboardInterrupt:  # a terminal sends it to the workers too
        for process in processes:
            process.join(timeout=15)
    finally:
        stop(signal.SIGTERM, None)
        signal.signal(signal.SIGTERM, before)


def _work(listener: socket.socket, make: Callable[[], ASGIApp]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after a clean end
        serve_on(listener, make())


def _end_with_parent() -> None:
    """A worker whose parent was killed outright would hold the port for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
