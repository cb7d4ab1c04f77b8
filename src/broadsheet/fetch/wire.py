"""One request and its answer: bounded in time, in size and in what the answer can make of this machine's memory."""

import socket
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from broadsheet.fetch.errors import FetchError
from broadsheet.fetch.guard import port_of

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool, Timeout

CONNECT = 15.0  # seconds
SILENCE = 60.0  # seconds without a byte
TOTAL = 600.0  # seconds for one whole answer
_CHUNK = 1 << 16
_LONG = "the answer took too long"


class Request(NamedTuple):
    """What is sent, and at most how many bytes may come back."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    cap: int


class Reply(NamedTuple):
    """What came back; header names are in lower case, the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Broken(FetchError):
    """The connection failed or broke off: another try can help."""


def exchange(
    request: Request, parts: SplitResult, address: str, proxy: str, began: Callable[[], None], total: float = TOTAL
) -> Reply:
    """Sends *request* to *address* (through *proxy* if there is one); *began* is called when the answer begins.

    Raises Broken when the connection fails, stalls or breaks off, FetchError for an answer beyond its bounds.
    """
    import urllib3  # here: most runs of the program never ask anybody
    from urllib3.exceptions import HTTPError

    host = str(parts.hostname)
    timeout = urllib3.Timeout(connect=CONNECT, read=min(SILENCE, total))
    pool = _pool(parts, address, proxy, timeout)
    watch = _Watch(pool, total)
    try:
        target = request.url if proxy and parts.scheme == "http" else _target(parts)
        response = pool.urlopen(
            request.method, target, body=request.body, headers=dict(request.headers), redirect=False, retries=False,
            preload_content=False, decode_content=False, assert_same_host=False, timeout=timeout,
        )  # fmt: skip
        began()
        headers = {name.lower(): value for name, value in response.headers.items()}
        pieces = response.stream(_CHUNK, decode_content=False)
        body = _unpacked(pieces, headers.get("content-encoding", ""), request.cap, host)
        if watch.over:  # an answer without a length looks whole when its connection ends
            raise Broken(f"{host}: {_LONG}")
        return Reply(response.status, headers, body)
    except HTTPError as error:
        raise Broken(f"{host}: {_LONG if watch.over else _said(error)}") from None
    except (OSError, ValueError) as error:  # ValueError: http.client on an answer that is none
        raise Broken(f"{host}: {_LONG if watch.over else f'{type(error).__name__}: {error}'}") from None
    finally:
        watch.cancel()
        pool.close()


class _Watch:
    """Cuts the connections of *pool* when *total* seconds are over.

    A look at the time between two reads is not enough: one read, of a body or of the headers, goes on for as long as
    a byte comes now and then.
    """

    def __init__(self, pool: "HTTPConnectionPool", total: float) -> None:
        self.over = False
        self._sockets: list[socket.socket] = []
        self._new: Any = pool.ConnectionCls
        pool.ConnectionCls = self._connection  # type: ignore[assignment]  # called like the class
        self._timer = threading.Timer(total, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _connection(self, *args: object, **more: object) -> Any:
        made = self._new(*args, **more)
        connect = made.connect

        def connected() -> None:
            connect()
            self._sockets.append(made.sock)
            if self.over:
                self._cut()

        made.connect = connected
        return made

    def _cut(self) -> None:
        self.over = True
        for one in self._sockets:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    def cancel(self) -> None:
        self._timer.cancel()


def _pool(parts: SplitResult, address: str, proxy: str, timeout: "Timeout") -> "HTTPConnectionPool":
    """Where the request goes; through a proxy its tunnel is made for the address that was asked for."""
    import urllib3

    if proxy:
        try:
            manager = urllib3.ProxyManager(proxy, proxy_headers=_known_to(proxy), timeout=timeout, maxsize=1)
        except ValueError:  # not repeated here: it may hold a password
            raise FetchError("the proxy must be an address like http://host:3128") from None
        return manager.connection_from_host(parts.hostname, port_of(parts), parts.scheme)
    if parts.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            address, port_of(parts), timeout=timeout, server_hostname=parts.hostname, assert_hostname=parts.hostname
        )
    return urllib3.HTTPConnectionPool(address, port_of(parts), timeout=timeout)


def _known_to(proxy: str) -> dict[str, str]:
    """The name and password in a proxy's address, as the header that it wants to see them in."""
    import urllib3

    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    return dict(urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}"))


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def proxy_for(parts: SplitResult, given: str) -> str:
    """The proxy that the setting or the environment (``HTTPS_PROXY``, ``NO_PROXY``) wants for an address."""
    if given:
        return given
    host = str(parts.hostname)
    return "" if proxy_bypass(host) else getproxies().get(parts.scheme, "")


_GZIP = b"\x1f"  # the first byte of a member


def _unpacked(pieces: Iterator[bytes], coding: str, cap: int, host: str) -> bytes:
    """The whole body; a gzip bomb is stopped at the cap, in small steps."""
    out = bytearray()
    for piece in _inflated(pieces, host) if coding.lower() in ("gzip", "x-gzip", "deflate") else pieces:
        out += piece
        if len(out) > cap:
            raise FetchError(f"{host}: the answer is larger than {cap:,} bytes")
    return bytes(out)


def _inflated(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    """What gzip data unfold to, all of their members, a megabyte at most at a time; what follows them is not read."""
    decoder, some = zlib.decompressobj(47), False
    for piece in pieces:
        some = True
        while piece:
            if decoder.eof:
                if piece[:1] != _GZIP:
                    return
                decoder = zlib.decompressobj(47)
            try:
                yield decoder.decompress(piece, 1 << 20)
            except zlib.error as error:
                raise Broken(f"{host}: damaged gzip data ({error})") from None
            piece = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if some and not decoder.eof:
        raise Broken(f"{host}: the gzip data breaks off")


def _said(error: Exception) -> str:
    """What went wrong, without the address that urllib3 repeats in its messages: it may hold a key."""
    from urllib3 import exceptions as known

    if isinstance(error, known.ConnectTimeoutError):
        return "no connection within 15 s"
    if isinstance(error, known.TimeoutError):
        return "the answer stalled"
    if isinstance(error, known.SSLError):
        return f"its certificate or encryption is not right ({error.args[0] if error.args else ''})"[:200]
    if isinstance(error, known.IncompleteRead | known.ProtocolError):
        return "the answer broke off"
    if isinstance(error, known.NewConnectionError):
        return "the connection was refused"
    return type(error).__name__
