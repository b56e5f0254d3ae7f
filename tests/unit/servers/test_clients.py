"""Whose quota a request counts against, and what the log of changes calls its sender."""

from __future__ import annotations

import pytest
from starlette.types import Scope

from boxlens.api.middleware.clients import address_of, network_of
from boxlens.api.middleware.limits import client_of


def from_host(host: str | None) -> Scope:
    return {"type": "http", "client": None if host is None else (host, 1), "state": {}}


@pytest.mark.parametrize(
    ("host", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("x" * 60_000, "", ""),
        ("\x1b[2J", "", ""),
        ("", "", ""),
        (None, "", ""),
    ],
)
def test_a_sender_is_an_address_or_nobody(host: str | None, address: str, network: str) -> None:
    assert (address_of(from_host(host)), network_of(from_host(host))) == (address, network)


def test_another_address_of_the_same_network_has_no_quota_of_its_own() -> None:
    assert client_of(from_host("2001:db8::1")) == client_of(from_host("2001:db8::ffff"))


def test_a_key_counts_for_itself_wherever_it_is_used() -> None:
    assert client_of({**from_host("192.0.2.7"), "state": {"key_name": "phone"}}) == "phone"
