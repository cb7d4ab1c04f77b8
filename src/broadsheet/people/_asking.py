"""One question to the provider that the owner has named, and to no other host (`fetch` asks services, at their pace).

Over https alone, but to this machine; no redirect is followed; what comes back is JSON of a bounded size.
"""

import json
import ssl
from http.client import HTTPException, HTTPMessage
from ipaddress import ip_address
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from broadsheet.errors import WorldError

PATIENCE = 10.0  # seconds
CAP = 1 << 20  # bytes


class AskError(WorldError):
    """A provider that does not answer, or not with what can be read."""


class _Stay(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def ask(address: str, form: dict[str, str] | None = None, basic: str = "") -> dict[str, Any]:
    """The JSON object at *address*; with *form*, what is answered to it. Raises AskError."""
    host = _safe(address)
    headers = {"accept": "application/json", "user-agent": "Broadsheet"}
    if basic:
        headers["authorization"] = f"Basic {basic}"
    body = urlencode(form).encode() if form is not None else None
    opener = build_opener(_Stay, HTTPSHandler(context=ssl.create_default_context()))
    try:
        with opener.open(Request(address, body, headers), timeout=PATIENCE) as reply:
            found = reply.read(CAP + 1)
    except HTTPError as error:
        with error:
            found = error.read(CAP + 1) if error.code in (400, 401) and form is not None else b""
        if not found:
            raise AskError(f"{host} answered {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise AskError(f"{host} cannot be reached ({getattr(error, 'reason', error)})") from error
    try:
        told = json.loads(found) if len(found) <= CAP else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise AskError(f"{host} answered what cannot be read")
    return told


def _safe(address: str) -> str:
    """The host of an address that may be asked. Raises AskError."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:
        raise AskError("the address of the provider cannot be read") from error
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)):
        return host
    raise AskError(f"{host or 'the provider'} must have an https address")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
