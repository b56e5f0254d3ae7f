"""Which requests of a browser are refused: names that were rebound, foreign pages, embedded pictures."""

from __future__ import annotations

import pytest

from browser_guard import Allowed, BrowserGuard, Refusal

ALLOWED = Allowed(
    hosts=("photos.example",),
    origins=("https://partner.example",),
    page_ports=(8080,),
    host_setting="HOSTS",
    origin_setting="ORIGINS",
)


def refused(method: str = "GET", *, guard: BrowserGuard | None = None, **headers: str) -> Refusal | None:
    scope = {
        "type": "http",
        "method": method,
        "headers": [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    return (guard or BrowserGuard(_never, allowed=ALLOWED, refuse=lambda refusal: _never)).refusal(scope)


async def _never(*_: object) -> None:
    raise AssertionError("nothing is called in these tests")


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:9000", "127.0.0.1:9000", "[::1]:9000", "192.168.1.7:80", "photos.example",
     "PHOTOS.example:1"],
)  # fmt: skip
def test_addresses_and_allowed_names_are_answered(host: str) -> None:
    assert refused(host=host) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:9000", "", "127.0.0.1.nip.example", "[::1", "a b", "é", "evil.example@127.0.0.1",
     "127.0.0.1/evil.example", "127.0.0.1?evil.example", "127.0.0.1#evil.example"],
)  # fmt: skip
def test_any_other_name_is_refused_and_the_setting_named(host: str) -> None:
    refusal = refused(host=host)
    assert refusal is not None
    assert refusal.code == "host_not_allowed"
    assert "HOSTS" in refusal.hint


def test_every_name_can_be_allowed() -> None:
    guard = BrowserGuard(_never, allowed=Allowed(hosts=("*",)), refuse=lambda refusal: _never)
    assert refused(guard=guard, host="any.example") is None


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:9000", "http://127.0.0.1:9000.evil.example",
     "http://[", "file://", "https://partner.example.evil.example"],
)  # fmt: skip
def test_foreign_origins_are_refused(method: str, origin: str) -> None:
    refusal = refused(method, host="127.0.0.1:9000", origin=origin)
    assert refusal is not None
    assert refusal.code == "origin_not_allowed"
    assert "ORIGINS" in refusal.hint


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:9000", "https://127.0.0.1:9000", "http://127.0.0.1:8080", "https://partner.example"]
)
def test_the_own_page_and_allowed_origins_may_write(origin: str) -> None:
    assert refused("POST", host="127.0.0.1:9000", origin=origin) is None


@pytest.mark.parametrize(
    ("method", "site", "mode", "dest", "fine"),
    [
        ("GET", "cross-site", "no-cors", "image", False),
        ("GET", "cross-site", "no-cors", "script", False),
        ("GET", "cross-site", "navigate", "iframe", False),
        ("GET", "cross-site", "navigate", "document", True),
        ("POST", "cross-site", "navigate", "document", False),
        ("POST", "same-site", "no-cors", "empty", False),
        ("GET", "same-site", "no-cors", "image", True),
        ("GET", "same-origin", "cors", "empty", True),
        ("POST", "none", "navigate", "document", True),
    ],
)
def test_requests_without_an_origin_go_by_their_site(method: str, site: str, mode: str, dest: str, fine: bool) -> None:
    refusal = refused(method, host="localhost", sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest)
    assert (refusal is None) == fine


def test_programs_send_no_such_header_and_are_not_concerned() -> None:
    assert refused("DELETE", host="127.0.0.1:9000") is None


def test_a_key_stands_for_an_origin_but_not_for_a_host() -> None:
    guard = BrowserGuard(
        _never,
        allowed=ALLOWED,
        refuse=lambda refusal: _never,
        keyed=lambda headers: headers.get("x-api-key") == "right",
    )
    foreign = {"host": "127.0.0.1", "origin": "http://evil.example"}
    assert refused("POST", guard=guard, **foreign, x_api_key="right") is None
    assert refused("POST", guard=guard, **foreign, x_api_key="wrong") is not None
    assert refused("POST", guard=guard, host="evil.example", x_api_key="right") is not None


def test_signed_addresses_may_be_embedded_anywhere() -> None:
    guard = BrowserGuard(_never, allowed=ALLOWED, refuse=lambda refusal: _never, embedding=True)
    picture = {"host": "localhost", "sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}
    assert refused(guard=guard, **picture, sec_fetch_dest="image") is None
    assert refused("POST", guard=guard, **picture) is not None
