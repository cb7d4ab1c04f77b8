"""What every page says of its reader, in the corner of its head: who it is, and where to sign in.

A page is rendered by a function that is not told who asks; the request is kept for it while it is answered.
"""

from contextvars import ContextVar
from typing import NamedTuple

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.people.rights import may
from broadsheet.web import site, who

_ASKED: ContextVar[Request | None] = ContextVar("asked", default=None)


class Corner(NamedTuple):
    """accounts: whether there are any; name: of who is signed in, empty for nobody; picks, people: what they may do."""

    accounts: bool
    name: str = ""
    picks: bool = False
    people: bool = False


class KeepRequest:
    """ASGI middleware: `corner` can be asked while a request is answered.

    An answer to somebody who was looked at may name them, so no cache that others share keeps it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        state = request.state  # in the scope from here on, whichever part of the program asks

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start" and getattr(state, "reader", None) is not None:
                headers = MutableHeaders(scope=message)
                said = headers.get("cache-control", "")
                if "private" not in said and "no-store" not in said:
                    headers["cache-control"] = f"private, {said or 'no-cache'}"
            await send(message)

        kept = _ASKED.set(request)
        try:
            await self.app(scope, receive, send_with)
        finally:
            _ASKED.reset(kept)


def corner() -> Corner:
    """Of the request that is being answered."""
    request = _ASKED.get()
    if request is None:
        return Corner(False)
    reader, accounts = who.reader(request), site.of(request).library.settings.accounts != "off"
    if reader is None:
        return Corner(accounts)
    return Corner(accounts, reader.name if accounts else "", may(reader, "pick"), accounts and may(reader, "people"))
