"""Which addresses may be asked: those of the public internet, unless the owner says otherwise.

A feed, a redirect or a paper's link may name anything; without this a stranger could have the program ask the owner's
router, or the machine's own services (server-side request forgery). A name is resolved here, all of its addresses are
looked at, and the connection goes to the very address that was looked at, so that a name cannot change its mind between
the two (DNS rebinding).
"""

import socket
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from broadsheet.fetch.errors import FetchError

_NAT64 = ip_network("64:ff9b::/96")


def split(url: str) -> SplitResult:
    """The parts of an address that can be asked at all: http or https, a host, no control characters, no password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchError(f"not an address that can be asked: {error}") from None
    if any(c <= " " or c == "\x7f" for c in url):
        raise FetchError("not an address that can be asked: it has spaces or control characters in it")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise FetchError(f"not an address that can be asked: it must begin with https:// and a host, not {url[:40]!r}")
    if parts.username or parts.password:
        raise FetchError(f"{parts.hostname}: an address must not have a password in it")
    return parts


def host_of(parts: SplitResult) -> str:
    """The host without the dot that its name may end with: it is the same host, with the same rules."""
    return str(parts.hostname).rstrip(".")


def port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def address_of(host: str, port: int, allowed: Collection[str] = ()) -> str:
    """The address to connect to for *host*. Raises FetchError when it has none, or any that is private.

    *allowed* are hosts, addresses and networks (``10.0.0.0/8``) that may be asked although they are private.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise FetchError(f"{host}: no such host ({why})") from None
    addresses = [str(info[4][0]).partition("%")[0] for info in found]
    if host not in allowed:
        for text in addresses:
            if not is_public(text) and not _within(text, allowed):
                raise FetchError(
                    f"{host} is a private address ({text}); if you trust it, name it in the setting `private`"
                )
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address, and every address that it stands for, is one of the public internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast for one in (address, *_inner(address)))


def _inner(address: IPv4Address | IPv6Address) -> Sequence[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour]
    if address.teredo:
        found += list(address.teredo)
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def _within(text: str, allowed: Collection[str]) -> bool:
    for item in allowed:
        try:
            if ip_address(text) in ip_network(item, strict=False):
                return True
        except ValueError:
            continue  # a host's name
    return False
