"""Running the web application: one process or several on one socket."""

import socket
from collections.abc import Callable
from multiprocessing import get_context

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 512  # connections that may wait while all threads are busy


def config(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8000) -> uvicorn.Config:
    """How we run uvicorn: no access log, no server header, a proxy on this machine is believed about https."""
    return uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning", backlog=BACKLOG,
        timeout_keep_alive=30, timeout_graceful_shutdown=10, lifespan="off", ws="none",
    )  # fmt: skip


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; raises OSError when the port is taken. *port* 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
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


def serve_many(listener: socket.socket, make: Callable[[], ASGIApp], workers: int) -> None:
    """*workers* processes that accept from one *listener*; each makes its own application with *make*.

    *make* must be picklable (a function of a module or a partial of one): every process opens the library itself, since
    neither connections nor memory-mapped indexes may be shared across a fork. Returns when all have ended.
    """
    context = get_context("spawn")
    processes = [context.Process(target=_work, args=(listener, make), daemon=True) for _ in range(workers)]
    for process in processes:
        process.start()
    try:
        for process in processes:
            process.join()
    except KeyboardInterrupt:
        for process in processes:
            process.join(timeout=15)  # each got the Ctrl-C itself and is finishing its answers


def _work(listener: socket.socket, make: Callable[[], ASGIApp]) -> None:
    serve_on(listener, make())
