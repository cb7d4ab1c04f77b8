"""The one way to the network: polite, bounded, safe. Every request of every source goes through a `Client`.

Polite: one queue and one connection a service, on all of this machine (`queue`, `rates`); what it answers about waiting
is obeyed (Retry-After, Backoff, RateLimit); what has not changed is not sent again (ETag, Last-Modified). Bounded: in
time, in size, in tries. Safe: only the public internet is asked (`guard`), and nothing is sent that names a reader: no
cookies, no referrer, only the program's name and, if the owner has set it, a contact address.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit

from broadsheet import __version__
from broadsheet.fetch import guard, wire
from broadsheet.fetch.cache import Cache, Entry, key_of
from broadsheet.fetch.errors import FetchError, Spent, Stopped
from broadsheet.fetch.queue import Queue, Turn
from broadsheet.fetch.rates import RATES, Rate, rate_of
from broadsheet.fetch.wait import asked_to_wait

__all__ = ["Answer", "Client", "FetchError", "Spent", "Stopped"]

CAP = 64 << 20  # bytes of one answer, unless the caller says otherwise
TRIES = 5
PATIENCE = 180.0  # seconds that one question may take, waits included; the answers' own length not
TURN = 1_800.0  # seconds to wait for one's turn: other programs may be harvesting from the same service
BACKOFF = 2.0  # seconds before the second try, on average half of it; twice as long before each further one
REDIRECTS = 5
_LATER = {406, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524}  # 406: arXiv's way to say "later"
_MOVED = {301, 302, 303, 307, 308}
_ACCEPT = "application/atom+xml, application/json, application/xml, text/xml;q=0.9, */*;q=0.5"
_SECRET = {"authorization", "zotero-api-key", "x-api-key", "crossref-plus-api-token"}


class Answer(NamedTuple):
    """One answer.

    url        where it came from, after redirects
    headers    names in lower case
    body       unpacked; after a 304 the bytes that are known from before
    at         when it was made, ISO 8601 in UTC
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: str


