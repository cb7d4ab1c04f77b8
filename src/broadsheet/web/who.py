"""Who asks: the owner where there are no accounts, else whose session or token the request carries."""

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from broadsheet.people.rights import Reader
from broadsheet.store import OWNER
from broadsheet.web import site

_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def reader(request: Request) -> Reader | None:
    """Who asks, found once a request; None for somebody whom nobody knows."""
    if not hasattr(request.state, "reader"):
        request.state.reader = _reader(request)
    found: Reader | None = request.state.reader
    return found


def _reader(request: Request) -> Reader | None:
    edit = site.of(request).library.settings.edit
    if edit == "all" or (edit == "local" and is_local(request)):
        return Reader(OWNER, "owner", "admin", via="machine")
    return None


def is_local(request: Request) -> bool:
    """Whether somebody at this machine asks for it by its own name.

    Not by a name of others that leads here (DNS rebinding), and not through a proxy, for whom everybody is local: a
    proxy says so, or speaks HTTP/1.0 as nginx does unless told otherwise, and no browser.
    """
    named = _host(request.headers.get("host", ""))
    return (
        _is_loopback(request.client.host if request.client else "")
        and (named == "localhost" or _is_loopback(named))
        and not any(name in request.headers for name in _PASSED_ON)
        and request.scope.get("http_version") != "1.0"
    )


def _host(header: str) -> str:
    """The host in a Host header, without its port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip).is_loopback
