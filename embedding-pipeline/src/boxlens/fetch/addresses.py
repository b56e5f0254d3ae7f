"""Which addresses may be fetched on behalf of a stranger: pure rules, no network.

The danger is server-side request forgery: a picture address that leads into the network of the server. The rules
follow the address registries of IANA as ``ipaddress`` knows them, the "ends in a number" rule of the WHATWG URL
standard for odd numeric hosts, and the metadata addresses of cloud providers that lie in public space.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

import httpx

from boxlens.domain.errors import ForbiddenUrl

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_URL = 8192
HINT = "Give the http or https address of a public picture, or upload the file itself."
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NUMERIC = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)")
_HOST = re.compile(r"[a-z0-9_.:-]+")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# not private by the registry: IETF protocol assignments (Oracle's metadata sits there), the host agent of Azure, relays
# of 6to4 (RFC 7526), and addresses of a site (RFC 3879), which older networks still route
_NOT_PUBLIC = (
    ipaddress.IPv4Network("192.0.0.0/24"),
    ipaddress.IPv4Network("168.63.129.16/32"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("fec0::/10"),
)
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a checked address leads; ``trusted`` hosts were named by the operator and may be private."""

    url: httpx.URL
    host: str
    port: int
    trusted: bool


def parse_target(uri: str, allow_hosts: Collection[str] = ()) -> Target:
    """Read an address and apply every rule that needs no name resolution. Raises ForbiddenUrl."""
    if len(uri) > MAX_URL:
        raise ForbiddenUrl(f"The address is longer than {MAX_URL} characters.", hint=HINT)
    try:
        url = httpx.URL(uri)
        host = url.raw_host.decode("ascii").rstrip(".").lower()
    except (httpx.InvalidURL, UnicodeError, TypeError) as error:
        raise ForbiddenUrl(f"This is not an address: {error}.", hint=HINT) from error
    if url.scheme not in _DEFAULT_PORTS:
        raise ForbiddenUrl(f"Only http and https are fetched, not {url.scheme or 'a relative address'}.", hint=HINT)
    if url.userinfo:
        raise ForbiddenUrl("An address with a user name or password in it is not fetched.", hint=HINT)
    if not _HOST.fullmatch(host):
        raise ForbiddenUrl("The address names no proper host.", hint=HINT)
    port = _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise ForbiddenUrl(f"{port} is not a port.", hint=HINT)
    trusted = host in allow_hosts or f"{host}:{port}" in allow_hosts or f"[{host}]:{port}" in allow_hosts
    if not trusted:
        _check_port(port)
        _check_host(host)
    return Target(url=url, host=host, port=port, trusted=trusted)


def _check_port(port: int) -> None:
    """Ports below 1024 belong to other protocols (mail, files, name service): a request there could be an attack."""
    if port < 1024 and port not in _DEFAULT_PORTS.values():
        raise ForbiddenUrl(f"Port {port} is not fetched from.", hint=HINT)


def _check_host(host: str) -> None:
    """Refuse numbers that a resolver would take for an address (127.1, 0x7f000001) but that are not written as one."""
    literal = literal_address(host)
    if literal is not None:
        check_address(literal, host)
    elif _NUMERIC.fullmatch(host.rsplit(".", 1)[-1]):
        raise ForbiddenUrl(f"{host} is not a proper host.", hint=HINT)


def literal_address(host: str) -> IPAddress | None:
    """The address when the host is written as one, else None.

    >>> literal_address("::1"), literal_address("example.org"), literal_address("127.1")
    (IPv6Address('::1'), None, None)
    """
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def check_address(address: IPAddress, host: str) -> None:
    """Raise ForbiddenUrl unless the address, and any IPv4 address wrapped in it, is a public unicast one."""
    for candidate in (address, *_wrapped(address)):
        if not _public(candidate):
            raise ForbiddenUrl(f"{host} leads to an address that is not public.", hint=HINT)


def _public(address: IPAddress) -> bool:
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address in _NAT64 or address.ipv4_mapped is not None):
        return True  # judged by the address it wraps
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _wrapped(address: IPAddress) -> list[IPAddress]:
    """IPv4 addresses carried inside an IPv6 one: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380) and
    ISATAP (RFC 5214)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[IPAddress] = []
    if address in _NAT64 or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.ipv4_mapped is not None:
        inner.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    return inner
