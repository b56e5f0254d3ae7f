from __future__ import annotations

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boxlens.domain.errors import ForbiddenUrl
from boxlens.fetch.addresses import check_address, parse_target


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "picture.jpg",
        "//example.org/a",
        "ftp://example.org/a",
        "file:///etc/passwd",
        "gopher://example.org/",
        "data:image/png;base64,AAAA",
        "http://",
        "http:///a",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://example.org:22/",
        "http://example.org:25/",
        "http://example.org:99999/",
        "http://example.org:0/",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://１２７.０.０.１/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.100.100.200/",
        "http://169.254.169.254/",
        "http://168.63.129.16/",
        "http://192.0.0.192/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
        "http://[::127.0.0.1]/",
        "http://[fec0::1]/",
        "http://[2606:4700::5efe:127.0.0.1]/",
        "http://[2606:4700::200:5efe:169.254.169.254]/",
        "http://192.88.99.1/",
        "http://127.0.0.1./",
        "https://example.org/" + "a" * 9000,
        "http://exa mple.org/\n",
    ],
)
def test_forbidden(uri: str) -> None:
    with pytest.raises(ForbiddenUrl) as caught:
        parse_target(uri)
    assert caught.value.detail
    assert caught.value.hint


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("http://example.org/a.jpg", "example.org", 80),
        ("HTTPS://Example.ORG/a.jpg", "example.org", 443),
        ("https://93.184.215.14:8443/a", "93.184.215.14", 8443),
        ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", 443),
        ("https://图片.example/a", "xn--flw351e.example", 443),
        ("https://4chan.example/", "4chan.example", 443),
    ],
)
def test_allowed(uri: str, host: str, port: int) -> None:
    target = parse_target(uri)
    assert (target.port, target.trusted) == (port, False)
    assert target.host == host or host.startswith("xn--")


@pytest.mark.parametrize(
    ("allow", "uri", "trusted"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/a", True),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/a", True),
        ("[::1]:9000", "http://[::1]:9000/a", True),
        ("minio", "http://minio/a", True),
        ("example.org", "http://example.org:22/", True),
    ],
)
def test_trusted_by_name(allow: str, uri: str, trusted: bool) -> None:
    assert parse_target(uri, (allow,)).trusted is trusted


def test_trust_holds_for_that_port_only() -> None:
    with pytest.raises(ForbiddenUrl):
        parse_target("http://127.0.0.1:9001/a", ("127.0.0.1:9000",))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_frees_it(address: ipaddress.IPv4Address) -> None:
    def verdict(candidate: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        try:
            check_address(candidate, "host")
        except ForbiddenUrl:
            return False
        return True

    mapped = ipaddress.IPv6Address((0xFFFF << 32) | int(address))
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | int(address))
    isatap = ipaddress.IPv6Address((0x26064700 << 96) | (0x02005EFE << 32) | int(address))
    assert verdict(mapped) == verdict(nat64) == verdict(isatap) == verdict(address)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_forbidden(text: str) -> None:
    for uri in (text, f"http://{text}"):
        with contextlib.suppress(ForbiddenUrl):
            assert parse_target(uri).host
