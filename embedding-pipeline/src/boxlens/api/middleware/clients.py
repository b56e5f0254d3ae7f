"""Who sends a request, by address."""

from __future__ import annotations

import ipaddress

from starlette.types import Scope


def address_of(scope: Scope) -> str:
    """The address that a request came from; "" where there is none. A program of this machine may claim any text as its
    address (``X-Forwarded-For``), and only what is one counts."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(str(client[0]).partition("%")[0] if client else "")
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def network_of(scope: Scope) -> str:
    """The address, but of IPv6 the network of 64 bits: who has one of these addresses has all of them."""
    address = address_of(scope)
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address
