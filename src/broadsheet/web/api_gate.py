"""The door of the API: what a request must be before anything of it is read.

It stands before the routes, so that each of them can rest on this: a body is JSON of a bounded size, a browser that
changes something does so from a page of ours, HEAD is GET without a body, and OPTIONS says what a path takes.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.people import keys, limits
from broadsheet.people.limits import Bucket
from broadsheet.text import clean
from broadsheet.web import who, writes
from broadsheet.web.http import TITLES, problem, sentence

PREFIX = "/api/"
MAX_BODY = 262_144  # bytes of a body: a comment of the longest, or a day's picks with notes, with room to spare
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))  # RFC 9110, section 9.2.1; TRACE is not answered
TYPES = ("application/json", "application/merge-patch+json")  # RFC 8259; RFC 7396, which PATCH is
RETURNED = "/api/v1/mail/returned"  # takes no JSON but what a mail server hands over,
LETTER = "message/rfc822"
MAX_LETTER = 4 << 20  # and that is as large as what it returns
_ELSEWHERE = (
    "This was sent by a page of another site, so nothing was changed. A program says who it is by a token, in the "
    "header Authorization, and sends no Origin."
)


class Door(NamedTuple):
    """One path of the API, and its methods."""

    path: re.Pattern[str]
    methods: frozenset[str]


def doors(routes: Iterable[BaseRoute]) -> tuple[Door, ...]:
    """What *routes* take; GET has HEAD with it."""
    own = (route for route in routes if isinstance(route, Route))
    return tuple(Door(route.path_regex, frozenset(route.methods or ())) for route in own)


class Gate:
    """ASGI middleware: lets through what an API route can take, and answers the rest by itself."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute] = ()) -> None:
        self._app, self._doors = app, doors(routes)
        self._tokens, self._networks, self._pages = map(Bucket, (limits.TOKEN, limits.API, limits.PAGE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        refusal = await run_in_threadpool(self._refusal, request) if bears_token(request) else self._refusal(request)
        if refusal is None and scope["method"] not in SAFE:
            is_letter = scope["path"] == RETURNED
            most, kinds = (MAX_LETTER, (LETTER,)) if is_letter else (MAX_BODY, TYPES)
            body = await _body(request, most)
            if body is None:
                refusal = _too_large(most)
            else:
                refusal = _wrong_type(request, body, kinds) or (None if is_letter else _wrong_json(body))
            receive = _again(body or b"", receive)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _headless(send))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        """What is said without looking at the body: OPTIONS, a wrong method, a page of others."""
        path, method = str(request.scope["path"]), request.method  # as it came: an address drops control characters
        allowed = self.allowed(path)
        if not allowed:
            return _problem(404, f"There is no page at {clean(path)[:200]}.")
        names = ", ".join(sorted(allowed))
        if method == "OPTIONS":
            return Response(status_code=204, headers={"allow": names, "cache-control": "no-cache"})
        if method not in allowed:
            return _problem(405, f"{clean(method)[:20]} is not possible here; {names} is.", allow=names)
        if method not in SAFE and not _may_come_in(request):
            return _problem(403, _ELSEWHERE)
        if wait := self._wait(request):
            error = limits.too_often("That was asked too often", wait)
            return _problem(429, sentence(error), **{"retry-after": str(error.after)})
        return None

    def _wait(self, request: Request) -> float:
        """How many seconds until this may be asked; 0.0 for now.

        Who sits at the machine is not counted. A token that nobody has counts for the network: there is no end of them.
        """
        if bears_token(request) and _is_known(request):
            return self._tokens.take(keys.mark(request.headers["authorization"].partition(" ")[2].strip()))
        network = limits.network(request.client.host if request.client else "")
        if not network or who.is_local(request):
            return 0.0
        same = request.headers.get("sec-fetch-site") == "same-origin"
        return (self._pages if same else self._networks).take(network)

    def allowed(self, path: str) -> set[str]:
        """The methods that *path* takes; empty when there is no such path."""
        found = {method for door in self._doors if door.path.match(path) for method in door.methods}
        return found | {"HEAD", "OPTIONS"} if "GET" in found else found | {"OPTIONS"} if found else found


def _may_come_in(request: Request) -> bool:
    """Whether a change may have been meant: by a token, by a page of ours, or by a program.

    A browser says where a page comes from (Fetch Metadata, or Origin), and needs our consent, which nobody gets, to
    send another site anything but a plain form (the Fetch standard's preflight); and a plain form is no JSON.
    """
    if bears_token(request):
        return True
    headers = request.headers
    return ("sec-fetch-site" not in headers and "origin" not in headers) or writes.is_ours(request)


def bears_token(request: Request) -> bool:
    """Whether the request says who it is by a token: no browser does so by itself (RFC 6750)."""
    return request.headers.get("authorization", "").lower().startswith("bearer ")


def _is_known(request: Request) -> bool:
    """Whether the token is somebody's; who that is, is found once a request."""
    try:
        return who.reader(request) is not None
    except HTTPException:
        return False


async def _body(request: Request, most: int) -> bytes | None:
    """The whole body; None when it is too large, as soon as that is known."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _wrong_type(request: Request, body: bytes, kinds: Sequence[str]) -> Response | None:
    """A body is of one of *kinds*. POST needs to say so even where it has none: a plain form of a browser cannot."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in kinds or (not body and not kind and request.method != "POST"):
        return None
    got = f"it is {clean(kind)[:80]!r}" if kind else "there is none"
    return _problem(415, f"Content-Type must be {kinds[0]}; {got}.", accept=kinds[0])


def _wrong_json(body: bytes) -> Response | None:
    """Python's own reader takes more than JSON is: NaN, halves of signs that no store can hold."""
    try:
        if body:
            orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _problem(400, f"The body is not JSON: {error}.")
    return None


def _too_large(most: int) -> Response:
    return _problem(413, f"The body is larger than {most:,} bytes.", connection="close")


def _problem(status: int, detail: str, **headers: str) -> Response:
    return problem(status, TITLES[status], detail, headers=headers)


def _again(body: bytes, receive: Receive) -> Receive:
    """*receive*, which gives a body that was read already first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message


def _headless(send: Send) -> Send:
    """*send* for HEAD: the same head, and none of the body (RFC 9110, section 9.3.2)."""

    async def without(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return without