class Client:
    """Asks services. Safe to share between threads; `metered` gives each job a view that counts its own requests.

    contact   the owner's mail address, sent along so that a service can complain; empty for none
    queue     the folder where all programs of this machine queue
    cache     the folder of kept answers, None for none; at most *cache_mb* MB
    private   hosts, addresses and networks that may be asked although they are private
    proxy     for every request; empty for what the environment says
    rates     host -> `Rate`, instead of the documented ones
    clock     epoch seconds; *sleep* waits, given seconds: for tests
    """

    def __init__(
        self,
        *,
        queue: Path,
        contact: str = "",
        cache: Path | None = None,
        cache_mb: int = 256,
        private: Collection[str] = (),
        proxy: str = "",
        rates: Mapping[str, Rate] = RATES,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.requests = 0
        self._most: int | None = None
        self._anew = False
        self._stopped = threading.Event()
        self._sleep = sleep or self._wait
        self._agent = f"Broadsheet/{__version__}" + (f" (mailto:{contact})" if contact else "")
        self._queue = Queue(queue, clock, self._sleep)
        self._cache = Cache(cache, cache_mb << 20) if cache else None
        self._private, self._proxy, self._rates = tuple(private), proxy, rates
        self._patience, self._clock, self._turn = patience, clock, TURN

    def metered(self, most: int | None = None, *, anew: bool = False) -> "Client":
        """The same client with a count of its own; a request beyond *most* of them, redirects and tries again counted,
        is not sent but raises `Spent`. *anew*: every answer is asked for whole, since a kept one may be the trouble."""
        view = object.__new__(Client)
        view.__dict__.update(self.__dict__)
        view.requests, view._most, view._anew = 0, most, anew
        return view

    def hurried(self, seconds: float) -> "Client":
        """The same client for somebody who waits: a question waits at most *seconds* for its turn, and as long for its
        answer; what would take longer is a FetchError that says so."""
        view = self.metered(self._most, anew=self._anew)
        view._patience = view._turn = seconds
        return view

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every wait and every further request, here and in every view, with `Stopped`."""
        self._stopped.set()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        cap: int = CAP,
        anew: bool = False,
    ) -> Answer:
        """The answer to *url* with *params*; with *anew* whole, also when it may be the one that is kept.

        Raises FetchError: at once for what cannot get better (404, 403, a private address, too large), at the end of
        its patience for what can.
        """
        url = _with(url, params)
        given = _checked(headers or {})
        key = key_of(url, given)
        kept = self._cache.find(key) if self._cache else None
        asked = {**given, **_conditions(None if anew or self._anew else kept)}
        reply, final = self._persist("GET", url, asked, None, cap)
        now = self._clock()
        if reply.status == 304 and kept:
            return Answer(kept.url, 200, {**kept.headers, **reply.headers}, kept.body, _iso(now))
        if self._cache:
            self._cache.keep(key, Entry(now, final, reply.headers, reply.body))
        return Answer(final, reply.status, reply.headers, reply.body, _iso(now))

    def post(self, url: str, *, json: Any, headers: Mapping[str, str] | None = None, cap: int = CAP) -> Answer:
        """The answer to a question that is too long for an address; never kept, otherwise as `get`."""
        import orjson

        given = {**_checked(headers or {}), "Content-Type": "application/json"}
        reply, final = self._persist("POST", url, given, orjson.dumps(json), cap)
        return Answer(final, reply.status, reply.headers, reply.body, _iso(self._clock()))

    # -- tries ---------------------------------------------------------------------------------------------------------

    def _persist(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, cap: int
    ) -> tuple[wire.Reply, str]:
        """Asks until there is an answer, or patience or tries are at their end."""
        ends = self._clock() + self._patience
        waited = 0.0
        for number in range(1, TRIES + 1):
            pause = random.uniform(0, BACKOFF * 2**number)  # full jitter: many programs must not come back in step
            try:
                reply, final = self._follow(wire.Request(method, url, headers, body, cap))
            except wire.Broken as error:
                said, status = str(error), None
            else:
                if reply.status not in _LATER:
                    return self._usable(reply, final, _secrets(url, headers)), final
                said, status = f"{shown(final)} answered {reply.status}", reply.status
                waited = asked_to_wait(reply.headers, self._clock())
            pause = max(pause, waited)
            now = self._clock()
            if number == TRIES or now + pause > ends:
                tried = f" ({number} times)" if number > 1 else ""
                raise FetchError(f"{said}{tried}", status=status, retry_at=now + max(waited, 60.0))
            self._sleep(pause)
        raise AssertionError("unreachable")

    def _usable(self, reply: wire.Reply, final: str, secrets: Collection[str]) -> wire.Reply:
        if reply.status in (200, 203, 206, 304):
            return reply
        if reply.status == 403:
            hold = self._rate(guard.split(final)).forbidden
            again = self._clock() + hold if hold else 0.0
            raise FetchError(f"{shown(final)} answered 403 (forbidden)", status=403, retry_at=again)
        raise FetchError(f"{shown(final)} answered {reply.status}{_reason(reply, secrets)}", status=reply.status)

    def _follow(self, request: wire.Request) -> tuple[wire.Reply, str]:
        """The answer at the end of the redirects, each hop looked at and queued for like the first."""
        for _ in range(REDIRECTS + 1):
            parts = guard.split(request.url)
            reply = self._once(request, parts)
            target = reply.headers.get("location", "")
            if reply.status not in _MOVED or not target:
                return reply, request.url
            request = _redirected(request, reply.status, parts, urljoin(request.url, target.strip()))
        raise FetchError(f"{parts.hostname}: more than {REDIRECTS} redirects")

    def _once(self, request: wire.Request, parts: SplitResult) -> wire.Reply:
        """One request in its turn."""
        host, port = guard.host_of(parts), guard.port_of(parts)
        proxy = wire.proxy_for(parts, self._proxy)
        address = self._address(host, port, bool(proxy))
        rate = self._rate(parts)
        with self._queue.turn(rate, self._clock() + self._turn) as turn:
            if self._stopped.is_set():
                raise Stopped("stopped")
            if self._most is not None and self.requests >= self._most:
                raise Spent(f"all {self._most:,} requests that may be sent have been")
            self.requests += 1

            def began() -> None:
                turn.from_ = self._clock()

            headers = self._headers(request, parts)
            reply = wire.exchange(request._replace(headers=headers), parts, address, proxy, began)
            self._mind(reply, turn, rate)
            return reply

    def _address(self, host: str, port: int, proxied: bool) -> str:
        """Where to connect to. A proxy finds hosts itself; one that is found here, too, must still be public."""
        try:
            return guard.address_of(host, port, self._private)
        except FetchError as error:
            if proxied and "no such host" in str(error):
                return host
            raise

    def _headers(self, request: wire.Request, parts: SplitResult) -> dict[str, str]:
        usual = {"User-Agent": self._agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip", "Connection": "close"}
        return {**usual, **request.headers, "Host": parts.netloc}

    def _rate(self, parts: SplitResult) -> Rate:
        return rate_of(guard.host_of(parts), guard.port_of(parts), self._rates)

    def _mind(self, reply: wire.Reply, turn: Turn, rate: Rate) -> None:
        """What the answer says about the next request holds for every program on this machine."""
        now = self._clock()
        wait = asked_to_wait(reply.headers, now)
        if reply.status == 403:
            wait = max(wait, rate.forbidden)
        turn.hold = now + wait if wait else 0.0

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Stopped("stopped")


def _redirected(request: wire.Request, status: int, before: SplitResult, target: str) -> wire.Request:
    """The next hop: never from https to http, and to another host without what only the first may know."""
    parts = guard.split(target)
    if before.scheme == "https" and parts.scheme == "http":
        target = "https" + target.removeprefix("http")
    headers = dict(request.headers)
    if parts.netloc != before.netloc:
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET}
    if status == 303 or (status in (301, 302) and request.method == "POST"):
        return wire.Request("GET", target, headers, None, request.cap)
    return request._replace(url=target, headers=headers)


def _with(url: str, params: Mapping[str, str] | None) -> str:
    if not params:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Raises FetchError for a header that would be two."""
    for name, value in headers.items():
        if any(c in f"{name}{value}" for c in "\r\n\0") or not value.isascii():
            raise FetchError(f"the header {name!r} has a line break or a letter beyond ASCII in it")
    return dict(headers)


def _conditions(kept: Entry | None) -> dict[str, str]:
    if kept is None:
        return {}
    named = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    return {ask: kept.headers[header] for ask, header in named if header in kept.headers}


def shown(url: str) -> str:
    """An address for people and logs: without its query, which may hold a key."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


def _secrets(url: str, headers: Mapping[str, str]) -> list[str]:
    """What was sent that nobody may read in a sentence: keys in headers and in the query."""
    asked = [value for name, value in headers.items() if name.lower() in _SECRET]
    asked += [
        value for name, value in parse_qsl(urlsplit(url).query) if "key" in name.lower() or "token" in name.lower()
    ]
    return [part for value in asked for part in (value, value.rpartition(" ")[2]) if part]


def _reason(reply: wire.Reply, secrets: Collection[str]) -> str:
    """The first words of an answer that says no, when they are text; some services repeat the key in them."""
    if "html" in reply.headers.get("content-type", "html"):
        return ""
    words = " ".join(reply.body[:4096].decode(errors="replace").split())
    for secret in secrets:
        words = words.replace(secret, "***")
    return f": {words[:160]}" if words.isprintable() and words else ""


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
