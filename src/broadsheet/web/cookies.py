"""Cookies: one for the session, one for the way in. Nothing else is ever kept in a browser.

Over https they have the prefix that makes a browser take them from this host alone, over TLS alone (RFC 6265bis,
section 4.1.3.2). Over plain http only a browser at this machine can be signed in, unless the owner allows others.
"""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from broadsheet.web import site

SESSION, DOOR = "broadsheet", "broadsheet-door"
LONGEST = 400 * 86_400  # seconds; browsers keep nothing longer. When a session ends, the store says.


def is_secure(request: Request) -> bool:
    """Whether the browser came over https: it says so, its proxy does, or it is at the site's own https address."""
    if request.url.scheme == "https":
        return True
    own = urlsplit(site.of(request).library.settings.address)
    return own.scheme == "https" and own.netloc.lower() == request.headers.get("host", "").lower()


def can_carry(request: Request) -> bool:
    """Whether nobody on the way to the browser can read its cookies, or the owner does not mind."""
    named = host(request.headers.get("host", ""))
    near = named == "localhost" or is_loopback(named)
    return is_secure(request) or near or site.of(request).library.settings.plain_http


def read(request: Request, name: str) -> str:
    return request.cookies.get(_called(request, name), "")


def put(request: Request, response: Response, name: str, value: str, seconds: int = LONGEST) -> None:
    response.set_cookie(
        _called(request, name), value, max_age=seconds, path="/", secure=is_secure(request), httponly=True,
        samesite="lax",
    )  # fmt: skip


def drop(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(_called(request, name), path="/", secure=is_secure(request), httponly=True, samesite="lax")


def _called(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_secure(request) else name


def host(header: str) -> str:
    """The host in a Host header, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip).is_loopback
