"""How an answer leaves: the headers of every response, fingerprints for caches, JSON by orjson."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.errors import (
    BroadsheetError,
    Busy,
    Conflict,
    Forbidden,
    IndexStale,
    Mistake,
    NotFound,
    StoreError,
    TooOften,
    WorldError,
)

PAGE = "text/html; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"

# What an error is called, by its status.
# The one place where our errors become HTTP. The first class that fits, so the special ones stand first.
STATUS: tuple[tuple[type[BroadsheetError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (TooOften, 429),
    (Mistake, 400),
    (IndexStale, 503),
    (StoreError, 503),
    (WorldError, 502),
    (BroadsheetError, 500),
)
_BUSY = "Papers are being added just now, so nothing was changed. Try again in a minute."
TITLES = {
    400: "That cannot be asked", 401: "Sign in first", 403: "Not allowed", 404: "Not here",
    405: "Not this way", 409: "Somebody was faster", 412: "Somebody was faster", 413: "Too much",
    415: "Not in this form", 429: "Too often", 500: "Something broke", 502: "Something elsewhere failed",
    503: "Not ready",
}  # fmt: skip

# Nothing runs, loads, frames or posts that is not ours; no inline script or style is ever needed.
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """ASGI middleware: `SECURITY` on every response, whoever made it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":  # over http a browser must not believe it (RFC 6797, section 7.2)
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        await self.app(scope, receive, send_with if scope["type"] == "http" else send)


def answer(
    request: Request,
    body: bytes,
    media: str = PAGE,
    *,
    status: int = 200,
    tag: str | None = None,
    cache: str = "no-cache",
) -> Response:
    """*body*, or 304 without it when the client has the same one already.

    *tag* stands for the content where the body holds something that changes every time, such as a duration.
    """
    etag = f'W/"{tag or fingerprint(body)}"'
    headers = {"etag": etag, "cache-control": cache}
    if status == 200 and request.method in ("GET", "HEAD") and _has(request.headers, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media)


def _has(headers: Headers, etag: str) -> bool:
    known = headers.get("if-none-match", "")
    return bool(known) and etag in (tag.strip() for tag in known.split(","))


def fingerprint(body: bytes) -> str:
    """96 bits that change when *body* does."""
    return blake2b(body, digest_size=12).hexdigest()


def status_of(error: BroadsheetError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def sentence(error: BroadsheetError) -> str:
    """What a reader is told of an error: where the store lies is no reader's business."""
    return _BUSY if isinstance(error, Busy) else str(error)


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def problem(
    status: int, title: str, detail: str, errors: list[str] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """RFC 9457: an error that a program can read."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(dumps(body), status, {"cache-control": "no-store"} | dict(headers or {}), PROBLEM)
